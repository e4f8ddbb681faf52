//! What somebody may do besides what every member may.

use async_graphql::Enum;
use plaudit_domain::Actor;

/// What somebody may do besides what every member may, as their token says. Which parts of an app to show follows
/// from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum Role {
    /// They do whatever community managers do, change rules and erase accounts. They are staff.
    Admin,
    /// They moderate, review and grant. They are staff.
    CommunityManager,
    /// They read the history.
    Analyst,
    /// It is a program that records what happens elsewhere, like a learning platform.
    Service,
}

impl Role {
    /// Those of who asks.
    pub fn all_of(viewer: Option<Actor>) -> Vec<Self> {
        let roles = viewer.map(|viewer| viewer.roles).unwrap_or_default();
        let all = [
            (roles.admin, Self::Admin),
            (roles.community_manager, Self::CommunityManager),
            (roles.analyst, Self::Analyst),
            (roles.service, Self::Service),
        ];
        let has = |(has, role): (bool, Self)| has.then_some(role);
        all.into_iter().filter_map(has).collect()
    }
}

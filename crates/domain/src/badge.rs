//! Badges that were granted elsewhere, and are kept as such (DOMAIN K6).

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::account;
use crate::decide::{Actor, Command, History, State};
use crate::fact::{BadgeFact, Body, Fact, Visit};
use crate::id::{AccountId, Origin, derive};
use crate::links::Links;
use crate::refusal::Refusal;
use crate::stream::StreamName;
use crate::text;
use crate::time::Time;

// Facts. When it was is when the event occurred.

/// An account was granted a badge elsewhere; of some it may be granted many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Granted {
    /// The account.
    pub account: AccountId,
    /// What it is known by there.
    pub badge: String,
    /// Its title.
    pub title: String,
    /// Where it was granted, and under which id: each once.
    pub origin: Origin,
}

impl Body for Granted {
    fn stream(&self) -> StreamName {
        StreamName::badges(self.account)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            account: _,
            badge: _,
            title: _,
            origin: _,
        } = self;
    }
}

// Fold

/// Where the badges of an account were granted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Badges {
    origins: HashSet<Origin>,
}

impl State for Badges {
    type Fact = BadgeFact;

    fn apply(&mut self, fact: &BadgeFact) {
        match fact {
            BadgeFact::Granted(granted) => self.origins.insert(granted.origin.clone()),
        };
    }
}

// Decisions

/// The most characters of what a badge is known by, and of its origin's source and id.
pub const KEY_MAX: usize = 100;
/// The most characters of a badge's title.
pub const TITLE_MAX: usize = 200;

/// Records a badge that was granted elsewhere. A service may. One that is recorded already is not
/// recorded again.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The account.
    pub account: AccountId,
    /// What the badge is known by there.
    pub badge: String,
    /// Its title.
    pub title: String,
    /// When it was granted.
    pub at: Time,
    /// Where it was granted, and under which id.
    pub origin: Origin,
}

impl Command for Grant {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::badges(self.account)
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        vec![StreamName::account(self.account)]
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        if !actor.roles.service {
            return Err(Refusal::NotPermitted { who: "services" });
        }
        if self.at > history.now() {
            return Err(Refusal::InFuture { field: "at" });
        }
        account::is_here(self.account, history)?;
        let granted = Granted {
            account: self.account,
            badge: text::key("badge", &self.badge, KEY_MAX)?,
            title: valid_title(&self.title)?,
            origin: Origin {
                source: text::key("source", &self.origin.source, KEY_MAX)?,
                id: text::key("id", &self.origin.id, KEY_MAX)?,
            },
        };
        let badges: Badges = history.state(&self.writes(actor, history.links()));
        Ok(if badges.origins.contains(&granted.origin) {
            vec![]
        } else {
            vec![BadgeFact::Granted(granted).into()]
        })
    }

    /// A service isn't a member: what it does is done by no profile.
    fn registers_its_actor(&self) -> bool {
        true
    }

    /// Of two at once with one origin, one is recorded, whatever else they say.
    fn once(&self) -> Option<Uuid> {
        let Origin { source, id } = &self.origin;
        let account = self.account.to_string();
        Some(derive(&["badge granted", &account, source, id]))
    }

    fn happened_at(&self) -> Option<Time> {
        Some(self.at)
    }
}

fn valid_title(title: &str) -> Result<String, Refusal> {
    text::line(title, TITLE_MAX).ok_or(Refusal::FieldInvalid {
        field: "title",
        max: TITLE_MAX,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::Roles;
    use crate::erasure::Content;
    use crate::given::{
        ada, after, badge_granted, bob, community, erased, eve, given, linked, now, registered,
        role, service,
    };

    fn grant(id: &str) -> Grant {
        Grant {
            account: ada(),
            badge: "judge".into(),
            title: " Judge at the Fair ".into(),
            at: Time::from_micros(7),
            origin: Origin {
                source: "bakers-guild".into(),
                id: id.into(),
            },
        }
    }

    #[test]
    fn a_service_records_a_badge_that_was_granted_elsewhere_when_it_was() {
        community([])
            .when(service(bob()), grant("1"))
            .then([badge_granted(ada(), "1")]);
        assert_eq!(grant("1").happened_at(), Some(Time::from_micros(7)));
    }

    #[test]
    fn a_service_needs_no_account_of_its_own() {
        given([registered(ada(), "Ada")])
            .when(service(eve()), grant("1"))
            .then([badge_granted(ada(), "1")]);
    }

    #[test]
    fn nobody_else_does_not_even_admins() {
        let roles = Roles {
            admin: true,
            community_manager: true,
            analyst: true,
            service: false,
        };
        community([])
            .when(role(ada(), roles), grant("1"))
            .then_refused(Refusal::NotPermitted { who: "services" });
    }

    /// DOMAIN K6: some badges can be earned many times.
    #[test]
    fn k6_the_same_badge_can_be_granted_many_times_but_each_grant_is_recorded_once() {
        let granted = || community([badge_granted(ada(), "1")]);
        granted().when(service(bob()), grant("1")).then([]);
        granted()
            .when(service(bob()), grant("2"))
            .then([badge_granted(ada(), "2")]);
    }

    #[test]
    fn a_grant_of_another_source_or_to_another_account_is_another() {
        let mut elsewhere = grant("1");
        elsewhere.origin.source = "brewers-guild".into();
        let other = Granted {
            account: ada(),
            badge: "judge".into(),
            title: "Judge at the Fair".into(),
            origin: elsewhere.origin.clone(),
        };
        community([badge_granted(ada(), "1")])
            .when(service(bob()), elsewhere)
            .then([BadgeFact::Granted(other).into()]);
        let linked = [badge_granted(bob(), "1"), linked(ada(), bob(), 1)];
        community(linked)
            .when(service(bob()), grant("1"))
            .then([badge_granted(ada(), "1")]);
    }

    #[test]
    fn nobody_was_granted_what_is_still_to_come() {
        let at = |at| Grant { at, ..grant("1") };
        community([])
            .when(service(bob()), at(after(1)))
            .then_refused(Refusal::InFuture { field: "at" });
        community([])
            .when(service(bob()), at(now()))
            .then([badge_granted(ada(), "1")]);
    }

    #[test]
    fn only_members_have_badges() {
        let stranger = Refusal::AccountNotFound { account: ada() };
        given([])
            .when(service(bob()), grant("1"))
            .then_refused(stranger.clone());
        community([erased(ada(), Content::Keep)])
            .when(service(bob()), grant("1"))
            .then_refused(stranger);
    }

    #[test]
    fn badges_have_keys_that_programs_can_agree_on() {
        for key in ["", "a b", "a/b", &"x".repeat(KEY_MAX + 1)] {
            let of = |field, badge: &str, source: &str, id: &str| {
                let (source, id) = (source.into(), id.into());
                let grant = Grant {
                    badge: badge.into(),
                    origin: Origin { source, id },
                    ..grant("1")
                };
                let max = KEY_MAX;
                community([])
                    .when(service(bob()), grant)
                    .then_refused(Refusal::KeyInvalid { field, max });
            };
            of("badge", key, "guild", "1");
            of("source", "judge", key, "1");
            of("id", "judge", "guild", key);
        }
    }

    #[test]
    fn badges_have_a_title() {
        for title in ["", " ", "a\nb", &"x".repeat(TITLE_MAX + 1)] {
            let grant = Grant {
                title: title.into(),
                ..grant("1")
            };
            community([])
                .when(service(bob()), grant)
                .then_refused(Refusal::FieldInvalid {
                    field: "title",
                    max: TITLE_MAX,
                });
        }
    }
}

//! The profiles that would have something else by other rules.

use std::sync::Arc;

use async_graphql::{Object, SimpleObject};
use plaudit_projection::Key;
use plaudit_replay::preview::Preview;
use plaudit_replay::preview::effect::{Difference, Effect};
use plaudit_store::Cursor;

use crate::connection::{PageInfo, page_info};
use crate::paging::{Opaque, Slice};
use crate::profile::Profile;
use crate::scalar::int;

use super::{RulesPreviewKind, count, whole};

/// Something that a profile would have more or less of.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct RulesPreviewDifference {
    /// What kind of thing it is.
    kind: RulesPreviewKind,
    /// What programs know it by.
    key: String,
    /// Its title, as it would be.
    title: String,
    /// How often the profile has it; of rules, how many points.
    before: i32,
    /// How often it would have it.
    after: i32,
}

/// A profile that would have something else.
pub struct RulesPreviewProfile {
    pub(super) effect: Effect,
    pub(super) preview: Arc<Preview>,
    pub(super) profile: Profile,
}

/// A profile that would have something else.
#[Object(crate = "crate::engine")]
impl RulesPreviewProfile {
    /// The profile.
    async fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Its points.
    async fn points_before(&self) -> i32 {
        int(self.effect.points.before)
    }

    /// The points that it would have.
    async fn points_after(&self) -> i32 {
        int(self.effect.points.after)
    }

    /// How many points it would gain; negative if it would lose some.
    async fn points_change(&self) -> i32 {
        int(self.effect.points.difference())
    }

    /// The number of its level, from 1.
    async fn level_before(&self) -> i32 {
        count(self.effect.level.before)
    }

    /// The number of the level that it would have.
    async fn level_after(&self) -> i32 {
        count(self.effect.level.after)
    }

    /// What programs know the lozenge by that it shows; null if there is none.
    async fn lozenge_before(&self) -> Option<&str> {
        self.key(self.effect.lozenge.before)
    }

    /// The lozenge that it would show.
    async fn lozenge_after(&self) -> Option<&str> {
        self.key(self.effect.lozenge.after)
    }

    /// What else it would have more or less of.
    async fn changes(&self) -> Vec<RulesPreviewDifference> {
        self.differences(&self.effect.things)
    }

    /// How many of its points are due to which rules and challenges, as far as that would be otherwise.
    async fn by_rule(&self) -> Vec<RulesPreviewDifference> {
        self.differences(&self.effect.rules)
    }
}

impl RulesPreviewProfile {
    fn place(&self) -> Cursor {
        // There is nothing else to order by.
        let Key(at) = self.effect.key;
        let key = self.effect.key;
        Cursor { at, key }
    }

    fn key(&self, number: Option<u32>) -> Option<&str> {
        number.map(|it| self.preview.thing(it).id.as_str())
    }

    fn differences(&self, differences: &[Difference]) -> Vec<RulesPreviewDifference> {
        let of = |difference: &Difference| {
            let thing = self.preview.thing(difference.thing);
            RulesPreviewDifference {
                kind: thing.kind.into(),
                key: super::key(thing),
                title: thing.title.clone(),
                before: int(difference.count.before),
                after: int(difference.count.after),
            }
        };
        let mut all: Vec<_> = differences.iter().map(of).collect();
        all.sort_by(|a, b| (a.kind as u8, &a.key).cmp(&(b.kind as u8, &b.key)));
        all
    }
}

/// A page of the profiles that would have something else.
pub struct RulesPreviewProfileConnection {
    pub(super) slice: Slice<RulesPreviewProfile>,
    pub(super) total: u64,
}

/// A page of the profiles that would have something else. It may be short: who is private since isn't on it.
#[Object(crate = "crate::engine")]
impl RulesPreviewProfileConnection {
    /// The profiles, with their cursors.
    async fn edges(&self) -> Vec<RulesPreviewProfileEdge<'_>> {
        self.slice
            .rows
            .iter()
            .map(RulesPreviewProfileEdge)
            .collect()
    }

    /// The profiles.
    async fn nodes(&self) -> &[RulesPreviewProfile] {
        &self.slice.rows
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.slice, RulesPreviewProfile::place)
    }

    /// How many of these profiles were public when the preview was asked for.
    async fn total_count(&self) -> i32 {
        whole(self.total)
    }
}

/// A profile in a list.
pub struct RulesPreviewProfileEdge<'a>(&'a RulesPreviewProfile);

/// A profile in a list.
#[Object(crate = "crate::engine")]
impl RulesPreviewProfileEdge<'_> {
    /// Its cursor. It stays valid as long as the preview is kept.
    async fn cursor(&self) -> String {
        Opaque(self.0.place()).encode()
    }

    /// The profile, with what would change.
    async fn node(&self) -> &RulesPreviewProfile {
        self.0
    }
}

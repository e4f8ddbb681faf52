//! Previews of rules: who would gain and lose what by others (DOMAIN K11). For admins.

use std::sync::Arc;

use async_graphql::{Context, Enum, Error, ErrorExtensions, ID, Object, Result, SimpleObject};
use plaudit_domain::kudos::Allowance;
use plaudit_domain::{GroupId, Visibility};
use plaudit_replay::preview::effect::Effect;
use plaudit_replay::preview::previews::{Asked, State};
use plaudit_replay::preview::thing::{Kind, Thing};
use plaudit_replay::preview::{Preview, Stage, summary};
use plaudit_store::Order;

use crate::account::Account;
use crate::group::Group;
use crate::id::NodeId;
use crate::leading::GroupStatus;
use crate::loader::{AccountById, GroupById};
use crate::paging::{PAGE_MAX, Paging, Slice};
use crate::profile::Profile;
use crate::programme::KudosAllowance;
use crate::reading::reading;
use crate::scalar::{DateTime, int};

mod profile;

use profile::{RulesPreviewProfile, RulesPreviewProfileConnection};

/// What became of a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum RulesPreviewState {
    /// It is being made.
    Running,
    /// `outcome` has it.
    Done,
    /// It couldn't be made: that is our fault, and the server's log says why.
    Failed,
    /// It was given up before it was finished.
    Cancelled,
}

/// What is being done for a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Stage")]
pub enum RulesPreviewStage {
    /// Events are folded by the proposed rules.
    Replaying,
    /// What comes of it is written aside.
    Writing,
    /// Profiles are compared.
    Comparing,
}

/// How far a preview is.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct RulesPreviewProgress {
    /// What is being done.
    stage: RulesPreviewStage,
    /// How many events, rows or profiles are done.
    done: i32,
    /// How many there are to do; null where that isn't known.
    total: Option<i32>,
}

/// What kind of thing profiles can have more or less of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Kind")]
pub enum RulesPreviewKind {
    /// A rule or challenge: what is counted are its points.
    Rule,
    /// A badge of the kudos programme.
    Badge,
    /// A milestone, of a profile or of a post.
    Milestone,
    /// A lozenge, shown or superseded.
    Lozenge,
    /// What comes with a lozenge.
    Perk,
    /// A group in which articles are published without review, by its id; `all` for all of them.
    Publishing,
    /// Taking part in the kudos programme.
    Participation,
    /// A user group that is led and is active, by its id: whoever leads one is an active leader.
    Leadership,
    /// What active leaders have.
    Benefit,
}

/// A preview of rules: who would gain and lose what.
#[derive(Debug)]
pub struct RulesPreview(pub Asked);

/// A preview of rules: who would gain and lose what, by comparing what all have with what they would have.
/// It changes nothing. A server makes one at a time, and keeps the last five until it ends.
#[Object(crate = "crate::engine")]
impl RulesPreview {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        NodeId::RulesPreview(self.0.id).into()
    }

    /// What became of it.
    async fn state(&self) -> RulesPreviewState {
        match self.0.state {
            State::Running(_) => RulesPreviewState::Running,
            State::Done { .. } => RulesPreviewState::Done,
            State::Failed { .. } => RulesPreviewState::Failed,
            State::Cancelled { .. } => RulesPreviewState::Cancelled,
        }
    }

    /// Who asked for it; null if that account isn't there any more.
    async fn started_by(&self, context: &Context<'_>) -> Result<Option<Account>> {
        let loader = reading(context).loader();
        let account = loader.load_one(AccountById(self.0.by)).await?;
        Ok(account.map(Account))
    }

    /// When it was asked for.
    async fn started_at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// When it was done, failed or was given up; null as long as it is being made.
    async fn finished_at(&self) -> Option<DateTime> {
        match self.0.state {
            State::Running(_) => None,
            State::Done { at, .. } | State::Failed { at } | State::Cancelled { at } => {
                Some(DateTime(at))
            }
        }
    }

    /// How far it is; null before it begins, and once it isn't being made any more.
    async fn progress(&self) -> Option<RulesPreviewProgress> {
        let State::Running(progress) = self.0.state else {
            return None;
        };
        let progress = progress?;
        Some(RulesPreviewProgress {
            stage: progress.stage.into(),
            done: whole(progress.done),
            total: progress.total.map(whole),
        })
    }

    /// What it came to; null unless it is done.
    async fn outcome(&self) -> Option<RulesPreviewOutcome> {
        match &self.0.state {
            State::Done { preview, .. } => Some(RulesPreviewOutcome(preview.clone())),
            State::Running(_) | State::Failed { .. } | State::Cancelled { .. } => None,
        }
    }
}

/// What a preview came to.
pub struct RulesPreviewOutcome(Arc<Preview>);

/// What a preview came to. Private profiles are counted like all others, and never listed.
#[Object(crate = "crate::engine")]
impl RulesPreviewOutcome {
    /// Up to which event the history goes that it is about.
    async fn position(&self) -> String {
        self.0.position.to_string()
    }

    /// Whether events were folded by the proposed rules. They needn't be where only levels, milestones of
    /// profiles, lozenges or user groups change.
    async fn is_replayed(&self) -> bool {
        self.0.replayed
    }

    /// How much it is altogether.
    async fn totals(&self) -> RulesPreviewTotals {
        RulesPreviewTotals::of(&self.0.totals)
    }

    /// How many profiles would gain and lose how many points, from the most that is lost on, without gaps.
    async fn distribution(&self) -> Vec<RulesPreviewBucket> {
        let buckets = self.0.distribution.iter();
        let bucket = |it: &summary::Bucket| RulesPreviewBucket {
            from: int(it.from),
            to: int(it.to),
            profiles: whole(it.profiles),
        };
        buckets.map(bucket).collect()
    }

    /// From which level to which other one profiles would come.
    async fn level_moves(&self) -> Vec<RulesPreviewLevelMove> {
        let moves = self.0.levels.iter();
        let level = |it: &summary::LevelMove| RulesPreviewLevelMove {
            from: count(it.level.before),
            to: count(it.level.after),
            profiles: whole(it.profiles),
        };
        moves.map(level).collect()
    }

    /// How many points are due to which rules and challenges, as far as that would be otherwise: the one that
    /// concerns the most profiles first.
    async fn by_rule(&self) -> Vec<RulesPreviewChange> {
        self.changes_of(|kind| kind == Kind::Rule)
    }

    /// What profiles would have more or less of, kind by kind, what concerns the most profiles first.
    async fn changes(
        &self,
        #[graphql(desc = "Only of this kind.")] kind: Option<RulesPreviewKind>,
    ) -> Vec<RulesPreviewChange> {
        let only = kind.map(Kind::from);
        self.changes_of(|kind| match only {
            Some(only) => kind == only,
            None => kind != Kind::Rule,
        })
    }

    /// The user groups that would be active, at risk or inactive otherwise, oldest first.
    async fn groups(&self) -> Vec<RulesPreviewGroup> {
        self.0
            .groups
            .iter()
            .cloned()
            .map(RulesPreviewGroup)
            .collect()
    }

    /// How often kudos can be given to peers; null where they can't be.
    async fn allowance_before(&self) -> Option<KudosAllowance> {
        self.0.allowance.before.map(Allowance::into)
    }

    /// How often kudos could be given to peers; null where they couldn't be.
    async fn allowance_after(&self) -> Option<KudosAllowance> {
        self.0.allowance.after.map(Allowance::into)
    }

    /// The profiles that would gain or lose the most points, the most first.
    async fn movers(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many of them: 1 to 100.", default = 10)] first: i32,
    ) -> Result<Vec<RulesPreviewProfile>> {
        if !(1..=PAGE_MAX).contains(&first) {
            let message = format!("first is {first}: ask for 1 to {PAGE_MAX}");
            let error = Error::new(message);
            return Err(error.extend_with(|_, extensions| extensions.set("code", "INVALID_PAGE")));
        }
        let listed = self.0.movers().filter(is_listed);
        let listed = listed.take(first.unsigned_abs() as usize);
        self.as_they_are(context, listed.collect()).await
    }

    /// The profiles that would have something else, oldest first.
    async fn profiles(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<RulesPreviewProfileConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Ascending)?;
        let page = part.page;
        let after = page.after.map(|cursor| cursor.key);
        let listed = self.0.effects.iter().filter(is_listed);
        let limit = page.limit as usize;
        let listed: Vec<&Effect> = match page.order {
            Order::Ascending => {
                let rest = listed.filter(|it| after.is_none_or(|after| it.key > after));
                rest.take(limit).collect()
            }
            Order::Descending => {
                let rest = listed.rev();
                let rest = rest.filter(|it| after.is_none_or(|after| it.key < after));
                rest.take(limit).collect()
            }
        };
        let slice = part.slice(listed);
        let rows = self.as_they_are(context, slice.rows).await?;
        let slice = Slice {
            rows,
            has_next: slice.has_next,
            has_previous: slice.has_previous,
        };
        let totals = &self.0.totals;
        let total = totals.affected - totals.affected_private;
        Ok(RulesPreviewProfileConnection { slice, total })
    }
}

impl RulesPreviewOutcome {
    fn changes_of(&self, which: impl Fn(Kind) -> bool) -> Vec<RulesPreviewChange> {
        let changes = self.0.changes.iter().filter_map(|change| {
            let thing = self.0.thing(change.thing);
            which(thing.kind).then(|| RulesPreviewChange::of(change, thing))
        });
        changes.collect()
    }

    /// Profiles as they are by now. Who is private since, isn't listed.
    async fn as_they_are(
        &self,
        context: &Context<'_>,
        effects: Vec<&Effect>,
    ) -> Result<Vec<RulesPreviewProfile>> {
        let profiles = effects.iter().map(|it| Profile::by_id(context, it.id));
        // All at once, so that the loaders see them together.
        let profiles = futures_util::future::try_join_all(profiles).await?;
        let rows = effects.into_iter().zip(profiles);
        let rows = rows.filter_map(|(effect, profile)| match profile {
            Some(profile @ Profile::Shown(_)) => Some(RulesPreviewProfile {
                effect: effect.clone(),
                preview: self.0.clone(),
                profile,
            }),
            Some(Profile::Private(_)) | None => None,
        });
        Ok(rows.collect())
    }
}

/// Whether others see what a profile has (DOMAIN P6).
fn is_listed(effect: &&Effect) -> bool {
    match effect.visibility {
        Visibility::Public => true,
        Visibility::Private => false,
    }
}

/// How much changes altogether.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct RulesPreviewTotals {
    /// How many profiles there are.
    profiles: i32,
    /// How many profiles would have something else.
    affected: i32,
    /// How many of those that would have something else are private.
    affected_private: i32,
    /// The points of all profiles, as they are.
    points_before: i32,
    /// The points of all profiles, as they would be.
    points_after: i32,
    /// How many profiles would gain points.
    gaining: i32,
    /// How many points these would gain together.
    points_gained: i32,
    /// How many profiles would lose points.
    losing: i32,
    /// How many points these would lose together.
    points_lost: i32,
    /// How many profiles would come to a higher level.
    rising: i32,
    /// How many profiles would come to a lower level.
    falling: i32,
}

impl RulesPreviewTotals {
    fn of(totals: &summary::Totals) -> Self {
        Self {
            profiles: whole(totals.profiles),
            affected: whole(totals.affected),
            affected_private: whole(totals.affected_private),
            points_before: int(totals.points.before),
            points_after: int(totals.points.after),
            gaining: whole(totals.gaining),
            points_gained: int(totals.points_gained),
            losing: whole(totals.losing),
            points_lost: int(totals.points_lost),
            rising: whole(totals.rising),
            falling: whole(totals.falling),
        }
    }
}

/// How many profiles gain, or lose, about so many points.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct RulesPreviewBucket {
    /// The fewest points that count here; negative where they are lost.
    from: i32,
    /// The most points that count here.
    to: i32,
    /// How many profiles.
    profiles: i32,
}

/// Profiles that would come from one level to another.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct RulesPreviewLevelMove {
    /// The number of the level that they have.
    from: i32,
    /// The number of the level that they would have.
    to: i32,
    /// How many profiles.
    profiles: i32,
}

/// How much more or less there would be of something.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct RulesPreviewChange {
    /// What kind of thing it is.
    kind: RulesPreviewKind,
    /// What programs know it by.
    key: String,
    /// Its title, as it would be.
    title: String,
    /// How much of it all have together: of rules, points; of all else, how often somebody has it.
    before: i32,
    /// How much of it all would have together.
    after: i32,
    /// How many profiles would have more of it.
    gaining: i32,
    /// How many profiles would have less of it.
    losing: i32,
}

impl RulesPreviewChange {
    fn of(change: &summary::ThingChange, thing: &Thing) -> Self {
        Self {
            kind: thing.kind.into(),
            key: key(thing),
            title: thing.title.clone(),
            before: int(change.count.before),
            after: int(change.count.after),
            gaining: whole(change.gaining),
            losing: whole(change.losing),
        }
    }
}

/// A user group that would be active or inactive otherwise.
pub struct RulesPreviewGroup(summary::GroupChange);

/// A user group that would be active, at risk or inactive otherwise.
#[Object(crate = "crate::engine")]
impl RulesPreviewGroup {
    /// The group.
    async fn group(&self, context: &Context<'_>) -> Result<Option<Group>> {
        let loader = reading(context).loader();
        let group = loader.load_one(GroupById(self.0.id)).await?;
        Ok(group.map(Group))
    }

    /// How it was when the preview was asked for.
    async fn status_before(&self) -> GroupStatus {
        self.0.status.before.into()
    }

    /// How it would have been.
    async fn status_after(&self) -> GroupStatus {
        self.0.status.after.into()
    }
}

/// What programs know a thing by: groups by the ids that they have everywhere here.
fn key(thing: &Thing) -> String {
    match (thing.kind, thing.id.parse()) {
        (Kind::Publishing | Kind::Leadership, Ok(group)) => {
            ID::from(NodeId::Group(GroupId(group))).to_string()
        }
        _ => thing.id.clone(),
    }
}

fn whole(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

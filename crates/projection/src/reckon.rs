//! Reckoning: from what was done to points, badges and challenges, by the rules (DOMAIN K2 to K6).
//!
//! Each deed is reckoned by itself, in the order in which they were recorded, so it makes no difference how
//! they come in batches. A rule credits what a deed is worth, as far as its limits leave room; that is
//! noted as the worth of the entry, and taken back or put back exactly so, whatever the limits say
//! then. What is taken back for good makes room in the limits of its time; what is deleted keeps its
//! room, for it may be restored.

use plaudit_domain::Time;
use rustc_hash::FxHashSet;

use crate::badge::{Badge, PostMilestone};
use crate::deed::{Action, Change, Deed};
use crate::ledger::LedgerEntry;
use crate::row::Key;
use crate::rows::{Keyed, Rows};
use crate::rules::{Counted, Kudos, Rules, Step, index};
use crate::tally::TallyKey;

/// The rows that some deeds need to be reckoned.
#[derive(Debug, Default)]
pub struct Needs {
    /// Events of which all entries in the ledger are needed, by position.
    pub entries: FxHashSet<i64>,
    /// Tallies.
    pub tallies: FxHashSet<TallyKey>,
    /// Posts of which all milestones are needed.
    pub milestones: FxHashSet<Key>,
}

impl Needs {
    /// What the deeds of a batch need, once all its events are folded.
    pub fn of(rows: &Rows, rules: &Rules) -> Self {
        let mut needs = Self::default();
        for deed in &rows.deeds {
            needs.deed(deed, rules);
        }
        needs
    }

    /// The entries among these.
    pub fn entries_of(rows: &Rows) -> Self {
        let mut needs = Self::default();
        for deed in &rows.deeds {
            needs.entries(deed);
        }
        needs
    }

    fn entries(&mut self, deed: &Deed) {
        if !deed.change.is_new() {
            self.entries.insert(deed.cause);
        }
    }

    fn deed(&mut self, deed: &Deed, rules: &Rules) {
        let kudos = &rules.kudos;
        self.entries(deed);
        for (_, _, limits) in kudos.rules_for(deed) {
            for &limit in limits {
                self.tallies
                    .insert(kudos.limit_tally(deed.account, limit, deed.at));
            }
        }
        for (number, _) in kudos.steps_for(deed) {
            if let Counted::Steps { steps, within, .. } = &kudos.reasons[number].counts {
                let tallies = steps
                    .iter()
                    .map(|step| step.tally(deed.account, *within, deed.at));
                self.tallies.extend(tallies);
            }
            self.tallies
                .insert(kudos.completed_tally(deed.account, number));
        }
        // A like that is given reaches them, whatever was reached before.
        let is_like = deed.action == Action::LikeReceived && !deed.change.is_new();
        if let Some(post) = deed.post
            && (is_like || deed.action == Action::Posted)
            && let Some(kind) = deed.kind
            && rules.milestones.of_posts(kind).next().is_some()
        {
            self.milestones.insert(post);
        }
    }
}

impl Rows {
    /// The middle stage: reckons all that was done in a batch.
    pub fn reckon(&mut self, rules: &Rules) {
        let before = self.ledger.added().len();
        for deed in std::mem::take(&mut self.deeds) {
            let mut reckoning = Reckoning {
                deed: &deed,
                kudos: &rules.kudos,
                rows: self,
            };
            if deed.change.is_new() {
                reckoning.credit();
            } else {
                reckoning.change_earned();
            }
            reckoning.step();
            post_milestones(&deed, rules, self);
        }
        self.ledger.drop_empty(before);
    }
}

/// The reckoning of one deed.
struct Reckoning<'a> {
    deed: &'a Deed,
    kudos: &'a Kudos,
    rows: &'a mut Rows,
}

impl Reckoning<'_> {
    /// Credits what the deed is worth by each rule, as far as limits leave room.
    fn credit(&mut self) {
        let (deed, kudos) = (self.deed, self.kudos);
        for (number, points, limits) in kudos.rules_for(deed) {
            let mut worth = points;
            // What takes points away is not limited.
            let limits = if points > 0 { limits } else { &[] };
            for &limit in limits {
                let used = kudos.limit_tally(deed.account, limit, deed.at);
                let room = kudos.limits[limit].points - self.rows.tallies.count(used);
                worth = worth.min(room.max(0));
            }
            self.use_limits(limits, worth);
            // A badge is remembered by an entry, also where it comes with no points.
            if worth != 0 || kudos.reasons[number].badge.is_some() {
                let points = worth * deed.change.sign();
                self.enter(number, points, Some(worth));
                self.badge(number, deed.cause);
            }
        }
    }

    /// Takes back, or puts back, exactly what the deed had earned.
    fn change_earned(&mut self) {
        let (deed, kudos) = (self.deed, self.kudos);
        for (entry, worth) in self.rows.ledger.earned(deed.cause, deed.account) {
            let Ok(number) = usize::try_from(entry.reason) else {
                continue;
            };
            let Counted::Each { deeds, limits } = &kudos.reasons[number].counts else {
                continue;
            };
            // One event may be a deed of two kinds for one account.
            if deeds.action != deed.action {
                continue;
            }
            if deed.change.is_for_good() && worth > 0 {
                self.use_limits(limits, -worth);
            }
            self.enter(number, worth * deed.change.sign(), None);
            self.badge(number, deed.cause);
        }
    }

    fn use_limits(&mut self, limits: &[usize], points: i64) {
        for &limit in limits {
            let used = self
                .kudos
                .limit_tally(self.deed.account, limit, self.deed.at);
            self.rows.tallies.add(used, points);
        }
    }

    /// Counts the deed for the challenges that it is a step of.
    fn step(&mut self) {
        let (deed, kudos) = (self.deed, self.kudos);
        let by = deed.change.sign();
        if by == 0 {
            return;
        }
        for (number, step) in kudos.steps_for(deed) {
            let Counted::Steps {
                steps,
                within,
                repeats,
            } = &kudos.reasons[number].counts
            else {
                continue;
            };
            let tally = |step: &Step| step.tally(deed.account, *within, deed.at);
            let (before, after) = self.rows.tallies.add(tally(step), by);
            let (was_enough, is_enough) = (before >= step.count, after >= step.count);
            let others = steps.iter().filter(|other| *other != step);
            let tallies = &self.rows.tallies;
            let mut others = others.map(|other| tallies.count(tally(other)) >= other.count);
            if was_enough == is_enough || !others.all(|is_enough| is_enough) {
                continue;
            }
            let completed = kudos.completed_tally(deed.account, number);
            let (before, after) = self.rows.tallies.add(completed, by);
            if *repeats || (before > 0) != (after > 0) {
                self.enter(number, kudos.reasons[number].points * by, None);
                // Of what is completed once there is one badge, whichever period it is completed in.
                let (_, _, period) = if *repeats { tally(step) } else { completed };
                self.badge(number, completion(number, period));
            }
        }
    }

    /// Writes points into the ledger, and adds them to what the account has.
    fn enter(&mut self, number: usize, points: i64, worth: Option<i64>) {
        if points == 0 && worth.is_none() {
            return;
        }
        let deed = self.deed;
        let entry = LedgerEntry {
            key: Key(0),
            account: deed.account,
            reason: index(number),
            at: deed.by_at,
            points,
            worth,
            post: deed.post,
            group_key: deed.group,
        };
        self.rows.ledger.add(deed.by, entry);
        if points != 0 {
            // Whoever did something is here: see `Deed::of`.
            match self.rows.accounts.by_key(deed.account) {
                Ok(account) => account.points += points,
                Err(_) => debug_assert!(false, "account {:?} is missing", deed.account),
            }
        }
    }

    /// Gives the badge of a rule or challenge, or takes it away. There is a row for all that deserves it,
    /// also of a badge that can be had once.
    fn badge(&mut self, reason: usize, cause: i64) {
        let (deed, reason) = (self.deed, &self.kudos.reasons[reason]);
        let Some(badge) = reason.badge.map(index) else {
            return;
        };
        let is_there = deed.change.sign() > 0;
        // A deed that is put back earned it when it was done; what completes a challenge, just now.
        let (at, position) = match reason.counts {
            Counted::Each { .. } => (deed.at, deed.cause),
            Counted::Steps { .. } => (deed.by_at, deed.by),
        };
        let row = Badge {
            account: deed.account,
            badge,
            cause,
            at,
            position,
            post: deed.post,
        };
        match is_there {
            true => self.rows.badges.put(row),
            // It isn't fetched to be taken away.
            false => self.rows.badges.remove(row.key()),
        }
    }
}

/// What the badge of a challenge is earned by: another number for each challenge and period, and below the
/// positions that a rule's are earned by, for periods since 1970.
fn completion(challenge: usize, period: Time) -> i64 {
    -1 - index(challenge) - period.as_micros()
}

/// Notes which milestones a post reached, or reaches no more, and which count.
fn post_milestones(deed: &Deed, rules: &Rules, rows: &mut Rows) {
    let (Some(post), Some(kind)) = (deed.post, deed.kind) else {
        return;
    };
    for (number, threshold) in rules.milestones.of_posts(kind) {
        let key = (post, index(number));
        match (deed.action, deed.change) {
            (Action::LikeReceived, Change::Done | Change::DoneUnseen)
                if deed.likes == threshold =>
            {
                let row = PostMilestone {
                    post,
                    milestone: index(number),
                    account: deed.account,
                    at: deed.at,
                    position: deed.cause,
                    counts: deed.change == Change::Done,
                };
                rows.post_milestones.put(row);
            }
            (Action::LikeReceived, Change::Undone | Change::UndoneUnseen)
                if deed.likes < threshold =>
            {
                if rows.post_milestones.get(&key).is_some() {
                    rows.post_milestones.remove(key);
                }
            }
            (Action::Posted, Change::Suspended | Change::Resumed | Change::Done) => {
                if let Some(row) = rows.post_milestones.get(&key).cloned() {
                    let counts = deed.change != Change::Suspended;
                    rows.post_milestones.put(PostMilestone { counts, ..row });
                }
            }
            (_, _) => {}
        }
    }
}

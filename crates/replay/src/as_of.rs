//! Read models as they were at a moment (DOMAIN H2): folded from what had happened by then.
//!
//! What had happened by then isn't what had been recorded by then: an import brings old times late. So
//! all of the journal is read, and what happened later is left aside.
//!
//! What was is of that moment; what may be seen of it is of today. So who was erased stays so, what is
//! deleted has no text, and what is private was never public.

use std::borrow::Cow;

use plaudit_domain::account::VisibilityChanged;
use plaudit_domain::decide::State;
use plaudit_domain::fact::{AccountFact, PostFact};
use plaudit_domain::links::Links;
use plaudit_domain::names::{Name, Names};
use plaudit_domain::{AccountId, Event, Fact, Position, Time, Visibility, profile};
use plaudit_journal::SharedJournal;
use plaudit_projection::{Rows, Rules, Touched, Unseen};
use plaudit_store::{Load, SharedStore};
use rustc_hash::FxHashSet;

use crate::generation::Guard;
use crate::rebuild::{Extent, fold_all};
use crate::{FoldingError, Generations, Progress};

/// What read models of a moment were folded from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// The position of the last event in them.
    pub position: Position,
    /// How many events are in them.
    pub events: u64,
    /// How many had happened by then, and are left out all the same: they name what wasn't there yet.
    pub left_out: u64,
}

/// Read models of a moment, in a generation beside the one in use. They go with this.
pub struct Models {
    /// The rows.
    pub store: SharedStore,
    /// What they were folded from.
    pub past: Past,
    // After the store is closed.
    _beside: Guard,
}

/// Folds what had happened by a moment into a generation that is never put in use.
///
/// # Errors
/// The same as [`as_of`].
pub async fn beside(
    journal: &SharedJournal,
    generations: &Generations,
    moment: Time,
    until: Position,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Models, FoldingError> {
    let (beside, mut load) = generations.beside().await?;
    let rules = generations.rules();
    let past = as_of(journal, rules, &mut *load, moment, until, progress).await?;
    Ok(Models {
        store: load.finish().await?,
        past,
        _beside: beside,
    })
}

/// Folds what had happened by a moment into an empty generation, in the order in which it was recorded.
///
/// Up to `until` everything has to be folded elsewhere already: that is what destroys the keys of erased
/// accounts.
///
/// # Errors
/// If the journal can't be read, an event can't be folded, or the rows can't be written. What was
/// loaded is worthless then.
pub async fn as_of(
    journal: &SharedJournal,
    rules: &Rules,
    load: &mut dyn Load,
    moment: Time,
    until: Position,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Past, FoldingError> {
    let mut admission = Admission::until(moment);
    let extent = Extent::Admitted(until, &mut admission);
    let position = fold_all(journal, rules, load, extent, progress).await?;
    Ok(Past {
        position,
        events: admission.events,
        left_out: admission.left_out,
    })
}

/// Which events are let in, and how many were; and what became of what they tell.
pub(crate) struct Admission {
    moment: Time,
    events: u64,
    left_out: u64,
    today: Today,
}

impl Admission {
    fn until(moment: Time) -> Self {
        Self {
            moment,
            events: 0,
            left_out: 0,
            today: Today::default(),
        }
    }

    /// Whether an event is let in to the rows of those before it.
    ///
    /// Histories from elsewhere may have an answer that is older than its question. What it names has to
    /// be there before it is folded: a fold that stops may have changed something already.
    pub(crate) fn admits(&mut self, event: &Event, rows: &Rows) -> bool {
        self.today.note(&event.fact);
        let had_happened = event.occurred_at <= self.moment;
        if !had_happened && !is_erasure(&event.fact) {
            return false;
        }
        let needed = Names::of(&event.fact).needed;
        let is_admitted = needed.into_iter().all(|name| is_there(name, rows));
        match (is_admitted, had_happened) {
            (true, _) => self.events += 1,
            (false, true) => self.left_out += 1,
            (false, false) => {}
        }
        is_admitted
    }

    /// An event that is let in, as it is folded. An erasure after the moment takes away what is never to be read
    /// again, and no place at what was still to come then: so it comes after everything.
    pub(crate) fn told<'e>(&self, event: &'e Event) -> Cow<'e, Event> {
        if event.occurred_at <= self.moment {
            return Cow::Borrowed(event);
        }
        Cow::Owned(Event {
            occurred_at: Time::from_micros(i64::MAX),
            ..event.clone()
        })
    }

    /// Adds everything that some events name to what they touch: whether it is there decides about them.
    pub(crate) fn touch(events: &[Event], touched: &mut Touched) {
        let names = events
            .iter()
            .flat_map(|event| Names::of(&event.fact).needed);
        for name in names {
            match name {
                Name::Account(account) => touched.accounts.insert(account),
                Name::Post(post) => touched.posts.insert(post),
                Name::Group(group) => touched.groups.insert(group),
                Name::Meeting(meeting) => touched.meetings.insert(meeting),
                Name::Benefit(request) => touched.benefits.insert(request),
            };
        }
    }

    /// What isn't to be seen, now that all events came by.
    pub(crate) fn unseen(&self) -> Unseen {
        self.today.unseen()
    }
}

/// Whether it takes away what is never to be read again, at no moment.
fn is_erasure(fact: &Fact) -> bool {
    matches!(fact, Fact::Account(AccountFact::Erased(_)))
}

fn is_there(name: Name, rows: &Rows) -> bool {
    match name {
        Name::Account(account) => rows.accounts.find(account).is_some(),
        Name::Post(post) => rows.posts.find(post).is_some(),
        Name::Group(group) => rows.groups.find(group).is_some(),
        Name::Meeting(meeting) => rows.meetings.find(meeting).is_some(),
        Name::Benefit(request) => rows.benefits.find(request).is_some(),
    }
}

/// Who may see what by all events so far, whenever they happened.
#[derive(Default)]
struct Today {
    links: Links,
    unseen: Unseen,
}

impl Today {
    fn note(&mut self, fact: &Fact) {
        match fact {
            Fact::Link(link) => self.links.apply(link),
            Fact::Account(fact) => self.note_account(fact),
            Fact::Post(fact) => self.note_post(fact),
            Fact::LinkCode(_)
            | Fact::Kudos(_)
            | Fact::Badge(_)
            | Fact::Lozenge(_)
            | Fact::Feedback(_)
            | Fact::Learning(_)
            | Fact::Group(_)
            | Fact::Meeting(_)
            | Fact::Rsvp(_)
            | Fact::Benefit(_)
            | Fact::Membership(_)
            | Fact::Like(_)
            | Fact::Report(_)
            | Fact::Rules(_)
            | Fact::Notification(_)
            | Fact::Watch(_) => {}
        }
    }

    fn note_account(&mut self, fact: &AccountFact) {
        match fact {
            AccountFact::ProfileVisibilityChanged(profile::VisibilityChanged {
                account,
                by: _,
                visibility,
            }) => keep(&mut self.unseen.private, *account, *visibility),
            AccountFact::VisibilityChanged(VisibilityChanged {
                account,
                visibility,
            }) => keep(&mut self.unseen.nameless, *account, *visibility),
            AccountFact::Registered(_)
            | AccountFact::Renamed(_)
            | AccountFact::Identified(_)
            | AccountFact::ProfileEdited(_)
            | AccountFact::AgreementAccepted(_)
            | AccountFact::AffiliationChanged(_)
            | AccountFact::CalendarOpened(_)
            | AccountFact::Erased(_) => {}
        }
    }

    fn note_post(&mut self, fact: &PostFact) {
        match fact {
            PostFact::Deleted(post) | PostFact::Removed(post) => {
                self.unseen.deleted.insert(post.post);
            }
            PostFact::Restored(post) => {
                self.unseen.deleted.remove(&post.post);
            }
            PostFact::Created(_)
            | PostFact::Edited(_)
            | PostFact::Submitted(_)
            | PostFact::Published(_)
            | PostFact::Rejected(_)
            | PostFact::Resubmitted(_)
            | PostFact::AnswerAccepted(_)
            | PostFact::AcceptanceWithdrawn(_) => {}
        }
    }

    /// A profile is private if any of its accounts says so.
    fn unseen(&self) -> Unseen {
        let private = self.unseen.private.iter();
        let private = private.flat_map(|account| self.links.accounts_with(*account));
        Unseen {
            private: private.chain(self.unseen.private.iter().copied()).collect(),
            nameless: self.unseen.nameless.clone(),
            deleted: self.unseen.deleted.clone(),
        }
    }
}

fn keep(private: &mut FxHashSet<AccountId>, account: AccountId, visibility: Visibility) {
    match visibility {
        Visibility::Private => private.insert(account),
        Visibility::Public => private.remove(&account),
    };
}

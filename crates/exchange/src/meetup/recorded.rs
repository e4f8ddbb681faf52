//! What is recorded already, of earlier exports and of what members did here since.

use plaudit_domain::decide::State;
use plaudit_domain::fact::{Concept, LinkFact, MeetingFact, RsvpFact};
use plaudit_domain::links::Links;
use plaudit_domain::meeting::{Details, Meeting};
use plaudit_domain::rsvp::Answered;
use plaudit_domain::{AccountId, Event, GroupId, MeetingId, StreamName, Time};
use plaudit_journal::{JournalError, SharedJournal};
use tokio::runtime::Handle;

/// The journal, for a thread that may block.
pub(super) struct Recorded {
    journal: SharedJournal,
    runtime: Handle,
}

/// A meeting that is recorded.
pub(super) struct Known {
    pub(super) group: GroupId,
    pub(super) details: Details,
    /// What became of it, if it is over. What comes after that changes nothing.
    pub(super) end: Option<Ended>,
    /// When it last became what it is.
    pub(super) changed_at: Time,
    /// Whether somebody here made that of it, and no export.
    pub(super) was_changed_here: bool,
    /// How much is recorded of it.
    pub(super) facts: usize,
}

/// What became of a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Cancelled,
    Held,
}

/// What somebody answered the last time.
pub(super) struct LastAnswer {
    pub(super) at: Time,
    pub(super) going: bool,
}

impl Recorded {
    /// Only within a runtime.
    pub(super) fn of(journal: SharedJournal) -> Self {
        Self {
            journal,
            runtime: Handle::current(),
        }
    }

    fn stream(&self, stream: &StreamName) -> Result<Vec<Event>, JournalError> {
        self.runtime.block_on(self.journal.read_stream(stream))
    }

    /// Who was ever linked with whom.
    pub(super) fn links(&self) -> Result<Links, JournalError> {
        let mut links = Links::default();
        for event in self.stream(&StreamName::links())? {
            if let Some(fact) = LinkFact::of(&event.fact) {
                links.apply(fact);
            }
        }
        Ok(links)
    }

    /// A meeting, if it is recorded.
    pub(super) fn meeting(&self, id: MeetingId) -> Result<Option<Known>, JournalError> {
        let events = self.stream(&StreamName::meeting(id))?;
        let mut meeting = Meeting::default();
        let (mut last_change, mut end) = (None, None);
        for event in &events {
            let Some(fact) = MeetingFact::of(&event.fact) else {
                continue;
            };
            meeting.apply(fact);
            match fact {
                MeetingFact::Scheduled(_) | MeetingFact::Changed(_) => last_change = Some(event),
                MeetingFact::Cancelled(_) => end = end.or(Some(Ended::Cancelled)),
                MeetingFact::Held(_) => end = end.or(Some(Ended::Held)),
                MeetingFact::Attended(_)
                | MeetingFact::AttendanceWithdrawn(_)
                | MeetingFact::Sponsored(_)
                | MeetingFact::SponsorRemoved(_)
                | MeetingFact::PresentationSubmitted(_)
                | MeetingFact::PresentationApproved(_)
                | MeetingFact::PresentationRejected(_) => {}
            }
        }
        let Some(((group, details), last_change)) = meeting.scheduled().zip(last_change) else {
            return Ok(None);
        };
        Ok(Some(Known {
            group,
            details: details.clone(),
            end,
            changed_at: last_change.occurred_at,
            was_changed_here: last_change.actor.is_some(),
            facts: events.len(),
        }))
    }

    /// What an account answered to a meeting, whoever its primary was then.
    pub(super) fn answer(
        &self,
        meeting: MeetingId,
        account: AccountId,
        links: &Links,
    ) -> Result<Option<LastAnswer>, JournalError> {
        let mut last: Option<Event> = None;
        for primary in links.ever_with(account) {
            let events = self.stream(&StreamName::rsvp(meeting, primary))?;
            let of_account = |event: &Event| match RsvpFact::of(&event.fact) {
                Some(RsvpFact::Answered(Answered { account: of, .. })) => *of == account,
                None => false,
            };
            let latest = events.into_iter().rfind(of_account);
            last = last
                .into_iter()
                .chain(latest)
                .max_by_key(|event| event.position);
        }
        let answer = last.and_then(|event| match RsvpFact::of(&event.fact) {
            Some(RsvpFact::Answered(Answered { going, .. })) => Some(LastAnswer {
                at: event.occurred_at,
                going: *going,
            }),
            None => None,
        });
        Ok(answer)
    }
}

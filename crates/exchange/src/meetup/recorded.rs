//! What earlier exports told already.

use plaudit_domain::decide::State;
use plaudit_domain::fact::{Concept, MeetingFact};
use plaudit_domain::meeting::Meeting;
use plaudit_domain::{AccountId, MeetingId, StreamName};
use plaudit_journal::{JournalError, SharedJournal};
use tokio::runtime::Handle;

/// The journal, for a thread that may block.
pub(super) struct Recorded {
    journal: SharedJournal,
    runtime: Handle,
}

impl Recorded {
    /// Only within a runtime.
    pub(super) fn of(journal: SharedJournal) -> Self {
        Self {
            journal,
            runtime: Handle::current(),
        }
    }

    /// What is known of a meeting.
    pub(super) fn meeting(&self, meeting: MeetingId) -> Result<Meeting, JournalError> {
        let stream = StreamName::meeting(meeting);
        let events = self.runtime.block_on(self.journal.read_stream(&stream))?;
        let mut meeting = Meeting::default();
        for fact in events
            .iter()
            .filter_map(|event| MeetingFact::of(&event.fact))
        {
            meeting.apply(fact);
        }
        Ok(meeting)
    }

    /// Whether an account answered to a meeting.
    pub(super) fn has_answered(
        &self,
        meeting: MeetingId,
        account: AccountId,
    ) -> Result<bool, JournalError> {
        let stream = StreamName::rsvp(meeting, account);
        let events = self.runtime.block_on(self.journal.read_stream(&stream))?;
        Ok(!events.is_empty())
    }
}

//! Who is linked with whom, for every command: most rules are about people and not accounts.

use std::sync::Arc;

use parking_lot::Mutex;
use plaudit_domain::StreamName;
use plaudit_domain::decide::State;
use plaudit_domain::fact::{Concept, LinkFact};
use plaudit_domain::links::Links;
use plaudit_journal::{Expected, JournalError, SharedJournal};

/// The links of all accounts, remembered: only what came since is read.
pub(crate) struct KnownLinks {
    journal: SharedJournal,
    stream: StreamName,
    known: Mutex<AsOf>,
}

/// The links as of a revision of their stream.
#[derive(Clone)]
pub(crate) struct AsOf {
    /// Who is linked with whom.
    pub links: Arc<Links>,
    /// What the stream has to be like for them to hold.
    pub expected: Expected,
    /// The revision of the next event.
    next: u64,
}

impl KnownLinks {
    /// Nothing is known yet.
    pub fn new(journal: SharedJournal) -> Self {
        Self {
            journal,
            stream: StreamName::links(),
            known: Mutex::new(AsOf {
                links: Arc::default(),
                expected: Expected::NoStream,
                next: 0,
            }),
        }
    }

    /// The links as they are.
    pub async fn now(&self) -> Result<AsOf, JournalError> {
        let next = self.known.lock().next;
        let news = self.journal.read_stream_from(&self.stream, next).await?;
        let mut known = self.known.lock();
        for event in news {
            // Somebody else may have read further meanwhile.
            if event.revision != known.next {
                continue;
            }
            known.next += 1;
            known.expected = Expected::Revision(event.revision);
            if let Some(link) = LinkFact::of(&event.fact) {
                // Copied only while a command is being decided on what they were.
                Arc::make_mut(&mut known.links).apply(link);
            }
        }
        Ok(known.clone())
    }
}

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
        let mut known = self.known.lock().clone();
        let news = self
            .journal
            .read_stream_from(&self.stream, known.next)
            .await?;
        let Some(last) = news.last() else {
            return Ok(known);
        };
        known.expected = Expected::Revision(last.revision);
        known.next = last.revision + 1;
        let links = Arc::make_mut(&mut known.links);
        for fact in news.iter().filter_map(|event| LinkFact::of(&event.fact)) {
            links.apply(fact);
        }
        let mut shared = self.known.lock();
        // Somebody else may have read further meanwhile.
        if shared.next < known.next {
            shared.clone_from(&known);
        }
        Ok(known)
    }
}

//! Importing again: after everything went well, after it failed on the way, and with a later dump.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use plaudit_domain::erasure::Content;
use plaudit_domain::{AccountId, Event, NewEvent, Position, StreamName};
use plaudit_exchange::{ImportError, Phase, Progress, stack_exchange};
use plaudit_journal::inspection::Extent;
use plaudit_journal::{
    AppendError, Appended, Expected, Journal, JournalError, Part, SharedJournal, Tell,
};

use crate::community::{Community, assert_accounted_for, datasets};
use crate::dump::dump;
use crate::sites::options;

/// A journal that fails after some batches.
pub struct Failing {
    pub journal: SharedJournal,
    pub batches: AtomicI64,
}

#[async_trait]
impl Journal for Failing {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        self.journal.append(stream, expected, events).await
    }

    async fn append_many(&self, events: Vec<NewEvent>) -> Result<Appended, AppendError> {
        if self.batches.fetch_sub(1, Ordering::Relaxed) <= 0 {
            let journal = "a full disk".into();
            return Err(JournalError::Closed { journal }.into());
        }
        self.journal.append_many(events).await
    }

    async fn read_stream_from(
        &self,
        stream: &StreamName,
        revision: u64,
    ) -> Result<Vec<Event>, JournalError> {
        self.journal.read_stream_from(stream, revision).await
    }

    async fn forget(&self, account: AccountId, content: Content) -> Result<bool, JournalError> {
        self.journal.forget(account, content).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.journal.read_all(after, limit).await
    }

    async fn read_kept(&self, part: Part<'_>, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.journal.read_kept(part, limit).await
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Event>, JournalError> {
        self.journal.read_at(positions).await
    }

    async fn head(&self) -> Result<Position, JournalError> {
        self.journal.head().await
    }

    async fn wait_past(&self, position: Position) -> Result<(), JournalError> {
        self.journal.wait_past(position).await
    }

    async fn inspect(&self, extent: Extent, tell: Tell<'_>) -> Result<(), JournalError> {
        self.journal.inspect(extent, tell).await
    }
}

#[tokio::test]
async fn importing_again_records_nothing() {
    let Some(datasets) = datasets() else { return };
    for voters in [false, true] {
        let community = Community::new();
        let options = || options(&datasets, "se-conlang-meta", voters, &community);
        let first = community.import_site(options()).await.unwrap();
        let second = community.import_site(options()).await.unwrap();
        assert_eq!(second.total_recorded(), 0);
        assert_eq!(second.already_recorded, first.recorded);
        assert_eq!(second.skipped, first.skipped);
    }
}

#[tokio::test]
async fn an_import_that_failed_on_the_way_is_completed_by_importing_again() {
    let Some(datasets) = datasets() else { return };
    let ids = |events: Vec<Event>| -> HashSet<_> {
        events
            .into_iter()
            .map(|event| (event.id, event.stream))
            .collect()
    };
    let whole = Community::new();
    let summary = whole
        .import_site(options(&datasets, "se-beer-2016-09", true, &whole))
        .await
        .unwrap();
    let whole = ids(whole.events().await);

    let community = Community::new();
    let mut recorded = 0;
    for batches in [0, 1, 2] {
        let failing: SharedJournal = Arc::new(Failing {
            journal: community.journal.clone(),
            batches: batches.into(),
        });
        let options = options(&datasets, "se-beer-2016-09", true, &community);
        let error = stack_exchange::import(&failing, options, &mut Watcher::default())
            .await
            .unwrap_err();
        assert!(matches!(error, ImportError::Journal(_)), "{error}");
        recorded = community.journal.head().await.unwrap();
        assert_eq!(recorded > 0, batches > 0);
        assert_eq!(community.scratch().read_dir().unwrap().count(), 0);
    }
    let completed = community
        .import_site(options(&datasets, "se-beer-2016-09", true, &community))
        .await
        .unwrap();
    assert_eq!(completed.total_already_recorded(), recorded);
    assert_eq!(
        completed.total_recorded() + recorded,
        summary.total_recorded()
    );
    assert_eq!(ids(community.events().await), whole);
}

#[tokio::test]
async fn a_later_dump_adds_what_is_new() {
    const ADA: &str = r#"Id="7" DisplayName="Ada" CreationDate="2020-01-01T10:00:00.000""#;
    const BOB: &str = r#"Id="8" DisplayName="Bob" CreationDate="2020-01-03T11:00:00.000""#;
    const QUESTION: &str = r#"Id="1" PostTypeId="1" OwnerUserId="7" CreationDate="2020-01-02T10:00:00.000" Title="Why?" Body="Tell me.""#;
    const LIKE: &str = r#"Id="9" PostId="1" VoteTypeId="2" CreationDate="2020-01-03T00:00:00.000""#;
    let community = Community::new();
    let earlier = dump().users(&[ADA]).posts(&[QUESTION]);
    community
        .import_site(earlier.options(&community))
        .await
        .unwrap();
    let later = earlier.users(&[ADA, BOB]).votes(&[LIKE]);
    let summary = community
        .import_site(later.options(&community))
        .await
        .unwrap();
    assert_eq!(
        summary.recorded,
        [("AccountRegistered", 2), ("PostLiked", 1)].into()
    );
    assert_eq!(
        summary.already_recorded,
        [("AccountRegistered", 1), ("PostCreated", 1)].into()
    );
    let users = &summary.files[0];
    assert_eq!(
        (users.read, users.recorded, users.already_recorded),
        (2, 1, 1)
    );
    assert_accounted_for(&summary);
}

/// Sees to it that progress only grows, and ends.
#[derive(Default)]
struct Watcher(Vec<(Phase, u64, u64)>);

impl Progress for Watcher {
    fn at(&mut self, phase: Phase, done: u64, total: Option<u64>) {
        let total = total.unwrap();
        assert!(done <= total, "{done} of {total}");
        if let Some(&(last_phase, last, last_total)) = self.0.last()
            && last_phase == phase
        {
            assert!(last <= done);
            assert_eq!(last_total, total);
        }
        self.0.push((phase, done, total));
    }
}

#[tokio::test]
async fn progress_goes_through_reading_and_recording_to_the_end() {
    let Some(datasets) = datasets() else { return };
    let community = Community::new();
    let mut watcher = Watcher::default();
    let options = options(&datasets, "se-beer-2016-09", true, &community);
    stack_exchange::import(&community.journal, options, &mut watcher)
        .await
        .unwrap();
    let steps = watcher.0;
    let turn = steps
        .iter()
        .position(|step| step.0 == Phase::Recording)
        .unwrap();
    let (_, read, bytes) = steps[turn - 1];
    assert!(read * 100 >= bytes * 99, "{read} of {bytes}");
    let &(phase, done, total) = steps.last().unwrap();
    assert_eq!((phase, done), (Phase::Recording, total));
    assert!(steps[..turn].iter().all(|step| step.0 == Phase::Reading));
}

#[tokio::test]
async fn badges_that_an_earlier_import_left_out_are_recorded_by_the_next() {
    let community = Community::new();
    let dump = dump().users(&[r#"Id="7" DisplayName="Ada" CreationDate="2020-01-01T10:00:00""#]);
    let first = community.import_site(dump.options(&community));
    assert_eq!(first.await.unwrap().total_recorded(), 1);
    let badge = r#"Id="1" UserId="7" Name="Teacher" Date="2020-01-02T10:00:00""#;
    let dump = dump.badges(&[badge]);
    let second = community.import_site(dump.options(&community));
    let second = second.await.unwrap();
    assert_eq!(second.recorded, [("BadgeGranted", 1)].into());
    assert_eq!(second.total_already_recorded(), 1);
}

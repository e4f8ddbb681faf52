//! What members find wrong with posts (DOMAIN F9).

use plaudit_domain::fact::ReportFact;
use plaudit_domain::report::{Measure, Reason, Reported, Upheld};
use plaudit_domain::{AccountId, Event, Personal, PostId, Time, notification};

use crate::fold::FoldError;
use crate::notification::{Outcome, Subject};
use crate::row::{Key, row};
use crate::rows::{Pair, Rows};
use crate::touched::Touched;

row! {
    table "report", primary (post, account), index (open, post), index (account);
    /// A report of a post; of several that one account made, the latest.
    pub struct Report {
        /// The post.
        pub post: Key,
        /// Who reported it.
        pub account: Key,
        /// What is wrong with it.
        pub reason: Reason,
        /// The same in their words, unless that is withheld.
        pub comment: Option<String>,
        /// When they reported it.
        pub at: Time,
        /// Whether it waits for staff.
        pub open: bool,
    }
}

impl Pair for Report {
    fn pair(&self) -> (Key, Key) {
        (self.post, self.account)
    }
}

pub(crate) fn touch(fact: &ReportFact, touched: &mut Touched) {
    let mut touch = |post: PostId, reporter: AccountId| {
        touched.post(post);
        touched.account(reporter);
        touched.reports.insert((post, reporter));
    };
    match fact {
        ReportFact::Reported(reported) => touch(reported.post, reported.reporter),
        ReportFact::Upheld(upheld) => {
            for reporter in &upheld.reporters {
                touch(upheld.post, *reporter);
            }
            touched.post(upheld.post);
            touched.accounts(upheld.author);
        }
        ReportFact::Dismissed(dismissed) => {
            for reporter in &dismissed.reporters {
                touch(dismissed.post, *reporter);
            }
            touched.post(dismissed.post);
        }
    }
}

pub(crate) fn fold(fact: &ReportFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    match fact {
        ReportFact::Reported(reported) => report(reported, event, rows),
        ReportFact::Upheld(upheld) => {
            close(upheld.post, &upheld.reporters, rows)?;
            uphold(upheld, event, rows)
        }
        ReportFact::Dismissed(dismissed) => close(dismissed.post, &dismissed.reporters, rows),
    }
}

fn report(reported: &Reported, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let reporter = rows.account(reported.reporter)?;
    let (account, is_erased) = (reporter.key, reporter.content_erased);
    let post = rows.post(reported.post)?.key;
    let comment = reported.comment.as_ref().and_then(Personal::get);
    let report = Report {
        post,
        account,
        reason: reported.reason,
        comment: comment.filter(|_| !is_erased).cloned(),
        at: event.occurred_at,
        open: true,
    };
    match rows.reports.remove(post, account) {
        // Histories from elsewhere may report twice: the first one waits.
        Some(known) if known.open => rows.reports.insert(known),
        Some(_) | None => rows.reports.insert(report),
    };
    Ok(())
}

/// The reports of these accounts wait no more.
fn close<'a>(
    post: PostId,
    reporters: impl IntoIterator<Item = &'a AccountId>,
    rows: &mut Rows,
) -> Result<(), FoldError> {
    let post = rows.post(post)?.key;
    for reporter in reporters {
        let account = rows.account(*reporter)?.key;
        if let Some(report) = rows.reports.remove(post, account) {
            let open = false;
            rows.reports.insert(Report { open, ..report });
        }
    }
    Ok(())
}

fn uphold(upheld: &Upheld, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let post = rows.post(upheld.post)?;
    let (post, group) = (post.key, post.group_key);
    let author = match upheld.author {
        Some(author) => Some(rows.account(author)?),
        None => None,
    };
    let is_erased = author.as_ref().is_some_and(|author| author.erased);
    let author = author.map(|author| {
        author.upheld_at = author.upheld_at.max(Some(event.occurred_at));
        author.key
    });
    let outcome = match upheld.measure {
        Measure::Warning => Outcome::Warned,
        Measure::Removal => Outcome::PostRemoved,
    };
    let note = upheld.note.as_ref().and_then(Personal::get);
    let about = Subject {
        post: Some(post),
        group,
        outcome: Some(outcome),
        note: note.filter(|_| !is_erased).cloned(),
        ..Subject::default()
    };
    rows.tell(notification::Kind::Report, author, about, event);
    Ok(())
}

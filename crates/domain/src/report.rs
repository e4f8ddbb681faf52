//! Reports: what members find wrong with posts, and what staff make of it (DOMAIN F9).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::decide::{Actor, Command, History, State};
use crate::fact::{Body, Fact, ReportFact, Visit};
use crate::id::{AccountId, PostId};
use crate::links::Links;
use crate::personal::{About, Personal, present};
use crate::post::Post;
use crate::refusal::Refusal;
use crate::stream::StreamName;
use crate::text;

/// What is wrong with a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It doesn't answer what was asked.
    IrrelevantAnswer,
    /// It is there for the sake of a link.
    LinkSpam,
    /// Its author doesn't say that they work for whom they write about.
    UndisclosedAffiliation,
    /// It is there to sell something.
    SolelyPromotional,
    /// Something else, which the comment says.
    Other,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 5] = [
        Self::IrrelevantAnswer,
        Self::LinkSpam,
        Self::UndisclosedAffiliation,
        Self::SolelyPromotional,
        Self::Other,
    ];

    /// The stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IrrelevantAnswer => "irrelevant_answer",
            Self::LinkSpam => "link_spam",
            Self::UndisclosedAffiliation => "undisclosed_affiliation",
            Self::SolelyPromotional => "solely_promotional",
            Self::Other => "other",
        }
    }

    /// The reason of a stored name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }
}

/// What an upheld report came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The author was warned.
    Warning,
    /// The post was removed.
    Removal,
}

impl Measure {
    /// The stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Removal => "removal",
        }
    }

    /// The measure of a stored name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Warning, Self::Removal];
        all.into_iter().find(|measure| measure.as_str() == name)
    }
}

// Facts

/// A member reported a post.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reported {
    /// The post.
    pub post: PostId,
    /// Who wrote it.
    pub author: Option<AccountId>,
    /// Who reported it.
    pub reporter: AccountId,
    /// What is wrong with it.
    pub reason: Reason,
    /// The same, in the reporter's words.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub comment: Option<Personal<String>>,
}

impl Body for Reported {
    fn stream(&self) -> StreamName {
        StreamName::reports(self.post)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            post: _,
            author: _,
            reporter,
            reason: _,
            comment,
        } = self;
        if let Some(comment) = comment {
            visit(Some(About::content(*reporter)), comment);
        }
    }
}

/// Staff agreed with all reports of a post that were open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upheld {
    /// The post.
    pub post: PostId,
    /// Who wrote it, and is told.
    pub author: Option<AccountId>,
    /// Who had reported it.
    pub reporters: BTreeSet<AccountId>,
    /// What it came to.
    pub measure: Measure,
    /// What the author is told, if anything else; kept under the author's key.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub note: Option<Personal<String>>,
}

impl Body for Upheld {
    fn stream(&self) -> StreamName {
        StreamName::reports(self.post)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            post: _,
            author,
            reporters: _,
            measure: _,
            note,
        } = self;
        if let Some(note) = note {
            visit(author.map(About::identity), note);
        }
    }
}

/// Staff disagreed with all reports of a post that were open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dismissed {
    /// The post.
    pub post: PostId,
    /// Who had reported it.
    pub reporters: BTreeSet<AccountId>,
}

impl Body for Dismissed {
    fn stream(&self) -> StreamName {
        StreamName::reports(self.post)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            post: _,
            reporters: _,
        } = self;
    }
}

// Fold

/// The reports of one post.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reports {
    open: BTreeSet<AccountId>,
    /// What staff made of the latest ones.
    decided: Option<Decided>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Decided {
    Upheld(Measure),
    Dismissed,
}

impl Reports {
    /// Whether any waits for staff.
    pub fn are_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Who reported it and waits for staff; nobody, where this is what staff decided last.
    fn to_decide(&self, post: PostId, decision: Decided) -> Result<&BTreeSet<AccountId>, Refusal> {
        if self.open.is_empty() && self.decided != Some(decision) {
            return Err(Refusal::NoOpenReports { post });
        }
        Ok(&self.open)
    }
}

impl State for Reports {
    type Fact = ReportFact;

    fn apply(&mut self, fact: &ReportFact) {
        match fact {
            ReportFact::Reported(reported) => {
                self.open.insert(reported.reporter);
            }
            ReportFact::Upheld(upheld) => {
                self.open
                    .retain(|account| !upheld.reporters.contains(account));
                self.decided = Some(Decided::Upheld(upheld.measure));
            }
            ReportFact::Dismissed(dismissed) => {
                self.open
                    .retain(|account| !dismissed.reporters.contains(account));
                self.decided = Some(Decided::Dismissed);
            }
        }
    }
}

// Decisions

/// The most characters of a comment.
pub const COMMENT_MAX: usize = 2_000;
/// The most characters of what the author is told.
pub const NOTE_MAX: usize = 2_000;

/// Reports a post of somebody else. As long as a report of the same person is open, another records
/// nothing.
#[derive(Debug, Clone)]
pub struct Report {
    /// The post.
    pub post: PostId,
    /// What is wrong with it.
    pub reason: Reason,
    /// The same, in the reporter's words: [`Reason::Other`] needs them.
    pub comment: Option<String>,
}

impl Command for Report {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::reports(self.post)
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        vec![StreamName::post(self.post)]
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let post: Post = history.state(&StreamName::post(self.post));
        let written = post.published(self.post, actor, history)?;
        let is_actor =
            |account: &AccountId| history.links().is_same_person(*account, actor.account);
        if written.author.as_ref().is_some_and(is_actor) {
            return Err(Refusal::OwnPostReported { post: self.post });
        }
        let comment = self.comment.as_deref();
        let comment = comment.map(|comment| text::lines("comment", comment, COMMENT_MAX));
        let comment = comment.transpose()?.map(Personal::known);
        if self.reason == Reason::Other && comment.is_none() {
            return Err(Refusal::ReportCommentMissing);
        }
        let reports: Reports = history.state(&StreamName::reports(self.post));
        if reports.open.iter().any(is_actor) {
            return Ok(vec![]);
        }
        let reported = Reported {
            post: self.post,
            author: written.author,
            reporter: actor.account,
            reason: self.reason,
            comment,
        };
        Ok(vec![ReportFact::Reported(reported).into()])
    }
}

/// Agrees, as staff, with all reports of a post that are open. Where that comes to a removal, the post is
/// [removed](crate::post::Remove) first: it has a stream of its own.
#[derive(Debug, Clone)]
pub struct Uphold {
    /// The post.
    pub post: PostId,
    /// What it comes to.
    pub measure: Measure,
    /// What the author is told, if anything else.
    pub note: Option<String>,
}

impl Uphold {
    /// The note, if it can be one: to be asked before the post is removed.
    ///
    /// # Errors
    /// If it has too many characters, or others than a text has.
    pub fn valid_note(&self) -> Result<Option<Personal<String>>, Refusal> {
        let note = self.note.as_deref();
        let note = note.map(|note| text::lines("note", note, NOTE_MAX));
        Ok(note.transpose()?.map(Personal::known))
    }
}

impl Command for Uphold {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::reports(self.post)
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        vec![StreamName::post(self.post)]
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        by_staff(actor)?;
        let post: Post = history.state(&StreamName::post(self.post));
        let author = post.existing(self.post, actor, history)?.author;
        let note = self.valid_note()?;
        let reports: Reports = history.state(&StreamName::reports(self.post));
        let reporters = reports.to_decide(self.post, Decided::Upheld(self.measure))?;
        if reporters.is_empty() {
            return Ok(vec![]);
        }
        if self.measure == Measure::Removal && !post.is_removed() {
            return Err(Refusal::NotRemoved { post: self.post });
        }
        let upheld = Upheld {
            post: self.post,
            author,
            reporters: reporters.clone(),
            measure: self.measure,
            note,
        };
        Ok(vec![ReportFact::Upheld(upheld).into()])
    }
}

/// Disagrees, as staff, with all reports of a post that are open.
#[derive(Debug, Clone)]
pub struct Dismiss {
    /// The post.
    pub post: PostId,
}

impl Command for Dismiss {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::reports(self.post)
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        vec![StreamName::post(self.post)]
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        by_staff(actor)?;
        let post: Post = history.state(&StreamName::post(self.post));
        post.existing(self.post, actor, history)?;
        let reports: Reports = history.state(&StreamName::reports(self.post));
        let reporters = reports.to_decide(self.post, Decided::Dismissed)?;
        if reporters.is_empty() {
            return Ok(vec![]);
        }
        let dismissed = Dismissed {
            post: self.post,
            reporters: reporters.clone(),
        };
        Ok(vec![ReportFact::Dismissed(dismissed).into()])
    }
}

fn by_staff(actor: &Actor) -> Result<(), Refusal> {
    if actor.roles.is_staff() {
        Ok(())
    } else {
        Err(Refusal::NotPermitted { who: "staff" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::{
        ada, affected, bob, community, deleted, dismissed, eve, group, group_created, in_group,
        linked, moderated, post, question, removed, reported, restored, staff, submitted, topic,
        upheld,
    };
    use crate::post::{Delete, Kind, Remove, Restore};

    fn report() -> Report {
        Report {
            post: post(1),
            reason: Reason::LinkSpam,
            comment: None,
        }
    }

    fn uphold(measure: Measure) -> Uphold {
        Uphold {
            post: post(1),
            measure,
            note: Some("No links, please".into()),
        }
    }

    fn dismiss() -> Dismiss {
        Dismiss { post: post(1) }
    }

    fn remove() -> Remove {
        Remove { post: post(1) }
    }

    fn restore() -> Restore {
        Restore { post: post(1) }
    }

    fn with_reports() -> Vec<Fact> {
        vec![
            question(ada(), post(1)),
            reported(post(1), bob(), None),
            reported(post(1), eve(), None),
        ]
    }

    fn and(facts: Vec<Fact>, more: impl IntoIterator<Item = Fact>) -> Vec<Fact> {
        facts.into_iter().chain(more).collect()
    }

    #[test]
    fn f9_any_member_reports_a_post() {
        community([question(ada(), post(1))])
            .when(bob(), report())
            .then([reported(post(1), bob(), None)]);
    }

    #[test]
    fn f9_nobody_reports_a_post_of_their_own() {
        let refusal = || Refusal::OwnPostReported { post: post(1) };
        community([question(ada(), post(1))])
            .when(ada(), report())
            .then_refused(refusal());
        community([question(ada(), post(1)), linked(ada(), bob(), 1)])
            .when(bob(), report())
            .then_refused(refusal());
    }

    #[test]
    fn f9_a_person_has_one_open_report_of_a_post() {
        let facts = [question(ada(), post(1)), reported(post(1), bob(), None)];
        community(facts.clone()).when(bob(), report()).then([]);
        let linked = facts.into_iter().chain([linked(bob(), eve(), 1)]);
        community(linked).when(eve(), report()).then([]);
        let decided = and(with_reports(), [dismissed(post(1), [bob(), eve()])]);
        community(decided)
            .when(bob(), report())
            .then([reported(post(1), bob(), None)]);
    }

    #[test]
    fn f9_another_reason_takes_a_comment() {
        let other = |comment: Option<&str>| Report {
            reason: Reason::Other,
            comment: comment.map(str::to_owned),
            ..report()
        };
        community([question(ada(), post(1))])
            .when(bob(), other(None))
            .then_refused(Refusal::ReportCommentMissing);
        community([question(ada(), post(1))])
            .when(bob(), other(Some("")))
            .then_refused(Refusal::TextInvalid {
                field: "comment",
                max: COMMENT_MAX,
            });
    }

    #[test]
    fn f9_nobody_reports_what_they_do_not_see() {
        community([])
            .when(bob(), report())
            .then_refused(Refusal::PostNotFound { post: post(1) });
        community([question(ada(), post(1)), deleted(affected(post(1), ada()))])
            .when(bob(), report())
            .then_refused(Refusal::PostDeleted { post: post(1) });
        let article = in_group(topic(ada(), post(1), Kind::Article), group(1));
        let in_review = [
            group_created(group(1), "Bread"),
            moderated(group(1), true),
            submitted(article),
        ];
        community(in_review)
            .when(bob(), report())
            .then_refused(Refusal::PostNotFound { post: post(1) });
    }

    #[test]
    fn f9_staff_uphold_all_open_reports_with_a_warning() {
        let note = Some("No links, please");
        let fact = upheld(post(1), [bob(), eve()], Measure::Warning, note);
        community(with_reports())
            .when(staff(bob()), uphold(Measure::Warning))
            .then([fact.clone()]);
        community(and(with_reports(), [fact]))
            .when(staff(bob()), uphold(Measure::Warning))
            .then([]);
    }

    #[test]
    fn f9_a_removal_takes_the_post_out_of_sight_first() {
        community(with_reports())
            .when(staff(bob()), uphold(Measure::Removal))
            .then_refused(Refusal::NotRemoved { post: post(1) });
        let gone = removed(affected(post(1), ada()));
        community(with_reports())
            .when(staff(bob()), remove())
            .then([gone.clone()]);
        let facts = and(with_reports(), [gone]);
        community(facts.clone())
            .when(staff(bob()), remove())
            .then([]);
        let note = Some("No links, please");
        community(facts)
            .when(staff(bob()), uphold(Measure::Removal))
            .then([upheld(post(1), [bob(), eve()], Measure::Removal, note)]);
    }

    #[test]
    fn f9_staff_remove_only_what_was_reported() {
        community([question(ada(), post(1))])
            .when(staff(bob()), remove())
            .then_refused(Refusal::NoOpenReports { post: post(1) });
    }

    #[test]
    fn f9_what_staff_removed_only_staff_restore() {
        let facts = and(with_reports(), [removed(affected(post(1), ada()))]);
        community(facts.clone())
            .when(ada(), restore())
            .then_refused(Refusal::RemovedByStaff { post: post(1) });
        community(facts.clone())
            .when(ada(), Delete { post: post(1) })
            .then([]);
        community(facts.clone())
            .when(staff(eve()), restore())
            .then([restored(affected(post(1), ada()))]);
        let back = and(facts, [restored(affected(post(1), ada()))]);
        community(back.clone())
            .when(staff(eve()), restore())
            .then([]);
        community(back)
            .when(eve(), restore())
            .then_refused(Refusal::NotTheAuthor { post: post(1) });
    }

    #[test]
    fn f9_what_its_author_deleted_can_still_be_removed() {
        let facts = and(with_reports(), [deleted(affected(post(1), ada()))]);
        community(facts.clone())
            .when(staff(eve()), remove())
            .then([removed(affected(post(1), ada()))]);
        community(facts)
            .when(staff(eve()), restore())
            .then_refused(Refusal::NotTheAuthor { post: post(1) });
    }

    #[test]
    fn f9_staff_dismiss() {
        let fact = dismissed(post(1), [bob(), eve()]);
        community(with_reports())
            .when(staff(bob()), dismiss())
            .then([fact.clone()]);
        let facts = and(with_reports(), [fact]);
        community(facts.clone())
            .when(staff(bob()), dismiss())
            .then([]);
        community(facts)
            .when(staff(bob()), uphold(Measure::Warning))
            .then_refused(Refusal::NoOpenReports { post: post(1) });
    }

    #[test]
    fn f9_nobody_else_decides() {
        let refusal = || Refusal::NotPermitted { who: "staff" };
        community(with_reports())
            .when(ada(), dismiss())
            .then_refused(refusal());
        community(with_reports())
            .when(bob(), uphold(Measure::Warning))
            .then_refused(refusal());
        community(with_reports())
            .when(bob(), remove())
            .then_refused(refusal());
    }
}

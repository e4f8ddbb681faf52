//! The votes of a day: likes, acceptances, watches, deletions, as far as they change anything.
//!
//! What the history amounts to so far is in the scratch file too: it can be large.

use plaudit_domain::acceptance::{Accepted, AcceptedAnswer};
use plaudit_domain::fact::{LikeFact, PostFact, WatchFact};
use plaudit_domain::like::Like;
use plaudit_domain::post::Affected;
use plaudit_domain::watch::Watch;
use plaudit_domain::{Fact, Time};
use rusqlite::OptionalExtension;

use super::dump::File;
use super::history::{Telling, time};
use super::kinds;
use crate::error::ImportError;

/// A vote, and whose and what its post is. Where there is no question it is on no answer.
struct Vote {
    id: i64,
    at: Time,
    kind: i64,
    by: Option<i64>,
    post: i64,
    author: Option<i64>,
    question: Option<i64>,
    asker: Option<i64>,
}

/// What a vote tells.
enum Told {
    Fact(Box<Fact>),
    Nothing(&'static str),
}

impl<F: Into<Fact>> From<F> for Told {
    fn from(fact: F) -> Self {
        Self::Fact(Box::new(fact.into()))
    }
}

impl Telling<'_> {
    pub(super) fn votes(&mut self, day: i64) -> Result<(), ImportError> {
        let mut votes = self.db.prepare_cached(
            "SELECT votes.id, votes.at, votes.kind, votes.account,
                    post.id, post.owner, post.parent, question.owner
             FROM votes JOIN posts AS post ON post.id = votes.post
             LEFT JOIN posts AS question ON question.id = post.parent
             WHERE votes.day = ?1 ORDER BY votes.at, votes.id",
        )?;
        let mut votes = votes.query([day])?;
        while let Some(row) = votes.next()? {
            let vote = Vote {
                id: row.get(0)?,
                at: time(row, 1)?,
                kind: row.get(2)?,
                by: row.get(3)?,
                post: row.get(4)?,
                author: row.get(5)?,
                question: row.get(6)?,
                asker: row.get(7)?,
            };
            let told = match vote.kind {
                1 => self.acceptance(&vote)?,
                2 => self.like(&vote)?,
                5 => self.watch(&vote)?,
                10 => self.deletion(&vote)?,
                _ => self.restoration(&vote)?,
            };
            match told {
                Told::Fact(fact) => {
                    let event = self.site.event("Votes", vote.id, vote.at, *fact);
                    self.record(File::Votes, event, 0)?;
                }
                Told::Nothing(reason) => self.skip(File::Votes, kinds::vote(vote.kind), reason),
            }
        }
        Ok(())
    }

    /// The asker accepts an answer, in place of another where there is one.
    fn acceptance(&self, vote: &Vote) -> rusqlite::Result<Told> {
        let Some(question) = vote.question else {
            return Ok(Told::Nothing("its post is not an answer"));
        };
        let accepted = AcceptedAnswer {
            answer: self.site.post(vote.post),
            author: self.site.account_of(vote.author),
        };
        let replaced = self.accepted(question)?;
        if replaced == Some(accepted) {
            return Ok(Told::Nothing("the answer is accepted already"));
        }
        self.db
            .prepare_cached("INSERT OR REPLACE INTO accepted VALUES (?1, ?2)")?
            .execute([question, vote.post])?;
        let accepted = Accepted {
            question: self.site.post(question),
            asker: self.site.account_of(vote.asker),
            accepted,
            replaced,
        };
        Ok(PostFact::AnswerAccepted(accepted).into())
    }

    /// The answer that is accepted so far.
    fn accepted(&self, question: i64) -> rusqlite::Result<Option<AcceptedAnswer>> {
        self.db
            .prepare_cached(
                "SELECT posts.id, posts.owner FROM accepted JOIN posts ON posts.id = answer
                 WHERE question = ?1",
            )?
            .query_row([question], |answer| {
                Ok(AcceptedAnswer {
                    answer: self.site.post(answer.get(0)?),
                    author: self.site.account_of(answer.get(1)?),
                })
            })
            .optional()
    }

    fn like(&mut self, vote: &Vote) -> Result<Told, ImportError> {
        let account = match vote.by {
            Some(voter) => {
                let is_new = self
                    .db
                    .prepare_cached("INSERT OR IGNORE INTO liked VALUES (?1, ?2)")?
                    .execute([vote.post, voter])?;
                if is_new == 0 {
                    return Ok(Told::Nothing("its voter likes the post already"));
                }
                self.site.account(voter)
            }
            None => {
                let (account, registered) = self.site.pseudonym(vote.id, vote.at);
                self.feed.record(registered, None, 0)?;
                account
            }
        };
        let like = Like {
            post: self.site.post(vote.post),
            account,
            author: self.site.account_of(vote.author),
        };
        Ok(LikeFact::Liked(like).into())
    }

    fn watch(&self, vote: &Vote) -> rusqlite::Result<Told> {
        let Some(account) = vote.by else {
            return Ok(Told::Nothing("it doesn't say whose it is"));
        };
        let is_new = self
            .db
            .prepare_cached("INSERT OR IGNORE INTO watched VALUES (?1, ?2)")?
            .execute([vote.post, account])?;
        if is_new == 0 {
            return Ok(Told::Nothing("its user watches the post already"));
        }
        let watch = Watch {
            post: self.site.post(vote.post),
            account: self.site.account(account),
        };
        Ok(WatchFact::Watched(watch).into())
    }

    fn deletion(&self, vote: &Vote) -> rusqlite::Result<Told> {
        let is_new = self
            .db
            .prepare_cached("INSERT OR IGNORE INTO deleted VALUES (?1)")?
            .execute([vote.post])?;
        if is_new == 0 {
            return Ok(Told::Nothing("the post is deleted already"));
        }
        Ok(PostFact::Deleted(self.affected(vote)?).into())
    }

    fn restoration(&self, vote: &Vote) -> rusqlite::Result<Told> {
        let was_deleted = self
            .db
            .prepare_cached("DELETE FROM deleted WHERE post = ?1")?
            .execute([vote.post])?;
        if was_deleted == 0 {
            return Ok(Told::Nothing("the post is not deleted"));
        }
        Ok(PostFact::Restored(self.affected(vote)?).into())
    }

    fn affected(&self, vote: &Vote) -> rusqlite::Result<Affected> {
        Ok(Affected {
            post: self.site.post(vote.post),
            author: self.site.account_of(vote.author),
            parent: vote.question.map(|question| self.site.post(question)),
            accepted: self.accepted(vote.post)?,
        })
    }
}

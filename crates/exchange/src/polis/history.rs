//! The second pass: who took part, what they said, and who agreed, by time.

use plaudit_domain::account::Registered;
use plaudit_domain::fact::{AccountFact, LikeFact, PostFact};
use plaudit_domain::id::derive;
use plaudit_domain::like::Like;
use plaudit_domain::post::{Created, Kind};
use plaudit_domain::{AccountId, Fact, NewEvent, Origin, PostId, Time};
use rusqlite::{Connection, OptionalExtension};

use super::stage::{COMMENTS, VOTES, kind};
use super::title::first_words;
use crate::error::ImportError;
use crate::feed::Feed;

/// Tells the whole history.
pub(super) fn tell(
    conversation: &Conversation,
    db: &Connection,
    feed: &mut Feed,
) -> Result<(), ImportError> {
    let rows: i64 = db.query_row(ROWS, [], |row| row.get(0))?;
    feed.expect(rows.unsigned_abs());
    let mut told = db.prepare(IN_ORDER)?;
    let mut told = told.query([])?;
    while let Some(row) = told.next()? {
        let id = row.get(2)?;
        feed.handled();
        match row.get::<_, i64>(1)? {
            1 => participant(conversation, db, feed, id)?,
            2 => comment(conversation, db, feed, id)?,
            _ => vote(conversation, db, feed, id)?,
        }
    }
    Ok(())
}

const ROWS: &str = "
SELECT (SELECT count(*) FROM participants) + (SELECT count(*) FROM comments)
     + (SELECT count(*) FROM votes)
";

const IN_ORDER: &str = "
SELECT placed, 1, id FROM participants UNION ALL SELECT placed, 2, id FROM comments
UNION ALL SELECT at, 3, id FROM votes ORDER BY 1, 2, 3
";

/// The conversation that is imported: all ids derive from its name, so they are the same every
/// time.
pub(super) struct Conversation {
    source: String,
}

impl Conversation {
    pub(super) fn new(name: &str) -> Self {
        Self {
            source: format!("polis:{name}"),
        }
    }

    fn origin(&self, id: i64) -> Origin {
        Origin {
            source: self.source.clone(),
            id: id.to_string(),
        }
    }

    fn account(&self, participant: i64) -> AccountId {
        AccountId(self.origin(participant).derive("account"))
    }

    fn post(&self, comment: i64) -> PostId {
        PostId(self.origin(comment).derive("post"))
    }

    fn event(&self, kind: &str, id: &str, at: Time, fact: impl Into<Fact>) -> NewEvent {
        NewEvent {
            id: derive(&[&self.source, "event", kind, id]),
            occurred_at: at,
            actor: None,
            correlation: None,
            causation: None,
            imported: true,
            fact: fact.into(),
        }
    }
}

/// Nobody registers there: a participant begins to be when they first do something.
fn participant(
    conversation: &Conversation,
    db: &Connection,
    feed: &mut Feed,
    id: i64,
) -> Result<(), ImportError> {
    let at = db
        .prepare_cached("SELECT at FROM participants WHERE id = ?1")?
        .query_row([id], |row| row.get(0).map(Time::from_micros))?;
    let registered = AccountFact::Registered(Registered {
        account: conversation.account(id),
        name: format!("participant {id}").into(),
        origin: Some(conversation.origin(id)),
    });
    let event = conversation.event("participant", &id.to_string(), at, registered);
    feed.record(event, None, 0)
}

fn comment(
    conversation: &Conversation,
    db: &Connection,
    feed: &mut Feed,
    id: i64,
) -> Result<(), ImportError> {
    let (author, at, body): (i64, i64, String) = db
        .prepare_cached("SELECT author, at, body FROM comments WHERE id = ?1")?
        .query_row([id], |row| row.try_into())?;
    let bytes = body.len();
    let title = match first_words(&body) {
        title if title.is_empty() => format!("comment {id}"),
        title => title,
    };
    let created = PostFact::Created(Created {
        post: conversation.post(id),
        kind: Kind::Discussion,
        author: Some(conversation.account(author)),
        parent: None,
        group: None,
        title: Some(title.into()),
        body: body.into(),
        tags: vec![],
        origin: Some(conversation.origin(id)),
    });
    let at = Time::from_micros(at);
    let event = conversation.event("comment", &id.to_string(), at, created);
    feed.record(event, Some(COMMENTS), bytes)
}

fn vote(
    conversation: &Conversation,
    db: &Connection,
    feed: &mut Feed,
    id: i64,
) -> Result<(), ImportError> {
    let (comment, author, voter, at, vote): (i64, i64, i64, i64, i64) = db
        .prepare_cached(
            "SELECT comment, author, voter, votes.at, vote
             FROM votes JOIN comments ON comments.id = comment WHERE votes.id = ?1",
        )?
        .query_row([id], |row| row.try_into())?;
    let (was_liked, nth) = db
        .prepare_cached("SELECT liked, votes FROM stands WHERE comment = ?1 AND voter = ?2")?
        .query_row([comment, voter], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .unwrap_or((false, 0_i64));
    let likes = vote == 1;
    db.prepare_cached("INSERT OR REPLACE INTO stands VALUES (?1, ?2, ?3, ?4)")?
        .execute([comment, voter, i64::from(likes), nth + 1])?;
    let like = Like {
        post: conversation.post(comment),
        account: conversation.account(voter),
        author: Some(conversation.account(author)),
    };
    let fact = match (was_liked, likes) {
        (false, true) => LikeFact::Liked(like),
        (true, false) => LikeFact::Withdrawn(like),
        (true, true) => {
            feed.skip(VOTES, "repeated agree", "the voter agrees already");
            return Ok(());
        }
        (false, false) => {
            feed.skip(VOTES, kind(vote), "there is no like to take back");
            return Ok(());
        }
    };
    // Votes have no ids, and two of a voter can have the same time: it is the how manyth that
    // stays the same when the conversation goes on and is imported again.
    let key = format!("{comment}-{voter}-{nth}");
    let event = conversation.event("vote", &key, Time::from_micros(at), fact);
    feed.record(event, Some(VOTES), 0)
}

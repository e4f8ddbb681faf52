//! The second pass: the history, day by day, as events.

use std::borrow::Cow;

use plaudit_domain::badge::Granted;
use plaudit_domain::fact::{BadgeFact, PostFact};
use plaudit_domain::post::{Created, Kind};
use plaudit_domain::{NewEvent, Time};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::dump::File;
use super::facts::{Field, Site, tags};
use super::kinds;
use crate::error::ImportError;
use crate::feed::Feed;

/// Tells the whole history.
pub(super) fn tell(site: &Site, db: &Connection, feed: &mut Feed) -> Result<(), ImportError> {
    feed.expect(
        db.query_row(ROWS, [], |row| row.get::<_, i64>(0))?
            .unsigned_abs(),
    );
    let mut telling = Telling { site, db, feed };
    let mut days = db.prepare(DAYS)?;
    let mut days = days.query([])?;
    while let Some(day) = days.next()? {
        let day = day.get(0)?;
        telling.users(day)?;
        telling.posts(day)?;
        telling.comments_and_edits(day)?;
        telling.votes(day)?;
        telling.badges(day)?;
    }
    Ok(())
}

/// How many rows are told.
const ROWS: &str = "
SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM posts WHERE kind IS NOT NULL)
     + (SELECT count(*) FROM comments) + (SELECT count(*) FROM revisions WHERE NOT initial)
     + (SELECT count(*) FROM votes) + (SELECT count(*) FROM badges)
";

/// Every day on which there is something to tell.
const DAYS: &str = "
SELECT day FROM users UNION SELECT day FROM posts UNION SELECT day FROM comments
UNION SELECT day FROM revisions WHERE NOT initial UNION SELECT day FROM votes
UNION SELECT day FROM badges ORDER BY day
";

pub(super) struct Telling<'a> {
    pub(super) site: &'a Site,
    pub(super) db: &'a Connection,
    pub(super) feed: &'a mut Feed,
}

impl Telling<'_> {
    fn users(&mut self, day: i64) -> Result<(), ImportError> {
        let mut users = self
            .db
            .prepare_cached("SELECT id, at, name FROM users WHERE day = ?1 ORDER BY at, id")?;
        let mut users = users.query([day])?;
        while let Some(user) = users.next()? {
            let registered = self
                .site
                .registered(user.get(0)?, time(user, 1)?, user.get(2)?);
            self.record(File::Users, registered, 0)?;
        }
        Ok(())
    }

    fn posts(&mut self, day: i64) -> Result<(), ImportError> {
        let mut posts = self.db.prepare_cached(
            "SELECT id, at, kind, owner, parent FROM posts
             WHERE day = ?1 AND kind IS NOT NULL ORDER BY placed, kind, id",
        )?;
        let mut posts = posts.query([day])?;
        while let Some(post) = posts.next()? {
            let id = post.get(0)?;
            let is_question = post.get::<_, i64>(2)? == 1;
            let body = self.initial(id, Field::Body)?;
            let bytes = body.len();
            let created = Created {
                post: self.site.post(id),
                kind: if is_question {
                    Kind::Question
                } else {
                    Kind::Answer
                },
                author: self.site.account_of(post.get(3)?),
                parent: self.site.post_of(post.get(4)?),
                group: None,
                title: match is_question {
                    true => Some(self.initial(id, Field::Title)?.into()),
                    false => None,
                },
                body: body.into(),
                tags: match is_question {
                    true => tags(&self.initial(id, Field::Tags)?),
                    false => vec![],
                },
                origin: Some(self.site.origin(id)),
            };
            let created = self
                .site
                .event("Posts", id, time(post, 1)?, PostFact::Created(created));
            self.record(File::Posts, created, bytes)?;
        }
        Ok(())
    }

    fn comments_and_edits(&mut self, day: i64) -> Result<(), ImportError> {
        // Comments first where the time is the same; their texts are looked up one by one, so
        // that a day of them needn't fit into memory.
        let mut rows = self.db.prepare_cached(
            "SELECT 1, at, id FROM comments WHERE day = ?1
             UNION ALL SELECT 2, at, id FROM revisions WHERE day = ?1 AND NOT initial
             ORDER BY 2, 1, 3",
        )?;
        let mut rows = rows.query([day])?;
        while let Some(row) = rows.next()? {
            let (id, at) = (row.get(2)?, time(row, 1)?);
            match row.get::<_, i64>(0)? {
                1 => self.comment(id, at)?,
                _ => self.edit(id, at)?,
            }
        }
        Ok(())
    }

    fn comment(&mut self, id: i64, at: Time) -> Result<(), ImportError> {
        let mut comment = self
            .db
            .prepare_cached("SELECT author, post, body FROM comments WHERE id = ?1")?;
        let mut comment = comment.query([id])?;
        let Some(comment) = comment.next()? else {
            return Ok(());
        };
        let body: String = comment.get(2)?;
        let bytes = body.len();
        let created = Created {
            post: self.site.comment(id),
            kind: Kind::Comment,
            author: self.site.account_of(comment.get(0)?),
            parent: Some(self.site.post(comment.get(1)?)),
            group: None,
            title: None,
            body: body.into(),
            tags: vec![],
            origin: Some(self.site.comment_origin(id)),
        };
        let created = self
            .site
            .event("Comments", id, at, PostFact::Created(created));
        self.record(File::Comments, created, bytes)
    }

    fn edit(&mut self, id: i64, at: Time) -> Result<(), ImportError> {
        let (post, field, kind, text): (i64, i64, i64, String) = self
            .db
            .prepare_cached("SELECT post, field, kind, text FROM revisions WHERE id = ?1")?
            .query_row([id], |row| row.try_into())?;
        let before: Option<String> = self
            .db
            .prepare_cached(
                "SELECT text FROM revisions WHERE post = ?1 AND field = ?2 AND initial = 0
                 AND (at, id) < (?3, ?4) ORDER BY at DESC, id DESC LIMIT 1",
            )?
            .query_row(params![post, field, at.as_micros(), id], |row| row.get(0))
            .optional()?;
        let field = Field::stored_as(field);
        let before = match before {
            Some(before) => before,
            None => self.initial(post, field)?,
        };
        if before == text {
            self.skip(File::PostHistory, kinds::history(kind), "changes nothing");
            return Ok(());
        }
        let bytes = text.len();
        let owner = self
            .db
            .prepare_cached("SELECT owner FROM posts WHERE id = ?1")?
            .query_row([post], |row| row.get(0))?;
        let author = self.site.account_of(owner);
        let edited = field.edited(self.site.post(post), author, text);
        let edited = self.site.event("PostHistory", id, at, edited);
        self.record(File::PostHistory, edited, bytes)
    }

    fn badges(&mut self, day: i64) -> Result<(), ImportError> {
        let mut badges = self.db.prepare_cached(
            "SELECT id, at, account, name FROM badges WHERE day = ?1 ORDER BY at, id",
        )?;
        let mut badges = badges.query([day])?;
        while let Some(badge) = badges.next()? {
            let id = badge.get(0)?;
            // The site knows a badge by its name.
            let name: String = badge.get(3)?;
            let granted = Granted {
                account: self.site.account(badge.get(2)?),
                badge: name.clone(),
                title: name,
                origin: self.site.origin(id),
            };
            let at = time(badge, 1)?;
            let granted = self
                .site
                .event("Badges", id, at, BadgeFact::Granted(granted));
            self.record(File::Badges, granted, 0)?;
        }
        Ok(())
    }

    /// What a post said when it was written: by the history, else by Posts.xml.
    fn initial(&self, post: i64, field: Field) -> rusqlite::Result<String> {
        let first = self
            .db
            .prepare_cached(
                "SELECT text FROM revisions WHERE post = ?1 AND field = ?2 AND initial = 1",
            )?
            .query_row(params![post, field as i64], |row| row.get(0))
            .optional()?;
        if let Some(first) = first {
            return Ok(first);
        }
        let now: Option<String> = self
            .db
            .prepare_cached(match field {
                Field::Title => "SELECT title FROM contents WHERE post = ?1",
                Field::Body => "SELECT body FROM contents WHERE post = ?1",
                Field::Tags => "SELECT tags FROM contents WHERE post = ?1",
            })?
            .query_row([post], |row| row.get(0))?;
        Ok(now.unwrap_or_default())
    }

    pub(super) fn record(
        &mut self,
        file: File,
        event: NewEvent,
        bytes: usize,
    ) -> Result<(), ImportError> {
        self.feed.handled();
        self.feed.record(event, Some(file.rows()), bytes)
    }

    pub(super) fn skip(&mut self, file: File, kind: Cow<'static, str>, reason: &'static str) {
        self.feed.handled();
        self.feed.skip(file.rows(), kind, reason);
    }
}

pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Time> {
    row.get(column).map(Time::from_micros)
}

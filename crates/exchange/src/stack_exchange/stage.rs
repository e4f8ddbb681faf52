//! The first pass: every file into the scratch file.
//!
//! References are resolved on the way: who isn't in the dump is nobody, and what is on a post
//! that isn't imported is skipped here.

use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use super::dump::{Dump, File};
use super::facts::Field;
use super::rows::Row;
use super::{kinds, rows};
use crate::csv_file;
use crate::error::{ImportError, Malformed};
use crate::feed::Feed;

const NOT_IN_THE_DUMP: &str = "its post is not in the dump";
const NO_USER: &str = "its user is not in the dump";
const NOT_IMPORTED: &str = "its post is not imported";
const NO_COUNTERPART: &str = "has no counterpart here";

/// Reads all files. Nothing is recorded yet.
pub(super) fn stage(dump: &Dump, db: &Connection, feed: &mut Feed) -> Result<(), ImportError> {
    let files = File::ALL.map(|file| (file, dump.path(file)));
    feed.files(files.iter().map(|(file, path)| {
        match path {
            Some(path) => path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            None => file.name().to_owned(),
        }
    }));
    let mut reading = Reading {
        dump,
        db,
        feed,
        read: 0,
        total: dump.bytes(),
    };
    reading.users()?;
    reading.posts()?;
    reading.comments()?;
    reading.history()?;
    reading.voters()?;
    reading.votes()?;
    reading.badges()
}

struct Reading<'a> {
    dump: &'a Dump,
    db: &'a Connection,
    feed: &'a mut Feed,
    /// Bytes of the files before this one.
    read: u64,
    total: u64,
}

impl Reading<'_> {
    /// Reads one file of rows, if there is such a file.
    fn file(
        &mut self,
        file: File,
        mut each: impl FnMut(&mut Feed, &Row<'_>) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let Some(path) = self.dump.path(file) else {
            return Ok(());
        };
        let (feed, before, total) = (&mut *self.feed, self.read, self.total);
        let mut count = 0_u64;
        let bytes = rows::read(&path, |row, read| {
            feed.row(file.rows());
            count += 1;
            if count.is_multiple_of(1024) {
                feed.read(before + read, Some(total))?;
            }
            each(feed, row)
        })?;
        self.read += bytes;
        self.feed.read(self.read, Some(self.total))
    }

    fn users(&mut self) -> Result<(), ImportError> {
        let mut insert = self
            .db
            .prepare("INSERT INTO users VALUES (?1, ?2, ?3, ?4)")?;
        self.file(File::Users, |_, row| {
            let id = row.required_number("Id")?;
            let at = row.time("CreationDate")?;
            // The name that the site itself gives to those who have none.
            let name = match row.text("DisplayName")? {
                Some(name) if !name.trim().is_empty() => name,
                Some(_) | None => format!("user{id}").into(),
            };
            once(
                row,
                insert.execute(params![id, at.as_micros(), at.day(), name]),
            )
        })
    }

    fn posts(&mut self) -> Result<(), ImportError> {
        let db = self.db;
        let mut insert = db.prepare(
            "INSERT INTO posts VALUES (?1, ?2, (SELECT id FROM users WHERE id = ?3), ?4, ?5, ?6, ?5)",
        )?;
        let mut write = db.prepare("INSERT INTO contents VALUES (?1, ?2, ?3, ?4)")?;
        self.file(File::Posts, |feed, row| {
            let id = row.required_number("Id")?;
            let kind = row.required_number("PostTypeId")?;
            let owner = row.number("OwnerUserId")?;
            let at = row.time("CreationDate")?;
            let (imported, parent) = match kind {
                1 => (Some(kind), None),
                2 => (Some(kind), Some(row.required_number("ParentId")?)),
                _ => (None, None),
            };
            let stored = params![id, imported, owner, parent, at.as_micros(), at.day()];
            once(row, insert.execute(stored))?;
            if imported.is_none() {
                feed.skip(
                    File::Posts.rows(),
                    kinds::post(kind),
                    "not a post of the forum",
                );
                return Ok(());
            }
            let title = match kind {
                1 => Some(row.required_text("Title")?),
                _ => None,
            };
            let tags = row.text("Tags")?.map(|tags| Field::Tags.stored(tags));
            write.execute(params![id, title, tags, row.required_text("Body")?])?;
            Ok(())
        })?;
        // A question may come after its answers.
        let orphans = db.execute(
            "UPDATE posts SET kind = NULL WHERE kind = 2 AND NOT EXISTS
             (SELECT 1 FROM posts AS question WHERE question.id = posts.parent AND question.kind = 1)",
            [],
        )?;
        self.feed.skip_all(
            File::Posts.rows(),
            "answer",
            "its question is not in the dump",
            orphans as u64,
        );
        Ok(())
    }

    fn comments(&mut self) -> Result<(), ImportError> {
        let db = self.db;
        let mut insert = db.prepare(
            "INSERT INTO comments VALUES (?1, ?2, (SELECT id FROM users WHERE id = ?3), ?4, ?5, ?6)",
        )?;
        let mut posts = Posts::of(db)?;
        self.file(File::Comments, |feed, row| {
            let id = row.required_number("Id")?;
            let post = row.required_number("PostId")?;
            let user = row.number("UserId")?;
            let at = row.time("CreationDate")?;
            let body = row.required_text("Text")?;
            match posts.kind(post)? {
                Err(reason) => feed.skip(File::Comments.rows(), "comment", reason),
                Ok(_) => once(
                    row,
                    insert.execute(params![id, post, user, at.as_micros(), at.day(), body]),
                )?,
            }
            Ok(())
        })
    }

    fn history(&mut self) -> Result<(), ImportError> {
        const FILE: File = File::PostHistory;
        let db = self.db;
        let mut insert =
            db.prepare("INSERT INTO revisions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
        let mut initial =
            db.prepare("SELECT 1 FROM revisions WHERE post = ?1 AND field = ?2 AND initial")?;
        let mut posts = Posts::of(db)?;
        self.file(FILE, |feed, row| {
            let id = row.required_number("Id")?;
            let kind = row.required_number("PostHistoryTypeId")?;
            let post = row.required_number("PostId")?;
            let at = row.time("CreationDate")?;
            let skip =
                |feed: &mut Feed, reason| feed.skip(FILE.rows(), kinds::history(kind), reason);
            let post_kind = match posts.kind(post)? {
                Ok(kind) => kind,
                Err(reason) => {
                    skip(feed, reason);
                    return Ok(());
                }
            };
            let Some(field) = Field::of_history(kind) else {
                skip(feed, NO_COUNTERPART);
                return Ok(());
            };
            if field != Field::Body && post_kind != QUESTION {
                skip(feed, "answers have no title and no tags");
                return Ok(());
            }
            let is_initial = kind <= 3;
            if is_initial {
                if initial.exists(params![post, field as i64])? {
                    skip(feed, "the post has an initial one already");
                    return Ok(());
                }
                skip(feed, "part of the post's creation");
            }
            let text = field.stored(row.text("Text")?.unwrap_or_default());
            let stored = params![
                id,
                kind,
                post,
                field as i64,
                is_initial,
                at.as_micros(),
                at.day(),
                text
            ];
            once(row, insert.execute(stored))
        })
    }

    fn voters(&mut self) -> Result<(), ImportError> {
        let Some(path) = self.dump.path(File::Voters) else {
            return Ok(());
        };
        let mut insert = self
            .db
            .prepare("INSERT OR IGNORE INTO voters VALUES (?1, ?2)")?;
        let (feed, before) = (&mut *self.feed, self.read);
        csv_file::read(&path, &["vote_id", "user_id_imputed"], |record, read| {
            feed.row(File::Voters.rows());
            let vote = record.number("vote_id")?;
            if insert.execute([vote, record.number("user_id_imputed")?])? == 0 {
                let found = format!("vote {vote} has a voter already");
                return Err(record.malformed(found, "every vote once").into());
            }
            self.read = before + read;
            Ok(())
        })
    }

    fn votes(&mut self) -> Result<(), ImportError> {
        const FILE: File = File::Votes;
        let db = self.db;
        let mut insert = db.prepare("INSERT INTO votes VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        let mut user = db.prepare("SELECT id FROM users WHERE id = ?1")?;
        let mut voter = db.prepare("SELECT account FROM voters WHERE vote = ?1")?;
        let mut posts = Posts::of(db)?;
        let mut voters = 0;
        self.file(FILE, |feed, row| {
            let id = row.required_number("Id")?;
            let kind = row.required_number("VoteTypeId")?;
            let post = row.required_number("PostId")?;
            let at = row.time("CreationDate")?;
            let by = row.number("UserId")?;
            let named: Option<i64> = voter.query_row([id], |row| row.get(0)).optional()?;
            voters += u64::from(named.is_some());
            let mut known = |id: i64| user.query_row([id], |row| row.get::<_, i64>(0)).optional();
            let kept = match (posts.kind(post)?, kind) {
                (Err(reason), _) => Err(reason),
                (Ok(ANSWER), 1) | (Ok(_), 10 | 11) => Ok(None),
                (Ok(_), 1) => Err("its post is not an answer"),
                (Ok(_), 2) => Ok(named.map(&mut known).transpose()?.flatten()),
                (Ok(_), 5) => match by.map(known) {
                    None => Err("it doesn't say whose it is"),
                    Some(user) => user?.map(Some).ok_or(NO_USER),
                },
                (Ok(_), _) => Err(NO_COUNTERPART),
            };
            if named.is_some() {
                let told = match kept {
                    Ok(Some(_)) if kind == 2 => "told by the like",
                    Ok(_) if kind == 2 => "not a user of the dump: the like has a pseudonym",
                    Ok(_) | Err(_) => "its vote is not a like that is imported",
                };
                feed.skip(File::Voters.rows(), "voter", told);
            }
            match kept {
                Err(reason) => feed.skip(FILE.rows(), kinds::vote(kind), reason),
                Ok(account) => {
                    let stored = params![id, kind, post, account, at.as_micros(), at.day()];
                    once(row, insert.execute(stored))?;
                }
            }
            Ok(())
        })?;
        let all: i64 = db.query_row("SELECT count(*) FROM voters", [], |row| row.get(0))?;
        self.feed.skip_all(
            File::Voters.rows(),
            "voter",
            "its vote is not in the dump",
            all.unsigned_abs().saturating_sub(voters),
        );
        Ok(())
    }

    fn badges(&mut self) -> Result<(), ImportError> {
        const FILE: File = File::Badges;
        let db = self.db;
        let mut insert = db.prepare("INSERT INTO badges VALUES (?1, ?2, ?3, ?4, ?5)")?;
        let mut users = db.prepare("SELECT 1 FROM users WHERE id = ?1")?;
        self.file(FILE, |feed, row| {
            let id = row.required_number("Id")?;
            let name = row.required_text("Name")?;
            let at = row.time("Date")?;
            let Some(user) = row.number("UserId")? else {
                feed.skip(FILE.rows(), "badge", "it doesn't say whose it is");
                return Ok(());
            };
            if !users.exists([user])? {
                feed.skip(FILE.rows(), "badge", NO_USER);
                return Ok(());
            }
            once(
                row,
                insert.execute(params![id, user, at.as_micros(), at.day(), name]),
            )
        })
    }
}

const QUESTION: i64 = 1;
const ANSWER: i64 = 2;

/// Which posts there are.
struct Posts<'a>(rusqlite::Statement<'a>);

impl<'a> Posts<'a> {
    fn of(db: &'a Connection) -> rusqlite::Result<Self> {
        db.prepare("SELECT kind FROM posts WHERE id = ?1").map(Self)
    }

    /// The kind of a post that is imported, or why it isn't.
    fn kind(&mut self, post: i64) -> rusqlite::Result<Result<i64, &'static str>> {
        let kind: Option<Option<i64>> = self.0.query_row([post], |row| row.get(0)).optional()?;
        Ok(match kind {
            None => Err(NOT_IN_THE_DUMP),
            Some(None) => Err(NOT_IMPORTED),
            Some(Some(kind)) => Ok(kind),
        })
    }
}

/// An id that stands twice in a file is the dump's mistake.
fn once(row: &Row<'_>, inserted: rusqlite::Result<usize>) -> Result<(), ImportError> {
    match inserted {
        Ok(_) => Ok(()),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            let twice: Malformed = row.malformed("another row has this Id too", "every Id once");
            Err(twice.into())
        }
        Err(error) => Err(error.into()),
    }
}

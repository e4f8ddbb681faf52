//! The first pass: both files into the scratch file, and everything into its order.

use std::path::{Path, PathBuf};

use plaudit_domain::Time;
use rusqlite::{Connection, params};

use crate::csv_file::{self, Record};
use crate::error::{ImportError, Malformed, shown};
use crate::feed::{Feed, File};

pub(super) const COMMENTS: File = 0;
pub(super) const VOTES: File = 1;
const NAMES: [&str; 2] = ["comments.csv", "votes.csv"];

/// `at` is when it happened, in microseconds; `placed` is when it is told: a comment before the
/// first vote on it, a participant before everything they did. Votes are in the order of the file.
pub(super) const TABLES: &str = "
CREATE TABLE comments (id INTEGER PRIMARY KEY, author INT, at INT, placed INT, body TEXT);
CREATE INDEX comments_in_order ON comments (placed, id);
CREATE TABLE votes (id INTEGER PRIMARY KEY, comment INT, voter INT, at INT, vote INT);
CREATE INDEX votes_in_order ON votes (at, id);
CREATE TABLE participants (id INTEGER PRIMARY KEY, at INT, placed INT);
CREATE INDEX participants_in_order ON participants (placed, id);

-- How a voter stands to a comment so far, while the history is told.
CREATE TABLE stands (
    comment INT, voter INT, liked INT, votes INT, PRIMARY KEY (comment, voter)
) WITHOUT ROWID;
";

const PARTICIPANT: &str = "
INSERT INTO participants VALUES (?1, ?2, ?2)
ON CONFLICT (id) DO UPDATE SET at = excluded.at, placed = excluded.at WHERE excluded.at < at
";

/// What is referred to comes first, also where its own time is later.
const ORDER: &str = "
UPDATE comments SET placed = earlier.at
FROM (SELECT comment, min(votes.at) AS at
      FROM votes JOIN comments ON comments.id = comment WHERE votes.at < comments.at
      GROUP BY comment) AS earlier
WHERE comments.id = earlier.comment;
UPDATE participants SET placed = earlier.placed
FROM (SELECT author, min(comments.placed) AS placed
      FROM comments JOIN participants ON participants.id = author
      WHERE comments.placed < participants.placed
      GROUP BY author) AS earlier
WHERE participants.id = earlier.author;
";

/// The files of an export.
pub(super) struct Files([PathBuf; 2]);

impl Files {
    /// Looks whether they are there.
    pub(super) fn open(folder: &Path) -> Result<Self, ImportError> {
        let paths = NAMES.map(|name| folder.join(name));
        for (path, name) in paths.iter().zip(NAMES) {
            if !path.is_file() {
                return Err(ImportError::Folder {
                    folder: folder.to_owned(),
                    problem: format!(
                        "there is no {name}. The export of a Polis conversation is a folder with \
                         comments.csv and votes.csv"
                    ),
                });
            }
        }
        Ok(Self(paths))
    }
}

/// Reads both files. Nothing is recorded yet.
pub(super) fn stage(files: &Files, db: &Connection, feed: &mut Feed) -> Result<(), ImportError> {
    feed.files(NAMES.map(str::to_owned));
    let [comments, votes] = &files.0;
    let sizes = [comments, votes].map(|path| path.metadata().map_or(0, |file| file.len()));
    let total = Some(sizes.iter().sum());
    stage_comments(comments, db, feed, total)?;
    feed.read(sizes[COMMENTS], total)?;
    stage_votes(votes, db, feed, sizes[COMMENTS], total)?;
    db.execute_batch(ORDER)?;
    Ok(())
}

fn stage_comments(
    path: &Path,
    db: &Connection,
    feed: &mut Feed,
    total: Option<u64>,
) -> Result<(), ImportError> {
    let mut insert = db.prepare("INSERT OR IGNORE INTO comments VALUES (?1, ?2, ?3, ?3, ?4)")?;
    let mut participant = db.prepare(PARTICIPANT)?;
    let columns = ["timestamp", "comment-id", "author-id", "comment-body"];
    csv_file::read(path, &columns, |record, read| {
        feed.row(COMMENTS);
        feed.read(read, total)?;
        let at = time(record)?.as_micros();
        let (id, author) = (record.number("comment-id")?, record.number("author-id")?);
        if insert.execute(params![id, author, at, record.text("comment-body")])? == 0 {
            let found = format!("comment-id {id} stands in an earlier line too");
            return Err(record.malformed(found, "every comment once").into());
        }
        participant.execute([author, at])?;
        Ok(())
    })
}

fn stage_votes(
    path: &Path,
    db: &Connection,
    feed: &mut Feed,
    before: u64,
    total: Option<u64>,
) -> Result<(), ImportError> {
    let mut comment = db.prepare("SELECT 1 FROM comments WHERE id = ?1")?;
    let mut insert = db.prepare("INSERT INTO votes VALUES (NULL, ?1, ?2, ?3, ?4)")?;
    let mut participant = db.prepare(PARTICIPANT)?;
    let columns = ["timestamp", "comment-id", "voter-id", "vote"];
    let mut rows = 0_u64;
    csv_file::read(path, &columns, |record, read| {
        feed.row(VOTES);
        rows += 1;
        if rows.is_multiple_of(1024) {
            feed.read(before + read, total)?;
        }
        let at = time(record)?.as_micros();
        let (on, voter) = (record.number("comment-id")?, record.number("voter-id")?);
        let vote: i64 = match record.text("vote") {
            "1" => 1,
            "0" => 0,
            "-1" => -1,
            other => {
                let expected = "1 to agree, -1 to disagree or 0 to pass";
                return Err(record
                    .malformed(format!("vote is {}", shown(other)), expected)
                    .into());
            }
        };
        participant.execute([voter, at])?;
        if comment.exists([on])? {
            insert.execute([on, voter, at, vote])?;
        } else {
            feed.skip(VOTES, kind(vote), "its comment is not in comments.csv");
        }
        Ok(())
    })
}

/// What a vote says.
pub(super) fn kind(vote: i64) -> &'static str {
    match vote {
        1 => "agree",
        0 => "pass",
        _ => "disagree",
    }
}

/// Exports tell times in milliseconds.
fn time(record: &Record<'_>) -> Result<Time, Malformed> {
    let millis = record.number("timestamp")?;
    Ok(Time::from_micros(millis.saturating_mul(1000)))
}

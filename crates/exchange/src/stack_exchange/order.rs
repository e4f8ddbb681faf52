//! The order in which the history is told.
//!
//! By day, and in a day users, posts, comments and edits, votes, badges: because votes have only a day,
//! and many a vote is dated before the hour of its post. Within that, by time.
//!
//! Some posts are older than their authors, some answers older than their questions. Then what is
//! referred to is told before the first thing that refers to it; the time at which it happened
//! stays as it is.

use rusqlite::Connection;

/// Gives everything its day, and every post its place in it. Each step relies on those before.
pub(super) fn order(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(LAST_REVISIONS)?;
    db.execute_batch(POSTS)?;
    db.execute_batch(QUESTIONS)?;
    db.execute_batch(USERS)
}

/// A tag that was renamed or merged on the site is so in Posts.xml, but not in the history. So
/// what the last revision of a title and of tags says is what Posts.xml says.
const LAST_REVISIONS: &str = "
UPDATE revisions SET text = now.text
FROM (SELECT post, 1 AS field, title AS text FROM contents WHERE title IS NOT NULL
      UNION ALL SELECT post, 3, tags FROM contents WHERE tags IS NOT NULL) AS now
WHERE now.post = revisions.post AND now.field = revisions.field AND now.text <> revisions.text
  AND NOT EXISTS (
    SELECT 1 FROM revisions AS later
    WHERE later.post = revisions.post AND later.field = revisions.field
      AND (NOT later.initial, later.at, later.id)
        > (NOT revisions.initial, revisions.at, revisions.id));
";

/// A post comes before what is on it.
const POSTS: &str = "
UPDATE posts SET day = earlier.day
FROM (SELECT post, min(day) AS day
      FROM (SELECT post, votes.day FROM votes
              JOIN posts ON posts.id = post WHERE votes.day < posts.day
            UNION ALL
            SELECT post, comments.day FROM comments
              JOIN posts ON posts.id = post WHERE comments.day < posts.day
            UNION ALL
            SELECT post, revisions.day FROM revisions
              JOIN posts ON posts.id = post WHERE revisions.day < posts.day AND NOT initial)
      GROUP BY post) AS earlier
WHERE posts.id = earlier.post;
";

/// A question comes before its answers, also on the same day.
const QUESTIONS: &str = "
UPDATE posts SET day = min(posts.day, earlier.day), placed = min(posts.placed, earlier.placed)
FROM (SELECT question.id, min(answer.day) AS day, min(answer.placed) AS placed
      FROM posts AS answer JOIN posts AS question ON question.id = answer.parent
      WHERE answer.kind = 2 AND (answer.day < question.day OR answer.placed < question.placed)
      GROUP BY question.id) AS earlier
WHERE posts.id = earlier.id;
";

/// An account comes before what it did and was granted.
const USERS: &str = "
UPDATE users SET day = earlier.day
FROM (SELECT id, min(day) AS day
      FROM (SELECT users.id, posts.day FROM posts
              JOIN users ON users.id = owner WHERE posts.day < users.day AND kind IS NOT NULL
            UNION ALL
            SELECT users.id, comments.day FROM comments
              JOIN users ON users.id = author WHERE comments.day < users.day
            UNION ALL
            SELECT users.id, votes.day FROM votes
              JOIN users ON users.id = account WHERE votes.day < users.day
            UNION ALL
            SELECT users.id, badges.day FROM badges
              JOIN users ON users.id = account WHERE badges.day < users.day)
      GROUP BY id) AS earlier
WHERE users.id = earlier.id;
";

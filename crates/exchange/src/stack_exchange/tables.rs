//! The tables of the scratch file. What is large and rarely looked at comes last in a row, or has
//! a table of its own, so that looking up whose a post is stays cheap.

/// `at` is when it happened, in microseconds; `day` is the day on which it is told, which
/// [`order`](super::order) moves forward where something refers to it earlier.
pub(super) const TABLES: &str = "
CREATE TABLE users (id INTEGER PRIMARY KEY, at INT, day INT, name TEXT);
CREATE INDEX users_in_order ON users (day, at, id);

-- `kind` as in a dump; NULL where it isn't imported. `placed` is where it is told in its day.
CREATE TABLE posts (
    id INTEGER PRIMARY KEY, kind INT, owner INT, parent INT, at INT, day INT, placed INT
);
CREATE INDEX posts_in_order ON posts (day, placed, kind, id);
CREATE TABLE contents (post INTEGER PRIMARY KEY, title TEXT, tags TEXT, body TEXT);

CREATE TABLE comments (id INTEGER PRIMARY KEY, post INT, author INT, at INT, day INT, body TEXT);
CREATE INDEX comments_in_order ON comments (day, at, id);

-- `field` is 1 for the title, 2 for the body, 3 for the tags.
CREATE TABLE revisions (
    id INTEGER PRIMARY KEY, kind INT, post INT, field INT, initial INT, at INT, day INT, text TEXT
);
CREATE INDEX revisions_of_a_field ON revisions (post, field, initial, at, id);
CREATE INDEX edits_in_order ON revisions (day, at, id) WHERE NOT initial;

CREATE TABLE voters (vote INTEGER PRIMARY KEY, account INT);
CREATE TABLE votes (id INTEGER PRIMARY KEY, kind INT, post INT, account INT, at INT, day INT);
CREATE INDEX votes_in_order ON votes (day, at, id);

CREATE TABLE badges (id INTEGER PRIMARY KEY, account INT, at INT, day INT, name TEXT);
CREATE INDEX badges_in_order ON badges (day, at, id);

-- What the history amounts to so far, while it is told.
CREATE TABLE accepted (question INTEGER PRIMARY KEY, answer INT);
CREATE TABLE deleted (post INTEGER PRIMARY KEY);
CREATE TABLE liked (post INT, account INT, PRIMARY KEY (post, account)) WITHOUT ROWID;
CREATE TABLE watched (post INT, account INT, PRIMARY KEY (post, account)) WITHOUT ROWID;
";

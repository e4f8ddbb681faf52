//! Figures that rows keep, and how they are counted anew from other rows: apart from the folds, so that a
//! mistake in these shows, too (DOMAIN F8).

use plaudit_domain::kudos::Policy;
use plaudit_domain::post::Kind;
use plaudit_projection::{Account, Group, Meeting, Post, Profile, Row};

use crate::snapshot::Value;

/// A figure of every row of a table.
#[derive(Debug, Clone)]
pub struct Check {
    /// The table; its rows have a `key` and an `id`.
    pub table: &'static str,
    /// The column of the figure.
    pub column: &'static str,
    /// What it is counted from.
    pub from: &'static str,
    /// How: a query for `key` and `counted`; a row that it doesn't give counts 0.
    pub counted: String,
}

/// A row whose figure isn't what is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miscount {
    /// Its key.
    pub key: i64,
    /// Its public id.
    pub id: Value,
    /// What it keeps.
    pub kept: i64,
    /// What is counted.
    pub counted: i64,
}

/// Every check, for a programme with such a policy.
pub fn checks(policy: Policy) -> Vec<Check> {
    let mut checks = of_accounts();
    checks.extend(of_profiles(policy));
    checks.extend(of_posts());
    checks.extend(of_groups());
    checks.extend(of_meetings());
    checks
}

fn of_groups() -> Vec<Check> {
    let check = |column, from| Check {
        table: Group::TABLE,
        column,
        from,
        counted: grouped(from, "group_key", "count(*)", "TRUE"),
    };
    vec![
        check("members", "membership"),
        check("watchers", "group_watch"),
        check("leaders", "leader"),
    ]
}

fn of_meetings() -> Vec<Check> {
    let check = |column, from, counts: &str| Check {
        table: Meeting::TABLE,
        column,
        from,
        counted: grouped(from, "meeting", "count(*)", counts),
    };
    vec![
        check("going", "rsvp", "state = 'going'"),
        check("waiting", "rsvp", "state = 'waiting'"),
        check("not_going", "rsvp", "state = 'not_going'"),
        check("attended", "attendance", "TRUE"),
    ]
}

fn of_accounts() -> Vec<Check> {
    let check = |column, from, counted| Check {
        table: Account::TABLE,
        column,
        from,
        counted,
    };
    let written = |column, kind: Kind| {
        let counts = format!("kind = '{}' AND NOT hidden", kind.as_str());
        check(
            column,
            "post",
            grouped("post", "author", "count(*)", &counts),
        )
    };
    let liked = "post_like JOIN post ON post.key = post_like.post";
    let solutions = "post answer JOIN post question \
         ON question.key = answer.parent AND question.accepted_answer = answer.key";
    let linked = grouped("account", "profile", "count(*)", "profile <> key");
    vec![
        check(
            "points",
            "ledger",
            grouped("ledger", "account", "sum(points)", "TRUE"),
        ),
        check("linked", "account", linked),
        written("questions", Kind::Question),
        written("discussions", Kind::Discussion),
        written("articles", Kind::Article),
        written("answers", Kind::Answer),
        written("comments", Kind::Comment),
        check(
            "accepted_solutions",
            "post",
            grouped(
                solutions,
                "answer.author",
                "count(*)",
                "NOT answer.hidden AND NOT question.hidden",
            ),
        ),
        check(
            "likes_received",
            "post_like",
            grouped(liked, "post.author", "count(*)", "NOT post.hidden"),
        ),
        check(
            "likes_given",
            "post_like",
            grouped(liked, "post_like.account", "count(*)", "NOT post.hidden"),
        ),
        check(
            "courses_completed",
            "course",
            grouped("course", "account", "count(*)", "TRUE"),
        ),
        check(
            "peer_kudos_given",
            "gift",
            grouped("gift", "giver", "count(*)", "TRUE"),
        ),
        check(
            "peer_kudos_received",
            "gift",
            grouped("gift", "receiver", "count(*)", "TRUE"),
        ),
    ]
}

/// What the accounts of a profile have together.
fn of_profiles(policy: Policy) -> Vec<Check> {
    let check = |column, from, counted| Check {
        table: Profile::TABLE,
        column,
        from,
        counted,
    };
    let taking_part = match policy {
        Policy::Automatic => "TRUE",
        Policy::Waitlist => "enrolled_at IS NOT NULL",
    };
    let points = grouped("account", "profile", "sum(points)", taking_part);
    let courses = "course JOIN account ON account.key = course.account";
    let different = "count(DISTINCT course.course)";
    let mut checks = vec![
        check(
            "accounts",
            "account",
            grouped("account", "profile", "count(*)", "TRUE"),
        ),
        check("points", "account", points),
        check(
            "courses_completed",
            "course",
            grouped(courses, "account.profile", different, "TRUE"),
        ),
    ];
    let summed = [
        "questions",
        "discussions",
        "articles",
        "answers",
        "comments",
        "accepted_solutions",
        "likes_received",
        "likes_given",
        "peer_kudos_given",
        "peer_kudos_received",
    ];
    checks.extend(summed.map(|column| {
        let sum = format!("sum({column})");
        check(
            column,
            "account",
            grouped("account", "profile", &sum, "TRUE"),
        )
    }));
    checks
}

fn of_posts() -> Vec<Check> {
    let check = |column, from, counted| Check {
        table: Post::TABLE,
        column,
        from,
        counted,
    };
    let replies = |column, kind: Kind| {
        let counts = format!("kind = '{}' AND NOT hidden", kind.as_str());
        check(
            column,
            "post",
            grouped("post", "parent", "count(*)", &counts),
        )
    };
    vec![
        check(
            "likes",
            "post_like",
            grouped("post_like", "post", "count(*)", "TRUE"),
        ),
        check(
            "watchers",
            "post_watch",
            grouped("post_watch", "post", "count(*)", "TRUE"),
        ),
        replies("answers", Kind::Answer),
        replies("comments", Kind::Comment),
        check(
            "accepted",
            "post",
            grouped("post", "accepted_answer", "count(*)", "TRUE"),
        ),
    ]
}

/// Something counted for each row that a column names.
fn grouped(from: &str, by: &str, what: &str, counts: &str) -> String {
    format!(
        "SELECT {by} AS key, {what} AS counted FROM {from} \
         WHERE {by} IS NOT NULL AND {counts} GROUP BY {by}"
    )
}

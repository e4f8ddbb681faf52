//! What members did and received.

use async_graphql::SimpleObject;
use plaudit_projection::Counts;

use crate::scalar::{DateTime, int};

/// What a member did and received. What is deleted isn't counted.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct Totals {
    /// Questions, discussions, answers, articles and comments together.
    total_posts: i32,
    /// Questions asked.
    questions: i32,
    /// Discussions opened.
    discussions: i32,
    /// Answers given.
    answers: i32,
    /// Articles published.
    articles: i32,
    /// Comments made.
    comments: i32,
    /// Answers that the askers accepted.
    accepted_solutions: i32,
    /// Likes of posts of any kind.
    likes_received: i32,
    /// Likes of others' posts.
    likes_given: i32,
    /// Different courses completed.
    courses_completed: i32,
    /// Kudos that peers gave.
    peer_kudos_received: i32,
    /// When the first post other than a comment was written, whatever became of it.
    first_post_at: Option<DateTime>,
    /// When the latest post other than a comment was written, whatever became of it.
    last_post_at: Option<DateTime>,
}

impl From<&Counts> for Totals {
    fn from(counts: &Counts) -> Self {
        Self {
            total_posts: int(counts.total_posts()),
            questions: int(counts.questions),
            discussions: int(counts.discussions),
            answers: int(counts.answers),
            articles: int(counts.articles),
            comments: int(counts.comments),
            accepted_solutions: int(counts.accepted_solutions),
            likes_received: int(counts.likes_received),
            likes_given: int(counts.likes_given),
            courses_completed: int(counts.courses_completed),
            peer_kudos_received: int(counts.peer_kudos_received),
            first_post_at: counts.first_post_at.map(DateTime),
            last_post_at: counts.last_post_at.map(DateTime),
        }
    }
}

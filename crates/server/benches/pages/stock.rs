//! The same answers by async-graphql as it comes, with all there is to tell in memory, as text already.
//!
//! It needs less than an application of it would: nothing is looked up but the places in the lists, and no time or
//! id has to be written.

use std::collections::HashMap;
use std::path::Path;

use async_graphql::{
    ComplexObject, EmptyMutation, EmptySubscription, Enum, ID, InputObject, Object, Schema,
    SimpleObject,
};
use poem::{Endpoint, Request, Response, Route};
use serde::Deserialize;

use crate::shared::client::MEDIA_TYPE;
use crate::shared::load::serve;

/// What is served: what Plaudit told.
#[derive(Deserialize)]
struct Told {
    entries: Vec<Entry>,
    questions: Vec<QuestionEdge>,
}

#[derive(Deserialize, SimpleObject)]
struct Entry {
    cursor: String,
    rank: i32,
    points: i32,
    node: Profile,
}

#[derive(Deserialize, SimpleObject)]
#[graphql(complex)]
#[serde(rename_all = "camelCase")]
struct Profile {
    id: ID,
    name: Option<String>,
    member_since: Option<String>,
    totals: Option<Totals>,
    badges: Option<Vec<Badge>>,
    #[graphql(skip)]
    posts: Nodes<Post>,
}

#[derive(Deserialize, SimpleObject)]
#[serde(rename_all = "camelCase")]
struct Totals {
    total_posts: i32,
    answers: i32,
    accepted_solutions: i32,
    articles: i32,
    likes_received: i32,
}

#[derive(Deserialize, SimpleObject)]
struct Badge {
    key: String,
    title: String,
    times: i32,
}

#[derive(Deserialize, SimpleObject)]
#[serde(rename_all = "camelCase")]
struct Post {
    id: ID,
    title: Option<String>,
    created_at: String,
    like_count: i32,
}

#[derive(Deserialize)]
struct QuestionEdge {
    cursor: String,
    node: Question,
}

#[derive(Deserialize, SimpleObject)]
#[graphql(complex)]
#[serde(rename_all = "camelCase")]
struct Question {
    id: ID,
    title: Option<String>,
    created_at: String,
    like_count: i32,
    answer_count: i32,
    author: Option<Account>,
    #[graphql(skip)]
    answers: Nodes<Answer>,
}

#[derive(Deserialize, SimpleObject)]
#[serde(rename_all = "camelCase")]
struct Answer {
    id: ID,
    body: Option<String>,
    created_at: String,
    is_accepted: bool,
    like_count: i32,
    author: Option<Account>,
}

#[derive(Deserialize, SimpleObject)]
struct Account {
    id: ID,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Nodes<T> {
    nodes: Vec<T>,
}

impl<T> Nodes<T> {
    fn first(&self, first: usize) -> &[T] {
        &self.nodes[..first.min(self.nodes.len())]
    }
}

struct Query {
    told: Told,
    /// Places in the lists.
    profiles: HashMap<String, usize>,
    entries: HashMap<String, usize>,
    questions: HashMap<String, usize>,
}

struct Leaderboard<'a>(&'a Query);
struct Entries<'a>(&'a [Entry]);
struct Questions<'a>(&'a [QuestionEdge]);
struct Answers<'a>(&'a [Answer]);
struct Posts<'a>(&'a [Post]);

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum PostKind {
    Question,
}

#[derive(InputObject)]
struct PostFilter {
    kinds: Option<Vec<PostKind>>,
}

#[Object]
impl Query {
    async fn profile(&self, id: ID) -> Option<&Profile> {
        let place = *self.profiles.get(id.as_str())?;
        Some(&self.told.entries[place].node)
    }

    async fn leaderboard(&self) -> Leaderboard<'_> {
        Leaderboard(self)
    }

    async fn posts(
        &self,
        first: usize,
        after: Option<String>,
        filter: Option<PostFilter>,
    ) -> Questions<'_> {
        let kinds = filter.and_then(|filter| filter.kinds);
        assert!(kinds.is_some_and(|kinds| kinds == [PostKind::Question]));
        Questions(page(
            &self.told.questions,
            &self.questions,
            first,
            after.as_deref(),
        ))
    }
}

#[Object]
impl Leaderboard<'_> {
    async fn entries(&self, first: usize, after: Option<String>) -> Entries<'_> {
        let Query { told, entries, .. } = self.0;
        Entries(page(&told.entries, entries, first, after.as_deref()))
    }
}

#[Object]
impl Entries<'_> {
    async fn edges(&self) -> &[Entry] {
        self.0
    }
}

#[Object]
impl Questions<'_> {
    async fn nodes(&self) -> Vec<&Question> {
        self.0.iter().map(|edge| &edge.node).collect()
    }
}

#[Object]
impl Answers<'_> {
    async fn nodes(&self) -> &[Answer] {
        self.0
    }
}

#[Object]
impl Posts<'_> {
    async fn nodes(&self) -> &[Post] {
        self.0
    }
}

#[ComplexObject]
impl Profile {
    async fn posts(&self, first: usize) -> Posts<'_> {
        Posts(self.posts.first(first))
    }
}

#[ComplexObject]
impl Question {
    async fn answers(&self, first: usize) -> Answers<'_> {
        Answers(self.answers.first(first))
    }
}

/// So many of a list, behind a cursor.
fn page<'a, T>(
    all: &'a [T],
    places: &HashMap<String, usize>,
    first: usize,
    after: Option<&str>,
) -> &'a [T] {
    let from = after.map_or(0, |after| places[after] + 1);
    &all[from..(from + first).min(all.len())]
}

fn places<'a, T: 'a>(
    all: impl IntoIterator<Item = &'a T>,
    key: impl Fn(&T) -> &str,
) -> HashMap<String, usize> {
    let keys = all.into_iter().enumerate();
    keys.map(|(place, one)| (key(one).to_owned(), place))
        .collect()
}

struct GraphQl(Schema<Query, EmptyMutation, EmptySubscription>);

impl Endpoint for GraphQl {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let body = request.take_body().into_bytes().await?;
        let request: async_graphql::Request = serde_json::from_slice(&body).unwrap();
        let response = self.0.execute(request).await;
        let body = serde_json::to_vec(&response).unwrap();
        Ok(Response::builder().content_type(MEDIA_TYPE).body(body))
    }
}

/// Serves what was told, kept in a file.
pub async fn serve_told(file: &Path) {
    let told: Told = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let query = Query {
        profiles: places(&told.entries, |entry| entry.node.id.as_str()),
        entries: places(&told.entries, |entry| &entry.cursor),
        questions: places(&told.questions, |question| &question.cursor),
        told,
    };
    let schema = Schema::new(query, EmptyMutation, EmptySubscription);
    serve(Route::new().at("/graphql", GraphQl(schema))).await;
}

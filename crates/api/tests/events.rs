//! The history, for analysts (DOMAIN H1).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::{Value, value};
use async_trait::async_trait;
use plaudit_domain::account::Register;
use plaudit_domain::erasure::{Content, Erased};
use plaudit_domain::fact::AccountFact;
use plaudit_domain::like::LikePost;
use plaudit_domain::post::{Answer, Open, Topic};
use plaudit_domain::{
    AccountId, Actor, Event, NewEvent, Position, PostId, Roles, StreamName, Visibility, profile,
};
use plaudit_journal::inspection::Extent;
use plaudit_journal::search::{Found, Search};
use plaudit_journal::{
    AppendError, Appended, Expected, Journal, JournalError, Part, SharedJournal, Tell,
};
use uuid::Uuid;

use crate::community::{Asked, actor, journal};

pub fn analyst() -> Actor {
    Actor {
        roles: Roles {
            analyst: true,
            ..Roles::default()
        },
        ..actor("cleo")
    }
}

pub fn post(number: u128) -> PostId {
    PostId(Uuid::from_u128(number))
}

/// Ada asks, Ben answers and likes; Dora has nothing to do with it.
pub async fn community() -> Asked {
    let asked = Asked::new().await;
    for name in ["ada", "ben", "dora"] {
        register(&asked, name).await;
    }
    ask(&asked, 1).await;
    reply(&asked, 2).await;
    asked.record(actor("ben"), LikePost { post: post(1) }).await;
    asked
        .record(actor("dora"), LikePost { post: post(2) })
        .await;
    folded(&asked).await;
    asked
}

pub async fn register(asked: &Asked, name: &str) {
    let register = Register { name: name.into() };
    asked.record(actor(name), register).await;
}

pub async fn ask(asked: &Asked, number: u128) {
    let open = Open {
        post: post(number),
        topic: Topic::Question,
        group: None,
        title: "How hot?".into(),
        body: "My oven.".into(),
        tags: vec![],
        without_review: false,
    };
    asked.record(actor("ada"), open).await;
}

async fn reply(asked: &Asked, number: u128) {
    let answer = Answer {
        post: post(number),
        question: post(1),
        body: "220 °C.".into(),
    };
    asked.record(actor("ben"), answer).await;
}

pub async fn folded(asked: &Asked) {
    let head = asked.community.journal().head().await.unwrap();
    let patience = std::time::Duration::from_secs(5);
    assert!(asked.community.readable(head, patience).await);
}

/// The id of the account, and of the profile, of somebody.
async fn ids(asked: &Asked, name: &str) -> (Value, Value) {
    let query = "{ viewer { id profile { id } } }";
    let data = asked.data(Some(actor(name)), query, Value::Null).await;
    let viewer = at(&data, "viewer");
    (
        at(viewer, "id").clone(),
        at(at(viewer, "profile"), "id").clone(),
    )
}

fn at<'a>(value: &'a Value, key: &str) -> &'a Value {
    let Value::Object(fields) = value else {
        panic!("{value} is an object");
    };
    &fields[key]
}

fn list(value: &Value) -> &[Value] {
    let Value::List(values) = value else {
        panic!("{value} is a list");
    };
    values
}

fn text(value: &Value) -> &str {
    let Value::String(text) = value else {
        panic!("{value} is a text");
    };
    text
}

/// The positions that a filter leaves, oldest first.
async fn positions(asked: &Asked, filter: Value) -> Vec<String> {
    let query = "query ($filter: EventFilter) {
        events(filter: $filter, order: OLDEST_FIRST, first: 100) { nodes { position } } }";
    let data = asked.data(Some(analyst()), query, value!({ "filter": filter }));
    let data = data.await;
    let nodes = list(at(at(&data, "events"), "nodes")).iter();
    nodes
        .map(|node| text(at(node, "position")).to_owned())
        .collect()
}

/// The code of the first error of an operation.
async fn code(asked: &Asked, viewer: Option<Actor>, query: &str) -> String {
    let answer = asked.answer(viewer, query, None, Value::Null).await;
    let error = &list(at(&answer, "errors"))[0];
    text(at(at(error, "extensions"), "code")).to_owned()
}

#[tokio::test]
async fn only_analysts_read_the_history() {
    let asked = community().await;
    let with = |roles| {
        Some(Actor {
            roles,
            ..actor("ada")
        })
    };
    let everybody_else = [
        None,
        with(Roles::default()),
        with(Roles {
            admin: true,
            community_manager: true,
            service: true,
            ..Roles::default()
        }),
    ];
    for viewer in everybody_else {
        for query in [
            "{ events { nodes { position } } }",
            r#"{ event(position: "1") { position } }"#,
        ] {
            assert_eq!(code(&asked, viewer, query).await, "FORBIDDEN");
        }
        let query = "{ leaderboard { entries { nodes { timeline { nodes { position } } } } } }";
        let data = asked.data(viewer, query, Value::Null).await;
        let entries = at(at(&data, "leaderboard"), "entries");
        for profile in list(at(entries, "nodes")) {
            assert_eq!(at(profile, "timeline"), &Value::Null);
        }
    }
    assert_eq!(positions(&asked, value!({})).await.len(), 7);
}

#[tokio::test]
async fn a_filter_leaves_what_it_says() {
    let asked = community().await;
    let (ada, profile) = ids(&asked, "ada").await;
    let (ben, _) = ids(&asked, "ben").await;
    let question = {
        let query = "{ posts(filter: { kinds: [QUESTION] }) { nodes { id } } }";
        let data = asked.data(None, query, Value::Null).await;
        at(&list(at(at(&data, "posts"), "nodes"))[0], "id").clone()
    };
    let events = asked.community.journal().read_all(0, 10).await.unwrap();
    let third = events[2].recorded_at.to_string();
    let stream = format!("post-{}", post(1));
    // Registrations are 1 to 3; 4 is the question, 5 the answer, 6 Ben's like and 7 Dora's.
    for (filter, expected) in [
        (value!({}), "1 2 3 4 5 6 7"),
        (value!({ "types": ["PostLiked", "PostCreated"] }), "4 5 6 7"),
        (value!({ "types": [] }), "1 2 3 4 5 6 7"),
        (value!({ "streams": ["account"] }), "1 2 3"),
        (value!({ "streams": [stream, "like"] }), "4 6 7"),
        (value!({ "streams": ["links"] }), ""),
        (value!({ "actor": ben.clone() }), "2 5 6"),
        (
            value!({ "actor": ben.clone(), "types": ["PostLiked"] }),
            "6",
        ),
        // She asked, and was answered and liked.
        (value!({ "subject": ada.clone() }), "1 4 5 6"),
        (value!({ "subject": profile.clone() }), "1 4 5 6"),
        (
            value!({ "subject": ada.clone(), "actor": ben.clone() }),
            "5 6",
        ),
        (value!({ "subject": question.clone() }), "4 5 6"),
        (value!({ "subject": question, "streams": ["like"] }), "6"),
        (value!({ "recordedFrom": third.clone() }), "3 4 5 6 7"),
        (value!({ "recordedTo": third.clone() }), "1 2"),
        (
            value!({ "occurredFrom": third.clone(), "actor": ben }),
            "5 6",
        ),
        (value!({ "occurredTo": "1999-01-01T00:00:00Z" }), ""),
    ] {
        let found = positions(&asked, filter.clone()).await;
        assert_eq!(found.join(" "), expected, "{filter}");
    }
}

#[tokio::test]
async fn a_filter_that_can_not_be_meant_is_refused() {
    let asked = community().await;
    for (filter, message) in [
        (
            r#"types: ["PostLike"]"#,
            r#"there is no event type "PostLike": did you mean "PostLiked"?"#,
        ),
        (
            r#"streams: ["psot"]"#,
            r#"there is no stream "psot", nor such a category: did you mean "post"?"#,
        ),
        (
            r#"occurredFrom: "2026-02-01T00:00:00Z", occurredTo: "2026-01-01T00:00:00Z""#,
            "occurredFrom, 2026-02-01T00:00:00Z, is after occurredTo, 2026-01-01T00:00:00Z: swap them",
        ),
        (
            r#"subject: "nobody""#,
            r#""nobody" is not the id of anything: use an id that this API gave you"#,
        ),
    ] {
        let query = format!("{{ events(filter: {{ {filter} }}) {{ nodes {{ position }} }} }}");
        let answer = asked
            .answer(Some(analyst()), &query, None, Value::Null)
            .await;
        let error = &list(at(&answer, "errors"))[0];
        assert_eq!(text(at(error, "message")), message);
    }
    let query = r#"{ events(after: "post") { nodes { position } } }"#;
    assert_eq!(code(&asked, Some(analyst()), query).await, "INVALID_PAGE");
    let six = (0..6).map(|n| format!("e{n}: events {{ nodes {{ position }} }}"));
    let six = format!("{{ {} }}", six.collect::<Vec<_>>().join(" "));
    assert_eq!(
        code(&asked, Some(analyst()), &six).await,
        "TOO_MANY_SEARCHES"
    );
}

/// Page after page, each behind the one before.
async fn pages(asked: &Asked, list_of: &str, order: &str, backward: bool) -> Vec<String> {
    let mut all = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let (count, beyond, more, end) = match backward {
            false => ("first", "after", "hasNextPage", "endCursor"),
            true => ("last", "before", "hasPreviousPage", "startCursor"),
        };
        let query = format!(
            "query ($cursor: String) {{ events(order: {order}, {list_of} {count}: 2, {beyond}: $cursor) {{
                edges {{ cursor node {{ position }} }} pageInfo {{ {more} {end} }} }} }}"
        );
        let variables = value!({ "cursor": cursor });
        let data = asked.data(Some(analyst()), &query, variables).await;
        let page = at(&data, "events");
        let mut positions = Vec::new();
        for edge in list(at(page, "edges")) {
            assert_eq!(at(edge, "cursor"), at(at(edge, "node"), "position"));
            positions.push(text(at(edge, "cursor")).to_owned());
        }
        if backward {
            positions.reverse();
        }
        all.extend(positions);
        cursor = at(at(page, "pageInfo"), end).clone();
        if at(at(page, "pageInfo"), more) == &Value::from(false) {
            return all;
        }
    }
}

#[tokio::test]
async fn pages_hold_every_event_once_in_either_order_from_either_end() {
    let asked = community().await;
    let (ada, _) = ids(&asked, "ada").await;
    let of_ada = format!("filter: {{ subject: {ada} }},");
    for (list_of, expected) in [("", "1 2 3 4 5 6 7"), (&of_ada, "1 4 5 6")] {
        let oldest: Vec<&str> = expected.split(' ').collect();
        let mut newest = oldest.clone();
        newest.reverse();
        assert_eq!(pages(&asked, list_of, "OLDEST_FIRST", false).await, oldest);
        assert_eq!(pages(&asked, list_of, "OLDEST_FIRST", true).await, newest);
        assert_eq!(pages(&asked, list_of, "NEWEST_FIRST", false).await, newest);
        assert_eq!(pages(&asked, list_of, "NEWEST_FIRST", true).await, oldest);
    }
}

/// The body of the question, and whether something of it is gone.
async fn question(asked: &Asked, personal: bool) -> (Value, Value) {
    let query = "query ($personal: Boolean!) {
        event(position: \"4\") { body(personal: $personal) isWithheld } }";
    let variables = value!({ "personal": personal });
    let data = asked.data(Some(analyst()), query, variables).await;
    let event = at(&data, "event");
    (
        at(at(event, "body"), "title").clone(),
        at(event, "isWithheld").clone(),
    )
}

#[tokio::test]
async fn h4_personal_data_is_told_who_asks_for_it_until_it_is_erased() {
    let asked = community().await;
    assert_eq!(question(&asked, false).await, (Value::Null, false.into()));
    assert_eq!(
        question(&asked, true).await,
        ("How hot?".into(), false.into())
    );
    let erased = Erased {
        account: actor("ada").account,
        content: Content::Remove,
    };
    asked.happened(AccountFact::Erased(erased)).await;
    folded(&asked).await;
    assert_eq!(question(&asked, true).await, (Value::Null, true.into()));
    let (ada, _) = (
        positions(&asked, value!({ "types": ["AccountErased"] })).await,
        (),
    );
    assert_eq!(ada.len(), 1, "that it happened stays");
}

#[tokio::test]
async fn p6_of_a_private_profile_analysts_get_the_history_and_nothing_else() {
    let asked = community().await;
    let (ada, profile) = ids(&asked, "ada").await;
    let query = "query ($id: ID!) { profile(id: $id) {
        totals { questions } timeline(filter: { types: [\"PostLiked\"] }) { nodes { position } } } }";
    let variables = value!({ "id": profile });
    let data = asked.data(Some(analyst()), query, variables.clone()).await;
    let timeline = at(at(&data, "profile"), "timeline");
    assert_eq!(timeline, &value!({ "nodes": [{ "position": "6" }] }));
    let hide = profile::ChangeVisibility {
        visibility: Visibility::Private,
    };
    asked.record(actor("ada"), hide).await;
    folded(&asked).await;
    let data = asked.data(Some(analyst()), query, variables.clone()).await;
    let hidden = at(&data, "profile");
    assert_eq!(at(hidden, "totals"), &Value::Null);
    // The history itself stays what it is, whichever way it is asked for.
    assert_eq!(
        at(hidden, "timeline"),
        &value!({ "nodes": [{ "position": "6" }] })
    );
    assert_eq!(positions(&asked, value!({ "subject": ada })).await.len(), 5);
    assert_eq!(
        positions(&asked, value!({ "subject": profile }))
            .await
            .len(),
        5
    );
    let data = asked.data(Some(actor("ben")), query, variables).await;
    assert_eq!(at(at(&data, "profile"), "timeline"), &Value::Null);
}

#[tokio::test]
async fn an_event_names_what_it_is_about() {
    let asked = community().await;
    let query = r#"{ event(position: "6") { actor { name } subjects {
        ... on Account { name } ... on Post { title } } } }"#;
    let data = asked.data(Some(analyst()), query, Value::Null).await;
    let event = at(&data, "event");
    assert_eq!(at(event, "actor"), &value!({ "name": "ben" }));
    let subjects = list(at(event, "subjects")).iter().map(Value::to_string);
    let expected = [
        "{name: \"ada\"}",
        "{name: \"ben\"}",
        "{title: \"How hot?\"}",
    ];
    let expected: BTreeSet<_> = expected.into_iter().map(str::to_owned).collect();
    assert_eq!(subjects.collect::<BTreeSet<_>>(), expected);
    let past_the_end = r#"{ event(position: "8") { position } }"#;
    let data = asked.data(Some(analyst()), past_the_end, Value::Null).await;
    assert_eq!(at(&data, "event"), &Value::Null);
}

/// A journal that counts the events that are read from it one by one.
struct Counted {
    journal: SharedJournal,
    read: Arc<AtomicUsize>,
}

impl Counted {
    fn count(&self, events: Result<Vec<Event>, JournalError>) -> Result<Vec<Event>, JournalError> {
        let read = events.as_ref().map_or(0, Vec::len);
        self.read.fetch_add(read, Ordering::Relaxed);
        events
    }
}

#[async_trait]
impl Journal for Counted {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        self.journal.append(stream, expected, events).await
    }

    async fn append_many(&self, events: Vec<NewEvent>) -> Result<Appended, AppendError> {
        self.journal.append_many(events).await
    }

    async fn read_stream_from(
        &self,
        stream: &StreamName,
        revision: u64,
    ) -> Result<Vec<Event>, JournalError> {
        self.count(self.journal.read_stream_from(stream, revision).await)
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.count(self.journal.read_all(after, limit).await)
    }

    async fn read_kept(&self, part: Part<'_>, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.journal.read_kept(part, limit).await
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Event>, JournalError> {
        self.count(self.journal.read_at(positions).await)
    }

    async fn search(&self, search: &Search<'_>) -> Result<Found, JournalError> {
        let found = self.journal.search(search).await?;
        self.read.fetch_add(found.events.len(), Ordering::Relaxed);
        Ok(found)
    }

    async fn head(&self) -> Result<Position, JournalError> {
        self.journal.head().await
    }

    async fn wait_past(&self, position: Position) -> Result<(), JournalError> {
        self.journal.wait_past(position).await
    }

    async fn forget(&self, account: AccountId, content: Content) -> Result<bool, JournalError> {
        self.journal.forget(account, content).await
    }

    async fn inspect(&self, extent: Extent, tell: Tell<'_>) -> Result<(), JournalError> {
        self.journal.inspect(extent, tell).await
    }
}

#[tokio::test]
async fn a_page_reads_no_more_events_than_it_shows_however_many_there_are() {
    let directory = tempfile::tempdir().unwrap();
    let read = Arc::new(AtomicUsize::new(0));
    let journal = Counted {
        journal: journal(directory.path()),
        read: read.clone(),
    };
    let asked = Asked::with(directory, Arc::new(journal)).await;
    for name in ["ada", "ben", "dora"] {
        register(&asked, name).await;
    }
    for number in 1..500 {
        ask(&asked, number).await;
    }
    folded(&asked).await;
    let (ada, profile) = ids(&asked, "ada").await;
    let (ben, _) = ids(&asked, "ben").await;
    let mut pages = vec![
        ("{ events(first: 5) { nodes { position } } }".to_owned(), 6),
        ("{ events(last: 5) { nodes { position } } }".to_owned(), 6),
        (r#"{ event(position: "7") { position } }"#.to_owned(), 1),
    ];
    for (filter, most) in [
        (format!("subject: {ada}"), 6),
        (format!("subject: {ben}"), 1),
        (format!("actor: {ben}"), 1),
        (r#"types: ["PostLiked"]"#.to_owned(), 0),
        (
            r#"streams: ["like"], recordedTo: "1999-01-01T00:00:00Z""#.to_owned(),
            0,
        ),
    ] {
        let query =
            format!("{{ events(filter: {{ {filter} }}, first: 5) {{ nodes {{ position }} }} }}");
        pages.push((query, most));
    }
    let timeline = "timeline(first: 5) { nodes { position } }";
    pages.push((format!("{{ profile(id: {profile}) {{ {timeline} }} }}"), 6));
    for (query, most) in pages {
        let before = read.load(Ordering::Relaxed);
        asked.data(Some(analyst()), &query, Value::Null).await;
        assert_eq!(read.load(Ordering::Relaxed) - before, most, "{query}");
    }
}

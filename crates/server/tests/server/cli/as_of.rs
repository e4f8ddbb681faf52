//! `plaudit replay`, what is made of it, and the same by way of GraphQL (DOMAIN H2).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use plaudit_domain::Time;
use serde_json::{Value, json};

use super::community::{Community, Ran, plaudit, text};
use super::running::{Client, Server, soon};
use super::sites::beer;
use super::tables::ndjson;

/// Somebody who may look back; nobody in the demo is.
const ANALYST: &str = "00000000-0000-4000-8000-000000000001";

const WHAT_OF_A_PROFILE: &str = "
    name visibility memberSince lastActiveAt page { title description }
    totals {
        totalPosts questions discussions answers articles comments acceptedSolutions
        likesReceived likesGiven coursesCompleted peerKudosReceived firstPostAt lastPostAt
    }
    badges { key title kind times firstAwardedAt latestAwardedAt }
    courses { key completedAt }
    certifications { key awardedAt isExpired }
    groups { id name memberCount }
    kudos { points rank level { name number reachedAt } peerKudos { received } }
    lozenge { state since lozenge { key } }
    lozenges { state since company lozenge { key } }
    posts(first: 20) { nodes { id title body likeCount commentCount } }
";

const GROUP: &str = "query($id: ID!, $at: DateTime) {
    group(id: $id, asOf: $at) {
        name memberCount watcherCount
        activity { at status daysLeft heldLast365Days lastHeldAt activeUntil }
        leaders { account { name } }
        meetings(first: 20) { nodes { title startsAt } }
    }
}";

fn profile(id: &str, as_of: Option<&str>) -> String {
    let at = as_of.map_or_else(String::new, |at| format!(", asOf: {at:?}"));
    format!("{{ profile(id: {id:?}{at}) {{ {WHAT_OF_A_PROFILE} }} }}")
}

/// Read models of a moment in a folder of the community's own.
fn replay(community: &Community, at: &str, into: &Path) -> String {
    community.does(["replay", "--as-of", at, "--into", text(into)])
}

/// A client that may look back, of a server on some directory.
fn analyst(server: &Server, data: &Path) -> Client {
    let mut token = plaudit(["--data", text(data), "token", "--account", ANALYST]);
    let token = Ran::of(token.args(["--role", "analyst"]));
    assert_eq!(token.code, Some(0), "{token:?}");
    server.client().with_token(token.printed.trim())
}

fn serve(data: &Path) -> Server {
    let arguments = ["serve", "--dev", "--read-only", "--listen", "127.0.0.1:0"];
    let mut serve = plaudit(["--data", text(data)]);
    serve.args(arguments);
    Server::run(serve)
}

/// The ids of all profiles, and all moments at which something happened.
fn members_and_moments(community: &Community, client: &Client) -> (Vec<String>, Vec<String>) {
    let query = "query($after: String) { posts(first: 100, after: $after,
        filter: { kinds: [QUESTION, DISCUSSION, ARTICLE, ANSWER, COMMENT] }) {
        nodes { author { profile { id } } } pageInfo { hasNextPage endCursor }
    } }";
    let mut members = BTreeMap::new();
    let mut after = Value::Null;
    loop {
        let posts = client.graphql(query, json!({ "after": after }))["posts"].take();
        for post in posts["nodes"].as_array().unwrap() {
            if let Some(id) = post["author"]["profile"]["id"].as_str() {
                members.insert(id.to_owned(), ());
            }
        }
        if posts["pageInfo"]["hasNextPage"] != true {
            break;
        }
        after = posts["pageInfo"]["endCursor"].clone();
    }
    let events = community.events();
    let moments = events
        .iter()
        .map(|event| event["occurred_at"].as_str().unwrap().to_owned());
    (members.into_keys().collect(), moments.collect())
}

/// Numbers that are the same each time, and in no order.
fn numbers() -> impl Iterator<Item = usize> {
    std::iter::successors(Some(20_u64), |&last| {
        Some(
            last.wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407),
        )
    })
    .map(|number| (number >> 33) as usize)
}

#[test]
fn h2_twenty_members_at_twenty_moments_are_the_same_in_a_replay() {
    twenty_are_the_same(&Community::demo());
}

/// In the order of its import times don't go up.
#[test]
fn h2_so_are_those_of_a_real_site() {
    if let Some(site) = beer() {
        twenty_are_the_same(&site.community());
    }
}

fn twenty_are_the_same(community: &Community) {
    let server = Server::start(community, []);
    let client = analyst(&server, community.path());
    let (members, moments) = members_and_moments(community, &client);
    assert!(members.len() > 20 && moments.len() > 500);
    let mut numbers = numbers().skip(1);
    let mut there = 0;
    for round in 0..20 {
        let member = &members[numbers.next().unwrap() % members.len()];
        let moment = &moments[numbers.next().unwrap() % moments.len()];
        let into = community.path().join(format!("round {round}"));
        replay(community, moment, &into);
        let past = serve(&into);
        let replayed = analyst(&past, &into).graphql(&profile(member, None), json!({}));
        let asked = patiently(&client, &profile(member, Some(moment)));
        assert_eq!(asked, replayed, "{member} at {moment}");
        there += usize::from(asked["profile"]["name"].is_string());
    }
    assert!(there > 5, "{there}");
}

/// What is answered once it is worked out.
fn patiently(client: &Client, query: &str) -> Value {
    soon("it is worked out", || {
        let mut answer = client.try_graphql(query, json!({})).unwrap();
        let error = &answer["errors"][0]["extensions"]["code"];
        if error == "BUILDING" {
            return None;
        }
        assert_eq!(*error, Value::Null, "{answer}");
        Some(answer["data"].take())
    })
}

/// DOMAIN G6: what depends on the clock is of then.
#[test]
fn h2_how_active_a_group_was_is_of_the_moment() {
    let community = Community::demo();
    let server = Server::start(&community, []);
    let client = analyst(&server, community.path());
    let groups = "{ groups(first: 20) { nodes { id name } } }";
    let groups = client.graphql(groups, json!({}));
    let nodes = groups["groups"]["nodes"].as_array().unwrap();
    let toronto = nodes
        .iter()
        .find(|group| group["name"] == "Toronto Dough")
        .unwrap();
    let mut seen = Vec::new();
    for at in ["2026-05-15T00:00:00Z", "2026-10-15T00:00:00Z"] {
        let variables = json!({ "id": toronto["id"], "at": at });
        let group = client.graphql(GROUP, variables)["group"].take();
        let into = community.path().join(&at[..7]);
        replay(&community, at, &into);
        let past = serve(&into);
        let now = json!({ "id": toronto["id"] });
        let replayed = analyst(&past, &into).graphql(GROUP, now)["group"].take();
        assert_eq!(group, replayed);
        assert_eq!(group["activity"]["at"], at);
        seen.push(group["activity"].clone());
    }
    assert_ne!(seen[0]["status"], seen[1]["status"], "{seen:?}");
}

#[test]
fn h2_a_replay_is_served_and_exported_and_nothing_else() {
    let community = Community::demo();
    let into = community.path().join("then");
    let said = replay(&community, "2026-03-31", &into);
    assert!(said.contains("2026-03-31T23:59:59.999999Z"), "{said}");
    let about: Value = serde_json::from_slice(&fs::read(into.join("as-of.json")).unwrap()).unwrap();
    let is_before = |event: &&Value| {
        event["occurred_at"]
            .as_str()
            .unwrap()
            .parse::<Time>()
            .unwrap()
            <= "2026-03-31T23:59:59.999999Z".parse().unwrap()
    };
    let events = community.events();
    let before = events.iter().filter(is_before).count();
    assert!(about["events"].as_u64().unwrap() >= before as u64);
    assert_eq!(about["left_out"], 0);

    let export = |data: &Path, table: &str| {
        Ran::of(plaudit(["--data", text(data), "export", table]).arg("--personal"))
    };
    let posts = Ran::of(&mut plaudit(["--data", text(&into), "export", "posts"])).printed;
    let created = ["PostCreated", "ArticleSubmitted"];
    let written = events.iter().filter(is_before);
    let written = written.filter(|event| created.contains(&event["type"].as_str().unwrap()));
    assert_eq!(ndjson(&posts).len(), written.count());
    assert_eq!(export(&into, "profiles").code, Some(0));
    let why = export(&into, "events").complaint(1);
    assert!(why.contains("there is no journal here"), "{why}");
    for command in [
        &["rebuild"][..],
        &["verify"],
        &["serve", "--listen", "127.0.0.1:0"],
        &["import", "events", "-"],
    ] {
        let why = Ran::of(plaudit(["--data", text(&into)]).args(command)).complaint(1);
        assert!(
            why.contains("plaudit serve --read-only"),
            "{command:?}: {why}"
        );
    }
    let events = ["serve", "--read-only", "--eventstore-listen", "127.0.0.1:0"];
    let serving = ["--listen", "127.0.0.1:0", "--data", text(&into)];
    let why = Ran::of(&mut plaudit(events.into_iter().chain(serving))).complaint(2);
    assert!(why.contains("no history"), "{why}");
    let mut files: Vec<_> = fs::read_dir(&into)
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    files.retain(|name| !name.to_string_lossy().starts_with("read-models.sqlite"));
    files.sort();
    assert_eq!(files, ["as-of.json", "rules"]);
    let why =
        Ran::of(&mut community.plaudit(["replay", "--as-of", "2026-03-31", "--into", text(&into)]));
    assert!(why.complaint(1).contains("there is something here already"));
}

#[test]
fn h2_a_moment_has_to_be_one_that_was() {
    let community = Community::demo();
    let into = community.path().join("then");
    let why = community.misused(["replay", "--as-of", "2999-01-01", "--into", text(&into)]);
    assert!(why.contains("still to come"), "{why}");
    let why = community.misused(["replay", "--as-of", "yesterday", "--into", text(&into)]);
    assert!(why.contains("or a date like 2026-01-31"), "{why}");
    assert!(!into.exists());
    let said = replay(&community, "1999-01-01", &into);
    assert!(said.contains("hadn't begun"), "{said}");
    let empty = serve(&into);
    assert_eq!(empty.client().get("/health/ready", "").status, 200);
    assert_eq!(analyst(&empty, &into).posts(), 0);
}

#[test]
fn what_is_only_read_is_not_changed() {
    let community = Community::demo();
    // A first server makes the read models and the key of the tokens.
    drop(Server::start(&community, []));
    let kept = |name: &str| fs::read(community.path().join(name)).unwrap();
    let names = [
        "journal.sqlite",
        "keys.sqlite",
        "read-models/1.sqlite",
        "read-models/current",
    ];
    let before = names.map(kept);
    let server = serve(community.path());
    let client = server.client();
    assert!(client.posts() > 50);
    let ready = client.get("/health/ready", "");
    assert_eq!(ready.status, 200);
    assert_eq!(ready.json()["projections"][0]["phase"], "read_only");
    let ask =
        "mutation { questionCreate(input: { title: \"Now?\", body: \"Yes?\" }) { post { id } } }";
    let answer = client.try_graphql(ask, json!({})).unwrap();
    assert_eq!(
        answer["errors"][0]["extensions"]["code"], "READ_ONLY",
        "{answer}"
    );
    let back = "{ leaderboard(asOf: \"2026-06-01T00:00:00Z\", rulesAt: NOW) { period } }";
    let answer = analyst(&server, community.path())
        .try_graphql(back, json!({}))
        .unwrap();
    assert_eq!(
        answer["errors"][0]["extensions"]["code"], "NO_JOURNAL",
        "{answer}"
    );
    assert_eq!(names.map(kept), before);
    // What another process records, and folds, is read.
    let writer = Server::start(&community, []);
    let before = client.posts();
    writer.client().question("Is it read?");
    assert_eq!(client.posts(), before + 1);
    let nothing = Community::new();
    let why = nothing.fails(["serve", "--read-only"]);
    assert!(why.contains("there is no community here"), "{why}");
    assert_eq!(nothing.files(), Vec::<String>::new());
}

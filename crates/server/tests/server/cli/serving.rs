//! `plaudit serve`, and what else is done to the same directory meanwhile.

use std::io::Read;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::community::{Community, demo, demo_events, lines, text};
use super::running::{Server, soon};
use super::sites::conlang;

const NEWEST: &str = "{
    posts(first: 3) {
        totalCount
        nodes { title likeCount commentCount author { name } acceptedAnswer { body } }
    }
}";

/// Questions, discussions and articles of the demo community that are in sight.
const DEMO_POSTS: u64 = 89;

#[test]
fn a_new_directory_is_filled_with_the_demo_and_never_again() {
    let community = Community::new();
    let server = Server::start(&community, ["--demo"]);
    let first = server.client().graphql(NEWEST, json!({}));
    assert_eq!(first["posts"]["totalCount"], DEMO_POSTS);
    assert_eq!(
        first["posts"]["nodes"][0]["author"]["name"],
        "Declan O'Rourke"
    );
    assert!(
        server
            .client()
            .title(&server.client().question("What now?"))
            .is_some()
    );
    assert_eq!(server.stop().code(), Some(0));

    let recorded = std::fs::read_to_string(demo()).unwrap().lines().count();
    assert_eq!(community.events().len(), recorded + 1);
    let server = Server::start(&community, ["--demo"]);
    assert_eq!(server.client().posts(), DEMO_POSTS + 1);
    assert_eq!(server.stop().code(), Some(0));
    assert_eq!(community.events().len(), recorded + 1);
}

#[test]
fn it_serves_also_where_nobody_listens_to_what_it_says() {
    let community = Community::new();
    let server = Server::unheard(&community);
    let client = server.client();
    soon("it is ready", || {
        (client.get("/health/ready", "").status == 200).then_some(())
    });
    assert_eq!(client.posts(), 0);
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn the_demo_does_not_come_to_a_community_that_has_begun() {
    let community = Community::new();
    let events = std::fs::read_to_string(demo()).unwrap();
    let only = community.path().join("one.ndjson");
    std::fs::write(&only, events.lines().next().unwrap()).unwrap();
    community.does(["import", "events", text(&only)]);
    let server = Server::start(&community, ["--demo"]);
    assert_eq!(server.client().posts(), 0);
    drop(server);
    assert_eq!(community.events().len(), 1);
}

#[test]
fn a_server_that_is_told_to_stop_does_at_once_also_with_idle_clients() {
    let community = Community::demo();
    let server = Server::start(&community, []);
    let mut idle = server
        .client()
        .ask(r#"{"query":"{ __typename }"}"#, "keep-alive")
        .unwrap();
    let mut begun = [0; 12];
    idle.read_exact(&mut begun).unwrap();
    assert_eq!(&begun, b"HTTP/1.1 200");
    let told = Instant::now();
    assert_eq!(server.stop().code(), Some(0));
    assert!(
        told.elapsed() < Duration::from_secs(5),
        "{:?}",
        told.elapsed()
    );
}

#[test]
fn what_is_written_through_one_server_is_read_through_another() {
    let community = Community::demo();
    let servers = [(); 2].map(|()| Server::start(&community, []));
    let [one, other] = servers.each_ref().map(Server::client);
    for (number, (writes, reads)) in [(one, other), (other, one), (one, other)]
        .iter()
        .enumerate()
    {
        let title = format!("Who reads question {number}?");
        let id = writes.question(&title);
        // Whoever wrote it reads it at once; the others do soon.
        assert_eq!(writes.title(&id).as_deref(), Some(title.as_str()));
        soon("what one server wrote is read through the other", || {
            reads.title(&id).filter(|read| *read == title)
        });
    }

    // Both at once, on the same post: one like each, however often and wherever it is given.
    let posts = one.graphql(
        "{ posts(first: 100) { nodes { id viewerHasLiked likeCount author { name } } } }",
        json!({}),
    );
    let posts = posts["posts"]["nodes"].as_array().unwrap();
    let mut others = posts.iter().filter(|post| {
        post["author"]["name"] != "Maren Lindqvist" && post["viewerHasLiked"] == false
    });
    let post = others.next().unwrap();
    thread::scope(|scope| {
        for client in [one, other, one, other] {
            scope.spawn(|| {
                let like = "mutation($id: ID!) { postLike(input: { postId: $id }) {
                    post { likeCount viewerHasLiked } userErrors { message } } }";
                let data = client.graphql(like, json!({ "id": post["id"] }));
                let liked = &data["postLike"]["post"];
                assert_eq!(liked["viewerHasLiked"], true, "{data}");
                let before = post["likeCount"].as_i64().unwrap();
                assert_eq!(liked["likeCount"], before + 1);
            });
        }
    });

    for server in servers {
        assert!(!server.log().contains("ERROR"));
        assert_eq!(server.stop().code(), Some(0));
    }
    assert_rebuilding_changes_nothing(&community);
}

#[test]
fn servers_that_start_at_once_do_not_get_into_each_others_way() {
    let community = Community::demo();
    std::fs::remove_dir_all(community.path().join("read-models")).unwrap();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let server = Server::start(&community, []);
                assert_eq!(server.client().posts(), DEMO_POSTS);
                assert_eq!(server.stop().code(), Some(0));
            });
        }
    });
    assert_rebuilding_changes_nothing(&community);
}

#[test]
fn what_is_imported_beside_a_running_server_is_served() {
    let Some(site) = conlang() else { return };
    let community = Community::demo();
    let server = Server::start(&community, []);
    let client = server.client();
    let asked = thread::scope(|scope| {
        let importing = scope.spawn(|| site.import_into(&community));
        let mut asked = Vec::new();
        while !importing.is_finished() {
            let title = format!("Is this question {}?", asked.len());
            asked.push((client.question(&title), title));
        }
        importing.join().unwrap();
        asked
    });
    let questions = site.summary["files"][1]["recorded"].as_u64().unwrap();
    assert_eq!(questions, 169);
    soon("the imported posts are served", || {
        (client.posts() == DEMO_POSTS + 54 + asked.len() as u64).then_some(())
    });
    for (id, title) in &asked {
        assert_eq!(client.title(id).as_ref(), Some(title));
    }
    let by_origin = "query($source: String!) {
        account: accountByOrigin(origin: { source: $source, id: \"2\" }) { name }
        post: postByOrigin(origin: { source: $source, id: \"2\" }) { kind commentCount }
    }";
    let found = client.graphql(by_origin, json!({ "source": site.source }));
    assert_eq!(
        found["post"],
        json!({ "kind": "ANSWER", "commentCount": 7 })
    );
    assert!(found["account"]["name"].is_string());
    assert_eq!(server.stop().code(), Some(0));
    assert_rebuilding_changes_nothing(&community);
}

#[test]
fn a_rebuild_beside_a_running_server_disturbs_nobody() {
    let community = Community::demo();
    let server = Server::start(&community, []);
    let client = server.client();
    let mut asked = Vec::new();
    for round in 0..3 {
        let rebuilt = lines(&community.does(["rebuild", "--json"]));
        let rebuilt = rebuilt.last().unwrap();
        assert_eq!(rebuilt["rebuilt"], demo_events() + asked.len() as u64);
        let title = format!("Is this round {round}?");
        asked.push((client.question(&title), title));
    }
    // So many at once that the server opens its read models again for some of them.
    let everything = "{
        posts(first: 100) { nodes { body comments(first: 30) { nodes { body author { name } } } } }
    }";
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| client.graphql(everything, json!({})));
        }
    });
    assert!(!server.log().contains("ERROR"));
    assert_eq!(server.stop().code(), Some(0));

    let server = Server::start(&community, []);
    for (id, title) in &asked {
        assert_eq!(server.client().title(id).as_ref(), Some(title));
    }
    assert_eq!(server.client().posts(), DEMO_POSTS + 3);
    drop(server);
    assert_rebuilding_changes_nothing(&community);
}

fn assert_rebuilding_changes_nothing(community: &Community) {
    let live = community.exports();
    community.does(["rebuild"]);
    assert_eq!(live, community.exports());
}

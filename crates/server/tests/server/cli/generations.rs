//! Rules that come into force, and rows that are folded anew, beside a server: whoever does it, and whatever
//! interrupts it.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};

use super::community::{Community, Ran, lines, text};
use super::crash::Random;
use super::reputation::stack_exchange;
use super::rules::repository;
use super::running::{Client, Server, soon};
use super::sites::beer;

const ADMIN: &str = "0a0a0a0a-0000-4000-8000-000000000001";

/// As an admin, who is registered by the first request.
fn admin(community: &Community, server: &Server) -> Client {
    let token = [
        "token",
        "--account",
        ADMIN,
        "--role",
        "admin",
        "--name",
        "May",
    ];
    server.client().with_token(community.does(token).trim())
}

const STANDING: &str =
    "{ rules { active { hash activatedAt by { name } } pending { hash } history { totalCount } }
    projection { phase generation lagEvents position head lastFailure { message } } }";

/// What depends on the rules.
fn points(client: &Client) -> Value {
    let query = "{ leaderboard { entries(first: 3) { edges { points } } } }";
    client.graphql(query, json!({}))
}

const REBUILD: &str =
    "mutation { projectionRebuild(input: {}) { started userErrors { message } } }";

const ACTIVATE: &str = "mutation($files: [RuleFileInput!]!) {
    rulesActivate(input: { files: $files }) { rules { active { hash } } userErrors { message } }
}";

/// The rules in a directory, as a mutation takes them.
fn files(directory: &Path) -> Value {
    let files = fs::read_dir(directory)
        .unwrap()
        .map(|file| file.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|it| it == "toml"));
    let files = files.map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        json!({ "name": name, "text": fs::read_to_string(&path).unwrap() })
    });
    json!({ "files": files.collect::<Vec<_>>() })
}

fn hash(directory: &Path) -> String {
    let ran = Ran::of(&mut super::community::plaudit([
        "rules",
        "check",
        text(directory),
        "--json",
    ]));
    lines(&ran.printed)[0]["checked"]["hash"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn until_active(client: &Client, hash: &str) -> Value {
    soon("others are in use", || {
        let data = client.graphql(STANDING, json!({}));
        (data["rules"]["active"]["hash"] == hash && data["rules"]["pending"].is_null())
            .then_some(data)
    })
}

#[test]
fn what_is_done_on_the_command_line_is_taken_up_by_the_server_beside() {
    let community = Community::demo();
    let server = Server::start(&community, []);
    let client = admin(&community, &server);
    let data = client.graphql(STANDING, json!({}));
    assert_eq!(data["rules"]["active"]["activatedAt"], json!(null));
    assert_eq!(data["projection"]["generation"], 1);
    let (other, standard) = (stack_exchange(), repository("projections"));

    let said = community.does(["rules", "activate", text(&other)]);
    assert!(said.starts_with("in force: "), "{said}");
    let data = until_active(&client, &hash(&other));
    assert_eq!(data["projection"]["generation"], 2);
    assert_eq!(data["rules"]["active"]["by"], json!(null));
    assert!(data["rules"]["active"]["activatedAt"].is_string());
    let again = community.does(["rules", "activate", text(&other)]);
    assert_eq!(again, "these rules are in force already\n");

    // Going back folds nothing.
    let ran = Ran::of(&mut community.plaudit(["rules", "activate", "standard"]));
    assert_eq!(
        (ran.code, ran.complained.as_str()),
        (Some(0), ""),
        "{ran:?}"
    );
    let data = until_active(&client, &hash(&standard));
    assert_eq!(data["projection"]["generation"], 1);
    assert_eq!(data["rules"]["history"]["totalCount"], 2);

    community.does(["rebuild"]);
    soon("what was made beside is taken up", || {
        let data = client.graphql(STANDING, json!({}));
        (data["projection"]["generation"] == 3).then_some(())
    });
    assert!(
        client.graphql(REBUILD, json!({}))["projectionRebuild"]["started"]
            .as_bool()
            .unwrap()
    );
    soon("it folds anew", || {
        let data = client.graphql(STANDING, json!({}));
        (data["projection"]["generation"] == 4).then_some(())
    });
    assert_eq!(server.stop().code(), Some(0));
    community.does(["verify"]);
}

#[test]
fn a_server_keeps_the_rules_in_force_whatever_was_said_and_says_so() {
    let community = Community::demo();
    let (other, standard) = (stack_exchange(), repository("projections"));
    community.does(["rules", "activate", text(&other)]);
    let server = Server::start(&community, ["--rules", text(&standard)]);
    let log = server.log();
    assert!(log.contains("aren't those in force since"), "{log}");
    let activate = format!("`plaudit rules activate {}`", text(&standard));
    assert!(log.contains(&activate), "{log}");
    let client = admin(&community, &server);
    assert_eq!(
        client.graphql(STANDING, json!({}))["rules"]["active"]["hash"],
        hash(&other)
    );
    let answer = client.graphql(ACTIVATE, files(&standard));
    assert_eq!(answer["rulesActivate"]["userErrors"], json!([]));
    let data = until_active(&client, &hash(&standard));
    assert_eq!(data["rules"]["active"]["by"]["name"], "May");
    assert_eq!(server.stop().code(), Some(0));
    // Who comes next goes by them.
    let ran = Ran::of(&mut community.plaudit(["export", "ledger"]));
    assert!(ran.printed.contains("like-received"), "{ran:?}");
    assert_eq!(ran.complained, "");
}

#[test]
fn where_a_former_version_noted_the_rules_they_come_into_force() {
    let community = Community::demo();
    let note = community.path().join("rules-in-use");
    fs::write(&note, "/nowhere").unwrap();
    let complaint = community.fails(["export", "ledger"]);
    assert!(
        complaint.contains("this community went by these rules, as "),
        "{complaint}"
    );
    assert!(complaint.contains("--rules standard"), "{complaint}");

    fs::write(&note, text(&stack_exchange())).unwrap();
    assert!(
        community
            .does(["export", "ledger"])
            .contains("answer-liked")
    );
    assert!(!note.exists());
    assert!(
        community
            .does(["export", "ledger"])
            .contains("answer-liked")
    );
    let events = community.events();
    let activated = events
        .iter()
        .filter(|event| event["type"] == "RulesActivated");
    assert_eq!(activated.count(), 1);
}

#[test]
fn rules_with_mistakes_come_into_force_nowhere() {
    let community = Community::demo();
    let events = community.events().len();
    let wrong = tempfile::tempdir().unwrap();
    fs::write(wrong.path().join("kudos.toml"), "colour = \"red\"\n").unwrap();
    let complaint = community.fails(["rules", "activate", text(wrong.path())]);
    let place = wrong.path().join("kudos.toml:1:1: ");
    assert!(complaint.contains(text(&place)), "{complaint}");
    assert_eq!(community.events().len(), events);
}

#[test]
fn where_others_are_in_force_what_there_is_is_served_until_all_is_folded_by_them() {
    let community = Community::demo();
    let (other, standard) = (stack_exchange(), repository("projections"));
    let server = Server::start(&community, []);
    let points = points(server.client());
    // As long as somebody else makes a generation, none is made by a server.
    let rebuilding = File::create(community.path().join("read-models/rebuilding")).unwrap();
    rebuilding.lock().unwrap();
    admin(&community, &server).graphql(ACTIVATE, files(&other));
    server.kill();

    for options in [&[][..], &["--read-only"]] {
        let server = Server::start(&community, options.iter().copied());
        assert_eq!(self::points(server.client()), points);
        server.kill();
    }
    let server = Server::start(&community, []);
    let client = admin(&community, &server);
    let data = client.graphql(STANDING, json!({}));
    assert_eq!(data["rules"]["active"]["hash"], hash(&standard));
    assert_eq!(data["rules"]["pending"]["hash"], hash(&other));
    drop(rebuilding);
    until_active(&client, &hash(&other));
    assert_ne!(self::points(&client), points);
    assert_eq!(server.stop().code(), Some(0));
    community.does(["verify"]);
}

/// However often, and in whatever moment.
#[test]
fn a_server_that_is_killed_while_it_folds_anew_serves_what_it_served() {
    let community = match beer() {
        Some(site) => site.community(),
        None => Community::demo(),
    };
    let mut random = Random::new();
    let sets = [stack_exchange(), repository("projections")];
    let started = Server::start(&community, []);
    let mut posts = started.client().posts();
    started.kill();
    for round in 0..20 {
        let server = Server::start(&community, []);
        assert_eq!(server.client().posts(), posts);
        let client = admin(&community, &server);
        match round % 2 {
            0 => client.graphql(ACTIVATE, files(&sets[round / 2 % 2])),
            _ => client.graphql(REBUILD, json!({})),
        };
        let end = Instant::now() + random.millis_below(700);
        while Instant::now() < end {
            client.question("Meanwhile");
            posts += 1;
            assert_eq!(client.posts(), posts);
        }
        server.kill();
        community.does(["verify"]);
    }
    let server = Server::start(&community, []);
    assert_eq!(server.client().posts(), posts);
    let client = admin(&community, &server);
    until_active(&client, &hash(&sets[1]));
    assert_eq!(server.stop().code(), Some(0));
    community.does(["verify"]);
    // Of what wasn't finished nothing is left.
    community.does(["rebuild"]);
    let files = fs::read_dir(community.path().join("read-models")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let generations = names.filter(|name| name.ends_with(".sqlite")).count();
    assert!(generations <= 2, "{generations}");
}

/// A file system of its own, that is small, for the read models: Linux makes one for who may ask for it.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_leaves_what_is_served_and_later_lets_it_go_on() {
    let community = Community::demo();
    community.does(["rebuild"]);
    let small = community.path().join("read-models");
    let is_possible = Command::new("unshare")
        .args(["--mount", "mount", "-t", "tmpfs", "none", text(&small)])
        .output();
    if !is_possible.is_ok_and(|tried| tried.status.success()) {
        plaudit_testing::skipped("no file system can be mounted here");
        return;
    }
    let plaudit = community.plaudit(["serve", "--listen", "127.0.0.1:0", "--dev"]);
    let mut serve = Command::new("unshare");
    serve.args(["--mount", "sh", "-c"]);
    serve.arg(format!(
        "mount -t tmpfs -o size=8m none '{}' && exec \"$@\"",
        text(&small)
    ));
    serve
        .arg("sh")
        .arg(plaudit.get_program())
        .args(plaudit.get_args());
    let server = Server::run(serve);
    let client = admin(&community, &server);
    let posts = client.posts();

    let filler = server
        .root()
        .join(small.strip_prefix("/").unwrap())
        .join("filler");
    let full = fs::write(&filler, vec![0; 16 * 1024 * 1024]).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    client.graphql(REBUILD, json!({}));
    let failure = soon("it says what failed", || {
        let data = client.graphql(STANDING, json!({}));
        let failure = data["projection"]["lastFailure"]["message"].as_str()?;
        Some(failure.to_owned())
    });
    assert!(failure.contains("disk is full"), "{failure}");
    assert_eq!(client.posts(), posts);

    fs::remove_file(&filler).unwrap();
    soon("it goes on", || {
        client.graphql(REBUILD, json!({}));
        let projection = &client.graphql(STANDING, json!({}))["projection"];
        let is_well = projection["generation"] == 2 && projection["lagEvents"] == 0;
        is_well.then_some(())
    });
    assert_eq!(client.posts(), posts);
    client.question("Is there room again?");
    assert_eq!(client.posts(), posts + 1);
    let complaints = server.log();
    let told = complaints.matches("folding is interrupted").count();
    assert!(told <= 1, "{complaints}");
    assert_eq!(server.stop().code(), Some(0));
    community.does(["verify"]);
}

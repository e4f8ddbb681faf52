//! Somebody who wants to be forgotten (DOMAIN H4): nothing of what they said is left in any file.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::community::Community;
use super::running::{Client, Server, soon};

const ADA: &str = "0190a1b2-0000-7000-8000-00000000ada0";

/// What is personal, each in words that come up nowhere else.
const SECRETS: [&str; 11] = [
    "Ada Quillfeather",
    "Ada Marrowbane",
    "Quagmire Holdings",
    "Chief Wombat",
    "Upper Slobberton",
    "I collect ptarmigans.",
    "https://example.org/quillfeather",
    "How do I poach a ptarmigan?",
    "Mine always flies away before the water boils.",
    "Your rye tamed my ptarmigan.",
    "Badges are for the birds.",
];

/// Which secrets stand in some file of a folder.
fn found(folder: &Path) -> Vec<&'static str> {
    let mut found = Vec::new();
    for file in files(folder) {
        // A server at work may take a file away that was there.
        let Ok(bytes) = std::fs::read(&file) else {
            continue;
        };
        let holds = |secret: &&str| {
            let secret = secret.as_bytes();
            bytes.windows(secret.len()).any(|part| part == secret)
        };
        found.extend(SECRETS.iter().copied().filter(holds));
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let files = paths.flat_map(|path| match path.is_dir() {
        true => files(&path),
        false => vec![path],
    });
    files.collect()
}

/// Everything that somebody can tell, some of it changed later; the id of their question.
fn tell(client: &Client) -> String {
    let done = |mutation: &str| {
        let answer = client.graphql(mutation, Value::Null);
        let payload = answer.as_object().unwrap().values().next().unwrap();
        assert_eq!(payload["userErrors"], json!([]), "{answer}");
        payload.clone()
    };
    let [
        _,
        renamed,
        company,
        position,
        location,
        bio,
        link,
        title,
        body,
        thanks,
        opinion,
    ] = SECRETS;
    done(&format!(
        r#"mutation {{ profileEdit(input: {{ company: "{company}", position: "{position}",
            location: "{location}", bio: "{bio}", links: ["{link}"] }}) {{ userErrors {{ code }} }} }}"#
    ));
    let asked = done(&format!(
        r#"mutation {{ questionCreate(input: {{ title: "{title}", body: "{body}" }}) {{
            post {{ id }} userErrors {{ code }} }} }}"#
    ));
    let question = asked["post"]["id"].as_str().unwrap();
    // What it was before stays in pages that SQLite wrote over, and in its log.
    done(&format!(
        r#"mutation {{ postEdit(input: {{ postId: "{question}", body: "Never mind." }}) {{
            userErrors {{ code }} }} }}"#
    ));
    done(&format!(
        r#"mutation {{ accountRename(input: {{ name: "{renamed}" }}) {{ userErrors {{ code }} }} }}"#
    ));
    let oldest = "{ posts(last: 1) { nodes { author { profile { id } } } } }";
    let authors = client.graphql(oldest, Value::Null);
    let baker = authors
        .pointer("/posts/nodes/0/author/profile/id")
        .and_then(Value::as_str)
        .unwrap();
    done(&format!(
        r#"mutation {{ kudosGive(input: {{ profileId: "{baker}", message: "{thanks}" }}) {{
            userErrors {{ code }} }} }}"#
    ));
    done(&format!(
        r#"mutation {{ feedbackGive(input: {{ subject: "badges", text: "{opinion}" }}) {{
            userErrors {{ code }} }} }}"#
    ));
    question.to_owned()
}

#[test]
fn h4_nothing_of_what_somebody_said_is_left_in_any_file() {
    let community = Community::demo();
    let server = Server::start(&community, []);
    let token = community.does(["token", "--account", ADA, "--name", SECRETS[0]]);
    let ada = server.client().with_token(token.trim());
    let question = tell(&ada);

    // A copy of the journal from before, and read models that nobody has open.
    let backup = tempfile::tempdir().unwrap();
    for file in ["journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"] {
        std::fs::copy(community.path().join(file), backup.path().join(file)).unwrap();
    }
    community.does(["rebuild"]);
    assert!(
        found(community.path()).len() > 5,
        "the search finds what is there"
    );

    let erase = "mutation { accountErase(input: { content: REMOVE }) {
        account { name isErased } userErrors { code } } }";
    let erased = ada.graphql(erase, Value::Null);
    let gone = json!({ "account": { "name": null, "isErased": true }, "userErrors": [] });
    assert_eq!(erased["accountErase"], gone, "{erased}");

    // The files are written anew once it is quiet.
    soon("nothing is left in any file", || {
        found(community.path()).is_empty().then_some(())
    });
    assert_eq!(found(backup.path()), [""; 0]);
    let what_is_left = "query($id: ID!) { post(id: $id) { title body author { name isErased } } }";
    let left = server
        .client()
        .graphql(what_is_left, json!({ "id": question }));
    let author = json!({ "name": null, "isErased": true });
    let post = json!({ "title": null, "body": null, "author": author });
    assert_eq!(left["post"], post);
    assert_eq!(server.stop().code(), Some(0));

    // It is the same when it is read anew, with or without the copy of the journal from before.
    let live = community.exports();
    community.does(["rebuild"]);
    assert_eq!(community.exports(), live);
    assert_eq!(found(community.path()), [""; 0]);
    let events = community.does(["export", "events", "--personal"]);
    assert!(SECRETS.iter().all(|secret| !events.contains(secret)));
}

#[test]
fn h4_without_its_keys_a_community_is_readable_and_says_nothing_personal() {
    let community = Community::demo();
    let exports = community.exports();
    std::fs::remove_file(community.path().join("keys.sqlite")).unwrap();
    std::fs::remove_dir_all(community.path().join("read-models")).unwrap();
    assert_eq!(community.exports(), exports);
    let events = community.does(["export", "events", "--personal"]);
    assert!(!events.contains("Oluwaseun"), "a name of the demo");
}

#[test]
fn with_another_master_key_nothing_is_opened_and_it_is_told() {
    let community = Community::demo();
    std::fs::remove_file(community.path().join("master.key")).unwrap();
    let complaint = community.fails(["export", "accounts"]);
    assert!(complaint.contains("another master key"), "{complaint}");
}

#[test]
fn the_master_key_can_stand_elsewhere() {
    let community = Community::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let key = elsewhere.path().join("master");
    let key = key.to_str().unwrap();
    let demo = super::community::demo();
    let demo = demo.to_str().unwrap();
    community.does(["--master-key", key, "import", "events", demo]);
    assert!(!community.files().contains(&"master.key".to_owned()));
    let exported = community.does(["--master-key", key, "export", "events", "--personal"]);
    assert!(exported.contains("Oluwaseun"), "a name of the demo");
    // The environment can hold the key itself.
    let text = std::fs::read_to_string(key).unwrap();
    let mut export = community.plaudit(["export", "events", "--personal"]);
    let output = export
        .env("PLAUDIT_MASTER_KEY", text.trim())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), exported);
}

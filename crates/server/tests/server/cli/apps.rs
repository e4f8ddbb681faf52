//! Small apps, each with a client of GraphQL that was not written here (`fixtures/clients`): they are made from
//! `schema.graphql`, and used against the demo community.
//!
//! Skipped where Node or what they are made of isn't there, unless `PLAUDIT_REQUIRE` names `node`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::community::Community;
use super::running::Server;

const BEN: &str = "de6f813a-0634-5639-81b4-37ef103a9037";
const MAREN: &str = "fed2f7c0-ff00-5c0d-b3ee-6a6af95ff3f3";

#[test]
fn urql_lists_questions_and_shows_what_changes() {
    uses_the_demo("urql", "start", 9);
}

#[test]
fn relay_lists_questions_and_fetches_a_profile_again() {
    uses_the_demo("relay", "start", 5);
}

#[test]
fn graphql_sse_follows_notifications() {
    uses_the_demo("following", "sse", 4);
}

#[test]
fn graphql_ws_follows_notifications() {
    uses_the_demo("following", "ws", 4);
}

/// An app does all of its steps against a server of the demo community.
fn uses_the_demo(app: &str, script: &str, steps: usize) {
    static MADE: OnceLock<Result<(bool, String), String>> = OnceLock::new();
    match MADE.get_or_init(make) {
        Ok((made, said)) => assert!(made, "{said}"),
        Err(why) if plaudit_testing::is_required("node") => panic!("{why}"),
        Err(why) => return plaudit_testing::skipped(why),
    }
    let community = Community::demo();
    let server = Server::start(&community, []);
    let token = |account| {
        let token = community.does(["token", "--account", account]);
        token.trim().to_owned()
    };
    let (done, said) = npm(["run", script, "--workspace", app], |npm| {
        npm.env("PLAUDIT_URL", server.url())
            .env("PLAUDIT_BEN", token(BEN))
            .env("PLAUDIT_MAREN", token(MAREN));
    })
    .unwrap();
    assert!(done, "{said}");
    let done = said.lines().filter(|line| line.starts_with("ok: "));
    assert_eq!(done.count(), steps, "{said}");
    assert!(!server.log().contains("ERROR"));
}

/// Makes all apps from the schema, and checks their types: whether they fit, or why there are none.
fn make() -> Result<(bool, String), String> {
    let folder = folder();
    if !folder.join("node_modules/relay-compiler").exists() {
        let folder = folder.display();
        return Err(format!(
            "the apps have nothing to be made of: npm ci in {folder} gets it"
        ));
    }
    npm(["run", "build"], |_| {})
}

/// Whether npm did something in the apps' folder, and what it said.
fn npm<const N: usize>(
    arguments: [&str; N],
    prepare: impl FnOnce(&mut Command),
) -> Result<(bool, String), String> {
    let mut npm = Command::new("npm");
    npm.arg("--silent").args(arguments).current_dir(folder());
    prepare(&mut npm);
    let output = npm
        .output()
        .map_err(|error| format!("npm can't be run: {error}"))?;
    let said =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    Ok((output.status.success(), said.concat()))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/clients")
}

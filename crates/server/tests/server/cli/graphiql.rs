//! GraphiQL: what it begins with works, and a browser shows it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::community::{Community, text};
use super::running::Server;

const STAFF: &str = "fed2f7c0-ff00-5c0d-b3ee-6a6af95ff3f3";

/// Each kind of user has a page of examples, and a role that these take.
const USERS: [(&str, &[&str]); 3] = [
    ("member", &[]),
    ("analyst", &["--role", "analyst"]),
    ("admin", &["--role", "admin"]),
];

#[test]
fn every_example_of_graphiql_is_answered() {
    let community = Community::demo();
    let server = Server::start(&community, []);
    for (user, role) in USERS {
        let token = ["token", "--account", STAFF].into_iter();
        let token = community.does(token.chain(role.iter().copied()));
        let client = server.client().with_token(token.trim());
        let examples = examples(user);
        assert!(examples.len() >= 4, "{user}");
        for example in examples {
            let answer = client.try_graphql(&example, json!({})).unwrap();
            if example.starts_with("subscription") {
                // It fits the schema, and takes another kind of request.
                assert_eq!(code(&answer), "OPERATION_RESOLUTION_FAILURE", "{answer}");
                continue;
            }
            assert_eq!(answer.get("errors"), None, "{example}: {answer}");
            let fields = answer["data"].as_object().unwrap();
            for (field, value) in fields {
                assert!(!value.is_null(), "{example}: {field}");
                let refused = value.get("userErrors").unwrap_or(&Value::Null);
                assert!(refused.is_null() || *refused == json!([]), "{answer}");
            }
        }
    }
}

/// The operations of a page.
fn examples(user: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("graphiql/examples");
    let page = fs::read_to_string(folder.join(format!("{user}.graphql"))).unwrap();
    let code: Vec<&str> = page.lines().filter(|it| !it.starts_with('#')).collect();
    let code = code.join("\n") + "\n";
    let operations = code.split("\n}\n").map(str::trim);
    let operations = operations.filter(|it| !it.is_empty());
    operations.map(|it| format!("{it}\n}}")).collect()
}

fn code(answer: &Value) -> &str {
    let code = &answer["errors"][0]["extensions"]["code"];
    code.as_str().unwrap_or_default()
}

/// Skipped where this binary was built without GraphiQL, or there is no Chromium, unless `PLAUDIT_REQUIRE` names
/// `chromium`.
#[test]
fn a_browser_shows_graphiql() {
    let community = Community::demo();
    let server = Server::start(&community, []);
    let page = server.url();
    let page = page.strip_suffix("graphql").unwrap();
    match shown(page) {
        Ok(shown) => {
            for part in ["id=\"bearer\"", ">Newest<", ">Figures<", ">Waiting<"] {
                assert!(shown.contains(part), "{part}");
            }
        }
        Err(why) if plaudit_testing::is_required("chromium") => panic!("{why}"),
        Err(why) => plaudit_testing::skipped(&why),
    }
}

/// What a browser makes of a page, or why there is none.
fn shown(page: &str) -> Result<String, String> {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/graphiql.html.gz");
    if !assets.exists() {
        return Err("GraphiQL is not built in: make graphiql gets it".to_owned());
    }
    let profile = tempfile::tempdir().unwrap();
    let mut chromium = Command::new("chromium");
    chromium
        .args(["--headless=new", "--no-sandbox", "--disable-gpu"])
        .args(["--virtual-time-budget=20000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", text(profile.path())))
        .arg(page);
    let output = chromium
        .output()
        .map_err(|error| format!("chromium can't be run: {error}"))?;
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    // Without the scripts, which name everything that could be shown.
    let parts = shown.split("<script").map(|part| {
        let (_, rest) = part.split_once("</script>").unwrap_or(("", part));
        rest
    });
    Ok(parts.collect())
}

//! What ARCHITECTURE.md says always holds, as far as reading the sources can tell.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Which of our crates each crate may depend on (DESIGN: dependencies point one way).
const LAYERS: [(&str, &[&str]); 11] = [
    ("domain", &[]),
    ("postgres", &[]),
    ("journal", &["domain", "postgres"]),
    ("protocol", &["domain", "journal"]),
    ("projection", &["domain"]),
    ("store", &["domain", "postgres", "projection"]),
    ("replay", &["domain", "journal", "projection", "store"]),
    (
        "exchange",
        &["domain", "journal", "projection", "replay", "store"],
    ),
    (
        "api",
        &["domain", "journal", "projection", "replay", "store"],
    ),
    (
        "server",
        &[
            "api",
            "domain",
            "exchange",
            "journal",
            "projection",
            "protocol",
            "replay",
            "store",
        ],
    ),
    // For tests only.
    ("testing", &[]),
];

/// Which crates may name an outside thing.
const NAMED_BY: [(&str, &[&str]); 38] = [
    ("async-graphql", &["api"]),
    ("chacha20poly1305", &["journal"]),
    ("clap", &["server"]),
    ("csv", &["exchange"]),
    ("deadpool-postgres", &["postgres"]),
    ("eventstore", &["journal"]),
    ("fancy-regex", &["protocol"]),
    ("governor", &["server"]),
    // Each serves one protocol with it, over HTTP/1 and HTTP/2.
    ("hyper", &["protocol", "server"]),
    ("hyper-util", &["protocol", "server"]),
    ("icalendar", &["api"]),
    ("indicatif", &["server"]),
    ("jiff", &["domain"]),
    ("jsonwebtoken", &["server"]),
    ("kurrentdb", &["journal"]),
    ("mimalloc", &["server"]),
    ("parquet", &["exchange"]),
    ("poem", &["server"]),
    ("prost", &["protocol"]),
    ("prometheus", &["server"]),
    ("quick-xml", &["exchange"]),
    ("refinery", &["postgres"]),
    // In `exchange` for its scratch file only.
    ("rusqlite", &["exchange", "journal", "store"]),
    ("rustix", &["replay", "server"]),
    ("rustls", &["postgres", "server"]),
    ("rustls-native-certs", &["postgres", "server"]),
    ("sea-query", &["store"]),
    (
        "sha2",
        &["api", "domain", "exchange", "projection", "server"],
    ),
    ("similar", &["projection"]),
    ("socket2", &["protocol"]),
    ("strsim", &["projection"]),
    ("tokio-postgres", &["postgres", "testing"]),
    ("tokio-postgres-rustls", &["postgres"]),
    ("tokio-rustls", &["server"]),
    ("toml", &["projection"]),
    ("tonic", &["protocol"]),
    ("unicode-normalization", &["domain"]),
    ("ureq", &["server"]),
];

#[test]
fn dependencies_point_one_way() {
    let layers = BTreeMap::from(LAYERS);
    for (name, dependencies) in crates() {
        let allowed = layers
            .get(name.as_str())
            .unwrap_or_else(|| panic!("{name} is a new crate: give it a place in LAYERS"));
        for dependency in dependencies.iter().filter(|dependency| dependency.normal) {
            if let Some(ours) = dependency.name.strip_prefix("plaudit-") {
                assert!(allowed.contains(&ours), "{name} must not depend on {ours}");
            }
        }
    }
}

#[test]
fn an_outside_thing_is_named_by_one_crate() {
    let named_by = BTreeMap::from(NAMED_BY);
    for (name, dependencies) in crates() {
        for dependency in dependencies.iter().filter(|dependency| dependency.normal) {
            if let Some(allowed) = named_by.get(dependency.name.as_str()) {
                let outside = &dependency.name;
                assert!(
                    allowed.contains(&name.as_str()),
                    "{name} must not name {outside}"
                );
            }
        }
    }
}

/// EventStoreDB's client panics where there is one that it didn't install itself.
#[test]
fn nobody_installs_a_cipher_for_the_whole_process() {
    for file in files(&root().join("crates"), ".rs") {
        let is_source = file.components().any(|part| part.as_os_str() == "src");
        let file_name = file.display();
        assert!(
            !is_source || !read(&file).contains("install_default"),
            "{file_name}: pass a provider where it is needed"
        );
    }
}

#[test]
fn versions_stand_in_the_root_only() {
    for manifest in files(&root().join("crates"), "Cargo.toml") {
        let text = read(&manifest);
        assert!(
            !text.contains("version = \""),
            "{}: a version belongs to [workspace.dependencies] of the root",
            manifest.display()
        );
        assert!(
            text.contains("[lints]\nworkspace = true"),
            "{}: it takes the lints of the workspace",
            manifest.display()
        );
    }
}

#[test]
fn no_match_on_a_fact_has_a_wildcard() {
    for layer in ["domain", "projection", "replay"] {
        for file in files(&root().join("crates").join(layer).join("src"), ".rs") {
            // `fact.rs` says itself where picking one concept out of all is meant.
            let text = read(&file);
            if !text.contains("Fact::") || file.ends_with("domain/src/fact.rs") {
                continue;
            }
            let wildcard = |line: &str| line.trim_start().starts_with("_ =>");
            if let Some(number) = text.lines().position(wildcard) {
                let (file, number) = (file.display(), number + 1);
                panic!("{file}:{number}: name every fact, so that a new one fails to compile here");
            }
        }
    }
}

#[test]
fn the_readme_stays_short() {
    let lines = read(&root().join("README.md")).lines().count();
    assert!(lines <= 120, "README.md has {lines} lines");
}

/// Every line of DOMAIN's P, L, F, K, Z and G has a test that says so: `p5_…`, `l13_…`; `k4_k8_…` says so of two.
#[test]
fn every_rule_has_a_test_that_names_it() {
    let sources = files(&root().join("crates"), ".rs");
    let sources: Vec<String> = sources.iter().map(|file| read(file)).collect();
    let names = sources
        .iter()
        .flat_map(|source| source.split("fn ").skip(1));
    let named: BTreeSet<&str> = names
        .flat_map(|name| name.split('_').take_while(|part| is_line(part)))
        .collect();
    for (letter, last) in [
        ('p', 8),
        ('l', 14),
        ('f', 10),
        ('k', 11),
        ('z', 10),
        ('g', 10),
    ] {
        for number in 1..=last {
            let line = format!("{letter}{number}");
            assert!(named.contains(line.as_str()), "no test is called {line}_…");
        }
    }
}

/// Whether it names a line of DOMAIN, like `l13`.
fn is_line(part: &str) -> bool {
    let mut letters = part.chars();
    letters
        .next()
        .is_some_and(|letter| letter.is_ascii_lowercase())
        && part.len() > 1
        && letters.all(|letter| letter.is_ascii_digit())
}

#[test]
fn documents_link_to_files_that_are_there() {
    let documents = [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "docs/EVENTSTORE.md",
        "docs/EXPORTS.md",
        "docs/GRAPHQL.md",
        "projections/README.md",
    ];
    for document in documents.map(|document| root().join(document)) {
        let text = read(&document);
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.starts_with("http")) {
            let target = document.parent().unwrap().join(link);
            assert!(target.exists(), "{} links to {link}", document.display());
        }
    }
}

struct Dependency {
    name: String,
    normal: bool,
}

/// Our crates, without their prefix, and what each depends on.
fn crates() -> Vec<(String, Vec<Dependency>)> {
    let output = std::process::Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap().iter();
            let dependencies = dependencies.map(|dependency| Dependency {
                name: text(&dependency["name"]),
                normal: dependency["kind"].is_null(),
            });
            let name = text(&package["name"]);
            let name = name.strip_prefix("plaudit-").unwrap_or(&name).to_owned();
            (name, dependencies.collect())
        })
        .collect()
}

/// Every file below a folder whose name ends so.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("node_modules") {
                found.extend(files(&path, ending));
            }
        } else if path.to_str().unwrap().ends_with(ending) {
            found.push(path);
        }
    }
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

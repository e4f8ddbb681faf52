//! Everything into a directory, and read by the programs that analysts use.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use plaudit_exchange::archive::{FileEntry, Manifest};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::community::{Community, Ran, demo, demo_events, lines, text};
use super::crash::Random;
use super::running::Server;

fn manifest(directory: &Path) -> Option<Manifest> {
    let text = fs::read(directory.join("manifest.json")).ok()?;
    Some(serde_json::from_slice(&text).unwrap())
}

/// What a directory holds by its manifest, each file of which is there as it says.
fn whole(directory: &Path) -> Option<Vec<FileEntry>> {
    let files: Vec<FileEntry> = manifest(directory)?.files().cloned().collect();
    for file in &files {
        let bytes = fs::read(directory.join(&file.path)).unwrap();
        let digest: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(digest, file.sha256, "{}", file.path);
    }
    let there = fs::read_dir(directory).unwrap();
    let there: BTreeSet<_> = there
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(there.contains("manifest.json"));
    Some(files)
}

fn export<'a>(directory: &'a Path, options: &[&'a str]) -> Vec<&'a str> {
    let all = ["export", "all", "--part-events", "40", "--out"];
    let options = options.iter().copied();
    all.into_iter()
        .chain([text(directory)])
        .chain(options)
        .collect()
}

#[test]
fn everything_goes_into_a_directory_as_of_one_position() {
    let community = Community::demo();
    let out = community.path().join("out");
    let printed = community.does(export(&out, &["--json"]));
    let told = lines(&printed);
    let exported = &told.last().unwrap()["exported"];
    assert_eq!(exported["position"], demo_events());
    assert_eq!(exported["kept"], 0);
    let tables: BTreeSet<_> = told
        .iter()
        .filter_map(|line| line["table"].as_str())
        .collect();
    assert_eq!(tables.len(), 8, "{tables:?}");

    whole(&out).unwrap();
    let manifest = manifest(&out).unwrap();
    assert_eq!(manifest.position, demo_events());
    assert_eq!(
        exported["rows"].as_u64(),
        Some(manifest.tables.values().map(|it| it.rows).sum())
    );
    for table in ["accounts", "posts", "ledger", "badges"] {
        let file = out.join(format!("{table}.ndjson"));
        assert_eq!(
            fs::read_to_string(file).unwrap(),
            community.does(["export", table])
        );
    }
    assert!(!out.join(".partial").exists());

    let again = lines(&community.does(export(&out, &["--json"])));
    let kept = again.last().unwrap()["exported"]["kept"].as_u64().unwrap();
    assert!(kept > 70, "{kept}");
    let told = Ran::of(&mut community.plaudit(export(&out, &[])));
    assert!(told.complained.contains("were there already"), "{told:?}");
    assert!(
        told.complained.contains("(--personal writes them too)"),
        "{told:?}"
    );
}

/// How many files of events there are.
fn months(directory: &Path) -> usize {
    let Ok(months) = fs::read_dir(directory.join("events")) else {
        return 0;
    };
    // Some may be moved away meanwhile.
    let files = months.filter_map(|month| fs::read_dir(month.ok()?.path()).ok());
    files.map(Iterator::count).sum()
}

/// A question is an event and a post: an export has both or neither.
#[test]
fn beside_a_server_that_is_written_to_everything_is_of_one_position() {
    let community = Community::demo();
    let server = Server::start(&community, []);
    let writes = AtomicBool::new(true);
    let positions = thread::scope(|scope| {
        let (client, writes) = (server.client().clone(), &writes);
        scope.spawn(move || {
            for number in 0.. {
                if !writes.load(Ordering::Relaxed) {
                    break;
                }
                client.question(&format!("Which is question {number}?"));
            }
        });
        let mut positions = BTreeSet::new();
        for number in 0..4 {
            let out = community.path().join(format!("out-{number}"));
            community.does(export(&out, &[]));
            whole(&out).unwrap();
            let manifest = manifest(&out).unwrap();
            assert_eq!(manifest.tables["events"].rows, manifest.position);
            let questions = community.does(["export", "events", "--type", "PostCreated"]);
            let up_to = lines(&questions)
                .iter()
                .filter(|event| event["position"].as_u64().unwrap() <= manifest.position)
                .count() as u64;
            // One is an article that was submitted.
            assert_eq!(manifest.tables["posts"].rows, up_to + 1);
            positions.insert(manifest.position);
        }
        writes.store(false, Ordering::Relaxed);
        positions
    });
    assert!(positions.len() > 1, "{positions:?}");
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn an_export_that_was_killed_is_completed_by_the_next() {
    let community = Community::demo();
    let undisturbed = community.path().join("undisturbed");
    community.does(export(&undisturbed, &["--format", "csv"]));
    let expected = whole(&undisturbed).unwrap();

    let other = Community::new();
    let beginning: Vec<String> = fs::read_to_string(demo())
        .unwrap()
        .lines()
        .take(1_500)
        .map(str::to_owned)
        .collect();
    let file = other.path().join("beginning.ndjson");
    fs::write(&file, beginning.join("\n")).unwrap();
    other.does(["import", "events", text(&file)]);
    let out = other.path().join("out");
    other.does(export(&out, &["--format", "csv"]));
    let before = whole(&out).unwrap();
    other.does(["import", "events", text(&demo())]);
    other.does(["export", "accounts"]);

    let mut random = Random::new();
    let mut ends = BTreeMap::new();
    let aside = out.join(".partial");
    for round in 0..10 {
        let mut exporting = other
            .plaudit(export(&out, &["--format", "csv"]))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // While it writes, and in the end while it moves what it has written.
        let enough = round * 5 + 1 + random.below(5) as usize;
        let is_time = || match round {
            0..7 => months(&aside) >= enough,
            _ => aside.join("manifest.json").exists(),
        };
        while exporting.try_wait().unwrap().is_none() && !is_time() {
            thread::sleep(random.millis_below(2));
        }
        exporting.kill().unwrap();
        exporting.wait().unwrap();
        // One is in use, or the files of the next one are being moved to their places.
        let end = match whole(&out) {
            Some(files) if files == before => "before",
            Some(_) => "after",
            None => {
                assert!(aside.join("manifest.json").exists());
                "between"
            }
        };
        let staged = aside.join("begun.json").exists();
        *ends.entry((end, staged)).or_insert(0) += 1;
    }
    eprintln!("killed, it left {ends:?}");
    assert!(ends.contains_key(&("before", true)), "{ends:?}");
    other.does(export(&out, &["--format", "csv"]));
    let mut files = whole(&out).unwrap();
    let mut expected = expected;
    // These tell when they were recorded, which was at another time.
    for file in files.iter_mut().chain(&mut expected) {
        if file.path.starts_with("events/") {
            (file.sha256, file.bytes) = (String::new(), 0);
        }
    }
    assert_eq!(files, expected);
    assert!(!aside.exists());
}

#[test]
fn as_of_a_moment_there_is_what_had_happened_by_then() {
    let community = Community::demo();
    let out = community.path().join("out");
    let moment = "2025-12-24T18:00:00Z";
    community.does(export(&out, &["--as-of", moment]));
    let by_then: Vec<Value> = community
        .events()
        .into_iter()
        .filter(|event| event["occurred_at"].as_str().unwrap() <= moment)
        .collect();
    let of = |name: &str| by_then.iter().filter(|event| event["type"] == name).count() as u64;
    let manifest = manifest(&out).unwrap();
    let rows = |table: &str| manifest.tables[table].rows;
    assert_eq!(rows("events"), by_then.len() as u64);
    assert_eq!(rows("accounts"), of("AccountRegistered"));
    assert!((100..demo_events()).contains(&rows("events")));
    assert!(rows("posts") > 0 && rows("posts") <= of("PostCreated"));
    assert_eq!(manifest.asked.as_of, Some(moment.parse().unwrap()));
    let accounts = community.does(["export", "accounts", "--as-of", moment]);
    assert_eq!(
        fs::read_to_string(out.join("accounts.ndjson")).unwrap(),
        accounts
    );
    let likes = lines(&accounts)
        .iter()
        .map(|it| it["likes_received"].as_i64().unwrap_or(0))
        .sum::<i64>();
    let today = lines(&community.does(["export", "accounts"]));
    let today = today
        .iter()
        .map(|it| it["likes_received"].as_i64().unwrap_or(0))
        .sum::<i64>();
    assert!(0 < likes && likes < today, "{likes} {today}");
    // Nothing is left of the read models of then.
    let left = fs::read_dir(community.path().join("read-models")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name == "2.sqlite"), "{left:?}");
    let complaint = community.misused(["export", "posts", "--as-of", "2999-01-01T00:00:00Z"]);
    assert!(complaint.contains("still to come"), "{complaint}");
}

#[cfg(unix)]
#[test]
fn where_the_disk_is_full_it_is_told_and_nothing_has_its_name() {
    let community = Community::demo();
    community.does(["export", "accounts"]);
    let out = community.path().join("out");
    let plaudit = community.plaudit(export(&out, &[]));
    // As if there was no room for more: nothing may be longer than 200 blocks.
    let mut limited = Command::new("bash");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$@\"", "bash"])
        .arg(plaudit.get_program())
        .args(plaudit.get_args());
    let complaint = Ran::of(&mut limited).complaint(1);
    for words in [
        "ledger.ndjson",
        "File too large",
        ".partial",
        "export again",
    ] {
        assert!(complaint.contains(words), "{complaint}");
    }
    assert!(!out.join("manifest.json").exists());
    assert!(!out.join("accounts.ndjson").exists());
    community.does(export(&out, &[]));
    whole(&out).unwrap();
}

#[test]
fn what_cannot_be_a_directory_of_exports_is_told() {
    let community = Community::demo();
    for (arguments, words) in [
        (&["export", "all"][..], &["--out"][..]),
        (&["export", "all", "--json"], &["--out"]),
        (
            &["export", "posts", "--part-events", "0"],
            &["--part-events"],
        ),
    ] {
        let complaint = community.misused(arguments.iter().copied());
        assert!(words.iter().all(|it| complaint.contains(it)), "{complaint}");
    }
    let file = community.path().join("file");
    fs::write(&file, "").unwrap();
    let below = file.join("out");
    for place in [&file, &below] {
        let complaint = community.fails(["export", "all", "--out", text(place)]);
        assert!(complaint.contains(text(place)), "{complaint}");
        assert!(complaint.contains("Not a directory"), "{complaint}");
    }
    let complaint = community.fails(["export", "all", "--out", text(community.path())]);
    assert!(complaint.contains("something else in it"), "{complaint}");
    let own = community.path().join("read-models/out");
    let complaint = community.misused(["export", "all", "--out", text(&own)]);
    assert!(complaint.contains("needs this file"), "{complaint}");
}

/// Skipped where Python or its packages duckdb and polars aren't there, unless `PLAUDIT_REQUIRE` names
/// `duckdb`. `PLAUDIT_PYTHON` says which Python.
#[test]
fn duckdb_and_polars_read_what_is_exported() {
    let community = Community::demo();
    let [parquet, csv] = ["parquet", "csv"].map(|format| {
        let out = community.path().join(format);
        community.does(export(&out, &["--format", format]));
        out
    });
    let said = match read(&parquet, &csv) {
        Ok(said) => said,
        Err(why) if required() => panic!("{why}"),
        Err(why) => {
            plaudit_testing::skipped(&why);
            return;
        }
    };
    assert_eq!(said["differences"], json!([]));
    let manifest = manifest(&parquet).unwrap();
    for (table, entry) in &manifest.tables {
        assert_eq!(said["rows"][table], entry.rows, "{table}");
        assert_eq!(said["polars"][table][0], entry.rows, "{table}");
        for column in &entry.columns {
            let (duckdb, polars) = match column.r#type.as_str() {
                "string" | "json" => ("VARCHAR", "String"),
                "int64" => ("BIGINT", "Int64"),
                "boolean" => ("BOOLEAN", "Boolean"),
                _ => (
                    "TIMESTAMP WITH TIME ZONE",
                    "Datetime(time_unit='us', time_zone='UTC')",
                ),
            };
            let name = &column.name;
            assert_eq!(said["types"][table][name], duckdb, "{table}.{name}");
            assert_eq!(said["polars"][table][1][name], polars, "{table}.{name}");
        }
    }
    let sum = |table: &str, column: &str| -> i64 {
        let rows = lines(&community.does(["export", table]));
        rows.iter().filter_map(|row| row[column].as_i64()).sum()
    };
    assert_eq!(said["points"], sum("profiles", "points"));
    assert_eq!(said["points_of_ledger"], said["points"]);
    let events = lines(&community.does(["export", "events", "--type", "PostLiked"]));
    let mut likes: BTreeMap<&str, u64> = BTreeMap::new();
    for event in &events {
        *likes
            .entry(&event["occurred_at"].as_str().unwrap()[..7])
            .or_default() += 1;
    }
    assert_eq!(said["likes_by_month"], json!(likes));
    let liked: BTreeSet<_> = events
        .iter()
        .map(|event| event["data"]["post"].as_str())
        .collect();
    assert_eq!(said["likes_of_posts"], liked.len());
    assert_eq!(said["titles"], 0, "titles are personal");
}

/// What analysts see, or why they don't.
fn read(parquet: &Path, csv: &Path) -> Result<Value, String> {
    let python = std::env::var("PLAUDIT_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let run = |arguments: &[&str]| {
        let output = Command::new(&python)
            .args(arguments)
            .output()
            .map_err(|error| format!("{python} can't be run: {error}"))?;
        Ok::<_, String>(Ran::from(output))
    };
    let packages = run(&["-c", "import duckdb, polars"])?;
    if packages.code != Some(0) {
        return Err(format!("{python}: {}", packages.complained));
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/exports/read.py");
    let ran = run(&[text(&script), text(parquet), text(csv)])?;
    assert_eq!(ran.code, Some(0), "{}", ran.complained);
    Ok(serde_json::from_str(&ran.printed).unwrap())
}

fn required() -> bool {
    let required = std::env::var("PLAUDIT_REQUIRE").unwrap_or_default();
    required.split([',', ' ']).any(|part| part == "duckdb")
}

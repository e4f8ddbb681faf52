//! What somebody who is new here does wrong. Each ends with words that say what is wrong, where,
//! and what to do, with the right exit code, and leaves nothing half done.

use std::fs::{self, File};
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use serde_json::json;

use super::community::{Community, Ran, demo, demo_events, lines, plaudit, text};

/// A complaint begins with the binary's name and says these things.
fn assert_says(complaint: &str, words: &[&str]) {
    for word in words {
        assert!(complaint.contains(word), "{word} is not in: {complaint}");
    }
}

#[test]
fn where_there_is_no_community_nothing_is_made() {
    let folder = Community::new();
    let missing = folder.path().join("missing");
    for directory in [&missing, folder.path()] {
        for command in [
            &["export", "accounts"][..],
            &[
                "export",
                "events",
                "--out",
                text(&folder.path().join("out")),
            ],
            &["rebuild"],
            &["verify"],
            &["token", "--account", "d1f1713e-8694-5c73-942f-1421ca6d8a5f"],
        ] {
            let mut command = plaudit(command.iter().copied());
            let ran = Ran::of(command.args(["--data", text(directory)]));
            assert_says(
                &ran.complaint(1),
                &[
                    &format!(
                        "plaudit: {}: there is no community here",
                        directory.display()
                    ),
                    "name its directory with --data",
                    "plaudit import",
                ],
            );
        }
    }
    assert!(folder.files().is_empty(), "{:?}", folder.files());
}

#[test]
fn what_is_typed_wrong_is_told_with_what_is_right() {
    let community = Community::new();
    for (arguments, words) in [
        (&["improt"][..], &["'improt'", "'import'"][..]),
        (&["export"], &["<TABLE>"]),
        (&["verify", "--limit", "some"], &["'some'", "--limit"]),
        (&["export", "acounts"], &["'acounts'", "'accounts'"]),
        (
            &["export", "posts", "--format", "xml"],
            &["\"xml\"", "ndjson, csv or parquet"],
        ),
        (
            &["export", "events", "--type", "PostLikd"],
            &["'PostLikd'", "AccountRegistered, ", "'PostLiked'"],
        ),
        (
            &["export", "events", "--from", "yesterday"],
            &["'yesterday'", "--from", "a time like 2026-01-31T12:00:00Z"],
        ),
        (
            &["export", "events", "--to", "2016-01-01"],
            &["'2016-01-01'", "--to", "a time like 2026-01-31T12:00:00Z"],
        ),
        (
            &["export", "posts", "--personal"],
            &[
                "--personal",
                "other tables",
                "posts, groups and meetings are public",
            ],
        ),
        (
            &["export", "posts", "--type", "PostLiked"],
            &["--type", "plaudit export events"],
        ),
        (&["import"], &["stack-exchange", "polis", "events"]),
        (&["rules"], &["check"]),
        (&["rules", "chek"], &["'chek'", "'check'"]),
        (
            &["import", "stackexchange", "."],
            &["'stackexchange'", "'stack-exchange'"],
        ),
        (&["import", "polis"], &["<FOLDER>"]),
        (&["token"], &["--account <ID>"]),
        (
            &["token", "--account", "ada"],
            &["'ada'", "a UUID like d1f1713e-8694-5c73-942f-1421ca6d8a5f"],
        ),
        (
            &[
                "token",
                "--account",
                "d1f1713e-8694-5c73-942f-1421ca6d8a5f",
                "--hours",
                "0",
            ],
            &["'0'", "--hours", "1..=8760"],
        ),
        (
            &["serve", "--listen", "localhost:4000"],
            &["'localhost:4000'", "like 127.0.0.1:4000"],
        ),
        (
            &["serve", "--listen", "4000"],
            &["'4000'", "like 127.0.0.1:4000"],
        ),
        (
            &["serve", "--dev", "--listen", "0.0.0.0:0"],
            &["--dev", "loopback", "0.0.0.0:0"],
        ),
        (
            &["serve", "--dev", "--listen", "[::]:0"],
            &["--dev", "loopback", "[::]:0"],
        ),
        (
            &["serve", "--cors-origin", "*"],
            &["'*'", "--cors-origin", "like https://app.example.com"],
        ),
        (
            &["serve", "--account-rate", "1", "--account-burst", "10"],
            &["--account-burst is 10", "--max-cost", "10000"],
        ),
        (
            &["serve", "--allow-only", "/there/is/none"],
            &["the documents of /there/is/none", "No such file"],
        ),
        (
            &["serve", "--allow-only", "a", "--documents", "b"],
            &["--allow-only", "--documents", "cannot be used with"],
        ),
    ] {
        assert_says(&community.misused(arguments.iter().copied()), words);
    }
    assert!(community.files().is_empty(), "{:?}", community.files());
}

#[test]
fn the_environment_can_say_it_too() {
    let community = Community::new();
    let mut serve = community.plaudit(["serve", "--listen", "0.0.0.0:0"]);
    let ran = Ran::of(serve.env("PLAUDIT_DEV", "1"));
    assert_says(&ran.complaint(2), &["--dev", "loopback"]);
    let ran = Ran::of(serve.env("PLAUDIT_DEV", "perhaps"));
    assert_says(&ran.complaint(2), &["'perhaps'", "--dev"]);
    let ran = Ran::of(plaudit(["rebuild"]).env("PLAUDIT_DATA", community.path()));
    assert_says(&ran.complaint(1), &[text(community.path())]);
}

#[test]
fn a_directory_that_can_hold_no_community_is_told() {
    let folder = Community::new();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let below = file.join("below");
    let mut directories = vec![
        (&*file, "it is not a directory"),
        (&below, "Not a directory"),
    ];
    // Nobody makes files there, whoever they are.
    if cfg!(target_os = "linux") {
        directories.push((Path::new("/proc"), ""));
        directories.push((Path::new("/proc/data"), ""));
    }
    for (directory, why) in directories {
        let demo = demo();
        for command in [
            &["import", "events", text(&demo)][..],
            &["serve", "--listen", "127.0.0.1:0"],
        ] {
            let mut command = plaudit(command.iter().copied());
            let ran = Ran::of(command.args(["--data", text(directory)]));
            let where_it_is = format!(
                "plaudit: {}: nothing can be kept there",
                directory.display()
            );
            assert_says(&ran.complaint(1), &[&where_it_is, why, "--data"]);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_directory_without_the_right_to_write_is_told() {
    use std::os::unix::fs::PermissionsExt;

    let community = Community::demo();
    let permit = |mode| {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(community.path(), permissions).unwrap();
    };
    permit(0o555);
    if tempfile::tempfile_in(community.path()).is_ok() {
        permit(0o755);
        plaudit_testing::skipped("whoever runs this may write everywhere");
        return;
    }
    let complaint = community.fails(["import", "events", text(&demo())]);
    permit(0o755);
    assert_says(
        &complaint,
        &[text(community.path()), "Permission denied", "--data"],
    );
}

#[test]
fn a_journal_that_is_none_is_left_as_it_is() {
    let database = {
        // A database, but of something else.
        let community = Community::demo();
        fs::read(community.path().join("read-models/1.sqlite")).unwrap()
    };
    for content in [
        b"Dear diary, today I learned about journals.".repeat(99),
        database,
    ] {
        let community = Community::new();
        let journal = community.path().join("journal.sqlite");
        fs::write(&journal, &content).unwrap();
        for command in [
            &["import", "events", text(&demo())][..],
            &["export", "accounts"],
            &["serve", "--listen", "127.0.0.1:0"],
            &["rebuild"],
        ] {
            let complaint = community.fails(command.iter().copied());
            assert_says(&complaint, &[text(&journal), "not a"]);
        }
        assert_eq!(fs::read(&journal).unwrap(), content);
    }
}

#[test]
fn read_models_that_are_damaged_are_made_anew_on_request() {
    let community = Community::demo();
    let exports = community.exports();
    let path = community.path().join("read-models/1.sqlite");
    fs::write(&path, "no database").unwrap();
    assert_says(
        &community.fails(["export", "posts"]),
        &[text(&path), "`plaudit rebuild`"],
    );
    community.does(["rebuild"]);
    assert_eq!(community.exports(), exports);
}

#[test]
fn folders_and_files_that_are_not_what_is_imported_begin_no_community() {
    let folder = Community::new();
    let data = folder.path().join("data");
    let import = |arguments: &[&str]| {
        let mut command = plaudit(["import"]);
        Ran::of(command.args(arguments).args(["--data", text(&data)])).complaint(1)
    };
    let [empty, users, comments] = ["empty", "users", "comments"].map(|name| {
        let path = folder.path().join(name);
        fs::create_dir(&path).unwrap();
        path
    });
    fs::write(users.join("Users.xml"), "<users/>").unwrap();
    fs::write(comments.join("comments.csv"), "").unwrap();
    let missing = folder.path().join("missing");
    let dump = &dump(folder.path(), USERS);
    for (arguments, words) in [
        (
            &["stack-exchange", text(&missing)][..],
            &[text(&missing), "No such file or directory"][..],
        ),
        (
            &["stack-exchange", text(&empty)],
            &[
                text(&empty),
                "no Users.xml",
                "PostHistory.xml and Badges.xml may be there",
            ],
        ),
        (
            &["stack-exchange", text(&users)],
            &[
                text(&users),
                "there is no Posts.xml and no Comments.xml and no Votes.xml",
            ],
        ),
        (
            &["stack-exchange", text(dump), "--voters", text(&missing)],
            &[text(&missing), "No such file or directory"],
        ),
        (
            &["polis", text(&missing)],
            &[text(&missing), "no comments.csv"],
        ),
        (
            &["polis", text(&comments)],
            &[text(&comments), "no votes.csv", "Polis"],
        ),
        (
            &["events", text(&missing)],
            &[text(&missing), "No such file or directory"],
        ),
        (&["events", text(&empty)], &[text(&empty), "is a directory"]),
    ] {
        assert_says(&import(arguments), words);
        assert!(!data.exists(), "{arguments:?}");
    }
}

const USERS: &str = r#"<users>
  <row Id="1" CreationDate="2020-01-01T10:00:00.000" DisplayName="Ada" />
  <row Id="2" CreationDate="2020-01-01T11:00:00.000" DisplayName="Grace" />
</users>"#;

/// A dump of a few rows; the users as given.
fn dump(within: &Path, users: &str) -> std::path::PathBuf {
    let folder = within.join("tea");
    fs::create_dir_all(&folder).unwrap();
    let posts = r#"<posts><row Id="1" PostTypeId="1" OwnerUserId="2"
        CreationDate="2020-01-02T10:00:00.000" Title="Tea?" Body="Why not" Tags="|tea|" /></posts>"#;
    for (file, content) in [
        ("Users.xml", users),
        ("Posts.xml", posts),
        ("Comments.xml", "<comments/>"),
        ("Votes.xml", "<votes/>"),
    ] {
        fs::write(folder.join(file), content).unwrap();
    }
    folder
}

#[test]
fn a_malformed_dump_records_nothing_until_it_is_put_right() {
    let community = Community::new();
    for (wrong, words) in [
        (
            USERS.replace("</users>", ""),
            &["Users.xml, line 4", "it was cut off"][..],
        ),
        (
            USERS.replace("2020-01-01T11", "yesterday"),
            &["Users.xml, line 3, row Id=\"2\": CreationDate"],
        ),
        (
            USERS.replace("Id=\"2\"", "Id=\"two\""),
            &["Users.xml, line 3", "\"two\"", "a whole number"],
        ),
        (
            USERS.replace("\"Grace\"", "\"Grace"),
            &["Users.xml, line 3"],
        ),
    ] {
        let folder = dump(community.path(), &wrong);
        assert_says(
            &community.fails(["import", "stack-exchange", text(&folder)]),
            words,
        );
        assert_eq!(community.events().len(), 0);
    }
    let folder = dump(community.path(), USERS);
    let imported = community.imports(["stack-exchange", text(&folder)]);
    assert_eq!(
        imported["recorded"],
        json!({ "AccountRegistered": 2, "PostCreated": 1 })
    );
    // Nothing of the files that it sorts in is left.
    assert_eq!(
        community.files(),
        [
            "journal.sqlite",
            "keys.sqlite",
            "master.key",
            "read-models",
            "tea"
        ]
    );
}

#[test]
fn a_malformed_conversation_records_nothing_until_it_is_put_right() {
    let community = Community::new();
    let folder = community.path().join("tea");
    fs::create_dir(&folder).unwrap();
    let comments = "timestamp,comment-id,author-id,comment-body\n1000,0,7,Tea is good\n";
    fs::write(folder.join("comments.csv"), comments).unwrap();
    for (votes, words) in [
        (
            "timestamp,comment-id,voter-id,vote\n1001,0,8,yes\n",
            &["votes.csv, line 2", "\"yes\"", "1 to agree"][..],
        ),
        (
            "timestamp,comment-id,voter,vote\n1001,0,8,1\n",
            &["votes.csv, line 1", "no column voter-id"],
        ),
        (
            "timestamp,comment-id,voter-id,vote\n1001,0,8\n",
            &["votes.csv, line 2", "3 values; expected 4"],
        ),
    ] {
        fs::write(folder.join("votes.csv"), votes).unwrap();
        assert_says(&community.fails(["import", "polis", text(&folder)]), words);
        assert_eq!(community.events().len(), 0);
    }
    let votes = "timestamp,comment-id,voter-id,vote\n1001,0,8,1\n";
    fs::write(folder.join("votes.csv"), votes).unwrap();
    let imported = community.imports(["polis", text(&folder)]);
    assert_eq!(imported["recorded"]["PostLiked"], 1);
}

#[test]
fn what_precedes_a_malformed_event_is_recorded_and_the_rest_when_it_is_put_right() {
    let events = fs::read_to_string(demo()).unwrap();
    let line = |number: usize| events.lines().nth(number - 1).unwrap();
    for (number, wrong, words) in [
        (
            1,
            "Dear diary,".to_owned(),
            &["expected an event as `plaudit export events` writes it"][..],
        ),
        (700, line(700)[..50].to_owned(), &["EOF", "column 50"]),
        (
            1700,
            line(1700).replace("\"version\":1", "\"version\":99"),
            &["version 99", "one of "],
        ),
        (
            900,
            line(900).replace("\"occurred_at\":\"", "\"occurred_at\":\"on "),
            &["a time like"],
        ),
        (
            5,
            line(5).replace("\"type\":\"Post", "\"type\":\"Poste"),
            &["PosteCreated", "PostCreated"],
        ),
        (
            5,
            line(5).replace("f6c50915-17f3-5e64", "f6c50915-17f3-5e65"),
            &["there is no post f6c50915-17f3-5e65"],
        ),
    ] {
        let community = Community::new();
        let file = community.path().join("events.ndjson");
        let mut malformed: Vec<&str> = events.lines().collect();
        malformed[number - 1] = &wrong;
        fs::write(&file, malformed.join("\n")).unwrap();
        let complaint = community.fails(["import", "events", text(&file)]);
        assert_says(
            &complaint,
            &[&format!("{}, line {number}: ", file.display())],
        );
        assert_says(&complaint, words);
        assert_eq!(community.events().len(), number - 1);

        fs::write(&file, &events).unwrap();
        let imported = community.imports(["events", text(&file)]);
        assert_eq!(imported["files"][0]["already_recorded"], number - 1);
        assert_eq!(
            imported["files"][0]["recorded"],
            demo_events() - (number as u64 - 1)
        );
    }
}

#[test]
fn an_address_that_is_taken_is_told_before_anything_is_done() {
    let community = Community::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let complaint = community.fails(["serve", "--demo", "--listen", &address]);
    let expected = format!("can't listen on {address}: Address already in use");
    assert_says(&complaint, &[&expected]);
    assert!(community.files().is_empty());
    // One that is nobody's here.
    let complaint = community.fails(["serve", "--demo", "--listen", "192.0.2.1:4000"]);
    assert_says(&complaint, &["can't listen on 192.0.2.1:4000"]);
    assert!(community.files().is_empty());
}

#[test]
fn an_export_appears_when_it_is_whole_or_not_at_all() {
    let community = Community::demo();
    let path = |name: &str| community.path().join(name);
    let missing = path("missing/posts.csv");
    let complaint = community.fails(["export", "posts", "--out", text(&missing)]);
    assert_says(&complaint, &[text(&missing), "No such file or directory"]);
    let complaint = community.fails(["export", "posts", "--out", text(community.path())]);
    assert_says(
        &complaint,
        &[
            text(community.path()),
            "is a directory with something else in it",
        ],
    );

    let out = path("posts.csv");
    fs::write(&out, "what was there before").unwrap();
    let generation = path("read-models/1.sqlite");
    let (whole, damaged) = (fs::read(&generation).unwrap(), vec![7; 5000]);
    fs::write(&generation, damaged).unwrap();
    community.fails(["export", "posts", "--out", text(&out)]);
    assert_eq!(fs::read_to_string(&out).unwrap(), "what was there before");
    fs::write(&generation, whole).unwrap();

    let told = Ran::of(&mut community.plaudit(["export", "posts", "--out", text(&out)]));
    assert_eq!(told.printed, "");
    assert_says(
        &told.complained,
        &[&format!("472 rows in {}", out.display())],
    );
    assert_eq!(
        fs::read_to_string(&out).unwrap(),
        community.does(["export", "posts"])
    );
    assert_eq!(
        community.files(),
        [
            "journal.sqlite",
            "keys.sqlite",
            "master.key",
            "posts.csv",
            "read-models"
        ]
    );
}

/// A device is written to. It is no file, and never becomes one.
#[test]
fn an_export_never_replaces_what_the_community_needs() {
    let community = Community::demo();
    for own in ["journal.sqlite", "read-models/current"] {
        let own = community.path().join(own);
        let before = fs::read(&own).unwrap();
        let complaint = community.misused(["export", "posts", "--out", text(&own)]);
        assert_says(&complaint, &[text(&own), "needs this file"]);
        assert!(fs::read(&own).unwrap() == before);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_a_device_stays_one() {
    use std::os::unix::fs::FileTypeExt;

    let community = Community::demo();
    let full = community.path().join("full");
    let standard_output = community.path().join("standard-output");
    // By other names, so that nothing is lost if they should be replaced after all.
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    std::os::unix::fs::symlink("/dev/stdout", &standard_output).unwrap();
    for table in ["accounts", "events"] {
        let complaint = community.fails(["export", table, "--out", text(&full)]);
        assert_says(&complaint, &[text(&full), "No space left on device"]);
        let mut export = community.plaudit(["export", table]);
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ran = Ran::of(export.stdout(full));
        assert_says(
            &ran.complaint(1),
            &["standard output", "No space left on device"],
        );
    }
    let device = fs::metadata(&full).unwrap().file_type();
    assert!(device.is_char_device());
    let printed = community.does(["export", "accounts", "--out", text(&standard_output)]);
    assert_eq!(printed, community.does(["export", "accounts"]));
    let files = [
        "full",
        "journal.sqlite",
        "keys.sqlite",
        "master.key",
        "read-models",
        "standard-output",
    ];
    assert_eq!(community.files(), files);
}

#[test]
fn who_reads_only_the_beginning_has_what_they_wanted() {
    let community = Community::demo();
    for arguments in [
        &["export", "events", "--personal"][..],
        &["export", "events", "--personal", "--format", "csv"],
        &["export", "posts"],
        &["schema"],
    ] {
        let mut command = community.plaudit(arguments.iter().copied());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut beginning = [0; 10];
        let mut output = child.stdout.take().unwrap();
        output.read_exact(&mut beginning).unwrap();
        drop(output);
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        assert_eq!(ran.complained, "");
    }
}

/// An import that is watched by nobody any more goes on.
#[test]
fn an_import_whose_reader_goes_away_is_completed() {
    let community = Community::new();
    let mut command = community.plaudit(["import", "events", text(&demo()), "--json"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(community.exports(), Community::demo().exports());
}

#[test]
fn with_json_there_is_nothing_else_on_standard_output() {
    let community = Community::new();
    let imported = lines(&community.does(["import", "events", text(&demo()), "--json"]));
    assert_eq!(imported.last().unwrap()["phase"], "writing");
    let rebuilt = lines(&community.does(["rebuild", "--json"]));
    assert_eq!(rebuilt.last().unwrap()["rebuilt"], demo_events());
    for line in imported.iter().chain(&rebuilt) {
        assert!(line.is_object());
    }
    // A failure is told in words, on the other side.
    let complaint = community.fails(["import", "events", "/nowhere", "--json"]);
    assert_says(&complaint, &["plaudit: /nowhere: can't be read"]);
}

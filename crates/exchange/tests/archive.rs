//! A directory with everything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use plaudit_domain::erasure::{Content, Erased};
use plaudit_domain::fact::AccountFact;
use plaudit_domain::{AccountId, Event, Fact, NewEvent, Position, StreamName, Time};
use plaudit_exchange::Unwatched;
use plaudit_exchange::archive::{self, ArchiveError, Archived, Asked, Manifest};
use plaudit_exchange::events::{self, Source, import};
use plaudit_exchange::lines::Format;
use plaudit_exchange::tables::{Private, Table, Tables};
use plaudit_journal::inspection::Extent;
use plaudit_journal::{
    AppendError, Appended, Expected, Journal, JournalError, Part, SharedJournal, Tell,
};
use plaudit_projection::Rules;
use plaudit_store::Store;
use serde_json::Value;
use uuid::Uuid;

use crate::community::{Community, demo};
use crate::tables::fold_all;

/// The demo community, up to an event.
async fn recorded(lines: usize) -> Community {
    let community = Community::new();
    record(&community, lines).await;
    community
}

async fn record(community: &Community, lines: usize) {
    let demo = demo();
    let lines: Vec<&str> = demo.lines().take(lines).collect();
    let source = Source::reader("demo", Cursor::new(lines.join("\n")));
    import(&community.journal, source, &mut Unwatched)
        .await
        .unwrap();
}

/// Events, so few to a part that there are many.
fn parts(format: Format) -> Asked {
    Asked {
        format,
        personal: false,
        tables: vec![events::TABLE.to_owned()],
        from: None,
        to: None,
        types: Vec::new(),
        as_of: None,
        part_events: 150,
    }
}

async fn export(
    journal: &SharedJournal,
    asked: Asked,
    directory: &Path,
) -> Result<Archived, ArchiveError> {
    let source = archive::Source {
        journal,
        tables: None,
        position: journal.head().await.unwrap(),
        now: Time::EPOCH,
    };
    archive::export(source, asked, directory, &mut Unwatched).await
}

/// Every file below a directory, with what is in it.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(directory).unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn manifest(directory: &Path) -> Manifest {
    serde_json::from_slice(&fs::read(directory.join("manifest.json")).unwrap()).unwrap()
}

/// The files are those of the manifest, which counts them right; and nothing else is left.
fn assert_whole(directory: &Path) {
    let manifest = manifest(directory);
    let files = files(directory);
    let named: BTreeSet<PathBuf> = manifest
        .files()
        .map(|file| PathBuf::from(&file.path))
        .collect();
    let mut there: BTreeSet<PathBuf> = files.keys().cloned().collect();
    assert!(there.remove(Path::new("manifest.json")));
    assert_eq!(there, named);
    for file in manifest.files() {
        let bytes = &files[Path::new(&file.path)];
        assert_eq!(file.bytes, bytes.len() as u64);
        assert_eq!(file.sha256, sha256(bytes));
    }
    for table in manifest.tables.values() {
        let rows: u64 = table.files.iter().map(|file| file.rows).sum();
        assert_eq!(table.rows, rows);
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn events_of(directory: &Path) -> Vec<Value> {
    let mut events = Vec::new();
    for (path, bytes) in files(directory) {
        if path.extension().is_some_and(|it| it == "ndjson") {
            let month = path.parent().unwrap().file_name().unwrap();
            let month = month.to_str().unwrap().strip_prefix("month=").unwrap();
            for line in String::from_utf8(bytes).unwrap().lines() {
                let event: Value = serde_json::from_str(line).unwrap();
                let at = event["occurred_at"].as_str().unwrap();
                assert!(at.starts_with(&format!("{month}-")), "{at} in {month}");
                events.push(event);
            }
        }
    }
    events.sort_by_key(|event| event["position"].as_u64());
    events
}

#[tokio::test]
async fn every_event_is_in_the_file_of_its_month_and_stretch_once() {
    let community = recorded(usize::MAX).await;
    let folder = tempfile::tempdir().unwrap();
    let archived = export(&community.journal, parts(Format::Ndjson), folder.path())
        .await
        .unwrap();
    assert_whole(folder.path());
    let mut out = Vec::new();
    let options = events::Options::default();
    events::export(
        &community.journal,
        &options,
        Format::Ndjson,
        &mut out,
        &mut Unwatched,
    )
    .await
    .unwrap();
    let expected: Vec<Value> = String::from_utf8(out)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events_of(folder.path()), expected);
    assert_eq!(archived.rows, expected.len() as u64);
    assert_eq!(archived.kept, 0);
    assert!(archived.files > 40, "{archived:?}");
}

/// A journal that can't be read any more after some batches, which are small.
struct Failing {
    journal: SharedJournal,
    batches: AtomicI64,
}

#[async_trait]
impl Journal for Failing {
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
        self.journal.read_stream_from(stream, revision).await
    }

    async fn forget(&self, account: AccountId, content: Content) -> Result<bool, JournalError> {
        self.journal.forget(account, content).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Event>, JournalError> {
        if self.batches.fetch_sub(1, Ordering::Relaxed) <= 0 {
            let journal = "a broken disk".into();
            return Err(JournalError::Closed { journal });
        }
        self.journal.read_all(after, limit.min(100)).await
    }

    async fn read_kept(&self, part: Part<'_>, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.journal.read_kept(part, limit).await
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Event>, JournalError> {
        self.journal.read_at(positions).await
    }

    async fn head(&self) -> Result<Position, JournalError> {
        self.journal.head().await
    }

    async fn wait_past(&self, position: Position) -> Result<(), JournalError> {
        self.journal.wait_past(position).await
    }

    async fn inspect(&self, extent: Extent, tell: Tell<'_>) -> Result<(), JournalError> {
        self.journal.inspect(extent, tell).await
    }
}

#[tokio::test]
async fn an_export_that_was_interrupted_goes_on_and_comes_to_the_same() {
    let community = recorded(usize::MAX).await;
    for format in [Format::Ndjson, Format::Csv, Format::Parquet] {
        let whole = tempfile::tempdir().unwrap();
        export(&community.journal, parts(format), whole.path())
            .await
            .unwrap();
        let expected = files(whole.path());

        let folder = tempfile::tempdir().unwrap();
        for batches in [0, 1, 4, 9, 2] {
            let failing: SharedJournal = Arc::new(Failing {
                journal: community.journal.clone(),
                batches: batches.into(),
            });
            let failed = export(&failing, parts(format), folder.path()).await;
            assert!(failed.unwrap_err().to_string().contains("a broken disk"));
            // Nothing has its name before all is there.
            let names: Vec<PathBuf> = files(folder.path()).into_keys().collect();
            assert!(names.iter().all(|name| name.starts_with(".partial")));
        }
        let archived = export(&community.journal, parts(format), folder.path())
            .await
            .unwrap();
        assert!(archived.kept > 10, "{archived:?}");
        assert!(archived.kept < archived.files);
        assert_eq!(files(folder.path()), expected);
    }
}

#[tokio::test]
async fn a_later_export_writes_what_is_new_and_leaves_what_is_final() {
    let community = recorded(1_000).await;
    let folder = tempfile::tempdir().unwrap();
    let asked = || parts(Format::Parquet);
    export(&community.journal, asked(), folder.path())
        .await
        .unwrap();
    let before = files(folder.path());
    let final_up_to = manifest(folder.path()).tables[events::TABLE].final_up_to;
    assert_eq!(final_up_to, Some(900));

    record(&community, usize::MAX).await;
    let archived = export(&community.journal, asked(), folder.path())
        .await
        .unwrap();
    assert_whole(folder.path());
    let after = files(folder.path());
    let is_tail = |path: &Path| path.to_str().unwrap().contains("part-000000000901");
    let (tail, stay): (Vec<_>, Vec<_>) = before
        .into_iter()
        .filter(|(path, _)| path != Path::new("manifest.json"))
        .partition(|(path, _)| is_tail(path));
    assert!(!tail.is_empty());
    assert_eq!(stay.len(), archived.kept);
    for (path, bytes) in stay {
        assert_eq!(after[&path], bytes, "{}", path.display());
    }
    for (path, _) in tail {
        assert!(!after.contains_key(&path), "{}", path.display());
    }

    // The same as if it had been one export.
    let whole = tempfile::tempdir().unwrap();
    export(&community.journal, asked(), whole.path())
        .await
        .unwrap();
    assert_eq!(files(whole.path()), after);
    // And with nothing new nothing changes.
    export(&community.journal, asked(), folder.path())
        .await
        .unwrap();
    assert_eq!(files(folder.path()), after);
}

#[tokio::test]
async fn who_was_erased_since_is_in_no_file_of_the_next_export() {
    let community = recorded(usize::MAX).await;
    let folder = tempfile::tempdir().unwrap();
    let asked = || Asked {
        personal: true,
        ..parts(Format::Ndjson)
    };
    export(&community.journal, asked(), folder.path())
        .await
        .unwrap();
    let events = events_of(folder.path());
    let first = events.iter().find(|it| it["type"] == "AccountRegistered");
    let data = &first.unwrap()["data"];
    let name = data["name"].as_str().unwrap().to_owned();
    let account: AccountId = data["account"].as_str().unwrap().parse().unwrap();
    let has = |name: &str| {
        let files = files(folder.path());
        files
            .values()
            .any(|bytes| String::from_utf8_lossy(bytes).contains(name))
    };
    assert!(has(&name));

    let content = Content::Remove;
    let erased = NewEvent {
        id: Uuid::from_u128(7),
        occurred_at: Time::EPOCH,
        actor: None,
        correlation: None,
        causation: None,
        imported: false,
        fact: Fact::Account(AccountFact::Erased(Erased { account, content })),
    };
    community.journal.append_many(vec![erased]).await.unwrap();
    community.journal.forget(account, content).await.unwrap();
    let archived = export(&community.journal, asked(), folder.path())
        .await
        .unwrap();
    assert_eq!(archived.kept, 0);
    assert!(!has(&name));
    assert_whole(folder.path());
    // Only the first time.
    let archived = export(&community.journal, asked(), folder.path())
        .await
        .unwrap();
    assert!(archived.kept > 0);
}

#[tokio::test]
async fn a_directory_holds_one_kind_of_export_of_one_history() {
    let community = recorded(300).await;
    let folder = tempfile::tempdir().unwrap();
    let journal = &community.journal;
    let asked = parts(Format::Csv);
    export(journal, asked.clone(), folder.path()).await.unwrap();
    let before = files(folder.path());
    let moment = Some(Time::EPOCH);
    let refused = [
        (parts(Format::Ndjson), "an export as csv"),
        (
            Asked {
                personal: true,
                ..asked.clone()
            },
            "an export without --personal",
        ),
        (
            Asked {
                to: moment,
                ..asked.clone()
            },
            "an export without --to",
        ),
        (
            Asked {
                as_of: moment,
                ..asked.clone()
            },
            "an export without --as-of",
        ),
        (
            Asked {
                types: vec!["PostLiked".to_owned()],
                ..asked.clone()
            },
            "an export without --type",
        ),
        (
            Asked {
                part_events: 7,
                ..asked.clone()
            },
            "an export with --part-events 150",
        ),
    ];
    for (other, words) in refused {
        let error = export(journal, other, folder.path()).await.unwrap_err();
        let error = error.to_string();
        assert!(error.contains(words), "{error}");
        assert!(error.contains(folder.path().to_str().unwrap()), "{error}");
        assert!(error.contains("name another directory"), "{error}");
    }
    let earlier = recorded(200).await;
    let error = export(&earlier.journal, asked.clone(), folder.path()).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("another history"), "{error}");
    assert_eq!(files(folder.path()), before);

    let others = tempfile::tempdir().unwrap();
    fs::write(others.path().join("diary.txt"), "Dear diary,").unwrap();
    let error = export(journal, asked.clone(), others.path()).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("something else in it (diary.txt)"),
        "{error}"
    );
    assert_eq!(files(others.path()).len(), 1);
    let file = others.path().join("diary.txt");
    let error = export(journal, asked, &file).await.unwrap_err();
    let error = error.to_string();
    assert!(error.contains("diary.txt: can't be written"), "{error}");
}

#[tokio::test]
async fn two_exports_into_one_directory_do_no_harm() {
    let community = recorded(300).await;
    let folder = tempfile::tempdir().unwrap();
    let aside = folder.path().join(".partial");
    fs::create_dir(&aside).unwrap();
    let lock = File::create(aside.join("lock")).unwrap();
    lock.lock().unwrap();
    let asked = parts(Format::Csv);
    let error = export(&community.journal, asked.clone(), folder.path()).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("another export fills it"), "{error}");
    assert!(aside.join("lock").exists());
    drop(lock);
    export(&community.journal, asked, folder.path())
        .await
        .unwrap();
    assert_whole(folder.path());
}

/// From when all files are whole nothing but moving them is left; here after some of them were.
#[tokio::test]
async fn putting_an_export_in_use_is_completed_by_the_next() {
    let community = recorded(650).await;
    let folder = tempfile::tempdir().unwrap();
    let asked = parts(Format::Csv);
    export(&community.journal, asked.clone(), folder.path())
        .await
        .unwrap();
    let expected = files(folder.path());
    let aside = folder.path().join(".partial");
    for (number, path) in expected.keys().enumerate() {
        if number % 2 == 0 || path == Path::new("manifest.json") {
            fs::create_dir_all(aside.join(path).parent().unwrap()).unwrap();
            fs::rename(folder.path().join(path), aside.join(path)).unwrap();
        }
    }
    // What these took the place of was still there.
    let old = "events/month=2024-11/part-000000000451-000000000500.csv";
    fs::write(folder.path().join(old), "position\n").unwrap();

    // It comes to nothing itself.
    let failing: SharedJournal = Arc::new(Failing {
        journal: community.journal.clone(),
        batches: 0.into(),
    });
    export(&failing, asked, folder.path()).await.unwrap_err();
    let mut now = files(folder.path());
    now.retain(|path, _| !path.starts_with(".partial"));
    assert_eq!(now, expected);
}

#[tokio::test]
async fn parquet_has_the_cells_that_ndjson_has() {
    let community = recorded(usize::MAX).await;
    let rules = Rules::standard().unwrap();
    let store = fold_all(&community, &rules).await;
    let mut exported = BTreeMap::new();
    for format in [Format::Ndjson, Format::Parquet] {
        let folder = tempfile::tempdir().unwrap();
        let tables = Tables {
            snapshot: store.snapshot().await.unwrap(),
            rules: &rules,
            now: "2026-11-30T00:00:00Z".parse().unwrap(),
            private: Private::Withheld,
        };
        let source = archive::Source {
            journal: &community.journal,
            position: tables.position(),
            tables: Some(tables),
            now: Time::EPOCH,
        };
        let all = Table::ALL.iter().map(|table| table.name());
        let asked = Asked {
            tables: all.chain([events::TABLE]).map(str::to_owned).collect(),
            ..parts(format)
        };
        archive::export(source, asked, folder.path(), &mut Unwatched)
            .await
            .unwrap();
        assert_whole(folder.path());
        for (file, bytes) in files(folder.path()) {
            let path = file.with_extension("");
            let rows = match format {
                _ if path == Path::new("manifest") => continue,
                Format::Parquet => parquet_rows(&folder.path().join(&file)),
                Format::Ndjson | Format::Csv => ndjson_rows(&bytes),
            };
            exported.entry(path).or_insert_with(Vec::new).push(rows);
        }
    }
    let mut cells = 0;
    for (path, rows) in exported {
        let [ndjson, parquet] = rows.try_into().unwrap();
        assert_eq!(parquet, ndjson, "{}", path.display());
        cells += ndjson.iter().map(Vec::len).sum::<usize>();
    }
    assert!(cells > 50_000, "{cells}");
}

type Row = Vec<(String, Value)>;

fn ndjson_rows(bytes: &[u8]) -> Vec<Row> {
    let lines = std::str::from_utf8(bytes).unwrap().lines();
    let row = |line: &str| -> Row {
        let fields: BTreeMap<String, Value> = serde_json::from_str(line).unwrap();
        let fields = fields.into_iter().map(|(name, value)| match value {
            Value::Object(_) => (name, value.to_string().into()),
            value => (name, value),
        });
        fields.collect()
    };
    lines.map(row).collect()
}

fn parquet_rows(path: &Path) -> Vec<Row> {
    let file = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let rows = file.get_row_iter(None).unwrap();
    let row = |row: parquet::record::Row| -> Row {
        let cells: BTreeMap<String, Value> = row
            .get_column_iter()
            .map(|(name, field)| (name.clone(), value(name, field)))
            .collect();
        cells.into_iter().collect()
    };
    rows.map(|it| row(it.unwrap())).collect()
}

fn value(column: &str, field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(is) => (*is).into(),
        Field::Long(number) => (*number).into(),
        Field::TimestampMicros(at) => Time::from_micros(*at).to_string().into(),
        // In NDJSON it is an object.
        Field::Str(text) if column == "data" => {
            let data: Value = serde_json::from_str(text).unwrap();
            data.to_string().into()
        }
        Field::Str(text) => text.as_str().into(),
        other => panic!("{column} holds {other:?}"),
    }
}

#[test]
fn the_reference_has_every_column() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/EXPORTS.md");
    let text = fs::read_to_string(path).unwrap();
    let sections: BTreeMap<&str, &str> = text
        .split("\n### ")
        .filter_map(|section| section.split_once('\n'))
        .collect();
    let tables = Table::ALL.iter().map(|table| (table.name(), table.shape()));
    for (name, (version, columns)) in tables.chain([(events::TABLE, events::shape())]) {
        let heading = format!("{name} (version {version})");
        let section = sections.get(heading.as_str());
        let section = section.unwrap_or_else(|| panic!("there is no section {heading:?}"));
        let rows: Vec<&str> = section
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(|line| line.rsplitn(3, '|').nth(2).unwrap().trim())
            .collect();
        let expected: Vec<String> = columns
            .iter()
            .map(|column| {
                let nothing = if column.nullable { ", or nothing" } else { "" };
                let (name, kind) = (column.name, column.r#type.as_str());
                format!("| `{name}` | {kind}{nothing}")
            })
            .collect();
        assert_eq!(rows, expected, "{name}");
    }
}

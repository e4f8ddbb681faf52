//! How fast the SQLite journal is, compared with what the disk and SQLite give by themselves.
//!
//! `cargo bench -p plaudit-journal -- [--data DIR]`
//!
//! It works in a new folder of DIR, which has to be on a real disk: one in memory knows no `fsync`.
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use plaudit_domain::fact::{LikeFact, PostFact};
use plaudit_domain::like::Like;
use plaudit_domain::post::{Created, Kind};
use plaudit_domain::{AccountId, Fact, NewEvent, Personal, PostId, Time};
use plaudit_journal::keys::{Keyring, MasterKey};
use plaudit_journal::sqlite::SqliteJournal;
use plaudit_journal::{AppendError, Expected, Journal, SharedJournal};
use plaudit_testing::random::Random;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use uuid::Uuid;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long each line is measured.
const SPAN: Duration = Duration::from_secs(2);

/// How many events a journal has before appends are measured: files grow slower than they change.
const HISTORY: usize = 50_000;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut data = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let mut is_bench = false;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--bench" => is_bench = true,
            "--data" => data = arguments.next().ok_or("--data needs a folder")?.into(),
            other => return Err(format!("{other} is unknown; there is --data DIR").into()),
        }
    }
    if !is_bench {
        println!("not measured: `cargo bench` measures");
        return Ok(());
    }
    std::fs::create_dir_all(&data)?;
    let dir = tempfile::tempdir_in(data)?;
    println!("in {}", dir.path().display());

    let fsyncs = bare_fsyncs(dir.path())?;
    appends(dir.path(), fsyncs)?;
    let likes = imports(dir.path(), fsyncs)?;
    scans("likes", &likes, keyring(dir.path())?)?;
    posts(dir.path(), fsyncs)
}

/// The keys of the journals in a folder.
fn keyring(dir: &Path) -> Result<Arc<Keyring>> {
    let master = MasterKey::file(&dir.join("master.key"))?;
    Ok(Arc::new(Keyring::open(&dir.join("keys.sqlite"), &master)?))
}

/// What the disk can do: every other rate is compared with the first.
fn bare_fsyncs(dir: &Path) -> Result<f64> {
    println!("\n{:<44}{:>12}", "bare writes", "fsyncs/s");
    let page = [7; 4096];
    let file = File::create(dir.join("page"))?;
    let in_place = per_second(|| {
        file.write_all_at(&page, 0)?;
        file.sync_data()?;
        Ok(1)
    })?;
    println!("{:<44}{in_place:>12.0}", "a page of 4 KiB, in place");

    // What a commit of one event writes: a page of the table and of each index, with frame headers.
    let frames = vec![7; 3 * (24 + 4096)];
    let file = File::create(dir.join("frames"))?;
    let mut offset = 0;
    let like_wal = per_second(|| {
        file.write_all_at(&frames, offset)?;
        file.sync_all()?;
        offset = (offset + frames.len() as u64) % (4 << 20);
        Ok(1)
    })?;
    println!("{:<44}{like_wal:>12.0}", "3 frames, like a write-ahead log");
    Ok(in_place)
}

/// Many tasks, each of which appends one like after another and waits for each.
fn appends(dir: &Path, fsyncs: f64) -> Result<()> {
    println!("\n{:<44}{:>12}{:>12}", "append", "events/s", "per fsync");
    for writers in [1, 16, 64, 256] {
        let path = dir.join(format!("appends-{writers}"));
        let journal: SharedJournal = Arc::new(SqliteJournal::open(&path, keyring(dir)?)?);
        let runtime = Runtime::new()?;
        runtime.block_on(journal.append_many((0..HISTORY).map(|_| like()).collect()))?;
        let rate = runtime.block_on(append_for_a_while(journal, writers))?;
        let what = format!("{writers} at a time");
        println!("{what:<44}{rate:>12.0}{:>12.2}", rate / fsyncs);
    }
    Ok(())
}

async fn append_for_a_while(journal: SharedJournal, writers: usize) -> Result<f64> {
    let started = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|_| {
            let journal = Arc::clone(&journal);
            tokio::spawn(async move {
                let mut appended = 0;
                while started.elapsed() < SPAN {
                    let mut like = like();
                    // In order of time, as new ids are; those of imports are anything.
                    like.id = Uuid::now_v7();
                    let stream = like.fact.stream();
                    journal
                        .append(&stream, Expected::NoStream, vec![like])
                        .await?;
                    appended += 1;
                }
                Ok::<_, AppendError>(appended)
            })
        })
        .collect();
    let mut appended = 0;
    for task in tasks {
        appended += task.await??;
    }
    Ok(f64::from(appended) / started.elapsed().as_secs_f64())
}

/// Imports in batches of several sizes; the last of the journals is there to be read.
fn imports(dir: &Path, fsyncs: f64) -> Result<PathBuf> {
    println!(
        "\n{:<44}{:>12}{:>12}",
        "import (append_many)", "events/s", "per fsync"
    );
    let runtime = Runtime::new()?;
    let mut path = dir.to_owned();
    // With two at a time one batch is encoded while the other is written.
    for (size, at_a_time) in [(1, 1), (128, 1), (5_000, 1), (5_000, 2)] {
        path = dir.join(format!("imports-{size}-{at_a_time}"));
        let journal: SharedJournal = Arc::new(SqliteJournal::open(&path, keyring(dir)?)?);
        let (mut recorded, mut spent) = (0, Duration::ZERO);
        while spent < SPAN {
            let batches: Vec<Vec<_>> = (0..at_a_time * 4)
                .map(|_| (0..size).map(|_| like()).collect())
                .collect();
            let started = Instant::now();
            recorded += runtime.block_on(import(&journal, batches, at_a_time))?;
            spent += started.elapsed();
        }
        let rate = recorded as f64 / spent.as_secs_f64();
        let what = format!("batches of {size}, {at_a_time} at a time");
        println!("{what:<44}{rate:>12.0}{:>12.2}", rate / fsyncs);
    }
    Ok(path)
}

async fn import(
    journal: &SharedJournal,
    batches: Vec<Vec<NewEvent>>,
    at_a_time: usize,
) -> Result<usize> {
    let mut recorded = 0;
    let mut under_way = JoinSet::new();
    for batch in batches {
        if under_way.len() == at_a_time
            && let Some(appended) = under_way.join_next().await
        {
            recorded += appended??;
        }
        let journal = Arc::clone(journal);
        under_way
            .spawn(async move { Ok::<_, AppendError>(journal.append_many(batch).await?.recorded) });
    }
    while let Some(appended) = under_way.join_next().await {
        recorded += appended??;
    }
    Ok(recorded)
}

/// Posts, whose text is personal: imported and read back as they are, where their author is unknown,
/// and sealed, where each has an author whose keys are still to be made, or one who wrote before.
fn posts(dir: &Path, fsyncs: f64) -> Result<()> {
    let runtime = Runtime::new()?;
    let known: Vec<_> = (0..10_000).map(|_| AccountId(random())).collect();
    for (what, author) in [
        ("posts by nobody known", (|_, _| None) as Author),
        ("posts by 10000 authors", |known, n| {
            Some(known[n % known.len()])
        }),
        ("posts by a new author each", |_, _| {
            Some(AccountId(random()))
        }),
    ] {
        println!("\n{what:<44}{:>12}{:>12}", "events/s", "per fsync");
        let dir = dir.join(what);
        std::fs::create_dir(&dir)?;
        let path = dir.join("journal");
        let journal: SharedJournal = Arc::new(SqliteJournal::open(&path, keyring(&dir)?)?);
        let posts = |from| {
            (from..from + 5_000)
                .map(|n| post(author(&known, n)))
                .collect()
        };
        let mut spent = Duration::ZERO;
        for from in (0..POSTS).step_by(5_000) {
            let batch: Vec<_> = posts(from);
            let started = Instant::now();
            runtime.block_on(journal.append_many(batch))?;
            spent += started.elapsed();
        }
        let rate = POSTS as f64 / spent.as_secs_f64();
        println!(
            "{:<44}{rate:>12.0}{:>12.2}",
            "import in batches of 5000",
            rate / fsyncs
        );
        drop(journal);
        // With nothing in memory yet.
        let keys = keyring(&dir)?;
        let journal = SqliteJournal::open_read_only(&path, Arc::clone(&keys))?;
        let started = Instant::now();
        let read = scan(&runtime, &journal, POSTS as u64)?;
        let rate = read as f64 / started.elapsed().as_secs_f64();
        println!("{:<44}{rate:>12.0}", "first scan, reading the keys");
        scans(what, &path, keys)?;
    }
    Ok(())
}

/// Who writes the how-manieth post.
type Author = fn(&[AccountId], usize) -> Option<AccountId>;

/// How many posts are imported: more than there is room for keys in memory.
const POSTS: usize = 200_000;

/// Reading it all and decoding it, and reading it all with SQLite alone.
fn scans(what: &str, path: &Path, keys: Arc<Keyring>) -> Result<()> {
    let journal = SqliteJournal::open_read_only(path, keys)?;
    let runtime = Runtime::new()?;
    let head = runtime.block_on(journal.head())?;
    println!(
        "\n{:<44}{:>12}",
        format!("a scan of {head} {what}"),
        "events/s"
    );

    let connection = Connection::open(path)?;
    let bare = per_second(|| {
        let mut statement = connection.prepare("SELECT * FROM event ORDER BY position")?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        let mut read = 0;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                black_box::<ValueRef<'_>>(row.get_ref(column)?);
            }
            read += 1;
        }
        Ok(read)
    })?;
    println!("{:<44}{bare:>12.0}", "SQLite alone");

    let decoded = per_second(|| scan(&runtime, &journal, head))?;
    println!(
        "{:<44}{decoded:>12.0}",
        "read_all, decoded, in batches of 5000"
    );
    println!("{:<44}{:>12.2}", "of SQLite alone", decoded / bare);
    Ok(())
}

fn scan(runtime: &Runtime, journal: &SqliteJournal, head: u64) -> Result<usize> {
    let mut after = 0;
    while after < head {
        let events = runtime.block_on(journal.read_all(after, 5_000))?;
        after = events.last().ok_or("events are missing")?.position;
        black_box(events);
    }
    Ok(usize::try_from(head)?)
}

/// Does something again and again, and tells how many of what it counts came to a second.
fn per_second(mut work: impl FnMut() -> Result<usize>) -> Result<f64> {
    let started = Instant::now();
    let mut done = 0;
    while started.elapsed() < SPAN {
        done += work()?;
    }
    Ok(done as f64 / started.elapsed().as_secs_f64())
}

/// Somebody likes some post, and nobody did so before.
fn like() -> NewEvent {
    let like = Like {
        post: PostId(random()),
        account: AccountId(random()),
        author: Some(AccountId(random())),
    };
    event(Some(like.account), LikeFact::Liked(like).into())
}

/// Somebody asks something, in some 300 bytes.
fn post(author: Option<AccountId>) -> NewEvent {
    let created = Created {
        post: PostId(random()),
        kind: Kind::Question,
        author,
        parent: None,
        group: None,
        title: Some(
            "How long does a cake have to be in the oven?"
                .to_owned()
                .into(),
        ),
        body: Personal::known("It comes out too dark, or too wet. ".repeat(9)),
        tags: vec!["cake".into(), "oven".into()],
        origin: None,
    };
    event(author, PostFact::Created(created).into())
}

fn event(actor: Option<AccountId>, fact: Fact) -> NewEvent {
    NewEvent {
        id: random(),
        occurred_at: Time::from_micros(1_700_000_000_000_000),
        actor,
        correlation: Some(random()),
        causation: None,
        imported: false,
        fact,
    }
}

/// Ids as random as real ones, without a system call each: that isn't what is measured.
fn random() -> Uuid {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let half = || Random::after(COUNT.fetch_add(1, Ordering::Relaxed));
    Uuid::from_u64_pair(half(), half())
}

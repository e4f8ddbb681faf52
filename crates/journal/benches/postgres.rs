//! How fast the PostgreSQL journal is, compared with the same rows inserted and committed by themselves.
//!
//! `cargo bench -p plaudit-journal --bench postgres`
//!
//! On the server that `PLAUDIT_TEST_POSTGRES` names, by the URL of a user who may create databases; else on one
//! that is made where `initdb` is. That one doesn't wait for the disk (`fsync = off`): so it tells what the
//! exchanges cost.
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plaudit_domain::fact::LikeFact;
use plaudit_domain::like::Like;
use plaudit_domain::{AccountId, NewEvent, PostId, Time};
use plaudit_journal::keys::Keyring;
use plaudit_journal::postgres::PostgresJournal;
use plaudit_journal::{AppendError, Expected, SharedJournal};
use plaudit_postgres::{Address, Connection};
use plaudit_testing::postgres::database;
use tokio::task::JoinSet;
use uuid::Uuid;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long each line is measured.
const SPAN: Duration = Duration::from_secs(3);

/// How many events a journal has before appends are measured.
const HISTORY: usize = 50_000;

/// What an append of one event inserts.
const INSERT: &str = "
    INSERT INTO plaudit_journal.event (position, id, stream, stream_key, revision, type, version,
        occurred_at, recorded_at, actor, correlation, causation, imported, data)
    SELECT $1 + number, gen_random_uuid(), stream || number, gen_random_uuid(), 0, type, version, occurred_at,
        recorded_at, actor, correlation, causation, imported, data
    FROM plaudit_journal.event, generate_series(1, $2::bigint) number WHERE position = 1";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    if !arguments.any(|argument| argument == "--bench") {
        println!("not measured: `cargo bench` measures");
        return Ok(());
    }
    let Some(database) = database() else {
        println!("not measured: there is no PostgreSQL");
        return Ok(());
    };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(measure(&database.url))
}

async fn measure(url: &str) -> Result<()> {
    let address = Address::parse(url)?;
    let keys = Arc::new(Keyring::in_memory()?);
    let journal = PostgresJournal::open(address.clone(), keys).await?;
    let journal: SharedJournal = Arc::new(journal);
    for _ in 0..HISTORY / 5_000 {
        journal
            .append_many((0..5_000).map(|_| like()).collect())
            .await?;
    }
    let connection = address.connect().await?;
    let row = connection
        .query_one("SELECT current_setting('fsync')", &[])
        .await?;
    let fsync: &str = row.get(0);
    println!("on {address}, fsync = {fsync}");

    println!("\n{:<44}{:>12}{:>12}", "append", "events/s", "of bare");
    for writers in [1, 16, 64, 256] {
        // What a group of so many comes to without looking at anything.
        let bare = bare_inserts(&connection, &journal, writers).await?;
        println!(
            "{:<44}{bare:>12.0}",
            format!("INSERT and COMMIT of {writers} rows")
        );
        let rate = append_for_a_while(&journal, writers).await?;
        let what = format!("{writers} at a time");
        println!("{what:<44}{rate:>12.0}{:>12.2}", rate / bare);
    }
    println!("\n{:<44}{:>12}", "import (append_many)", "events/s");
    for size in [128, 5_000] {
        let (began, mut recorded) = (Instant::now(), 0);
        while began.elapsed() < SPAN {
            recorded += journal
                .append_many((0..size).map(|_| like()).collect())
                .await?
                .recorded;
        }
        let rate = recorded as f64 / began.elapsed().as_secs_f64();
        println!("{:<44}{rate:>12.0}", format!("batches of {size}"));
    }
    println!("\n{:<44}{:>12}", "read", "a second");
    let (began, mut after) = (Instant::now(), 0);
    while let Some(last) = journal.read_all(after, 5_000).await?.last() {
        after = last.position;
    }
    let rate = after as f64 / began.elapsed().as_secs_f64();
    println!("{:<44}{rate:>12.0}", format!("events of a scan of {after}"));
    let stream = journal
        .read_all(HISTORY as u64 / 2, 1)
        .await?
        .remove(0)
        .stream;
    let (began, mut read) = (Instant::now(), 0);
    while began.elapsed() < SPAN {
        journal.read_stream(&stream).await?;
        read += 1;
    }
    let rate = f64::from(read) / began.elapsed().as_secs_f64();
    println!("{:<44}{rate:>12.0}", "streams, one after the other");
    Ok(())
}

async fn bare_inserts(
    connection: &Connection,
    journal: &SharedJournal,
    rows: usize,
) -> Result<f64> {
    let insert = connection.prepare(INSERT).await?;
    let (began, mut inserted) = (Instant::now(), 0);
    let rows = i64::try_from(rows)?;
    let mut last = i64::try_from(journal.head().await?)?;
    while began.elapsed() < SPAN {
        connection.execute(&insert, &[&last, &rows]).await?;
        last += rows;
        inserted += rows;
    }
    Ok(inserted as f64 / began.elapsed().as_secs_f64())
}

async fn append_for_a_while(journal: &SharedJournal, writers: usize) -> Result<f64> {
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..writers {
        let journal = Arc::clone(journal);
        tasks.spawn(async move {
            let mut appended = 0;
            while began.elapsed() < SPAN {
                let like = like();
                let stream = like.fact.stream();
                journal
                    .append(&stream, Expected::NoStream, vec![like])
                    .await?;
                appended += 1;
            }
            Ok::<_, AppendError>(appended)
        });
    }
    let mut appended = 0;
    while let Some(done) = tasks.join_next().await {
        appended += done??;
    }
    Ok(f64::from(appended) / began.elapsed().as_secs_f64())
}

/// Somebody likes some post, and nobody did so before.
fn like() -> NewEvent {
    let like = Like {
        post: PostId(Uuid::new_v4()),
        account: AccountId(Uuid::new_v4()),
        author: Some(AccountId(Uuid::new_v4())),
    };
    NewEvent {
        id: Uuid::now_v7(),
        occurred_at: Time::from_micros(1_700_000_000_000_000),
        actor: Some(like.account),
        correlation: Some(Uuid::now_v7()),
        causation: None,
        imported: false,
        fact: LikeFact::Liked(like).into(),
    }
}

//! What read models in PostgreSQL cost: a rebuild, compared with a bare COPY of the same rows, and reads,
//! compared with SQLite's.
//!
//! `cargo bench -p plaudit-replay --bench postgres -- [--events N] [--data DIR]`
//!
//! It takes the server that `PLAUDIT_TEST_POSTGRES` names, by a user who may read and write its files, or makes one.
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use plaudit_journal::SharedJournal;
use plaudit_projection::{Key, Rules};
use plaudit_replay::rebuild::rebuild;
use plaudit_store::postgres::{Address, PostgresLoad};
use plaudit_store::sqlite::BulkLoad;
use plaudit_store::{Load, Order, Page, PostFilter, SharedStore, Store};
use plaudit_testing::postgres::{Database, database, execute, query};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

#[path = "rebuild/history.rs"]
mod history;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// So often each read is repeated.
const READS: i64 = 3_000;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut data = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let mut events = 300_000;
    let mut is_bench = false;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--bench" => is_bench = true,
            "--data" => data = arguments.next().ok_or("--data needs a folder")?.into(),
            "--events" => events = arguments.next().ok_or("--events needs a number")?.parse()?,
            other => {
                return Err(format!("{other} is unknown; there are --events N, --data DIR").into());
            }
        }
    }
    if !is_bench {
        println!("not measured: `cargo bench` measures");
        return Ok(());
    }
    let Some(database) = database() else {
        return Ok(());
    };
    let data = data.join("rebuild");
    std::fs::create_dir_all(&data)?;
    Runtime::new()?.block_on(async {
        let path = data.join(format!("{events}.journal"));
        let journal: SharedJournal = Arc::new(history::journal(&path, events, None).await?);
        let rules = Rules::standard()?;

        let began = Instant::now();
        let file = data.join("beside-postgres.sqlite");
        let mut load = BulkLoad::begin(&file, &rules.folding_hash())?;
        rebuild(&journal, &rules, &mut load, &mut |_| ()).await?;
        let sqlite: SharedStore = Arc::new(load.finish()?);
        let rebuilt_sqlite = began.elapsed().as_secs_f64();

        let began = Instant::now();
        let address = Address::parse(&database.url)?;
        let hash = rules.folding_hash();
        let mut load = PostgresLoad::begin(&address, "plaudit_1", &hash).await?;
        rebuild(&journal, &rules, &mut load, &mut |_| ()).await?;
        let postgres = Box::new(load).finish().await?;
        let rebuilt = began.elapsed().as_secs_f64();

        let bare = bare_copy(&database)?;
        println!("{events} events");
        println!("{:<52}{rebuilt_sqlite:>9.2} s", "rebuild into SQLite");
        println!("{:<52}{rebuilt:>9.2} s", "rebuild into PostgreSQL, by COPY");
        println!(
            "{:<52}{bare:>9.2} s",
            "bare COPY of the same rows, keys and indexes"
        );
        println!("a rebuild takes {:.2} of its bare COPY\n", rebuilt / bare);

        println!(
            "{:<36}{:>12}{:>14}{:>18}",
            "µs a read", "SQLite", "PostgreSQL", "16 at once, each"
        );
        for (what, read) in READS_OF {
            let one = each(&sqlite, read, 1).await?;
            let other = each(&postgres, read, 1).await?;
            let at_once = each(&postgres, read, 16).await?;
            println!("{what:<36}{one:>12.1}{other:>14.1}{at_once:>18.1}");
        }
        Ok(())
    })
}

/// A read, of a store by a number.
type Read = (&'static str, Kind);

#[derive(Clone, Copy)]
enum Kind {
    Account,
    Accounts,
    Posts,
    Timelines,
}

const READS_OF: [Read; 4] = [
    ("an account by key", Kind::Account),
    ("100 accounts by key", Kind::Accounts),
    ("a page of 20 posts", Kind::Posts),
    ("10 entries of 20 accounts each", Kind::Timelines),
];

async fn read(store: &dyn Store, kind: Kind, number: i64) -> plaudit_store::Result<usize> {
    let keys = |count: i64| -> Vec<Key> { (number..number + count).map(Key).collect() };
    let page = |limit| Page {
        order: Order::Descending,
        after: None,
        limit,
    };
    Ok(match kind {
        Kind::Account => store.accounts(&keys(1)).await?.len(),
        Kind::Accounts => store.accounts(&keys(100)).await?.len(),
        Kind::Posts => store
            .post_page(&PostFilter::default(), page(20))
            .await?
            .len(),
        Kind::Timelines => store.timeline(&keys(20), page(10)).await?.len(),
    })
}

/// How long each takes, in microseconds of the clock, so many at once.
async fn each(store: &SharedStore, kind: Kind, at_once: i64) -> Result<f64> {
    for number in 0..50 {
        read(&**store, kind, number).await?;
    }
    let began = Instant::now();
    let mut readers = JoinSet::new();
    for reader in 0..at_once {
        let store = store.clone();
        readers.spawn(async move {
            for number in 0..READS / at_once {
                read(&*store, kind, 1 + (number * at_once + reader) % 2_000).await?;
            }
            Ok::<_, plaudit_store::StoreError>(())
        });
    }
    while let Some(done) = readers.join_next().await {
        done??;
    }
    let reads = (READS / at_once * at_once) as f64;
    Ok(began.elapsed().as_secs_f64() * 1e6 / reads)
}

/// How long the server takes for the same tables by itself: files that it reads, and keys and indexes.
fn bare_copy(database: &Database) -> Result<f64> {
    let url = &database.url;
    let of_schema =
        |what: &str| format!("SELECT {what} FROM pg_tables WHERE schemaname = 'plaudit_1'");
    let tables = query(url, &of_schema("tablename"))?;
    let folder = query(url, "SHOW data_directory")?;
    let folder = folder
        .first()
        .ok_or("the server doesn't tell where its files are")?;
    let file = |table: &str| format!("{folder}/plaudit-bench-{table}");
    for table in &tables {
        let file = file(table);
        execute(
            url,
            &format!("COPY plaudit_1.{table} TO '{file}' (FORMAT binary)"),
        )?;
    }
    let indexes = "SELECT replace(indexdef, ' plaudit_1.', ' bare.') FROM pg_indexes
                   WHERE schemaname = 'plaudit_1'";
    let indexes = query(url, indexes)?;
    let mut all = String::from("BEGIN; CREATE SCHEMA bare;");
    for table in &tables {
        let file = file(table);
        all += &format!("CREATE TABLE bare.{table} (LIKE plaudit_1.{table});");
        all += &format!("COPY bare.{table} FROM '{file}' (FORMAT binary);");
    }
    for index in indexes {
        all += &format!("{index};");
    }
    all += "COMMIT";
    let began = Instant::now();
    execute(url, &all)?;
    let took = began.elapsed().as_secs_f64();
    execute(url, "DROP SCHEMA bare CASCADE")?;
    Ok(took)
}

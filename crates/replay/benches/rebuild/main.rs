//! How fast a rebuild is, compared with what it can't do without: reading and decoding the history,
//! and writing the rows. And how fast the live fold is.
//!
//! `cargo bench -p plaudit-replay -- [--events N] [--memory MIB] [--brief] [--data DIR] [--repeat FILE]`
//!
//! With `--memory` rows take no more than so much, in MiB, before they are written. `--brief` leaves out
//! what needs all rows in memory, and the live fold: for histories that are too large for it.
//! The history is made up, or the events of FILE (NDJSON, as `plaudit export events --personal` writes them)
//! again and again; it is kept in DIR to be used again.
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use plaudit_domain::Position;
use plaudit_journal::SharedJournal;
use plaudit_projection::{Rows, Rules, fold};
use plaudit_replay::live::{Target, catch_up};
use plaudit_replay::rebuild::rebuild;
use plaudit_store::sqlite::{BulkLoad, SqliteStore, remove};
use plaudit_store::{Load, SharedStore};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use tokio::runtime::Runtime;

mod history;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The most events that are read at once.
const BATCH: usize = 5_000;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut data = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let mut events = 1_000_000;
    let mut repeated: Option<PathBuf> = None;
    let mut budget: Option<usize> = None;
    let (mut is_bench, mut is_brief) = (false, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--bench" => is_bench = true,
            "--brief" => is_brief = true,
            "--memory" => {
                let given = arguments.next().ok_or("--memory needs a number")?;
                budget = Some(given.parse::<usize>()? << 20);
            }
            "--data" => data = arguments.next().ok_or("--data needs a folder")?.into(),
            "--events" => events = arguments.next().ok_or("--events needs a number")?.parse()?,
            "--repeat" => {
                repeated = Some(arguments.next().ok_or("--repeat needs a file")?.into());
            }
            other => {
                let known = "--events N, --memory MIB, --brief, --data DIR, --repeat FILE";
                return Err(format!("{other} is unknown; there are {known}").into());
            }
        }
    }
    if !is_bench {
        println!("not measured: `cargo bench` measures");
        return Ok(());
    }
    let data = data.join("rebuild");
    std::fs::create_dir_all(&data)?;
    let history = History {
        events,
        repeated,
        budget,
        is_brief,
    };
    Runtime::new()?.block_on(run(&data, history))
}

/// What is rebuilt, and how.
struct History {
    events: usize,
    repeated: Option<PathBuf>,
    /// In bytes, if it isn't the usual one.
    budget: Option<usize>,
    is_brief: bool,
}

fn begin(path: &Path, rules: &Rules, budget: Option<usize>) -> Result<BulkLoad> {
    let load = BulkLoad::begin(path, &rules.folding_hash())?;
    Ok(match budget {
        Some(budget) => load.within(budget),
        None => load,
    })
}

async fn run(data: &Path, history: History) -> Result<()> {
    let History {
        events,
        repeated,
        budget,
        is_brief,
    } = history;
    let repeated = repeated.as_deref();
    let name = match repeated.and_then(Path::file_stem) {
        Some(file) => format!("{events}-of-{}.journal", file.to_string_lossy()),
        None => format!("{events}.journal"),
    };
    let path = data.join(name);
    let journal = history::journal(&path, events, repeated).await?;
    let journal: SharedJournal = Arc::new(journal);
    println!(
        "{:<44}{:>9}{:>9}{:>12}",
        format!("{events} events"),
        "s",
        "CPU s",
        "events/s"
    );
    let line = |what: &str, took: Took| {
        let rate = events as f64 / took.wall;
        println!("{what:<44}{:>9.2}{:>9.2}{rate:>12.0}", took.wall, took.cpu);
    };

    let bare = bare_scan(&path)?;
    line("scan, bare: all columns, nothing decoded", bare);
    let decoded = scan(&journal).await?;
    line("scan: read_all, decoded", decoded);

    let store = data.join("rebuilt.sqlite");
    let clock = Clock::start();
    let rules = Arc::new(Rules::standard()?);
    let mut load = begin(&store, &rules, budget)?;
    rebuild(&journal, &rules, &mut load, &mut |_| ()).await?;
    drop(load.finish()?);
    let rebuilt = clock.took();
    let memory = peak_memory();
    if is_brief {
        line("REBUILD", rebuilt);
        println!("peak memory: {}", memory.unwrap_or_default());
        return Ok(());
    }

    let without = data.join("without.sqlite");
    let clock = Clock::start();
    let none = Rules::default();
    let mut load = begin(&without, &none, budget)?;
    rebuild(&journal, &none, &mut load, &mut |_| ()).await?;
    drop(load.finish()?);
    let without_rules = clock.took();
    remove(&without)?;

    let Parts {
        folded,
        reckoned,
        loaded,
        entries,
    } = Parts::measure(&journal, &rules, &store).await?;
    line("fold alone, in memory", folded);
    line("reckoning alone, by the rules", reckoned);
    line("bulk load alone, of the same rows", loaded);
    line("rebuild without any rules", without_rules);
    line("REBUILD", rebuilt);
    let live = follow(&journal, rules, data).await?;
    line("live fold, in batches, of all of it", live);

    println!();
    println!(
        "a rebuild takes {:.2} of its floor (scan + bulk load; the bar is 1.5), {:.2} of the bare one",
        rebuilt.wall / (decoded.wall + loaded.wall),
        rebuilt.wall / (bare.wall + loaded.wall),
    );
    println!(
        "{entries} entries in the ledger: each costs {:.2} µs",
        (rebuilt.wall - without_rules.wall) * 1e6 / entries as f64,
    );
    if let Some(memory) = memory {
        println!("peak memory of the rebuild: {memory}");
    }
    let size = std::fs::metadata(&store)?.len() / 1_000_000;
    let journal = std::fs::metadata(&path)?.len() / 1_000_000;
    println!("on disk: {size} MB of rows, from a journal of {journal} MB");
    Ok(())
}

/// How long something took, in seconds.
#[derive(Clone, Copy, Default)]
struct Took {
    wall: f64,
    /// Of all threads, where the system tells: on a busy machine this is what can be compared.
    cpu: f64,
}

impl std::ops::AddAssign for Took {
    fn add_assign(&mut self, other: Self) {
        self.wall += other.wall;
        self.cpu += other.cpu;
    }
}

struct Clock {
    began: Instant,
    cpu: f64,
}

impl Clock {
    fn start() -> Self {
        Self {
            began: Instant::now(),
            cpu: cpu(),
        }
    }

    fn took(&self) -> Took {
        Took {
            wall: self.began.elapsed().as_secs_f64(),
            cpu: cpu() - self.cpu,
        }
    }
}

/// The processor time that this process has used so far.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in parentheses may contain spaces; time in hundredths is 12th and 13th after it.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let times = fields.split_whitespace().skip(11).take(2);
    let ticks: f64 = times.filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    ticks / 100.0
}

/// What SQLite gives by itself.
fn bare_scan(path: &Path) -> Result<Took> {
    let clock = Clock::start();
    let connection = Connection::open(path)?;
    let mut statement = connection.prepare("SELECT * FROM event ORDER BY position")?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            black_box::<ValueRef<'_>>(row.get_ref(column)?);
        }
    }
    Ok(clock.took())
}

async fn scan(journal: &SharedJournal) -> Result<Took> {
    let clock = Clock::start();
    let mut position: Position = 0;
    loop {
        let events = black_box(journal.read_all(position, BATCH).await?);
        match events.last() {
            Some(last) => position = last.position,
            None => return Ok(clock.took()),
        }
    }
}

/// The other parts of a rebuild, each by itself.
struct Parts {
    folded: Took,
    reckoned: Took,
    loaded: Took,
    /// How many entries the ledger has.
    entries: usize,
}

impl Parts {
    async fn measure(journal: &SharedJournal, rules: &Rules, path: &Path) -> Result<Self> {
        let mut rows = Rows::default();
        let mut position = 0;
        let (mut folded, mut reckoned) = (Took::default(), Took::default());
        loop {
            let events = journal.read_all(position, BATCH).await?;
            let Some(last) = events.last() else { break };
            position = last.position;
            let clock = Clock::start();
            for event in &events {
                fold(event, &mut rows)?;
            }
            folded += clock.took();
            let clock = Clock::start();
            rows.reckon(rules);
            reckoned += clock.took();
        }
        let clock = Clock::start();
        rows.finish(rules);
        folded += clock.took();

        let clock = Clock::start();
        let mut load = BulkLoad::begin(path, &rules.folding_hash())?;
        let entries = rows.ledger.added().len();
        load.settle(&mut rows).await?;
        load.write(&rows, 0, position, &mut |_, _| ()).await?;
        load.complete(&mut |_, _| ()).await?;
        drop(load.finish()?);
        Ok(Self {
            folded,
            reckoned,
            loaded: clock.took(),
            entries,
        })
    }
}

async fn follow(journal: &SharedJournal, rules: Arc<Rules>, data: &Path) -> Result<Took> {
    let path = data.join("live.sqlite");
    remove(&path)?;
    let store: SharedStore = Arc::new(SqliteStore::open(&path, &rules.folding_hash())?);
    let clock = Clock::start();
    let target = Target::alone(store, rules);
    catch_up(journal, &target, &mut |_| ()).await?;
    let took = clock.took();
    drop(target);
    remove(&path)?;
    Ok(took)
}

/// The most memory that this process has used so far, where the system tells.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

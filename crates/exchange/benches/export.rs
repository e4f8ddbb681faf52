//! How fast events go out, compared with what that can't do without: reading and decoding the history.
//!
//! `cargo bench -p plaudit-exchange -- [--events N] [--data DIR]`
//!
//! The history is the made-up one of the rebuild's benchmark; it is kept in DIR to be used again.
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use plaudit_domain::Time;
use plaudit_exchange::Unwatched;
use plaudit_exchange::archive::{self, Asked, PART_EVENTS};
use plaudit_exchange::events::{self, Options};
use plaudit_exchange::lines::Format;
use plaudit_journal::SharedJournal;
use tokio::runtime::Runtime;

#[path = "../../replay/benches/rebuild/history.rs"]
mod history;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The most events that are read at once.
const BATCH: usize = 2_000;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut data = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let mut events = 1_000_000;
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
    let data = data.join("rebuild");
    std::fs::create_dir_all(&data)?;
    Runtime::new()?.block_on(run(&data, events))
}

async fn run(data: &Path, events: usize) -> Result<()> {
    let path = data.join(format!("{events}.journal"));
    let journal: SharedJournal = Arc::new(history::journal(&path, events, None).await?);
    let out = tempfile::tempdir_in(data)?;

    println!(
        "{:<44}{:>9}{:>12}{:>9}{:>9}{:>9}",
        format!("{events} events"),
        "s",
        "events/s",
        "ratio",
        "MB",
        "peak MB"
    );
    let began = Instant::now();
    scan(&journal).await?;
    let floor = began.elapsed().as_secs_f64();
    let line = |what: &str, seconds: f64, bytes: u64| {
        let rate = events as f64 / seconds;
        let (ratio, written) = (floor / seconds, bytes as f64 / 1e6);
        let peak = peak().map_or_else(
            || "?".to_owned(),
            |peak| format!("{:.0}", peak as f64 / 1e6),
        );
        println!("{what:<44}{seconds:>9.2}{rate:>12.0}{ratio:>9.2}{written:>9.0}{peak:>9}");
    };
    line("read and decoded", floor, 0);
    for format in [Format::Ndjson, Format::Csv, Format::Parquet] {
        let file = out.path().join(format.as_str());
        let began = Instant::now();
        let to = BufWriter::new(File::create(&file)?);
        let options = Options::default();
        events::export(&journal, &options, format, to, &mut Unwatched).await?;
        let seconds = began.elapsed().as_secs_f64();
        line(&format!("as {format}"), seconds, file.metadata()?.len());
    }
    for format in [Format::Ndjson, Format::Parquet] {
        let folder = out.path().join(format!("{format}-by-month"));
        let began = Instant::now();
        let bytes = by_month(&journal, format, &folder).await?;
        let seconds = began.elapsed().as_secs_f64();
        line(
            &format!("as {format}, by month, hashed, synced"),
            seconds,
            bytes,
        );
    }
    Ok(())
}

async fn scan(journal: &SharedJournal) -> Result<()> {
    let mut position = 0;
    loop {
        let events = journal.read_all(position, BATCH).await?;
        let Some(last) = events.last() else {
            return Ok(());
        };
        position = last.position;
        black_box(&events);
    }
}

async fn by_month(journal: &SharedJournal, format: Format, folder: &Path) -> Result<u64> {
    let source = archive::Source {
        journal,
        tables: None,
        position: journal.head().await?,
        now: Time::EPOCH,
    };
    let asked = Asked {
        format,
        personal: false,
        tables: vec![events::TABLE.to_owned()],
        from: None,
        to: None,
        types: Vec::new(),
        as_of: None,
        part_events: PART_EVENTS,
    };
    archive::export(source, asked, folder, &mut Unwatched).await?;
    let manifest = std::fs::read(folder.join("manifest.json"))?;
    let manifest: archive::Manifest = serde_json::from_slice(&manifest)?;
    Ok(manifest.files().map(|file| file.bytes).sum())
}

/// The most memory that this process ever had, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

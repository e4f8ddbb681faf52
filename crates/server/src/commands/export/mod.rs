//! `plaudit export`

use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::SystemTime;

use plaudit_domain::Time;
use plaudit_exchange::archive::{self, ArchiveError, Archived, Asked};
use plaudit_exchange::lines::Format;
use plaudit_exchange::{events, tables};
use serde_json::json;

use crate::cli::{Export, Report, Table};
use crate::data::Place;
use crate::progress::{Shown, line};

use self::out::Out;
use self::source::{Moment, Source};
use super::{BadUsage, Failure, say_aside};

pub(super) mod out;
mod source;

/// Writes a table, whole or not at all; or several into a directory.
pub async fn run(place: &Place, export: Export) -> Result<(), Failure> {
    let now = Time::from(SystemTime::now());
    check(&export, now)?;
    let from = Source::open(place).await?;
    let Some(path) = &export.out else {
        return to_file(&from, &export, now, Out::open(None)?).await;
    };
    if from.owns(path) {
        let path = path.display();
        let what = format!("--out {path}: the community itself needs this file");
        return Err(BadUsage(what).into());
    }
    if export.table == Table::All || is_folder(path) {
        to_folder(&from, &export, now, path).await
    } else {
        to_file(&from, &export, now, Out::open(Some(path.clone()))?).await
    }
}

/// Refuses what can't be meant.
fn check(export: &Export, now: Time) -> Result<(), BadUsage> {
    let only_for_events = [
        (export.from.is_some(), "--from"),
        (export.to.is_some(), "--to"),
        (!export.types.is_empty(), "--type"),
    ];
    let has_events = matches!(export.table, Table::Events | Table::All);
    if let Some((_, option)) = only_for_events.iter().find(|(given, _)| *given)
        && !has_events
    {
        let what = format!("{option} goes with `plaudit export events` and `all` only");
        return Err(BadUsage(what));
    }
    let is_public = matches!(export.table, Table::Posts | Table::Groups | Table::Meetings);
    if export.personal && is_public {
        let what = "--personal goes with other tables: posts, groups and meetings are public";
        return Err(BadUsage(what.into()));
    }
    if let Some(moment) = export.as_of.filter(|moment| *moment > now) {
        let what = format!("--as-of {moment}: that is still to come; name a time in the past");
        return Err(BadUsage(what));
    }
    if export.out.is_none() && export.table == Table::All {
        let what = "`plaudit export all` fills a directory: name it with --out";
        return Err(BadUsage(what.into()));
    }
    if export.out.is_none() && export.format == Format::Parquet && io::stdout().is_terminal() {
        let what = "Parquet isn't text: name a file with --out, or send it through a pipe";
        return Err(BadUsage(what.into()));
    }
    Ok(())
}

/// Whether a directory is meant: one that is there, or a name that only a directory can have.
fn is_folder(path: &Path) -> bool {
    let text = path.as_os_str().to_string_lossy();
    path.is_dir() || text.ends_with(std::path::MAIN_SEPARATOR) || text.ends_with('/')
}

async fn to_file(from: &Source, export: &Export, now: Time, mut out: Out) -> Result<(), Failure> {
    let report = Report { json: export.json };
    let mut shown = match out.is_file() {
        // Rows and a bar on one terminal would write over each other.
        false if io::stdout().is_terminal() => Shown::to_nobody(),
        true | false => Shown::new(report),
    };
    let format = export.format;
    let rows = match table_of(export.table) {
        None => {
            let options = asked(export).events();
            events::export(from.journal()?, &options, format, &mut out, &mut shown).await?
        }
        Some(table) => {
            let models = Moment::of(from, export, now, report).await?;
            let mut tables = models.tables(export).await?;
            tables.write(table, format, &mut out, &mut shown).await?
        }
    };
    shown.finish();
    if let Some(file) = out.finish()? {
        if export.json {
            line(&json!({ "exported": { "rows": rows, "file": file } }));
            return Ok(());
        }
        let is_withheld = export.table == Table::Events && !export.personal;
        let withheld = if is_withheld { WITHHELD } else { "" };
        say_aside(format_args!("{rows} rows in {file}{withheld}"))?;
    }
    Ok(())
}

const WITHHELD: &str = ", without names, titles and texts (--personal writes them too)";

async fn to_folder(from: &Source, export: &Export, now: Time, path: &Path) -> Result<(), Failure> {
    let report = Report { json: export.json };
    let asked = asked(export);
    // Also for events alone: what folding finds erased is erased before it is read here.
    let models = Moment::of(from, export, now, report).await?;
    let tables = models.tables(export).await?;
    let source = archive::Source {
        journal: from.journal()?,
        position: models.position.unwrap_or_else(|| tables.position()),
        tables: Some(tables),
        now,
    };
    let mut shown = Shown::new(report);
    let archived = archive::export(source, asked, path, &mut shown).await;
    shown.finish();
    let archived = archived.map_err(|error| told(error, path))?;
    let Archived {
        position,
        rows,
        files,
        kept,
    } = archived;
    let folder = path.display().to_string();
    if export.json {
        line(&json!({ "exported": {
            "rows": rows, "directory": folder, "files": files, "kept": kept, "position": position,
        }}));
        return Ok(());
    }
    let kept = match kept {
        0 => String::new(),
        kept => format!("; {kept} of them were there already"),
    };
    let withheld = if export.personal { "" } else { WITHHELD };
    say_aside(format_args!(
        "{rows} rows in {files} files in {folder}, as of event {position}{kept}{withheld}"
    ))
}

/// Where something is left that can be gone on from, that is told, too.
fn told(error: ArchiveError, path: &Path) -> Failure {
    let left = path.join(".partial");
    if matches!(error, ArchiveError::Unusable { .. }) || !left.exists() {
        return error.into();
    }
    let left = left.display();
    format!(
        "{error}. What is whole stays in {left}: export again to go on from there, or remove it"
    )
    .into()
}

/// What was asked for, in the words of exports.
fn asked(export: &Export) -> Asked {
    let tables: Vec<&str> = match (export.table, table_of(export.table)) {
        (Table::All, _) => {
            let all = tables::Table::ALL.iter().map(|table| table.name());
            all.chain([events::TABLE]).collect()
        }
        (_, Some(table)) => vec![table.name()],
        (_, None) => vec![events::TABLE],
    };
    let mut types = export.types.clone();
    types.sort_unstable();
    types.dedup();
    Asked {
        format: export.format,
        personal: export.personal,
        tables: tables.into_iter().map(str::to_owned).collect(),
        from: export.from,
        to: export.to,
        types,
        as_of: export.as_of,
        part_events: export.part_events,
    }
}

/// The table of rows that is meant, if it is one.
fn table_of(table: Table) -> Option<tables::Table> {
    Some(match table {
        Table::Accounts => tables::Table::Accounts,
        Table::Profiles => tables::Table::Profiles,
        Table::Posts => tables::Table::Posts,
        Table::Ledger => tables::Table::Ledger,
        Table::Badges => tables::Table::Badges,
        Table::Groups => tables::Table::Groups,
        Table::Meetings => tables::Table::Meetings,
        Table::Events | Table::All => return None,
    })
}

//! `plaudit export`

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::time::SystemTime;

use plaudit_exchange::{events, tables};
use plaudit_replay::live::Target;
use serde_json::json;
use tempfile::TempPath;

use crate::cli::{Export, Report, Table};
use crate::data::{Data, Place};
use crate::progress::{Folding, Shown, line};

use super::{BadUsage, Failure, say_aside};

/// Writes a table, whole or not at all.
pub async fn run(place: &Place, export: Export) -> Result<(), Failure> {
    let only_for_events = [
        (export.from.is_some(), "--from"),
        (export.to.is_some(), "--to"),
        (!export.types.is_empty(), "--type"),
    ];
    if export.table != Table::Events
        && let Some((_, option)) = only_for_events.iter().find(|(given, _)| *given)
    {
        let what = format!("{option} goes with `plaudit export events` only");
        return Err(BadUsage(what).into());
    }
    let is_public = matches!(export.table, Table::Posts | Table::Groups | Table::Meetings);
    if export.personal && is_public {
        let what = "--personal goes with other tables: posts, groups and meetings are public";
        return Err(BadUsage(what.into()).into());
    }
    let data = Data::existing(place)?;
    if let Some(path) = export.out.as_deref().filter(|path| data.owns(path)) {
        let what = format!(
            "--out {}: the community itself needs this file",
            path.display()
        );
        return Err(BadUsage(what).into());
    }
    let mut out = Out::open(export.out)?;
    let format = export.format;
    let report = Report { json: export.json };
    let mut shown = match out.partial {
        // Rows and a bar on one terminal would write over each other.
        None if io::stdout().is_terminal() => Shown::to_nobody(),
        None | Some(_) => Shown::new(report),
    };
    let rows = match export.table {
        Table::Events => {
            let options = events::Options {
                from: export.from,
                to: export.to,
                types: export.types,
                personal: export.personal,
            };
            events::export(data.journal(), &options, format, &mut out, &mut shown).await?
        }
        Table::Accounts
        | Table::Profiles
        | Table::Posts
        | Table::Ledger
        | Table::Badges
        | Table::Groups
        | Table::Meetings => {
            let target = data.rows(&mut Folding::new(report)).await?;
            let Target { store, rules, .. } = &target;
            let private = match export.personal {
                true => tables::Private::Included,
                false => tables::Private::Withheld,
            };
            let (store, out, shown) = (&**store, &mut out, &mut shown);
            let exported = match export.table {
                Table::Accounts => {
                    tables::accounts(store, rules, private, format, out, shown).await?
                }
                Table::Profiles => {
                    let now = SystemTime::now().into();
                    tables::profiles(store, rules, now, private, format, out, shown).await?
                }
                Table::Ledger => tables::ledger(store, rules, private, format, out, shown).await?,
                Table::Badges => tables::badges(store, rules, private, format, out, shown).await?,
                Table::Groups => {
                    let now = SystemTime::now().into();
                    tables::groups(store, rules, now, format, out, shown).await?
                }
                Table::Meetings => tables::meetings(store, format, out, shown).await?,
                Table::Posts | Table::Events => tables::posts(store, format, out, shown).await?,
            };
            exported.rows
        }
    };
    shown.finish();
    if let Some(file) = out.finish()? {
        if export.json {
            line(&json!({ "exported": { "rows": rows, "file": file } }));
            return Ok(());
        }
        let withheld = match export.table {
            Table::Events if !export.personal => {
                ", without names, titles and texts (--personal writes them too)"
            }
            Table::Events
            | Table::Accounts
            | Table::Profiles
            | Table::Posts
            | Table::Ledger
            | Table::Badges
            | Table::Groups
            | Table::Meetings => "",
        };
        say_aside(format_args!("{rows} rows in {file}{withheld}"))?;
    }
    Ok(())
}

/// Where an export goes.
struct Out {
    /// What to call it in messages.
    name: String,
    to: BufWriter<Box<dyn Write + Send>>,
    /// A file has another name until it is whole; if it doesn't come to that, it goes.
    partial: Option<(TempPath, PathBuf)>,
}

impl Out {
    fn open(path: Option<PathBuf>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::to("standard output".into(), io::stdout(), None));
        };
        let name = path.display().to_string();
        Self::file(name.clone(), path)
            .map_err(|error| format!("{name}: can't be written: {error}").into())
    }

    fn file(name: String, path: PathBuf) -> io::Result<Self> {
        match path.metadata() {
            Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            // A pipe or a device: it can't be replaced by a file, and takes what it is given.
            Ok(there) if !there.is_file() => {
                let device = File::options().write(true).open(&path)?;
                Ok(Self::to(name, device, None))
            }
            Ok(_) | Err(_) => {
                let mut partial = path.clone().into_os_string();
                partial.push(".partial");
                let file = File::create(&partial)?;
                let partial = TempPath::try_from_path(partial)?;
                Ok(Self::to(name, file, Some((partial, path))))
            }
        }
    }

    fn to(
        name: String,
        to: impl Write + Send + 'static,
        partial: Option<(TempPath, PathBuf)>,
    ) -> Self {
        Self {
            name,
            to: BufWriter::new(Box::new(to)),
            partial,
        }
    }

    /// Ends, with everything written; the name of the file, if it is one.
    fn finish(mut self) -> io::Result<Option<String>> {
        self.flush()?;
        let Self { name, to, partial } = self;
        drop(to);
        let Some((partial, path)) = partial else {
            return Ok(None);
        };
        let synced = File::open(&partial).and_then(|file| file.sync_all());
        synced
            .and_then(|()| Ok(partial.persist(path)?))
            .map_err(|error| named(&name, error))?;
        Ok(Some(name))
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to
            .write(bytes)
            .map_err(|error| named(&self.name, error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush().map_err(|error| named(&self.name, error))
    }
}

/// An error that tells what can't be written.
fn named(name: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{name}: {error}"))
}

//! `plaudit export`

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use plaudit_exchange::{events, tables};

use crate::cli::{Export, Report, Table};
use crate::data::Data;
use crate::progress::{Folding, Shown};

use super::{BadUsage, Failure, say_aside};

/// Writes a table, whole or not at all.
pub async fn run(directory: &Path, export: Export) -> Result<(), Failure> {
    let only_for_events = [
        (export.from.is_some(), "--from"),
        (export.to.is_some(), "--to"),
        (!export.types.is_empty(), "--type"),
        (export.personal, "--personal"),
    ];
    if export.table != Table::Events
        && let Some((_, option)) = only_for_events.iter().find(|(given, _)| *given)
    {
        let what = format!("{option} goes with `plaudit export events` only");
        return Err(BadUsage(what).into());
    }
    let data = Data::existing(directory)?;
    let mut out = Out::create(export.out.as_deref())?;
    let format = export.format;
    let rows = match export.table {
        Table::Events => {
            let options = events::Options {
                from: export.from,
                to: export.to,
                types: export.types,
                personal: export.personal,
            };
            let mut shown = Shown::new(Report { json: false });
            let rows = events::export(data.journal(), &options, format, &mut out, &mut shown).await;
            shown.finish();
            rows?
        }
        Table::Accounts | Table::Profiles | Table::Posts => {
            let store = data
                .store(&mut Folding::new(Report { json: false }))
                .await?;
            let exported = match export.table {
                Table::Accounts => tables::accounts(&*store, format, &mut out).await?,
                Table::Profiles => tables::profiles(&*store, format, &mut out).await?,
                Table::Posts | Table::Events => tables::posts(&*store, format, &mut out).await?,
            };
            exported.rows
        }
    };
    if let Some(path) = out.finish()? {
        say_aside(format_args!("{rows} rows in {}", path.display()))?;
    }
    Ok(())
}

/// Where an export goes: standard output, or a file that appears when it is whole.
enum Out {
    Standard(BufWriter<io::Stdout>),
    File {
        path: PathBuf,
        partial: PathBuf,
        file: BufWriter<File>,
    },
}

impl Out {
    fn create(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::Standard(BufWriter::new(io::stdout())));
        };
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file =
            File::create(&partial).map_err(|error| format!("{}: {error}", partial.display()))?;
        Ok(Self::File {
            path: path.to_owned(),
            partial,
            file: BufWriter::new(file),
        })
    }

    fn finish(self) -> Result<Option<PathBuf>, Failure> {
        match self {
            Self::Standard(mut out) => {
                out.flush()?;
                Ok(None)
            }
            Self::File {
                path,
                partial,
                file,
            } => {
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.sync_all()?;
                std::fs::rename(&partial, &path)?;
                Ok(Some(path))
            }
        }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Standard(out) => out.write(bytes),
            Self::File { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Standard(out) => out.flush(),
            Self::File { file, .. } => file.flush(),
        }
    }
}

//! `plaudit rules preview`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use plaudit_exchange::lines::Format;
use plaudit_exchange::tables::{self, Private};
use plaudit_projection::Rules;
use plaudit_replay::preview::{self, Preview};

use crate::cli;
use crate::data::{Data, Place};
use crate::http::stop_signal;
use crate::progress::{Folding, Previewing, line};
use crate::rules;

use super::export::out::Out;
use super::rules::told;
use super::{BadUsage, Failure};

mod json;
mod text;

/// What is told of a preview.
struct Told<'a> {
    preview: &'a Preview,
    /// The rules that rows follow from,
    rules: &'a Rules,
    /// and those that were proposed.
    proposed: &'a Rules,
    /// How many of those that gain or lose the most points are named,
    top: usize,
    /// and whether private ones are.
    private: Private,
}

/// Tells who would gain and lose what by the rules in a directory.
pub async fn run(place: &Place, command: cli::Preview) -> Result<(), Failure> {
    let cli::Preview {
        directory,
        csv,
        top,
        personal,
        report,
    } = command;
    // Before anything is folded: they may be wrong.
    let directory = (directory != Path::new(rules::STANDARD)).then_some(directory);
    let proposed = rules::load(directory.as_deref());
    let proposed = Arc::new(proposed.map_err(|failure| told(failure, report.json))?);
    let data = Data::existing(place).await?;
    let out = csv.map(|path| file(&data, path)).transpose()?;
    let target = data.rows(&mut Folding::new(report)).await?;
    let generations = data.generations().await?.under(proposed.clone());
    let mut shown = Previewing::new(report);
    let mut watch = |progress| shown.at(progress);
    let (sides, now) = ((&*target.store, &*target.rules), SystemTime::now().into());
    let making = preview::preview(data.journal(), sides, &generations, now, &mut watch);
    // Only what comes now leaves something behind.
    let stop = stop_signal()
        .map_err(|error| format!("can't listen to signals, and so couldn't stop: {error}"))?;
    let preview = tokio::select! {
        made = making => made?,
        () = stop => return Err("it was stopped before it was finished".into()),
    };
    shown.finish();
    let private = match personal {
        true => Private::Included,
        false => Private::Withheld,
    };
    let written = out.map(|out| write(&preview, private, out)).transpose()?;
    let told = Told {
        preview: &preview,
        rules: &target.rules,
        proposed: &proposed,
        top,
        private,
    };
    if report.json {
        line(&told.json(written.as_ref()));
        return Ok(());
    }
    let mut text = told.text();
    if let Some((rows, file)) = written {
        text += &format!("\n{rows} profiles in {file}\n");
    }
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// A file to write, unless the community itself needs it.
fn file(data: &Data, path: PathBuf) -> Result<Out, Failure> {
    if data.owns(&path) {
        let what = format!(
            "--csv {}: the community itself needs this file",
            path.display()
        );
        return Err(BadUsage(what).into());
    }
    Out::open(Some(path))
}

/// Writes the profiles; how many there are, and the name of the file.
fn write(preview: &Preview, private: Private, mut out: Out) -> Result<(u64, String), Failure> {
    let name = out.name().to_owned();
    let rows = tables::preview(preview, private, Format::Csv, &mut out)?;
    out.finish()?;
    Ok((rows, name))
}

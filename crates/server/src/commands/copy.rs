//! `plaudit copy`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plaudit_exchange::copy::{Compared, Copied, CopyError};
use plaudit_journal::keys::{self, CopiedKeys, Keyring, KeysLocation};
use plaudit_journal::location::Location;
use serde_json::json;

use crate::cli::Copy;
use crate::data::{JOURNAL, Place, make, master_key};
use crate::progress::{Shown, line};

use super::{BadUsage, EXPECTED, Failure, say};

/// The journals differ. It is told apart for the exit code.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Differ(CopyError);

/// A journal, and where its keys are, as far as that was said.
struct Side {
    journal: Location,
    keys: Option<KeysLocation>,
    /// The directory that it is, if it is one.
    directory: Option<PathBuf>,
}

/// Copies a journal into another, and its keys, where both keyrings are known.
pub async fn run(place: &Place, command: Copy) -> Result<(), Failure> {
    let from = Side::of(
        "--from",
        &command.from.0,
        command.from_keys.as_ref().map(|it| &*it.0),
    )?;
    let to = Side::of(
        "--to",
        &command.to.0,
        command.to_keys.as_ref().map(|it| &*it.0),
    )?;
    if from.journal.to_string() == to.journal.to_string() {
        let what = format!("--from and --to are the same journal, {}", from.journal);
        return Err(BadUsage(what).into());
    }
    if !from.journal.is_there().await? {
        let what = format!("{}: there is no journal here to copy", from.journal);
        return Err(what.into());
    }
    if let Some(directory) = &to.directory {
        make(directory).map_err(|error| {
            let directory = directory.display();
            format!("{directory}: nothing can be kept there: {error}; name another --to")
        })?;
    }
    // Nothing is sealed or opened on the way.
    let none = Arc::new(Keyring::in_memory()?);
    let source = from.journal.open_read_only(none.clone()).await?;
    let target = to.journal.open(none).await?;
    let mut shown = Shown::new(command.report);
    let compared = Compared::compare(&source, &target, &mut shown).await;
    if compared.is_err() {
        shown.finish();
    }
    let compared = compared.map_err(failed)?;
    // Keys are given to, and taken from, the same history only; and before its events: what needs a key comes
    // after it.
    let keys = copy_keys(place, &from, &to).await?;
    let copied = compared.copy(&mut shown).await;
    shown.finish();
    let copied = copied.map_err(failed)?;
    // Some may have come with the last of them.
    let keys = match keys {
        Some(first) => copy_keys(place, &from, &to).await?.map(|last| CopiedKeys {
            copied: first.copied + last.copied,
            destroyed: first.destroyed + last.destroyed,
            ..last
        }),
        None => None,
    };
    match command.report.json {
        true => {
            tell_json(&from, &to, &copied, keys);
            Ok(())
        }
        false => tell(&from, &to, &copied, keys),
    }
}

fn failed(error: CopyError) -> Failure {
    match error.is_difference() {
        true => Differ(error).into(),
        false => error.into(),
    }
}

impl Side {
    fn of(option: &str, journal: &str, keys: Option<&str>) -> Result<Self, Failure> {
        let said = Location::parse(journal);
        let said = said.map_err(|error| BadUsage(format!("{option}: {error}")))?;
        let (journal, directory) = match said {
            Some(location) => (location, None),
            None => {
                let directory = directory_of(option, journal)?;
                (Location::Sqlite(directory.join(JOURNAL)), Some(directory))
            }
        };
        let keys = match (keys, &directory) {
            (Some(keys), _) => Some(keys_of(option, keys)?),
            (None, Some(directory)) => Some(KeysLocation::File(directory.join(keys::FILE_NAME))),
            (None, None) => None,
        };
        Ok(Self {
            journal,
            keys,
            directory,
        })
    }
}

fn keys_of(option: &str, keys: &str) -> Result<KeysLocation, Failure> {
    let said = KeysLocation::parse(keys);
    let said = said.map_err(|error| BadUsage(format!("{option}-keys: {error}")))?;
    match said {
        Some(said) => Ok(said),
        None => {
            let directory = directory_of(&format!("{option}-keys"), keys)?;
            Ok(KeysLocation::File(directory.join(keys::FILE_NAME)))
        }
    }
}

/// What is none of the URLs that are known is a directory, unless it is meant to be another one. It isn't shown:
/// there may be a password in it.
fn directory_of(option: &str, text: &str) -> Result<PathBuf, Failure> {
    match text.contains("://") {
        true => Err(BadUsage(format!("{option}: {EXPECTED}, esdb://HOST or a directory")).into()),
        false => Ok(PathBuf::from(text)),
    }
}

/// Copies the keys, where it is known from where to where.
async fn copy_keys(place: &Place, from: &Side, to: &Side) -> Result<Option<CopiedKeys>, Failure> {
    let (Some(source), Some(target)) = (&from.keys, &to.keys) else {
        return Ok(None);
    };
    if source.to_string() == target.to_string() {
        return Ok(None);
    }
    if let KeysLocation::File(path) = source
        && !path.exists()
    {
        tracing::warn!(
            "{} is not there: the copy comes without keys",
            path.display()
        );
        return Ok(None);
    }
    let open = async |keys: &KeysLocation| -> Result<Keyring, Failure> {
        let beside = match keys {
            KeysLocation::File(path) => path.parent().unwrap_or(Path::new(".")),
            KeysLocation::Postgres(_) => &place.directory,
        };
        Ok(keys.open(&master_key(beside, &place.master)?).await?)
    };
    let (source, target) = (open(source).await?, open(target).await?);
    Ok(Some(source.copy_to(&target).await?))
}

fn tell_json(from: &Side, to: &Side, copied: &Copied, keys: Option<CopiedKeys>) {
    let keys = keys.map(|keys| {
        let CopiedKeys {
            accounts,
            copied,
            destroyed,
        } = keys;
        json!({ "accounts": accounts, "copied": copied, "destroyed": destroyed })
    });
    let Copied {
        copied,
        before,
        head,
        digest,
        seconds,
    } = copied;
    line(&json!({ "copied": {
        "from": from.journal.to_string(), "to": to.journal.to_string(),
        "events": copied, "before": before, "head": head, "sha256": digest, "keys": keys,
        "seconds": seconds,
    }}));
}

fn tell(from: &Side, to: &Side, copied: &Copied, keys: Option<CopiedKeys>) -> Result<(), Failure> {
    let Copied {
        copied,
        before,
        head,
        digest,
        seconds,
    } = copied;
    let (source, target) = (&from.journal, &to.journal);
    say(format_args!(
        "{copied} events were copied in {seconds:.1} s ({before} were there): {source} and {target} have the \
         same {head} events"
    ))?;
    say(format_args!("  SHA-256 of them all: {digest}"))?;
    match keys {
        Some(keys) => say(format_args!(
            "  Keys of {} accounts are there, too",
            keys.accounts
        )),
        None => say(format_args!(
            "  Its keys were not copied: whoever reads it names them with --keys"
        )),
    }
}

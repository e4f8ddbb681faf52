//! The commands.

use std::io::{self, Write};
use std::process::ExitCode;

use plaudit_journal::keys::KeysLocation;
use plaudit_journal::location::Location;
use plaudit_store::postgres::Address;

use crate::cli::{Cli, Command, LogFormat, Url};
use crate::data::{Master, Place};
use crate::log;

mod copy;
mod documents;
mod export;
mod import;
mod preview;
mod rebuild;
mod replay;
mod rules;
mod serve;
mod token;
mod verify;

/// Why a command failed, in words for whoever gave it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Something on the command line that can't be. It is told apart for the exit code.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct BadUsage(String);

/// Runs a command. 0: done. 1: it failed. 2: bad usage. 3: something was verified, and there are
/// differences.
pub fn run(cli: Cli) -> ExitCode {
    let log_format = cli.log_format;
    log::start(log_format);
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(execute(cli)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // `plaudit export … | head` has what it wanted.
        Err(failure) if is_broken_pipe(&*failure) => ExitCode::SUCCESS,
        Err(failure) => {
            match log_format {
                LogFormat::Text => drop(writeln!(io::stderr(), "plaudit: {failure}")),
                LogFormat::Json => tracing::error!("{failure}"),
            }
            ExitCode::from(match failure {
                failure if failure.is::<BadUsage>() => 2,
                failure if failure.is::<verify::Differences>() => 3,
                failure if failure.is::<copy::Differ>() => 3,
                _ => 1,
            })
        }
    }
}

async fn execute(cli: Cli) -> Result<(), Failure> {
    let place = Place {
        master: match (cli.master_key, std::env::var("PLAUDIT_MASTER_KEY")) {
            (Some(file), _) => Master::File(file),
            (None, Ok(key)) => Master::Key(key),
            (None, Err(_)) => Master::Beside,
        },
        journal: journal_at(cli.journal)?,
        keys: keys_at(cli.keys)?,
        read_models: read_models_at(cli.read_models)?,
        directory: cli.data,
        rules: cli.rules,
    };
    match cli.command {
        Command::Serve(serve) => serve::run(&place, *serve).await,
        Command::Import(import) => import::run(&place, import).await,
        Command::Copy(copy) => copy::run(&place, copy).await,
        Command::Export(export) => export::run(&place, export).await,
        Command::Rebuild(rebuild) => rebuild::run(&place, rebuild).await,
        Command::Replay(replay) => replay::run(&place, replay).await,
        Command::Verify(verify) => verify::run(&place, verify).await,
        Command::Rules(command) => rules::run(&place, command).await,
        Command::Token(token) => token::run(&place, &token).await,
        Command::Schema => Ok(io::stdout().write_all(plaudit_api::sdl().as_bytes())?),
    }
}

/// Where the journal is, if it was said.
fn journal_at(said: Option<Url>) -> Result<Option<Location>, Failure> {
    let Some(Url(said)) = said else {
        return Ok(None);
    };
    match Location::parse(&said) {
        Ok(Some(location)) => Ok(Some(location)),
        Ok(None) => Err(BadUsage(format!("--journal: {EXPECTED}, or esdb://HOST")).into()),
        Err(error) => Err(BadUsage(format!("--journal: {error}")).into()),
    }
}

/// Where the keys are, if it was said.
fn keys_at(said: Option<Url>) -> Result<Option<KeysLocation>, Failure> {
    let Some(Url(said)) = said else {
        return Ok(None);
    };
    match KeysLocation::parse(&said) {
        Ok(Some(location)) => Ok(Some(location)),
        Ok(None) => Err(BadUsage(format!("--keys: {EXPECTED}")).into()),
        Err(error) => Err(BadUsage(format!("--keys: {error}")).into()),
    }
}

const EXPECTED: &str = "expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE";

/// Where the read models are, if it was said.
fn read_models_at(said: Option<Url>) -> Result<Option<Address>, Failure> {
    let address = said.map(|Url(said)| Address::parse(&said)).transpose();
    address.map_err(|error| BadUsage(format!("--read-models: {error}")).into())
}

fn is_broken_pipe(failure: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(failure);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>()
            && error.kind() == io::ErrorKind::BrokenPipe
        {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Says something on standard output.
fn say(what: std::fmt::Arguments<'_>) -> Result<(), Failure> {
    Ok(writeln!(io::stdout(), "{what}")?)
}

/// Says something on standard error, where it doesn't mix with what is exported.
fn say_aside(what: std::fmt::Arguments<'_>) -> Result<(), Failure> {
    Ok(writeln!(io::stderr(), "{what}")?)
}

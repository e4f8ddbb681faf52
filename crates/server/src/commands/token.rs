//! `plaudit token`

use std::path::Path;
use std::time::Duration;

use crate::cli::Token;
use crate::data::Data;
use crate::identity::DevKey;

use super::{Failure, say};

/// Prints a token for a server that runs with `--dev` on the same directory.
pub fn run(directory: &Path, token: &Token) -> Result<(), Failure> {
    let data = Data::existing(directory)?;
    let key = DevKey::open(data.directory())?;
    let lifetime = Duration::from_secs(u64::from(token.hours) * 3600);
    say(format_args!("{}", key.issue(token.account, lifetime)?))
}

//! `plaudit token`

use std::time::Duration;

use plaudit_domain::Actor;
use plaudit_domain::account::Claims;

use crate::cli::Token;
use crate::data::{Data, Place};
use crate::identity::DevKey;
use crate::replayed::Replayed;

use super::{Failure, say};

/// Prints a token for a server that runs with `--dev` on the same directory.
pub async fn run(place: &Place, token: &Token) -> Result<(), Failure> {
    // What is only read has tokens, too.
    if Replayed::in_directory(&place.directory)?.is_none() {
        Data::existing(place).await?;
    }
    let key = DevKey::open(&place.directory)?;
    let lifetime = Duration::from_secs(u64::from(token.hours) * 3600);
    let actor = Actor {
        account: token.account,
        roles: token.roles(),
    };
    let claims = Claims {
        name: token.name.clone(),
        picture: token.picture.clone(),
        kind: token.kind.map(Into::into),
    };
    say(format_args!("{}", key.issue(&actor, &claims, lifetime)?))
}

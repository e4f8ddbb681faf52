//! Logging in: the first request of somebody new registers their account, and later ones bring what
//! their provider says anew (DOMAIN P2).

use std::sync::Arc;

use plaudit_domain::AccountId;
use plaudit_domain::account::{Claims, LogIn};
use plaudit_replay::{CommandError, Community, Outcome, Request};
use quick_cache::sync::Cache;
use uuid::Uuid;

use super::Caller;

/// Of so many accounts is known what was said of them last.
const KNOWN: usize = 20_000;

/// Who logged in, and what was said of them then.
pub struct LogIns {
    community: Arc<Community>,
    known: Cache<AccountId, Said>,
}

#[derive(Clone)]
struct Said {
    claims: Claims,
    at: u64,
}

impl LogIns {
    /// Nobody has logged in yet, as far as this process knows. The journal may know better, so what
    /// is said for the first time here need not be recorded.
    pub fn new(community: Arc<Community>) -> Self {
        Self {
            community,
            known: Cache::new(KNOWN),
        }
    }

    /// Makes sure that the caller's account is registered, and that what their token says of them
    /// is known; whether anything of it was new. It is recorded as of a request.
    ///
    /// # Errors
    /// If that can't be recorded.
    pub async fn log_in(&self, caller: &Caller, request: Uuid) -> Result<bool, CommandError> {
        let Caller {
            actor,
            claims,
            issued_at,
            good_until: _,
        } = caller;
        if *claims == Claims::default() || self.community.is_read_only() {
            return Ok(false);
        }
        // Somebody with two tokens is not renamed with each request: the later token is right.
        if let Some(said) = self.known.get(&actor.account)
            && (said.claims == *claims || said.at > *issued_at)
        {
            return Ok(false);
        }
        let request = Request {
            actor: *actor,
            id: request,
            idempotency: None,
        };
        let command = LogIn {
            claims: claims.clone(),
        };
        let recorded = match self.community.execute(&request, &command).await {
            // Without a name nobody is registered yet, and nothing of it is recorded: it is to be said
            // again once they are.
            Ok(Outcome {
                position: 0,
                recorded: 0,
                ..
            }) => return Ok(false),
            Ok(Outcome { recorded, .. }) => recorded > 0,
            // Whoever's account was erased is told so by what they want to do.
            Err(CommandError::Refused(_)) => false,
            // The operation may not see it. What it does is decided on the journal, which has it.
            Err(CommandError::NotReadableYet { .. }) => true,
            Err(
                error @ (CommandError::Journal(_)
                | CommandError::ReadOnly
                | CommandError::Contended { .. }
                | CommandError::KeyReused),
            ) => return Err(error),
        };
        let said = Said {
            claims: claims.clone(),
            at: *issued_at,
        };
        self.known.insert(actor.account, said);
        Ok(recorded)
    }
}

//! Keys of one keyring for another: so a journal's copy can be read by them.

use std::collections::HashSet;
use std::sync::Arc;

use plaudit_domain::AccountId;
use plaudit_domain::personal::Part;

use super::{Key, Keyring, Keys, KeysError};

const PARTS: [Part; 2] = [Part::Identity, Part::Content];

/// So many accounts are looked at together.
const BATCH: usize = 1_000;

/// What copying keys came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CopiedKeys {
    /// Of how many accounts there are keys, or were.
    pub accounts: u64,
    /// How many of them got theirs now.
    pub copied: u64,
    /// Of how many some were destroyed now, because they are in the other one.
    pub destroyed: u64,
}

/// Keys of an account, and those that the other keyring has of them.
struct Pair {
    account: AccountId,
    own: Arc<Keys>,
    there: Option<Arc<Keys>>,
}

impl Keyring {
    /// Gives another keyring all keys of this one, under the master key of that one. What was destroyed here is
    /// destroyed there, too, and what was destroyed there stays so. Doing it again copies what came since.
    ///
    /// # Errors
    /// If one of them can't be read or written. If somebody has other keys there, before anything is written.
    pub async fn copy_to(&self, other: &Self) -> Result<CopiedKeys, KeysError> {
        let mut after = None;
        while let Some(pairs) = self.beside(other, &mut after).await? {
            let differs = |pair: &&Pair| {
                let there = pair.there.as_ref();
                there.is_some_and(|there| !agree(&pair.own, there))
            };
            if let Some(Pair { account, .. }) = pairs.iter().find(differs) {
                return Err(KeysError::Others {
                    keys: other.name(),
                    account: *account,
                });
            }
        }
        let mut copied = CopiedKeys::default();
        let mut after = None;
        while let Some(pairs) = self.beside(other, &mut after).await? {
            copied.accounts += pairs.len() as u64;
            let mut new = Vec::new();
            for Pair {
                account,
                own,
                there,
            } in pairs
            {
                let Some(there) = there else {
                    let [identity, content] = PARTS.map(|it| own.of(it));
                    new.push(other.wrap(account, identity, content)?);
                    continue;
                };
                let gone = gone(&own, &there);
                if !gone.is_empty() && other.destroy(account, &gone).await? {
                    copied.destroyed += 1;
                }
            }
            copied.copied += new.len() as u64;
            if !new.is_empty() {
                other.store.insert(new).await?;
            }
        }
        Ok(copied)
    }

    /// The next accounts, with what the other keyring has of them.
    async fn beside(
        &self,
        other: &Self,
        after: &mut Option<AccountId>,
    ) -> Result<Option<Vec<Pair>>, KeysError> {
        let batch = self.store.all(*after, BATCH).await?;
        let Some(last) = batch.last() else {
            return Ok(None);
        };
        *after = Some(last.account);
        let accounts: HashSet<_> = batch.iter().map(|wrapped| wrapped.account).collect();
        let mut there = other.find(&accounts).await?;
        let pair = |wrapped| {
            let (account, own) = self.unwrap(wrapped)?;
            Ok(Pair {
                account,
                own,
                there: there.remove(&account),
            })
        };
        batch.iter().map(pair).collect::<Result<_, _>>().map(Some)
    }
}

/// Whether those that are in both are the same.
fn agree(one: &Keys, other: &Keys) -> bool {
    let same = |one: Option<&Key>, other: Option<&Key>| match (one, other) {
        (Some(one), Some(other)) => one == other,
        (None, _) | (_, None) => true,
    };
    PARTS
        .into_iter()
        .all(|part| same(one.of(part), other.of(part)))
}

/// What was destroyed in the one, and not yet in the other.
fn gone(one: &Keys, other: &Keys) -> Vec<Part> {
    PARTS
        .into_iter()
        .filter(|part| one.of(*part).is_none() && other.of(*part).is_some())
        .collect()
}

//! Keys of one keyring for another: so a journal's copy can be read by them.

use std::collections::HashSet;

use plaudit_domain::personal::Part;

use super::{Key, Keyring, Keys, KeysError};

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

impl Keyring {
    /// Gives another keyring all keys of this one, under the master key of that one. What was destroyed in
    /// either is in both then, and is never made again. Doing it again copies what came since.
    ///
    /// # Errors
    /// If one of them can't be read or written, or somebody has other keys there.
    pub async fn copy_to(&self, other: &Self) -> Result<CopiedKeys, KeysError> {
        let mut copied = CopiedKeys::default();
        let mut after = None;
        loop {
            let batch = self.store.all(after, BATCH).await?;
            let Some(last) = batch.last() else {
                return Ok(copied);
            };
            after = Some(last.account);
            copied.accounts += batch.len() as u64;
            let accounts: HashSet<_> = batch.iter().map(|wrapped| wrapped.account).collect();
            let there = other.find(&accounts).await?;
            let mut new = Vec::new();
            for wrapped in &batch {
                let (account, keys) = self.unwrap(wrapped)?;
                match there.get(&account) {
                    None => {
                        let [identity, content] =
                            [Part::Identity, Part::Content].map(|it| keys.of(it));
                        new.push(other.wrap(account, identity, content)?);
                    }
                    Some(there) if agree(&keys, there) => {
                        let gone = gone(&keys, there);
                        if !gone.is_empty() && other.destroy(account, &gone).await? {
                            copied.destroyed += 1;
                        }
                    }
                    Some(_) => {
                        let keys = other.name();
                        return Err(KeysError::Others { keys, account });
                    }
                }
            }
            copied.copied += new.len() as u64;
            if !new.is_empty() {
                other.store.insert(new).await?;
            }
        }
    }
}

/// Whether those that are in both are the same.
fn agree(one: &Keys, other: &Keys) -> bool {
    let same = |one: Option<&Key>, other: Option<&Key>| match (one, other) {
        (Some(one), Some(other)) => one == other,
        (None, _) | (_, None) => true,
    };
    [Part::Identity, Part::Content]
        .into_iter()
        .all(|part| same(one.of(part), other.of(part)))
}

/// What was destroyed in the one, and not yet in the other.
fn gone(one: &Keys, other: &Keys) -> Vec<Part> {
    let parts = [Part::Identity, Part::Content].into_iter();
    parts
        .filter(|part| one.of(*part).is_none() && other.of(*part).is_some())
        .collect()
}

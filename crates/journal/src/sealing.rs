//! What every journal does with personal data: it is sealed on the way in, and opened on the way out.
//!
//! A sealed value says nothing about whose key it needs: that follows from the fact that it stands in.

use std::collections::HashSet;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD as BASE64;
use plaudit_domain::erasure::{Content, Erased};
use plaudit_domain::personal::{About, Part};
use plaudit_domain::{AccountId, Event, Fact, NewEvent};
use uuid::Uuid;

use crate::inspection::Unopened;
use crate::keys::{Keyring, KeysError, KeysOf};

/// Seals the personal data of events that are to be recorded.
///
/// Where a key was destroyed the value is withheld. One that is about nobody known stays as it is.
/// Every key that was used is on the disk when this returns.
pub(crate) async fn seal(keyring: &Keyring, events: &mut [NewEvent]) -> Result<(), KeysError> {
    let accounts = concerned(events.iter_mut().map(|event| &mut event.fact));
    if accounts.is_empty() {
        return Ok(());
    }
    let mut keys = keyring.remembered(&accounts);
    if keys.len() < accounts.len() {
        // Making keys waits for the disk, and for others who do so.
        keys = keyring.make(&accounts).await?;
    }
    for event in events {
        let mut place = Place::first(event.id);
        let mut sealed = Ok(());
        event.fact.personal(&mut |about, value| {
            let place = place.next();
            let Some(About { account, part }) = about else {
                return;
            };
            value.seal(&mut |json| {
                let key = keys.get(&account)?.of(part)?;
                match key.seal(&place, json) {
                    Ok(bytes) => Some(BASE64.encode(bytes)),
                    Err(error) => {
                        sealed = Err(keyring.failed(error));
                        None
                    }
                }
            });
        });
        sealed?;
    }
    Ok(())
}

/// Everybody whom personal data of these facts is about.
fn concerned<'a>(facts: impl Iterator<Item = &'a mut Fact>) -> HashSet<AccountId> {
    let mut accounts = HashSet::new();
    for fact in facts {
        fact.personal(&mut |about, _| {
            accounts.extend(about.map(|about| about.account));
        });
    }
    accounts
}

/// Opens the personal data of events that were read; what can't be opened is withheld.
///
/// Call it after they were read: then it knows of every key that was destroyed before the last of
/// them was recorded, by whichever process.
pub(crate) async fn open(keyring: &Keyring, events: &mut [Event]) -> Result<(), KeysError> {
    // Most events hold nothing personal, and keys may be far away.
    let accounts = sealed(events.iter_mut().map(|event| &mut event.fact));
    let keys = match accounts.is_empty() {
        true => KeysOf::new(),
        false => keyring.find(&accounts).await?,
    };
    for event in events {
        let mut place = Place::first(event.id);
        event.fact.personal(&mut |about, value| {
            let place = place.next();
            value.open(&mut |sealed| {
                let About { account, part } = about?;
                let bytes = BASE64.decode(sealed).ok()?;
                keys.get(&account)?.of(part)?.open(&place, &bytes)
            });
        });
    }
    Ok(())
}

/// Everybody whose keys are needed to open what is sealed in these facts.
fn sealed<'a>(facts: impl Iterator<Item = &'a mut Fact>) -> HashSet<AccountId> {
    let mut accounts = HashSet::new();
    for fact in facts {
        fact.personal(&mut |about, value| {
            if value.is_sealed() {
                accounts.extend(about.map(|about| about.account));
            }
        });
    }
    accounts
}

/// Opens the personal data of an event like [`open`], and says why it can't where the key wasn't
/// destroyed: all of it should open then.
pub(crate) async fn inspect(
    keyring: &Keyring,
    event: &mut Event,
) -> Result<Vec<Unopened>, KeysError> {
    let accounts = sealed([&mut event.fact].into_iter());
    // One that was destroyed since it was read opens what it always did, which is no flaw.
    let mut keys = keyring.remembered(&accounts);
    let mut is_damaged = false;
    if keys.len() < accounts.len() {
        match keyring.find(&accounts).await {
            Err(KeysError::Damaged { .. }) => is_damaged = true,
            found => keys = found?,
        }
    }
    let mut place = Place::first(event.id);
    let mut unopened = Vec::new();
    event.fact.personal(&mut |about, value| {
        let place = place.next();
        let mut why = None;
        value.open(&mut |sealed| {
            let opened = match is_damaged && about.is_some() {
                true => Err(Some(Unopened::DamagedKey)),
                false => open_one(&keys, about, &place, sealed),
            };
            why = match &opened {
                Ok(_) => Some(Unopened::Malformed),
                Err(why) => *why,
            };
            opened.ok()
        });
        unopened.extend(why.filter(|_| !value.is_known()));
    });
    Ok(unopened)
}

/// What was sealed; or why it doesn't open, and nothing where its key was destroyed.
fn open_one(
    keys: &KeysOf,
    about: Option<About>,
    place: &[u8],
    sealed: &str,
) -> Result<Vec<u8>, Option<Unopened>> {
    let About { account, part } = about.ok_or(Some(Unopened::Nobodys))?;
    let keys = keys.get(&account).ok_or(Some(Unopened::NoKey))?;
    let key = keys.of(part).ok_or(None)?;
    let bytes = BASE64.decode(sealed).ok();
    let value = bytes.and_then(|bytes| key.open(place, &bytes));
    value.ok_or(Some(Unopened::Changed))
}

/// Destroys the keys of an account: who it is, and what it wrote, if that is to be removed, too;
/// whether there were any.
pub(crate) async fn forget(
    keyring: &Keyring,
    account: AccountId,
    content: Content,
) -> Result<bool, KeysError> {
    keyring.destroy(account, parts(content)).await
}

/// Whether there are still keys of an account that [`forget`] destroys as it is erased.
pub(crate) async fn has_keys(keyring: &Keyring, erased: &Erased) -> Result<bool, KeysError> {
    let keys = match keyring.find(&HashSet::from([erased.account])).await {
        // Nothing opens with these.
        Err(KeysError::Damaged { .. }) => return Ok(false),
        keys => keys?,
    };
    let keys = keys.get(&erased.account);
    let is_there = |part: &Part| keys.is_some_and(|keys| keys.of(*part).is_some());
    Ok(parts(erased.content).iter().any(is_there))
}

/// Which keys go.
fn parts(content: Content) -> &'static [Part] {
    match content {
        Content::Keep => &[Part::Identity],
        Content::Remove => &[Part::Identity, Part::Content],
    }
}

/// Where a value stands: the event's id, and the how-manieth of its personal values it is. Sealed for
/// one place it opens in no other, so nobody can put one value in the place of another.
struct Place {
    event: Uuid,
    number: u32,
}

impl Place {
    fn first(event: Uuid) -> Self {
        Self { event, number: 0 }
    }

    fn next(&mut self) -> [u8; 20] {
        let mut place = [0; 20];
        place[..16].copy_from_slice(self.event.as_bytes());
        place[16..].copy_from_slice(&self.number.to_be_bytes());
        self.number += 1;
        place
    }
}

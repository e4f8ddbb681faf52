//! How many subscriptions there may be at once, over SSE and WebSockets together: each takes some memory for as
//! long as somebody likes.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use plaudit_domain::AccountId;

use super::rates::Payer;

/// So many bytes of an operation count as a subscription: it is kept for as long as it is followed, and takes
/// thirty times that once it is read.
const BYTES: usize = 2048;

/// So much of an operation's cost does, too: it is executed whenever something happens.
const COST: u64 = 250;

/// How much may be followed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionLimits {
    /// The most subscriptions of an account, of which large ones count as several; 0 for as many as it likes.
    pub account: u32,
    /// The most subscriptions from an address, whoever asks from there; 0 for as many as they like.
    pub address: u32,
    /// The most operations that go on over a WebSocket.
    pub connection: usize,
    /// How long a client may take to say who it is, over a WebSocket.
    pub init_time: Duration,
    /// So often it has to show that it is there, over a WebSocket. Proxies take a connection for dead after half a
    /// minute or more.
    pub ping: Duration,
}

impl Default for SubscriptionLimits {
    fn default() -> Self {
        Self {
            account: 200,
            address: 2_000,
            connection: 100,
            init_time: Duration::from_secs(3),
            ping: Duration::from_secs(20),
        }
    }
}

/// The subscriptions that there are.
#[derive(Debug)]
pub(super) struct Subscriptions {
    pub(super) limits: SubscriptionLimits,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    accounts: Counts<AccountId>,
    addresses: Counts<IpAddr>,
}

/// How many each of many has. Who has none isn't kept.
#[derive(Debug)]
struct Counts<K>(HashMap<K, u32>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq + Copy> Counts<K> {
    fn has_room(&self, whose: Option<K>, more: u32, most: u32) -> bool {
        let count = whose.and_then(|whose| self.0.get(&whose));
        let count = count.copied().unwrap_or(0);
        most == 0 || whose.is_none() || count.saturating_add(more) <= most
    }

    fn add(&mut self, whose: Option<K>, more: u32) {
        if let Some(whose) = whose {
            let count = self.0.entry(whose).or_default();
            *count = count.saturating_add(more);
        }
    }

    fn remove(&mut self, whose: Option<K>, less: u32) {
        let Some(whose) = whose else { return };
        if let Some(count) = self.0.get_mut(&whose) {
            *count = count.saturating_sub(less);
            if *count == 0 {
                self.0.remove(&whose);
            }
        }
    }
}

/// There are as many as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany {
    /// Whose.
    pub(super) whose: &'static str,
    /// How many they may have.
    pub(super) most: u32,
}

impl Subscriptions {
    pub(super) fn new(limits: SubscriptionLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            open: Mutex::default(),
        })
    }

    /// One more, until what is returned is dropped. A large one counts as several: one of many bytes, or that costs
    /// much each time.
    pub(super) fn begin(
        self: &Arc<Self>,
        payer: Payer,
        bytes: usize,
        cost: u64,
    ) -> Result<Held, TooMany> {
        let several = (bytes / BYTES) as u64 + cost / COST;
        let weight = u32::try_from(several.saturating_add(1)).unwrap_or(u32::MAX);
        let SubscriptionLimits {
            account, address, ..
        } = self.limits;
        let mut open = self.open.lock();
        if !open.accounts.has_room(payer.account, weight, account) {
            return Err(TooMany {
                whose: "your account",
                most: account,
            });
        }
        if !open.addresses.has_room(payer.address, weight, address) {
            return Err(TooMany {
                whose: "your address",
                most: address,
            });
        }
        open.accounts.add(payer.account, weight);
        open.addresses.add(payer.address, weight);
        Ok(Held {
            all: self.clone(),
            payer,
            weight,
        })
    }
}

/// A subscription that counts.
#[derive(Debug)]
pub(super) struct Held {
    all: Arc<Subscriptions>,
    payer: Payer,
    weight: u32,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut open = self.all.open.lock();
        open.accounts.remove(self.payer.account, self.weight);
        open.addresses.remove(self.payer.address, self.weight);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn payer(account: Option<u128>, address: &str) -> Payer {
        Payer {
            account: account.map(|id| AccountId(Uuid::from_u128(id))),
            address: Some(address.parse().unwrap()),
        }
    }

    #[test]
    fn an_account_and_an_address_have_as_many_as_they_may_and_no_more() {
        let all = Subscriptions::new(SubscriptionLimits {
            account: 2,
            address: 3,
            ..SubscriptionLimits::default()
        });
        let (ada, ben) = (payer(Some(1), "192.0.2.1"), payer(Some(2), "192.0.2.1"));
        let first = all.begin(ada, 100, 1).unwrap();
        let _second = all.begin(ada, 100, 1).unwrap();
        assert_eq!(all.begin(ada, 100, 1).unwrap_err().whose, "your account");
        let _third = all.begin(ben, 100, 1).unwrap();
        assert_eq!(all.begin(ben, 100, 1).unwrap_err().whose, "your address");
        assert!(all.begin(payer(None, "192.0.2.2"), BYTES, 1).is_ok());
        drop(first);
        assert!(
            all.begin(ada, BYTES, 1).is_err(),
            "a large one counts as two"
        );
        assert!(all.begin(ada, 100, COST).is_err(), "and so does a dear one");
        let _again = all.begin(ada, 100, 1).unwrap();
        assert!(all.begin(ada, 100, 1).is_err());
    }

    #[test]
    fn who_follows_nothing_any_more_is_forgotten() {
        let all = Subscriptions::new(SubscriptionLimits {
            account: 0,
            address: 0,
            ..SubscriptionLimits::default()
        });
        let held: Vec<_> = (0..1_000)
            .map(|id| {
                all.begin(payer(Some(id), "192.0.2.1"), 3 * BYTES, 1)
                    .unwrap()
            })
            .collect();
        drop(held);
        let open = all.open.lock();
        assert!(open.accounts.0.is_empty() && open.addresses.0.is_empty());
    }
}

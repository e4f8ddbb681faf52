//! How much who asks may spend: a request costs what its operation costs, and something for its bytes.
//!
//! Each account and each address has a budget that fills up steadily: an app that loads a page may spend much at
//! once, and nobody can go on doing so. Who asks with no token is known by the address alone.

use std::fmt;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;
use plaudit_domain::AccountId;
use poem::http::{HeaderMap, HeaderName};
use poem::{Addr, Request};

/// So many bytes of a body cost 1: they have to be read, and perhaps parsed.
const BYTES: u64 = 256;

/// So many bytes of a document that is refused cost 1: looking for what was meant takes far longer than reading it.
const BYTES_REFUSED: u64 = 16;

/// So often budgets that are full again are forgotten.
const SWEEP: Duration = Duration::from_secs(10);

/// How much somebody may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So much is added each second,
    pub per_second: NonZeroU32,
    /// up to so much.
    pub burst: NonZeroU32,
}

/// How much may be spent by whom.
#[derive(Debug, Clone, Default)]
pub struct Rates {
    /// By an account; none, if it may spend as much as it likes.
    pub account: Option<Rate>,
    /// By an address, whoever asks from there.
    pub address: Option<Rate>,
    /// The header in which a proxy says whom a request is from. Whatever others say isn't believed.
    pub address_header: Option<HeaderName>,
}

/// What everybody has left.
pub(super) struct Budgets {
    accounts: Option<Budget<AccountId>>,
    addresses: Option<Budget<IpAddr>>,
    address_header: Option<HeaderName>,
}

/// Who pays for a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Payer {
    pub(super) account: Option<AccountId>,
    pub(super) address: Option<IpAddr>,
}

/// There isn't as much left as something costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spent {
    pub(super) rate: Rate,
    /// After so long there is.
    pub(super) wait: Duration,
}

impl Spent {
    /// After so many seconds there is: up to the next one, for who comes earlier comes too early.
    pub(super) fn seconds(&self) -> u64 {
        self.wait.as_secs() + u64::from(self.wait.subsec_nanos() > 0)
    }
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rate { per_second, burst } = self.rate;
        let seconds = self.seconds();
        write!(
            f,
            "you asked for more than {per_second} a second lately, and {burst} at once: try again in {seconds} seconds"
        )
    }
}

impl Budgets {
    pub(super) fn new(rates: Rates) -> Self {
        Self {
            accounts: rates.account.map(Budget::new),
            addresses: rates.address.map(Budget::new),
            address_header: rates.address_header,
        }
    }

    /// Whom a request is from, before it says who that is.
    pub(super) fn payer(&self, request: &Request) -> Payer {
        let connected = match &request.remote_addr().0 {
            Addr::SocketAddr(address) => Some(address.ip()),
            Addr::Unix(_) | Addr::Custom(..) => None,
        };
        Payer {
            account: None,
            address: self.address(request.headers(), connected),
        }
    }

    fn address(&self, headers: &HeaderMap, connected: Option<IpAddr>) -> Option<IpAddr> {
        let told = self.address_header.as_ref().and_then(|name| {
            // Each proxy adds to the end whom it has it from: what stands before anybody can have written.
            let header = headers.get_all(name).into_iter().next_back()?;
            read(header.to_str().ok()?.rsplit(',').next()?)
        });
        told.or(connected).map(network)
    }

    /// Takes from all of the budgets that pay; what is left then, of the one that has the least.
    pub(super) fn charge(&self, payer: Payer, cost: u64) -> Result<Option<u64>, Spent> {
        let address = pay(self.addresses.as_ref(), payer.address, cost)?;
        let account = pay(self.accounts.as_ref(), payer.account, cost)?;
        Ok(match (address, account) {
            (Some(address), Some(account)) => Some(address.min(account)),
            (left, None) | (None, left) => left,
        })
    }

    /// The same, for the bytes of a document that is refused.
    pub(super) fn charge_refused(&self, payer: Payer, bytes: usize) -> Result<(), Spent> {
        self.charge(payer, bytes as u64 / BYTES_REFUSED).map(drop)
    }

    /// The same, for the bytes of a body.
    pub(super) fn charge_bytes(&self, payer: Payer, bytes: usize) -> Result<(), Spent> {
        self.charge(payer, bytes as u64 / BYTES).map(drop)
    }
}

fn pay<K: Hash + Eq + Copy>(
    budget: Option<&Budget<K>>,
    payer: Option<K>,
    cost: u64,
) -> Result<Option<u64>, Spent> {
    match (budget, payer) {
        (Some(budget), Some(payer)) => budget.charge(payer, cost).map(Some),
        (Some(_) | None, _) => Ok(None),
    }
}

/// An address as a proxy writes it, perhaps with a port.
fn read(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.parse().ok().or_else(with_port)
}

/// What has one owner: of IPv6 a network, in which they may take whatever address they like.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
    }
}

type Limiter<K> = RateLimiter<K, HashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// What each of many has left. Who spent nothing lately isn't kept.
struct Budget<K: Hash + Eq + Copy> {
    rate: Rate,
    limiter: Limiter<K>,
    swept: Mutex<Instant>,
}

impl<K: Hash + Eq + Copy> Budget<K> {
    fn new(rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self {
            rate,
            limiter: RateLimiter::hashmap(quota).with_middleware(),
            swept: Mutex::new(Instant::now()),
        }
    }

    fn charge(&self, payer: K, cost: u64) -> Result<u64, Spent> {
        self.sweep();
        let Ok(cost) = u32::try_from(cost) else {
            return Err(self.never());
        };
        let Some(cost) = NonZeroU32::new(cost) else {
            return Ok(u64::from(self.rate.burst.get()));
        };
        match self.limiter.check_key_n(&payer, cost) {
            Ok(Ok(state)) => Ok(u64::from(state.remaining_burst_capacity())),
            Ok(Err(not_yet)) => Err(Spent {
                rate: self.rate,
                wait: not_yet.wait_time_from(self.limiter.clock().now()),
            }),
            Err(_) => Err(self.never()),
        }
    }

    /// It costs more than there ever is. Operations may not, so it is a body beyond all measure.
    fn never(&self) -> Spent {
        let seconds = self.rate.burst.get().div_ceil(self.rate.per_second.get());
        Spent {
            rate: self.rate,
            wait: Duration::from_secs(u64::from(seconds)),
        }
    }

    fn sweep(&self) {
        let Some(mut swept) = self.swept.try_lock() else {
            return;
        };
        if swept.elapsed() >= SWEEP {
            *swept = Instant::now();
            drop(swept);
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_second: u32, burst: u32) -> Rate {
        Rate {
            per_second: NonZeroU32::new(per_second).unwrap(),
            burst: NonZeroU32::new(burst).unwrap(),
        }
    }

    #[test]
    fn a_budget_is_spent_and_fills_up_again() {
        let budget = Budget::new(rate(1, 10));
        assert_eq!(budget.charge(1, 4), Ok(6));
        assert_eq!(budget.charge(1, 6), Ok(0));
        let spent = budget.charge(1, 3).unwrap_err();
        let wait = Duration::from_millis(2_900)..=Duration::from_secs(3);
        assert!(wait.contains(&spent.wait), "{spent:?}");
        assert_eq!(
            budget.charge(2, 10),
            Ok(0),
            "everybody has one of their own"
        );
        for beyond in [11, u64::MAX] {
            let spent = budget.charge(3, beyond).unwrap_err();
            assert_eq!(spent.wait, Duration::from_secs(10));
        }
    }

    #[test]
    fn who_spent_nothing_lately_is_forgotten() {
        let budget = Budget::new(rate(1_000_000, 10));
        for payer in 0..1_000 {
            budget.charge(payer, 1).unwrap();
        }
        *budget.swept.lock() = Instant::now().checked_sub(SWEEP).unwrap();
        std::thread::sleep(Duration::from_millis(5));
        budget.charge(0, 1).unwrap();
        assert!(budget.limiter.len() <= 1, "{}", budget.limiter.len());
    }

    #[test]
    fn an_address_is_believed_from_the_header_that_was_named() {
        let from = |header: Option<&str>, said: &[&str]| {
            let mut headers = HeaderMap::new();
            for said in said {
                headers.append("x-forwarded-for", said.parse().unwrap());
            }
            let budgets = Budgets::new(Rates {
                address_header: header.map(|name| name.parse().unwrap()),
                ..Rates::default()
            });
            let connected = "192.0.2.1".parse().unwrap();
            let address = budgets.address(&headers, Some(connected));
            address.unwrap().to_string()
        };
        let forwarded = Some("x-forwarded-for");
        for (header, said, address) in [
            (None, vec!["198.51.100.7"], "192.0.2.1"),
            (forwarded, vec![], "192.0.2.1"),
            (forwarded, vec!["nonsense"], "192.0.2.1"),
            (forwarded, vec!["198.51.100.7"], "198.51.100.7"),
            (forwarded, vec!["10.0.0.1, 198.51.100.7"], "198.51.100.7"),
            (
                forwarded,
                vec!["10.0.0.1", "198.51.100.7:1234"],
                "198.51.100.7",
            ),
            (forwarded, vec!["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::"),
            (forwarded, vec!["[2001:db8:1:2::9]:443"], "2001:db8:1:2::"),
            (forwarded, vec!["::ffff:198.51.100.7"], "198.51.100.7"),
        ] {
            assert_eq!(from(header, &said), address, "{header:?} {said:?}");
        }
    }
}

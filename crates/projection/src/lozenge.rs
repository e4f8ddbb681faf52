//! Lozenges that were granted, and requests for them (DOMAIN Z).

use plaudit_domain::fact::LozengeFact;
use plaudit_domain::lozenge::{Denied, Granted, Requested, Revoked};
use plaudit_domain::notification::Kind;
use plaudit_domain::requirement::Answer;
use plaudit_domain::{AccountId, Event, Personal, Time};

use crate::fold::FoldError;
use crate::notification::{Outcome, Subject};
use crate::row::{Key, row};
use crate::rows::{Keyed, Optional, Rows};
use crate::rules::{Lozenges, Measured};
use crate::touched::Touched;

row! {
    table "lozenge", primary (account, lozenge), index (lozenge, held, granted_at, position);
    /// A lozenge that an account was granted, and may have lost since.
    pub struct LozengeGrant {
        /// The account.
        pub account: Key,
        /// What the lozenge is known by.
        pub lozenge: String,
        /// Whether it still has it.
        pub held: bool,
        /// The company that it stands for, unless that is withheld.
        pub company: Option<String>,
        /// The company's app or service.
        pub product: Option<String>,
        /// When it was granted, the last time.
        pub granted_at: Time,
        /// The position of that.
        pub position: Key,
        /// By whom.
        pub granted_by: Option<AccountId>,
        /// Why, if somebody said so.
        pub reason: Option<String>,
        /// How what is required was met then.
        pub answers: Answers,
        /// When it was revoked.
        pub revoked_at: Option<Time>,
        /// By whom.
        pub revoked_by: Option<AccountId>,
        /// Why.
        pub revoked_because: Option<String>,
    }
}

row! {
    table "lozenge_request", primary (account, lozenge), index (state, since, position);
    /// What an account asked for, the last time.
    pub struct LozengeRequest {
        /// The account.
        pub account: Key,
        /// What the lozenge is known by.
        pub lozenge: String,
        /// What became of it.
        pub state: RequestState,
        /// When it asked.
        pub since: Time,
        /// The position of that.
        pub position: Key,
        /// Who did: the account itself, another of the profile, or staff.
        pub asked_by: Option<AccountId>,
        /// The company that it would stand for, unless that is withheld.
        pub company: Option<String>,
        /// The company's app or service.
        pub product: Option<String>,
        /// Why staff asked although not all was met.
        pub reason: Option<String>,
        /// How what is required was met then.
        pub answers: Answers,
        /// When it was decided.
        pub decided_at: Option<Time>,
        /// By whom.
        pub decided_by: Option<AccountId>,
        /// Why, if somebody said so.
        pub decided_because: Option<String>,
        /// How what is required was met at the decision.
        pub decided_answers: Answers,
    }
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestState {
    /// It waits for staff.
    Waiting,
    /// It was granted.
    Granted,
    /// It was denied.
    Denied,
}

impl RequestState {
    /// The name in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Granted => "granted",
            Self::Denied => "denied",
        }
    }

    /// What has a name in rows.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Waiting, Self::Granted, Self::Denied]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

/// How requirements were met, kept as a JSON array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers(pub(crate) String);

impl Answers {
    /// Keeps answers, in their order.
    pub fn new(answers: &[Answer]) -> Self {
        Self(serde_json::to_string(answers).unwrap_or_default())
    }

    /// The answers.
    pub fn to_vec(&self) -> Vec<Answer> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

/// What tells what was granted, or asked for, from others: account and lozenge.
pub type LozengeKey = (Key, String);

/// What was granted, as far as a batch changes it.
pub type LozengeGrants = Optional<LozengeGrant>;

impl Keyed for LozengeGrant {
    type Key = LozengeKey;

    fn key(&self) -> LozengeKey {
        (self.account, self.lozenge.clone())
    }
}

/// What was asked for, as far as a batch changes it.
pub type LozengeRequests = Optional<LozengeRequest>;

impl Keyed for LozengeRequest {
    type Key = LozengeKey;

    fn key(&self) -> LozengeKey {
        (self.account, self.lozenge.clone())
    }
}

pub(crate) fn touch(fact: &LozengeFact, touched: &mut Touched) {
    let (LozengeFact::Requested(Requested { account, .. })
    | LozengeFact::Granted(Granted { account, .. })
    | LozengeFact::Denied(Denied { account, .. })
    | LozengeFact::Revoked(Revoked { account, .. })) = fact;
    touched.account(*account);
    touched.lozenges_of.insert(*account);
}

/// Who was erased has no lozenges, whatever a history from elsewhere tells of it later.
pub(crate) fn fold(fact: &LozengeFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let (LozengeFact::Requested(Requested { account, .. })
    | LozengeFact::Granted(Granted { account, .. })
    | LozengeFact::Denied(Denied { account, .. })
    | LozengeFact::Revoked(Revoked { account, .. })) = fact;
    let account = rows.account(*account)?;
    if account.erased {
        return Ok(());
    }
    let account = account.key;
    match fact {
        LozengeFact::Requested(requested) => request(account, requested, event, rows),
        LozengeFact::Granted(granted) => grant(account, granted, event, rows),
        LozengeFact::Denied(denied) => deny(account, denied, event, rows),
        LozengeFact::Revoked(revoked) => revoke(account, revoked, event, rows),
    }
    Ok(())
}

fn request(account: Key, requested: &Requested, event: &Event, rows: &mut Rows) {
    let lozenge = requested.lozenge.clone();
    let request = LozengeRequest {
        account,
        lozenge: lozenge.clone(),
        state: RequestState::Waiting,
        since: event.occurred_at,
        position: Key(event.position.cast_signed()),
        asked_by: event.actor,
        company: known(requested.company.as_ref()),
        product: known(requested.product.as_ref()),
        reason: known(requested.reason.as_ref()),
        answers: Answers::new(&requested.answers),
        decided_at: None,
        decided_by: None,
        decided_because: None,
        decided_answers: Answers::new(&[]),
    };
    rows.lozenge_requests.put(request);
}

fn grant(account: Key, granted: &Granted, event: &Event, rows: &mut Rows) {
    let lozenge = granted.lozenge.clone();
    let reason = known(granted.reason.as_ref());
    let answers = Answers::new(&granted.answers);
    let decision = (RequestState::Granted, reason.clone(), answers.clone());
    decide((account, lozenge.clone()), decision, event, rows);
    let grant = LozengeGrant {
        account,
        lozenge: lozenge.clone(),
        held: true,
        company: known(granted.company.as_ref()),
        product: known(granted.product.as_ref()),
        granted_at: event.occurred_at,
        position: Key(event.position.cast_signed()),
        granted_by: event.actor,
        reason: reason.clone(),
        answers,
        revoked_at: None,
        revoked_by: None,
        revoked_because: None,
    };
    rows.lozenges.put(grant);
    let outcome = (Outcome::LozengeGranted, reason);
    tell(account, lozenge, outcome, event, rows);
}

fn deny(account: Key, denied: &Denied, event: &Event, rows: &mut Rows) {
    let lozenge = denied.lozenge.clone();
    let (reason, answers) = (known(Some(&denied.reason)), Answers::new(&denied.answers));
    let decision = (RequestState::Denied, reason.clone(), answers);
    if decide((account, lozenge.clone()), decision, event, rows) {
        let outcome = (Outcome::LozengeDenied, reason);
        tell(account, lozenge, outcome, event, rows);
    }
}

fn revoke(account: Key, revoked: &Revoked, event: &Event, rows: &mut Rows) {
    let key = (account, revoked.lozenge.clone());
    let Some(before) = rows.lozenges.get(&key).filter(|it| it.held) else {
        return;
    };
    let reason = known(Some(&revoked.reason));
    let grant = LozengeGrant {
        held: false,
        revoked_at: Some(event.occurred_at),
        revoked_by: event.actor,
        revoked_because: reason.clone(),
        ..before.clone()
    };
    rows.lozenges.put(grant);
    let outcome = (Outcome::LozengeRevoked, reason);
    tell(account, revoked.lozenge.clone(), outcome, event, rows);
}

/// Decides on what waits; whether anything did.
fn decide(
    key: LozengeKey,
    (state, reason, answers): (RequestState, Option<String>, Answers),
    event: &Event,
    rows: &mut Rows,
) -> bool {
    let waiting = rows.lozenge_requests.get(&key);
    let Some(before) = waiting.filter(|it| it.state == RequestState::Waiting) else {
        return false;
    };
    let request = LozengeRequest {
        state,
        decided_at: Some(event.occurred_at),
        decided_by: event.actor,
        decided_because: reason,
        decided_answers: answers,
        ..before.clone()
    };
    rows.lozenge_requests.put(request);
    true
}

fn tell(
    account: Key,
    lozenge: String,
    (outcome, note): (Outcome, Option<String>),
    event: &Event,
    rows: &mut Rows,
) {
    let about = Subject {
        lozenge: Some(lozenge),
        outcome: Some(outcome),
        note,
        ..Subject::default()
    };
    rows.tell(Kind::Lozenge, [account], about, event);
}

fn known(text: Option<&Personal<String>>) -> Option<String> {
    text.and_then(Personal::get).cloned()
}

/// A lozenge that a profile holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Held<'a> {
    /// What it is.
    pub lozenge: &'a crate::rules::Lozenge,
    /// Whether it is the one that is shown: the highest. All others are superseded (DOMAIN Z1).
    pub is_shown: bool,
    /// How it was granted: the first time, if several accounts were; none, where it comes by itself.
    pub grant: Option<&'a LozengeGrant>,
}

/// All lozenges that a profile holds at a moment, the one that is shown first (DOMAIN Z1, Z2). What its
/// accounts were granted may come in any order.
pub fn held<'a>(
    measured: &Measured<'_>,
    grants: &'a [LozengeGrant],
    rules: &'a Lozenges,
) -> Vec<Held<'a>> {
    let grant = |id: &str| {
        let grants = grants.iter().filter(|it| it.held && it.lozenge == id);
        grants.min_by_key(|it| (it.granted_at, it.position))
    };
    let held = rules.held(measured, |id| grant(id).is_some());
    held.enumerate()
        .map(|(place, lozenge)| Held {
            lozenge,
            is_shown: place == 0,
            grant: lozenge.terms().and_then(|_| grant(&lozenge.id)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Counts;
    use crate::rules::Rules;

    fn granted(account: i64, lozenge: &str, at: i64) -> LozengeGrant {
        LozengeGrant {
            account: Key(account),
            lozenge: lozenge.to_owned(),
            held: true,
            company: Some(format!("Company {account}")),
            product: None,
            granted_at: Time::from_micros(at),
            position: Key(at),
            granted_by: None,
            reason: None,
            answers: Answers::new(&[]),
            revoked_at: None,
            revoked_by: None,
            revoked_because: None,
        }
    }

    fn shown(grants: &[LozengeGrant]) -> Vec<(String, bool, Option<String>)> {
        let rules = Rules::standard().unwrap().lozenges;
        let counts = Counts {
            answers: 5,
            accepted_solutions: 5,
            ..Counts::default()
        };
        let measured = Measured {
            counts: &counts,
            level: 4,
            active_groups_led: 0,
        };
        let held = held(&measured, grants, &rules).into_iter();
        held.map(|it| {
            let company = it.grant.and_then(|grant| grant.company.clone());
            (it.lozenge.id.clone(), it.is_shown, company)
        })
        .collect()
    }

    #[test]
    fn z1_the_highest_is_shown_and_the_others_come_back_when_it_goes() {
        let rising = |is_shown| ("rising-star".to_owned(), is_shown, None);
        let contributor = ("contributor".to_owned(), false, None);
        let partner = ("partner".to_owned(), true, Some("Company 1".to_owned()));
        assert_eq!(shown(&[]), [rising(true), contributor.clone()]);
        let mut grant = granted(1, "partner", 1);
        assert_eq!(
            shown(&[grant.clone()]),
            [partner, rising(false), contributor.clone()]
        );
        grant.held = false;
        assert_eq!(shown(&[grant]), [rising(true), contributor]);
    }

    #[test]
    fn z2_of_linked_accounts_the_highest_is_shown_and_each_lozenge_once() {
        let grants = [
            granted(2, "partner", 7),
            granted(1, "partner", 3),
            granted(2, "community-leader", 9),
        ];
        let held = shown(&grants);
        let ids: Vec<&str> = held.iter().map(|(id, ..)| id.as_str()).collect();
        assert_eq!(
            ids,
            ["community-leader", "partner", "rising-star", "contributor"]
        );
        assert_eq!(held[1].2.as_deref(), Some("Company 1"));
    }

    #[test]
    fn what_the_rules_know_no_more_is_not_shown() {
        assert_eq!(shown(&[granted(1, "hero", 1)]).len(), 2);
    }
}

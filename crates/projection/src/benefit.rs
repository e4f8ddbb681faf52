//! What leaders asked for: swag, and to be reimbursed (DOMAIN G10).

use plaudit_domain::benefit::{Decided, ReimbursementRequested, SwagRequested};
use plaudit_domain::fact::BenefitFact;
use plaudit_domain::{BenefitId, Event, Time, notification};

use crate::fold::FoldError;
use crate::notification::{Outcome, Subject};
use crate::row::{Key, row, stored_names};
use crate::rows::{Entity, Rows};
use crate::touched::Touched;

stored_names! {
    /// What can be asked for.
    pub enum Kind {
        /// Things to give away.
        Swag = "swag",
        /// Money that a meeting cost.
        Reimbursement = "reimbursement",
    }
}

stored_names! {
    /// What became of a request.
    pub enum State {
        /// It waits for staff.
        Requested = "requested",
        /// Who asked gets it.
        Approved = "approved",
        /// They don't.
        Declined = "declined",
    }
}

row! {
    table "benefit", primary (key), unique (id), index (state, requested_at),
        index (account, requested_at), index (meeting);
    /// A leader's request.
    pub struct Benefit {
        /// The position of the request.
        pub key: Key,
        /// Its public id.
        pub id: BenefitId,
        /// What is asked for.
        pub kind: Kind,
        /// For which group.
        pub group_key: Key,
        /// Who asked.
        pub account: Key,
        /// For which meeting.
        pub meeting: Option<Key>,
        /// What, or what for, unless that is withheld.
        pub what: Option<String>,
        /// Where swag is to be sent, unless that is withheld.
        pub address: Option<String>,
        /// How much money, in hundredths of the currency.
        pub amount: Option<i64>,
        /// Of which currency.
        pub currency: Option<String>,
        /// When it was asked for.
        pub requested_at: Time,
        /// What became of it.
        pub state: State,
        /// When that was decided.
        pub decided_at: Option<Time>,
        /// Why, if somebody said so, and unless that is withheld.
        pub reason: Option<String>,
    }
}

impl Entity for Benefit {
    type Id = BenefitId;

    fn id(&self) -> BenefitId {
        self.id
    }

    fn key(&self) -> Key {
        self.key
    }
}

impl Benefit {
    pub(crate) fn erase(&mut self) {
        self.what = None;
        self.address = None;
        self.reason = None;
    }
}

pub(crate) fn touch(fact: &BenefitFact, touched: &mut Touched) {
    let (request, group, account) = match fact {
        BenefitFact::SwagRequested(swag) => {
            touched.meetings.extend(swag.meeting);
            (swag.request, swag.group, swag.account)
        }
        BenefitFact::ReimbursementRequested(asked) => {
            touched.meetings.insert(asked.meeting);
            (asked.request, asked.group, asked.account)
        }
        BenefitFact::Decided(decided) => (decided.request, decided.group, decided.account),
    };
    touched.benefits.insert(request);
    touched.groups.insert(group);
    touched.account(account);
}

pub(crate) fn fold(fact: &BenefitFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    match fact {
        BenefitFact::SwagRequested(swag) => request_swag(swag, event, rows),
        BenefitFact::ReimbursementRequested(asked) => request_reimbursement(asked, event, rows),
        BenefitFact::Decided(decided) => decide(decided, event, rows),
    }
}

fn request_swag(swag: &SwagRequested, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let meeting = match swag.meeting {
        Some(meeting) => Some(rows.meetings.get_mut(meeting)?.key),
        None => None,
    };
    let benefit = Benefit {
        key: Key(event.position.cast_signed()),
        id: swag.request,
        kind: Kind::Swag,
        group_key: rows.groups.get_mut(swag.group)?.key,
        account: rows.account(swag.account)?.key,
        meeting,
        what: swag.what.get().cloned(),
        address: swag.address.get().cloned(),
        amount: None,
        currency: None,
        requested_at: event.occurred_at,
        state: State::Requested,
        decided_at: None,
        reason: None,
    };
    request(benefit, rows)
}

fn request_reimbursement(
    asked: &ReimbursementRequested,
    event: &Event,
    rows: &mut Rows,
) -> Result<(), FoldError> {
    let benefit = Benefit {
        key: Key(event.position.cast_signed()),
        id: asked.request,
        kind: Kind::Reimbursement,
        group_key: rows.groups.get_mut(asked.group)?.key,
        account: rows.account(asked.account)?.key,
        meeting: Some(rows.meetings.get_mut(asked.meeting)?.key),
        what: asked.what.get().cloned(),
        address: None,
        amount: Some(asked.amount),
        currency: Some(asked.currency.clone()),
        requested_at: event.occurred_at,
        state: State::Requested,
        decided_at: None,
        reason: None,
    };
    request(benefit, rows)
}

/// Histories from elsewhere may ask twice: the first one made the request.
fn request(mut benefit: Benefit, rows: &mut Rows) -> Result<(), FoldError> {
    if rows.accounts.by_key(benefit.account)?.erased {
        benefit.erase();
    }
    if rows.benefits.find(benefit.id).is_none() {
        rows.benefits.insert(benefit);
    }
    Ok(())
}

/// A request is decided once.
fn decide(decided: &Decided, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let account = rows.account(decided.account)?;
    let (account, is_erased) = (account.key, account.erased);
    let benefit = rows.benefits.get_mut(decided.request)?;
    if benefit.state != State::Requested || benefit.account != account {
        return Ok(());
    }
    let (state, outcome) = match decided.approved {
        true => (State::Approved, Outcome::BenefitApproved),
        false => (State::Declined, Outcome::BenefitDeclined),
    };
    benefit.state = state;
    benefit.decided_at = Some(event.occurred_at);
    let reason = decided.reason.as_ref().and_then(|reason| reason.get());
    benefit.reason = reason.filter(|_| !is_erased).cloned();
    let about = Subject {
        group: Some(benefit.group_key),
        meeting: benefit.meeting,
        benefit: Some(benefit.key),
        outcome: Some(outcome),
        note: benefit.reason.clone(),
        ..Subject::default()
    };
    rows.tell(notification::Kind::Leadership, [account], about, event);
    Ok(())
}

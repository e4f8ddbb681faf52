//! What active leaders can ask for: swag, and to be reimbursed (DOMAIN G10).

use serde::{Deserialize, Serialize};

use crate::decide::{Actor, Command, History, State};
use crate::fact::{BenefitFact, Body, Fact, Visit};
use crate::group::Group;
use crate::id::{AccountId, BenefitId, GroupId, MeetingId, derive};
use crate::links::Links;
use crate::meeting::{self, Meeting};
use crate::personal::{About, Personal, present};
use crate::refusal::Refusal;
use crate::stream::StreamName;
use crate::text;

// Facts

/// A leader asked for things to give away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwagRequested {
    /// The request.
    pub request: BenefitId,
    /// For which group.
    pub group: GroupId,
    /// Who asked.
    pub account: AccountId,
    /// For which meeting, if for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meeting: Option<MeetingId>,
    /// What, and how much of it.
    pub what: Personal<String>,
    /// Where it is to be sent.
    pub address: Personal<String>,
}

impl Body for SwagRequested {
    fn stream(&self) -> StreamName {
        StreamName::benefit(self.request)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            request: _,
            group: _,
            account,
            meeting: _,
            what,
            address,
        } = self;
        for value in [what, address] {
            visit(Some(About::identity(*account)), value);
        }
    }
}

/// A leader asked to be reimbursed for a meeting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReimbursementRequested {
    /// The request.
    pub request: BenefitId,
    /// For which group.
    pub group: GroupId,
    /// Who asked.
    pub account: AccountId,
    /// For which meeting.
    pub meeting: MeetingId,
    /// How much, in hundredths of the currency.
    pub amount: i64,
    /// Of which currency, by its ISO 4217 code, like `EUR`.
    pub currency: String,
    /// What for.
    pub what: Personal<String>,
}

impl Body for ReimbursementRequested {
    fn stream(&self) -> StreamName {
        StreamName::benefit(self.request)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            request: _,
            group: _,
            account,
            meeting: _,
            amount: _,
            currency: _,
            what,
        } = self;
        visit(Some(About::identity(*account)), what);
    }
}

/// Staff decided on a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decided {
    /// The request.
    pub request: BenefitId,
    /// For which group it was.
    pub group: GroupId,
    /// Who had asked.
    pub account: AccountId,
    /// Whether they get it.
    pub approved: bool,
    /// Why, or why not, if somebody said so.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub reason: Option<Personal<String>>,
}

impl Body for Decided {
    fn stream(&self) -> StreamName {
        StreamName::benefit(self.request)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            request: _,
            group: _,
            account,
            approved: _,
            reason,
        } = self;
        if let Some(reason) = reason {
            visit(Some(About::identity(*account)), reason);
        }
    }
}

// Fold

/// A request, and what became of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Benefit {
    requested: Option<BenefitFact>,
    decided: Option<bool>,
}

impl State for Benefit {
    type Fact = BenefitFact;

    fn apply(&mut self, fact: &BenefitFact) {
        match fact {
            BenefitFact::SwagRequested(_) | BenefitFact::ReimbursementRequested(_) => {
                self.requested.get_or_insert_with(|| fact.clone());
            }
            BenefitFact::Decided(decided) => {
                self.decided.get_or_insert(decided.approved);
            }
        }
    }
}

impl Benefit {
    /// For which group it was asked, and by whom.
    fn asked(&self) -> Option<(GroupId, AccountId)> {
        match self.requested.as_ref()? {
            BenefitFact::SwagRequested(swag) => Some((swag.group, swag.account)),
            BenefitFact::ReimbursementRequested(asked) => Some((asked.group, asked.account)),
            BenefitFact::Decided(_) => None,
        }
    }

    /// For which meeting a reimbursement was asked, if one was.
    fn reimburses(&self) -> Option<MeetingId> {
        match self.requested.as_ref()? {
            BenefitFact::ReimbursementRequested(asked) => Some(asked.meeting),
            BenefitFact::SwagRequested(_) | BenefitFact::Decided(_) => None,
        }
    }

    /// What happens if this is asked for: nothing, where it was already.
    fn ask(&self, request: BenefitFact) -> Result<Vec<Fact>, Refusal> {
        match &self.requested {
            Some(known) if *known == request => Ok(vec![]),
            Some(_) => Err(Refusal::BenefitExists),
            None => Ok(vec![request.into()]),
        }
    }
}

// Decisions

/// The most characters of what somebody asks for, where it is to be sent, and of a reason.
pub const TEXT_MAX: usize = 1_000;
/// The highest amount, in hundredths of the currency.
pub const AMOUNT_MAX: i64 = 100_000_000;

/// Asks for things to give away (DOMAIN G10). Leaders of an active group may.
#[derive(Debug, Clone)]
pub struct RequestSwag {
    /// The id that the request will have.
    pub request: BenefitId,
    /// For which group.
    pub group: GroupId,
    /// For which meeting, if for one.
    pub meeting: Option<MeetingId>,
    /// What, and how much of it.
    pub what: String,
    /// Where it is to be sent.
    pub address: String,
    /// Whether the group is active now. Evidence: only rows know when it last met.
    pub is_active: bool,
}

impl Command for RequestSwag {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::benefit(self.request)
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        let meeting = self.meeting.map(StreamName::meeting).into_iter();
        meeting.chain([StreamName::group(self.group)]).collect()
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        led(self.group, actor, history)?;
        if let Some(meeting) = self.meeting {
            of_group(meeting, self.group, history)?;
        }
        let benefit: Benefit = history.state(&self.writes(actor, history.links()));
        let asked = benefit.ask(BenefitFact::SwagRequested(SwagRequested {
            request: self.request,
            group: self.group,
            account: actor.account,
            meeting: self.meeting,
            what: valid("what", &self.what)?,
            address: valid("address", &self.address)?,
        }))?;
        if !asked.is_empty() {
            active(self.is_active, self.group)?;
        }
        Ok(asked)
    }
}

/// Asks to be reimbursed for a meeting that was held, and of which is recorded who attended (DOMAIN G10).
/// Leaders of an active group may. A meeting is reimbursed once: as long as a request waits, or was
/// approved, there is no other.
#[derive(Debug, Clone)]
pub struct RequestReimbursement {
    /// The id that the request will have: [`Self::next`], so that of two at once there is one.
    pub request: BenefitId,
    /// For which group.
    pub group: GroupId,
    /// For which meeting.
    pub meeting: MeetingId,
    /// How much, in hundredths of the currency.
    pub amount: i64,
    /// Of which currency, by its ISO 4217 code.
    pub currency: String,
    /// What for.
    pub what: String,
    /// Whether the group is active now. Evidence: only rows know when it last met.
    pub is_active: bool,
    /// The other requests for the meeting. Evidence: only rows know which there are.
    pub others: Vec<BenefitId>,
}

impl RequestReimbursement {
    /// The id of the next request for a meeting, of which so many were declined.
    pub fn next(meeting: MeetingId, declined: usize) -> BenefitId {
        let words = ["reimbursement", &meeting.to_string(), &declined.to_string()];
        BenefitId(derive(&words))
    }

    /// Refuses another request as long as one waits, or was approved.
    fn only(&self, history: &History) -> Result<(), Refusal> {
        let meeting = self.meeting;
        let mut decisions = decisions(&self.others, meeting, history);
        match decisions.all(|approved| approved == Some(false)) {
            true => Ok(()),
            false => Err(Refusal::MeetingReimbursed { meeting }),
        }
    }
}

impl Command for RequestReimbursement {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::benefit(self.request)
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        let others = self.others.iter().copied().map(StreamName::benefit);
        let about = [
            StreamName::meeting(self.meeting),
            StreamName::group(self.group),
        ];
        others.chain(about).collect()
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        led(self.group, actor, history)?;
        let meeting = of_group(self.meeting, self.group, history)?;
        if !(1..=AMOUNT_MAX).contains(&self.amount) {
            return Err(Refusal::AmountInvalid { max: AMOUNT_MAX });
        }
        let benefit: Benefit = history.state(&self.writes(actor, history.links()));
        let requested = ReimbursementRequested {
            request: self.request,
            group: self.group,
            account: actor.account,
            meeting: self.meeting,
            amount: self.amount,
            currency: valid_currency(&self.currency)?,
            what: valid("what", &self.what)?,
        };
        let asked = match benefit.ask(BenefitFact::ReimbursementRequested(requested)) {
            // Another leader was faster.
            Err(_) if benefit.reimburses() == Some(self.meeting) => {
                let meeting = self.meeting;
                return Err(Refusal::MeetingReimbursed { meeting });
            }
            asked => asked?,
        };
        if !asked.is_empty() {
            active(self.is_active, self.group)?;
            self.only(history)?;
            if !is_reimbursable(&meeting) {
                let meeting = self.meeting;
                return Err(Refusal::NotReimbursable { meeting });
            }
        }
        Ok(asked)
    }
}

/// Decides on a request, once. Staff may. A reimbursement is approved as long as it could be asked for, and
/// no other one for the meeting was.
#[derive(Debug, Clone)]
pub struct Decide {
    /// The request.
    pub request: BenefitId,
    /// Whether who asked gets it.
    pub approved: bool,
    /// Why, or why not. Who doesn't get it is told.
    pub reason: Option<String>,
    /// The other requests for the meeting, where it is a reimbursement: histories from elsewhere may have
    /// several. Evidence: only rows know which there are.
    pub others: Vec<BenefitId>,
}

impl Command for Decide {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::benefit(self.request)
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        let benefit: Benefit = history.state(&StreamName::benefit(self.request));
        let Some(meeting) = benefit.reimburses().filter(|_| self.approved) else {
            return vec![];
        };
        let others = self.others.iter().copied().map(StreamName::benefit);
        others.chain([StreamName::meeting(meeting)]).collect()
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        if !actor.roles.is_staff() {
            return Err(Refusal::NotPermitted { who: "staff" });
        }
        let request = self.request;
        let benefit: Benefit = history.state(&StreamName::benefit(request));
        let Some((group, account)) = benefit.asked() else {
            return Err(Refusal::BenefitNotFound { request });
        };
        let reason = match (self.approved, self.reason.as_deref()) {
            (true, None) => None,
            (_, reason) => Some(valid("reason", reason.unwrap_or_default())?),
        };
        match benefit.decided {
            Some(before) if before == self.approved => return Ok(vec![]),
            Some(_) => return Err(Refusal::BenefitDecided { request }),
            None => {}
        }
        // What was recorded of the meeting may have been withdrawn since it was asked for.
        if let Some(meeting) = benefit.reimburses().filter(|_| self.approved) {
            if !is_reimbursable(&of_group(meeting, group, history)?) {
                return Err(Refusal::NoLongerReimbursable { meeting });
            }
            self.only(meeting, history)?;
        }
        let decided = Decided {
            request,
            group,
            account,
            approved: self.approved,
            reason,
        };
        Ok(vec![BenefitFact::Decided(decided).into()])
    }
}

impl Decide {
    /// Refuses to approve what was approved already.
    fn only(&self, meeting: MeetingId, history: &History) -> Result<(), Refusal> {
        let mut decisions = decisions(&self.others, meeting, history);
        match decisions.any(|approved| approved == Some(true)) {
            true => Err(Refusal::ReimbursedByAnother { meeting }),
            false => Ok(()),
        }
    }
}

/// Whether those of some requests that are to reimburse a meeting were approved, as far as that is decided.
fn decisions(
    requests: &[BenefitId],
    meeting: MeetingId,
    history: &History,
) -> impl Iterator<Item = Option<bool>> {
    let requests = requests.iter().copied().map(StreamName::benefit);
    requests
        .map(|stream| -> Benefit { history.state(&stream) })
        .filter(move |benefit| benefit.reimburses() == Some(meeting))
        .map(|benefit| benefit.decided)
}

fn led(group: GroupId, actor: &Actor, history: &History) -> Result<(), Refusal> {
    match Group::user_group(group, history)?.is_led_by(actor, history) {
        true => Ok(()),
        false => Err(Refusal::NotALeader { group }),
    }
}

fn active(is_active: bool, group: GroupId) -> Result<(), Refusal> {
    match is_active {
        true => Ok(()),
        false => Err(Refusal::GroupInactive { group }),
    }
}

fn of_group(meeting: MeetingId, group: GroupId, history: &History) -> Result<Meeting, Refusal> {
    let found: meeting::Found = Meeting::there(meeting, history)?;
    match found.group == group {
        true => Ok(found.meeting),
        false => Err(Refusal::MeetingOfAnotherGroup { meeting }),
    }
}

fn is_reimbursable(meeting: &Meeting) -> bool {
    meeting.was_held() && !meeting.attended().is_empty()
}

fn valid(field: &'static str, text: &str) -> Result<Personal<String>, Refusal> {
    text::lines(field, text, TEXT_MAX).map(Personal::known)
}

/// Which codes there are changes; what they look like doesn't.
fn valid_currency(currency: &str) -> Result<String, Refusal> {
    let is_code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_code {
        return Ok(currency.to_owned());
    }
    let currency = currency.chars().take(10).collect();
    Err(Refusal::CurrencyInvalid { currency })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::meetings::{
        DAY, appointed, attended, benefit, held, meeting, scheduled, user_group,
    };
    use crate::given::{Given, ada, bob, community, eve, group, staff};
    use crate::leadership::Role;

    /// Bob leads a group that met, and what else happened.
    fn led(facts: impl IntoIterator<Item = Fact>) -> Given {
        let led = [user_group(), appointed(bob(), Role::Leader), scheduled()];
        community(led.into_iter().chain(facts)).later(2 * DAY)
    }

    fn swag() -> RequestSwag {
        RequestSwag {
            request: benefit(1),
            group: group(1),
            meeting: Some(meeting(1)),
            what: "20 aprons".into(),
            address: "Ovenstreet 1".into(),
            is_active: true,
        }
    }

    fn swag_requested() -> Fact {
        BenefitFact::SwagRequested(SwagRequested {
            request: benefit(1),
            group: group(1),
            account: bob(),
            meeting: Some(meeting(1)),
            what: "20 aprons".to_owned().into(),
            address: "Ovenstreet 1".to_owned().into(),
        })
        .into()
    }

    fn reimburse() -> RequestReimbursement {
        RequestReimbursement {
            request: benefit(1),
            group: group(1),
            meeting: meeting(1),
            amount: 5_000,
            currency: "EUR".into(),
            what: "The room".into(),
            is_active: true,
            others: vec![],
        }
    }

    fn reimbursement_requested() -> Fact {
        BenefitFact::ReimbursementRequested(ReimbursementRequested {
            request: benefit(1),
            group: group(1),
            account: bob(),
            meeting: meeting(1),
            amount: 5_000,
            currency: "EUR".into(),
            what: "The room".to_owned().into(),
        })
        .into()
    }

    fn decide(approved: bool, reason: Option<&str>) -> Decide {
        Decide {
            request: benefit(1),
            approved,
            reason: reason.map(str::to_owned),
            others: vec![],
        }
    }

    fn decided(approved: bool, reason: Option<&str>) -> Fact {
        BenefitFact::Decided(Decided {
            request: benefit(1),
            group: group(1),
            account: bob(),
            approved,
            reason: reason.map(|reason| reason.to_owned().into()),
        })
        .into()
    }

    #[test]
    fn g10_leaders_of_active_groups_ask_for_swag() {
        led([]).when(bob(), swag()).then([swag_requested()]);
        led([swag_requested()]).when(bob(), swag()).then([]);
        led([])
            .when(eve(), swag())
            .then_refused(Refusal::NotALeader { group: group(1) });
        let inactive = RequestSwag {
            is_active: false,
            ..swag()
        };
        led([])
            .when(bob(), inactive.clone())
            .then_refused(Refusal::GroupInactive { group: group(1) });
        // A retry of what was asked for in time is none.
        led([swag_requested()]).when(bob(), inactive).then([]);
        let other = RequestSwag {
            what: "30 aprons".into(),
            ..swag()
        };
        led([swag_requested()])
            .when(bob(), other)
            .then_refused(Refusal::BenefitExists);
    }

    #[test]
    fn g10_only_held_meetings_with_recorded_attendance_are_reimbursed() {
        led([held(), attended([ada()])])
            .when(bob(), reimburse())
            .then([reimbursement_requested()]);
        for facts in [vec![], vec![held()], vec![attended([ada()])]] {
            led(facts)
                .when(bob(), reimburse())
                .then_refused(Refusal::NotReimbursable {
                    meeting: meeting(1),
                });
        }
        let inactive = RequestReimbursement {
            is_active: false,
            ..reimburse()
        };
        led([held(), attended([ada()])])
            .when(bob(), inactive)
            .then_refused(Refusal::GroupInactive { group: group(1) });
    }

    #[test]
    fn g10_a_reimbursement_is_approved_only_while_the_meeting_was_held_and_attended() {
        led([held(), attended([ada()]), reimbursement_requested()])
            .when(staff(ada()), decide(true, None))
            .then([decided(true, None)]);
        for facts in [vec![], vec![held()], vec![attended([ada()])]] {
            let asked = || led(facts.clone().into_iter().chain([reimbursement_requested()]));
            asked().when(staff(ada()), decide(true, None)).then_refused(
                Refusal::NoLongerReimbursable {
                    meeting: meeting(1),
                },
            );
            asked()
                .when(staff(ada()), decide(false, Some("Nobody came")))
                .then([decided(false, Some("Nobody came"))]);
        }
    }

    /// Another request for the same meeting.
    fn also_requested() -> Fact {
        BenefitFact::ReimbursementRequested(ReimbursementRequested {
            request: benefit(2),
            group: group(1),
            account: eve(),
            meeting: meeting(1),
            amount: 9_000,
            currency: "EUR".into(),
            what: "Flour".to_owned().into(),
        })
        .into()
    }

    #[test]
    fn g10_a_meeting_is_reimbursed_once() {
        let meeting = meeting(1);
        let refused = Refusal::MeetingReimbursed { meeting };
        let with = |facts: &[Fact]| {
            let facts = facts.iter().cloned();
            led([held(), attended([ada()])].into_iter().chain(facts))
        };
        let next = RequestReimbursement {
            others: vec![benefit(2)],
            ..reimburse()
        };
        with(&[also_requested()])
            .when(bob(), next.clone())
            .then_refused(refused.clone());
        let of_other = |approved| {
            BenefitFact::Decided(Decided {
                request: benefit(2),
                group: group(1),
                account: eve(),
                approved,
                reason: None,
            })
            .into()
        };
        with(&[also_requested(), of_other(true)])
            .when(bob(), next.clone())
            .then_refused(refused.clone());
        with(&[also_requested(), of_other(false)])
            .when(bob(), next.clone())
            .then([reimbursement_requested()]);
        // Another leader asked at the same moment, under the id that both came to.
        let same = RequestReimbursement {
            request: benefit(2),
            ..reimburse()
        };
        with(&[also_requested()])
            .when(bob(), same)
            .then_refused(refused);
        // What was asked for is no reason against a retry.
        with(&[reimbursement_requested()])
            .when(bob(), next)
            .then([]);
        // Of two that are there, from elsewhere, one is approved.
        let decide = |approved, reason| Decide {
            others: vec![benefit(2)],
            ..decide(approved, reason)
        };
        let both = [reimbursement_requested(), also_requested()];
        with(&both)
            .when(staff(ada()), decide(true, None))
            .then([decided(true, None)]);
        let [first, second] = both;
        let both = [first, second, of_other(true)];
        with(&both)
            .when(staff(ada()), decide(true, None))
            .then_refused(Refusal::ReimbursedByAnother { meeting });
        with(&both)
            .when(staff(ada()), decide(false, Some("Paid already")))
            .then([decided(false, Some("Paid already"))]);
    }

    #[test]
    fn g10_the_next_request_for_a_meeting_has_an_id_that_follows() {
        let next = RequestReimbursement::next;
        assert_eq!(next(meeting(1), 0), next(meeting(1), 0));
        assert_ne!(next(meeting(1), 0), next(meeting(1), 1));
        assert_ne!(next(meeting(1), 0), next(meeting(2), 0));
    }

    #[test]
    fn g10_amounts_are_more_than_nothing_and_of_a_currency() {
        for amount in [0, -1, AMOUNT_MAX + 1] {
            let request = RequestReimbursement {
                amount,
                ..reimburse()
            };
            led([held(), attended([ada()])])
                .when(bob(), request)
                .then_refused(Refusal::AmountInvalid { max: AMOUNT_MAX });
        }
        for currency in ["", "eur", "EURO", "€€€"] {
            let request = RequestReimbursement {
                currency: currency.into(),
                ..reimburse()
            };
            led([held(), attended([ada()])])
                .when(bob(), request)
                .then_refused(Refusal::CurrencyInvalid {
                    currency: currency.into(),
                });
        }
    }

    #[test]
    fn g10_a_meeting_is_one_of_the_group() {
        let elsewhere = RequestSwag {
            group: group(2),
            ..swag()
        };
        let other = crate::group::UserGroupCreated {
            group: group(2),
            name: "Brewers".into(),
            description: String::new(),
            location: "Bonn".into(),
            origin: None,
        };
        let leads = crate::leadership::Appointed {
            group: group(2),
            account: bob(),
            role: Role::Leader,
        };
        let facts: [Fact; 2] = [
            crate::fact::GroupFact::UserGroupCreated(other).into(),
            crate::fact::GroupFact::LeaderAppointed(leads).into(),
        ];
        led(facts)
            .when(bob(), elsewhere)
            .then_refused(Refusal::MeetingOfAnotherGroup {
                meeting: meeting(1),
            });
    }

    #[test]
    fn g10_staff_approve_or_decline_once() {
        led([swag_requested()])
            .when(staff(ada()), decide(true, None))
            .then([decided(true, None)]);
        led([swag_requested()])
            .when(staff(ada()), decide(false, Some("None left")))
            .then([decided(false, Some("None left"))]);
        led([swag_requested()])
            .when(staff(ada()), decide(false, None))
            .then_refused(Refusal::TextInvalid {
                field: "reason",
                max: TEXT_MAX,
            });
        led([swag_requested(), decided(true, None)])
            .when(staff(ada()), decide(true, None))
            .then([]);
        led([swag_requested(), decided(true, None)])
            .when(staff(ada()), decide(false, Some("None left")))
            .then_refused(Refusal::BenefitDecided {
                request: benefit(1),
            });
        led([swag_requested()])
            .when(bob(), decide(true, None))
            .then_refused(Refusal::NotPermitted { who: "staff" });
        led([])
            .when(staff(ada()), decide(true, None))
            .then_refused(Refusal::BenefitNotFound {
                request: benefit(1),
            });
    }
}

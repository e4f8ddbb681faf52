//! What happens in user groups.

use uuid::Uuid;

use super::{Given, after, bob, community, eve, group};
use crate::affiliation::{self, Affiliation};
use crate::attendance::Attended;
use crate::fact::{AccountFact, Fact, GroupFact, LozengeFact, MeetingFact, RsvpFact};
use crate::group::UserGroupCreated;
use crate::id::{AccountId, BenefitId, MeetingId, PresentationId};
use crate::leadership::{Appointed, Declined, Ended, Proposed, Requested, Role};
use crate::lozenge;
use crate::meeting::{Cancelled, Changed, Details, Held, Scheduled};
use crate::presentation::Submitted;
use crate::rsvp::Answered;
use crate::sponsor::Sponsored;

pub const HOUR: i64 = 3_600;
pub const DAY: i64 = 24 * HOUR;

pub fn meeting(number: u128) -> MeetingId {
    MeetingId(Uuid::from_u128(number))
}

pub fn presentation(number: u128) -> PresentationId {
    PresentationId(Uuid::from_u128(number))
}

pub fn benefit(number: u128) -> BenefitId {
    BenefitId(Uuid::from_u128(number))
}

/// Group 1 is a user group.
pub fn user_group() -> Fact {
    GroupFact::UserGroupCreated(UserGroupCreated {
        group: group(1),
        name: "Bakers of Berlin".into(),
        description: "About bread".into(),
        location: "Berlin".into(),
        origin: None,
    })
    .into()
}

pub fn proposed(account: AccountId) -> Fact {
    GroupFact::Proposed(Proposed {
        group: group(1),
        account,
        name: "Bakers of Berlin".to_owned().into(),
        description: "About bread".to_owned().into(),
        location: "Berlin".to_owned().into(),
        message: "I bake".to_owned().into(),
    })
    .into()
}

pub fn requested(account: AccountId) -> Fact {
    GroupFact::LeadershipRequested(Requested {
        group: group(1),
        account,
        message: "I bake".to_owned().into(),
    })
    .into()
}

pub fn declined(account: AccountId) -> Fact {
    GroupFact::LeadershipDeclined(Declined {
        group: group(1),
        account,
        reason: "Too early".to_owned().into(),
    })
    .into()
}

pub fn appointed(account: AccountId, role: Role) -> Fact {
    GroupFact::LeaderAppointed(Appointed {
        group: group(1),
        account,
        role,
    })
    .into()
}

pub fn ended(account: AccountId) -> Fact {
    GroupFact::LeadershipEnded(Ended {
        group: group(1),
        account,
    })
    .into()
}

pub fn affiliated(account: AccountId, affiliation: Option<Affiliation>) -> Fact {
    AccountFact::AffiliationChanged(affiliation::Changed {
        account,
        affiliation,
    })
    .into()
}

pub fn granted(account: AccountId, lozenge: &str, company: Option<&str>) -> Fact {
    LozengeFact::Granted(lozenge::Granted {
        account,
        profile: None,
        lozenge: lozenge.to_owned(),
        company: company.map(|company| company.to_owned().into()),
        product: None,
        reason: None,
        answers: vec![],
    })
    .into()
}

/// A meeting for two hours from tomorrow on.
pub fn details() -> Details {
    Details {
        title: "Sourdough".into(),
        description: String::new(),
        starts_at: after(DAY),
        ends_at: after(DAY + 2 * HOUR),
        zone: "Europe/Berlin".into(),
        place: Some("The bakery".into()),
        online: None,
        capacity: Some(2),
        announcements: vec![],
    }
}

/// Meeting 1 of group 1 is tomorrow.
pub fn scheduled() -> Fact {
    MeetingFact::Scheduled(Scheduled {
        meeting: meeting(1),
        group: group(1),
        details: details(),
        origin: None,
    })
    .into()
}

pub fn changed(details: Details) -> Fact {
    MeetingFact::Changed(Changed {
        meeting: meeting(1),
        group: group(1),
        details,
    })
    .into()
}

pub fn cancelled(reason: Option<&str>) -> Fact {
    MeetingFact::Cancelled(Cancelled {
        meeting: meeting(1),
        group: group(1),
        reason: reason.map(str::to_owned),
    })
    .into()
}

pub fn held() -> Fact {
    MeetingFact::Held(Held {
        meeting: meeting(1),
        group: group(1),
    })
    .into()
}

pub fn attended(accounts: impl IntoIterator<Item = AccountId>) -> Fact {
    MeetingFact::Attended(Attended {
        meeting: meeting(1),
        group: group(1),
        accounts: accounts.into_iter().collect(),
    })
    .into()
}

pub fn sponsored(account: AccountId, company: &str) -> Fact {
    MeetingFact::Sponsored(Sponsored {
        meeting: meeting(1),
        group: group(1),
        account,
        company: Some(company.to_owned().into()),
    })
    .into()
}

pub fn submitted(speaker: AccountId) -> Fact {
    MeetingFact::PresentationSubmitted(Submitted {
        meeting: meeting(1),
        group: group(1),
        presentation: presentation(1),
        speaker,
        title: "Rye".to_owned().into(),
        r#abstract: "All about rye".to_owned().into(),
    })
    .into()
}

pub fn answered(account: AccountId, going: bool) -> Fact {
    answered_as(account, account, going)
}

/// While an account was linked to a primary.
pub fn answered_as(account: AccountId, primary: AccountId, going: bool) -> Fact {
    RsvpFact::Answered(Answered {
        meeting: meeting(1),
        group: group(1),
        account,
        profile: Some(primary).filter(|primary| *primary != account),
        going,
    })
    .into()
}

/// Bob leads, Eve leads with him, and what else happened.
pub fn led(facts: impl IntoIterator<Item = Fact>) -> Given {
    let led = [
        user_group(),
        appointed(bob(), Role::Leader),
        appointed(eve(), Role::CoLeader),
    ];
    community(led.into_iter().chain(facts))
}

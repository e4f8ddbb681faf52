//! Who comes to a meeting (DOMAIN G4). Whether there is room follows from the order of the answers: so any
//! number of members may answer at once, and none of them waits for another.
//!
//! What all accounts of a profile answer stands in one stream, that of its primary: so two of them that
//! answer at once don't get two places.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::account;
use crate::decide::{Actor, Command, History, State};
use crate::fact::{Body, Fact, RsvpFact, Visit};
use crate::id::{AccountId, GroupId, MeetingId};
use crate::links::Links;
use crate::meeting::Meeting;
use crate::refusal::Refusal;
use crate::stream::StreamName;

// Facts

/// A member would come, or comes no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// The meeting.
    pub meeting: MeetingId,
    /// Whose it is.
    pub group: GroupId,
    /// Who answered.
    pub account: AccountId,
    /// The primary account of their profile, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<AccountId>,
    /// Whether they would come.
    pub going: bool,
}

impl Body for Answered {
    fn stream(&self) -> StreamName {
        StreamName::rsvp(self.meeting, self.profile.unwrap_or(self.account))
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            meeting: _,
            group: _,
            account: _,
            profile: _,
            going: _,
        } = self;
    }
}

// Fold

/// What accounts answered to a meeting the last time, as far as they did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rsvps {
    going: BTreeMap<AccountId, bool>,
}

impl State for Rsvps {
    type Fact = RsvpFact;

    fn apply(&mut self, fact: &RsvpFact) {
        let RsvpFact::Answered(answered) = fact;
        self.going.insert(answered.account, answered.going);
    }
}

// Decisions

/// Says whether somebody comes to a meeting that is still to come. The same answer again records nothing:
/// it keeps the place. All accounts of a person have one place, with the one that was answered with; whoever
/// doesn't come gives up those of all their accounts, with whichever they say so.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The meeting.
    pub meeting: MeetingId,
    /// With which of the actor's accounts.
    pub account: AccountId,
    /// Whether they come.
    pub going: bool,
}

impl Command for Answer {
    fn writes(&self, _: &Actor, links: &Links) -> StreamName {
        StreamName::rsvp(self.meeting, links.primary_of(self.account))
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        let mut needed = self.answers(history);
        needed.extend([
            StreamName::meeting(self.meeting),
            StreamName::account(self.account),
        ]);
        needed
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let links = history.links();
        if !links.is_same_person(actor.account, self.account) {
            return Err(Refusal::NotLinked);
        }
        account::is_here(self.account, history)?;
        let found = Meeting::there(self.meeting, history)?;
        let Rsvps { going } = history.state_of_all(&self.answers(history));
        let accounts = links.accounts_with(self.account);
        let (coming, others): (Vec<_>, Vec<_>) = accounts
            .into_iter()
            .filter(|account| going.contains_key(account))
            .partition(|account| going.get(account) == Some(&true));
        let answering = match (self.going, coming.is_empty()) {
            (true, true) => vec![self.account],
            (false, false) => coming,
            // Nobody who comes comes twice.
            (true, false) => return Ok(vec![]),
            (false, true) if !others.is_empty() => return Ok(vec![]),
            (false, true) => vec![self.account],
        };
        found.to_come(history)?;
        let primary = links.primary_of(self.account);
        let answered = answering.into_iter().map(|account| Answered {
            meeting: self.meeting,
            group: found.group,
            account,
            profile: Some(primary).filter(|primary| *primary != account),
            going: self.going,
        });
        let answered = answered.map(|answered| RsvpFact::Answered(answered).into());
        Ok(answered.collect())
    }
}

impl Answer {
    /// The streams that tell what the accounts of the profile answered: of whoever was the primary then.
    fn answers(&self, history: &History) -> Vec<StreamName> {
        let sources = history.links().ever_with(self.account).into_iter();
        let streams = sources.map(|source| StreamName::rsvp(self.meeting, source));
        streams.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Concept, LinkFact};
    use crate::given::meetings::{
        DAY, answered, answered_as, cancelled, meeting, scheduled, user_group,
    };
    use crate::given::{Given, ada, bob, community, eve, linked, staff, unlinked};

    /// The meeting is tomorrow.
    fn tomorrow(facts: impl IntoIterator<Item = Fact>) -> Given {
        community([user_group(), scheduled()].into_iter().chain(facts))
    }

    fn answer(account: AccountId, going: bool) -> Answer {
        Answer {
            meeting: meeting(1),
            account,
            going,
        }
    }

    #[test]
    fn g4_members_say_whether_they_come_and_change_their_minds() {
        for going in [true, false] {
            tomorrow([])
                .when(bob(), answer(bob(), going))
                .then([answered(bob(), going)]);
            tomorrow([answered(bob(), going)])
                .when(bob(), answer(bob(), going))
                .then([]);
            tomorrow([answered(bob(), going)])
                .when(bob(), answer(bob(), !going))
                .then([answered(bob(), !going)]);
        }
    }

    #[test]
    fn g4_nobody_answers_once_a_meeting_has_begun_or_is_cancelled() {
        tomorrow([])
            .later(DAY)
            .when(bob(), answer(bob(), true))
            .then_refused(Refusal::MeetingBegun);
        tomorrow([])
            .later(DAY - 1)
            .when(bob(), answer(bob(), true))
            .then([answered(bob(), true)]);
        tomorrow([cancelled(None)])
            .when(bob(), answer(bob(), true))
            .then_refused(Refusal::MeetingCancelled);
        community([])
            .when(bob(), answer(bob(), true))
            .then_refused(Refusal::MeetingNotFound {
                meeting: meeting(1),
            });
    }

    #[test]
    fn g4_linked_accounts_have_one_place() {
        let linked = || linked(ada(), bob(), 1);
        tomorrow([answered(bob(), true), linked()])
            .when(ada(), answer(ada(), true))
            .then([]);
        for account in [ada(), bob()] {
            tomorrow([answered(bob(), true), linked()])
                .when(ada(), answer(account, false))
                .then([answered_as(bob(), ada(), false)]);
            // Who went, and said with another account that they go after all, may say no with either.
            let changed = [answered(ada(), true), answered(ada(), false)];
            tomorrow(changed.into_iter().chain([answered(bob(), true), linked()]))
                .when(ada(), answer(account, false))
                .then([answered_as(bob(), ada(), false)]);
            // Who had two places when the accounts were linked gives up both.
            let both = [answered(ada(), true), answered(bob(), true), linked()];
            tomorrow(both)
                .when(ada(), answer(account, false))
                .then([answered(ada(), false), answered_as(bob(), ada(), false)]);
            // They say so once.
            tomorrow([answered(bob(), false), linked()])
                .when(ada(), answer(account, false))
                .then([]);
        }
    }

    #[test]
    fn g4_what_linked_accounts_answer_stands_in_one_stream_also_once_they_are_unlinked() {
        let linked = || linked(ada(), bob(), 1);
        let mut links = Links::default();
        if let Some(link) = LinkFact::of(&linked()) {
            links.apply(link);
        }
        for account in [ada(), bob()] {
            let written = answer(account, true).writes(&Actor::member(account), &links);
            assert_eq!(written, StreamName::rsvp(meeting(1), ada()));
        }
        let left = || {
            [
                linked(),
                answered_as(bob(), ada(), true),
                unlinked(ada(), bob()),
            ]
        };
        tomorrow(left()).when(bob(), answer(bob(), true)).then([]);
        tomorrow(left())
            .when(bob(), answer(bob(), false))
            .then([answered(bob(), false)]);
        tomorrow(left())
            .when(ada(), answer(ada(), true))
            .then([answered(ada(), true)]);
    }

    #[test]
    fn g4_nobody_answers_for_others() {
        tomorrow([])
            .when(bob(), answer(eve(), true))
            .then_refused(Refusal::NotLinked);
        tomorrow([])
            .when(staff(ada()), answer(eve(), true))
            .then_refused(Refusal::NotLinked);
    }
}

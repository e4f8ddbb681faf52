//! Presentations at meetings, and their review before (DOMAIN G5). They stand in the meeting's stream.

use serde::{Deserialize, Serialize};

use crate::decide::{Actor, Command, History};
use crate::fact::{Body, Fact, MeetingFact, Visit};
use crate::id::{AccountId, GroupId, MeetingId, PresentationId};
use crate::links::Links;
use crate::meeting::{Found, Meeting, streams};
use crate::personal::{About, Personal, present};
use crate::refusal::Refusal;
use crate::stream::StreamName;
use crate::text;

/// Why a presentation isn't wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is there to sell something.
    SalesPitch,
    /// It isn't about what the group is about.
    OffTopic,
    /// The programme is full.
    NoRoom,
    /// Something else, which the note says.
    Other,
}

impl Reason {
    /// The stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SalesPitch => "sales_pitch",
            Self::OffTopic => "off_topic",
            Self::NoRoom => "no_room",
            Self::Other => "other",
        }
    }

    /// What has a stored name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::SalesPitch, Self::OffTopic, Self::NoRoom, Self::Other]
            .into_iter()
            .find(|reason| reason.as_str() == name)
    }
}

// Facts

/// Somebody would like to present something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submitted {
    /// The meeting.
    pub meeting: MeetingId,
    /// Whose it is.
    pub group: GroupId,
    /// The presentation.
    pub presentation: PresentationId,
    /// Who would present it.
    pub speaker: AccountId,
    /// Its title.
    pub title: Personal<String>,
    /// What it is about.
    pub r#abstract: Personal<String>,
}

impl Body for Submitted {
    fn stream(&self) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            meeting: _,
            group: _,
            presentation: _,
            speaker,
            title,
            r#abstract: text,
        } = self;
        for value in [title, text] {
            visit(Some(About::content(*speaker)), value);
        }
    }
}

/// A leader wants it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approved {
    /// The meeting.
    pub meeting: MeetingId,
    /// Whose it is.
    pub group: GroupId,
    /// The presentation.
    pub presentation: PresentationId,
    /// Who presents it.
    pub speaker: AccountId,
}

impl Body for Approved {
    fn stream(&self) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            meeting: _,
            group: _,
            presentation: _,
            speaker: _,
        } = self;
    }
}

/// A leader doesn't want it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejected {
    /// The meeting.
    pub meeting: MeetingId,
    /// Whose it is.
    pub group: GroupId,
    /// The presentation.
    pub presentation: PresentationId,
    /// Who would have presented it.
    pub speaker: AccountId,
    /// Why.
    pub reason: Reason,
    /// The same in words; kept under the speaker's key.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub note: Option<Personal<String>>,
}

impl Body for Rejected {
    fn stream(&self) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            meeting: _,
            group: _,
            presentation: _,
            speaker,
            reason: _,
            note,
        } = self;
        if let Some(note) = note {
            visit(Some(About::content(*speaker)), note);
        }
    }
}

// Fold: a part of what a meeting is.

/// A presentation, and how it was last reviewed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Presentation {
    submitted: Submitted,
    reviewed: Option<MeetingFact>,
}

impl Presentation {
    pub(crate) fn submitted(submitted: &Submitted) -> Self {
        Self {
            submitted: submitted.clone(),
            reviewed: None,
        }
    }

    /// Notes how it was reviewed.
    pub(crate) fn review(&mut self, fact: &MeetingFact) {
        self.reviewed = Some(fact.clone());
    }
}

// Decisions

/// The most characters of a title.
pub const TITLE_MAX: usize = 200;
/// The most characters of an abstract, and of a note.
pub const ABSTRACT_MAX: usize = 5_000;

/// Submits a presentation for a meeting that is still to come (DOMAIN G5). Every member may.
#[derive(Debug, Clone)]
pub struct Submit {
    /// The id it will have.
    pub presentation: PresentationId,
    /// The meeting.
    pub meeting: MeetingId,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub r#abstract: String,
}

impl Command for Submit {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let found = Meeting::there(self.meeting, history)?;
        let title = text::line(&self.title, TITLE_MAX);
        let title = title.ok_or(Refusal::TitleInvalid { max: TITLE_MAX })?;
        let summary = text::lines("abstract", &self.r#abstract, ABSTRACT_MAX)?;
        let submitted = Submitted {
            meeting: self.meeting,
            group: found.group,
            presentation: self.presentation,
            speaker: actor.account,
            title: Personal::known(title),
            r#abstract: Personal::known(summary),
        };
        match found.meeting.presentations.get(&self.presentation) {
            Some(known) if known.submitted == submitted => return Ok(vec![]),
            Some(_) => return Err(Refusal::PresentationExists),
            None => found.to_come(history)?,
        }
        Ok(vec![MeetingFact::PresentationSubmitted(submitted).into()])
    }
}

/// Wants a presentation. Leaders of the group may, before the meeting begins; they may change their minds.
#[derive(Debug, Clone)]
pub struct Approve {
    /// The meeting.
    pub meeting: MeetingId,
    /// The presentation.
    pub presentation: PresentationId,
}

impl Command for Approve {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        streams(self.meeting, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let found = Meeting::there(self.meeting, history)?;
        let presentation = submitted(self.presentation, &found)?;
        let approved = MeetingFact::PresentationApproved(Approved {
            meeting: self.meeting,
            group: found.group,
            presentation: self.presentation,
            speaker: presentation.submitted.speaker,
        });
        reviewed(approved, presentation, &found, actor, history)
    }
}

/// Doesn't want a presentation. Leaders of the group may, before the meeting begins.
#[derive(Debug, Clone)]
pub struct Reject {
    /// The meeting.
    pub meeting: MeetingId,
    /// The presentation.
    pub presentation: PresentationId,
    /// Why.
    pub reason: Reason,
    /// The same in words; for another reason than those that have a name there have to be some.
    pub note: Option<String>,
}

impl Command for Reject {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        streams(self.meeting, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let found = Meeting::there(self.meeting, history)?;
        let presentation = submitted(self.presentation, &found)?;
        let note = match (self.reason, self.note.as_deref()) {
            (Reason::SalesPitch | Reason::OffTopic | Reason::NoRoom, None) => None,
            (_, note) => Some(text::lines("note", note.unwrap_or_default(), ABSTRACT_MAX)?),
        };
        let rejected = MeetingFact::PresentationRejected(Rejected {
            meeting: self.meeting,
            group: found.group,
            presentation: self.presentation,
            speaker: presentation.submitted.speaker,
            reason: self.reason,
            note: note.map(Personal::known),
        });
        reviewed(rejected, presentation, &found, actor, history)
    }
}

fn submitted(id: PresentationId, found: &Found) -> Result<&Presentation, Refusal> {
    let presentation = found.meeting.presentations.get(&id);
    presentation.ok_or(Refusal::PresentationNotFound { presentation: id })
}

fn reviewed(
    review: MeetingFact,
    presentation: &Presentation,
    found: &Found,
    actor: &Actor,
    history: &History,
) -> Result<Vec<Fact>, Refusal> {
    found.led_by(actor, history)?;
    if presentation.reviewed.as_ref() == Some(&review) {
        return Ok(vec![]);
    }
    found.to_come(history)?;
    Ok(vec![review.into()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::meetings::{
        DAY, appointed, cancelled, meeting, presentation, scheduled, submitted, user_group,
    };
    use crate::given::{Given, ada, bob, community, eve, group};
    use crate::leadership::Role;

    /// Bob leads, and the meeting is tomorrow.
    fn led(facts: impl IntoIterator<Item = Fact>) -> Given {
        let led = [user_group(), appointed(bob(), Role::Leader), scheduled()];
        community(led.into_iter().chain(facts))
    }

    fn submit() -> Submit {
        Submit {
            presentation: presentation(1),
            meeting: meeting(1),
            title: "Rye".into(),
            r#abstract: "All about rye".into(),
        }
    }

    fn approve() -> Approve {
        Approve {
            meeting: meeting(1),
            presentation: presentation(1),
        }
    }

    fn reject(reason: Reason, note: Option<&str>) -> Reject {
        Reject {
            meeting: meeting(1),
            presentation: presentation(1),
            reason,
            note: note.map(str::to_owned),
        }
    }

    fn approved() -> Fact {
        MeetingFact::PresentationApproved(Approved {
            meeting: meeting(1),
            group: group(1),
            presentation: presentation(1),
            speaker: eve(),
        })
        .into()
    }

    fn rejected(reason: Reason, note: Option<&str>) -> Fact {
        MeetingFact::PresentationRejected(Rejected {
            meeting: meeting(1),
            group: group(1),
            presentation: presentation(1),
            speaker: eve(),
            reason,
            note: note.map(|note| note.to_owned().into()),
        })
        .into()
    }

    #[test]
    fn g5_members_submit_presentations_with_an_abstract_before_the_meeting() {
        led([]).when(eve(), submit()).then([submitted(eve())]);
        led([submitted(eve())]).when(eve(), submit()).then([]);
        led([submitted(eve())])
            .when(ada(), submit())
            .then_refused(Refusal::PresentationExists);
        let empty = Submit {
            r#abstract: " ".into(),
            ..submit()
        };
        led([])
            .when(eve(), empty)
            .then_refused(Refusal::TextInvalid {
                field: "abstract",
                max: ABSTRACT_MAX,
            });
        led([])
            .later(DAY)
            .when(eve(), submit())
            .then_refused(Refusal::MeetingBegun);
        led([cancelled(None)])
            .when(eve(), submit())
            .then_refused(Refusal::MeetingCancelled);
    }

    #[test]
    fn g5_a_leader_approves_or_rejects_a_sales_pitch_before_the_meeting() {
        led([submitted(eve())])
            .when(bob(), approve())
            .then([approved()]);
        let pitch = || rejected(Reason::SalesPitch, None);
        led([submitted(eve())])
            .when(bob(), reject(Reason::SalesPitch, None))
            .then([pitch()]);
        led([submitted(eve()), pitch()])
            .when(bob(), reject(Reason::SalesPitch, None))
            .then([]);
        // A leader may think better of it.
        led([submitted(eve()), pitch()])
            .when(bob(), approve())
            .then([approved()]);
        led([submitted(eve())])
            .later(DAY)
            .when(bob(), approve())
            .then_refused(Refusal::MeetingBegun);
    }

    #[test]
    fn g5_only_leaders_review() {
        let refused = Refusal::NotALeader { group: group(1) };
        led([submitted(eve())])
            .when(eve(), approve())
            .then_refused(refused.clone());
        led([submitted(eve())])
            .when(ada(), reject(Reason::OffTopic, None))
            .then_refused(refused);
    }

    #[test]
    fn g5_another_reason_is_told_in_words() {
        led([submitted(eve())])
            .when(bob(), reject(Reason::Other, None))
            .then_refused(Refusal::TextInvalid {
                field: "note",
                max: ABSTRACT_MAX,
            });
        led([submitted(eve())])
            .when(bob(), reject(Reason::Other, Some("Next time")))
            .then([rejected(Reason::Other, Some("Next time"))]);
    }

    #[test]
    fn g5_nobody_reviews_what_was_not_submitted() {
        led([])
            .when(bob(), approve())
            .then_refused(Refusal::PresentationNotFound {
                presentation: presentation(1),
            });
    }
}

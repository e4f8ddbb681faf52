//! Presentations at meetings, and their review before (DOMAIN G5).

use plaudit_domain::notification::Kind;
use plaudit_domain::presentation::{Approved, Reason, Rejected, Submitted};
use plaudit_domain::{AccountId, Event, GroupId, MeetingId, PresentationId, Time};

use crate::fold::FoldError;
use crate::meeting;
use crate::notification::{Outcome, Subject};
use crate::row::{Key, row, stored_names};
use crate::rows::{Entity, Rows};
use crate::touched::Touched;

stored_names! {
    /// What became of a presentation.
    pub enum State {
        /// No leader has looked at it: that is flagged.
        Submitted = "submitted",
        /// A leader wants it.
        Approved = "approved",
        /// A leader doesn't.
        Rejected = "rejected",
    }
}

row! {
    table "presentation", primary (key), unique (id), index (meeting), index (speaker),
        index (state, submitted_at);
    /// A presentation at a meeting.
    pub struct Presentation {
        /// The position of its submission.
        pub key: Key,
        /// Its public id.
        pub id: PresentationId,
        /// The meeting.
        pub meeting: Key,
        /// Who presents it.
        pub speaker: Key,
        /// Its title, unless that is withheld.
        pub title: Option<String>,
        /// Its abstract, unless that is withheld.
        pub summary: Option<String>,
        /// What became of it.
        pub state: State,
        /// Why it was rejected.
        pub reason: Option<Reason>,
        /// The same in words, if somebody gave any, and unless they are withheld.
        pub note: Option<String>,
        /// When it was submitted.
        pub submitted_at: Time,
        /// When it was last reviewed.
        pub reviewed_at: Option<Time>,
    }
}

impl Entity for Presentation {
    type Id = PresentationId;

    fn id(&self) -> PresentationId {
        self.id
    }

    fn key(&self) -> Key {
        self.key
    }
}

impl Presentation {
    pub(crate) fn erase(&mut self) {
        self.title = None;
        self.summary = None;
        self.note = None;
    }
}

pub(crate) fn touch(
    (meeting, group): (MeetingId, GroupId),
    presentation: PresentationId,
    speaker: AccountId,
    touched: &mut Touched,
) {
    touched.meeting(meeting, group);
    touched.account(speaker);
    touched.presentations.insert(presentation);
}

pub(crate) fn submit(
    submitted: &Submitted,
    event: &Event,
    rows: &mut Rows,
) -> Result<(), FoldError> {
    let speaker = rows.account(submitted.speaker)?;
    let (speaker, is_erased) = (speaker.key, speaker.content_erased);
    let Some(meeting) = meeting::of_group(submitted.meeting, submitted.group, rows)? else {
        return Ok(());
    };
    // Histories from elsewhere may submit twice: the first one made the presentation.
    if rows.presentations.find(submitted.presentation).is_none() {
        let mut presentation = Presentation {
            key: Key(event.position.cast_signed()),
            id: submitted.presentation,
            meeting,
            speaker,
            title: submitted.title.get().cloned(),
            summary: submitted.r#abstract.get().cloned(),
            state: State::Submitted,
            reason: None,
            note: None,
            submitted_at: event.occurred_at,
            reviewed_at: None,
        };
        if is_erased {
            presentation.erase();
        }
        rows.presentations.insert(presentation);
    }
    Ok(())
}

pub(crate) fn approve(
    approved: &Approved,
    event: &Event,
    rows: &mut Rows,
) -> Result<(), FoldError> {
    let change = |presentation: &mut Presentation| {
        presentation.state = State::Approved;
        presentation.reason = None;
        presentation.note = None;
    };
    let meeting = meeting::of_group(approved.meeting, approved.group, rows)?;
    let of = (approved.presentation, approved.speaker, meeting);
    review(of, change, event, rows)
}

pub(crate) fn reject(rejected: &Rejected, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let is_erased = rows.account(rejected.speaker)?.content_erased;
    let note = rejected.note.as_ref().and_then(|note| note.get());
    let note = note.filter(|_| !is_erased).cloned();
    let change = |presentation: &mut Presentation| {
        presentation.state = State::Rejected;
        presentation.reason = Some(rejected.reason);
        presentation.note = note;
    };
    let meeting = meeting::of_group(rejected.meeting, rejected.group, rows)?;
    let of = (rejected.presentation, rejected.speaker, meeting);
    review(of, change, event, rows)
}

/// Histories from elsewhere may review what nobody submitted, or name another speaker or meeting: that
/// changes nothing, for no stream tells whether there is a presentation.
fn review(
    (presentation, speaker, meeting): (PresentationId, AccountId, Option<Key>),
    change: impl FnOnce(&mut Presentation),
    event: &Event,
    rows: &mut Rows,
) -> Result<(), FoldError> {
    let speaker = rows.account(speaker)?.key;
    let presentation = rows.presentations.find_mut(presentation);
    let is_named = |it: &&mut Presentation| it.speaker == speaker && Some(it.meeting) == meeting;
    let Some(presentation) = presentation.filter(is_named) else {
        return Ok(());
    };
    let before = (presentation.state, presentation.reason);
    change(presentation);
    presentation.reviewed_at = Some(event.occurred_at);
    if before != (presentation.state, presentation.reason) {
        let meeting = presentation.meeting;
        let outcome = match presentation.state {
            State::Submitted => None,
            State::Approved => Some(Outcome::PresentationApproved),
            State::Rejected => Some(Outcome::PresentationRejected),
        };
        let (key, note) = (presentation.key, presentation.note.clone());
        let about = Subject {
            meeting: Some(meeting),
            group: Some(rows.meetings.by_key(meeting)?.group_key),
            presentation: Some(key),
            outcome,
            note,
            ..Subject::default()
        };
        rows.tell(Kind::Presentation, [speaker], about, event);
    }
    Ok(())
}

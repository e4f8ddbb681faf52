//! Meetings: scheduling them, saying who comes, and what is said of them afterwards (DOMAIN G3 to G6, G9).

use std::collections::BTreeSet;

use async_graphql::{Context, ID, InputObject, Object, Result};
use plaudit_domain::attendance::{RecordAttendance, WithdrawAttendance};
use plaudit_domain::meeting::{CAPACITY_MAX, Cancel, Change, Confirm, Details, Schedule, Terms};
use plaudit_domain::rsvp::Answer;
use plaudit_domain::sponsor::{AddSponsor, RemoveSponsor};
use plaudit_domain::{AccountId, Command, MeetingId, Refusal};
use plaudit_replay::Request;
use uuid::Uuid;

use crate::id::NodeId;
use crate::loader::MeetingById;
use crate::meeting::Meeting;
use crate::reading::reading;
use crate::scalar::DateTime;

use super::payload::payload;
use super::{UserError, UserErrorCode, perform};

/// What can be done with meetings.
#[derive(Debug, Default)]
pub struct MeetingMutation;

/// What a meeting is.
#[derive(Debug, InputObject)]
pub struct MeetingDetailsInput {
    /// Its title: 1 to 200 characters.
    title: String,
    /// What it is about: up to 10,000 characters.
    description: Option<String>,
    /// When it begins.
    starts_at: DateTime,
    /// When it ends, at most 14 days later.
    ends_at: DateTime,
    /// In which time zone it is, by its name in the IANA's database, like `Europe/Berlin`.
    time_zone: String,
    /// Where it is. It has a place, an address online, or both.
    place: Option<String>,
    /// Its address online, for those who have a place.
    online: Option<String>,
    /// For how many there is room; null if that isn't limited.
    capacity: Option<i32>,
    /// Where else it is announced: addresses of websites. Members register here.
    announcements: Option<Vec<String>>,
    /// There is none: meetings are free. Whatever stands here is refused.
    price: Option<String>,
    /// There is none: members register here. Whatever stands here is refused.
    registration_url: Option<String>,
}

/// A meeting to schedule.
#[derive(Debug, InputObject)]
pub struct MeetingScheduleInput {
    /// The id of the user group.
    group_id: ID,
    /// What it is.
    meeting: MeetingDetailsInput,
    /// A key of your choice: a repeat of the request with it schedules no second meeting.
    idempotency_key: Option<Uuid>,
}

/// A meeting to change.
#[derive(Debug, InputObject)]
pub struct MeetingChangeInput {
    /// The meeting's id.
    meeting_id: ID,
    /// All that it is from now on.
    meeting: MeetingDetailsInput,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// A meeting to cancel.
#[derive(Debug, InputObject)]
pub struct MeetingCancelInput {
    /// The meeting's id.
    meeting_id: ID,
    /// Why, for those who would have come.
    reason: Option<String>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// A meeting that was held.
#[derive(Debug, InputObject)]
pub struct MeetingConfirmInput {
    /// The meeting's id.
    meeting_id: ID,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// Who was seen at the door.
#[derive(Debug, InputObject)]
pub struct MeetingAttendInput {
    /// The meeting's id.
    meeting_id: ID,
    /// The ids of their accounts: 1 to 1,000.
    account_ids: Vec<ID>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// Who wasn't there after all.
#[derive(Debug, InputObject)]
pub struct AttendanceWithdrawInput {
    /// The meeting's id.
    meeting_id: ID,
    /// The ids of their accounts: 1 to 1,000.
    account_ids: Vec<ID>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// A sponsor to name.
#[derive(Debug, InputObject)]
pub struct SponsorAddInput {
    /// The meeting's id.
    meeting_id: ID,
    /// The id of the account that stands for the company, by a lozenge that names it.
    account_id: ID,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// A sponsor to name no more.
#[derive(Debug, InputObject)]
pub struct SponsorRemoveInput {
    /// The meeting's id.
    meeting_id: ID,
    /// The id of the account that stands for the company.
    account_id: ID,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// Whether you come.
#[derive(Debug, InputObject)]
pub struct RsvpInput {
    /// The meeting's id.
    meeting_id: ID,
    /// Whether you come.
    going: bool,
    /// The id of the account to answer with, of those that are linked; by default the one that asks. All
    /// of them have one place; who doesn't come gives up those of all.
    account_id: Option<ID>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

macro_rules! meeting_payloads {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        $(
            payload! {
                $(#[$doc])*
                $name {
                    /// The meeting as it is now; null if there are errors.
                    meeting: Meeting
                }
            }
        )+
    };
}

meeting_payloads! {
    /// What scheduling a meeting answers.
    MeetingSchedulePayload;
    /// What changing a meeting answers.
    MeetingChangePayload;
    /// What cancelling a meeting answers.
    MeetingCancelPayload;
    /// What confirming a meeting answers.
    MeetingConfirmPayload;
    /// What recording who was there answers.
    MeetingAttendPayload;
    /// What taking it back answers.
    AttendanceWithdrawPayload;
    /// What naming a sponsor answers.
    SponsorAddPayload;
    /// What naming one no more answers.
    SponsorRemovePayload;
    /// What saying whether you come answers.
    RsvpPayload;
}

#[Object]
impl MeetingMutation {
    /// Schedules a meeting. Leaders of the group may, and staff.
    async fn meeting_schedule(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whose, and what it is.")] input: MeetingScheduleInput,
    ) -> Result<Option<MeetingSchedulePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let meeting = MeetingId(request.new_id("meeting"));
        let group = NodeId::group(&input.group_id)?;
        let done = match input.meeting.read() {
            Ok((details, terms)) => {
                let schedule = Schedule {
                    meeting,
                    group,
                    details,
                    terms,
                };
                within(
                    "meeting",
                    change(context, &request, meeting, &schedule).await?,
                )
            }
            Err(error) => within("meeting", (None, vec![error])),
        };
        Ok(Some(done.into()))
    }

    /// Changes a meeting that is still to come. Who comes is told. Leaders of the group may, and staff.
    async fn meeting_change(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and what it is.")] input: MeetingChangeInput,
    ) -> Result<Option<MeetingChangePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let meeting = NodeId::meeting(&input.meeting_id)?;
        let done = match input.meeting.read() {
            Ok((details, terms)) => {
                let command = Change {
                    meeting,
                    details,
                    terms,
                };
                within(
                    "meeting",
                    change(context, &request, meeting, &command).await?,
                )
            }
            Err(error) => within("meeting", (None, vec![error])),
        };
        Ok(Some(done.into()))
    }

    /// Cancels a meeting. Who would have come is told. Leaders of the group may, and staff.
    async fn meeting_cancel(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and why.")] input: MeetingCancelInput,
    ) -> Result<Option<MeetingCancelPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let meeting = NodeId::meeting(&input.meeting_id)?;
        let reason = input.reason;
        let cancel = Cancel { meeting, reason };
        let done = change(context, &request, meeting, &cancel).await?;
        Ok(Some(done.into()))
    }

    /// Confirms that a meeting was held, once it has begun: from then on it counts. Leaders of the group
    /// may.
    async fn meeting_confirm(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: MeetingConfirmInput,
    ) -> Result<Option<MeetingConfirmPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let meeting = NodeId::meeting(&input.meeting_id)?;
        let done = change(context, &request, meeting, &Confirm { meeting }).await?;
        Ok(Some(done.into()))
    }

    /// Records who was seen at the door, from an hour before the beginning on. Leaders of the group may.
    async fn meeting_attend(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who, and where.")] input: MeetingAttendInput,
    ) -> Result<Option<MeetingAttendPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let meeting = NodeId::meeting(&input.meeting_id)?;
        let accounts = accounts(&input.account_ids)?;
        let record = RecordAttendance { meeting, accounts };
        let done = change(context, &request, meeting, &record).await?;
        Ok(Some(of_several(done).into()))
    }

    /// Takes back that some were seen at the door. Leaders of the group may.
    async fn attendance_withdraw(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who, and where.")] input: AttendanceWithdrawInput,
    ) -> Result<Option<AttendanceWithdrawPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let meeting = NodeId::meeting(&input.meeting_id)?;
        let accounts = accounts(&input.account_ids)?;
        let withdraw = WithdrawAttendance { meeting, accounts };
        let done = change(context, &request, meeting, &withdraw).await?;
        Ok(Some(of_several(done).into()))
    }

    /// Names a company that sponsors a meeting. Leaders of the group may, and staff.
    async fn sponsor_add(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who, and what.")] input: SponsorAddInput,
    ) -> Result<Option<SponsorAddPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let meeting = NodeId::meeting(&input.meeting_id)?;
        let account = NodeId::account(&input.account_id)?;
        let add = AddSponsor { meeting, account };
        let done = change(context, &request, meeting, &add).await?;
        Ok(Some(done.into()))
    }

    /// Names a sponsor no more. Leaders of the group may, and staff.
    async fn sponsor_remove(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who, and what.")] input: SponsorRemoveInput,
    ) -> Result<Option<SponsorRemovePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let meeting = NodeId::meeting(&input.meeting_id)?;
        let account = NodeId::account(&input.account_id)?;
        let remove = RemoveSponsor { meeting, account };
        let done = change(context, &request, meeting, &remove).await?;
        Ok(Some(done.into()))
    }

    /// Says whether you come to a meeting. Where it is full you wait, and move up in order. The same answer
    /// again keeps your place; who leaves and comes back is the last. Any member may.
    async fn rsvp(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whether you come, and to what.")] input: RsvpInput,
    ) -> Result<Option<RsvpPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let meeting = NodeId::meeting(&input.meeting_id)?;
        let account = input.account_id.as_ref().map(NodeId::account).transpose()?;
        let answer = Answer {
            meeting,
            account: account.unwrap_or(request.actor.account),
            going: input.going,
        };
        let done = change(context, &request, meeting, &answer).await?;
        Ok(Some(done.into()))
    }
}

impl MeetingDetailsInput {
    /// What a command gets of it. A capacity is a whole number here, and may be one that there can't be.
    fn read(self) -> std::result::Result<(Details, Terms), UserError> {
        let capacity = self.capacity.map(u32::try_from).transpose();
        let Ok(capacity) = capacity else {
            let refusal = Refusal::CapacityInvalid { max: CAPACITY_MAX };
            return Err(UserError::refused(&refusal, &[]));
        };
        let details = Details {
            title: self.title,
            description: self.description.unwrap_or_default(),
            starts_at: self.starts_at.0,
            ends_at: self.ends_at.0,
            zone: self.time_zone,
            place: self.place,
            online: self.online,
            capacity,
            announcements: self.announcements.unwrap_or_default(),
        };
        let terms = Terms {
            price: self.price,
            registration_url: self.registration_url,
        };
        Ok((details, terms))
    }
}

/// What is wrong with a field of the meeting stands within it.
fn within(
    input: &str,
    (meeting, mut errors): (Option<Meeting>, Vec<UserError>),
) -> (Option<Meeting>, Vec<UserError>) {
    for error in &mut errors {
        let Some(field) = &mut error.field else {
            continue;
        };
        let is_of_input = |name: &str| matches!(name, "groupId" | "meetingId" | "idempotencyKey");
        if field.len() == 2 && !is_of_input(&field[1]) {
            field.insert(1, input.to_owned());
        }
    }
    (meeting, errors)
}

/// Several accounts are named: it is the list that one of them isn't there in.
fn of_several(
    (meeting, mut errors): (Option<Meeting>, Vec<UserError>),
) -> (Option<Meeting>, Vec<UserError>) {
    for error in &mut errors {
        let is_of_list = matches!(
            error.code,
            UserErrorCode::AccountNotFound
                | UserErrorCode::NoEntries
                | UserErrorCode::TooManyEntries
        );
        if is_of_list {
            error.field = Some(vec!["input".into(), "accountIds".into()]);
        }
    }
    (meeting, errors)
}

fn accounts(ids: &[ID]) -> Result<BTreeSet<AccountId>> {
    ids.iter().map(NodeId::account).collect()
}

/// Does something with a meeting and reads it as it is then.
async fn change(
    context: &Context<'_>,
    request: &Request,
    meeting: MeetingId,
    command: &dyn Command,
) -> Result<(Option<Meeting>, Vec<UserError>)> {
    let reading = reading(context);
    if let Err(error) = perform(reading, request, command, &[]).await? {
        return Ok((None, vec![error]));
    }
    let meeting = reading.loader().load_one(MeetingById(meeting)).await?;
    Ok((meeting.map(Meeting), vec![]))
}

//! Taking part in the kudos programme, and giving kudos to peers.

use async_graphql::{Context, ID, InputObject, Object, OneofObject, Result, SimpleObject};
use plaudit_domain::kudos::{Enrol, Give, RequestEnrolment};
use plaudit_domain::{AccountId, GiftId, Refusal};
use plaudit_store::{Order, Page};
use uuid::Uuid;

use crate::account::Account;
use crate::gift::Gift;
use crate::id::NodeId;
use crate::loader::{AccountBy, AccountById};
use crate::profile::Profile;
use crate::reading::{Reading, reading};

use super::{UserError, UserErrorCode, perform, perform_on_profile};

/// What can be done in the kudos programme.
#[derive(Debug, Default)]
pub struct KudosMutation;

/// Kudos to give.
#[derive(Debug, InputObject)]
pub struct KudosGiveInput {
    /// The id of the profile that gets them.
    profile_id: ID,
    /// What they are for: 1 to 500 characters.
    message: String,
    /// The id of the post that they are about, if they are about one.
    post_id: Option<ID>,
    /// A key of your choice: a repeat of the request with it gives nothing again.
    idempotency_key: Option<Uuid>,
}

/// What giving kudos answers.
#[derive(Debug, SimpleObject)]
pub struct KudosGivePayload {
    /// What was given; null if there are errors.
    gift: Option<Gift>,
    /// The profile of who gave it, with what is left of the allowance; null if there are errors.
    giver: Option<Profile>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

/// Asking to take part.
#[derive(Debug, InputObject)]
pub struct KudosEnrolmentRequestInput {
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What asking to take part answers.
#[derive(Debug, SimpleObject)]
pub struct KudosEnrolmentRequestPayload {
    /// The profile of who asks, as it is now; null if there are errors.
    profile: Option<Profile>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

/// Who is enrolled.
#[derive(Debug, InputObject)]
pub struct KudosEnrolInput {
    /// Which accounts.
    who: KudosEnrolWho,
    /// A key of your choice: a repeat of the request with it enrols nobody else. Where it was for the
    /// next ones of the waiting list, it is refused.
    idempotency_key: Option<Uuid>,
}

/// Which accounts are enrolled.
#[derive(Debug, OneofObject)]
pub enum KudosEnrolWho {
    /// These: 1 to 100 ids, also of accounts that didn't ask for it.
    AccountIds(Vec<ID>),
    /// So many that wait, the longest first: 1 to 100.
    Next(i32),
}

/// What enrolling answers.
#[derive(Debug, SimpleObject)]
pub struct KudosEnrolPayload {
    /// Those accounts that take part now, as they were named or waited. It holds also where others
    /// couldn't be enrolled.
    accounts: Option<Vec<Account>>,
    /// What has to be put right first. The `field` of each that is about an account ends with its
    /// number, from 0.
    user_errors: Vec<UserError>,
}

/// The most accounts that are enrolled at once.
const ENROL_MAX: usize = 100;

#[Object]
impl KudosMutation {
    /// Gives kudos to another member. There is an allowance for this, which all linked accounts have
    /// together; it takes nothing from the giver's points. Any member may.
    async fn kudos_give(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "To whom, and what for.")] input: KudosGiveInput,
    ) -> Result<Option<KudosGivePayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let post = input.post_id.as_ref().map(NodeId::post).transpose()?;
        let refused = |error| {
            Ok(Some(KudosGivePayload {
                gift: None,
                giver: None,
                user_errors: vec![error],
            }))
        };
        let Some(allowance) = reading.rules().kudos.allowance else {
            return refused(no_peer_kudos());
        };
        let give = Give {
            gift: GiftId(request.new_id("gift")),
            receiver: receiver(context, NodeId::profile(&input.profile_id)?).await?,
            message: input.message,
            post,
            allowance,
        };
        let given = post.map(|post| (post, "postId"));
        if let Err(mut error) = perform(reading, &request, &give, given.as_slice()).await? {
            if error.code == UserErrorCode::AccountNotFound {
                error.field = Some(vec!["input".into(), "profileId".into()]);
            }
            return refused(error);
        }
        let giver = match reading.viewer_account().await? {
            Some(account) => Some(Account(account).profile(context).await?),
            None => None,
        };
        Ok(Some(KudosGivePayload {
            gift: Gift::given(context, give.gift).await?,
            giver,
            user_errors: vec![],
        }))
    }

    /// Asks that the member takes part in the kudos programme, with all linked accounts. Where
    /// everybody takes part, and for who asked already, this changes nothing. Any member may.
    async fn kudos_enrolment_request(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Nothing has to be said.")] input: KudosEnrolmentRequestInput,
    ) -> Result<Option<KudosEnrolmentRequestPayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let policy = reading.rules().kudos.policy;
        let enrolment = RequestEnrolment { policy };
        let (profile, user_errors) = perform_on_profile(context, &request, &enrolment).await?;
        Ok(Some(KudosEnrolmentRequestPayload {
            profile,
            user_errors,
        }))
    }

    /// Lets members take part in the kudos programme, each with all linked accounts: in the order of
    /// the waiting list, or by choice. Staff may.
    async fn kudos_enrol(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whom.")] input: KudosEnrolInput,
    ) -> Result<Option<KudosEnrolPayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        // Once, and not for each account.
        if !request.actor.roles.is_staff() {
            let refusal = Refusal::NotPermitted { who: "staff" };
            return Ok(Some(KudosEnrolPayload {
                accounts: None,
                user_errors: vec![UserError::refused(&refusal, &[])],
            }));
        }
        let (count, list) = match &input.who {
            KudosEnrolWho::AccountIds(ids) => (ids.len(), ["who", "accountIds"]),
            KudosEnrolWho::Next(count) => {
                let count = usize::try_from(*count).unwrap_or_default();
                (count, ["who", "next"])
            }
        };
        if let Some(error) = wrong_count(count, list) {
            return Ok(Some(KudosEnrolPayload {
                accounts: None,
                user_errors: vec![error],
            }));
        }
        let accounts = match &input.who {
            KudosEnrolWho::AccountIds(ids) => {
                ids.iter().map(NodeId::account).collect::<Result<_>>()?
            }
            KudosEnrolWho::Next(_) => waiting(reading, count).await?,
        };
        let mut user_errors = Vec::new();
        let mut enrolled = Vec::new();
        for (number, &account) in accounts.iter().enumerate() {
            // Each writes a stream of its own, so each is a request of its own.
            let request = request.part(&number.to_string());
            match perform(reading, &request, &Enrol { account }, &[]).await? {
                Ok(_) => enrolled.push(AccountById(account)),
                Err(error) if error.code == UserErrorCode::IdempotencyKeyReused => {
                    user_errors.push(error);
                    break;
                }
                Err(error) => {
                    let error = UserError {
                        field: None,
                        ..error
                    };
                    user_errors.push(error.in_list(&list, number));
                }
            }
        }
        let mut found = reading.loader().load_many(enrolled.clone()).await?;
        let enrolled = enrolled.into_iter();
        let enrolled = enrolled.filter_map(|id| found.remove(&id));
        Ok(Some(KudosEnrolPayload {
            accounts: Some(enrolled.map(Account).collect()),
            user_errors,
        }))
    }
}

/// The account that gets what is given to a profile: the primary one. Of a private profile nobody is to
/// know which that is, so it is the one that its id names; its points count all the same.
async fn receiver(context: &Context<'_>, profile: AccountId) -> Result<AccountId> {
    Ok(match Profile::by_id(context, profile).await? {
        Some(Profile::Shown(row)) => row.id,
        Some(Profile::Private(_)) | None => profile,
    })
}

/// The accounts that wait the longest.
async fn waiting(reading: &Reading, count: usize) -> Result<Vec<AccountId>> {
    let page = Page {
        order: Order::Ascending,
        after: None,
        limit: u32::try_from(count)?,
    };
    let waiting = reading.store().waiting_page(page).await?;
    let keys: Vec<_> = waiting.iter().map(|it| AccountBy(it.account)).collect();
    let mut accounts = reading.loader().load_many(keys.clone()).await?;
    let accounts = keys.iter().filter_map(|key| accounts.remove(key));
    Ok(accounts.map(|account| account.id).collect())
}

fn wrong_count(count: usize, list: [&str; 2]) -> Option<UserError> {
    let code = match count {
        0 => UserErrorCode::NoEntries,
        1..=ENROL_MAX => return None,
        _ => UserErrorCode::TooManyEntries,
    };
    let field = ["input"].into_iter().chain(list).map(str::to_owned);
    Some(UserError {
        code,
        field: Some(field.collect()),
        message: format!("enrol 1 to {ENROL_MAX} accounts at a time"),
    })
}

fn no_peer_kudos() -> UserError {
    UserError {
        code: UserErrorCode::NoPeerKudos,
        field: None,
        message: "the programme has no kudos that members give each other".to_owned(),
    }
}

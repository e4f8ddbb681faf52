//! Asking for lozenges, and deciding on that.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use plaudit_domain::lozenge::{Deny, Grant, Request as Ask, Revoke, Terms};
use plaudit_domain::requirement::Standing;
use plaudit_domain::{AccountId, Command, Refusal};
use plaudit_projection::lozenge::RequestState;
use plaudit_projection::rules::Lozenge as Rule;
use plaudit_projection::{Account as AccountRow, Key, LozengeRequest as RequestRow, Rules};
use plaudit_replay::{CommandError, Request};
use uuid::Uuid;

use crate::account::Account;
use crate::id::NodeId;
use crate::loader::{AccountBy, AccountById, LozengeRequestsOf};
use crate::lozenge::grants;
use crate::lozenge_request::LozengeRequest;
use crate::profile::Profile;
use crate::reading::{Reading, reading, referred};
use crate::requirement::{LozengeRequirement, profile, standing};

use super::{UserError, failed};

/// What can be done with lozenges.
#[derive(Debug, Default)]
pub struct LozengeMutation;

/// A lozenge to ask for.
#[derive(Debug, InputObject)]
pub struct LozengeRequestInput {
    /// What programs know the lozenge by.
    lozenge_key: String,
    /// The company that it is to stand for, where it names one: 1 to 100 characters.
    company: Option<String>,
    /// The company's app or service: 1 to 100 characters.
    product: Option<String>,
    /// Whether what the lozenge asks to acknowledge is acknowledged.
    #[graphql(default)]
    acknowledged: bool,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// A lozenge to ask for, for somebody else.
#[derive(Debug, InputObject)]
pub struct LozengeEnterInput {
    /// The id of the account that is to have it.
    account_id: ID,
    /// What programs know the lozenge by.
    lozenge_key: String,
    /// The company that it is to stand for, where it names one: 1 to 100 characters.
    company: Option<String>,
    /// The company's app or service: 1 to 100 characters.
    product: Option<String>,
    /// Whether they acknowledged what the lozenge asks to acknowledge.
    #[graphql(default)]
    acknowledged: bool,
    /// Why it is asked for although not all is met that is required: 1 to 1,000 characters. Without a
    /// reason all has to be met.
    reason: Option<String>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// A lozenge to grant.
#[derive(Debug, InputObject)]
pub struct LozengeGrantInput {
    /// The id of the account that gets it. Where a linked account asked for it, that one gets it.
    account_id: ID,
    /// What programs know the lozenge by.
    lozenge_key: String,
    /// The company that it stands for, where it names one; by default the one that was asked with.
    company: Option<String>,
    /// The company's app or service; by default the one that was asked with.
    product: Option<String>,
    /// Why: 1 to 1,000 characters.
    reason: Option<String>,
    /// Whether it is granted although not all is met that is required. It takes a reason then.
    #[graphql(default)]
    despite_unmet: bool,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// Declares what a decision of staff with a reason is given.
macro_rules! decision_input {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, InputObject)]
        pub struct $name {
            /// The id of the account whose it is. Where it is a linked account's, that one is meant.
            account_id: ID,
            /// What programs know the lozenge by.
            lozenge_key: String,
            /// Why: 1 to 1,000 characters.
            reason: String,
            /// A key of your choice: a repeat of the request with it does nothing again.
            idempotency_key: Option<Uuid>,
        }
    };
}

decision_input! {
    /// A lozenge that somebody asked for, and doesn't get.
    LozengeDenyInput
}

decision_input! {
    /// A lozenge that somebody has, and loses.
    LozengeRevokeInput
}

/// What comes of something.
struct Outcome {
    profile: Option<Profile>,
    request: Option<LozengeRequest>,
    requirements: Option<Vec<LozengeRequirement>>,
    user_errors: Vec<UserError>,
}

/// Declares what asking for a lozenge, or deciding on that, answers.
macro_rules! lozenge_payload {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, SimpleObject)]
        pub struct $name {
            /// Whose lozenge it is, as they are now; null if there are errors.
            profile: Option<Profile>,
            /// What they asked for last of this lozenge; null if there are errors, and where nobody asked.
            request: Option<LozengeRequest>,
            /// What is required, and how it is met: also where it isn't, which is an error. Null if there
            /// are other errors, and where nobody asked.
            requirements: Option<Vec<LozengeRequirement>>,
            /// What has to be put right first.
            user_errors: Vec<UserError>,
        }

        impl From<Outcome> for $name {
            fn from(outcome: Outcome) -> Self {
                let Outcome {
                    profile,
                    request,
                    requirements,
                    user_errors,
                } = outcome;
                Self {
                    profile,
                    request,
                    requirements,
                    user_errors,
                }
            }
        }
    };
}

lozenge_payload! {
    /// What asking for a lozenge answers.
    LozengeRequestPayload
}

lozenge_payload! {
    /// What asking for a lozenge for somebody else answers.
    LozengeEnterPayload
}

lozenge_payload! {
    /// What granting a lozenge answers.
    LozengeGrantPayload
}

lozenge_payload! {
    /// What denying a lozenge answers.
    LozengeDenyPayload
}

/// What revoking a lozenge answers.
#[derive(Debug, SimpleObject)]
pub struct LozengeRevokePayload {
    /// Who has it no more, as they are now; null if there are errors.
    profile: Option<Profile>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

#[Object]
impl LozengeMutation {
    /// Asks for a lozenge. It is refused with all requirements that aren't met; else it waits for staff.
    /// Any member may.
    async fn lozenge_request(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which one, for which company.")] input: LozengeRequestInput,
    ) -> Result<Option<LozengeRequestPayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let account = request.actor.account;
        let terms = match requestable(reading.rules(), &input.lozenge_key) {
            Ok(terms) => terms.clone(),
            Err(refusal) => return Ok(Some(Outcome::refused(refusal).into())),
        };
        let ask = Ask {
            account,
            lozenge: input.lozenge_key.clone(),
            terms,
            company: input.company,
            product: input.product,
            acknowledged: input.acknowledged,
            despite_unmet: None,
            standing: standing_of(reading, account).await?,
        };
        let done = Outcome::after(context, &request, &ask, account, &input.lozenge_key);
        Ok(Some(done.await?.into()))
    }

    /// Asks for a lozenge for somebody who can't do that by themselves. Staff may.
    async fn lozenge_enter(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which one, for whom and which company.")] input: LozengeEnterInput,
    ) -> Result<Option<LozengeEnterPayload>> {
        let reading = reading(context);
        let Some(request) = staff_request(reading.request(&input, input.idempotency_key)?) else {
            return Ok(Some(Outcome::for_staff().into()));
        };
        let account = NodeId::account(&input.account_id)?;
        let terms = match requestable(reading.rules(), &input.lozenge_key) {
            Ok(terms) => terms.clone(),
            Err(refusal) => return Ok(Some(Outcome::refused(refusal).into())),
        };
        let ask = Ask {
            account,
            lozenge: input.lozenge_key.clone(),
            terms,
            company: input.company,
            product: input.product,
            acknowledged: input.acknowledged,
            despite_unmet: input.reason,
            standing: standing_of(reading, account).await?,
        };
        let done = Outcome::after(context, &request, &ask, account, &input.lozenge_key);
        Ok(Some(done.await?.into()))
    }

    /// Grants a lozenge: what somebody asked for, or by the choice of staff. What is required is checked
    /// again. Staff may.
    async fn lozenge_grant(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which one, to whom.")] input: LozengeGrantInput,
    ) -> Result<Option<LozengeGrantPayload>> {
        let reading = reading(context);
        let Some(request) = staff_request(reading.request(&input, input.idempotency_key)?) else {
            return Ok(Some(Outcome::for_staff().into()));
        };
        let terms = match granted(reading.rules(), &input.lozenge_key) {
            Ok((_, terms)) => terms.clone(),
            Err(refusal) => return Ok(Some(Outcome::refused(refusal).into())),
        };
        let named = NodeId::account(&input.account_id)?;
        let account = who_asked(reading, named, &input.lozenge_key).await?;
        let grant = Grant {
            account,
            lozenge: input.lozenge_key.clone(),
            terms,
            company: input.company,
            product: input.product,
            reason: input.reason,
            despite_unmet: input.despite_unmet,
            standing: standing_of(reading, account).await?,
        };
        let done = Outcome::after(context, &request, &grant, account, &input.lozenge_key);
        Ok(Some(done.await?.into()))
    }

    /// Denies a lozenge that somebody asked for. Staff may.
    async fn lozenge_deny(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which one, whose, and why.")] input: LozengeDenyInput,
    ) -> Result<Option<LozengeDenyPayload>> {
        let reading = reading(context);
        let Some(request) = staff_request(reading.request(&input, input.idempotency_key)?) else {
            return Ok(Some(Outcome::for_staff().into()));
        };
        // Of a lozenge that isn't there any more nothing is required.
        let terms = granted(reading.rules(), &input.lozenge_key);
        let terms = terms.map(|(_, terms)| terms.clone()).unwrap_or_default();
        let named = NodeId::account(&input.account_id)?;
        let account = who_asked(reading, named, &input.lozenge_key).await?;
        let deny = Deny {
            account,
            lozenge: input.lozenge_key.clone(),
            terms,
            reason: input.reason,
            standing: standing_of(reading, account).await?,
        };
        let done = Outcome::after(context, &request, &deny, account, &input.lozenge_key);
        Ok(Some(done.await?.into()))
    }

    /// Takes a lozenge away, and its perks with it. Staff may.
    async fn lozenge_revoke(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which one, whose, and why.")] input: LozengeRevokeInput,
    ) -> Result<Option<LozengeRevokePayload>> {
        let reading = reading(context);
        let Some(request) = staff_request(reading.request(&input, input.idempotency_key)?) else {
            return Ok(Some(revoked(Outcome::for_staff())));
        };
        let named = NodeId::account(&input.account_id)?;
        let account = who_holds(reading, named, &input.lozenge_key).await?;
        let revoke = Revoke {
            account,
            lozenge: input.lozenge_key.clone(),
            reason: input.reason,
        };
        let done = Outcome::after(context, &request, &revoke, account, &input.lozenge_key);
        Ok(Some(revoked(done.await?)))
    }
}

fn revoked(outcome: Outcome) -> LozengeRevokePayload {
    LozengeRevokePayload {
        profile: outcome.profile,
        user_errors: outcome.user_errors,
    }
}

impl Outcome {
    fn refused(refusal: Refusal) -> Self {
        let user_errors = vec![UserError::refused(&refusal, &[])];
        let requirements = if let Refusal::RequirementsNotMet { answers } = refusal {
            Some(LozengeRequirement::all(answers))
        } else {
            None
        };
        Self {
            profile: None,
            request: None,
            requirements,
            user_errors,
        }
    }

    fn for_staff() -> Self {
        Self::refused(Refusal::NotPermitted { who: "staff" })
    }

    /// What there is once something is done.
    async fn after(
        context: &Context<'_>,
        request: &Request,
        command: &dyn Command,
        account: AccountId,
        lozenge: &str,
    ) -> Result<Self> {
        let reading = reading(context);
        let result = reading.execute(request, command).await;
        reading.forget_viewer().await;
        match result {
            Ok(_) => {}
            Err(CommandError::Refused(refusal)) => return Ok(Self::refused(refusal)),
            Err(error) => {
                return Ok(Self {
                    profile: None,
                    request: None,
                    requirements: None,
                    user_errors: vec![failed(error)?],
                });
            }
        }
        let found = reading.loader().load_one(AccountById(account)).await?;
        let account = referred(found)?;
        let requests = requests(reading, &[account.key]).await?.into_iter();
        let row = requests.into_iter().find(|row| row.lozenge == lozenge);
        let answers = row.as_ref().map(|row| match row.state {
            RequestState::Waiting => row.answers.to_vec(),
            RequestState::Granted | RequestState::Denied => row.decided_answers.to_vec(),
        });
        Ok(Self {
            profile: Some(Account(account).profile(context).await?),
            request: row.map(LozengeRequest),
            requirements: answers.map(LozengeRequirement::all),
            user_errors: vec![],
        })
    }
}

/// Who asks, where they are staff: what others would be told is for staff to know.
fn staff_request(request: Request) -> Option<Request> {
    Some(request).filter(|request| request.actor.roles.is_staff())
}

/// What the rules say of a lozenge that staff grant.
fn granted<'a>(
    rules: &'a Rules,
    lozenge: &str,
) -> std::result::Result<(&'a Rule, &'a Terms), Refusal> {
    let Some(rule) = rules.lozenges.find(lozenge) else {
        let lozenge = lozenge.to_owned();
        return Err(Refusal::LozengeNotFound { lozenge });
    };
    let terms = rule.terms().ok_or(Refusal::LozengeDerived)?;
    Ok((rule, terms))
}

/// What the rules say of a lozenge that members can ask for.
fn requestable<'a>(rules: &'a Rules, lozenge: &str) -> std::result::Result<&'a Terms, Refusal> {
    let (rule, terms) = granted(rules, lozenge)?;
    match rule.request() {
        Some(_) => Ok(terms),
        None => Err(Refusal::LozengeNotRequestable),
    }
}

/// What the profile of an account did; nothing, where there is no such account: then all is refused.
async fn standing_of(reading: &Reading, account: AccountId) -> Result<Standing> {
    match reading.loader().load_one(AccountById(account)).await? {
        Some(account) => {
            let profile = profile(reading, account.profile).await?;
            standing(reading, &profile).await
        }
        None => Ok(Standing::default()),
    }
}

/// The account that asked for a lozenge: the one that is named, or one that is linked with it. Where none
/// did, the one that is named.
async fn who_asked(reading: &Reading, named: AccountId, lozenge: &str) -> Result<AccountId> {
    let Some((account, accounts)) = together(reading, named).await? else {
        return Ok(named);
    };
    let requests = requests(reading, &accounts).await?;
    let waits = |it: &&RequestRow| it.lozenge == lozenge && it.state == RequestState::Waiting;
    let keys = requests.iter().filter(waits).map(|it| it.account);
    one_of(reading, &account, keys.collect()).await
}

/// The account that has a lozenge, in the same way.
async fn who_holds(reading: &Reading, named: AccountId, lozenge: &str) -> Result<AccountId> {
    let Some((account, accounts)) = together(reading, named).await? else {
        return Ok(named);
    };
    let grants = grants(reading, &accounts).await?;
    let held = grants.iter().filter(|it| it.held && it.lozenge == lozenge);
    one_of(reading, &account, held.map(|it| it.account).collect()).await
}

/// An account, and the keys of all that are linked with it, itself among them.
async fn together(
    reading: &Reading,
    account: AccountId,
) -> Result<Option<(std::sync::Arc<AccountRow>, Vec<Key>)>> {
    let Some(account) = reading.loader().load_one(AccountById(account)).await? else {
        return Ok(None);
    };
    let keys = reading.account_keys(account.profile, account.is_linked());
    let keys = keys.await?;
    Ok(Some((account, keys)))
}

/// An account if it is one of some, or if they are none; else the first of them.
async fn one_of(reading: &Reading, named: &AccountRow, keys: Vec<Key>) -> Result<AccountId> {
    match keys.iter().min() {
        Some(first) if !keys.contains(&named.key) => {
            let account = reading.loader().load_one(AccountBy(*first)).await?;
            Ok(referred(account)?.id)
        }
        Some(_) | None => Ok(named.id),
    }
}

/// What some accounts asked for.
async fn requests(reading: &Reading, accounts: &[Key]) -> Result<Vec<RequestRow>> {
    let keys = accounts.iter().copied().map(LozengeRequestsOf);
    let found = reading.loader().load_many(keys).await?;
    Ok(found.into_values().flatten().collect())
}

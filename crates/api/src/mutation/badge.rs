//! Recording badges that were granted elsewhere.

use async_graphql::{
    Context, Error, ErrorExtensions, ID, InputObject, Object, Result, SimpleObject,
};
use plaudit_domain::badge::Grant;
use plaudit_domain::{Command, Refusal};

use crate::account::Account;
use crate::id::NodeId;
use crate::loader::AccountById;
use crate::reading::reading;
use crate::scalar::DateTime;
use crate::schema::OriginInput;

use super::{UserError, failed};

/// What can be done with badges.
#[derive(Debug, Default)]
pub struct BadgeMutation;

/// Badges that were granted elsewhere.
#[derive(Debug, InputObject)]
pub struct BadgeGrantInput {
    /// 1 to 500 badges. All of them are recorded, or none.
    badges: Vec<BadgeInput>,
}

/// A badge that was granted elsewhere.
#[derive(Debug, InputObject)]
pub struct BadgeInput {
    /// The id of the account that has it.
    account_id: ID,
    /// What it is known by there: 1 to 100 letters, digits and - _ . :
    key: String,
    /// Its title: 1 to 200 characters.
    title: String,
    /// When it was granted.
    at: DateTime,
    /// Where it was granted, and under which id: each is recorded once. 1 to 100 letters, digits and
    /// - _ . : in both.
    origin: OriginInput,
}

/// What recording badges answers.
#[derive(Debug, SimpleObject)]
pub struct BadgeGrantPayload {
    /// How many badges were new; null if there are errors.
    recorded: Option<i32>,
    /// The accounts, each once, with their profiles as they are now; null if there are errors.
    accounts: Option<Vec<Account>>,
    /// What has to be put right first. The `field` of each begins with `input`, `badges` and the number
    /// of the badge, from 0.
    user_errors: Vec<UserError>,
}

/// The most badges of one input.
const BADGES_MAX: usize = 500;

#[Object]
impl BadgeMutation {
    /// Records badges that members were granted elsewhere, where they are kept as such: all of them, or
    /// none. What is recorded already changes nothing, so it can be sent again. Services may.
    async fn badge_grant(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which badges.")] input: BadgeGrantInput,
    ) -> Result<Option<BadgeGrantPayload>> {
        let reading = reading(context);
        let request = reading.request(None)?;
        // Once, and not for each badge.
        if !request.actor.roles.service {
            let refusal = Refusal::NotPermitted { who: "services" };
            return Ok(Some(BadgeGrantPayload {
                recorded: None,
                accounts: None,
                user_errors: vec![UserError::refused(&refusal, &[])],
            }));
        }
        let count = input.badges.len();
        if !(1..=BADGES_MAX).contains(&count) {
            let message = format!("{count} badges: send 1 to {BADGES_MAX} at a time");
            let error = Error::new(message);
            return Err(
                error.extend_with(|_, extensions| extensions.set("code", "TOO_MANY_BADGES"))
            );
        }
        let grants = input.badges.into_iter().map(grant);
        let grants = grants.collect::<Result<Vec<Grant>>>()?;
        let mut accounts: Vec<_> = grants.iter().map(|grant| grant.account).collect();
        let commands: Vec<Box<dyn Command>> = grants
            .into_iter()
            .map(|grant| Box::new(grant) as Box<dyn Command>)
            .collect();
        let user_errors = match reading.community.execute_all(&request, &commands).await {
            Ok(Ok(outcome)) => {
                accounts.sort_unstable();
                accounts.dedup();
                let keys = accounts.iter().copied().map(AccountById);
                let mut found = reading.loader().load_many(keys).await?;
                let accounts = accounts.into_iter();
                let accounts = accounts.filter_map(|id| found.remove(&AccountById(id)));
                return Ok(Some(BadgeGrantPayload {
                    recorded: Some(i32::try_from(outcome.recorded).unwrap_or(i32::MAX)),
                    accounts: Some(accounts.map(Account).collect()),
                    user_errors: vec![],
                }));
            }
            Ok(Err(refusals)) => refusals
                .iter()
                .map(|(number, refusal)| {
                    let error = UserError::refused(refusal, &[]).of_badge();
                    error.in_list(&["badges"], *number)
                })
                .collect(),
            Err(error) => vec![failed(error)?],
        };
        Ok(Some(BadgeGrantPayload {
            recorded: None,
            accounts: None,
            user_errors,
        }))
    }
}

impl UserError {
    /// The same, with the field of the badge by the name that it has here.
    fn of_badge(self) -> Self {
        let field = self.field.as_ref().and_then(|field| field.last());
        let path: &[&str] = match field.map(String::as_str) {
            Some("badge") => &["input", "key"],
            Some("source") => &["input", "origin", "source"],
            Some("id") => &["input", "origin", "id"],
            Some(_) | None => return self,
        };
        let path = path.iter().map(|&name| name.to_owned());
        let field = Some(path.collect());
        Self { field, ..self }
    }
}

fn grant(input: BadgeInput) -> Result<Grant> {
    Ok(Grant {
        account: NodeId::account(&input.account_id)?,
        badge: input.key,
        title: input.title,
        at: input.at.0,
        origin: input.origin.into(),
    })
}

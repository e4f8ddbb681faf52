//! Recording badges that were granted elsewhere.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use plaudit_domain::badge::Grant;
use uuid::Uuid;

use crate::account::Account;
use crate::id::NodeId;
use crate::reading::reading;
use crate::scalar::DateTime;
use crate::schema::OriginInput;

use super::UserError;
use super::bulk::{Bulk, Recorded, Wanted};

/// What can be done with badges.
#[derive(Debug, Default)]
pub struct BadgeMutation;

/// Badges that were granted elsewhere.
#[derive(Debug, InputObject)]
pub struct BadgeGrantInput {
    /// 1 to 500 badges. All of them are recorded, or none.
    badges: Vec<BadgeInput>,
    /// A key of your choice, as everywhere. A repeat does nothing again here also without it.
    idempotency_key: Option<Uuid>,
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

#[Object]
impl BadgeMutation {
    /// Records badges that members were granted elsewhere, where they are kept as such: all of them, or
    /// none. What is recorded already changes nothing, so it can be sent again. Services may.
    async fn badge_grant(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which badges.")] input: BadgeGrantInput,
    ) -> Result<Option<BadgeGrantPayload>> {
        let bulk = Bulk {
            list: "badges",
            too_many: "TOO_MANY_BADGES",
        };
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let recorded = bulk.record(reading, &request, input.badges, grant, UserError::of_badge);
        Ok(Some(match recorded.await? {
            Ok(Recorded { recorded, accounts }) => BadgeGrantPayload {
                recorded: Some(recorded),
                accounts: Some(accounts),
                user_errors: vec![],
            },
            Err(user_errors) => BadgeGrantPayload {
                recorded: None,
                accounts: None,
                user_errors,
            },
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

fn grant(input: BadgeInput) -> Result<Wanted> {
    let account = NodeId::account(&input.account_id)?;
    let grant = Grant {
        account,
        badge: input.key,
        title: input.title,
        at: input.at.0,
        origin: input.origin.into(),
    };
    Ok((account, Box::new(grant)))
}

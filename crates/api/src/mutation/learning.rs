//! Recording what members learned.

use async_graphql::{Context, ID, InputObject, Object, OneofObject, Result, SimpleObject};
use plaudit_domain::learning::{Achievement, Record};
use uuid::Uuid;

use crate::account::Account;
use crate::id::NodeId;
use crate::reading::reading;
use crate::scalar::DateTime;

use super::UserError;
use super::bulk::{Bulk, Recorded, Wanted};

/// What can be done with learning.
#[derive(Debug, Default)]
pub struct LearningMutation;

/// What members learned.
#[derive(Debug, InputObject)]
pub struct LearningRecordInput {
    /// 1 to 500 records. All of them are recorded, or none.
    records: Vec<LearningInput>,
    /// A key of your choice, as everywhere. A repeat does nothing again here also without it.
    idempotency_key: Option<Uuid>,
}

/// What a member learned.
#[derive(Debug, InputObject)]
pub struct LearningInput {
    /// The id of the account that learned it.
    account_id: ID,
    /// When: the course was completed, the certification awarded.
    at: DateTime,
    /// What it was.
    achievement: AchievementInput,
}

/// What can be learned.
#[derive(Debug, OneofObject)]
pub enum AchievementInput {
    /// A course was completed. It counts once, however often it is recorded.
    Course(CourseInput),
    /// A certification was awarded, or again for longer.
    Certification(CertificationInput),
}

/// A course.
#[derive(Debug, InputObject)]
pub struct CourseInput {
    /// What the learning platform knows it by: 1 to 100 letters, digits and - _ . :
    key: String,
    /// Its title: 1 to 200 characters.
    title: String,
    /// The name of the badge that comes with it, if one does: 1 to 200 characters.
    badge: Option<String>,
}

/// A certification.
#[derive(Debug, InputObject)]
pub struct CertificationInput {
    /// What the learning platform knows it by: 1 to 100 letters, digits and - _ . :
    key: String,
    /// Its title: 1 to 200 characters.
    title: String,
    /// Whether it is a Certified Designation, which profiles list apart.
    #[graphql(default)]
    is_designation: bool,
    /// When it expires, if it does.
    expires_at: Option<DateTime>,
}

/// What recording learning answers.
#[derive(Debug, SimpleObject)]
pub struct LearningRecordPayload {
    /// How many records were new; null if there are errors.
    recorded: Option<i32>,
    /// The accounts, each once, with their profiles as they are now; null if there are errors.
    accounts: Option<Vec<Account>>,
    /// What has to be put right first. The `field` of each begins with `input`, `records` and the
    /// number of the record, from 0.
    user_errors: Vec<UserError>,
}

#[Object]
impl LearningMutation {
    /// Records what members learned: all of the records, or none. What is recorded already changes
    /// nothing, so it can be sent again. Services may.
    async fn learning_record(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What they learned.")] input: LearningRecordInput,
    ) -> Result<Option<LearningRecordPayload>> {
        let bulk = Bulk {
            list: "records",
            too_many: "TOO_MANY_RECORDS",
        };
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let recorded = bulk.record(reading, &request, input.records, record, |error| error);
        Ok(Some(match recorded.await? {
            Ok(Recorded { recorded, accounts }) => LearningRecordPayload {
                recorded: Some(recorded),
                accounts: Some(accounts),
                user_errors: vec![],
            },
            Err(user_errors) => LearningRecordPayload {
                recorded: None,
                accounts: None,
                user_errors,
            },
        }))
    }
}

fn record(input: LearningInput) -> Result<Wanted> {
    let account = NodeId::account(&input.account_id)?;
    let record = Record {
        account,
        at: input.at.0,
        achievement: match input.achievement {
            AchievementInput::Course(CourseInput { key, title, badge }) => Achievement::Course {
                course: key,
                title,
                badge,
            },
            AchievementInput::Certification(CertificationInput {
                key,
                title,
                is_designation,
                expires_at,
            }) => Achievement::Certification {
                certification: key,
                title,
                designation: is_designation,
                expires_at: expires_at.map(|DateTime(at)| at),
            },
        },
    };
    Ok((account, Box::new(record)))
}

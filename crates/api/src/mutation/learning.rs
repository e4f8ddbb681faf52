//! Recording what members learned.

use async_graphql::{
    Context, Error, ErrorExtensions, ID, InputObject, Object, OneofObject, Result, SimpleObject,
};
use plaudit_domain::learning::{Achievement, Record};
use plaudit_domain::{Command, Refusal};

use crate::account::Account;
use crate::id::NodeId;
use crate::loader::AccountById;
use crate::reading::reading;
use crate::scalar::DateTime;

use super::{UserError, failed};

/// What can be done with learning.
#[derive(Debug, Default)]
pub struct LearningMutation;

/// What members learned.
#[derive(Debug, InputObject)]
pub struct LearningRecordInput {
    /// 1 to 500 records. All of them are recorded, or none.
    records: Vec<LearningInput>,
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

/// The most records of one input.
const RECORDS_MAX: usize = 500;

#[Object]
impl LearningMutation {
    /// Records what members learned: all of the records, or none. What is recorded already changes
    /// nothing, so it can be sent again. Services may.
    async fn learning_record(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What they learned.")] input: LearningRecordInput,
    ) -> Result<Option<LearningRecordPayload>> {
        let reading = reading(context);
        let request = reading.request(None)?;
        // Once, and not for each record.
        if !request.actor.roles.service {
            let refusal = Refusal::NotPermitted { who: "services" };
            return Ok(Some(LearningRecordPayload {
                recorded: None,
                accounts: None,
                user_errors: vec![UserError::refused(&refusal, &[])],
            }));
        }
        let count = input.records.len();
        if !(1..=RECORDS_MAX).contains(&count) {
            let message = format!("{count} records: send 1 to {RECORDS_MAX} at a time");
            let error = Error::new(message);
            return Err(
                error.extend_with(|_, extensions| extensions.set("code", "TOO_MANY_RECORDS"))
            );
        }
        let records = input.records.into_iter().map(record);
        let records = records.collect::<Result<Vec<Record>>>()?;
        let mut accounts: Vec<_> = records.iter().map(|record| record.account).collect();
        let commands: Vec<Box<dyn Command>> = records
            .into_iter()
            .map(|record| Box::new(record) as Box<dyn Command>)
            .collect();
        let user_errors = match reading.community.execute_all(&request, &commands).await {
            Ok(Ok(outcome)) => {
                accounts.sort_unstable();
                accounts.dedup();
                let loader = reading.loader();
                let keys = accounts.iter().copied().map(AccountById);
                let mut found = loader.load_many(keys).await?;
                let accounts = accounts.into_iter();
                let accounts = accounts.filter_map(|id| found.remove(&AccountById(id)));
                return Ok(Some(LearningRecordPayload {
                    recorded: Some(i32::try_from(outcome.recorded).unwrap_or(i32::MAX)),
                    accounts: Some(accounts.map(Account).collect()),
                    user_errors: vec![],
                }));
            }
            Ok(Err(refusals)) => refusals
                .iter()
                .map(|(number, refusal)| {
                    UserError::refused(refusal, &[]).in_list(&["records"], *number)
                })
                .collect(),
            Err(error) => vec![failed(error)?],
        };
        Ok(Some(LearningRecordPayload {
            recorded: None,
            accounts: None,
            user_errors,
        }))
    }
}

fn record(input: LearningInput) -> Result<Record> {
    Ok(Record {
        account: NodeId::account(&input.account_id)?,
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
    })
}

//! What a lozenge requires, and how members meet it (DOMAIN Z5).

use async_graphql::{Context, Enum, Result, SimpleObject};
use plaudit_domain::Time;
use plaudit_domain::requirement::{Answer, Applicant, Requirement, Requirements, Standing};
use plaudit_projection::{Key, Profile as ProfileRow};
use plaudit_store::{Order, Page};

use crate::agreement::accepted;
use crate::loader::{AccountBy, PostsOf, ProfileBy};
use crate::reading::{Reading, reading, referred};

/// What can be required.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Requirement")]
pub enum LozengeRequirementKind {
    /// The latest contribution isn't long ago.
    RecentContribution,
    /// There is a history of contributions.
    Contributions,
    /// No report was upheld lately.
    NoUpheldReport,
    /// The public name carries the company, and is an individual's.
    CompanyInName,
    /// The agreements are accepted in their current versions.
    Agreements,
    /// It is acknowledged to be a privilege that depends on adherence.
    Acknowledgement,
}

/// How something that is required was met when somebody looked.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct LozengeRequirement {
    /// What it is.
    kind: LozengeRequirementKind,
    /// Whether it was met.
    is_met: bool,
    /// Why, or why not and what to do, in words.
    why: String,
}

impl From<Answer> for LozengeRequirement {
    fn from(answer: Answer) -> Self {
        Self {
            kind: answer.requirement.into(),
            is_met: answer.met,
            why: answer.why,
        }
    }
}

impl LozengeRequirement {
    /// Some of them.
    pub fn all(answers: Vec<Answer>) -> Vec<Self> {
        answers.into_iter().map(Self::from).collect()
    }

    /// How who asks meets what a lozenge requires; nothing where nobody can ask for it, and for who isn't
    /// registered.
    pub async fn of_viewer(
        context: &Context<'_>,
        lozenge: &str,
        company: Option<&str>,
    ) -> Result<Option<Vec<Self>>> {
        let reading = reading(context);
        let lozenge = reading.rules().lozenges.find(lozenge);
        let requestable = lozenge.filter(|it| it.request().is_some());
        let terms = requestable.and_then(|it| it.terms());
        let Some((viewer, terms)) = reading.viewer_account().await?.zip(terms) else {
            return Ok(None);
        };
        let profile = profile(reading, viewer.profile).await?;
        let company = company.map(str::trim);
        let found = Found::of(reading, &profile, &terms.requirements).await?;
        let answers = terms
            .requirements
            .answers(&found.applicant(company), reading.now());
        Ok(Some(Self::all(answers)))
    }
}

/// What is known of a member who asks for a lozenge, or holds it.
pub struct Found {
    standing: Standing,
    name: Option<String>,
    named_at: Time,
    names_before: Vec<(Time, String)>,
    accepted: Vec<plaudit_domain::agreement::Agreement>,
}

impl Found {
    /// What is known of a profile, as far as something is required.
    pub async fn of(
        reading: &Reading,
        profile: &ProfileRow,
        requirements: &Requirements,
    ) -> Result<Self> {
        let accounts = reading.account_keys(profile.key, profile.accounts > 1);
        let accounts = accounts.await?;
        let primary = referred(reading.loader().load_one(AccountBy(profile.key)).await?)?;
        Ok(Self {
            standing: standing(reading, profile).await?,
            name: profile.name.clone(),
            named_at: primary.named_at,
            names_before: primary.names_before(),
            accepted: accepted(reading, &accounts, &requirements.agreements).await?,
        })
    }

    /// Them, as somebody who stands for a company. Nothing is acknowledged yet.
    pub fn applicant<'a>(&'a self, company: Option<&'a str>) -> Applicant<'a> {
        Applicant {
            standing: self.standing,
            name: self.name.as_deref(),
            named_at: Some(self.named_at),
            names_before: &self.names_before,
            company,
            accepted: &self.accepted,
            acknowledged: false,
        }
    }
}

/// What a profile did, over all accounts.
pub async fn standing(reading: &Reading, profile: &ProfileRow) -> Result<Standing> {
    let accounts = reading.account_keys(profile.key, profile.accounts > 1);
    let accounts = accounts.await?;
    let page = Page {
        order: Order::Descending,
        after: None,
        limit: 1,
    };
    let latest = accounts.iter().map(|&author| PostsOf { author, page });
    let latest = reading.loader().load_many(latest).await?;
    let latest = latest.into_values().flatten().map(|post| post.created_at);
    Ok(Standing {
        contributions: profile.counts.total_posts(),
        last_contribution_at: latest.max(),
        last_upheld_report_at: last_upheld_report_at(reading, &accounts).await?,
    })
}

/// When a report of a post by some accounts was last upheld.
async fn last_upheld_report_at(reading: &Reading, accounts: &[Key]) -> Result<Option<Time>> {
    let accounts = accounts.iter().copied().map(AccountBy);
    let accounts = reading.loader().load_many(accounts).await?;
    Ok(accounts.values().filter_map(|it| it.upheld_at).max())
}

/// The row of a profile, whoever may see it.
pub async fn profile(reading: &Reading, key: Key) -> Result<std::sync::Arc<ProfileRow>> {
    referred(reading.loader().load_one(ProfileBy(key)).await?)
}

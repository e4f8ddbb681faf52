//! Agreements: what members are asked to accept (DOMAIN Z10).

use async_graphql::{Context, ID, Result, SimpleObject};
use plaudit_domain::agreement::Agreement as Version;
use plaudit_projection::rules::AgreementRule;
use plaudit_projection::{Acceptance, Key};

use crate::id::NodeId;
use crate::loader::AcceptancesOf;
use crate::reading::{Reading, reading};
use crate::scalar::{DateTime, Url};

/// An agreement in its current version.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct Agreement {
    /// Its opaque id: the same in every version.
    #[graphql(owned)]
    pub id: ID,
    /// What programs know it by.
    pub key: String,
    /// Its title.
    title: String,
    /// Its current version. What was accepted in another has to be accepted anew.
    version: String,
    /// Since when that version is in force; null where the rules don't say.
    since: Option<DateTime>,
    /// Where it can be read.
    url: Url,
    /// When who asks accepted this version, with any linked account; null if they didn't.
    viewer_accepted_at: Option<DateTime>,
}

impl Agreement {
    /// All agreements, in the order of the rules.
    pub async fn all(context: &Context<'_>) -> Result<Vec<Self>> {
        let reading = reading(context);
        let accepted = match reading.viewer_account().await? {
            Some(viewer) => {
                let keys = reading.account_keys(viewer.profile, viewer.is_linked());
                acceptances(reading, &keys.await?).await?
            }
            None => vec![],
        };
        let agreements = reading.rules().lozenges.agreements.iter();
        Ok(agreements.map(|rule| Self::of(rule, &accepted)).collect())
    }

    fn of(rule: &AgreementRule, accepted: &[Acceptance]) -> Self {
        let AgreementRule { agreement, url } = rule;
        let of_this = accepted.iter().filter(|it| is_of(it, agreement));
        Self {
            id: NodeId::Agreement(agreement.agreement.clone()).into(),
            key: agreement.agreement.clone(),
            title: agreement.title.clone(),
            version: agreement.version.clone(),
            since: agreement.since.map(DateTime),
            url: Url::in_rules(url),
            viewer_accepted_at: of_this.map(|it| it.at).min().map(DateTime),
        }
    }
}

/// What some accounts accepted.
async fn acceptances(reading: &Reading, accounts: &[Key]) -> Result<Vec<Acceptance>> {
    let keys = accounts.iter().copied().map(AcceptancesOf);
    let found = reading.loader().load_many(keys).await?;
    Ok(found.into_values().flatten().collect())
}

/// Which of some agreements any of some accounts accepted in these versions.
pub async fn accepted(
    reading: &Reading,
    accounts: &[Key],
    agreements: &[Version],
) -> Result<Vec<Version>> {
    if agreements.is_empty() {
        return Ok(vec![]);
    }
    let accepted = acceptances(reading, accounts).await?;
    let is_accepted = |of: &&Version| accepted.iter().any(|it| is_of(it, of));
    Ok(agreements.iter().filter(is_accepted).cloned().collect())
}

fn is_of(acceptance: &Acceptance, agreement: &Version) -> bool {
    (&acceptance.agreement, &acceptance.version) == (&agreement.agreement, &agreement.version)
}

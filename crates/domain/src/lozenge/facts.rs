//! What happens with lozenges.

use serde::{Deserialize, Serialize};

use crate::fact::{Body, Visit};
use crate::id::AccountId;
use crate::personal::{About, Personal, present};
use crate::requirement::Answer;
use crate::stream::StreamName;

/// Somebody asked for a lozenge, or staff did for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requested {
    /// The account that would have it.
    pub account: AccountId,
    /// The primary account of its profile, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<AccountId>,
    /// What the lozenge is known by in the rules.
    pub lozenge: String,
    /// The company that it would stand for (DOMAIN Z4).
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub company: Option<Personal<String>>,
    /// The company's app or service.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub product: Option<Personal<String>>,
    /// What was required, and how it was met.
    pub answers: Vec<Answer>,
    /// Why staff asked for somebody who doesn't meet all of that.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub reason: Option<Personal<String>>,
}

impl Body for Requested {
    fn stream(&self) -> StreamName {
        StreamName::lozenge(self.profile.unwrap_or(self.account))
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            account,
            profile: _,
            lozenge: _,
            company,
            product,
            answers: _,
            reason,
        } = self;
        for value in [company, product, reason].into_iter().flatten() {
            visit(Some(About::identity(*account)), value);
        }
    }
}

/// An account has a lozenge from now on. What was asked for is decided by it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Granted {
    /// The account.
    pub account: AccountId,
    /// The primary account of its profile, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<AccountId>,
    /// What the lozenge is known by in the rules.
    pub lozenge: String,
    /// The company that it stands for.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub company: Option<Personal<String>>,
    /// The company's app or service.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub product: Option<Personal<String>>,
    /// Why, if somebody said so.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub reason: Option<Personal<String>>,
    /// What was required, and how it was met at the decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
}

impl Body for Granted {
    fn stream(&self) -> StreamName {
        StreamName::lozenge(self.profile.unwrap_or(self.account))
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            account,
            profile: _,
            lozenge: _,
            company,
            product,
            reason,
            answers: _,
        } = self;
        for value in [company, product, reason].into_iter().flatten() {
            visit(Some(About::identity(*account)), value);
        }
    }
}

/// What was asked for isn't granted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Denied {
    /// The account that asked.
    pub account: AccountId,
    /// The primary account of its profile, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<AccountId>,
    /// What the lozenge is known by in the rules.
    pub lozenge: String,
    /// Why.
    pub reason: Personal<String>,
    /// What was required, and how it was met at the decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
}

impl Body for Denied {
    fn stream(&self) -> StreamName {
        StreamName::lozenge(self.profile.unwrap_or(self.account))
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            account,
            profile: _,
            lozenge: _,
            reason,
            answers: _,
        } = self;
        visit(Some(About::identity(*account)), reason);
    }
}

/// An account has a lozenge no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// The account.
    pub account: AccountId,
    /// The primary account of its profile, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<AccountId>,
    /// What the lozenge is known by in the rules.
    pub lozenge: String,
    /// Why.
    pub reason: Personal<String>,
}

impl Body for Revoked {
    fn stream(&self) -> StreamName {
        StreamName::lozenge(self.profile.unwrap_or(self.account))
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            account,
            profile: _,
            lozenge: _,
            reason,
        } = self;
        visit(Some(About::identity(*account)), reason);
    }
}

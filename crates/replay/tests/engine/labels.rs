//! Random steps that are about lozenges and agreements.

use plaudit_domain::agreement::{Accept, Accepted};
use plaudit_domain::fact::{AccountFact, LozengeFact};
use plaudit_domain::lozenge::{
    Denied, Deny, Grant, Granted, Request, Requested, Revoke, Revoked, Terms,
};
use plaudit_domain::requirement::{Requirements, Standing};
use plaudit_domain::{AccountId, Command, Fact, Personal};
use proptest::prelude::*;

/// What happens to which lozenge.
#[derive(Debug, Clone)]
pub struct Label {
    what: What,
    lozenge: String,
    company: String,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Accept,
    Ask,
    Grant,
    Deny,
    Revoke,
}

pub fn any_label() -> impl Strategy<Value = Label> {
    let what = prop_oneof![
        2 => Just(What::Accept),
        4 => Just(What::Ask),
        4 => Just(What::Grant),
        2 => Just(What::Deny),
        3 => Just(What::Revoke),
    ];
    let word = || prop_oneof![Just("one"), Just("two")].prop_map(str::to_owned);
    (what, word(), word()).prop_map(|(what, lozenge, company)| Label {
        what,
        lozenge,
        company,
    })
}

/// A company has to be named, and one requirement is never met: staff can do without it.
fn terms() -> Terms {
    Terms {
        names_company: true,
        requirements: Requirements {
            contributions: Some(1),
            ..Requirements::default()
        },
    }
}

impl Label {
    /// Somebody wants it to happen to an account.
    pub fn command(&self, account: AccountId) -> Box<dyn Command> {
        let lozenge = self.lozenge.clone();
        let company = Some(self.company.clone());
        let (terms, standing) = (terms(), Standing::default());
        match self.what {
            What::Accept => Box::new(Accept {
                agreement: lozenge,
                version: self.company.clone(),
                current: company,
            }),
            What::Ask => Box::new(Request {
                account,
                lozenge,
                terms,
                product: company.clone(),
                company,
                acknowledged: true,
                despite_unmet: Some("unmet".into()),
                standing,
            }),
            What::Grant => Box::new(Grant {
                account,
                lozenge,
                terms,
                product: company.clone(),
                company,
                reason: Some("unmet".into()),
                despite_unmet: true,
                standing,
            }),
            What::Deny => Box::new(Deny {
                account,
                lozenge,
                terms,
                reason: "no".into(),
                standing,
            }),
            What::Revoke => Box::new(Revoke {
                account,
                lozenge,
                reason: "no more".into(),
            }),
        }
    }

    /// It happened to an account elsewhere, whatever had happened before.
    pub fn fact(&self, account: AccountId) -> Fact {
        let lozenge = self.lozenge.clone();
        let company = Some(Personal::known(self.company.clone()));
        let reason = Personal::known("imported".to_owned());
        match self.what {
            What::Accept => AccountFact::AgreementAccepted(Accepted {
                account,
                agreement: lozenge,
                version: self.company.clone(),
            })
            .into(),
            What::Ask => LozengeFact::Requested(Requested {
                account,
                profile: None,
                lozenge,
                company,
                product: None,
                answers: vec![],
                reason: None,
            })
            .into(),
            What::Grant => LozengeFact::Granted(Granted {
                account,
                profile: None,
                lozenge,
                company,
                product: None,
                reason: Some(reason),
                answers: vec![],
            })
            .into(),
            What::Deny => LozengeFact::Denied(Denied {
                account,
                profile: None,
                lozenge,
                reason,
                answers: vec![],
            })
            .into(),
            What::Revoke => LozengeFact::Revoked(Revoked {
                account,
                profile: None,
                lozenge,
                reason,
            })
            .into(),
        }
    }
}

//! Public identities.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    };
}

id! {
    /// A login identity.
    AccountId
}
id! {
    /// A question, discussion, article, answer or comment.
    PostId
}

id! {
    /// A forum group or a user group.
    GroupId
}

id! {
    /// Peer kudos that were given.
    GiftId
}

id! {
    /// A meeting of a user group.
    MeetingId
}

id! {
    /// A presentation at a meeting.
    PresentationId
}

id! {
    /// A leader's request for swag or a reimbursement.
    BenefitId
}

/// Where an imported thing was before: `stack-exchange:beer`, `4711`.
///
/// Text from elsewhere that names no person by itself: it stays when personal data goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Kind of place and its name there, like `stack-exchange:beer`.
    pub source: String,
    /// The id that the thing had there.
    pub id: String,
}

/// The root of every id that is derived instead of drawn. It may never change: imports rely on it
/// to record nothing the second time.
const NAMESPACE: Uuid = Uuid::from_u128(0x6c1b_6f0e_52a4_4c0b_9d53_7f1c_8a1d_2e90);

impl Origin {
    /// The id that something of this kind gets whenever it is imported (DESIGN: UUIDv5 of source
    /// and foreign id).
    pub fn derive(&self, kind: &str) -> Uuid {
        derive(&[&self.source, kind, &self.id])
    }
}

/// A UUIDv5 of some words; the same words always give the same id.
pub fn derive(words: &[&str]) -> Uuid {
    Uuid::new_v5(&NAMESPACE, words.join("/").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_never_change() {
        let origin = Origin {
            source: "stack-exchange:beer".into(),
            id: "7".into(),
        };
        assert_eq!(
            origin.derive("account").to_string(),
            "124d7f62-abaa-52a4-8ab6-c73dc401807a"
        );
        assert_ne!(origin.derive("account"), origin.derive("post"));
    }
}

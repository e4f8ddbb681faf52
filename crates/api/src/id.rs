//! Opaque ids: what a thing is and its public id. They survive rebuilds, exports and moves.

use async_graphql::{Error, ErrorExtensions, ID};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaudit_domain::{AccountId, BenefitId, GiftId, GroupId, MeetingId, PostId, PresentationId};
use uuid::Uuid;

/// What an id names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeId {
    /// An account.
    Account(AccountId),
    /// The profile that goes by this primary account.
    Profile(AccountId),
    /// A post.
    Post(PostId),
    /// A group.
    Group(GroupId),
    /// Kudos that a peer gave.
    Gift(GiftId),
    /// What somebody was told.
    Notification(Uuid),
    /// A meeting of a user group.
    Meeting(MeetingId),
    /// A presentation at a meeting.
    Presentation(PresentationId),
    /// A leader's request for swag or a reimbursement.
    Benefit(BenefitId),
    /// Somebody's application to lead a group: asking again brings it back.
    LeadershipApplication(GroupId, AccountId),
    /// What an account asked for last, of this lozenge.
    LozengeRequest(AccountId, String),
    /// An agreement, whatever its version.
    Agreement(String),
    /// A preview of rules.
    RulesPreview(Uuid),
    /// The rules of the community.
    Rules,
    /// How the read models stand.
    Projection,
}

impl NodeId {
    /// Reads an id that this API gave out.
    pub fn parse(id: &ID) -> Result<Self, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(id.as_str()).ok();
        let parts = bytes.as_deref().and_then(<[u8]>::split_first);
        let found = parts.and_then(|(kind, rest)| Self::made_of(*kind, rest));
        found.ok_or_else(|| invalid(id, "anything"))
    }

    fn made_of(kind: u8, rest: &[u8]) -> Option<Self> {
        let uuid = |part: &[u8]| Uuid::from_slice(part).ok();
        let text = |part: &[u8]| String::from_utf8(part.to_vec()).ok();
        let in_two = || rest.split_at_checked(16);
        Some(match kind {
            b'a' => Self::Account(AccountId(uuid(rest)?)),
            b'f' => Self::Profile(AccountId(uuid(rest)?)),
            b'p' => Self::Post(PostId(uuid(rest)?)),
            b'g' => Self::Group(GroupId(uuid(rest)?)),
            b'k' => Self::Gift(GiftId(uuid(rest)?)),
            b'n' => Self::Notification(uuid(rest)?),
            b'm' => Self::Meeting(MeetingId(uuid(rest)?)),
            b's' => Self::Presentation(PresentationId(uuid(rest)?)),
            b'b' => Self::Benefit(BenefitId(uuid(rest)?)),
            b'r' => Self::RulesPreview(uuid(rest)?),
            b'l' => {
                let (group, account) = in_two()?;
                Self::LeadershipApplication(GroupId(uuid(group)?), AccountId(uuid(account)?))
            }
            b'z' => {
                let (account, lozenge) = in_two()?;
                Self::LozengeRequest(AccountId(uuid(account)?), text(lozenge)?)
            }
            b'v' => Self::Agreement(text(rest)?),
            b'u' if rest.is_empty() => Self::Rules,
            b'h' if rest.is_empty() => Self::Projection,
            _ => return None,
        })
    }

    /// Reads the id of an account.
    pub fn account(id: &ID) -> Result<AccountId, Error> {
        let Ok(Self::Account(account)) = Self::parse(id) else {
            return Err(invalid(id, "an account"));
        };
        Ok(account)
    }

    /// Reads the id of a profile.
    pub fn profile(id: &ID) -> Result<AccountId, Error> {
        let Ok(Self::Profile(profile)) = Self::parse(id) else {
            return Err(invalid(id, "a profile"));
        };
        Ok(profile)
    }

    /// Reads the id of a post.
    pub fn post(id: &ID) -> Result<PostId, Error> {
        let Ok(Self::Post(post)) = Self::parse(id) else {
            return Err(invalid(id, "a post"));
        };
        Ok(post)
    }

    /// Reads the id of a notification.
    pub fn notification(id: &ID) -> Result<Uuid, Error> {
        let Ok(Self::Notification(notification)) = Self::parse(id) else {
            return Err(invalid(id, "a notification"));
        };
        Ok(notification)
    }

    /// Reads the id of a group.
    pub fn group(id: &ID) -> Result<GroupId, Error> {
        let Ok(Self::Group(group)) = Self::parse(id) else {
            return Err(invalid(id, "a group"));
        };
        Ok(group)
    }

    /// Reads the id of a meeting.
    pub fn meeting(id: &ID) -> Result<MeetingId, Error> {
        let Ok(Self::Meeting(meeting)) = Self::parse(id) else {
            return Err(invalid(id, "a meeting"));
        };
        Ok(meeting)
    }

    /// Reads the id of a presentation.
    pub fn presentation(id: &ID) -> Result<PresentationId, Error> {
        let Ok(Self::Presentation(presentation)) = Self::parse(id) else {
            return Err(invalid(id, "a presentation"));
        };
        Ok(presentation)
    }

    /// Reads the id of a leader's request.
    pub fn benefit(id: &ID) -> Result<BenefitId, Error> {
        let Ok(Self::Benefit(benefit)) = Self::parse(id) else {
            return Err(invalid(id, "a leader's request"));
        };
        Ok(benefit)
    }

    /// Reads the id of a preview of rules.
    pub fn rules_preview(id: &ID) -> Result<Uuid, Error> {
        let Ok(Self::RulesPreview(preview)) = Self::parse(id) else {
            return Err(invalid(id, "a preview of rules"));
        };
        Ok(preview)
    }
}

impl From<NodeId> for ID {
    fn from(id: NodeId) -> Self {
        let (kind, id) = match id {
            NodeId::Account(AccountId(id)) => (b'a', id),
            NodeId::Profile(AccountId(id)) => (b'f', id),
            NodeId::Post(PostId(id)) => (b'p', id),
            NodeId::Group(GroupId(id)) => (b'g', id),
            NodeId::Gift(GiftId(id)) => (b'k', id),
            NodeId::Notification(id) => (b'n', id),
            NodeId::Meeting(MeetingId(id)) => (b'm', id),
            NodeId::Presentation(PresentationId(id)) => (b's', id),
            NodeId::Benefit(BenefitId(id)) => (b'b', id),
            NodeId::RulesPreview(id) => (b'r', id),
            NodeId::LeadershipApplication(GroupId(group), AccountId(account)) => {
                return made_of(b'l', &[group.as_bytes(), account.as_bytes()]);
            }
            NodeId::LozengeRequest(AccountId(account), lozenge) => {
                return made_of(b'z', &[account.as_bytes(), lozenge.as_bytes()]);
            }
            NodeId::Agreement(agreement) => return made_of(b'v', &[agreement.as_bytes()]),
            NodeId::Rules => return made_of(b'u', &[]),
            NodeId::Projection => return made_of(b'h', &[]),
        };
        let mut bytes = [kind; 17];
        bytes[1..].copy_from_slice(id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes).into()
    }
}

/// An id of other parts than a UUID.
fn made_of(kind: u8, parts: &[&[u8]]) -> ID {
    let mut bytes = vec![kind];
    bytes.extend(parts.iter().copied().flatten());
    URL_SAFE_NO_PAD.encode(bytes).into()
}

/// An id isn't of what it should be.
pub(crate) fn invalid(id: &ID, what: &str) -> Error {
    let shown: String = id.chars().take(64).collect();
    Error::new(format!(
        "{shown:?} is not the id of {what}: use an id that this API gave you"
    ))
    .extend_with(|_, extensions| extensions.set("code", "INVALID_ID"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_what_it_was_made_of() {
        let uuid = Uuid::from_u128(7);
        for id in [
            NodeId::Account(AccountId(uuid)),
            NodeId::Profile(AccountId(uuid)),
            NodeId::Post(PostId(uuid)),
            NodeId::Group(GroupId(uuid)),
            NodeId::Gift(GiftId(uuid)),
            NodeId::Notification(uuid),
            NodeId::Meeting(MeetingId(uuid)),
            NodeId::Presentation(PresentationId(uuid)),
            NodeId::Benefit(BenefitId(uuid)),
            NodeId::LeadershipApplication(GroupId(uuid), AccountId(Uuid::from_u128(8))),
            NodeId::LozengeRequest(AccountId(uuid), "partner".into()),
            NodeId::Agreement("terms".into()),
            NodeId::RulesPreview(uuid),
            NodeId::Rules,
            NodeId::Projection,
        ] {
            assert_eq!(NodeId::parse(&id.clone().into()).unwrap(), id);
        }
    }

    #[test]
    fn an_id_of_something_else_is_refused() {
        let post: ID = NodeId::Post(PostId(Uuid::from_u128(7))).into();
        assert!(NodeId::account(&post).is_err());
        for garbage in [
            "", "x", "post-7", "AAAA", "ä", "dQAA", "bAAA", "egAA", "dv8",
        ] {
            assert!(NodeId::parse(&ID::from(garbage)).is_err(), "{garbage}");
        }
    }
}

//! From what a dump says to what happened: ids, and the facts that take some making.

use std::borrow::Cow;

use plaudit_domain::account::Registered;
use plaudit_domain::fact::{AccountFact, PostFact};
use plaudit_domain::id::derive;
use plaudit_domain::post::Edited;
use plaudit_domain::{AccountId, Fact, NewEvent, Origin, PostId, Time};

/// The site that is imported: all ids derive from its name, so they are the same every time.
pub(super) struct Site {
    source: String,
    /// Comments are numbered apart from posts.
    comments: String,
    /// Voters that nobody knows are no users of the site.
    voters: String,
}

impl Site {
    pub(super) fn new(name: &str) -> Self {
        Self {
            source: format!("stack-exchange:{name}"),
            comments: format!("stack-exchange:{name}:comments"),
            voters: format!("stack-exchange:{name}:voters"),
        }
    }

    /// Where a user, a post or a badge was before.
    pub(super) fn origin(&self, id: i64) -> Origin {
        Origin {
            source: self.source.clone(),
            id: id.to_string(),
        }
    }

    pub(super) fn account(&self, user: i64) -> AccountId {
        AccountId(self.origin(user).derive("account"))
    }

    /// The account of a user, where there is one.
    pub(super) fn account_of(&self, user: Option<i64>) -> Option<AccountId> {
        user.map(|user| self.account(user))
    }

    pub(super) fn post(&self, id: i64) -> PostId {
        PostId(self.origin(id).derive("post"))
    }

    /// The post that another one is on, where there is one.
    pub(super) fn post_of(&self, id: Option<i64>) -> Option<PostId> {
        id.map(|id| self.post(id))
    }

    pub(super) fn comment(&self, id: i64) -> PostId {
        PostId(self.comment_origin(id).derive("post"))
    }

    /// Where a comment was before.
    pub(super) fn comment_origin(&self, id: i64) -> Origin {
        Origin {
            source: self.comments.clone(),
            id: id.to_string(),
        }
    }

    /// What a row of a file tells.
    pub(super) fn event(&self, file: &str, row: i64, at: Time, fact: impl Into<Fact>) -> NewEvent {
        NewEvent {
            id: derive(&[&self.source, "event", file, &row.to_string()]),
            occurred_at: at,
            actor: None,
            correlation: None,
            causation: None,
            imported: true,
            fact: fact.into(),
        }
    }

    /// A user came to be.
    pub(super) fn registered(&self, user: i64, at: Time, name: String) -> NewEvent {
        let registered = Registered {
            account: self.account(user),
            name: name.into(),
            origin: Some(self.origin(user)),
        };
        self.event("Users", user, at, AccountFact::Registered(registered))
    }

    /// The pseudonymous account that cast a vote of which nobody knows whose it was.
    pub(super) fn pseudonym(&self, vote: i64, at: Time) -> (AccountId, NewEvent) {
        let origin = Origin {
            source: self.voters.clone(),
            id: vote.to_string(),
        };
        let account = AccountId(origin.derive("account"));
        let registered = Registered {
            account,
            name: format!("voter {vote}").into(),
            origin: Some(origin),
        };
        let event = self.event("voters", vote, at, AccountFact::Registered(registered));
        (account, event)
    }
}

/// What a row of the post history is about. The numbers are stored in the scratch file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Title = 1,
    Body = 2,
    Tags = 3,
}

impl Field {
    /// By `PostHistoryTypeId`: 1 to 3 are initial, 4 to 6 edits, 7 to 9 rollbacks.
    pub(super) fn of_history(kind: i64) -> Option<Self> {
        match kind {
            1 | 4 | 7 => Some(Self::Title),
            2 | 5 | 8 => Some(Self::Body),
            3 | 6 | 9 => Some(Self::Tags),
            _ => None,
        }
    }

    /// By the number that is stored.
    pub(super) fn stored_as(number: i64) -> Self {
        match number {
            1 => Self::Title,
            3 => Self::Tags,
            _ => Self::Body,
        }
    }

    /// Its text as it is kept in the scratch file: the two ways in which dumps write tags,
    /// `<a><b>` and `|a|b|`, as one, so that they can be compared.
    pub(super) fn stored(self, text: Cow<'_, str>) -> Cow<'_, str> {
        match self {
            Self::Title | Self::Body => text,
            Self::Tags => {
                let tags: Vec<_> = text
                    .split(['<', '>', '|'])
                    .filter(|tag| !tag.is_empty())
                    .collect();
                tags.join("|").into()
            }
        }
    }

    /// What a row of the post history changed.
    pub(super) fn edited(self, post: PostId, author: Option<AccountId>, text: String) -> PostFact {
        let mut edited = Edited {
            post,
            author,
            title: None,
            body: None,
            tags: None,
        };
        match self {
            Self::Title => edited.title = Some(text.into()),
            Self::Body => edited.body = Some(text.into()),
            Self::Tags => edited.tags = Some(tags(&text)),
        }
        PostFact::Edited(edited)
    }
}

/// The tags of a text from the scratch file.
pub(super) fn tags(stored: &str) -> Vec<String> {
    stored
        .split('|')
        .filter(|tag| !tag.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_however_they_are_written() {
        for text in ["<hops><craft-beer>", "|hops|craft-beer|", "hops|craft-beer"] {
            assert_eq!(
                tags(&Field::Tags.stored(text.into())),
                ["hops", "craft-beer"]
            );
        }
        assert!(tags(&Field::Tags.stored("".into())).is_empty());
    }

    #[test]
    fn a_post_and_a_comment_of_the_same_number_are_two() {
        let site = Site::new("beer");
        assert_ne!(site.post(7), site.comment(7));
        assert_ne!(site.origin(7), site.comment_origin(7));
        assert_ne!(site.post(7), Site::new("wine").post(7));
    }
}

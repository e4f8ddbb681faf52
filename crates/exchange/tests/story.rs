//! A history in words: what is recorded, by the numbers that things had where they were.

use std::collections::HashMap;

use plaudit_domain::acceptance::{Accepted, AcceptedAnswer};
use plaudit_domain::account::Registered;
use plaudit_domain::badge::Granted;
use plaudit_domain::fact::{AccountFact, BadgeFact, LikeFact, PostFact, WatchFact};
use plaudit_domain::post::{Affected, Created, Edited};
use plaudit_domain::{AccountId, Event, Fact, PostId};
use uuid::Uuid;

/// Each event in words, like `user 8 likes answer 2 of user 7`.
pub fn told(events: &[Event]) -> Vec<String> {
    let mut story = Story::default();
    events.iter().map(|event| story.tell(&event.fact)).collect()
}

/// What things are called, and who wrote what.
#[derive(Default)]
struct Story {
    names: HashMap<Uuid, String>,
    authors: HashMap<PostId, Option<AccountId>>,
}

impl Story {
    #[track_caller]
    fn name(&self, id: Uuid) -> &str {
        self.names.get(&id).expect("named before it is made")
    }

    fn of(&self, author: Option<impl Into<Id>>) -> &str {
        author.map_or("nobody", |author| self.name(author.into().0))
    }

    fn answer(&self, AcceptedAnswer { answer, author }: AcceptedAnswer) -> String {
        format!("{} of {}", self.name(answer.0), self.of(author))
    }

    fn tell(&mut self, fact: &Fact) -> String {
        match fact {
            Fact::Account(AccountFact::Registered(Registered {
                account,
                name,
                origin,
            })) => {
                let origin = origin.as_ref().unwrap();
                let name = match origin.source.ends_with(":voters") {
                    true => name.get().unwrap().clone(),
                    false => format!("user {}", origin.id),
                };
                self.names.insert(account.0, name.clone());
                name
            }
            Fact::Post(PostFact::Created(Created {
                post,
                kind,
                author,
                parent,
                group: _,
                title,
                body,
                tags,
                origin,
            })) => {
                let name = format!("{kind} {}", origin.as_ref().unwrap().id);
                let mut told = format!("{name} of {}", self.of(*author));
                if let Some(parent) = parent {
                    told += &format!(" on {}", self.name(parent.0));
                }
                if let Some(title) = title {
                    told += &format!(", {:?}", title.get().unwrap());
                }
                told += &format!(": {:?}", body.get().unwrap());
                if !tags.is_empty() {
                    told += &format!(" {tags:?}");
                }
                self.names.insert(post.0, name);
                self.authors.insert(*post, *author);
                told
            }
            Fact::Post(PostFact::Edited(Edited {
                post,
                author,
                title,
                body,
                tags,
            })) => {
                assert_eq!(self.authors[post], *author);
                let mut told = format!("{} edited", self.name(post.0));
                if let Some(title) = title {
                    told += &format!(", {:?}", title.get().unwrap());
                }
                if let Some(body) = body {
                    told += &format!(": {:?}", body.get().unwrap());
                }
                if let Some(tags) = tags {
                    told += &format!(" {tags:?}");
                }
                told
            }
            Fact::Post(PostFact::AnswerAccepted(Accepted {
                question,
                asker,
                accepted,
                replaced,
            })) => {
                let mut told = format!(
                    "{} accepts {} to {}",
                    self.of(*asker),
                    self.answer(*accepted),
                    self.name(question.0)
                );
                if let Some(replaced) = replaced {
                    told += &format!(" instead of {}", self.answer(*replaced));
                }
                told
            }
            Fact::Post(PostFact::Deleted(affected)) => self.affected("deleted", affected),
            Fact::Post(PostFact::Restored(affected)) => self.affected("restored", affected),
            Fact::Like(LikeFact::Liked(like)) => format!(
                "{} likes {} of {}",
                self.name(like.account.0),
                self.name(like.post.0),
                self.of(like.author)
            ),
            Fact::Like(LikeFact::Withdrawn(like)) => format!(
                "{} no longer likes {} of {}",
                self.name(like.account.0),
                self.name(like.post.0),
                self.of(like.author)
            ),
            Fact::Badge(BadgeFact::Granted(Granted {
                account,
                badge,
                title,
                origin,
            })) => {
                assert_eq!(badge, title);
                format!("badge {} of {}: {title:?}", origin.id, self.name(account.0))
            }
            Fact::Watch(WatchFact::Watched(watch)) => format!(
                "{} watches {}",
                self.name(watch.account.0),
                self.name(watch.post.0)
            ),
            Fact::Account(
                AccountFact::Renamed(_)
                | AccountFact::Identified(_)
                | AccountFact::VisibilityChanged(_)
                | AccountFact::ProfileEdited(_)
                | AccountFact::ProfileVisibilityChanged(_)
                | AccountFact::AgreementAccepted(_)
                | AccountFact::AffiliationChanged(_)
                | AccountFact::CalendarOpened(_)
                | AccountFact::Erased(_),
            )
            | Fact::Lozenge(_)
            | Fact::Meeting(_)
            | Fact::Rsvp(_)
            | Fact::Benefit(_)
            | Fact::Report(_)
            | Fact::Notification(_)
            | Fact::Link(_)
            | Fact::LinkCode(_)
            | Fact::Rules(_)
            | Fact::Kudos(_)
            | Fact::Feedback(_)
            | Fact::Learning(_)
            | Fact::Group(_)
            | Fact::Membership(_)
            | Fact::Post(
                PostFact::AcceptanceWithdrawn(_)
                | PostFact::Removed(_)
                | PostFact::Submitted(_)
                | PostFact::Published(_)
                | PostFact::Rejected(_)
                | PostFact::Resubmitted(_),
            )
            | Fact::Watch(
                WatchFact::Unwatched(_) | WatchFact::GroupWatched(_) | WatchFact::GroupUnwatched(_),
            ) => unreachable!("no dump tells this"),
        }
    }

    fn affected(&self, what: &str, affected: &Affected) -> String {
        let mut told = format!(
            "{} of {}",
            self.name(affected.post.0),
            self.of(affected.author)
        );
        if let Some(parent) = affected.parent {
            told += &format!(" on {}", self.name(parent.0));
        }
        if let Some(accepted) = affected.accepted {
            told += &format!(", with {} accepted,", self.answer(accepted));
        }
        told + " " + what
    }
}

/// An account's id as any other.
struct Id(Uuid);

impl From<AccountId> for Id {
    fn from(account: AccountId) -> Self {
        Self(account.0)
    }
}

//! What of the past may be seen changes with what happens today.

use plaudit_domain::fact::{AccountFact, PostFact};
use plaudit_domain::names::{Name, Names};
use plaudit_domain::{Event, Fact};
use plaudit_store::{Store, StoreError};

/// Whether an event, whenever it happened, changes what may be seen of these rows.
pub(super) async fn hides(event: &Event, store: &dyn Store) -> Result<bool, StoreError> {
    let names = || Names::of(&event.fact).needed.into_iter();
    match &event.fact {
        Fact::Link(_)
        | Fact::Account(
            AccountFact::Erased(_)
            | AccountFact::ProfileVisibilityChanged(_)
            | AccountFact::VisibilityChanged(_),
        ) => {
            let accounts: Vec<_> = names().filter_map(account).collect();
            Ok(!store.accounts_by_id(&accounts).await?.is_empty())
        }
        Fact::Post(
            PostFact::Deleted(post) | PostFact::Removed(post) | PostFact::Restored(post),
        ) => Ok(!store.posts_by_id(&[post.post]).await?.is_empty()),
        Fact::Post(
            PostFact::Created(_)
            | PostFact::Edited(_)
            | PostFact::Submitted(_)
            | PostFact::Published(_)
            | PostFact::Rejected(_)
            | PostFact::Resubmitted(_)
            | PostFact::AnswerAccepted(_)
            | PostFact::AcceptanceWithdrawn(_),
        )
        | Fact::Account(
            AccountFact::Registered(_)
            | AccountFact::Renamed(_)
            | AccountFact::Identified(_)
            | AccountFact::ProfileEdited(_)
            | AccountFact::AgreementAccepted(_)
            | AccountFact::AffiliationChanged(_)
            | AccountFact::CalendarOpened(_),
        )
        | Fact::LinkCode(_)
        | Fact::Kudos(_)
        | Fact::Badge(_)
        | Fact::Lozenge(_)
        | Fact::Feedback(_)
        | Fact::Learning(_)
        | Fact::Group(_)
        | Fact::Meeting(_)
        | Fact::Rsvp(_)
        | Fact::Benefit(_)
        | Fact::Membership(_)
        | Fact::Like(_)
        | Fact::Report(_)
        | Fact::Rules(_)
        | Fact::Notification(_)
        | Fact::Watch(_) => Ok(false),
    }
}

fn account(name: Name) -> Option<plaudit_domain::AccountId> {
    match name {
        Name::Account(account) => Some(account),
        Name::Post(_) | Name::Group(_) | Name::Meeting(_) | Name::Benefit(_) => None,
    }
}

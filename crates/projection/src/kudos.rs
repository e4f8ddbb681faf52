//! Who takes part in the kudos programme, and what peers gave each other (DOMAIN K1, K7).

use plaudit_domain::fact::KudosFact;
use plaudit_domain::{Event, GiftId, Time};

use crate::deed::{Action, Deed};
use crate::fold::FoldError;
use crate::row::{Key, row};
use crate::rows::{Keyed, Rows};
use crate::touched::Touched;

row! {
    table "gift", primary (key), index (id), index (giver, at), index (receiver, at);
    /// Kudos that a peer gave.
    pub struct Gift {
        /// The position of its giving.
        pub key: Key,
        /// Its public id.
        pub id: GiftId,
        /// Who gave it.
        pub giver: Key,
        /// Who got it.
        pub receiver: Key,
        /// The post that it is about.
        pub post: Option<Key>,
        /// What it is for, unless that is withheld.
        pub message: Option<String>,
        /// When it was given.
        pub at: Time,
    }
}

row! {
    table "waiting", primary (account), index (since);
    /// An account waits to take part. Once it does, it waits no more.
    pub struct Waiting {
        /// The account.
        pub account: Key,
        /// Since when.
        pub since: Time,
    }
}

impl Keyed for Waiting {
    type Key = Key;

    fn key(&self) -> Key {
        self.account
    }
}

pub(crate) fn touch(fact: &KudosFact, touched: &mut Touched) {
    match fact {
        KudosFact::EnrolmentRequested(requested) => {
            touched.account(requested.profile);
            touched.waiting.insert(requested.profile);
        }
        KudosFact::Enrolled(enrolled) => touched.accounts(enrolled.accounts.iter().copied()),
        KudosFact::Given(given) => {
            touched.accounts([given.giver, given.receiver]);
            touched.posts(given.post);
        }
    }
}

pub(crate) fn fold(fact: &KudosFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    match fact {
        KudosFact::EnrolmentRequested(requested) => {
            // One place for one person, whichever accounts are linked by then.
            let account = rows.account(requested.profile)?;
            let (account, is_enrolled) = (account.key, account.enrolled_at.is_some());
            // Whoever asks again goes on waiting.
            if !is_enrolled && rows.waiting.get(&account).is_none() {
                let since = event.occurred_at;
                rows.waiting.put(Waiting { account, since });
            }
        }
        KudosFact::Enrolled(enrolled) => {
            for account in &enrolled.accounts {
                let account = rows.account(*account)?;
                if account.enrolled_at.is_none() {
                    account.enrolled_at = Some(event.occurred_at);
                    account.enrolled_by = Some(event.position.cast_signed());
                    let account = account.key;
                    rows.waiting.remove(account);
                }
            }
        }
        KudosFact::Given(given) => {
            let giver = rows.account(given.giver)?;
            giver.active(event.occurred_at);
            giver.counts.peer_kudos_given += 1;
            let is_erased = giver.content_erased;
            let gave = Deed::done(Action::KudosGiven, giver, event);
            let receiver = rows.account(given.receiver)?;
            receiver.counts.peer_kudos_received += 1;
            let got = Deed::done(Action::KudosReceived, receiver, event);
            let post = match given.post {
                Some(post) => Some(rows.posts.get_mut(post)?.subject()),
                None => None,
            };
            let about = |deed: Deed| match post {
                Some(post) => deed.about(post),
                None => deed,
            };
            let (got, gave) = (about(got), about(gave));
            rows.gifts.push(Gift {
                key: Key(event.position.cast_signed()),
                id: given.gift,
                giver: gave.account,
                receiver: got.account,
                post: post.map(|subject| subject.post),
                message: given.message.get().filter(|_| !is_erased).cloned(),
                at: event.occurred_at,
            });
            // Histories from elsewhere may have gifts to oneself: nobody earns by them.
            if got.account != gave.account {
                rows.deeds.extend([got, gave]);
            }
        }
    }
    Ok(())
}

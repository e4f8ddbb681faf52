//! Accounts, with what each did and received (DOMAIN P4, P5).

use plaudit_domain::account::{Registered, Renamed};
use plaudit_domain::fact::AccountFact;
use plaudit_domain::post::Kind;
use plaudit_domain::{AccountId, Event, Time};

use crate::fold::FoldError;
use crate::row::{Key, fields, row};
use crate::rows::{Entity, Rows};
use crate::touched::Touched;

row! {
    table "account", primary (key), unique (id), index (profile), index (source, source_id);
    /// An account.
    pub struct Account {
        /// The position of its registration.
        pub key: Key,
        /// Its public id.
        pub id: AccountId,
        /// The primary account of the profile that it belongs to: itself, while it is not linked.
        pub profile: Key,
        /// Its name, unless it is withheld.
        pub name: Option<String>,
        /// Where an imported account was before.
        pub source: Option<String>,
        /// Its id there.
        pub source_id: Option<String>,
        /// When it came to be.
        pub registered_at: Time,
        /// What it did and received.
        pub counts: Counts,
    }
}

fields! {
    /// What an account, or a profile, did and received. Nothing deleted counts (DOMAIN F4).
    #[derive(Default)]
    pub struct Counts {
        /// Questions asked.
        pub questions: i64,
        /// Discussions opened.
        pub discussions: i64,
        /// Answers given.
        pub answers: i64,
        /// Articles published.
        pub articles: i64,
        /// Comments made.
        pub comments: i64,
        /// Answers that are accepted.
        pub accepted_solutions: i64,
        /// Likes of posts of any kind.
        pub likes_received: i64,
        /// Likes of others' posts.
        pub likes_given: i64,
        /// When the first post other than a comment was written; deleted ones count here, for
        /// they were written.
        pub first_post_at: Option<Time>,
        /// When the latest post other than a comment was written, deleted ones too.
        pub last_post_at: Option<Time>,
    }
}

impl Counts {
    /// Every question, discussion, answer, article and comment (DOMAIN P5).
    pub fn total_posts(&self) -> i64 {
        self.questions + self.discussions + self.answers + self.articles + self.comments
    }

    /// The count of one kind of post.
    pub fn of_kind(&mut self, kind: Kind) -> &mut i64 {
        match kind {
            Kind::Question => &mut self.questions,
            Kind::Discussion => &mut self.discussions,
            Kind::Article => &mut self.articles,
            Kind::Answer => &mut self.answers,
            Kind::Comment => &mut self.comments,
        }
    }

    /// Notes when something was posted. Comments don't count as first or latest post.
    pub fn posted(&mut self, kind: Kind, at: Time) {
        if kind != Kind::Comment {
            self.first_post_at = Some(self.first_post_at.map_or(at, |first| first.min(at)));
            self.last_post_at = self.last_post_at.max(Some(at));
        }
    }

    /// Adds what another account did and received (DOMAIN L11).
    pub fn add(&mut self, other: &Self) {
        let Self {
            questions,
            discussions,
            answers,
            articles,
            comments,
            accepted_solutions,
            likes_received,
            likes_given,
            first_post_at,
            last_post_at,
        } = other;
        self.questions += questions;
        self.discussions += discussions;
        self.answers += answers;
        self.articles += articles;
        self.comments += comments;
        self.accepted_solutions += accepted_solutions;
        self.likes_received += likes_received;
        self.likes_given += likes_given;
        self.first_post_at = self.first_post_at.into_iter().chain(*first_post_at).min();
        self.last_post_at = self.last_post_at.max(*last_post_at);
    }
}

impl Entity for Account {
    type Id = AccountId;

    fn id(&self) -> AccountId {
        self.id
    }

    fn key(&self) -> Key {
        self.key
    }
}

pub(crate) fn touch(fact: &AccountFact, touched: &mut Touched) {
    match fact {
        AccountFact::Registered(Registered { account, .. })
        | AccountFact::Renamed(Renamed { account, .. }) => touched.account(*account),
    }
}

pub(crate) fn fold(fact: &AccountFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    match fact {
        AccountFact::Registered(registered) => {
            let name = registered.name.get().cloned();
            // Histories from elsewhere may register twice: the first one made the account.
            if let Some(account) = rows.accounts.find_mut(registered.account) {
                account.name = name;
                return Ok(());
            }
            let key = Key(event.position.cast_signed());
            let origin = registered.origin.clone();
            rows.accounts.insert(Account {
                key,
                id: registered.account,
                profile: key,
                name,
                source: origin.as_ref().map(|origin| origin.source.clone()),
                source_id: origin.map(|origin| origin.id),
                registered_at: event.occurred_at,
                counts: Counts::default(),
            });
        }
        AccountFact::Renamed(renamed) => {
            rows.account(renamed.account)?.name = renamed.name.get().cloned();
        }
    }
    Ok(())
}

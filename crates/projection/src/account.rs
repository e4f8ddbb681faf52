//! Accounts, with what each did and received (DOMAIN P2, P4, P5, P7).

use plaudit_domain::account::{AccountKind, Identified, Registered, Renamed, VisibilityChanged};
use plaudit_domain::affiliation::Affiliation;
use plaudit_domain::erasure::{Content, Erased};
use plaudit_domain::fact::AccountFact;
use plaudit_domain::post::Kind;
use plaudit_domain::{
    AccountId, Event, Time, Visibility, affiliation, agreement, calendar, notification, profile,
};

use crate::about;
use crate::fold::FoldError;
use crate::row::{Key, List, Origin, fields, row};
use crate::rows::{Entity, Rows};
use crate::rsvp;
use crate::touched::Touched;

row! {
    table "account", primary (key), unique (id), index (profile), index (source, source_id),
        index (calendar);
    /// An account.
    pub struct Account {
        /// The position of its registration.
        pub key: Key,
        /// Its public id.
        pub id: AccountId,
        /// The primary account of the profile that it belongs to: itself, while it is not linked.
        pub profile: Key,
        /// How many accounts are linked to it.
        pub linked: i64,
        /// Its name, unless it is withheld.
        pub name: Option<String>,
        /// Since when it is called so.
        pub named_at: Time,
        /// Its names before, in order: each with since when it was called so, in microseconds.
        pub former_names: List,
        /// The address of its picture.
        pub picture: Option<String>,
        /// Whose its address is.
        pub kind: AccountKind,
        /// Who sees its name and picture where its profile is private (DOMAIN P7).
        pub visibility: Visibility,
        /// Who sees its profile, as far as it goes by this account (DOMAIN P6).
        pub profile_visibility: Visibility,
        /// For whom its owner works, as far as that matters (DOMAIN G2).
        pub affiliation: Option<Affiliation>,
        /// A hash of the secret in the address of its calendar, if its owner asked for one.
        pub calendar: Option<String>,
        /// Whether it is never linked again: it is about to be erased.
        pub withdrawn: bool,
        /// Whether its personal data was erased.
        pub erased: bool,
        /// Whether what it wrote was erased, too.
        pub content_erased: bool,
        /// Where an imported account was before.
        pub origin: Option<Box<Origin>>,
        /// When it came to be.
        pub registered_at: Time,
        /// When it last did something that others can see: wrote, liked, joined, learned.
        pub last_active_at: Option<Time>,
        /// Since when it takes part in the kudos programme by itself: where everybody does, most don't
        /// need to.
        pub enrolled_at: Option<Time>,
        /// The position of the event by which it does.
        pub enrolled_by: Option<i64>,
        /// When a report of a post of its was upheld for the last time.
        pub upheld_at: Option<Time>,
        /// What it doesn't want to be told, by the names of kinds of notification.
        pub muted: List,
        /// Up to when it has read all that it was told.
        pub read_until: Option<Time>,
        /// Kudos points: what its entries in the ledger add up to.
        pub points: i64,
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
        /// Courses completed; of a profile different ones (DOMAIN L12).
        pub courses_completed: i64,
        /// Kudos that peers gave it.
        pub peer_kudos_received: i64,
        /// Kudos that it gave to peers.
        pub peer_kudos_given: i64,
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
            courses_completed,
            peer_kudos_received,
            peer_kudos_given,
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
        self.courses_completed += courses_completed;
        self.peer_kudos_received += peer_kudos_received;
        self.peer_kudos_given += peer_kudos_given;
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

impl Account {
    /// Whether it makes up a profile with others.
    pub fn is_linked(&self) -> bool {
        self.profile != self.key || self.linked > 0
    }

    /// Whether its owner doesn't want to be told something of a kind.
    pub fn mutes(&self, kind: notification::Kind) -> bool {
        let muted = self.muted.to_vec();
        muted.iter().any(|name| name == kind.as_str())
    }

    /// Notes that it did something.
    pub(crate) fn active(&mut self, at: Time) {
        self.last_active_at = self.last_active_at.max(Some(at));
    }
}

/// So many former names are kept: the latest.
const FORMER_NAMES: usize = 50;

impl Account {
    fn rename(&mut self, name: Option<String>, at: Time) {
        // Also by the same name: where names are withheld nobody can tell.
        let mut names = self.former_names.to_vec();
        let before = self.name.take().unwrap_or_default();
        names.push(format!("{} {before}", self.named_at.as_micros()));
        let kept = names.len().saturating_sub(FORMER_NAMES);
        self.former_names = List::new(&names[kept..]);
        self.name = name;
        self.named_at = at;
    }

    /// What it was called before, in order, each with since when.
    pub fn names_before(&self) -> Vec<(Time, String)> {
        let names = self.former_names.to_vec().into_iter();
        let name = |name: String| {
            let (at, name) = name.split_once(' ')?;
            Some((Time::from_micros(at.parse().ok()?), name.to_owned()))
        };
        names.filter_map(name).collect()
    }
}

pub(crate) fn touch(fact: &AccountFact, touched: &mut Touched) {
    match fact {
        AccountFact::Registered(Registered { account, .. })
        | AccountFact::Renamed(Renamed { account, .. })
        | AccountFact::Identified(Identified { account, .. })
        | AccountFact::VisibilityChanged(VisibilityChanged { account, .. }) => {
            touched.account(*account);
        }
        // The account that they were made from is changed by nothing but facts of its own.
        AccountFact::ProfileEdited(profile::Edited { account, .. }) => {
            touched.account(*account);
            touched.about.insert(*account);
        }
        AccountFact::ProfileVisibilityChanged(profile::VisibilityChanged { account, .. }) => {
            touched.account(*account);
        }
        AccountFact::AffiliationChanged(affiliation::Changed { account, .. })
        | AccountFact::CalendarOpened(calendar::Opened { account, .. }) => {
            touched.account(*account);
        }
        AccountFact::AgreementAccepted(agreement::Accepted { account, .. }) => {
            touched.account(*account);
            touched.acceptances_of.insert(*account);
        }
        AccountFact::Erased(Erased { account, content }) => {
            touched.account(*account);
            touched.about.insert(*account);
            touched.lozenges_of.insert(*account);
            touched.places_of.insert(*account);
            match content {
                Content::Keep => {}
                Content::Remove => {
                    touched.posts_of.insert(*account);
                }
            }
        }
    }
}

pub(crate) fn fold(fact: &AccountFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    match fact {
        AccountFact::Registered(registered) => register(registered, event, rows),
        AccountFact::Renamed(renamed) => {
            let account = rows.account(renamed.account)?;
            if !account.erased {
                account.rename(renamed.name.get().cloned(), event.occurred_at);
            }
        }
        AccountFact::Identified(identified) => {
            let account = rows.account(identified.account)?;
            if let Some(kind) = identified.kind {
                account.kind = kind;
            }
            if !account.erased {
                if let Some(name) = &identified.name {
                    account.rename(name.get().cloned(), event.occurred_at);
                }
                if let Some(picture) = &identified.picture {
                    account.picture = picture.get().cloned();
                }
            }
        }
        AccountFact::VisibilityChanged(changed) => {
            rows.account(changed.account)?.visibility = changed.visibility;
        }
        AccountFact::ProfileEdited(edited) => about::edit(edited, rows)?,
        AccountFact::ProfileVisibilityChanged(changed) => {
            rows.account(changed.account)?.profile_visibility = changed.visibility;
        }
        AccountFact::AffiliationChanged(changed) => {
            let account = rows.account(changed.account)?;
            if !account.erased {
                account.affiliation = changed.affiliation;
            }
        }
        AccountFact::CalendarOpened(opened) => {
            let account = rows.account(opened.account)?;
            if !account.erased {
                account.calendar = Some(opened.code.to_string());
            }
        }
        AccountFact::AgreementAccepted(accepted) => {
            crate::agreement::fold(accepted, event, rows)?;
        }
        AccountFact::Erased(erased) => erase(erased, event, rows)?,
    }
    Ok(())
}

fn register(registered: &Registered, event: &Event, rows: &mut Rows) {
    let name = registered.name.get().cloned();
    // Histories from elsewhere may register twice: the first one made the account.
    if let Some(account) = rows.accounts.find_mut(registered.account) {
        if !account.erased {
            account.rename(name, event.occurred_at);
        }
        return;
    }
    let key = Key(event.position.cast_signed());
    rows.accounts.insert(Account {
        key,
        id: registered.account,
        profile: key,
        linked: 0,
        name,
        named_at: event.occurred_at,
        former_names: List::new(&[]),
        picture: None,
        kind: AccountKind::default(),
        visibility: Visibility::default(),
        profile_visibility: Visibility::default(),
        affiliation: None,
        calendar: None,
        withdrawn: false,
        erased: false,
        content_erased: false,
        origin: Origin::of(registered.origin.as_ref()),
        registered_at: event.occurred_at,
        last_active_at: None,
        enrolled_at: None,
        enrolled_by: None,
        upheld_at: None,
        muted: List::new(&[]),
        read_until: None,
        points: 0,
        counts: Counts::default(),
    });
}

/// Takes away what says whose an account was, and what it wrote where that is to go, too. It stays
/// erased, whatever a history from elsewhere tells of it later.
fn erase(erased: &Erased, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let account = rows.account(erased.account)?;
    account.erased = true;
    account.name = None;
    account.former_names = List::new(&[]);
    account.picture = None;
    account.affiliation = None;
    account.calendar = None;
    account.content_erased |= erased.content == Content::Remove;
    let (key, content) = (account.key, account.content_erased);
    rows.about.remove(key);
    rows.erased = true;
    rows.erase_identity_of(key);
    if content {
        rows.erase_content_of(key);
    }
    rsvp::give_up_places(key, event, rows)
}

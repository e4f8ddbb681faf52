//! Accounts: login identities (DOMAIN P2, P7, L1).

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::affiliation::Affiliation;
use crate::agreement;
use crate::decide::{Actor, Command, History, State};
use crate::erasure::Content;
use crate::fact::{AccountFact, Body, Fact, Visit};
use crate::id::{AccountId, Origin};
use crate::link_code::CodeHash;
use crate::links::Links;
use crate::personal::{About, Personal, present};
use crate::refusal::Refusal;
use crate::stream::StreamName;
use crate::text;
use crate::visibility::Visibility;

// Facts

/// An account came to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registered {
    /// The account.
    pub account: AccountId,
    /// The name that everybody sees.
    pub name: Personal<String>,
    /// Where an imported account was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

impl Body for Registered {
    fn stream(&self) -> StreamName {
        StreamName::account(self.account)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            account,
            name,
            origin: _,
        } = self;
        visit(Some(About::identity(*account)), name);
    }
}

/// An account got another name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renamed {
    /// The account.
    pub account: AccountId,
    /// Its name from now on.
    pub name: Personal<String>,
}

impl Body for Renamed {
    fn stream(&self) -> StreamName {
        StreamName::account(self.account)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self { account, name } = self;
        visit(Some(About::identity(*account)), name);
    }
}

/// The kinds of account (DOMAIN L1). The names are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountKind {
    /// Its address is its owner's. So is it as long as nobody says otherwise.
    #[default]
    Personal,
    /// Its address is managed by an organisation.
    Managed,
}

impl AccountKind {
    /// The stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Managed => "managed",
        }
    }

    /// What has a stored name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Personal, Self::Managed]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// The identity provider told something about an account that it hadn't told before. What is absent
/// it didn't tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identified {
    /// The account.
    pub account: AccountId,
    /// Its name.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub name: Option<Personal<String>>,
    /// The address of its picture.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub picture: Option<Personal<String>>,
    /// Its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<AccountKind>,
}

impl Body for Identified {
    fn stream(&self) -> StreamName {
        StreamName::account(self.account)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            account,
            name,
            picture,
            kind: _,
        } = self;
        for value in [name, picture].into_iter().flatten() {
            visit(Some(About::identity(*account)), value);
        }
    }
}

/// An account's name and picture are shown to others than before, where its profile is private
/// (DOMAIN P7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisibilityChanged {
    /// The account.
    pub account: AccountId,
    /// Who may see them from now on.
    pub visibility: Visibility,
}

impl Body for VisibilityChanged {
    fn stream(&self) -> StreamName {
        StreamName::account(self.account)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            account: _,
            visibility: _,
        } = self;
    }
}

// Fold

/// What an account is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Account {
    name: Option<Personal<String>>,
    /// What the identity provider said last.
    identified: Claims,
    visibility: Visibility,
    affiliation: Option<Affiliation>,
    /// Agreements with their versions.
    accepted: BTreeSet<(String, String)>,
    calendar: Option<CodeHash>,
    erased: Option<Content>,
}

/// Refuses what is about an account that isn't registered, or was erased.
pub(crate) fn is_here(account: AccountId, history: &History) -> Result<(), Refusal> {
    let state: Account = history.state(&StreamName::account(account));
    match state.is_here() {
        true => Ok(()),
        false => Err(Refusal::AccountNotFound { account }),
    }
}

impl Account {
    /// Whether it came to be.
    pub fn is_registered(&self) -> bool {
        self.name.is_some()
    }

    /// Whether its personal data was erased.
    pub fn is_erased(&self) -> bool {
        self.erased.is_some()
    }

    /// What became of what it wrote, if its personal data was erased.
    pub fn erased(&self) -> Option<Content> {
        self.erased
    }

    /// Whether it came to be and wasn't erased.
    pub fn is_here(&self) -> bool {
        self.is_registered() && !self.is_erased()
    }

    /// For whom its owner works, as far as that matters.
    pub fn affiliation(&self) -> Option<Affiliation> {
        self.affiliation
    }

    /// Whether it accepted an agreement in a version.
    pub fn has_accepted(&self, agreement: &str, version: &str) -> bool {
        let mut accepted = self.accepted.iter();
        accepted.any(|(its, of)| its == agreement && of == version)
    }

    /// A hash of the secret in the address of its calendar.
    pub fn calendar(&self) -> Option<CodeHash> {
        self.calendar
    }

    /// Its name, unless that is withheld.
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref()?.get().map(String::as_str)
    }

    /// Whose its address is.
    pub fn kind(&self) -> AccountKind {
        self.identified.kind.unwrap_or_default()
    }
}

impl State for Account {
    type Fact = AccountFact;

    fn apply(&mut self, fact: &AccountFact) {
        match fact {
            AccountFact::Registered(Registered { name, .. })
            | AccountFact::Renamed(Renamed { name, .. }) => self.name = Some(name.clone()),
            AccountFact::Identified(Identified {
                account: _,
                name,
                picture,
                kind,
            }) => {
                if name.is_some() {
                    self.name.clone_from(name);
                }
                let told = |value: &Option<Personal<String>>| value.as_ref()?.get().cloned();
                self.identified.learn(&Claims {
                    name: told(name),
                    picture: told(picture),
                    kind: *kind,
                });
            }
            AccountFact::VisibilityChanged(changed) => self.visibility = changed.visibility,
            AccountFact::AgreementAccepted(agreement::Accepted {
                account: _,
                agreement,
                version,
            }) => {
                self.accepted.insert((agreement.clone(), version.clone()));
            }
            AccountFact::AffiliationChanged(changed) => self.affiliation = changed.affiliation,
            AccountFact::CalendarOpened(opened) => self.calendar = Some(opened.code),
            AccountFact::Erased(erased) => {
                if self.erased != Some(Content::Remove) {
                    self.erased = Some(erased.content);
                }
            }
            // What they tell stands in the streams of all accounts that were ever linked: see
            // `profile`.
            AccountFact::ProfileEdited(_) | AccountFact::ProfileVisibilityChanged(_) => {}
        }
    }
}

// Decisions

/// The most characters of a name.
pub const NAME_MAX: usize = 100;

/// Registers the actor's own account. Registering again changes nothing.
#[derive(Debug, Clone)]
pub struct Register {
    /// The name that everybody will see.
    pub name: String,
}

impl Command for Register {
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::account(actor.account)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let account: Account = history.state(&self.writes(actor, history.links()));
        if account.is_registered() {
            return Ok(vec![]);
        }
        let registered = Registered {
            account: actor.account,
            name: valid_name(&self.name)?,
            origin: None,
        };
        Ok(vec![AccountFact::Registered(registered).into()])
    }

    fn registers_its_actor(&self) -> bool {
        true
    }
}

/// Gives the actor's own account another name.
#[derive(Debug, Clone)]
pub struct Rename {
    /// The new name.
    pub name: String,
}

impl Command for Rename {
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::account(actor.account)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let account: Account = history.state(&self.writes(actor, history.links()));
        let name = valid_name(&self.name)?;
        if account.name.as_ref() == Some(&name) {
            return Ok(vec![]);
        }
        let renamed = Renamed {
            account: actor.account,
            name,
        };
        Ok(vec![AccountFact::Renamed(renamed).into()])
    }
}

/// What an identity provider says of somebody who logs in. What is absent it doesn't say.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Claims {
    /// Their name.
    pub name: Option<String>,
    /// The address of their picture.
    pub picture: Option<String>,
    /// Whose their address is.
    pub kind: Option<AccountKind>,
}

/// Names don't reach logs.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            picture,
            kind,
        } = self;
        f.debug_struct("Claims")
            .field("name", &name.is_some())
            .field("picture", &picture.is_some())
            .field("kind", kind)
            .finish()
    }
}

/// The most characters of a picture's address.
pub const PICTURE_MAX: usize = 2_000;

impl Claims {
    /// These claims in the form in which they are kept. Whoever logs in can't put right what their
    /// provider says: so what is too long is cut, and what can't be shown is left out.
    fn tidied(&self) -> Self {
        let name = self.name.as_deref().map(|name| {
            let shown = name.chars().filter(|c| !c.is_control());
            let shown: String = shown.take(NAME_MAX).collect();
            text::line(&shown, NAME_MAX)
        });
        let is_address = |url: &String| {
            url.starts_with("https://")
                && url.chars().count() <= PICTURE_MAX
                && !url.chars().any(|c| c.is_control() || c.is_whitespace())
        };
        Self {
            name: name.flatten(),
            picture: self.picture.clone().filter(is_address),
            kind: self.kind,
        }
    }

    /// What of these another time didn't say, or said otherwise.
    fn news_to(&self, before: &Self) -> Self {
        fn news<T: Clone + PartialEq>(now: &Option<T>, before: &Option<T>) -> Option<T> {
            now.clone().filter(|_| now != before)
        }
        Self {
            name: news(&self.name, &before.name),
            picture: news(&self.picture, &before.picture),
            kind: news(&self.kind, &before.kind),
        }
    }

    fn learn(&mut self, news: &Self) {
        let Self {
            name,
            picture,
            kind,
        } = news;
        self.name = name.clone().or(self.name.take());
        self.picture = picture.clone().or(self.picture.take());
        self.kind = kind.or(self.kind);
    }
}

/// Somebody logs in: the first time registers their account, later ones bring what their provider
/// says anew (DOMAIN P2). Without a name nothing is registered.
#[derive(Debug, Clone)]
pub struct LogIn {
    /// What the provider says.
    pub claims: Claims,
}

impl Command for LogIn {
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::account(actor.account)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let account: Account = history.state(&self.writes(actor, history.links()));
        let claims = self.claims.tidied();
        let mut facts = Vec::new();
        if !account.is_registered() {
            let Some(name) = claims.name.clone() else {
                return Ok(vec![]);
            };
            let registered = Registered {
                account: actor.account,
                name: name.into(),
                origin: None,
            };
            facts.push(AccountFact::Registered(registered).into());
        }
        let news = claims.news_to(&account.identified);
        if news != Claims::default() {
            let identified = Identified {
                account: actor.account,
                name: news.name.map(Personal::known),
                picture: news.picture.map(Personal::known),
                kind: news.kind,
            };
            facts.push(AccountFact::Identified(identified).into());
        }
        Ok(facts)
    }

    fn registers_its_actor(&self) -> bool {
        true
    }
}

/// Says who may see the name and picture of the actor's own account, where its profile is private
/// (DOMAIN P7).
#[derive(Debug, Clone)]
pub struct ChangeVisibility {
    /// Who may see them from now on.
    pub visibility: Visibility,
}

impl Command for ChangeVisibility {
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::account(actor.account)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let account: Account = history.state(&self.writes(actor, history.links()));
        if account.visibility == self.visibility {
            return Ok(vec![]);
        }
        let changed = VisibilityChanged {
            account: actor.account,
            visibility: self.visibility,
        };
        Ok(vec![AccountFact::VisibilityChanged(changed).into()])
    }
}

fn valid_name(name: &str) -> Result<Personal<String>, Refusal> {
    let name = text::line(name, NAME_MAX).ok_or(Refusal::NameInvalid { max: NAME_MAX })?;
    Ok(Personal::known(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::{ada, given, registered, renamed};

    #[test]
    fn somebody_new_registers() {
        given([])
            .when(
                ada(),
                Register {
                    name: " Ada ".into(),
                },
            )
            .then([registered(ada(), "Ada")]);
    }

    #[test]
    fn registering_again_records_nothing() {
        given([registered(ada(), "Ada")])
            .when(ada(), Register { name: "Eve".into() })
            .then([]);
    }

    #[test]
    fn a_rename_is_recorded() {
        given([registered(ada(), "Ada")])
            .when(
                ada(),
                Rename {
                    name: "Ada L.".into(),
                },
            )
            .then([renamed(ada(), "Ada L.")]);
    }

    #[test]
    fn a_rename_to_the_same_name_records_nothing() {
        given([registered(ada(), "Ada")])
            .when(
                ada(),
                Rename {
                    name: "Ada ".into(),
                },
            )
            .then([]);
    }

    #[test]
    fn nobody_renames_an_account_that_is_not_registered() {
        given([])
            .when(ada(), Rename { name: "Ada".into() })
            .then_refused(Refusal::ActorNotRegistered);
    }

    #[test]
    fn names_are_neither_empty_nor_endless_nor_of_several_lines() {
        for name in ["", "  ", "a\nb", &"x".repeat(NAME_MAX + 1)] {
            given([])
                .when(ada(), Register { name: name.into() })
                .then_refused(Refusal::NameInvalid { max: NAME_MAX });
        }
    }

    fn claims(name: &str) -> Claims {
        Claims {
            name: Some(name.into()),
            picture: Some("https://example.org/ada.png".into()),
            kind: Some(AccountKind::Managed),
        }
    }

    fn told(name: Option<&str>, picture: Option<&str>, kind: Option<AccountKind>) -> Fact {
        let text = |text: &str| Personal::known(text.to_owned());
        AccountFact::Identified(Identified {
            account: ada(),
            name: name.map(text),
            picture: picture.map(text),
            kind,
        })
        .into()
    }

    fn log_in(claims: Claims) -> LogIn {
        LogIn { claims }
    }

    fn all_told() -> Fact {
        let picture = Some("https://example.org/ada.png");
        told(Some("Ada"), picture, Some(AccountKind::Managed))
    }

    #[test]
    fn p2_the_first_log_in_registers() {
        given([])
            .when(ada(), log_in(claims("Ada")))
            .then([registered(ada(), "Ada"), all_told()]);
    }

    #[test]
    fn p2_later_ones_bring_what_is_new_and_only_that() {
        let known = || given([registered(ada(), "Ada"), all_told()]);
        known().when(ada(), log_in(claims("Ada"))).then([]);
        known()
            .when(ada(), log_in(claims("Ada L.")))
            .then([told(Some("Ada L."), None, None)]);
        known().when(ada(), log_in(Claims::default())).then([]);
    }

    #[test]
    fn a_name_that_was_chosen_here_stays_until_the_provider_tells_another() {
        let renamed = || {
            given([
                registered(ada(), "Ada"),
                all_told(),
                renamed(ada(), "Countess"),
            ])
        };
        renamed().when(ada(), log_in(claims("Ada"))).then([]);
        renamed()
            .when(ada(), log_in(claims("Ada L.")))
            .then([told(Some("Ada L."), None, None)]);
    }

    #[test]
    fn l1_the_kind_of_an_account_is_what_the_provider_says() {
        let personal = Claims {
            kind: Some(AccountKind::Personal),
            ..Claims::default()
        };
        given([registered(ada(), "Ada"), all_told()])
            .when(ada(), log_in(personal))
            .then([told(None, None, Some(AccountKind::Personal))]);
    }

    #[test]
    fn whoever_has_no_name_is_not_registered_by_logging_in() {
        let nameless = Claims {
            name: Some(" \n ".into()),
            ..claims("")
        };
        given([]).when(ada(), log_in(nameless)).then([]);
    }

    #[test]
    fn what_a_provider_says_is_made_fit_to_be_shown() {
        let odd = Claims {
            name: Some(format!(" Ada\u{0}\n{}", "a".repeat(200))),
            picture: Some("javascript:alert(1)".into()),
            kind: None,
        };
        let name = format!("Ada{}", "a".repeat(NAME_MAX - 4));
        given([])
            .when(ada(), log_in(odd))
            .then([registered(ada(), &name), told(Some(&name), None, None)]);
    }

    #[test]
    fn p7_who_sees_name_and_picture_is_recorded_where_it_changes() {
        let change = |visibility| ChangeVisibility { visibility };
        let changed = |visibility| -> Fact {
            AccountFact::VisibilityChanged(VisibilityChanged {
                account: ada(),
                visibility,
            })
            .into()
        };
        let known = || given([registered(ada(), "Ada")]);
        known()
            .when(ada(), change(Visibility::Private))
            .then([changed(Visibility::Private)]);
        known().when(ada(), change(Visibility::Public)).then([]);
    }
}

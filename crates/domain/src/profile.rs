//! What a profile tells about its owner, and to whom (DOMAIN P3, P6, L10).
//!
//! It is kept with each account. While accounts are linked, what is changed from one of them is
//! written to all of them, so that each keeps it after it is unlinked. All that one command writes
//! stands in the stream of the account that it was made as; so what an account tells follows from
//! the streams of all accounts that it was ever linked with.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::decide::{Actor, Command, History, State};
use crate::fact::{AccountFact, Body, Fact, Visit};
use crate::id::AccountId;
use crate::links::Links;
use crate::personal::{About, Personal, present};
use crate::refusal::Refusal;
use crate::stream::StreamName;
use crate::text;
use crate::visibility::Visibility;

// Facts

/// What an account tells about its owner was changed; what is absent stayed as it was, and what is
/// empty was taken away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edited {
    /// The account.
    pub account: AccountId,
    /// The account that it was changed from: this one, or one that was linked with it.
    pub by: AccountId,
    /// Who they work for.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub company: Option<Personal<String>>,
    /// What they do there.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub position: Option<Personal<String>>,
    /// Where they are.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub location: Option<Personal<String>>,
    /// What they say about themselves.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub bio: Option<Personal<String>>,
    /// Where else they can be found: addresses of websites and social media.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub links: Option<Personal<Vec<String>>>,
    /// The products that they use.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub products: Option<Personal<Vec<String>>>,
}

impl Body for Edited {
    fn stream(&self) -> StreamName {
        StreamName::account(self.by)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            account,
            by: _,
            company,
            position,
            location,
            bio,
            links,
            products,
        } = self;
        let about = Some(About::identity(*account));
        for text in [company, position, location, bio].into_iter().flatten() {
            visit(about, text);
        }
        for list in [links, products].into_iter().flatten() {
            visit(about, list);
        }
    }
}

/// What an account tells is shown to others than before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisibilityChanged {
    /// The account.
    pub account: AccountId,
    /// The account that it was changed from: this one, or one that was linked with it.
    pub by: AccountId,
    /// Who may see it from now on.
    pub visibility: Visibility,
}

impl Body for VisibilityChanged {
    fn stream(&self) -> StreamName {
        StreamName::account(self.by)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            account: _,
            by: _,
            visibility: _,
        } = self;
    }
}

// Fold

/// What accounts tell, and to whom.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profiles(HashMap<AccountId, Profile>);

/// What one account tells, and to whom. What isn't told is empty.
#[derive(Debug, Clone, Default, PartialEq)]
struct Profile {
    visibility: Visibility,
    company: String,
    position: String,
    location: String,
    bio: String,
    links: Vec<String>,
    products: Vec<String>,
}

impl State for Profiles {
    type Fact = AccountFact;

    fn apply(&mut self, fact: &AccountFact) {
        match fact {
            AccountFact::ProfileEdited(edited) => {
                let profile = self.0.entry(edited.account).or_default();
                take(&mut profile.company, &edited.company);
                take(&mut profile.position, &edited.position);
                take(&mut profile.location, &edited.location);
                take(&mut profile.bio, &edited.bio);
                take(&mut profile.links, &edited.links);
                take(&mut profile.products, &edited.products);
            }
            AccountFact::ProfileVisibilityChanged(changed) => {
                self.0.entry(changed.account).or_default().visibility = changed.visibility;
            }
            AccountFact::Registered(_)
            | AccountFact::Renamed(_)
            | AccountFact::Identified(_)
            | AccountFact::VisibilityChanged(_)
            | AccountFact::AgreementAccepted(_)
            | AccountFact::AffiliationChanged(_)
            | AccountFact::CalendarOpened(_)
            | AccountFact::Erased(_) => {}
        }
    }
}

fn take<T: Clone + Default>(value: &mut T, change: &Option<Personal<T>>) {
    if let Some(change) = change {
        *value = change.get().cloned().unwrap_or_default();
    }
}

// Decisions

/// The most characters of a company, a position and a location.
pub const LINE_MAX: usize = 100;
/// The most characters of what somebody says about themselves.
pub const BIO_MAX: usize = 1_000;
/// The most links.
pub const LINKS_MAX: usize = 10;
/// The most characters of a link.
pub const LINK_MAX: usize = 500;
/// The most products.
pub const PRODUCTS_MAX: usize = 30;

/// Changes what the actor's profile tells; what is absent stays, and what is empty goes.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// Who they work for.
    pub company: Option<String>,
    /// What they do there.
    pub position: Option<String>,
    /// Where they are.
    pub location: Option<String>,
    /// What they say about themselves.
    pub bio: Option<String>,
    /// Addresses of websites and social media.
    pub links: Option<Vec<String>>,
    /// The products that they use.
    pub products: Option<Vec<String>>,
}

impl Command for Edit {
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::account(actor.account)
    }

    fn reads(&self, actor: &Actor, history: &History) -> Vec<StreamName> {
        streams(actor, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let company = valid_line("company", self.company.as_deref())?;
        let position = valid_line("position", self.position.as_deref())?;
        let location = valid_line("location", self.location.as_deref())?;
        let bio = valid_bio(self.bio.as_deref())?;
        let links = valid_links(self.links.as_deref())?;
        let products = valid_products(self.products.as_deref())?;
        let tells = |profile: &Profile| {
            is(&company, &profile.company)
                && is(&position, &profile.position)
                && is(&location, &profile.location)
                && is(&bio, &profile.bio)
                && is(&links, &profile.links)
                && is(&products, &profile.products)
        };
        Ok(for_all_accounts(actor, history, tells, |account| {
            AccountFact::ProfileEdited(Edited {
                account,
                by: actor.account,
                company: company.clone().map(Personal::known),
                position: position.clone().map(Personal::known),
                location: location.clone().map(Personal::known),
                bio: bio.clone().map(Personal::known),
                links: links.clone().map(Personal::known),
                products: products.clone().map(Personal::known),
            })
        }))
    }
}

/// Says who may see the actor's profile.
#[derive(Debug, Clone)]
pub struct ChangeVisibility {
    /// Who may see it from now on.
    pub visibility: Visibility,
}

impl Command for ChangeVisibility {
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::account(actor.account)
    }

    fn reads(&self, actor: &Actor, history: &History) -> Vec<StreamName> {
        streams(actor, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let visibility = self.visibility;
        let is_so = |profile: &Profile| profile.visibility == visibility;
        Ok(for_all_accounts(actor, history, is_so, |account| {
            AccountFact::ProfileVisibilityChanged(VisibilityChanged {
                account,
                by: actor.account,
                visibility,
            })
        }))
    }
}

/// The accounts whose streams tell what those of the actor's profile tell.
fn sources(actor: &Actor, history: &History) -> BTreeSet<AccountId> {
    let links = history.links();
    let accounts = links.accounts_with(actor.account).into_iter();
    accounts
        .flat_map(|account| links.ever_with(account))
        .collect()
}

fn streams(actor: &Actor, history: &History) -> Vec<StreamName> {
    let sources = sources(actor, history).into_iter();
    sources.map(StreamName::account).collect()
}

/// A change of every account of the actor's profile (DOMAIN L10), unless it is so already for all of
/// them. Also of those for which it is: of two changes at once the later one holds then, for all.
fn for_all_accounts(
    actor: &Actor,
    history: &History,
    is_so: impl Fn(&Profile) -> bool,
    change: impl Fn(AccountId) -> AccountFact,
) -> Vec<Fact> {
    let Profiles(profiles) = history.state_of_all(&streams(actor, history));
    let nothing = Profile::default();
    let accounts = history.links().accounts_with(actor.account);
    let of = |account| profiles.get(account).unwrap_or(&nothing);
    if accounts.iter().all(|account| is_so(of(account))) {
        return vec![];
    }
    accounts.into_iter().map(change).map(Fact::from).collect()
}

/// Whether a value is what is wanted, if anything is.
fn is<T: PartialEq>(wanted: &Option<T>, value: &T) -> bool {
    wanted.as_ref().is_none_or(|wanted| wanted == value)
}

fn valid_line(field: &'static str, text: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let line = text::line_or_nothing(text, LINE_MAX);
    line.map(Some).ok_or(Refusal::FieldInvalid {
        field,
        max: LINE_MAX,
    })
}

fn valid_bio(bio: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(bio) = bio.map(str::trim) else {
        return Ok(None);
    };
    let is_forbidden = |c: char| c.is_control() && c != '\n';
    if bio.chars().count() > BIO_MAX || bio.chars().any(is_forbidden) {
        return Err(Refusal::FieldInvalid {
            field: "bio",
            max: BIO_MAX,
        });
    }
    Ok(Some(bio.to_owned()))
}

fn valid_links(links: Option<&[String]>) -> Result<Option<Vec<String>>, Refusal> {
    let Some(links) = links else { return Ok(None) };
    if links.len() > LINKS_MAX {
        return Err(Refusal::TooManyEntries {
            field: "links",
            max: LINKS_MAX,
        });
    }
    links
        .iter()
        .try_for_each(|link| valid_link("links", link))?;
    Ok(Some(links.to_vec()))
}

/// Refuses what isn't the address of a website.
pub(crate) fn valid_link(field: &'static str, link: &str) -> Result<(), Refusal> {
    let address = ["https://", "http://"]
        .iter()
        .find_map(|scheme| link.strip_prefix(scheme));
    let is_bad = |c: char| c.is_control() || c.is_whitespace();
    let is_good = address.is_some_and(|rest| !rest.is_empty() && !rest.contains(is_bad))
        && link.chars().count() <= LINK_MAX;
    if is_good {
        return Ok(());
    }
    Err(Refusal::LinkInvalid {
        field,
        link: link.chars().take(LINK_MAX).collect(),
        max: LINK_MAX,
    })
}

fn valid_products(products: Option<&[String]>) -> Result<Option<Vec<String>>, Refusal> {
    let Some(products) = products else {
        return Ok(None);
    };
    if products.len() > PRODUCTS_MAX {
        return Err(Refusal::TooManyEntries {
            field: "products",
            max: PRODUCTS_MAX,
        });
    }
    let mut valid = Vec::new();
    for product in products {
        let product = valid_line("products", Some(product))?.unwrap_or_default();
        if !product.is_empty() && !valid.contains(&product) {
            valid.push(product);
        }
    }
    Ok(Some(valid))
}

#[cfg(test)]
mod tests;

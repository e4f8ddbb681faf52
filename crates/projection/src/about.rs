//! What accounts tell about their owners (DOMAIN P3).

use plaudit_domain::{Personal, profile};

use crate::account::Account;
use crate::fold::FoldError;
use crate::row::{Key, List, row};
use crate::rows::{Keyed, Rows};

row! {
    table "about", primary (account);
    /// What an account tells about its owner. An account that tells nothing has none. A profile shows
    /// its primary's.
    pub struct About {
        /// The account.
        pub account: Key,
        /// Who they work for.
        pub company: Option<String>,
        /// What they do there.
        pub position: Option<String>,
        /// Where they are.
        pub location: Option<String>,
        /// What they say about themselves.
        pub bio: Option<String>,
        /// Addresses of websites and social media.
        pub links: List,
        /// The products that they use.
        pub products: List,
    }
}

impl Keyed for About {
    type Key = Key;

    fn key(&self) -> Key {
        self.account
    }
}

impl About {
    fn nothing(account: Key) -> Self {
        Self {
            account,
            company: None,
            position: None,
            location: None,
            bio: None,
            links: List::new(&[]),
            products: List::new(&[]),
        }
    }
}

pub(crate) fn edit(edited: &profile::Edited, rows: &mut Rows) -> Result<(), FoldError> {
    let &mut Account { key, erased, .. } = rows.account(edited.account)?;
    if erased {
        return Ok(());
    }
    let before = rows.about.get(&key).cloned();
    let mut about = before.unwrap_or_else(|| About::nothing(key));
    set(&mut about.company, edited.company.as_ref());
    set(&mut about.position, edited.position.as_ref());
    set(&mut about.location, edited.location.as_ref());
    set(&mut about.bio, edited.bio.as_ref());
    set_list(&mut about.links, edited.links.as_ref());
    set_list(&mut about.products, edited.products.as_ref());
    match about == About::nothing(key) {
        true => rows.about.remove(key),
        false => rows.about.put(about),
    }
    Ok(())
}

fn set(text: &mut Option<String>, change: Option<&Personal<String>>) {
    if let Some(change) = change {
        *text = change.get().filter(|text| !text.is_empty()).cloned();
    }
}

fn set_list(list: &mut List, change: Option<&Personal<Vec<String>>>) {
    if let Some(change) = change {
        *list = List::new(change.get().map(Vec::as_slice).unwrap_or_default());
    }
}

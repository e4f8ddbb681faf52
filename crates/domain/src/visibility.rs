//! Who may see what is somebody's own.

use serde::{Deserialize, Serialize};

/// Who may see an account's name and picture, or a profile (DOMAIN P6, P7). The names are stored.
///
/// Not a truth value, so that more can come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Everybody.
    #[default]
    Public,
    /// Its owner, logged in as any of the linked accounts.
    Private,
}

impl Visibility {
    /// The stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }

    /// What has a stored name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Public, Self::Private]
            .into_iter()
            .find(|visibility| visibility.as_str() == name)
    }
}

//! Data about a person that can be taken away again.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// A value that is about a person: a name, a title, a text.
///
/// It is known or withheld. Withheld reads as absent, never as an error, and is written as `null`:
/// so a history replays without it. It doesn't show in debug output, so it doesn't reach logs.
///
/// Not `#[serde(transparent)]`: then serde would read a field that is missing as withheld.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personal<T>(Option<T>);

impl<T> Personal<T> {
    /// A value that is there.
    pub fn known(value: T) -> Self {
        Self(Some(value))
    }

    /// The value, where it may be read.
    pub fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }

    /// Takes the value away.
    pub fn withhold(&mut self) {
        self.0 = None;
    }
}

/// For fields that may be absent, which is not the same as there but withheld (`null`).
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<Personal<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Personal::deserialize(deserializer).map(Some)
}

impl<T> From<T> for Personal<T> {
    fn from(value: T) -> Self {
        Self::known(value)
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Some(_) => "Personal(known)",
            None => "Personal(withheld)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_withheld_value_is_null_and_reads_back_as_withheld() {
        let mut name = Personal::known("Ada".to_owned());
        assert_eq!(serde_json::to_string(&name).unwrap(), "\"Ada\"");
        name.withhold();
        let json = serde_json::to_string(&name).unwrap();
        assert_eq!(json, "null");
        assert_eq!(
            serde_json::from_str::<Personal<String>>(&json).unwrap(),
            name
        );
    }

    #[test]
    fn a_missing_value_is_an_error_and_not_taken_for_a_withheld_one() {
        #[derive(Debug, Deserialize)]
        struct Person {
            #[expect(dead_code, reason = "only reading it matters")]
            name: Personal<String>,
        }
        let error = serde_json::from_str::<Person>("{}").unwrap_err();
        assert!(error.to_string().contains("missing field"), "{error}");
    }

    #[test]
    fn debug_output_never_shows_the_value() {
        let name = Personal::known("Ada".to_owned());
        assert!(!format!("{name:?}").contains("Ada"));
    }
}

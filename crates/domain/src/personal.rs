//! Data about a person that can be taken away again.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeOwned, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::AccountId;

/// A value that is about a person: a name, a title, a text.
///
/// It is known, withheld or sealed. Withheld reads as absent, never as an error, and is written as
/// `null`: so a history replays without it. Sealed is how a journal keeps it, written as
/// `{"sealed": "…"}`; so what it holds is never written as an object. It doesn't show in debug
/// output, so it doesn't reach logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Personal<T>(Value<T>);

#[derive(Clone, PartialEq, Eq)]
enum Value<T> {
    Known(T),
    Withheld,
    Sealed(String),
}

/// Whose key a personal value is kept under: without it nobody can read the value again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct About {
    /// Whom it is about.
    pub account: AccountId,
    /// Which of their keys.
    pub part: Part,
}

/// What can be taken away by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// Who somebody is: name, picture, what they tell about themselves.
    Identity,
    /// What they wrote: titles and texts.
    Content,
}

impl About {
    /// About who somebody is.
    pub fn identity(account: AccountId) -> Self {
        Self {
            account,
            part: Part::Identity,
        }
    }

    /// About what somebody wrote.
    pub fn content(account: AccountId) -> Self {
        Self {
            account,
            part: Part::Content,
        }
    }
}

/// A personal value of any type, for whoever keeps it.
pub trait Protected {
    /// Whether the value is there to be read.
    fn is_known(&self) -> bool;

    /// Whether it has to be opened to be read.
    fn is_sealed(&self) -> bool;

    /// Takes the value away.
    fn withhold(&mut self);

    /// Puts what a seal makes of a known value's JSON in its place; where there is no seal, the
    /// value is taken away. What isn't known stays as it is.
    fn seal(&mut self, seal: &mut dyn FnMut(&[u8]) -> Option<String>);

    /// Puts the value in the place of what it was sealed to; where that can't be opened, it is
    /// taken away. What isn't sealed stays as it is.
    fn open(&mut self, open: &mut dyn FnMut(&str) -> Option<Vec<u8>>);
}

impl<T> Personal<T> {
    /// A value that is there.
    pub fn known(value: T) -> Self {
        Self(Value::Known(value))
    }

    /// The value, where it may be read.
    pub fn get(&self) -> Option<&T> {
        match &self.0 {
            Value::Known(value) => Some(value),
            Value::Withheld | Value::Sealed(_) => None,
        }
    }
}

impl<T: Serialize + DeserializeOwned> Protected for Personal<T> {
    fn is_known(&self) -> bool {
        self.get().is_some()
    }

    fn is_sealed(&self) -> bool {
        matches!(self.0, Value::Sealed(_))
    }

    fn withhold(&mut self) {
        self.0 = Value::Withheld;
    }

    fn seal(&mut self, seal: &mut dyn FnMut(&[u8]) -> Option<String>) {
        if let Value::Known(value) = &self.0 {
            let sealed = serde_json::to_vec(value).ok().and_then(|json| seal(&json));
            self.0 = sealed.map_or(Value::Withheld, Value::Sealed);
        }
    }

    fn open(&mut self, open: &mut dyn FnMut(&str) -> Option<Vec<u8>>) {
        if let Value::Sealed(sealed) = &self.0 {
            let value = open(sealed).and_then(|json| serde_json::from_slice(&json).ok());
            self.0 = value.map_or(Value::Withheld, Value::Known);
        }
    }
}

impl<T: Serialize> Serialize for Personal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Value::Known(value) => value.serialize(serializer),
            Value::Withheld => serializer.serialize_none(),
            Value::Sealed(sealed) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(SEALED, sealed)?;
                map.end()
            }
        }
    }
}

const SEALED: &str = "sealed";

/// Not by way of an `Option`: then serde would read a field that is missing as withheld.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Personal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Kept<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Kept<T> {
            type Value = Value<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a list of texts, or null")
            }

            fn visit_unit<E: Error>(self) -> Result<Value<T>, E> {
                Ok(Value::Withheld)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Value<T>, E> {
                T::deserialize(text.into_deserializer()).map(Value::Known)
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Value<T>, E> {
                T::deserialize(text.into_deserializer()).map(Value::Known)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Value<T>, A::Error> {
                T::deserialize(SeqAccessDeserializer::new(list)).map(Value::Known)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value<T>, A::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Sealed {
                    sealed: String,
                }
                let sealed = Sealed::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Value::Sealed(sealed.sealed))
            }
        }

        deserializer
            .deserialize_any(Kept(PhantomData))
            .map(Personal)
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
            Value::Known(_) => "Personal(known)",
            Value::Withheld => "Personal(withheld)",
            Value::Sealed(_) => "Personal(sealed)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> Personal<String> {
        Personal::known("Ada".to_owned())
    }

    #[test]
    fn a_withheld_value_is_null_and_reads_back_as_withheld() {
        let mut name = name();
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
    fn a_sealed_value_is_an_object_and_can_be_opened_again() {
        let links = vec!["https://example.org".to_owned()];
        let mut value = Personal::known(links.clone());
        let mut seen = Vec::new();
        value.seal(&mut |json| {
            seen = json.to_vec();
            Some("c2VhbGVk".into())
        });
        assert_eq!(value.get(), None);
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(json, r#"{"sealed":"c2VhbGVk"}"#);
        let mut read: Personal<Vec<String>> = serde_json::from_str(&json).unwrap();
        assert_eq!(read, value);
        read.open(&mut |sealed| (sealed == "c2VhbGVk").then(|| seen.clone()));
        assert_eq!(read.get(), Some(&links));
    }

    #[test]
    fn what_can_be_neither_sealed_nor_opened_is_withheld() {
        let mut withheld = name();
        withheld.withhold();
        let mut unsealed = name();
        unsealed.seal(&mut |_| None);
        assert_eq!(unsealed, withheld);
        for opened in [None, Some(b"not JSON".to_vec())] {
            let mut sealed = name();
            sealed.seal(&mut |_| Some(String::new()));
            sealed.open(&mut |_| opened.clone());
            assert_eq!(sealed, withheld);
        }
    }

    #[test]
    fn what_is_withheld_already_stays_so() {
        let mut value = name();
        value.withhold();
        value.seal(&mut |_| panic!("there is nothing to seal"));
        value.open(&mut |_| panic!("there is nothing to open"));
        assert_eq!(value.get(), None);
    }

    #[test]
    fn debug_output_never_shows_the_value() {
        let mut name = name();
        assert!(!format!("{name:?}").contains("Ada"));
        name.seal(&mut |_| Some("c2VhbGVk".into()));
        assert!(!format!("{name:?}").contains("c2VhbGVk"));
    }
}

//! Documents that clients name in place of sending them.
//!
//! A server may be given those of its apps when it starts (`documentId`). Apollo's clients also name any document by
//! its SHA-256, and send it once where that isn't known (APQ): such are kept as far as there is room, and only
//! when they fit the schema. Where only given ones are allowed, nothing else is ever parsed.

use std::collections::HashMap;
use std::fmt::{self, Write};
use std::sync::Arc;

use async_graphql::ServerError;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use crate::execute::Refusal;
use crate::operation::Named;

/// How much text the documents may have together that clients made known.
const REGISTERED_MAX: u64 = 2 * 1024 * 1024;

/// A document that a server is given when it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenDocument {
    /// What clients call it, besides `sha256:` and the hash of its text.
    pub id: Option<String>,
    /// Its text.
    pub text: String,
    /// Where it is from, for people.
    pub from: String,
}

/// A document that a server was given, and that doesn't fit the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadDocument {
    pub(crate) from: String,
    pub(crate) why: String,
}

impl fmt::Display for BadDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.from, self.why)
    }
}

impl std::error::Error for BadDocument {}

/// The documents that are known by name.
pub(crate) struct Persisted {
    /// Those that were given, by each of their names.
    given: HashMap<String, Arc<str>>,
    /// Those that clients made known, by their hash.
    registered: Cache<String, Arc<str>, TextLength>,
    is_closed: bool,
}

#[derive(Clone)]
struct TextLength;

impl Weighter<String, Arc<str>> for TextLength {
    fn weight(&self, hash: &String, text: &Arc<str>) -> u64 {
        (hash.len() + text.len()) as u64
    }
}

impl Default for Persisted {
    fn default() -> Self {
        Self::new(Vec::new(), false)
    }
}

impl Persisted {
    /// Those that are given; whether nothing else is allowed.
    pub(crate) fn new(documents: Vec<GivenDocument>, is_closed: bool) -> Self {
        let mut given = HashMap::new();
        for GivenDocument { id, text, .. } in documents {
            let text: Arc<str> = text.into();
            given.insert(format!("sha256:{}", hash(&text)), text.clone());
            given.extend(id.map(|id| (id, text)));
        }
        Self {
            given,
            registered: Cache::with_weighter(1_000, REGISTERED_MAX, TextLength),
            is_closed,
        }
    }

    /// The text that is meant.
    pub(crate) fn text(&self, query: &str, named: Option<&Named>) -> Result<Arc<str>, Refusal> {
        match named {
            None => self.sent(query, None),
            Some(Named::Id(id)) => {
                let hash = id.strip_prefix("sha256:").unwrap_or(id);
                let known = self.given.get(id).cloned();
                let known = known.or_else(|| self.by_hash(hash));
                known.ok_or_else(|| self.unknown())
            }
            Some(Named::Hash(hash)) if query.is_empty() => match self.by_hash(hash) {
                Some(text) => Ok(text),
                None if self.is_closed => Err(self.unknown()),
                // Its clients know this by the word, and send the document then.
                None => Err(refused(
                    "PERSISTED_QUERY_NOT_FOUND",
                    "PersistedQueryNotFound",
                )),
            },
            Some(Named::Hash(hash)) => self.sent(query, Some(hash)),
        }
    }

    /// A document fits the schema: from now on its hash is enough.
    pub(crate) fn register(&self, text: &Arc<str>, named: Option<&Named>) {
        if let (Some(Named::Hash(hash)), false) = (named, self.is_closed)
            && self.registered.get(hash).is_none()
        {
            self.registered.insert(hash.clone(), text.clone());
        }
    }

    fn sent(&self, query: &str, said: Option<&str>) -> Result<Arc<str>, Refusal> {
        if said.is_none() && !self.is_closed {
            return Ok(query.into());
        }
        let hash = hash(query);
        if said.is_some_and(|said| said != hash) {
            let message = "extensions.persistedQuery.sha256Hash isn't the SHA-256 of the query, in hexadecimal";
            return Err(refused("PERSISTED_QUERY_MISMATCH", message));
        }
        match self.given.get(&format!("sha256:{hash}")) {
            Some(text) => Ok(text.clone()),
            None if self.is_closed => Err(self.unknown()),
            None => Ok(query.into()),
        }
    }

    fn by_hash(&self, hash: &str) -> Option<Arc<str>> {
        let given = self.given.get(&format!("sha256:{hash}")).cloned();
        given.or_else(|| self.registered.get(hash))
    }

    fn unknown(&self) -> Refusal {
        match self.is_closed {
            true => refused(
                "DOCUMENT_NOT_ALLOWED",
                "only the documents that this server was given are executed here, and this is none of them",
            ),
            false => refused(
                "DOCUMENT_NOT_FOUND",
                "no document has this id: send its text as `query`",
            ),
        }
    }
}

fn refused(code: &'static str, message: &str) -> Refusal {
    Refusal::refused(code, vec![ServerError::new(message, None)])
}

/// The SHA-256 of a text, in hexadecimal.
fn hash(text: &str) -> String {
    let mut hash = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        // A string takes whatever is written.
        let _ = write!(hash, "{byte:02x}");
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_that_of_the_specification() {
        let text = "query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}";
        let expected = "7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e";
        assert_eq!(hash(text), expected);
    }
}

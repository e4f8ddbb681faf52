//! What a document and an operation may come to, before anything is executed.
//!
//! Each limit is a code of its own, and its error tells what was asked for and how much there may be: whoever
//! writes an app has to know by how much to ask for less.

use async_graphql::{Pos, ServerError};

use crate::execute::Refusal;

/// What a document, an operation and its answer may come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The highest cost of an operation: about the number of fields of its answer.
    pub cost: u64,
    /// The most bytes of a document's text. Variables, which carry what people write, don't count.
    pub bytes: u64,
    /// The most words, numbers, texts and signs of a document.
    pub tokens: u64,
    /// How deep fields may be nested.
    pub depth: u64,
    /// The most aliases in a document.
    pub aliases: u64,
    /// The most directives in a document.
    pub directives: u64,
    /// The most fields and fragments that a document comes to when all its fragments are spread. What the
    /// engine does before it executes is linear in this number, which may be exponential in the text.
    pub selections: u64,
    /// The most errors of an answer: one more says how many there are besides.
    pub errors: usize,
    /// Whether the schema can be asked for, and mistakes are answered with what may have been meant.
    pub introspection: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cost: 10_000,
            bytes: 64 * 1024,
            tokens: 5_000,
            depth: 20,
            aliases: 100,
            directives: 100,
            selections: 2_000,
            errors: 10,
            introspection: true,
        }
    }
}

/// A limit that a document or an operation goes beyond.
#[derive(Debug)]
pub(crate) struct Exceeded {
    pub code: &'static str,
    /// What there is too much of: "the operation costs".
    pub what: &'static str,
    pub requested: u64,
    pub limit: u64,
    pub at: Option<Pos>,
}

impl Exceeded {
    /// An error, if there is more than there may be.
    pub fn check(self) -> Result<(), Refusal> {
        match self.requested > self.limit {
            true => Err(self.into()),
            false => Ok(()),
        }
    }
}

impl From<Exceeded> for Refusal {
    fn from(exceeded: Exceeded) -> Self {
        let Exceeded {
            code,
            what,
            requested,
            limit,
            at,
        } = exceeded;
        let message =
            format!("{what} {requested}: at most {limit} are allowed, so ask for less at a time");
        let mut error = ServerError::new(message, at);
        let extensions = error.extensions.get_or_insert_default();
        extensions.set("requested", requested);
        extensions.set("limit", limit);
        Self::refused(code, vec![error])
    }
}

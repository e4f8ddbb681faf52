//! Rules: policy as data, from `projections/*.toml`.

mod milestones;

pub use milestones::{Milestone, Milestones};

/// Why a rule file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// It isn't the TOML that it has to be. The message shows the line.
    #[error("{file}: {source}")]
    Malformed {
        /// The file's name.
        file: &'static str,
        /// What is wrong, and where.
        source: Box<toml::de::Error>,
    },
    /// What it says can't be.
    #[error("{file}: {what}")]
    Invalid {
        /// The file's name.
        file: &'static str,
        /// What can't be, and what to do.
        what: String,
    },
    /// One of its tests fails.
    #[error("{file}: test {name:?}: {found}")]
    Test {
        /// The file's name.
        file: &'static str,
        /// The test's name.
        name: String,
        /// What is otherwise than it expects.
        found: String,
    },
}

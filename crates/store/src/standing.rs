//! What profiles have of one moment, for whoever compares it with what they would have by other rules.

use plaudit_projection::Key;

use crate::GroupRecord;

/// Points that a profile's accounts have of one rule or challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earnings {
    /// The profile.
    pub profile: Key,
    /// The number of the rule or challenge.
    pub reason: i64,
    /// Whether these accounts take part in the programme by themselves.
    pub enrolled: bool,
    /// How many.
    pub points: i64,
}

/// A user group, and who leads it.
#[derive(Debug, Clone, PartialEq)]
pub struct LedGroup {
    /// The group, with its held meetings.
    pub record: GroupRecord,
    /// The profiles that lead it, each once.
    pub leaders: Vec<Key>,
}

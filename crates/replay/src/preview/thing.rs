//! What profiles can have more or less of.

use std::collections::HashMap;

/// The kinds of things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A rule or challenge: how many points somebody has of it.
    Rule,
    /// A badge of the kudos programme.
    Badge,
    /// A milestone, of a profile or of a post.
    Milestone,
    /// A lozenge, shown or superseded.
    Lozenge,
    /// What comes with a lozenge.
    Perk,
    /// A group in which articles are published without review; `all` for all of them.
    Publishing,
    /// Taking part in the kudos programme.
    Participation,
    /// A user group that is led and is active: whoever leads one is an active leader.
    Leadership,
    /// What active leaders have.
    Benefit,
}

impl Kind {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 9] = [
        Self::Rule,
        Self::Badge,
        Self::Milestone,
        Self::Lozenge,
        Self::Perk,
        Self::Publishing,
        Self::Participation,
        Self::Leadership,
        Self::Benefit,
    ];

    /// Its name, for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Badge => "badge",
            Self::Milestone => "milestone",
            Self::Lozenge => "lozenge",
            Self::Perk => "perk",
            Self::Publishing => "publishing",
            Self::Participation => "participation",
            Self::Leadership => "leadership",
            Self::Benefit => "benefit",
        }
    }
}

/// Something that profiles can have more or less of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing {
    /// Of which kind.
    pub kind: Kind,
    /// What programs know it by: among the rules, or the public id of a group.
    pub id: String,
    /// Its title, as it would be.
    pub title: String,
}

/// All things that came up, each with a number. What has the same id is the same under all rules.
#[derive(Debug, Default)]
pub(super) struct Things {
    numbers: [HashMap<String, u32>; Kind::ALL.len()],
    all: Vec<Thing>,
}

impl Things {
    /// The number of a thing. Who names it first, gives it its title.
    pub(super) fn number(&mut self, kind: Kind, id: &str, title: impl FnOnce() -> String) -> u32 {
        let numbers = &mut self.numbers[kind as usize];
        if let Some(number) = numbers.get(id) {
            return *number;
        }
        // There are far fewer than 32 bits can tell apart: each stands in a rule file, or is a group.
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        numbers.insert(id.to_owned(), number);
        self.all.push(Thing {
            kind,
            id: id.to_owned(),
            title: title(),
        });
        number
    }

    /// All of them, by their numbers.
    pub(super) fn all(self) -> Vec<Thing> {
        self.all
    }
}

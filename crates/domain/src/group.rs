//! Groups that members post in (DOMAIN F6).

use serde::{Deserialize, Serialize};

use crate::decide::{Actor, Command, History, State};
use crate::fact::{Body, Fact, GroupFact, Visit};
use crate::id::GroupId;
use crate::links::Links;
use crate::refusal::Refusal;
use crate::stream::StreamName;
use crate::text;

// Facts

/// A group came to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Created {
    /// The group.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
}

impl Body for Created {
    fn stream(&self) -> StreamName {
        StreamName::group(self.group)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            group: _,
            name: _,
            description: _,
        } = self;
    }
}

// Fold

/// What a group is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Group {
    created: Option<Created>,
}

impl Group {
    /// Whether there is such a group.
    pub fn exists(&self) -> bool {
        self.created.is_some()
    }
}

impl State for Group {
    type Fact = GroupFact;

    fn apply(&mut self, fact: &GroupFact) {
        match fact {
            GroupFact::Created(created) => self.created = Some(created.clone()),
        }
    }
}

// Decisions

/// The most characters of a group's name.
pub const NAME_MAX: usize = 100;
/// The most characters of a group's description.
pub const DESCRIPTION_MAX: usize = 2_000;

/// Creates a group. Staff may.
#[derive(Debug, Clone)]
pub struct Create {
    /// The id it will have.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// What it is about; may be empty.
    pub description: String,
}

impl Command for Create {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::group(self.group)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        if !actor.roles.is_staff() {
            return Err(Refusal::NotPermitted { who: "staff" });
        }
        let created = Created {
            group: self.group,
            name: valid_name(&self.name)?,
            description: valid_description(&self.description)?,
        };
        let group: Group = history.state(&self.writes(actor, history.links()));
        match group.created {
            None => Ok(vec![GroupFact::Created(created).into()]),
            Some(before) if before == created => Ok(vec![]),
            Some(_) => Err(Refusal::GroupExists),
        }
    }
}

fn valid_name(name: &str) -> Result<String, Refusal> {
    text::line(name, NAME_MAX).ok_or(Refusal::NameInvalid { max: NAME_MAX })
}

fn valid_description(description: &str) -> Result<String, Refusal> {
    let description = description.trim();
    if description.chars().count() > DESCRIPTION_MAX || description.contains('\0') {
        return Err(Refusal::FieldInvalid {
            field: "description",
            max: DESCRIPTION_MAX,
        });
    }
    Ok(description.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::{ada, community, group, group_created, staff};

    fn create(name: &str) -> Create {
        Create {
            group: group(1),
            name: name.into(),
            description: "About bread".into(),
        }
    }

    #[test]
    fn staff_create_groups() {
        community([])
            .when(staff(ada()), create(" Bakers "))
            .then([group_created(group(1), "Bakers")]);
    }

    #[test]
    fn others_do_not() {
        community([])
            .when(ada(), create("Bakers"))
            .then_refused(Refusal::NotPermitted { who: "staff" });
    }

    #[test]
    fn creating_the_same_group_again_records_nothing_and_another_one_is_refused() {
        let created = || community([group_created(group(1), "Bakers")]);
        created().when(staff(ada()), create("Bakers")).then([]);
        created()
            .when(staff(ada()), create("Brewers"))
            .then_refused(Refusal::GroupExists);
    }

    #[test]
    fn a_group_has_a_name() {
        for name in ["", " ", "a\nb", &"x".repeat(NAME_MAX + 1)] {
            community([])
                .when(staff(ada()), create(name))
                .then_refused(Refusal::NameInvalid { max: NAME_MAX });
        }
    }
}

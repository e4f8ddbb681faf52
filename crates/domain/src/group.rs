//! Groups that members post in (DOMAIN F6).

use serde::{Deserialize, Serialize};

use crate::decide::{Actor, Command, History, State};
use crate::fact::{Body, Fact, GroupFact, Visit};
use crate::id::{GroupId, Origin};
use crate::leadership::{self, Leadership};
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

/// A user group came to be (DOMAIN G1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserGroupCreated {
    /// The group.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// Where it meets.
    pub location: String,
    /// Where an imported group was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

impl Body for UserGroupCreated {
    fn stream(&self) -> StreamName {
        StreamName::group(self.group)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            group: _,
            name: _,
            description: _,
            location: _,
            origin: _,
        } = self;
    }
}

/// A group is something else than before; what is absent stayed as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    /// The group.
    pub group: GroupId,
    /// Its new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is about from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it meets from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Whether articles in it are reviewed before they are published (DOMAIN F6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moderated: Option<bool>,
}

impl Body for Changed {
    fn stream(&self) -> StreamName {
        StreamName::group(self.group)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            group: _,
            name: _,
            description: _,
            location: _,
            moderated: _,
        } = self;
    }
}

// Fold

/// What a group is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Group {
    about: Option<About>,
    moderated: bool,
    leadership: Leadership,
    proposed: Option<leadership::Proposed>,
}

/// What a group says of itself.
#[derive(Debug, Clone, PartialEq)]
struct About {
    name: String,
    description: String,
    /// Where a user group meets; a forum group has none.
    location: Option<String>,
}

impl Group {
    /// Whether there is such a group.
    pub fn exists(&self) -> bool {
        self.about.is_some()
    }

    /// Whether it is a user group: one with leaders, and meetings.
    pub fn is_user_group(&self) -> bool {
        self.about
            .as_ref()
            .is_some_and(|about| about.location.is_some())
    }

    /// Whether articles in it are reviewed before they are published.
    pub fn is_moderated(&self) -> bool {
        self.moderated
    }

    /// Who leads it.
    pub fn leadership(&self) -> &Leadership {
        &self.leadership
    }

    /// Whether the actor leads it, by any of their accounts.
    pub(crate) fn is_led_by(&self, actor: &Actor, history: &History) -> bool {
        let accounts = history.links().accounts_with(actor.account);
        self.leadership.is_led_by(&accounts)
    }

    /// The group, where it is one that has leaders and meetings.
    pub(crate) fn user_group(id: GroupId, history: &History) -> Result<Self, Refusal> {
        let group: Self = history.state(&StreamName::group(id));
        if !group.exists() {
            return Err(Refusal::GroupNotFound { group: id });
        }
        if !group.is_user_group() {
            return Err(Refusal::NotAUserGroup { group: id });
        }
        Ok(group)
    }

    /// As what it was proposed, if that waits for staff.
    pub fn proposed(&self) -> Option<&leadership::Proposed> {
        self.proposed.as_ref()
    }
}

impl State for Group {
    type Fact = GroupFact;

    fn apply(&mut self, fact: &GroupFact) {
        match fact {
            GroupFact::Created(Created {
                group: _,
                name,
                description,
            }) => {
                self.about = Some(About {
                    name: name.clone(),
                    description: description.clone(),
                    location: None,
                });
            }
            GroupFact::UserGroupCreated(created) => {
                self.proposed = None;
                self.about = Some(About {
                    name: created.name.clone(),
                    description: created.description.clone(),
                    location: Some(created.location.clone()),
                });
            }
            GroupFact::Changed(changed) => self.change(changed),
            GroupFact::Proposed(proposed) => {
                self.leadership.ask(proposed.account);
                self.proposed = Some(proposed.clone());
            }
            GroupFact::LeadershipRequested(requested) => {
                self.leadership.ask(requested.account);
            }
            GroupFact::LeadershipDeclined(declined) => {
                self.leadership.asked.remove(&declined.account);
                self.leadership.declined.insert(declined.account);
                let is_of_them =
                    |proposed: &leadership::Proposed| proposed.account == declined.account;
                self.proposed.take_if(|proposed| is_of_them(proposed));
            }
            GroupFact::LeaderAppointed(appointed) => {
                self.leadership.asked.remove(&appointed.account);
                let leader = (appointed.account, appointed.role);
                self.leadership.leaders.extend([leader]);
            }
            GroupFact::LeadershipEnded(ended) => {
                self.leadership.leaders.remove(&ended.account);
            }
        }
    }
}

impl Group {
    fn change(&mut self, changed: &Changed) {
        if let Some(moderated) = changed.moderated {
            self.moderated = moderated;
        }
        if let Some(about) = &mut self.about {
            for (to, from) in [
                (&mut about.name, &changed.name),
                (&mut about.description, &changed.description),
            ] {
                if let Some(from) = from {
                    to.clone_from(from);
                }
            }
            if about.location.is_some() && changed.location.is_some() {
                about.location.clone_from(&changed.location);
            }
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
        let about = About {
            name: created.name.clone(),
            description: created.description.clone(),
            location: None,
        };
        match group.about {
            None => Ok(vec![GroupFact::Created(created).into()]),
            Some(before) if before == about => Ok(vec![]),
            Some(_) => Err(Refusal::GroupExists),
        }
    }
}

/// Creates a user group. Staff may; others [propose](leadership::Propose) one.
#[derive(Debug, Clone)]
pub struct CreateUserGroup {
    /// The id it will have.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// What it is about; may be empty.
    pub description: String,
    /// Where it meets.
    pub location: String,
}

impl Command for CreateUserGroup {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::group(self.group)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        if !actor.roles.is_staff() {
            return Err(Refusal::NotPermitted { who: "staff" });
        }
        let created = UserGroupCreated {
            group: self.group,
            name: valid_name(&self.name)?,
            description: valid_description(&self.description)?,
            location: valid_location(&self.location)?,
            origin: None,
        };
        let group: Group = history.state(&self.writes(actor, history.links()));
        let about = About {
            name: created.name.clone(),
            description: created.description.clone(),
            location: Some(created.location.clone()),
        };
        match group.about {
            // What somebody proposed waits for staff under its own id.
            None if group.proposed.is_some() => Err(Refusal::GroupExists),
            None => Ok(vec![GroupFact::UserGroupCreated(created).into()]),
            Some(before) if before == about => Ok(vec![]),
            Some(_) => Err(Refusal::GroupExists),
        }
    }
}

/// Changes a group; what is absent stays as it is. Staff may, and leaders of a user group, but for
/// whether articles are reviewed.
#[derive(Debug, Clone)]
pub struct Change {
    /// The group.
    pub group: GroupId,
    /// Its new name.
    pub name: Option<String>,
    /// What it is about from now on; may be empty.
    pub description: Option<String>,
    /// Where it meets from now on.
    pub location: Option<String>,
    /// Whether articles in it are reviewed before they are published.
    pub moderated: Option<bool>,
}

impl Command for Change {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::group(self.group)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let group: Group = history.state(&self.writes(actor, history.links()));
        let Some(about) = &group.about else {
            return Err(Refusal::GroupNotFound { group: self.group });
        };
        let is_led = group.is_led_by(actor, history);
        if !actor.roles.is_staff() && (!is_led || self.moderated.is_some()) {
            return Err(Refusal::NotPermitted { who: "staff" });
        }
        if self.location.is_some() && !group.is_user_group() {
            return Err(Refusal::NotAUserGroup { group: self.group });
        }
        let is_new = |new: &String, old: &String| new != old;
        let name = self.name.as_deref().map(valid_name).transpose()?;
        let description = self.description.as_deref().map(valid_description);
        let location = self.location.as_deref().map(valid_location).transpose()?;
        let changed = Changed {
            group: self.group,
            name: name.filter(|name| is_new(name, &about.name)),
            description: description
                .transpose()?
                .filter(|text| is_new(text, &about.description)),
            location: location.filter(|location| Some(location) != about.location.as_ref()),
            moderated: self.moderated.filter(|&to| to != group.moderated),
        };
        let is_nothing = changed.name.is_none()
            && changed.description.is_none()
            && changed.location.is_none()
            && changed.moderated.is_none();
        Ok(match is_nothing {
            true => vec![],
            false => vec![GroupFact::Changed(changed).into()],
        })
    }
}

/// The most characters of where a user group meets.
pub const LOCATION_MAX: usize = 100;

pub(crate) fn valid_location(location: &str) -> Result<String, Refusal> {
    text::line(location, LOCATION_MAX).ok_or(Refusal::FieldInvalid {
        field: "location",
        max: LOCATION_MAX,
    })
}

pub(crate) fn valid_name(name: &str) -> Result<String, Refusal> {
    text::line(name, NAME_MAX).ok_or(Refusal::NameInvalid { max: NAME_MAX })
}

pub(crate) fn valid_description(description: &str) -> Result<String, Refusal> {
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
    use crate::given::meetings::{appointed, proposed, user_group};
    use crate::given::{ada, bob, community, group, group_created, staff};

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
    fn g1_staff_create_user_groups() {
        let create = || CreateUserGroup {
            group: group(1),
            name: "Bakers of Berlin".into(),
            description: "About bread".into(),
            location: "Berlin".into(),
        };
        community([])
            .when(staff(ada()), create())
            .then([user_group()]);
        community([user_group()])
            .when(staff(ada()), create())
            .then([]);
        community([proposed(bob())])
            .when(staff(ada()), create())
            .then_refused(Refusal::GroupExists);
        community([])
            .when(bob(), create())
            .then_refused(Refusal::NotPermitted { who: "staff" });
    }

    #[test]
    fn g1_staff_and_leaders_change_a_group_and_only_staff_whether_it_is_moderated() {
        let change = |location: Option<&str>, moderated| Change {
            group: group(1),
            name: None,
            description: Some("About bread".into()),
            location: location.map(str::to_owned),
            moderated,
        };
        let changed = |location: Option<&str>, moderated| -> Fact {
            GroupFact::Changed(Changed {
                group: group(1),
                name: None,
                description: None,
                location: location.map(str::to_owned),
                moderated,
            })
            .into()
        };
        let led = || community([user_group(), appointed(bob(), leadership::Role::CoLeader)]);
        led()
            .when(bob(), change(Some("Bonn"), None))
            .then([changed(Some("Bonn"), None)]);
        led().when(bob(), change(Some("Berlin"), None)).then([]);
        led()
            .when(staff(ada()), change(None, Some(true)))
            .then([changed(None, Some(true))]);
        for (who, moderated) in [(bob(), Some(true)), (ada(), None)] {
            led()
                .when(who, change(None, moderated))
                .then_refused(Refusal::NotPermitted { who: "staff" });
        }
        community([group_created(group(1), "Bakers")])
            .when(staff(ada()), change(Some("Bonn"), None))
            .then_refused(Refusal::NotAUserGroup { group: group(1) });
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

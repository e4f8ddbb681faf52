//! Groups: those of the forum, and user groups (DOMAIN F6, G1).

use plaudit_domain::fact::GroupFact;
use plaudit_domain::group::{self, Created, UserGroupCreated};
use plaudit_domain::{Event, GroupId, Time};

use crate::fold::FoldError;
use crate::leadership;
use crate::row::{Key, Origin, row, stored_names};
use crate::rows::{Entity, Rows};
use crate::touched::Touched;

stored_names! {
    /// The kinds of group (DOMAIN G1).
    pub enum Kind {
        /// Of the forum.
        Forum = "forum",
        /// With leaders, and meetings.
        User = "user",
    }
}

row! {
    table "community_group", primary (key), unique (id), index (created_at), index (kind, created_at);
    /// A group.
    pub struct Group {
        /// The position of its creation.
        pub key: Key,
        /// Its public id.
        pub id: GroupId,
        /// Its kind.
        pub kind: Kind,
        /// Its name.
        pub name: String,
        /// What it is about.
        pub description: String,
        /// Where a user group meets.
        pub location: Option<String>,
        /// Whether articles in it are reviewed before they are published.
        pub moderated: bool,
        /// When it was created.
        pub created_at: Time,
        /// How many accounts are members.
        pub members: i64,
        /// How many accounts watch it.
        pub watchers: i64,
        /// How many accounts lead it.
        pub leaders: i64,
        /// When the latest of its meetings began that were held.
        pub last_held_at: Option<Time>,
        /// Where an imported group was before.
        pub origin: Option<Box<Origin>>,
    }
}

impl Entity for Group {
    type Id = GroupId;

    fn id(&self) -> GroupId {
        self.id
    }

    fn key(&self) -> Key {
        self.key
    }
}

pub(crate) fn touch(fact: &GroupFact, touched: &mut Touched) {
    match fact {
        GroupFact::Created(Created { group, .. })
        | GroupFact::UserGroupCreated(UserGroupCreated { group, .. })
        | GroupFact::Changed(group::Changed { group, .. }) => {
            touched.groups.insert(*group);
        }
        GroupFact::Proposed(_)
        | GroupFact::LeadershipRequested(_)
        | GroupFact::LeadershipDeclined(_)
        | GroupFact::LeaderAppointed(_)
        | GroupFact::LeadershipEnded(_) => leadership::touch(fact, touched),
    }
}

pub(crate) fn fold(fact: &GroupFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    match fact {
        GroupFact::Created(created) => create(
            Group {
                name: created.name.clone(),
                description: created.description.clone(),
                ..Group::new(created.group, Kind::Forum, event)
            },
            rows,
        ),
        GroupFact::UserGroupCreated(created) => create(
            Group {
                name: created.name.clone(),
                description: created.description.clone(),
                location: Some(created.location.clone()),
                origin: Origin::of(created.origin.as_ref()),
                ..Group::new(created.group, Kind::User, event)
            },
            rows,
        ),
        GroupFact::Changed(changed) => rows.groups.get_mut(changed.group)?.change(changed),
        GroupFact::Proposed(_)
        | GroupFact::LeadershipRequested(_)
        | GroupFact::LeadershipDeclined(_)
        | GroupFact::LeaderAppointed(_)
        | GroupFact::LeadershipEnded(_) => leadership::fold(fact, event, rows)?,
    }
    Ok(())
}

/// Histories from elsewhere may create twice: the first one made the group.
fn create(group: Group, rows: &mut Rows) {
    if rows.groups.find(group.id).is_none() {
        rows.groups.insert(group);
    }
}

impl Group {
    fn new(id: GroupId, kind: Kind, event: &Event) -> Self {
        Self {
            key: Key(event.position.cast_signed()),
            id,
            kind,
            name: String::new(),
            description: String::new(),
            location: None,
            moderated: false,
            created_at: event.occurred_at,
            members: 0,
            watchers: 0,
            leaders: 0,
            last_held_at: None,
            origin: None,
        }
    }

    fn change(&mut self, changed: &group::Changed) {
        if let Some(name) = &changed.name {
            self.name.clone_from(name);
        }
        if let Some(description) = &changed.description {
            self.description.clone_from(description);
        }
        match self.kind {
            Kind::User if changed.location.is_some() => {
                self.location.clone_from(&changed.location);
            }
            Kind::User | Kind::Forum => {}
        }
        if let Some(moderated) = changed.moderated {
            self.moderated = moderated;
        }
    }
}

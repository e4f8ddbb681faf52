//! Groups (DOMAIN F6).

use plaudit_domain::fact::GroupFact;
use plaudit_domain::{Event, GroupId, Time};

use crate::fold::FoldError;
use crate::row::{Key, row};
use crate::rows::{Entity, Rows};
use crate::touched::Touched;

row! {
    table "community_group", primary (key), unique (id), index (created_at);
    /// A group.
    pub struct Group {
        /// The position of its creation.
        pub key: Key,
        /// Its public id.
        pub id: GroupId,
        /// Its name.
        pub name: String,
        /// What it is about.
        pub description: String,
        /// When it was created.
        pub created_at: Time,
        /// How many accounts are members.
        pub members: i64,
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
        GroupFact::Created(created) => {
            touched.groups.insert(created.group);
        }
    }
}

pub(crate) fn fold(fact: &GroupFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let GroupFact::Created(created) = fact;
    // Histories from elsewhere may create twice: the first one made the group.
    if rows.groups.find(created.group).is_none() {
        rows.groups.insert(Group {
            key: Key(event.position.cast_signed()),
            id: created.group,
            name: created.name.clone(),
            description: created.description.clone(),
            created_at: event.occurred_at,
            members: 0,
        });
    }
    Ok(())
}

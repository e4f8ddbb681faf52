//! The tables of user groups: groups, and their meetings.

use std::collections::{HashMap, HashSet};

use plaudit_domain::{GroupId, MeetingId, Time};
use plaudit_projection::activity::{Status, activity};
use plaudit_projection::group::Kind;
use plaudit_projection::meeting::State;
use plaudit_projection::{Key, Meeting, Origin, Rules};
use plaudit_store::{GroupRecord, LedBy, MeetingRecord, Snapshot, StoreError};

use crate::cells::{Cell, Column, Field};
use crate::lines::Line;

line! {
    version 1;
    /// A row of `groups`.
    pub(super) struct GroupLine {
        group: GroupId,
        source: Option<String>,
        source_id: Option<String>,
        kind: &'static str,
        name: String,
        members: i64,
        leaders: i64,
        last_held_at: Option<Time>,
        held_last_365_days: Option<u32>,
        status: Option<&'static str>,
    }
}

impl GroupLine {
    /// A group at a moment. Only user groups meet, and are active or not.
    pub(super) fn of(record: &GroupRecord, rules: &Rules, now: Time) -> Self {
        let GroupRecord { group, held } = record;
        let activity = match group.kind {
            Kind::User => {
                let expected = &rules.groups.activity;
                Some(activity(group.created_at, None, held, now, expected))
            }
            Kind::Forum => None,
        };
        let origin = group.origin.as_deref().cloned();
        let (source, source_id) = origin.map(Origin::into_texts).unzip();
        Self {
            group: group.id,
            source,
            source_id,
            kind: group.kind.as_str(),
            name: group.name.clone(),
            members: group.members,
            leaders: group.leaders,
            last_held_at: activity.as_ref().and_then(|activity| activity.last_held_at),
            held_last_365_days: activity.as_ref().map(|activity| activity.held_last_year),
            status: activity.map(|activity| match activity.status {
                Status::Active => "active",
                Status::AtRisk => "at_risk",
                Status::Inactive => "inactive",
            }),
        }
    }
}

/// How many user groups profiles lead that are active at a moment, by the keys of the profiles: as far as any
/// lozenge depends on that.
pub(super) async fn active_groups_led(
    snapshot: &mut dyn Snapshot,
    rules: &Rules,
    now: Time,
) -> Result<HashMap<Key, i64>, StoreError> {
    let mut led = HashMap::new();
    if !rules.lozenges.depend_on_groups() {
        return Ok(led);
    }
    let mut active = HashSet::new();
    let expected = &rules.groups.activity;
    let mut each = |GroupRecord { group, held }: GroupRecord| {
        let is_active = || activity(group.created_at, None, &held, now, expected).is_active();
        if group.kind == Kind::User && is_active() {
            active.insert(group.key);
        }
        Ok(())
    };
    snapshot.each_group_record(&mut each).await?;
    // Two accounts of one profile lead a group once.
    let mut each = |LedBy { group, profile }: LedBy| {
        if active.contains(&group) {
            *led.entry(profile).or_default() += 1;
        }
        Ok(())
    };
    snapshot.each_led(&mut each).await?;
    Ok(led)
}

line! {
    version 1;
    /// A row of `meetings`.
    pub(super) struct MeetingLine {
        meeting: MeetingId,
        source: Option<String>,
        source_id: Option<String>,
        group: GroupId,
        starts_at: Time,
        held: bool,
        going: i64,
        not_going: i64,
        waiting: i64,
        attended: i64,
    }
}

impl From<MeetingRecord> for MeetingLine {
    fn from(record: MeetingRecord) -> Self {
        let MeetingRecord { meeting, group } = record;
        let Meeting {
            id,
            origin,
            starts_at,
            state,
            going,
            not_going,
            waiting,
            attended,
            ..
        } = meeting;
        let (source, source_id) = origin.map(|origin| origin.into_texts()).unzip();
        Self {
            meeting: id,
            source,
            source_id,
            group,
            starts_at,
            held: state == State::Held,
            going,
            not_going,
            waiting,
            attended,
        }
    }
}

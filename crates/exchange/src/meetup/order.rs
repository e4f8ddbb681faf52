//! What is told when: by time, but what is referred to comes first, also where its own time is later.

use rusqlite::Connection;

use crate::error::ImportError;

/// Of what is told at the same time, the lesser kind comes first.
pub(super) const MEMBER: i64 = 1;
pub(super) const GROUP: i64 = 2;
pub(super) const LEADER: i64 = 3;
pub(super) const JOIN: i64 = 4;
pub(super) const EVENT: i64 = 5;
pub(super) const WAITING_BEFORE: i64 = 6;
pub(super) const HELD_BEFORE: i64 = 7;
pub(super) const ANSWER: i64 = 8;
pub(super) const WAITING: i64 = 9;
pub(super) const CANCELLED: i64 = 10;
pub(super) const HELD: i64 = 11;

const ORDER: &str = "
CREATE INDEX answers_of_members ON answers (member);
CREATE INDEX events_of_groups ON events (in_group);

-- A past meeting is held if somebody said yes; whoever did had room, and nobody else.
UPDATE events SET has_yes = 1
WHERE EXISTS (SELECT 1 FROM answers WHERE event = events.id AND answer = 'yes');
UPDATE events SET capacity = room.yes
FROM (SELECT event, sum(answer = 'yes') AS yes, sum(answer = 'waitlist') AS waiting
      FROM answers GROUP BY event) AS room
WHERE room.event = events.id AND room.yes > 0
  AND (room.yes > events.capacity OR (room.waiting > 0 AND events.status <> 'upcoming'));

-- Where somebody waits already for one that was held meanwhile, this comes first, once all are there.
UPDATE events SET held_first = 1
WHERE known = 'scheduled' AND status = 'past' AND has_yes AND (
    known_room < known_going OR known_stays OR EXISTS (
    SELECT 1 FROM answers WHERE event = events.id AND answer = 'waitlist' AND known));
UPDATE events SET capacity = known_room
WHERE held_first AND known_room < known_going AND known_room < ifnull(capacity, known_room + 1);
UPDATE answers SET placed = latest.at
FROM (SELECT event, max(at) AS at FROM answers GROUP BY event) AS latest
WHERE latest.event = answers.event
  AND EXISTS (SELECT 1 FROM events WHERE id = answers.event AND held_first);

-- Who waits comes after all who have a place.
UPDATE answers SET placed = latest.at
FROM (SELECT event, max(at) AS at FROM answers WHERE answer = 'yes' GROUP BY event) AS latest
WHERE answers.answer = 'waitlist' AND latest.event = answers.event AND latest.at > answers.placed;

UPDATE events SET placed = earlier.at
FROM (SELECT event, min(at) AS at FROM answers GROUP BY event) AS earlier
WHERE events.id = earlier.event AND earlier.at < events.placed;
UPDATE groups SET placed = earlier.at
FROM (SELECT in_group, min(placed) AS at FROM events GROUP BY in_group) AS earlier
WHERE groups.id = earlier.in_group AND earlier.at < groups.placed;
UPDATE groups SET placed = earlier.at
FROM (SELECT in_group, min(at) AS at FROM joins GROUP BY in_group) AS earlier
WHERE groups.id = earlier.in_group AND earlier.at < groups.placed;
UPDATE members SET placed = earlier.at
FROM (SELECT organizer, min(placed) AS at FROM groups GROUP BY organizer) AS earlier
WHERE members.id = earlier.organizer AND earlier.at < members.placed;

INSERT INTO story
SELECT placed, 1, id, NULL FROM members
UNION ALL SELECT placed, 2, id, NULL FROM groups
UNION ALL SELECT placed, 3, id, organizer FROM groups WHERE organizer IS NOT NULL
UNION ALL SELECT at, 4, in_group, member FROM joins
UNION ALL SELECT placed, 5, id, NULL FROM events
UNION ALL SELECT answers.placed,
    CASE WHEN answer <> 'waitlist' THEN 8 WHEN held_first THEN 6 ELSE 9 END, event, member
    FROM answers JOIN events ON events.id = event
UNION ALL SELECT max(placed, ifnull(updated, at)), 10, id, NULL FROM events
    WHERE status = 'cancelled' AND ifnull(known, 'scheduled') = 'scheduled'
UNION ALL SELECT ifnull(latest.placed, events.placed), 7, id, NULL
    FROM events LEFT JOIN (SELECT event, max(placed) AS placed FROM answers GROUP BY event) AS latest
    ON latest.event = events.id WHERE held_first
UNION ALL SELECT max(ends, ifnull(latest.placed, ends)), 11, id, NULL
    FROM events LEFT JOIN (SELECT event, max(placed) AS placed FROM answers GROUP BY event) AS latest
    ON latest.event = events.id
    WHERE status = 'past' AND has_yes AND NOT held_first
      AND ifnull(known, 'scheduled') = 'scheduled';
CREATE INDEX story_in_order ON story (placed, kind, id, member);
";

/// Gives everything its place in the story.
pub(super) fn order(db: &Connection) -> Result<(), ImportError> {
    Ok(db.execute_batch(ORDER)?)
}

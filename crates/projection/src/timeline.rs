//! Timelines: which events concern whom, and what.

use plaudit_domain::Event;

use crate::row::{Key, row};
use crate::rows::Rows;

row! {
    table "timeline", primary (subject, position);
    /// An event concerns something.
    #[derive(Copy, Eq, PartialOrd, Ord)]
    pub struct TimelineEntry {
        /// The account, post, group or meeting: of all these together no two have the same key.
        pub subject: Key,
        /// The position of the event.
        pub position: i64,
    }
}

/// Notes whom and what an event concerns that was just folded: what it touches, as far as that is there, who
/// did it, and who wrote the posts that it touches.
pub(crate) fn note(event: &Event, rows: &mut Rows) {
    let touched = &mut rows.touched;
    touched.clear();
    touched.add(event);
    let accounts = touched.accounts.iter();
    let accounts = accounts.filter_map(|id| Some(rows.accounts.find(*id)?.key));
    let posts = touched.posts.iter();
    let posts = posts.filter_map(|id| rows.posts.find(*id));
    let posts = posts.flat_map(|post| [Some(post.key), post.author]);
    let groups = touched.groups.iter();
    let groups = groups.filter_map(|id| Some(rows.groups.find(*id)?.key));
    let meetings = touched.meetings.iter();
    let meetings = meetings.filter_map(|id| Some(rows.meetings.find(*id)?.key));
    let position = event.position.cast_signed();
    let first = rows.timeline.len();
    for subject in accounts
        .chain(posts.flatten())
        .chain(groups)
        .chain(meetings)
    {
        let entry = TimelineEntry { subject, position };
        if !rows.timeline[first..].contains(&entry) {
            rows.timeline.push(entry);
        }
    }
}

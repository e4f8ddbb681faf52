//! The tables that there are, and what makes them differ from those of another version.

use plaudit_projection::Row;

use crate::snapshot::Table;

/// Runs something for every row type that has a table.
macro_rules! for_every_row {
    ($run:ident) => {{
        use plaudit_projection::{
            About, Acceptance, Account, Application, Attendance, Badge, Benefit, Certification,
            Course, Feedback, FigureOfMonth, Gift, GrantedBadge, Group, GroupWatch, Interaction,
            Leader, LedgerEntry, Like, LozengeGrant, LozengeRequest, Meeting, Membership,
            Notification, Post, PostBody, PostMilestone, PostTag, Presentation, Profile, ReadMark,
            Report, Review, Rsvp, Sponsor, Tally, TimelineEntry, Waiting, Watch,
        };
        [
            $run::<Account>(),
            $run::<Post>(),
            $run::<PostBody>(),
            $run::<PostTag>(),
            $run::<Like>(),
            $run::<Watch>(),
            $run::<Review>(),
            $run::<Report>(),
            $run::<Profile>(),
            $run::<About>(),
            $run::<Course>(),
            $run::<Certification>(),
            $run::<Group>(),
            $run::<GroupWatch>(),
            $run::<Notification>(),
            $run::<ReadMark>(),
            $run::<TimelineEntry>(),
            $run::<FigureOfMonth>(),
            $run::<Membership>(),
            $run::<Leader>(),
            $run::<Application>(),
            $run::<Meeting>(),
            $run::<Rsvp>(),
            $run::<Attendance>(),
            $run::<Presentation>(),
            $run::<Sponsor>(),
            $run::<Benefit>(),
            $run::<LedgerEntry>(),
            $run::<Tally>(),
            $run::<Badge>(),
            $run::<PostMilestone>(),
            $run::<GrantedBadge>(),
            $run::<LozengeGrant>(),
            $run::<LozengeRequest>(),
            $run::<Acceptance>(),
            $run::<Waiting>(),
            $run::<Gift>(),
            $run::<Feedback>(),
            $run::<Interaction>(),
        ]
    }};
}

pub(crate) use for_every_row;

/// The tables, as their rows declare them.
pub fn declared() -> Vec<Table> {
    fn of<R: Row>() -> Table {
        Table::of::<R>()
    }
    for_every_row!(of).into()
}

/// What the tables look like, what is folded into them, and by which rules: read models of another shape are
/// rebuilt, never patched.
pub fn shape(rules: &str, tables: impl Iterator<Item = String>) -> String {
    /// Counted up when a fold changes what it makes of old events.
    const FOLDS: u32 = 6;
    let tables: Vec<String> = tables.collect();
    format!("{FOLDS};{rules};{}", tables.join(";"))
}

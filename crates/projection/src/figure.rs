//! The community's own figures, by the month in which what they count was made (DOMAIN F10).

use plaudit_domain::post::Kind;
use plaudit_domain::{Period, Time};
use rustc_hash::FxHashMap;

use crate::row::row;
use crate::rows::{Entity, Rows};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Figure {
    /// Members: profiles whose primary account isn't erased.
    Members,
    /// Groups of any kind.
    Groups,
    /// Questions.
    Questions,
    /// Discussions.
    Discussions,
    /// Articles that are published.
    Articles,
    /// Answers.
    Answers,
    /// Comments.
    Comments,
    /// Answers that are accepted.
    Solutions,
    /// Meetings that were held.
    Meetings,
}

impl Figure {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Members,
        Self::Groups,
        Self::Questions,
        Self::Discussions,
        Self::Articles,
        Self::Answers,
        Self::Comments,
        Self::Solutions,
        Self::Meetings,
    ];

    /// The name that it is kept under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Groups => "groups",
            Self::Questions => "questions",
            Self::Discussions => "discussions",
            Self::Articles => "articles",
            Self::Answers => "answers",
            Self::Comments => "comments",
            Self::Solutions => "solutions",
            Self::Meetings => "meetings",
        }
    }

    /// The figure of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|figure| figure.as_str() == name)
    }
}

impl From<Kind> for Figure {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Question => Self::Questions,
            Kind::Discussion => Self::Discussions,
            Kind::Article => Self::Articles,
            Kind::Answer => Self::Answers,
            Kind::Comment => Self::Comments,
        }
    }
}

row! {
    table "figure", primary (figure, month);
    /// How many of something were made in a month and are still there. There is none of what is zero.
    pub struct FigureOfMonth {
        /// Of what.
        pub figure: Figure,
        /// When the month began.
        pub month: Time,
        /// How many.
        pub count: i64,
    }
}

/// By how much a batch changes figures. What they were before isn't needed for that.
#[derive(Debug, Default)]
pub struct Figures {
    changes: FxHashMap<(Figure, Time), i64>,
    /// The month that was asked for last: what follows is mostly in the same.
    month: Option<(Time, Time)>,
}

impl Figures {
    /// What is to be added to figures; nothing is zero.
    pub fn changes(&self) -> impl Iterator<Item = FigureOfMonth> {
        let changes = self.changes.iter().filter(|(_, count)| **count != 0);
        changes.map(|(&(figure, month), &count)| FigureOfMonth {
            figure,
            month,
            count,
        })
    }

    /// Adds to the figure of the month that a moment is in.
    pub(crate) fn add(&mut self, figure: Figure, at: Time, by: i64) {
        if by != 0 {
            let month = self.month_of(at);
            *self.changes.entry((figure, month)).or_default() += by;
        }
    }

    fn month_of(&mut self, at: Time) -> Time {
        if let Some((start, end)) = self.month
            && (start..end).contains(&at)
        {
            return start;
        }
        let (start, end) = (Period::Month.start(at), Period::Month.end(at));
        self.month = Some((start, end));
        start
    }
}

/// A row that counts as long as it is in sight.
trait Counted {
    /// As what it counts, and since when, if it does.
    fn counts(&self) -> Option<(Figure, Time)>;
}

impl Counted for crate::Account {
    fn counts(&self) -> Option<(Figure, Time)> {
        let is_member = self.profile == self.key && !self.erased;
        is_member.then_some((Figure::Members, self.registered_at))
    }
}

impl Counted for crate::Post {
    fn counts(&self) -> Option<(Figure, Time)> {
        (!self.hidden).then_some((self.kind.into(), self.created_at))
    }
}

impl Counted for crate::Group {
    fn counts(&self) -> Option<(Figure, Time)> {
        Some((Figure::Groups, self.created_at))
    }
}

impl Rows {
    /// Notes what the changed rows of a batch change figures by.
    pub(crate) fn count_figures(&mut self) {
        let figures = &mut self.figures;
        changed(&self.accounts, figures);
        changed(&self.posts, figures);
        changed(&self.groups, figures);
    }
}

fn changed<R: Entity<Id: crate::Missing> + Counted>(
    rows: &crate::Entities<R>,
    figures: &mut Figures,
) {
    let mut add = |counted: Option<(Figure, Time)>, by| {
        if let Some((figure, at)) = counted {
            figures.add(figure, at, by);
        }
    };
    for (before, after) in rows.changed() {
        let (before, after) = (before.counts(), after.counts());
        if before != after {
            add(before, -1);
            add(after, 1);
        }
    }
    for row in rows.added() {
        add(row.counts(), 1);
    }
}

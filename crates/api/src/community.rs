//! The community's own figures (DOMAIN F10).

use async_graphql::{Context, Error, ErrorExtensions, Object, Result, SimpleObject};
use plaudit_domain::{Period, Time};
use plaudit_projection::{Figure, FigureOfMonth};

use crate::reading::reading;
use crate::scalar::{DateTime, int};

/// The figures of the community.
pub struct Community {
    figures: Vec<FigureOfMonth>,
}

/// What there is of everything, in all or made in one month. What was deleted meanwhile isn't counted.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct CommunityFigures {
    /// Members: of linked accounts all are one.
    members: i32,
    /// Groups of any kind.
    groups: i32,
    /// Posts of all kinds together.
    posts: i32,
    /// Questions.
    questions: i32,
    /// Discussions.
    discussions: i32,
    /// Articles that are published.
    articles: i32,
    /// Answers.
    answers: i32,
    /// Comments.
    comments: i32,
    /// Answers that are accepted, by when they were.
    solutions: i32,
    /// Meetings that were held.
    meetings: i32,
}

/// The figures of one month.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct CommunityMonth {
    /// When it begins, in UTC.
    month: DateTime,
    /// What was made in it and is still there.
    figures: CommunityFigures,
}

/// The most months that come at once: ten years.
const MONTHS_MAX: usize = 120;

impl Community {
    /// The figures as they are.
    pub async fn read(context: &Context<'_>) -> Result<Self> {
        let figures = reading(context).store().figures().await?;
        Ok(Self { figures })
    }

    fn count(&self, from: Time, until: Time) -> CommunityFigures {
        let is_within = |it: &&FigureOfMonth| (from..until).contains(&it.month);
        let within = || self.figures.iter().filter(is_within);
        let count = |figure| -> i64 {
            let of = within().filter(|it| it.figure == figure);
            of.map(|it| it.count).sum()
        };
        let kinds = [
            Figure::Questions,
            Figure::Discussions,
            Figure::Articles,
            Figure::Answers,
            Figure::Comments,
        ];
        CommunityFigures {
            members: int(count(Figure::Members)),
            groups: int(count(Figure::Groups)),
            posts: int(kinds.into_iter().map(count).sum()),
            questions: int(count(Figure::Questions)),
            discussions: int(count(Figure::Discussions)),
            articles: int(count(Figure::Articles)),
            answers: int(count(Figure::Answers)),
            comments: int(count(Figure::Comments)),
            solutions: int(count(Figure::Solutions)),
            meetings: int(count(Figure::Meetings)),
        }
    }
}

/// The community as a whole.
#[Object(crate = "crate::engine")]
impl Community {
    /// What there is of everything.
    async fn figures(&self) -> CommunityFigures {
        self.count(Time::from_micros(i64::MIN), Time::from_micros(i64::MAX))
    }

    /// What was made in which month, oldest first: of every month from that of one moment on that begins before
    /// another. At most 120 months.
    async fn by_month(
        &self,
        #[graphql(desc = "The first month is the one that this moment is in.")] from: DateTime,
        #[graphql(desc = "The last month is the last one that begins before this moment.")]
        until: DateTime,
    ) -> Result<Option<Vec<CommunityMonth>>> {
        let (DateTime(from), DateTime(until)) = (from, until);
        let mut months = Vec::new();
        let mut month = Period::Month.start(from);
        while month < until {
            if months.len() == MONTHS_MAX {
                let message = format!("ask for at most {MONTHS_MAX} months at a time");
                let error = Error::new(message);
                return Err(error.extend_with(|_, it| it.set("code", "TOO_MANY_MONTHS")));
            }
            let next = Period::Month.end(month);
            months.push(CommunityMonth {
                month: DateTime(month),
                figures: self.count(month, next),
            });
            month = next;
        }
        Ok(Some(months))
    }
}

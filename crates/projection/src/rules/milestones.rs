//! Milestones: badges for reaching a number of something (DOMAIN L13, K6).

use std::sync::Arc;

use plaudit_domain::post::Kind;

use super::ladders::ladder;
use super::programme::Names;
use super::source::Table;
use crate::account::Counts;

/// The rules for milestones. By default there are none at all.
#[derive(Debug, Clone, Default)]
pub struct Milestones {
    pub(super) ladders: Vec<Ladder>,
    /// The milestones of posts, in the order of their numbers: ladder, and place on it.
    of_posts: Vec<(usize, usize)>,
    /// For each kind of post those that it can reach: number and threshold. Every like asks.
    of_kind: [Vec<(usize, i64)>; Kind::ALL.len()],
}

/// A milestone that was reached.
#[derive(Debug, Clone, Copy)]
pub struct Milestone<'a> {
    ladder: &'a Ladder,
    step: &'a Step,
}

#[derive(Debug, Clone)]
pub(super) struct Ladder {
    pub(super) id: String,
    pub(super) counts: Counted,
    /// At least one, with rising thresholds.
    pub(super) steps: Vec<Step>,
}

/// A milestone, as everybody who reached it is told of it: it is put into words once.
#[derive(Debug, Clone)]
pub(super) struct Step {
    threshold: i64,
    key: Arc<str>,
    title: Arc<str>,
    description: Arc<str>,
}

#[derive(Debug, Clone)]
pub(super) enum Counted {
    /// A figure of a profile.
    Profile(Figure),
    /// Likes of each post of some kinds; of any, if there are none.
    Post(Vec<Kind>),
}

/// What can be counted of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "they are called as what they count")]
pub enum Figure {
    Questions,
    Discussions,
    Answers,
    Articles,
    Comments,
    TotalPosts,
    AcceptedSolutions,
    LikesReceived,
    LikesGiven,
    CoursesCompleted,
    PeerKudosReceived,
    PeerKudosGiven,
}

/// The figures, by the names that rules have for them.
pub(super) const FIGURES: [(&str, Figure); 12] = [
    ("questions", Figure::Questions),
    ("discussions", Figure::Discussions),
    ("answers", Figure::Answers),
    ("articles", Figure::Articles),
    ("comments", Figure::Comments),
    ("total_posts", Figure::TotalPosts),
    ("accepted_solutions", Figure::AcceptedSolutions),
    ("likes_received", Figure::LikesReceived),
    ("likes_given", Figure::LikesGiven),
    ("courses_completed", Figure::CoursesCompleted),
    ("peer_kudos_received", Figure::PeerKudosReceived),
    ("peer_kudos_given", Figure::PeerKudosGiven),
];

/// The figure of ladders for posts.
pub(super) const LIKES: &str = "likes";

impl Milestones {
    /// The milestones that a profile with some counts reached. Those of posts aren't among them.
    pub fn reached(&self, counts: &Counts) -> impl Iterator<Item = Milestone<'_>> {
        self.reached_by(|figure| figure.of(counts))
    }

    /// All milestones that a profile can reach. Those of posts aren't among them.
    pub fn of_profiles(&self) -> impl Iterator<Item = Milestone<'_>> {
        self.reached_by(|_| i64::MAX)
    }

    /// The milestones that posts of a kind can reach: the number of each, and how many likes it takes.
    pub fn of_posts(&self, kind: Kind) -> impl Iterator<Item = (usize, i64)> {
        self.of_kind[kind as usize].iter().copied()
    }

    /// The milestone of posts with a number.
    pub fn post_milestone(&self, number: usize) -> Option<Milestone<'_>> {
        let &(ladder, place) = self.of_posts.get(number)?;
        let ladder = &self.ladders[ladder];
        let step = &ladder.steps[place];
        Some(Milestone { ladder, step })
    }

    /// The ids of the ladders.
    pub fn ladders(&self) -> impl Iterator<Item = &str> + Clone {
        self.ladders.iter().map(|ladder| ladder.id.as_str())
    }

    pub(super) fn reached_by(
        &self,
        count: impl Fn(Figure) -> i64,
    ) -> impl Iterator<Item = Milestone<'_>> {
        self.ladders.iter().flat_map(move |ladder| {
            let reached = match ladder.counts {
                Counted::Profile(figure) => count(figure),
                Counted::Post(_) => 0,
            };
            ladder.reached(reached)
        })
    }

    /// Those that a post of a kind reached.
    pub(super) fn reached_by_post(
        &self,
        kind: Kind,
        likes: i64,
    ) -> impl Iterator<Item = Milestone<'_>> {
        let reached = self.of_posts(kind);
        let reached = reached.filter(move |(_, threshold)| *threshold <= likes);
        reached.filter_map(|(number, _)| self.post_milestone(number))
    }

    /// Reads all of milestones.toml but its tests.
    pub(super) fn read(file: &mut Table<'_>) -> Self {
        let mut names = Names::default();
        let tables = file.tables("ladder", "a ladder").into_iter();
        let mut milestones = Self {
            ladders: tables.map(|table| ladder(table, &mut names)).collect(),
            ..Self::default()
        };
        for (number, ladder) in milestones.ladders.iter().enumerate() {
            let Counted::Post(kinds) = &ladder.counts else {
                continue;
            };
            for (place, step) in ladder.steps.iter().enumerate() {
                let milestone = milestones.of_posts.len();
                milestones.of_posts.push((number, place));
                for kind in Kind::ALL {
                    if kinds.is_empty() || kinds.contains(&kind) {
                        milestones.of_kind[kind as usize].push((milestone, step.threshold));
                    }
                }
            }
        }
        milestones
    }
}

impl Ladder {
    pub(super) fn thresholds(&self) -> impl Iterator<Item = i64> {
        self.steps.iter().map(|step| step.threshold)
    }

    fn reached(&self, count: i64) -> impl Iterator<Item = Milestone<'_>> {
        let reached = self.steps.partition_point(|step| step.threshold <= count);
        let steps = self.steps[..reached].iter();
        steps.map(|step| Milestone { ladder: self, step })
    }
}

impl Step {
    /// The milestone of a threshold on a ladder.
    pub(super) fn new(ladder: &str, threshold: i64, title: &str, description: &str) -> Self {
        Self {
            threshold,
            key: format!("{ladder}:{threshold}").into(),
            title: title.into(),
            description: filled(description, threshold).into(),
        }
    }
}

/// A text in which `{n}` stands for a threshold.
pub(super) fn filled(text: &str, threshold: i64) -> String {
    text.replace("{n}", &threshold.to_string())
}

impl Milestone<'_> {
    /// The id of its ladder.
    pub fn ladder(&self) -> &str {
        &self.ladder.id
    }

    /// What programs know it by, like `answers:75`.
    pub fn key(&self) -> &Arc<str> {
        &self.step.key
    }

    /// Its title.
    pub fn title(&self) -> &Arc<str> {
        &self.step.title
    }

    /// What it is for.
    pub fn description(&self) -> &Arc<str> {
        &self.step.description
    }

    /// How much of it makes it.
    pub fn threshold(&self) -> i64 {
        self.step.threshold
    }
}

impl Figure {
    pub(super) fn of(self, counts: &Counts) -> i64 {
        match self {
            Self::Questions => counts.questions,
            Self::Discussions => counts.discussions,
            Self::Answers => counts.answers,
            Self::Articles => counts.articles,
            Self::Comments => counts.comments,
            Self::TotalPosts => counts.total_posts(),
            Self::AcceptedSolutions => counts.accepted_solutions,
            Self::LikesReceived => counts.likes_received,
            Self::LikesGiven => counts.likes_given,
            Self::CoursesCompleted => counts.courses_completed,
            Self::PeerKudosReceived => counts.peer_kudos_received,
            Self::PeerKudosGiven => counts.peer_kudos_given,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;

    fn standard() -> Milestones {
        Rules::standard().unwrap().milestones
    }

    fn for_answers(counts: &Counts) -> Vec<String> {
        let milestones = standard();
        let keys = milestones
            .reached(counts)
            .map(|milestone| milestone.key().to_string());
        keys.filter(|key| key.starts_with("answers:")).collect()
    }

    /// DOMAIN L13.
    #[test]
    fn l13_milestones_are_of_the_sum_and_not_united() {
        let of = |answers| Counts {
            answers,
            ..Counts::default()
        };
        let mut both = of(27);
        both.add(&of(57));
        let answers = |thresholds: &[i64]| -> Vec<String> {
            thresholds.iter().map(|n| format!("answers:{n}")).collect()
        };
        assert_eq!(for_answers(&of(27)), answers(&[1, 10, 25]));
        assert_eq!(for_answers(&of(57)), answers(&[1, 10, 25, 50]));
        assert_eq!(for_answers(&both), answers(&[1, 10, 25, 50, 75]));
    }

    #[test]
    fn a_milestone_says_what_it_is_for() {
        let counts = Counts {
            articles: 5,
            ..Counts::default()
        };
        let milestones = standard();
        let mut reached = milestones.reached(&counts);
        let five = reached.find(|it| **it.key() == *"articles:5").unwrap();
        assert_eq!(&**five.title(), "Articles: 5");
        assert_eq!(&**five.description(), "Articles published: 5");
    }

    #[test]
    fn milestones_of_posts_are_numbered_through_and_belong_to_kinds() {
        let text = include_str!("../../../../fixtures/rules/stack-exchange/milestones.toml");
        let files = [("milestones.toml".to_owned(), text.to_owned())];
        let milestones = Rules::parse(&files).unwrap().milestones;
        let of = |kind| milestones.of_posts(kind).collect::<Vec<_>>();
        assert_eq!(of(Kind::Answer), [(0, 10), (1, 25), (2, 100)]);
        assert_eq!(of(Kind::Question), [(3, 10), (4, 25), (5, 100)]);
        assert_eq!(of(Kind::Comment), []);
        let great = milestones.post_milestone(5).unwrap();
        assert_eq!(&**great.key(), "question:100");
        assert_eq!(&**great.title(), "Great Question");
        assert_eq!(&**great.description(), "A question that 100 members like");
        assert!(milestones.post_milestone(6).is_none());
        // However much a profile has, these are of posts.
        let counts = Counts {
            likes_received: 1_000_000,
            ..Counts::default()
        };
        assert_eq!(milestones.reached(&counts).count(), 0);
    }
}

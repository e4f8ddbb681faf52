//! Milestones: badges for reaching a number of something (DOMAIN L13).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::RulesError;
use crate::account::Counts;

const FILE: &str = "milestones.toml";

/// The rules for milestones.
#[derive(Debug, Clone)]
pub struct Milestones(Vec<Ladder>);

/// A milestone that was reached.
#[derive(Debug, Clone, Copy)]
pub struct Milestone<'a> {
    ladder: &'a Ladder,
    threshold: i64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    ladder: Vec<Ladder>,
    #[serde(default)]
    test: Vec<Test>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ladder {
    id: String,
    counts: Figure,
    title: String,
    description: String,
    thresholds: Vec<i64>,
}

/// What can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Figure {
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
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    name: String,
    #[serde(default)]
    given: BTreeMap<Figure, i64>,
    #[serde(default)]
    reaches: BTreeMap<String, Vec<i64>>,
}

impl Milestones {
    /// The rules that come with Plaudit.
    ///
    /// # Errors
    /// Never, as its tests show.
    pub fn standard() -> Result<Self, RulesError> {
        Self::parse(include_str!("../../../../projections/milestones.toml"))
    }

    /// The rules of a file, which its own tests have to hold for.
    ///
    /// # Errors
    /// If it says what can't be, or one of its tests fails.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        let File { ladder, test } =
            toml::from_str(text).map_err(|source| RulesError::Malformed {
                file: FILE,
                source: Box::new(source),
            })?;
        let mut ids = BTreeSet::new();
        for Ladder { id, thresholds, .. } in &ladder {
            let invalid = |what| Err(RulesError::Invalid { file: FILE, what });
            if !ids.insert(id) {
                return invalid(format!("there are two ladders {id:?}: give one another id"));
            }
            let rises = thresholds
                .iter()
                .zip(&thresholds[1.min(thresholds.len())..]);
            if thresholds.first().is_none_or(|first| *first < 1)
                || rises.into_iter().any(|(one, next)| one >= next)
            {
                return invalid(format!(
                    "the thresholds of {id:?} have to begin with at least 1 and to rise"
                ));
            }
        }
        let milestones = Self(ladder);
        test.iter().try_for_each(|test| milestones.check(test))?;
        Ok(milestones)
    }

    /// The milestones that are reached with some counts.
    pub fn reached(&self, counts: &Counts) -> impl Iterator<Item = Milestone<'_>> {
        self.reached_by(|figure| figure.of(counts))
    }

    fn reached_by(&self, count: impl Fn(Figure) -> i64) -> impl Iterator<Item = Milestone<'_>> {
        self.0.iter().flat_map(move |ladder| {
            let reached = count(ladder.counts);
            let thresholds = ladder.thresholds.iter().copied();
            thresholds
                .filter(move |threshold| *threshold <= reached)
                .map(move |threshold| Milestone { ladder, threshold })
        })
    }

    fn check(&self, test: &Test) -> Result<(), RulesError> {
        let given = |figure| test.given.get(&figure).copied().unwrap_or_default();
        let mut reached: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for Milestone { ladder, threshold } in self.reached_by(given) {
            reached
                .entry(ladder.id.clone())
                .or_default()
                .push(threshold);
        }
        if reached == test.reaches {
            return Ok(());
        }
        Err(RulesError::Test {
            file: FILE,
            name: test.name.clone(),
            found: format!("it reaches {reached:?}, not {:?}", test.reaches),
        })
    }
}

impl Milestone<'_> {
    /// What programs know it by, like `answers:75`.
    pub fn key(&self) -> String {
        format!("{}:{}", self.ladder.id, self.threshold)
    }

    /// Its title.
    pub fn title(&self) -> String {
        self.filled(&self.ladder.title)
    }

    /// What it is for.
    pub fn description(&self) -> String {
        self.filled(&self.ladder.description)
    }

    fn filled(&self, text: &str) -> String {
        text.replace("{n}", &self.threshold.to_string())
    }
}

impl Figure {
    fn of(self, counts: &Counts) -> i64 {
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn for_answers(counts: &Counts) -> Vec<String> {
        let milestones = Milestones::standard().unwrap();
        let keys = milestones.reached(counts).map(|milestone| milestone.key());
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
        let milestones = Milestones::standard().unwrap();
        let mut reached = milestones.reached(&counts);
        let five = reached.find(|it| it.key() == "articles:5").unwrap();
        assert_eq!(five.title(), "Articles: 5");
        assert_eq!(five.description(), "Articles published: 5");
    }

    const LADDER: &str =
        "[[ladder]]\nid = \"a\"\ncounts = \"answers\"\ntitle = \"t\"\ndescription = \"d\"\n";

    fn refused(rules: &str) -> String {
        Milestones::parse(rules).unwrap_err().to_string()
    }

    #[test]
    fn rules_that_can_not_be_are_refused_with_what_to_do() {
        for thresholds in ["[]", "[0]", "[-1, 2]", "[1, 1]", "[2, 1]"] {
            let error = refused(&format!("{LADDER}thresholds = {thresholds}"));
            assert!(error.contains("to rise"), "{error}");
        }
        let twice = format!("{LADDER}thresholds = [1]\n{LADDER}thresholds = [1]");
        assert!(refused(&twice).contains("two ladders"));
        let error = refused(&format!("{LADDER}thresholds = [1]\nthreshold = 2"));
        assert!(
            error.contains("threshold") && error.contains('7'),
            "{error}"
        );
        let error = refused(&LADDER.replace("answers", "answer"));
        assert!(error.contains("accepted_solutions"), "{error}");
    }

    #[test]
    fn a_test_that_fails_says_how() {
        let error = refused(&format!(
            "{LADDER}thresholds = [1, 2]\n[[test]]\nname = \"two\"\ngiven = {{ answers = 2 }}\nreaches = {{ a = [1] }}"
        ));
        assert_eq!(
            error,
            "milestones.toml: test \"two\": it reaches {\"a\": [1, 2]}, not {\"a\": [1]}"
        );
    }
}

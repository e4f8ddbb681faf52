//! Rules: policy as data, from `projections/*.toml`, where README.md says what can be written.
//!
//! All files of a set are read together, and every mistake is told at once, with its place. Beside the
//! rules stand tests, which [`Rules::check`] runs by the same code that runs for real.

mod changes;
mod folding;
mod group_test;
mod groups;
mod kudos;
mod labels;
mod ladders;
#[cfg(test)]
mod lozenge_mistakes;
mod lozenge_test;
mod lozenges;
mod milestone_test;
mod milestones;
mod programme;
mod source;
mod story;
#[cfg(test)]
mod tests;
mod trial;

use std::fmt;

use sha2::{Digest, Sha256};

pub use changes::Changes;
pub use groups::{BenefitKind, BenefitRule, Groups, Resource};
pub(crate) use kudos::index;
pub use kudos::{BadgeRule, Counted, Deeds, Kudos, Level, Limit, Reason, Step};
pub use lozenges::{
    AgreementRule, Ask, Bound, Condition, Lozenge, Lozenges, Measure, Measured, Perk, PublishesIn,
    Way,
};
pub use milestones::{Figure, Milestone, Milestones};
pub use source::hint;

use group_test::GroupTest;
use lozenge_test::LozengeTest;
use milestone_test::MilestoneTest;
use programme::Programme;
use source::{Source, Table};
use trial::Trial;

const GROUPS: &str = "groups.toml";
const KUDOS: &str = "kudos.toml";
const CHALLENGES: &str = "challenges.toml";
const MILESTONES: &str = "milestones.toml";
const LOZENGES: &str = "lozenges.toml";
/// The files of a set.
const FILES: [&str; 5] = [KUDOS, CHALLENGES, MILESTONES, LOZENGES, GROUPS];

/// All rules: what a community agreed on. By default there are none at all.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What is worth how many points.
    pub kudos: Kudos,
    /// What is reached by how much of something.
    pub milestones: Milestones,
    /// Status labels, and what comes with them.
    pub lozenges: Lozenges,
    /// When user groups are active, who may lead them, and what their leaders have.
    pub groups: Groups,
    trials: Vec<Trial>,
    milestone_tests: Vec<MilestoneTest>,
    lozenge_tests: Vec<LozengeTest>,
    group_tests: Vec<GroupTest>,
    files: Vec<(String, String)>,
    hash: String,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            kudos: Kudos::default(),
            milestones: Milestones::default(),
            lozenges: Lozenges::default(),
            groups: Groups::default(),
            trials: Vec::new(),
            milestone_tests: Vec::new(),
            lozenge_tests: Vec::new(),
            group_tests: Vec::new(),
            files: Vec::new(),
            hash: hash(&[]),
        }
    }
}

impl Rules {
    /// The rules that come with Plaudit.
    ///
    /// # Errors
    /// Never, as its tests show.
    pub fn standard() -> Result<Self, RulesError> {
        let files = [
            (KUDOS, include_str!("../../../../projections/kudos.toml")),
            (
                CHALLENGES,
                include_str!("../../../../projections/challenges.toml"),
            ),
            (
                MILESTONES,
                include_str!("../../../../projections/milestones.toml"),
            ),
            (GROUPS, include_str!("../../../../projections/groups.toml")),
            (
                LOZENGES,
                include_str!("../../../../projections/lozenges.toml"),
            ),
        ];
        Self::parse(&files.map(|(name, text)| (name.to_owned(), text.to_owned())))
    }

    /// The rules of some files, each with its name and text, in any order; of one at least. Of a file that
    /// isn't there there is nothing.
    ///
    /// # Errors
    /// If they say what can't be: all of it. Their tests are read, but not run.
    pub fn parse(files: &[(String, String)]) -> Result<Self, RulesError> {
        let mut files = files.to_vec();
        files.sort();
        let strange = strange(&files);
        let sources = FILES.map(|file| {
            let found = files.iter().find(|(name, _)| name == file);
            found.map(|(name, text)| Source::new(name, text))
        });
        let rules = Self::read(&sources, &files);
        let mistakes = sources.into_iter().flatten();
        let mistakes = mistakes.flat_map(|source| source.into_mistakes());
        let mistakes: Vec<String> = strange
            .into_iter()
            .chain(mistakes.map(|(place, what)| format!("{place}: {what}")))
            .collect();
        match mistakes.is_empty() {
            true => Ok(rules),
            false => Err(RulesError { mistakes }),
        }
    }

    fn read(sources: &[Option<Source<'_>>; FILES.len()], files: &[(String, String)]) -> Self {
        let mut tables = sources.each_ref().map(|it| it.as_ref().map(Source::table));
        // What isn't TOML is read in part at best: all else would follow from that.
        if sources.iter().flatten().any(|it| it.mistakes() > 0) {
            return Self::default();
        }
        let [kudos, challenges, milestones, lozenges, groups] = &mut tables;
        let mut programme = Programme::default();
        if let Some(kudos) = kudos {
            programme.kudos(kudos);
        }
        if let Some(challenges) = challenges {
            programme.challenges(challenges);
        }
        let mut rules = Self {
            kudos: programme.end(sources[0].as_ref()),
            files: files.to_vec(),
            hash: hash(files),
            ..Self::default()
        };
        for file in [kudos, challenges].into_iter().flatten() {
            let tests = file.tables("test", "a test").into_iter();
            rules
                .trials
                .extend(tests.map(|test| Trial::read(test, &rules.kudos)));
        }
        if let Some(file) = milestones {
            rules.milestones = Milestones::read(file);
            let tests = file.tables("test", "a test").into_iter();
            let tests = tests.map(|test| MilestoneTest::read(test, &rules.milestones));
            rules.milestone_tests = tests.collect();
        }
        if let Some(file) = lozenges {
            rules.lozenges = labels::lozenges(file);
            let tests = file.tables("test", "a test").into_iter();
            let tests = tests.map(|test| LozengeTest::read(test, &rules.lozenges));
            rules.lozenge_tests = tests.collect();
        }
        if let Some(file) = groups {
            rules.groups = Groups::read(file, &rules.lozenges);
            let tests = file.tables("test", "a test").into_iter();
            let tests = tests.map(|test| GroupTest::read(test, &rules.lozenges));
            rules.group_tests = tests.collect();
        }
        tables.into_iter().flatten().for_each(Table::end);
        rules
    }

    /// Runs all tests of the files; how many there are. What stands in kudos.toml and challenges.toml is
    /// tested under the rules of both.
    ///
    /// # Errors
    /// If any fails: each that does, and what was found instead.
    pub fn check(&self) -> Result<usize, RulesError> {
        let trials = self.trials.iter();
        let trials = trials.map(|it| (&it.place, &it.name, it.run(self)));
        let milestones = self.milestone_tests.iter();
        let milestones = milestones.map(|it| (&it.place, &it.name, it.run(&self.milestones)));
        let lozenges = self.lozenge_tests.iter();
        let lozenges = lozenges.map(|it| (&it.place, &it.name, it.run(&self.lozenges)));
        let groups = self.group_tests.iter();
        let groups = groups.map(|it| (&it.place, &it.name, it.run(&self.groups)));
        let mut ran = 0;
        let mut mistakes = Vec::new();
        let all = trials.chain(milestones).chain(lozenges).chain(groups);
        for (place, name, outcome) in all {
            ran += 1;
            if let Err(found) = outcome {
                mistakes.push(format!(
                    "{place}: test {name:?}: {found}: correct the rules or the test"
                ));
            }
        }
        match mistakes.is_empty() {
            true => Ok(ran),
            false => Err(RulesError { mistakes }),
        }
    }

    /// What tells this set from others: a SHA-256 of the files' names and texts, in hexadecimal digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The files, each with its name and text, in the order of their names.
    pub fn files(&self) -> &[(String, String)] {
        &self.files
    }
}

/// What is wrong with the names of files.
fn strange(files: &[(String, String)]) -> Vec<String> {
    let mut mistakes = Vec::new();
    if files.is_empty() {
        // No file doesn't say that there are to be no rules: a directory was mistaken, or a list left out.
        let names = format!("{KUDOS}, {CHALLENGES}, {MILESTONES}, {LOZENGES} or {GROUPS}");
        mistakes.push(format!("a set of rules has one file at least: {names}"));
    }
    let mut before = None;
    for (name, _) in files {
        if before == Some(name) {
            mistakes.push(format!("{name}: it is given twice: leave one of them out"));
        } else if !FILES.contains(&name.as_str()) {
            let hint = hint(name, FILES.into_iter(), '`');
            mistakes.push(format!(
                "{name}: there is no rule file of this name: {hint}"
            ));
        }
        before = Some(name);
    }
    mistakes
}

/// The hash of files in the order of their names.
fn hash(files: &[(String, String)]) -> String {
    let mut hash = Sha256::new();
    for (name, text) in files {
        // With their lengths, so that no two sets run together to the same.
        for part in [name, text] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why rule files can't be used: every mistake in them, one a line, each with where it stands, what is
/// wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesError {
    mistakes: Vec<String>,
}

impl RulesError {
    /// The mistakes, like `kudos.toml:12:3: there is no limit "likes": did you mean "likes-per-day"?`.
    pub fn mistakes(&self) -> &[String] {
        &self.mistakes
    }
}

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mistakes.join("\n"))
    }
}

impl std::error::Error for RulesError {}

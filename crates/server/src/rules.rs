//! Where rules come from: a directory, or Plaudit itself.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use plaudit_projection::Rules;
use plaudit_projection::rules::RulesError;

use crate::commands::Failure;

/// The file in a community's directory that says where its rules are; there is none for those that come with
/// Plaudit.
pub const IN_USE: &str = "rules-in-use";

/// What names the rules that come with Plaudit.
pub const STANDARD: &str = "standard";

/// Where the rules of a community are, by what was said: nowhere for those that come with Plaudit.
///
/// # Errors
/// If nothing was said, and it went by others: all that people see would change.
pub fn choose(community: &Path, said: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    if let Some(said) = said {
        let is_standard = said == Path::new(STANDARD);
        return Ok((!is_standard).then(|| said.to_owned()));
    }
    match fs::read_to_string(community.join(IN_USE)) {
        Ok(noted) => {
            let (community, noted) = (community.display(), noted.trim());
            let what = format!(
                "{community}: this community goes by the rules in {noted}: say --rules {noted}, or \
                 --rules {STANDARD} to go back to those that come with Plaudit"
            );
            Err(what.into())
        }
        Err(_) => Ok(None),
    }
}

/// Notes where the rules of a community are, so that nobody forgets them.
pub fn note(community: &Path, chosen: Option<&Path>) -> io::Result<()> {
    let note = community.join(IN_USE);
    match chosen {
        Some(chosen) => fs::write(note, chosen.canonicalize()?.display().to_string()),
        None => match fs::remove_file(note) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        },
    }
}

/// The rules in a directory, with all tests passed; without one, those that come with Plaudit, which were
/// tested when it was built.
pub fn load(directory: Option<&Path>) -> Result<Rules, Failure> {
    let rules = read(directory)?;
    if directory.is_some() {
        test(&rules, directory)?;
    }
    Ok(rules)
}

/// The rules in a directory; without one, those that come with Plaudit.
pub fn read(directory: Option<&Path>) -> Result<Rules, Failure> {
    let Some(directory) = directory else {
        return Ok(Rules::standard()?);
    };
    let place = directory.display();
    let unreadable = |error| format!("{place}: rules can't be read from here: {error}; {NAME_ONE}");
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let text = fs::read_to_string(&path)
                .map_err(|error| format!("{}: can't be read: {error}", path.display()))?;
            files.push((name.into_owned(), text));
        }
    }
    if files.is_empty() {
        let what = format!("{place}: there are no rules here: {NAME_ONE}");
        return Err(what.into());
    }
    Rules::parse(&files).map_err(|wrong| Unusable::of(&wrong, Some(directory)).into())
}

const NAME_ONE: &str = "name a directory with kudos.toml, challenges.toml, milestones.toml, lozenges.toml or groups.toml";

/// Runs the tests of rules from a directory, or from Plaudit itself; how many there are.
pub fn test(rules: &Rules, directory: Option<&Path>) -> Result<usize, Failure> {
    rules
        .check()
        .map_err(|wrong| Unusable::of(&wrong, directory).into())
}

/// Rules with mistakes, or whose tests fail.
#[derive(Debug)]
pub struct Unusable {
    /// Where they are.
    place: String,
    /// What is wrong, each with where it stands: the file, with the directory that was given, line and
    /// column.
    pub mistakes: Vec<String>,
}

impl Unusable {
    fn of(wrong: &RulesError, directory: Option<&Path>) -> Self {
        let mistakes = wrong.mistakes().iter();
        // Joined, so that whatever follows a file and a line finds it.
        let placed = |mistake: &String| match directory {
            Some(directory) => directory.join(mistake).display().to_string(),
            None => mistake.clone(),
        };
        Self {
            place: directory.map_or_else(
                || "the rules that come with Plaudit".to_owned(),
                |directory| directory.display().to_string(),
            ),
            mistakes: mistakes.map(placed).collect(),
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, mistakes } = self;
        write!(f, "{place}: these rules can't be used:")?;
        mistakes
            .iter()
            .try_for_each(|mistake| write!(f, "\n{mistake}"))
    }
}

impl std::error::Error for Unusable {}

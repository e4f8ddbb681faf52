//! Where rules come from: a directory, or Plaudit itself.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plaudit_journal::SharedJournal;
use plaudit_projection::Rules;
use plaudit_projection::rules::RulesError;
use plaudit_replay::activation;

use crate::commands::Failure;

/// The file in which former versions noted where a community's rules are.
pub const IN_USE: &str = "rules-in-use";

/// What names the rules that come with Plaudit.
pub const STANDARD: &str = "standard";

/// Rules that were said, or noted by a former version.
pub struct Said {
    directory: Option<PathBuf>,
    rules: Rules,
}

/// The rules that a community is to go by, by what was said, if anything was; with all tests passed.
///
/// # Errors
/// If they can't be used.
pub fn said(community: &Path, said: Option<&Path>) -> Result<Option<Said>, Failure> {
    let directory = match said {
        Some(said) => said.to_owned(),
        None => match fs::read_to_string(community.join(IN_USE)) {
            Ok(noted) => PathBuf::from(noted.trim()),
            Err(_) => return Ok(None),
        },
    };
    let directory = (directory != Path::new(STANDARD)).then_some(directory);
    let rules = load(directory.as_deref()).map_err(|failure| -> Failure {
        match said {
            Some(_) => failure,
            None => {
                let (community, note) = (community.display(), community.join(IN_USE));
                let note = note.display();
                format!(
                    "{failure}\n{community}: this community went by these rules, as {note} says: name them with \
                     --rules, or go by those that come with Plaudit with --rules {STANDARD}"
                )
                .into()
            }
        }
    })?;
    Ok(Some(Said { directory, rules }))
}

/// The rules that a community is read by that never activated any: those that were said, or that come with
/// Plaudit.
///
/// # Errors
/// If they can't be used.
pub fn to_read(community: &Path, rules: Option<&Path>) -> Result<Arc<Rules>, Failure> {
    Ok(Arc::new(match said(community, rules)? {
        Some(said) => said.rules,
        None => Rules::standard()?,
    }))
}

/// The rules that are in force. Where nobody ever activated any, those that were said come into force.
///
/// # Errors
/// If the journal can't be read or written.
pub async fn in_force(
    community: &Path,
    journal: &SharedJournal,
    said: Option<Said>,
) -> Result<Arc<Rules>, Failure> {
    let rules = match (activation::in_force(journal).await?, said) {
        (None, None) => Arc::new(Rules::standard()?),
        (None, Some(Said { directory, rules })) => {
            if let Some(directory) = directory {
                activation::activate(journal, &rules).await?;
                let directory = directory.display();
                tracing::info!(
                    "the rules in {directory} are in force now: the community keeps them, and goes by them \
                     until others are activated"
                );
            }
            Arc::new(rules)
        }
        (Some(last), said) => {
            if let Some(Said { directory, rules }) = said
                && rules.hash() != last.hash
            {
                let named = directory.map_or_else(
                    || STANDARD.to_owned(),
                    |directory| directory.display().to_string(),
                );
                let at = last.at;
                tracing::warn!(
                    "the rules that were said, {named}, aren't those in force since {at}, which are kept: \
                     `plaudit rules activate {named}` brings them into force"
                );
            }
            last.rules?
        }
    };
    // The journal knows from now on.
    match fs::remove_file(community.join(IN_USE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        Ok(()) | Err(_) => Ok(rules),
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

//! Rules that are sent, and what is wrong with them.

use async_graphql::{InputObject, SimpleObject};
use plaudit_projection::Rules;

use super::{UserError, UserErrorCode};

/// A rule file.
#[derive(Debug, InputObject)]
pub struct RuleFileInput {
    /// Its name: kudos.toml, challenges.toml, milestones.toml, lozenges.toml or groups.toml.
    name: String,
    /// What it says.
    text: String,
}

/// A mistake in rules.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct RulesMistake {
    /// The name of the file; null if it is about the set.
    file: Option<String>,
    /// The line, from 1; null if it is about the file, or the set.
    line: Option<i32>,
    /// The column in it, from 1.
    column: Option<i32>,
    /// What is wrong and what to do.
    message: String,
}

/// Rules that can't be used.
pub(super) struct Unusable {
    /// Every mistake,
    pub mistakes: Vec<RulesMistake>,
    /// and what tells that there are some.
    pub error: UserError,
}

/// Rules without mistakes, whose tests passed.
///
/// # Errors
/// If there is any mistake: all of them.
pub(super) fn checked(files: Vec<RuleFileInput>) -> Result<Rules, Unusable> {
    let files = files.into_iter();
    let files: Vec<_> = files.map(|file| (file.name, file.text)).collect();
    let checked = Rules::parse(&files).and_then(|rules| rules.check().map(|_| rules));
    checked.map_err(|wrong| {
        let message = "these rules can't be used: put right what `mistakes` lists".to_owned();
        let mistakes = wrong.mistakes().iter();
        Unusable {
            mistakes: mistakes.map(|it| RulesMistake::of(&files, it)).collect(),
            error: UserError::saying(UserErrorCode::RulesInvalid, Some("files"), message),
        }
    })
}

impl RulesMistake {
    /// A mistake that is told with its place, like `kudos.toml:12:3: …`; one about a file has no numbers, one
    /// about the set no place.
    fn of(files: &[(String, String)], mistake: &str) -> Self {
        let is_in = |(name, _): &&(String, String)| {
            let rest = mistake.strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.starts_with(':'))
        };
        let Some((file, _)) = files.iter().find(is_in) else {
            return Self {
                file: None,
                line: None,
                column: None,
                message: mistake.to_owned(),
            };
        };
        let rest = &mistake[file.len()..];
        let (place, message) = rest.split_once(": ").unwrap_or(("", rest));
        let mut numbers = place.split(':').skip(1);
        let [line, column] = [(); 2].map(|()| numbers.next()?.parse().ok());
        Self {
            file: Some(file.clone()),
            line,
            column,
            message: message.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_has_its_place() {
        let of = |mistake: &str| {
            let files = ["kudos.toml", "kudo.toml"].map(|name| (name.to_owned(), String::new()));
            let RulesMistake {
                file,
                line,
                column,
                message,
            } = RulesMistake::of(&files, mistake);
            (file, line, column, message)
        };
        assert_eq!(
            of("kudos.toml:12:3: there is no limit \"a: b\""),
            (
                Some("kudos.toml".to_owned()),
                Some(12),
                Some(3),
                "there is no limit \"a: b\"".to_owned()
            )
        );
        let about = "there is no rule file of this name: …";
        assert_eq!(
            of(&format!("kudo.toml: {about}")),
            (Some("kudo.toml".to_owned()), None, None, about.to_owned())
        );
        let about = "a set of rules has a file: kudos.toml";
        assert_eq!(of(about), (None, None, None, about.to_owned()));
    }
}

//! What is otherwise in a set of rules than in another.

use std::collections::BTreeSet;
use std::fmt::Debug;

use similar::TextDiff;

use super::{Counted, Kudos, Reason, Rules};

/// What is otherwise in a set of rules than in the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// In words, a line for each thing that was added, removed or changed.
    pub summary: Vec<String>,
    /// The texts of the files, as a unified diff.
    pub diff: String,
}

impl Changes {
    /// What is otherwise in some rules than in those before.
    pub fn between(before: &Rules, after: &Rules) -> Self {
        Self {
            summary: summary(before, after),
            diff: diff(before, after),
        }
    }
}

fn diff(before: &Rules, after: &Rules) -> String {
    let names: BTreeSet<&str> = [before, after]
        .iter()
        .flat_map(|rules| rules.files().iter().map(|(name, _)| name.as_str()))
        .collect();
    let of_file = |name: &str| {
        let [before, after] = [before, after].map(|rules| text(rules, name));
        let header = |text: Option<&str>, side: &str| match text {
            Some(_) => format!("{side}/{name}"),
            None => "/dev/null".to_owned(),
        };
        let (old, new) = (header(before, "before"), header(after, "after"));
        let diff = TextDiff::from_lines(before.unwrap_or_default(), after.unwrap_or_default());
        diff.unified_diff().header(&old, &new).to_string()
    };
    names.into_iter().map(of_file).collect()
}

/// The text of a file, if there is one of this name.
fn text<'a>(rules: &'a Rules, name: &str) -> Option<&'a str> {
    let mut files = rules.files().iter();
    let file = files.find(|(other, _)| other == name)?;
    Some(&file.1)
}

fn summary(before: &Rules, after: &Rules) -> Vec<String> {
    let [before, after] = [before, after].map(things);
    let removed = before.iter().filter_map(|thing| {
        let is_there = after.iter().any(|other| other.is(thing));
        (!is_there).then(|| format!("{} removed", thing.name()))
    });
    let others =
        after
            .iter()
            .filter_map(|thing| match before.iter().find(|other| other.is(thing)) {
                None => Some(format!("{} added", thing.name())),
                Some(other) if other.says != thing.says => {
                    Some(format!("{} changed", thing.name()))
                }
                Some(_) => None,
            });
    let summary: Vec<String> = others.chain(removed).collect();
    match summary.is_empty() {
        true => vec!["nothing but remarks and tests changed".to_owned()],
        false => summary,
    }
}

/// Something that rules say, told from others by what it is and its id.
struct Thing {
    what: &'static str,
    id: Option<String>,
    says: String,
}

impl Thing {
    fn is(&self, other: &Self) -> bool {
        (self.what, &self.id) == (other.what, &other.id)
    }

    fn name(&self) -> String {
        match &self.id {
            Some(id) => format!("{} {id}", self.what),
            None => self.what.to_owned(),
        }
    }
}

/// All that rules say.
fn things(rules: &Rules) -> Vec<Thing> {
    let Rules {
        kudos,
        milestones,
        lozenges,
        groups,
        ..
    } = rules;
    let one = |what, says: &dyn Debug| Thing {
        what,
        id: None,
        says: format!("{says:?}"),
    };
    let mut things = vec![
        one("who takes part", &kudos.policy),
        one("how often kudos can be given", &kudos.allowance),
    ];
    things.extend(kudos.reasons.iter().map(|reason| of_reason(kudos, reason)));
    things.extend(each("limit", &kudos.limits, |it| &it.id));
    things.extend(each("badge", &kudos.badges, |it| &it.id));
    things.extend(each("level", &kudos.levels, |it| &it.name));
    things.extend(each("ladder", &milestones.ladders, |it| &it.id));
    things.extend(each("lozenge", &lozenges.all, |it| &it.id));
    things.extend(each("agreement", &lozenges.agreements, |it| {
        &it.agreement.agreement
    }));
    things.extend(each("perk", &lozenges.perks, |it| &it.id));
    things.push(one("when user groups are active", &groups.activity));
    things.push(one("who may lead user groups", &groups.leaders));
    things.extend(each("benefit", &groups.benefits, |it| &it.id));
    things.extend(each("resource", &groups.resources, |it| &it.title));
    things
}

fn each<T: Debug>(
    what: &'static str,
    all: &[T],
    id: impl Fn(&T) -> &String,
) -> impl Iterator<Item = Thing> {
    all.iter().map(move |it| Thing {
        what,
        id: Some(id(it).clone()),
        says: format!("{it:?}"),
    })
}

/// A rule or challenge. What it refers to is known by its id, for numbers change with all others.
fn of_reason(kudos: &Kudos, reason: &Reason) -> Thing {
    let Reason {
        id,
        title,
        description,
        from,
        until,
        before_enrolment,
        points,
        badge,
        counts,
    } = reason;
    let (what, counted) = match counts {
        Counted::Each { deeds, limits } => {
            let limits: Vec<&str> = limits
                .iter()
                .map(|&limit| kudos.limits[limit].id.as_str())
                .collect();
            ("rule", format!("{deeds:?} {limits:?}"))
        }
        Counted::Steps {
            steps,
            within,
            repeats,
        } => {
            let steps: Vec<_> = steps
                .iter()
                .map(|step| (&step.title, &step.deeds, step.count))
                .collect();
            ("challenge", format!("{steps:?} {within:?} {repeats}"))
        }
    };
    let badge = badge.map(|badge| &kudos.badges[badge].id);
    let worth = (points, before_enrolment, badge);
    Thing {
        what,
        id: Some(id.clone()),
        says: format!("{title:?} {description:?} {from:?} {until:?} {worth:?} {counted}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The standard rules, with something in one of the files written otherwise.
    fn changed(file: &str, from: &str, to: &str) -> Rules {
        let mut files = Rules::standard().unwrap().files().to_vec();
        let (_, text) = files.iter_mut().find(|(name, _)| name == file).unwrap();
        assert!(text.contains(from), "{file} has {from}");
        *text = text.replacen(from, to, 1);
        Rules::parse(&files).unwrap()
    }

    fn since_standard(after: &Rules) -> Changes {
        Changes::between(&Rules::standard().unwrap(), after)
    }

    #[test]
    fn what_changed_is_named_and_nothing_else() {
        for (file, from, to, told) in [
            (
                "kudos.toml",
                "gifts = 10",
                "gifts = 20",
                "how often kudos can be given changed",
            ),
            (
                "kudos.toml",
                "\"automatic\"",
                "\"waitlist\"",
                "who takes part changed",
            ),
            (
                "groups.toml",
                "90",
                "100",
                "when user groups are active changed",
            ),
            (
                "kudos.toml",
                "[[badge]]\n",
                "# Remark\n[[badge]]\n",
                "nothing but remarks and tests changed",
            ),
        ] {
            let changes = since_standard(&changed(file, from, to));
            assert_eq!(changes.summary, [told], "{from}");
            assert!(
                changes
                    .diff
                    .contains(&format!("--- before/{file}\n+++ after/{file}\n"))
            );
        }
        let renamed = since_standard(&changed("kudos.toml", "\"Luminary\"", "\"Star\""));
        assert_eq!(
            renamed.summary,
            ["level Star added", "level Luminary removed"]
        );
        assert!(
            renamed
                .diff
                .contains("\n-name = \"Luminary\"\n+name = \"Star\"\n"),
            "{}",
            renamed.diff
        );
    }

    #[test]
    fn a_file_that_is_gone_is_gone_line_by_line() {
        let standard = Rules::standard().unwrap();
        let files: Vec<_> = standard.files().to_vec();
        let without: Vec<_> = files
            .into_iter()
            .filter(|(name, _)| name != "groups.toml")
            .collect();
        let changes = since_standard(&Rules::parse(&without).unwrap());
        assert!(
            changes
                .diff
                .starts_with("--- before/groups.toml\n+++ /dev/null\n"),
            "{}",
            changes.diff
        );
        assert_eq!(since_standard(&standard).diff, "");
    }
}

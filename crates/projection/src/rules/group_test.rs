//! A `[[test]]` of groups.toml: when a group met, and how it is then; or who somebody is, and whether they
//! may lead.

use plaudit_domain::Time;
use plaudit_domain::affiliation::Affiliation;

use super::groups::{Groups, lozenges};
use super::lozenges::Lozenges;
use super::source::{Place, Table, Value};
use crate::activity::{Status, activity};

/// A test.
#[derive(Debug, Clone)]
pub(super) struct GroupTest {
    pub(super) name: String,
    pub(super) place: Place,
    given: Given,
}

#[derive(Debug, Clone)]
enum Given {
    Group {
        created: Time,
        held: Vec<Time>,
        at: Time,
        status: Status,
        days_left: Option<i64>,
    },
    Leader {
        affiliations: Vec<Affiliation>,
        lozenges: Vec<String>,
        eligible: bool,
    },
}

const STATUSES: [(&str, Status); 3] = [
    ("active", Status::Active),
    ("at-risk", Status::AtRisk),
    ("inactive", Status::Inactive),
];

impl GroupTest {
    /// Reads one.
    pub(super) fn read(mut table: Table<'_>, known: &Lozenges) -> Self {
        let test = Self {
            name: table.title("name"),
            place: table.source.place(table.offset),
            given: match table.take("eligible") {
                Some(eligible) => leader(eligible, &mut table, known),
                None => group(&mut table),
            },
        };
        table.end();
        test
    }

    /// What is otherwise than it expects.
    pub(super) fn run(&self, groups: &Groups) -> Result<(), String> {
        match &self.given {
            Given::Group {
                created,
                held,
                at,
                status,
                days_left,
            } => {
                let found = activity(*created, None, held, *at, &groups.activity);
                if found.status != *status {
                    let (found, expected) = (named(found.status), named(*status));
                    return Err(format!("the group is {found}, not {expected}"));
                }
                match days_left {
                    Some(expected) if found.days_left != *expected => {
                        let found = found.days_left;
                        Err(format!("there are {found} days left, not {expected}"))
                    }
                    Some(_) | None => Ok(()),
                }
            }
            Given::Leader {
                affiliations,
                lozenges,
                eligible,
            } => {
                let lozenges = lozenges.iter().map(String::as_str);
                let obstacles = groups
                    .leaders
                    .obstacles(affiliations.iter().copied(), lozenges);
                match (obstacles.first(), eligible) {
                    (Some(obstacle), true) => Err(format!("{obstacle} can't lead")),
                    (None, false) => Err("nothing keeps them from leading".to_owned()),
                    (Some(_), false) | (None, true) => Ok(()),
                }
            }
        }
    }
}

fn named(status: Status) -> &'static str {
    let mut statuses = STATUSES.iter();
    statuses
        .find(|(_, it)| *it == status)
        .map_or("", |(name, _)| name)
}

fn group(table: &mut Table<'_>) -> Given {
    let time = |value: Option<Value<'_>>| {
        let time = value.and_then(Value::time);
        time.map_or(Time::EPOCH, |time| time.value)
    };
    let held = table.take("held").map(Value::list).unwrap_or_default();
    let held = held.into_iter().filter_map(Value::time);
    let status = table.need("status");
    let days_left = table.take("days_left");
    Given::Group {
        created: time(table.need("created")),
        held: held.map(|time| time.value).collect(),
        at: time(table.need("at")),
        status: status
            .and_then(|it| it.choice("status", &STATUSES))
            .unwrap_or(Status::Active),
        days_left: days_left
            .and_then(|it| it.integer(0..=100_000))
            .map(|days| days.value),
    }
}

fn leader(eligible: Value<'_>, table: &mut Table<'_>, known_lozenges: &Lozenges) -> Given {
    let known = Affiliation::ALL.map(|it| (it.as_str(), it));
    let affiliations = table.take("affiliations").map(Value::list);
    let affiliations = affiliations.unwrap_or_default().into_iter();
    let held = table.take("lozenges");
    Given::Leader {
        affiliations: affiliations
            .filter_map(|it| it.choice("affiliation", &known))
            .collect(),
        lozenges: held
            .map(|it| lozenges(it, known_lozenges))
            .unwrap_or_default(),
        eligible: eligible.truth().is_some_and(|it| it.value),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rules;

    fn mistakes(text: &str) -> Vec<String> {
        mistakes_of(&[("groups.toml".to_owned(), text.to_owned())])
    }

    fn mistakes_of(files: &[(String, String)]) -> Vec<String> {
        match Rules::parse(files) {
            Ok(rules) => match rules.check() {
                Ok(_) => vec![],
                Err(error) => error.mistakes().to_vec(),
            },
            Err(error) => error.mistakes().to_vec(),
        }
    }

    #[test]
    fn every_mistake_in_the_rules_of_groups_is_told() {
        let text = r#"
[activity]
at_risk_after_days = 90
minimum = 4
[leaders]
ineligible_affiliations = ["employe"]
ineligible_lozenges = ["Partner"]
[[benefit]]
id = "swag"
title = "Swag"
description = "Things"
kind = "swags"
[[resource]]
title = "Handbook"
url = "ftp://example.com"
description = "A book"
"#;
        assert_eq!(
            mistakes(text),
            [
                "groups.toml:3:22: a group is at risk after 90 days, and inactive after 90: let it be at risk before",
                "groups.toml:4:1: [activity] has no key `minimum`: write `at_risk_after_days`, `inactive_after_days`, `held_per_year`, `ideal_per_month`",
                "groups.toml:6:28: \"employe\" is no affiliation: did you mean \"employee\"?",
                "groups.toml:7:24: nobody is granted a lozenge \"Partner\": there is none",
                "groups.toml:12:8: \"swags\" is no kind of benefit: did you mean \"swag\"?",
                "groups.toml:15:7: \"ftp://example.com\" is no address: begin with https:// or http://",
            ]
        );
    }

    #[test]
    fn g2_lozenges_that_keep_from_leading_are_ones_that_somebody_is_granted() {
        let lozenge = |id: &str, precedence: u8, way: &str| {
            format!(
                "[[lozenge]]\nid = \"{id}\"\ntitle = \"T\"\ndescription = \"D\"\n\
                 precedence = {precedence}\n{way}\n"
            )
        };
        let derived = "when = [{ figure = \"answers\", at_least = 1 }]";
        let lozenges = lozenge("partner", 2, "granted = true") + &lozenge("helper", 1, derived);
        let groups = "[leaders]\nineligible_lozenges = [\"partner\", \"partnr\", \"helper\"]\n\
                      [[test]]\nname = \"t\"\neligible = true\nlozenges = [\"partners\"]\n";
        let files = [("lozenges.toml", &*lozenges), ("groups.toml", groups)];
        let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(
            mistakes_of(&files),
            [
                "groups.toml:2:35: nobody is granted a lozenge \"partnr\": did you mean \"partner\"?",
                "groups.toml:2:45: nobody is granted a lozenge \"helper\": write \"partner\"",
                "groups.toml:6:13: there is no lozenge \"partners\": did you mean \"partner\"?",
            ]
        );
    }

    #[test]
    fn a_test_that_fails_tells_what_is_so() {
        let text = r#"
[[test]]
name = "too early"
created = 2026-01-01T00:00:00Z
at = 2026-03-03T00:00:00Z
status = "active"
[[test]]
name = "too many days"
created = 2026-01-01T00:00:00Z
at = 2026-01-02T00:00:00Z
status = "active"
days_left = 90
[[test]]
name = "an employee"
affiliations = ["employee"]
eligible = true
[[test]]
name = "a member"
eligible = false
"#;
        assert_eq!(
            mistakes(text),
            [
                "groups.toml:2:1: test \"too early\": the group is at-risk, not active: correct the rules or the test",
                "groups.toml:7:1: test \"too many days\": there are 89 days left, not 90: correct the rules or the test",
                "groups.toml:13:1: test \"an employee\": an employee can't lead: correct the rules or the test",
                "groups.toml:17:1: test \"a member\": nothing keeps them from leading: correct the rules or the test",
            ]
        );
    }
}

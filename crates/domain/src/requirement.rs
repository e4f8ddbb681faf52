//! What a lozenge may be asked for with (DOMAIN Z5).
//!
//! What is required is for the rules, and what a member did stands in rows: who decides is given both.

use serde::{Deserialize, Serialize};

use crate::agreement::Agreement;
use crate::company_name;
use crate::time::Time;

/// Something that is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// The latest contribution isn't long ago.
    RecentContribution,
    /// There is a history of contributions.
    Contributions,
    /// No report was upheld lately.
    NoUpheldReport,
    /// The public name carries the company, and is an individual's.
    CompanyInName,
    /// The agreements are accepted in their current versions.
    Agreements,
    /// It is acknowledged to be a privilege that depends on adherence.
    Acknowledgement,
}

/// Whether a requirement was met when somebody looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Which one.
    pub requirement: Requirement,
    /// Whether it was.
    pub met: bool,
    /// Why, or why not, for people; without personal data.
    pub why: String,
}

/// All that is required: what is absent isn't.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requirements {
    /// The latest contribution is at most so many days ago.
    pub contributed_within_days: Option<u32>,
    /// There are at least so many contributions.
    pub contributions: Option<u32>,
    /// The last report that was upheld is more than so many days ago.
    pub no_upheld_report_days: Option<u32>,
    /// The public name carries the company, and is an individual's.
    pub company_in_name: bool,
    /// These are accepted, each in this version.
    pub agreements: Vec<Agreement>,
    /// It is acknowledged to be a privilege that depends on adherence.
    pub acknowledgement: bool,
}

/// What somebody did, with all accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// How many posts there are that aren't deleted.
    pub contributions: i64,
    /// When the latest of them was written.
    pub last_contribution_at: Option<Time>,
    /// When a report of one was last upheld.
    pub last_upheld_report_at: Option<Time>,
}

/// Somebody who asks, as far as it matters.
#[derive(Debug, Clone, Copy)]
pub struct Applicant<'a> {
    /// What they did.
    pub standing: Standing,
    /// Their public name, unless it is withheld.
    pub name: Option<&'a str>,
    /// Since when they are called so.
    pub named_at: Option<Time>,
    /// What they were called before, in order, each with since when.
    pub names_before: &'a [(Time, String)],
    /// The company that they stand for, as far as that is known.
    pub company: Option<&'a str>,
    /// Which of the required agreements they accepted, in their current versions.
    pub accepted: &'a [Agreement],
    /// Whether they acknowledged that it is a privilege.
    pub acknowledged: bool,
}

/// How somebody meets a requirement, or doesn't: with why, and from when on they don't, where that is
/// known.
type Found = (bool, String, Option<Time>);

impl Requirements {
    /// How somebody meets each of them at a moment.
    pub fn answers(&self, applicant: &Applicant<'_>, now: Time) -> Vec<Answer> {
        let found = self.found(applicant, now).into_iter();
        let answer = |(requirement, (met, why, _))| Answer {
            requirement,
            met,
            why,
        };
        found.map(answer).collect()
    }

    /// Those that somebody doesn't meet at a moment, each with since when, where that is known.
    pub fn unmet(&self, applicant: &Applicant<'_>, now: Time) -> Vec<(Answer, Option<Time>)> {
        let found = self.found(applicant, now).into_iter();
        let unmet = found.filter(|(_, (met, ..))| !met);
        let unmet = unmet.map(|(requirement, (met, why, since))| {
            let answer = Answer {
                requirement,
                met,
                why,
            };
            (answer, since)
        });
        unmet.collect()
    }

    /// These without what is for the moment of asking alone: what a holder goes on to meet (DOMAIN Z9).
    pub fn lasting(&self) -> Self {
        Self {
            acknowledgement: false,
            ..self.clone()
        }
    }

    fn found(&self, applicant: &Applicant<'_>, now: Time) -> Vec<(Requirement, Found)> {
        let Self {
            contributed_within_days,
            contributions,
            no_upheld_report_days,
            company_in_name,
            agreements,
            acknowledgement,
        } = self;
        let standing = applicant.standing;
        let mut found = Vec::new();
        if let Some(days) = contributed_within_days {
            let recent = recent(standing.last_contribution_at, *days, now);
            found.push((Requirement::RecentContribution, recent));
        }
        if let Some(least) = contributions {
            let many = many(standing.contributions, *least);
            found.push((Requirement::Contributions, many));
        }
        if let Some(days) = no_upheld_report_days {
            let none = no_report(standing.last_upheld_report_at, *days, now);
            found.push((Requirement::NoUpheldReport, none));
        }
        if *company_in_name {
            let (met, why) = carries_company(applicant.name, applicant.company);
            let carries = (met, why, applicant.unfit_since());
            found.push((Requirement::CompanyInName, carries));
        }
        // One that is announced ahead is required of nobody yet.
        let is_in_force = |it: &&Agreement| it.since.is_none_or(|since| since <= now);
        let agreements: Vec<&Agreement> = agreements.iter().filter(is_in_force).collect();
        if !agreements.is_empty() {
            let accepted = accepted(&agreements, applicant.accepted);
            found.push((Requirement::Agreements, accepted));
        }
        if *acknowledgement {
            let why = match applicant.acknowledged {
                true => "acknowledged",
                false => "acknowledge that it is a privilege that depends on adherence",
            };
            let acknowledged = (applicant.acknowledged, why.to_owned(), None);
            found.push((Requirement::Acknowledgement, acknowledged));
        }
        found
    }
}

impl Applicant<'_> {
    /// Since when their name doesn't carry the company: another name that doesn't either changes nothing.
    fn unfit_since(&self) -> Option<Time> {
        let company = self.company?;
        let before = self.names_before.iter().rev();
        let unfit = before.take_while(|(_, name)| company_name::check(name, company).is_err());
        let first = unfit.last().map(|(since, _)| *since);
        self.named_at.map(|named_at| first.unwrap_or(named_at))
    }
}

/// To the microsecond: at exactly so many days it still is.
fn recent(last: Option<Time>, days: u32, now: Time) -> Found {
    let Some(last) = last else {
        let why = format!("there is no contribution; one in the last {days} days is required");
        return (false, why, None);
    };
    let until = after(last, days);
    let why =
        format!("the latest contribution was at {last} and at most {days} days ago is required");
    (now <= until, why, Some(until))
}

fn many(contributions: i64, least: u32) -> Found {
    let why = format!("{contributions} contributions; {least} are required");
    (contributions >= i64::from(least), why, None)
}

fn no_report(last: Option<Time>, days: u32, now: Time) -> Found {
    let Some(last) = last else {
        return (true, "no report was upheld".to_owned(), None);
    };
    let until = after(last, days);
    let why = format!("a report was upheld at {last} and none in the last {days} days is required");
    (until < now, why, Some(last))
}

fn carries_company(name: Option<&str>, company: Option<&str>) -> (bool, String) {
    let Some(company) = company else {
        let why = "say which company it is that the public name has to carry";
        return (false, why.to_owned());
    };
    let (met, why) = match company_name::check(name.unwrap_or_default(), company) {
        Ok(()) => (true, "the public name carries the company"),
        Err(unfit) => (false, unfit.why()),
    };
    (met, why.to_owned())
}

/// Not since the first of the missing versions is in force: if any of them doesn't say, that isn't known.
fn accepted(required: &[&Agreement], accepted: &[Agreement]) -> Found {
    let missing = required.iter().copied().filter(|it| !accepted.contains(it));
    let missing: Vec<&Agreement> = missing.collect();
    let why = match missing.is_empty() {
        true => "all agreements are accepted in their current versions".to_owned(),
        false => {
            let names: Vec<String> = missing.iter().map(ToString::to_string).collect();
            format!("accept {}", names.join(", "))
        }
    };
    let since: Option<Vec<Time>> = missing.iter().map(|it| it.since).collect();
    let since = since.and_then(|since| since.into_iter().min());
    (missing.is_empty(), why, since)
}

fn after(moment: Time, days: u32) -> Time {
    let micros = i64::from(days) * 86_400 * 1_000_000;
    Time::from_micros(moment.as_micros().saturating_add(micros))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::{after as seconds, now};

    fn terms() -> Agreement {
        Agreement {
            agreement: "terms".into(),
            title: "Terms".into(),
            version: "2".into(),
            since: Some(seconds(-DAY)),
        }
    }

    fn all() -> Requirements {
        Requirements {
            contributed_within_days: Some(30),
            contributions: Some(5),
            no_upheld_report_days: Some(90),
            company_in_name: true,
            agreements: vec![terms()],
            acknowledgement: true,
        }
    }

    fn unmet(applicant: &Applicant<'_>) -> Vec<(Requirement, Option<Time>)> {
        let unmet = all().unmet(applicant, now()).into_iter();
        unmet.map(|(it, since)| (it.requirement, since)).collect()
    }

    const DAY: i64 = 86_400;

    #[test]
    fn z5_each_requirement_is_answered_with_why() {
        let accepted = [terms()];
        let good = Applicant {
            standing: Standing {
                contributions: 5,
                last_contribution_at: Some(seconds(-30 * DAY)),
                last_upheld_report_at: Some(seconds(-90 * DAY - 1)),
            },
            name: Some("Charlie A _Company_"),
            named_at: None,
            names_before: &[],
            company: Some("Company"),
            accepted: &accepted,
            acknowledged: true,
        };
        assert_eq!(unmet(&good), []);
        assert_eq!(all().answers(&good, now()).len(), 6);
        let nobody = Applicant {
            standing: Standing::default(),
            name: None,
            named_at: None,
            names_before: &[],
            company: None,
            accepted: &[],
            acknowledged: false,
        };
        let answers = all().answers(&nobody, now());
        let met: Vec<Requirement> = answers
            .iter()
            .filter(|it| it.met)
            .map(|it| it.requirement)
            .collect();
        assert_eq!(met, [Requirement::NoUpheldReport]);
        assert!(
            answers
                .iter()
                .any(|it| it.why == "accept Terms (version 2)")
        );
        assert!(Requirements::default().answers(&nobody, now()).is_empty());
    }

    #[test]
    fn z5_days_are_counted_to_the_second() {
        let of = |contributed: i64, upheld: i64| Applicant {
            standing: Standing {
                contributions: 5,
                last_contribution_at: Some(seconds(contributed)),
                last_upheld_report_at: Some(seconds(upheld)),
            },
            name: Some("Charlie A _Company_"),
            named_at: None,
            names_before: &[],
            company: Some("Company"),
            accepted: &[],
            acknowledged: true,
        };
        let without_agreements = |applicant: &Applicant<'_>| {
            let mut unmet = unmet(applicant);
            unmet.retain(|(it, _)| *it != Requirement::Agreements);
            unmet
        };
        let unmet = without_agreements(&of(-30 * DAY - 1, -90 * DAY - 1));
        assert_eq!(
            unmet,
            [(Requirement::RecentContribution, Some(seconds(-1)))]
        );
        let unmet = without_agreements(&of(-30 * DAY, -90 * DAY));
        assert_eq!(
            unmet,
            [(Requirement::NoUpheldReport, Some(seconds(-90 * DAY)))]
        );
    }

    #[test]
    fn z9_since_when_a_name_or_an_agreement_is_not_met_is_said_where_it_is_known() {
        let other = Agreement {
            agreement: "rules".into(),
            since: Some(seconds(-2 * DAY)),
            ..terms()
        };
        let undated = Agreement {
            since: None,
            ..other.clone()
        };
        let requirements = |agreements: Vec<Agreement>| Requirements {
            company_in_name: true,
            agreements,
            ..Requirements::default()
        };
        let holder = |named_at| Applicant {
            standing: Standing::default(),
            name: Some("Charlie A"),
            named_at,
            names_before: &[],
            company: Some("Company"),
            accepted: &[],
            acknowledged: false,
        };
        let since = |requirements: &Requirements, named_at| -> Vec<Option<Time>> {
            let unmet = requirements.unmet(&holder(named_at), now());
            unmet.into_iter().map(|(_, since)| since).collect()
        };
        let both = requirements(vec![terms(), other]);
        let named_at = Some(seconds(-7));
        assert_eq!(since(&both, named_at), [named_at, Some(seconds(-2 * DAY))]);
        let one = requirements(vec![terms(), undated]);
        assert_eq!(since(&one, None), [None, None]);
        // Another name that doesn't carry it either changes nothing.
        let names = [(-9, "Charlie A _Company_"), (-8, "Charlie")];
        let names = names.map(|(at, name)| (seconds(at), name.to_owned()));
        let renamed = Applicant {
            names_before: &names,
            ..holder(named_at)
        };
        let unmet = requirements(vec![]).unmet(&renamed, now());
        assert_eq!(unmet[0].1, Some(seconds(-8)));
        // What is announced ahead counts from its time on.
        let ahead = Agreement {
            since: Some(seconds(1)),
            ..terms()
        };
        let ahead = requirements(vec![ahead]);
        assert_eq!(since(&ahead, named_at), [named_at]);
        let then = ahead.unmet(&holder(named_at), seconds(1));
        assert_eq!(then.len(), 2);
    }

    /// DOMAIN Z9: (a) to (c), and not (d).
    #[test]
    fn z9_a_holder_goes_on_to_meet_all_but_the_acknowledgement() {
        let lasting = all().lasting();
        assert!(!lasting.acknowledgement);
        let acknowledgement = true;
        assert_eq!(
            Requirements {
                acknowledgement,
                ..lasting
            },
            all()
        );
    }
}

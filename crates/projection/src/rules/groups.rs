//! Reading `groups.toml`. README.md in `projections/` says what its keys mean.

use plaudit_domain::affiliation::Affiliation;
use plaudit_domain::leadership::Conditions;

use super::lozenges::Lozenges;
use super::programme::{COUNT_MAX, Names};
use super::source::{At, Source, Table, Value, hint};
use crate::activity::Expectations;

/// The rules of user groups (DOMAIN G).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// When a group is active.
    pub activity: Expectations,
    /// What keeps people from leading.
    pub leaders: Conditions,
    /// What active leaders have.
    pub benefits: Vec<BenefitRule>,
    /// What active leaders may read.
    pub resources: Vec<Resource>,
}

/// Something that active leaders have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenefitRule {
    /// What programs know it by.
    pub id: String,
    /// For people.
    pub title: String,
    /// For people.
    pub description: String,
    /// What it is.
    pub kind: BenefitKind,
}

/// The kinds of benefit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BenefitKind {
    /// They see the leaders' resources.
    Resources,
    /// They can ask for things to give away.
    Swag,
    /// They can ask to be reimbursed.
    Reimbursement,
}

/// Something for leaders to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its title.
    pub title: String,
    /// Its address.
    pub url: String,
    /// What it is for.
    pub description: String,
}

const KINDS: [(&str, BenefitKind); 3] = [
    ("resources", BenefitKind::Resources),
    ("swag", BenefitKind::Swag),
    ("reimbursement", BenefitKind::Reimbursement),
];

/// The most days that anything takes.
const DAYS_MAX: i64 = 10_000;

impl Default for Groups {
    fn default() -> Self {
        Self {
            activity: Expectations::default(),
            leaders: Conditions {
                affiliations: Affiliation::ALL.into(),
                ..Conditions::default()
            },
            benefits: Vec::new(),
            resources: Vec::new(),
        }
    }
}

impl Groups {
    /// Whether active leaders have a kind of benefit.
    pub fn gives(&self, kind: BenefitKind) -> bool {
        self.benefits.iter().any(|benefit| benefit.kind == kind)
    }

    /// Reads all of it but its tests, beside the lozenges that there are.
    pub(super) fn read(file: &mut Table<'_>, known: &Lozenges) -> Self {
        let mut ids = Names::default();
        let benefits = file.tables("benefit", "a benefit").into_iter();
        let benefits = benefits.map(|it| benefit(it, &mut ids)).collect();
        let resources = file.tables("resource", "a resource").into_iter();
        Self {
            activity: activity(file),
            leaders: leaders(file, known),
            benefits,
            resources: resources.map(resource).collect(),
        }
    }
}

fn activity(file: &mut Table<'_>) -> Expectations {
    let mut read = Expectations::default();
    let table = file.take("activity");
    let Some(mut table) = table.and_then(|it| it.table("[activity]")) else {
        return read;
    };
    let source = table.source;
    let mut number = |key, most| table.take(key)?.integer(1..=most);
    let at_risk = number("at_risk_after_days", DAYS_MAX);
    let inactive = number("inactive_after_days", DAYS_MAX);
    let per_year = number("held_per_year", COUNT_MAX);
    let per_month = number("ideal_per_month", COUNT_MAX);
    let value =
        |number: &Option<At<i64>>, otherwise| number.as_ref().map_or(otherwise, |it| it.value);
    read.at_risk_after_days = value(&at_risk, read.at_risk_after_days);
    read.inactive_after_days = value(&inactive, read.inactive_after_days);
    let small = |number: &Option<At<i64>>, otherwise: u32| {
        u32::try_from(value(number, otherwise.into())).unwrap_or(u32::MAX)
    };
    read.held_per_year = small(&per_year, read.held_per_year);
    read.ideal_per_month = small(&per_month, read.ideal_per_month);
    if read.at_risk_after_days >= read.inactive_after_days {
        let place = at_risk.or(inactive).map_or(table.offset, |it| it.offset);
        source.mistake(
            place,
            format!(
                "a group is at risk after {} days, and inactive after {}: let it be at risk before",
                read.at_risk_after_days, read.inactive_after_days
            ),
        );
    }
    table.end();
    read
}

fn leaders(file: &mut Table<'_>, known: &Lozenges) -> Conditions {
    let mut conditions = Groups::default().leaders;
    let table = file.take("leaders");
    let Some(mut table) = table.and_then(|it| it.table("[leaders]")) else {
        return conditions;
    };
    if let Some(list) = table.take("ineligible_affiliations") {
        let known = Affiliation::ALL.map(|it| (it.as_str(), it));
        let named = list.list().into_iter();
        conditions.affiliations = named
            .filter_map(|it| it.choice("affiliation", &known))
            .collect();
    }
    if let Some(list) = table.take("ineligible_lozenges") {
        conditions.lozenges = ineligible(list, known).into_iter().collect();
    }
    table.end();
    conditions
}

/// Lozenges that keep from leading: a derived one isn't among what somebody may have, for it comes and goes.
fn ineligible(list: Value<'_>, known: &Lozenges) -> Vec<String> {
    let granted = known.all.iter().filter(|it| it.terms().is_some());
    let granted = granted.map(|it| it.id.as_str());
    named(list, granted, "nobody is granted a lozenge")
}

/// Lozenges that there are.
pub(super) fn lozenges(list: Value<'_>, known: &Lozenges) -> Vec<String> {
    let ids = known.all.iter().map(|it| it.id.as_str());
    named(list, ids, "there is no lozenge")
}

fn named<'a>(
    list: Value<'_>,
    ids: impl Iterator<Item = &'a str> + Clone,
    mistake: &str,
) -> Vec<String> {
    let source = list.source;
    let named = list.texts();
    for name in &named {
        if !ids.clone().any(|id| id == name.value) {
            let hint = hint(&name.value, ids.clone(), '"');
            source.mistake(name.offset, format!("{mistake} {:?}: {hint}", name.value));
        }
    }
    named.into_iter().map(|name| name.value).collect()
}

fn benefit(mut table: Table<'_>, ids: &mut Names) -> BenefitRule {
    let id = ids.add(&mut table, "benefit");
    let kind = table.need("kind");
    let kind = kind.and_then(|it| it.choice("kind of benefit", &KINDS));
    let rule = BenefitRule {
        id,
        title: table.title("title"),
        description: table.description(),
        kind: kind.unwrap_or(BenefitKind::Resources),
    };
    table.end();
    rule
}

fn resource(mut table: Table<'_>) -> Resource {
    let url = table.need("url").and_then(Value::text);
    let resource = Resource {
        title: table.title("title"),
        description: table.description(),
        url: url.map(|url| link(table.source, url)).unwrap_or_default(),
    };
    table.end();
    resource
}

fn link(source: &Source<'_>, url: At<String>) -> String {
    if !["https://", "http://"]
        .iter()
        .any(|it| url.value.starts_with(it))
    {
        let mistake = format!(
            "{:?} is no address: begin with https:// or http://",
            url.value
        );
        source.mistake(url.offset, mistake);
    }
    url.value
}

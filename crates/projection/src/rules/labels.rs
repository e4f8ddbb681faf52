//! Reading `lozenges.toml`. README.md in `projections/` says what its keys mean.

use plaudit_domain::GroupId;
use plaudit_domain::agreement::Agreement;
use plaudit_domain::lozenge::Terms;
use plaudit_domain::requirement::Requirements;

use super::lozenges::{
    AgreementRule, Ask, Bound, Condition, Lozenge, Lozenges, Measure, Perk, PublishesIn, Way,
};
use super::milestones::{FIGURES, Figure};
use super::programme::{COUNT_MAX, Names};
use super::source::{At, Source, Table, Value, choose};

/// The highest precedence.
const PRECEDENCE_MAX: i64 = 1_000_000;
/// The most days that something may be ago.
const DAYS_MAX: i64 = 36_500;

/// What can be looked at, by the names that rules have for it.
pub(super) const MEASURES: [(&str, Measure); FIGURES.len() + 2] = measures();

const fn measures() -> [(&'static str, Measure); FIGURES.len() + 2] {
    let mut measures = [("", Measure::Figure(Figure::TotalPosts)); FIGURES.len() + 2];
    let mut at = 0;
    while at < FIGURES.len() {
        measures[at] = (FIGURES[at].0, Measure::Figure(FIGURES[at].1));
        at += 1;
    }
    measures[at] = ("level", Measure::Level);
    measures[at + 1] = ("active_groups_led", Measure::ActiveGroupsLed);
    measures
}

/// What is read so far, with what later parts refer to.
#[derive(Debug, Default)]
struct Labels {
    lozenges: Lozenges,
    agreements: Names,
    perks: Names,
    ids: Names,
}

/// Reads all of lozenges.toml but its tests.
pub(super) fn lozenges(file: &mut Table<'_>) -> Lozenges {
    let mut labels = Labels::default();
    for table in file.tables("agreement", "an agreement") {
        labels.agreement(table);
    }
    for table in file.tables("perk", "a perk") {
        labels.perk(table);
    }
    for table in file.tables("lozenge", "a lozenge") {
        labels.lozenge(table);
    }
    for perk in labels.perks.unused() {
        let mistake = format!(
            "no lozenge has the perk {:?}: add it to the `perks` of one, or remove it",
            perk.value
        );
        file.source.mistake(perk.offset, mistake);
    }
    let mut lozenges = labels.lozenges;
    lozenges
        .all
        .sort_by_key(|it| std::cmp::Reverse(it.precedence));
    lozenges
}

impl Labels {
    fn agreement(&mut self, mut table: Table<'_>) {
        let agreement = Agreement {
            agreement: self.agreements.add(&mut table, "agreement"),
            title: table.title("title"),
            version: table.title("version"),
            since: table
                .take("since")
                .and_then(Value::time)
                .map(|since| since.value),
        };
        let url = table.need("url").and_then(Value::text);
        if let Some(url) = &url
            && !["https://", "http://"]
                .iter()
                .any(|it| url.value.starts_with(it))
        {
            let mistake = "`url` is no address: begin it with https://";
            table.source.mistake(url.offset, mistake);
        }
        let url = url.map(|url| url.value).unwrap_or_default();
        let rule = AgreementRule { agreement, url };
        self.lozenges.agreements.push(rule);
        table.end();
    }

    fn perk(&mut self, mut table: Table<'_>) {
        let perk = Perk {
            id: self.perks.add(&mut table, "perk"),
            title: table.title("title"),
            description: table.description(),
            publishes_in: publishes_in(&mut table),
        };
        self.lozenges.perks.push(perk);
        table.end();
    }

    fn lozenge(&mut self, mut table: Table<'_>) {
        let lozenge = Lozenge {
            id: self.ids.add(&mut table, "lozenge"),
            title: table.title("title"),
            description: table.description(),
            precedence: self.precedence(&mut table),
            perks: self.perks_of(&mut table),
            way: self.way(&mut table),
        };
        self.lozenges.all.push(lozenge);
        table.end();
    }

    fn precedence(&mut self, table: &mut Table<'_>) -> i64 {
        let source = table.source;
        let precedence = table.need("precedence");
        let precedence = precedence.and_then(|it| it.integer(1..=PRECEDENCE_MAX));
        let Some(At { value, offset }) = precedence else {
            return 0;
        };
        let mut known = self.lozenges.all.iter();
        if let Some(known) = known.find(|known| known.precedence == value) {
            let mistake = format!(
                "the lozenge {:?} has the precedence {value} already: write another number",
                known.id
            );
            source.mistake(offset, mistake);
        }
        value
    }

    fn perks_of(&mut self, table: &mut Table<'_>) -> Vec<usize> {
        let source = table.source;
        let names = table.take("perks").map(Value::texts).unwrap_or_default();
        let mut perks = Vec::new();
        for name in names {
            let Some(perk) = self.perks.number(source, &name, "perk") else {
                continue;
            };
            if perks.contains(&perk) {
                let mistake = format!("{:?} is named twice: remove one", name.value);
                source.mistake(name.offset, mistake);
            }
            perks.push(perk);
        }
        perks
    }

    fn way(&mut self, table: &mut Table<'_>) -> Way {
        let source = table.source;
        let is_granted = table.flag("granted");
        let names_company = table.take("names_company");
        let request = table.take("request");
        let when = table.take("when");
        if !is_granted {
            let only_granted = [names_company, request].into_iter().flatten();
            for value in only_granted {
                let mistake =
                    "this is for lozenges that staff grant: add `granted = true`, or remove it";
                source.mistake(value.offset, mistake);
            }
            return Way::Derived(conditions(table, when));
        }
        if let Some(when) = when {
            let mistake = "`granted` and `when` contradict each other: remove one of them";
            source.mistake(when.offset, mistake);
        }
        let names_company = names_company.and_then(Value::truth);
        let names_company = names_company.is_some_and(|it| it.value);
        let request = request.and_then(|it| it.table("[lozenge.request]"));
        let mut terms = Terms {
            names_company,
            requirements: Requirements::default(),
        };
        let request = request.map(|request| self.request(request, &mut terms));
        Way::Granted { terms, request }
    }

    fn request(&mut self, mut table: Table<'_>, terms: &mut Terms) -> Ask {
        let source = table.source;
        let acknowledgement = table.take("acknowledgement").and_then(Value::description);
        let company_in_name = table.take("company_in_name").and_then(Value::truth);
        if let Some(At {
            value: true,
            offset,
        }) = company_in_name
            && !terms.names_company
        {
            let mistake = "the lozenge names no company: add `names_company = true` to it, or remove `company_in_name`";
            source.mistake(offset, mistake);
        }
        terms.requirements = Requirements {
            contributed_within_days: number(&mut table, "contributed_within_days", DAYS_MAX),
            contributions: number(&mut table, "contributions", COUNT_MAX),
            no_upheld_report_days: number(&mut table, "no_upheld_report_days", DAYS_MAX),
            company_in_name: company_in_name.is_some_and(|it| it.value),
            agreements: self.agreements_of(&mut table),
            acknowledgement: acknowledgement.is_some(),
        };
        table.end();
        Ask {
            acknowledgement: acknowledgement.map(|text| text.value),
        }
    }

    fn agreements_of(&mut self, table: &mut Table<'_>) -> Vec<Agreement> {
        let source = table.source;
        let names = table.take("agreements").map(Value::texts);
        let names = names.unwrap_or_default().into_iter();
        let numbers = names.filter_map(|it| self.agreements.number(source, &it, "agreement"));
        let agreements = numbers.filter_map(|it| self.lozenges.agreements.get(it));
        agreements.map(|rule| rule.agreement.clone()).collect()
    }
}

fn number(table: &mut Table<'_>, key: &'static str, most: i64) -> Option<u32> {
    let number = table.take(key)?.integer(1..=most)?;
    u32::try_from(number.value).ok()
}

fn publishes_in(table: &mut Table<'_>) -> PublishesIn {
    let source = table.source;
    let Some(value) = table.take("publishes_in") else {
        return PublishesIn::Groups(vec![]);
    };
    if !value.is_list() {
        value.choice("choice of groups", &[("all", ())]);
        return PublishesIn::All;
    }
    let groups = value.texts().into_iter();
    let groups = groups.filter_map(|id| match id.value.parse::<GroupId>() {
        Ok(group) => Some(group),
        Err(_) => {
            let mistake = format!("{:?} is no id of a group: write its UUID", id.value);
            source.mistake(id.offset, mistake);
            None
        }
    });
    PublishesIn::Groups(groups.collect())
}

fn conditions(table: &mut Table<'_>, when: Option<Value<'_>>) -> Vec<Condition> {
    let source = table.source;
    let Some(when) = when else {
        table.mistake("a lozenge is granted, or comes by itself: add `granted = true` or `when`");
        return Vec::new();
    };
    let (offset, before) = (when.offset, source.mistakes());
    let conditions = when.list().into_iter();
    let conditions = conditions.filter_map(|it| it.table("a condition"));
    let conditions: Vec<Condition> = conditions.filter_map(condition).collect();
    if conditions.is_empty() && source.mistakes() == before {
        source.mistake(offset, "`when` is empty: write one condition at least");
    }
    conditions
}

fn condition(mut table: Table<'_>) -> Option<Condition> {
    let source = table.source;
    let figure = table.need("figure").and_then(Value::text);
    let measure = figure.and_then(|it| measure(source, &it));
    let [at_least, below] = ["at_least", "below"].map(|key| {
        let value = table.take(key);
        value.map(|it| (it.offset, it.integer(0..=COUNT_MAX)))
    });
    let bound = match (at_least, below) {
        (Some((_, least)), None) => least.map(|it| Bound::AtLeast(it.value)),
        (None, Some((_, most))) => most.map(|it| Bound::Below(it.value)),
        (Some(_), Some((offset, _))) => {
            let mistake = "a condition has one bound: write another one for `below`";
            source.mistake(offset, mistake);
            None
        }
        (None, None) => {
            table.mistake("a condition needs a bound: add `at_least` or `below`");
            None
        }
    };
    table.end();
    measure
        .zip(bound)
        .map(|(measure, bound)| Condition { measure, bound })
}

/// What a name says is looked at.
pub(super) fn measure(source: &Source<'_>, name: &At<String>) -> Option<Measure> {
    choose(source, name, "figure of a profile", &MEASURES)
}

//! Reading `kudos.toml` and `challenges.toml`. README.md in `projections/` says what their keys mean.

use plaudit_domain::kudos::{Allowance, Policy};
use plaudit_domain::post::Kind;
use plaudit_domain::{Period, Time};

use super::kudos::{BadgeRule, Counted, Deeds, Kudos, Level, Limit, Reason, Step};
use super::source::{At, Place, Source, Table, Value, choose, hint};
use crate::deed::Action;

/// The most points that a rule gives or takes. So sums stay far from what an integer holds.
const POINTS_MAX: i64 = 1_000_000;
/// The most points that a level takes.
const LEVEL_MAX: i64 = 1_000_000_000;
/// The most of anything that is counted.
pub(super) const COUNT_MAX: i64 = 1_000_000;

const PERIODS: [(&str, Period); 4] = [
    ("day", Period::Day),
    ("week", Period::Week),
    ("month", Period::Month),
    ("quarter", Period::Quarter),
];
const POLICIES: [(&str, Policy); 2] = [
    ("automatic", Policy::Automatic),
    ("waitlist", Policy::Waitlist),
];

/// What is read so far of the programme, with what later parts refer to.
#[derive(Debug, Default)]
pub(super) struct Programme {
    kudos: Kudos,
    limits: Names,
    badges: Names,
    reasons: Names,
}

impl Programme {
    /// Reads all of kudos.toml but its tests.
    pub(super) fn kudos(&mut self, file: &mut Table<'_>) {
        self.enrolment(file);
        self.peer_kudos(file);
        self.levels(file);
        for table in file.tables("limit", "a limit") {
            self.limit(table);
        }
        for table in file.tables("badge", "a badge") {
            self.badge(table);
        }
        for table in file.tables("rule", "a rule") {
            self.rule(table);
        }
    }

    /// Reads all of challenges.toml but its tests; after kudos.toml, to which it refers.
    pub(super) fn challenges(&mut self, file: &mut Table<'_>) {
        for table in file.tables("challenge", "a challenge") {
            self.challenge(table);
        }
    }

    /// The rules, once all is read. Limits and badges are in kudos.toml: what isn't used there is
    /// noted with it.
    pub(super) fn end(self, kudos: Option<&Source<'_>>) -> Kudos {
        if let Some(source) = kudos {
            for limit in self.limits.unused() {
                let mistake = format!(
                    "no rule has the limit {:?}: add it to the `limits` of one, or remove it",
                    limit.value
                );
                source.mistake(limit.offset, mistake);
            }
            for badge in self.badges.unused() {
                let mistake = format!(
                    "no rule or challenge gives the badge {:?}: add `badge` to one, or remove it",
                    badge.value
                );
                source.mistake(badge.offset, mistake);
            }
        }
        self.kudos.indexed()
    }

    fn enrolment(&mut self, file: &mut Table<'_>) {
        let table = file
            .take("enrolment")
            .and_then(|it| it.table("[enrolment]"));
        let Some(mut table) = table else { return };
        if let Some(policy) = table.take("policy") {
            let policy = policy.choice("policy", &POLICIES);
            self.kudos.policy = policy.unwrap_or_default();
        }
        table.end();
    }

    fn peer_kudos(&mut self, file: &mut Table<'_>) {
        let table = file.take("peer_kudos");
        let Some(mut table) = table.and_then(|it| it.table("[peer_kudos]")) else {
            return;
        };
        let gifts = table.need("gifts").and_then(|it| it.integer(1..=COUNT_MAX));
        let per = period(&mut table, "per");
        self.kudos.allowance = gifts.zip(per).map(|(gifts, per)| Allowance {
            gifts: u32::try_from(gifts.value).unwrap_or(u32::MAX),
            per,
        });
        table.end();
    }

    fn levels(&mut self, file: &mut Table<'_>) {
        let otherwise = "there has to be a [[level]] at least: add one with `points = 0`";
        let tables = file.some_tables("level", "a level", otherwise);
        for mut table in tables {
            let name = table.title("name");
            let points = table
                .need("points")
                .and_then(|it| it.integer(0..=LEVEL_MAX));
            if self.kudos.levels.iter().any(|level| level.name == name) && !name.is_empty() {
                table.mistake(format!(
                    "there is a level {name:?} already: give this one another name"
                ));
            }
            if let Some(At { value, offset }) = points {
                let source = table.source;
                match self.kudos.levels.last() {
                    None if value != 0 => source.mistake(
                        offset,
                        format!("the first level has `points = {value}`: make it 0"),
                    ),
                    Some(last) if value <= last.points => source.mistake(
                        offset,
                        format!(
                            "`points` is {value}, and the level before has {}: write more than that",
                            last.points
                        ),
                    ),
                    None | Some(_) => {}
                }
                self.kudos.levels.push(Level {
                    name,
                    points: value,
                });
            }
            table.end();
        }
    }

    fn limit(&mut self, mut table: Table<'_>) {
        let id = self.limits.add(&mut table, "limit");
        let points = table
            .need("points")
            .and_then(|it| it.integer(1..=POINTS_MAX));
        let per = period(&mut table, "per");
        self.kudos.limits.push(Limit {
            id,
            points: points.map_or(1, |points| points.value),
            per: per.unwrap_or(Period::Day),
        });
        table.end();
    }

    fn badge(&mut self, mut table: Table<'_>) {
        let id = self.badges.add(&mut table, "badge");
        self.kudos.badges.push(BadgeRule {
            id,
            title: table.title("title"),
            description: table.description(),
            repeatable: table.flag("repeatable"),
        });
        table.end();
    }

    fn rule(&mut self, mut table: Table<'_>) {
        let deeds = deeds(&mut table);
        let limits = self.limits_of(&mut table);
        let points = table
            .need("points")
            .and_then(|it| it.integer(-POINTS_MAX..=POINTS_MAX));
        if let (Some(points), Some(limits)) = (&points, &limits)
            && points.value <= 0
        {
            let mistake =
                "`limits` hold what a rule gives, and this one gives no points: remove them";
            table.source.mistake(limits.offset, mistake);
        }
        let counts = Counted::Each {
            deeds,
            limits: limits.map(|limits| limits.value).unwrap_or_default(),
        };
        self.reason(table, "rule", points, counts);
    }

    fn limits_of(&mut self, table: &mut Table<'_>) -> Option<At<Vec<usize>>> {
        let source = table.source;
        let list = table.take("limits")?;
        let offset = list.offset;
        let mut limits = Vec::new();
        for name in list.texts() {
            let Some(limit) = self.limits.number(source, &name, "limit") else {
                continue;
            };
            if limits.contains(&limit) {
                let mistake = format!("the limit {:?} is named twice: remove one", name.value);
                source.mistake(name.offset, mistake);
            }
            limits.push(limit);
        }
        let value = limits;
        Some(At { value, offset })
    }

    fn challenge(&mut self, mut table: Table<'_>) {
        let points = table.take("points");
        let points = points.and_then(|it| it.integer(-POINTS_MAX..=POINTS_MAX));
        let within = table.take("within");
        let within = within.and_then(|it| it.choice("period", &PERIODS));
        let repeats = table.take("repeats").and_then(|it| it.truth());
        if let Some(repeats) = &repeats
            && repeats.value
            && within.is_none()
        {
            let mistake = "`repeats` needs a period to begin anew with: add `within`, like `within = \"week\"`";
            table.source.mistake(repeats.offset, mistake);
        }
        let otherwise = "a challenge needs steps: add a [[challenge.step]]";
        let tables = table.some_tables("step", "a step", otherwise);
        let counts = Counted::Steps {
            steps: tables.into_iter().map(step).collect(),
            within,
            repeats: repeats.is_some_and(|repeats| repeats.value),
        };
        self.reason(table, "challenge", points, counts);
    }

    /// What rules and challenges have in common. They share their ids, for the ledger names both.
    fn reason(
        &mut self,
        mut table: Table<'_>,
        what: &'static str,
        points: Option<At<i64>>,
        counts: Counted,
    ) {
        let id = self.reasons.add(&mut table, what);
        let badge = self.badge_of(&mut table);
        // What is wrong gives something, too, once it is corrected.
        let has_points = match &points {
            Some(points) => points.value != 0,
            None => what == "rule" || table.had("points"),
        };
        if !has_points && !table.had("badge") {
            table.mistake(format!(
                "the {what} gives neither points nor a badge: add `points` or `badge`"
            ));
        }
        let (from, until) = span(&mut table);
        let share = table.take("before_enrolment").and_then(|it| it.share());
        self.kudos.reasons.push(Reason {
            id,
            title: table.title("title"),
            description: table.description(),
            from,
            until,
            before_enrolment: share.unwrap_or(0.0),
            points: points.map_or(0, |points| points.value),
            badge,
            counts,
        });
        table.end();
    }

    fn badge_of(&mut self, table: &mut Table<'_>) -> Option<usize> {
        let source = table.source;
        let name = table.take("badge")?.text()?;
        self.badges.number(source, &name, "badge")
    }
}

fn period(table: &mut Table<'_>, key: &'static str) -> Option<Period> {
    let value = table.need(key)?;
    value.choice("period", &PERIODS)
}

fn step(mut table: Table<'_>) -> Step {
    let count = table.need("count").and_then(|it| it.integer(1..=COUNT_MAX));
    let step = Step {
        title: table.title("title"),
        deeds: deeds(&mut table),
        count: count.map_or(1, |count| count.value),
        what: 0,
    };
    table.end();
    step
}

/// From when and until when something counts (DOMAIN K3). It has to say so.
fn span(table: &mut Table<'_>) -> (Option<Time>, Option<Time>) {
    let said = (table.take("from"), table.take("retroactive"));
    let source = table.source;
    let from = match said {
        (Some(from), None) => from.time(),
        (None, Some(retroactive)) => {
            retroactive_only(retroactive);
            None
        }
        (None, None) => {
            table.mistake("it isn't said from when it counts: add `from = <time>` for what happens from then on, or `retroactive = true` for all that ever happened");
            None
        }
        (Some(from), Some(_)) => {
            source.mistake(
                from.offset,
                "`from` and `retroactive` contradict each other: remove one of them",
            );
            None
        }
    };
    let until = table.take("until").and_then(|it| it.time());
    if let (Some(from), Some(until)) = (&from, &until)
        && until.value <= from.value
    {
        source.mistake(
            until.offset,
            "`until` isn't after `from`: write a later time",
        );
    }
    (from.map(|it| it.value), until.map(|it| it.value))
}

/// `retroactive` is true, or says nothing.
fn retroactive_only(value: Value<'_>) {
    let source = value.source;
    if let Some(At {
        value: false,
        offset,
    }) = value.truth()
    {
        source.mistake(
            offset,
            "`retroactive = false` doesn't say from when it counts: write `from = <time>` instead",
        );
    }
}

fn deeds(table: &mut Table<'_>) -> Deeds {
    let source = table.source;
    let on = table.need("on").and_then(|it| it.text());
    let to = table.need("to").and_then(|it| it.text());
    let action = on.and_then(|on| action(source, &on, to.as_ref()));
    let kinds = kinds(table);
    if let (Some(action), Some(kinds)) = (action, &kinds)
        && !action.has_kind()
    {
        let mistake = "this event is about no kind of post: remove `kinds`";
        source.mistake(kinds.offset, mistake);
    }
    Deeds {
        action: action.unwrap_or(Action::Posted),
        kinds: kinds.map(|kinds| kinds.value).unwrap_or_default(),
    }
}

/// The action that an event is to one of its parts.
fn action(source: &Source<'_>, on: &At<String>, to: Option<&At<String>>) -> Option<Action> {
    let mut events = Action::ALL.map(|(_, event, _)| (event, event)).to_vec();
    events.dedup();
    let event = choose(source, on, "event that can be counted", &events)?;
    let parts = Action::ALL.iter().filter(|(_, known, _)| *known == event);
    let parts: Vec<(&str, Action)> = parts.map(|&(action, _, part)| (part, action)).collect();
    let to = to?;
    let found = parts.iter().find(|(part, _)| *part == to.value);
    if found.is_none() {
        let of: Vec<String> = parts.iter().map(|(part, _)| format!("{part:?}")).collect();
        let mistake = format!("{event} has no {:?}: write {}", to.value, of.join(" or "));
        source.mistake(to.offset, mistake);
    }
    found.map(|(_, action)| *action)
}

/// Kinds of post; none are no list.
pub(super) fn kinds(table: &mut Table<'_>) -> Option<At<Vec<Kind>>> {
    let source = table.source;
    let list = table.take("kinds")?;
    let offset = list.offset;
    let known = Kind::ALL.map(|kind| (kind.as_str(), kind));
    let mut kinds = Vec::new();
    let names = list.texts();
    if names.is_empty() {
        source.mistake(
            offset,
            "`kinds` is empty: name one at least, or remove it for all of them",
        );
    }
    for name in names {
        let Some(kind) = choose(source, &name, "kind of post", &known) else {
            continue;
        };
        if kinds.contains(&kind) {
            source.mistake(name.offset, format!("{kind} is named twice: remove one"));
        }
        kinds.push(kind);
    }
    let value = kinds;
    Some(At { value, offset })
}

/// The ids of some space, each with its number.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Where each was given, and whether it is used.
    given: Vec<(At<String>, Place, bool)>,
}

impl Names {
    /// Takes the id of the next one.
    pub(super) fn add(&mut self, table: &mut Table<'_>, what: &str) -> String {
        let id = table.id();
        let is_wrong = id.is_none();
        // What has none keeps its number, and is named by nobody.
        let id = id.unwrap_or(At {
            value: String::new(),
            offset: table.offset,
        });
        let known = self
            .given
            .iter()
            .find(|(known, ..)| known.value == id.value);
        if let Some((_, place, _)) = known.filter(|_| !is_wrong) {
            let mistake = format!(
                "the id {:?} is used at {place} already: give the {what} another",
                id.value
            );
            table.source.mistake(id.offset, mistake);
        }
        let place = table.source.place(id.offset);
        let name = id.value.clone();
        self.given.push((id, place, is_wrong));
        name
    }

    /// The number of the one with a name; it is used from then on.
    pub(super) fn number(
        &mut self,
        source: &Source<'_>,
        name: &At<String>,
        what: &str,
    ) -> Option<usize> {
        let number = self
            .given
            .iter()
            .position(|(known, ..)| known.value == name.value);
        match number {
            Some(number) => self.given[number].2 = true,
            None => {
                let known = self.given.iter().map(|(known, ..)| known.value.as_str());
                let known = known.filter(|known| !known.is_empty());
                let hint = hint(&name.value, known, '"');
                let mistake = format!("there is no {what} {:?}: {hint}", name.value);
                source.mistake(name.offset, mistake);
            }
        }
        number
    }

    pub(super) fn unused(&self) -> impl Iterator<Item = &At<String>> {
        let unused = self.given.iter().filter(|(.., is_used)| !is_used);
        unused.map(|(id, ..)| id)
    }
}

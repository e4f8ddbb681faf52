//! A preview for people.

use std::fmt::Write;

use plaudit_domain::kudos::Allowance;
use plaudit_projection::Rules;
use plaudit_replay::preview::effect::{Difference, Effect};
use plaudit_replay::preview::summary::Totals;
use plaudit_replay::preview::thing::Kind;

use super::Told;
use super::json::{period, status};

/// The longest bar of the histogram.
const BAR: u64 = 40;

impl Told<'_> {
    /// All of it, but for the profiles that aren't among the first.
    pub(super) fn text(&self) -> String {
        let mut text = self.begin();
        if self.is_nothing() {
            text += "nobody would have anything else\n";
            return text;
        }
        self.totals(&mut text);
        self.distribution(&mut text);
        self.levels(&mut text);
        self.changes(&mut text);
        self.others(&mut text);
        self.named(&mut text);
        text
    }

    fn begin(&self) -> String {
        let preview = self.preview;
        let how = match preview.replayed {
            true => "folded anew by the proposed rules",
            false => "read by both rules: no event had to be folded",
        };
        format!("as of event {}, {how}\n", preview.position)
    }

    fn is_nothing(&self) -> bool {
        let preview = self.preview;
        preview.changes.is_empty()
            && preview.effects.is_empty()
            && preview.groups.is_empty()
            && !preview.allowance.changes()
    }

    fn totals(&self, text: &mut String) {
        let Totals {
            profiles,
            affected,
            affected_private,
            points,
            gaining,
            points_gained,
            losing,
            points_lost,
            rising,
            falling,
        } = self.preview.totals;
        let private = match affected_private {
            0 => String::new(),
            private => format!(", {private} of them private"),
        };
        *text += &format!(
            "{affected} of {profiles} profiles would have something else{private}\n\
             points: {} → {}; {gaining} profiles would gain {points_gained}, {losing} would lose \
             {points_lost}\n\
             levels: {rising} profiles would rise, {falling} would fall\n",
            points.before, points.after
        );
    }

    /// A histogram. Those that stay as they are would dwarf all others: they have a number and no bar.
    fn distribution(&self, text: &mut String) {
        let buckets = &self.preview.distribution;
        let moving = buckets.iter().filter(|it| it.from != 0 || it.to != 0);
        let Some(most) = moving.map(|it| it.profiles).max() else {
            return;
        };
        *text += "\nchange of points, and how many profiles\n";
        let rows = buckets.iter().map(|bucket| {
            let span = match (bucket.from, bucket.to) {
                (0, 0) => "0".to_owned(),
                (from, to) if from == to => format!("{from:+}"),
                (from, to) => format!("{from:+} to {to:+}"),
            };
            let is_zero = bucket.from == 0 && bucket.to == 0;
            let bar = match is_zero {
                true => 0,
                false => (bucket.profiles * BAR).div_ceil(most.max(1)),
            };
            let bar = "█".repeat(usize::try_from(bar).unwrap_or(0));
            [span, bucket.profiles.to_string(), bar]
        });
        table(text, &rows.collect::<Vec<_>>());
    }

    fn levels(&self, text: &mut String) {
        let moves = &self.preview.levels;
        if moves.is_empty() {
            return;
        }
        *text += "\nfrom level to level, and how many profiles\n";
        let rows = moves.iter().map(|it| {
            [
                level(self.rules, it.level.before),
                format!("→ {}", level(self.proposed, it.level.after)),
                it.profiles.to_string(),
            ]
        });
        table(text, &rows.collect::<Vec<_>>());
    }

    fn changes(&self, text: &mut String) {
        let mut before = None;
        let mut rows: Vec<[String; 4]> = Vec::new();
        for change in &self.preview.changes {
            let thing = self.preview.thing(change.thing);
            if before != Some(thing.kind) {
                table(text, &std::mem::take(&mut rows));
                *text += &format!("\n{}\n", heading(thing.kind));
                before = Some(thing.kind);
            }
            rows.push([
                thing.id.clone(),
                format!("{} → {}", change.count.before, change.count.after),
                format!("{} gain", change.gaining),
                format!("{} lose", change.losing),
            ]);
        }
        table(text, &rows);
    }

    /// What isn't of profiles.
    fn others(&self, text: &mut String) {
        let allowance = self.preview.allowance;
        if allowance.changes() {
            let of = |allowance: Option<Allowance>| match allowance {
                Some(Allowance { gifts, per }) => format!("{gifts} a {}", period(per)),
                None => "none".to_owned(),
            };
            let (before, after) = (of(allowance.before), of(allowance.after));
            *text += &format!("\nkudos that can be given to peers: {before} → {after}\n");
        }
        let groups = &self.preview.groups;
        if !groups.is_empty() {
            *text += "\nuser groups\n";
            let rows = groups.iter().map(|group| {
                let [before, after] = [group.status.before, group.status.after].map(status);
                [group.name.clone(), format!("{before} → {after}")]
            });
            table(text, &rows.collect::<Vec<_>>());
        }
    }

    fn named(&self, text: &mut String) {
        let movers: Vec<&Effect> = self.movers().collect();
        if movers.is_empty() {
            return;
        }
        *text += "\nwho would gain or lose the most points\n";
        let rows = movers.into_iter().map(|effect| {
            let (points, level) = (effect.points, effect.level);
            let level = match level.changes() {
                true => format!("level {} → {}", level.before, level.after),
                false => format!("level {}", level.before),
            };
            [
                effect.id.to_string(),
                format!("{:+}", points.difference()),
                format!("{} → {}", points.before, points.after),
                level,
                self.things(&effect.things),
            ]
        });
        table(text, &rows.collect::<Vec<_>>());
    }

    fn things(&self, differences: &[Difference]) -> String {
        let words = differences.iter().map(|difference| {
            let thing = self.preview.thing(difference.thing);
            let sign = if difference.count.difference() > 0 {
                '+'
            } else {
                '-'
            };
            format!("{sign}{}", thing.id)
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// The name of a level, with its number.
fn level(rules: &Rules, number: usize) -> String {
    let level = rules.kudos.levels.get(number.saturating_sub(1));
    match level {
        Some(level) => format!("{number} {}", level.name),
        None => number.to_string(),
    }
}

fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::Rule => "points by rule",
        Kind::Badge => "badges",
        Kind::Milestone => "milestones",
        Kind::Lozenge => "lozenges",
        Kind::Perk => "perks of lozenges",
        Kind::Publishing => "publishing without review, by group",
        Kind::Participation => "taking part in the programme",
        Kind::Leadership => "leading an active user group",
        Kind::Benefit => "benefits of active leaders",
    }
}

/// Rows in columns, indented.
fn table<const COLUMNS: usize>(text: &mut String, rows: &[[String; COLUMNS]]) {
    let width = |cell: &String| cell.chars().count();
    let widths: [usize; COLUMNS] =
        std::array::from_fn(|at| rows.iter().map(|row| width(&row[at])).max().unwrap_or(0));
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            // Writing to a text never fails.
            let _ = write!(line, "  {cell:<width$}");
        }
        *text += line.trim_end();
        text.push('\n');
    }
}

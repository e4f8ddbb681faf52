//! A preview as data.

use plaudit_domain::Period;
use plaudit_domain::Visibility;
use plaudit_domain::kudos::Allowance;
use plaudit_exchange::tables::Private;
use plaudit_projection::activity::Status;
use plaudit_replay::preview::effect::{BeforeAfter, Difference, Effect};
use plaudit_replay::preview::summary::{Bucket, GroupChange, LevelMove, ThingChange};
use serde_json::{Value, json};

use super::Told;

impl Told<'_> {
    /// All of it in one object, but for the profiles that aren't among the first.
    pub(super) fn json(&self, written: Option<&(u64, String)>) -> Value {
        let preview = self.preview;
        let totals = &preview.totals;
        let movers: Vec<Value> = self.movers().map(|effect| self.effect(effect)).collect();
        json!({ "preview": {
            "position": preview.position,
            "at": preview.at,
            "replayed": preview.replayed,
            "before": self.rules.hash(),
            "after": self.proposed.hash(),
            "totals": {
                "profiles": totals.profiles,
                "affected": totals.affected,
                "affected_private": totals.affected_private,
                "points": both(totals.points),
                "gaining": totals.gaining, "points_gained": totals.points_gained,
                "losing": totals.losing, "points_lost": totals.points_lost,
                "rising": totals.rising, "falling": totals.falling,
            },
            "distribution": preview.distribution.iter().map(bucket).collect::<Vec<_>>(),
            "levels": preview.levels.iter().map(level).collect::<Vec<_>>(),
            "changes": preview.changes.iter().map(|it| self.change(it)).collect::<Vec<_>>(),
            "groups": preview.groups.iter().map(group).collect::<Vec<_>>(),
            "allowance": both(preview.allowance.map(|it| it.map(allowance))),
            "movers": movers,
            "csv": written.map(|(rows, file)| json!({ "rows": rows, "file": file })),
        }})
    }

    /// The profiles that gain or lose the most points, as many as are to be named.
    pub(super) fn movers(&self) -> impl Iterator<Item = &Effect> {
        let named = |effect: &&Effect| match (self.private, effect.visibility) {
            (Private::Included, _) | (_, Visibility::Public) => true,
            (Private::Withheld, Visibility::Private) => false,
        };
        self.preview.movers().filter(named).take(self.top)
    }

    fn effect(&self, effect: &Effect) -> Value {
        let lozenge = |number: Option<u32>| number.map(|it| self.preview.thing(it).id.clone());
        let differences =
            |of: &[Difference]| -> Vec<Value> { of.iter().map(|it| self.difference(it)).collect() };
        json!({
            "profile": effect.id,
            "points": both(effect.points),
            "level": both(effect.level),
            "lozenge": both(effect.lozenge.map(lozenge)),
            "things": differences(&effect.things),
            "rules": differences(&effect.rules),
        })
    }

    fn difference(&self, difference: &Difference) -> Value {
        let thing = self.preview.thing(difference.thing);
        json!({ "kind": thing.kind.as_str(), "id": thing.id, "count": both(difference.count) })
    }

    fn change(&self, change: &ThingChange) -> Value {
        let thing = self.preview.thing(change.thing);
        json!({
            "kind": thing.kind.as_str(), "id": thing.id, "title": thing.title,
            "count": both(change.count), "gaining": change.gaining, "losing": change.losing,
        })
    }
}

fn both<T: serde::Serialize>(BeforeAfter { before, after }: BeforeAfter<T>) -> Value {
    json!({ "before": before, "after": after })
}

fn bucket(Bucket { from, to, profiles }: &Bucket) -> Value {
    json!({ "from": from, "to": to, "profiles": profiles })
}

fn level(LevelMove { level, profiles }: &LevelMove) -> Value {
    json!({ "from": level.before, "to": level.after, "profiles": profiles })
}

fn group(change: &GroupChange) -> Value {
    json!({ "group": change.id, "name": change.name, "status": both(change.status.map(status)) })
}

fn allowance(Allowance { gifts, per }: Allowance) -> Value {
    json!({ "gifts": gifts, "per": period(per) })
}

pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::AtRisk => "at_risk",
        Status::Inactive => "inactive",
    }
}

pub(super) fn period(period: Period) -> &'static str {
    match period {
        Period::Day => "day",
        Period::Week => "week",
        Period::Month => "month",
        Period::Quarter => "quarter",
    }
}

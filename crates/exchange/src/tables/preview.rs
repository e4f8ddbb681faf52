//! The table of a preview of rules: who would gain and lose what (DOMAIN K11).

use std::io::Write;

use plaudit_domain::AccountId;
use plaudit_replay::preview::Preview;
use plaudit_replay::preview::effect::{Difference, Effect};
use plaudit_replay::preview::thing::Kind;
use plaudit_store::StoreError;

use crate::cells::{Cell, Column, Field};
use crate::lines::{Format, Line, Lines};
use crate::tables::Private;

line! {
    version 1;
    /// A row of a preview: a profile that would have something else. Where it would gain or lose several
    /// things they stand one after the other, each as often as it is followed by.
    struct EffectLine {
        profile: AccountId,
        points_before: i64,
        points_after: i64,
        points_change: i64,
        level_before: i64,
        level_after: i64,
        lozenge_before: Option<String>,
        lozenge_after: Option<String>,
        badges_gained: String,
        badges_lost: String,
        milestones_gained: String,
        milestones_lost: String,
        lozenges_gained: String,
        lozenges_lost: String,
        perks_gained: String,
        perks_lost: String,
        publishing_gained: String,
        publishing_lost: String,
        participation_gained: String,
        participation_lost: String,
        groups_led_gained: String,
        groups_led_lost: String,
        benefits_gained: String,
        benefits_lost: String,
        by_rule: String,
        visibility: &'static str,
    }
}

impl EffectLine {
    fn of(effect: &Effect, preview: &Preview) -> Self {
        let lozenge = |number: Option<u32>| number.map(|it| preview.thing(it).id.clone());
        let gained = |kind| listed(preview, &effect.things, kind, true);
        let lost = |kind| listed(preview, &effect.things, kind, false);
        Self {
            profile: effect.id,
            points_before: effect.points.before,
            points_after: effect.points.after,
            points_change: effect.points.difference(),
            level_before: level(effect.level.before),
            level_after: level(effect.level.after),
            lozenge_before: lozenge(effect.lozenge.before),
            lozenge_after: lozenge(effect.lozenge.after),
            badges_gained: gained(Kind::Badge),
            badges_lost: lost(Kind::Badge),
            milestones_gained: gained(Kind::Milestone),
            milestones_lost: lost(Kind::Milestone),
            lozenges_gained: gained(Kind::Lozenge),
            lozenges_lost: lost(Kind::Lozenge),
            perks_gained: gained(Kind::Perk),
            perks_lost: lost(Kind::Perk),
            publishing_gained: gained(Kind::Publishing),
            publishing_lost: lost(Kind::Publishing),
            participation_gained: gained(Kind::Participation),
            participation_lost: lost(Kind::Participation),
            groups_led_gained: gained(Kind::Leadership),
            groups_led_lost: lost(Kind::Leadership),
            benefits_gained: gained(Kind::Benefit),
            benefits_lost: lost(Kind::Benefit),
            by_rule: by_rule(preview, &effect.rules),
            visibility: effect.visibility.as_str(),
        }
    }
}

fn level(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Things of a kind that a profile gains, or loses, like `first-answer often*2`.
fn listed(preview: &Preview, differences: &[Difference], kind: Kind, gained: bool) -> String {
    let of_kind = differences.iter().filter_map(|difference| {
        let thing = preview.thing(difference.thing);
        let times = difference.count.difference();
        (thing.kind == kind && (times > 0) == gained).then_some((thing, times.abs()))
    });
    let words = of_kind.map(|(thing, times)| match times {
        1 => thing.id.clone(),
        times => format!("{}*{times}", thing.id),
    });
    sorted(words.collect())
}

/// How many points more or less are due to which rules, like `like-received:+12`.
fn by_rule(preview: &Preview, differences: &[Difference]) -> String {
    let words = differences.iter().map(|difference| {
        let points = difference.count.difference();
        format!("{}:{points:+}", preview.thing(difference.thing).id)
    });
    sorted(words.collect())
}

/// In the same order for every profile.
fn sorted(mut words: Vec<String>) -> String {
    words.sort_unstable();
    words.join(" ")
}

/// Writes the profiles that would have something else by other rules, oldest first; how many there are.
pub fn preview(
    preview: &Preview,
    private: Private,
    format: Format,
    out: impl Write + Send,
) -> Result<u64, StoreError> {
    let mut lines = Lines::begin::<EffectLine>(format, out)?;
    let shown = |effect: &&Effect| private.shows(effect.visibility);
    for effect in preview.effects.iter().filter(shown) {
        lines.write(&EffectLine::of(effect, preview))?;
    }
    Ok(lines.finish()?)
}

//! What other rules would change, by comparing two rebuilds and without what a preview is made with.

use std::collections::{BTreeMap, BTreeSet};

use plaudit_domain::{AccountId, GroupId, Time, Visibility};
use plaudit_journal::SharedJournal;
use plaudit_projection::activity::activity;
use plaudit_projection::rules::Measured;
use plaudit_projection::{Account, Key, Rules, group};
use plaudit_replay::preview::Preview;
use plaudit_replay::preview::effect::{Difference, Effect};
use plaudit_replay::preview::thing::Kind;
use plaudit_replay::rebuild::rebuild;
use plaudit_store::sqlite::BulkLoad;
use plaudit_store::{AccountRecord, GroupRecord, LedgerRecord, Store};
use uuid::Uuid;

use crate::folder::Folder;

/// What a profile has, in words.
type Words = BTreeMap<(Kind, String), i64>;

/// What all profiles have by some rules, by a rebuild and without what a preview is made with.
async fn naive(
    folder: &Folder,
    journal: &SharedJournal,
    rules: &Rules,
    now: Time,
) -> BTreeMap<AccountId, (i64, usize, Option<String>, Words)> {
    let path = folder.path(&format!("naive-{}", Uuid::now_v7()));
    let mut load = BulkLoad::begin(&path, rules.hash()).unwrap();
    rebuild(journal, rules, &mut load, &mut |_| ())
        .await
        .unwrap();
    let store = load.finish().unwrap();
    let mut snapshot = store.snapshot().await.unwrap();
    let mut accounts: Vec<Account> = Vec::new();
    let mut note = |record: AccountRecord| {
        accounts.push(record.account);
        Ok(())
    };
    snapshot.each_account(&mut note).await.unwrap();
    let mut groups = Vec::new();
    let mut note = |record: GroupRecord| {
        groups.push(record);
        Ok(())
    };
    snapshot.each_group_record(&mut note).await.unwrap();
    let mut ledger = Vec::new();
    let mut note = |record: LedgerRecord| {
        ledger.push(record.entry);
        Ok(())
    };
    snapshot.each_entry_record(&mut note).await.unwrap();

    let mut all = BTreeMap::new();
    for primary in accounts.iter().filter(|it| it.key == it.profile) {
        let own: Vec<&Account> = accounts
            .iter()
            .filter(|it| it.profile == primary.key)
            .collect();
        let keys: Vec<Key> = own.iter().map(|it| it.key).collect();
        let profile = store.profiles(&[primary.key]).await.unwrap().remove(0);
        let mut words = Words::new();
        let mut has = |kind, id: &str, times| {
            *words.entry((kind, id.to_owned())).or_default() += times;
        };
        let counting: Vec<Key> = own
            .iter()
            .filter(|it| rules.kudos.is_enrolled(it))
            .map(|it| it.key)
            .collect();
        if !counting.is_empty() {
            has(Kind::Participation, "kudos", 1);
        }
        let mut points = 0;
        for entry in ledger.iter().filter(|it| counting.contains(&it.account)) {
            points += entry.points;
            let reason = &rules.kudos.reasons[entry.reason as usize];
            has(Kind::Rule, &reason.id, entry.points);
        }
        assert_eq!(points, profile.points);
        let badges = store.badges_of(&counting).await.unwrap();
        let numbers: BTreeSet<i64> = badges.iter().map(|it| it.number).collect();
        for number in numbers {
            let badge = &rules.kudos.badges[number as usize];
            let times = badges.iter().filter(|it| it.number == number);
            let times: i64 = times.map(|it| it.times).sum();
            has(
                Kind::Badge,
                &badge.id,
                if badge.repeatable { times } else { 1 },
            );
        }
        for reached in store.post_milestones_of(&keys).await.unwrap() {
            let milestone = rules.milestones.post_milestone(reached.number as usize);
            has(Kind::Milestone, milestone.unwrap().key(), reached.times);
        }
        for milestone in rules.milestones.reached(&profile.counts) {
            has(Kind::Milestone, milestone.key(), 1);
        }
        let led = store.led_by(&keys).await.unwrap();
        let led: BTreeSet<Key> = led.iter().map(|it| it.group_key).collect();
        let active: Vec<_> = groups
            .iter()
            .filter(|it| led.contains(&it.group.key) && it.group.kind == group::Kind::User)
            .filter(|GroupRecord { group, held }| {
                let expected = &rules.groups.activity;
                activity(group.created_at, None, held, now, expected).is_active()
            })
            .collect();
        for record in &active {
            has(Kind::Leadership, &record.group.id.to_string(), 1);
        }
        for benefit in &rules.groups.benefits {
            has(Kind::Benefit, &benefit.id, i64::from(!active.is_empty()));
        }
        let level = rules.kudos.level(points);
        let grants = store.lozenges_of(&keys).await.unwrap();
        let measured = Measured {
            counts: &profile.counts,
            level: level as i64,
            active_groups_led: active.len() as i64,
        };
        let is_granted = |id: &str| grants.iter().any(|it| it.held && it.lozenge == id);
        let held: Vec<_> = rules.lozenges.held(&measured, is_granted).collect();
        for lozenge in &held {
            has(Kind::Lozenge, &lozenge.id, 1);
        }
        // There is one at most.
        let mut perks = held.iter().flat_map(|it| rules.lozenges.perks_of(it));
        if let Some(perk) = perks.next() {
            let all = perk.publishes_in.includes(GroupId(Uuid::nil()));
            has(Kind::Perk, &perk.id, 1);
            has(Kind::Publishing, "all", i64::from(all));
        }
        words.retain(|_, times| *times != 0);
        let shown = held.first().map(|lozenge| lozenge.id.clone());
        all.insert(primary.id, (points, level, shown, words));
    }
    all
}

fn in_words(preview: &Preview, differences: &[Difference]) -> Vec<(Kind, String, i64, i64)> {
    let word = |it: &Difference| {
        let thing = preview.thing(it.thing);
        (
            thing.kind,
            thing.id.clone(),
            it.count.before,
            it.count.after,
        )
    };
    let mut words: Vec<_> = differences.iter().map(word).collect();
    words.sort();
    words
}

/// Where a preview isn't what comparing two rebuilds tells.
pub async fn errors(
    folder: &Folder,
    journal: &SharedJournal,
    [rules, proposed]: [&Rules; 2],
    preview: &Preview,
) -> Vec<String> {
    let before = naive(folder, journal, rules, preview.at).await;
    let after = naive(folder, journal, proposed, preview.at).await;
    assert_eq!(before.len() as u64, preview.totals.profiles);
    let mut errors = Vec::new();
    let (mut affected, mut points, mut by_rule) = (BTreeSet::new(), [0, 0], BTreeMap::new());
    for (id, (points_before, level, shown, words)) in &before {
        let (points_after, level_after, shown_after, words_after) = &after[id];
        points = [points[0] + points_before, points[1] + points_after];
        let all: BTreeSet<_> = words.keys().chain(words_after.keys()).collect();
        let mut differing = Vec::new();
        for key in all {
            let count = |words: &Words| words.get(key).copied().unwrap_or_default();
            let (has, would_have) = (count(words), count(words_after));
            let (sums, kind) = (by_rule.entry(key.clone()).or_insert([0; 4]), key.0);
            sums[0] += has;
            sums[1] += would_have;
            if has != would_have {
                sums[if would_have > has { 2 } else { 3 }] += 1;
                differing.push((kind, key.1.clone(), has, would_have));
            }
        }
        let things = differing.iter().any(|(kind, ..)| *kind != Kind::Rule);
        let same = (points_before, level, shown) == (points_after, level_after, shown_after);
        if same && !things {
            continue;
        }
        affected.insert(*id);
        let Some(effect) = preview.effects.iter().find(|it| it.id == *id) else {
            errors.push(format!("{id} is missing: {differing:?}"));
            continue;
        };
        let lozenge = |number: Option<u32>| number.map(|it| preview.thing(it).id.clone());
        let found = [
            (
                effect.points.before,
                effect.level.before,
                lozenge(effect.lozenge.before),
            ),
            (
                effect.points.after,
                effect.level.after,
                lozenge(effect.lozenge.after),
            ),
        ];
        let expected = [
            (*points_before, *level, shown.clone()),
            (*points_after, *level_after, shown_after.clone()),
        ];
        if found != expected {
            errors.push(format!("{id}: {found:?}, but {expected:?} is right"));
        }
        let mut words = in_words(preview, &effect.rules);
        words.extend(in_words(preview, &effect.things));
        if words != differing {
            errors.push(format!("{id}: {words:?}, but {differing:?} is right"));
        }
    }
    let found: BTreeSet<AccountId> = preview.effects.iter().map(|it| it.id).collect();
    if found != affected {
        errors.push(format!("{found:?}, but {affected:?} are right"));
    }
    assert_eq!(preview.totals.affected, affected.len() as u64);
    assert_eq!(
        [preview.totals.points.before, preview.totals.points.after],
        points
    );
    by_rule.retain(|_, [_, _, gaining, losing]| *gaining + *losing > 0);
    let changes = preview.changes.iter().map(|it| {
        let thing = preview.thing(it.thing);
        let [gaining, losing] = [it.gaining, it.losing].map(|it| it as i64);
        let sums = [it.count.before, it.count.after, gaining, losing];
        ((thing.kind, thing.id.clone()), sums)
    });
    let changes: BTreeMap<_, _> = changes.collect();
    if changes != by_rule {
        errors.push(format!("{changes:?}, but {by_rule:?} is right"));
    }
    errors.extend(inconsistencies(preview));
    errors
}

/// Where a preview contradicts itself.
fn inconsistencies(preview: &Preview) -> Vec<String> {
    let (totals, mut errors) = (&preview.totals, Vec::new());
    let mut check = |holds: bool, what: &str| {
        if !holds {
            errors.push(what.to_owned());
        }
    };
    let all: u64 = preview.distribution.iter().map(|it| it.profiles).sum();
    check(
        all == totals.profiles,
        "the distribution is of all profiles",
    );
    let of = |from: bool| {
        let buckets = preview.distribution.iter();
        let buckets = buckets.filter(|it| if from { it.from > 0 } else { it.to < 0 });
        buckets.map(|it| it.profiles).sum::<u64>()
    };
    check(of(true) == totals.gaining, "who gains is above zero");
    check(of(false) == totals.losing, "who loses is below zero");
    let follows = preview
        .distribution
        .windows(2)
        .all(|it| it[0].to + 1 == it[1].from);
    check(follows, "buckets follow each other");
    let moves: u64 = preview.levels.iter().map(|it| it.profiles).sum();
    check(moves == totals.rising + totals.falling, "levels");
    let difference = totals.points_gained - totals.points_lost;
    check(
        totals.points.difference() == difference,
        "points gained and lost",
    );
    let private = |it: &&Effect| it.visibility == Visibility::Private;
    let private = preview.effects.iter().filter(private).count() as u64;
    check(private == totals.affected_private, "private ones");
    let movers: Vec<i64> = preview
        .movers()
        .map(|it| it.points.difference().abs())
        .collect();
    check(movers.is_sorted_by(|a, b| a >= b), "the most first");
    check(
        movers.len() as u64 == totals.gaining + totals.losing,
        "movers",
    );
    errors
}

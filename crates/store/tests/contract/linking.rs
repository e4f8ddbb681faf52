//! Linked accounts: one profile of several.

use plaudit_domain::Visibility;
use plaudit_domain::post::Kind;
use plaudit_projection::Key;

use crate::Place;
use crate::history::{
    Happened, History, accepted, account, answer, at, comment, course, deleted, group_created,
    identified, joined, liked, linked, posted_in, primary_changed, profile_shown_to, question,
    registered, renamed, solved, unlinked,
};

/// Four accounts that did something each, none of them linked.
async fn apart(place: &dyn Place) -> History {
    let mut history = History::begin(place).await;
    history
        .add((1..=4).map(|n| (n as i64, registered(n))))
        .await;
    history
        .add([
            (10, question(1, 1)),
            (11, answer(2, 2, 1)),
            (12, accepted(1, 1, (2, 2))),
            (13, liked((2, 2), 3)),
            (14, liked((1, 1), 3)),
            (15, question(3, 4)),
            (16, answer(4, 3, 3)),
            (17, course(1, "A", None)),
            (18, course(2, "A", None)),
            (19, course(2, "B", None)),
            (20, course(3, "B", None)),
        ])
        .await;
    history
}

pub async fn linked_accounts_are_one_profile_of_the_sum_of_both(place: &dyn Place) {
    let mut history = apart(place).await;
    history.add([(30, linked(1, 2))]).await;
    let key = history.account(1);
    let profile = history.store.profiles(&[key]).await.unwrap().remove(0);
    let counts = &profile.counts;
    assert_eq!((counts.questions, counts.answers), (1, 1));
    assert_eq!((counts.accepted_solutions, counts.likes_received), (1, 2));
    assert_eq!(counts.total_posts(), 2);
    assert_eq!(counts.courses_completed, 2);
    assert_eq!(counts.first_post_at, Some(at(10)));
    assert_eq!(counts.last_post_at, Some(at(11)));
    assert_eq!(profile.accounts, 2);
    assert_eq!(profile.last_active_at, Some(at(19)));
    history.is_as_folded_anew().await;
}

pub async fn linked_accounts_have_one_row_of_a_profile_and_go_by_the_primary(place: &dyn Place) {
    let mut history = apart(place).await;
    history
        .add([
            (30, identified(1, Some("https://example.org/1.png"), None)),
            (31, identified(2, Some("https://example.org/2.png"), None)),
            (32, profile_shown_to(1, Visibility::Private)),
            (33, linked(1, 2)),
        ])
        .await;
    let profiles = history.every_profile().await;
    let ids: Vec<_> = profiles.iter().map(|profile| profile.id).collect();
    assert_eq!(ids, [account(1), account(3), account(4)]);
    let [first, ..] = &profiles[..] else {
        panic!("there are three");
    };
    assert_eq!(first.key, history.account(1));
    assert_eq!(first.name.as_deref(), Some("Member 1"));
    assert_eq!(first.picture.as_deref(), Some("https://example.org/1.png"));
    assert_eq!(first.visibility, Visibility::Private);
    assert_eq!(first.member_since, at(1));

    let store = &history.store;
    let former = history.accounts([2]);
    assert!(store.profiles(&former).await.unwrap().is_empty());
    assert!(
        store
            .profiles_by_id(&[account(2)])
            .await
            .unwrap()
            .is_empty()
    );
    let of = store.accounts_of(&history.accounts([1])).await.unwrap();
    let mut of: Vec<Key> = of.iter().map(|account| account.key).collect();
    of.sort_unstable();
    assert_eq!(of, history.accounts([1, 2]));

    history
        .add([(34, renamed(1, "Another")), (35, renamed(2, "Unseen"))])
        .await;
    let profiles = history.every_profile().await;
    assert_eq!(profiles[0].name.as_deref(), Some("Another"));
    assert_eq!(profiles.len(), 3);
    history.is_as_folded_anew().await;
}

pub async fn unlinking_puts_every_profile_back_as_it_was(place: &dyn Place) {
    let mut history = apart(place).await;
    let before = (history.every_account().await, history.every_profile().await);
    history.add([(30, linked(1, 2))]).await;
    history.add([(31, linked(1, 3)), (32, linked(1, 4))]).await;
    assert_eq!(history.every_profile().await.len(), 1);
    history
        .add([(33, primary_changed(1, 3, &[1, 2, 3, 4]))])
        .await;
    history.add([(34, unlinked(3, 1))]).await;
    history.is_as_folded_anew().await;
    history
        .add([(35, unlinked(3, 4)), (36, unlinked(3, 2))])
        .await;
    let after = (history.every_account().await, history.every_profile().await);
    assert_eq!(after, before);
    history.is_as_folded_anew().await;
}

pub async fn the_profile_goes_by_its_new_primary_when_that_changes(place: &dyn Place) {
    let mut history = apart(place).await;
    history.add([(30, linked(1, 2)), (31, linked(1, 3))]).await;
    let before = history.every_profile().await.remove(0);
    history.add([(32, primary_changed(1, 2, &[1, 2, 3]))]).await;
    let profiles = history.every_profile().await;
    let ids: Vec<_> = profiles.iter().map(|profile| profile.id).collect();
    assert_eq!(ids, [account(2), account(4)]);
    let after = &profiles[0];
    assert_eq!(after.key, history.account(2));
    assert_eq!(after.name.as_deref(), Some("Member 2"));
    assert_eq!(after.member_since, at(2));
    assert_eq!((&after.counts, after.accounts), (&before.counts, 3));
    assert_eq!(after.last_active_at, before.last_active_at);
    for account in &history.every_account().await[..3] {
        assert_eq!(account.profile, after.key);
    }
    history.is_as_folded_anew().await;
}

pub async fn courses_of_linked_accounts_count_once_and_twice_again_when_they_are_unlinked(
    place: &dyn Place,
) {
    let completed = async |history: &History| {
        let profiles = history.every_profile().await;
        let completed = profiles
            .iter()
            .map(|profile| profile.counts.courses_completed);
        completed.collect::<Vec<_>>()
    };
    let mut history = apart(place).await;
    assert_eq!(completed(&history).await, [1, 2, 1, 0]);
    let steps: [(Happened, &[i64]); 7] = [
        ((30, linked(1, 2)), &[2, 1, 0]),
        ((31, linked(4, 3)), &[2, 1]),
        ((32, course(3, "A", None)), &[2, 2]),
        ((33, course(1, "B", None)), &[2, 2]),
        ((34, course(1, "C", None)), &[3, 2]),
        ((35, unlinked(1, 2)), &[3, 2, 2]),
        ((36, linked(4, 1)), &[2, 3]),
    ];
    for (happened, expected) in steps {
        let what = format!("{happened:?}");
        history.add([happened]).await;
        assert_eq!(completed(&history).await, expected, "after {what}");
        history.is_as_folded_anew().await;
    }
}

pub async fn what_one_of_many_linked_accounts_does_counts_for_the_profile_of_all(
    place: &dyn Place,
) {
    let mut history = apart(place).await;
    history
        .add([
            (30, linked(1, 2)),
            (31, linked(1, 3)),
            (32, group_created(1)),
        ])
        .await;
    let steps: [Happened; 6] = [
        (40, question(10, 2)),
        (41, comment(11, 3, 10)),
        (42, liked((10, 2), 4)),
        (43, deleted(solved(1, 1, (2, 2)))),
        (44, joined(1, 3)),
        (45, posted_in(1, 12, Kind::Article, 2)),
    ];
    for happened in steps {
        history.add([happened]).await;
        history.is_as_folded_anew().await;
    }
    let profile = history.every_profile().await.remove(0);
    assert_eq!(profile.counts.total_posts(), 5);
    assert_eq!(profile.last_active_at, Some(at(45)));
}

pub async fn a_batch_that_links_posts_and_likes_comes_to_the_same_as_one_event_after_the_other(
    place: &dyn Place,
) {
    let mut history = apart(place).await;
    history
        .add([
            (30, registered(5)),
            (31, question(10, 2)),
            (32, linked(1, 2)),
            (33, liked((10, 2), 4)),
            (34, answer(11, 4, 10)),
            (35, linked(3, 5)),
            (36, course(5, "A", None)),
            (37, course(2, "C", None)),
            (38, liked((11, 4), 1)),
            (39, deleted(solved(1, 1, (2, 2)))),
            (40, unlinked(3, 5)),
            (41, linked(1, 5)),
            (42, primary_changed(1, 5, &[1, 2, 5])),
            (43, liked((4, 3), 2)),
        ])
        .await;
    history.is_as_folded_anew().await;
    let profiles = history.every_profile().await;
    let ids: Vec<_> = profiles.iter().map(|profile| profile.id).collect();
    assert_eq!(ids, [account(3), account(4), account(5)]);
    assert_eq!(profiles[2].counts.courses_completed, 3);
    assert_eq!(profiles[2].accounts, 3);
    // And what comes next goes on from there.
    history
        .add([
            (50, unlinked(5, 2)),
            (51, question(12, 2)),
            (52, course(1, "C", None)),
        ])
        .await;
    history.is_as_folded_anew().await;
}

/// The same steps, so many at a time; what can't be linked changes nothing.
pub async fn links_of_any_kind_in_batches_of_any_size_come_to_the_same(place: &dyn Place) {
    let mut history = apart(place).await;
    for size in 1..=7_usize {
        let second = |n: usize| (100 * size + n) as i64;
        let steps = [
            linked(1, 2),
            course(2, &format!("of {size}"), None),
            linked(3, 4),
            linked(1, 3),
            linked(4, 1),
            course(4, &format!("of {size}"), None),
            primary_changed(1, 2, &[1, 2]),
            linked(2, 4),
            unlinked(3, 4),
            linked(2, 4),
            unlinked(2, 1),
            linked(2, 3),
            course(3, &format!("of {size}"), None),
            primary_changed(2, 4, &[1, 2, 3, 4]),
            unlinked(4, 2),
            liked((1, 1), 2),
            primary_changed(4, 1, &[1, 3, 4]),
            unlinked(1, 3),
            linked(1, 1),
            unlinked(1, 4),
            unlinked(4, 3),
        ];
        let mut steps = (0..).map(second).zip(steps).collect::<Vec<_>>();
        while !steps.is_empty() {
            let rest = steps.split_off(size.min(steps.len()));
            history.add(steps).await;
            history.is_as_folded_anew().await;
            steps = rest;
        }
        assert_eq!(history.every_profile().await.len(), 4);
    }
}

/// A history from elsewhere may forget one: then it isn't known whose that would be.
pub async fn a_change_of_the_primary_that_does_not_name_all_accounts_changes_nothing(
    place: &dyn Place,
) {
    let mut history = apart(place).await;
    history.add([(30, linked(1, 2)), (31, linked(1, 3))]).await;
    let before = (history.every_account().await, history.every_profile().await);
    history.add([(32, primary_changed(1, 2, &[1, 2]))]).await;
    let after = (history.every_account().await, history.every_profile().await);
    assert_eq!(after, before);
    history.is_as_folded_anew().await;
}

//! What accounts have in the kudos programme, and by what.

use plaudit_domain::Visibility;
use plaudit_projection::{Badge, Key};
use plaudit_store::{Cursor, Order, Page};

use crate::Place;
use crate::history::{
    History, accepted, answer, deleted, kudos_given, liked, linked, profile_shown_to, question,
    registered, reply, rules,
};

const BOTH: [Order; 2] = [Order::Ascending, Order::Descending];

fn page(order: Order, limit: u32) -> Page {
    Page {
        order,
        after: None,
        limit,
    }
}

fn badge(id: &str) -> i64 {
    rules().kudos.badge_by_id(id).unwrap().0 as i64
}

/// Account 2 answers question 1 four times, account 3 once; the first answer is accepted, and the second
/// and the third, of one moment, are liked.
async fn answers(place: &dyn Place) -> History {
    let mut history = History::begin(place).await;
    history.add((1..=4).map(|n| (1, registered(n)))).await;
    history.add([(2, question(1, 1))]).await;
    let by_two = [(3, 10), (4, 11), (4, 12), (5, 13)];
    let answers = by_two.map(|(second, post)| (second, answer(post, 2, 1)));
    history.add(answers).await;
    history
        .add([
            (6, answer(20, 3, 1)),
            (7, accepted(1, 1, (10, 2))),
            (8, liked((11, 2), 3)),
            (8, liked((12, 2), 3)),
        ])
        .await;
    history
}

fn posts(badges: &[Badge], account: Key, badge: i64) -> Vec<Key> {
    let of = |it: &&Badge| it.account == account && it.badge == badge;
    badges.iter().filter(of).filter_map(|it| it.post).collect()
}

fn ordered<T>(mut ascending: Vec<T>, order: Order) -> Vec<T> {
    if order == Order::Descending {
        ascending.reverse();
    }
    ascending
}

pub async fn what_deserved_badges_comes_in_order_and_each_account_and_badge_has_its_page(
    place: &dyn Place,
) {
    let history = answers(place).await;
    let accounts = history.accounts([2, 3, 4]);
    let badges = [badge("first-answer"), badge("first-solution")];
    for order in BOTH {
        for limit in 0..=4 {
            let page = page(order, limit);
            let awards = history.store.badge_awards(&accounts, &badges, page).await;
            let awards = awards.unwrap();
            for (account, badge, expected) in [
                (0, 0, vec![10, 11, 12, 13]),
                (0, 1, vec![10]),
                (1, 0, vec![20]),
                (1, 1, vec![]),
                (2, 0, vec![]),
            ] {
                let mut expected = ordered(history.posts(expected), order);
                expected.truncate(limit as usize);
                assert_eq!(posts(&awards, accounts[account], badges[badge]), expected);
            }
        }
        let page = page(order, 9);
        let read = |accounts, badges| history.store.badge_awards(accounts, badges, page);
        let one = read(&accounts[..1], &badges[1..]).await.unwrap();
        assert_eq!(one.len(), 1);
        assert!(read(&accounts[..1], &[]).await.unwrap().is_empty());
    }
}

pub async fn pages_of_what_deserved_a_badge_of_any_size_come_once_in_both_orders(
    place: &dyn Place,
) {
    let history = answers(place).await;
    let accounts = history.accounts([2]);
    let badges = [badge("first-answer")];
    for order in BOTH {
        for limit in 1..=4 {
            let mut walked: Vec<Badge> = Vec::new();
            while walked.len() < 4 {
                let page = Page {
                    after: walked.last().map(|it| Cursor {
                        at: it.at.as_micros(),
                        key: Key(it.cause),
                    }),
                    ..page(order, limit)
                };
                let next = history.store.badge_awards(&accounts, &badges, page).await;
                let next = next.unwrap();
                assert!(!next.is_empty());
                walked.extend(next);
            }
            let expected = ordered(history.posts([10, 11, 12, 13]), order);
            assert_eq!(posts(&walked, accounts[0], badges[0]), expected);
        }
    }
}

pub async fn posts_that_reached_a_milestone_come_by_their_authors_unless_they_are_deleted(
    place: &dyn Place,
) {
    let mut history = answers(place).await;
    history.add([(9, liked((20, 3), 2))]).await;
    let accounts = history.accounts([2, 3]);
    for is_deleted in [false, true] {
        if is_deleted {
            history.add([(10, deleted(reply(11, 2, 1)))]).await;
        }
        for order in BOTH {
            let read = async |limit| {
                let page = page(order, limit);
                let read = history.store.post_milestone_awards(&accounts, &[0], page);
                let reached = read.await.unwrap();
                let reached = reached.iter().map(|it| (it.account, it.post));
                reached.collect::<Vec<_>>()
            };
            let all = read(9).await;
            let mut of_two = history.posts([11, 12]);
            if is_deleted {
                of_two.remove(0);
            }
            let mut all_of = ordered(of_two, order);
            all_of.push(history.post(20));
            assert_eq!(all.iter().map(|it| it.1).collect::<Vec<_>>(), all_of);
            assert_eq!(all[0].0, accounts[0]);
            let one = read(1).await;
            assert_eq!(one.len(), 2);
        }
    }
}

pub async fn gifts_come_to_who_may_see_them_and_are_counted_so(place: &dyn Place) {
    let mut history = History::begin(place).await;
    history.add((1..=5).map(|n| (1, registered(n)))).await;
    // 1 and 2 are one member; 3 is public; 4 is private, and 5 with 4.
    history.add([(2, linked(1, 2)), (2, linked(4, 5))]).await;
    history
        .add([
            (3, kudos_given(1, 1, 3)),
            (4, kudos_given(2, 1, 4)),
            (5, kudos_given(3, 2, 5)),
            (6, kudos_given(4, 2, 3)),
            (7, profile_shown_to(4, Visibility::Private)),
        ])
        .await;
    let givers = history.accounts([1, 2, 3]);
    let (own, three, four) = (history.account(1), history.account(3), history.account(4));
    for (viewer, expected) in [
        (None, [vec![3], vec![6]]),
        (Some(three), [vec![3], vec![6]]),
        (Some(four), [vec![3, 4], vec![5, 6]]),
        (Some(own), [vec![3, 4], vec![5, 6]]),
    ] {
        for order in BOTH {
            for limit in 1..=3 {
                let page = page(order, limit);
                let gifts = history.store.gifts_given(&givers, viewer, page).await;
                let gifts = gifts.unwrap();
                for (giver, seconds) in givers.iter().zip(&expected) {
                    let given = gifts.iter().filter(|gift| gift.giver == *giver);
                    let given: Vec<_> = given.map(|gift| gift.at.as_micros()).collect();
                    let mut seconds = ordered(seconds.clone(), order);
                    seconds.truncate(limit as usize);
                    let seconds: Vec<i64> = seconds.iter().map(|it| it * 1_000_000).collect();
                    assert_eq!(given, seconds, "{viewer:?}");
                }
            }
        }
        let counts = history.store.gifts_given_count(&givers, viewer).await;
        let mut counts = counts.unwrap();
        counts.sort_unstable();
        let expected = expected.iter().map(|given| given.len() as i64);
        let expected: Vec<_> = givers.iter().copied().zip(expected).collect();
        assert_eq!(counts, expected, "{viewer:?}");
    }
}

pub async fn entries_of_the_ledger_are_counted_by_account(place: &dyn Place) {
    let history = answers(place).await;
    let accounts = history.accounts([1, 2, 3, 4]);
    let counts = history.store.ledger_count(&accounts).await.unwrap();
    let entries = history
        .store
        .ledger_of(&accounts, page(Order::Ascending, 100));
    let entries = entries.await.unwrap();
    for account in accounts {
        let entries = entries.iter().filter(|it| it.account == account).count();
        let count = counts.iter().find(|(of, _)| *of == account);
        assert_eq!(count.map_or(0, |(_, count)| *count), entries as i64);
    }
    assert!(!entries.is_empty());
}

//! Groups: who is in them, and what is posted there.

use plaudit_domain::post::{Created, Kind};
use plaudit_projection::{Group, Key, Membership, Post, group as group_row};
use plaudit_store::{Cursor, Order, Page};

use crate::Place;
use crate::history::{
    History, at, created, deleted, group, group_created, joined, left, post, posted_in, registered,
    reply, topic, written,
};

const BOTH: [Order; 2] = [Order::Ascending, Order::Descending];

fn page(order: Order, after: Option<Cursor>, limit: u32) -> Page {
    Page {
        order,
        after,
        limit,
    }
}

/// The first so many, in an order.
fn first<T: Clone>(ascending: &[T], order: Order, limit: usize) -> Vec<T> {
    match order {
        Order::Ascending => ascending.iter().take(limit).cloned().collect(),
        Order::Descending => ascending.iter().rev().take(limit).cloned().collect(),
    }
}

fn members_of(memberships: &[Membership], group: Key) -> Vec<Key> {
    let of_group = memberships
        .iter()
        .filter(|member| member.group_key == group);
    of_group.map(|member| member.account).collect()
}

fn posts_of(posts: &[Post], group: Key) -> Vec<Key> {
    let of_group = posts.iter().filter(|post| post.group_key == Some(group));
    of_group.map(|post| post.key).collect()
}

/// Three groups: the first has nine members, in no order of age, the second one, the third none.
async fn groups(place: &dyn Place) -> History {
    let mut history = History::begin(place).await;
    history.add((1..=9).map(|n| (1, registered(n)))).await;
    history.add((1..=3).map(|n| (2, group_created(n)))).await;
    let first = MEMBERS.map(|n| (3, joined(1, n)));
    history
        .add(first.into_iter().chain([(3, joined(2, 5))]))
        .await;
    history
}

const MEMBERS: [u128; 9] = [5, 9, 1, 2, 8, 3, 7, 4, 6];

pub async fn groups_are_found_by_key_and_by_public_id_as_they_were_written(place: &dyn Place) {
    let history = groups(place).await;
    let key = history.group(1);
    let by_key = history.store.groups(&[key]).await.unwrap();
    let expected = Group {
        key,
        id: group(1),
        kind: group_row::Kind::Forum,
        name: "Group 1".into(),
        description: "About 1".into(),
        location: None,
        moderated: false,
        created_at: at(2),
        members: 9,
        watchers: 0,
        leaders: 0,
        last_held_at: None,
        origin: None,
    };
    assert_eq!(by_key, [expected]);
    let by_id = history.store.groups_by_id(&[group(1)]).await.unwrap();
    assert_eq!(by_id, by_key);
    let some = [group(3), group(77), group(2), group(3)];
    assert_eq!(history.store.groups_by_id(&some).await.unwrap().len(), 2);
    let some = [history.group(2), Key(77), history.group(2)];
    assert_eq!(history.store.groups(&some).await.unwrap().len(), 1);
    history.is_as_folded_anew().await;
}

pub async fn pages_of_groups_of_any_size_come_once_in_both_orders(place: &dyn Place) {
    let mut history = History::begin(place).await;
    assert_eq!(history.store.group_count(None).await.unwrap(), 0);
    // Recorded in another order than they were created in, three at a time.
    history
        .add((0..20).map(|n: u128| (100 - n as i64 / 3, group_created(n))))
        .await;
    assert_eq!(history.store.group_count(None).await.unwrap(), 20);
    let cursor = |group: &Group| Cursor {
        at: group.created_at.as_micros(),
        key: group.key,
    };
    let keys: Vec<Key> = (0..20).map(|n| history.group(n)).collect();
    let mut expected = history.store.groups(&keys).await.unwrap();
    expected.sort_unstable_by_key(cursor);
    for order in BOTH {
        for limit in 1..=21 {
            let mut walked: Vec<Group> = Vec::new();
            loop {
                let after = walked.last().map(cursor);
                let page = page(order, after, limit);
                let next = history.store.group_page(None, page).await.unwrap();
                assert!(next.len() <= limit as usize);
                if next.is_empty() {
                    break;
                }
                walked.extend(next);
            }
            assert_eq!(walked, first(&expected, order, 100), "{order:?} {limit}");
        }
        let none = history.store.group_page(None, page(order, None, 0)).await;
        assert!(none.unwrap().is_empty());
    }
}

pub async fn members_come_in_the_order_of_joining_and_each_group_has_its_page(place: &dyn Place) {
    let history = groups(place).await;
    let groups = [1, 2, 3].map(|n| history.group(n));
    let members = history.accounts(MEMBERS);
    for order in BOTH {
        for limit in 0..=10 {
            let page = page(order, None, limit as u32);
            let read = history.store.members(&groups, page).await.unwrap();
            assert_eq!(members_of(&read, groups[0]), first(&members, order, limit));
            let of_second = first(&history.accounts([5]), order, limit);
            assert_eq!(members_of(&read, groups[1]), of_second);
            assert!(members_of(&read, groups[2]).is_empty());
        }
    }
}

pub async fn pages_of_members_of_any_size_come_once_in_both_orders(place: &dyn Place) {
    let history = groups(place).await;
    let groups = [history.group(1)];
    let members = history.accounts(MEMBERS);
    for order in BOTH {
        for limit in 1..=10 {
            let mut walked: Vec<Membership> = Vec::new();
            while walked.len() < members.len() {
                let after = walked.last().map(|member| Cursor {
                    at: member.position,
                    key: member.account,
                });
                let page = page(order, after, limit);
                let next = history.store.members(&groups, page).await.unwrap();
                assert!(!next.is_empty());
                walked.extend(next);
            }
            assert_eq!(members_of(&walked, groups[0]), first(&members, order, 100));
        }
    }
}

pub async fn who_left_is_no_member_and_who_joined_again_comes_last(place: &dyn Place) {
    let mut history = groups(place).await;
    history
        .add([(4, left(1, 9)), (4, left(1, 5)), (5, joined(1, 5))])
        .await;
    history.add([(6, left(1, 8))]).await;
    // Twice changes nothing.
    history
        .add([(7, joined(1, 8)), (8, joined(1, 8)), (9, left(2, 9))])
        .await;
    let group = history.group(1);
    let everybody = page(Order::Ascending, None, 20);
    let read = history.store.members(&[group], everybody).await.unwrap();
    let expected = history.accounts([1, 2, 3, 7, 4, 6, 5, 8]);
    assert_eq!(members_of(&read, group), expected);
    let group = history.store.groups(&[group]).await.unwrap().remove(0);
    assert_eq!(group.members, 8);
    let gone = history.accounts([9]);
    let memberships = history.store.memberships_of(&gone).await.unwrap();
    assert!(memberships.is_empty());
    history.is_as_folded_anew().await;
}

pub async fn posts_in_groups_come_in_order_and_each_group_has_its_page(place: &dyn Place) {
    let mut history = groups(place).await;
    // Three at a time, recorded in another order than they were written in.
    history
        .add((0..12).map(|n: u128| {
            let kind = [Kind::Question, Kind::Discussion, Kind::Article][n as usize % 3];
            (50 - n as i64 / 3, posted_in(1, n, kind, 1 + n % 4))
        }))
        .await;
    history
        .add([(60, posted_in(2, 20, Kind::Question, 5))])
        .await;
    let groups = [1, 2, 3].map(|n| history.group(n));
    let cursor = |post: &Post| Cursor {
        at: post.created_at.as_micros(),
        key: post.key,
    };
    let mut own = history.store.posts(&history.posts(0..12)).await.unwrap();
    own.sort_unstable_by_key(cursor);
    let own_keys: Vec<Key> = own.iter().map(|post| post.key).collect();
    for order in BOTH {
        for limit in 0..=13 {
            let page = page(order, None, limit as u32);
            let posts = history.store.posts_in(&groups, page).await.unwrap();
            assert_eq!(posts_of(&posts, groups[0]), first(&own_keys, order, limit));
            let of_second = first(&history.posts([20]), order, limit);
            assert_eq!(posts_of(&posts, groups[1]), of_second);
            assert!(posts_of(&posts, groups[2]).is_empty());
        }
        for limit in 1..=5 {
            let mut walked: Vec<Post> = Vec::new();
            while walked.len() < own.len() {
                let page = page(order, walked.last().map(cursor), limit);
                let next = history.store.posts_in(&groups[..1], page).await.unwrap();
                assert!(!next.is_empty());
                walked.extend(next);
            }
            assert_eq!(walked, first(&own, order, 100));
        }
    }
}

pub async fn replies_in_a_group_are_among_its_posts_and_deleted_posts_are_not(place: &dyn Place) {
    let mut history = groups(place).await;
    let answer = |n| {
        created(Created {
            parent: Some(post(1)),
            group: Some(group(1)),
            ..written(n, Kind::Answer, 9)
        })
    };
    history
        .add([
            (10, posted_in(1, 1, Kind::Question, 5)),
            (11, posted_in(1, 2, Kind::Question, 5)),
            (12, answer(3)),
            (13, answer(4)),
        ])
        .await;
    history
        .add([(20, deleted(topic(2, 5))), (21, deleted(reply(4, 9, 1)))])
        .await;
    let page = page(Order::Ascending, None, 20);
    let groups = [history.group(1)];
    let posts = history.store.posts_in(&groups, page).await.unwrap();
    assert_eq!(posts_of(&posts, groups[0]), history.posts([1, 3]));
    history.is_as_folded_anew().await;
}

//! What belongs to many posts or accounts, in one call: a page for each.

use plaudit_domain::post::Kind;
use plaudit_projection::{Key, Like, Post};
use plaudit_store::{Cursor, Order, Page};

use crate::Place;
use crate::history::{
    Happened, History, answer, comment, deleted, like_withdrawn, liked, question, registered,
    reply, restored, topic, unwatched, watched,
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

fn of_parent(posts: &[Post], parent: Key) -> Vec<Key> {
    let of_parent = posts.iter().filter(|post| post.parent == Some(parent));
    of_parent.map(|post| post.key).collect()
}

fn of_author(posts: &[Post], author: Key) -> Vec<Key> {
    let of_author = posts.iter().filter(|post| post.author == Some(author));
    of_author.map(|post| post.key).collect()
}

fn of_post(likes: &[Like], post: Key) -> Vec<Key> {
    let of_post = likes.iter().filter(|like| like.post == post);
    of_post.map(|like| like.account).collect()
}

/// Three questions: the first has no reply, the second one answer and one comment, the third seven
/// answers, two at a time, of which the fourth and a comment are deleted.
async fn threads(place: &dyn Place) -> History {
    let mut history = History::begin(place).await;
    history.add([(1, registered(1)), (1, registered(2))]).await;
    history.add((1..=3).map(|n| (2, question(n, 1)))).await;
    let answers = (30..37).map(|n: u128| (n as i64 / 2, answer(n, 2, 3)));
    let rest: [Happened; 4] = [
        (40, answer(20, 2, 2)),
        (41, comment(21, 1, 2)),
        (42, comment(22, 1, 3)),
        (43, comment(23, 1, 3)),
    ];
    history.add(answers.chain(rest)).await;
    history
        .add([
            (50, deleted(reply(33, 2, 3))),
            (51, deleted(reply(22, 1, 3))),
        ])
        .await;
    history
}

pub async fn replies_come_by_kind_in_order_and_each_parent_has_its_page(place: &dyn Place) {
    let history = threads(place).await;
    let parents = history.posts([1, 2, 3]);
    let answers = history.posts([30, 31, 32, 34, 35, 36]);
    for order in BOTH {
        for limit in 0..=7 {
            let replies = history
                .store
                .replies(&parents, Kind::Answer, page(order, None, limit as u32))
                .await
                .unwrap();
            assert!(of_parent(&replies, parents[0]).is_empty());
            assert_eq!(
                of_parent(&replies, parents[1]),
                first(&history.posts([20]), order, limit)
            );
            assert_eq!(
                of_parent(&replies, parents[2]),
                first(&answers, order, limit)
            );
        }
        let comments = history
            .store
            .replies(&parents, Kind::Comment, page(order, None, 9))
            .await
            .unwrap();
        assert_eq!(of_parent(&comments, parents[1]), history.posts([21]));
        assert_eq!(of_parent(&comments, parents[2]), history.posts([23]));

        // From one page to the next, of the third question.
        let mut walked: Vec<Post> = Vec::new();
        for _ in 0..answers.len() {
            let after = walked.last().map(|post| Cursor {
                at: post.created_at.as_micros(),
                key: post.key,
            });
            let next = history
                .store
                .replies(&parents[2..], Kind::Answer, page(order, after, 1))
                .await
                .unwrap();
            walked.extend(next);
        }
        let walked: Vec<Key> = walked.iter().map(|post| post.key).collect();
        assert_eq!(walked, first(&answers, order, 100));
    }
}

pub async fn posts_of_authors_come_in_order_and_each_author_has_its_page(place: &dyn Place) {
    let mut history = History::begin(place).await;
    history.add((1..=3).map(|n| (1, registered(n)))).await;
    // The first wrote posts 10 to 15, of which 12 is deleted, the second 20, and the third none.
    history.add((10..16).map(|n| (2, question(n, 1)))).await;
    history
        .add([(3, answer(20, 2, 10)), (4, deleted(topic(12, 1)))])
        .await;
    let authors: Vec<Key> = (1..=3).map(|n| history.account(n)).collect();
    let own = history.posts([10, 11, 13, 14, 15]);
    for order in BOTH {
        for limit in 0..=6 {
            let posts = history
                .store
                .posts_of(&authors, page(order, None, limit as u32))
                .await
                .unwrap();
            assert_eq!(of_author(&posts, authors[0]), first(&own, order, limit));
            assert_eq!(
                of_author(&posts, authors[1]),
                first(&history.posts([20]), order, limit)
            );
            assert!(of_author(&posts, authors[2]).is_empty());
        }
    }
    history.add([(5, restored(topic(12, 1)))]).await;
    let posts = history
        .store
        .posts_of(&authors[..1], page(Order::Ascending, None, 9))
        .await
        .unwrap();
    assert_eq!(of_author(&posts, authors[0]), history.posts(10..16));
}

/// Posts 1 and 2 of account 1, liked by others: the first by 9 to 2, in this order, the second by 5.
async fn likes(place: &dyn Place) -> History {
    let mut history = History::begin(place).await;
    history.add((1..=9).map(|n| (1, registered(n)))).await;
    history
        .add([
            (2, question(1, 1)),
            (2, question(2, 1)),
            (2, question(3, 1)),
        ])
        .await;
    let first = (2..=9).rev().map(|n| (3, liked((1, 1), n)));
    history.add(first.chain([(3, liked((2, 1), 5))])).await;
    history
}

pub async fn likes_come_in_the_order_of_liking_and_each_post_has_its_page(place: &dyn Place) {
    let history = likes(place).await;
    let posts = history.posts([1, 2, 3]);
    let likers: Vec<Key> = (2..=9).rev().map(|n| history.account(n)).collect();
    for order in BOTH {
        for limit in 0..=9 {
            let likes = history
                .store
                .likes(&posts, page(order, None, limit as u32))
                .await
                .unwrap();
            assert_eq!(of_post(&likes, posts[0]), first(&likers, order, limit));
            let of_second = first(&[history.account(5)], order, limit);
            assert_eq!(of_post(&likes, posts[1]), of_second);
            assert!(of_post(&likes, posts[2]).is_empty());
        }
    }
}

pub async fn likes_of_any_page_size_come_once_in_both_orders(place: &dyn Place) {
    let history = likes(place).await;
    let posts = history.posts([1]);
    let likers: Vec<Key> = (2..=9).rev().map(|n| history.account(n)).collect();
    for order in BOTH {
        for limit in 1..=7 {
            let mut walked: Vec<Like> = Vec::new();
            while walked.len() < likers.len() {
                let after = walked.last().map(|like| Cursor {
                    at: like.position,
                    key: like.account,
                });
                let next = history
                    .store
                    .likes(&posts, page(order, after, limit))
                    .await
                    .unwrap();
                assert!(!next.is_empty());
                walked.extend(next);
            }
            assert_eq!(of_post(&walked, posts[0]), first(&likers, order, 100));
        }
    }
}

pub async fn a_like_that_was_taken_back_does_not_come_and_one_that_was_given_again_comes_last(
    place: &dyn Place,
) {
    let mut history = likes(place).await;
    let one = (1, 1);
    history
        .add([
            (4, like_withdrawn(one, 9)),
            (4, like_withdrawn(one, 7)),
            (5, liked(one, 9)),
        ])
        .await;
    let posts = history.posts([1]);
    let likes = history
        .store
        .likes(&posts, page(Order::Ascending, None, 20))
        .await
        .unwrap();
    let expected = [8, 6, 5, 4, 3, 2, 9].map(|n| history.account(n));
    assert_eq!(of_post(&likes, posts[0]), expected);
    let (gone, back) = (history.account(7), history.account(9));
    assert!(history.store.liked(gone, &posts).await.unwrap().is_empty());
    assert_eq!(history.store.liked(back, &posts).await.unwrap(), posts);
}

pub async fn liked_and_watched_tell_which_of_many_posts(place: &dyn Place) {
    let mut history = likes(place).await;
    history
        .add([
            (4, watched(1, 5)),
            (4, watched(3, 5)),
            (4, watched(2, 6)),
            (5, unwatched(1, 5)),
        ])
        .await;
    let (store, posts) = (&history.store, history.posts([3, 2, 1]));
    let sorted = |mut keys: Vec<Key>| {
        keys.sort_unstable();
        keys
    };
    let (five, six) = (history.account(5), history.account(6));
    assert_eq!(
        sorted(store.liked(five, &posts).await.unwrap()),
        history.posts([1, 2])
    );
    assert_eq!(
        sorted(store.liked(six, &posts).await.unwrap()),
        history.posts([1])
    );
    assert_eq!(
        sorted(store.watched(five, &posts).await.unwrap()),
        history.posts([3])
    );
    assert_eq!(
        sorted(store.watched(six, &posts).await.unwrap()),
        history.posts([2])
    );
}

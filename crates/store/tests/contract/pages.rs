//! Lists of posts, a page at a time.

use plaudit_domain::post::{Created, Kind};
use plaudit_projection::{Key, Post};
use plaudit_store::{Cursor, Order, Page, PostFilter, SharedStore};

use crate::Place;
use crate::history::{
    Happened, History, account, answer, at, comment, created, deleted, edited, group,
    group_created, post, question, registered, reply, tagged, topic, written,
};

/// A list needs an end: a store that repeats itself must not keep a test going.
const ENOUGH: usize = 500;

/// Posts of all kinds by several authors and by nobody; they weren't recorded in the order of
/// their times, several share a time, and some are deleted.
async fn history(place: &dyn Place) -> History {
    let mut history = History::begin(place).await;
    history.add((1..=3).map(|n| (1, registered(n)))).await;
    history.add((1..=2).map(|n| (2, group_created(n)))).await;
    // The first has all replies.
    history
        .add([(5, tagged(0, Kind::Question, 1, &["a"]))])
        .await;
    history.add((1..=60).map(any_post)).await;
    let gone = (1..=60_u128)
        .filter(|n| n.is_multiple_of(9))
        .map(|n| match kind(n) {
            Kind::Answer | Kind::Comment => (200, deleted(reply(n, author(n), 0))),
            Kind::Question | Kind::Discussion | Kind::Article => {
                (200, deleted(topic(n, author(n))))
            }
        });
    history.add(gone).await;
    history
}

fn any_post(n: u128) -> Happened {
    let second = 10 + (n * 17 % 60) / 6;
    let tags: &[&str] = match n % 4 {
        0 => &["a"],
        1 => &["a", "b"],
        2 => &["b"],
        _ => &[],
    };
    let fact = match kind(n) {
        Kind::Answer => answer(n, author(n), 0),
        Kind::Comment => comment(n, author(n), 0),
        kind @ (Kind::Question | Kind::Discussion | Kind::Article) => created(Created {
            author: (!n.is_multiple_of(7)).then(|| account(author(n))),
            tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
            group: (!n.is_multiple_of(3)).then(|| group(n % 3)),
            ..written(n, kind, 1)
        }),
    };
    (second as i64, fact)
}

fn kind(n: u128) -> Kind {
    Kind::ALL[(n % 5) as usize]
}

fn author(n: u128) -> u128 {
    1 + n % 3
}

/// Every way to ask: each part alone, and with every other.
fn filters(history: &History) -> Vec<PostFilter> {
    let some_kinds = [
        vec![],
        vec![Kind::Question],
        vec![Kind::Question, Kind::Discussion, Kind::Article],
        vec![Kind::Comment, Kind::Answer],
    ];
    let some_tags = [None, Some("a"), Some("no such tag")];
    let some_authors = [None, Some(history.account(2))];
    let some_groups = [None, Some(history.group(1))];
    let mut filters = Vec::new();
    for kinds in &some_kinds {
        for tag in some_tags {
            for author in some_authors {
                for group in some_groups {
                    filters.push(PostFilter {
                        kinds: kinds.clone(),
                        tag: tag.map(str::to_owned),
                        author,
                        group,
                    });
                }
            }
        }
    }
    filters
}

/// What a list has to be, found without any list.
async fn expected(history: &History, filter: &PostFilter, order: Order) -> Vec<Post> {
    let all = history.posts(0..=60);
    let mut posts = history.store.posts(&all).await.unwrap();
    posts.retain(|post| {
        !post.deleted
            && (filter.kinds.is_empty() || filter.kinds.contains(&post.kind))
            && (filter.author.is_none() || post.author == filter.author)
            && (filter.group.is_none() || post.group_key == filter.group)
            && filter
                .tag
                .iter()
                .all(|tag| post.tags.to_vec().contains(tag))
    });
    posts.sort_unstable_by_key(cursor);
    if order == Order::Descending {
        posts.reverse();
    }
    posts
}

fn cursor(post: &Post) -> Cursor {
    Cursor {
        at: post.created_at.as_micros(),
        key: post.key,
    }
}

fn keys(posts: &[Post]) -> Vec<Key> {
    posts.iter().map(|post| post.key).collect()
}

/// The whole list, in pages.
async fn walk(store: &SharedStore, filter: &PostFilter, order: Order, limit: u32) -> Vec<Post> {
    let mut walked: Vec<Post> = Vec::new();
    while walked.len() < ENOUGH {
        let after = walked.last().map(cursor);
        let page = Page {
            order,
            after,
            limit,
        };
        let posts = store.post_page(filter, page).await.unwrap();
        assert!(posts.len() <= limit as usize);
        let is_last = posts.len() < limit as usize;
        walked.extend(posts);
        if is_last {
            break;
        }
    }
    walked
}

pub async fn pages_of_any_size_give_every_post_once_in_both_orders(place: &dyn Place) {
    let history = history(place).await;
    for filter in filters(&history) {
        for order in [Order::Ascending, Order::Descending] {
            let expected = expected(&history, &filter, order).await;
            for limit in (1..=7).chain([100]) {
                let walked = walk(&history.store, &filter, order, limit).await;
                assert_eq!(
                    keys(&walked),
                    keys(&expected),
                    "{filter:?} {order:?} in pages of {limit}"
                );
                assert_eq!(walked, expected);
            }
        }
    }
}

pub async fn pages_of_posts_of_equal_time_go_by_key(place: &dyn Place) {
    let mut history = History::begin(place).await;
    history.add([(1, registered(1))]).await;
    history.add((0..10).map(|n| (7, question(n, 1)))).await;
    let everything = PostFilter::default();
    let ascending = walk(&history.store, &everything, Order::Ascending, 3).await;
    assert_eq!(keys(&ascending), history.posts(0..10));
    let descending = walk(&history.store, &everything, Order::Descending, 3).await;
    assert_eq!(keys(&descending), history.posts((0..10).rev()));
}

/// What is written beyond the place that a reader has come to is read, and nothing else of it; of
/// what was there before, nothing is missed and nothing comes twice.
pub async fn pages_stay_whole_while_posts_are_written_between_them(place: &dyn Place) {
    let mut history = history(place).await;
    let mut number = 1_000;
    let everything = PostFilter::default();
    let of_two_kinds = PostFilter {
        kinds: vec![Kind::Question, Kind::Article],
        ..PostFilter::default()
    };
    let of_a_tag = PostFilter {
        tag: Some("a".into()),
        ..PostFilter::default()
    };
    for filter in [everything, of_two_kinds, of_a_tag] {
        for order in [Order::Ascending, Order::Descending] {
            let there = walk(&history.store, &filter, order, 100).await;
            let mut expected: Vec<Cursor> = there.iter().map(cursor).collect();
            let mut walked: Vec<Cursor> = Vec::new();
            for read in 1.. {
                let page = Page {
                    order,
                    after: walked.last().copied(),
                    limit: 3,
                };
                let posts = history.store.post_page(&filter, page).await.unwrap();
                walked.extend(posts.iter().map(cursor));
                let Some(here) = posts.last().map(cursor) else {
                    break;
                };
                // Before where the reader is, at the same moment, and after it. The reader has to
                // come to an end some time.
                let seconds = [9, here.at / 1_000_000, 21];
                for second in seconds.into_iter().filter(|_| read <= 3) {
                    number += 1;
                    history
                        .add([(second, tagged(number, Kind::Article, 1, &["a"]))])
                        .await;
                    let written = Cursor {
                        at: at(second).as_micros(),
                        key: history.post(number),
                    };
                    let is_beyond = match order {
                        Order::Ascending => written > here,
                        Order::Descending => written < here,
                    };
                    expected.extend(is_beyond.then_some(written));
                }
            }
            expected.sort_unstable();
            if order == Order::Descending {
                expected.reverse();
            }
            assert_eq!(walked, expected, "{filter:?} {order:?}");
        }
    }
}

pub async fn a_cursor_outlives_the_post_that_it_stands_on(place: &dyn Place) {
    let mut history = History::begin(place).await;
    history.add([(1, registered(1))]).await;
    history.add((0..5).map(|n| (7, question(n, 1)))).await;
    let page = |after| Page {
        order: Order::Ascending,
        after,
        limit: 2,
    };
    let everything = PostFilter::default();
    let first = history
        .store
        .post_page(&everything, page(None))
        .await
        .unwrap();
    history.add([(8, deleted(topic(1, 1)))]).await;
    let second = history
        .store
        .post_page(&everything, page(first.last().map(cursor)))
        .await
        .unwrap();
    assert_eq!(keys(&second), history.posts([2, 3]));
}

pub async fn a_tag_that_was_taken_away_is_no_longer_listed(place: &dyn Place) {
    let mut history = History::begin(place).await;
    history
        .add([
            (1, registered(1)),
            (2, tagged(1, Kind::Question, 1, &["a", "b"])),
        ])
        .await;
    history
        .add([(3, edited((1, 1), None, Some(&["b", "c"])))])
        .await;
    // There and back again within one batch.
    history
        .add([
            (4, edited((1, 1), None, Some(&["d"]))),
            (5, edited((1, 1), None, Some(&["b", "c"]))),
        ])
        .await;
    for (tag, listed) in [("a", 0), ("b", 1), ("c", 1), ("d", 0)] {
        let filter = PostFilter {
            tag: Some(tag.into()),
            ..PostFilter::default()
        };
        let walked = walk(&history.store, &filter, Order::Ascending, 5).await;
        assert_eq!(walked.len(), listed, "{tag}");
        let count = history.store.post_count(&filter).await.unwrap();
        assert_eq!(count, listed as i64, "{tag}");
    }
    let listed = history.store.posts_by_id(&[post(1)]).await.unwrap();
    assert_eq!(listed[0].tags.to_vec(), ["b", "c"]);
}

pub async fn a_page_of_nothing_is_empty(place: &dyn Place) {
    let history = history(place).await;
    let page = Page {
        order: Order::Ascending,
        after: None,
        limit: 0,
    };
    let everything = PostFilter::default();
    let posts = history.store.post_page(&everything, page).await.unwrap();
    assert!(posts.is_empty());
}

pub async fn a_kind_asked_for_twice_comes_once(place: &dyn Place) {
    let history = history(place).await;
    let once = PostFilter {
        kinds: vec![Kind::Question, Kind::Article],
        ..PostFilter::default()
    };
    let twice = PostFilter {
        kinds: vec![Kind::Article, Kind::Question, Kind::Article],
        ..PostFilter::default()
    };
    assert_eq!(
        walk(&history.store, &twice, Order::Ascending, 3).await,
        walk(&history.store, &once, Order::Ascending, 100).await
    );
    assert_eq!(
        history.store.post_count(&twice).await.unwrap(),
        history.store.post_count(&once).await.unwrap()
    );
}

pub async fn counts_are_of_what_the_pages_give(place: &dyn Place) {
    let history = history(place).await;
    let mut counted = 0;
    for filter in filters(&history) {
        let count = history.store.post_count(&filter).await.unwrap();
        let expected = expected(&history, &filter, Order::Ascending).await.len();
        assert_eq!(count, expected as i64, "{filter:?}");
        counted += count;
    }
    assert!(counted > 100, "the filters have to let something through");
}

//! Reviews, reports, what members are told, and the community's figures.

use plaudit_domain::erasure::Content;
use plaudit_domain::notification::Kind as Told;
use plaudit_domain::post::Kind;
use plaudit_projection::{Figure, Key, Outcome};
use plaudit_store::{Cursor, Order, Page};

use crate::Place;
use crate::history::{
    History, NEWS, at, comment, created, deleted, erased, group_created, group_watched,
    like_withdrawn, liked, linked, post, posted_in, published, question, read, registered,
    rejected, reported, restored, resubmitted, submitted, topic, upheld, watched, written,
};

fn page(order: Order, after: Option<Cursor>, limit: u32) -> Page {
    Page {
        order,
        after,
        limit,
    }
}

async fn with_members(place: &dyn Place) -> History {
    let mut history = History::begin(place).await;
    history
        .add((1..=4).map(|n| (n as i64, registered(n))))
        .await;
    history.add([(5, group_created(1))]).await;
    history
}

pub async fn timelines_are_read_by_page_in_either_order_of_each_subject(place: &dyn Place) {
    let mut history = with_members(place).await;
    // At 6 Ada asks, at 7 and 8 Ben and Cleo like it, at 9 Ben takes that back.
    history
        .add([
            (6, question(1, 1)),
            (7, liked((1, 1), 2)),
            (8, liked((1, 1), 3)),
            (9, like_withdrawn((1, 1), 2)),
        ])
        .await;
    let store = &history.store;
    let subjects = [history.account(1), history.account(2), history.post(1)];
    let read = async |order, after: Option<i64>, limit| {
        let after = after.map(|key| Cursor {
            at: 0,
            key: Key(key),
        });
        let page = page(order, after, limit);
        let entries = store.timeline(&subjects, page).await.unwrap();
        let of = |subject| {
            let entries = entries.iter().filter(move |entry| entry.subject == subject);
            entries.map(|entry| entry.position).collect::<Vec<_>>()
        };
        subjects.map(of)
    };
    let (first, last) = (Order::Ascending, Order::Descending);
    let all = [vec![1, 6, 7, 8, 9], vec![2, 7, 9], vec![6, 7, 8, 9]];
    assert_eq!(read(first, None, 10).await, all);
    let two = [vec![9, 8], vec![9, 7], vec![9, 8]];
    assert_eq!(read(last, None, 2).await, two);
    let after = [vec![8, 9], vec![9], vec![8, 9]];
    assert_eq!(read(first, Some(7), 2).await, after);
    let before = [vec![6, 1], vec![2], vec![6]];
    assert_eq!(read(last, Some(7), 2).await, before);
}

pub async fn articles_that_wait_come_in_the_order_of_waiting_with_their_places(place: &dyn Place) {
    let mut history = with_members(place).await;
    history
        .add((1..=5).map(|n| (10 + n as i64, submitted(1, n, 1))))
        .await;
    history
        .add([
            (20, rejected(1, 1)),
            (21, resubmitted(1, 1)),
            (22, rejected(2, 1)),
            (23, published(1, 3, 1)),
            (24, deleted(topic(4, 1))),
        ])
        .await;
    let store = &history.store;
    assert_eq!(store.review_count().await.unwrap(), 2);
    let all = page(Order::Ascending, None, 10);
    let queue = store.review_page(all).await.unwrap();
    let queue: Vec<Key> = queue.iter().map(|review| review.post).collect();
    assert_eq!(queue, history.posts([5, 1]));
    let after = Cursor {
        at: at(15).as_micros(),
        key: history.post(5),
    };
    let rest = store.review_page(page(Order::Ascending, Some(after), 10));
    assert_eq!(rest.await.unwrap().len(), 1);
    let mut places = store
        .review_places(&history.posts([1, 2, 3, 4, 5]))
        .await
        .unwrap();
    places.sort_unstable();
    assert_eq!(places, [(history.post(1), 2), (history.post(5), 1)]);
    let own = store.reviews_of(&history.accounts([1, 2])).await.unwrap();
    assert_eq!(own.len(), 4);
    let [published] = &store.posts_by_id(&[post(3)]).await.unwrap()[..] else {
        panic!("there is one");
    };
    assert_eq!(
        (published.created_at, published.submitted_at),
        (at(23), Some(at(13)))
    );
    history.is_as_folded_anew().await;
}

pub async fn open_reports_come_by_post_the_longest_first(place: &dyn Place) {
    let mut history = with_members(place).await;
    history.add((1..=3).map(|n| (10, question(n, 1)))).await;
    history
        .add([
            (20, reported(2, 2)),
            (21, reported(1, 3)),
            (22, reported(2, 4)),
            (23, reported(3, 2)),
            (24, upheld(3, 1, &[2])),
        ])
        .await;
    let store = &history.store;
    assert_eq!(store.reported_count().await.unwrap(), 2);
    let all = store
        .reported_page(page(Order::Ascending, None, 10))
        .await
        .unwrap();
    let all: Vec<_> = all
        .iter()
        .map(|it| (it.post, it.since, it.reports))
        .collect();
    assert_eq!(
        all,
        [(history.post(2), at(20), 2), (history.post(1), at(21), 1)]
    );
    let latest = store
        .reported_page(page(Order::Descending, None, 1))
        .await
        .unwrap();
    assert_eq!(latest[0].post, history.post(1));
    let open = store.open_reports_of(&history.posts([2, 3])).await.unwrap();
    let by: Vec<Key> = open.iter().map(|report| report.account).collect();
    assert_eq!(by, history.accounts([2, 4]));
    let [author] = &store.accounts(&history.accounts([1])).await.unwrap()[..] else {
        panic!("there is one");
    };
    assert_eq!(author.upheld_at, Some(at(24)));
    history.is_as_folded_anew().await;
}

pub async fn what_members_are_told_comes_in_order_and_is_read_once(place: &dyn Place) {
    let mut history = with_members(place).await;
    history
        .add([
            (6, linked(2, 3)),
            (7, group_watched(1, 2)),
            (8, group_watched(1, 3)),
        ])
        .await;
    // History tells nobody.
    history
        .add([(9, posted_in(1, 1, Kind::Question, 1)), (10, watched(1, 3))])
        .await;
    let position = history.position();
    history
        .add([(NEWS, posted_in(1, 2, Kind::Question, 1))])
        .await;
    history
        .add([(NEWS + 1, comment(3, 4, 1)), (NEWS + 2, comment(4, 4, 1))])
        .await;

    let store = &history.store;
    let both = history.accounts([2, 3]);
    let all = page(Order::Descending, None, 10);
    let told = store.notifications_of(&both, None, all).await.unwrap();
    let kinds: Vec<_> = told.iter().map(|told| (told.kind, told.account)).collect();
    // Of two accounts of one person it is the one that it concerns, or the older.
    assert_eq!(
        kinds,
        [
            (Told::Post, both[0]),
            (Told::Comment, both[1]),
            (Told::Comment, both[1])
        ]
    );
    let authors = store
        .notification_count(&history.accounts([1]))
        .await
        .unwrap();
    assert_eq!(authors, 2);
    let after = store.notifications_after(&both, position, 2).await.unwrap();
    let kinds: Vec<_> = after.iter().map(|told| told.kind).collect();
    assert_eq!(kinds, [Told::Post, Told::Comment]);

    let never = at(0);
    assert_eq!(store.unread_count(&both, never).await.unwrap(), 3);
    let first = told[0].id;
    history.add([(NEWS + 3, read(3, first, None))]).await;
    let store = &history.store;
    assert_eq!(store.unread_count(&both, never).await.unwrap(), 2);
    let unread = store
        .notifications_of(&both, Some(never), all)
        .await
        .unwrap();
    assert_eq!(unread.len(), 2);
    assert!(unread.iter().all(|told| told.id != first));
    assert_eq!(store.read_marks(&both, &[first]).await.unwrap().len(), 1);
    // Alone, the other account hasn't read it.
    assert_eq!(store.unread_count(&both[..1], never).await.unwrap(), 1);
    history.is_as_folded_anew().await;
}

pub async fn f5_what_two_accounts_were_told_before_they_were_linked_is_one_thing(
    place: &dyn Place,
) {
    let mut history = with_members(place).await;
    history
        .add([(7, group_watched(1, 2)), (8, group_watched(1, 3))])
        .await;
    history
        .add([(NEWS, posted_in(1, 2, Kind::Question, 1))])
        .await;
    history.add([(NEWS + 1, linked(2, 3))]).await;
    let store = history.store.clone();
    let both = history.accounts([2, 3]);
    assert_eq!(store.notification_count(&both).await.unwrap(), 1);
    let never = at(0);
    assert_eq!(store.unread_count(&both, never).await.unwrap(), 1);
    let all = page(Order::Descending, None, 10);
    let told = store.notifications_of(&both, None, all).await.unwrap();
    assert_eq!((told.len(), told[0].id), (2, told[1].id));
    history.add([(NEWS + 2, read(3, told[0].id, None))]).await;
    assert_eq!(store.unread_count(&both, never).await.unwrap(), 0);
}

pub async fn f10_figures_are_of_the_month_in_which_what_they_count_was_made(place: &dyn Place) {
    const MONTH: i64 = 31 * 86_400;
    let mut history = with_members(place).await;
    history
        .add([
            (6, linked(2, 3)),
            (7, question(1, 1)),
            (MONTH, question(2, 1)),
        ])
        .await;
    history
        .add([
            (MONTH, created(written(3, Kind::Article, 1))),
            (MONTH, erased(4, Content::Keep)),
        ])
        .await;
    let figures = |history: &History| {
        let store = history.store.clone();
        async move {
            let figures = store.figures().await.unwrap();
            let count = |it: &plaudit_projection::FigureOfMonth| (it.month, it.figure, it.count);
            figures.iter().map(count).collect::<Vec<_>>()
        }
    };
    let first = [
        (at(0), Figure::Groups, 1),
        (at(0), Figure::Members, 2),
        (at(0), Figure::Questions, 1),
    ];
    let second = [
        (at(MONTH), Figure::Articles, 1),
        (at(MONTH), Figure::Questions, 1),
    ];
    assert_eq!(figures(&history).await, [&first[..], &second].concat());
    // What is deleted later goes from the month in which it was made, and of nothing there is no row.
    history.add([(2 * MONTH, deleted(topic(1, 1)))]).await;
    assert_eq!(figures(&history).await, [&first[..2], &second].concat());
}

pub async fn what_was_said_of_an_erased_account_goes(place: &dyn Place) {
    let mut history = with_members(place).await;
    history
        .add([
            (NEWS, submitted(1, 1, 1)),
            (NEWS + 1, rejected(1, 1)),
            (NEWS + 2, question(2, 1)),
            (NEWS + 3, reported(2, 2)),
            (NEWS + 4, reported(2, 3)),
            (NEWS + 5, upheld(2, 1, &[3])),
            (NEWS + 6, submitted(1, 3, 1)),
        ])
        .await;
    assert_eq!(history.store.review_count().await.unwrap(), 1);
    history
        .add([
            (NEWS + 10, erased(1, Content::Remove)),
            (NEWS + 11, erased(2, Content::Remove)),
        ])
        .await;
    // It left the queue for good.
    assert_eq!(history.store.review_count().await.unwrap(), 0);
    history.add([(NEWS + 12, deleted(topic(3, 1)))]).await;
    history.add([(NEWS + 13, restored(topic(3, 1)))]).await;
    history.add([(NEWS + 14, submitted(1, 4, 1))]).await;
    assert_eq!(history.store.review_count().await.unwrap(), 0);
    let store = &history.store;
    let reviews = store.reviews(&history.posts([1])).await.unwrap();
    assert_eq!(reviews[0].reason, None);
    let reports = store.open_reports_of(&history.posts([2])).await.unwrap();
    assert_eq!(reports[0].comment, None);
    let (author, all) = (history.accounts([1]), page(Order::Descending, None, 10));
    let told = store.notifications_of(&author, None, all);
    let told = told.await.unwrap();
    let outcomes: Vec<_> = told.iter().map(|told| told.outcome).collect();
    let outcome = [Some(Outcome::Warned), Some(Outcome::ArticleRejected)];
    assert_eq!(outcomes, outcome);
    assert!(told.iter().all(|told| told.note.is_none()), "{told:?}");
    history.is_as_folded_anew().await;
}

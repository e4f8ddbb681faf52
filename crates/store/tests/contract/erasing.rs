//! What is erased is gone: from the rows, and from all files.

use std::time::Duration;

use plaudit_domain::Fact;
use plaudit_domain::erasure::Content;
use plaudit_domain::post::{Created, Kind};
use plaudit_domain::profile::Edited;
use plaudit_projection::PostBody;

use crate::Place;
use crate::history::{
    Happened, History, answer, created, edited, erased, identified, profile_edited, registered,
    renamed, tagged, told, written,
};

/// An account that says and writes something, and one that answers.
async fn somebody(place: &dyn Place) -> History {
    let mut history = History::begin(place).await;
    history.add([(1, registered(1)), (2, registered(2))]).await;
    history
        .add([
            (3, identified(1, Some("https://example.org/1.png"), None)),
            (4, tells(1, "Known to few")),
            (5, tagged(1, Kind::Question, 1, &["a"])),
            (6, answer(2, 2, 1)),
            (7, answer(3, 1, 1)),
        ])
        .await;
    history
}

/// An account tells the same in everything that it can tell.
fn tells(number: u128, text: &str) -> Fact {
    let line = || Some(text.to_owned().into());
    let list = || Some(vec![text.to_owned()].into());
    profile_edited(Edited {
        company: line(),
        position: line(),
        location: line(),
        bio: line(),
        links: list(),
        products: list(),
        ..told(number)
    })
}

pub async fn an_erased_account_keeps_no_name_no_picture_and_nothing_that_it_told(
    place: &dyn Place,
) {
    let mut history = somebody(place).await;
    let before = history.every_account().await;
    history.add([(9, erased(1, Content::Keep))]).await;
    let after = history.every_account().await;
    assert_eq!((&after[0].name, &after[0].picture), (&None, &None));
    assert!(after[0].erased && !after[0].content_erased);
    // What it did goes on counting.
    assert_eq!(after[0].counts, before[0].counts);
    assert_eq!(after[1], before[1]);
    let profile = &history.every_profile().await[0];
    assert_eq!((&profile.name, &profile.picture), (&None, &None));
    assert_eq!(profile.counts, before[0].counts);
    let keys = history.accounts([1]);
    assert!(history.store.about(&keys).await.unwrap().is_empty());
    history.is_as_folded_anew().await;
}

pub async fn the_posts_of_an_erased_account_stay_where_they_are_to_be_kept(place: &dyn Place) {
    let mut history = somebody(place).await;
    let keys = history.posts(1..=3);
    let posts = history.every_post().await;
    let bodies = history.store.bodies(&keys).await.unwrap();
    history.add([(9, erased(1, Content::Keep))]).await;
    assert_eq!(history.every_post().await, posts);
    assert_eq!(history.store.bodies(&keys).await.unwrap(), bodies);
}

pub async fn titles_and_texts_go_where_they_are_to_be_removed(place: &dyn Place) {
    let mut history = somebody(place).await;
    let before = history.every_post().await;
    history
        .add([
            (8, answer(4, 1, 1)),
            (9, erased(1, Content::Remove)),
            (10, answer(5, 2, 1)),
        ])
        .await;
    let after = history.every_post().await;
    assert_eq!(after[0].title, None);
    assert_eq!(after[0].tags.to_vec(), [""; 0]);
    assert_ne!(before[0].tags, after[0].tags);
    assert_eq!(after[0].author, before[0].author);
    assert_eq!(after[0].answers, 4);
    assert_eq!(after[1], before[1]);
    let keys = history.posts(1..=5);
    let mut bodies = history.store.bodies(&keys).await.unwrap();
    bodies.sort_unstable_by_key(|body| body.post);
    let expected = [None, Some("Text 2"), None, None, Some("Text 5")];
    let expected = keys.iter().zip(expected).map(|(&post, body)| PostBody {
        post,
        body: body.map(str::to_owned),
    });
    assert_eq!(bodies, expected.collect::<Vec<_>>());
    assert!(history.every_account().await[0].content_erased);
    history.is_as_folded_anew().await;
}

/// Histories from elsewhere may tell more.
pub async fn an_erased_account_stays_erased_whatever_comes_later(place: &dyn Place) {
    let mut history = somebody(place).await;
    history.add([(9, erased(1, Content::Remove))]).await;
    let text = |text: &str| Some(text.to_owned().into());
    let later: [Happened; 7] = [
        (10, renamed(1, "Again")),
        (11, registered(1)),
        (
            12,
            identified(1, Some("https://example.org/again.png"), None),
        ),
        (13, tells(1, "Again")),
        (14, edited((1, 1), text("Again"), None)),
        (15, answer(9, 1, 1)),
        (16, erased(1, Content::Keep)),
    ];
    for happened in later {
        history.add([happened]).await;
        history.is_as_folded_anew().await;
    }
    let account = history.every_account().await.remove(0);
    assert_eq!((account.name, account.picture), (None, None));
    assert!(account.erased && account.content_erased);
    let keys = history.accounts([1]);
    assert!(history.store.about(&keys).await.unwrap().is_empty());
    let bodies = history.store.bodies(&history.posts([1, 9])).await.unwrap();
    assert_eq!(bodies.len(), 2);
    assert!(bodies.iter().all(|body| body.body.is_none()));
}

fn contains(bytes: &[u8], text: &str) -> bool {
    let (first, text) = text.as_bytes().split_first().unwrap();
    bytes
        .split(|byte| byte == first)
        .skip(1)
        .any(|rest| rest.starts_with(text))
}

/// Some text that begins with a mark; a long one doesn't fit a page.
fn marked(mark: &str, length: usize) -> String {
    let mut text = mark.repeat(length / mark.len() + 1);
    text.truncate(length.max(mark.len()));
    text
}

/// A post whose title and text are marked.
fn marked_post(number: u128, author: u128, mark: &str, length: usize) -> Fact {
    created(Created {
        title: Some(marked(mark, 60).into()),
        body: marked(mark, length).into(),
        ..written(number, Kind::Article, author)
    })
}

pub async fn nothing_erased_is_left_in_any_file_after_a_purge(place: &dyn Place) {
    let mut history = somebody(place).await;
    history
        .add([
            (10, renamed(1, "Hush! A name")),
            (10, identified(1, Some("https://hush!.example.org/"), None)),
            (11, tells(1, "Hush! A secret")),
            (12, marked_post(10, 1, "Hush!", 30)),
            (13, marked_post(11, 1, "Hush!", 30_000)),
            (14, marked_post(12, 2, "Shown", 30_000)),
        ])
        .await;
    // It is in the file itself by now, and in the log again.
    history.store.purge().await.unwrap();
    assert!(contains(&place.bytes(), "Hush!"));
    history.add([(20, renamed(1, "Hush! Another name"))]).await;
    history.add([(30, erased(1, Content::Remove))]).await;
    assert!(contains(&place.bytes(), "Hush!"));

    history.store.purge().await.unwrap();
    let bytes = place.bytes();
    for gone in [
        "Hush!",
        "hush!",
        "Known to few",
        "Member 1",
        "Text 1",
        "Title 1",
    ] {
        assert!(!contains(&bytes, gone), "{gone}");
    }
    for kept in ["Member 2", "Text 2", "Shown"] {
        assert!(contains(&bytes, kept), "{kept}");
    }
    history.is_as_folded_anew().await;
}

/// Rows that grow move to other pages: what they left behind there has to go, too.
pub async fn nothing_erased_is_left_of_what_was_changed_or_moved_before(place: &dyn Place) {
    const MEMBERS: u128 = 120;
    let mark = |n: u128, what: &str| format!("<{n}:{what}>");
    let is_gone = |n: u128| n % 3 == 1;
    let mut history = History::begin(place).await;
    history.add((0..MEMBERS).map(|n| (1, registered(n)))).await;
    // Each time all of it is written anew, longer and shorter, and in another order.
    for round in 1..=6_u128 {
        let length = [40, 300, 20, 700, 5_000, 60][round as usize % 6];
        let (mut facts, mut posts) = (Vec::new(), Vec::new());
        for n in (0..MEMBERS).map(|n| n * 77 % MEMBERS) {
            let text = |what: &str| marked(&mark(n, &format!("{what}{round}")), length);
            facts.push((2, renamed(n, &text("name"))));
            facts.push((2, identified(n, Some(&text("picture")), None)));
            facts.push((2, tells(n, &text("about"))));
            posts.push((
                2,
                marked_post(round * 1000 + n, n, &mark(n, "post"), length),
            ));
            if round > 1 {
                let body = Some(text("edited").into());
                facts.push((3, edited(((round - 1) * 1000 + n, n), body, None)));
            }
        }
        history.add(posts).await;
        for batch in facts.chunks(50) {
            history.add(batch.to_vec()).await;
        }
    }
    let gone = (0..MEMBERS).filter(|&n| is_gone(n));
    history
        .add(gone.clone().map(|n| (4, erased(n, Content::Remove))))
        .await;
    history.store.purge().await.unwrap();
    let bytes = place.bytes();
    let left: Vec<String> = gone
        .flat_map(|n| ["name", "picture", "about", "post", "edited"].map(|what| (n, what)))
        .map(|(n, what)| format!("<{n}:{what}"))
        .filter(|mark| contains(&bytes, mark))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(contains(&bytes, "<0:name6"));
    history.is_as_folded_anew().await;
}

pub async fn a_purge_waits_for_whoever_reads_and_changes_nothing(place: &dyn Place) {
    let mut history = somebody(place).await;
    let before = history.every_post().await;
    let mut purging = None;
    let mut read = 0;
    let store = history.store.clone();
    let mut each = |_| {
        read += 1;
        let store = store.clone();
        purging.get_or_insert_with(|| tokio::spawn(async move { store.purge().await }));
        std::thread::sleep(Duration::from_millis(50));
        Ok(())
    };
    let mut snapshot = history.store.snapshot().await.unwrap();
    snapshot.each_post(&mut each).await.unwrap();
    drop(snapshot);
    assert_eq!(read, before.len());
    purging.unwrap().await.unwrap().unwrap();
    assert_eq!(history.every_post().await, before);
    // And the store goes on.
    history.add([(9, renamed(1, "Next"))]).await;
    history.is_as_folded_anew().await;
}

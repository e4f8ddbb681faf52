//! Rows by what names them.

use plaudit_domain::Personal;
use plaudit_domain::account::Registered;
use plaudit_domain::fact::AccountFact;
use plaudit_domain::personal::Protected;
use plaudit_domain::post::{Created, Kind};
use plaudit_projection::{Key, PostBody};
use plaudit_store::PostFilter;

use crate::Place;
use crate::history::{
    History, accepted, account, answer, at, created, deleted, edited, liked, origin, post,
    question, registered, tagged, topic, watched, written,
};

pub async fn accounts_are_found_by_key_by_public_id_and_by_where_they_came_from(place: &dyn Place) {
    let mut history = History::begin(place).await;
    let imported = AccountFact::Registered(Registered {
        account: account(2),
        name: "Imported".to_owned().into(),
        origin: Some(origin("7")),
    });
    history
        .add([(1, registered(1)), (2, imported.into()), (3, registered(3))])
        .await;
    let store = &history.store;

    let keys = [history.account(3), history.account(2)];
    let mut by_key = store.accounts(&keys).await.unwrap();
    by_key.sort_unstable_by_key(|account| account.key);
    let ids: Vec<_> = by_key.iter().map(|account| account.id).collect();
    assert_eq!(ids, [account(2), account(3)]);

    let mut by_id = store.accounts_by_id(&ids).await.unwrap();
    by_id.sort_unstable_by_key(|account| account.key);
    assert_eq!(by_id, by_key);

    let by_origin = store.account_by_origin(&origin("7")).await.unwrap();
    assert_eq!(by_origin.as_ref(), by_key.first());
    assert_eq!(store.account_by_origin(&origin("8")).await.unwrap(), None);
}

pub async fn posts_are_found_by_key_by_public_id_and_by_where_they_came_from(place: &dyn Place) {
    let mut history = History::begin(place).await;
    let imported = created(Created {
        origin: Some(origin("7")),
        ..written(2, Kind::Article, 1)
    });
    history
        .add([
            (1, registered(1)),
            (2, question(1, 1)),
            (3, imported),
            (4, question(3, 1)),
        ])
        .await;
    let store = &history.store;

    let mut by_key = store.posts(&history.posts([3, 2])).await.unwrap();
    by_key.sort_unstable_by_key(|post| post.key);
    let ids: Vec<_> = by_key.iter().map(|post| post.id).collect();
    assert_eq!(ids, [post(2), post(3)]);

    let mut by_id = store.posts_by_id(&ids).await.unwrap();
    by_id.sort_unstable_by_key(|post| post.key);
    assert_eq!(by_id, by_key);

    let by_origin = store.post_by_origin(&origin("7")).await.unwrap();
    assert_eq!(by_origin.as_ref(), by_key.first());
    assert_eq!(store.post_by_origin(&origin("8")).await.unwrap(), None);
}

pub async fn deleted_posts_are_found_too(place: &dyn Place) {
    let mut history = History::begin(place).await;
    let imported = created(Created {
        origin: Some(origin("7")),
        ..written(1, Kind::Article, 1)
    });
    history.add([(1, registered(1)), (2, imported)]).await;
    history.add([(3, deleted(topic(1, 1)))]).await;
    let store = &history.store;

    let by_key = store.posts(&[history.post(1)]).await.unwrap();
    assert!(by_key[0].deleted);
    assert_eq!(store.posts_by_id(&[post(1)]).await.unwrap(), by_key);
    let by_origin = store.post_by_origin(&origin("7")).await.unwrap();
    assert_eq!(by_origin.as_ref(), by_key.first());
    assert_eq!(store.bodies(&[history.post(1)]).await.unwrap().len(), 1);
}

pub async fn a_profile_is_found_by_the_key_and_the_public_id_of_its_primary_account(
    place: &dyn Place,
) {
    let mut history = History::begin(place).await;
    history.add([(1, registered(1)), (2, registered(2))]).await;
    history
        .add([(3, question(1, 2)), (4, answer(2, 2, 1))])
        .await;

    let key = history.account(2);
    let profiles = history.store.profiles(&[key]).await.unwrap();
    let accounts = history.store.accounts(&[key]).await.unwrap();
    let by_id = history.store.profiles_by_id(&[account(2)]).await.unwrap();
    assert_eq!(by_id, profiles);
    assert_eq!(profiles.len(), 1);
    assert_eq!((profiles[0].key, profiles[0].id), (key, account(2)));
    assert_eq!(profiles[0].accounts, 1);
    assert_eq!(profiles[0].counts, accounts[0].counts);
    assert_eq!(profiles[0].counts.total_posts(), 2);
}

pub async fn what_is_asked_for_twice_comes_once(place: &dyn Place) {
    let mut history = History::begin(place).await;
    history.add([(1, registered(1)), (2, question(1, 1))]).await;
    history
        .add([(3, liked((1, 1), 1)), (4, watched(1, 1))])
        .await;
    let (store, key) = (&history.store, history.post(1));
    let member = history.account(1);

    assert_eq!(store.posts(&[key, key]).await.unwrap().len(), 1);
    assert_eq!(
        store.posts_by_id(&[post(1), post(1)]).await.unwrap().len(),
        1
    );
    assert_eq!(store.accounts(&[member, member]).await.unwrap().len(), 1);
    assert_eq!(store.profiles(&[member, member]).await.unwrap().len(), 1);
    assert_eq!(store.bodies(&[key, key]).await.unwrap().len(), 1);
    assert_eq!(store.liked(member, &[key, key]).await.unwrap(), [key]);
    assert_eq!(store.watched(member, &[key, key]).await.unwrap(), [key]);
}

pub async fn what_is_not_there_does_not_come(place: &dyn Place) {
    let mut history = History::begin(place).await;
    history.add([(1, registered(1)), (2, question(1, 1))]).await;
    let store = &history.store;
    // The key of an account is no key of a post, and the other way round.
    let (member, asked) = (history.account(1), history.post(1));
    for nothing in [vec![], vec![Key(77)], vec![Key(-1), Key(i64::MAX)]] {
        assert!(store.accounts(&nothing).await.unwrap().is_empty());
        assert!(store.profiles(&nothing).await.unwrap().is_empty());
        assert!(store.posts(&nothing).await.unwrap().is_empty());
        assert!(store.bodies(&nothing).await.unwrap().is_empty());
        assert!(store.liked(member, &nothing).await.unwrap().is_empty());
        assert!(store.watched(member, &nothing).await.unwrap().is_empty());
    }
    assert!(store.accounts(&[asked]).await.unwrap().is_empty());
    assert!(store.posts(&[member]).await.unwrap().is_empty());
    assert!(store.accounts_by_id(&[]).await.unwrap().is_empty());
    assert!(store.posts_by_id(&[post(77)]).await.unwrap().is_empty());
    assert_eq!(store.posts(&[asked, Key(77)]).await.unwrap().len(), 1);
}

pub async fn the_last_text_of_a_post_holds_and_a_withheld_one_is_none(place: &dyn Place) {
    let mut history = History::begin(place).await;
    history
        .add([(1, registered(1)), (2, question(1, 1)), (3, question(2, 1))])
        .await;
    let known = |text: &str| Some(text.to_owned().into());
    let mut withheld = Personal::known("to be taken away".to_owned());
    withheld.withhold();
    history
        .add([
            (4, edited((1, 1), known("second"), None)),
            (5, edited((2, 1), Some(withheld), None)),
            (6, edited((1, 1), known("third"), None)),
        ])
        .await;
    let keys = history.posts([1, 2]);

    let mut bodies = history.store.bodies(&keys).await.unwrap();
    bodies.sort_unstable_by_key(|body| body.post);
    let body = |post, body: Option<&str>| PostBody {
        post,
        body: body.map(str::to_owned),
    };
    assert_eq!(bodies, [body(keys[0], Some("third")), body(keys[1], None)]);
}

/// Columns that take each other's place would show here.
pub async fn every_column_is_read_as_it_was_written(place: &dyn Place) {
    let mut history = History::begin(place).await;
    history
        .add([
            (1, registered(1)),
            (2, registered(2)),
            (3, registered(3)),
            (10, question(1, 1)),
        ])
        .await;
    let imported = created(Created {
        origin: Some(origin("7")),
        tags: vec!["b".into(), "a \"quoted\" one".into()],
        ..written(2, Kind::Article, 2)
    });
    history
        .add([
            (12, answer(3, 2, 1)),
            (11, imported),
            (13, edited((2, 2), None, None)),
            (14, accepted(1, 1, (3, 2))),
            (15, liked((3, 2), 1)),
            (16, liked((3, 2), 3)),
            (17, liked((2, 2), 3)),
            (18, watched(2, 1)),
        ])
        .await;
    let store = &history.store;

    let article = &store.posts(&[history.post(2)]).await.unwrap()[0];
    assert_eq!((article.kind, article.id), (Kind::Article, post(2)));
    let origin = article.origin.as_deref().unwrap();
    assert_eq!((&*origin.source, &*origin.source_id), ("elsewhere", "7"));
    assert_eq!(article.author, Some(history.account(2)));
    assert_eq!(article.parent, None);
    assert_eq!(article.created_at, at(11));
    assert_eq!(article.edited_at, Some(at(13)));
    assert_eq!(article.title.as_deref(), Some("Title 2"));
    assert_eq!(article.tags.to_vec(), ["b", "a \"quoted\" one"]);
    assert_eq!((article.likes, article.watchers), (1, 1));
    assert!(!article.accepted && !article.deleted);

    let question = &store.posts(&[history.post(1)]).await.unwrap()[0];
    assert_eq!(question.accepted_answer(), Some(history.post(3)));
    assert_eq!((question.answers, question.comments), (1, 0));
    let answer = &store.posts(&[history.post(3)]).await.unwrap()[0];
    assert_eq!(answer.parent, Some(history.post(1)));
    assert!(answer.accepted);
    assert_eq!((answer.likes, answer.title.as_deref()), (2, None));

    let author = &store.accounts(&[history.account(2)]).await.unwrap()[0];
    assert_eq!(author.name.as_deref(), Some("Member 2"));
    assert_eq!(author.profile, author.key);
    assert_eq!(author.registered_at, at(2));
    let counts = &author.counts;
    assert_eq!((counts.articles, counts.answers), (1, 1));
    assert_eq!((counts.questions, counts.discussions), (0, 0));
    assert_eq!((counts.accepted_solutions, counts.comments), (1, 0));
    assert_eq!((counts.likes_received, counts.likes_given), (3, 0));
    assert_eq!(counts.first_post_at, Some(at(11)));
    assert_eq!(counts.last_post_at, Some(at(12)));
}

pub async fn texts_of_any_characters_come_back_as_they_were(place: &dyn Place) {
    let mut history = History::begin(place).await;
    let odd = ["\0", "\u{10FFFD}0", "a\0b\u{10FFFD}"];
    history
        .add([
            (1, registered(1)),
            (2, tagged(1, Kind::Article, 1, &odd)),
            (3, edited((1, 1), Some(odd[2].to_owned().into()), None)),
        ])
        .await;
    let bodies = history.store.bodies(&[history.post(1)]).await.unwrap();
    assert_eq!(bodies[0].body.as_deref(), Some(odd[2]));
    history.is_as_folded_anew().await;
    for tag in odd {
        let filter = PostFilter {
            tag: Some(tag.to_owned()),
            ..PostFilter::default()
        };
        assert_eq!(
            history.store.post_count(&filter).await.unwrap(),
            1,
            "{tag:?}"
        );
    }
}

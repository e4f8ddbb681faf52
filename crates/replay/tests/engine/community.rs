//! Commands: decided, recorded once, and readable when they are answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use plaudit_domain::acceptance::Accept;
use plaudit_domain::account::{Register, Rename, Renamed};
use plaudit_domain::badge::Grant;
use plaudit_domain::erasure::{Content, Erase};
use plaudit_domain::fact::AccountFact;
use plaudit_domain::like::{LikePost, UnlikePost};
use plaudit_domain::link_code::{CODE_BYTES, Code, CodeHash, MakeLinkCode};
use plaudit_domain::links::{Link, Primary, Unlink, Withdraw};
use plaudit_domain::post::{Answer, Changes, Delete, Edit as EditPost, Open, Restore, Topic};
use plaudit_domain::profile::{self, Edit};
use plaudit_domain::{
    AccountId, Actor, Command, Fact, NewEvent, Origin, PostId, Refusal, Roles, StreamName, Time,
    Visibility,
};
use plaudit_journal::{Journal, SharedJournal};
use plaudit_projection::rules::Kudos;
use plaudit_projection::{Key, rsvp};
use plaudit_replay::standings::{Scope, Standings};
use plaudit_replay::{CommandError, Community, Idempotency, Outcome, Request};
use plaudit_store::{Order, Page, SharedStore};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::at_once::{scheduled, user_group};
use crate::folder::{Folder, rebuilt, target};
use crate::histories::{account, post};
use crate::meddling::Overtaken;
use crate::meetings::meeting;
use crate::tables::differences;

/// A request that can't be told from another of its kind.
pub fn request(number: u8) -> Request {
    Request {
        actor: Actor::member(account(number)),
        id: Uuid::now_v7(),
        idempotency: None,
    }
}

fn keyed(number: u8, key: u128) -> Request {
    asking("something", number, key)
}

/// A request by which something is asked, and the key that came with it.
fn asking(asked: &str, number: u8, key: u128) -> Request {
    Request {
        idempotency: Some(Idempotency::new(Uuid::from_u128(key), &asked)),
        ..request(number)
    }
}

/// What a repeat comes to of a request that came to this.
fn repeat_of(first: Outcome) -> Outcome {
    Outcome {
        recorded: 0,
        is_repeat: true,
        ..first
    }
}

fn register() -> Register {
    Register {
        name: "Member".into(),
    }
}

fn rename(name: &str) -> Rename {
    Rename { name: name.into() }
}

fn question(post: PostId) -> Open {
    Open {
        post,
        topic: Topic::Question,
        group: None,
        title: "Title".into(),
        body: "Body".into(),
        tags: vec!["tag".into()],
        without_review: false,
    }
}

fn edit(number: u8, body: &str) -> EditPost {
    EditPost {
        post: post(number),
        changes: Changes {
            body: Some(body.into()),
            ..Changes::default()
        },
    }
}

/// Members 0, 1 and 2 are registered, and 0 asked question 0.
pub async fn community(folder: &Folder) -> Community {
    begin(folder.journal(), folder.store("live")).await
}

async fn begin(journal: SharedJournal, store: SharedStore) -> Community {
    let community = Community::start(journal, target(&store)).await.unwrap();
    for number in 0..3 {
        let registered = community.execute(&request(number), &register()).await;
        assert_eq!(registered.unwrap().recorded, 1);
    }
    let asked = community
        .execute(&request(0), &question(post(0)))
        .await
        .unwrap();
    assert_eq!(
        asked,
        Outcome {
            position: 4,
            recorded: 1,
            is_repeat: false,
        }
    );
    community
}

async fn name(store: &SharedStore, id: AccountId) -> Option<String> {
    store
        .accounts_by_id(&[id])
        .await
        .unwrap()
        .swap_remove(0)
        .name
}

async fn likes(store: &SharedStore, post: PostId) -> i64 {
    store.posts_by_id(&[post]).await.unwrap()[0].likes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn sixteen_writers_at_once_each_read_their_own_writes() {
    let folder = Folder::new();
    let community = Arc::new(community(&folder).await);
    let mut writers = JoinSet::new();
    for number in 100..116 {
        writers.spawn(write_and_read(community.clone(), number));
    }
    writers.join_all().await;

    let models = community.read_models();
    let store = models.store();
    assert_eq!(likes(store, post(0)).await, 16);
    rebuilt(community.journal(), &folder.path("rebuilt")).await;
    let differences = differences(&folder.path("live"), &folder.path("rebuilt"));
    assert!(differences.is_empty(), "{differences:#?}");
}

/// DOMAIN G4.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn g4_of_200_answers_at_once_50_have_a_place_and_as_many_move_up_as_leave() {
    let folder = Folder::new();
    let community = Arc::new(community(&folder).await);
    let staff = Request {
        actor: Actor {
            account: account(0),
            roles: Roles {
                community_manager: true,
                ..Roles::default()
            },
        },
        ..request(0)
    };
    let (created, scheduled) = (user_group(), scheduled(0, Some(50)));
    community.execute(&staff, &created).await.unwrap();
    let staff = Request {
        id: Uuid::now_v7(),
        ..staff
    };
    community.execute(&staff, &scheduled).await.unwrap();

    let answer = |number: u8, going| plaudit_domain::rsvp::Answer {
        meeting: meeting(0),
        account: account(number),
        going,
    };
    let mut guests = JoinSet::new();
    for number in 20..220 {
        let (community, going) = (community.clone(), answer(number, true));
        guests.spawn(async move {
            community
                .execute(&request(number), &register())
                .await
                .unwrap();
            community.execute(&request(number), &going).await.unwrap();
        });
    }
    guests.join_all().await;
    let [going, waiting] = places(community.read_models().store()).await;
    assert_eq!((going.len(), waiting.len()), (50, 150));
    // They are those that came first.
    assert!(going.last().unwrap().0 < waiting[0].0);

    let leaving: Vec<Key> = going
        .iter()
        .step_by(5)
        .map(|(_, account)| *account)
        .collect();
    let rows = community
        .read_models()
        .store()
        .accounts(&leaving)
        .await
        .unwrap();
    let mut guests = JoinSet::new();
    for row in rows {
        let number = (20..220).find(|number| account(*number) == row.id).unwrap();
        let (community, leaves) = (community.clone(), answer(number, false));
        guests.spawn(async move {
            community.execute(&request(number), &leaves).await.unwrap();
        });
    }
    guests.join_all().await;
    let mut expected = going;
    expected.retain(|(_, account)| !leaving.contains(account));
    expected.extend(&waiting[..10]);
    assert_eq!(
        places(community.read_models().store()).await,
        [expected.clone(), waiting[10..].to_vec()]
    );
    let meeting = community
        .read_models()
        .store()
        .meetings_by_id(&[meeting(0)])
        .await
        .unwrap();
    let counts = (meeting[0].going, meeting[0].waiting, meeting[0].not_going);
    assert_eq!(counts, (50, 140, 10));

    // Each of those who moved up is told once, and nobody else is told anything.
    let guests: Vec<Key> = expected
        .iter()
        .chain(&waiting)
        .map(|guest| guest.1)
        .collect();
    let models = community.read_models();
    let told = models.store().notifications_after(&guests, 0, 1_000);
    let mut told: Vec<Key> = told.await.unwrap().iter().map(|it| it.account).collect();
    let mut moved: Vec<Key> = waiting[..10].iter().map(|guest| guest.1).collect();
    told.sort_unstable();
    moved.sort_unstable();
    assert_eq!(told, moved);

    rebuilt(community.journal(), &folder.path("rebuilt")).await;
    let differences = differences(&folder.path("live"), &folder.path("rebuilt"));
    assert!(differences.is_empty(), "{differences:#?}");
}

/// Who has a place at meeting 0, and who waits for one, in order.
async fn places(store: &SharedStore) -> [Vec<(i64, Key)>; 2] {
    let meeting = store.meetings_by_id(&[meeting(0)]).await.unwrap()[0].key;
    let page = Page {
        order: Order::Ascending,
        after: None,
        limit: 1_000,
    };
    let mut places = Vec::new();
    for state in [rsvp::State::Going, rsvp::State::Waiting] {
        let rows = store.rsvps(&[meeting], state, page).await.unwrap();
        let rows = rows.into_iter().map(|row| (row.position, row.account));
        places.push(rows.collect());
    }
    places.try_into().unwrap()
}

/// Of which one is recorded, the others having the same origin.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn of_twenty_grants_of_one_badge_at_once_one_is_recorded() {
    let folder = Folder::new();
    let community = Arc::new(community(&folder).await);
    let mut grants = JoinSet::new();
    for number in 0..20 {
        let community = community.clone();
        grants.spawn(async move {
            let service = Roles {
                service: true,
                ..Roles::default()
            };
            let mut request = request(0);
            request.actor.roles = service;
            let grant: Box<dyn Command> = Box::new(Grant {
                account: account(1),
                badge: "judge".into(),
                title: format!("Title {number}"),
                at: Time::from_micros(number),
                origin: Origin {
                    source: "guild".into(),
                    id: "7".into(),
                },
            });
            let granted = community.execute_all(&request, &[grant]).await;
            granted.unwrap().unwrap().recorded
        });
    }
    let recorded = grants.join_all().await;
    assert_eq!(recorded.iter().sum::<usize>(), 1, "{recorded:?}");
}

/// Boards are asked for while profiles go private and public again: the last answer is right, though
/// nothing happens after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_leaderboard_that_is_asked_for_all_the_time_ends_up_right() {
    let folder = Folder::new();
    let community = Arc::new(community(&folder).await);
    let own = PostId(Uuid::now_v7());
    community
        .execute(&request(0), &question(own))
        .await
        .unwrap();
    let everybody = Standings::new(community.read_models().store().clone(), &Kudos::default());
    let everybody = Arc::new(everybody);
    let asking = Arc::new(AtomicBool::new(true));
    let asked = tokio::spawn({
        let (everybody, asking) = (everybody.clone(), asking.clone());
        async move {
            while asking.load(Ordering::Relaxed) {
                on_board(&everybody).await;
                tokio::task::yield_now().await;
            }
        }
    });
    for visibility in [Visibility::Private, Visibility::Public]
        .into_iter()
        .cycle()
        .take(40)
    {
        let change = profile::ChangeVisibility { visibility };
        community.execute(&request(0), &change).await.unwrap();
        let shown = usize::from(visibility == Visibility::Public);
        assert_eq!(on_board(&everybody).await, shown);
    }
    asking.store(false, Ordering::Relaxed);
    asked.await.unwrap();
}

/// How many profiles have points.
async fn on_board(standings: &Standings) -> usize {
    let scope = Scope {
        period: None,
        group: None,
    };
    let ranking = standings.now(scope, Time::from_micros(0)).await.unwrap();
    ranking.standings().len()
}

async fn write_and_read(community: Arc<Community>, number: u8) {
    let (request, models) = (request(number), community.read_models());
    let store = models.store();
    community.execute(&request, &register()).await.unwrap();
    assert!(name(store, account(number)).await.is_some());
    let like = LikePost { post: post(0) };
    community.execute(&request, &like).await.unwrap();
    let liker = store.accounts_by_id(&[account(number)]).await.unwrap()[0].key;
    let liked = store.posts_by_id(&[post(0)]).await.unwrap()[0].key;
    assert_eq!(store.liked(liker, &[liked]).await.unwrap(), [liked]);
    for round in 0..10 {
        let new = format!("{number} for the {round}. time");
        community.execute(&request, &rename(&new)).await.unwrap();
        assert_eq!(name(store, account(number)).await, Some(new));

        let own = PostId(Uuid::now_v7());
        community.execute(&request, &question(own)).await.unwrap();
        assert_eq!(store.posts_by_id(&[own]).await.unwrap().len(), 1);
        let delete = Delete { post: own };
        community.execute(&request, &delete).await.unwrap();
        assert!(store.posts_by_id(&[own]).await.unwrap()[0].deleted);
    }
}

#[tokio::test]
async fn a_refused_command_records_nothing() {
    let folder = Folder::new();
    let community = community(&folder).await;
    let refused = community.execute(&request(1), &edit(0, "mine")).await;
    let error = refused.unwrap_err();
    assert!(
        matches!(&error, CommandError::Refused(Refusal::NotTheAuthor { .. })),
        "{error:?}"
    );
    let unknown = community.execute(&request(9), &rename("Nobody")).await;
    assert!(matches!(
        unknown,
        Err(CommandError::Refused(Refusal::ActorNotRegistered))
    ));
    assert_eq!(community.journal().head().await.unwrap(), 4);
}

#[tokio::test]
async fn nothing_to_do_is_answered_with_where_it_was_done() {
    let folder = Folder::new();
    let community = community(&folder).await;
    let like = LikePost { post: post(0) };
    let first = community.execute(&request(1), &like).await.unwrap();
    community.execute(&request(2), &like).await.unwrap();
    let again = community.execute(&request(1), &like).await.unwrap();
    assert_eq!((again.position, again.recorded), (first.position, 0));
}

/// What another device of the same member writes just before.
fn renamed(number: u8, name: &str) -> NewEvent {
    let fact: Fact = AccountFact::Renamed(Renamed {
        account: account(number),
        name: name.to_owned().into(),
    })
    .into();
    NewEvent {
        id: Uuid::nil(),
        occurred_at: Time::from_micros(0),
        actor: None,
        correlation: None,
        causation: None,
        imported: false,
        fact,
    }
}

#[tokio::test]
async fn a_command_that_was_overtaken_is_decided_again() {
    let folder = Folder::new();
    let journal = Overtaken::new(folder.journal(), renamed(1, "Other"), 0);
    let community = begin(journal.clone(), folder.store("live")).await;
    for (times, new) in [(1, "First"), (5, "Second")] {
        journal.times.store(times, Ordering::Relaxed);
        journal.appends.store(0, Ordering::Relaxed);
        let head = journal.head().await.unwrap();
        let outcome = community.execute(&request(1), &rename(new)).await.unwrap();
        assert_eq!(outcome.recorded, 1);
        assert_eq!(outcome.position, head + times as u64 + 1);
        assert_eq!(journal.appends.load(Ordering::Relaxed), times + 1);
        assert_eq!(
            name(community.read_models().store(), account(1))
                .await
                .as_deref(),
            Some(new)
        );
    }
}

#[tokio::test]
async fn a_command_that_was_overtaken_by_its_like_has_nothing_left_to_do() {
    let folder = Folder::new();
    let journal = Overtaken::new(folder.journal(), renamed(1, "New"), 0);
    let community = begin(journal.clone(), folder.store("live")).await;
    journal.times.store(1, Ordering::Relaxed);
    let outcome = community.execute(&request(1), &rename("New")).await;
    assert_eq!(
        outcome.unwrap(),
        Outcome {
            position: 5,
            recorded: 0,
            is_repeat: false,
        }
    );
}

#[tokio::test]
async fn a_command_that_is_always_overtaken_gives_up_and_names_the_stream() {
    let folder = Folder::new();
    let journal = Overtaken::new(folder.journal(), renamed(1, "Other"), 0);
    let community = begin(journal.clone(), folder.store("live")).await;
    journal.times.store(usize::MAX, Ordering::Relaxed);
    let outcome = community.execute(&request(1), &rename("New")).await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, CommandError::Contended { .. }), "{error:?}");
    assert!(error.to_string().contains(&account(1).to_string()));
}

#[tokio::test]
async fn a_repeated_request_creates_one_post() {
    let folder = Folder::new();
    let community = community(&folder).await;
    let request = keyed(1, 1);
    let id = PostId(request.new_id("post"));
    let first = community.execute(&request, &question(id)).await.unwrap();
    let repeat = keyed(1, 1);
    assert_eq!(PostId(repeat.new_id("post")), id);
    let second = community.execute(&repeat, &question(id)).await.unwrap();
    assert_eq!(second, repeat_of(first));
    assert_eq!(community.journal().head().await.unwrap(), first.position);

    // The key of somebody else is another key.
    assert_ne!(PostId(keyed(2, 1).new_id("post")), id);
}

#[tokio::test]
async fn a_repeated_like_or_unlike_has_its_first_result_and_records_nothing() {
    let folder = Folder::new();
    let community = community(&folder).await;
    let (like, unlike) = (LikePost { post: post(0) }, UnlikePost { post: post(0) });
    let liked = community.execute(&keyed(1, 1), &like).await.unwrap();
    let again = community.execute(&keyed(1, 1), &like).await.unwrap();
    assert_eq!(again, repeat_of(liked));

    let unliked = community.execute(&keyed(1, 2), &unlike).await.unwrap();
    let again = community.execute(&keyed(1, 2), &unlike).await.unwrap();
    assert_eq!(again, repeat_of(unliked));

    // The first one comes once more, late: it was done, and was taken back since.
    let late = community.execute(&keyed(1, 1), &like).await.unwrap();
    assert_eq!(late, repeat_of(liked));
    assert_eq!(likes(community.read_models().store(), post(0)).await, 0);
    assert_eq!(community.journal().head().await.unwrap(), unliked.position);
}

#[tokio::test]
async fn a_late_repeat_has_its_first_result_whatever_happened_since() {
    let folder = Folder::new();
    let community = community(&folder).await;
    for (number, question) in [(1, 0), (2, 0)] {
        let answer = Answer {
            post: post(number),
            question: post(question),
            body: "Body".into(),
        };
        community.execute(&request(number), &answer).await.unwrap();
    }
    let accept = |number| Accept {
        question: post(0),
        answer: post(number),
    };
    let accepted = community.execute(&keyed(0, 1), &accept(1)).await.unwrap();
    let edited = community.execute(&keyed(0, 2), &edit(0, "first")).await;
    community.execute(&request(0), &accept(2)).await.unwrap();
    community
        .execute(&request(0), &edit(0, "second"))
        .await
        .unwrap();
    community
        .execute(&request(0), &Delete { post: post(0) })
        .await
        .unwrap();
    let head = community.journal().head().await.unwrap();

    let late = community.execute(&keyed(0, 1), &accept(1)).await.unwrap();
    assert_eq!((late.position, late.recorded), (accepted.position, 0));
    let late = community.execute(&keyed(0, 2), &edit(0, "first")).await;
    assert_eq!(late.unwrap().position, edited.unwrap().position);
    assert_eq!(community.journal().head().await.unwrap(), head);
}

#[tokio::test]
async fn a_repeat_has_its_first_result_also_where_something_else_is_found_out_about_it() {
    let folder = Folder::new();
    let community = community(&folder).await;
    let article = |id, without_review| Open {
        without_review,
        topic: Topic::Article,
        ..question(id)
    };
    let id = PostId(keyed(1, 1).new_id("article"));
    let first = community.execute(&keyed(1, 1), &article(id, true)).await;
    let again = community.execute(&keyed(1, 1), &article(id, false)).await;
    assert_eq!(again.unwrap(), repeat_of(first.unwrap()));
}

#[tokio::test]
async fn a_key_that_was_used_for_something_else_is_refused() {
    let folder = Folder::new();
    let community = community(&folder).await;
    community
        .execute(&request(0), &question(post(1)))
        .await
        .unwrap();
    let like = |number| LikePost { post: post(number) };
    community.execute(&keyed(1, 1), &like(0)).await.unwrap();
    community
        .execute(&keyed(0, 2), &edit(0, "first"))
        .await
        .unwrap();
    let head = community.journal().head().await.unwrap();

    let other = |number, key| asking("something else", number, key);
    let other_post = community.execute(&other(1, 1), &like(1)).await;
    let other_text = community.execute(&other(0, 2), &edit(0, "second")).await;
    let delete = Delete { post: post(0) };
    let other_command = community.execute(&other(0, 2), &delete).await;
    let asked = keyed(0, 3);
    let id = PostId(asked.new_id("question"));
    community.execute(&asked, &question(id)).await.unwrap();
    let mut other_question = question(id);
    other_question.title = "Another title".into();
    let head = head + 1;
    let other_question = community.execute(&other(0, 3), &other_question).await;
    for reused in [other_post, other_text, other_command, other_question] {
        assert!(matches!(reused, Err(CommandError::KeyReused)), "{reused:?}");
    }
    assert_eq!(community.journal().head().await.unwrap(), head);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn two_communities_on_the_same_files_fold_each_event_once() {
    let folder = Folder::new();
    let first = Arc::new(community(&folder).await);
    let second = Community::start(folder.journal(), target(&folder.store("live"))).await;
    let second = Arc::new(second.unwrap());
    let mut writers = JoinSet::new();
    for number in 100..108 {
        writers.spawn(write_and_read(first.clone(), number));
        writers.spawn(write_and_read(second.clone(), number + 100));
    }
    writers.join_all().await;

    let head = first.journal().head().await.unwrap();
    for community in [&first, &second] {
        assert!(community.readable(head, Duration::from_secs(5)).await);
        assert_eq!(community.folded().position, head);
    }
    rebuilt(first.journal(), &folder.path("rebuilt")).await;
    let differences = differences(&folder.path("live"), &folder.path("rebuilt"));
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
async fn a_command_on_what_cannot_be_folded_is_answered_at_once_as_not_readable() {
    let folder = Folder::new();
    let community = community(&folder).await;
    let unknown = renamed(77, "Nobody");
    community
        .journal()
        .append_many(vec![unknown])
        .await
        .unwrap();
    let asked = Instant::now();
    let outcome = community.execute(&request(1), &rename("New")).await;
    assert!(
        matches!(outcome, Err(CommandError::NotReadableYet { position: 6 })),
        "{outcome:?}"
    );
    assert!(asked.elapsed() < Duration::from_secs(4), "it had no hope");
    // It is recorded all the same, and so are those to come.
    let restore = Restore { post: post(0) };
    let nothing = community.record(&request(0), &restore).await.unwrap();
    assert_eq!(
        nothing,
        Outcome {
            position: 4,
            recorded: 0,
            is_repeat: false,
        }
    );
}

/// A code of somebody's, made.
pub async fn code_of(community: &Community, number: u8, seed: u8) -> CodeHash {
    let code = Code::of([seed; CODE_BYTES]).hash();
    let make = MakeLinkCode { code };
    community.execute(&request(number), &make).await.unwrap();
    code
}

pub fn link(code: CodeHash) -> Link {
    Link {
        code,
        primary: Primary::Actor,
    }
}

async fn links(community: &Community) -> usize {
    let stream = StreamName::links();
    let events = community.journal().read_stream(&stream).await;
    events.unwrap().len()
}

/// DOMAIN L6: of whoever links the same account at once, one wins.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn l6_an_account_that_many_link_at_once_is_linked_to_one_of_them() {
    let folder = Folder::new();
    let community = Arc::new(community(&folder).await);
    let mut linking = JoinSet::new();
    for number in 10..26 {
        let community = community.clone();
        let registered = community.execute(&request(number), &register()).await;
        registered.unwrap();
        // Each has a code of the same account.
        let code = code_of(&community, 1, number).await;
        linking.spawn(async move { community.execute(&request(number), &link(code)).await });
    }
    let results = linking.join_all().await;
    let won = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!((won, links(&community).await), (1, 1), "{results:?}");
    for result in results.into_iter().filter_map(Result::err) {
        assert!(
            matches!(
                result,
                CommandError::Refused(Refusal::LinkedToAnotherPrimary { .. })
            ),
            "{result}"
        );
    }
}

/// DOMAIN L6: each would be the primary of the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn l6_of_two_that_link_each_other_at_once_one_becomes_the_primary() {
    for round in 0..20 {
        let folder = Folder::new();
        let community = Arc::new(community(&folder).await);
        let codes = [
            code_of(&community, 1, round).await,
            code_of(&community, 0, round + 100).await,
        ];
        let mut linking = JoinSet::new();
        for (number, code) in [0, 1].into_iter().zip(codes) {
            let community = community.clone();
            linking.spawn(async move { community.execute(&request(number), &link(code)).await });
        }
        let results = linking.join_all().await;
        let won = results.iter().filter(|result| result.is_ok()).count();
        assert_eq!((won, links(&community).await), (1, 1), "{results:?}");
        let lost = results.into_iter().find_map(Result::err).unwrap();
        assert!(
            matches!(lost, CommandError::Refused(Refusal::AlreadyLinked)),
            "{lost}"
        );
    }
}

/// DOMAIN L3: a code works once.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn l3_a_code_that_many_redeem_at_once_works_for_one_of_them() {
    let folder = Folder::new();
    let community = Arc::new(community(&folder).await);
    let code = code_of(&community, 1, 1).await;
    let mut linking = JoinSet::new();
    for number in 10..26 {
        let community = community.clone();
        let registered = community.execute(&request(number), &register()).await;
        registered.unwrap();
        linking.spawn(async move { community.execute(&request(number), &link(code)).await });
    }
    let results = linking.join_all().await;
    let won = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!((won, links(&community).await), (1, 1), "{results:?}");
}

/// Whoever is erased takes nobody along, however the two meet: else somebody could have a primary that
/// nobody can log in as.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_linked_with_an_account_that_is_erased_at_the_same_time() {
    for round in 0..20 {
        let folder = Folder::new();
        let community = Arc::new(community(&folder).await);
        let code = code_of(&community, 1, round).await;
        let linking = tokio::spawn({
            let community = community.clone();
            let link = Link {
                code,
                primary: Primary::Other,
            };
            async move { community.execute(&request(2), &link).await.map(drop) }
        });
        let gone = account(1);
        let withdraw = Withdraw { account: gone };
        community.execute(&request(1), &withdraw).await.unwrap();
        let erase = Erase {
            account: gone,
            content: Content::Keep,
        };
        community.execute(&request(1), &erase).await.unwrap();
        let linked = linking.await.unwrap();
        let [account] = &community
            .read_models()
            .store()
            .accounts_by_id(&[account(2)])
            .await
            .unwrap()[..]
        else {
            panic!("account 2 is there");
        };
        assert!(!account.is_linked(), "{linked:?}");
    }
}

/// DOMAIN L10: of two edits at once one holds, for all linked accounts.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn l10_of_two_edits_at_once_the_same_holds_for_both_accounts() {
    for round in 0..20 {
        let folder = Folder::new();
        let community = Arc::new(community(&folder).await);
        let tell = |company: &str| Edit {
            company: Some(company.into()),
            ..Edit::default()
        };
        community.execute(&request(0), &tell("X")).await.unwrap();
        community.execute(&request(1), &tell("Y")).await.unwrap();
        let code = code_of(&community, 1, round).await;
        community.execute(&request(0), &link(code)).await.unwrap();
        let mut edits = JoinSet::new();
        for (number, company) in [(0, "X"), (1, "Y")] {
            let (community, edit) = (community.clone(), tell(company));
            edits.spawn(async move { community.execute(&request(number), &edit).await });
        }
        edits.join_all().await;
        let models = community.read_models();
        let store = models.store();
        let ids = [account(0), account(1)];
        let keys = store.accounts_by_id(&ids).await.unwrap();
        let keys: Vec<_> = keys.iter().map(|account| account.key).collect();
        let about = store.about(&keys).await.unwrap();
        assert_eq!(about[0].company, about[1].company);
    }
}

/// DOMAIN L9, L14: whoever they log in as, it is one person; and a link holds for the next command.
#[tokio::test]
async fn l14_nobody_likes_what_they_wrote_with_a_linked_account() {
    let folder = Folder::new();
    let community = community(&folder).await;
    let code = code_of(&community, 0, 1).await;
    community.execute(&request(1), &link(code)).await.unwrap();
    let like = LikePost { post: post(0) };
    let refused = community.execute(&request(1), &like).await.unwrap_err();
    assert!(matches!(refused, CommandError::Refused(Refusal::OwnPost)));
    let unlink = Unlink {
        account: account(0),
    };
    community.execute(&request(1), &unlink).await.unwrap();
    community.execute(&request(1), &like).await.unwrap();
}

/// DOMAIN H4. Who was erased is unreadable in rows that are folded anew, and in those that were there.
#[tokio::test]
async fn h4_what_was_erased_is_gone_from_rows_and_from_the_journal() {
    let folder = Folder::new();
    let community = community(&folder).await;
    let secret = Rename {
        name: "A name to forget".into(),
    };
    community.execute(&request(0), &secret).await.unwrap();
    let withdraw = Withdraw {
        account: account(0),
    };
    community.execute(&request(0), &withdraw).await.unwrap();
    let erase = Erase {
        account: account(0),
        content: Content::Remove,
    };
    community.execute(&request(0), &erase).await.unwrap();
    let models = community.read_models();
    let store = models.store();
    assert_eq!(name(store, account(0)).await, None);
    let events = community.journal().read_all(0, 100).await.unwrap();
    let told: Vec<String> = events
        .iter()
        .map(|event| event.fact.encode().unwrap())
        .collect();
    let told = told.join("\n");
    assert!(!told.contains("A name to forget"), "{told}");
    assert!(!told.contains("Body"), "{told}");

    // The files are written anew once it is quiet.
    while community.read_models().store().has_erased().await.unwrap() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    rebuilt(community.journal(), &folder.path("rebuilt")).await;
    let live = differences(&folder.path("live"), &folder.path("rebuilt"));
    assert_eq!(live, Vec::<String>::new());
}

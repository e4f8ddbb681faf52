//! Whole tables, to take along.

use std::io;

use plaudit_domain::Visibility;
use plaudit_domain::post::{Created, Kind};
use plaudit_projection::Profile;
use plaudit_store::{AccountRecord, BadgeOf, LedgerRecord, PostRecord, ProfileRecord, StoreError};

use crate::Place;
use crate::history::{
    Happened, History, acceptance_withdrawn, accepted, account, account_shown_to, answer, at,
    badge_granted, course, created, deleted, enrolled, group, group_created, liked, linked, origin,
    post, posted_in, profile_shown_to, question, registered, reply, restored, rules, solved, topic,
    written,
};

async fn history(place: &dyn Place) -> History {
    let mut history = History::begin(place).await;
    // The latest registration first: order is that of recording.
    history
        .add((1..=5).map(|n| (9 - n as i64, registered(n))))
        .await;
    let imported = created(Created {
        origin: Some(origin("77")),
        parent: Some(post(1)),
        ..written(2, Kind::Answer, 2)
    });
    let ownerless = created(Created {
        author: None,
        ..written(3, Kind::Article, 1)
    });
    history
        .add([
            (30, question(1, 1)),
            (20, imported),
            (10, ownerless),
            (40, accepted(1, 1, (2, 2))),
        ])
        .await;
    history
}

async fn accounts(history: &History) -> Vec<AccountRecord> {
    let mut records = Vec::new();
    let mut snapshot = history.store.snapshot().await.unwrap();
    snapshot
        .each_account(&mut |record| {
            records.push(record);
            Ok(())
        })
        .await
        .unwrap();
    let position = snapshot.position();
    assert_eq!(position, history.position());
    records
}

async fn posts(history: &History) -> Vec<PostRecord> {
    let mut records = Vec::new();
    let mut snapshot = history.store.snapshot().await.unwrap();
    snapshot
        .each_post(&mut |record| {
            records.push(record);
            Ok(())
        })
        .await
        .unwrap();
    let position = snapshot.position();
    assert_eq!(position, history.position());
    records
}

pub async fn every_account_comes_with_the_public_id_of_its_profile_oldest_first(place: &dyn Place) {
    let history = history(place).await;
    let records = accounts(&history).await;
    let ids: Vec<_> = records.iter().map(|record| record.account.id).collect();
    assert_eq!(ids, (1..=5).map(account).collect::<Vec<_>>());
    for record in &records {
        assert_eq!(record.profile, record.account.id);
        let read = history.store.accounts(&[record.account.key]).await.unwrap();
        assert_eq!(read.first(), Some(&record.account));
    }
}

pub async fn every_profile_comes_oldest_first(place: &dyn Place) {
    let history = history(place).await;
    let mut profiles: Vec<Profile> = Vec::new();
    let mut snapshot = history.store.snapshot().await.unwrap();
    snapshot
        .each_profile(&mut |profile| {
            profiles.push(profile);
            Ok(())
        })
        .await
        .unwrap();
    let position = snapshot.position();
    assert_eq!(position, history.position());
    let ids: Vec<_> = profiles.iter().map(|profile| profile.id).collect();
    assert_eq!(ids, (1..=5).map(account).collect::<Vec<_>>());
    assert_eq!(profiles[0].counts.questions, 1);
    assert_eq!(profiles[1].counts.accepted_solutions, 1);
}

pub async fn every_profile_comes_with_the_badges_of_all_its_accounts_each_time_that_they_were_deserved(
    place: &dyn Place,
) {
    let mut history = history(place).await;
    history
        .add([
            (50, badge_granted(2, "Judge", "1")),
            (51, answer(4, 2, 1)),
            (52, liked((4, 2), 3)),
            (53, course(5, "A", Some("Badge"))),
            (54, course(5, "B", None)),
            (40, badge_granted(5, "Judge", "2")),
            (55, enrolled(5)),
            (56, linked(2, 5)),
        ])
        .await;
    let mut records: Vec<ProfileRecord> = Vec::new();
    let mut snapshot = history.store.snapshot().await.unwrap();
    snapshot
        .each_profile_record(&mut |record| {
            records.push(record);
            Ok(())
        })
        .await
        .unwrap();
    let position = snapshot.position();
    assert_eq!(position, history.position());
    let profiles: Vec<_> = records.iter().map(|record| &record.profile).collect();
    assert_eq!(
        profiles,
        history.every_profile().await.iter().collect::<Vec<_>>()
    );
    assert_eq!(records.len(), 4);

    let kudos = &rules().kudos;
    let kudos = |id| {
        let (number, _) = kudos.badge_by_id(id).unwrap();
        BadgeOf::Kudos(number as i64)
    };
    let (both, others) = records.split_at(2);
    assert!(others.iter().all(|record| record.badges.is_empty()));
    let badges = both[1].badges.iter();
    let badges: Vec<_> = badges
        .map(|it| (it.badge.clone(), it.account, it.enrolled, it.at))
        .collect();
    let granted = || BadgeOf::Granted("Judge".to_owned());
    let of = |number, badge, second| (badge, account(number), number == 5, at(second));
    // Kind by kind, the oldest first; a badge that can be had once is there for each deed.
    let solution = badges
        .iter()
        .find(|it| it.0 == kudos("first-solution"))
        .unwrap();
    let answers: Vec<_> = badges
        .iter()
        .filter(|it| it.0 == kudos("first-answer"))
        .collect();
    assert_eq!(answers.len(), 2);
    assert!(answers[0].3 < answers[1].3 && solution.1 == account(2));
    assert_eq!(badges[0], of(2, BadgeOf::PostMilestone(0), 52));
    assert_eq!(
        badges[badges.len() - 3..],
        [
            of(5, BadgeOf::Course("A".to_owned()), 53),
            of(5, granted(), 40),
            of(2, granted(), 50),
        ]
    );
    assert_eq!(badges.len(), 7);
}

pub async fn every_entry_of_the_ledger_comes_with_whose_it_is_and_the_post_that_it_is_about(
    place: &dyn Place,
) {
    let mut history = history(place).await;
    history
        .add([
            (50, answer(4, 2, 1)),
            (51, course(5, "A", None)),
            (52, enrolled(5)),
            (53, profile_shown_to(2, Visibility::Private)),
            (54, linked(2, 5)),
        ])
        .await;
    let mut records: Vec<LedgerRecord> = Vec::new();
    let mut snapshot = history.store.snapshot().await.unwrap();
    snapshot
        .each_entry_record(&mut |record| {
            records.push(record);
            Ok(())
        })
        .await
        .unwrap();
    let position = snapshot.position();
    assert_eq!(position, history.position());
    assert!(records.is_sorted_by_key(|record| record.entry.key));
    let told = |second| {
        let record = records
            .iter()
            .find(|record| record.entry.at == at(second))
            .unwrap();
        let (reason, _) = rules()
            .kudos
            .reason_by_id(match second {
                50 => "answer-given",
                _ => "course-completed",
            })
            .unwrap();
        assert_eq!(record.entry.reason, reason as i64);
        (
            record.account,
            record.enrolled,
            record.visibility,
            record.post,
        )
    };
    // Who sees it is who sees the profile.
    assert_eq!(
        told(50),
        (account(2), false, Visibility::Private, Some(post(4)))
    );
    assert_eq!(told(51), (account(5), true, Visibility::Private, None));
}

pub async fn every_post_comes_with_public_ids_deleted_ones_too(place: &dyn Place) {
    let mut history = history(place).await;
    history.add([(50, deleted(topic(3, 1)))]).await;
    let records = posts(&history).await;
    let [question, answer, article] = &records[..] else {
        panic!("{records:?}");
    };
    assert_eq!(question.post.id, post(1));
    assert_eq!(question.author, Some(account(1)));
    assert_eq!(question.parent, None);
    assert_eq!(question.accepted_answer, Some(post(2)));
    assert_eq!(question.accepted_answer_source_id.as_deref(), Some("77"));

    assert_eq!(answer.post.id, post(2));
    assert_eq!(answer.author, Some(account(2)));
    assert_eq!(answer.parent, Some(post(1)));
    assert_eq!(answer.accepted_answer, None);
    assert!(answer.post.accepted);

    assert_eq!(article.post.id, post(3));
    assert_eq!((article.author, article.parent), (None, None));
    assert!(article.post.deleted);
}

pub async fn a_solution_is_left_out_while_it_or_its_question_is_deleted(place: &dyn Place) {
    let mut history = history(place).await;
    let is_solved = async |history: &History| {
        let record = posts(history).await.swap_remove(0);
        assert_eq!(
            record.accepted_answer.is_some(),
            record.accepted_answer_source_id.is_some()
        );
        record.accepted_answer.is_some()
    };
    assert!(is_solved(&history).await);
    let steps: [(Happened, bool); 6] = [
        ((50, deleted(reply(2, 2, 1))), false),
        ((51, restored(reply(2, 2, 1))), true),
        ((52, deleted(solved(1, 1, (2, 2)))), false),
        ((53, restored(solved(1, 1, (2, 2)))), true),
        ((54, acceptance_withdrawn(1, 1, (2, 2))), false),
        ((55, answer(4, 2, 1)), false),
    ];
    for (happened, expected) in steps {
        let what = format!("{happened:?}");
        history.add([happened]).await;
        assert_eq!(is_solved(&history).await, expected, "after {what}");
    }
}

pub async fn an_account_comes_with_who_sees_its_profile_which_is_as_the_strictest_of_its_accounts_says(
    place: &dyn Place,
) {
    use Visibility::{Private, Public};
    let mut history = history(place).await;
    history
        .add([
            (50, profile_shown_to(1, Private)),
            (51, profile_shown_to(3, Private)),
            (52, profile_shown_to(3, Public)),
            (53, account_shown_to(4, Private)),
            (54, linked(1, 2)),
            (55, profile_shown_to(5, Private)),
            (56, linked(4, 5)),
        ])
        .await;
    let records = accounts(&history).await;
    let seen: Vec<_> = records
        .iter()
        .map(|record| (record.profile, record.visibility))
        .collect();
    let expected = [
        (account(1), Private),
        (account(1), Private),
        (account(3), Public),
        (account(4), Private),
        (account(4), Private),
    ];
    assert_eq!(seen, expected);
    let profiles = history.every_profile().await;
    let seen: Vec<_> = profiles
        .iter()
        .map(|profile| (profile.id, profile.visibility))
        .collect();
    let expected = [
        (account(1), Private),
        (account(3), Public),
        (account(4), Private),
    ];
    assert_eq!(seen, expected);
}

pub async fn a_post_in_a_group_comes_with_the_public_id_of_the_group(place: &dyn Place) {
    let mut history = history(place).await;
    history
        .add([(50, group_created(1)), (50, group_created(2))])
        .await;
    history
        .add([(51, posted_in(2, 7, Kind::Discussion, 1))])
        .await;
    let records = posts(&history).await;
    let groups: Vec<_> = records.iter().map(|record| record.group).collect();
    assert_eq!(groups, [None, None, None, Some(group(2))]);
}

pub async fn an_error_of_whoever_takes_the_rows_ends_it(place: &dyn Place) {
    let history = history(place).await;
    let mut taken = 0;
    let result = history
        .store
        .snapshot()
        .await
        .unwrap()
        .each_account(&mut |_| {
            taken += 1;
            if taken == 2 {
                return Err(io::Error::other("the disk is full"));
            }
            Ok(())
        })
        .await;
    assert!(matches!(result, Err(StoreError::Io(_))), "{result:?}");
    assert_eq!(taken, 2);
    // And the store goes on.
    assert_eq!(accounts(&history).await.len(), 5);
}

//! Which rules are in force, and were.

use std::sync::Arc;

use plaudit_domain::fact::RulesFact;
use plaudit_domain::rules::Activated;
use plaudit_domain::{Fact, NewEvent, Time};
use plaudit_journal::SharedJournal;
use plaudit_projection::Rules;
use plaudit_replay::Community;
use plaudit_replay::activation::{activate, rules_in_force, rules_in_force_at};
use uuid::Uuid;

use crate::folder::{Folder, target};
use crate::histories::registered;

/// Rules that differ in nothing but their name.
fn rules(name: &str) -> Rules {
    let file = format!("[[level]]\nname = \"{name}\"\npoints = 0\n");
    Rules::parse(&[("kudos.toml".to_owned(), file)]).unwrap()
}

fn now() -> Time {
    std::time::SystemTime::now().into()
}

fn new(fact: Fact) -> NewEvent {
    NewEvent {
        id: Uuid::now_v7(),
        occurred_at: now(),
        actor: None,
        correlation: None,
        causation: None,
        imported: false,
        fact,
    }
}

/// Long before anything was recorded.
const LONG_AGO: Time = Time::EPOCH;

async fn hash_at(journal: &SharedJournal, moment: Time) -> String {
    let rules = rules_in_force_at(journal, moment).await.unwrap();
    rules.hash().to_owned()
}

#[tokio::test]
async fn h2_rules_that_a_community_began_with_were_in_force_before_it_did() {
    let folder = Folder::new();
    let journal = folder.journal();
    let (first, second) = (rules("First"), rules("Second"));
    assert!(activate(&journal, &first).await.unwrap());
    let between = now();
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    assert!(activate(&journal, &second).await.unwrap());
    assert_eq!(hash_at(&journal, LONG_AGO).await, first.hash());
    assert_eq!(hash_at(&journal, between).await, first.hash());
    assert_eq!(hash_at(&journal, now()).await, second.hash());
}

#[tokio::test]
async fn h2_before_those_that_came_later_there_were_those_that_come_with_plaudit() {
    let folder = Folder::new();
    let journal = folder.journal();
    journal.append_many(vec![new(registered(1))]).await.unwrap();
    let later = rules("Later");
    assert!(activate(&journal, &later).await.unwrap());
    let standard = Rules::standard().unwrap();
    assert_eq!(hash_at(&journal, LONG_AGO).await, standard.hash());
    assert_eq!(hash_at(&journal, now()).await, later.hash());
}

#[tokio::test]
async fn a_set_without_files_that_was_recorded_once_is_not_used() {
    let folder = Folder::new();
    let journal = folder.journal();
    let first = rules("First");
    assert!(activate(&journal, &first).await.unwrap());
    let none = Activated {
        hash: Rules::default().hash().to_owned(),
        files: [].into(),
    };
    let event = new(RulesFact::Activated(none).into());
    journal.append_many(vec![event]).await.unwrap();
    let in_force = rules_in_force(&journal).await.unwrap();
    assert_eq!(in_force.hash(), first.hash());
    assert_eq!(hash_at(&journal, now()).await, first.hash());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_into_force_is_read_once() {
    let folder = Folder::new();
    let journal = folder.journal();
    let store = folder.store("rows");
    let community = Community::start(journal.clone(), target(&store)).await;
    let community = community.unwrap();
    let all = async || community.activations().all().await.unwrap();
    assert!(all().await.is_empty());
    assert!(activate(&journal, &rules("First")).await.unwrap());
    let [first] = &all().await[..] else {
        panic!("there is one")
    };
    assert!(activate(&journal, &rules("Second")).await.unwrap());
    let [again, second] = &all().await[..] else {
        panic!("there are two")
    };
    let parsed = [first, again].map(|it| it.rules.clone().unwrap());
    assert!(Arc::ptr_eq(&parsed[0], &parsed[1]));
    let in_force = community.activations().rules().await.unwrap();
    assert_eq!(in_force.hash(), second.hash);
}

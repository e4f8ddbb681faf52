//! Linking accounts: what it does to profiles, on whatever history (DOMAIN L7, L11, L12).

use std::collections::BTreeMap;

use plaudit_domain::fact::LinkFact;
use plaudit_domain::link_code::{CODE_BYTES, Code};
use plaudit_domain::links::{Linked, Unlinked};
use plaudit_domain::{AccountId, Fact, NewEvent, Time};
use plaudit_journal::SharedJournal;
use plaudit_projection::{Counts, Profile};
use plaudit_replay::live::catch_up;
use plaudit_store::{AccountRecord, SharedStore};
use proptest::prelude::*;
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::folder::{Folder, target};
use crate::histories::{Step, any_steps, events};
use crate::tables::differences;

const STEPS: usize = 160;

fn event(fact: LinkFact) -> NewEvent {
    NewEvent {
        id: Uuid::new_v4(),
        occurred_at: Time::from_micros(0),
        actor: None,
        correlation: None,
        causation: None,
        imported: false,
        fact: Fact::from(fact),
    }
}

fn linked(primary: AccountId, account: AccountId) -> NewEvent {
    let code = Code::of([0; CODE_BYTES]).hash();
    event(LinkFact::Linked(Linked {
        primary,
        account,
        code,
    }))
}

fn unlinked(primary: AccountId, account: AccountId) -> NewEvent {
    event(LinkFact::Unlinked(Unlinked { primary, account }))
}

async fn record(journal: &SharedJournal, store: &SharedStore, events: Vec<NewEvent>) {
    journal.append_many(events).await.unwrap();
    catch_up(journal, &target(store), &mut |_| ())
        .await
        .unwrap();
}

async fn accounts(store: &SharedStore) -> Vec<AccountRecord> {
    let mut accounts = Vec::new();
    let mut note = |record| {
        accounts.push(record);
        Ok(())
    };
    let mut snapshot = store.snapshot().await.unwrap();
    snapshot.each_account(&mut note).await.unwrap();
    accounts
}

async fn profiles(store: &SharedStore) -> BTreeMap<AccountId, Profile> {
    let mut profiles = BTreeMap::new();
    let mut note = |profile: Profile| {
        profiles.insert(profile.id, profile);
        Ok(())
    };
    let mut snapshot = store.snapshot().await.unwrap();
    snapshot.each_profile(&mut note).await.unwrap();
    profiles
}

/// Two folders with the same history, in which no two accounts are linked.
async fn twice(steps: &[Step]) -> [(Folder, SharedJournal, SharedStore); 2] {
    let unlinked: Vec<NewEvent> = events(steps)
        .into_iter()
        .filter(|event| !matches!(event.fact, Fact::Link(_)))
        .collect();
    let mut both = Vec::new();
    for _ in 0..2 {
        let folder = Folder::new();
        let (journal, store) = (folder.journal(), folder.store("live"));
        record(&journal, &store, unlinked.clone()).await;
        both.push((folder, journal, store));
    }
    both.try_into().unwrap_or_else(|_| panic!("there are two"))
}

fn sum<'a>(counts: impl Iterator<Item = &'a Counts>) -> Counts {
    let mut sum = Counts::default();
    counts.for_each(|counts| sum.add(counts));
    sum
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// DOMAIN L7, also where they are linked in one batch and unlinked in another.
    #[test]
    fn linked_and_unlinked_is_never_linked(steps in any_steps(STEPS), batches in any::<bool>()) {
        Runtime::new().unwrap().block_on(async {
            let [(never, _, store), (linked_once, journal, other)] = twice(&steps).await;
            let ids: Vec<AccountId> = accounts(&store).await.iter().map(|a| a.account.id).collect();
            let (primary, others) = ids.split_first().unwrap();
            let links: Vec<_> = others.iter().map(|other| linked(*primary, *other)).collect();
            let unlinks: Vec<_> = others.iter().map(|other| unlinked(*primary, *other)).collect();
            if batches {
                record(&journal, &other, links).await;
                prop_assert_eq!(profiles(&other).await.len(), 1);
                record(&journal, &other, unlinks).await;
            } else {
                record(&journal, &other, links.into_iter().chain(unlinks).collect()).await;
            }
            // All rows are the same but the one that tells how far they are folded, when two journals
            // recorded what members were told, and that linking concerned them.
            let mut differences = differences(&never.path("live"), &linked_once.path("live"));
            differences.retain(|difference| {
                let is_of = |table| difference.contains(&format!(": {table} "));
                !["progress", "notification", "timeline"].into_iter().any(is_of)
            });
            prop_assert_eq!(differences, Vec::<String>::new());
            Ok(())
        })?;
    }

    /// DOMAIN L11.
    #[test]
    fn profiles_add_up_to_what_their_accounts_add_up_to(steps in any_steps(STEPS)) {
        Runtime::new().unwrap().block_on(async {
            let folder = Folder::new();
            let (journal, store) = (folder.journal(), folder.store("live"));
            record(&journal, &store, events(&steps)).await;
            let accounts = accounts(&store).await;
            let mut of_accounts = sum(accounts.iter().map(|record| &record.account.counts));
            let mut of_profiles = sum(profiles(&store).await.values().map(|profile| &profile.counts));
            // Courses are united (L12).
            prop_assert!(of_profiles.courses_completed <= of_accounts.courses_completed);
            of_profiles.courses_completed = 0;
            of_accounts.courses_completed = 0;
            prop_assert_eq!(of_profiles, of_accounts);
            Ok(())
        })?;
    }

    #[test]
    fn a_profile_is_the_same_in_whatever_order_its_accounts_were_linked(
        steps in any_steps(STEPS),
        seed in any::<prop::sample::Index>(),
    ) {
        Runtime::new().unwrap().block_on(async {
            let [(_one, journal, store), (_other, journal_2, store_2)] = twice(&steps).await;
            let ids: Vec<AccountId> = accounts(&store).await.iter().map(|a| a.account.id).collect();
            let (primary, others) = ids.split_first().unwrap();
            let mut rotated = others.to_vec();
            if !rotated.is_empty() {
                let by = seed.index(rotated.len());
                rotated.rotate_left(by);
                rotated.reverse();
            }
            for (other, later) in others.iter().zip(&rotated) {
                record(&journal, &store, vec![linked(*primary, *other)]).await;
                record(&journal_2, &store_2, vec![linked(*primary, *later)]).await;
            }
            prop_assert_eq!(profiles(&store).await, profiles(&store_2).await);
            Ok(())
        })?;
    }
}

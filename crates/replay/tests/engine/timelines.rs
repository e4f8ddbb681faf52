//! Whom and what events concern, worked out anew from the text of their bodies.

use std::collections::{BTreeMap, BTreeSet};

use plaudit_domain::fact::{AccountFact, KudosFact, PostFact, ReportFact};
use plaudit_domain::{Fact, NewEvent};
use plaudit_projection::Key;
use plaudit_store::{AccountRecord, Order, Page, PostRecord, SharedStore};
use serde_json::Value;
use uuid::Uuid;

/// Where the timelines of accounts and posts aren't what they have to be.
pub async fn errors(store: &SharedStore, events: &[NewEvent]) -> Vec<String> {
    let mut snapshot = store.snapshot().await.unwrap();
    let mut ids: BTreeMap<Key, Uuid> = BTreeMap::new();
    let mut note = |record: AccountRecord| {
        ids.insert(record.account.key, record.account.id.0);
        Ok(())
    };
    snapshot.each_account(&mut note).await.unwrap();
    let mut note = |record: PostRecord| {
        ids.insert(record.post.key, record.post.id.0);
        Ok(())
    };
    snapshot.each_post(&mut note).await.unwrap();
    let keys: Vec<Key> = ids.keys().copied().collect();
    let all = Page {
        order: Order::Ascending,
        after: None,
        limit: 100_000,
    };
    let timeline = store.timeline(&keys, all).await.unwrap();
    let kept: BTreeSet<_> = timeline
        .iter()
        .map(|entry| (entry.position, ids[&entry.subject]))
        .collect();
    let expected = expected(events);
    let only = |side: &str, one: &BTreeSet<(i64, Uuid)>, other: &BTreeSet<(i64, Uuid)>| {
        let only = one.difference(other).map(|(position, subject)| {
            let fact = &events[*position as usize - 1].fact;
            format!("{side} concerns {subject}: {fact:?} at {position}")
        });
        only.collect::<Vec<_>>()
    };
    let mut errors = only("kept", &kept, &expected);
    errors.extend(only("expected", &expected, &kept));
    errors
}

/// The body of an event, without those that it names and changes nothing for: in whose stream it is
/// recorded, which accounts would be enrolled, as which of their accounts somebody asked, and whose post is
/// reported.
fn body(fact: &Fact) -> String {
    let mut body: Value = serde_json::from_str(&fact.encode().unwrap()).unwrap();
    let fields = body.as_object_mut().unwrap();
    let has_profile = matches!(
        fact,
        Fact::Kudos(KudosFact::Given(_)) | Fact::Lozenge(_) | Fact::Rsvp(_)
    );
    if has_profile {
        fields.remove("profile");
    }
    if let Fact::Kudos(KudosFact::EnrolmentRequested(_)) = fact {
        fields.remove("accounts");
    }
    if let Fact::Notification(_) = fact {
        fields.remove("by");
    }
    // Who wrote it is known of the post.
    if let Fact::Report(ReportFact::Reported(_)) = fact {
        fields.remove("author");
    }
    body.to_string()
}

/// An event concerns what its body names, who did it, and who wrote the posts that it names.
fn expected(events: &[NewEvent]) -> BTreeSet<(i64, Uuid)> {
    // What there is so far, with who wrote it.
    let mut known: BTreeMap<Uuid, Option<Uuid>> = BTreeMap::new();
    let mut expected = BTreeSet::new();
    for (event, position) in events.iter().zip(1..) {
        if let Fact::Account(AccountFact::Registered(registered)) = &event.fact {
            known.entry(registered.account.0).or_insert(None);
        }
        if let Fact::Post(PostFact::Created(post) | PostFact::Submitted(post)) = &event.fact {
            let author = post.author.map(|author| author.0);
            known.entry(post.post.0).or_insert(author);
        }
        let body = body(&event.fact);
        let actor = event.actor.map(|actor| actor.0);
        for (id, author) in &known {
            if body.contains(&id.to_string()) {
                expected.extend(author.map(|author| (position, author)));
                expected.insert((position, *id));
            } else if actor == Some(*id) {
                expected.insert((position, *id));
            }
        }
    }
    expected
}

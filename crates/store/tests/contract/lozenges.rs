//! What accounts were granted and asked for, and which agreements they accepted.

use plaudit_domain::erasure::Content;
use plaudit_projection::lozenge::RequestState;
use plaudit_projection::{Key, LozengeGrant, LozengeRequest};
use plaudit_store::{Cursor, Order, Page};

use crate::Place;
use crate::history::{
    Happened, History, agreement_accepted, at, erased, linked, lozenge_denied, lozenge_granted,
    lozenge_requested, lozenge_revoked, registered, renamed,
};

const BOTH: [Order; 2] = [Order::Ascending, Order::Descending];

async fn members(place: &dyn Place) -> History {
    let mut history = History::begin(place).await;
    history.add((1..=4).map(|n| (1, registered(n)))).await;
    history
}

async fn grant(history: &History, account: u128, lozenge: &str) -> Option<LozengeGrant> {
    let keys = [history.account(account)];
    let grants = history.store.lozenges_of(&keys).await.unwrap();
    grants.into_iter().find(|grant| grant.lozenge == lozenge)
}

async fn request(history: &History, account: u128, lozenge: &str) -> Option<LozengeRequest> {
    let keys = [history.account(account)];
    let requests = history.store.lozenge_requests_of(&keys).await.unwrap();
    requests.into_iter().find(|it| it.lozenge == lozenge)
}

/// Batch by batch comes to the same as all at once.
async fn is_as_folded_anew(history: &History) {
    history.is_as_folded_anew().await;
    let rows = history.anew();
    let accounts: Vec<Key> = rows.accounts.iter().map(|it| it.key).collect();
    let mut stored = history.store.lozenges_of(&accounts).await.unwrap();
    stored.sort_by_key(|it| it.position);
    let mut folded: Vec<LozengeGrant> = rows.lozenges.changed().cloned().collect();
    folded.sort_by_key(|it| it.position);
    assert_eq!(stored, folded);
    let mut stored = history.store.lozenge_requests_of(&accounts).await.unwrap();
    stored.sort_by_key(|it| it.position);
    let folded = rows.lozenge_requests.changed();
    let mut folded: Vec<LozengeRequest> = folded.cloned().collect();
    folded.sort_by_key(|it| it.position);
    assert_eq!(stored, folded);
}

pub async fn a_lozenge_is_granted_and_revoked_and_both_are_told(place: &dyn Place) {
    let mut history = members(place).await;
    history.add([(2, lozenge_granted(1, "partner"))]).await;
    let granted = grant(&history, 1, "partner").await.unwrap();
    assert!(granted.held);
    assert_eq!(granted.granted_at, at(2));
    assert_eq!(granted.company.as_deref(), Some("Steam"));
    assert_eq!(granted.product.as_deref(), Some("Crumbcam"));
    assert_eq!(granted.reason.as_deref(), Some("Welcome"));
    let [answer] = &granted.answers.to_vec()[..] else {
        panic!("{granted:?}");
    };
    assert!(answer.met);

    // Each may come in one batch with the other, or by itself.
    history.add([(3, lozenge_revoked(1, "partner"))]).await;
    let revoked = grant(&history, 1, "partner").await.unwrap();
    assert!(!revoked.held);
    assert_eq!(revoked.revoked_at, Some(at(3)));
    assert_eq!(revoked.revoked_because.as_deref(), Some("Enough"));
    assert_eq!(revoked.granted_at, at(2));
    history
        .add([
            (4, lozenge_revoked(1, "partner")),
            (5, lozenge_granted(1, "partner")),
            (6, lozenge_revoked(2, "partner")),
        ])
        .await;
    let again = grant(&history, 1, "partner").await.unwrap();
    assert!(again.held && again.revoked_at.is_none() && again.granted_at == at(5));
    assert_eq!(grant(&history, 2, "partner").await, None);
    is_as_folded_anew(&history).await;
}

pub async fn a_request_waits_until_it_is_decided_and_the_last_one_is_told(place: &dyn Place) {
    let mut history = members(place).await;
    history.add([(2, lozenge_requested(1, "partner"))]).await;
    let waiting = request(&history, 1, "partner").await.unwrap();
    assert_eq!(waiting.state, RequestState::Waiting);
    assert_eq!((waiting.since, waiting.decided_at), (at(2), None));
    history.add([(3, lozenge_denied(1, "partner"))]).await;
    let denied = request(&history, 1, "partner").await.unwrap();
    assert_eq!(denied.state, RequestState::Denied);
    assert_eq!(denied.decided_at, Some(at(3)));
    assert_eq!(denied.decided_because.as_deref(), Some("Not yet"));
    // What is decided is decided; and what nobody asked for is no request.
    history
        .add([
            (4, lozenge_granted(1, "partner")),
            (4, lozenge_denied(2, "partner")),
        ])
        .await;
    assert_eq!(request(&history, 1, "partner").await, Some(denied));
    assert_eq!(request(&history, 2, "partner").await, None);
    history
        .add([
            (5, lozenge_requested(1, "partner")),
            (6, lozenge_granted(1, "partner")),
        ])
        .await;
    let granted = request(&history, 1, "partner").await.unwrap();
    assert_eq!(granted.state, RequestState::Granted);
    assert_eq!((granted.since, granted.decided_at), (at(5), Some(at(6))));
    is_as_folded_anew(&history).await;
}

pub async fn requests_that_wait_come_in_order_in_pages_of_any_size(place: &dyn Place) {
    let mut history = members(place).await;
    history
        .add([
            (4, lozenge_requested(1, "partner")),
            (2, lozenge_requested(2, "partner")),
            (3, lozenge_requested(3, "partner")),
            (3, lozenge_requested(3, "leader")),
            (1, lozenge_requested(4, "partner")),
            (9, lozenge_denied(4, "partner")),
        ])
        .await;
    let expected = [
        (2, 2, "partner"),
        (3, 3, "partner"),
        (3, 3, "leader"),
        (4, 1, "partner"),
    ];
    let expected = expected.map(|(second, account, lozenge)| {
        let account = history.account(account);
        (at(second), account, lozenge.to_owned())
    });
    assert_eq!(history.store.lozenge_request_count().await.unwrap(), 4);
    for order in BOTH {
        for limit in 1..=5 {
            let mut walked: Vec<LozengeRequest> = Vec::new();
            loop {
                let after = walked.last().map(|it| Cursor {
                    at: it.since.as_micros(),
                    key: it.position,
                });
                let page = Page {
                    order,
                    after,
                    limit,
                };
                let next = history.store.lozenge_request_page(page).await.unwrap();
                if next.is_empty() {
                    break;
                }
                walked.extend(next);
            }
            if order == Order::Descending {
                walked.reverse();
            }
            let walked = walked
                .into_iter()
                .map(|it| (it.since, it.account, it.lozenge));
            assert_eq!(walked.collect::<Vec<_>>(), expected);
        }
    }
}

pub async fn holders_of_a_lozenge_come_in_order_and_those_who_lost_it_do_not(place: &dyn Place) {
    let mut history = members(place).await;
    history
        .add([
            (3, lozenge_granted(1, "partner")),
            (2, lozenge_granted(2, "partner")),
            (2, lozenge_granted(2, "leader")),
            (1, lozenge_granted(3, "partner")),
            (4, lozenge_revoked(3, "partner")),
        ])
        .await;
    let holders = async |order, limit| {
        let page = Page {
            order,
            after: None,
            limit,
        };
        let holders = history
            .store
            .lozenge_holders("partner", page)
            .await
            .unwrap();
        holders.iter().map(|it| it.account).collect::<Vec<_>>()
    };
    let [one, two] = [1, 2].map(|number| history.account(number));
    assert_eq!(holders(Order::Ascending, 9).await, [two, one]);
    assert_eq!(holders(Order::Descending, 9).await, [one, two]);
    assert_eq!(holders(Order::Descending, 1).await, [one]);
    let count = history.store.lozenge_holder_count("partner").await;
    assert_eq!(count.unwrap(), 2);
}

pub async fn an_acceptance_is_told_once_with_its_first_time(place: &dyn Place) {
    let mut history = members(place).await;
    history
        .add([(2, agreement_accepted(1, "terms", "1"))])
        .await;
    history
        .add([
            (3, agreement_accepted(1, "terms", "1")),
            (4, agreement_accepted(1, "terms", "2")),
        ])
        .await;
    let keys = history.accounts([1, 2]);
    let accepted = history.store.acceptances_of(&keys).await.unwrap();
    let mut accepted: Vec<_> = accepted.into_iter().map(|it| (it.version, it.at)).collect();
    accepted.sort_unstable();
    assert_eq!(accepted, [("1".to_owned(), at(2)), ("2".to_owned(), at(4))]);
    is_as_folded_anew(&history).await;
}

pub async fn a_profile_is_exported_with_what_all_its_accounts_were_granted(place: &dyn Place) {
    let mut history = members(place).await;
    history
        .add([
            (2, lozenge_granted(2, "partner")),
            (3, linked(1, 2)),
            (4, lozenge_granted(3, "leader")),
        ])
        .await;
    let mut found = Vec::new();
    let mut each = |record: plaudit_store::ProfileRecord| {
        let lozenges = record.lozenges.into_iter().map(|it| it.lozenge);
        found.push((record.profile.key, lozenges.collect::<Vec<_>>()));
        Ok(())
    };
    let mut snapshot = history.store.snapshot().await.unwrap();
    snapshot.each_profile_record(&mut each).await.unwrap();
    let [one, three, four] = [1, 3, 4].map(|number| history.account(number));
    let of = |lozenge: &str| vec![lozenge.to_owned()];
    assert_eq!(
        found,
        [(one, of("partner")), (three, of("leader")), (four, vec![])]
    );
}

/// What happens to an account until, and after, it is erased.
fn until_erased() -> Vec<Happened> {
    vec![
        (2, lozenge_requested(1, "partner")),
        (3, lozenge_granted(1, "leader")),
        (3, lozenge_granted(2, "leader")),
        (4, erased(1, Content::Keep)),
        (5, renamed(1, "Ada")),
        (5, lozenge_granted(1, "partner")),
        (6, lozenge_requested(1, "leader")),
    ]
}

async fn has_none(history: &History) {
    let keys = history.accounts([1]);
    assert_eq!(history.store.lozenges_of(&keys).await.unwrap(), []);
    assert_eq!(history.store.lozenge_requests_of(&keys).await.unwrap(), []);
    assert!(grant(history, 2, "leader").await.unwrap().held);
    is_as_folded_anew(history).await;
}

pub async fn an_erased_account_has_no_lozenges_whatever_comes_later(place: &dyn Place) {
    let mut history = members(place).await;
    for happened in until_erased() {
        history.add([happened]).await;
    }
    has_none(&history).await;
}

pub async fn nor_has_one_that_got_and_lost_them_in_one_batch(place: &dyn Place) {
    let mut history = members(place).await;
    history.add(until_erased()).await;
    has_none(&history).await;
}

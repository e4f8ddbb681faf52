//! Catch-up subscriptions.

use std::time::Duration;

use eventstore::{
    Client, Position, RecordedEvent, StreamPosition, SubscribeToAllOptions,
    SubscribeToStreamOptions, Subscription, SubscriptionEvent, SubscriptionFilter,
};
use tokio::time::timeout;

use crate::given::{Served, assert_same, changing, liked, registered, stream};

/// So many events, and up to where it was said that was looked.
async fn take(subscription: &mut Subscription, count: usize) -> (Vec<RecordedEvent>, Vec<u64>) {
    let (mut events, mut checkpoints) = (Vec::new(), Vec::new());
    while events.len() < count {
        let next = subscription.next_subscription_event();
        match timeout(Duration::from_secs(20), next)
            .await
            .unwrap()
            .unwrap()
        {
            SubscriptionEvent::EventAppeared(event) => events.push(event.event.unwrap()),
            SubscriptionEvent::Checkpoint(position) => checkpoints.push(position.commit),
            _ => {}
        }
    }
    (events, checkpoints)
}

async fn follow(client: &Client, from: StreamPosition<Position>) -> Subscription {
    let options = SubscribeToAllOptions::default().position(from);
    client.subscribe_to_all(&options).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_gives_what_there_is_and_then_what_comes() {
    let served = Served::new().await;
    let events: Vec<_> = (0..300).map(|_| liked()).collect();
    served.record(&events).await;
    let client = served.client();
    let after = StreamPosition::Position(Position {
        commit: 100,
        prepare: 100,
    });
    let mut from_start = follow(&client, StreamPosition::Start).await;
    let mut from_there = follow(&client, after).await;
    let kept = served.kept().await;
    assert_same(&take(&mut from_start, 300).await.0, &kept);
    assert_same(&take(&mut from_there, 200).await.0, &kept[100..]);
    let mut from_end = follow(&client, StreamPosition::End).await;
    let confirmed = from_end.next_subscription_event().await.unwrap();
    assert!(matches!(confirmed, SubscriptionEvent::Confirmed(_)));
    for _ in 0..5 {
        served.record(&[liked(), liked()]).await;
        let kept = served.kept().await;
        for subscription in [&mut from_start, &mut from_there, &mut from_end] {
            assert_same(&take(subscription, 2).await.0, &kept[kept.len() - 2..]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_when_it_has_caught_up() {
    let served = Served::new().await;
    served.record(&[liked()]).await;
    let mut subscription = follow(&served.client(), StreamPosition::Start).await;
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(subscription.next_subscription_event().await.unwrap());
    }
    assert!(matches!(
        told.as_slice(),
        [
            SubscriptionEvent::Confirmed(_),
            SubscriptionEvent::EventAppeared(_),
            SubscriptionEvent::CaughtUp
        ]
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_followed() {
    let served = Served::new().await;
    served.record(&changing(1, 10)).await;
    let client = served.client();
    let subscribe = async |from| {
        let options = SubscribeToStreamOptions::default().start_from(from);
        client
            .subscribe_to_stream(stream(1).as_str(), &options)
            .await
    };
    let mut from_start = subscribe(StreamPosition::Start).await;
    let mut from_there = subscribe(StreamPosition::Position(5)).await;
    assert_eq!(take(&mut from_start, 10).await.0[9].revision, 9);
    assert_eq!(take(&mut from_there, 4).await.0[0].revision, 6);
    served.record(&[liked()]).await;
    served.record(&changing(1, 2)).await;
    for subscription in [&mut from_start, &mut from_there] {
        let revisions: Vec<_> = take(subscription, 2)
            .await
            .0
            .iter()
            .map(|it| it.revision)
            .collect();
        assert_eq!(revisions, [10, 11]);
    }
    // One that isn't there yet may come.
    let options = SubscribeToStreamOptions::default().start_from(StreamPosition::Start);
    let mut to_come = client
        .subscribe_to_stream(stream(2).as_str(), &options)
        .await;
    let confirmed = to_come.next_subscription_event().await.unwrap();
    assert!(matches!(confirmed, SubscriptionEvent::Confirmed(_)));
    served.record(&changing(2, 1)).await;
    assert_eq!(
        take(&mut to_come, 1).await.0[0].stream_id,
        stream(2).as_str()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_leave_out_what_is_not_wanted_and_checkpoints_tell_how_far_it_looked() {
    let served = Served::new().await;
    let events: Vec<_> = (0..500).map(|number| registered(number + 1)).collect();
    served.record(&events).await;
    served.record(&[liked()]).await;
    let (client, kept) = (served.client(), served.kept().await);
    for filter in [
        SubscriptionFilter::on_event_type().add_prefix("PostL"),
        SubscriptionFilter::on_event_type().regex("^PostLiked$"),
        SubscriptionFilter::on_event_type().regex("^(?!Account).*$"),
        SubscriptionFilter::on_stream_name()
            .add_prefix("like-")
            .add_prefix("nothing-"),
        SubscriptionFilter::on_stream_name().regex("^like-"),
    ] {
        let options = SubscribeToAllOptions::default()
            .position(StreamPosition::Start)
            .filter(filter.max(50));
        let mut subscription = client.subscribe_to_all(&options).await;
        let (events, checkpoints) = take(&mut subscription, 1).await;
        assert_same(&events, &kept[500..]);
        assert_eq!(
            checkpoints,
            (1..=10).map(|number| number * 50).collect::<Vec<_>>()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expression_that_is_none_or_takes_too_long_is_refused() {
    let served = Served::new().await;
    served.record(&[liked()]).await;
    let client = served.client();
    for expression in ["(", "^((?=[a-z0-9-])[a-z0-9-]+)+!$"] {
        let filter = SubscriptionFilter::on_stream_name().regex(expression);
        let options = SubscribeToAllOptions::default()
            .position(StreamPosition::Start)
            .filter(filter);
        let mut subscription = client.subscribe_to_all(&options).await;
        let ended = timeout(Duration::from_secs(10), async {
            loop {
                if let Err(error) = subscription.next_subscription_event().await {
                    return error.to_string();
                }
            }
        });
        let error = ended.await.unwrap();
        assert!(error.contains("expression"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_ends_subscriptions_with_an_error() {
    let served = Served::new().await;
    served.record(&[liked()]).await;
    let mut subscription = follow(&served.client(), StreamPosition::Start).await;
    take(&mut subscription, 1).await;
    let stopping = tokio::spawn(served.stop());
    let ended = timeout(Duration::from_secs(5), async {
        loop {
            if let Err(error) = subscription.next_subscription_event().await {
                return error.to_string();
            }
        }
    });
    let error = ended.await.unwrap();
    assert!(error.contains("the server stops"), "{error}");
    timeout(Duration::from_secs(5), stopping)
        .await
        .unwrap()
        .unwrap();
}

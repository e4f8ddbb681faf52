//! Nothing is written from outside.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use eventstore::{
    AppendToStreamOptions, DeleteStreamOptions, Error, EventData, ReadAllOptions,
    SubscribeToAllOptions, TombstoneStreamOptions,
};
use plaudit_protocol::{Access, NoAccess};

use crate::given::{Served, liked};

#[tokio::test(flavor = "multi_thread")]
async fn appends_and_deletions_are_refused() {
    let served = Served::new().await;
    served.record(&[liked()]).await;
    let kept = served.kept().await;
    let stream = kept[0].stream.as_str();
    let client = served.client();
    let event = EventData::binary("PostLiked", "{}".into());
    let options = AppendToStreamOptions::default();
    let appended = client.append_to_stream(stream, &options, event).await;
    assert!(matches!(appended, Err(Error::AccessDenied)), "{appended:?}");
    let deleted = client
        .delete_stream(stream, &DeleteStreamOptions::default())
        .await;
    assert!(matches!(deleted, Err(Error::AccessDenied)), "{deleted:?}");
    let options = TombstoneStreamOptions::default();
    let deleted = client.tombstone_stream(stream, &options).await;
    assert!(matches!(deleted, Err(Error::AccessDenied)), "{deleted:?}");
    assert_eq!(served.kept().await, kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_says_what_it_can_and_that_there_are_no_persistent_subscriptions() {
    let served = Served::new().await;
    let client = served.client();
    let info = client.server_info().await.unwrap();
    assert!(info.version().major() >= 20, "{info:?}");
    let options = Default::default();
    let listed = client.list_all_persistent_subscriptions(&options).await;
    assert!(listed.unwrap().is_empty());
}

/// Lets whoever comes read for a moment.
struct ForAMoment;

#[async_trait]
impl Access for ForAMoment {
    async fn admit(&self, _: Option<&[u8]>) -> Result<Option<Duration>, NoAccess> {
        Ok(Some(Duration::from_millis(500)))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_ends_when_whoever_reads_it_may_no_longer() {
    let empty = Served::new().await;
    let journal = empty.journal.clone();
    let folder = tempfile::tempdir().unwrap();
    let served = Served::to(Arc::new(ForAMoment), journal, folder).await;
    let options = SubscribeToAllOptions::default();
    let mut subscription = served.client().subscribe_to_all(&options).await;
    let ended = loop {
        if let Err(error) = subscription.next_subscription_event().await {
            break error;
        }
    };
    assert!(matches!(ended, Error::AccessDenied), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_read_at_once() {
    let served = Served::new().await;
    served.record(&[liked()]).await;
    let mut open = Vec::new();
    for _ in 0..10 {
        // One connection takes a hundred of them.
        let client = served.client();
        for _ in 0..100 {
            let options = SubscribeToAllOptions::default();
            let mut subscription = client.subscribe_to_all(&options).await;
            subscription.next_subscription_event().await.unwrap();
            open.push(subscription);
        }
    }
    let options = ReadAllOptions::default();
    let refused = match served.client().read_all(&options).await {
        Ok(mut read) => read.next().await.err(),
        Err(error) => Some(error),
    };
    let refused = refused.unwrap().to_string();
    assert!(
        refused.contains("too much is being read at once"),
        "{refused}"
    );
}

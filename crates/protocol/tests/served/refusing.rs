//! Nothing is written from outside.

use eventstore::{
    AppendToStreamOptions, DeleteStreamOptions, Error, EventData, TombstoneStreamOptions,
};

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

// Reads a whole history by EventStoreDB's protocol, and then follows it for so many events; the same for both
// crates, which say `client` and `stream_of`.

use std::io::Write;

use client::{
    Client, ReadAllOptions, RecordedEvent, StreamPosition, SubscribeToAllOptions, SubscriptionEvent,
};
use serde_json::{Value, from_slice, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (url, count) = (arguments.next(), arguments.next());
    let (Some(url), Some(count)) = (url, count) else {
        return Err("expected URL COUNT".into());
    };
    let client = Client::new(url.parse()?)?;
    let mut read = client.read_all(&ReadAllOptions::default()).await?;
    let mut position = StreamPosition::Start;
    while let Some(event) = read.next().await? {
        let event = event.get_original_event();
        position = StreamPosition::Position(event.position);
        tell(&told(event)?)?;
    }
    let options = SubscribeToAllOptions::default().position(position);
    let mut subscription = client.subscribe_to_all(&options).await;
    let mut left: usize = count.parse()?;
    while left > 0 {
        match subscription.next_subscription_event().await? {
            SubscriptionEvent::Confirmed(_) => tell(&json!({ "following": true }))?,
            SubscriptionEvent::EventAppeared(event) => {
                tell(&told(event.get_original_event())?)?;
                left -= 1;
            }
            _ => {}
        }
    }
    Ok(())
}

fn told(event: &RecordedEvent) -> serde_json::Result<Value> {
    Ok(json!({
        "position": event.position.commit,
        "id": event.id,
        "stream": stream_of(event),
        "revision": event.revision,
        "type": event.event_type,
        "recorded_at_micros": event.created.timestamp_micros(),
        "metadata": from_slice::<Value>(&event.custom_metadata)?,
        "data": from_slice::<Value>(&event.data)?,
    }))
}

fn tell(line: &Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

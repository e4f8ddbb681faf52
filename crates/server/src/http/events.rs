//! Answers one after the other, by GraphQL over SSE with distinct connections: a request, and a stream of
//! server-sent events `next`, each an answer, and at the end `complete`.

use std::io;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use poem::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use poem::http::{HeaderName, HeaderValue};
use poem::{Body, Response};
use tokio::sync::watch;
use tokio::time::Instant;

use super::following::Next;
use super::rejection::Rejection;

/// So often a comment goes out while nothing else does: else who stands between takes the connection
/// for dead.
const PING: Duration = Duration::from_secs(15);

/// Told to every request, so that those end which have no end of their own. As long as any has this, the server
/// waits for it.
#[derive(Debug, Clone)]
pub(super) struct Stopping(pub(super) watch::Receiver<bool>);

impl Stopping {
    /// Waits until the server stops.
    pub(super) async fn wait(&mut self) {
        // An error says that it is gone already.
        let _ = self.0.wait_for(|stops| *stops).await;
    }
}

/// Until when answers come that have no end of their own.
#[derive(Debug, Clone, Default)]
pub(super) struct Until {
    /// Until the server stops.
    pub(super) stopping: Option<Stopping>,
    /// Until it isn't known any more who asked.
    pub(super) expires: Option<Instant>,
}

impl Until {
    /// Waits until the server stops.
    pub(super) async fn stopped(&mut self) {
        match &mut self.stopping {
            Some(stopping) => stopping.wait().await,
            None => std::future::pending().await,
        }
    }

    /// Waits until the token isn't good any more.
    pub(super) async fn expired(expires: Option<Instant>) {
        match expires {
            Some(expires) => tokio::time::sleep_until(expires).await,
            None => std::future::pending().await,
        }
    }
}

/// Answers as events. They are made as the client takes them.
pub(super) fn respond(answers: BoxStream<'static, Next>, until: Until) -> Response {
    let mut response = Response::default();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that collect answers before they pass them on know this.
    let unbuffered = HeaderName::from_static("x-accel-buffering");
    headers.insert(unbuffered, HeaderValue::from_static("no"));
    let events = events(answers, until).map(Ok::<_, io::Error>);
    response.set_body(Body::from_bytes_stream(events));
    response
}

fn events(
    answers: BoxStream<'static, Next>,
    until: Until,
) -> impl Stream<Item = Vec<u8>> + Send + 'static {
    stream::unfold(Some((answers, until)), |open| async {
        let (mut answers, mut until) = open?;
        let expires = until.expires;
        let event = tokio::select! {
            biased;
            () = until.stopped() => Event::Complete,
            () = Until::expired(expires) => {
                let answer = Rejection::expired().body();
                let events = [Event::Next(Next { id: None, answer }), Event::Complete];
                return Some((events.map(Event::encode).concat(), None));
            }
            answer = answers.next() => answer.map_or(Event::Complete, Event::Next),
            () = tokio::time::sleep(PING) => Event::Ping,
        };
        let is_last = matches!(event, Event::Complete);
        Some((event.encode(), (!is_last).then_some((answers, until))))
    })
}

enum Event {
    Next(Next),
    Complete,
    Ping,
}

impl Event {
    /// As it goes over the wire. An answer is JSON in one line, and an id a cursor.
    fn encode(self) -> Vec<u8> {
        match self {
            Self::Next(Next { id, answer }) => {
                let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
                [b"event: next\n", id.as_bytes(), b"data: ", &answer, b"\n\n"].concat()
            }
            Self::Complete => b"event: complete\ndata:\n\n".to_vec(),
            Self::Ping => b":\n\n".to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(events: impl Stream<Item = Vec<u8>>) -> String {
        let events: Vec<Vec<u8>> = events.collect().await;
        String::from_utf8(events.concat()).unwrap()
    }

    #[tokio::test]
    async fn every_answer_is_an_event_and_the_end_is_one() {
        let next = |id: Option<&str>, answer: &str| Next {
            id: id.map(str::to_owned),
            answer: answer.into(),
        };
        let answers = stream::iter([next(None, "{}"), next(Some("7"), "[]")]).boxed();
        assert_eq!(
            all(events(answers, Until::default())).await,
            "event: next\ndata: {}\n\nevent: next\nid: 7\ndata: []\n\nevent: complete\ndata:\n\n"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn while_nothing_comes_there_are_comments_until_the_server_stops() {
        let (server, stopping) = watch::channel(false);
        tokio::spawn(async move {
            tokio::time::sleep(PING * 2 + PING / 2).await;
            server.send(true)
        });
        let until = Until {
            stopping: Some(Stopping(stopping)),
            expires: None,
        };
        let events = events(stream::pending().boxed(), until);
        assert_eq!(all(events).await, ":\n\n:\n\nevent: complete\ndata:\n\n");
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_not_known_any_more_is_told_so_and_nothing_else() {
        let until = Until {
            stopping: None,
            expires: Some(Instant::now() + PING + PING / 2),
        };
        let events = all(events(stream::pending().boxed(), until)).await;
        assert!(events.starts_with(":\n\nevent: next\ndata: {"), "{events}");
        assert!(events.contains("UNAUTHENTICATED"), "{events}");
        assert!(events.ends_with("event: complete\ndata:\n\n"), "{events}");
    }
}

//! Listening and stopping, over TCP.

use std::time::Duration;

use plaudit_server::http::serve;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::served::Served;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_answers_what_it_was_asked_and_takes_nothing_new() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let app = Served::new().await.app();
    let server = tokio::spawn(serve(listener, app, async {
        let _ = stopped.await;
    }));

    let body = r#"{"query":"{ __typename }"}"#;
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(format!("{head}{body}").as_bytes())
        .await
        .unwrap();
    assert!(answer(&mut idle).await.starts_with("HTTP/1.1 200"));

    let mut asking = TcpStream::connect(address).await.unwrap();
    asking.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    stop.send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;

    assert!(TcpStream::connect(address).await.is_err());
    asking.write_all(body.as_bytes()).await.unwrap();
    let answered = answer(&mut asking).await;
    assert!(answered.starts_with("HTTP/1.1 200"), "{answered}");
    assert!(
        answered.contains(r#"{"data":{"__typename":"Query"}"#),
        "{answered}"
    );
    timeout(Duration::from_secs(5), server)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

/// Half a header, byte by byte or not at all: whoever holds a connection without asking anything
/// loses it. The clock is the test's own, and goes forward whenever everybody waits.
#[tokio::test(start_paused = true)]
async fn who_asks_nothing_loses_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Served::new().await.app();
    tokio::spawn(serve(listener, app, std::future::pending()));

    for sent in ["", "POST /graphql HTTP/1.1\r\nhost:"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut left = Vec::new();
        let closing = stream.read_to_end(&mut left);
        let minutes = Duration::from_secs(200);
        timeout(minutes, closing)
            .await
            .expect("the server gives up")
            .unwrap();
    }

    let mut dripping = TcpStream::connect(address).await.unwrap();
    dripping
        .write_all(b"POST /graphql HTTP/1.1\r\nx: ")
        .await
        .unwrap();
    let mut drops = 0;
    while dripping.write_all(b"y").await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        drops += 1;
        assert!(drops < 200, "the server gives up");
    }
}

/// Whoever asks and asks, and reads nothing of it, would have all answers kept for them.
#[tokio::test(start_paused = true)]
async fn who_takes_no_answer_loses_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Served::new().await.app();
    tokio::spawn(serve(listener, app, std::future::pending()));

    let body =
        r#"{"query":"{ __schema { types { name description fields { name description } } } }"}"#;
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut silent = TcpStream::connect(address).await.unwrap();
    let asking = async {
        while silent.write_all(request.as_bytes()).await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    timeout(Duration::from_secs(600), asking)
        .await
        .expect("the server gives up");
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 4096];
    let reading = stream.read(&mut bytes);
    let read = timeout(Duration::from_secs(5), reading)
        .await
        .unwrap()
        .unwrap();
    String::from_utf8_lossy(&bytes[..read]).into()
}

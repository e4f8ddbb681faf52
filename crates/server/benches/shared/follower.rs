//! Somebody who follows what happens.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// By which protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// graphql-transport-ws.
    WebSocket,
    /// GraphQL over server-sent events.
    Events,
}

/// Who follows one subscription over a connection of their own.
pub enum Follower {
    /// By graphql-transport-ws.
    WebSocket(Box<WebSocketStream<TcpStream>>),
    /// By server-sent events, with what came of the next one.
    Events(TcpStream, String),
}

impl Follower {
    /// Begins to follow at an address; it has begun when this is done.
    pub async fn begin(
        address: &str,
        authorization: &str,
        protocol: Protocol,
        request: &Value,
    ) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        match protocol {
            Protocol::WebSocket => {
                Self::over_websocket(address, authorization, stream, request).await
            }
            Protocol::Events => {
                let body = request.to_string();
                let sent = format!(
                    "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                     accept: text/event-stream\r\nauthorization: {authorization}\r\n\
                     content-length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(sent.as_bytes()).await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                assert!(head.starts_with(b"HTTP/1.1 200"));
                Self::Events(stream, String::new())
            }
        }
    }

    async fn over_websocket(
        address: &str,
        authorization: &str,
        stream: TcpStream,
        request: &Value,
    ) -> Self {
        let mut opening = format!("ws://{address}/graphql")
            .into_client_request()
            .unwrap();
        let protocol = "graphql-transport-ws".parse().unwrap();
        opening
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let config = WebSocketConfig::default().read_buffer_size(1024);
        let connected = client_async_with_config(opening, stream, Some(config)).await;
        let (mut socket, _) = connected.unwrap();
        for message in [
            json!({ "type": "connection_init", "payload": { "authorization": authorization } }),
            json!({ "type": "subscribe", "id": "1", "payload": request }),
            // What is answered to this shows that it has begun.
            json!({ "type": "ping" }),
        ] {
            let message = Message::text(message.to_string());
            socket.send(message).await.unwrap();
        }
        for kind in ["connection_ack", "pong"] {
            let message = socket.next().await.unwrap().unwrap();
            assert!(message.to_text().unwrap().contains(kind), "{message}");
        }
        Self::WebSocket(Box::new(socket))
    }

    /// Waits until it is told something, which is no error.
    pub async fn next(&mut self) {
        let told = match self {
            Self::WebSocket(socket) => next_message(socket).await,
            Self::Events(stream, text) => next_event(stream, text).await,
        };
        assert!(
            told.contains("\"data\"") && !told.contains("\"errors\""),
            "{told}"
        );
    }
}

async fn next_message(socket: &mut WebSocketStream<TcpStream>) -> String {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => return text.to_string(),
            Message::Ping(_) => socket.flush().await.unwrap(),
            Message::Pong(_) => {}
            other @ (Message::Binary(_) | Message::Close(_) | Message::Frame(_)) => {
                panic!("{other}")
            }
        }
    }
}

/// What stands between events only keeps the connection alive.
async fn next_event(stream: &mut TcpStream, text: &mut String) -> String {
    loop {
        while let Some(end) = text.find("\n\n") {
            let event: String = text.drain(..end + 2).collect();
            if event.contains("data: {") {
                return event;
            }
        }
        let mut bytes = [0; 4096];
        let read = stream.read(&mut bytes).await.unwrap();
        assert!(read > 0, "the stream ended: {text}");
        text.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
}

//! A client of GraphQL over HTTP; no library, to leave the CPU to the server.

use std::io;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What GraphQL is answered as.
pub const MEDIA_TYPE: &str = "application/graphql-response+json; charset=utf-8";

/// A request as it is sent, by somebody.
pub fn http(request: &Value, authorization: Option<&str>) -> Vec<u8> {
    let body = request.to_string();
    let authorization = authorization.map(|it| format!("Authorization: {it}\r\n"));
    format!(
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/graphql-response+json\r\n{}Content-Length: {}\r\n\r\n{body}",
        authorization.unwrap_or_default(),
        body.len()
    )
    .into_bytes()
}

/// A connection.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Whether the server said that it takes nothing more of it.
    pub is_closed: bool,
}

impl Client {
    /// Connects to a server that is there.
    pub async fn connect(address: &str) -> Self {
        Self::try_connect(address).await.unwrap()
    }

    /// Connects to a server.
    pub async fn try_connect(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
            is_closed: false,
        })
    }

    /// Sends a request that is answered, and returns the body of that.
    pub async fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        let (status, body) = self.send(request).await.unwrap();
        assert_eq!(status, 200, "not answered");
        body
    }

    /// What a document is answered that there is nothing wrong with, asked by somebody.
    pub async fn data(
        &mut self,
        query: &str,
        variables: Value,
        authorization: Option<&str>,
    ) -> Value {
        let request = json!({ "query": query, "variables": variables });
        let answer = self.ask(&http(&request, authorization)).await;
        let mut answer: Value = serde_json::from_slice(&answer).unwrap();
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        answer["data"].take()
    }

    /// Sends a request and returns the status and the body of what comes back.
    pub async fn send(&mut self, request: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(head) = find(&self.buffer, b"\r\n\r\n") {
                let body = head + 4;
                let length = content_length(&self.buffer[..head]);
                if self.buffer.len() >= body + length {
                    let told = str::from_utf8(&self.buffer[..head]).unwrap();
                    self.is_closed = told.to_ascii_lowercase().contains("connection: close");
                    let status = str::from_utf8(&self.buffer[9..12]).unwrap();
                    let body = self.buffer[body..body + length].to_vec();
                    return Ok((status.parse().unwrap(), body));
                }
            }
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

fn content_length(head: &[u8]) -> usize {
    let head = str::from_utf8(head).unwrap();
    let lengths = head.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().unwrap())
    });
    lengths.sum()
}

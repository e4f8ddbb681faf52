//! Loading a server by clients, each of which sends the next request when it has the answer to the last.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use poem::endpoint::make_sync;
use poem::{Endpoint, Response, Route};
use tokio::net::TcpListener;

use super::client::{Client, MEDIA_TYPE};
use super::process::Served;

/// The floor: the same HTTP server, and an answer that is there already.
pub async fn serve_static(path: &str) {
    let body = Arc::new(std::fs::read(path).unwrap());
    let answer = make_sync(move |_| {
        Response::builder()
            .content_type(MEDIA_TYPE)
            .body(body.to_vec())
    });
    serve(Route::new().at("/graphql", answer)).await;
}

/// Serves something in this process, and says where.
pub async fn serve(app: impl Endpoint<Output = Response> + 'static) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    plaudit_server::http::serve(listener, app, std::future::pending())
        .await
        .unwrap();
}

/// The floor: this program, which serves a static answer, kept in a file.
pub fn static_answer(file: &Path, answer: &[u8]) -> Served {
    std::fs::write(file, answer).unwrap();
    Served::this("--static", file)
}

/// What became of the requests of a while.
#[derive(Default)]
pub struct Load {
    /// How long each took, the fastest first.
    times: Vec<Duration>,
    took: Duration,
    /// Of the server, in seconds.
    cpu: f64,
}

impl Load {
    /// How many were answered in a second.
    pub fn rate(&self) -> f64 {
        self.times.len() as f64 / self.took.as_secs_f64()
    }

    /// How long most of them took: so many of a hundred took no longer.
    pub fn at(&self, percent: usize) -> Duration {
        self.times[self.times.len() * percent / 100]
    }

    /// The server's CPU time for each, in seconds.
    pub fn cpu_each(&self) -> f64 {
        self.cpu / self.times.len() as f64
    }

    /// With those of another while.
    pub fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        self.times.sort_unstable();
        self.took += other.took;
        self.cpu += other.cpu;
    }
}

/// Loads a server for a while by so many clients, which send these requests in turn, each from another one on.
pub async fn load(
    served: &Served,
    clients: usize,
    requests: &Arc<[Vec<u8>]>,
    time: Duration,
) -> Load {
    let stop = Arc::new(AtomicBool::new(false));
    // All are there before the first begins: what they do meanwhile would be measured by nobody.
    let mut connected = Vec::new();
    for number in 0..clients {
        let mut client = Client::connect(&served.address).await;
        let next = number * requests.len() / clients;
        client.ask(&requests[next]).await;
        connected.push((client, next));
    }
    let (began, cpu) = (Instant::now(), served.cpu());
    let mut running = Vec::new();
    for (mut client, mut next) in connected {
        let (stop, requests) = (stop.clone(), requests.clone());
        running.push(tokio::spawn(async move {
            let mut times = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                next = (next + 1) % requests.len();
                let asked = Instant::now();
                client.ask(&requests[next]).await;
                times.push(asked.elapsed());
            }
            times
        }));
    }
    tokio::time::sleep(time).await;
    stop.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for client in running {
        times.extend(client.await.unwrap());
    }
    times.sort_unstable();
    Load {
        times,
        took: began.elapsed(),
        cpu: served.cpu() - cpu,
    }
}

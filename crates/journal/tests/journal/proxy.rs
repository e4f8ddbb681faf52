//! A way to a server that can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

/// Hands on everything, in both directions, until it is told otherwise.
pub struct Proxy {
    /// The server's URL by this way.
    pub url: String,
    orders: Arc<Orders>,
}

#[derive(Default)]
struct Orders {
    /// At which text of a client's, once, and whether that is still handed on.
    cut: Mutex<Option<(Vec<u8>, bool)>>,
    cuts: AtomicUsize,
}

impl Proxy {
    pub fn to(url: &str) -> Self {
        let (start, end) = url.split_once('@').unwrap();
        let (server, database) = end.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let orders = Arc::<Orders>::default();
        let (server, given) = (server.to_owned(), orders.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                let given = given.clone();
                let (from, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || hand_on(from, to, None));
                thread::spawn(move || hand_on(client, server, Some(&given)));
            }
        });
        Self {
            url: format!("{start}@127.0.0.1:{port}/{database}"),
            orders,
        }
    }

    /// Cuts the connection that next says something, right after or before it is handed on.
    pub fn cut_at(&self, text: &str, after: bool) {
        *self.orders.cut.lock() = Some((text.into(), after));
    }

    /// How often one was cut.
    pub fn cuts(&self) -> usize {
        self.orders.cuts.load(Ordering::SeqCst)
    }
}

fn hand_on(mut from: TcpStream, mut to: TcpStream, orders: Option<&Orders>) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        let bytes = &bytes[..read];
        let cut = orders.and_then(|orders| {
            let mut cut = orders.cut.lock();
            let is_said =
                |(text, _): &(Vec<u8>, bool)| bytes.windows(text.len()).any(|it| it == text);
            cut.take_if(|cut| is_said(cut))
                .map(|(_, after)| (orders, after))
        });
        match cut {
            None => {
                if to.write_all(bytes).is_err() {
                    break;
                }
            }
            Some((orders, after)) => {
                // Before anybody can notice it.
                orders.cuts.fetch_add(1, Ordering::SeqCst);
                // The answer stays on the way.
                let _ = from.shutdown(Shutdown::Both);
                if after {
                    let _ = to.write_all(bytes);
                    thread::sleep(Duration::from_millis(200));
                }
                break;
            }
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]
use plaudit_journal::{SharedJournal, sqlite::SqliteJournal};
use plaudit_projection::{Touched, fold};
use plaudit_store::{Store, sqlite::SqliteStore};
use std::sync::Arc;
use std::time::{Duration, Instant};
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap();
    let batch: usize = args.next().unwrap().parse().unwrap();
    let journal: SharedJournal = Arc::new(SqliteJournal::open(path.as_ref()).unwrap());
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("s")).unwrap();
    let (mut position, mut n) = (0, 0);
    let mut t = [Duration::ZERO; 4];
    loop {
        let a = Instant::now();
        let events = journal.read_all(position, batch).await.unwrap();
        let Some(last) = events.last() else { break };
        let b = Instant::now();
        let mut rows = store.fetch(&Touched::by(&events)).await.unwrap();
        let c = Instant::now();
        for e in &events {
            fold(e, &mut rows).unwrap();
        }
        rows.finish();
        let d = Instant::now();
        store.commit(&rows, position, last.position).await.unwrap();
        let e = Instant::now();
        for (t, x) in t.iter_mut().zip([b - a, c - b, d - c, e - d]) {
            *t += x;
        }
        position = last.position;
        n += 1;
        if n % (50_000 / batch) == 0 {
            println!(
                "{position}: read {:?} fetch {:?} fold {:?} commit {:?}",
                t[0], t[1], t[2], t[3]
            );
            t = [Duration::ZERO; 4];
        }
    }
}

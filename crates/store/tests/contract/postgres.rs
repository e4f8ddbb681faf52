//! PostgreSQL: a database of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use plaudit_domain::erasure::Content;
use plaudit_postgres::Address;
use plaudit_store::postgres::PostgresStore;
use plaudit_store::{Result, SharedStore};
use plaudit_testing::postgres::{Database, database, execute, query, server};

use crate::Place;
use crate::history::{History, erased, registered, rules};

pub const SCHEMA: &str = "plaudit_1";

pub struct Schema(Database);

impl Schema {
    /// None where there is no PostgreSQL.
    pub fn new() -> Option<Self> {
        database().map(Self)
    }

    pub fn address(&self) -> Address {
        Address::parse(&self.0.url).unwrap()
    }

    pub fn url(&self) -> &str {
        &self.0.url
    }
}

#[async_trait]
impl Place for Schema {
    async fn open(&self) -> Result<SharedStore> {
        let rules = rules().folding_hash();
        let store = PostgresStore::open(&self.address(), SCHEMA, &rules).await?;
        Ok(Arc::new(store))
    }

    /// All that the database keeps in files of its own, but not the log, which is the operator's.
    fn bytes(&self) -> Vec<u8> {
        execute(self.url(), "CHECKPOINT").unwrap();
        let files = "SELECT encode(pg_read_binary_file(path), 'hex')
            FROM (SELECT pg_relation_filepath(oid) AS path FROM pg_class
                  WHERE relfilenode <> 0 OR relname = 'pg_statistic') AS files
            WHERE path IS NOT NULL";
        let files = query(self.url(), files).unwrap().into_iter();
        files.flat_map(|hex| unhex(&hex)).collect()
    }

    async fn outdate(&self) {
        let sql = format!("UPDATE {SCHEMA}.progress SET shape = 'another'");
        execute(self.url(), &sql).unwrap();
    }
}

fn unhex(hex: &str) -> Vec<u8> {
    let bytes = hex.as_bytes().chunks(2);
    let digit = |digit: u8| (digit as char).to_digit(16).unwrap();
    bytes
        .map(|pair| u8::try_from(digit(pair[0]) * 16 + digit(pair[1])).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_that_was_left_in_a_transaction_keeps_a_purge_waiting_and_nobody_else() {
    let Some(place) = Schema::new() else { return };
    let mut history = History::begin(&place).await;
    history.add([(1, registered(1)), (2, registered(2))]).await;
    history.add([(3, erased(1, Content::Remove))]).await;
    let left = place.address().connect().await.unwrap();
    let reads = format!("BEGIN; SELECT count(*) FROM {SCHEMA}.account");
    left.batch_execute(&reads).await.unwrap();

    let store = history.store.clone();
    let purging = tokio::spawn(async move { store.purge().await });
    let mut reads = 0;
    while !purging.is_finished() {
        let began = Instant::now();
        assert_eq!(history.every_account().await.len(), 2);
        assert!(began.elapsed() < Duration::from_secs(5));
        reads += 1;
    }
    purging.await.unwrap().unwrap_err();
    assert!(reads > 0);
    // It waits for its turn; the fold goes on meanwhile.
    history.add([(4, registered(3))]).await;
    left.batch_execute("ROLLBACK").await.unwrap();
    history.store.purge().await.unwrap();
    history.is_as_folded_anew().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_purge_waits_for_who_writes_in_another_database() {
    // A server of its own: purges of other tests would wait, too.
    let Some(server) = server() else { return };
    let place = Schema(server.database());
    let mut history = History::begin(&place).await;
    history.add([(1, registered(1)), (2, registered(2))]).await;
    let neighbour = Schema(server.database());
    let writing = neighbour.address().connect().await.unwrap();
    let writes = "BEGIN; SELECT pg_current_xact_id()";
    writing.batch_execute(writes).await.unwrap();
    history.add([(3, erased(1, Content::Remove))]).await;

    history.store.purge().await.unwrap_err();
    writing.batch_execute("ROLLBACK").await.unwrap();
    history.store.purge().await.unwrap();
    let bytes = place.bytes();
    assert!(!bytes.windows(8).any(|part| part == b"Member 1"));
}

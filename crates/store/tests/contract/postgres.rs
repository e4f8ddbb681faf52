//! PostgreSQL: a database of its own.

use std::sync::Arc;

use async_trait::async_trait;
use plaudit_postgres::Address;
use plaudit_store::postgres::PostgresStore;
use plaudit_store::{Result, SharedStore};
use plaudit_testing::postgres::{Database, database, execute, query};

use crate::Place;
use crate::history::rules;

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

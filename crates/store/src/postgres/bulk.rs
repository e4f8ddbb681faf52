//! Filling a generation from nothing, by PostgreSQL's binary COPY: without keys and indexes until the end, and
//! in one transaction, so that nothing is there before all is.

use std::borrow::Borrow;
use std::mem;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{SinkExt, pin_mut};
use plaudit_domain::Position;
use plaudit_postgres::tokio_postgres::{CopyInSink, Error};
use plaudit_postgres::{Address, Connection};
use plaudit_projection::row::{Cell, ColumnKind};
use plaudit_projection::{Key, Needs, PostBody, Profile, Row, Rows, TimelineEntry, Touched};
use rustc_hash::FxHashSet;

use super::session::PostgresMoment;
use super::{Lock, Mode, Place, PostgresStore, bind, connect, failed, schema, write};
use crate::engine::{Loader, Moment};
use crate::load::{BUDGET, Load, Told, overtaken};
use crate::progress::{Telling, Work};
use crate::reads::fetch;
use crate::statement::Dialect;
use crate::{Commit, Result, SharedStore, StoreError, tables, writes};

/// So many bytes are sent at once.
const SENT: usize = 1 << 18;

/// Texts of posts of which there was one already, in the order of their coming.
const LATER: &str = "CREATE TEMPORARY TABLE later_body
    (post bigint, body text COLLATE \"C\", place bigserial) ON COMMIT DROP";

/// Puts them in place of what was there.
const REPLACE: &str = "INSERT INTO post_body (post, body)
    SELECT DISTINCT ON (post) post, body FROM later_body ORDER BY post, place DESC
    ON CONFLICT (post) DO UPDATE SET body = excluded.body";

/// A generation that is being filled.
pub struct PostgresLoad {
    at: Arc<Place>,
    rules: String,
    budget: usize,
    /// Within a transaction until all rows are there.
    connection: Connection,
    /// The posts of which there is a text.
    bodies: FxHashSet<Key>,
    /// Up to where rounds are written, once one is.
    written: Option<Position>,
    /// As long as it is held nobody removes the schema.
    in_use: Lock,
}

impl PostgresLoad {
    /// Begins a generation in a new schema, for what is folded by the rules of a hash; what was there is
    /// removed.
    ///
    /// # Errors
    /// If the database can't be reached, or somebody has open what is there.
    pub async fn begin(address: &Address, schema: &str, rules: &str) -> Result<Self> {
        if !schema::remove(address, schema).await? {
            return Err(StoreError::Storage {
                place: format!("in schema {schema} of {address}"),
                source: "another process has it open".into(),
            });
        }
        let in_use = Lock::hold(address, &schema::in_use(schema), Mode::Shared)
            .await
            .map_err(|error| failed(schema, error))?;
        let at = Arc::new(Place::new(address, schema)?);
        let connection = connect(address, schema).await?;
        let begin = format!("BEGIN; {} {LATER};", schema::create(schema));
        let begun = connection.batch_execute(&begin).await;
        begun.map_err(|error| at.failed(at.error(error)))?;
        Ok(Self {
            at,
            rules: rules.to_owned(),
            budget: BUDGET,
            connection,
            bodies: FxHashSet::default(),
            written: None,
            in_use,
        })
    }

    /// The same, with another budget of memory, in bytes.
    pub fn within(self, budget: usize) -> Self {
        Self { budget, ..self }
    }

    /// Texts and the timeline of the first round.
    async fn copy_settled(&mut self, rows: &Rows) -> Result<()> {
        let known = &mut self.bodies;
        let (first, later): (Vec<&PostBody>, Vec<&PostBody>) =
            rows.bodies.iter().partition(|body| known.insert(body.post));
        let client = &self.connection;
        let copied = async {
            copy::<PostBody, _>(client, PostBody::TABLE, &first).await?;
            copy::<PostBody, _>(client, "later_body", &later).await?;
            copy::<TimelineEntry, _>(client, TimelineEntry::TABLE, &rows.timeline).await?;
            copy::<Profile, _>(client, Profile::TABLE, &rows.profiles).await
        };
        copied
            .await
            .map_err(|error| self.at.failed(self.at.error(error)))
    }

    async fn commit(&self, rows: &Rows, from: Position, to: Position) -> Result<()> {
        match write::commit(&self.at, rows, from, to).await? {
            Commit::Done => Ok(()),
            Commit::Overtaken { at } => Err(overtaken(from, at).into()),
        }
    }

    async fn end(
        &self,
        rows: &Rows,
        position: Position,
        work: &mut Work<'_>,
    ) -> std::result::Result<(), Error> {
        let client = &self.connection;
        for (table, sql) in schema::finish() {
            client.batch_execute(&sql).await?;
            work.indexed(table);
        }
        client.batch_execute(REPLACE).await?;
        let shape = schema::expected_shape(&self.rules);
        let started = writes::started(rows, position, &shape);
        let start = writes::start().text(Dialect::Postgres);
        client
            .execute_raw(start, started.iter().map(write::bound))
            .await?;
        client.batch_execute("COMMIT").await?;
        // Else plans were made as if the tables were empty, until somebody looks.
        let tables = tables::declared();
        let names = tables.iter().map(|table| format!("\"{}\"", table.name));
        let names = names.collect::<Vec<_>>().join(", ");
        client.batch_execute(&format!("ANALYZE {names}")).await
    }
}

#[async_trait]
impl Load for PostgresLoad {
    fn budget(&self) -> usize {
        self.budget
    }

    async fn settle(&mut self, rows: &mut Rows) -> Result<()> {
        // Entries of the ledger can't be found before there are keys, so they stay until their round is written.
        let mut settled = Rows::default();
        mem::swap(&mut settled.bodies, &mut rows.bodies);
        mem::swap(&mut settled.timeline, &mut rows.timeline);
        mem::swap(&mut settled.profiles, &mut rows.profiles);
        match self.written {
            None => self.copy_settled(&settled).await,
            Some(at) => self.commit(&settled, at, at).await,
        }
    }

    async fn fetch(&mut self, touched: &Touched, rows: &mut Rows) -> Result<()> {
        if self.written.is_none() {
            return Ok(());
        }
        let moment = PostgresMoment::begin(self.at.clone()).await?;
        fetch::touched(&moment, touched, rows).await?;
        moment.end().await
    }

    async fn fetch_for(&mut self, needs: &Needs, rows: &mut Rows) -> Result<()> {
        if self.written.is_none() {
            return Ok(());
        }
        let moment = PostgresMoment::begin(self.at.clone()).await?;
        fetch::needed(&moment, needs, rows).await?;
        moment.end().await
    }

    async fn write(
        &mut self,
        rows: &Rows,
        from: Position,
        to: Position,
        told: Told<'_>,
    ) -> Result<()> {
        if self.written.replace(to).is_some() {
            return self.commit(rows, from, to).await;
        }
        let mut work = Work::of(rows, schema::finish().map(|(table, _)| table), told).await?;
        let mut tables = Telling {
            loader: Tables {
                at: &self.at,
                connection: &self.connection,
            },
            work: &mut work,
        };
        writes::load(&mut tables, rows).await?;
        let ended = self.end(rows, to, &mut work).await;
        ended.map_err(|error| self.at.failed(self.at.error(error)))
    }

    async fn complete(&mut self, _: Told<'_>) -> Result<()> {
        // Nothing is found without keys and indexes, so they were made with the first round.
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<SharedStore> {
        let Self {
            at, rules, in_use, ..
        } = *self;
        let store = PostgresStore::open_to_read(&at.address, &at.schema, &rules).await?;
        drop(in_use);
        Ok(Arc::new(store))
    }
}

/// A table at a time.
struct Tables<'a> {
    at: &'a Place,
    connection: &'a Connection,
}

impl Loader for Tables<'_> {
    async fn load<R: Row, B: Borrow<R> + Sync>(&mut self, rows: &[B]) -> Result<()> {
        let copied = copy::<R, B>(self.connection, R::TABLE, rows).await;
        copied.map_err(|error| self.at.failed(self.at.error(error)))
    }
}

/// Copies rows into a table with their columns.
async fn copy<R: Row, B: Borrow<R> + Sync>(
    connection: &Connection,
    table: &str,
    rows: &[B],
) -> std::result::Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let columns = R::table_columns();
    let names: Vec<_> = columns
        .iter()
        .map(|it| format!("\"{}\"", it.name))
        .collect();
    let kinds: Vec<ColumnKind> = columns.iter().map(|column| column.kind).collect();
    let sql = format!(
        "COPY \"{table}\" ({}) FROM STDIN (FORMAT binary)",
        names.join(", ")
    );
    let sink: CopyInSink<Bytes> = connection.copy_in(&sql).await?;
    pin_mut!(sink);
    let mut buffer = BytesMut::with_capacity(SENT + 4_096);
    // What its documentation asks for: a signature, flags, and a header that is empty.
    buffer.put_slice(b"PGCOPY\n\xff\r\n\0");
    buffer.put_slice(&[0; 8]);
    for row in rows {
        put_row(&mut buffer, row.borrow(), &kinds);
        if buffer.len() >= SENT {
            let full = buffer.split().freeze();
            buffer.reserve(SENT + 4_096);
            sink.as_mut().send(full).await?;
        }
    }
    buffer.put_i16(-1);
    sink.as_mut().send(buffer.freeze()).await?;
    sink.finish().await.map(drop)
}

fn put_row<R: Row>(buffer: &mut BytesMut, row: &R, kinds: &[ColumnKind]) {
    // No table has as many.
    buffer.put_i16(i16::try_from(kinds.len()).unwrap_or(i16::MAX));
    let mut kinds = kinds.iter();
    row.write(&mut |cell| match (cell, kinds.next()) {
        (Cell::Integer(truth), Some(ColumnKind::Boolean)) => {
            buffer.put_i32(1);
            buffer.put_u8(u8::from(truth != 0));
        }
        (Cell::Integer(number), _) => {
            buffer.put_i32(8);
            buffer.put_i64(number);
        }
        (Cell::Text(text), _) => put_bytes(buffer, bind::kept(text).as_bytes()),
        (Cell::Bytes(bytes), _) => put_bytes(buffer, bytes),
        (Cell::Null, _) => buffer.put_i32(-1),
    });
}

fn put_bytes(buffer: &mut BytesMut, bytes: &[u8]) {
    // The server takes no more than 1 GB, and says so.
    buffer.put_i32(i32::try_from(bytes.len()).unwrap_or(i32::MAX));
    buffer.put_slice(bytes);
}

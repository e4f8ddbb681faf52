//! Writing within a transaction of PostgreSQL: what is written of a table goes in one statement, and all of them
//! go at once.

use std::collections::HashMap;
use std::sync::LazyLock;

use plaudit_domain::Position;
use plaudit_postgres::tokio_postgres::Error;
use plaudit_postgres::tokio_postgres::types::ToSql;
use plaudit_postgres::{Object, Transaction};
use plaudit_projection::row::ColumnKind;
use plaudit_projection::{Row, Rows};
use sea_query::PostgresQueryBuilder;

use super::bind::Owned;
use super::schema::plain_type_name;
use super::session::pipelined;
use super::{Place, lease};
use crate::engine::Writer;
use crate::statement::{Dialect, Param, Statement};
use crate::tables::for_every_row;
use crate::{Commit, Result, sql, writes};

/// So many rows go in one statement at most.
const ROWS: usize = 5_000;

/// Writes the changed rows of a batch and moves the position, all or none.
pub async fn commit(at: &Place, rows: &Rows, from: Position, to: Position) -> Result<Commit> {
    let mut plan = Plan::default();
    writes::write(&mut plan, rows)?;
    let moved = writes::advanced(rows, from, to).map(Owned::from);
    let committed = async {
        let mut connection: Object = at.connection().await?;
        let committed = async {
            let transaction = connection.transaction().await?;
            let advance = writes::advance().text(Dialect::Postgres);
            let advance = transaction.prepare_cached(advance).await?;
            // Whoever folds the same waits here for who came first, and finds then that it is done.
            if transaction.execute_raw(&advance, moved.iter()).await? == 0 {
                let at = transaction
                    .query_one("SELECT position FROM progress", &[])
                    .await?;
                let at: i64 = at.get(0);
                return Ok(Commit::Overtaken {
                    at: at.cast_unsigned(),
                });
            }
            plan.run(&transaction).await?;
            transaction.batch_execute(lease::NOTIFY).await?;
            transaction.commit().await?;
            Ok(Commit::Done)
        };
        committed.await.map_err(|error: Error| at.error(error))
    };
    committed.await.map_err(|error| at.failed(error))
}

/// A parameter, to be sent.
pub fn bound<'a>(param: &'a Param<'a>) -> &'a (dyn ToSql + Sync) {
    param
}

/// What is to be written.
#[derive(Default)]
pub struct Plan(Vec<Step>);

struct Step {
    sql: Sql,
    params: Vec<Owned>,
}

/// What a step says: something of a table, or what stands elsewhere.
enum Sql {
    Made(&'static str),
    Other(String),
}

impl Sql {
    fn text(&self) -> &str {
        match self {
            Self::Made(text) => text,
            Self::Other(text) => text,
        }
    }
}

impl Plan {
    /// Does it all.
    pub async fn run(&self, transaction: &Transaction<'_>) -> std::result::Result<(), Error> {
        let mut statements = Vec::with_capacity(self.0.len());
        for step in &self.0 {
            statements.push(transaction.prepare_cached(step.sql.text()).await?);
        }
        let steps = statements.iter().zip(&self.0);
        let sent = steps.map(|(statement, step)| transaction.execute_raw(statement, &step.params));
        pipelined(sent).await.map(drop)
    }

    fn rows<'a, R: Row>(&mut self, sql: &'static str, rows: impl Iterator<Item = &'a R>) {
        let kinds: Vec<ColumnKind> = kinds::<R>();
        let mut lists = Lists::new(&kinds);
        for row in rows {
            let mut at = 0;
            row.write(&mut |cell| {
                lists.push(at, Param::of(cell));
                at += 1;
            });
            if lists.end_row() == ROWS {
                self.0.push(lists.step(Sql::Made(sql)));
                lists = Lists::new(&kinds);
            }
        }
        if lists.rows > 0 {
            self.0.push(lists.step(Sql::Made(sql)));
        }
    }
}

/// The columns of some rows.
struct Lists {
    lists: Vec<Owned>,
    rows: usize,
}

impl Lists {
    fn new(kinds: &[ColumnKind]) -> Self {
        Self {
            lists: kinds.iter().copied().map(Owned::list).collect(),
            rows: 0,
        }
    }

    fn push(&mut self, at: usize, param: Param<'_>) {
        if let Some(list) = self.lists.get_mut(at) {
            list.push(param);
        }
    }

    fn end_row(&mut self) -> usize {
        self.rows += 1;
        self.rows
    }

    fn step(self, sql: Sql) -> Step {
        let params = self.lists;
        Step { sql, params }
    }
}

impl Writer for Plan {
    fn insert<'a, R: Row>(&mut self, rows: impl Iterator<Item = &'a R>) -> Result<()> {
        self.rows(&WRITES[R::TABLE].insert, rows);
        Ok(())
    }

    fn update<'a, R: Row>(&mut self, rows: impl Iterator<Item = (&'a R, &'a R)>) -> Result<()> {
        self.rows(&WRITES[R::TABLE].update, rows.map(|(_, after)| after));
        Ok(())
    }

    fn put<'a, R: Row>(&mut self, rows: impl Iterator<Item = &'a R>) -> Result<()> {
        self.rows(&WRITES[R::TABLE].upsert, rows);
        Ok(())
    }

    fn remove<R: Row, const N: usize>(&mut self, keys: &[[Param<'_>; N]]) -> Result<()> {
        let kinds: Vec<ColumnKind> = primary::<R>().map(|(_, kind)| kind).collect();
        for keys in keys.chunks(ROWS) {
            let mut lists = Lists::new(&kinds);
            for key in keys {
                for (at, part) in key.iter().enumerate() {
                    lists.push(at, *part);
                }
            }
            self.0.push(lists.step(Sql::Made(&WRITES[R::TABLE].delete)));
        }
        Ok(())
    }

    fn run<const N: usize>(
        &mut self,
        statement: &Statement,
        keys: &[[Param<'_>; N]],
    ) -> Result<()> {
        for key in keys {
            self.0.push(Step {
                sql: Sql::Other(statement.text(Dialect::Postgres).to_owned()),
                params: key.iter().copied().map(Owned::from).collect(),
            });
        }
        Ok(())
    }
}

/// The statements that write a table, by its name.
static WRITES: LazyLock<HashMap<&'static str, Writes>> = LazyLock::new(|| {
    fn writes<R: Row>() -> (&'static str, Writes) {
        (R::TABLE, Writes::of::<R>())
    }
    for_every_row!(writes).into_iter().collect()
});

/// Statements of a list for each column.
struct Writes {
    insert: String,
    upsert: String,
    update: String,
    delete: String,
}

impl Writes {
    fn of<R: Row>() -> Self {
        let table = R::TABLE;
        let names: Vec<&'static str> = sql::names::<R>().collect();
        let rows = format!("SELECT * FROM {}", lists(kinds::<R>().into_iter()));
        // What comes of a row at a time, for lists of rows.
        let of_lists = |one: String| {
            let numbers: Vec<String> = (1..=names.len()).map(|at| format!("?{at}")).collect();
            one.replace(&format!("VALUES ({})", numbers.join(", ")), &rows)
        };
        let quoted = |names: &[&str]| format!("\"{}\"", names.join("\", \""));
        let is_key = |key: &[&str]| {
            let same = key
                .iter()
                .map(|name| format!("\"{table}\".\"{name}\" = new.\"{name}\""));
            same.collect::<Vec<_>>().join(" AND ")
        };
        let rest = names.iter().filter(|name| !R::PRIMARY.contains(*name));
        let set: Vec<_> = rest
            .map(|name| format!("\"{name}\" = new.\"{name}\""))
            .collect();
        Self {
            insert: of_lists(sql::insert::<R>().to_string(PostgresQueryBuilder)),
            upsert: of_lists(sql::upsert::<R>().to_string(PostgresQueryBuilder)),
            update: format!(
                "UPDATE \"{table}\" SET {} FROM {} AS new ({}) WHERE {}",
                set.join(", "),
                lists(kinds::<R>().into_iter()),
                quoted(&names),
                is_key(R::PRIMARY),
            ),
            delete: format!(
                "DELETE FROM \"{table}\" USING {} AS new ({}) WHERE {}",
                lists(primary::<R>().map(|(_, kind)| kind)),
                quoted(R::PRIMARY),
                is_key(R::PRIMARY),
            ),
        }
    }
}

/// Rows of a list for each column.
fn lists(kinds: impl Iterator<Item = ColumnKind>) -> String {
    let list = |(at, kind)| format!("CAST(${at} AS {}[])", plain_type_name(kind));
    let lists: Vec<String> = (1..)
        .zip(kinds)
        .map(|(at, kind): (u32, _)| list((at, kind)))
        .collect();
    format!("unnest({})", lists.join(", "))
}

fn kinds<R: Row>() -> Vec<ColumnKind> {
    R::table_columns()
        .iter()
        .map(|column| column.kind)
        .collect()
}

/// The columns of the primary key.
fn primary<R: Row>() -> impl Iterator<Item = (&'static str, ColumnKind)> {
    let columns = R::table_columns();
    R::PRIMARY.iter().filter_map(move |name| {
        let column = columns.iter().find(|column| column.name == *name)?;
        Some((column.name, column.kind))
    })
}

//! Writing within a transaction of SQLite: at once, a row at a time, by statements that stay prepared.

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use plaudit_domain::Position;
use plaudit_projection::{Row, Rows};
use rusqlite::{Connection, TransactionBehavior};
use sea_query::SqliteQueryBuilder;

use crate::engine::Writer;
use crate::statement::{Dialect, Param, Statement};
use crate::tables::for_every_row;
use crate::{Commit, Result, sql, writes};

use super::{Failure, bind, schema};

/// Writes the changed rows of a batch and moves the position, all or none.
pub fn commit(
    connection: &mut Connection,
    path: &Path,
    rows: &Rows,
    from: Position,
    to: Position,
) -> std::result::Result<Commit, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let advance = writes::advance().text(Dialect::Sqlite);
    let mut statement = transaction.prepare_cached(advance)?;
    let moved = bind::run(&mut statement, &writes::advanced(rows, from, to))?;
    drop(statement);
    if moved == 0 {
        let at = schema::position(&transaction)?;
        return Ok(Commit::Overtaken { at });
    }
    let mut direct = Direct {
        connection: &transaction,
        path,
    };
    writes::write(&mut direct, rows)?;
    transaction.commit()?;
    Ok(Commit::Done)
}

/// Writes at once.
pub struct Direct<'a> {
    /// What to.
    pub connection: &'a Connection,
    /// Where that is.
    pub path: &'a Path,
}

impl Direct<'_> {
    fn keyed<const N: usize>(
        &self,
        sql: &str,
        keys: &[[Param<'_>; N]],
    ) -> std::result::Result<(), Failure> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut statement = self.connection.prepare_cached(sql)?;
        for key in keys {
            bind::run(&mut statement, key)?;
        }
        Ok(())
    }

    fn whole<'a, R: Row>(
        &self,
        sql: &str,
        rows: impl Iterator<Item = &'a R>,
    ) -> std::result::Result<(), Failure> {
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        let mut statement = self.connection.prepare_cached(sql)?;
        for row in rows {
            bind::execute(&mut statement, row)?;
        }
        Ok(())
    }

    fn changed<'a, R: Row>(
        &self,
        rows: impl Iterator<Item = (&'a R, &'a R)>,
    ) -> std::result::Result<(), Failure> {
        let Writes {
            update, reindex, ..
        } = &WRITES[R::TABLE];
        for (before, after) in rows {
            let (before, after) = (bind::cells(before), bind::cells(after));
            let is_reindexed = update.left_out.iter().any(|&at| before[at] != after[at]);
            let update = if is_reindexed { reindex } else { update };
            let mut statement = self.connection.prepare_cached(&update.sql)?;
            bind::execute_with(&mut statement, update.cells.iter().map(|&at| after[at]))?;
        }
        Ok(())
    }
}

impl Writer for Direct<'_> {
    fn insert<'a, R: Row>(&mut self, rows: impl Iterator<Item = &'a R>) -> Result<()> {
        self.whole(&WRITES[R::TABLE].insert, rows)
            .map_err(|failure| failure.at(self.path))
    }

    fn update<'a, R: Row>(&mut self, rows: impl Iterator<Item = (&'a R, &'a R)>) -> Result<()> {
        self.changed(rows).map_err(|failure| failure.at(self.path))
    }

    fn put<'a, R: Row>(&mut self, rows: impl Iterator<Item = &'a R>) -> Result<()> {
        self.whole(&WRITES[R::TABLE].upsert, rows)
            .map_err(|failure| failure.at(self.path))
    }

    fn remove<R: Row, const N: usize>(&mut self, keys: &[[Param<'_>; N]]) -> Result<()> {
        self.keyed(&WRITES[R::TABLE].delete, keys)
            .map_err(|failure| failure.at(self.path))
    }

    fn run<const N: usize>(
        &mut self,
        statement: &Statement,
        keys: &[[Param<'_>; N]],
    ) -> Result<()> {
        self.keyed(statement.text(Dialect::Sqlite), keys)
            .map_err(|failure| failure.at(self.path))
    }
}

/// The statements that write a table, by its name.
static WRITES: LazyLock<HashMap<&'static str, Writes>> = LazyLock::new(|| {
    fn writes<R: Row>() -> (&'static str, Writes) {
        (R::TABLE, Writes::of::<R>())
    }
    for_every_row!(writes).into_iter().collect()
});

struct Writes {
    insert: String,
    upsert: String,
    /// Leaves what is indexed as it is: setting it would write every index anew, even to the same.
    update: Update,
    /// Leaves out nothing.
    reindex: Update,
    delete: String,
}

/// A statement that changes a row; its parameters are cells of the row.
struct Update {
    sql: String,
    cells: Vec<usize>,
    left_out: Vec<usize>,
}

impl Writes {
    fn of<R: Row>() -> Self {
        let indexed = R::UNIQUE.iter().chain(R::INDEXES).copied().flatten();
        let indexed: Vec<&str> = indexed.copied().collect();
        Self {
            insert: sql::insert::<R>().to_string(SqliteQueryBuilder),
            upsert: sql::upsert::<R>().to_string(SqliteQueryBuilder),
            update: Update::of::<R>(&indexed),
            reindex: Update::of::<R>(&[]),
            delete: sql::delete::<R>().to_string(SqliteQueryBuilder),
        }
    }
}

impl Update {
    fn of<R: Row>(left_out: &[&str]) -> Self {
        let names: Vec<&'static str> = sql::names::<R>().collect();
        let changed = |name: &&str| !R::PRIMARY.contains(name) && !left_out.contains(name);
        let changed = names.iter().copied().filter(changed);
        let place = |name: &str| names.iter().position(|other| *other == name);
        let parameters = changed.clone().chain(R::PRIMARY.iter().copied());
        Self {
            sql: sql::update::<R>(changed).to_string(SqliteQueryBuilder),
            cells: parameters.filter_map(place).collect(),
            left_out: left_out.iter().copied().filter_map(place).collect(),
        }
    }
}

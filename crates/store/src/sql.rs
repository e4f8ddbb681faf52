//! Statements that follow from a row: its table, its columns, its keys.

use plaudit_projection::Row;
use plaudit_projection::row::{Column, ColumnKind};
use sea_query::{
    Alias, ColumnDef, DeleteStatement, Expr, ExprTrait, Index, IndexCreateStatement,
    InsertStatement, IntoIden, OnConflict, Order, Query, SelectStatement, SqliteQueryBuilder,
    Table, TableCreateStatement, UpdateStatement,
};

use crate::snapshot::Table as Declared;

/// How an engine names the types of columns.
pub type TypeName = fn(ColumnKind) -> &'static str;

/// The table of a row, with its key, and without its indexes.
pub fn create_table<R: Row>(type_name: TypeName) -> TableCreateStatement {
    let mut table = create_columns::<R>(type_name);
    let mut primary = Index::create();
    for column in R::PRIMARY {
        primary.col(*column);
    }
    table.primary_key(&mut primary);
    table
}

/// The table of a row, without its key.
pub fn create_columns<R: Row>(type_name: TypeName) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(R::TABLE);
    for column in R::table_columns() {
        let Column {
            name,
            kind,
            nullable,
        } = column;
        let mut definition = ColumnDef::new(name);
        definition.custom(Alias::new(type_name(kind)));
        if !nullable {
            definition.not_null();
        }
        table.col(&mut definition);
    }
    table
}

/// The indexes of a row's table: they are made after a bulk load. Those in which rows may be alike end with
/// what else tells them apart.
pub fn create_indexes<R: Row>(apart: &[&'static str]) -> Vec<IndexCreateStatement> {
    let index = |columns: &[&'static str], unique: bool| {
        let mut index = Index::create();
        index.name(index_name::<R>(columns)).table(R::TABLE);
        for column in columns {
            index.col(*column);
        }
        if unique {
            index.unique();
            return index;
        }
        for column in apart.iter().filter(|column| !columns.contains(column)) {
            index.col(*column);
        }
        index
    };
    let unique = R::UNIQUE.iter().map(|columns| index(columns, true));
    let plain = R::INDEXES.iter().map(|columns| index(columns, false));
    unique.chain(plain).collect()
}

/// What the indexes are called.
pub fn index_names<R: Row>() -> impl Iterator<Item = String> {
    let all = R::UNIQUE.iter().chain(R::INDEXES);
    all.map(|columns| index_name::<R>(columns))
}

fn index_name<R: Row>(columns: &[&'static str]) -> String {
    format!("{}_by_{}", R::TABLE, columns.join("_"))
}

/// What a statement without values says, for [any engine](crate::statement::Statement::new).
pub fn said(select: &SelectStatement) -> String {
    select.to_string(SqliteQueryBuilder)
}

/// All columns of a row, in the order in which it is read.
pub fn select<R: Row>() -> SelectStatement {
    let mut select = Query::select();
    select
        .columns(names::<R>().map(|name| (R::TABLE, name)))
        .from(R::TABLE);
    select
}

/// The next rows of a table in the order of its key, all of them or those after one whose key comes as
/// parameters.
pub fn page_by_key(table: &Declared, after: bool, limit: u32) -> String {
    let names = table.columns.iter().map(|column| column.name);
    let key = table.primary.iter().filter_map(|&at| table.columns.get(at));
    let mut page = Query::select();
    page.columns(names).from(table.name).limit(limit.into());
    for column in key.clone() {
        page.order_by(column.name, Order::Asc);
    }
    if after {
        let key_is = Expr::tuple(key.clone().map(|column| Expr::col(column.name)));
        page.and_where(key_is.gt(Expr::tuple((1..).zip(key).map(|(at, _)| parameter(at)))));
    }
    said(&page)
}

/// A new row; its values come as parameters, in the order of its columns.
pub fn insert<R: Row>() -> InsertStatement {
    insert_many::<R>(1)
}

/// So many new rows.
pub fn insert_many<R: Row>(rows: usize) -> InsertStatement {
    let mut insert = Query::insert();
    insert.into_table(R::TABLE).columns(names::<R>());
    let mut numbers = 1..;
    for _ in 0..rows {
        let parameters = names::<R>().zip(&mut numbers);
        insert.values_panic(parameters.map(|(_, number)| parameter(number)));
    }
    insert
}

/// A row, new or in place of the one with its key. What no two rows share is its identity, and
/// stays.
pub fn upsert<R: Row>() -> InsertStatement {
    let identity = [R::PRIMARY].into_iter().chain(R::UNIQUE.iter().copied());
    let identity: Vec<&str> = identity.flatten().copied().collect();
    let rest = names::<R>().filter(|name| !identity.contains(name));
    let mut conflict = OnConflict::columns(R::PRIMARY.iter().copied());
    if rest.clone().next().is_some() {
        conflict.update_columns(rest);
    } else {
        conflict.do_nothing();
    }
    insert::<R>().on_conflict(conflict).to_owned()
}

/// Changes some columns of the row with this key; first they, then its parts come as parameters.
pub fn update<R: Row>(columns: impl IntoIterator<Item = &'static str>) -> UpdateStatement {
    let mut update = Query::update();
    let mut numbers = 1..;
    update.table(R::TABLE).values(
        columns
            .into_iter()
            .zip(&mut numbers)
            .map(|(name, at)| (name, parameter(at))),
    );
    for (column, number) in R::PRIMARY.iter().zip(numbers) {
        update.and_where(Expr::col(*column).eq(parameter(number)));
    }
    update
}

/// Removes the row with this key; its parts come as parameters.
pub fn delete<R: Row>() -> DeleteStatement {
    let mut delete = Query::delete();
    delete.from_table(R::TABLE);
    for (column, number) in R::PRIMARY.iter().zip(1..) {
        delete.and_where(Expr::col(*column).eq(parameter(number)));
    }
    delete
}

/// A parameter, by its number.
pub fn parameter(number: u32) -> Expr {
    Expr::cust(format!("?{number}"))
}

/// The names of all columns.
pub fn names<R: Row>() -> impl Iterator<Item = &'static str> + Clone {
    R::table_columns()
        .into_iter()
        .map(|column| column.name)
        .collect::<Vec<_>>()
        .into_iter()
}

/// A column of a table, for expressions.
pub fn column(table: &'static str, name: &'static str) -> Expr {
    Expr::col((table.into_iden(), name.into_iden()))
}

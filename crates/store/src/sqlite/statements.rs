//! How statements are made that read pages, and rows by what they have.

use plaudit_projection::Row;
use sea_query::{Expr, ExprTrait, Order as SqlOrder, Query, SelectStatement, SqliteQueryBuilder};

use crate::Order;
use crate::sql::{self, column};

/// What is beyond a place, in an order.
pub fn beyond(order: Order, columns: [Expr; 2], place: [Expr; 2]) -> Expr {
    let (columns, place) = (Expr::tuple(columns), Expr::tuple(place));
    match order {
        Order::Ascending => columns.gt(place),
        Order::Descending => columns.lt(place),
    }
}

/// The direction of an order.
pub fn sql_order(order: Order) -> SqlOrder {
    match order {
        Order::Ascending => SqlOrder::Asc,
        Order::Descending => SqlOrder::Desc,
    }
}

/// At most ?3 rows beyond (?1, ?2).
pub fn page_of<R: Row>(columns: [&'static str; 2], order: Order) -> String {
    page_among(sql::select::<R>(), R::TABLE, columns, order)
}

/// The same of those rows whose column is what ?4 says.
pub fn page_of_those<R: Row>(
    which: &'static str,
    columns: [&'static str; 2],
    order: Order,
) -> String {
    let mut select = sql::select::<R>();
    select.and_where(column(R::TABLE, which).eq(Expr::cust("?4")));
    page_among(select, R::TABLE, columns, order)
}

/// Of what is selected, at most ?3 rows beyond (?1, ?2).
pub fn page_among(
    mut select: SelectStatement,
    table: &'static str,
    columns: [&'static str; 2],
    order: Order,
) -> String {
    select.and_where(beyond(
        order,
        columns.map(|name| column(table, name)),
        [Expr::cust("?1"), Expr::cust("?2")],
    ));
    for name in columns {
        select.order_by((table, name), sql_order(order));
    }
    format!("{} LIMIT ?3", select.to_string(SqliteQueryBuilder))
}

/// Rows whose columns equal the parameters.
pub fn equal<R: Row>(names: impl IntoIterator<Item = &'static str>) -> String {
    let mut select = sql::select::<R>();
    for name in names {
        select.and_where(column(R::TABLE, name).eq(Expr::cust("?")));
    }
    select.to_string(SqliteQueryBuilder)
}

/// Rows from the key of the first parameter up to, but not with, that of the second.
pub fn between_keys<R: Row>() -> String {
    let key = || column(R::TABLE, "key");
    sql::select::<R>()
        .and_where(key().gte(Expr::cust("?1")))
        .and_where(key().lt(Expr::cust("?2")))
        .order_by((R::TABLE, "key"), SqlOrder::Asc)
        .to_string(SqliteQueryBuilder)
}

/// The posts among the first parameter that the account of the second is paired with.
pub fn pairs_of_account<R: Row>() -> String {
    Query::select()
        .column("post")
        .from(R::TABLE)
        .and_where(in_array(column(R::TABLE, "post")))
        .and_where(column(R::TABLE, "account").eq(Expr::cust("?2")))
        .to_string(SqliteQueryBuilder)
}

/// Whether a column is among a parameter.
pub fn in_array(column: Expr) -> Expr {
    Expr::cust_with_expr("? IN rarray(??1)", column)
}

/// For each parent among the first parameter, at most ?4 rows beyond (?2, ?3): one statement for
/// all parents, which reads no more of each than its page.
pub fn pages<R: Row>(
    parent: &'static str,
    place: [&'static str; 2],
    order: Order,
    restrict: impl FnOnce(&mut SelectStatement),
) -> String {
    pages_of::<R>(&[(parent, "parent", 1)], place, order, restrict)
}

/// The same for each parent among the first parameter and each of what the fifth has.
pub fn pages_of_each<R: Row>(
    [parent, other]: [&'static str; 2],
    place: [&'static str; 2],
    order: Order,
    restrict: impl FnOnce(&mut SelectStatement),
) -> String {
    let parents = [(parent, "parent", 1), (other, "other", 5)];
    pages_of::<R>(&parents, place, order, restrict)
}

/// The parents are columns, each with a name and the parameter that it is among.
fn pages_of<R: Row>(
    parents: &[(&'static str, &str, u32)],
    [at, key]: [&'static str; 2],
    order: Order,
    restrict: impl FnOnce(&mut SelectStatement),
) -> String {
    let mut part = Query::select();
    for (parent, name, _) in parents {
        part.and_where(column(R::TABLE, parent).eq(Expr::cust(format!("{name}.value"))));
    }
    part.columns(R::PRIMARY.iter().copied())
        .from(R::TABLE)
        .and_where(beyond(
            order,
            [column(R::TABLE, at), column(R::TABLE, key)],
            [Expr::cust("?2"), Expr::cust("?3")],
        ));
    restrict(&mut part);
    let direction = match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    };
    let part = part
        .order_by(at, sql_order(order))
        .order_by(key, sql_order(order))
        .to_string(SqliteQueryBuilder);
    let primary = R::PRIMARY
        .iter()
        .map(|name| format!("page.\"{name}\""))
        .collect::<Vec<_>>()
        .join(", ");
    let columns = R::table_columns()
        .iter()
        .map(|column| format!("page.\"{}\"", column.name))
        .collect::<Vec<_>>()
        .join(", ");
    let from = parents
        .iter()
        .map(|(_, name, parameter)| format!("rarray(?{parameter}) AS {name}"))
        .collect::<Vec<_>>()
        .join(" CROSS JOIN ");
    let order = parents
        .iter()
        .map(|(parent, ..)| format!("page.\"{parent}\""))
        .collect::<Vec<_>>()
        .join(", ");
    // sea-query knows no correlated join with a limit of its own.
    format!(
        "SELECT {columns} FROM {from} \
         CROSS JOIN \"{table}\" AS page ON ({primary}) IN ({part} LIMIT ?4) \
         ORDER BY {order}, page.\"{at}\" {direction}, page.\"{key}\" {direction}",
        table = R::TABLE,
    )
}

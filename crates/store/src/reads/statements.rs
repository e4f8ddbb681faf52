//! How statements are made that read pages, and rows by what they have.

use plaudit_projection::Row;
use sea_query::{Expr, ExprTrait, Order as SqlOrder, Query, SelectStatement};

use crate::Order;
use crate::sql::{self, column};
use crate::statement::Statement;

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
    format!("{} LIMIT ?3", sql::said(&select))
}

/// Rows whose columns equal the parameters.
pub fn equal<R: Row>(names: impl IntoIterator<Item = &'static str>) -> Statement {
    let mut select = sql::select::<R>();
    for (name, number) in names.into_iter().zip(1..) {
        select.and_where(column(R::TABLE, name).eq(sql::parameter(number)));
    }
    Statement::new(sql::said(&select))
}

/// Rows from the key of the first parameter up to, but not with, that of the second.
pub fn between_keys<R: Row>() -> Statement {
    let key = || column(R::TABLE, "key");
    let mut select = sql::select::<R>();
    select
        .and_where(key().gte(Expr::cust("?1")))
        .and_where(key().lt(Expr::cust("?2")))
        .order_by((R::TABLE, "key"), SqlOrder::Asc);
    Statement::new(sql::said(&select))
}

/// The posts among the first parameter that the account of the second is paired with.
pub fn pairs_of_account<R: Row>() -> Statement {
    with_account::<R>("post")
}

/// What among the first parameter the account of the second is paired with.
pub fn with_account<R: Row>(other: &'static str) -> Statement {
    let mut select = Query::select();
    select
        .column(other)
        .from(R::TABLE)
        .and_where(in_array(column(R::TABLE, other)))
        .and_where(column(R::TABLE, "account").eq(Expr::cust("?2")));
    Statement::new(sql::said(&select))
}

/// Whether a column is among the first parameter.
pub fn in_array(column: Expr) -> Expr {
    among(column, 1)
}

/// Whether a column is among a parameter.
pub fn among(column: Expr, parameter: u32) -> Expr {
    Expr::cust_with_expr(format!("? IN rarray(??{parameter})"), column)
}

/// For each parent among the first parameter, at most ?4 rows beyond (?2, ?3): one statement for
/// all parents, which reads no more of each than its page.
pub fn pages<R: Row>(
    parent: &'static str,
    place: [&'static str; 2],
    order: Order,
    restrict: impl FnOnce(&mut SelectStatement),
) -> Statement {
    pages_of::<R>(&[(parent, "parent", 1)], place, order, restrict)
}

/// The same for each parent among the first parameter and each of what the fifth has.
pub fn pages_of_each<R: Row>(
    [parent, other]: [&'static str; 2],
    place: [&'static str; 2],
    order: Order,
    restrict: impl FnOnce(&mut SelectStatement),
) -> Statement {
    let parents = [(parent, "parent", 1), (other, "other", 5)];
    pages_of::<R>(&parents, place, order, restrict)
}

/// The parents are columns, each with a name and the parameter that it is among.
fn pages_of<R: Row>(
    parents: &[(&'static str, &str, u32)],
    [at, key]: [&'static str; 2],
    order: Order,
    restrict: impl FnOnce(&mut SelectStatement),
) -> Statement {
    let mut part = Query::select();
    for (parent, name, _) in parents {
        part.and_where(column(R::TABLE, parent).eq(Expr::cust(format!("{name}.value"))));
    }
    part.from(R::TABLE).and_where(beyond(
        order,
        [column(R::TABLE, at), column(R::TABLE, key)],
        [Expr::cust("?2"), Expr::cust("?3")],
    ));
    restrict(&mut part);
    let direction = match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    };
    part.order_by((R::TABLE, at), sql_order(order))
        .order_by((R::TABLE, key), sql_order(order));
    let keys = sql::said(part.clone().columns(R::PRIMARY.iter().copied()));
    let rows = sql::said(part.columns(sql::names::<R>().map(|name| (R::TABLE, name))));
    let of_page = |names: &mut dyn Iterator<Item = &'static str>| {
        let names: Vec<_> = names.map(|name| format!("page.\"{name}\"")).collect();
        names.join(", ")
    };
    let primary = of_page(&mut R::PRIMARY.iter().copied());
    let columns = of_page(&mut sql::names::<R>());
    let from = |list: &dyn Fn(&str, u32) -> String| {
        let lists = parents.iter();
        let lists: Vec<_> = lists.map(|&(_, name, at)| list(name, at)).collect();
        lists.join(" CROSS JOIN ")
    };
    let order = of_page(&mut parents.iter().map(|(parent, ..)| *parent));
    let order = format!("ORDER BY {order}, page.\"{at}\" {direction}, page.\"{key}\" {direction}");
    // sea-query knows no correlated join with a limit of its own, and SQLite no lateral one.
    let sqlite = format!(
        "SELECT {columns} FROM {from} \
         CROSS JOIN \"{table}\" AS page ON ({primary}) IN ({keys} LIMIT ?4) {order}",
        from = from(&|name, at| format!("rarray(?{at}) AS {name}")),
        table = R::TABLE,
    );
    let postgres = format!(
        "SELECT {columns} FROM {from} CROSS JOIN LATERAL ({rows} LIMIT ?4) AS page {order}",
        from = from(&|name, at| format!("unnest(CAST(?{at} AS bigint[])) AS {name}(value)")),
    );
    Statement::differing(sqlite, &postgres)
}

//! How SQLite goes about it: so that no read grows with the community, where a page does not.

use plaudit_domain::post::Kind;
use tempfile::TempDir;

use plaudit_projection::Key;
use rusqlite::Connection;
use sea_query::SqliteQueryBuilder;

use super::{SqliteStore, schema};
use crate::reads::posts::{count_of_posts, page_of_posts};
use crate::reads::{SQL, meetings};
use crate::statement::Dialect;
use crate::writes;
use crate::{Order, Page, PostFilter};

const BOTH: [Order; 2] = [Order::Ascending, Order::Descending];

fn connection() -> (TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("1.sqlite"), "").unwrap();
    let connection = store.connect().unwrap();
    (folder, connection)
}

fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    let mut steps = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(step) = rows.next().unwrap() {
        steps.push(step.get("detail").unwrap());
    }
    steps
}

fn some_filters() -> Vec<PostFilter> {
    let mut filters = Vec::new();
    for kinds in [
        vec![],
        vec![Kind::Article],
        vec![Kind::Article, Kind::Question],
        Kind::ALL.to_vec(),
    ] {
        for tag in [None, Some("tag".to_owned())] {
            for author in [None, Some(Key(1))] {
                for group in [None, Some(Key(2))] {
                    filters.push(PostFilter {
                        kinds: kinds.clone(),
                        tag: tag.clone(),
                        author,
                        group,
                    });
                }
            }
        }
    }
    filters
}

#[test]
fn a_page_of_posts_is_read_in_the_order_of_an_index_and_never_sorted() {
    let (_folder, connection) = connection();
    for filter in some_filters() {
        for order in BOTH {
            let page = Page {
                order,
                after: None,
                limit: 20,
            };
            let sql = page_of_posts(&filter, page).to_string(SqliteQueryBuilder);
            let plan = plan(&connection, &sql);
            assert!(
                plan.iter()
                    .all(|step| !step.starts_with("SCAN") && !step.contains("TEMP B-TREE")),
                "{filter:?} {order:?}: {plan:#?}"
            );
        }
    }
}

#[test]
fn pages_of_many_parents_are_read_in_the_order_of_an_index_and_sorted_once_cut() {
    let (_folder, connection) = connection();
    for statement in [
        &SQL.replies,
        &SQL.posts_of,
        &SQL.posts_in,
        &SQL.likes,
        &SQL.members,
    ] {
        for order in BOTH {
            let plan = plan(&connection, statement.get(order).text(Dialect::Sqlite));
            let [parents, rows, list, page, sort] = &plan[..] else {
                panic!("{plan:#?}");
            };
            assert!(
                parents.starts_with("SCAN parent VIRTUAL TABLE"),
                "{plan:#?}"
            );
            assert!(rows.starts_with("SEARCH page USING"), "{plan:#?}");
            assert!(rows.contains("PRIMARY KEY"), "{plan:#?}");
            assert!(list.starts_with("CORRELATED LIST SUBQUERY"), "{plan:#?}");
            assert!(page.starts_with("SEARCH "), "{plan:#?}");
            assert!(page.contains('>') || page.contains('<'), "{plan:#?}");
            assert_eq!(sort, "USE TEMP B-TREE FOR ORDER BY", "{plan:#?}");
        }
    }
}

#[test]
fn what_is_read_of_kudos_is_searched_and_a_page_of_it_never_sorted_before_it_is_cut() {
    let (_folder, connection) = connection();
    for statement in [
        &SQL.timeline,
        &SQL.ledger_of,
        &SQL.gifts_received,
        &SQL.gifts_given,
        &SQL.badge_awards,
        &SQL.milestone_awards,
    ] {
        for order in BOTH {
            let plan = plan(&connection, statement.get(order).text(Dialect::Sqlite));
            let (sort, steps) = plan.split_last().unwrap();
            assert_eq!(sort, "USE TEMP B-TREE FOR ORDER BY", "{plan:#?}");
            for step in steps {
                let is_scan = step.starts_with("SCAN") && !step.contains("VIRTUAL TABLE");
                assert!(!is_scan, "{plan:#?}");
                // Entries of one moment are few.
                let is_sort = step.contains("TEMP B-TREE") && !step.contains("LAST TERM");
                assert!(!is_sort, "{plan:#?}");
            }
        }
    }
}

#[test]
fn what_is_read_of_meetings_is_searched_and_a_page_of_it_never_sorted_before_it_is_cut() {
    let (_folder, connection) = connection();
    for statement in meetings::SQL.pages() {
        for order in BOTH {
            let plan = plan(&connection, statement.get(order).text(Dialect::Sqlite));
            for step in &plan[..plan.len() - 1] {
                let is_scan = step.starts_with("SCAN") && !step.contains("VIRTUAL TABLE");
                assert!(!is_scan, "{plan:#?}");
                let is_sort = step.contains("TEMP B-TREE") && !step.contains("LAST TERM");
                assert!(!is_sort, "{plan:#?}");
            }
        }
    }
}

#[test]
fn what_is_read_of_lozenges_is_searched_in_the_order_of_an_index() {
    let (_folder, connection) = connection();
    for statement in [&SQL.lozenge_request_page, &SQL.lozenge_holders] {
        for order in BOTH {
            let plan = plan(&connection, statement.get(order).text(Dialect::Sqlite));
            let [step] = &plan[..] else {
                panic!("{plan:#?}");
            };
            assert!(step.starts_with("SEARCH"), "{plan:#?}");
            assert!(step.contains('>') || step.contains('<'), "{plan:#?}");
        }
    }
}

#[test]
fn a_count_of_posts_reads_no_row_of_them() {
    let (_folder, connection) = connection();
    for filter in some_filters().into_iter().filter(|filter| {
        // With both, the rows of the shorter list have to be looked at.
        let lists = [
            filter.tag.is_some(),
            !filter.kinds.is_empty(),
            filter.author.is_some(),
            filter.group.is_some(),
        ];
        !lists[0] && lists.into_iter().filter(|is_given| *is_given).count() < 2
    }) {
        let sql = count_of_posts(&filter).to_string(SqliteQueryBuilder);
        let plan = plan(&connection, &sql);
        assert!(
            plan.iter()
                .all(|step| step.contains("USING COVERING INDEX")),
            "{filter:?}: {plan:#?}"
        );
    }
}

#[test]
fn what_has_a_key_is_searched_by_it() {
    let (_folder, connection) = connection();
    let among = [
        &SQL.accounts,
        &SQL.accounts_by_id,
        &SQL.profiles,
        &SQL.profiles_by_id,
        &SQL.posts,
        &SQL.posts_by_id,
        &SQL.bodies,
        &SQL.likes_of,
        &SQL.accounts_of,
        &SQL.about,
        &SQL.courses_of,
        &SQL.certifications_of,
        &SQL.memberships_of,
        &SQL.lozenges_of,
        &SQL.lozenge_requests_of,
        &SQL.acceptances_of,
        &SQL.groups,
        &SQL.groups_by_id,
        &SQL.all_posts_of,
    ];
    let by_two = [
        &SQL.account_by_origin,
        &SQL.post_by_origin,
        &SQL.like,
        &SQL.watch,
        &SQL.liked,
        &SQL.watched,
        &SQL.membership,
    ];
    let among = among.into_iter().flat_map(|sql| [&sql.one, &sql.many]);
    for sql in among.chain(by_two) {
        let sql = sql.text(Dialect::Sqlite);
        let plan = plan(&connection, sql);
        assert!(plan[0].starts_with("SEARCH"), "{sql}: {plan:#?}");
        assert!(
            plan[1..]
                .iter()
                .all(|step| step.starts_with("LIST SUBQUERY")
                    || step.starts_with("SCAN rarray VIRTUAL TABLE")),
            "{sql}: {plan:#?}"
        );
    }
}

/// Tables as they are between the rounds of a bulk load.
fn foldable() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    super::connection::configure(&connection, "OFF", "OFF").unwrap();
    let transaction = connection.transaction().unwrap();
    schema::create_tables(&transaction).unwrap();
    for index in schema::indexes().filter(|index| index.is_for_folding) {
        transaction.execute(&index.sql, ()).unwrap();
    }
    transaction.commit().unwrap();
    connection
}

#[test]
fn what_folding_needs_is_searched_without_the_indexes_that_are_for_reading() {
    let connection = foldable();
    let among = [
        &SQL.accounts,
        &SQL.accounts_by_id,
        &SQL.accounts_of,
        &SQL.posts,
        &SQL.posts_by_id,
        &SQL.all_posts_of,
        &SQL.groups_by_id,
        &SQL.watches_of,
        &SQL.group_watches_of,
        &SQL.likes_of,
        &SQL.reviews,
        &SQL.about,
        &SQL.waiting,
        &SQL.lozenges_of,
        &SQL.lozenge_requests_of,
        &SQL.acceptances_of,
        &SQL.courses_of,
        &SQL.milestones_of_posts,
        &meetings::SQL.meetings,
        &meetings::SQL.meetings_by_id,
        &meetings::SQL.presentations_by_id,
        &meetings::SQL.benefits_by_id,
        &meetings::SQL.coming_to,
        &meetings::SQL.places_of,
    ];
    let single = [
        &SQL.like,
        &SQL.watch,
        &SQL.membership,
        &SQL.report,
        &SQL.group_watch,
        &SQL.interaction,
        &SQL.entries_between,
        &SQL.tally,
        &meetings::SQL.leader,
        &meetings::SQL.rsvp,
        &meetings::SQL.attendance,
        &meetings::SQL.sponsor,
        &meetings::SQL.application,
    ];
    let among = among.into_iter().flat_map(|sql| [&sql.one, &sql.many]);
    let erasing = writes::erasing_authors()
        .into_iter()
        .chain(writes::erasing_owners());
    for sql in among.chain(single).chain(erasing) {
        let sql = sql.text(Dialect::Sqlite);
        let plan = plan(&connection, sql);
        let is_scan = |step: &String| step.starts_with("SCAN") && !step.contains("VIRTUAL TABLE");
        assert!(!plan.iter().any(is_scan), "{sql}: {plan:#?}");
    }
}

#[test]
fn every_index_that_is_for_folding_is_there() {
    let named = schema::indexes().filter(|index| index.is_for_folding);
    let tables: Vec<_> = named.map(|index| index.table).collect();
    for (table, column) in schema::FOR_FOLDING {
        assert!(tables.contains(&table), "{table} has none by {column}");
    }
}

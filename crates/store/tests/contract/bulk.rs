//! A bulk load of SQLite comes to the tables that commits come to.

use plaudit_domain::Visibility;
use plaudit_domain::erasure::Content;
use plaudit_domain::post::Kind;
use plaudit_domain::profile::Edited;
use plaudit_store::sqlite::BulkLoad;
use plaudit_store::{Load, Store};
use rusqlite::Connection;
use rusqlite::types::Value;
use uuid::Uuid;

use crate::history::{
    Happened, History, NEWS, accepted, agreement_accepted, answer, badge_granted, certification,
    course, edited, erased, feedback_given, group_created, group_unwatched, group_watched,
    identified, interacted, joined, kudos_given, left, liked, linked, lozenge_denied,
    lozenge_granted, lozenge_requested, lozenge_revoked, posted_in, primary_changed,
    profile_edited, profile_shown_to, published, question, read, registered, rejected, reported,
    rules, submitted, tagged, told, unlinked, upheld, waits, watched,
};
use crate::meetings;
use crate::sqlite::File;

/// Something of everything.
fn everything() -> Vec<Happened> {
    let company = |n, company: &str| {
        profile_edited(Edited {
            company: Some(company.to_owned().into()),
            ..told(n)
        })
    };
    let facts = [
        registered(1),
        registered(2),
        registered(3),
        registered(4),
        registered(5),
        group_created(1),
        group_created(2),
        joined(2, 1),
        joined(1, 3),
        joined(1, 2),
        joined(1, 1),
        left(1, 3),
        posted_in(1, 1, Kind::Question, 1),
        answer(2, 2, 1),
        accepted(1, 1, (2, 2)),
        tagged(3, Kind::Article, 3, &["b", "a"]),
        question(4, 4),
        edited((4, 4), Some("Changed".to_owned().into()), Some(&["c"])),
        liked((3, 3), 1),
        liked((1, 1), 3),
        watched(3, 1),
        identified(1, Some("https://example.org/1.png"), None),
        company(3, "Company 3"),
        company(2, "Company 2"),
        company(1, "Company 1"),
        company(1, ""),
        company(4, "Company 4"),
        course(2, "B", None),
        course(2, "A", Some("Badge")),
        course(1, "A", None),
        certification(3, "C", Some(9)),
        certification(1, "C", None),
        certification(1, "C", Some(10)),
        waits(3),
        kudos_given(1, 3, 1),
        badge_granted(2, "Judge", "1"),
        agreement_accepted(2, "terms", "1"),
        agreement_accepted(1, "terms", "1"),
        lozenge_requested(2, "partner"),
        lozenge_requested(1, "partner"),
        lozenge_granted(2, "partner"),
        lozenge_granted(1, "leader"),
        lozenge_revoked(2, "partner"),
        lozenge_denied(1, "partner"),
        lozenge_granted(4, "partner"),
        feedback_given(1),
        interacted(1),
    ];
    let later = [
        linked(2, 1),
        linked(3, 5),
        primary_changed(2, 1, &[1, 2]),
        unlinked(3, 5),
        profile_shown_to(3, Visibility::Private),
        erased(4, Content::Remove),
    ];
    let told = [
        group_watched(1, 1),
        group_watched(1, 2),
        group_unwatched(1, 1),
        submitted(1, 11, 3),
        submitted(1, 12, 3),
        rejected(12, 3),
        published(1, 11, 3),
        edited((11, 3), Some("Changed".to_owned().into()), None),
        reported(11, 1),
        reported(11, 2),
        upheld(11, 3, &[1]),
        read(2, Uuid::from_u128(7), Some(NEWS)),
    ];
    let told = (NEWS..).zip(told);
    let facts = facts.into_iter().chain(meetings::everything()).chain(later);
    (1..).zip(facts).chain(told).collect()
}

/// All tables with all their rows, and all indexes.
fn content(file: &File) -> Vec<(String, Vec<Vec<Value>>)> {
    let connection = Connection::open(file.path()).unwrap();
    let of = |sql: &str| {
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map((), |row| {
            (0..columns).map(|column| row.get(column)).collect()
        });
        let mut rows: Vec<Vec<Value>> = rows.unwrap().map(Result::unwrap).collect();
        rows.sort_unstable_by_key(|row| format!("{row:?}"));
        rows
    };
    let tables = of("SELECT name FROM sqlite_schema WHERE type = 'table'");
    let schema = (
        "schema".to_owned(),
        of("SELECT type, name, sql FROM sqlite_schema"),
    );
    let rows = tables.iter().map(|table| match &table[..] {
        [Value::Text(table)] => (table.clone(), of(&format!("SELECT * FROM \"{table}\""))),
        other => panic!("{other:?}"),
    });
    rows.chain([schema]).collect()
}

#[tokio::test]
async fn a_bulk_load_comes_to_the_tables_that_commits_of_any_size_come_to() {
    let mut loaded = Vec::new();
    for size in [1, 3, 10, 100] {
        let live = File::new();
        let mut history = History::begin(&live).await;
        for batch in everything().chunks(size) {
            history.add(batch.to_vec()).await;
        }
        let bulk = File::new();
        let mut rows = history.anew();
        let mut load = BulkLoad::begin(&bulk.path(), &rules().folding_hash()).unwrap();
        load.settle(&mut rows).await.unwrap();
        let mut told = Vec::new();
        let tell = &mut |done, all| told.push((done, all));
        load.write(&rows, 0, history.position(), tell)
            .await
            .unwrap();
        let mut completed = Vec::new();
        let tell = &mut |done, all| completed.push((done, all));
        load.complete(tell).await.unwrap();
        // It is told at the end, at least, that it is all done.
        for mut told in [told, completed] {
            assert!(told.is_sorted());
            let (done, all) = told.pop().unwrap();
            assert_eq!(done, all);
            assert!(all > 0);
        }
        let store = load.finish().unwrap();
        assert_eq!(store.position().await.unwrap(), history.position());
        drop((history, store));
        let content = content(&bulk);
        assert_eq!(crate::bulk::content(&live), content, "{size} at a time");
        assert!(content.iter().all(|(_, rows)| !rows.is_empty()));
        loaded.push(content);
    }
    assert!(loaded.iter().all(|content| *content == loaded[0]));
}

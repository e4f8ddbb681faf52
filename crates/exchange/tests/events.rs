//! Recorded events out and in again.

use std::io::Cursor;
use std::time::{SystemTime, UNIX_EPOCH};

use plaudit_domain::account::Registered;
use plaudit_domain::fact::{AccountFact, GroupFact};
use plaudit_domain::group::UserGroupCreated;
use plaudit_domain::leadership::{Appointed, Role};
use plaudit_domain::{AccountId, Event, Fact, GroupId, NewEvent, Time};
use plaudit_exchange::events::{ExportError, Options, Source, export, import};
use plaudit_exchange::lines::Format;
use plaudit_exchange::{ImportError, Summary, Unwatched};
use plaudit_projection::Rules;
use plaudit_store::{Order, Page, Store};
use uuid::Uuid;

use crate::community::{Community, assert_accounted_for, datasets, demo};
use crate::dump::{Dump, dump};
use crate::sites;
use crate::tables::fold_all;

async fn exported(community: &Community, options: &Options, format: Format) -> String {
    let mut out = Vec::new();
    let written = export(
        &community.journal,
        options,
        format,
        &mut out,
        &mut Unwatched,
    )
    .await
    .unwrap();
    let text = String::from_utf8(out).unwrap();
    let header = usize::from(format == Format::Csv);
    assert_eq!(text.lines().count(), written as usize + header);
    text
}

async fn imported(community: &Community, text: impl Into<String>) -> Result<Summary, ImportError> {
    let source = Source::reader("test", Cursor::new(text.into()));
    let summary = import(&community.journal, source, &mut Unwatched).await;
    if let Ok(summary) = &summary {
        assert_accounted_for(summary);
    }
    summary
}

const WITH_ALL: Options = Options {
    from: None,
    to: None,
    as_of: None,
    types: Vec::new(),
    personal: true,
};

/// Without what belongs to the journal that it was recorded in.
fn told(events: Vec<Event>) -> Vec<Event> {
    events
        .into_iter()
        .map(|event| Event {
            recorded_at: Time::from_micros(0),
            imported: true,
            ..event
        })
        .collect()
}

fn small() -> Dump {
    dump()
        .users(&[r#"Id="7" DisplayName="Ada" CreationDate="2020-01-01T10:00:00.000""#])
        .posts(&[
            r#"Id="1" PostTypeId="1" OwnerUserId="7" CreationDate="2020-01-02T10:00:00.000" Title="Why, &quot;why&quot;?" Body="Tell&#xA;me, now." Tags="&lt;a&gt;""#,
        ])
        .votes(&[r#"Id="9" PostId="1" VoteTypeId="2" CreationDate="2020-01-03T00:00:00.000""#])
}

async fn small_community() -> Community {
    let community = Community::new();
    let small = small();
    community
        .import_site(small.options(&community))
        .await
        .unwrap();
    community
}

#[tokio::test]
async fn what_goes_out_comes_in_again_as_it_was() {
    let Some(datasets) = datasets() else { return };
    for site in ["se-conlang-meta", "se-beer-2016-09"] {
        let community = Community::new();
        let options = sites::options(&datasets, site, false, &community);
        community.import_site(options).await.unwrap();
        let text = exported(&community, &WITH_ALL, Format::Ndjson).await;
        let copy = Community::new();
        let summary = imported(&copy, &text).await.unwrap();
        assert_eq!(
            summary.total_recorded(),
            community.journal.head().await.unwrap()
        );
        assert_eq!(told(copy.events().await), told(community.events().await));
        let again = imported(&copy, &text).await.unwrap();
        assert_eq!(again.total_recorded(), 0);
    }
}

/// However young its events are: a community that is moved tells nobody anything again.
#[tokio::test]
async fn f5_what_is_imported_is_told_to_nobody() {
    let community = Community::new();
    let (ada, ben, bread) = (account(1), account(2), GroupId(Uuid::from_u128(3)));
    let registered = |account, name: &str| {
        AccountFact::Registered(Registered {
            account,
            name: name.to_owned().into(),
            origin: None,
        })
    };
    let created = UserGroupCreated {
        group: bread,
        name: "Bread".to_owned(),
        description: String::new(),
        location: "Berlin".to_owned(),
        origin: None,
    };
    let appointed = Appointed {
        group: bread,
        account: ben,
        role: Role::Leader,
    };
    let facts: [Fact; 4] = [
        registered(ada, "Ada").into(),
        registered(ben, "Ben").into(),
        GroupFact::UserGroupCreated(created).into(),
        GroupFact::LeaderAppointed(appointed).into(),
    ];
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = Time::from_micros(i64::try_from(now.as_micros()).unwrap());
    let events = facts.map(|fact| NewEvent {
        id: Uuid::new_v4(),
        occurred_at: now,
        actor: Some(ada),
        correlation: Some(Uuid::new_v4()),
        causation: None,
        imported: false,
        fact,
    });
    community
        .journal
        .append_many(events.to_vec())
        .await
        .unwrap();
    let copy = Community::new();
    let text = exported(&community, &WITH_ALL, Format::Ndjson).await;
    imported(&copy, &text).await.unwrap();
    for (community, told) in [(community, 1), (copy, 0)] {
        let store = fold_all(&community, &Rules::standard().unwrap()).await;
        let ben = store.accounts_by_id(&[ben]).await.unwrap().remove(0);
        let page = Page {
            order: Order::Ascending,
            after: None,
            limit: 9,
        };
        let notifications = store.notifications_of(&[ben.key], None, page).await;
        assert_eq!(notifications.unwrap().len(), told);
    }
}

fn account(number: u128) -> AccountId {
    AccountId(Uuid::from_u128(number))
}

#[tokio::test]
async fn everything_that_can_happen_goes_out_and_comes_in_again_as_it_was() {
    let community = Community::new();
    let summary = imported(&community, demo()).await.unwrap();
    // Rules are known by what they say, which changes.
    let names = Fact::TYPES.iter().map(|(name, _)| *name);
    for name in names.filter(|name| *name != "RulesActivated") {
        assert!(summary.recorded[name] > 0, "{name}");
    }
    let text = exported(&community, &WITH_ALL, Format::Ndjson).await;
    let copy = Community::new();
    let again = imported(&copy, &text).await.unwrap();
    assert_eq!(again.recorded, summary.recorded);
    assert_eq!(told(copy.events().await), told(community.events().await));
    let again = imported(&copy, &text).await.unwrap();
    assert_eq!(again.total_recorded(), 0);
}

#[tokio::test]
async fn what_accounts_tell_about_themselves_is_personal_too() {
    let community = Community::new();
    imported(&community, demo()).await.unwrap();
    let with = exported(&community, &WITH_ALL, Format::Ndjson).await;
    let without = exported(&community, &Options::default(), Format::Ndjson).await;
    for personal in [
        "Oluwaseun",
        "https://example.org/people/",
        "Brick Lane Bread",
        "Founder, and the one who sweeps",
        "Ibadan",
        "From one brick",
        "https://example.org/brick-lane-bread",
        "Two-deck oven",
        "Rolf Petersen",
    ] {
        assert!(with.contains(personal), "{personal}");
        assert!(!without.contains(personal), "{personal}");
    }
    // Groups and courses are nobody's.
    for name in ["Night bakers", "Sourdough from scratch", "Certified Baker"] {
        assert!(without.contains(name), "{name}");
    }
    let copy = Community::new();
    imported(&copy, without).await.unwrap();
    let head = copy.journal.head().await.unwrap();
    assert_eq!(head, community.journal.head().await.unwrap());
}

#[tokio::test]
async fn personal_values_are_withheld_unless_they_are_asked_for() {
    let community = small_community().await;
    for format in [Format::Ndjson, Format::Csv] {
        let with = exported(&community, &WITH_ALL, format).await;
        let without = exported(&community, &Options::default(), format).await;
        for personal in ["Ada", "Why", "Tell", "voter 9"] {
            assert!(with.contains(personal), "{with}");
            assert!(!without.contains(personal), "{without}");
        }
    }
    let copy = Community::new();
    let without = exported(&community, &Options::default(), Format::Ndjson).await;
    imported(&copy, without).await.unwrap();
    assert_eq!(copy.journal.head().await.unwrap(), 4);
}

#[tokio::test]
async fn a_line_has_every_field_under_its_name() {
    let community = small_community().await;
    let text = exported(&community, &WITH_ALL, Format::Ndjson).await;
    let line: serde_json::Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    let event = &community.events().await[1];
    let body: serde_json::Value = serde_json::from_str(&event.fact.encode().unwrap()).unwrap();
    assert_eq!(
        line,
        serde_json::json!({
            "position": 2,
            "id": event.id,
            "stream": event.stream,
            "revision": 0,
            "type": "PostCreated",
            "version": 1,
            "occurred_at": "2020-01-02T10:00:00Z",
            "recorded_at": event.recorded_at,
            "actor": null,
            "correlation_id": null,
            "causation_id": null,
            "data": body,
        })
    );
}

#[tokio::test]
async fn a_table_has_the_same_fields() {
    let community = small_community().await;
    let text = exported(&community, &WITH_ALL, Format::Csv).await;
    let mut table = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(
        table
            .headers()
            .unwrap()
            .iter()
            .collect::<Vec<_>>()
            .join(","),
        "position,id,stream,revision,type,version,occurred_at,recorded_at,actor,correlation_id,\
         causation_id,data"
    );
    let events = community.events().await;
    let rows: Vec<_> = table.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), events.len());
    for (row, event) in rows.iter().zip(&events) {
        assert_eq!(row[0], event.position.to_string());
        assert_eq!(row[1], event.id.to_string());
        assert_eq!(row[2], *event.stream.as_str());
        assert_eq!(row[4], *event.fact.stored_type().0);
        assert_eq!(row[6], event.occurred_at.to_string());
        assert_eq!(row[8], *"");
        assert_eq!(row[11], event.fact.encode().unwrap());
    }
}

#[tokio::test]
async fn an_export_can_be_of_a_time_and_of_some_types() {
    let community = small_community().await;
    let types = |options: Options| {
        let community = &community;
        async move {
            let text = exported(community, &options, Format::Ndjson).await;
            let of = |line: &str| -> serde_json::Value { serde_json::from_str(line).unwrap() };
            text.lines()
                .map(|line| of(line)["type"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        }
    };
    let at = |text: &str| Some(text.parse::<Time>().unwrap());
    let options = Options {
        types: vec!["PostLiked".into(), "PostCreated".into()],
        ..Options::default()
    };
    assert_eq!(types(options).await, ["PostCreated", "PostLiked"]);
    let options = Options {
        from: at("2020-01-02T10:00:00Z"),
        to: at("2020-01-03T00:00:00Z"),
        ..Options::default()
    };
    assert_eq!(types(options).await, ["PostCreated"]);
    let options = Options {
        types: vec!["PostLoved".into()],
        ..Options::default()
    };
    let error = export(
        &community.journal,
        &options,
        Format::Csv,
        Vec::new(),
        &mut Unwatched,
    )
    .await
    .unwrap_err();
    assert!(matches!(error, ExportError::UnknownType { .. }));
    assert!(error.to_string().contains("PostLiked"), "{error}");
}

const ADA: &str = r#"{"id":"00000000-0000-0000-0000-000000000001","stream":"account-00000000-0000-0000-0000-0000000000aa","type":"AccountRegistered","version":1,"occurred_at":"2026-01-31T12:00:00Z","data":{"account":"00000000-0000-0000-0000-0000000000aa","name":"Ada"}}"#;
const RENAMED: &str = r#"{"id":"00000000-0000-0000-0000-000000000002","stream":"account-00000000-0000-0000-0000-0000000000aa","type":"AccountRenamed","version":1,"occurred_at":"2026-01-31T12:00:00Z","actor":"00000000-0000-0000-0000-0000000000aa","correlation_id":"00000000-0000-0000-0000-0000000000c0","causation_id":"00000000-0000-0000-0000-0000000000c1","data":{"account":"00000000-0000-0000-0000-0000000000aa","name":"Ada L."}}"#;

#[tokio::test]
async fn events_may_be_written_by_hand() {
    let community = Community::new();
    let text = format!("\u{feff}\n{ADA}\r\n   \n{RENAMED}");
    let summary = imported(&community, text).await.unwrap();
    assert_eq!(
        summary.recorded,
        [("AccountRegistered", 1), ("AccountRenamed", 1)].into()
    );
    let renamed = &community.events().await[1];
    assert_eq!(renamed.revision, 1);
    assert_eq!(
        renamed.actor.unwrap().to_string(),
        "00000000-0000-0000-0000-0000000000aa"
    );
    assert_eq!(
        renamed.correlation.unwrap().to_string(),
        "00000000-0000-0000-0000-0000000000c0"
    );
    assert_eq!(
        renamed.causation.unwrap().to_string(),
        "00000000-0000-0000-0000-0000000000c1"
    );
}

#[tokio::test]
async fn what_an_event_names_may_be_in_the_journal() {
    let community = Community::new();
    imported(&community, ADA).await.unwrap();
    let summary = imported(&community, RENAMED).await.unwrap();
    assert_eq!(summary.total_recorded(), 1);
}

#[tokio::test]
async fn a_line_that_stands_twice_counts_once() {
    let community = Community::new();
    let summary = imported(&community, format!("{ADA}\n{ADA}\n"))
        .await
        .unwrap();
    assert_eq!(
        (summary.total_recorded(), summary.total_already_recorded()),
        (1, 1)
    );
}

#[tokio::test]
async fn a_mistake_is_told_with_its_line_and_what_precedes_it_is_recorded() {
    let cases = [
        (
            RENAMED
                .replace("00000000000000aa", "00000000000000bb")
                .replace("0000000000aa", "0000000000bb"),
            "test, line 3: there is no account 00000000-0000-0000-0000-0000000000bb; \
             expected an earlier event that makes it, here or in the journal",
        ),
        (
            RENAMED.replace("account-", "post-"),
            "test, line 3: stream is \"post-00000000-0000-0000-0000-0000000000aa\"; \
             expected account-00000000-0000-0000-0000-0000000000aa, by its data",
        ),
        (
            RENAMED.replace("\"version\":1", "\"version\":1,\"versoin\":2"),
            "test, line 3: unknown field `versoin`",
        ),
        (
            RENAMED.replace("\"Ada L.\"", "7"),
            "test, line 3: data: invalid type: integer `7`, expected a text, a list of texts, \
             or null at column ",
        ),
        (
            RENAMED.replace("\"Ada L.\"", r#"{"sealed":"QWRh"}"#),
            "test, line 3: data: a sealed value; expected what `plaudit export events --personal` \
             writes",
        ),
        (
            RENAMED.replace("AccountRenamed", "AccountEaten"),
            "test, line 3: type \"AccountEaten\" in version 1; expected one of AccountRegistered, ",
        ),
        (
            RENAMED.replace("\"version\":1", "\"version\":9"),
            "test, line 3: type \"AccountRenamed\" in version 9; expected one of ",
        ),
        (
            RENAMED.replace("2026-01-31T12:00:00Z", "yesterday"),
            "test, line 3: invalid value: string \"yesterday\", expected a time like \
             2026-01-31T12:00:00Z at column ",
        ),
        (
            RENAMED.replace("\"version\":1,", ""),
            "test, line 3: missing field `version`",
        ),
        (
            "hello".to_owned(),
            "test, line 3: expected value at column 1; expected an event",
        ),
        (
            "{".to_owned(),
            "test, line 3: EOF while parsing an object at column 1",
        ),
    ];
    for (line, expected) in cases {
        let community = Community::new();
        let error = imported(&community, format!("{ADA}\n\n{line}\n{RENAMED}\n"))
            .await
            .unwrap_err();
        assert!(
            error.to_string().starts_with(expected),
            "{error}\n{expected}"
        );
        assert_eq!(community.journal.head().await.unwrap(), 1);
    }
}

/// A line of which only stream, type and data matter.
fn line(stream: &str, name: &str, data: &str) -> String {
    let id = "00000000-0000-0000-0000-000000000003";
    let time = "2026-01-31T12:00:00Z";
    format!(
        r#"{{"id":"{id}","stream":"{stream}","type":"{name}","version":1,"occurred_at":"{time}","data":{data}}}"#
    )
}

/// Its stream is there, and it isn't: else the fold would stop at whoever joins it.
#[tokio::test]
async fn nobody_joins_a_group_that_was_only_proposed_and_nothing_is_decided_that_nobody_asked_for()
{
    const ACCOUNT: &str = "00000000-0000-0000-0000-0000000000aa";
    const GROUP: &str = "00000000-0000-0000-0000-0000000000dd";
    let proposed = line(
        &format!("group-{GROUP}"),
        "UserGroupProposed",
        &format!(
            r#"{{"group":"{GROUP}","account":"{ACCOUNT}","name":"Bakers","description":"","location":"Berlin","message":"I bake"}}"#
        ),
    );
    let member = format!(r#"{{"group":"{GROUP}","account":"{ACCOUNT}"}}"#);
    let joined = line(&format!("member-{GROUP}-{ACCOUNT}"), "GroupJoined", &member)
        .replace("000000000003", "000000000004");
    let community = Community::new();
    imported(&community, format!("{ADA}\n{proposed}\n"))
        .await
        .unwrap();
    // Also where the proposal was recorded before.
    for text in [joined.clone(), format!("{proposed}\n{joined}")] {
        let error = imported(&community, text).await.unwrap_err();
        let expected = format!("there is no group {GROUP}");
        assert!(error.to_string().contains(&expected), "{error}");
    }
    assert_eq!(community.journal.head().await.unwrap(), 2);

    let created = line(
        &format!("group-{GROUP}"),
        "UserGroupCreated",
        &format!(r#"{{"group":"{GROUP}","name":"Bakers","description":"","location":"Berlin"}}"#),
    );
    let created = created.replace("000000000003", "000000000005");
    imported(&community, format!("{created}\n{joined}"))
        .await
        .unwrap();
    let decided = line(
        &format!("benefit-{GROUP}"),
        "BenefitDecided",
        &format!(
            r#"{{"request":"{GROUP}","group":"{GROUP}","account":"{ACCOUNT}","approved":true}}"#
        ),
    );
    let error = imported(&community, decided).await.unwrap_err();
    let expected = format!("there is no request {GROUP}");
    assert!(error.to_string().contains(&expected), "{error}");
}

#[tokio::test]
async fn what_an_event_names_has_to_be_there_whatever_it_is() {
    const ACCOUNT: &str = "00000000-0000-0000-0000-0000000000aa";
    const OTHER: &str = "00000000-0000-0000-0000-0000000000bb";
    const GROUP: &str = "00000000-0000-0000-0000-0000000000dd";
    let cases = [
        (
            line(
                &format!("member-{GROUP}-{ACCOUNT}"),
                "GroupJoined",
                &format!(r#"{{"group":"{GROUP}","account":"{ACCOUNT}"}}"#),
            ),
            format!("group {GROUP}"),
        ),
        (
            line(
                &format!("member-{GROUP}-{ACCOUNT}"),
                "GroupLeft",
                &format!(r#"{{"group":"{GROUP}","account":"{ACCOUNT}"}}"#),
            ),
            format!("group {GROUP}"),
        ),
        (
            line(
                &format!("post-{OTHER}"),
                "PostCreated",
                &format!(
                    r#"{{"post":"{OTHER}","kind":"article","author":"{ACCOUNT}","group":"{GROUP}","title":"Why","body":"So"}}"#
                ),
            ),
            format!("group {GROUP}"),
        ),
        (
            line(
                "links",
                "PrimaryChanged",
                &format!(
                    r#"{{"from":"{ACCOUNT}","to":"{ACCOUNT}","accounts":["{ACCOUNT}","{OTHER}"]}}"#
                ),
            ),
            format!("account {OTHER}"),
        ),
        (
            line(
                "links",
                "AccountUnlinked",
                &format!(r#"{{"primary":"{ACCOUNT}","account":"{OTHER}"}}"#),
            ),
            format!("account {OTHER}"),
        ),
        (
            line(
                &format!("account-{OTHER}"),
                "ProfileEdited",
                &format!(r#"{{"account":"{ACCOUNT}","by":"{OTHER}","company":"Mill"}}"#),
            ),
            format!("account {OTHER}"),
        ),
        (
            line(
                &format!("learning-{OTHER}"),
                "CourseCompleted",
                &format!(r#"{{"account":"{OTHER}","course":"SD-101","title":"Sourdough"}}"#),
            ),
            format!("account {OTHER}"),
        ),
        (
            line(
                &format!("account-{OTHER}"),
                "AccountErased",
                &format!(r#"{{"account":"{OTHER}","content":"keep"}}"#),
            ),
            format!("account {OTHER}"),
        ),
    ];
    for (line, missing) in cases {
        let community = Community::new();
        let error = imported(&community, format!("{ADA}\n{line}\n"))
            .await
            .unwrap_err();
        let expected = format!(
            "test, line 2: there is no {missing}; \
             expected an earlier event that makes it, here or in the journal"
        );
        assert_eq!(error.to_string(), expected);
        assert_eq!(community.journal.head().await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_group_that_an_event_names_may_be_earlier_in_the_file_or_in_the_journal() {
    const ACCOUNT: &str = "00000000-0000-0000-0000-0000000000aa";
    const GROUP: &str = "00000000-0000-0000-0000-0000000000dd";
    let created = line(
        &format!("group-{GROUP}"),
        "GroupCreated",
        &format!(r#"{{"group":"{GROUP}","name":"Night bakers","description":""}}"#),
    );
    let joined = line(
        &format!("member-{GROUP}-{ACCOUNT}"),
        "GroupJoined",
        &format!(r#"{{"group":"{GROUP}","account":"{ACCOUNT}"}}"#),
    )
    .replace("000000000003", "000000000004");
    for texts in [
        vec![format!("{ADA}\n{created}\n{joined}")],
        vec![ADA.to_owned(), created, joined],
    ] {
        let community = Community::new();
        for text in texts {
            imported(&community, text).await.unwrap();
        }
        assert_eq!(community.journal.head().await.unwrap(), 3);
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_a_mistake() {
    let community = Community::new();
    let source = Source::reader("test", Cursor::new(b"\n\xff\n".to_vec()));
    let error = import(&community.journal, source, &mut Unwatched)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("test, line 2: bytes that are no text"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let error = Source::open("/nowhere/events.ndjson".as_ref())
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .starts_with("/nowhere/events.ndjson: can't be read"),
        "{error}"
    );
}

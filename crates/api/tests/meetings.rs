//! Meetings as everybody sees them: places, calendars, sponsors, and who comes (DOMAIN G, P1, P6).

use std::sync::Arc;

use async_graphql::Value;
use plaudit_api::Calendars;
use plaudit_domain::account::{Claims, LogIn};
use plaudit_domain::affiliation::Affiliation;
use plaudit_domain::erasure::{Content, Erased};
use plaudit_domain::fact::{AccountFact, LozengeFact};
use plaudit_domain::group::CreateUserGroup;
use plaudit_domain::leadership::{Appoint, Conditions, Role};
use plaudit_domain::lozenge::Granted;
use plaudit_domain::meeting::{Details, Schedule, Terms};
use plaudit_domain::rsvp::Answer;
use plaudit_domain::{Actor, GroupId, MeetingId, Roles, Time, Visibility, profile};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::community::{Asked, actor};

const GROUP: GroupId = GroupId(Uuid::from_u128(1));
const MEETING: MeetingId = MeetingId(Uuid::from_u128(2));

fn staff() -> Actor {
    Actor {
        roles: Roles {
            community_manager: true,
            ..Roles::default()
        },
        ..actor("ada")
    }
}

async fn registered(asked: &Asked, name: &str) {
    let claims = Claims {
        name: Some(name.into()),
        ..Claims::default()
    };
    asked.record(actor(name), LogIn { claims }).await;
}

/// A meeting in an hour, of a group that ada leads.
async fn community(capacity: u32) -> Asked {
    let asked = Asked::new().await;
    registered(&asked, "ada").await;
    let create = CreateUserGroup {
        group: GROUP,
        name: "Bakers".into(),
        description: String::new(),
        location: "Lyon".into(),
    };
    asked.record(staff(), create).await;
    let appoint = Appoint {
        group: GROUP,
        account: actor("ada").account,
        role: Role::Leader,
        conditions: Conditions::default(),
    };
    asked.record(staff(), appoint).await;
    let in_hours = |hours: i64| {
        let now = asked.community.now().as_micros();
        Time::from_micros(now + hours * 3_600_000_000)
    };
    let schedule = Schedule {
        meeting: MEETING,
        group: GROUP,
        details: Details {
            title: "Rye".into(),
            description: String::new(),
            starts_at: in_hours(1),
            ends_at: in_hours(2),
            zone: "Europe/Paris".into(),
            place: None,
            online: Some("https://meet.example.org/rye".into()),
            capacity: Some(capacity),
            announcements: vec![],
        },
        terms: Terms::default(),
    };
    asked.record(actor("ada"), schedule).await;
    readable(&asked).await;
    asked
}

async fn readable(asked: &Asked) {
    let head = asked.community.journal().head().await.unwrap();
    let patience = std::time::Duration::from_secs(10);
    assert!(asked.community.readable(head, patience).await);
}

/// What a query of the only meeting answers.
async fn meeting(asked: &Asked, viewer: Option<Actor>, fields: &str) -> Json {
    readable(asked).await;
    let query = format!("{{ meetings {{ nodes {{ id {fields} }} }} }}");
    let data = asked.data(viewer, &query, Value::Null).await;
    serde_json::to_value(data).unwrap()["meetings"]["nodes"][0].clone()
}

async fn answer(asked: &Asked, name: &str, going: bool) {
    let answer = Answer {
        meeting: MEETING,
        account: actor(name).account,
        going,
    };
    asked.record(actor(name), answer).await;
}

fn names(guests: &Json) -> Vec<String> {
    let nodes = guests["nodes"].as_array().unwrap().iter();
    nodes
        .map(|node| node["name"].as_str().unwrap().to_owned())
        .collect()
}

/// All of those who gave an answer, in order.
async fn all(asked: &Asked, state: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let fields = format!(
            "rsvps(filter: {{ state: {state} }}, first: 60 {after}) {{
                nodes {{ name }} pageInfo {{ hasNextPage endCursor }} }}"
        );
        let page = meeting(asked, None, &fields).await["rsvps"].clone();
        found.extend(names(&page));
        if page["pageInfo"]["hasNextPage"] == false {
            return found;
        }
        after = format!(", after: {}", page["pageInfo"]["endCursor"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn g4_of_200_answers_at_once_50_have_a_place_and_10_that_leave_make_room_for_the_next_10() {
    let asked = Arc::new(community(50).await);
    let members: Vec<String> = (0..200).map(|number| format!("member {number}")).collect();
    for name in &members {
        registered(&asked, name).await;
    }
    let id = meeting(&asked, None, "").await["id"].to_string();
    let rsvp = |name: String, going: bool| {
        let (asked, id) = (asked.clone(), id.clone());
        let query = format!(
            "mutation {{ rsvp(input: {{ meetingId: {id}, going: {going} }}) {{ userErrors {{ code }} }} }}"
        );
        tokio::spawn(async move {
            let data = asked.data(Some(actor(&name)), &query, Value::Null).await;
            let data = serde_json::to_value(data).unwrap();
            assert_eq!(data, json!({ "rsvp": { "userErrors": [] } }));
        })
    };
    let answers: Vec<_> = members
        .iter()
        .map(|name| rsvp(name.clone(), true))
        .collect();
    for answer in answers {
        answer.await.unwrap();
    }
    let (going, waiting) = (all(&asked, "GOING").await, all(&asked, "WAITING").await);
    assert_eq!((going.len(), waiting.len()), (50, 150));
    let fields = "viewerRsvp { state waitlistPosition }";
    let last = Some(actor(&waiting[149]));
    let waiting_last = meeting(&asked, last, fields).await["viewerRsvp"].clone();
    assert_eq!(
        waiting_last,
        json!({ "state": "WAITING", "waitlistPosition": 150 })
    );

    let leaving: Vec<_> = going[20..30].to_vec();
    let left: Vec<_> = leaving
        .iter()
        .map(|name| rsvp(name.clone(), false))
        .collect();
    for answer in left {
        answer.await.unwrap();
    }
    let stayed = going.iter().filter(|name| !leaving.contains(name));
    let expected: Vec<String> = stayed.chain(&waiting[..10]).cloned().collect();
    assert_eq!(all(&asked, "GOING").await, expected);
    assert_eq!(all(&asked, "WAITING").await, waiting[10..]);
    // Each of those who moved up is told once; who left, and who still waits, isn't told anything.
    let told = leaving.iter().chain(&waiting[..12]);
    for (number, name) in told.enumerate() {
        let query = "{ viewer { notifications { nodes { kind meeting { title } } } } }";
        let data = asked.data(Some(actor(name)), query, Value::Null).await;
        let told = serde_json::to_value(data).unwrap()["viewer"]["notifications"]["nodes"].take();
        let expected = match (10..20).contains(&number) {
            true => json!([{ "kind": "MEETING", "meeting": { "title": "Rye" } }]),
            false => json!([]),
        };
        assert_eq!(told, expected, "{name}");
    }
    let counts = meeting(&asked, None, "goingCount waitingCount notGoingCount").await;
    assert_eq!(counts["goingCount"], 50);
    assert_eq!(
        (&counts["waitingCount"], &counts["notGoingCount"]),
        (&json!(140), &json!(10))
    );
}

#[tokio::test]
async fn g4_who_has_two_places_since_they_linked_counts_once_and_gives_up_both() {
    let asked = community(5).await;
    for name in ["ben", "cleo"] {
        registered(&asked, name).await;
        answer(&asked, name, true).await;
    }
    let code = "mutation { linkCodeCreate { code } }";
    let code = asked.data(Some(actor("ben")), code, Value::Null).await;
    let code = code.into_json().unwrap()["linkCodeCreate"]["code"].take();
    let link = format!(
        "mutation {{ accountLink(input: {{ code: {code}, primary: OTHER }}) {{ userErrors {{ code }} }} }}"
    );
    asked.data(Some(actor("cleo")), &link, Value::Null).await;
    let fields = "goingCount notGoingCount freePlaces rsvps { totalCount }";
    let counted = async |viewer| {
        let it = meeting(&asked, viewer, fields).await;
        let counts = [&it["goingCount"], &it["notGoingCount"], &it["freePlaces"]];
        counts.map(|count| count.as_i64().unwrap())
    };
    assert_eq!(counted(None).await, [1, 0, 3]);
    answer(&asked, "cleo", false).await;
    assert_eq!(counted(None).await, [0, 1, 5]);
}

/// DOMAIN P6.
#[tokio::test]
async fn whose_profile_is_private_is_a_number_among_the_guests() {
    let asked = community(5).await;
    for name in ["ben", "cleo"] {
        registered(&asked, name).await;
        answer(&asked, name, true).await;
    }
    let visibility = Visibility::Private;
    asked
        .record(actor("ben"), profile::ChangeVisibility { visibility })
        .await;
    let fields = "goingCount rsvps { totalCount nodes { name } edges { at node { name } } }";
    for (viewer, sees) in [
        (None, false),
        (Some(actor("cleo")), false),
        (Some(actor("ben")), true),
        (Some(actor("ada")), true),
        (Some(staff()), true),
    ] {
        let found = meeting(&asked, viewer, fields).await;
        assert_eq!(found["goingCount"], 2);
        assert_eq!(found["rsvps"]["totalCount"], 2);
        let seen = names(&found["rsvps"]);
        assert_eq!(seen.contains(&"ben".to_owned()), sees, "{viewer:?}");
        let edge = &found["rsvps"]["edges"][0];
        assert_eq!(
            (edge["at"].is_null(), edge["node"].is_null()),
            (!sees, !sees)
        );
    }
}

#[tokio::test]
async fn g3_calendars_are_of_a_group_and_of_a_member_by_a_secret() {
    let asked = community(1).await;
    for name in ["ben", "cleo"] {
        registered(&asked, name).await;
        answer(&asked, name, true).await;
    }
    readable(&asked).await;
    let calendars = Calendars::of(asked.community.clone());
    let path = meeting(&asked, None, "group { calendarPath }").await;
    let path = path["group"]["calendarPath"].as_str().unwrap().to_owned();
    let id = path.strip_prefix("/groups/").unwrap();
    let id = id.strip_suffix(".ics").unwrap();
    let text = calendars.group(id).await.unwrap().unwrap();
    assert!(text.contains("SUMMARY:Rye (Bakers)") && text.contains("TZID:Europe/Paris"));
    assert!(!text.contains("meet.example.org"));
    assert_eq!(calendars.group("nonsense").await.unwrap(), None);

    let open = async |name: &str| {
        let query = "mutation { calendarOpen { path } }";
        let data = asked.data(Some(actor(name)), query, Value::Null).await;
        let data = serde_json::to_value(data).unwrap();
        let path = data["calendarOpen"]["path"].as_str().unwrap().to_owned();
        let secret = path.strip_prefix("/calendars/").unwrap();
        secret.strip_suffix(".ics").unwrap().to_owned()
    };
    let (bens, cleos) = (open("ben").await, open("cleo").await);
    let of = async |secret: &str| calendars.member(secret).await.unwrap();
    let text = of(&bens).await.unwrap();
    assert!(text.contains("STATUS:CONFIRMED") && text.contains("meet.example.org"));
    let text = of(&cleos).await.unwrap();
    assert!(text.contains("STATUS:TENTATIVE") && !text.contains("meet.example.org"));
    assert!(text.contains("SEQUENCE:0\r\n"));
    let again = open("ben").await;
    assert_eq!(of(&bens).await, None, "the address before is good no more");
    assert!(of(&again).await.is_some());
    assert_eq!(of("AAAA-AAAA-AAAA-AAAA").await, None);
    answer(&asked, "ben", false).await;
    readable(&asked).await;
    assert!(!of(&again).await.unwrap().contains("BEGIN:VEVENT"));
    let text = of(&cleos).await.unwrap();
    assert!(text.contains("STATUS:CONFIRMED") && text.contains("SEQUENCE:1\r\n"));
}

#[tokio::test]
async fn g9_a_company_sponsors_by_somebody_whose_lozenge_names_it() {
    let asked = community(5).await;
    registered(&asked, "ben").await;
    let granted = Granted {
        account: actor("ben").account,
        profile: None,
        lozenge: "partner".into(),
        company: Some("Millstone".to_owned().into()),
        product: None,
        reason: None,
        answers: vec![],
    };
    asked.happened(LozengeFact::Granted(granted)).await;
    readable(&asked).await;
    let id = meeting(&asked, None, "").await["id"].to_string();
    let ben = asked.data(Some(actor("ben")), "{ viewer { id } }", Value::Null);
    let ben = serde_json::to_value(ben.await).unwrap()["viewer"]["id"].to_string();
    for (mutation, companies) in [
        (
            "sponsorAdd",
            json!([{ "company": "Millstone", "account": { "name": "ben" } }]),
        ),
        ("sponsorRemove", json!([])),
    ] {
        let query = format!(
            "mutation {{ {mutation}(input: {{ meetingId: {id}, accountId: {ben} }}) {{
                meeting {{ sponsors {{ company account {{ name }} }} }} userErrors {{ code }} }} }}"
        );
        let data = asked.data(Some(actor("ada")), &query, Value::Null).await;
        let done = serde_json::to_value(data).unwrap()[mutation].clone();
        assert_eq!(done["userErrors"], json!([]));
        assert_eq!(done["meeting"]["sponsors"], companies);
    }
}

#[tokio::test]
async fn g2_whose_account_is_erased_is_no_active_leader_and_staff_are_told() {
    let asked = community(5).await;
    registered(&asked, "ben").await;
    let erased = Erased {
        account: actor("ada").account,
        content: Content::Remove,
    };
    asked.happened(AccountFact::Erased(erased)).await;
    readable(&asked).await;
    let query = "{ groupOverview { ineligibleLeaders {
        isActive eligibility { isEligible obstacles { kind why } } account { isErased }
    } } }";
    let viewer = Actor {
        roles: staff().roles,
        ..actor("ben")
    };
    let data = asked.data(Some(viewer), query, Value::Null).await;
    let data = serde_json::to_value(data).unwrap();
    let eligibility = json!({
        "isEligible": false, "obstacles": [{ "kind": "ERASED", "why": "whose account is erased" }]
    });
    assert_eq!(
        data["groupOverview"]["ineligibleLeaders"],
        json!([{
            "isActive": false, "eligibility": eligibility, "account": { "isErased": true },
        }])
    );
}

/// Whichever of them is first.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn g10_two_leaders_who_ask_at_once_are_reimbursed_once() {
    let asked = Arc::new(community(5).await);
    registered(&asked, "ben").await;
    let appoint = Appoint {
        group: GROUP,
        account: actor("ben").account,
        role: Role::CoLeader,
        conditions: Conditions::default(),
    };
    asked.record(staff(), appoint).await;
    let ids = meeting(&asked, None, "group { id }").await;
    asked.later(3_600_000_000);
    let attend = plaudit_domain::attendance::RecordAttendance {
        meeting: MEETING,
        accounts: [actor("ben").account].into(),
    };
    asked.record(actor("ada"), attend).await;
    let confirm = plaudit_domain::meeting::Confirm { meeting: MEETING };
    asked.record(actor("ada"), confirm).await;
    readable(&asked).await;
    let ask = |name: &'static str| {
        let asked = asked.clone();
        let query = format!(
            "mutation {{ reimbursementRequest(input: {{ groupId: {}, meetingId: {}, amount: 4200,
                currency: \"EUR\", what: \"The room\" }}) {{ request {{ id }} userErrors {{ code }} }} }}",
            ids["group"]["id"], ids["id"]
        );
        tokio::spawn(async move {
            let data = asked.data(Some(actor(name)), &query, Value::Null).await;
            serde_json::to_value(data).unwrap()["reimbursementRequest"]["userErrors"].take()
        })
    };
    let (ada, ben) = (ask("ada"), ask("ben"));
    let mut errors = [ada.await.unwrap(), ben.await.unwrap()];
    errors.sort_unstable_by_key(Json::to_string);
    let refused = json!([{ "code": "MEETING_REIMBURSED" }]);
    assert_eq!(errors, [json!([]), refused]);
}

#[tokio::test]
async fn p1_meetings_are_a_source_of_activity() {
    let asked = community(5).await;
    registered(&asked, "ben").await;
    asked.later(3_600_000_000);
    let attend = plaudit_domain::attendance::RecordAttendance {
        meeting: MEETING,
        accounts: [actor("ben").account].into(),
    };
    asked.record(actor("ada"), attend).await;
    readable(&asked).await;
    let query =
        "{ viewer { profile { meetings { attendedCount attended { nodes { title } } } } } }";
    let data = asked.data(Some(actor("ben")), query, Value::Null).await;
    let data = serde_json::to_value(data).unwrap();
    assert_eq!(
        data["viewer"]["profile"]["meetings"],
        json!({ "attendedCount": 1, "attended": { "nodes": [{ "title": "Rye" }] } })
    );
    // Who was where is for them, staff, and, of a meeting, the group's leaders.
    let path = "{ viewer { profile { id } } }";
    let data = asked.data(Some(actor("ben")), path, Value::Null).await;
    let id = serde_json::to_value(data).unwrap()["viewer"]["profile"]["id"].take();
    let query = format!(
        "{{ node(id: {id}) {{ ... on Profile {{ meetings {{ attendedCount attended {{ totalCount }} }} }} }} }}"
    );
    for (who, attended) in [
        (None, Json::Null),
        (Some(actor("ada")), Json::Null),
        (Some(staff()), json!({ "totalCount": 1 })),
    ] {
        let data = asked.data(who, &query, Value::Null).await;
        let data = serde_json::to_value(data).unwrap();
        assert_eq!(
            data["node"]["meetings"],
            json!({ "attendedCount": 1, "attended": attended })
        );
    }
}

#[tokio::test]
async fn g2_an_erased_account_leads_no_active_group() {
    let asked = community(5).await;
    let query = "{ groups { nodes { leaders { profile { leading { activeGroups { name } groups { isActive } } } } } } }";
    let leading = async || {
        let data = asked.data(None, query, Value::Null).await;
        let data = serde_json::to_value(data).unwrap();
        data["groups"]["nodes"][0]["leaders"][0]["profile"]["leading"].clone()
    };
    let active =
        json!({ "activeGroups": [{ "name": "Bakers" }], "groups": [{ "isActive": true }] });
    assert_eq!(leading().await, active);
    let erased = Erased {
        account: actor("ada").account,
        content: Content::Keep,
    };
    asked.happened(AccountFact::Erased(erased)).await;
    readable(&asked).await;
    let none = json!({ "activeGroups": [], "groups": [{ "isActive": false }] });
    assert_eq!(leading().await, none);
}

/// However many leaders there are.
#[tokio::test]
async fn g2_who_may_not_lead_any_more_is_read_in_few_batches() {
    let query = "{ groupOverview { ineligibleLeaders { account { name } } } }";
    let mut taken = Vec::new();
    for more in [1, 20] {
        let asked = community(5).await;
        for number in 0..more {
            let name = format!("leader {number}");
            registered(&asked, &name).await;
            let appoint = Appoint {
                group: GROUP,
                account: actor(&name).account,
                role: Role::CoLeader,
                conditions: Conditions::default(),
            };
            asked.record(staff(), appoint).await;
            let change = plaudit_domain::affiliation::Change {
                account: actor(&name).account,
                affiliation: Some(Affiliation::Employee),
            };
            asked.record(staff(), change).await;
        }
        readable(&asked).await;
        let before = asked.api.batches();
        let data = asked.data(Some(staff()), query, Value::Null).await;
        taken.push(asked.api.batches() - before);
        let found = serde_json::to_value(data).unwrap();
        let found = found["groupOverview"]["ineligibleLeaders"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(found, more);
    }
    assert_eq!(taken, [6, 6]);
}

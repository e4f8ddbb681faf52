//! Exports of Meetup's groups, one after the other: what members read in the end.

use plaudit_domain::fact::MeetingFact;
use plaudit_domain::{Fact, MeetingId, Origin};
use plaudit_exchange::meetup::{Options, import};
use plaudit_exchange::{Summary, Unwatched};
use plaudit_projection::Rules;
use plaudit_projection::rsvp::State;
use plaudit_store::{Order, Page, Store};

use crate::community::{Community, assert_accounted_for};
use crate::dump::skipped;
use crate::tables::fold_all;

/// When the meeting is, and a month later: 1 and 29 February 2020.
const FIRST: &str = "1580580000000";
const LATER: &str = "1583000000000";
/// More than a day after it.
const AFTER: &str = "1580700000000";

/// One export: the only event with its status, time, limit and when it was changed; and the answers to it,
/// as member, answer and time in seconds.
struct Export {
    status: &'static str,
    starts: &'static str,
    limit: &'static str,
    updated: &'static str,
    answers: String,
}

fn export(status: &'static str, limit: &'static str, answers: &[(u8, &str, u8)]) -> Export {
    let answers = answers.iter().map(|(member, answer, at)| {
        format!("{member},rye,{answer},15790000{at:02}000,M{member}\n")
    });
    Export {
        status,
        starts: FIRST,
        limit,
        updated: "",
        answers: answers.collect(),
    }
}

async fn import_into(community: &Community, export: &Export) -> Summary {
    let Export {
        status,
        starts,
        limit,
        updated,
        answers,
    } = export;
    let folder = tempfile::tempdir().unwrap();
    let write = |name, text| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "groups.csv",
        "group_id,group_name,created\n7,Bakers,2020-01-01 10:00:00\n".to_owned(),
    );
    write(
        "events.csv",
        format!(
            "event_id,group_id,event_time,event_status,created,updated,rsvp_limit\n\
             rye,7,{starts},{status},1578000000000,{updated},{limit}\n"
        ),
    );
    write(
        "rsvps.csv",
        format!("member_id,event_id,response,mtime,member_name\n{answers}"),
    );
    let options = Options {
        folder: folder.path().to_owned(),
        scratch: community.scratch(),
    };
    let summary = import(&community.journal, options, &mut Unwatched)
        .await
        .unwrap();
    assert_accounted_for(&summary);
    summary
}

fn meeting() -> MeetingId {
    let origin = Origin {
        source: "meetup".to_owned(),
        id: "rye".to_owned(),
    };
    MeetingId(origin.derive("meeting"))
}

/// What became of the meeting, who has a place, who waits and who doesn't come.
async fn read(community: &Community) -> String {
    let store = fold_all(community, &Rules::standard().unwrap()).await;
    let meeting = store.meetings_by_id(&[meeting()]).await.unwrap().remove(0);
    let mut told = format!("{:?}", meeting.state);
    for state in [State::Going, State::Waiting, State::NotGoing] {
        let page = Page {
            order: Order::Ascending,
            after: None,
            limit: 100,
        };
        let rsvps = store.rsvps(&[meeting.key], state, page).await.unwrap();
        let keys: Vec<_> = rsvps.iter().map(|rsvp| rsvp.account).collect();
        let accounts = store.accounts(&keys).await.unwrap();
        let mut names: Vec<_> = accounts.into_iter().filter_map(|it| it.name).collect();
        names.sort();
        told += &format!("; {state:?} {}", names.join(" "));
    }
    told
}

/// What members read after some exports, and what the last one of them recorded.
async fn after(exports: &[Export]) -> (String, Summary) {
    let community = Community::new();
    let mut last = Summary::default();
    for export in exports {
        last = import_into(&community, export).await;
        let again = import_into(&community, export).await;
        assert_eq!(again.total_recorded(), 0, "{:?}", again.recorded);
    }
    (read(&community).await, last)
}

#[tokio::test]
async fn who_waited_gets_no_place_by_an_answer_that_was_changed_after_the_meeting() {
    let late = format!("1,rye,yes,1579000001000,M1\n2,rye,yes,{AFTER},M2\n");
    let past = Export {
        answers: late + "3,rye,waitlist,1579000003000,M3\n",
        ..export("past", "2", &[])
    };
    let (read, _) = after(&[past]).await;
    assert_eq!(read, "Held; Going M1 M2; Waiting M3; NotGoing ");
}

#[tokio::test]
async fn who_said_yes_is_there_whoever_waited_for_an_earlier_export() {
    let full = [(1, "yes", 1), (2, "yes", 2), (3, "waitlist", 3)];
    let more = [&full[..], &[(4, "yes", 4)]].concat();
    let expected = "Held; Going M1 M2 M4; Waiting M3; NotGoing ";
    assert_eq!(after(&[export("past", "2", &more)]).await.0, expected);
    for before in ["2", "1"] {
        let exports = [
            export("upcoming", before, &full),
            export("past", "2", &more),
        ];
        assert_eq!(after(&exports).await.0, expected, "limit {before}");
    }
    // Who left made room for nobody, once it is over.
    let left = [
        (1, "no", 9),
        (2, "yes", 2),
        (3, "waitlist", 3),
        (5, "waitlist", 5),
    ];
    let exports = [export("upcoming", "2", &full), export("past", "2", &left)];
    let expected = "Held; Going M2; Waiting M3 M5; NotGoing M1";
    assert_eq!(after(&exports).await.0, expected);
    // While it was to come, who waited longest moved up here, and somebody with a place there waited.
    let exports = [
        export("upcoming", "2", &full),
        export("upcoming", "3", &more),
        export("past", "3", &more),
    ];
    let (read, _) = after(&exports).await;
    assert_eq!(read, "Held; Going M1 M2 M3 M4; Waiting ; NotGoing ");
}

#[tokio::test]
async fn the_last_answer_counts_also_where_an_older_export_comes_later() {
    let older = || export("upcoming", "9", &[(1, "yes", 1), (2, "yes", 2)]);
    let newer = || export("upcoming", "9", &[(1, "no", 9), (2, "yes", 2)]);
    let expected = "Scheduled; Going M2; Waiting ; NotGoing M1";
    assert_eq!(after(&[older(), newer()]).await.0, expected);
    let (read, summary) = after(&[newer(), older()]).await;
    assert_eq!(read, expected);
    assert_eq!(
        skipped(&summary),
        ["1 earlier answer: a later one of the same member is recorded"]
    );
    assert_eq!(summary.total_recorded(), 0);
}

#[tokio::test]
async fn a_meeting_that_was_rescheduled_is_when_it_was_at_last() {
    let first = || export("upcoming", "9", &[(1, "yes", 1)]);
    let moved = || Export {
        starts: LATER,
        ..export("past", "9", &[(1, "yes", 1)])
    };
    for exports in [vec![moved()], vec![first(), moved()]] {
        let community = Community::new();
        for export in &exports {
            import_into(&community, export).await;
        }
        let store = fold_all(&community, &Rules::standard().unwrap()).await;
        let meeting = store.meetings_by_id(&[meeting()]).await.unwrap().remove(0);
        let group = store.groups(&[meeting.group_key]).await.unwrap().remove(0);
        let held = group.last_held_at.map(|at| at.to_string());
        assert_eq!(held.as_deref(), Some("2020-02-29T18:13:20Z"));
        assert_eq!(group.last_held_at, Some(meeting.starts_at));
    }
}

/// An export that says when an event was changed doesn't undo what a later one said.
#[tokio::test]
async fn what_was_changed_later_stays() {
    let said = |starts, updated| Export {
        starts,
        updated,
        ..export("upcoming", "9", &[])
    };
    let community = Community::new();
    for (export, starts_at) in [
        (said(FIRST, ""), "2020-02-01T18:00:00Z"),
        (said(LATER, "1579500000000"), "2020-02-29T18:13:20Z"),
        (said(FIRST, "1579400000000"), "2020-02-29T18:13:20Z"),
        (said(FIRST, "1579600000000"), "2020-02-01T18:00:00Z"),
    ] {
        import_into(&community, &export).await;
        let events = community.events().await;
        let mut details = events.into_iter().filter_map(|event| match event.fact {
            Fact::Meeting(MeetingFact::Scheduled(new)) => Some(new.details),
            Fact::Meeting(MeetingFact::Changed(new)) => Some(new.details),
            _ => None,
        });
        assert_eq!(
            details.next_back().unwrap().starts_at.to_string(),
            starts_at
        );
    }
}

#[tokio::test]
async fn what_was_cancelled_stays_so_and_that_is_said() {
    let yes = [(1, "yes", 1)];
    let exports = ["upcoming", "cancelled", "past"].map(|status| export(status, "9", &yes));
    let (read, summary) = after(&exports).await;
    assert_eq!(read, "Cancelled; Going M1; Waiting ; NotGoing ");
    assert_eq!(
        skipped(&summary),
        ["1 past event: it is recorded as cancelled, and stays so"]
    );
    assert_eq!(summary.total_recorded(), 0);
}

#[tokio::test]
async fn who_said_yes_to_a_meeting_to_come_has_a_place_whatever_its_limit() {
    let answers = [
        (1, "yes", 1),
        (2, "yes", 2),
        (3, "yes", 3),
        (4, "waitlist", 4),
    ];
    let (read, _) = after(&[export("upcoming", "2", &answers)]).await;
    assert_eq!(read, "Scheduled; Going M1 M2 M3; Waiting M4; NotGoing ");
}

//! Groups of Meetup, by hand.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use plaudit_domain::fact::{AccountFact, GroupFact, MeetingFact, MembershipFact, RsvpFact};
use plaudit_domain::meeting::Details;
use plaudit_domain::{Event, Fact};
use plaudit_exchange::meetup::{Options, import};
use plaudit_exchange::{ImportError, Summary, Unwatched};
use plaudit_journal::SharedJournal;
use tempfile::TempDir;
use uuid::Uuid;

use crate::community::{Community, assert_accounted_for};
use crate::dump::skipped;
use crate::repeated::Failing;

const GROUPS: &str = "group_id,group_name,description,city,country,created,timezone,\
                      organizer.member_id,organizer.name,rating\n";
const BAKERS: &str = "7,Bakers,About bread,Berlin,DE,2020-01-01 10:00:00,Europe/Berlin,1,Ada,4.5\n";
const EVENTS: &str = "event_id,group_id,event_name,description,event_time,duration,created,\
                      event_status,rsvp_limit,venue.name,venue.city,event_url,yes_rsvp_count\n";
/// Begins on 2020-02-01 at 18:00 in UTC.
const RYE: &str = "rye,7,Rye,All of it,1580580000000,7200000,1577959200000,past,2,Mill,Berlin,\
                   https://example.org/rye,2\n";
const MEMBERS: &str = "member_id,member_name,joined,group_id,bio\n";
const RSVPS: &str = "rsvp_id,member_id,event_id,response,mtime\n";

/// A folder with files of these lines.
fn export(files: [(&str, String); 4]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        if !text.is_empty() {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
    }
    folder
}

/// The bakers, and what else there is.
fn bakers(events: &str, members: &str, rsvps: &str) -> TempDir {
    export([
        ("groups.csv", format!("{GROUPS}{BAKERS}")),
        ("events.csv", format!("{EVENTS}{events}")),
        ("members.csv", format!("{MEMBERS}{members}")),
        ("rsvps.csv", format!("{RSVPS}{rsvps}")),
    ])
}

async fn import_into(
    journal: &SharedJournal,
    community: &Community,
    folder: &Path,
) -> Result<Summary, ImportError> {
    let options = Options {
        folder: folder.to_owned(),
        scratch: community.scratch(),
    };
    let summary = import(journal, options, &mut Unwatched).await;
    assert_eq!(community.scratch().read_dir().unwrap().count(), 0);
    if let Ok(summary) = &summary {
        assert_accounted_for(summary);
    }
    summary
}

async fn told(folder: &TempDir) -> (Vec<Event>, Summary) {
    let community = Community::new();
    let summary = import_into(&community.journal, &community, folder.path())
        .await
        .unwrap();
    (community.events().await, summary)
}

/// Each event in words; whatever it names was made by an earlier one.
fn story(events: &[Event]) -> Vec<String> {
    let mut names: HashMap<Uuid, String> = HashMap::new();
    let tell = |event: &Event| match &event.fact {
        Fact::Account(AccountFact::Registered(new)) => {
            names.insert(new.account.0, new.name.get().unwrap().clone());
            names[&new.account.0].clone()
        }
        Fact::Group(GroupFact::UserGroupCreated(new)) => {
            names.insert(new.group.0, new.name.clone());
            format!("{} in {}: {}", new.name, new.location, new.description)
        }
        Fact::Group(GroupFact::LeaderAppointed(new)) => {
            format!("{} leads {}", names[&new.account.0], names[&new.group.0])
        }
        Fact::Membership(MembershipFact::Joined(new)) => {
            format!("{} joins {}", names[&new.account.0], names[&new.group.0])
        }
        Fact::Meeting(MeetingFact::Scheduled(new)) => {
            names.insert(new.meeting.0, new.details.title.clone());
            let of = &names[&new.group.0];
            format!(
                "{} of {of} for {:?}",
                new.details.title, new.details.capacity
            )
        }
        Fact::Rsvp(RsvpFact::Answered(new)) => {
            let (who, what) = (&names[&new.account.0], &names[&new.meeting.0]);
            format!(
                "{who} {} to {what}",
                if new.going { "goes" } else { "doesn't go" }
            )
        }
        Fact::Meeting(MeetingFact::Cancelled(end)) => format!("{} is off", names[&end.meeting.0]),
        Fact::Meeting(MeetingFact::Held(end)) => format!("{} was held", names[&end.meeting.0]),
        other => unreachable!("{other:?}"),
    };
    events.iter().map(tell).collect()
}

#[tokio::test]
async fn groups_come_with_their_meetings_members_and_answers() {
    let folder = bakers(
        RYE,
        "1,Ada,2020-01-01 10:00:00,7,x\n2,Bob,2020-01-02 10:00:00,7,x\n",
        "1,1,rye,yes,1579000000000\n2,2,rye,yes,1579000001000\n",
    );
    let (events, summary) = told(&folder).await;
    assert_eq!(
        story(&events),
        [
            "Ada",
            "Bakers in Berlin, DE: About bread",
            "Ada leads Bakers",
            "Ada joins Bakers",
            "Bob",
            "Bob joins Bakers",
            "Rye of Bakers for Some(2)",
            "Ada goes to Rye",
            "Bob goes to Rye",
            "Rye was held",
        ]
    );
    assert!(skipped(&summary).is_empty());
    assert!(events.is_sorted_by_key(|event| event.occurred_at));
    let Fact::Meeting(MeetingFact::Scheduled(rye)) = &events[6].fact else {
        unreachable!()
    };
    assert_eq!(rye.origin.as_ref().unwrap().source, "meetup");
    assert_eq!(rye.origin.as_ref().unwrap().id, "rye");
    let expected = Details {
        title: "Rye".into(),
        description: "All of it".into(),
        starts_at: "2020-02-01T18:00:00Z".parse().unwrap(),
        ends_at: "2020-02-01T20:00:00Z".parse().unwrap(),
        zone: "Europe/Berlin".into(),
        place: Some("Mill, Berlin".into()),
        online: None,
        capacity: Some(2),
        announcements: vec!["https://example.org/rye".into()],
    };
    assert_eq!(rye.details, expected);
    let held = events[9].occurred_at.to_string();
    assert_eq!(held, "2020-02-01T20:00:00Z", "when it ended");
}

#[tokio::test]
async fn of_a_members_answers_to_a_meeting_the_last_one_counts() {
    let folder = bakers(
        RYE,
        "",
        "1,2,rye,no,1579000003000\n2,2,rye,yes,1579000001000\n\
         3,3,rye,no,1579000001000\n4,3,rye,yes,1579000001000\n",
    );
    let (events, summary) = told(&folder).await;
    assert_eq!(
        story(&events)[3..],
        [
            "Rye of Bakers for Some(2)",
            "member 2",
            "member 3",
            "member 3 goes to Rye",
            "member 2 doesn't go to Rye",
            "Rye was held",
        ],
        "the last by time, of the same time the last in the file"
    );
    assert_eq!(
        skipped(&summary),
        ["2 earlier answer: a later one of the same member counts"]
    );
}

/// Whoever said yes had a place, and whoever waited hadn't.
#[tokio::test]
async fn who_waited_comes_after_all_that_were_going() {
    let folder = bakers(
        RYE,
        "",
        "1,2,rye,waitlist,1579000001000\n2,3,rye,yes,1579000002000\n\
         3,4,rye,yes,1579000003000\n4,5,rye,yes,1579000004000\n",
    );
    let (events, _) = told(&folder).await;
    let story = story(&events);
    assert!(
        story.contains(&"Rye of Bakers for Some(3)".into()),
        "{story:?}"
    );
    assert_eq!(
        story[story.len() - 5..],
        [
            "member 4 goes to Rye",
            "member 5",
            "member 5 goes to Rye",
            "member 2 goes to Rye",
            "Rye was held",
        ]
    );
}

#[tokio::test]
async fn past_meetings_that_anybody_said_yes_to_were_held_and_no_others() {
    let event = |id: &str, status: &str, yes: u8| {
        format!("{id},7,{id},,1580580000000,,,{status},,,,not_found,{yes}\n")
    };
    let events = [
        event("counted", "past", 3),
        event("answered", "past", 0),
        event("nobody", "past", 0),
        event("ahead", "upcoming", 5),
        event("off", "cancelled", 5),
        event("idea", "proposed", 0),
    ];
    let folder = bakers(
        &events.concat(),
        "",
        "1,1,answered,yes,\n2,1,nobody,no,\n3,1,idea,yes,\n",
    );
    let (events, summary) = told(&folder).await;
    let story = story(&events);
    let ends: Vec<_> = story
        .iter()
        .filter(|told| told.ends_with("held") || told.ends_with("off"))
        .collect();
    assert_eq!(
        ends,
        ["off is off", "answered was held", "counted was held"]
    );
    assert_eq!(
        skipped(&summary),
        [
            "1 proposed event: it was never scheduled",
            "1 yes: its event is not in events.csv",
        ]
    );
}

#[tokio::test]
async fn columns_go_by_any_of_their_names_and_two_files_are_enough() {
    let folder = export([
        (
            "groups.csv",
            "created,name,id,who\n0,Bakers,7,Breads\n".into(),
        ),
        (
            "events.csv",
            "status,time,group.id,id,link\nPAST,2020-02-01,7,x,javascript:alert()\n".into(),
        ),
        ("members.csv", String::new()),
        ("rsvps.csv", String::new()),
    ]);
    std::fs::write(folder.path().join("cities.csv"), "city\n").unwrap();
    let (events, summary) = told(&folder).await;
    assert_eq!(
        story(&events),
        ["Bakers in : ", "event x of Bakers for None"]
    );
    let Fact::Meeting(MeetingFact::Scheduled(x)) = &events[1].fact else {
        unreachable!()
    };
    assert_eq!(x.details.zone, "UTC");
    assert_eq!(
        x.details.ends_at.to_string(),
        "2020-02-01T03:00:00Z",
        "three hours"
    );
    assert!(
        x.details.announcements.is_empty(),
        "that is no address of a page"
    );
    assert_eq!(summary.not_read, ["cities.csv"]);
}

#[tokio::test]
async fn who_is_in_no_group_here_and_who_stands_twice_is_told() {
    let folder = bakers(
        "",
        "2,Bob,2020-01-02 10:00:00,7,x\n2,Bob,2020-01-02 10:00:00,7,x\n\
         3,Cy,2020-01-02 10:00:00,8,x\n4,Di,2020-01-02 10:00:00,,x\n",
        "",
    );
    let (events, summary) = told(&folder).await;
    let story = story(&events);
    assert_eq!(story[3..], ["Bob", "Di", "Bob joins Bakers"]);
    assert_eq!(
        skipped(&summary),
        [
            "1 member: their group is not in groups.csv",
            "1 member: they stand in an earlier line",
        ]
    );
}

#[tokio::test]
async fn what_is_referred_to_comes_first_also_where_it_is_younger() {
    let folder = bakers(
        RYE,
        "2,Bob,2019-05-02 10:00:00,7,x\n",
        "1,3,rye,yes,1500000000000\n",
    );
    let (events, _) = told(&folder).await;
    assert_eq!(
        story(&events),
        [
            "Ada",
            "member 3",
            "Bakers in Berlin, DE: About bread",
            "Ada leads Bakers",
            "Rye of Bakers for Some(2)",
            "member 3 goes to Rye",
            "Bob",
            "Bob joins Bakers",
            "Rye was held",
        ]
    );
    let created = events[2].occurred_at.to_string();
    assert_eq!(
        created, "2020-01-01T10:00:00Z",
        "when it happened stays as it is"
    );
}

#[tokio::test]
async fn importing_again_records_nothing_and_a_later_export_what_is_new() {
    let members = "1,Ada,2020-01-01 10:00:00,7,x\n";
    let upcoming = RYE.replace("past", "upcoming");
    let earlier = bakers(&upcoming, members, "1,1,rye,yes,1579000000000\n");
    let community = Community::new();
    let import = async |folder: &TempDir| {
        import_into(&community.journal, &community, folder.path())
            .await
            .unwrap()
    };
    let first = import(&earlier).await;
    let second = import(&earlier).await;
    assert_eq!(second.total_recorded(), 0);
    assert_eq!(second.already_recorded, first.recorded);
    let later = bakers(RYE, members, "1,1,rye,no,1579000009000\n");
    let third = import(&later).await;
    let recorded: Vec<_> = third.recorded.into_iter().collect();
    assert_eq!(recorded, [("MeetingHeld", 1), ("RsvpAnswered", 1)]);
}

/// People were there: an earlier export that knew of fewer is no reason that they wait.
#[tokio::test]
async fn a_later_export_knows_of_more_who_were_there() {
    let yes = |member: u8| format!("{member},{member},rye,yes,157900000{member}000\n");
    let both = yes(1) + &yes(2);
    let all = both.clone() + &yes(3) + "9,9,rye,waitlist,1579000009000\n";
    for (before, expected) in [
        // It was still to come then: there is room for the third, and who waited waits.
        (
            RYE.replace("past", "upcoming"),
            vec![
                ("MeetingChanged", 1),
                ("MeetingHeld", 1),
                ("RsvpAnswered", 2),
            ],
        ),
        // It was over then: what is new is the third, and who waited wasn't there.
        (RYE.to_owned(), vec![("RsvpAnswered", 1)]),
    ] {
        let community = Community::new();
        let import = async |folder: &TempDir| {
            import_into(&community.journal, &community, folder.path())
                .await
                .unwrap()
        };
        import(&bakers(&before, "", &both)).await;
        let later = bakers(RYE, "", &all);
        let mut second = import(&later).await;
        second.recorded.remove("AccountRegistered");
        let recorded: Vec<_> = second
            .recorded
            .iter()
            .map(|(name, n)| (*name, *n))
            .collect();
        assert_eq!(recorded, expected);
        let room = community.events().await.into_iter().find_map(|event| {
            let Fact::Meeting(MeetingFact::Changed(changed)) = event.fact else {
                return None;
            };
            Some(changed.details.capacity)
        });
        assert_eq!(room, (expected.len() > 1).then_some(Some(3)));
        let skips: &[&str] = match expected.len() {
            1 => &["1 waitlist: its event is recorded without them, and who waited wasn't there"],
            _ => &[],
        };
        assert_eq!(skipped(&second), skips);
        assert_eq!(import(&later).await.total_recorded(), 0);
    }
}

#[tokio::test]
async fn an_interrupted_import_is_completed_by_importing_again() {
    let members: String = (2..6000)
        .map(|id| format!("{id},M,2020-01-02 10:00:00,7,x\n"))
        .collect();
    let folder = bakers(RYE, &members, "1,2,rye,yes,1579000000000\n");
    let community = Community::new();
    let failing: SharedJournal = Arc::new(Failing {
        journal: community.journal.clone(),
        batches: AtomicI64::new(1),
    });
    import_into(&failing, &community, folder.path())
        .await
        .unwrap_err();
    let recorded = community.journal.head().await.unwrap();
    assert!(recorded > 0);
    let rest = import_into(&community.journal, &community, folder.path())
        .await
        .unwrap();
    assert_eq!(rest.total_already_recorded(), recorded);
    let (whole, _) = told(&folder).await;
    let ids = |events: &[Event]| -> Vec<_> { events.iter().map(|event| event.id).collect() };
    assert_eq!(ids(&community.events().await), ids(&whole));
}

#[tokio::test]
async fn what_is_malformed_is_told_with_its_place_and_records_nothing() {
    let events = |line: &str| format!("{EVENTS}{RYE}{line}");
    let cases: [(&str, String, &str); 9] = [
        (
            "groups.csv",
            "group_id,group_name\n".into(),
            "groups.csv, line 1: there is no column created; \
             expected a header with group_id, group_name, created",
        ),
        (
            "groups.csv",
            format!("{GROUPS}{BAKERS}{BAKERS}"),
            "groups.csv, line 3: group_id 7 stands in an earlier line too; \
             expected every group once",
        ),
        (
            "groups.csv",
            format!("{GROUPS}{}", BAKERS.replace("Europe/Berlin", "Mars")),
            "groups.csv, line 2: timezone is \"Mars\"; expected a time zone like Europe/Berlin",
        ),
        (
            "events.csv",
            events(&RYE.replace("1580580000000", "soon")),
            "events.csv, line 3: event_time is \"soon\"; expected milliseconds since 1970, \
             or a time like 2017-10-31 02:00:00 or 2017-10-31T02:00:00Z",
        ),
        (
            "events.csv",
            events(RYE),
            "events.csv, line 3: event_id rye stands in an earlier line too; \
             expected every event once",
        ),
        (
            "events.csv",
            events(&RYE.replace("past,2", "past,many")),
            "events.csv, line 3: rsvp_limit is \"many\"; expected a whole number",
        ),
        (
            "events.csv",
            events(&RYE.replace("past,2", "past,4294967296")),
            "events.csv, line 3: rsvp_limit is 4294967296; \
             expected at most 4294967295, or none where there is room for all",
        ),
        (
            "members.csv",
            format!("{MEMBERS},Bob,2020-01-01,7,x\n"),
            "members.csv, line 2: member_id is empty; expected an id or a word",
        ),
        (
            "rsvps.csv",
            format!("{RSVPS}1,1,rye,perhaps,\n"),
            "rsvps.csv, line 2: response is \"perhaps\"; expected yes, no or waitlist",
        ),
    ];
    for (file, text, expected) in cases {
        let folder = bakers(RYE, "", "");
        std::fs::write(folder.path().join(file), text).unwrap();
        let community = Community::new();
        let error = import_into(&community.journal, &community, folder.path())
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(community.journal.head().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_folder_without_groups_is_told_what_it_should_hold() {
    let folder = bakers(RYE, "", "");
    std::fs::remove_file(folder.path().join("events.csv")).unwrap();
    let community = Community::new();
    let error = import_into(&community.journal, &community, folder.path())
        .await
        .unwrap_err();
    assert!(
        error.to_string().ends_with(
            "there is no events.csv. Groups of Meetup are a folder with groups.csv and \
             events.csv, and members.csv and rsvps.csv if there are such"
        ),
        "{error}"
    );
}

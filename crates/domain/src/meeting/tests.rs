use super::*;
use crate::given::meetings::{
    DAY, HOUR, appointed, attended, cancelled, changed, details, held, led, meeting, scheduled,
    submitted, user_group,
};
use crate::given::{ada, after, bob, community, eve, group, group_created, linked, staff};
use crate::leadership::Role;
use crate::profile;

fn schedule(details: Details) -> Schedule {
    Schedule {
        meeting: meeting(1),
        group: group(1),
        details,
        terms: Terms::default(),
    }
}

fn change(details: Details) -> Change {
    Change {
        meeting: meeting(1),
        details,
        terms: Terms::default(),
    }
}

fn cancel() -> Cancel {
    Cancel {
        meeting: meeting(1),
        reason: Some("The oven is broken".into()),
    }
}

fn confirm() -> Confirm {
    Confirm {
        meeting: meeting(1),
    }
}

#[test]
fn g3_leaders_co_leaders_and_staff_schedule_meetings() {
    for who in [bob().into(), eve().into(), staff(ada())] {
        let who: Actor = who;
        led([]).when(who, schedule(details())).then([scheduled()]);
    }
    led([])
        .when(ada(), schedule(details()))
        .then_refused(Refusal::NotALeader { group: group(1) });
    community([group_created(group(1), "Bakers")])
        .when(staff(ada()), schedule(details()))
        .then_refused(Refusal::NotAUserGroup { group: group(1) });
}

#[test]
fn g3_any_linked_account_of_a_leader_does() {
    community([
        user_group(),
        appointed(bob(), Role::Leader),
        linked(ada(), bob(), 1),
    ])
    .when(ada(), schedule(details()))
    .then([scheduled()]);
}

#[test]
fn g3_scheduling_the_same_again_records_nothing_and_another_one_is_refused() {
    led([scheduled()])
        .later(2 * DAY)
        .when(bob(), schedule(details()))
        .then([]);
    let other = Details {
        title: "Rye".into(),
        ..details()
    };
    led([scheduled()])
        .when(bob(), schedule(other))
        .then_refused(Refusal::MeetingExists);
}

#[test]
fn g3_a_meeting_has_times_a_zone_a_place_and_a_capacity_that_can_be() {
    let times = Refusal::MeetingTimesInvalid { days: DAYS_MAX };
    let capacity = Refusal::CapacityInvalid { max: CAPACITY_MAX };
    let link = |field, link: &str| Refusal::LinkInvalid {
        field,
        link: link.into(),
        max: profile::LINK_MAX,
    };
    let of = details;
    let ends_at = |ends_at| Details { ends_at, ..of() };
    let zone = |zone: &str| Details {
        zone: zone.into(),
        ..of()
    };
    let cases = [
        (ends_at(after(DAY)), times.clone()),
        (ends_at(after(DAY - 1)), times.clone()),
        (ends_at(after(DAY * 16)), times),
        (
            zone("Europe/Bärlin"),
            Refusal::ZoneInvalid {
                zone: "Europe/Bärlin".into(),
            },
        ),
        (zone(""), Refusal::ZoneInvalid { zone: "".into() }),
        (
            Details {
                capacity: Some(0),
                ..of()
            },
            capacity,
        ),
        (
            Details {
                place: None,
                ..of()
            },
            Refusal::NowhereToMeet,
        ),
        (
            Details {
                online: Some("ftp://a".into()),
                ..of()
            },
            link("online", "ftp://a"),
        ),
        (
            Details {
                announcements: vec!["javascript:alert(1)".into()],
                ..of()
            },
            link("announcements", "javascript:alert(1)"),
        ),
        (
            Details {
                title: " ".into(),
                ..of()
            },
            Refusal::TitleInvalid { max: LINE_MAX },
        ),
    ];
    for (details, refusal) in cases {
        led([])
            .when(bob(), schedule(details.clone()))
            .then_refused(refusal.clone());
        led([scheduled()])
            .when(bob(), change(details))
            .then_refused(refusal);
    }
    for zone in ["UTC", "America/Argentina/Buenos_Aires", "Pacific/Auckland"] {
        let details = Details {
            zone: zone.into(),
            capacity: None,
            announcements: vec!["https://example.com/bread".into()],
            ..of()
        };
        let decided = led([]).when(bob(), schedule(details.clone()));
        decided.then([MeetingFact::Scheduled(Scheduled {
            meeting: meeting(1),
            group: group(1),
            details,
            origin: None,
        })
        .into()]);
    }
}

#[test]
fn g3_a_zone_is_kept_as_the_database_writes_it() {
    let typed = |zone: &str| Details {
        zone: zone.into(),
        ..details()
    };
    for zone in ["europe/BERLIN", "Europe/Berlin"] {
        led([])
            .when(bob(), schedule(typed(zone)))
            .then([scheduled()]);
    }
    for zone in ["Factory", "Etc/Unknown", "etc/unknown"] {
        led([])
            .when(bob(), schedule(typed(zone)))
            .then_refused(Refusal::ZoneInvalid { zone: zone.into() });
    }
}

#[test]
fn g3_a_meeting_begins_in_the_future() {
    led([])
        .later(DAY)
        .when(bob(), schedule(details()))
        .then_refused(Refusal::MeetingInPast);
    led([])
        .later(DAY - 1)
        .when(bob(), schedule(details()))
        .then([scheduled()]);
}

#[test]
fn g3_there_is_no_price_and_no_registration_elsewhere() {
    let paid = Terms {
        price: Some("5 EUR".into()),
        registration_url: None,
    };
    let elsewhere = Terms {
        price: None,
        registration_url: Some("https://example.com/tickets".into()),
    };
    for (terms, refusal) in [
        (paid, Refusal::NotFree),
        (elsewhere, Refusal::ExternalRegistration),
    ] {
        let schedule = Schedule {
            terms: terms.clone(),
            ..schedule(details())
        };
        led([]).when(bob(), schedule).then_refused(refusal.clone());
        let change = Change {
            terms,
            ..change(details())
        };
        led([scheduled()]).when(bob(), change).then_refused(refusal);
    }
}

#[test]
fn g3_meetings_are_changed_and_cancelled_by_leaders_and_staff() {
    let bigger = Details {
        capacity: Some(50),
        ..details()
    };
    led([scheduled()])
        .when(eve(), change(bigger.clone()))
        .then([changed(bigger.clone())]);
    led([scheduled(), changed(bigger.clone())])
        .when(eve(), change(bigger.clone()))
        .then([]);
    led([scheduled()])
        .when(ada(), change(bigger))
        .then_refused(Refusal::NotALeader { group: group(1) });
    let because = || cancelled(Some("The oven is broken"));
    led([scheduled()])
        .when(staff(ada()), cancel())
        .then([because()]);
    led([scheduled(), because()]).when(bob(), cancel()).then([]);
    led([scheduled()])
        .when(ada(), cancel())
        .then_refused(Refusal::NotALeader { group: group(1) });
    community([])
        .when(staff(ada()), cancel())
        .then_refused(Refusal::MeetingNotFound {
            meeting: meeting(1),
        });
}

#[test]
fn g3_what_has_begun_is_over_or_cancelled_is_not_changed() {
    let other = || {
        change(Details {
            title: "Rye".into(),
            ..details()
        })
    };
    led([scheduled(), cancelled(None)])
        .when(bob(), other())
        .then_refused(Refusal::MeetingCancelled);
    led([scheduled()])
        .later(DAY)
        .when(bob(), other())
        .then_refused(Refusal::MeetingBegun);
    led([scheduled(), held()])
        .later(2 * DAY)
        .when(bob(), other())
        .then_refused(Refusal::MeetingHeld);
    led([scheduled(), held()])
        .later(2 * DAY)
        .when(bob(), cancel())
        .then_refused(Refusal::MeetingHeld);
    let past = Details {
        starts_at: after(-DAY),
        ends_at: after(-DAY + HOUR),
        ..details()
    };
    led([scheduled()])
        .when(bob(), change(past))
        .then_refused(Refusal::MeetingInPast);
}

#[test]
fn g6_a_leader_confirms_that_a_meeting_was_held_once_it_has_begun() {
    led([scheduled()])
        .later(DAY)
        .when(eve(), confirm())
        .then([held()]);
    led([scheduled(), held()])
        .later(DAY)
        .when(bob(), confirm())
        .then([]);
    led([scheduled()])
        .later(DAY - 1)
        .when(bob(), confirm())
        .then_refused(Refusal::MeetingNotBegun { begins: after(DAY) });
    // Staff weren't there.
    led([scheduled()])
        .later(DAY)
        .when(staff(ada()), confirm())
        .then_refused(Refusal::NotALeader { group: group(1) });
}

#[test]
fn g6_a_cancelled_meeting_is_not_confirmed() {
    led([scheduled(), cancelled(None)])
        .later(DAY)
        .when(bob(), confirm())
        .then_refused(Refusal::MeetingCancelled);
}

#[test]
fn what_is_folded_of_a_meeting_is_what_it_is() {
    let mut folded = Meeting::default();
    for fact in [
        scheduled(),
        attended([ada(), bob()]),
        held(),
        submitted(eve()),
    ] {
        let Fact::Meeting(fact) = fact else {
            panic!("{fact:?} is of no meeting");
        };
        folded.apply(&fact);
    }
    assert_eq!(folded.scheduled(), Some((group(1), &details())));
    assert_eq!(folded.attended(), &BTreeSet::from([ada(), bob()]));
    assert!(folded.was_held());
}

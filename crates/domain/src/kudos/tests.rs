use super::*;
use crate::erasure::Content;
use crate::given::{
    ada, admin, affected, after, bob, community, deleted, enrolled, enrolment_requested, erased,
    eve, gave, gift, given, linked, now, post, primary_changed, question, registered, restored,
    service, staff, unlinked, withdrawn,
};

fn ask(policy: Policy) -> RequestEnrolment {
    RequestEnrolment { policy }
}

fn enrol_ada() -> Enrol {
    Enrol { account: ada() }
}

// Enrolment

#[test]
fn k1_where_everybody_takes_part_there_is_nothing_to_ask_for() {
    community([]).when(ada(), ask(Policy::Automatic)).then([]);
}

#[test]
fn k1_who_asks_waits() {
    community([])
        .when(ada(), ask(Policy::Waitlist))
        .then([enrolment_requested(ada(), [ada()])]);
}

#[test]
fn asking_again_records_nothing() {
    community([enrolment_requested(ada(), [ada()])])
        .when(ada(), ask(Policy::Waitlist))
        .then([]);
    community([enrolled(ada(), [ada()])])
        .when(ada(), ask(Policy::Waitlist))
        .then([]);
    community([
        enrolment_requested(ada(), [ada()]),
        enrolled(ada(), [ada()]),
    ])
    .when(ada(), ask(Policy::Waitlist))
    .then([]);
}

#[test]
fn who_asks_does_it_for_all_accounts_of_their_profile() {
    let profile = || [linked(ada(), bob(), 1)];
    for actor in [ada(), bob()] {
        community(profile())
            .when(actor, ask(Policy::Waitlist))
            .then([enrolment_requested(ada(), [ada(), bob()])]);
        let waiting = [enrolment_requested(ada(), [ada(), bob()])];
        community(profile().into_iter().chain(waiting))
            .when(actor, ask(Policy::Waitlist))
            .then([]);
    }
}

#[test]
fn who_waits_with_one_account_does_not_wait_again_with_another() {
    community([enrolment_requested(ada(), [ada()]), linked(ada(), bob(), 1)])
        .when(bob(), ask(Policy::Waitlist))
        .then([]);
    community([
        enrolment_requested(ada(), [ada()]),
        enrolment_requested(bob(), [bob()]),
        linked(ada(), bob(), 1),
    ])
    .when(bob(), ask(Policy::Waitlist))
    .then([]);
}

#[test]
fn who_takes_part_does_not_wait_again_because_of_another_account() {
    for (first, second) in [(ada(), bob()), (bob(), ada())] {
        let past = || {
            community([
                enrolled(first, [first]),
                enrolment_requested(second, [second]),
                linked(ada(), bob(), 1),
            ])
        };
        for actor in [ada(), bob()] {
            past()
                .when(actor, ask(Policy::Waitlist))
                .then([enrolled(ada(), [ada(), bob()])]);
        }
    }
}

#[test]
fn what_was_asked_holds_under_another_primary_and_ends_for_who_is_unlinked() {
    let both = [ada(), bob()];
    community([
        linked(ada(), bob(), 1),
        enrolment_requested(ada(), both),
        primary_changed(ada(), bob(), both),
    ])
    .when(ada(), ask(Policy::Waitlist))
    .then([]);
    let unlinked_after = |fact| {
        community([linked(ada(), bob(), 1), fact, unlinked(ada(), bob())])
            .when(bob(), ask(Policy::Waitlist))
    };
    // The place on the list is the primary's.
    unlinked_after(enrolment_requested(ada(), both)).then([enrolment_requested(bob(), [bob()])]);
    unlinked_after(enrolled(ada(), both)).then([]);
}

#[test]
fn who_was_once_linked_with_somebody_who_takes_part_waits_like_others() {
    community([
        enrolled(ada(), [ada()]),
        linked(ada(), bob(), 1),
        unlinked(ada(), bob()),
    ])
    .when(bob(), ask(Policy::Waitlist))
    .then([enrolment_requested(bob(), [bob()])]);
}

#[test]
fn k1_staff_enrol_those_who_wait_and_those_who_never_asked() {
    for actor in [staff(bob()), admin(bob())] {
        community([enrolment_requested(ada(), [ada()])])
            .when(actor, enrol_ada())
            .then([enrolled(ada(), [ada()])]);
        community([])
            .when(actor, enrol_ada())
            .then([enrolled(ada(), [ada()])]);
    }
}

#[test]
fn nobody_else_enrols_anybody() {
    for actor in [bob().into(), ada().into(), service(bob())] {
        community([enrolment_requested(ada(), [ada()])])
            .when(actor, enrol_ada())
            .then_refused(Refusal::NotPermitted { who: "staff" });
    }
}

#[test]
fn enrolling_somebody_enrols_all_accounts_of_their_profile() {
    community([linked(bob(), ada(), 1)])
        .when(staff(eve()), enrol_ada())
        .then([enrolled(bob(), [ada(), bob()])]);
    // Also where one of them takes part already.
    community([enrolled(ada(), [ada()]), linked(bob(), ada(), 1)])
        .when(staff(eve()), enrol_ada())
        .then([enrolled(bob(), [ada(), bob()])]);
}

#[test]
fn enrolling_somebody_twice_records_nothing() {
    let both = [ada(), bob()];
    community([enrolled(ada(), [ada()])])
        .when(staff(eve()), enrol_ada())
        .then([]);
    community([
        linked(bob(), ada(), 1),
        enrolled(bob(), both),
        unlinked(bob(), ada()),
    ])
    .when(staff(eve()), enrol_ada())
    .then([]);
}

#[test]
fn only_who_is_there_is_enrolled() {
    let stranger = Refusal::AccountNotFound { account: ada() };
    given([registered(eve(), "Eve")])
        .when(staff(eve()), enrol_ada())
        .then_refused(stranger.clone());
    community([erased(ada(), Content::Keep)])
        .when(staff(eve()), enrol_ada())
        .then_refused(stranger);
}

// Gifts

const ALLOWANCE: Allowance = Allowance {
    gifts: 10,
    per: Period::Week,
};

/// Gives what [`gave`] says was given.
fn give(number: u128, receiver: AccountId) -> Give {
    Give {
        gift: gift(number),
        receiver,
        message: "Good bread".into(),
        post: None,
        allowance: ALLOWANCE,
    }
}

/// So many gifts from one member to another, at a moment.
fn gave_many(
    numbers: std::ops::Range<u128>,
    giver: AccountId,
    receiver: AccountId,
    at: Time,
) -> Vec<Fact> {
    let gifts = numbers.map(|number| Given {
        at,
        ..gave(number, giver, receiver)
    });
    gifts.map(Fact::from).collect()
}

fn used_up(resets_at: &str) -> Refusal {
    Refusal::AllowanceUsedUp {
        per: Period::Week,
        resets_at: moment(resets_at),
    }
}

fn moment(at: &str) -> Time {
    at.parse().unwrap()
}

/// When there are new gifts: [`now`] is on a Sunday.
const MONDAY: &str = "2001-09-10T00:00:00Z";

#[test]
fn k7_members_give_kudos_to_others_with_a_message() {
    community([])
        .when(ada(), give(1, bob()))
        .then([gave(1, ada(), bob()).into()]);
    let message = Give {
        message: " Good\n\nbread \n".into(),
        ..give(1, bob())
    };
    let given = Given {
        message: "Good\n\nbread".to_owned().into(),
        ..gave(1, ada(), bob())
    };
    community([]).when(ada(), message).then([given.into()]);
}

#[test]
fn a_gift_is_given_at_the_moment_at_which_it_is_decided() {
    let given = Given {
        at: after(77),
        ..gave(1, ada(), bob())
    };
    community([])
        .later(77)
        .when(ada(), give(1, bob()))
        .then([given.into()]);
}

#[test]
fn k7_kudos_may_be_about_a_post_that_is_there() {
    let about = || Give {
        post: Some(post(7)),
        ..give(1, bob())
    };
    let given = || Given {
        post: Some(post(7)),
        ..gave(1, ada(), bob())
    };
    let gone = || deleted(affected(post(7), eve()));
    community([question(eve(), post(7))])
        .when(ada(), about())
        .then([given().into()]);
    community([])
        .when(ada(), about())
        .then_refused(Refusal::PostNotFound { post: post(7) });
    community([question(eve(), post(7)), gone()])
        .when(ada(), about())
        .then_refused(Refusal::PostDeleted { post: post(7) });
    let back = restored(affected(post(7), eve()));
    community([question(eve(), post(7)), gone(), back])
        .when(ada(), about())
        .then([given().into()]);
}

#[test]
fn a_message_says_something_and_not_too_much() {
    for message in [
        "",
        " \n ",
        "\u{200b}",
        "a\tb",
        "a\0b",
        &"x".repeat(MESSAGE_MAX + 1),
    ] {
        let give = Give {
            message: message.into(),
            ..give(1, bob())
        };
        community([])
            .when(ada(), give)
            .then_refused(Refusal::TextInvalid {
                field: "message",
                max: MESSAGE_MAX,
            });
    }
    let longest = "ü".repeat(MESSAGE_MAX);
    let given = Given {
        message: longest.clone().into(),
        ..gave(1, ada(), bob())
    };
    let give = Give {
        message: longest,
        ..give(1, bob())
    };
    community([]).when(ada(), give).then([given.into()]);
}

#[test]
fn kudos_go_to_who_is_there() {
    let stranger = Refusal::AccountNotFound { account: bob() };
    given([registered(ada(), "Ada")])
        .when(ada(), give(1, bob()))
        .then_refused(stranger.clone());
    community([erased(bob(), Content::Keep)])
        .when(ada(), give(1, bob()))
        .then_refused(stranger);
}

#[test]
fn kudos_come_from_who_is_there() {
    given([registered(bob(), "Bob")])
        .when(ada(), give(1, bob()))
        .then_refused(Refusal::ActorNotRegistered);
    community([erased(ada(), Content::Keep)])
        .when(ada(), give(1, bob()))
        .then_refused(Refusal::ActorErased);
}

#[test]
fn l14_nobody_gives_kudos_to_themselves() {
    community([])
        .when(ada(), give(1, ada()))
        .then_refused(Refusal::KudosToOneself);
}

#[test]
fn l14_nor_to_an_account_that_is_linked_with_theirs() {
    let profile = || [linked(ada(), bob(), 1), linked(ada(), eve(), 2)];
    for (giver, receiver) in [(ada(), bob()), (bob(), ada()), (bob(), eve())] {
        community(profile())
            .when(giver, give(1, receiver))
            .then_refused(Refusal::KudosToOneself);
    }
    let apart = profile().into_iter().chain([unlinked(ada(), bob())]);
    let given = gave(1, bob(), ada());
    community(apart)
        .when(bob(), give(1, ada()))
        .then([given.into()]);
}

#[test]
fn a_gift_of_a_linked_account_stands_with_its_profile() {
    let given = Given {
        profile: ada(),
        ..gave(1, bob(), eve())
    };
    community([linked(ada(), bob(), 1)])
        .when(bob(), give(1, eve()))
        .then([given.into()]);
}

#[test]
fn the_same_gift_again_records_nothing() {
    let given = || vec![gave(1, ada(), bob()).into()];
    let again = |facts: Vec<Fact>| {
        let past = given().into_iter().chain(facts);
        community(past).when(ada(), give(1, bob())).then([]);
    };
    again(vec![]);
    // Whatever happened since.
    again(vec![erased(bob(), Content::Keep)]);
    again(vec![linked(ada(), bob(), 1)]);
    again(vec![linked(eve(), ada(), 1)]);
    again(gave_many(2..20, ada(), bob(), now()));
    community(given())
        .later(86_400)
        .when(ada(), give(1, bob()))
        .then([]);
}

#[test]
fn another_gift_with_its_id_is_refused() {
    let refused = |giver, give: Give| {
        let facts = [
            question(eve(), post(7)),
            linked(ada(), eve(), 1),
            gave(1, ada(), bob()).into(),
        ];
        community(facts)
            .when(giver, give)
            .then_refused(Refusal::GiftExists { gift: gift(1) });
    };
    refused(ada(), give(1, eve()));
    refused(eve(), give(1, bob()));
    let message = "Better bread".into();
    refused(
        ada(),
        Give {
            message,
            ..give(1, bob())
        },
    );
    let about = Some(post(7));
    refused(
        ada(),
        Give {
            post: about,
            ..give(1, bob())
        },
    );
}

#[test]
fn k7_ten_gifts_a_week_and_no_more() {
    community(gave_many(1..10, ada(), bob(), now()))
        .when(ada(), give(10, eve()))
        .then([gave(10, ada(), eve()).into()]);
    community(gave_many(1..11, ada(), bob(), now()))
        .when(ada(), give(11, eve()))
        .then_refused(used_up(MONDAY));
}

#[test]
fn k7_what_others_give_and_what_one_gets_takes_nothing_from_ones_own() {
    let mut facts = gave_many(1..11, bob(), ada(), now());
    facts.extend(gave_many(11..21, eve(), bob(), now()));
    community(facts)
        .when(ada(), give(21, bob()))
        .then([gave(21, ada(), bob()).into()]);
}

#[test]
fn k7_there_are_new_gifts_on_monday_at_midnight_to_the_microsecond() {
    let first = moment("2001-09-03T00:00:00Z");
    let last = moment("2001-09-09T23:59:59.999999Z");
    let next = moment(MONDAY);
    let given = |at| community(gave_many(1..11, ada(), bob(), at));
    let allowed = |given: crate::given::Given, at| {
        let gift = Given {
            at,
            ..gave(11, ada(), bob())
        };
        given
            .at(at)
            .when(ada(), give(11, bob()))
            .then([gift.into()]);
    };
    for at in [first, now(), last] {
        given(at)
            .at(last)
            .when(ada(), give(11, bob()))
            .then_refused(used_up(MONDAY));
        allowed(given(at), next);
    }
    let before = moment("2001-09-02T23:59:59.999999Z");
    allowed(given(before), first);
    given(next)
        .at(next)
        .when(ada(), give(11, bob()))
        .then_refused(used_up("2001-09-17T00:00:00Z"));
}

#[test]
fn another_allowance_counts_in_its_own_periods() {
    let once_a = |per| Give {
        allowance: Allowance { gifts: 1, per },
        ..give(2, bob())
    };
    let past = || community([gave(1, ada(), bob()).into()]);
    let at = moment("2001-09-10T01:00:00Z");
    let given = Given {
        at,
        ..gave(2, ada(), bob())
    };
    past()
        .at(at)
        .when(ada(), once_a(Period::Day))
        .then([given.into()]);
    for (per, resets_at) in [
        (Period::Month, "2001-10-01T00:00:00Z"),
        (Period::Quarter, "2001-10-01T00:00:00Z"),
    ] {
        let resets_at = moment(resets_at);
        past()
            .at(at)
            .when(ada(), once_a(per))
            .then_refused(Refusal::AllowanceUsedUp { per, resets_at });
    }
    let none = Give {
        allowance: Allowance {
            gifts: 0,
            per: Period::Week,
        },
        ..give(2, bob())
    };
    community([])
        .when(ada(), none)
        .then_refused(used_up(MONDAY));
}

#[test]
fn all_accounts_of_a_profile_have_one_allowance_together() {
    // Before they were linked, each in its own stream; and after.
    let past = || {
        let mut facts = gave_many(1..5, ada(), eve(), now());
        facts.extend(gave_many(5..9, bob(), eve(), now()));
        facts.push(linked(ada(), bob(), 1));
        let both = (9..11).zip([ada(), bob()]).map(|(number, giver)| Given {
            profile: ada(),
            ..gave(number, giver, eve())
        });
        facts.extend(both.map(Fact::from));
        facts
    };
    for actor in [ada(), bob()] {
        community(past())
            .when(actor, give(11, eve()))
            .then_refused(used_up(MONDAY));
    }
    let both = [ada(), bob()];
    let under_the_other = past()
        .into_iter()
        .chain([primary_changed(ada(), bob(), both)]);
    community(under_the_other)
        .when(ada(), give(11, eve()))
        .then_refused(used_up(MONDAY));
}

#[test]
fn gifts_of_an_account_that_is_no_longer_linked_do_not_count() {
    let given = || {
        let gifts = gave_many(1..11, bob(), eve(), now()).into_iter();
        gifts.chain([linked(ada(), bob(), 1)])
    };
    for apart in [unlinked(ada(), bob()), withdrawn(bob(), [ada(), bob()])] {
        let past = || given().chain([apart.clone()]);
        community(past())
            .when(ada(), give(11, eve()))
            .then([gave(11, ada(), eve()).into()]);
        // They count where the account is.
        community(past())
            .when(bob(), give(11, eve()))
            .then_refused(used_up(MONDAY));
    }
}

#[test]
fn gifts_that_stand_with_a_former_primary_still_count_for_their_giver() {
    let gifts = (1..11).map(|number| Given {
        profile: ada(),
        ..gave(number, bob(), eve())
    });
    let past = || {
        let linked = [linked(ada(), bob(), 1)].into_iter();
        let gifts = gifts.clone().map(Fact::from);
        linked.chain(gifts).chain([unlinked(ada(), bob())])
    };
    community(past())
        .when(bob(), give(11, eve()))
        .then_refused(used_up(MONDAY));
    community(past())
        .when(ada(), give(11, eve()))
        .then([gave(11, ada(), eve()).into()]);
}

#[test]
fn who_has_none_left_is_told_when_there_are_more() {
    assert_eq!(
        used_up(MONDAY).to_string(),
        "you have given all the kudos that you have for this week: there are more from \
         2001-09-10T00:00:00Z"
    );
}

use super::*;
use crate::given::meetings::{
    affiliated, appointed, declined, ended, granted, proposed, requested, user_group,
};
use crate::given::{ada, bob, community, eve, group, group_created, linked, staff};

fn conditions() -> Conditions {
    Conditions {
        affiliations: Affiliation::ALL.into(),
        lozenges: BTreeSet::from(["partner".to_owned()]),
    }
}

fn propose() -> Propose {
    Propose {
        group: group(1),
        name: "Bakers of Berlin".into(),
        description: "About bread".into(),
        location: "Berlin".into(),
        message: "I bake".into(),
        conditions: conditions(),
    }
}

fn request() -> Request {
    Request {
        group: group(1),
        message: "I bake".into(),
        conditions: conditions(),
    }
}

fn appoint(account: AccountId, role: Role) -> Appoint {
    Appoint {
        group: group(1),
        account,
        role,
        conditions: conditions(),
    }
}

fn decline(account: AccountId) -> Decline {
    Decline {
        group: group(1),
        account,
        reason: "Too early".into(),
    }
}

#[test]
fn g1_a_user_group_is_proposed_by_who_would_lead_it() {
    community([]).when(bob(), propose()).then([proposed(bob())]);
    community([proposed(bob())]).when(bob(), propose()).then([]);
    community([proposed(bob())])
        .when(eve(), propose())
        .then_refused(Refusal::GroupExists);
    community([group_created(group(1), "Bakers")])
        .when(bob(), propose())
        .then_refused(Refusal::GroupExists);
}

#[test]
fn g1_staff_found_what_was_proposed_by_appointing_its_leader() {
    community([proposed(bob())])
        .when(staff(ada()), appoint(bob(), Role::Leader))
        .then([user_group(), appointed(bob(), Role::Leader)]);
    // Nobody else makes it come to be.
    community([proposed(bob())])
        .when(staff(ada()), appoint(eve(), Role::Leader))
        .then_refused(Refusal::GroupNotFound { group: group(1) });
}

#[test]
fn g1_a_proposal_is_its_proposers_until_staff_approve() {
    let mut withheld = proposed(bob());
    withheld.personal(&mut |about, value| {
        assert_eq!(about, Some(About::content(bob())));
        value.withhold();
    });
    community([withheld])
        .when(staff(ada()), appoint(bob(), Role::Leader))
        .then_refused(Refusal::ProposalWithheld { group: group(1) });
}

#[test]
fn g1_members_ask_to_lead_a_group_once() {
    community([user_group()])
        .when(bob(), request())
        .then([requested(bob())]);
    community([user_group(), requested(bob())])
        .when(bob(), request())
        .then([]);
    // Linked accounts are one person.
    community([user_group(), requested(bob()), linked(eve(), bob(), 1)])
        .when(eve(), request())
        .then([]);
    community([user_group(), appointed(bob(), Role::Leader)])
        .when(bob(), request())
        .then_refused(Refusal::LeadsAlready { group: group(1) });
}

#[test]
fn g1_forum_groups_have_no_leaders() {
    let not_one = Refusal::NotAUserGroup { group: group(1) };
    let forum = || community([group_created(group(1), "Bakers")]);
    forum().when(bob(), request()).then_refused(not_one.clone());
    forum()
        .when(staff(ada()), appoint(bob(), Role::Leader))
        .then_refused(not_one);
    community([])
        .when(bob(), request())
        .then_refused(Refusal::GroupNotFound { group: group(1) });
}

#[test]
fn g1_staff_appoint_leaders_and_co_leaders_who_asked_or_not() {
    community([user_group(), requested(bob())])
        .when(staff(ada()), appoint(bob(), Role::CoLeader))
        .then([appointed(bob(), Role::CoLeader)]);
    community([user_group()])
        .when(staff(ada()), appoint(bob(), Role::Leader))
        .then([appointed(bob(), Role::Leader)]);
    let led = || community([user_group(), appointed(bob(), Role::CoLeader)]);
    led()
        .when(staff(ada()), appoint(bob(), Role::CoLeader))
        .then([]);
    led()
        .when(staff(ada()), appoint(bob(), Role::Leader))
        .then([appointed(bob(), Role::Leader)]);
    led()
        .when(eve(), appoint(eve(), Role::Leader))
        .then_refused(Refusal::NotPermitted { who: "staff" });
}

#[test]
fn g1_a_person_leads_a_group_with_one_account() {
    let led = [
        user_group(),
        appointed(bob(), Role::Leader),
        linked(eve(), bob(), 1),
    ];
    community(led)
        .when(staff(ada()), appoint(eve(), Role::Leader))
        .then_refused(Refusal::LeadsAlready { group: group(1) });
}

#[test]
fn g1_staff_decline_with_a_reason() {
    for asked in [vec![proposed(bob())], vec![user_group(), requested(bob())]] {
        community(asked.clone())
            .when(staff(ada()), decline(bob()))
            .then([declined(bob())]);
        let after = asked.into_iter().chain([declined(bob())]);
        community(after).when(staff(ada()), decline(bob())).then([]);
    }
    let no_reason = Decline {
        reason: " ".into(),
        ..decline(bob())
    };
    community([proposed(bob())])
        .when(staff(ada()), no_reason)
        .then_refused(Refusal::TextInvalid {
            field: "reason",
            max: MESSAGE_MAX,
        });
    community([user_group()])
        .when(staff(ada()), decline(bob()))
        .then_refused(Refusal::ApplicationNotFound { account: bob() });
    community([proposed(bob())])
        .when(bob(), decline(bob()))
        .then_refused(Refusal::NotPermitted { who: "staff" });
}

#[test]
fn g1_who_was_declined_may_ask_again() {
    community([user_group(), requested(bob()), declined(bob())])
        .when(bob(), request())
        .then([requested(bob())]);
    community([proposed(bob()), declined(bob())])
        .when(bob(), propose())
        .then([proposed(bob())]);
}

#[test]
fn g1_leaders_stand_down_and_staff_remove_them() {
    let stand_down = || StandDown { group: group(1) };
    let led = || [user_group(), appointed(bob(), Role::Leader)];
    community(led())
        .when(bob(), stand_down())
        .then([ended(bob())]);
    community(led()).when(eve(), stand_down()).then([]);
    // With whichever account: it is one person.
    community(led().into_iter().chain([linked(eve(), bob(), 1)]))
        .when(eve(), stand_down())
        .then([ended(bob())]);
    let remove = || Remove {
        group: group(1),
        account: bob(),
    };
    community(led())
        .when(staff(ada()), remove())
        .then([ended(bob())]);
    community([user_group()])
        .when(staff(ada()), remove())
        .then([]);
    community(led())
        .when(eve(), remove())
        .then_refused(Refusal::NotPermitted { who: "staff" });
}

#[test]
fn g2_employees_partners_and_contractors_can_not_lead() {
    for affiliation in Affiliation::ALL {
        let works = || affiliated(bob(), Some(affiliation));
        let refused = || Refusal::Ineligible {
            obstacle: Obstacle::Affiliation(affiliation),
        };
        community([works()])
            .when(bob(), propose())
            .then_refused(refused());
        community([user_group(), works()])
            .when(bob(), request())
            .then_refused(refused());
        // Nor can staff appoint them, whatever they were when they asked.
        community([user_group(), requested(bob()), works()])
            .when(staff(ada()), appoint(bob(), Role::CoLeader))
            .then_refused(refused());
        community([user_group(), works(), affiliated(bob(), None)])
            .when(bob(), request())
            .then([requested(bob())]);
    }
}

#[test]
fn g2_the_partner_lozenge_keeps_from_leading_and_others_do_not() {
    community([user_group(), granted(bob(), "partner", Some("Flour Ltd"))])
        .when(bob(), request())
        .then_refused(Refusal::Ineligible {
            obstacle: Obstacle::Lozenge("partner".into()),
        });
    community([user_group(), granted(bob(), "rising-star", None)])
        .when(bob(), request())
        .then([requested(bob())]);
}

#[test]
fn g2_what_any_linked_account_is_counts() {
    community([
        user_group(),
        affiliated(eve(), Some(Affiliation::Employee)),
        linked(bob(), eve(), 1),
    ])
    .when(bob(), request())
    .then_refused(Refusal::Ineligible {
        obstacle: Obstacle::Affiliation(Affiliation::Employee),
    });
}

#[test]
fn g2_all_that_keeps_somebody_from_leading_is_told() {
    let affiliations = [Affiliation::Contractor, Affiliation::Employee];
    assert_eq!(
        conditions().obstacles(affiliations, ["staff", "partner"]),
        [
            Obstacle::Affiliation(Affiliation::Employee),
            Obstacle::Affiliation(Affiliation::Contractor),
            Obstacle::Lozenge("partner".into()),
        ]
    );
    assert_eq!(conditions().obstacles([], ["staff"]), []);
}

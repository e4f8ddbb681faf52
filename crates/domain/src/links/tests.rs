use super::*;
use crate::account::AccountKind::{Managed, Personal};
use crate::erasure::Content;
use crate::given::{
    ada, admin, bob, code, code_made, community, erased, eve, given, linked, of_kind,
    primary_changed, registered, unlinked, withdrawn,
};
use crate::link_code::MakeLinkCode;

fn link(number: u8) -> Link {
    Link {
        code: code(number).hash(),
        primary: Primary::default(),
    }
}

fn unlink(account: AccountId) -> Unlink {
    Unlink { account }
}

fn make_primary(account: AccountId) -> MakePrimary {
    MakePrimary { account }
}

// Codes (L3)

#[test]
fn l3_a_code_is_kept_as_a_hash_and_for_ten_minutes() {
    let code = code(1).hash();
    community([])
        .when(ada(), MakeLinkCode { code })
        .then([code_made(ada(), 1, 0)]);
}

#[test]
fn l3_a_code_is_good_for_ten_minutes_to_the_microsecond() {
    let made = || community([code_made(bob(), 1, 0)]);
    made()
        .later(10 * 60 - 1)
        .when(ada(), link(1))
        .then([linked(ada(), bob(), 1)]);
    made()
        .later(10 * 60)
        .when(ada(), link(1))
        .then_refused(Refusal::LinkCodeExpired);
}

#[test]
fn l3_a_code_that_nobody_made_is_invalid() {
    community([code_made(bob(), 1, 0)])
        .when(ada(), link(2))
        .then_refused(Refusal::LinkCodeInvalid);
}

#[test]
fn l3_a_code_works_once() {
    let reused = [code_made(bob(), 1, 0), linked(bob(), eve(), 1)];
    community(reused)
        .when(ada(), link(1))
        .then_refused(Refusal::LinkCodeInvalid);
}

#[test]
fn l3_a_code_is_used_up_also_after_the_link_has_ended() {
    let ended = [
        code_made(bob(), 1, 0),
        linked(ada(), bob(), 1),
        unlinked(ada(), bob()),
    ];
    community(ended)
        .when(ada(), link(1))
        .then_refused(Refusal::LinkCodeInvalid);
}

#[test]
fn l3_redeeming_a_code_again_that_made_the_link_records_nothing() {
    let done = || community([code_made(bob(), 1, 0), linked(ada(), bob(), 1)]);
    done().when(ada(), link(1)).then([]);
    done().later(60 * 60).when(ada(), link(1)).then([]);
}

#[test]
fn l3_nobody_takes_a_code_of_somebody_elses_making_for_their_own() {
    let code = code(1).hash();
    community([code_made(bob(), 1, 0)])
        .when(ada(), MakeLinkCode { code })
        .then_refused(Refusal::LinkCodeInvalid);
}

#[test]
fn l6_an_account_is_not_linked_with_itself() {
    community([code_made(ada(), 1, 0)])
        .when(ada(), link(1))
        .then_refused(Refusal::SameAccount);
}

#[test]
fn a_code_of_an_account_that_was_erased_meanwhile_is_invalid() {
    community([code_made(bob(), 1, 0), erased(bob(), Content::Keep)])
        .when(ada(), link(1))
        .then_refused(Refusal::LinkCodeInvalid);
}

#[test]
fn who_is_not_registered_links_nothing() {
    given([registered(bob(), "Bob"), code_made(bob(), 1, 0)])
        .when(ada(), link(1))
        .then_refused(Refusal::ActorNotRegistered);
}

// Who becomes primary (L4)

/// Kinds of the actor and of the other, the choice, and what comes of it.
#[test]
fn l4_the_personal_account_becomes_primary_and_of_two_the_one_that_is_chosen() {
    let (actor, other) = (ada(), bob());
    let actors = Ok((actor, other));
    let others = Ok((other, actor));
    for (actor_kind, other_kind, choice, expected) in [
        (Personal, Personal, Primary::Actor, actors.clone()),
        (Personal, Personal, Primary::Other, others.clone()),
        (Personal, Managed, Primary::Actor, actors.clone()),
        (Personal, Managed, Primary::Other, actors),
        (Managed, Personal, Primary::Actor, others.clone()),
        (Managed, Personal, Primary::Other, others),
        (
            Managed,
            Managed,
            Primary::Actor,
            Err(Refusal::TwoManagedAccounts),
        ),
        (
            Managed,
            Managed,
            Primary::Other,
            Err(Refusal::TwoManagedAccounts),
        ),
    ] {
        let decided = community([
            of_kind(actor, actor_kind),
            of_kind(other, other_kind),
            code_made(other, 1, 0),
        ])
        .when(
            actor,
            Link {
                primary: choice,
                ..link(1)
            },
        );
        match expected {
            Ok((primary, account)) => decided.then([linked(primary, account, 1)]),
            Err(refusal) => decided.then_refused(refusal),
        }
    }
}

/// DOMAIN L4: by default.
#[test]
fn l4_the_actors_becomes_primary_by_default() {
    assert_eq!(Primary::default(), Primary::Actor);
}

// Everybody with everybody (L5, L6)

/// An account in one of the states that matter, with the facts that brought it there.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stand {
    /// Linked to nothing.
    Free,
    /// Another is linked to it.
    IsPrimary,
    /// It is linked to another.
    IsLinked,
}

const STANDS: [Stand; 3] = [Stand::Free, Stand::IsPrimary, Stand::IsLinked];

fn third(of: AccountId) -> AccountId {
    AccountId(uuid::Uuid::from_u128(of.0.as_u128() + 1))
}

fn standing(account: AccountId, kind: AccountKind, stand: Stand, number: u8) -> Vec<Fact> {
    let mut facts = vec![of_kind(account, kind), registered(third(account), "Third")];
    match stand {
        Stand::Free => {}
        Stand::IsPrimary => facts.push(linked(account, third(account), number)),
        Stand::IsLinked => facts.push(linked(third(account), account, number)),
    }
    facts
}

/// What DOMAIN L2 to L6 say of the actor and the other, in words: the code doesn't share this.
fn expected(
    (actor_kind, actor): (AccountKind, Stand),
    (other_kind, other): (AccountKind, Stand),
) -> Result<(AccountId, AccountId), Refusal> {
    use Stand::{Free, IsLinked, IsPrimary};
    let to_another = |account| Err(Refusal::LinkedToAnotherPrimary { account });
    match ((actor_kind, actor), (other_kind, other)) {
        ((_, _), (_, IsLinked)) => to_another(bob()),
        ((_, IsLinked), (_, IsPrimary)) => to_another(ada()),
        ((_, IsLinked), (_, Free)) => Err(Refusal::NotThePrimary),
        ((_, IsPrimary), (_, IsPrimary)) => Err(Refusal::TwoPrimaries),
        ((_, IsPrimary), (_, Free)) => Ok((ada(), bob())),
        ((_, Free), (_, IsPrimary)) => Ok((bob(), ada())),
        ((Managed, Free), (Managed, Free)) => Err(Refusal::TwoManagedAccounts),
        ((Managed, Free), (Personal, Free)) => Ok((bob(), ada())),
        ((Personal, Free), (_, Free)) => Ok((ada(), bob())),
    }
}

#[test]
fn l6_every_kind_in_every_state_meets_every_other() {
    for actor in STANDS {
        for other in STANDS {
            for actor_kind in [Personal, Managed] {
                for other_kind in [Personal, Managed] {
                    let facts = standing(ada(), actor_kind, actor, 2)
                        .into_iter()
                        .chain(standing(bob(), other_kind, other, 3))
                        .chain([code_made(bob(), 1, 0)]);
                    let decided = community(facts).when(ada(), link(1));
                    match expected((actor_kind, actor), (other_kind, other)) {
                        Ok((primary, account)) => decided.then([linked(primary, account, 1)]),
                        Err(refusal) => decided.then_refused(refusal),
                    }
                }
            }
        }
    }
}

/// Everything else is done from the primary.
#[test]
fn l5_who_is_not_the_primary_links_nothing_but_itself() {
    // Itself, under a primary.
    community([linked(bob(), third(bob()), 2), code_made(bob(), 1, 0)])
        .when(ada(), link(1))
        .then([linked(bob(), ada(), 1)]);
    // No third account, under the primary that it has.
    community([linked(bob(), ada(), 2), code_made(eve(), 1, 0)])
        .when(ada(), link(1))
        .then_refused(Refusal::NotThePrimary);
}

#[test]
fn l6_accounts_of_one_profile_are_linked_already() {
    let family = [
        linked(ada(), bob(), 2),
        linked(ada(), eve(), 3),
        code_made(bob(), 1, 0),
        code_made(ada(), 4, 0),
    ];
    // The primary with a linked one, a linked one with the primary, and two linked ones.
    for (actor, number) in [(ada(), 1), (bob(), 4), (eve(), 1)] {
        community(family.clone())
            .when(actor, link(number))
            .then_refused(Refusal::AlreadyLinked);
    }
}

/// DOMAIN L2: as many as you like.
#[test]
fn l2_a_primary_takes_any_number_of_accounts() {
    community([linked(ada(), eve(), 2), code_made(bob(), 1, 0)])
        .when(ada(), link(1))
        .then([linked(ada(), bob(), 1)]);
}

// Unlinking (L7)

#[test]
fn l7_the_primary_unlinks() {
    community([linked(ada(), bob(), 1)])
        .when(ada(), unlink(bob()))
        .then([unlinked(ada(), bob())]);
}

#[test]
fn l7_nobody_else_does_not_even_the_linked_account_itself() {
    let family = || community([linked(ada(), bob(), 1), linked(ada(), eve(), 2)]);
    for (actor, account) in [(bob(), bob()), (bob(), eve()), (bob(), ada())] {
        family()
            .when(actor, unlink(account))
            .then_refused(Refusal::NotThePrimary);
    }
    community([linked(ada(), bob(), 1)])
        .when(eve(), unlink(bob()))
        .then_refused(Refusal::NotLinked);
}

#[test]
fn l7_the_primary_is_not_unlinked_from_itself() {
    community([linked(ada(), bob(), 1)])
        .when(ada(), unlink(ada()))
        .then_refused(Refusal::SameAccount);
}

#[test]
fn l7_unlinking_again_records_nothing() {
    community([linked(ada(), bob(), 1), unlinked(ada(), bob())])
        .when(ada(), unlink(bob()))
        .then([]);
}

/// Else these two would be `TWO_PRIMARIES`.
#[test]
fn l7_without_linked_accounts_nobody_is_a_primary() {
    community([
        linked(ada(), bob(), 2),
        unlinked(ada(), bob()),
        linked(eve(), bob(), 3),
        code_made(eve(), 1, 0),
    ])
    .when(ada(), link(1))
    .then([linked(eve(), ada(), 1)]);
}

// Another primary (L8)

#[test]
fn l8_the_primary_makes_a_linked_account_the_primary() {
    community([linked(ada(), bob(), 1), linked(ada(), eve(), 2)])
        .when(ada(), make_primary(bob()))
        .then([primary_changed(ada(), bob(), [ada(), bob(), eve()])]);
}

#[test]
fn l8_all_accounts_follow_the_new_primary() {
    let changed = [
        linked(ada(), bob(), 1),
        linked(ada(), eve(), 2),
        primary_changed(ada(), bob(), [ada(), bob(), eve()]),
    ];
    for account in [ada(), eve()] {
        community(changed.clone())
            .when(bob(), unlink(account))
            .then([unlinked(bob(), account)]);
        community(changed.clone())
            .when(account, unlink(bob()))
            .then_refused(Refusal::NotThePrimary);
    }
}

#[test]
fn l8_only_the_primary_does_and_only_to_a_linked_personal_account() {
    let family = |kind| {
        community([
            linked(ada(), bob(), 1),
            linked(ada(), eve(), 2),
            of_kind(eve(), kind),
        ])
    };
    family(Personal)
        .when(bob(), make_primary(eve()))
        .then_refused(Refusal::NotThePrimary);
    family(Managed)
        .when(ada(), make_primary(eve()))
        .then_refused(Refusal::PrimaryMustBePersonal);
    community([linked(ada(), bob(), 1)])
        .when(ada(), make_primary(eve()))
        .then_refused(Refusal::NotLinked);
}

#[test]
fn l8_making_primary_what_is_primary_records_nothing() {
    for actor in [ada(), bob()] {
        community([linked(ada(), bob(), 1)])
            .when(actor, make_primary(ada()))
            .then([]);
    }
}

// From elsewhere

#[test]
fn links_that_can_not_be_change_nothing() {
    let family = [linked(ada(), bob(), 1)];
    let impossible = [
        linked(eve(), eve(), 2),
        linked(bob(), eve(), 3),
        linked(eve(), ada(), 4),
        linked(eve(), bob(), 5),
        unlinked(eve(), bob()),
        unlinked(bob(), ada()),
        primary_changed(ada(), eve(), [ada(), eve()]),
        primary_changed(ada(), bob(), [bob()]),
    ];
    for fact in impossible {
        // Whoever was the primary still is, of just these two.
        community(family.clone().into_iter().chain([fact]))
            .when(ada(), make_primary(bob()))
            .then([primary_changed(ada(), bob(), [ada(), bob()])]);
    }
}

// Before an account is erased

#[test]
fn an_account_that_is_to_be_erased_leaves_its_profile() {
    community([linked(ada(), bob(), 1), linked(ada(), eve(), 2)])
        .when(bob(), Withdraw { account: bob() })
        .then([withdrawn(bob(), [ada(), bob()])]);
}

#[test]
fn an_account_that_was_withdrawn_is_never_linked_again() {
    let gone = |account| {
        community([
            linked(ada(), bob(), 2),
            withdrawn(account, [ada(), bob()]),
            code_made(account, 1, 0),
            code_made(eve(), 3, 0),
        ])
    };
    for account in [ada(), bob()] {
        gone(account)
            .when(eve(), link(1))
            .then_refused(Refusal::LinkCodeInvalid);
        gone(account)
            .when(account, link(3))
            .then_refused(Refusal::ActorErased);
        gone(account).when(account, Withdraw { account }).then([]);
    }
    // Whoever is left is free.
    gone(ada())
        .when(bob(), link(3))
        .then([linked(bob(), eve(), 3)]);
}

#[test]
fn when_the_primary_is_to_be_erased_all_others_are_by_themselves() {
    community([linked(ada(), bob(), 1), linked(ada(), eve(), 2)])
        .when(admin(eve()), Withdraw { account: ada() })
        .then([withdrawn(ada(), [ada(), bob(), eve()])]);
}

#[test]
fn nobody_takes_the_accounts_of_others_out_of_their_profiles() {
    community([linked(ada(), bob(), 1)])
        .when(ada(), Withdraw { account: bob() })
        .then_refused(Refusal::NotPermitted {
            who: "the account's owner and admins",
        });
}

use super::*;
use crate::given::{ada, bob, community, eve, linked, unlinked};

fn about(account: AccountId, by: AccountId) -> Edited {
    Edited {
        account,
        by,
        company: None,
        position: None,
        location: None,
        bio: None,
        links: None,
        products: None,
    }
}

fn company(account: AccountId, by: AccountId, company: &str) -> Fact {
    AccountFact::ProfileEdited(Edited {
        company: Some(company.to_owned().into()),
        ..about(account, by)
    })
    .into()
}

fn visible(account: AccountId, by: AccountId, visibility: Visibility) -> Fact {
    AccountFact::ProfileVisibilityChanged(VisibilityChanged {
        account,
        by,
        visibility,
    })
    .into()
}

fn edit(company: &str) -> Edit {
    Edit {
        company: Some(company.into()),
        ..Edit::default()
    }
}

fn private() -> ChangeVisibility {
    ChangeVisibility {
        visibility: Visibility::Private,
    }
}

#[test]
fn p3_what_somebody_tells_is_recorded() {
    let all = Edit {
        company: Some(" Bakery ".into()),
        position: Some("Baker".into()),
        location: Some("Lyon".into()),
        bio: Some("I bake.\nOften.".into()),
        links: Some(vec!["https://example.org/ada".into()]),
        products: Some(vec!["Oven".into(), "Oven".into(), " ".into()]),
    };
    community([company(ada(), ada(), "Bakery")])
        .when(ada(), all)
        .then([AccountFact::ProfileEdited(Edited {
            company: Some("Bakery".to_owned().into()),
            position: Some("Baker".to_owned().into()),
            location: Some("Lyon".to_owned().into()),
            bio: Some("I bake.\nOften.".to_owned().into()),
            links: Some(vec!["https://example.org/ada".to_owned()].into()),
            products: Some(vec!["Oven".to_owned()].into()),
            ..about(ada(), ada())
        })
        .into()]);
}

#[test]
fn p3_what_is_told_already_records_nothing_and_what_is_empty_is_taken_away() {
    let told = || community([company(ada(), ada(), "Bakery")]);
    told().when(ada(), edit("Bakery")).then([]);
    told().when(ada(), Edit::default()).then([]);
    told()
        .when(ada(), edit(""))
        .then([company(ada(), ada(), "")]);
    community([]).when(ada(), edit("")).then([]);
}

#[test]
fn l10_an_edit_is_written_to_every_linked_account() {
    community([linked(ada(), bob(), 1), linked(ada(), eve(), 2)])
        .when(bob(), edit("Bakery"))
        .then([
            company(ada(), bob(), "Bakery"),
            company(bob(), bob(), "Bakery"),
            company(eve(), bob(), "Bakery"),
        ]);
}

/// Otherwise of two edits at once each could hold for one of the accounts.
#[test]
fn l10_it_is_written_to_all_of_them_where_it_is_new_to_one() {
    community([company(ada(), ada(), "Bakery"), linked(ada(), bob(), 1)])
        .when(bob(), edit("Bakery"))
        .then([
            company(ada(), bob(), "Bakery"),
            company(bob(), bob(), "Bakery"),
        ]);
}

/// What Bob wrote to Ada's account stands in Bob's stream, also after they parted.
#[test]
fn l10_an_account_keeps_what_was_written_to_it_after_an_unlink() {
    let parted = || {
        community([
            company(ada(), ada(), "Bakery"),
            linked(ada(), bob(), 1),
            company(ada(), bob(), "Mill"),
            company(bob(), bob(), "Mill"),
            unlinked(ada(), bob()),
        ])
    };
    parted().when(ada(), edit("Mill")).then([]);
    parted()
        .when(ada(), edit("Bakery"))
        .then([company(ada(), ada(), "Bakery")]);
}

#[test]
fn l10_the_visibility_of_a_profile_is_that_of_all_its_accounts() {
    community([linked(ada(), bob(), 1)])
        .when(bob(), private())
        .then([
            visible(ada(), bob(), Visibility::Private),
            visible(bob(), bob(), Visibility::Private),
        ]);
}

#[test]
fn p6_a_profile_is_public_until_somebody_says_otherwise() {
    let public = ChangeVisibility {
        visibility: Visibility::Public,
    };
    community([]).when(ada(), public.clone()).then([]);
    community([visible(ada(), ada(), Visibility::Private)])
        .when(ada(), private())
        .then([]);
    community([visible(ada(), ada(), Visibility::Private)])
        .when(ada(), public)
        .then([visible(ada(), ada(), Visibility::Public)]);
}

#[test]
fn what_is_told_has_limits() {
    let long = |length: usize| "x".repeat(length + 1);
    let line = |field| Refusal::FieldInvalid {
        field,
        max: LINE_MAX,
    };
    for (edit, refusal) in [
        (edit(&long(LINE_MAX)), line("company")),
        (edit("a\nb"), line("company")),
        (
            Edit {
                position: Some(long(LINE_MAX)),
                ..Edit::default()
            },
            line("position"),
        ),
        (
            Edit {
                location: Some(long(LINE_MAX)),
                ..Edit::default()
            },
            line("location"),
        ),
        (
            Edit {
                products: Some(vec![long(LINE_MAX)]),
                ..Edit::default()
            },
            line("products"),
        ),
        (
            Edit {
                bio: Some(long(BIO_MAX)),
                ..Edit::default()
            },
            Refusal::FieldInvalid {
                field: "bio",
                max: BIO_MAX,
            },
        ),
        (
            Edit {
                links: Some(vec![String::new(); LINKS_MAX + 1]),
                ..Edit::default()
            },
            Refusal::TooManyEntries {
                field: "links",
                max: LINKS_MAX,
            },
        ),
        (
            Edit {
                products: Some(vec![String::new(); PRODUCTS_MAX + 1]),
                ..Edit::default()
            },
            Refusal::TooManyEntries {
                field: "products",
                max: PRODUCTS_MAX,
            },
        ),
    ] {
        community([]).when(ada(), edit).then_refused(refusal);
    }
}

/// Apps make anchors of them.
#[test]
fn links_are_of_the_web() {
    for link in [
        "javascript:alert(1)",
        "example.org",
        "https://",
        "https://a b",
        "ftp://example.org",
        "",
    ] {
        let links = Some(vec![link.to_owned()]);
        community([])
            .when(
                ada(),
                Edit {
                    links,
                    ..Edit::default()
                },
            )
            .then_refused(Refusal::LinkInvalid {
                field: "links",
                link: link.into(),
                max: LINK_MAX,
            });
    }
}

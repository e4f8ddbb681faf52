use super::*;
use crate::agreement::Agreement;
use crate::erasure::Content;
use crate::given::{
    Given, ada, admin, after, agreement_accepted, bob, community, erased, eve, linked, now,
    primary_changed, renamed, staff, unlinked,
};
use crate::requirement::Requirements;

/// What Partner requires.
fn partner() -> Terms {
    Terms {
        names_company: true,
        requirements: Requirements {
            contributed_within_days: Some(30),
            contributions: Some(5),
            no_upheld_report_days: Some(90),
            company_in_name: true,
            agreements: vec![Agreement {
                agreement: "terms".into(),
                title: "Terms".into(),
                version: "1".into(),
                since: None,
            }],
            acknowledgement: true,
        },
    }
}

fn good() -> Standing {
    Standing {
        contributions: 5,
        last_contribution_at: Some(now()),
        last_upheld_report_at: None,
    }
}

/// Ada goes by a name that carries the company, and accepted the terms.
fn partners(facts: impl IntoIterator<Item = Fact>) -> Given {
    let before = [
        renamed(ada(), "Ada L _Steam_"),
        agreement_accepted(ada(), "terms", "1"),
    ];
    community(before.into_iter().chain(facts))
}

fn request() -> Request {
    Request {
        account: ada(),
        lozenge: "partner".into(),
        terms: partner(),
        company: Some("Steam".into()),
        product: Some(" Crumbcam ".into()),
        acknowledged: true,
        despite_unmet: None,
        standing: good(),
    }
}

fn grant() -> Grant {
    Grant {
        account: ada(),
        lozenge: "partner".into(),
        terms: partner(),
        company: None,
        product: None,
        reason: None,
        despite_unmet: false,
        standing: good(),
    }
}

fn deny() -> Deny {
    Deny {
        account: ada(),
        lozenge: "partner".into(),
        terms: partner(),
        reason: "Not yet".into(),
        standing: good(),
    }
}

fn revoke() -> Revoke {
    Revoke {
        account: ada(),
        lozenge: "partner".into(),
        reason: "No longer with them".into(),
    }
}

/// The lozenge of community leaders, which names no company and requires nothing.
fn leader(account: AccountId) -> Grant {
    Grant {
        account,
        lozenge: "leader".into(),
        terms: Terms::default(),
        ..grant()
    }
}

/// How all of it is met, but for some.
fn answers(unmet: &[Requirement]) -> Vec<Answer> {
    use Requirement as R;
    let all = [
        (R::RecentContribution, recent(now())),
        (R::Contributions, "5 contributions; 5 are required".into()),
        (R::NoUpheldReport, "no report was upheld".into()),
        (
            R::CompanyInName,
            "the public name carries the company".into(),
        ),
        (
            R::Agreements,
            "all agreements are accepted in their current versions".into(),
        ),
        (R::Acknowledgement, "acknowledged".into()),
    ];
    let answer = |(requirement, why): (R, String)| Answer {
        requirement,
        met: !unmet.contains(&requirement),
        why,
    };
    all.into_iter().map(answer).collect()
}

fn recent(at: crate::Time) -> String {
    format!("the latest contribution was at {at} and at most 30 days ago is required")
}

fn known(text: &str) -> Option<Personal<String>> {
    Some(Personal::known(text.to_owned()))
}

fn requested(account: AccountId) -> Requested {
    Requested {
        account,
        profile: None,
        lozenge: "partner".into(),
        company: known("Steam"),
        product: known("Crumbcam"),
        answers: answers(&[]),
        reason: None,
    }
}

fn granted(account: AccountId) -> Granted {
    Granted {
        account,
        profile: None,
        lozenge: "partner".into(),
        company: known("Steam"),
        product: known("Crumbcam"),
        reason: None,
        answers: answers(&[]),
    }
}

fn denied() -> Denied {
    Denied {
        account: ada(),
        profile: None,
        lozenge: "partner".into(),
        reason: Personal::known("Not yet".into()),
        answers: answers(&[]),
    }
}

fn revoked(account: AccountId) -> Revoked {
    Revoked {
        account,
        profile: None,
        lozenge: "partner".into(),
        reason: Personal::known("No longer with them".into()),
    }
}

impl From<Requested> for Fact {
    fn from(requested: Requested) -> Self {
        LozengeFact::Requested(requested).into()
    }
}

impl From<Granted> for Fact {
    fn from(granted: Granted) -> Self {
        LozengeFact::Granted(granted).into()
    }
}

impl From<Denied> for Fact {
    fn from(denied: Denied) -> Self {
        LozengeFact::Denied(denied).into()
    }
}

impl From<Revoked> for Fact {
    fn from(revoked: Revoked) -> Self {
        LozengeFact::Revoked(revoked).into()
    }
}

/// What a refusal lists as not met.
#[track_caller]
fn unmet(given: Given, who: impl Into<Actor>, command: impl Command) -> Vec<Requirement> {
    match given.decided(who, command) {
        Err(Refusal::RequirementsNotMet { answers }) => {
            let unmet = answers.iter().filter(|answer| !answer.met);
            unmet.map(|answer| answer.requirement).collect()
        }
        other => panic!("{other:?}"),
    }
}

const DAY: i64 = 86_400;

#[test]
fn z5_a_proper_request_waits_with_its_answers() {
    partners([])
        .when(ada(), request())
        .then([requested(ada()).into()]);
}

#[test]
fn z4_what_names_a_company_names_its_app_or_service_too() {
    for (company, product) in [
        (None, None),
        (Some("Steam"), None),
        (None, Some("Crumbcam")),
    ] {
        let [company, product] = [company, product].map(|it| it.map(str::to_owned));
        let request = Request {
            company: company.clone(),
            product: product.clone(),
            ..request()
        };
        partners([])
            .when(ada(), request)
            .then_refused(Refusal::CompanyMissing);
        let grant = Grant {
            company,
            product,
            ..grant()
        };
        partners([])
            .when(staff(eve()), grant)
            .then_refused(Refusal::CompanyMissing);
    }
    let named = Grant {
        company: Some("Steam".into()),
        ..leader(ada())
    };
    community([])
        .when(staff(eve()), named)
        .then_refused(Refusal::CompanyNotNamed);
    for (field, company, product) in [("company", "a\nb", "x"), ("product", "x", "")] {
        let request = Request {
            company: Some(company.into()),
            product: Some(product.into()),
            ..request()
        };
        let max = COMPANY_MAX;
        partners([])
            .when(ada(), request)
            .then_refused(Refusal::FieldInvalid { field, max });
    }
}

#[test]
fn z6_a_request_with_unmet_requirements_is_refused_with_all_of_them() {
    use Requirement as R;
    let poor = Request {
        acknowledged: false,
        standing: Standing {
            contributions: 4,
            last_contribution_at: Some(after(-31 * DAY)),
            last_upheld_report_at: Some(after(-DAY)),
        },
        ..request()
    };
    assert_eq!(
        unmet(community([]), ada(), poor),
        [
            R::RecentContribution,
            R::Contributions,
            R::NoUpheldReport,
            R::CompanyInName,
            R::Agreements,
            R::Acknowledgement
        ]
    );
    let poor = Request {
        acknowledged: false,
        ..request()
    };
    assert_eq!(unmet(partners([]), ada(), poor), [R::Acknowledgement]);
    // Nobody overrides that for themselves, not even staff.
    let own = Request {
        acknowledged: false,
        despite_unmet: Some("I may".into()),
        ..request()
    };
    assert_eq!(unmet(partners([]), staff(ada()), own), [R::Acknowledgement]);
}

#[test]
fn z6_asking_twice_is_one_request() {
    partners([requested(ada()).into()])
        .when(ada(), request())
        .then([]);
    let other = Request {
        product: Some("Ovenware".into()),
        ..request()
    };
    partners([requested(ada()).into()])
        .when(ada(), other)
        .then_refused(Refusal::LozengeRequestWaiting);
    partners([granted(ada()).into()])
        .when(ada(), request())
        .then_refused(Refusal::LozengeHeld);
    for past in [
        [requested(ada()).into(), denied().into()],
        [granted(ada()).into(), revoked(ada()).into()],
    ] {
        partners(past)
            .when(ada(), request())
            .then([requested(ada()).into()]);
    }
}

#[test]
fn z5_linked_accounts_ask_as_one() {
    let together = || [linked(bob(), ada(), 1), renamed(bob(), "Bob B _Steam_")];
    let as_bob = || Request {
        account: bob(),
        ..request()
    };
    // Ada accepted the terms, and Bob is the public name of both.
    partners(together())
        .when(bob(), as_bob())
        .then([requested(bob()).into()]);
    partners(together().into_iter().chain([requested(ada()).into()]))
        .when(bob(), as_bob())
        .then_refused(Refusal::LozengeRequestWaiting);
    partners(together().into_iter().chain([granted(ada()).into()]))
        .when(bob(), as_bob())
        .then_refused(Refusal::LozengeHeld);
    let apart = together().into_iter().chain([unlinked(bob(), ada())]);
    assert_eq!(
        unmet(partners(apart), bob(), as_bob()),
        [Requirement::Agreements]
    );
    let other_name = [
        linked(ada(), bob(), 1),
        primary_changed(ada(), bob(), [ada(), bob()]),
    ];
    assert_eq!(
        unmet(partners(other_name), ada(), request()),
        [Requirement::CompanyInName]
    );
}

#[test]
fn z6_what_was_asked_for_while_linked_waits_on_when_the_link_ends() {
    let asked = Requested {
        profile: Some(bob()),
        ..requested(ada())
    };
    let together = [linked(bob(), ada(), 1), renamed(bob(), "Bob B _Steam_")];
    partners(together.clone())
        .when(ada(), request())
        .then([asked.clone().into()]);
    let apart = || {
        let after = [asked.clone().into(), unlinked(bob(), ada())];
        partners(together.clone().into_iter().chain(after))
    };
    apart().when(ada(), request()).then([]);
    apart()
        .when(staff(eve()), revoke())
        .then_refused(Refusal::LozengeNotHeld);
    let denied = apart().decided(staff(eve()), deny()).unwrap();
    assert_eq!(denied.len(), 1);
    assert_eq!(denied[0].stream(), StreamName::lozenge(ada()));
    // Whoever it was linked with asked for nothing.
    let who = Deny {
        account: bob(),
        ..deny()
    };
    apart()
        .when(staff(eve()), who)
        .then_refused(Refusal::NoLozengeRequest);
}

#[test]
fn z6_nobody_but_staff_asks_for_others() {
    let who = "the account's owner and staff";
    partners([])
        .when(bob(), request())
        .then_refused(Refusal::NotPermitted { who });
    for actor in [staff(eve()), admin(eve())] {
        partners([])
            .when(actor, request())
            .then([requested(ada()).into()]);
    }
}

#[test]
fn z6_staff_enter_who_has_no_portal_access_with_a_reason_where_something_is_unmet() {
    let entered = |despite_unmet: Option<&str>| Request {
        acknowledged: false,
        despite_unmet: despite_unmet.map(str::to_owned),
        ..request()
    };
    assert_eq!(
        unmet(partners([]), staff(eve()), entered(None)),
        [Requirement::Acknowledgement]
    );
    let mut expected = requested(ada());
    let last = expected.answers.last_mut().unwrap();
    last.met = false;
    last.why = "acknowledge that it is a privilege that depends on adherence".into();
    expected.reason = known("By phone");
    partners([])
        .when(staff(eve()), entered(Some("By phone")))
        .then([expected.into()]);
    let (field, max) = ("reason", REASON_MAX);
    partners([])
        .when(staff(eve()), entered(Some(" ")))
        .then_refused(Refusal::TextInvalid { field, max });
}

#[test]
fn z6_staff_grant_what_was_asked_for() {
    partners([requested(ada()).into()])
        .when(staff(eve()), grant())
        .then([granted(ada()).into()]);
    partners([requested(ada()).into(), granted(ada()).into()])
        .when(staff(eve()), grant())
        .then([]);
    partners([requested(ada()).into()])
        .when(ada(), grant())
        .then_refused(Refusal::NotPermitted { who: "staff" });
}

fn grant_of(company: &str, product: &str) -> Grant {
    Grant {
        company: Some(company.into()),
        product: Some(product.into()),
        ..grant()
    }
}

#[test]
fn z5_requirements_are_checked_again_at_the_decision() {
    let stale = || Grant {
        standing: Standing {
            last_contribution_at: Some(after(-31 * DAY)),
            ..good()
        },
        ..grant()
    };
    let asked = || partners([requested(ada()).into()]);
    assert_eq!(
        unmet(asked(), staff(eve()), stale()),
        [Requirement::RecentContribution]
    );
    let overridden = |reason: Option<&str>| Grant {
        despite_unmet: true,
        reason: reason.map(str::to_owned),
        ..stale()
    };
    asked()
        .when(staff(eve()), overridden(None))
        .then_refused(Refusal::ReasonMissing);
    let mut expected = granted(ada());
    expected.answers = answers(&[Requirement::RecentContribution]);
    expected.answers[0].why = recent(after(-31 * DAY));
    expected.reason = known("On holiday");
    asked()
        .when(staff(eve()), overridden(Some("On holiday")))
        .then([expected.into()]);
    // Whose name changed meanwhile doesn't meet that any more.
    let renamed = partners([requested(ada()).into(), renamed(ada(), "Ada")]);
    assert_eq!(
        unmet(renamed, staff(eve()), grant()),
        [Requirement::CompanyInName]
    );
}

#[test]
fn z1_staff_grant_by_their_own_choice() {
    let expected = |account| Granted {
        account,
        profile: None,
        lozenge: "leader".into(),
        company: None,
        product: None,
        reason: None,
        answers: vec![],
    };
    community([])
        .when(staff(eve()), leader(bob()))
        .then([expected(bob()).into()]);
    community([expected(bob()).into()])
        .when(staff(eve()), leader(bob()))
        .then([]);
    community([expected(bob()).into(), linked(ada(), bob(), 1)])
        .when(staff(eve()), leader(ada()))
        .then_refused(Refusal::LozengeHeld);
    community([requested(bob()).into(), linked(ada(), bob(), 1)])
        .when(staff(eve()), grant_of("Steam", "Crumbcam"))
        .then_refused(Refusal::LozengeRequestWaiting);
}

#[test]
fn z4_who_stands_for_another_company_by_now_is_granted_it_anew() {
    let mut other = granted(ada());
    other.company = known("Hearth");
    other.answers[5].met = false;
    other.answers[5].why = "acknowledge that it is a privilege that depends on adherence".into();
    other.reason = known("They moved on");
    let grant = Grant {
        despite_unmet: true,
        reason: Some("They moved on".into()),
        ..grant_of("Hearth", "Crumbcam")
    };
    partners([granted(ada()).into(), renamed(ada(), "Ada L -Hearth-")])
        .when(staff(eve()), grant)
        .then([other.into()]);
}

#[test]
fn z6_staff_deny_what_was_asked_for_with_a_reason() {
    let asked = || partners([requested(ada()).into()]);
    asked().when(staff(eve()), deny()).then([denied().into()]);
    asked()
        .when(ada(), deny())
        .then_refused(Refusal::NotPermitted { who: "staff" });
    let no_reason = Deny {
        reason: String::new(),
        ..deny()
    };
    let (field, max) = ("reason", REASON_MAX);
    asked()
        .when(staff(eve()), no_reason)
        .then_refused(Refusal::TextInvalid { field, max });
    partners([requested(ada()).into(), denied().into()])
        .when(staff(eve()), deny())
        .then([]);
    for past in [vec![], vec![requested(ada()).into(), granted(ada()).into()]] {
        partners(past)
            .when(staff(eve()), deny())
            .then_refused(Refusal::NoLozengeRequest);
    }
}

#[test]
fn z7_staff_revoke_with_a_reason() {
    partners([granted(ada()).into()])
        .when(staff(eve()), revoke())
        .then([revoked(ada()).into()]);
    partners([granted(ada()).into(), revoked(ada()).into()])
        .when(staff(eve()), revoke())
        .then([]);
    partners([])
        .when(staff(eve()), revoke())
        .then_refused(Refusal::LozengeNotHeld);
    partners([granted(ada()).into()])
        .when(bob(), revoke())
        .then_refused(Refusal::NotPermitted { who: "staff" });
    let no_reason = Revoke {
        reason: " ".into(),
        ..revoke()
    };
    let (field, max) = ("reason", REASON_MAX);
    partners([granted(ada()).into()])
        .when(staff(eve()), no_reason)
        .then_refused(Refusal::TextInvalid { field, max });
}

#[test]
fn only_members_have_lozenges() {
    let stranger = Refusal::AccountNotFound { account: ada() };
    let gone = || {
        partners([
            requested(ada()).into(),
            granted(ada()).into(),
            erased(ada(), Content::Keep),
        ])
    };
    gone()
        .when(staff(eve()), request())
        .then_refused(stranger.clone());
    gone()
        .when(staff(eve()), grant())
        .then_refused(stranger.clone());
    gone()
        .when(staff(eve()), deny())
        .then_refused(stranger.clone());
    gone().when(staff(eve()), revoke()).then_refused(stranger);
}

//! What holds on every history, however it came about.

use std::collections::BTreeSet;
use std::fmt::Debug;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use uuid::Uuid;

use crate::acceptance::{Accept, Withdraw};
use crate::account::{AccountKind, Claims, LogIn, Register, Rename};
use crate::affiliation::{self, Affiliation};
use crate::agreement;
use crate::attendance::{RecordAttendance, WithdrawAttendance};
use crate::badge::Grant;
use crate::benefit::{Decide, RequestReimbursement, RequestSwag};
use crate::calendar;
use crate::decide::{Actor, Command, History, Roles, decide};
use crate::erasure::{Content, Erase};
use crate::fact::{Fact, GroupFact, MeetingFact};
use crate::feedback::{GiveFeedback, Interaction, RecordInteractions};
use crate::given::meetings::{benefit, details, granted, meeting, presentation};
use crate::given::{
    ada, after, bob, code, eve, gift, group, group_created, joined, moderated, now, post,
    registered, rules_of, seen,
};
use crate::group::{Create, CreateUserGroup, UserGroupCreated};
use crate::id::{AccountId, Origin, PostId};
use crate::kudos::{Allowance, Enrol, Give, Policy, RequestEnrolment};
use crate::leadership::{self, Conditions, Role};
use crate::learning::{Achievement, Record};
use crate::like::{LikePost, UnlikePost};
use crate::link_code::MakeLinkCode;
use crate::links::{Link, Links, MakePrimary, Primary, Unlink, Withdraw as WithdrawLinks};
use crate::lozenge;
use crate::meeting::{self, Details, Terms};
use crate::membership::{Join, Leave};
use crate::notification::{ChangePreferences, Kind, MarkRead};
use crate::period::Period;
use crate::post::{Answer, Changes, Comment, Delete, Edit, Open, Remove, Restore, Topic};
use crate::presentation;
use crate::profile;
use crate::refusal::Refusal;
use crate::report::{Dismiss, Measure, Reason, Report, Uphold};
use crate::requirement::{Requirements, Standing};
use crate::review::{Publish, Reject, Resubmit};
use crate::rsvp;
use crate::rules::Activate;
use crate::sponsor::{AddSponsor, RemoveSponsor};
use crate::visibility::Visibility;
use crate::watch::{UnwatchGroup, UnwatchPost, WatchGroup, WatchPost};

/// Somebody who wants something.
#[derive(Debug)]
struct Wish {
    actor: Actor,
    command: Box<dyn Wanted>,
}

/// A command that a failing test can print.
trait Wanted: Command + Debug {}

impl<C: Command + Debug> Wanted for C {}

impl Wish {
    fn decide(&self, history: &History) -> Result<Vec<Fact>, Refusal> {
        decide(&*self.command, &self.actor, history)
    }
}

/// Few enough that commands often meet on the same one.
fn any_post() -> impl Strategy<Value = PostId> {
    (1..=5u128).prop_map(post)
}

/// Mostly one of two, so that answers find questions and acceptances find both.
fn any_parent() -> impl Strategy<Value = PostId> {
    prop_oneof![4 => (1..=2u128).prop_map(post), 1 => any_post()]
}

/// Mostly one of the others; now and then an id that is taken.
fn any_reply() -> impl Strategy<Value = PostId> {
    prop_oneof![4 => (3..=5u128).prop_map(post), 1 => any_post()]
}

/// Few enough that texts often stay as they were; now and then one that is refused.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![9 => Just("one"), 9 => Just("two"), 1 => Just("")].prop_map(str::to_owned)
}

fn any_tags() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(any_text(), 0..3)
}

fn any_changes() -> impl Strategy<Value = Changes> {
    let (title, body) = (any_text(), any_text());
    (
        prop::option::of(title),
        prop::option::of(body),
        prop::option::of(any_tags()),
    )
        .prop_map(|(title, body, tags)| Changes { title, body, tags })
}

fn any_topic() -> impl Strategy<Value = Topic> {
    prop_oneof![
        4 => Just(Topic::Question),
        1 => Just(Topic::Discussion),
        1 => Just(Topic::Article),
    ]
}

fn wanted<C: Command + Debug + 'static>(command: C) -> Box<dyn Wanted> {
    Box::new(command)
}

fn any_account() -> impl Strategy<Value = AccountId> {
    prop::sample::select(vec![ada(), bob(), eve()])
}

fn any_visibility() -> impl Strategy<Value = Visibility> {
    prop::sample::select(vec![Visibility::Public, Visibility::Private])
}

fn any_code() -> impl Strategy<Value = crate::link_code::CodeHash> {
    (0..20u8).prop_map(|number| code(number).hash())
}

/// What concerns who somebody is, and with whom.
fn any_personal_command() -> impl Strategy<Value = Box<dyn Wanted>> {
    let kind = prop::sample::select(vec![
        None,
        Some(AccountKind::Personal),
        Some(AccountKind::Managed),
    ]);
    let log_in =
        (prop::option::of(any_text()), prop::bool::ANY, kind).prop_map(|(name, picture, kind)| {
            let picture = picture.then(|| "https://example.org/a.png".to_owned());
            wanted(LogIn {
                claims: Claims {
                    name,
                    picture,
                    kind,
                },
            })
        });
    let edit = (prop::option::of(any_text()), prop::option::of(any_tags())).prop_map(
        |(company, products)| {
            wanted(profile::Edit {
                company,
                products,
                ..profile::Edit::default()
            })
        },
    );
    let account_visibility = any_visibility()
        .prop_map(|visibility| wanted(crate::account::ChangeVisibility { visibility }));
    let profile_visibility =
        any_visibility().prop_map(|visibility| wanted(profile::ChangeVisibility { visibility }));
    let link = (any_code(), prop::bool::ANY).prop_map(|(code, actor)| {
        let primary = if actor {
            Primary::Actor
        } else {
            Primary::Other
        };
        wanted(Link { code, primary })
    });
    let course = (any_account(), any_text()).prop_map(|(account, course)| {
        let badge = None;
        let title = course.clone();
        let achievement = Achievement::Course {
            course,
            title,
            badge,
        };
        let at = now();
        wanted(Record {
            account,
            at,
            achievement,
        })
    });
    let certification =
        (any_account(), any_text(), prop::bool::ANY).prop_map(|(account, title, designation)| {
            let achievement = Achievement::Certification {
                certification: title.clone(),
                title,
                designation,
                expires_at: None,
            };
            let at = now();
            wanted(Record {
                account,
                at,
                achievement,
            })
        });
    let create = (1..=2u128, any_text()).prop_map(|(number, name)| {
        wanted(Create {
            group: group(number),
            name,
            description: String::new(),
        })
    });
    let erase = any_account().prop_map(|account| {
        let content = Content::Remove;
        wanted(Erase { account, content })
    });
    prop_oneof![
        12 => log_in,
        12 => edit,
        3 => account_visibility,
        6 => profile_visibility,
        24 => any_code().prop_map(|code| wanted(MakeLinkCode { code })),
        36 => link,
        12 => any_account().prop_map(|account| wanted(Unlink { account })),
        12 => any_account().prop_map(|account| wanted(MakePrimary { account })),
        3 => any_account().prop_map(|account| wanted(WithdrawLinks { account })),
        3 => course,
        3 => certification,
        6 => create,
        6 => (1..=2u128).prop_map(|number| wanted(Join { group: group(number) })),
        6 => (1..=2u128).prop_map(|number| wanted(Leave { group: group(number) })),
        4 => erase,
    ]
}

/// What concerns kudos, badges and what members think of them.
fn any_kudos_command() -> impl Strategy<Value = Box<dyn Wanted>> {
    let request = prop::sample::select(vec![Policy::Waitlist, Policy::Automatic])
        .prop_map(|policy| wanted(RequestEnrolment { policy }));
    let about = prop::option::weighted(0.2, any_post());
    let give = (1..=6u128, any_account(), any_text(), about).prop_map(
        |(number, receiver, message, post)| {
            wanted(Give {
                gift: gift(number),
                receiver,
                message,
                post,
                allowance: Allowance {
                    gifts: 2,
                    per: Period::Week,
                },
            })
        },
    );
    let grant = (any_account(), any_text(), 1..=3u8).prop_map(|(account, badge, id)| {
        wanted(Grant {
            account,
            title: badge.clone(),
            badge,
            at: now(),
            origin: Origin {
                source: "guild".into(),
                id: id.to_string(),
            },
        })
    });
    let feedback = (
        any_text(),
        prop::option::of(0..=5u8),
        prop::option::of(any_text()),
    )
        .prop_map(|(subject, rating, text)| {
            wanted(GiveFeedback {
                subject,
                rating,
                text,
            })
        });
    let interaction = (any_text(), prop::option::of(any_text()), -3..1i64).prop_map(
        |(kind, subject, seconds)| {
            let at = after(seconds);
            Interaction { kind, subject, at }
        },
    );
    let rules = (1..=3u8).prop_map(|number| {
        let rules = rules_of(number);
        wanted(Activate { rules })
    });
    let interactions = prop::collection::vec(interaction, 1..4)
        .prop_map(|interactions| wanted(RecordInteractions::of_days(interactions).remove(0)));
    prop_oneof![
        3 => request,
        3 => any_account().prop_map(|account| wanted(Enrol { account })),
        6 => give,
        2 => grant,
        2 => feedback,
        2 => interactions,
        1 => rules,
    ]
}

fn any_role() -> impl Strategy<Value = Role> {
    prop::sample::select(vec![Role::Leader, Role::CoLeader])
}

fn any_details() -> impl Strategy<Value = Details> {
    (any_text(), prop::sample::select(vec![-1, 2, 10]), 0..3u32).prop_map(
        |(title, begins, capacity)| Details {
            title,
            description: String::new(),
            starts_at: after(begins * 60),
            ends_at: after((begins + 1) * 60),
            zone: "Europe/Berlin".into(),
            place: Some("The bakery".into()),
            online: None,
            capacity: Some(capacity),
            announcements: vec![],
        },
    )
}

/// What concerns who leads user groups, and for whom they work. The groups are others than those of the
/// forum.
fn any_leadership_command() -> impl Strategy<Value = Box<dyn Wanted>> {
    let conditions = Conditions {
        affiliations: Affiliation::ALL.into(),
        ..Conditions::default()
    };
    let (to_propose, to_request, to_appoint) = (conditions.clone(), conditions.clone(), conditions);
    let any_group = || (3..=4u128).prop_map(group);
    let propose = (any_group(), any_text()).prop_map(move |(group, name)| {
        wanted(leadership::Propose {
            group,
            name,
            description: String::new(),
            location: "Berlin".into(),
            message: "I bake".into(),
            conditions: to_propose.clone(),
        })
    });
    let create = (any_group(), any_text()).prop_map(|(group, name)| {
        wanted(CreateUserGroup {
            group,
            name,
            description: String::new(),
            location: "Berlin".into(),
        })
    });
    let change = (any_group(), any_text(), prop::option::of(prop::bool::ANY)).prop_map(
        |(group, location, moderated)| {
            wanted(crate::group::Change {
                group,
                name: None,
                description: None,
                location: Some(location),
                moderated,
            })
        },
    );
    let request = any_group().prop_map(move |group| {
        wanted(leadership::Request {
            group,
            message: "I bake".into(),
            conditions: to_request.clone(),
        })
    });
    let appoint =
        (any_group(), any_account(), any_role()).prop_map(move |(group, account, role)| {
            wanted(leadership::Appoint {
                group,
                account,
                role,
                conditions: to_appoint.clone(),
            })
        });
    let decline = (any_group(), any_account(), any_text()).prop_map(|(group, account, reason)| {
        wanted(leadership::Decline {
            group,
            account,
            reason,
        })
    });
    let remove = (any_group(), any_account())
        .prop_map(|(group, account)| wanted(leadership::Remove { group, account }));
    let affiliation = prop::sample::select(vec![None, None, Some(Affiliation::Employee)]);
    let affiliate = (any_account(), affiliation).prop_map(|(account, affiliation)| {
        wanted(affiliation::Change {
            account,
            affiliation,
        })
    });
    prop_oneof![
        6 => propose,
        3 => create,
        3 => change,
        6 => request,
        8 => appoint,
        4 => decline,
        1 => any_group().prop_map(|group| wanted(leadership::StandDown { group })),
        1 => remove,
        2 => affiliate,
        1 => any_code().prop_map(|code| wanted(calendar::Open { code })),
    ]
}

/// What concerns meetings, and what leaders ask for.
fn any_meeting_command() -> impl Strategy<Value = Box<dyn Wanted>> {
    let any_group = || (3..=4u128).prop_map(group);
    let any_meeting = || (1..=3u128).prop_map(meeting);
    let some_accounts = || prop::collection::btree_set(any_account(), 0..3);
    let schedule =
        (any_meeting(), any_group(), any_details()).prop_map(|(meeting, group, details)| {
            wanted(meeting::Schedule {
                meeting,
                group,
                details,
                terms: Terms::default(),
            })
        });
    let change = (any_meeting(), any_details()).prop_map(|(meeting, details)| {
        wanted(meeting::Change {
            meeting,
            details,
            terms: Terms::default(),
        })
    });
    let cancel = any_meeting().prop_map(|meeting| {
        let reason = None;
        wanted(meeting::Cancel { meeting, reason })
    });
    let attend = (any_meeting(), some_accounts())
        .prop_map(|(meeting, accounts)| wanted(RecordAttendance { meeting, accounts }));
    let withdraw = (any_meeting(), some_accounts())
        .prop_map(|(meeting, accounts)| wanted(WithdrawAttendance { meeting, accounts }));
    let sponsor = (any_meeting(), any_account())
        .prop_map(|(meeting, account)| wanted(AddSponsor { meeting, account }));
    let unsponsor = (any_meeting(), any_account())
        .prop_map(|(meeting, account)| wanted(RemoveSponsor { meeting, account }));
    let any_presentation = || (1..=2u128).prop_map(presentation);
    let submit = (any_presentation(), any_meeting(), any_text()).prop_map(
        |(presentation, meeting, title)| {
            wanted(presentation::Submit {
                presentation,
                meeting,
                r#abstract: title.clone(),
                title,
            })
        },
    );
    let approve = (any_presentation(), any_meeting()).prop_map(|(presentation, meeting)| {
        wanted(presentation::Approve {
            presentation,
            meeting,
        })
    });
    let reject = (any_presentation(), any_meeting()).prop_map(|(presentation, meeting)| {
        wanted(presentation::Reject {
            presentation,
            meeting,
            reason: presentation::Reason::SalesPitch,
            note: None,
        })
    });
    let answer =
        (any_meeting(), any_account(), prop::bool::ANY).prop_map(|(meeting, account, going)| {
            wanted(rsvp::Answer {
                meeting,
                account,
                going,
            })
        });
    prop_oneof![
        12 => schedule,
        2 => change,
        1 => cancel,
        1 => any_meeting().prop_map(|meeting| wanted(meeting::Confirm { meeting })),
        3 => attend,
        1 => withdraw,
        3 => sponsor,
        1 => unsponsor,
        6 => submit,
        2 => approve,
        2 => reject,
        8 => answer,
        6 => any_benefit_command(),
    ]
}

fn any_benefit_command() -> impl Strategy<Value = Box<dyn Wanted>> {
    let any_request = || (1..=3u128).prop_map(benefit);
    let others = |request| {
        let all = (1..=3u128).map(benefit);
        all.filter(|other| *other != request).collect()
    };
    let any_group = || (3..=4u128).prop_map(group);
    let swag = (any_request(), any_group(), any_text()).prop_map(|(request, group, what)| {
        wanted(RequestSwag {
            request,
            group,
            meeting: None,
            what,
            address: "Ovenstreet 1".into(),
            is_active: true,
        })
    });
    let any_meeting = (1..=2u128).prop_map(meeting);
    let reimburse =
        (any_request(), any_group(), any_meeting).prop_map(move |(request, group, meeting)| {
            wanted(RequestReimbursement {
                request,
                group,
                meeting,
                amount: 100,
                currency: "EUR".into(),
                what: "The room".into(),
                is_active: true,
                others: others(request),
            })
        });
    let decide = (any_request(), prop::bool::ANY).prop_map(move |(request, approved)| {
        wanted(Decide {
            request,
            approved,
            reason: Some("So it is".into()),
            others: others(request),
        })
    });
    prop_oneof![4 => swag, 4 => reimburse, 2 => decide]
}

/// What is done about a lozenge.
#[derive(Debug, Clone, Copy)]
enum Label {
    Accept,
    Ask,
    Grant,
    Deny,
    Revoke,
}

/// What concerns lozenges, and what is accepted for them. One requirement is met by some.
fn any_lozenge_command() -> impl Strategy<Value = Box<dyn Wanted>> {
    let terms = lozenge::Terms {
        names_company: true,
        requirements: Requirements {
            contributions: Some(1),
            ..Requirements::default()
        },
    };
    let any_label = prop::sample::select(vec![
        Label::Accept,
        Label::Ask,
        Label::Grant,
        Label::Deny,
        Label::Revoke,
    ]);
    let lozenge = prop::sample::select(vec!["one", "two"]).prop_map(str::to_owned);
    let parts = (
        any_account(),
        lozenge,
        prop::option::weighted(0.8, any_text()),
        prop::option::weighted(0.7, any_text()),
        0..=1i64,
    );
    (any_label, parts).prop_map(move |(which, (account, lozenge, company, reason, posts))| {
        let terms = terms.clone();
        let standing = Standing {
            contributions: posts,
            ..Standing::default()
        };
        match which {
            Label::Accept => wanted(agreement::Accept {
                agreement: lozenge,
                version: "1".into(),
                current: company.map(|_| "1".into()),
            }),
            Label::Ask => wanted(lozenge::Request {
                account,
                lozenge,
                terms,
                product: company.clone(),
                company,
                acknowledged: false,
                despite_unmet: reason,
                standing,
            }),
            Label::Grant => wanted(lozenge::Grant {
                account,
                lozenge,
                terms,
                product: company.clone(),
                company,
                despite_unmet: reason.is_some(),
                reason,
                standing,
            }),
            Label::Deny => wanted(lozenge::Deny {
                account,
                lozenge,
                terms,
                reason: reason.unwrap_or_default(),
                standing,
            }),
            Label::Revoke => wanted(lozenge::Revoke {
                account,
                lozenge,
                reason: reason.unwrap_or_default(),
            }),
        }
    })
}

/// What concerns review, reports, and what members are told.
fn any_moderating_command() -> impl Strategy<Value = Box<dyn Wanted>> {
    let submit = (any_parent(), any_text()).prop_map(|(post, title)| {
        wanted(Open {
            post,
            topic: Topic::Article,
            group: Some(group(2)),
            body: title.clone(),
            title,
            tags: vec![],
            without_review: false,
        })
    });
    let reject =
        (any_parent(), any_text()).prop_map(|(post, reason)| wanted(Reject { post, reason }));
    let reason = prop::sample::select(Reason::ALL.to_vec());
    let report =
        (any_post(), reason, prop::option::of(any_text())).prop_map(|(post, reason, comment)| {
            wanted(Report {
                post,
                reason,
                comment,
            })
        });
    let measure = prop::sample::select(vec![Measure::Warning, Measure::Removal]);
    let uphold =
        (any_post(), measure, prop::option::of(any_text())).prop_map(|(post, measure, note)| {
            wanted(Uphold {
                post,
                measure,
                note,
            })
        });
    let read = (1..4u128, prop::option::of(-3..1i64)).prop_map(|(id, until)| {
        wanted(MarkRead {
            notifications: [Uuid::from_u128(id)].into(),
            until: until.map(after),
        })
    });
    let muted = prop::collection::btree_set(prop::sample::select(Kind::ALL.to_vec()), 0..3);
    prop_oneof![
        4 => submit,
        2 => (any_parent(), 1..4u32).prop_map(|(post, revision)| wanted(Publish { post, revision })),
        5 => reject,
        12 => any_parent().prop_map(|post| wanted(Resubmit { post })),
        6 => report,
        2 => any_post().prop_map(|post| wanted(Remove { post })),
        4 => uphold,
        2 => any_post().prop_map(|post| wanted(Dismiss { post })),
        1 => read,
        1 => muted.prop_map(|muted| wanted(ChangePreferences { muted })),
        1 => (1..=2u128).prop_map(|number| wanted(WatchGroup { group: group(number) })),
        1 => (1..=2u128).prop_map(|number| wanted(UnwatchGroup { group: group(number) })),
    ]
}

fn any_command() -> impl Strategy<Value = Box<dyn Wanted>> {
    let register = any_text().prop_map(|name| wanted(Register { name }));
    let rename = any_text().prop_map(|name| wanted(Rename { name }));
    let in_group = prop::option::weighted(0.2, (1..=2u128).prop_map(group));
    let open = (
        any_parent(),
        any_topic(),
        in_group,
        any_text(),
        any_text(),
        any_tags(),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(post, topic, group, title, body, tags, without_review)| {
            wanted(Open {
                post,
                topic,
                group,
                title,
                body,
                tags,
                without_review,
            })
        });
    let answer = (any_reply(), any_parent(), any_text()).prop_map(|(post, question, body)| {
        wanted(Answer {
            post,
            question,
            body,
        })
    });
    let comment = (any_reply(), any_post(), any_text())
        .prop_map(|(post, on, body)| wanted(Comment { post, on, body }));
    let edit =
        (any_post(), any_changes()).prop_map(|(post, changes)| wanted(Edit { post, changes }));
    let accept = (any_parent(), any_reply())
        .prop_map(|(question, answer)| wanted(Accept { question, answer }));
    prop_oneof![
        16 => any_personal_command(),
        4 => any_kudos_command(),
        8 => any_leadership_command(),
        20 => any_meeting_command(),
        5 => any_lozenge_command(),
        8 => any_moderating_command(),
        2 => register,
        1 => rename,
        2 => open,
        4 => answer,
        1 => comment,
        1 => edit,
        2 => any_post().prop_map(|post| wanted(Delete { post })),
        2 => any_post().prop_map(|post| wanted(Restore { post })),
        6 => accept,
        1 => any_parent().prop_map(|question| wanted(Withdraw { question })),
        1 => any_post().prop_map(|post| wanted(LikePost { post })),
        1 => any_post().prop_map(|post| wanted(UnlikePost { post })),
        1 => any_post().prop_map(|post| wanted(WatchPost { post })),
        1 => any_post().prop_map(|post| wanted(UnwatchPost { post })),
    ]
}

fn any_wish() -> impl Strategy<Value = Wish> {
    let roles = (any::<bool>(), any::<bool>()).prop_map(|(community_manager, service)| Roles {
        admin: community_manager && service,
        community_manager,
        analyst: false,
        service,
    });
    (any_account(), roles, any_command()).prop_map(|(account, roles, command)| Wish {
        actor: Actor { account, roles },
        command,
    })
}

/// A history that begins with some facts.
fn history(facts: impl IntoIterator<Item = Fact>) -> History {
    let mut history = History::new(now(), Links::default().into());
    for fact in facts {
        history.push(fact);
    }
    history
}

fn any_wishes() -> impl Strategy<Value = Vec<Wish>> {
    prop::collection::vec(any_wish(), 0..800)
}

/// Ada and Bob are there from the start, and a moderated group, so that not all has to wait until there
/// is one; and a meeting of Ada's that has begun, for time stands still, with Bob's company to sponsor it.
fn beginning() -> [Fact; 9] {
    let created = UserGroupCreated {
        group: group(3),
        name: "one".into(),
        description: String::new(),
        location: "Berlin".into(),
        origin: None,
    };
    let appointed = leadership::Appointed {
        group: group(3),
        account: ada(),
        role: Role::Leader,
    };
    let scheduled = meeting::Scheduled {
        meeting: meeting(1),
        group: group(3),
        details: Details {
            starts_at: after(-60),
            ..details()
        },
        origin: None,
    };
    [
        registered(ada(), "one"),
        registered(bob(), "two"),
        GroupFact::UserGroupCreated(created).into(),
        GroupFact::LeaderAppointed(appointed).into(),
        MeetingFact::Scheduled(scheduled).into(),
        granted(bob(), "partner", Some("Flour Ltd")),
        group_created(group(2), "one"),
        moderated(group(2), true),
        joined(group(2), ada()),
    ]
}

/// How many histories a run tries. They are long, so a hundred of them meet most of what can be.
const HISTORIES: u32 = 100;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(HISTORIES))]

    #[test]
    fn a_command_decided_twice_records_nothing_the_second_time(wishes in any_wishes()) {
        let mut history = history(beginning());
        for wish in &wishes {
            if let Ok(facts) = wish.decide(&history) {
                facts.into_iter().for_each(|fact| history.push(fact));
                prop_assert_eq!(wish.decide(&history), Ok(vec![]), "{:?}", wish);
            }
        }
    }

    #[test]
    fn facts_belong_to_the_stream_that_the_command_writes(wishes in any_wishes()) {
        let mut history = history(beginning());
        for wish in &wishes {
            let facts = wish.decide(&history).unwrap_or_default();
            for fact in &facts {
                prop_assert_eq!(fact.stream(), wish.command.writes(&wish.actor, history.links()), "{:?}", wish);
            }
            facts.into_iter().for_each(|fact| history.push(fact));
        }
    }

    /// What decides for real loads nothing else.
    #[test]
    fn a_command_is_decided_the_same_on_nothing_but_what_it_needs(wishes in any_wishes()) {
        let mut facts = Vec::from(beginning());
        let mut history = history(beginning());
        for wish in &wishes {
            let loaded = seen(&facts, now(), &*wish.command, &wish.actor);
            let decided = wish.decide(&history);
            prop_assert_eq!(&wish.decide(&loaded), &decided, "{:?}", wish);
            let decided = decided.unwrap_or_default();
            facts.extend(decided.iter().cloned());
            decided.into_iter().for_each(|fact| history.push(fact));
        }
    }
}

/// The properties above would hold on histories in which nothing happens, too.
#[test]
fn random_histories_come_to_everything_that_can_happen() {
    let mut runner = TestRunner::deterministic();
    let mut happened = BTreeSet::new();
    for _ in 0..HISTORIES {
        let mut history = history(beginning());
        for wish in any_wishes().new_tree(&mut runner).unwrap().current() {
            let facts = wish.decide(&history).unwrap_or_default();
            happened.extend(facts.iter().map(Fact::stored_type));
            facts.into_iter().for_each(|fact| history.push(fact));
        }
    }
    assert_eq!(happened, Fact::TYPES.iter().copied().collect());
}

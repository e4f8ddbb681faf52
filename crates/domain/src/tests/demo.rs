//! The demo community is one that could have happened: every event of it is decided again.

use std::collections::{HashMap, HashSet};
use std::fs;

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

mod groups;

use super::fixture;
use crate::acceptance::{Accept, Withdraw};
use crate::account::{self, Claims, LogIn, Register, Rename};
use crate::affiliation;
use crate::agreement::{self, Agreement};
use crate::badge::Grant;
use crate::calendar;
use crate::decide::{Actor, Command, History, Roles, decide};
use crate::erasure::Erase;
use crate::fact::{
    AccountFact, BadgeFact, BenefitFact, Fact, FeedbackFact, GroupFact, KudosFact, LearningFact,
    LikeFact, LinkCodeFact, LinkFact, LozengeFact, MembershipFact, NotificationFact, PostFact,
    ReportFact, RsvpFact, WatchFact,
};
use crate::feedback::{GiveFeedback, RecordInteractions};
use crate::group;
use crate::id::AccountId;
use crate::kudos::{Allowance, Enrol, Give, Policy, RequestEnrolment};
use crate::learning::{Achievement, Record};
use crate::like::{LikePost, UnlikePost};
use crate::link_code::MakeLinkCode;
use crate::links::{self, Link, Links, MakePrimary, Primary, Unlink};
use crate::lozenge::{self, Terms};
use crate::membership::{Join, Leave};
use crate::notification::{ChangePreferences, MarkRead};
use crate::period::Period;
use crate::personal::Personal;
use crate::post::{
    Answer, Changes, Comment, Created, Delete, Edit, Kind, Open, Post, Remove, Restore, Topic,
};
use crate::profile;
use crate::report::{Dismiss, Report, Uphold};
use crate::requirement::{Requirements, Standing};
use crate::review::{Publish, Reject, Resubmit};
use crate::rsvp;
use crate::stream::StreamName;
use crate::time::Time;
use crate::watch::{UnwatchGroup, UnwatchPost, WatchGroup, WatchPost};

/// An event as `plaudit import events` reads it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: Uuid,
    stream: String,
    r#type: String,
    version: u16,
    occurred_at: Time,
    actor: AccountId,
    data: Value,
}

impl Line {
    /// All of them, each with its number.
    fn all() -> Vec<(usize, Self)> {
        let text = fs::read_to_string(fixture("demo/events.ndjson")).unwrap();
        (1..)
            .zip(text.lines())
            .map(|(number, line)| match serde_json::from_str(line) {
                Ok(line) => (number, line),
                Err(error) => panic!("line {number}: {error}"),
            })
            .collect()
    }

    fn fact(&self) -> Fact {
        Fact::decode(&self.r#type, self.version, &self.data.to_string()).unwrap()
    }
}

#[test]
fn every_id_is_used_once_and_time_never_runs_backwards() {
    let mut ids = HashSet::new();
    let mut last = None;
    for (number, line) in Line::all() {
        assert!(ids.insert(line.id), "line {number} repeats an id");
        assert!(Some(line.occurred_at) >= last, "line {number} is too early");
        last = Some(line.occurred_at);
    }
}

#[test]
fn every_line_is_written_as_an_export_would_write_it() {
    for (number, line) in Line::all() {
        let fact = line.fact();
        let data: Value = serde_json::from_str(&fact.encode().unwrap()).unwrap();
        assert_eq!(data, line.data, "line {number}");
        assert_eq!(fact.stream().as_str(), line.stream, "line {number}");
    }
}

/// So whatever a fact names came earlier, authors and accepted answers are who and what they are,
/// and nothing is liked, deleted or watched twice: a command that breaks a rule is refused, and one
/// that changes nothing records nothing.
#[test]
fn every_event_is_what_its_actor_would_get_by_asking_for_it() {
    let mut history = History::new(Time::from_micros(0), Links::default().into());
    let lines = Line::all();
    let mut rest = &lines[..];
    while let Some((number, line)) = rest.first() {
        let fact = line.fact();
        let actor = Actor {
            account: line.actor,
            roles: roles_for(&fact),
        };
        history.pass(line.occurred_at);
        let decided = decide(&*command_for(&fact, line, &history), &actor, &history);
        let decided = decided.unwrap_or_else(|refusal| panic!("line {number}: {refusal}"));
        // What is told from one of several linked accounts is told by each of them.
        let (asked, after) = rest.split_at(decided.len().max(1));
        let facts: Vec<Fact> = asked.iter().map(|(_, line)| line.fact()).collect();
        assert_eq!(decided, facts, "line {number}");
        let is_same =
            |other: &Line| (other.actor, other.occurred_at) == (line.actor, line.occurred_at);
        assert!(
            asked.iter().all(|(_, other)| is_same(other)),
            "line {number}"
        );
        for fact in decided {
            history.push(fact);
        }
        rest = after;
    }
}

#[test]
fn everything_that_can_happen_happens() {
    let happened: HashSet<_> = Line::all()
        .iter()
        .map(|(_, line)| line.fact().stored_type())
        .collect();
    // Activated rules would be out of date as soon as those that come with Plaudit change.
    let types = Fact::TYPES.iter().copied();
    let types = types.filter(|(name, _)| *name != "RulesActivated");
    assert_eq!(happened, types.collect());
}

/// What it takes to ask for a fact. The history doesn't tell: roles are no part of it.
fn roles_for(fact: &Fact) -> Roles {
    let staff = Roles {
        community_manager: true,
        ..Roles::default()
    };
    match fact {
        Fact::Group(
            GroupFact::Created(_)
            | GroupFact::UserGroupCreated(_)
            | GroupFact::LeadershipDeclined(_)
            | GroupFact::LeaderAppointed(_),
        )
        | Fact::Account(AccountFact::AffiliationChanged(_))
        | Fact::Benefit(BenefitFact::Decided(_))
        | Fact::Kudos(KudosFact::Enrolled(_))
        | Fact::Lozenge(
            LozengeFact::Granted(_) | LozengeFact::Denied(_) | LozengeFact::Revoked(_),
        )
        | Fact::Report(ReportFact::Upheld(_) | ReportFact::Dismissed(_))
        | Fact::Post(PostFact::Removed(_) | PostFact::Published(_) | PostFact::Rejected(_)) => {
            staff
        }
        // Leaders don't.
        Fact::Group(GroupFact::Changed(group::Changed {
            moderated: Some(_), ..
        })) => staff,
        Fact::Learning(_) | Fact::Badge(_) => Roles {
            service: true,
            ..Roles::default()
        },
        // With a reason it was entered by staff.
        Fact::Lozenge(LozengeFact::Requested(requested)) => match requested.reason {
            Some(_) => staff,
            None => Roles::default(),
        },
        Fact::Report(ReportFact::Reported(_))
        | Fact::Group(_)
        | Fact::Meeting(_)
        | Fact::Rsvp(_)
        | Fact::Benefit(_)
        | Fact::Notification(_)
        | Fact::Account(_)
        | Fact::Link(_)
        | Fact::LinkCode(_)
        | Fact::Rules(_)
        | Fact::Kudos(KudosFact::EnrolmentRequested(_) | KudosFact::Given(_))
        | Fact::Feedback(_)
        | Fact::Membership(_)
        | Fact::Post(
            PostFact::Created(_)
            | PostFact::Submitted(_)
            | PostFact::Resubmitted(_)
            | PostFact::Edited(_)
            | PostFact::Deleted(_)
            | PostFact::Restored(_)
            | PostFact::AnswerAccepted(_)
            | PostFact::AcceptanceWithdrawn(_),
        )
        | Fact::Like(_)
        | Fact::Watch(_) => Roles::default(),
    }
}

/// The command that asks for just this fact.
fn command_for(fact: &Fact, line: &Line, history: &History) -> Box<dyn Command> {
    match fact {
        Fact::Account(AccountFact::Registered(registered)) => Box::new(Register {
            name: text(&registered.name),
        }),
        Fact::Account(AccountFact::Renamed(renamed)) => Box::new(Rename {
            name: text(&renamed.name),
        }),
        Fact::Account(AccountFact::Identified(told)) => Box::new(LogIn {
            claims: Claims {
                name: told.name.as_ref().map(text),
                picture: told.picture.as_ref().map(text),
                kind: told.kind,
            },
        }),
        Fact::Account(AccountFact::VisibilityChanged(changed)) => {
            Box::new(account::ChangeVisibility {
                visibility: changed.visibility,
            })
        }
        Fact::Account(AccountFact::ProfileEdited(edited)) => Box::new(profile::Edit {
            company: edited.company.as_ref().map(text),
            position: edited.position.as_ref().map(text),
            location: edited.location.as_ref().map(text),
            bio: edited.bio.as_ref().map(text),
            links: edited.links.as_ref().map(text),
            products: edited.products.as_ref().map(text),
        }),
        Fact::Account(AccountFact::ProfileVisibilityChanged(changed)) => {
            Box::new(profile::ChangeVisibility {
                visibility: changed.visibility,
            })
        }
        Fact::Account(AccountFact::Erased(erased)) => Box::new(Erase {
            account: erased.account,
            content: erased.content,
        }),
        Fact::Account(AccountFact::AgreementAccepted(accepted)) => Box::new(agreement::Accept {
            agreement: accepted.agreement.clone(),
            version: accepted.version.clone(),
            current: Some(VERSION.into()),
        }),
        Fact::Lozenge(fact) => command_for_lozenge(fact, line),
        Fact::Account(AccountFact::AffiliationChanged(changed)) => Box::new(affiliation::Change {
            account: changed.account,
            affiliation: changed.affiliation,
        }),
        Fact::Account(AccountFact::CalendarOpened(opened)) => {
            Box::new(calendar::Open { code: opened.code })
        }
        Fact::Meeting(fact) => groups::command_of_meeting(fact),
        Fact::Rsvp(RsvpFact::Answered(answered)) => Box::new(rsvp::Answer {
            meeting: answered.meeting,
            account: answered.account,
            going: answered.going,
        }),
        Fact::Benefit(fact) => groups::command_of_benefit(fact),
        Fact::Post(PostFact::Removed(affected)) => Box::new(Remove {
            post: affected.post,
        }),
        Fact::Post(PostFact::Submitted(created)) => command_to_write(created, false),
        Fact::Post(PostFact::Published(published)) => Box::new(Publish {
            post: published.post,
            revision: history
                .state::<Post>(&StreamName::post(published.post))
                .revision(),
        }),
        Fact::Post(PostFact::Rejected(rejected)) => Box::new(Reject {
            post: rejected.post,
            reason: text(&rejected.reason),
        }),
        Fact::Post(PostFact::Resubmitted(resubmitted)) => Box::new(Resubmit {
            post: resubmitted.post,
        }),
        Fact::Report(ReportFact::Reported(reported)) => Box::new(Report {
            post: reported.post,
            reason: reported.reason,
            comment: reported.comment.as_ref().map(text),
        }),
        Fact::Report(ReportFact::Upheld(upheld)) => Box::new(Uphold {
            post: upheld.post,
            measure: upheld.measure,
            note: upheld.note.as_ref().map(text),
        }),
        Fact::Report(ReportFact::Dismissed(dismissed)) => Box::new(Dismiss {
            post: dismissed.post,
        }),
        Fact::Notification(NotificationFact::Read(read)) => Box::new(MarkRead {
            notifications: read.notifications.clone(),
            until: read.until,
        }),
        Fact::Notification(NotificationFact::PreferencesChanged(changed)) => {
            Box::new(ChangePreferences {
                muted: changed.muted.clone(),
            })
        }
        Fact::Watch(WatchFact::GroupWatched(watch)) => Box::new(WatchGroup { group: watch.group }),
        Fact::Watch(WatchFact::GroupUnwatched(watch)) => {
            Box::new(UnwatchGroup { group: watch.group })
        }
        Fact::Link(LinkFact::Linked(linked)) => Box::new(Link {
            code: linked.code,
            primary: if linked.primary == line.actor {
                Primary::Actor
            } else {
                Primary::Other
            },
        }),
        Fact::Link(LinkFact::Unlinked(unlinked)) => Box::new(Unlink {
            account: unlinked.account,
        }),
        Fact::Link(LinkFact::PrimaryChanged(changed)) => Box::new(MakePrimary {
            account: changed.to,
        }),
        Fact::Link(LinkFact::Withdrawn(withdrawn)) => Box::new(links::Withdraw {
            account: withdrawn.account,
        }),
        Fact::Rules(_) => panic!("nobody activates rules here"),
        Fact::LinkCode(LinkCodeFact::Made(made)) => Box::new(MakeLinkCode { code: made.code }),
        Fact::Learning(LearningFact::CourseCompleted(completed)) => Box::new(Record {
            account: completed.account,
            at: line.occurred_at,
            achievement: Achievement::Course {
                course: completed.course.clone(),
                title: completed.title.clone(),
                badge: completed.badge.clone(),
            },
        }),
        Fact::Learning(LearningFact::CertificationAwarded(awarded)) => Box::new(Record {
            account: awarded.account,
            at: line.occurred_at,
            achievement: Achievement::Certification {
                certification: awarded.certification.clone(),
                title: awarded.title.clone(),
                designation: awarded.designation,
                expires_at: awarded.expires_at,
            },
        }),
        // There was a waiting list at the very beginning. Since then everybody takes part.
        Fact::Kudos(KudosFact::EnrolmentRequested(_)) => Box::new(RequestEnrolment {
            policy: Policy::Waitlist,
        }),
        Fact::Kudos(KudosFact::Enrolled(enrolled)) => Box::new(Enrol {
            account: enrolled.profile,
        }),
        Fact::Kudos(KudosFact::Given(given)) => Box::new(Give {
            gift: given.gift,
            receiver: given.receiver,
            message: text(&given.message),
            post: given.post,
            allowance: Allowance {
                gifts: 10,
                per: Period::Week,
            },
        }),
        Fact::Badge(BadgeFact::Granted(granted)) => Box::new(Grant {
            account: granted.account,
            badge: granted.badge.clone(),
            title: granted.title.clone(),
            at: line.occurred_at,
            origin: granted.origin.clone(),
        }),
        Fact::Feedback(FeedbackFact::Given(given)) => Box::new(GiveFeedback {
            subject: given.subject.clone(),
            rating: given.rating,
            text: given.text.as_ref().map(text),
        }),
        Fact::Feedback(FeedbackFact::Interacted(interacted)) => {
            let recorded =
                RecordInteractions::by_day(interacted.interactions.clone(), line.occurred_at);
            Box::new(recorded.unwrap().remove(0))
        }
        Fact::Group(fact) => groups::command_of_group(fact, line),
        Fact::Membership(MembershipFact::Joined(member)) => Box::new(Join {
            group: member.group,
        }),
        Fact::Membership(MembershipFact::Left(member)) => Box::new(Leave {
            group: member.group,
        }),
        Fact::Post(PostFact::Created(created)) => command_to_write(created, true),
        Fact::Post(PostFact::Edited(edited)) => Box::new(Edit {
            post: edited.post,
            changes: Changes {
                title: edited.title.as_ref().map(text),
                body: edited.body.as_ref().map(text),
                tags: edited.tags.clone(),
            },
        }),
        Fact::Post(PostFact::Deleted(affected)) => Box::new(Delete {
            post: affected.post,
        }),
        Fact::Post(PostFact::Restored(affected)) => Box::new(Restore {
            post: affected.post,
        }),
        Fact::Post(PostFact::AnswerAccepted(accepted)) => Box::new(Accept {
            question: accepted.question,
            answer: accepted.accepted.answer,
        }),
        Fact::Post(PostFact::AcceptanceWithdrawn(withdrawn)) => Box::new(Withdraw {
            question: withdrawn.question,
        }),
        Fact::Like(LikeFact::Liked(like)) => Box::new(LikePost { post: like.post }),
        Fact::Like(LikeFact::Withdrawn(like)) => Box::new(UnlikePost { post: like.post }),
        Fact::Watch(WatchFact::Watched(watch)) => Box::new(WatchPost { post: watch.post }),
        Fact::Watch(WatchFact::Unwatched(watch)) => Box::new(UnwatchPost { post: watch.post }),
    }
}

/// The version of all agreements.
const VERSION: &str = "2026-01";

/// What the rules that come with Plaudit say of the lozenges that there are.
fn terms(lozenge: &str) -> Terms {
    if lozenge == "community-leader" {
        return Terms::default();
    }
    assert_eq!(lozenge, "partner");
    let agreements = [
        ("terms", "Terms"),
        ("rules-of-engagement", "Rules of Engagement"),
        ("partner-rules-of-engagement", "Partner Rules of Engagement"),
    ];
    let agreements = agreements.map(|(agreement, title)| Agreement {
        agreement: agreement.into(),
        title: title.into(),
        version: VERSION.into(),
        since: None,
    });
    Terms {
        names_company: true,
        requirements: Requirements {
            contributed_within_days: Some(30),
            contributions: Some(5),
            no_upheld_report_days: Some(90),
            company_in_name: true,
            agreements: agreements.into(),
            acknowledgement: true,
        },
    }
}

/// What an account had done by a moment.
fn standing(account: AccountId, until: Time) -> Standing {
    let mut posts = HashMap::new();
    let lines = Line::all().into_iter();
    for (_, line) in lines.take_while(|(_, line)| line.occurred_at <= until) {
        if let Fact::Post(PostFact::Created(created)) = line.fact()
            && created.author == Some(account)
        {
            posts.insert(created.post, (line.occurred_at, true));
        } else if let Fact::Post(PostFact::Deleted(of) | PostFact::Restored(of)) = line.fact()
            && let Some((_, counts)) = posts.get_mut(&of.post)
        {
            *counts = line.r#type == "PostRestored";
        }
    }
    let contributions = posts.values().filter(|(_, counts)| *counts);
    let contributions: Vec<Time> = contributions.map(|(at, _)| *at).collect();
    Standing {
        contributions: contributions.len().try_into().unwrap(),
        last_contribution_at: contributions.into_iter().max(),
        last_upheld_report_at: None,
    }
}

fn command_for_lozenge(fact: &LozengeFact, line: &Line) -> Box<dyn Command> {
    let standing = |account| standing(account, line.occurred_at);
    match fact {
        LozengeFact::Requested(requested) => Box::new(lozenge::Request {
            account: requested.account,
            lozenge: requested.lozenge.clone(),
            terms: terms(&requested.lozenge),
            company: requested.company.as_ref().map(text),
            product: requested.product.as_ref().map(text),
            acknowledged: true,
            despite_unmet: requested.reason.as_ref().map(text),
            standing: standing(requested.account),
        }),
        LozengeFact::Granted(granted) => Box::new(lozenge::Grant {
            account: granted.account,
            lozenge: granted.lozenge.clone(),
            terms: terms(&granted.lozenge),
            company: None,
            product: None,
            reason: granted.reason.as_ref().map(text),
            despite_unmet: false,
            standing: standing(granted.account),
        }),
        LozengeFact::Denied(denied) => Box::new(lozenge::Deny {
            account: denied.account,
            lozenge: denied.lozenge.clone(),
            terms: terms(&denied.lozenge),
            reason: text(&denied.reason),
            standing: standing(denied.account),
        }),
        LozengeFact::Revoked(revoked) => Box::new(lozenge::Revoke {
            account: revoked.account,
            lozenge: revoked.lozenge.clone(),
            reason: text(&revoked.reason),
        }),
    }
}

fn command_to_write(created: &Created, without_review: bool) -> Box<dyn Command> {
    let &Created {
        post,
        kind,
        parent,
        group,
        ..
    } = created;
    let body = text(&created.body);
    let open = |topic| {
        Box::new(Open {
            post,
            topic,
            group,
            title: created.title.as_ref().map(text).unwrap(),
            body: body.clone(),
            tags: created.tags.clone(),
            without_review,
        })
    };
    match kind {
        Kind::Question => open(Topic::Question),
        Kind::Discussion => open(Topic::Discussion),
        Kind::Article => open(Topic::Article),
        Kind::Answer => Box::new(Answer {
            post,
            question: parent.unwrap(),
            body,
        }),
        Kind::Comment => Box::new(Comment {
            post,
            on: parent.unwrap(),
            body,
        }),
    }
}

fn text<T: Clone>(personal: &Personal<T>) -> T {
    personal.get().unwrap().clone()
}

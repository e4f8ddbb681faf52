//! User groups: who leads them, their meetings, and who comes.

use std::collections::BTreeSet;

use plaudit_domain::affiliation::{self, Affiliation};
use plaudit_domain::attendance::{AttendanceWithdrawn, Attended};
use plaudit_domain::benefit::{Decided, ReimbursementRequested, SwagRequested};
use plaudit_domain::erasure::Content;
use plaudit_domain::fact::{AccountFact, BenefitFact, GroupFact, MeetingFact, RsvpFact};
use plaudit_domain::group::{Changed as GroupChanged, UserGroupCreated};
use plaudit_domain::leadership::{Appointed, Declined, Ended, Proposed, Requested, Role};
use plaudit_domain::link_code::Code;
use plaudit_domain::meeting::{Cancelled, Changed, Details, Held, Scheduled};
use plaudit_domain::presentation::{Approved, Reason, Rejected, Submitted};
use plaudit_domain::rsvp::Answered;
use plaudit_domain::sponsor::{SponsorRemoved, Sponsored};
use plaudit_domain::{
    BenefitId, Fact, MeetingId, PresentationId, Time, Visibility, calendar, profile,
};
use plaudit_projection::row::List;
use plaudit_projection::{
    Application, Benefit, Key, Leader, Meeting, Origin, Outcome, Presentation, Rsvp, benefit,
    group as group_row, leadership, meeting as meeting_row, presentation as presentation_row, rsvp,
};
use plaudit_store::{Cursor, Order, Page, Span};
use uuid::Uuid;

use crate::Place;
use crate::history::{
    History, NEWS, account, at, erased, group, group_created, group_watched, linked, origin,
    registered,
};

const ASCENDING: Page = Page {
    order: Order::Ascending,
    after: None,
    limit: 100,
};
const DESCENDING: Page = Page {
    order: Order::Descending,
    ..ASCENDING
};

fn meeting(number: u128) -> MeetingId {
    MeetingId(Uuid::from_u128(0x3ee7_0000 + number))
}

fn presentation(number: u128) -> PresentationId {
    PresentationId(Uuid::from_u128(0x51de_0000 + number))
}

fn request(number: u128) -> BenefitId {
    BenefitId(Uuid::from_u128(0xbe4e_0000 + number))
}

fn user_group(number: u128) -> Fact {
    GroupFact::UserGroupCreated(UserGroupCreated {
        group: group(number),
        name: format!("Group {number}"),
        description: "About bread".into(),
        location: "Berlin".into(),
        origin: Some(origin("7")),
    })
    .into()
}

fn proposed(of: u128, by: u128) -> Fact {
    GroupFact::Proposed(Proposed {
        group: group(of),
        account: account(by),
        name: "Proposed".to_owned().into(),
        description: "About rye".to_owned().into(),
        location: "Bonn".to_owned().into(),
        message: format!("Message {by}").into(),
    })
    .into()
}

fn requested(of: u128, by: u128) -> Fact {
    GroupFact::LeadershipRequested(Requested {
        group: group(of),
        account: account(by),
        message: format!("Message {by}").into(),
    })
    .into()
}

fn declined(of: u128, by: u128) -> Fact {
    GroupFact::LeadershipDeclined(Declined {
        group: group(of),
        account: account(by),
        reason: format!("Reason {by}").into(),
    })
    .into()
}

fn appointed(of: u128, who: u128, role: Role) -> Fact {
    GroupFact::LeaderAppointed(Appointed {
        group: group(of),
        account: account(who),
        role,
    })
    .into()
}

fn ended(of: u128, who: u128) -> Fact {
    GroupFact::LeadershipEnded(Ended {
        group: group(of),
        account: account(who),
    })
    .into()
}

fn details(starts_at: i64, capacity: Option<u32>) -> Details {
    Details {
        title: format!("Meeting at {starts_at}"),
        description: "About bread".into(),
        starts_at: at(starts_at),
        ends_at: at(starts_at + 10),
        zone: "Europe/Berlin".into(),
        place: Some("The bakery".into()),
        online: Some("https://example.com/bread".into()),
        capacity,
        announcements: vec!["https://example.com/news".into()],
    }
}

fn scheduled(number: u128, of: u128, details: Details) -> Fact {
    MeetingFact::Scheduled(Scheduled {
        meeting: meeting(number),
        group: group(of),
        details,
        origin: Some(origin("8")),
    })
    .into()
}

fn changed(number: u128, of: u128, details: Details) -> Fact {
    MeetingFact::Changed(Changed {
        meeting: meeting(number),
        group: group(of),
        details,
    })
    .into()
}

fn held(number: u128, of: u128) -> Fact {
    MeetingFact::Held(Held {
        meeting: meeting(number),
        group: group(of),
    })
    .into()
}

fn cancelled(number: u128, of: u128) -> Fact {
    MeetingFact::Cancelled(Cancelled {
        meeting: meeting(number),
        group: group(of),
        reason: Some("No flour".into()),
    })
    .into()
}

fn answered(number: u128, who: u128, going: bool) -> Fact {
    RsvpFact::Answered(Answered {
        meeting: meeting(number),
        group: group(1),
        account: account(who),
        profile: None,
        going,
    })
    .into()
}

fn attended(number: u128, who: impl IntoIterator<Item = u128>) -> Fact {
    MeetingFact::Attended(Attended {
        meeting: meeting(number),
        group: group(1),
        accounts: who.into_iter().map(account).collect(),
    })
    .into()
}

fn sponsored(number: u128, who: u128) -> Fact {
    MeetingFact::Sponsored(Sponsored {
        meeting: meeting(number),
        group: group(1),
        account: account(who),
        company: Some(format!("Company {who}").into()),
    })
    .into()
}

fn submitted(number: u128, who: u128) -> Fact {
    MeetingFact::PresentationSubmitted(Submitted {
        meeting: meeting(1),
        group: group(1),
        presentation: presentation(number),
        speaker: account(who),
        title: format!("Title {number}").into(),
        r#abstract: format!("Abstract {number}").into(),
    })
    .into()
}

fn swag(number: u128, by: u128) -> Fact {
    BenefitFact::SwagRequested(SwagRequested {
        request: request(number),
        group: group(1),
        account: account(by),
        meeting: None,
        what: format!("Swag {number}").into(),
        address: format!("Address {number}").into(),
    })
    .into()
}

/// Something of everything that happens in user groups, among members 1 to 5, in groups that are there.
pub fn everything() -> Vec<Fact> {
    vec![
        user_group(7),
        requested(1, 2),
        requested(1, 1),
        proposed(8, 4),
        declined(8, 4),
        appointed(1, 2, Role::Leader),
        appointed(2, 3, Role::CoLeader),
        appointed(1, 3, Role::CoLeader),
        ended(1, 3),
        scheduled(1, 1, details(100, Some(1))),
        scheduled(2, 1, details(200, None)),
        answered(1, 3, true),
        answered(1, 4, true),
        answered(1, 2, true),
        answered(1, 3, false),
        changed(1, 1, details(90, Some(1))),
        submitted(2, 4),
        submitted(1, 1),
        sponsored(1, 4),
        sponsored(1, 1),
        attended(1, [2, 1]),
        held(1, 1),
        cancelled(2, 1),
        swag(2, 4),
        swag(1, 1),
    ]
}

/// Members, two user groups and one of the forum, and a meeting for two of the first, at 100.
async fn begun(place: &dyn Place) -> History {
    let mut history = History::begin(place).await;
    history.add((1..=6).map(|n| (1, registered(n)))).await;
    let groups = [user_group(1), user_group(2), group_created(3)];
    history.add(groups.map(|fact| (2, fact))).await;
    let one = scheduled(1, 1, details(100, Some(2)));
    history.add([(3, one)]).await;
    history
}

async fn stored(history: &History, number: u128) -> Meeting {
    let ids = [meeting(number)];
    let mut found = history.store.meetings_by_id(&ids).await.unwrap();
    assert_eq!(found.len(), 1);
    found.swap_remove(0)
}

pub async fn groups_are_listed_by_kind_and_user_groups_have_what_forum_groups_have_not(
    place: &dyn Place,
) {
    let mut history = begun(place).await;
    let store = history.store.clone();
    let [user, forum] = [group_row::Kind::User, group_row::Kind::Forum];
    let moderated = GroupChanged {
        group: group(1),
        name: Some("Bakers".into()),
        description: None,
        location: Some("Bonn".into()),
        moderated: Some(true),
    };
    history
        .add([(4, GroupFact::Changed(moderated).into())])
        .await;
    let of_kind = store.group_page(Some(user), ASCENDING).await.unwrap();
    let keys: Vec<Key> = of_kind.iter().map(|group| group.key).collect();
    assert_eq!(keys, [history.group(1), history.group(2)]);
    assert_eq!(of_kind[0].name, "Bakers");
    assert_eq!(of_kind[0].location.as_deref(), Some("Bonn"));
    assert!(of_kind[0].moderated && !of_kind[1].moderated);
    let origin = of_kind[1].origin.as_deref();
    assert_eq!(&*origin.unwrap().source_id, "7");
    let of_kind = store.group_page(Some(forum), DESCENDING).await.unwrap();
    assert_eq!(of_kind[0].location, None);
    for (kind, count) in [(Some(user), 2), (Some(forum), 1), (None, 3)] {
        assert_eq!(store.group_count(kind).await.unwrap(), count);
        let page = store.group_page(kind, ASCENDING).await.unwrap();
        assert_eq!(page.len() as i64, count);
    }
    history.is_as_folded_anew().await;
}

pub async fn leaders_are_found_by_group_and_by_account_as_they_were_appointed(place: &dyn Place) {
    let mut history = begun(place).await;
    let store = history.store.clone();
    history
        .add([
            (4, appointed(1, 1, Role::Leader)),
            (5, appointed(1, 2, Role::Leader)),
            (6, appointed(2, 1, Role::CoLeader)),
        ])
        .await;
    history
        .add([
            (7, appointed(1, 2, Role::CoLeader)),
            (8, appointed(1, 1, Role::Leader)),
        ])
        .await;
    let mut leaders = store.leaders_of(&[history.group(1)]).await.unwrap();
    leaders.sort_unstable_by_key(|leader| leader.position);
    let expected =
        [(1, Role::Leader, 4), (2, Role::CoLeader, 5)].map(|(who, role, since)| Leader {
            group_key: history.group(1),
            account: history.account(who),
            role,
            since: at(since),
            position: since + 7,
        });
    assert_eq!(leaders, expected);
    assert_eq!(store.led_by(&history.accounts([1])).await.unwrap().len(), 2);
    let groups = store.groups(&[history.group(1)]).await.unwrap();
    assert_eq!(groups[0].leaders, 2);

    history.add([(9, ended(1, 1)), (9, ended(1, 5))]).await;
    let leaders = store.leaders_of(&[history.group(1)]).await.unwrap();
    assert_eq!(leaders, expected[1..]);
    let groups = store.groups(&[history.group(1)]).await.unwrap();
    assert_eq!(groups[0].leaders, 1);
    history.is_as_folded_anew().await;
}

pub async fn applications_wait_by_age_until_they_are_decided(place: &dyn Place) {
    let mut history = begun(place).await;
    let store = history.store.clone();
    history
        .add([
            (6, requested(1, 1)),
            (5, proposed(9, 2)),
            (7, requested(1, 3)),
            // Whoever asks again goes on waiting.
            (8, requested(1, 1)),
        ])
        .await;
    let waiting = store.application_page(ASCENDING).await.unwrap();
    let accounts: Vec<Key> = waiting.iter().map(|it| it.account).collect();
    assert_eq!(accounts, history.accounts([2, 1, 3]));
    assert_eq!(store.application_count().await.unwrap(), 3);
    let expected = Application {
        group_id: group(9),
        account: history.account(2),
        position: 12,
        since: at(5),
        state: leadership::State::Waiting,
        decided_at: None,
        reason: None,
        message: Some("Message 2".into()),
        is_proposal: true,
        name: Some("Proposed".into()),
        description: Some("About rye".into()),
        location: Some("Bonn".into()),
    };
    assert_eq!(waiting[0], expected);
    let next = Page {
        after: Some(Cursor {
            at: waiting[0].since.as_micros(),
            key: Key(waiting[0].position),
        }),
        ..ASCENDING
    };
    let rest = store.application_page(next).await.unwrap();
    assert_eq!(rest, waiting[1..]);

    history
        .add([
            (9, declined(9, 2)),
            (10, appointed(1, 1, Role::Leader)),
            (11, declined(1, 5)),
        ])
        .await;
    assert_eq!(store.application_count().await.unwrap(), 1);
    let keys = [
        (group(9), history.account(2)),
        (group(2), history.account(2)),
    ];
    let found = store.applications(&keys).await.unwrap();
    let decided = Application {
        state: leadership::State::Declined,
        decided_at: Some(at(9)),
        reason: Some("Reason 2".into()),
        ..expected
    };
    assert_eq!(found, [decided]);
    let mine = history.accounts([1]);
    let mine = store.applications_of(&mine).await.unwrap();
    assert_eq!(mine[0].state, leadership::State::Appointed);
    // Who was declined may ask again, and waits from then on.
    history.add([(12, proposed(9, 2))]).await;
    let waiting = store.application_page(DESCENDING).await.unwrap();
    assert_eq!(waiting[0].since, at(12));
    // What was proposed goes with what they wrote, also where it is told of later.
    let gone = [(13, erased(2, Content::Remove)), (14, proposed(8, 2))];
    history.add(gone).await;
    for of in [8, 9] {
        let keys = [(group(of), history.account(2))];
        let found = &store.applications(&keys).await.unwrap()[0];
        assert!(found.is_proposal);
        let texts = [&found.name, &found.description, &found.location];
        assert_eq!(texts, [&None; 3]);
    }
    assert_eq!((waiting.len(), &waiting[0].reason), (2, &None));
    history.is_as_folded_anew().await;
}

pub async fn a_meeting_is_read_as_it_was_scheduled_changed_and_cancelled(place: &dyn Place) {
    let mut history = begun(place).await;
    let expected = Meeting {
        key: Key(10),
        id: meeting(1),
        group_key: history.group(1),
        title: "Meeting at 100".into(),
        description: "About bread".into(),
        starts_at: at(100),
        ends_at: at(110),
        zone: "Europe/Berlin".into(),
        place: Some("The bakery".into()),
        online: Some("https://example.com/bread".into()),
        capacity: Some(2),
        announcements: List::new(&["https://example.com/news".into()]),
        state: meeting_row::State::Scheduled,
        reason: None,
        going: 0,
        waiting: 0,
        not_going: 0,
        attended: 0,
        revision: 0,
        changed_at: at(3),
        scheduled_at: at(3),
        origin: Some(Box::new(Origin {
            source: "elsewhere".into(),
            source_id: "8".into(),
        })),
    };
    assert_eq!(stored(&history, 1).await, expected);
    let by_key = history.store.meetings(&[Key(10)]).await.unwrap();
    assert_eq!(by_key, std::slice::from_ref(&expected));

    // What names another group is of no meeting.
    history.add([(4, changed(1, 2, details(7, None)))]).await;
    assert_eq!(stored(&history, 1).await, expected);
    history.add([(5, changed(1, 1, details(200, None)))]).await;
    let moved = Meeting {
        title: "Meeting at 200".into(),
        starts_at: at(200),
        ends_at: at(210),
        capacity: None,
        revision: 1,
        changed_at: at(5),
        ..expected
    };
    assert_eq!(stored(&history, 1).await, moved);
    history.add([(6, cancelled(1, 1))]).await;
    let cancelled = Meeting {
        state: meeting_row::State::Cancelled,
        reason: Some("No flour".into()),
        revision: 2,
        changed_at: at(6),
        ..moved
    };
    assert_eq!(stored(&history, 1).await, cancelled);
    history.is_as_folded_anew().await;
}

pub async fn meetings_are_listed_by_when_they_begin_of_a_span_a_group_and_a_guest(
    place: &dyn Place,
) {
    let mut history = begun(place).await;
    let store = history.store.clone();
    let more = [(2, 1, 300), (3, 2, 200), (4, 1, 50)];
    let more = more.map(|(n, of, begins)| (4, scheduled(n, of, details(begins, None))));
    history.add(more).await;
    let ids = |meetings: Vec<Meeting>| -> Vec<MeetingId> {
        meetings.iter().map(|meeting| meeting.id).collect()
    };
    let of = |numbers: &[u128]| -> Vec<MeetingId> { numbers.iter().map(|&n| meeting(n)).collect() };

    let all = store.meeting_page(Span::EVER, ASCENDING).await.unwrap();
    let cursor = Cursor {
        at: all[1].starts_at.as_micros(),
        key: all[1].key,
    };
    assert_eq!(ids(all), of(&[4, 1, 3, 2]));
    let after = Page {
        after: Some(cursor),
        limit: 1,
        ..ASCENDING
    };
    let next = store.meeting_page(Span::EVER, after).await.unwrap();
    assert_eq!(ids(next), of(&[3]));
    let coming = store.meeting_page(Span::since(at(100)), ASCENDING).await;
    assert_eq!(ids(coming.unwrap()), of(&[1, 3, 2]));
    let past = store.meeting_page(Span::before(at(100)), DESCENDING).await;
    assert_eq!(ids(past.unwrap()), of(&[4]));

    let groups = [history.group(2), history.group(1)];
    let page = store.meetings_of(&groups, Span::EVER, DESCENDING).await;
    let mut page = page.unwrap();
    page.sort_by_key(|meeting| meeting.group_key);
    assert_eq!(ids(page), of(&[2, 1, 4, 3]));
    let two = Page {
        limit: 1,
        ..ASCENDING
    };
    let span = Span::since(at(60));
    let mut first = store.meetings_of(&groups, span, two).await.unwrap();
    first.sort_by_key(|meeting| meeting.group_key);
    assert_eq!(ids(first), of(&[1, 3]));
    let mut counts = store.meeting_count(&groups, span).await.unwrap();
    counts.sort_unstable();
    assert_eq!(counts, [(history.group(1), 2), (history.group(2), 1)]);

    let answers = [
        (2, 1, true),
        (1, 1, true),
        (1, 2, true),
        (1, 3, true),
        (4, 4, false),
    ];
    history
        .add(answers.map(|(n, who, going)| (5, answered(n, who, going))))
        .await;
    for (guests, expected) in [
        (vec![1], vec![1, 2]),
        (vec![3], vec![1]),
        (vec![2, 1, 4], vec![1, 2]),
        (vec![4], vec![]),
    ] {
        let guests = history.accounts(guests);
        let page = store.meetings_with(&guests, Span::EVER, ASCENDING).await;
        assert_eq!(ids(page.unwrap()), of(&expected));
    }
    history.is_as_folded_anew().await;
}

pub async fn g4_answers_come_by_kind_in_order_and_the_next_moves_up(place: &dyn Place) {
    let mut history = begun(place).await;
    let store = history.store.clone();
    history
        .add([3, 1, 4, 2, 5].map(|who| (4, answered(1, who, true))))
        .await;
    history.add([(5, answered(1, 6, false))]).await;
    let of = async |history: &History, state| -> Vec<Key> {
        let page = store.rsvps(&[Key(10)], state, ASCENDING).await.unwrap();
        let counted = stored(history, 1).await;
        let counted = match state {
            rsvp::State::Going => counted.going,
            rsvp::State::Waiting => counted.waiting,
            rsvp::State::NotGoing => counted.not_going,
        };
        assert_eq!(counted, page.len() as i64);
        page.iter().map(|rsvp| rsvp.account).collect()
    };
    let [going, waiting, not] = [
        rsvp::State::Going,
        rsvp::State::Waiting,
        rsvp::State::NotGoing,
    ];
    assert_eq!(of(&history, going).await, history.accounts([3, 1]));
    assert_eq!(of(&history, waiting).await, history.accounts([4, 2, 5]));
    assert_eq!(of(&history, not).await, history.accounts([6]));

    // Alone in its batch: who moves up is brought along.
    history.add([(6, answered(1, 3, false))]).await;
    assert_eq!(of(&history, going).await, history.accounts([1, 4]));
    assert_eq!(of(&history, waiting).await, history.accounts([2, 5]));
    // The same again keeps the place, and who comes back goes to the end.
    history
        .add([(7, answered(1, 2, true)), (7, answered(1, 3, true))])
        .await;
    assert_eq!(of(&history, waiting).await, history.accounts([2, 5, 3]));
    // Nobody loses a place where there is less room, and nobody gets one until there is any.
    history
        .add([(8, changed(1, 1, details(100, Some(1))))])
        .await;
    assert_eq!(of(&history, going).await, history.accounts([1, 4]));
    history.add([(9, answered(1, 4, false))]).await;
    assert_eq!(of(&history, going).await, history.accounts([1]));
    history
        .add([(10, changed(1, 1, details(100, Some(3))))])
        .await;
    assert_eq!(of(&history, going).await, history.accounts([1, 2, 5]));
    history.add([(11, changed(1, 1, details(100, None)))]).await;
    assert_eq!(of(&history, waiting).await, []);
    assert_eq!(of(&history, not).await, history.accounts([6, 4]));

    let mine = store.rsvps_of(&history.accounts([6]), &[Key(10)]).await;
    let expected = Rsvp {
        meeting: Key(10),
        account: history.account(6),
        state: not,
        position: 16,
        at: at(5),
        revision: 0,
        changed_at: at(5),
    };
    assert_eq!(mine.unwrap(), [expected]);
    // Went, came back to the end of the list, and moved up.
    let thirds = store.rsvps_of(&history.accounts([3]), &[Key(10)]).await;
    let third = thirds.unwrap().remove(0);
    assert_eq!((third.revision, third.at), (3, at(7)));
    assert_eq!(third.changed_at, at(11));
    history.is_as_folded_anew().await;
}

pub async fn g4_whoever_is_erased_gives_up_their_places_at_what_is_still_to_come(
    place: &dyn Place,
) {
    let mut history = begun(place).await;
    let store = history.store.clone();
    let going = async |history: &History| -> Vec<Key> {
        let page = store.rsvps(&[Key(10)], rsvp::State::Going, ASCENDING);
        let page = page.await.unwrap();
        let meeting = stored(history, 1).await;
        assert_eq!(meeting.going, page.len() as i64);
        page.iter().map(|rsvp| rsvp.account).collect()
    };
    history
        .add([3, 1, 4, 2].map(|who| (4, answered(1, who, true))))
        .await;
    assert_eq!(going(&history).await, history.accounts([3, 1]));
    // Alone in its batch: who moves up is brought along.
    history.add([(5, erased(3, Content::Keep))]).await;
    assert_eq!(going(&history).await, history.accounts([1, 4]));
    // Who waits moves up no more.
    history
        .add([
            (6, answered(1, 5, true)),
            (7, erased(2, Content::Remove)),
            (8, erased(1, Content::Keep)),
        ])
        .await;
    assert_eq!(going(&history).await, history.accounts([4, 5]));
    assert_eq!(stored(&history, 1).await.waiting, 0);
    // Once it has begun, who came stays a number.
    history.add([(100, erased(4, Content::Keep))]).await;
    assert_eq!(going(&history).await, history.accounts([4, 5]));
    history.is_as_folded_anew().await;
}

pub async fn g4_linked_accounts_are_one_guest_unless_their_profile_is_private(place: &dyn Place) {
    let mut history = begun(place).await;
    let store = history.store.clone();
    history
        .add([
            (4, answered(1, 1, true)),
            (4, answered(1, 2, true)),
            (4, answered(1, 3, true)),
            (4, answered(1, 4, false)),
            (5, attended(1, [1, 2, 5])),
        ])
        .await;
    let counted = async || {
        let guests = store.guests(&[Key(10)]).await.unwrap();
        assert_eq!(guests.len(), 1);
        let (_, it) = guests[0];
        [it.going, it.waiting, it.not_going, it.attended]
    };
    assert_eq!(counted().await, [2, 1, 1, 3]);
    // Two who have places, and two of whom one has none.
    history.add([(6, linked(1, 2)), (6, linked(3, 4))]).await;
    assert_eq!(counted().await, [1, 1, 0, 2]);
    history.add([(7, made_private(1))]).await;
    assert_eq!(counted().await, [2, 1, 0, 3]);
    history.is_as_folded_anew().await;
}

fn made_private(who: u128) -> Fact {
    AccountFact::ProfileVisibilityChanged(profile::VisibilityChanged {
        account: account(who),
        by: account(who),
        visibility: Visibility::Private,
    })
    .into()
}

pub async fn f5_who_watches_is_told_of_a_meeting_and_who_comes_what_became_of_it(
    place: &dyn Place,
) {
    let mut history = begun(place).await;
    let store = history.store.clone();
    history.add([(4, group_watched(1, 6))]).await;
    // Each alone in its batch: whom to tell is brought along.
    for (time, fact) in (NEWS..).zip([
        scheduled(2, 1, details(NEWS + 100, Some(1))),
        answered(2, 1, true),
        answered(2, 2, true),
        answered(2, 3, true),
        changed(2, 1, details(NEWS + 100, Some(2))),
        changed(2, 1, details(NEWS + 200, Some(3))),
        cancelled(2, 1),
    ]) {
        history.add([(time, fact)]).await;
    }
    let [scheduled, changed, cancelled, moved] = [
        Outcome::MeetingScheduled,
        Outcome::MeetingChanged,
        Outcome::MeetingCancelled,
        Outcome::MovedUp,
    ];
    for (who, told) in [
        (6, vec![scheduled]),
        (1, vec![changed, cancelled]),
        (2, vec![moved, changed, cancelled]),
        (3, vec![moved, cancelled]),
        (4, vec![]),
    ] {
        let account = [history.account(who)];
        let rows = store.notifications_of(&account, None, ASCENDING).await;
        let rows = rows.unwrap();
        let outcomes: Vec<_> = rows.iter().filter_map(|row| row.outcome).collect();
        assert_eq!(outcomes, told, "account {who}");
        for row in rows {
            let because = (row.outcome == Some(cancelled)).then_some("No flour");
            assert_eq!(row.note.as_deref(), because);
        }
    }
    history.is_as_folded_anew().await;
}

pub async fn g6_only_what_was_held_counts_for_a_group(place: &dyn Place) {
    let mut history = begun(place).await;
    let store = history.store.clone();
    let more = [(2, 1, 200), (3, 1, 300), (4, 2, 50), (5, 1, 400)];
    let more = more.map(|(n, of, begins)| (4, scheduled(n, of, details(begins, None))));
    history.add(more).await;
    history
        .add([
            (5, held(2, 1)),
            (6, held(1, 1)),
            (7, cancelled(3, 1)),
            // Cancelled is cancelled, and what was held was.
            (8, held(3, 1)),
            (9, cancelled(1, 1)),
            (10, changed(2, 1, details(999, None))),
        ])
        .await;
    let groups = [history.group(1), history.group(2)];
    let mut rows = store.groups(&groups).await.unwrap();
    rows.sort_unstable_by_key(|group| group.key);
    let last: Vec<Option<Time>> = rows.iter().map(|group| group.last_held_at).collect();
    assert_eq!(last, [Some(at(200)), None]);
    let one = groups[0];
    let held = store.held_of(&groups, Span::EVER).await.unwrap();
    assert_eq!(held, [(one, at(100)), (one, at(200))]);
    let held = store.held_of(&groups, Span::before(at(200))).await.unwrap();
    assert_eq!(held, [(one, at(100))]);
    let last = store.last_held(&groups, at(200)).await.unwrap();
    assert_eq!(last, [(one, at(100))]);
    assert_eq!(store.last_held(&groups, at(100)).await.unwrap(), []);

    let mut groups = Vec::new();
    let mut each = |record: plaudit_store::GroupRecord| {
        groups.push((record.group.id, record.held));
        Ok(())
    };
    let mut snapshot = store.snapshot().await.unwrap();
    snapshot.each_group_record(&mut each).await.unwrap();
    let expected = [
        (group(1), vec![at(100), at(200)]),
        (group(2), vec![]),
        (group(3), vec![]),
    ];
    assert_eq!(groups, expected);
    let mut meetings = Vec::new();
    let mut each = |record: plaudit_store::MeetingRecord| {
        meetings.push((record.meeting.id, record.group));
        Ok(())
    };
    let mut snapshot = store.snapshot().await.unwrap();
    snapshot.each_meeting_record(&mut each).await.unwrap();
    let position = snapshot.position();
    assert_eq!(position, history.position());
    let expected = [(1, 1), (2, 1), (3, 1), (4, 2), (5, 1)];
    assert_eq!(meetings, expected.map(|(n, of)| (meeting(n), group(of))));
    history.is_as_folded_anew().await;
}

pub async fn g4_attendance_is_recorded_once_and_withdrawn(place: &dyn Place) {
    let mut history = begun(place).await;
    let store = history.store.clone();
    history
        .add([(4, attended(1, [2, 1])), (5, attended(1, [1, 3]))])
        .await;
    assert_eq!(stored(&history, 1).await.attended, 3);
    let withdrawn = AttendanceWithdrawn {
        meeting: meeting(1),
        group: group(1),
        accounts: BTreeSet::from([account(1), account(6)]),
    };
    history
        .add([(6, MeetingFact::AttendanceWithdrawn(withdrawn).into())])
        .await;
    assert_eq!(stored(&history, 1).await.attended, 2);
    let there = store.attendance_of(&[Key(10)], ASCENDING).await.unwrap();
    let there: Vec<Key> = there.iter().map(|it| it.account).collect();
    assert_eq!(there, history.accounts([2, 3]));
    let mine = store.attended(&history.accounts([1, 2]), &[Key(10)]).await;
    assert_eq!(mine.unwrap().len(), 1);
    history.is_as_folded_anew().await;
}

pub async fn g5_presentations_are_flagged_until_they_are_reviewed(place: &dyn Place) {
    let mut history = begun(place).await;
    let store = history.store.clone();
    history
        .add([
            (4, submitted(1, 1)),
            (5, submitted(2, 2)),
            (6, submitted(3, 2)),
        ])
        .await;
    let rejected = Rejected {
        meeting: meeting(1),
        group: group(1),
        presentation: presentation(1),
        speaker: account(1),
        reason: Reason::SalesPitch,
        note: Some("Too many prices".to_owned().into()),
    };
    let approved = Approved {
        meeting: meeting(1),
        group: group(1),
        presentation: presentation(2),
        speaker: account(2),
    };
    history
        .add([
            (7, MeetingFact::PresentationRejected(rejected).into()),
            (8, MeetingFact::PresentationApproved(approved).into()),
        ])
        .await;
    let mut all = store.presentations_of(&[Key(10)]).await.unwrap();
    all.sort_unstable_by_key(|presentation| presentation.key);
    use presentation_row::State;
    let states: Vec<State> = all.iter().map(|presentation| presentation.state).collect();
    assert_eq!(states, [State::Rejected, State::Approved, State::Submitted]);
    let expected = Presentation {
        key: Key(11),
        id: presentation(1),
        meeting: Key(10),
        speaker: history.account(1),
        title: Some("Title 1".into()),
        summary: Some("Abstract 1".into()),
        state: State::Rejected,
        reason: Some(Reason::SalesPitch),
        note: Some("Too many prices".into()),
        submitted_at: at(4),
        reviewed_at: Some(at(7)),
    };
    assert_eq!(all[0], expected);
    let by_id = store.presentations_by_id(&[presentation(1)]).await.unwrap();
    assert_eq!(by_id, all[..1]);
    assert_eq!(store.presentations(&[Key(11)]).await.unwrap(), by_id);
    let by_speaker = store.presentations_by(&history.accounts([2])).await;
    assert_eq!(by_speaker.unwrap().len(), 2);
    history.is_as_folded_anew().await;
}

pub async fn g9_sponsors_come_and_go(place: &dyn Place) {
    let mut history = begun(place).await;
    let store = history.store.clone();
    history
        .add([
            (4, sponsored(1, 1)),
            (5, sponsored(1, 2)),
            (6, sponsored(1, 2)),
        ])
        .await;
    let removed = SponsorRemoved {
        meeting: meeting(1),
        group: group(1),
        account: account(1),
    };
    history
        .add([(7, MeetingFact::SponsorRemoved(removed).into())])
        .await;
    let sponsors = store.sponsors_of(&[Key(10)]).await.unwrap();
    assert_eq!(sponsors.len(), 1);
    assert_eq!(sponsors[0].company.as_deref(), Some("Company 2"));
    history.is_as_folded_anew().await;
}

pub async fn g10_requests_wait_by_age_and_are_decided_once(place: &dyn Place) {
    let mut history = begun(place).await;
    let store = history.store.clone();
    let reimbursement = ReimbursementRequested {
        request: request(2),
        group: group(1),
        account: account(1),
        meeting: meeting(1),
        amount: 5_000,
        currency: "EUR".into(),
        what: "The room".to_owned().into(),
    };
    history
        .add([
            (5, swag(1, 1)),
            (4, BenefitFact::ReimbursementRequested(reimbursement).into()),
            (6, swag(3, 2)),
        ])
        .await;
    let waiting = benefit::State::Requested;
    let page = store.benefit_page(waiting, ASCENDING).await.unwrap();
    let ids: Vec<BenefitId> = page.iter().map(|benefit| benefit.id).collect();
    assert_eq!(ids, [2, 1, 3].map(request));
    let expected = Benefit {
        key: Key(12),
        id: request(2),
        kind: benefit::Kind::Reimbursement,
        group_key: history.group(1),
        account: history.account(1),
        meeting: Some(Key(10)),
        what: Some("The room".into()),
        address: None,
        amount: Some(5_000),
        currency: Some("EUR".into()),
        requested_at: at(4),
        state: waiting,
        decided_at: None,
        reason: None,
    };
    assert_eq!(page[0], expected);
    assert_eq!(store.benefits(&[Key(12)]).await.unwrap(), [expected]);
    let for_meeting = store.benefits_for(&[Key(10)]).await.unwrap();
    assert_eq!(for_meeting, store.benefits(&[Key(12)]).await.unwrap());
    assert!(store.benefits_for(&[Key(1)]).await.unwrap().is_empty());

    let decided = |approved| {
        BenefitFact::Decided(Decided {
            request: request(1),
            group: group(1),
            account: account(1),
            approved,
            reason: Some("None left".to_owned().into()),
        })
    };
    history
        .add([(7, decided(false).into()), (8, decided(true).into())])
        .await;
    let found = store.benefits_by_id(&[request(1)]).await.unwrap();
    assert_eq!(found[0].state, benefit::State::Declined);
    assert_eq!(found[0].decided_at, Some(at(7)));
    assert_eq!(found[0].reason.as_deref(), Some("None left"));
    for (state, count) in [(waiting, 2), (benefit::State::Declined, 1)] {
        assert_eq!(store.benefit_count(state).await.unwrap(), count);
    }
    let mine = store.benefits_of(&history.accounts([1]), DESCENDING).await;
    let mine: Vec<BenefitId> = mine.unwrap().iter().map(|benefit| benefit.id).collect();
    assert_eq!(mine, [1, 2].map(request));
    history.is_as_folded_anew().await;
}

pub async fn an_account_is_found_by_its_calendar_until_it_has_another(place: &dyn Place) {
    let mut history = begun(place).await;
    let store = history.store.clone();
    let hash = |number| Code::of([number; 10]).hash();
    let opened = |number| -> Fact {
        AccountFact::CalendarOpened(calendar::Opened {
            account: account(1),
            code: hash(number),
        })
        .into()
    };
    let employed = affiliation::Changed {
        account: account(1),
        affiliation: Some(Affiliation::Employee),
    };
    history
        .add([
            (4, opened(1)),
            (5, AccountFact::AffiliationChanged(employed).into()),
        ])
        .await;
    let by = async |number| {
        let hash = hash(number).to_string();
        store.account_by_calendar(&hash).await.unwrap()
    };
    let found = by(1).await.unwrap();
    assert_eq!(found.id, account(1));
    assert_eq!(found.affiliation, Some(Affiliation::Employee));
    history.add([(6, opened(2))]).await;
    assert_eq!(by(1).await, None);
    assert!(by(2).await.is_some());
    history.add([(7, erased(1, Content::Keep))]).await;
    assert_eq!(by(2).await, None);
    history.add([(8, opened(3))]).await;
    assert_eq!(by(3).await, None);
    history.is_as_folded_anew().await;
}

pub async fn what_an_erased_leader_asked_for_and_presented_goes(place: &dyn Place) {
    let mut history = begun(place).await;
    let store = history.store.clone();
    let all = |who: u128| {
        [
            (4, requested(1, who)),
            (5, submitted(who, who)),
            (6, swag(who, who)),
            (7, sponsored(1, who)),
            (8, answered(1, who, true)),
        ]
    };
    history.add(all(1)).await;
    history.add(all(2)).await;
    // The texts of what they asked for go with who they are, the others with what they wrote.
    history
        .add([
            (9, erased(1, Content::Keep)),
            (9, erased(2, Content::Remove)),
        ])
        .await;
    // What comes later brings nothing back.
    let late = [
        (10, declined(1, 1)),
        (10, declined(1, 2)),
        (11, swag(12, 2)),
    ];
    history.add(late).await;
    history
        .add([(12, sponsored(1, 2)), (12, submitted(12, 2))])
        .await;

    for (who, is_kept) in [(1, true), (2, false)] {
        let mine = history.accounts([who]);
        let applications = store.applications_of(&mine).await.unwrap();
        assert_eq!(applications[0].message.is_some(), is_kept);
        assert_eq!(applications[0].reason.is_some(), is_kept);
        for presentation in store.presentations_by(&mine).await.unwrap() {
            assert_eq!(presentation.title.is_some(), is_kept);
            assert_eq!(presentation.summary.is_some(), is_kept);
        }
        for benefit in store.benefits_of(&mine, ASCENDING).await.unwrap() {
            assert_eq!((benefit.what, benefit.address), (None, None));
        }
    }
    let sponsors = store.sponsors_of(&[Key(10)]).await.unwrap();
    assert_eq!(sponsors.len(), 2);
    assert!(sponsors.iter().all(|sponsor| sponsor.company.is_none()));
    assert_eq!(stored(&history, 1).await.going, 0);

    history.store.purge().await.unwrap();
    let bytes = place.bytes();
    for gone in [
        "Message 2",
        "Abstract 2",
        "Address 1",
        "Company 1",
        "Swag 12",
    ] {
        let is_left = bytes
            .windows(gone.len())
            .any(|part| part == gone.as_bytes());
        assert!(!is_left, "{gone}");
    }
    history.is_as_folded_anew().await;
}

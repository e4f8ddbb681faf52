//! What accounts are, tell and learned, and what they are members of.

use plaudit_domain::Visibility;
use plaudit_domain::account::{AccountKind, Registered};
use plaudit_domain::fact::AccountFact;
use plaudit_domain::profile::Edited;
use plaudit_projection::row::List;
use plaudit_projection::{About, Certification, Course, Key, Membership};

use crate::Place;
use crate::history::{
    History, account, account_shown_to, at, certification, course, group_created, identified,
    joined, linked, origin, profile_edited, profile_shown_to, question, registered, told,
};

/// Columns that take each other's place would show here.
pub async fn every_column_of_an_account_is_read_as_it_was_written(place: &dyn Place) {
    let mut history = History::begin(place).await;
    let imported = AccountFact::Registered(Registered {
        account: account(2),
        name: "Imported".to_owned().into(),
        origin: Some(origin("7")),
    });
    history
        .add([(1, registered(1)), (2, imported.into())])
        .await;
    history
        .add([
            (3, identified(2, Some("https://example.org/2.png"), None)),
            (4, identified(1, None, Some(AccountKind::Managed))),
            (5, account_shown_to(2, Visibility::Private)),
            (6, profile_shown_to(1, Visibility::Private)),
            (7, linked(2, 1)),
            (8, question(1, 1)),
        ])
        .await;
    let [one, two] = &history.every_account().await[..] else {
        panic!("there are two");
    };
    assert_eq!((two.key, two.id), (history.account(2), account(2)));
    assert_eq!((two.profile, two.linked), (two.key, 1));
    assert_eq!(two.name.as_deref(), Some("Imported"));
    assert_eq!(two.picture.as_deref(), Some("https://example.org/2.png"));
    assert_eq!(two.kind, AccountKind::Personal);
    assert_eq!(two.visibility, Visibility::Private);
    assert_eq!(two.profile_visibility, Visibility::Public);
    assert!(!two.erased && !two.content_erased);
    let origin = two.origin.as_deref().unwrap();
    assert_eq!((&*origin.source, &*origin.source_id), ("elsewhere", "7"));
    assert_eq!((two.registered_at, two.last_active_at), (at(2), None));

    assert_eq!((one.profile, one.linked), (two.key, 0));
    assert_eq!(
        (one.kind, one.picture.as_ref()),
        (AccountKind::Managed, None)
    );
    assert_eq!(one.visibility, Visibility::Public);
    assert_eq!(one.profile_visibility, Visibility::Private);
    assert_eq!(one.last_active_at, Some(at(8)));

    let both = history.store.accounts_of(&[two.key]).await.unwrap();
    assert_eq!(both.len(), 2);
    assert!(both.contains(one) && both.contains(two));
    assert!(
        history
            .store
            .accounts_of(&[one.key])
            .await
            .unwrap()
            .is_empty()
    );
    history.is_as_folded_anew().await;
}

pub async fn what_accounts_tell_is_read_as_it_was_written_and_goes_when_it_is_taken_away(
    place: &dyn Place,
) {
    let text = |text: &str| Some(text.to_owned().into());
    let list = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let mut history = History::begin(place).await;
    history.add((1..=3).map(|n| (1, registered(n)))).await;
    let everything = Edited {
        company: text("Company"),
        position: text("Position"),
        location: text("Location"),
        bio: text("Bio,\nof two lines"),
        links: Some(list(&["https://example.org/1", "https://example.org/2"]).into()),
        products: Some(list(&["\"Oven\""]).into()),
        ..told(2)
    };
    let a_part = Edited {
        location: text("Elsewhere"),
        ..told(3)
    };
    history
        .add([
            (2, profile_edited(everything)),
            (3, profile_edited(a_part.clone())),
        ])
        .await;
    let nothing = |account: Key| About {
        account,
        company: None,
        position: None,
        location: None,
        bio: None,
        links: List::new(&[]),
        products: List::new(&[]),
    };
    let keys = history.accounts(1..=3);
    let mut about = history.store.about(&keys).await.unwrap();
    about.sort_unstable_by_key(|about| about.account);
    let two = About {
        company: Some("Company".into()),
        position: Some("Position".into()),
        location: Some("Location".into()),
        bio: Some("Bio,\nof two lines".into()),
        links: List::new(&list(&["https://example.org/1", "https://example.org/2"])),
        products: List::new(&list(&["\"Oven\""])),
        ..nothing(keys[1])
    };
    let three = About {
        location: Some("Elsewhere".into()),
        ..nothing(keys[2])
    };
    assert_eq!(about, [two.clone(), three]);

    let other = Edited {
        bio: text("Another"),
        links: Some(Vec::new().into()),
        ..told(2)
    };
    let taken_away = Edited {
        location: text(""),
        ..a_part
    };
    history
        .add([(4, profile_edited(other)), (5, profile_edited(taken_away))])
        .await;
    let about = history.store.about(&keys).await.unwrap();
    let two = About {
        bio: Some("Another".into()),
        links: List::new(&[]),
        ..two
    };
    assert_eq!(about, [two]);
}

pub async fn courses_and_certifications_are_read_as_they_were_written(place: &dyn Place) {
    let mut history = History::begin(place).await;
    history.add([(1, registered(1)), (1, registered(2))]).await;
    history
        .add([
            (9, course(2, "SD-101", Some("Baker"))),
            (8, course(2, "RY-201", None)),
            (7, certification(2, "FS-2", Some(100))),
            (6, certification(2, "CB-1", None)),
            (5, course(1, "SD-101", None)),
        ])
        .await;
    let account = history.account(2);
    let mut courses = history.store.courses_of(&[account]).await.unwrap();
    courses.sort_unstable_by_key(|course| course.position);
    let course = |course: &str, badge: Option<&str>, second, position| Course {
        account,
        course: course.into(),
        title: format!("All about {course}"),
        badge: badge.map(str::to_owned),
        at: at(second),
        position,
    };
    let expected = [
        course("SD-101", Some("Baker"), 9, 3),
        course("RY-201", None, 8, 4),
    ];
    assert_eq!(courses, expected);

    let mut awarded = history.store.certifications_of(&[account]).await.unwrap();
    awarded.sort_unstable_by_key(|certification| certification.position);
    let awarded_as = |name: &str, expires: Option<i64>, second, position| Certification {
        account,
        certification: name.into(),
        position,
        title: format!("Certified {name}"),
        designation: expires.is_none(),
        at: at(second),
        expires_at: expires.map(at),
    };
    let expected = [
        awarded_as("FS-2", Some(100), 7, 5),
        awarded_as("CB-1", None, 6, 6),
    ];
    assert_eq!(awarded, expected);
    let both = history.accounts(1..=2);
    assert_eq!(history.store.courses_of(&both).await.unwrap().len(), 3);
    assert_eq!(history.every_account().await[1].last_active_at, Some(at(9)));
    history.is_as_folded_anew().await;
}

pub async fn a_course_counts_once_and_a_certification_every_time(place: &dyn Place) {
    let mut history = History::begin(place).await;
    history
        .add([(1, registered(1)), (2, course(1, "A", None))])
        .await;
    history
        .add([
            (3, course(1, "A", Some("another title"))),
            (4, course(1, "B", None)),
            (5, course(1, "B", None)),
            (6, certification(1, "C", Some(10))),
        ])
        .await;
    history.add([(7, certification(1, "C", Some(20)))]).await;
    let keys = history.accounts([1]);
    assert_eq!(history.store.courses_of(&keys).await.unwrap().len(), 2);
    let certifications = history.store.certifications_of(&keys).await.unwrap();
    assert_eq!(certifications.len(), 2);
    let profile = history.store.profiles(&keys).await.unwrap().remove(0);
    assert_eq!(profile.counts.courses_completed, 2);
    assert_eq!(profile.last_active_at, Some(at(7)));
    history.is_as_folded_anew().await;
}

pub async fn memberships_are_found_by_account(place: &dyn Place) {
    let mut history = History::begin(place).await;
    history
        .add([
            (1, registered(1)),
            (1, registered(2)),
            (2, group_created(1)),
            (2, group_created(2)),
        ])
        .await;
    history
        .add([(3, joined(2, 2)), (4, joined(1, 2)), (5, joined(1, 1))])
        .await;
    let member = history.account(2);
    let mut memberships = history.store.memberships_of(&[member]).await.unwrap();
    memberships.sort_unstable_by_key(|membership| membership.position);
    let joined_at = |group, position, second| Membership {
        group_key: history.group(group),
        account: member,
        position,
        at: at(second),
    };
    assert_eq!(memberships, [joined_at(2, 5, 3), joined_at(1, 6, 4)]);
    let both = history.accounts(1..=2);
    assert_eq!(history.store.memberships_of(&both).await.unwrap().len(), 3);
}

pub async fn members_without_any_of_it_have_no_rows(place: &dyn Place) {
    let mut history = History::begin(place).await;
    history.add([(1, registered(1))]).await;
    let store = &history.store;
    for keys in [history.accounts([1]), vec![], vec![Key(77), Key(-1)]] {
        assert!(store.about(&keys).await.unwrap().is_empty());
        assert!(store.courses_of(&keys).await.unwrap().is_empty());
        assert!(store.certifications_of(&keys).await.unwrap().is_empty());
        assert!(store.memberships_of(&keys).await.unwrap().is_empty());
        assert!(store.groups(&keys).await.unwrap().is_empty());
    }
    assert!(store.accounts_of(&[]).await.unwrap().is_empty());
    assert!(store.groups_by_id(&[]).await.unwrap().is_empty());
}

//! A private profile, asked for in every way that there is (DOMAIN P6, P7).

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::Value;
use async_graphql::parser::types::ObjectType;
use plaudit_domain::account::{Claims, LogIn};
use plaudit_domain::group::Create;
use plaudit_domain::learning::{Achievement, Record};
use plaudit_domain::link_code::{CODE_BYTES, Code, MakeLinkCode};
use plaudit_domain::links::{Link, Primary};
use plaudit_domain::membership::Join;
use plaudit_domain::post::{Open, Topic};
use plaudit_domain::{Actor, GroupId, PostId, Roles, Time, Visibility, account, profile};
use uuid::Uuid;

use crate::community::{Asked, actor};
use crate::schema::objects;

/// What everybody gets of a private profile.
const OF_PROFILE: [&str; 5] = ["id", "visibility", "name", "picture", "viewerIsOwner"];

/// What everybody gets of an account of a private profile. Its name stands at what it writes.
const OF_ACCOUNT: [&str; 5] = ["id", "name", "picture", "isErased", "profile"];

/// A member with two accounts who has everything that a profile can show.
async fn community() -> Asked {
    let asked = Asked::new().await;
    let (ada, work) = (actor("ada"), actor("work"));
    for (who, name) in [(ada, "Ada"), (work, "Ada at work"), (actor("ben"), "Ben")] {
        let claims = Claims {
            name: Some(name.into()),
            picture: Some("https://example.org/picture.png".into()),
            kind: None,
        };
        asked.record(who, LogIn { claims }).await;
    }
    let some = |text: &str| Some(text.to_owned());
    let edit = profile::Edit {
        company: some("Millstone"),
        position: some("Baker"),
        location: some("Lyon"),
        bio: some("I bake."),
        links: Some(vec!["https://example.org".into()]),
        products: Some(vec!["Oven".into()]),
    };
    asked.record(ada, edit).await;
    let code = Code::of([1; CODE_BYTES]).hash();
    asked.record(work, MakeLinkCode { code }).await;
    let primary = Primary::Actor;
    asked.record(ada, Link { code, primary }).await;
    let group = GroupId(Uuid::from_u128(1));
    let staff = Actor {
        roles: Roles {
            community_manager: true,
            service: true,
            ..Roles::default()
        },
        ..ada
    };
    let create = Create {
        group,
        name: "Night bakers".into(),
        description: String::new(),
    };
    asked.record(staff, create).await;
    asked.record(work, Join { group }).await;
    for (number, who) in [(1, ada), (2, work)] {
        let open = Open {
            post: PostId(Uuid::from_u128(number)),
            topic: Topic::Question,
            group: Some(group),
            title: "How hot?".into(),
            body: "My oven.".into(),
            tags: vec![],
            without_review: false,
        };
        asked.record(who, open).await;
    }
    for designation in [false, true] {
        let achievement = Achievement::Certification {
            certification: format!("C-{designation}"),
            title: "Baker".into(),
            designation,
            expires_at: None,
        };
        learn(&asked, staff, achievement).await;
    }
    let achievement = Achievement::Course {
        course: "SD-1".into(),
        title: "Sourdough".into(),
        badge: some("Baker"),
    };
    learn(&asked, staff, achievement).await;
    asked
}

async fn learn(asked: &Asked, service: Actor, achievement: Achievement) {
    let record = Record {
        account: actor("ada").account,
        at: Time::from_micros(0),
        achievement,
    };
    asked.record(service, record).await;
}

async fn show(asked: &Asked, to: Visibility) {
    let change = profile::ChangeVisibility { visibility: to };
    asked.record(actor("work"), change).await;
    // Where nothing changed, what was recorded before may not be readable yet.
    let position = asked.community.journal().head().await.unwrap();
    let patience = std::time::Duration::from_secs(5);
    assert!(asked.community.readable(position, patience).await);
}

/// Everybody but the owner.
fn strangers() -> Vec<Option<Actor>> {
    let ben = actor("ben");
    let with = |roles| Some(Actor { roles, ..ben });
    vec![
        None,
        Some(ben),
        with(Roles {
            admin: true,
            community_manager: true,
            ..Roles::default()
        }),
        with(Roles {
            analyst: true,
            ..Roles::default()
        }),
        with(Roles {
            service: true,
            ..Roles::default()
        }),
    ]
}

/// A selection of every field of an object, and of objects below it one level of plain fields.
fn every_field(object: &ObjectType, objects: &BTreeMap<String, ObjectType>) -> String {
    let fields = object.fields.iter().map(|field| {
        let name = field.node.name.node.as_str();
        let of = field.node.ty.node.to_string();
        let of = of.trim_matches(['[', ']', '!']);
        match objects.get(of) {
            None => name.to_owned(),
            Some(below) => {
                let plain = below.fields.iter().filter(|field| {
                    let of = field.node.ty.node.to_string();
                    !objects.contains_key(of.trim_matches(['[', ']', '!']))
                });
                let plain: Vec<_> = plain.map(|field| field.node.name.node.as_str()).collect();
                format!("{name} {{ __typename {} }}", plain.join(" "))
            }
        }
    });
    fields.collect::<Vec<_>>().join(" ")
}

/// The fields of an object that aren't null, nor empty.
fn told(value: &Value) -> BTreeSet<&str> {
    let Value::Object(fields) = value else {
        panic!("{value} is an object");
    };
    let told = fields
        .iter()
        .filter(|(name, value)| *name != "__typename" && **value != Value::Null);
    told.map(|(name, _)| name.as_str()).collect()
}

pub fn at<'a>(data: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(data, |value, key| match value {
        Value::Object(fields) => &fields[*key],
        Value::List(elements) => &elements[key.parse::<usize>().unwrap()],
        other => panic!("{key} of {other}"),
    })
}

/// Both accounts, by every way to an account; and both profiles, by every way to a profile.
async fn ask(asked: &Asked, viewer: Option<Actor>) -> Value {
    let objects = objects();
    let query = format!(
        "{{
            posts(first: 2) {{ nodes {{ ...Author }} edges {{ node {{ ...Author }} }} }}
            groups {{ nodes {{ members {{ nodes {{ ...Account }} edges {{ joinedAt }} }} }} }}
        }}
        fragment Author on Post {{ author {{ ...Account profile {{ ...Profile }} }} }}
        fragment Account on Account {{ {} }}
        fragment Profile on Profile {{ {} }}",
        every_field(&objects["Account"], &objects),
        every_field(&objects["Profile"], &objects),
    );
    asked.data(viewer, &query, Value::Null).await
}

const AUTHORS: [[&str; 4]; 4] = [
    ["posts", "nodes", "0", "author"],
    ["posts", "nodes", "1", "author"],
    ["posts", "edges", "0", "node"],
    ["posts", "edges", "1", "node"],
];

fn authors(data: &Value) -> impl Iterator<Item = &Value> {
    AUTHORS.iter().map(|path| match at(data, path) {
        Value::Object(node) if node.contains_key("author") => &node["author"],
        author => author,
    })
}

#[tokio::test]
async fn a_stranger_gets_nothing_of_a_private_profile_that_is_not_listed_here() {
    let asked = community().await;
    show(&asked, Visibility::Private).await;
    for viewer in strangers() {
        let data = ask(&asked, viewer).await;
        for author in authors(&data) {
            assert!(told(author).is_subset(&OF_ACCOUNT.into()), "{author}");
            let profile = at(author, &["profile"]);
            let mut expected = BTreeSet::from(OF_PROFILE);
            // The history itself is for analysts.
            expected.extend(viewer.filter(|it| it.roles.analyst).map(|_| "timeline"));
            assert_eq!(told(profile), expected, "{profile}");
            assert_eq!(at(profile, &["viewerIsOwner"]), &Value::from(false));
        }
        let member = ["groups", "nodes", "0", "members", "nodes", "0"];
        assert!(told(at(&data, &member)).is_subset(&OF_ACCOUNT.into()));
        let edge = ["groups", "nodes", "0", "members", "edges", "0", "joinedAt"];
        assert_eq!(at(&data, &edge), &Value::Null);
    }
}

/// Otherwise the test above would hold where nothing is told to anybody.
#[tokio::test]
async fn its_owner_gets_all_of_it_and_so_does_everybody_once_it_is_public() {
    let asked = community().await;
    let only_owners = BTreeSet::from(["accounts"]);
    let and_staffs = BTreeSet::from(["lozengeRequests", "revokedLozenges"]);
    let analysts = BTreeSet::from(["timeline"]);
    let all = |objects: &BTreeMap<String, ObjectType>| -> BTreeSet<String> {
        let fields = objects["Profile"].fields.iter();
        fields
            .map(|field| field.node.name.node.to_string())
            .collect()
    };
    let all = all(&objects());
    let all: BTreeSet<&str> = all.iter().map(String::as_str).collect();
    for (visibility, viewers) in [
        (
            Visibility::Private,
            vec![Some(actor("ada")), Some(actor("work"))],
        ),
        (Visibility::Public, strangers()),
    ] {
        show(&asked, visibility).await;
        for viewer in viewers {
            let data = ask(&asked, viewer).await;
            for author in authors(&data) {
                let told = told(at(author, &["profile"]));
                // A private profile has no page for search engines.
                let is_staff = viewer.is_some_and(|viewer| viewer.roles.is_staff());
                let is_analyst = viewer.is_some_and(|viewer| viewer.roles.analyst);
                let mut expected: BTreeSet<&str> = match visibility {
                    Visibility::Public if is_staff => &all - &only_owners,
                    Visibility::Public => &(&all - &only_owners) - &and_staffs,
                    Visibility::Private => &all - &BTreeSet::from(["page"]),
                };
                if !is_analyst {
                    expected = &expected - &analysts;
                }
                assert_eq!(told, expected);
            }
        }
    }
}

/// What peers gave to somebody is on their profile, and who they are one person with isn't.
#[tokio::test]
async fn kudos_for_a_private_profile_are_seen_by_who_gave_them_and_tell_of_one_account() {
    let asked = community().await;
    show(&asked, Visibility::Private).await;
    let ben = Some(actor("ben"));
    let data = ask(&asked, ben).await;
    let me = asked.data(ben, "{ viewer { profile { id } } }", Value::Null);
    let me = me.await;
    let bens = at(&me, &["viewer", "profile", "id"]);
    for (number, author) in (1..).zip(authors(&data)) {
        let profile = at(author, &["profile", "id"]);
        let give = format!(
            "mutation {{ kudosGive(input: {{ profileId: {profile}, message: \"Thanks\" }}) {{
                gift {{ id receiver {{ id }} }} userErrors {{ code }} }} }}"
        );
        let data = asked.data(ben, &give, Value::Null).await;
        let gift = at(&data, &["kudosGive", "gift"]);
        assert_eq!(at(gift, &["receiver", "id"]), profile);
        let node = format!("{{ node(id: {}) {{ id }} }}", at(gift, &["id"]));
        let given = format!(
            "{{ profile(id: {bens}) {{ kudos {{ peerKudos {{ giftsGiven {{ totalCount nodes {{ id }} }} }} }} }} }}"
        );
        for (viewer, sees) in [
            (None, false),
            (Some(actor("cleo")), false),
            (ben, true),
            (Some(actor("work")), true),
        ] {
            let data = asked.data(viewer, &node, Value::Null).await;
            assert_eq!(at(&data, &["node"]) != &Value::Null, sees);
            let data = asked.data(viewer, &given, Value::Null).await;
            let given = at(&data, &["profile", "kudos", "peerKudos", "giftsGiven"]);
            let count = if sees { number } else { 0 };
            assert_eq!(at(given, &["totalCount"]), &Value::from(count));
            let Value::List(nodes) = at(given, &["nodes"]) else {
                panic!("{given}");
            };
            assert_eq!(nodes.len(), count);
        }
    }
}

/// Everybody sees the points of a public profile; what each is for, and which account they are of, its
/// owner, staff and analysts.
#[tokio::test]
async fn a_statement_is_for_its_owner_for_staff_and_for_analysts() {
    let asked = community().await;
    show(&asked, Visibility::Public).await;
    let query = "{ posts(first: 1) { nodes { author { profile { kudos {
        points statement { totalCount } peerKudos { received left resetsAt }
        badges { awards { nodes { account { id } event { type } } } } } } } } } }";
    let path = ["posts", "nodes", "0", "author", "profile", "kudos"];
    let [nobody, member, staff, analyst, service] = strangers().try_into().unwrap();
    let owner = Some(actor("ada"));
    for (viewer, is_owner, sees) in [
        (nobody, false, false),
        (member, false, false),
        (service, false, false),
        (staff, false, true),
        (analyst, false, true),
        (owner, true, true),
    ] {
        let data = asked.data(viewer, query, Value::Null).await;
        let kudos = at(&data, &path);
        assert_eq!(at(kudos, &["statement"]) != &Value::Null, sees);
        let award = at(kudos, &["badges", "0", "awards", "nodes", "0"]);
        assert_eq!(at(award, &["account"]) != &Value::Null, sees);
        assert_ne!(at(award, &["event"]), &Value::Null);
        assert_ne!(at(kudos, &["points"]), &Value::from(0));
        for field in ["left", "resetsAt"] {
            let value = at(kudos, &["peerKudos", field]);
            assert_eq!(value != &Value::Null, is_owner, "{field}");
        }
    }
}

/// Which accounts are one person's is theirs to show.
#[tokio::test]
async fn nobody_can_tell_that_two_accounts_share_a_private_profile() {
    let asked = community().await;
    show(&asked, Visibility::Private).await;
    let data = ask(&asked, Some(actor("ben"))).await;
    let mut ids = BTreeSet::new();
    let mut names = BTreeSet::new();
    for author in authors(&data) {
        ids.insert(at(author, &["profile", "id"]).to_string());
        names.insert(at(author, &["profile", "name"]).to_string());
        assert_eq!(at(author, &["profile", "name"]), at(author, &["name"]));
    }
    assert_eq!((ids.len(), names.len()), (2, 2));
    // Nor by asking for the profiles that these ids name.
    for id in ids {
        let query = format!("{{ profile(id: {id}) {{ id name totals {{ totalPosts }} }} }}");
        let data = asked.data(Some(actor("ben")), &query, Value::Null).await;
        assert_eq!(at(&data, &["profile", "id"]).to_string(), id);
        assert_eq!(at(&data, &["profile", "totals"]), &Value::Null);
    }
}

#[tokio::test]
async fn p7_name_and_picture_of_a_private_profile_follow_the_account() {
    let asked = community().await;
    let change = account::ChangeVisibility {
        visibility: Visibility::Private,
    };
    asked.record(actor("ada"), change).await;
    show(&asked, Visibility::Private).await;
    let data = ask(&asked, Some(actor("ben"))).await;
    let [work, ada] = [0, 1].map(|at| authors(&data).nth(at).unwrap());
    for hidden in ["name", "picture"] {
        assert_eq!(at(ada, &["profile", hidden]), &Value::Null);
        assert_ne!(at(work, &["profile", hidden]), &Value::Null);
    }
    // What she writes has her name (P6), and not her picture.
    assert_eq!(at(ada, &["name"]), &Value::from("Ada"));
    assert_eq!(at(ada, &["picture"]), &Value::Null);
}

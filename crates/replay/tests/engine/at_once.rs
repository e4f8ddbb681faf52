//! What several accounts of one person do at the same moment.

use std::sync::Arc;

use plaudit_domain::group::CreateUserGroup;
use plaudit_domain::lozenge::{self, Terms};
use plaudit_domain::meeting::{self, Details, Schedule};
use plaudit_domain::requirement::Standing;
use plaudit_domain::rsvp::Answer;
use plaudit_domain::{Actor, Command, Roles};
use plaudit_projection::lozenge::RequestState;
use plaudit_replay::{CommandError, Community, Request};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::community::{code_of, community, link, request};
use crate::folder::Folder;
use crate::histories::{account, group};
use crate::meetings::meeting;

/// How often something is tried at the same moment.
const ROUNDS: u8 = 20;

/// Staff.
fn staff() -> Request {
    Request {
        actor: Actor {
            account: account(2),
            roles: Roles {
                community_manager: true,
                ..Roles::default()
            },
        },
        id: Uuid::now_v7(),
        idempotency: None,
    }
}

/// Accounts 0 and 1 are linked.
async fn linked(folder: &Folder) -> Arc<Community> {
    let community = Arc::new(community(folder).await);
    let code = code_of(&community, 1, 1).await;
    community.execute(&request(0), &link(code)).await.unwrap();
    community
}

/// A meeting, still far away.
pub fn scheduled(number: u8, capacity: Option<u32>) -> Schedule {
    Schedule {
        meeting: meeting(number),
        group: group(0),
        details: Details {
            title: "Sourdough".into(),
            description: String::new(),
            starts_at: "9000-01-01T18:00:00Z".parse().unwrap(),
            ends_at: "9000-01-01T20:00:00Z".parse().unwrap(),
            zone: "Europe/Berlin".into(),
            place: Some("The bakery".into()),
            online: None,
            capacity,
            announcements: vec![],
        },
        terms: meeting::Terms::default(),
    }
}

pub fn user_group() -> CreateUserGroup {
    CreateUserGroup {
        group: group(0),
        name: "Bakers".into(),
        description: String::new(),
        location: "Berlin".into(),
    }
}

/// Both accounts do something at the same moment.
async fn both<C: Command + 'static>(
    community: &Arc<Community>,
    command: impl Fn(u8) -> C,
) -> Vec<Result<usize, CommandError>> {
    let mut doing = JoinSet::new();
    for number in [0, 1] {
        let (community, command) = (community.clone(), command(number));
        doing.spawn(async move {
            let outcome = community.execute(&request(number), &command).await;
            outcome.map(|outcome| outcome.recorded)
        });
    }
    doing.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn g4_linked_accounts_that_answer_at_once_get_one_place() {
    let folder = Folder::new();
    let community = linked(&folder).await;
    community.execute(&staff(), &user_group()).await.unwrap();
    for round in 0..ROUNDS {
        let scheduled = scheduled(round, Some(1));
        community.execute(&staff(), &scheduled).await.unwrap();
        let answer = |number| Answer {
            meeting: meeting(round),
            account: account(number),
            going: true,
        };
        let answered = both(&community, answer).await;
        let recorded: usize = answered.into_iter().map(Result::unwrap).sum();
        let ids = [meeting(round)];
        let row = &community
            .read_models()
            .store()
            .meetings_by_id(&ids)
            .await
            .unwrap()[0];
        assert_eq!((recorded, row.going, row.waiting), (1, 1, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn z6_linked_accounts_that_ask_for_a_lozenge_at_once_have_one_request() {
    let folder = Folder::new();
    let community = linked(&folder).await;
    for round in 0..ROUNDS {
        let request = |number| lozenge::Request {
            account: account(number),
            lozenge: format!("lozenge-{round}"),
            terms: Terms::default(),
            company: None,
            product: None,
            acknowledged: false,
            despite_unmet: None,
            standing: Standing::default(),
        };
        let asked = both(&community, request).await;
        assert_eq!(asked.iter().flatten().sum::<usize>(), 1, "{asked:?}");
    }
    let ids = [account(0), account(1)];
    let keys = community
        .read_models()
        .store()
        .accounts_by_id(&ids)
        .await
        .unwrap();
    let keys: Vec<_> = keys.iter().map(|account| account.key).collect();
    let asked = community
        .read_models()
        .store()
        .lozenge_requests_of(&keys)
        .await
        .unwrap();
    let waiting = |it: &&plaudit_projection::LozengeRequest| it.state == RequestState::Waiting;
    assert_eq!(asked.iter().filter(waiting).count(), usize::from(ROUNDS));
}

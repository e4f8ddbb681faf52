//! Who leads which user group, and who would like to (DOMAIN G1).

use plaudit_domain::fact::GroupFact;
use plaudit_domain::leadership::{Appointed, Declined, Ended, Proposed, Requested, Role};
use plaudit_domain::notification::Kind;
use plaudit_domain::{AccountId, Event, GroupId, Personal, Time};

use crate::fold::FoldError;
use crate::notification::{Outcome, Subject};
use crate::row::{Key, row, stored_names};
use crate::rows::{Keyed, Pair, Rows};
use crate::touched::Touched;

row! {
    table "leader", primary (group_key, account), index (account);
    /// An account leads a user group.
    pub struct Leader {
        /// The group.
        pub group_key: Key,
        /// The leader.
        pub account: Key,
        /// As what.
        pub role: Role,
        /// Since when.
        pub since: Time,
        /// The position of the appointment: leaders are listed by it.
        pub position: i64,
    }
}

impl Pair for Leader {
    fn pair(&self) -> (Key, Key) {
        (self.group_key, self.account)
    }
}

stored_names! {
    /// What became of an application.
    pub enum State {
        /// It waits for staff.
        Waiting = "waiting",
        /// Who asked was made a leader.
        Appointed = "appointed",
        /// It was declined.
        Declined = "declined",
    }
}

row! {
    table "application", primary (group_id, account), index (state, since, position), index (account);
    /// An account would like to lead a user group: one that is there, or one that it proposes.
    pub struct Application {
        /// The group. One that is proposed has no row yet.
        pub group_id: GroupId,
        /// Who asked.
        pub account: Key,
        /// The position of the asking.
        pub position: i64,
        /// When they asked.
        pub since: Time,
        /// What became of it.
        pub state: State,
        /// When that was decided.
        pub decided_at: Option<Time>,
        /// Why it was declined, unless that is withheld.
        pub reason: Option<String>,
        /// Why they, in their words, unless that is withheld.
        pub message: Option<String>,
        /// Whether it proposes a group that wasn't there.
        pub is_proposal: bool,
        /// Of a proposal, unless that is withheld, the group's name,
        pub name: Option<String>,
        /// what it would be about,
        pub description: Option<String>,
        /// and where it would meet.
        pub location: Option<String>,
    }
}

impl Application {
    pub(crate) fn erase(&mut self) {
        self.message = None;
        self.reason = None;
        self.name = None;
        self.description = None;
        self.location = None;
    }
}

pub(crate) fn touch(fact: &GroupFact, touched: &mut Touched) {
    match fact {
        GroupFact::Proposed(Proposed { group, account, .. })
        | GroupFact::LeadershipRequested(Requested { group, account, .. })
        | GroupFact::LeadershipDeclined(Declined { group, account, .. }) => {
            touched.account(*account);
            touched.groups.insert(*group);
            touched.applications.insert((*group, *account));
        }
        GroupFact::LeaderAppointed(Appointed { group, account, .. })
        | GroupFact::LeadershipEnded(Ended { group, account }) => {
            touched.account(*account);
            touched.groups.insert(*group);
            touched.applications.insert((*group, *account));
            touched.leaders.insert((*group, *account));
        }
        GroupFact::Created(_) | GroupFact::UserGroupCreated(_) | GroupFact::Changed(_) => {}
    }
}

pub(crate) fn fold(fact: &GroupFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    match fact {
        GroupFact::Proposed(proposed) => {
            let Proposed { group, account, .. } = proposed;
            let mut application = asked(*group, *account, &proposed.message, event, rows)?;
            application.is_proposal = true;
            if !rows.account(*account)?.content_erased {
                application.name = proposed.name.get().cloned();
                application.description = proposed.description.get().cloned();
                application.location = proposed.location.get().cloned();
            }
            ask(application, rows);
        }
        GroupFact::LeadershipRequested(requested) => {
            let Requested {
                group,
                account,
                message,
            } = requested;
            let application = asked(*group, *account, message, event, rows)?;
            ask(application, rows);
        }
        GroupFact::LeadershipDeclined(declined) => decline(declined, event, rows)?,
        GroupFact::LeaderAppointed(appointed) => appoint(appointed, event, rows)?,
        GroupFact::LeadershipEnded(ended) => {
            let account = rows.account(ended.account)?.key;
            let group = rows.groups.get_mut(ended.group)?;
            if rows.leaders.remove(group.key, account).is_some() {
                group.leaders -= 1;
                let group = Some(group.key);
                let outcome = (Outcome::LeadershipEnded, None);
                tell(account, group, outcome, event, rows);
            }
        }
        GroupFact::Created(_) | GroupFact::UserGroupCreated(_) | GroupFact::Changed(_) => {}
    }
    Ok(())
}

fn asked(
    group_id: GroupId,
    account: AccountId,
    message: &Personal<String>,
    event: &Event,
    rows: &mut Rows,
) -> Result<Application, FoldError> {
    let account = rows.account(account)?;
    Ok(Application {
        group_id,
        account: account.key,
        position: event.position.cast_signed(),
        since: event.occurred_at,
        state: State::Waiting,
        decided_at: None,
        reason: None,
        message: message.get().filter(|_| !account.content_erased).cloned(),
        is_proposal: false,
        name: None,
        description: None,
        location: None,
    })
}

impl Keyed for Application {
    type Key = (GroupId, Key);

    fn key(&self) -> (GroupId, Key) {
        (self.group_id, self.account)
    }
}

/// Whoever asks again while that waits goes on waiting.
fn ask(application: Application, rows: &mut Rows) {
    let is_waiting = |known: &Application| known.state == State::Waiting;
    if !rows
        .applications
        .get(&application.key())
        .is_some_and(is_waiting)
    {
        rows.applications.put(application);
    }
}

fn decline(declined: &Declined, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let account = rows.account(declined.account)?;
    let (key, is_erased) = (account.key, account.content_erased);
    let reason = declined.reason.get().filter(|_| !is_erased).cloned();
    let application = (declined.group, key);
    if decided(State::Declined, reason.clone(), application, event, rows) {
        let group = rows.groups.find(declined.group).map(|group| group.key);
        let outcome = (Outcome::LeadershipDeclined, reason);
        tell(key, group, outcome, event, rows);
    }
    Ok(())
}

fn appoint(appointed: &Appointed, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let account = rows.account(appointed.account)?.key;
    let group = rows.groups.get_mut(appointed.group)?;
    let group_key = group.key;
    let known = rows.leaders.get(group_key, account).cloned();
    if known.is_none() {
        group.leaders += 1;
    }
    let is_news = known
        .as_ref()
        .is_none_or(|leader| leader.role != appointed.role);
    let leader = known.unwrap_or(Leader {
        group_key,
        account,
        role: appointed.role,
        since: event.occurred_at,
        position: event.position.cast_signed(),
    });
    rows.leaders.put(Leader {
        role: appointed.role,
        ..leader
    });
    decided(
        State::Appointed,
        None,
        (appointed.group, account),
        event,
        rows,
    );
    if is_news {
        let outcome = (Outcome::LeaderAppointed, None);
        tell(account, Some(group_key), outcome, event, rows);
    }
    Ok(())
}

/// Notes what became of an application that waits; whether there was one.
fn decided(
    state: State,
    reason: Option<String>,
    key: (GroupId, Key),
    event: &Event,
    rows: &mut Rows,
) -> bool {
    let Some(application) = rows.applications.get(&key) else {
        return false;
    };
    if application.state != State::Waiting {
        return false;
    }
    let application = Application {
        state,
        reason,
        decided_at: Some(event.occurred_at),
        ..application.clone()
    };
    rows.applications.put(application);
    true
}

fn tell(
    account: Key,
    group: Option<Key>,
    (outcome, note): (Outcome, Option<String>),
    event: &Event,
    rows: &mut Rows,
) {
    let about = Subject {
        group,
        outcome: Some(outcome),
        note,
        ..Subject::default()
    };
    rows.tell(Kind::Leadership, [account], about, event);
}

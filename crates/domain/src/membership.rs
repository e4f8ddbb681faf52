//! Membership of groups: one an account and group (DOMAIN F6).

use serde::{Deserialize, Serialize};

use crate::decide::{Actor, Command, History, State};
use crate::fact::{Body, Fact, MembershipFact, Visit};
use crate::group::Group;
use crate::id::{AccountId, GroupId};
use crate::links::Links;
use crate::refusal::Refusal;
use crate::stream::StreamName;

// Facts

/// Who is, or is no longer, a member of what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// The group.
    pub group: GroupId,
    /// The member.
    pub account: AccountId,
}

impl Body for Membership {
    fn stream(&self) -> StreamName {
        StreamName::member(self.group, self.account)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            group: _,
            account: _,
        } = self;
    }
}

// Fold

/// Whether one account is a member of one group.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Member {
    is_member: bool,
}

impl State for Member {
    type Fact = MembershipFact;

    fn apply(&mut self, fact: &MembershipFact) {
        self.is_member = match fact {
            MembershipFact::Joined(_) => true,
            MembershipFact::Left(_) => false,
        };
    }
}

// Decisions

/// Joins a group. Joining twice records nothing.
#[derive(Debug, Clone)]
pub struct Join {
    /// The group.
    pub group: GroupId,
}

impl Command for Join {
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::member(self.group, actor.account)
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        vec![StreamName::group(self.group)]
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let group: Group = history.state(&StreamName::group(self.group));
        if !group.exists() {
            return Err(Refusal::GroupNotFound { group: self.group });
        }
        let member: Member = history.state(&self.writes(actor, history.links()));
        Ok(if member.is_member {
            vec![]
        } else {
            vec![MembershipFact::Joined(self.of(actor)).into()]
        })
    }
}

impl Join {
    fn of(&self, actor: &Actor) -> Membership {
        Membership {
            group: self.group,
            account: actor.account,
        }
    }
}

/// Leaves a group. Who is no member leaves nothing.
#[derive(Debug, Clone)]
pub struct Leave {
    /// The group.
    pub group: GroupId,
}

impl Command for Leave {
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::member(self.group, actor.account)
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        vec![StreamName::group(self.group)]
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let group: Group = history.state(&StreamName::group(self.group));
        if !group.exists() {
            return Err(Refusal::GroupNotFound { group: self.group });
        }
        let member: Member = history.state(&self.writes(actor, history.links()));
        let membership = Membership {
            group: self.group,
            account: actor.account,
        };
        Ok(if member.is_member {
            vec![MembershipFact::Left(membership).into()]
        } else {
            vec![]
        })
    }
}

/// What tells whether the actor may write in a group.
pub(crate) fn streams(group: Option<GroupId>, actor: &Actor, history: &History) -> Vec<StreamName> {
    let Some(group) = group else { return vec![] };
    // A profile is in all groups of its accounts (DOMAIN L12).
    let accounts = history.links().accounts_with(actor.account);
    let members = accounts
        .into_iter()
        .map(|account| StreamName::member(group, account));
    members.chain([StreamName::group(group)]).collect()
}

/// Refuses whoever isn't a member of the group that they want to write in.
pub(crate) fn required(
    group: Option<GroupId>,
    actor: &Actor,
    history: &History,
) -> Result<(), Refusal> {
    let Some(group) = group else { return Ok(()) };
    let exists = history.state::<Group>(&StreamName::group(group)).exists();
    if !exists {
        return Err(Refusal::GroupNotFound { group });
    }
    let is_member = |account| {
        let member: Member = history.state(&StreamName::member(group, account));
        member.is_member
    };
    let accounts = history.links().accounts_with(actor.account);
    if accounts.into_iter().any(is_member) {
        Ok(())
    } else {
        Err(Refusal::NotAMember { group })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::{
        ada, bob, comment, community, group, group_created, in_group, joined, left, linked, post,
        question,
    };
    use crate::post::{Answer, Comment, Open, Topic};

    fn join() -> Join {
        Join { group: group(1) }
    }

    fn leave() -> Leave {
        Leave { group: group(1) }
    }

    fn bakers() -> Fact {
        group_created(group(1), "Bakers")
    }

    #[test]
    fn members_join_and_leave_and_join_again() {
        community([bakers()])
            .when(ada(), join())
            .then([joined(group(1), ada())]);
        community([bakers(), joined(group(1), ada())])
            .when(ada(), leave())
            .then([left(group(1), ada())]);
        community([bakers(), joined(group(1), ada()), left(group(1), ada())])
            .when(ada(), join())
            .then([joined(group(1), ada())]);
    }

    #[test]
    fn joining_or_leaving_twice_records_nothing() {
        community([bakers(), joined(group(1), ada())])
            .when(ada(), join())
            .then([]);
        community([bakers()]).when(ada(), leave()).then([]);
    }

    #[test]
    fn nobody_joins_what_is_not_there() {
        community([])
            .when(ada(), join())
            .then_refused(Refusal::GroupNotFound { group: group(1) });
        community([])
            .when(ada(), leave())
            .then_refused(Refusal::GroupNotFound { group: group(1) });
    }

    fn open() -> Open {
        Open {
            post: post(1),
            topic: Topic::Question,
            group: Some(group(1)),
            title: "Title".into(),
            body: "Body".into(),
            tags: vec!["tag".into()],
            without_review: false,
        }
    }

    /// DOMAIN F6.
    #[test]
    fn posting_in_a_group_needs_membership() {
        community([bakers()])
            .when(ada(), open())
            .then_refused(Refusal::NotAMember { group: group(1) });
        community([bakers(), joined(group(1), ada())])
            .when(ada(), open())
            .then([in_group(question(ada(), post(1)), group(1))]);
        community([])
            .when(ada(), open())
            .then_refused(Refusal::GroupNotFound { group: group(1) });
    }

    /// DOMAIN L12: groups are united.
    #[test]
    fn membership_of_any_linked_account_is_enough() {
        community([bakers(), joined(group(1), bob()), linked(ada(), bob(), 1)])
            .when(ada(), open())
            .then([in_group(question(ada(), post(1)), group(1))]);
    }

    #[test]
    fn replies_are_in_the_group_of_what_they_are_on() {
        let given = |more: Vec<Fact>| {
            let there = [bakers(), in_group(question(ada(), post(1)), group(1))];
            community(there.into_iter().chain(more))
        };
        let on = Comment {
            post: post(2),
            on: post(1),
            body: "Body".into(),
        };
        let answer = Answer {
            post: post(2),
            question: post(1),
            body: "Body".into(),
        };
        given(vec![])
            .when(bob(), on.clone())
            .then_refused(Refusal::NotAMember { group: group(1) });
        given(vec![])
            .when(bob(), answer)
            .then_refused(Refusal::NotAMember { group: group(1) });
        given(vec![joined(group(1), bob())])
            .when(bob(), on)
            .then([in_group(comment(bob(), post(2), post(1)), group(1))]);
    }
}

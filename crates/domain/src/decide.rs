//! Deciding: from what happened and what somebody wants, to what happens.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::account::Account;
use crate::event::Position;
use crate::fact::{Concept, Fact, LinkFact};
use crate::id::AccountId;
use crate::links::Links;
use crate::refusal::Refusal;
use crate::stream::StreamName;
use crate::time::Time;

/// Who makes a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The account that the request is made as.
    pub account: AccountId,
    /// What the account may do besides what every member may.
    pub roles: Roles,
}

impl Actor {
    /// A member like any other.
    pub fn member(account: AccountId) -> Self {
        Self {
            account,
            roles: Roles::default(),
        }
    }
}

/// What an account may do besides what every member may. The identity provider says so, with each
/// request: roles are not part of the history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Roles {
    /// Changes rules, erases accounts, and does whatever community managers do.
    pub admin: bool,
    /// Moderates, grants, reviews.
    pub community_manager: bool,
    /// Reads history.
    pub analyst: bool,
    /// A program that records what happens elsewhere, like a learning platform.
    pub service: bool,
}

impl Roles {
    /// Staff: community managers and admins.
    pub fn is_staff(self) -> bool {
        self.admin || self.community_manager
    }
}

/// Something that somebody wants to happen.
///
/// A command writes one stream, guarded by that stream's revision. It may read others: what it
/// reads there is immutable (who wrote a post), or a race over it does no harm.
pub trait Command: fmt::Debug + Send + Sync {
    /// The stream that it writes. Who is linked with whom is known before anything is read.
    fn writes(&self, actor: &Actor, links: &Links) -> StreamName;

    /// The streams that it reads besides, as far as that follows from what it has read: it is asked
    /// again until it names no more.
    fn reads(&self, _actor: &Actor, _history: &History) -> Vec<StreamName> {
        Vec::new()
    }

    /// What happens; nothing to do is an empty list, so that every command can be retried.
    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal>;

    /// Whether it may come from somebody whose account isn't registered yet.
    fn registers_its_actor(&self) -> bool {
        false
    }

    /// Whether it may still come from somebody whose account was erased: a retry of just that does.
    fn outlives(&self, _actor: &Actor) -> bool {
        false
    }

    /// Where what it records can happen only once, what tells it from all else.
    fn once(&self) -> Option<Uuid> {
        None
    }

    /// When it happened, where that is not when it is recorded.
    fn happened_at(&self) -> Option<Time> {
        None
    }
}

/// Every stream that a command needs, as far as that is known from the history so far, that isn't
/// part of it yet. Without any it can be decided.
pub fn needs(command: &dyn Command, actor: &Actor, history: &History) -> Vec<StreamName> {
    let mut streams = command.reads(actor, history);
    streams.push(command.writes(actor, history.links()));
    streams.push(StreamName::account(actor.account));
    streams.retain(|stream| !history.has(stream));
    streams.sort_unstable();
    streams.dedup();
    streams
}

/// Decides a command on a history that holds all that it [needs].
pub fn decide(
    command: &dyn Command,
    actor: &Actor,
    history: &History,
) -> Result<Vec<Fact>, Refusal> {
    let account: Account = history.state(&StreamName::account(actor.account));
    if account.is_erased() && !command.outlives(actor) {
        return Err(Refusal::ActorErased);
    }
    if !account.is_registered() && !command.registers_its_actor() {
        return Err(Refusal::ActorNotRegistered);
    }
    command.decide(actor, history)
}

/// A state that is folded from facts of one concept. Folding can't fail.
pub trait State: Default {
    /// The facts it is folded from.
    type Fact: Concept;

    /// What the state is after the fact.
    fn apply(&mut self, fact: &Self::Fact);
}

/// What a command is decided on: the streams that it needs, who is linked with whom, and the time.
#[derive(Debug, Clone)]
pub struct History {
    now: Time,
    links: Arc<Links>,
    streams: HashMap<StreamName, Vec<(Position, Fact)>>,
    last: Position,
}

impl History {
    /// A history of which only the links are known so far, at a moment.
    pub fn new(now: Time, links: Arc<Links>) -> Self {
        Self {
            now,
            links,
            streams: HashMap::new(),
            last: 0,
        }
    }

    /// The moment at which is decided.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Lets time pass until another moment.
    pub fn pass(&mut self, until: Time) {
        self.now = until;
    }

    /// Who is linked with whom: always known, for most rules are about people and not accounts.
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// Whether a stream is part of it.
    pub fn has(&self, stream: &StreamName) -> bool {
        self.streams.contains_key(stream)
    }

    /// Adds a stream with its facts, in order, each with its position.
    pub fn add(&mut self, stream: StreamName, facts: Vec<(Position, Fact)>) {
        if let Some((last, _)) = facts.last() {
            self.last = self.last.max(*last);
        }
        self.streams.insert(stream, facts);
    }

    /// Adds a fact that happens after all others.
    pub fn push(&mut self, fact: Fact) {
        if let Some(link) = LinkFact::of(&fact) {
            Arc::make_mut(&mut self.links).apply(link);
        }
        self.last += 1;
        let stream = self.streams.entry(fact.stream()).or_default();
        stream.push((self.last, fact));
    }

    /// What a stream's facts amount to; of a stream without facts, the initial state.
    pub fn state<S: State>(&self, stream: &StreamName) -> S {
        let mut state = S::default();
        let facts = self.streams.get(stream).into_iter().flatten();
        for fact in facts.filter_map(|(_, fact)| S::Fact::of(fact)) {
            state.apply(fact);
        }
        state
    }

    /// What the facts of several streams amount to, in the order in which they happened.
    pub fn state_of_all<S: State>(&self, streams: &[StreamName]) -> S {
        let facts = streams.iter().filter_map(|stream| self.streams.get(stream));
        let mut facts: Vec<_> = facts.flatten().collect();
        facts.sort_unstable_by_key(|(position, _)| *position);
        let mut state = S::default();
        for fact in facts.into_iter().filter_map(|(_, fact)| S::Fact::of(fact)) {
            state.apply(fact);
        }
        state
    }
}

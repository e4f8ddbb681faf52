//! Deciding: from what happened and what somebody wants, to what happens.

use std::collections::HashMap;
use std::fmt;

use crate::account::Account;
use crate::fact::{Concept, Fact};
use crate::id::AccountId;
use crate::refusal::Refusal;
use crate::stream::StreamName;

/// Who makes a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The account that the request is made as.
    pub account: AccountId,
}

/// Something that somebody wants to happen.
///
/// A command writes one stream, guarded by that stream's revision. It may read others: what it
/// reads there is immutable (who wrote a post), or a race over it does no harm.
pub trait Command: fmt::Debug + Send + Sync {
    /// The stream that it writes.
    fn writes(&self, actor: &Actor) -> StreamName;

    /// The streams that it reads besides.
    fn reads(&self, _actor: &Actor) -> Vec<StreamName> {
        Vec::new()
    }

    /// What happens; nothing to do is an empty list, so that every command can be retried.
    fn decide(&self, actor: &Actor, streams: &Streams) -> Result<Vec<Fact>, Refusal>;

    /// Whether it may come from somebody whose account isn't registered yet.
    fn registers_its_actor(&self) -> bool {
        false
    }
}

/// Every stream that a command needs before it can be decided.
pub fn needs(command: &dyn Command, actor: &Actor) -> Vec<StreamName> {
    let mut streams = command.reads(actor);
    streams.push(command.writes(actor));
    streams.push(StreamName::account(actor.account));
    streams.sort_unstable();
    streams.dedup();
    streams
}

/// Decides a command on the streams that it [needs].
pub fn decide(
    command: &dyn Command,
    actor: &Actor,
    streams: &Streams,
) -> Result<Vec<Fact>, Refusal> {
    let account: Account = streams.state(&StreamName::account(actor.account));
    if !account.is_registered() && !command.registers_its_actor() {
        return Err(Refusal::ActorNotRegistered);
    }
    command.decide(actor, streams)
}

/// A state that is folded from the facts of a stream. Folding can't fail.
pub trait State: Default {
    /// The facts it is folded from.
    type Fact: Concept;

    /// What the state is after the fact.
    fn apply(&mut self, fact: &Self::Fact);
}

/// The facts of some streams, in order.
#[derive(Debug, Clone, Default)]
pub struct Streams(HashMap<StreamName, Vec<Fact>>);

impl Streams {
    /// Adds a fact to the end of its stream.
    pub fn push(&mut self, fact: Fact) {
        self.0.entry(fact.stream()).or_default().push(fact);
    }

    /// What a stream's facts amount to; of a stream without facts, the initial state.
    pub fn state<S: State>(&self, stream: &StreamName) -> S {
        let mut state = S::default();
        for fact in self.0.get(stream).into_iter().flatten() {
            if let Some(fact) = S::Fact::of(fact) {
                state.apply(fact);
            }
        }
        state
    }
}

impl Extend<Fact> for Streams {
    fn extend<I: IntoIterator<Item = Fact>>(&mut self, facts: I) {
        for fact in facts {
            self.push(fact);
        }
    }
}

impl FromIterator<Fact> for Streams {
    fn from_iter<I: IntoIterator<Item = Fact>>(facts: I) -> Self {
        let mut streams = Self::default();
        streams.extend(facts);
        streams
    }
}

//! A community at work: commands are decided and recorded, and whoever made one reads its effect.

use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::{Mutex, RwLock};
use plaudit_domain::decide::needs;
use plaudit_domain::id::derive;
use plaudit_domain::{
    Actor, Command, Event, Fact, History, NewEvent, Position, Refusal, StreamName, Time, decide,
};
use plaudit_journal::{AppendError, Appended, Expected, JournalError, SharedJournal};
use tokio::sync::watch;
use tokio::time::timeout;
use uuid::Uuid;

use crate::activation::Activations;
use crate::links::{AsOf, KnownLinks};
use crate::live::{Folded, Target};
use crate::preview::previews::{Asked, Ground, NotBegun, Previews};
use crate::{FoldingError, Generations, Moments, ReadModels, Renewal};

/// So often a command is decided again when others are writing the same stream.
const TRIES: usize = 64;

/// So long a command's answer waits for its effect to be readable.
const PATIENCE: Duration = Duration::from_secs(5);

/// What tells the time.
pub type Clock = Arc<dyn Fn() -> Time + Send + Sync>;

/// A journal, what people read from, and the fold between them.
pub struct Community {
    journal: SharedJournal,
    current: RwLock<Arc<ReadModels>>,
    /// Tells who follows that others are read from, and how far those are.
    swapped: watch::Sender<watch::Receiver<Folded>>,
    /// What was folded into those that people read from before.
    before: Mutex<Folded>,
    /// Whether other nodes may read from another generation just now.
    apart: AtomicBool,
    renewal: OnceLock<Renewal>,
    links: KnownLinks,
    activations: Activations,
    previews: Previews,
    generations: Option<Generations>,
    clock: Clock,
    /// None where they have no place to be made.
    moments: Option<Moments>,
    is_read_only: bool,
}

/// Who asks for a command, and as which request.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// Who asks.
    pub actor: Actor,
    /// The request, for the history.
    pub id: Uuid,
    /// How a repeat of it is recognised, where it can be.
    pub idempotency: Option<Idempotency>,
}

/// How a repeat of a request is recognised: by the key that came with it, as long as the same is asked.
///
/// What is asked is what came in, and nothing that was found out about it since: a repeat finds out
/// something else, and is the same request all the same. So it is said before there is a command.
#[derive(Debug, Clone, Copy)]
pub struct Idempotency {
    key: Uuid,
    asked: Uuid,
}

impl Idempotency {
    /// By a key, as long as this is asked.
    pub fn new(key: Uuid, asked: &dyn fmt::Debug) -> Self {
        Self {
            key,
            asked: derive(&[&key.to_string(), &format!("{asked:?}")]),
        }
    }
}

/// What a command came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The position up to which the journal has to be folded to show it.
    pub position: Position,
    /// How many events it recorded; none, if there was nothing to do.
    pub recorded: usize,
    /// Whether the request had recorded something before: the position is that of its first event.
    pub is_repeat: bool,
}

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The rules refuse it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The idempotency key was used for another request.
    #[error("this idempotency key was used for another request: choose a new one")]
    KeyReused,
    /// Others were faster, again and again.
    #[error("too many requests write {stream} at once: try again")]
    Contended {
        /// What they write.
        stream: StreamName,
    },
    /// Nothing can be recorded.
    #[error("nothing can be changed here: it is only read")]
    ReadOnly,
    /// It is recorded, but can't be read yet.
    #[error("it is recorded as event {position}, but not readable yet: read again later")]
    NotReadableYet {
        /// The position of its last event.
        position: Position,
    },
    /// The journal failed.
    #[error(transparent)]
    Journal(JournalError),
}

impl Request {
    /// The id of something that this request creates: drawn, or the same for each repeat.
    pub fn new_id(&self, what: &str) -> Uuid {
        self.derived(what).unwrap_or_else(Uuid::now_v7)
    }

    /// A part of it that is recorded by itself.
    #[must_use]
    pub fn part(&self, part: &str) -> Self {
        let of_part = |Idempotency { key, asked }| Idempotency {
            key: derive(&[&key.to_string(), part]),
            asked,
        };
        Self {
            idempotency: self.idempotency.map(of_part),
            ..*self
        }
    }

    fn derived(&self, what: &str) -> Option<Uuid> {
        let Idempotency { key, .. } = self.idempotency?;
        Some(derive(&[
            &self.actor.account.to_string(),
            &key.to_string(),
            what,
        ]))
    }

    fn events(&self, command: &dyn Command, facts: Vec<Fact>, now: Time) -> Vec<NewEvent> {
        let causation = self.fingerprint();
        let event = |(number, fact)| NewEvent {
            id: self.event_id(number).unwrap_or_else(Uuid::now_v7),
            occurred_at: command.happened_at().unwrap_or(now),
            actor: Some(self.actor.account),
            correlation: Some(self.id),
            causation,
            imported: false,
            fact,
        };
        facts.into_iter().enumerate().map(event).collect()
    }

    /// Events whose ids say what happened: it can happen only once.
    fn events_once(
        &self,
        command: &dyn Command,
        facts: Vec<Fact>,
        now: Time,
    ) -> impl Iterator<Item = NewEvent> {
        let events = self.events(command, facts, now).into_iter();
        events.map(|mut event| {
            let (name, _) = event.fact.stored_type();
            // Such facts are plain data, which can always be written.
            if let Some(id) = command.once() {
                event.id = id;
            } else if let Ok(body) = event.fact.encode() {
                let at = event.occurred_at.to_string();
                event.id = derive(&[event.fact.stream().as_str(), name, &at, &body]);
            }
            event
        })
    }

    fn event_id(&self, number: usize) -> Option<Uuid> {
        self.derived(&format!("event {number}"))
    }

    /// What tells a repeat of a request with a key from another request with the same key: what is
    /// asked. Without the key, which isn't kept, it says nothing about what it was made of.
    fn fingerprint(&self) -> Option<Uuid> {
        self.derived(&self.idempotency?.asked.to_string())
    }
}

impl Community {
    /// Sets a journal and a store to work: what is recorded is folded from now on.
    ///
    /// # Errors
    /// If they don't belong together.
    pub async fn start(journal: SharedJournal, target: Target) -> Result<Self, FoldingError> {
        let generations = target.generations.as_ref().map(|(all, _)| all.clone());
        let current = ReadModels::live(journal.clone(), target).await?;
        let moments = |all: Generations| Moments::new(journal.clone(), all);
        Ok(Self {
            moments: generations.clone().map(moments),
            generations,
            ..Self::of(journal.clone(), current)
        })
    }

    /// A community that is read, and nothing else: nothing is recorded, nothing is folded.
    pub fn to_read(journal: SharedJournal, current: ReadModels) -> Self {
        Self {
            is_read_only: true,
            ..Self::of(journal, current)
        }
    }

    /// A community that is read from these.
    pub fn of(journal: SharedJournal, current: ReadModels) -> Self {
        let (swapped, _) = watch::channel(current.follow());
        Self {
            links: KnownLinks::new(journal.clone()),
            activations: Activations::new(journal.clone()),
            previews: Previews::default(),
            generations: None,
            current: RwLock::new(Arc::new(current)),
            before: Mutex::default(),
            apart: AtomicBool::new(false),
            renewal: OnceLock::new(),
            swapped,
            journal,
            clock: Arc::new(|| SystemTime::now().into()),
            moments: None,
            is_read_only: false,
        }
    }

    /// The same by another clock than the system's: a story can then go on after months.
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// What time it is.
    pub fn now(&self) -> Time {
        (self.clock)()
    }

    /// Read models of earlier moments; none where they have no place to be made.
    pub fn moments(&self) -> Option<&Moments> {
        self.moments.as_ref()
    }

    /// Which rules came into force.
    pub fn activations(&self) -> &Activations {
        &self.activations
    }

    /// Whether nothing can be recorded.
    pub fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    /// The journal.
    pub fn journal(&self) -> &SharedJournal {
        &self.journal
    }

    /// What people read from now. Who needs several things of it asks once: it may be swapped at any
    /// moment.
    pub fn read_models(&self) -> Arc<ReadModels> {
        self.current.read().clone()
    }

    /// From now on read models are renewed where they have to be: in this directory.
    ///
    /// # Errors
    /// If nothing can look after that.
    pub fn renew_in(self: &Arc<Self>, generations: Generations) -> Result<(), FoldingError> {
        let renewal = Renewal::start(self, generations)?;
        // Once is enough.
        let _ = self.renewal.set(renewal);
        Ok(())
    }

    pub(crate) fn set_apart(&self, apart: bool) {
        self.apart.store(apart, Ordering::Relaxed);
    }

    /// Waits until people read here all that anybody may have been told is readable, through whichever node:
    /// these may read from different generations for a moment. What takes too long isn't waited for.
    pub async fn abreast(&self) {
        if !self.apart.load(Ordering::Relaxed) {
            return;
        }
        if let Ok(Ok(head)) = timeout(PATIENCE, self.journal.head()).await {
            self.read_models().reached(head, PATIENCE).await;
        }
    }

    /// What renews the read models, where something does.
    pub fn renewal(&self) -> Option<&Renewal> {
        self.renewal.get()
    }

    /// Lets people read from others from now on; those they read from before are returned. Who has these
    /// goes on with them.
    ///
    /// # Errors
    /// With the others, if they aren't folded as far: somebody may have been told to read what they don't
    /// show yet.
    pub fn swap(&self, next: Arc<ReadModels>) -> Result<Arc<ReadModels>, Arc<ReadModels>> {
        let mut current = self.current.write();
        let is_as_far = current.held(|position| {
            let is_as_far = next.folded().position >= position;
            if is_as_far {
                self.swapped.send_replace(next.follow());
            }
            is_as_far
        });
        if !is_as_far {
            return Err(next);
        }
        // The same rows by other rules go on counting.
        if !current.follow().same_channel(&next.follow()) {
            self.before.lock().add(&current.folded());
        }
        Ok(mem::replace(&mut *current, next))
    }

    /// The previews of other rules.
    pub fn previews(&self) -> &Previews {
        &self.previews
    }

    /// Begins a preview of other rules; a repeat of a request with a key gets the first one.
    ///
    /// # Errors
    /// If another one is being made.
    pub fn preview(
        &self,
        request: &Request,
        proposed: Arc<plaudit_projection::Rules>,
    ) -> Result<Asked, NotBegun> {
        let generations = self.generations.as_ref().ok_or(NotBegun::Nowhere)?;
        let id = request.new_id(&format!("preview {}", proposed.hash()));
        let models = self.read_models();
        let ground = Ground {
            journal: self.journal.clone(),
            store: models.store().clone(),
            rules: models.rules().clone(),
            proposed: generations.under(proposed),
            clock: self.clock.clone(),
        };
        self.previews.begin(ground, id, request.actor.account)
    }

    /// Tells whenever rows have changed, whichever are read.
    pub fn follow(&self) -> Follower {
        let mut swapped = self.swapped.subscribe();
        let folded = swapped.borrow_and_update().clone();
        Follower { swapped, folded }
    }

    /// How far those are folded that people read from; what is counted, with those before them.
    pub fn folded(&self) -> Folded {
        let current = self.current.read();
        let mut folded = current.folded();
        folded.add(&self.before.lock());
        folded
    }

    /// Waits, for as long, until everything up to a position can be read; whether it can.
    pub async fn readable(&self, position: Position, within: Duration) -> bool {
        let began = Instant::now();
        loop {
            let current = self.read_models();
            let left = within.saturating_sub(began.elapsed());
            let reached = current.reached(position, left).await;
            // Where others took its place meanwhile, it says nothing about these.
            if Arc::ptr_eq(&current, &self.read_models()) {
                return reached;
            }
        }
    }

    /// Decides a command, records what follows, and waits until it can be read.
    pub async fn execute(
        &self,
        request: &Request,
        command: &dyn Command,
    ) -> Result<Outcome, CommandError> {
        let outcome = self.record(request, command).await?;
        self.once_readable(outcome).await
    }

    /// What a command came to, once it can be read.
    async fn once_readable(&self, outcome: Outcome) -> Result<Outcome, CommandError> {
        let Outcome { position, .. } = outcome;
        match self.readable(position, PATIENCE).await {
            true => Ok(outcome),
            false => Err(CommandError::NotReadableYet { position }),
        }
    }

    /// Decides several commands and records what follows from all of them, or nothing; waits until it
    /// can be read. They may write different streams, so each fact has to be one that happens only
    /// once: its id is derived from it, and what others record at the same time isn't repeated.
    ///
    /// # Errors
    /// Of each command that is refused, its number and why.
    pub async fn execute_all(
        &self,
        request: &Request,
        commands: &[Box<dyn Command>],
    ) -> Result<Result<Outcome, Vec<(usize, Refusal)>>, CommandError> {
        self.check_writable()?;
        let now = self.now();
        let links = self.links.now().await.map_err(CommandError::Journal)?;
        let mut read = Read::new(now, links);
        let mut events = Vec::new();
        let mut refusals = Vec::new();
        for (number, command) in commands.iter().enumerate() {
            self.read_for(&mut read, request, &**command, None).await?;
            match decide(&**command, &request.actor, &read.history) {
                Ok(facts) => {
                    // Those that come after see it.
                    for fact in &facts {
                        read.history.push(fact.clone());
                    }
                    events.extend(request.events_once(&**command, facts, now));
                }
                Err(refusal) => refusals.push((number, refusal)),
            }
        }
        if !refusals.is_empty() {
            return Ok(Err(refusals));
        }
        let appended = self.journal.append_many(events).await;
        let Appended { recorded, position } = appended.map_err(|error| match error {
            AppendError::Journal(error) => CommandError::Journal(error),
            AppendError::Conflict { .. } | AppendError::IdInUse { .. } => CommandError::KeyReused,
        })?;
        let position = position.max(read.position);
        let outcome = Outcome {
            position,
            recorded,
            is_repeat: false,
        };
        self.once_readable(outcome).await.map(Ok)
    }

    fn check_writable(&self) -> Result<(), CommandError> {
        match self.is_read_only {
            true => Err(CommandError::ReadOnly),
            false => Ok(()),
        }
    }

    /// Decides a command and records what follows, without waiting for its effect.
    pub async fn record(
        &self,
        request: &Request,
        command: &dyn Command,
    ) -> Result<Outcome, CommandError> {
        self.check_writable()?;
        let mut tries = 0;
        loop {
            tries += 1;
            let now = self.now();
            let links = self.links.now().await.map_err(CommandError::Journal)?;
            let stream = command.writes(&request.actor, &links.links);
            let read = self.read(request, command, &stream, links, now).await?;
            if let Some(first) = read.first_of(request) {
                return first.outcome_for(request);
            }
            let facts = decide(command, &request.actor, &read.history)?;
            if facts.is_empty() {
                return Ok(Outcome {
                    position: read.position,
                    recorded: 0,
                    is_repeat: false,
                });
            }
            let events = request.events(command, facts, now);
            match self.journal.append(&stream, read.expected, events).await {
                Ok(Appended { position, recorded }) if recorded > 0 => {
                    return Ok(Outcome {
                        position,
                        recorded,
                        is_repeat: false,
                    });
                }
                // Others were faster; or the same request came twice at once, and the other one is there.
                Ok(_) | Err(AppendError::Conflict { .. }) if tries < TRIES => {}
                Ok(_) | Err(AppendError::Conflict { .. }) => {
                    return Err(CommandError::Contended { stream });
                }
                Err(AppendError::IdInUse { .. }) => return Err(CommandError::KeyReused),
                Err(AppendError::Journal(error)) => return Err(CommandError::Journal(error)),
            }
        }
    }

    async fn read(
        &self,
        request: &Request,
        command: &dyn Command,
        written: &StreamName,
        links: AsOf,
        now: Time,
    ) -> Result<Read, CommandError> {
        let links_expected = links.expected;
        let mut read = Read::new(now, links);
        self.read_for(&mut read, request, command, Some(written))
            .await?;
        // The links that it is decided on are those that it is guarded by.
        if *written == StreamName::links() {
            read.expected = links_expected;
        }
        Ok(read)
    }

    /// Reads what a command needs and what isn't read yet.
    async fn read_for(
        &self,
        read: &mut Read,
        request: &Request,
        command: &dyn Command,
        written: Option<&StreamName>,
    ) -> Result<(), CommandError> {
        loop {
            let needed = needs(command, &request.actor, &read.history);
            if needed.is_empty() {
                return Ok(());
            }
            for stream in needed {
                let events = self.journal.read_stream(&stream).await;
                let is_written = written == Some(&stream);
                read.add(stream, events.map_err(CommandError::Journal)?, is_written);
            }
        }
    }
}

/// Somebody who is told whenever rows have changed.
pub struct Follower {
    swapped: watch::Receiver<watch::Receiver<Folded>>,
    folded: watch::Receiver<Folded>,
}

impl Follower {
    /// What changed up to now is known.
    pub fn caught_up(&mut self) {
        self.folded.borrow_and_update();
    }

    /// Waits for the next change; whether there may be more.
    pub async fn changed(&mut self) -> bool {
        tokio::select! {
            biased;
            swapped = self.swapped.changed() => {
                self.folded = self.swapped.borrow_and_update().clone();
                swapped.is_ok()
            }
            // Rows that aren't read from any more end before others are told of.
            Ok(()) = self.folded.changed() => true,
        }
    }
}

/// What a command is decided on.
struct Read {
    history: History,
    /// What was recorded already, in any of the streams: what a repeat finds out may lead to another one
    /// than the first time.
    recorded: Vec<Recorded>,
    expected: Expected,
    position: Position,
}

/// An event that a command may have recorded before.
struct Recorded {
    id: Uuid,
    position: Position,
    causation: Option<Uuid>,
}

impl Read {
    /// Nothing but the links is read yet.
    fn new(now: Time, links: AsOf) -> Self {
        Self {
            history: History::new(now, links.links),
            recorded: Vec::new(),
            expected: Expected::NoStream,
            position: 0,
        }
    }

    /// Adds a stream that the command needs.
    fn add(&mut self, stream: StreamName, events: Vec<Event>, is_written: bool) {
        if let Some(last) = events.last() {
            self.position = self.position.max(last.position);
            if is_written {
                self.expected = Expected::Revision(last.revision);
            }
        }
        let recorded = events.iter().map(|event| Recorded {
            id: event.id,
            position: event.position,
            causation: event.causation,
        });
        self.recorded.extend(recorded);
        let facts = events.into_iter().map(|event| (event.position, event.fact));
        self.history.add(stream, facts.collect());
    }

    /// The first event that this request, or another with its key, has recorded already.
    fn first_of(&self, request: &Request) -> Option<&Recorded> {
        let id = request.event_id(0)?;
        self.recorded.iter().find(|event| event.id == id)
    }
}

impl Recorded {
    /// A repeat gets the first result, whatever became of it since.
    fn outcome_for(&self, request: &Request) -> Result<Outcome, CommandError> {
        if self.causation != request.fingerprint() {
            return Err(CommandError::KeyReused);
        }
        Ok(Outcome {
            position: self.position,
            recorded: 0,
            is_repeat: true,
        })
    }
}

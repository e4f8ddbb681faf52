//! What resolvers read from: one generation, its loaders, and who asks; the same for a whole operation.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{
    Context, ContextSelectionSet, Data, Error, ErrorExtensions, InputObjectType, OutputType,
    Positioned, ServerResult, Value,
};
use plaudit_domain::{Actor, Command, Position, Refusal, Time};
use plaudit_projection::{Account, Key, Row, Rules};
use plaudit_replay::{CommandError, Community, Idempotency, Outcome, ReadModels, Request};
use plaudit_store::SharedStore;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::batches::Batches;
use crate::kept::Kept;
use crate::loader::{AccountsOf, Loader};
use crate::loading::Loading;
use crate::place::Place;

/// So long a command's answer waits for its effect to be readable here, too.
const PATIENCE: Duration = Duration::from_secs(5);

/// So often something can be asked as it was, in one operation.
const LOOKS_BACK_MAX: u32 = 2;

/// So often events can be looked for in one operation: each may look at thousands of them.
const SEARCHES_MAX: u32 = 5;

/// Who asks, for what, and what of.
#[derive(Clone)]
pub struct Asking {
    /// The community.
    pub community: Arc<Community>,
    /// Who asks, if anybody who is known.
    pub viewer: Option<Actor>,
    /// The id of the request, for the history.
    pub request: Uuid,
    /// The batches that the operation is read in.
    pub batches: Batches,
    /// How far they are, if they follow something.
    pub place: Place,
    /// What others read before.
    pub(crate) kept: Arc<Kept>,
}

/// What the resolvers of one operation read from.
pub struct Reading {
    /// The community, to write to.
    pub community: Arc<Community>,
    /// Who asks, if anybody who is known.
    pub viewer: Option<Actor>,
    /// The id of the request, for the history.
    pub request: Uuid,
    /// How far they are, if they follow something.
    pub place: Place,
    /// The generation that all of it is read from, whatever others are swapped in meanwhile.
    models: Arc<ReadModels>,
    /// Up to where that was folded before anything was read.
    position: Position,
    batches: Batches,
    loader: Loading<Loader>,
    now: Time,
    looks_back: AtomicU32,
    searches: AtomicU32,
    viewer_account: Mutex<Option<Option<Arc<Account>>>>,
}

impl Reading {
    /// What one operation reads from: the generation that is in use when it begins.
    pub fn new(asking: Asking) -> Self {
        let (models, now) = (asking.community.read_models(), asking.community.now());
        Self::of(asking, models, now)
    }

    /// What an operation, or a part of it, reads from a generation, as of a moment.
    pub fn of(asking: Asking, models: Arc<ReadModels>, now: Time) -> Self {
        let Asking {
            community,
            viewer,
            request,
            batches,
            place,
            kept,
        } = asking;
        let (store, journal) = (models.store().clone(), community.journal().clone());
        let loader = Loader::new(store, journal, batches.counter().clone());
        let loader = Loading::new(loader, batches.clone(), models.clone(), kept.clone());
        Self {
            batches,
            now,
            community,
            viewer,
            request,
            place,
            position: models.folded().position,
            models,
            loader,
            looks_back: AtomicU32::new(0),
            searches: AtomicU32::new(0),
            viewer_account: Mutex::default(),
        }
    }

    /// What a part of the operation reads that is asked as it was at a moment.
    pub fn as_it_was(&self, models: Arc<ReadModels>, moment: Time) -> Self {
        let asking = Asking {
            community: self.community.clone(),
            viewer: self.viewer,
            request: self.request,
            batches: self.batches.clone(),
            place: self.place.clone(),
            kept: self.loader.kept().clone(),
        };
        Self::of(asking, models, moment)
    }

    /// The generation that all of it is read from.
    pub fn models(&self) -> &Arc<ReadModels> {
        &self.models
    }

    /// Everything up to this event shows in what is read here.
    pub fn position(&self) -> Position {
        self.position
    }

    /// What time it is: one moment for the whole operation.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The rules that the rows follow from.
    pub fn rules(&self) -> &Arc<Rules> {
        self.models.rules()
    }

    /// The rows, for what is read once in an operation.
    pub fn store(&self) -> &SharedStore {
        self.loader.loader().batch()
    }

    /// The rows, in batches.
    pub fn loader(&self) -> &Loading<Loader> {
        &self.loader
    }

    /// The account of who asks, if it is registered. It is read once, and anew after a mutation.
    pub async fn viewer_account(&self) -> Result<Option<Arc<Account>>, Error> {
        let Some(viewer) = self.viewer else {
            return Ok(None);
        };
        let mut known = self.viewer_account.lock().await;
        if let Some(account) = &*known {
            return Ok(account.clone());
        }
        let found = self.store().accounts_by_id(&[viewer.account]).await?;
        let account = found.into_iter().next().map(Arc::new);
        *known = Some(account.clone());
        Ok(account)
    }

    /// Something has changed: what is known of who asks may not hold any more.
    pub async fn forget_viewer(&self) {
        *self.viewer_account.lock().await = None;
    }

    /// The key of who asks, if their account is registered.
    pub async fn viewer_key(&self) -> Result<Option<Key>, Error> {
        Ok(self.viewer_account().await?.map(|account| account.key))
    }

    /// The keys of all accounts of who asks; none, if nobody is known.
    pub async fn viewer_keys(&self) -> Result<Vec<Key>, Error> {
        match self.viewer_account().await? {
            Some(viewer) => self.account_keys(viewer.profile, viewer.is_linked()).await,
            None => Ok(vec![]),
        }
    }

    /// The keys of all accounts of a profile; of one that is made of a single account, its own.
    pub async fn account_keys(&self, profile: Key, several: bool) -> Result<Vec<Key>, Error> {
        if !several {
            return Ok(vec![profile]);
        }
        let accounts = self.loader.load_one(AccountsOf(profile)).await?;
        let accounts = accounts.into_iter().flatten();
        Ok(accounts.map(|account| account.key).collect())
    }

    /// Whether the profile with a key is that of who asks.
    pub async fn is_profile_of_viewer(&self, profile: Key) -> Result<bool, Error> {
        let viewer = self.viewer_account().await?;
        Ok(viewer.is_some_and(|viewer| viewer.profile == profile))
    }

    /// Whether who asks may see what is for staff, and for whose profile it is about.
    pub async fn is_for_owner_and_staff(&self, profile: Key) -> Result<bool, Error> {
        Ok(self.is_staff() || self.is_profile_of_viewer(profile).await?)
    }

    /// Whether who asks may see what is for staff and analysts.
    pub fn is_staff_or_analyst(&self) -> bool {
        self.is_analyst() || self.is_staff()
    }

    /// Who asks may read the history.
    ///
    /// # Errors
    /// For everybody but analysts.
    pub fn analyst(&self) -> Result<(), Error> {
        match self.is_analyst() {
            true => Ok(()),
            false => Err(forbidden("analysts")),
        }
    }

    /// Whether who asks is an analyst.
    pub fn is_analyst(&self) -> bool {
        self.viewer.is_some_and(|viewer| viewer.roles.analyst)
    }

    /// Notes that events are looked for.
    ///
    /// # Errors
    /// If that is done too often in one operation.
    pub fn searches(&self) -> Result<(), Error> {
        if self.searches.fetch_add(1, Ordering::Relaxed) < SEARCHES_MAX {
            return Ok(());
        }
        let message = format!("at most {SEARCHES_MAX} lists of a request can be of events");
        let error = Error::new(message);
        Err(error.extend_with(|_, extensions| extensions.set("code", "TOO_MANY_SEARCHES")))
    }

    /// Notes that something is asked as it was at an earlier moment, which takes reading all of the ledger.
    ///
    /// # Errors
    /// If that is asked too often in one operation.
    pub fn looks_back(&self) -> Result<(), Error> {
        if self.looks_back.fetch_add(1, Ordering::Relaxed) < LOOKS_BACK_MAX {
            return Ok(());
        }
        let message = format!("at most {LOOKS_BACK_MAX} fields of a request can have `asOf`");
        let error = Error::new(message);
        Err(error.extend_with(|_, extensions| extensions.set("code", "TOO_MANY_LOOKS_BACK")))
    }

    /// Whether who asks is staff.
    pub fn is_staff(&self) -> bool {
        self.viewer.is_some_and(|viewer| viewer.roles.is_staff())
    }

    /// Decides a command, records what follows, and waits until it can be read here.
    ///
    /// # Errors
    /// If it comes to nothing, or can't be read yet.
    pub async fn execute(
        &self,
        request: &Request,
        command: &dyn Command,
    ) -> Result<Outcome, CommandError> {
        let outcome = self.community.execute(request, command).await?;
        self.once_readable(outcome).await
    }

    /// The same for several commands, all or none.
    ///
    /// # Errors
    /// The same.
    pub async fn execute_all(
        &self,
        request: &Request,
        commands: &[Box<dyn Command>],
    ) -> Result<Result<Outcome, Vec<(usize, Refusal)>>, CommandError> {
        match self.community.execute_all(request, commands).await? {
            Ok(outcome) => self.once_readable(outcome).await.map(Ok),
            Err(refusals) => Ok(Err(refusals)),
        }
    }

    /// What is read here may be another generation than the one in use by now.
    async fn once_readable(&self, outcome: Outcome) -> Result<Outcome, CommandError> {
        let Outcome { position, .. } = outcome;
        match self.models.reached(position, PATIENCE).await {
            true => {
                self.loader.has_reached(position);
                Ok(outcome)
            }
            false => Err(CommandError::NotReadableYet { position }),
        }
    }

    /// Who asks and as which request, to change something, with the key by which a repeat of it is
    /// recognised: as long as the input is the same, whatever is found out to carry it out.
    ///
    /// # Errors
    /// For somebody who isn't known.
    pub fn request<I: InputObjectType + fmt::Debug>(
        &self,
        input: &I,
        idempotency_key: Option<Uuid>,
    ) -> Result<Request, Error> {
        Ok(Request {
            idempotency: idempotency_key.map(|key| Idempotency::new(key, input)),
            ..self.request_without_key()?
        })
    }

    /// Who asks and as which request, where a repeat is another request.
    ///
    /// # Errors
    /// For somebody who isn't known.
    pub fn request_without_key(&self) -> Result<Request, Error> {
        let actor = self.viewer.ok_or_else(|| {
            Error::new("this needs an account: send a token in the header Authorization")
                .extend_with(|_, extensions| extensions.set("code", "UNAUTHENTICATED"))
        })?;
        Ok(Request {
            actor,
            id: self.request,
            idempotency: None,
        })
    }
}

/// There is nothing of an id that who asks may see.
pub fn not_found(what: &str) -> Error {
    let error = Error::new(format!("there is no {what} of this id"));
    error.extend_with(|_, extensions| extensions.set("code", "NOT_FOUND"))
}

/// What is only for some isn't for who asks.
pub fn forbidden(who: &str) -> Error {
    let error = Error::new(format!("only {who} may read this"));
    error.extend_with(|_, extensions| extensions.set("code", "FORBIDDEN"))
}

/// What a context has to have for something to be read from this.
pub fn data(reading: Arc<Reading>) -> Data {
    let mut data = Data::default();
    data.insert(reading);
    data
}

/// A value, and what its fields are read from: something else than the rest of the operation.
pub struct ReadFrom<T> {
    value: T,
    /// None where it is read from the same as the rest.
    data: Option<Data>,
}

impl<T> ReadFrom<T> {
    /// A value whose fields are read from this.
    pub fn new(value: T, reading: Arc<Reading>) -> Self {
        let data = Some(data(reading));
        Self { value, data }
    }

    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// A value whose fields are read from what the rest of the operation is read from.
    pub fn same(value: T) -> Self {
        Self { value, data: None }
    }
}

impl<T: OutputType> OutputType for ReadFrom<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.value.introspection_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(
        &self,
        context: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let mut within = context.clone();
        if let Some(data) = &self.data {
            within.execute_data = Some(data);
        }
        self.value.resolve(&within, field).await
    }
}

/// What the operation of a resolver reads from.
pub fn reading<'a>(context: &Context<'a>) -> &'a Reading {
    context.data_unchecked::<Arc<Reading>>()
}

/// A row that a key refers to.
///
/// # Errors
/// If it isn't there: that would be our fault, for keys are never left dangling.
pub fn referred<R: Row>(row: Option<Arc<R>>) -> Result<Arc<R>, Error> {
    row.ok_or_else(|| Error::new_with_source(format!("a key refers to no row of {}", R::TABLE)))
}

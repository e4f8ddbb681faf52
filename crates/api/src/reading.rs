//! What resolvers read from: one store, its loaders, and who asks; the same for a whole operation.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_graphql::dataloader::DataLoader;
use async_graphql::{Context, Error, ErrorExtensions};
use plaudit_domain::{Actor, Time};
use plaudit_projection::{Account, Key, Row, Rules};
use plaudit_replay::{Community, Request};
use plaudit_store::SharedStore;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::batches::Batches;
use crate::loader::{AccountsOf, Loader};

/// So often something can be asked as it was, in one operation.
const LOOKS_BACK_MAX: u32 = 2;

/// What the resolvers of one operation read from.
pub struct Reading {
    /// The community, to write to.
    pub community: Arc<Community>,
    /// Who asks, if anybody who is known.
    pub viewer: Option<Actor>,
    /// The id of the request, for the history.
    pub request: Uuid,
    loader: DataLoader<Loader>,
    now: Time,
    looks_back: AtomicU32,
    viewer_account: Mutex<Option<Option<Arc<Account>>>>,
}

impl Reading {
    /// What one operation reads from, in which batches.
    pub fn new(
        community: Arc<Community>,
        viewer: Option<Actor>,
        request: Uuid,
        batches: Batches,
    ) -> Self {
        let (store, journal) = (community.store().clone(), community.journal().clone());
        let loader = Loader::new(store, journal, batches.counter().clone());
        let loader = DataLoader::new(loader, move |batch| batches.add(batch));
        Self {
            now: community.now(),
            community,
            viewer,
            request,
            // What they wait for is the operation.
            // How much an operation asks for is bounded by its cost: what it asks for is one batch.
            loader: loader.delay(Duration::ZERO).max_batch_size(usize::MAX),
            looks_back: AtomicU32::new(0),
            viewer_account: Mutex::default(),
        }
    }

    /// What time it is: one moment for the whole operation.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The rules that the rows follow from.
    pub fn rules(&self) -> &Rules {
        self.community.rules()
    }

    /// The rows, for what is read once in an operation.
    pub fn store(&self) -> &SharedStore {
        self.loader.loader().batch()
    }

    /// The rows, in batches.
    pub fn loader(&self) -> &DataLoader<Loader> {
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

    /// Whether who asks may see what is for staff and analysts.
    pub fn is_staff_or_analyst(&self) -> bool {
        let is_analyst = self.viewer.is_some_and(|viewer| viewer.roles.analyst);
        is_analyst || self.is_staff()
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

    /// Who asks and as which request, to change something.
    ///
    /// # Errors
    /// For somebody who isn't known.
    pub fn request(&self, idempotency_key: Option<Uuid>) -> Result<Request, Error> {
        let actor = self.viewer.ok_or_else(|| {
            Error::new("this needs an account: send a token in the header Authorization")
                .extend_with(|_, extensions| extensions.set("code", "UNAUTHENTICATED"))
        })?;
        Ok(Request {
            actor,
            id: self.request,
            idempotency_key,
        })
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

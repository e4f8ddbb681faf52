//! Generations in a PostgreSQL database, which several nodes may share. Which is in use is a row there, and
//! locks go with the connection that holds them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use plaudit_store::postgres::Schemas;
use plaudit_store::{Load, SharedStore};
use tokio::runtime::Handle;
use tokio::time::sleep;
use uuid::Uuid;

use super::shelf::{Guard, Shelf};
use crate::FoldingError;

type Result<T> = std::result::Result<T, FoldingError>;

/// So often it is tried to remove what is of no use: who had it open may take a moment to be gone.
const ATTEMPTS: usize = 20;

const PAUSE: Duration = Duration::from_millis(250);

#[async_trait]
impl Shelf for Schemas {
    async fn numbers(&self) -> Result<Vec<u64>> {
        Ok(Self::numbers(self).await?)
    }

    async fn kept(&self) -> Result<[Option<u64>; 2]> {
        Ok(Self::kept(self).await?)
    }

    async fn put_in_use(&self, number: u64) -> Result<()> {
        Ok(Self::put_in_use(self, number).await?)
    }

    async fn exists(&self, number: u64) -> Result<bool> {
        Ok(Self::exists(self, number).await?)
    }

    async fn claim(&self, first: Uuid) -> Result<()> {
        Ok(Self::claim(self, first).await?)
    }

    async fn open(&self, number: u64, rules: &str) -> Result<SharedStore> {
        Ok(Arc::new(self.generation(number, rules).await?))
    }

    async fn open_to_read(&self, number: u64, rules: &str) -> Result<SharedStore> {
        Ok(Arc::new(self.generation(number, rules).await?))
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn is_only_one_open(&self, number: u64) -> Result<bool> {
        Ok(Self::is_only_one_open(self, number).await?)
    }

    async fn load(&self, number: u64, rules: &str, budget: Option<usize>) -> Result<Box<dyn Load>> {
        let load = Self::load(self, number, rules).await?;
        Ok(Box::new(match budget {
            Some(budget) => load.within(budget),
            None => load,
        }))
    }

    async fn remove(&self, number: u64) -> Result<bool> {
        Ok(Self::remove(self, number).await?)
    }

    async fn lock(&self) -> Result<Option<Guard>> {
        let lock = Self::lock(self).await?;
        Ok(lock.map(|lock| Box::new(lock) as Guard))
    }

    async fn has_erased(&self) -> Result<bool> {
        Ok(Self::has_erased(self).await?)
    }

    async fn note_erased(&self, erased: bool) -> Result<()> {
        Ok(Self::note_erased(self, erased).await?)
    }

    fn discard(&self, number: u64) -> Guard {
        let schemas = self.clone();
        Box::new(Beside { schemas, number })
    }
}

/// A schema that is never put in use. It goes with this, soon.
struct Beside {
    schemas: Schemas,
    number: u64,
}

impl Drop for Beside {
    fn drop(&mut self) {
        let (schemas, number) = (self.schemas.clone(), self.number);
        let removed = async move {
            for _ in 0..ATTEMPTS {
                match schemas.remove(number).await {
                    Ok(true) => return,
                    Ok(false) => sleep(PAUSE).await,
                    Err(error) => {
                        return tracing::warn!("it stays until the next rebuild: {error}");
                    }
                }
            }
        };
        // Where nothing runs any more, the next rebuild removes it.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(removed);
        }
    }
}

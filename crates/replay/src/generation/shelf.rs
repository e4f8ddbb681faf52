//! Where generations are: what every such place can do.

use std::any::Any;

use async_trait::async_trait;
use plaudit_store::{Load, SharedStore};
use uuid::Uuid;

use crate::FoldingError;

type Result<T> = std::result::Result<T, FoldingError>;

/// What is locked as long as somebody has this.
pub(crate) type Guard = Box<dyn Any + Send + Sync>;

/// A place for generations, each of which has a number.
#[async_trait]
pub(crate) trait Shelf: Send + Sync {
    /// The numbers of all generations, in no order.
    async fn numbers(&self) -> Result<Vec<u64>>;

    /// The generation in use, and the one before it.
    async fn kept(&self) -> Result<[Option<u64>; 2]>;

    /// Names a generation as the one in use, and the one in use so far as the one before.
    async fn put_in_use(&self, number: u64) -> Result<()>;

    /// Whether there is a generation.
    async fn exists(&self, number: u64) -> Result<bool>;

    /// Notes whose it is, by the first event of the community's history; refuses what is another's.
    async fn claim(&self, first: Uuid) -> Result<()>;

    /// Opens a generation that is folded by the rules of a hash.
    async fn open(&self, number: u64, rules: &str) -> Result<SharedStore>;

    /// The same, to read it: nothing is made or written.
    async fn open_to_read(&self, number: u64, rules: &str) -> Result<SharedStore>;

    /// Whether several nodes may use it.
    fn is_shared(&self) -> bool;

    /// Whether nobody has another generation open than that.
    async fn is_only_one_open(&self, number: u64) -> Result<bool>;

    /// Begins to fill a generation, in so many bytes of memory.
    async fn load(&self, number: u64, rules: &str, budget: Option<usize>) -> Result<Box<dyn Load>>;

    /// Removes a generation, unless somebody has it open; whether it is gone.
    async fn remove(&self, number: u64) -> Result<bool>;

    /// Keeps others from building a generation; nothing, while somebody else does.
    async fn lock(&self) -> Result<Option<Guard>>;

    /// Whether generations may hold what was erased.
    async fn has_erased(&self) -> Result<bool>;

    /// Notes whether they may.
    async fn note_erased(&self, erased: bool) -> Result<()>;

    /// What removes a generation that is of no use as it is dropped. Whoever opened it closes it before.
    fn discard(&self, number: u64) -> Guard;
}

//! When rows are read: in batches, each once nothing else of its operation can go on.
//!
//! A loader has to know when everybody has asked. Waiting for a time costs every request that time.
//! Letting other tasks go first a few times is a guess: with a free thread, or a list of more than
//! 30, it reads too early, up to 1,190 batches where 19 do. So a batch is no task of its own here.
//! It belongs to the operation, and is read when all resolvers wait for something.

use std::future::poll_fn;
use std::mem;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::future::{BoxFuture, join_all};
use futures_util::task::AtomicWaker;

/// The batches of one operation.
#[derive(Clone)]
pub struct Batches {
    read: Arc<AtomicUsize>,
    waiting: Arc<Mutex<Vec<Batch>>>,
}

/// A batch that is read when it is polled.
type Batch = BoxFuture<'static, ()>;

impl Batches {
    /// No batches yet; `read` counts those that are read.
    pub fn counted_by(read: &Arc<AtomicUsize>) -> Self {
        Self {
            read: read.clone(),
            waiting: Arc::default(),
        }
    }

    /// What counts them. A batch may hold this; if it held the others, they would hold each other.
    pub fn counter(&self) -> &Arc<AtomicUsize> {
        &self.read
    }

    /// Adds one, to be read when its time comes.
    pub fn add(&self, batch: Batch) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(batch);
    }

    /// Executes an operation, and reads the batches that its resolvers wait for.
    pub async fn read_for<T>(&self, operation: impl Future<Output = T>) -> T {
        let mut operation = pin!(operation);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        loop {
            let step = poll_fn(|context| {
                woken.task.register(context.waker());
                woken.again.store(false, Ordering::Release);
                match operation.as_mut().poll(&mut Context::from_waker(&waker)) {
                    Poll::Ready(done) => Poll::Ready(Step::Done(done)),
                    // Part of it only let others go first: it isn't everybody who has asked.
                    Poll::Pending if woken.again.load(Ordering::Acquire) => Poll::Pending,
                    Poll::Pending => match self.take() {
                        batches if batches.is_empty() => Poll::Pending,
                        batches => Poll::Ready(Step::Read(batches)),
                    },
                }
            });
            match step.await {
                Step::Done(done) => return done,
                Step::Read(batches) => join_all(batches).await,
            };
        }
    }

    fn take(&self) -> Vec<Batch> {
        mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

enum Step<T> {
    Done(T),
    Read(Vec<Batch>),
}

/// Tells whether an operation that waits was woken meanwhile, and wakes its task.
#[derive(Default)]
struct Woken {
    again: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.again.store(true, Ordering::Release);
        self.task.wake();
    }
}

//! Much work without a pause, that may wait: it leaves the processor to whoever answers people.

use std::future::Future;
use std::io;
use std::thread;

use tokio::runtime;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use crate::FoldingError;

/// By so much such work is nicer than what people wait for: it gets a tenth where they want everything, and
/// everything where they want nothing.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Does such work on threads of its own. It is given up where nobody waits for it any more.
///
/// # Errors
/// If threads can't be started, or the work panicked.
pub(crate) async fn run<T, W>(
    name: &'static str,
    work: impl FnOnce() -> W + Send + 'static,
) -> Result<T, FoldingError>
where
    T: Send + 'static,
    W: Future<Output = T>,
{
    let (mut answer, answered) = oneshot::channel();
    let runtime = runtime::Builder::new_multi_thread()
        // What is spawned by the work goes on beside it.
        .worker_threads(1)
        .thread_name(name)
        .on_thread_start(step_back)
        .enable_all()
        .build()
        .map_err(FoldingError::Thread)?;
    let thread = move || {
        step_back();
        let made = async {
            tokio::select! {
                biased;
                () = answer.closed() => None,
                made = work() => Some(made),
            }
        };
        if let Some(made) = runtime.block_on(made) {
            let _ = answer.send(made);
        }
    };
    let started = thread::Builder::new().name(name.into()).spawn(thread);
    let started = started.map_err(FoldingError::Thread)?;
    // What is given up removes what it made: a process that ends waits for that.
    spawn_blocking(move || drop(started.join()));
    let panicked = |_| FoldingError::Thread(io::Error::other(format!("{name} panicked")));
    answered.await.map_err(panicked)
}

/// Lets other threads go first. Where a system knows no such thing of threads, all are alike.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!("a thread can't be nicer: {error}");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::sync::Notify;
    use tokio::time::timeout;

    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn it_lets_others_go_first_and_so_does_what_it_spawns() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        let work =
            move || async move { [nice(), tokio::spawn(async move { nice() }).await.unwrap()] };
        assert_eq!(run("work", work).await.unwrap(), [NICENESS; 2]);
        assert_eq!(nice(), before);
    }

    #[tokio::test]
    async fn it_is_given_up_where_nobody_waits_for_it() {
        struct Gone(Arc<Notify>);

        impl Drop for Gone {
            fn drop(&mut self) {
                self.0.notify_one();
            }
        }

        let notify = Arc::new(Notify::new());
        let gone = Gone(notify.clone());
        let waiting = run("work", move || async move {
            let _gone = gone;
            std::future::pending::<()>().await;
        });
        assert!(timeout(Duration::from_millis(20), waiting).await.is_err());
        timeout(Duration::from_secs(10), notify.notified())
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn what_panics_has_failed() {
        let work = || async { panic!("as it has to") };
        let failed = run::<(), _>("work", work).await.unwrap_err();
        assert_eq!(
            failed.to_string(),
            "folding on a thread of its own: work panicked"
        );
    }
}

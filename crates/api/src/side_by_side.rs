//! Resolving many things side by side, most of which are there already.
//!
//! Each is tried at once, in order; one place on the heap serves one after the other, and only those that have to
//! wait keep theirs.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What comes of each of some futures, in their order.
pub(crate) async fn all<I, F: Future>(
    of: impl IntoIterator<Item = I>,
    future: impl Fn(I) -> F,
) -> Vec<F::Output> {
    let mut of = of.into_iter();
    let mut done = Vec::with_capacity(of.size_hint().0);
    let mut waiting = Vec::new();
    poll_fn(|task: &mut Context<'_>| {
        let mut free: Option<Pin<Box<F>>> = None;
        for one in of.by_ref() {
            let mut trying = match free.take() {
                Some(mut place) => {
                    place.set(future(one));
                    place
                }
                None => Box::pin(future(one)),
            };
            match trying.as_mut().poll(task) {
                Poll::Ready(output) => {
                    done.push(Some(output));
                    free = Some(trying);
                }
                Poll::Pending => {
                    waiting.push((done.len(), trying));
                    done.push(None);
                }
            }
        }
        Poll::Ready(())
    })
    .await;
    poll_fn(|task| {
        waiting.retain_mut(|(place, trying)| match trying.as_mut().poll(task) {
            Poll::Ready(output) => {
                done[*place] = Some(output);
                false
            }
            Poll::Pending => true,
        });
        match waiting.is_empty() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn what_waits_holds_up_nothing_and_everything_is_in_order() {
        let begun = AtomicUsize::new(0);
        let doubled = all(0..100_usize, async |number| {
            begun.fetch_add(1, Ordering::Relaxed);
            if number.is_multiple_of(3) {
                yield_now().await;
                assert_eq!(begun.load(Ordering::Relaxed), 100);
            }
            2 * number
        });
        let expected: Vec<usize> = (0..100).map(|number| 2 * number).collect();
        assert_eq!(doubled.await, expected);
        assert!(all([0_u8; 0], async |number| number).await.is_empty());
    }
}

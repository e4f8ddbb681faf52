//! Resolving many things side by side, most of which are there already.
//!
//! One works through all of them, in order, for as long as none has to wait: a future for each would be moved about
//! more than worked on. Once one has to wait, another goes on with the rest.

use std::future::poll_fn;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

/// What comes of each of some things, in their order, by its place.
pub(crate) async fn all<'o, I, F: Future>(
    of: &'o [I],
    future: impl Fn(usize, &'o I) -> F,
) -> Vec<(usize, F::Output)> {
    // All of it is one task, and so one thread at a time.
    let next = AtomicUsize::new(0);
    let work = async || {
        let place = || next.load(Ordering::Relaxed);
        let mut done = Vec::with_capacity(of.len() - place());
        while let Some(one) = of.get(place()) {
            let place = place();
            next.store(place + 1, Ordering::Relaxed);
            done.push((place, future(place, one).await));
        }
        done
    };
    let mut all = Vec::new();
    let mut waiting = Vec::new();
    while next.load(Ordering::Relaxed) < of.len() {
        let mut working = Box::pin(work());
        match poll_fn(|task| Poll::Ready(working.as_mut().poll(task))).await {
            Poll::Ready(done) if all.is_empty() => all = done,
            Poll::Ready(done) => all.extend(done),
            Poll::Pending => waiting.push(working),
        }
    }
    // All that wait were asked just now.
    let mut is_asked = true;
    poll_fn(|task| {
        if !mem::take(&mut is_asked) {
            waiting.retain_mut(|working| match working.as_mut().poll(task) {
                Poll::Ready(done) => {
                    all.extend(done);
                    false
                }
                Poll::Pending => true,
            });
        }
        match waiting.is_empty() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    if !all.is_sorted_by_key(|(place, _)| *place) {
        all.sort_unstable_by_key(|(place, _)| *place);
    }
    all
}

#[cfg(test)]
mod tests {
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn what_waits_holds_up_nothing_and_everything_is_in_order() {
        let begun = AtomicUsize::new(0);
        let numbers: Vec<usize> = (0..100).collect();
        let doubled = all(&numbers, async |place, number| {
            assert_eq!(place, *number);
            begun.fetch_add(1, Ordering::Relaxed);
            if number.is_multiple_of(3) {
                yield_now().await;
                assert_eq!(begun.load(Ordering::Relaxed), 100);
            }
            2 * number
        });
        let expected: Vec<_> = (0..100).map(|number| (number, 2 * number)).collect();
        assert_eq!(doubled.await, expected);
        assert!(all(&[0_u8; 0], async |_, number| number).await.is_empty());
    }
}

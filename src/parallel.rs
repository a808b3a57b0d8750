//! Parallel work with ordered results, so that no result depends on the number of threads.
//!
//! Libraries considered: rayon's parallel iterators collect all results before any is consumed in order, and `par_bridge` gives up the order.
//! Here an item's results are consumed while later items are still at work, and the results that wait are bounded.

use crate::error::{Error, Kind, Result};
use crate::signals;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, PoisonError};

/// The results of one item that may wait to be consumed. A worker that is further ahead waits, so that memory stays bounded.
const QUEUE_LENGTH: usize = 2;

/// The number of threads to work on: one per core, or `RAYON_NUM_THREADS`.
pub fn workers() -> usize {
    rayon::current_num_threads()
}

/// Runs `work` for each item on `workers` threads, and calls `consume` in this thread with the values that `work` emits: item by item in
/// their order, and within an item in the order they were emitted. No item is started before the item `workers` places earlier is consumed.
/// Errors: the first in that order, from `work`, from `consume`, or because a signal has arrived; the remaining items are abandoned.
/// Panics if `work` panics.
pub fn for_each_ordered<I: Sync, T: Send>(
    items: &[I],
    workers: usize,
    work: impl Fn(&I, &mut dyn FnMut(T) -> Result<()>) -> Result<()> + Sync,
    mut consume: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    type Channel<T> = (Mutex<Option<SyncSender<Result<T>>>>, Receiver<Result<T>>);
    let channel = |_: &I| -> Channel<T> {
        let (sender, receiver) = sync_channel(QUEUE_LENGTH);
        (Mutex::new(Some(sender)), receiver)
    };
    let (senders, receivers): (Vec<_>, Vec<_>) = items.iter().map(channel).unzip();
    let workers = workers.clamp(1, items.len().max(1));
    let next = AtomicUsize::new(0);
    // Items below this number may be started: `workers` more than have been consumed.
    let (allowed, consumed) = (Mutex::new(workers), Condvar::new());
    let allow = |more: usize| {
        *allowed.lock().unwrap_or_else(PoisonError::into_inner) += more;
        consumed.notify_all();
    };
    let await_turn = |index: usize| {
        let allowed = allowed.lock().unwrap_or_else(PoisonError::into_inner);
        drop(consumed.wait_while(allowed, |allowed| *allowed <= index));
    };
    let take_sender = |index: usize| senders[index].lock().unwrap_or_else(PoisonError::into_inner).take();
    // After a panic the consumer would wait for ever for an item whose sender nobody drops.
    let close_channels = || (0..items.len()).for_each(|index| drop(take_sender(index)));
    // Log lines of the workers belong to the span of the caller.
    let span = tracing::Span::current();
    let run_worker = || {
        let _on_panic = OnPanic(&close_channels);
        let _span = span.enter();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let (Some(item), Some(sender)) = (items.get(index), (index < items.len()).then(|| take_sender(index)).flatten()) else {
                return;
            };
            await_turn(index);
            let mut emit = |value| {
                signals::check()?;
                sender.send(Ok(value)).map_err(|_| Error::new(Kind::Failed, "given up"))
            };
            if let Err(e) = signals::check().and_then(|()| work(item, &mut emit)) {
                // Sending fails if an earlier item has failed and its error is already on its way to the caller.
                let _ = sender.send(Err(e));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(run_worker);
        }
        let mut consume_item = |receiver: Receiver<Result<T>>| {
            receiver.into_iter().try_for_each(|value| consume(value?))?;
            allow(1);
            Ok(())
        };
        let result = receivers.into_iter().try_for_each(&mut consume_item);
        next.store(items.len(), Ordering::Relaxed);
        allow(items.len());
        result
    })
}

/// Calls a closure when it is dropped during a panic.
struct OnPanic<'a, F: Fn()>(&'a F);

impl<F: Fn()> Drop for OnPanic<'_, F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            (self.0)();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    #[expect(clippy::panic, reason = "the case")]
    fn a_panic_of_a_worker_reaches_the_caller() {
        let items = (0..50).collect::<Vec<u64>>();
        let result = for_each_ordered(&items, 2, |item, emit| if *item > 10 { panic!("eleven") } else { emit(*item) }, |_| Ok(()));
        drop(result);
    }

    #[test]
    fn results_come_in_order_and_the_first_error_is_returned() {
        let items = (0..50).collect::<Vec<u64>>();
        let mut consumed = Vec::new();
        let twice = |item: &u64, emit: &mut dyn FnMut(u64) -> Result<()>| {
            std::thread::sleep(std::time::Duration::from_micros(item % 7 * 50));
            emit(*item)?;
            if *item == 30 { Err(Error::new(Kind::Refused, "thirty")) } else { emit(*item) }
        };
        let result = for_each_ordered(&items, 4, twice, |value| {
            consumed.push(value);
            Ok(())
        });
        assert!(result.is_err_and(|e| e.to_string().contains("thirty")));
        let expected = (0..30).flat_map(|n| [n, n]).chain([30]).collect::<Vec<_>>();
        assert_eq!(consumed, expected);
    }
}

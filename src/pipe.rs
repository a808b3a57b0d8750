//! Work on all cores, results in order: what comes out does not depend on how many threads there are.

use crate::error::{Error, Kind, Result};
use crate::signals;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, PoisonError};

/// Results of one item that may wait to be taken. A worker further ahead waits itself, so memory stays bounded.
const AHEAD: usize = 2;

/// The threads that work goes to: those of the machine, or what `RAYON_NUM_THREADS` says.
pub fn workers() -> usize {
    rayon::current_num_threads()
}

/// Works on the items on `workers` threads and takes what each emits, item by item and in their order.
/// Errors: the first in that order, of the work or of the taking, or a signal's; what was still to come is given up.
pub fn in_order<I: Sync, T: Send>(
    items: &[I],
    workers: usize,
    work: impl Fn(&I, &mut dyn FnMut(T) -> Result<()>) -> Result<()> + Sync,
    mut take: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    type Lane<T> = (Mutex<Option<SyncSender<Result<T>>>>, Receiver<Result<T>>);
    let lane = |_: &I| -> Lane<T> {
        let (sender, receiver) = sync_channel(AHEAD);
        (Mutex::new(Some(sender)), receiver)
    };
    let (senders, receivers): (Vec<_>, Vec<_>) = items.iter().map(lane).unzip();
    let workers = workers.clamp(1, items.len().max(1));
    let next = AtomicUsize::new(0);
    // No item is begun before the one `workers` places ahead of it is all taken.
    let (turns, taken) = (Mutex::new(workers), Condvar::new());
    let grant = |more: usize| {
        *turns.lock().unwrap_or_else(PoisonError::into_inner) += more;
        taken.notify_all();
    };
    let await_turn = |index: usize| {
        let turns = turns.lock().unwrap_or_else(PoisonError::into_inner);
        drop(taken.wait_while(turns, |turns| *turns <= index));
    };
    let lane_of = |index: usize| senders[index].lock().unwrap_or_else(PoisonError::into_inner).take();
    // Whoever waits for a lane that nobody will fill any more would wait for ever.
    let give_up = || (0..items.len()).for_each(|index| drop(lane_of(index)));
    // What a worker logs belongs to what is being done here.
    let doing = tracing::Span::current();
    let labour = || {
        let _stop = OnPanic(&give_up);
        let _doing = doing.enter();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let (Some(item), Some(sender)) = (items.get(index), (index < items.len()).then(|| lane_of(index)).flatten()) else { return };
            await_turn(index);
            let mut emit = |value| {
                signals::check()?;
                sender.send(Ok(value)).map_err(|_| Error::new(Kind::Failed, "given up"))
            };
            if let Err(e) = signals::check().and_then(|()| work(item, &mut emit)) {
                // Nobody listens when an earlier item failed.
                let _ = sender.send(Err(e));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(labour);
        }
        let mut take_all = |receiver: Receiver<Result<T>>| {
            receiver.into_iter().try_for_each(|value| take(value?))?;
            grant(1);
            Ok(())
        };
        let ended = receivers.into_iter().try_for_each(&mut take_all);
        next.store(items.len(), Ordering::Relaxed);
        grant(items.len());
        ended
    })
}

/// Does something when a worker panics.
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
    fn a_worker_that_panics_ends_it() {
        let items = (0..50).collect::<Vec<u64>>();
        let ended = in_order(&items, 2, |item, emit| if *item > 10 { panic!("eleven") } else { emit(*item) }, |_| Ok(()));
        drop(ended);
    }

    #[test]
    fn results_come_in_order_and_the_first_error_ends_it() {
        let items = (0..50).collect::<Vec<u64>>();
        let mut taken = Vec::new();
        let twice = |item: &u64, emit: &mut dyn FnMut(u64) -> Result<()>| {
            std::thread::sleep(std::time::Duration::from_micros(item % 7 * 50));
            emit(*item)?;
            if *item == 30 { Err(Error::new(Kind::Refused, "thirty")) } else { emit(*item) }
        };
        let ended = in_order(&items, 4, twice, |value| {
            taken.push(value);
            Ok(())
        });
        assert!(ended.is_err_and(|e| e.to_string().contains("thirty")));
        let expected = (0..30).flat_map(|n| [n, n]).chain([30]).collect::<Vec<_>>();
        assert_eq!(taken, expected);
    }
}

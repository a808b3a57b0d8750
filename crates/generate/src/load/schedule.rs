//! What will happen, ordered by when.

use std::cmp::{Ordering, Reverse};

/// Something that is due at an instant. In a [`BinaryHeap`](std::collections::BinaryHeap), which gives out its greatest first,
/// the greatest is what is due first.
pub(super) struct Scheduled<T> {
    /// When it is due, in epoch milliseconds.
    pub(super) at: i64,
    /// Decides between what is due at the same instant, so that the order never depends on the inside of the heap.
    pub(super) serial: u64,
    /// What is due.
    pub(super) item: T,
}

impl<T> Ord for Scheduled<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        Reverse((self.at, self.serial)).cmp(&Reverse((other.at, other.serial)))
    }
}

impl<T> PartialOrd for Scheduled<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Scheduled<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Scheduled<T> {}

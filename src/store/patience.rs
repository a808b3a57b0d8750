//! Patience with a store: how long its requests are repeated. All that an operation sends, its repetitions and the reading back included,
//! shares one deadline (`KEFU_STORE_DEADLINE`). A store that goes on failing is given that time once, and not once for every operation.

use super::diagnose::diagnose;
use crate::error::Result;
use crate::signals;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The shortest and the longest time between two attempts.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// Two failures that are further apart than this and the deadline do not belong together.
const LULL: Duration = Duration::from_secs(10);

/// Requests that only read, and those that may change something. A store that is overloaded often still does the ones and not the others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// Failures of one kind of request without a success in between.
#[derive(Clone, Copy, Debug)]
struct Outage {
    since: Instant,
    last: Instant,
}

/// What is known of a store from the answers to its requests.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Whether the store has answered any request.
    answered: AtomicBool,
    /// The outage of each of [`Access`].
    outages: Mutex<[Option<Outage>; 2]>,
}

impl Health {
    /// Notes that the store has answered a request, be it with a refusal.
    pub(super) fn note_answer(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// Notes a request that the store was able to deal with. Whoever can write can read, but not the other way round.
    pub(super) fn note_success(&self, access: Access) {
        let mut outages = self.outages.lock().unwrap_or_else(PoisonError::into_inner);
        outages[Access::Read as usize] = None;
        if access == Access::Write {
            outages[Access::Write as usize] = None;
        }
    }

    /// Notes a failed request. Returns whether the store has been failing for longer than the deadline. A failing read of a store that does
    /// not write either, and a failing write of one that does not read, belong to the same outage.
    pub(super) fn note_failure(&self, access: Access, deadline: Duration) -> bool {
        let now = Instant::now();
        let mut outages = self.outages.lock().unwrap_or_else(PoisonError::into_inner);
        let lull = deadline.max(LULL);
        let going_on = outages.iter().flatten().filter(|outage| now.duration_since(outage.last) <= lull);
        let since = going_on.map(|outage| outage.since).min().unwrap_or(now);
        outages[access as usize] = Some(Outage { since, last: now });
        now.duration_since(since) >= deadline
    }

    /// Whether a request that fails now would be past the deadline of the outage.
    fn is_given_up(&self, deadline: Duration) -> bool {
        let outages = self.outages.lock().unwrap_or_else(PoisonError::into_inner);
        let lull = deadline.max(LULL);
        outages.iter().flatten().any(|outage| outage.last.elapsed() <= lull && outage.since.elapsed() >= deadline)
    }
}

/// The patience of one operation.
pub(super) struct Patience<'h> {
    health: &'h Health,
    deadline: Duration,
    began: Instant,
    pause: Duration,
}

impl<'h> Patience<'h> {
    /// The operation begins now. A deadline of zero allows no repetition.
    pub(super) fn new(health: &'h Health, deadline: Duration) -> Patience<'h> {
        Patience { health, deadline, began: Instant::now(), pause: PAUSES.0 }
    }

    /// Waits for the next attempt. Returns whether there is to be one: there is none after the deadline, and none at a store that has never
    /// answered, because its address is probably wrong. Errors: a signal has been received.
    pub(super) fn wait(&mut self) -> Result<bool> {
        let is_over = self.began.elapsed() + self.pause > self.deadline || self.health.is_given_up(self.deadline);
        if is_over || !self.health.answered.load(Ordering::Relaxed) {
            return Ok(false);
        }
        signals::wait(self.pause)?;
        self.pause = (self.pause * 2).min(PAUSES.1);
        Ok(true)
    }
}

/// Whether an error may pass with time. That an object does not exist is an answer and no error of the store.
pub(super) fn may_pass(error: &object_store::Error) -> bool {
    !matches!(error, object_store::Error::NotFound { .. }) && diagnose(error).retryable()
}

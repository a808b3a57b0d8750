//! The lease: one run at a time writes to an output root. It spares runs wasted work; correctness does not depend on it, because every
//! write has a precondition of its own.
//!
//! On a local root the lease is a file lock, which the operating system releases when its holder dies. On other stores it is an object
//! that its holder rewrites at intervals (the heartbeat). A run that sees the object unchanged for `ttl` by its own clock takes the lease
//! over, so clocks of two machines are never compared.

use crate::error::{Context, Error, Kind, Result};
use crate::signals;
use crate::store::{ObjectVersion, PutCondition, Store, is_overtaken};
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The key of the lease on an object store.
const LEASE: &str = "_meta/lease.json";
/// The key of the lock file on a local root.
const LOCK: &str = "_meta/lock";
/// How often a run tries again when another one was faster to take a free lease.
const ATTEMPTS: usize = 12;
/// How often a run that waits for a lock file looks whether it is free.
const RETRY: Duration = Duration::from_millis(200);

/// The clock of the lease. Tests substitute their own.
pub trait LeaseClock: Send + Sync {
    /// The time since a fixed instant of the clock; it never goes back.
    fn now(&self) -> Duration;
    /// Waits for some time, or less if a signal comes.
    fn sleep(&self, time: Duration);
}

/// The machine's monotonic clock.
pub(crate) struct MonotonicClock(Instant);

impl Default for MonotonicClock {
    fn default() -> MonotonicClock {
        MonotonicClock(Instant::now())
    }
}

impl LeaseClock for MonotonicClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) {
        // A signal ends the wait, and whoever waits checks for one.
        let _ = signals::wait(time);
    }
}

/// How a run acquires the lease.
#[derive(Clone)]
pub struct LeaseOptions {
    /// The time without a heartbeat after which another run takes the lease over.
    pub ttl: Duration,
    /// Wait while another run holds the lease, instead of failing.
    pub wait: bool,
    /// The clock that `ttl` is measured with.
    pub clock: Arc<dyn LeaseClock>,
}

impl LeaseOptions {
    /// The default of `ttl`.
    pub const TTL: Duration = Duration::from_secs(60);
}

impl Default for LeaseOptions {
    fn default() -> LeaseOptions {
        LeaseOptions { ttl: LeaseOptions::TTL, wait: false, clock: Arc::new(MonotonicClock::default()) }
    }
}

/// The content of the lease object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct LeaseDocument {
    /// The id of the run that holds the lease or held it last.
    run: String,
    /// The number of holders so far.
    epoch: u64,
    /// The number of heartbeats of this holder.
    beat: u64,
    /// The holder has released the lease.
    free: bool,
}

/// The right to write to an output root. It is released when dropped.
pub enum Lease {
    /// A file lock, which ends when the file is closed.
    Locked(File),
    /// A lease object with a heartbeat.
    Held(LeaseHolder),
}

/// The holder of a lease object. Dropping it ends the heartbeat and releases the lease.
pub struct LeaseHolder {
    shared: Arc<LeaseState>,
    heartbeat: Option<JoinHandle<()>>,
}

/// What the holder and its heartbeat thread share.
struct LeaseState {
    store: Store,
    held: Mutex<HeldLease>,
    /// Wakes the heartbeat thread when it has to stop.
    stop: Condvar,
}

/// The lease object as this run wrote it last.
struct HeldLease {
    document: LeaseDocument,
    version: ObjectVersion,
    /// The run has ended.
    stopped: bool,
    /// Another run has taken the lease over.
    lost: bool,
}

impl Lease {
    /// Acquires the lease of an output root for a run. Errors: another live run holds it (`NotReady`); the store fails.
    pub fn acquire(store: &Store, run: &str, options: &LeaseOptions) -> Result<Lease> {
        match store.folder() {
            Some(folder) => lock(&folder.join(LOCK), options.wait).with("output", store.name()),
            None => acquire_object(store, run, options),
        }
    }

    /// Checks that the lease is still held. Errors: another run has taken it over, so nothing more may be written.
    pub fn check(&self) -> Result<()> {
        match self {
            Lease::Held(holder) if holder.shared.held.lock().unwrap_or_else(PoisonError::into_inner).lost => Err(held_by_another("")),
            _ => Ok(()),
        }
    }
}

/// Locks the lock file of a local root, waiting for it if `wait`. A wait for the system's lock could not be ended by a signal, so the lock is
/// tried again and again. Errors: another live run holds it and `wait` is false; a signal; the file cannot be created.
fn lock(path: &std::path::Path, wait: bool) -> Result<Lease> {
    let locking = "taking the lock of the output";
    path.parent().map_or(Ok(()), std::fs::create_dir_all).with("file", path.display()).with("while", locking)?;
    let file = File::options().create(true).truncate(false).write(true).open(path);
    let file = file.with("file", path.display()).with("while", locking)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lease::Locked(file)),
            Err(TryLockError::WouldBlock) if wait => signals::wait(RETRY)?,
            Err(TryLockError::WouldBlock) => return Err(held_by_another("")),
            Err(TryLockError::Error(e)) => return Err(e).with("file", path.display()).with("while", locking),
        }
    }
}

/// The error of a lease that another run holds; `run` is its id, or empty.
fn held_by_another(run: &str) -> Error {
    let error = Error::new(Kind::NotReady, "another run is writing to this output");
    let error = if run.is_empty() { error } else { error.with("held by run", run) };
    error.hint("wait for it to end, or give --wait; the lease of a run that died expires within a minute by default")
}

/// Acquires the lease object: at once if it is free, or else when it has not changed for `ttl`. A heartbeat seen in between means that the
/// holder is alive.
fn acquire_object(store: &Store, run: &str, options: &LeaseOptions) -> Result<Lease> {
    let (mut seen, mut attempts): (Option<(ObjectVersion, Duration)>, _) = (None, 0);
    loop {
        let found = store.get_versioned(LEASE)?;
        let before = found.as_ref().and_then(|(bytes, _)| serde_json::from_slice::<LeaseDocument>(bytes).ok());
        let now = options.clock.now();
        let condition = match &found {
            None => Some(PutCondition::IfAbsent),
            Some((_, version)) => {
                let silent = seen.as_ref().is_some_and(|(known, since)| known == version && now.saturating_sub(*since) >= options.ttl);
                let free = before.as_ref().is_some_and(|document| document.free || document.run == run);
                (free || silent).then(|| PutCondition::IfMatch(version.clone()))
            }
        };
        if let Some(condition) = condition {
            let epoch = before.map_or(1, |document| document.epoch + 1);
            let document = LeaseDocument { run: run.to_owned(), epoch, beat: 0, free: false };
            match store.put_if(LEASE, serde_json::to_vec(&document)?.into(), &condition) {
                Ok(version) => return Ok(Lease::Held(LeaseHolder::new(store, document, version, options.ttl / 4))),
                // Another run was faster. A store that fails has been given its time already.
                Err(e) if is_overtaken(&e) && attempts < ATTEMPTS => (seen, attempts) = (None, attempts + 1),
                Err(e) => return Err(e),
            }
        } else if let Some((_, version)) = found {
            let alive = seen.as_ref().is_some_and(|(known, _)| *known != version);
            if alive && !options.wait {
                return Err(held_by_another(&before.map_or_else(String::new, |document| document.run)));
            }
            if alive || seen.is_none() {
                seen = Some((version, now));
            }
        }
        signals::check()?;
        options.clock.sleep(options.ttl / 12);
        signals::check()?;
    }
}

impl LeaseHolder {
    /// Starts the heartbeat of a lease that was just written.
    fn new(store: &Store, document: LeaseDocument, version: ObjectVersion, interval: Duration) -> LeaseHolder {
        let held = Mutex::new(HeldLease { document, version, stopped: false, lost: false });
        let shared = Arc::new(LeaseState { store: store.clone(), held, stop: Condvar::new() });
        let state = Arc::clone(&shared);
        LeaseHolder { shared, heartbeat: Some(std::thread::spawn(move || state.beat(interval))) }
    }
}

impl LeaseState {
    /// Writes a heartbeat at intervals until the run has ended or the lease is lost.
    fn beat(&self, interval: Duration) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let waited = self.stop.wait_timeout(held, interval).unwrap_or_else(PoisonError::into_inner);
            held = waited.0;
            if held.stopped || held.lost {
                return;
            }
            self.write(&mut held, false);
        }
    }

    /// Writes the lease object. The lease counts as lost only if another version is found: if the store does not answer, the next heartbeat
    /// may still be in time.
    fn write(&self, held: &mut HeldLease, free: bool) {
        let document = LeaseDocument { beat: held.document.beat + 1, free, ..held.document.clone() };
        let Ok(body) = serde_json::to_vec(&document) else { return };
        match self.store.put_if(LEASE, body.into(), &PutCondition::IfMatch(held.version.clone())) {
            Ok(version) => (held.document, held.version) = (document, version),
            Err(_) => {
                let found = self.store.get_versioned(LEASE).ok().flatten();
                held.lost = found.is_some_and(|(_, version)| version != held.version);
            }
        }
    }
}

impl Drop for LeaseHolder {
    fn drop(&mut self) {
        {
            let mut held = self.shared.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.stopped = true;
            if !held.lost {
                self.shared.write(&mut held, true);
            }
        }
        self.shared.stop.notify_all();
        if let Some(heartbeat) = self.heartbeat.take() {
            let _ = heartbeat.join();
        }
    }
}

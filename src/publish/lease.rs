//! One run at a time on an output root. Comfort, not safety: what makes a late request harmless is that every write has a precondition.
//!
//! A local root has a file lock, which the system takes back from whoever dies. Elsewhere an object says who holds the root; its holder
//! changes it every so often, and who finds it unchanged for `ttl` on their own clock takes it over. No two clocks are compared.

use crate::error::{Context, Error, Kind, Result};
use crate::store::{Expected, Store, Version};
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const LEASE: &str = "_meta/lease.json";
const LOCK: &str = "_meta/lock";
/// How often taking a lease that seems to be free may fail.
const ATTEMPTS: usize = 12;

/// Time as the lease sees it: a test has its own.
pub trait Clock: Send + Sync {
    /// Since some instant of its own.
    fn now(&self) -> Duration;
    fn sleep(&self, time: Duration);
}

/// The machine's clock, which never goes back.
pub struct Monotonic(Instant);

impl Default for Monotonic {
    fn default() -> Monotonic {
        Monotonic(Instant::now())
    }
}

impl Clock for Monotonic {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// How a lease is taken.
#[derive(Clone)]
pub struct Terms {
    /// A holder that gives no sign for so long is dead.
    pub ttl: Duration,
    /// Wait for a holder that is alive, instead of giving up.
    pub wait: bool,
    pub clock: Arc<dyn Clock>,
}

impl Terms {
    pub const TTL: Duration = Duration::from_secs(60);
}

impl Default for Terms {
    fn default() -> Terms {
        Terms { ttl: Terms::TTL, wait: false, clock: Arc::new(Monotonic::default()) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Document {
    run: String,
    /// One more for each holder.
    epoch: u64,
    beat: u64,
    free: bool,
}

/// The right to write below an output root; given back when dropped.
pub enum Lease {
    /// As long as the file is open.
    Locked(File),
    Held(Holder),
}

pub struct Holder {
    shared: Arc<Shared>,
    heart: Option<JoinHandle<()>>,
}

struct Shared {
    store: Store,
    held: Mutex<Held>,
    stop: Condvar,
}

struct Held {
    document: Document,
    version: Version,
    stopped: bool,
    lost: bool,
}

impl Lease {
    /// Errors: somebody else holds it and is alive (try again); the store's.
    pub fn take(store: &Store, run: &str, terms: &Terms) -> Result<Lease> {
        match store.folder() {
            Some(folder) => lock(&folder.join(LOCK), terms.wait).with("output", store.name()),
            None => hold(store, run, terms),
        }
    }

    /// Errors: somebody has taken the lease over, so that nothing more may be written.
    pub fn check(&self) -> Result<()> {
        match self {
            Lease::Held(holder) if holder.shared.held.lock().unwrap_or_else(PoisonError::into_inner).lost => Err(held_by_another("")),
            _ => Ok(()),
        }
    }
}

fn lock(path: &std::path::Path, wait: bool) -> Result<Lease> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    if wait {
        file.lock()?;
        return Ok(Lease::Locked(file));
    }
    match file.try_lock() {
        Ok(()) => Ok(Lease::Locked(file)),
        Err(TryLockError::WouldBlock) => Err(held_by_another("")),
        Err(TryLockError::Error(e)) => Err(e.into()),
    }
}

fn held_by_another(run: &str) -> Error {
    let error = Error::new(Kind::NotReady, "another run is writing to this output");
    let error = if run.is_empty() { error } else { error.with("held by run", run) };
    error.hint("wait for it to end, or say --wait; a run that died holds it for a minute at most")
}

fn hold(store: &Store, run: &str, terms: &Terms) -> Result<Lease> {
    let (mut seen, mut attempts): (Option<(Version, Duration)>, _) = (None, 0);
    loop {
        let found = store.load(LEASE)?;
        let before = found.as_ref().and_then(|(bytes, _)| serde_json::from_slice::<Document>(bytes).ok());
        let now = terms.clock.now();
        let expected = match &found {
            None => Some(Expected::Nothing),
            Some((_, version)) => {
                let silent = seen.as_ref().is_some_and(|(known, since)| known == version && now.saturating_sub(*since) >= terms.ttl);
                let free = before.as_ref().is_some_and(|document| document.free || document.run == run);
                (free || silent).then(|| Expected::This(version.clone()))
            }
        };
        if let Some(expected) = expected {
            let epoch = before.map_or(1, |document| document.epoch + 1);
            let document = Document { run: run.to_owned(), epoch, beat: 0, free: false };
            match store.replace(LEASE, serde_json::to_vec(&document)?.into(), &expected) {
                Ok(version) => return Ok(Lease::Held(Holder::new(store, document, version, terms.ttl / 4))),
                // Somebody else was quicker, or the store has a bad moment.
                Err(e) if e.kind() == Kind::NotReady && attempts < ATTEMPTS => (seen, attempts) = (None, attempts + 1),
                Err(e) => return Err(e),
            }
        } else if let Some((_, version)) = found {
            let alive = seen.as_ref().is_some_and(|(known, _)| *known != version);
            if alive && !terms.wait {
                return Err(held_by_another(&before.map_or_else(String::new, |document| document.run)));
            }
            if alive || seen.is_none() {
                seen = Some((version, now));
            }
        }
        crate::signals::check()?;
        terms.clock.sleep(terms.ttl / 12);
    }
}

impl Holder {
    fn new(store: &Store, document: Document, version: Version, beat: Duration) -> Holder {
        let held = Mutex::new(Held { document, version, stopped: false, lost: false });
        let shared = Arc::new(Shared { store: store.clone(), held, stop: Condvar::new() });
        let heart = Arc::clone(&shared);
        Holder { shared, heart: Some(std::thread::spawn(move || heart.beat(beat))) }
    }
}

impl Shared {
    fn beat(&self, every: Duration) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let waited = self.stop.wait_timeout(held, every).unwrap_or_else(PoisonError::into_inner);
            held = waited.0;
            if held.stopped || held.lost {
                return;
            }
            self.write(&mut held, false);
        }
    }

    /// A store that does not answer is no loss yet: the next beat may be in time.
    fn write(&self, held: &mut Held, free: bool) {
        let document = Document { beat: held.document.beat + 1, free, ..held.document.clone() };
        let Ok(body) = serde_json::to_vec(&document) else { return };
        match self.store.replace(LEASE, body.into(), &Expected::This(held.version.clone())) {
            Ok(version) => (held.document, held.version) = (document, version),
            Err(_) => {
                let found = self.store.load(LEASE).ok().flatten();
                held.lost = found.is_some_and(|(_, version)| version != held.version);
            }
        }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        {
            let mut held = self.shared.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.stopped = true;
            if !held.lost {
                self.shared.write(&mut held, true);
            }
        }
        self.shared.stop.notify_all();
        if let Some(heart) = self.heart.take() {
            let _ = heart.join();
        }
    }
}

//! An object store in memory that fails as it is told: a run dies at its n-th write, an answer is lost, a request arrives late.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};
use kefu::store::Store;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result,
};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

/// Where a run dies: at which of its writes, and what becomes of that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// The store never sees it.
    Before(usize),
    /// The store has done it; nobody hears.
    After(usize),
    /// It arrives when somebody lets it.
    Held(usize),
}

/// A write that is still on its way.
#[derive(Debug)]
pub(crate) struct Zombie {
    at: Path,
    body: Bytes,
    how: PutOptions,
}

#[derive(Debug, Default)]
struct State {
    writes: usize,
    dead: bool,
    zombies: Vec<Zombie>,
    /// Of so many writes one is answered with an error, whether it was done or not.
    unsure: Option<(u32, ChaCha8Rng)>,
}

/// What one run sees of a store that outlives it.
#[derive(Clone, Debug)]
pub(crate) struct Faulty {
    inner: Arc<InMemory>,
    death: Option<Death>,
    state: Arc<Mutex<State>>,
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "faulty")
    }
}

fn lost() -> Error {
    Error::Generic { store: "faulty", source: "the connection is gone".into() }
}

impl Faulty {
    pub(crate) fn new(inner: &Arc<InMemory>, death: Option<Death>) -> Faulty {
        Faulty { inner: Arc::clone(inner), death, state: Arc::default() }
    }

    /// One of `of` writes is answered with an error.
    pub(crate) fn unsure(self, of: u32, seed: u64) -> Faulty {
        self.state.lock().unwrap().unsure = Some((of, ChaCha8Rng::seed_from_u64(seed)));
        self
    }

    pub(crate) fn store(&self) -> Store {
        Store::within(Arc::new(self.clone()), "faulty")
    }

    pub(crate) fn writes(&self) -> usize {
        self.state.lock().unwrap().writes
    }

    pub(crate) fn has_died(&self) -> bool {
        self.state.lock().unwrap().dead
    }

    /// Lets what was held arrive; an answer has nobody to go to. Returns how many did what they were sent for.
    pub(crate) fn arrive(&self) -> usize {
        let zombies = std::mem::take(&mut self.state.lock().unwrap().zombies);
        let put = |zombie: Zombie| self.inner.put_opts(&zombie.at, zombie.body.into(), zombie.how).now_or_never().unwrap();
        zombies.into_iter().map(put).filter(|done| done.is_ok()).count()
    }

    fn alive(&self) -> Result<()> {
        if self.has_died() { Err(lost()) } else { Ok(()) }
    }

    /// Counts a write. What becomes of it: done or not, and whether its answer is heard.
    fn write(&self) -> (bool, bool, bool) {
        let mut state = self.state.lock().unwrap();
        if state.dead {
            return (false, false, false);
        }
        state.writes += 1;
        let now = state.writes;
        let (done, heard, held) = match self.death {
            Some(Death::Before(n)) if n == now => (false, false, false),
            Some(Death::After(n)) if n == now => (true, false, false),
            Some(Death::Held(n)) if n == now => (false, false, true),
            _ => {
                let lot = state.unsure.as_mut().map(|(of, dice)| (dice.random_ratio(1, *of), dice.next_u32() % 2 == 0));
                return lot.filter(|(fails, _)| *fails).map_or((true, true, false), |(_, done)| (done, false, false));
            }
        };
        state.dead = true;
        (done, heard, held)
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let (done, heard, held) = self.write();
        if held {
            let zombie = Zombie { at: location.clone(), body: payload.clone().into(), how: opts.clone() };
            self.state.lock().unwrap().zombies.push(zombie);
        }
        let answer = if done { self.inner.put_opts(location, payload, opts).await } else { Err(lost()) };
        if heard { answer } else { Err(lost()) }
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(Error::NotImplemented { operation: "multipart".into(), implementer: "reports are put in one request".into() })
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.alive()?;
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let own = self.clone();
        let delete = move |location: Result<Path>| {
            let own = own.clone();
            async move {
                let (location, (done, heard, _)) = (location?, own.write());
                if done {
                    own.inner.delete(&location).await?;
                }
                if heard { Ok(location) } else { Err(lost()) }
            }
        };
        locations.then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.alive() {
            Ok(()) => self.inner.list(prefix),
            Err(e) => futures::stream::once(async { Err(e) }).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.alive()?;
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(Error::NotImplemented { operation: "copy".into(), implementer: "a copy has no precondition".into() })
    }
}

/// Everything below some folders of a store.
pub(crate) fn tree(inner: &Arc<InMemory>, folders: &[&str]) -> BTreeMap<String, Bytes> {
    let objects: Vec<ObjectMeta> = inner.list(None).try_collect().now_or_never().unwrap().unwrap();
    let keys = objects.into_iter().map(|object| object.location);
    let wanted = keys.filter(|key| folders.iter().any(|folder| key.as_ref().starts_with(&format!("{folder}/"))));
    let bytes = |key: &Path| async move { inner.get(key).await.unwrap().bytes().await.unwrap() }.now_or_never().unwrap();
    wanted.map(|key| (key.to_string(), bytes(&key))).collect()
}

//! What runs that were killed have left staged, in the system's temporary folder and below local roots: the next run removes it.

use crate::error::{Context, Result};
use crate::store::{STAGING, STAGING_BESIDE, Store, private_file, temporary_folder};
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use tempfile::TempDir;

/// How the temporary folders of staged files begin.
const TEMPORARY: &str = "kefu-staging-";
/// The file in such a folder that its run keeps locked for as long as it lives, however it ends.
const LOCK: &str = "lock";

/// A temporary folder of staged files, which only this user may enter. It is removed when dropped.
pub(super) struct TemporaryStaging {
    folder: TempDir,
    /// Tells other runs that this one is alive. `None` if another lock does.
    _lock: Option<File>,
}

impl TemporaryStaging {
    /// Creates a folder in the system's temporary folder. Errors: it cannot be written.
    pub(super) fn new() -> Result<TemporaryStaging> {
        let within = tempfile::env::temp_dir();
        let create = || {
            let folder = temporary_folder(&within, TEMPORARY)?;
            // The file gets its name once it is locked, so that nobody finds it without its lock.
            let (new, lock) = (folder.path().join("new"), folder.path().join(LOCK));
            let file = private_file(&new)?;
            file.try_lock()?;
            std::fs::rename(new, lock)?;
            Ok::<_, io::Error>(TemporaryStaging { folder, _lock: Some(file) })
        };
        create().with("folder", within.display())
    }

    /// A folder below a local root, whose lease tells that the run is alive.
    pub(super) fn below_a_lock(folder: TempDir) -> TemporaryStaging {
        TemporaryStaging { folder, _lock: None }
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes a folder with all that is in it, if there is one.
pub(super) fn remove_all(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Removes the temporary folders of dead runs, as far as this user may.
pub fn sweep_temporary() {
    for folder in folders_of(&tempfile::env::temp_dir(), TEMPORARY) {
        // Whoever put something else there in the place of the lock is not waited for.
        let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits();
        let lock = OpenOptions::new().write(true).custom_flags(flags as i32).open(folder.join(LOCK));
        if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = remove_all(&folder);
        }
    }
}

/// Removes what dead runs have left staged below a local root, as far as this user may. To be called with the lease of the root, because
/// a run that is alive stages there too.
pub fn sweep(output: &Store) {
    let Some(root) = output.folder() else { return };
    let _ = remove_all(&root.join(STAGING));
    folders_of(root, STAGING_BESIDE).for_each(|folder| drop(remove_all(&folder)));
}

/// The folders below another one whose names begin in some way.
fn folders_of(within: &Path, prefix: &'static str) -> impl Iterator<Item = std::path::PathBuf> {
    let entries = std::fs::read_dir(within).into_iter().flatten().filter_map(io::Result::ok);
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|of| of.is_dir()));
    folders.filter(move |entry| entry.file_name().to_string_lossy().starts_with(prefix)).map(|entry| entry.path())
}

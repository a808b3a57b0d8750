//! Where tests keep their files.

use rustix::fs::statvfs;
use std::path::Path;
use tempfile::TempDir;

/// The file system in memory that Linux machines have.
const IN_MEMORY: &str = "/dev/shm";

/// Bytes that have to be free there. Containers often get no more than 64 MiB.
const ENOUGH: u64 = 1 << 30;

/// An empty folder that goes away with its handle. It lies in memory where there is room: thousands of runs with some hundred small files each
/// keep a disk busy for longer than they compute.
pub(crate) fn scratch() -> TempDir {
    let has_room = statvfs(Path::new(IN_MEMORY)).is_ok_and(|found| found.f_bavail.saturating_mul(found.f_frsize) >= ENOUGH);
    let in_memory = has_room.then(|| tempfile::tempdir_in(IN_MEMORY).ok()).flatten();
    in_memory.unwrap_or_else(|| tempfile::tempdir().unwrap())
}

//! Where tests keep their files.

use rustix::fs::statvfs;
use std::path::Path;
use std::sync::LazyLock;
use tempfile::TempDir;

/// The file system in memory that Linux machines have.
const IN_MEMORY: &str = "/dev/shm";

/// Bytes that have to be free there. Containers often get no more than 64 MiB.
const ENOUGH: u64 = 1 << 30;

/// Temporary files of this process lie in memory where there is room, the staged files of its runs among them: thousands of runs with some
/// hundred small files each keep a disk busy for longer than they compute.
static IN_ROOM: LazyLock<()> = LazyLock::new(|| {
    if statvfs(Path::new(IN_MEMORY)).is_ok_and(|found| found.f_bavail.saturating_mul(found.f_frsize) >= ENOUGH) {
        // Another folder may be set already, and does as well.
        let _ = tempfile::env::override_temp_dir(Path::new(IN_MEMORY));
    }
});

/// An empty folder that goes away with its handle.
pub(crate) fn scratch() -> TempDir {
    LazyLock::force(&IN_ROOM);
    tempfile::tempdir().unwrap()
}

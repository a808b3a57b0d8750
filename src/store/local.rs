//! Files on a local disk that not everybody may read: those of a run before they are published, and published ones about persons.

use serde::Deserialize;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::{Once, OnceLock};
use tempfile::TempDir;

/// How the folders below a local root begin that hold single files before they are published.
pub const STAGING_BESIDE: &str = "_staging-";
/// The mode of folders and of files that only this user may use.
const PRIVATE: (u32, u32) = (0o700, 0o600);
/// The folders of tables with a row per chat, buyer or bad cell.
const ABOUT_PERSONS: [&str; 3] = ["details/", "quarantine/", "state/"];

/// The mode of a file, such as `0640`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct FileMode(u32);

impl FileMode {
    /// The mode as the system takes it.
    pub fn bits(self) -> u32 {
        self.0
    }
}

impl Default for FileMode {
    fn default() -> FileMode {
        FileMode(0o640)
    }
}

impl TryFrom<String> for FileMode {
    type Error = String;

    /// Reads octal text. Errors: it is none, has other bits than read and write, or keeps the file from its owner.
    fn try_from(text: String) -> Result<FileMode, String> {
        let is_octal = matches!(text.len(), 3 | 4) && text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
        let mode = u32::from_str_radix(&text, 8).ok().filter(|mode| is_octal && mode & !0o666 == 0 && mode & 0o600 == 0o600);
        mode.map(FileMode).ok_or_else(|| {
            format!("file_mode = \"{text}\" is no mode of a file that its owner reads and writes: write \"0640\" or \"0600\"")
        })
    }
}

/// Whether a file has a row per chat, buyer or bad cell.
pub(super) fn is_about_persons(key: &str) -> bool {
    ABOUT_PERSONS.iter().any(|folder| key.starts_with(folder))
}

/// Creates a folder, and those above it that are missing, for this user alone, whatever the umask. One that exists stays as it is.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(PRIVATE.0).create(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(PRIVATE.0))
}

/// Creates an empty file for this user alone, whatever the umask.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(PRIVATE.1).open(path)?;
    make_private(&file)?;
    Ok(file)
}

/// Takes a file from everybody but this user.
pub(crate) fn make_private(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(PRIVATE.1))
}

/// Creates a folder with a random name for this user alone. It goes with its handle.
pub(crate) fn temporary_folder(within: &Path, prefix: &str) -> io::Result<TempDir> {
    std::fs::create_dir_all(within)?;
    let folder = tempfile::Builder::new().prefix(prefix).permissions(Permissions::from_mode(PRIVATE.0)).tempdir_in(within)?;
    std::fs::set_permissions(folder.path(), Permissions::from_mode(PRIVATE.0))?;
    Ok(folder)
}

/// The mode that a new file gets under the umask of this process, as a file beside `beside` shows it.
pub(super) fn usual_mode(beside: &Path) -> io::Result<u32> {
    static MODE: OnceLock<u32> = OnceLock::new();
    if let Some(mode) = MODE.get() {
        return Ok(*mode);
    }
    let folder = beside.parent().unwrap_or(beside);
    let example = tempfile::Builder::new().prefix(".mode-").permissions(Permissions::from_mode(0o666)).tempfile_in(folder)?;
    Ok(*MODE.get_or_init(|| example.as_file().metadata().map_or(PRIVATE.1, |found| found.permissions().mode() & 0o666)))
}

/// Gives a file a mode. A file system that knows no modes is told of once: the files are then as private as its mount.
pub(super) fn set_mode(file: &Path, mode: io::Result<u32>) {
    static TOLD: Once = Once::new();
    if let Err(e) = mode.and_then(|mode| std::fs::set_permissions(file, Permissions::from_mode(mode))) {
        TOLD.call_once(|| tracing::warn!(file = %file.display(), error = %e, "the mode of files cannot be set here ([privacy] file_mode)"));
    }
}

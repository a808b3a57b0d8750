//! The files of an output in a folder: their names, a copy of them, and damage to them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Every file below a folder, as paths below it, in order.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                open.push(entry);
            } else {
                found.push(entry.strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Copies a folder over another one, which then holds the same files.
pub(crate) fn copy(from: &Path, to: &Path) {
    if to.exists() {
        fs::remove_dir_all(to).unwrap();
    }
    for file in files_below(from) {
        fs::create_dir_all(to.join(&file).parent().unwrap()).unwrap();
        fs::copy(from.join(&file), to.join(&file)).unwrap();
    }
}

/// Flips a bit of a file as a disk does that rots: name, size and time stay.
pub(crate) fn flip(file: &Path, byte: usize) {
    let modified = fs::metadata(file).unwrap().modified().unwrap();
    let mut bytes = fs::read(file).unwrap();
    bytes[byte] ^= 1;
    fs::write(file, bytes).unwrap();
    File::options().write(true).open(file).unwrap().set_modified(modified).unwrap();
}

/// Flips a bit in the middle of a file.
pub(crate) fn flip_middle(file: &Path) {
    flip(file, fs::metadata(file).unwrap().len() as usize / 2);
}

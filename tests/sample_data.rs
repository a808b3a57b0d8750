//! The committed sample: what the generator writes, and small.

use crate::support::company::{kefu, repository};
use crate::support::scratch::scratch;
use std::collections::BTreeMap;
use std::path::Path;

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            found.extend(files(&entry.path()).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else {
            found.insert(name, std::fs::read(entry.path()).unwrap());
        }
    }
    found
}

#[test]
fn the_generator_writes_it_byte_for_byte() {
    let folder = scratch();
    let out = folder.path().join("sample_data");
    let ran = kefu().args(["generate", "--company", "--seed", "20260831", "--out"]).arg(&out).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let (committed, written) = (files(&repository().join("sample_data")), files(&out));
    assert_eq!(committed.keys().collect::<Vec<_>>(), written.keys().collect::<Vec<_>>());
    let differing = written.iter().filter(|(name, bytes)| committed[*name] != **bytes).map(|(name, _)| name).collect::<Vec<_>>();
    assert!(differing.is_empty(), "change the generator, not the files: {differing:?}");
}

#[test]
fn it_stays_small() {
    let bytes: usize = files(&repository().join("sample_data")).values().map(Vec::len).sum();
    assert!(bytes < 2_000_000, "{bytes} bytes");
}

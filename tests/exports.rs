//! Exports as platforms write them (tests/exports): the pipeline of each folder, run on its files, gives what its expect.csv says.

use crate::support::company::{kefu, repository};
use crate::support::compare::is_close;
use crate::support::day;
use crate::support::scratch::scratch;
use crate::support::tables::{Key, Row, Tables, Value};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

const DAY: &str = "2026-09-01";
const LANDED: &str = "2026-09-06";

/// Samples stay small enough to be read.
const LARGEST: u64 = 8 << 10;

/// A line of expect.csv: table, shop or `shop/agent`, column, value. An empty value is null.
type Cell = (String, String, String, String);

fn platforms() -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join("tests/exports")).unwrap();
    let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn name(folder: &Path) -> &str {
    folder.file_name().unwrap().to_str().unwrap()
}

fn cells(folder: &Path) -> Vec<Cell> {
    let mut reader = csv::Reader::from_path(folder.join("expect.csv")).unwrap();
    assert_eq!(reader.headers().unwrap(), ["table", "key", "column", "value"].as_slice(), "{}", folder.display());
    reader.deserialize().map(|cell| cell.unwrap()).collect()
}

fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// What a run on a copy of the folder says otherwise than its expect.csv.
fn differences(folder: &Path) -> Vec<String> {
    let place = scratch();
    copy(folder, place.path());
    let args = ["run", "pipeline.toml", "--date", DAY, "--as-of", LANDED];
    let ran = kefu().current_dir(place.path()).args(args).output().unwrap();
    if !ran.status.success() {
        return vec![format!("{}: exit {:?}: {}", name(folder), ran.status.code(), String::from_utf8_lossy(&ran.stderr))];
    }
    let tables = Tables::in_folder(&place.path().join("out"));
    let mut reports = BTreeMap::new();
    let mut found = Vec::new();
    for cell in cells(folder) {
        let (level, period) = cell.0.rsplit_once('_').unwrap();
        let report = reports.entry(cell.0.clone()).or_insert_with(|| tables.report(level, period));
        found.extend(difference(report, &cell).map(|what| format!("{}: {what}", name(folder))));
    }
    found
}

fn difference(report: &BTreeMap<Key, Row>, (table, key, column, value): &Cell) -> Option<String> {
    let (shop, agent) = key.split_once('/').map_or((key.as_str(), None), |(shop, agent)| (shop, Some(agent.to_owned())));
    let Some(row) = report.get(&(day(DAY), shop.to_owned(), agent)) else {
        return Some(format!("{table} has no row {key}"));
    };
    let is_right = match row.get(column) {
        Some(Value::Null) => value.is_empty(),
        Some(Value::Number(got)) => value.parse().is_ok_and(|expected| is_close(column, expected, *got)),
        Some(Value::Text(got)) => got == value,
        Some(Value::Truth(got)) => *value == got.to_string(),
        None => false,
    };
    (!is_right).then(|| format!("{table} {key} {column} is {:?}, not {value:?}", row.get(column)))
}

/// Every folder at once: a run takes a second.
#[test]
fn every_platform_gives_what_is_expected() {
    let found: Vec<String> = thread::scope(|scope| {
        let runs: Vec<_> = platforms().into_iter().map(|folder| scope.spawn(move || differences(&folder))).collect();
        runs.into_iter().flat_map(|run| run.join().unwrap()).collect()
    });
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
}

/// A sample without a word on what is known of its format, or without numbers to check, is worth nothing.
#[test]
fn every_platform_is_described_and_checked() {
    assert!(!platforms().is_empty());
    for folder in platforms() {
        for needed in ["README.md", "pipeline.toml", "expect.csv"] {
            assert!(fs::metadata(folder.join(needed)).is_ok_and(|file| file.len() > 0), "{} lacks {needed}", folder.display());
        }
        assert!(folder.join("in").is_dir() && !files(&folder.join("in")).is_empty(), "{} has no files", folder.display());
        assert!(cells(&folder).len() >= 5, "{} checks too little", folder.display());
        for file in files(&folder.join("in")) {
            assert!(fs::metadata(&file).unwrap().len() <= LARGEST, "{} is too large", file.display());
        }
    }
    let index = fs::read_to_string(repository().join("tests/exports/README.md")).unwrap();
    for folder in platforms() {
        assert!(index.contains(&format!("| `{}`", name(&folder))), "tests/exports/README.md does not name {}", name(&folder));
    }
}

//! Broken and hostile input is survived: reliability.md §7 and §9, and what docs/input.md promises.

/// Lines that are cut, mixed up, doubled or of another type.
mod lines;
/// Packed, encoded or named otherwise than they seem.
mod files;
/// Parquet from strangers.
mod parquet;
/// Files that ask for more than they may, and the memory that it takes to find out.
mod bombs;
/// Random changes to good files, by seed.
mod mutations;

use crate::support::place::{CHATS_PATH, PIPELINE, Place};
use crate::support::tables::{Row, number, text};

const NDJSON: &str = "messages/date=2026-09-01/chats.ndjson";

/// A good line of NDJSON, or the beginning of one.
fn line(n: usize) -> String {
    format!(
        "{{\"shop_id\":\"s1\",\"buyer_id\":\"b{n}\",\"sender\":\"buyer\",\"sent_at\":\"2026-09-01T10:00:00+08:00\",\"message_id\":\"g{n}\"}}\n"
    )
}

fn lines(count: usize) -> String {
    (0..count).map(line).collect()
}

/// A pipeline with one file of messages, by its path below the day's folder.
fn with(name: &str, bytes: impl AsRef<[u8]>) -> Place {
    with_pipeline(PIPELINE, name, bytes)
}

fn with_pipeline(pipeline: &str, name: &str, bytes: impl AsRef<[u8]>) -> Place {
    let place = Place::new(pipeline);
    place.remove(CHATS_PATH);
    place.put(&format!("messages/date=2026-09-01/{name}"), bytes);
    place
}

/// Rows set aside: number, column and reason.
fn set_aside(place: &Place) -> Vec<(f64, String, String)> {
    let told = |row: &Row| (number(row, "row").unwrap(), text(row, "column").unwrap_or_default(), text(row, "reason").unwrap());
    place.tables().rows("quarantine/messages").iter().map(told).collect()
}

/// Lines of buyers that the shop's report counts.
fn counted(place: &Place) -> f64 {
    place.tables().rows("reports/shop_day").iter().map(|row| number(row, "buyer_msgs").unwrap()).sum()
}

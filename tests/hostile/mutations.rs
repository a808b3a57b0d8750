use crate::support::place::{CHATS, PIPELINE};
use crate::support::sheet::{Packing, packed};
use kefu::fuzz;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What finds its way into formats: marks, edges of numbers, bytes of other encodings.
const TOKENS: &[&[u8]] = &[
    b"\"",
    b"\"\"",
    b",",
    b"\n",
    b"\r\n",
    b"{",
    b"}",
    b"[",
    b":",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"null",
    b"true",
    b"-0",
    b"1e400",
    b"99999999999999999999",
    b"\xff",
    b"\x00",
    b"\xef\xbb\xbf",
    b"\xb0\xa1",
    b"=",
    b"'''",
    b"[[",
    b"2026-02-30",
    b"9999-12-31",
    b"../..",
];

/// A few changes to a good input: bytes flipped, taken out, doubled, put in, or cut off.
fn mutated(good: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..bytes.len().max(1)).min(bytes.len());
        let end = (at + random.random_range(0..20)).min(bytes.len());
        match random.random_range(0..12) {
            0 => bytes.truncate(at),
            1..=2 => drop(bytes.drain(at..end)),
            3..=4 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            5..=8 => {
                let token = TOKENS[random.random_range(0..TOKENS.len())];
                bytes.splice(at..if random.random() { end } else { at }, token.iter().copied());
            }
            _ if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
            _ => {}
        }
    }
    bytes
}

/// Tells which seed it was.
struct Seed(&'static str, u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: seed {} fails", self.0, self.1);
        }
    }
}

/// Tries an input of each seed; returns how many of them were good enough to be read.
fn survivors(what: &'static str, seeds: u64, good: &[u8], read: impl Fn(&[u8]) -> bool) -> usize {
    assert!(read(good), "{what}: the input without a change");
    let survives = |seed: &u64| {
        let _told = Seed(what, *seed);
        read(&mutated(good, &mut ChaCha8Rng::seed_from_u64(*seed)))
    };
    (0..seeds).filter(survives).count()
}

/// Some of the inputs are still read, and some are not: otherwise the changes try nothing.
fn survives(what: &'static str, seeds: u64, good: &[u8], read: impl Fn(&[u8]) -> bool) {
    let read = survivors(what, seeds, good, read) as u64;
    assert!(0 < read && read < seeds, "{what}: {read} of {seeds} were read");
}

const ORDERS: &str = include_str!("../../fuzz/seeds/csv/orders.csv");
const LINES: &str = include_str!("../../fuzz/seeds/ndjson/lines.ndjson");

#[test]
fn mutated_ndjson_is_read_or_refused() {
    survives("ndjson", 2_000, LINES.as_bytes(), |bytes| fuzz::table("ndjson", bytes));
}

#[test]
fn mutated_csv_is_read_or_refused() {
    survives("orders.csv", 1_500, ORDERS.as_bytes(), |bytes| fuzz::table("csv", bytes));
    survives("messages.csv", 1_000, CHATS.as_bytes(), |bytes| fuzz::table("csv", bytes));
}

#[test]
fn mutated_archives_are_read_or_refused() {
    let archives = [("csv.gz", Packing::Gzip), ("csv.zst", Packing::Zstd)];
    for (ending, packing) in archives {
        let read = survivors(ending, 500, &packed(CHATS.repeat(20).as_bytes(), packing), |bytes| fuzz::table(ending, bytes));
        assert!(read < 400, "{ending}: {read} of 500 were read");
    }
}

#[test]
fn a_mutated_pipeline_is_understood_or_refused() {
    let whole = include_str!("../../pipelines/nightly.toml");
    survives("nightly.toml", 1_000, whole.as_bytes(), fuzz::pipeline);
    survives("small.toml", 1_000, PIPELINE.as_bytes(), fuzz::pipeline);
}

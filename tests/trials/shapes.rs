//! `cargo test --release shapes -- --ignored --nocapture --test-threads=1`: minutes, and some hundred megabytes of disk each.

use super::set;
use crate::support::company::kefu;
use crate::support::place::{PIPELINE, Place};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::process::Stdio;
use std::time::Duration;

/// What a run may hold (`--memory-limit`), in MB; `KEFU_MEMORY_LIMIT_MB` sets another.
const LIMIT_MB: u64 = 2048;

/// Runs the day of the lines within the limit; says and returns the most memory that the process held, in KiB.
fn peak(name: &str, rows: impl Iterator<Item = String>) -> u64 {
    let place = Place::new(PIPELINE);
    place.remove(crate::support::place::CHATS_PATH);
    let folder = place.path("messages/date=2026-09-01");
    fs::create_dir_all(&folder).unwrap();
    let mut file = BufWriter::new(File::create(folder.join("chats.csv")).unwrap());
    writeln!(file, "shop_id,buyer_id,sender,sent_at,agent_id").unwrap();
    rows.for_each(|row| writeln!(file, "{row}").unwrap());
    file.into_inner().unwrap();
    let limit = set("KEFU_MEMORY_LIMIT_MB").unwrap_or(LIMIT_MB);
    let mut run = kefu();
    run.current_dir(place.path("")).args(["run", "p.toml", "--date", "2026-09-01", "--memory-limit", &format!("{limit}MB")]);
    let mut run = run.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let (status, mut peak) = (format!("/proc/{}/status", run.id()), 0);
    let ended = loop {
        // The high-water mark never falls: the last look sees it.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        peak = peak.max(mark.unwrap_or(0));
        if let Some(ended) = run.try_wait().unwrap() {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    eprintln!("{name}: {} MiB under --memory-limit {limit}MB", peak >> 10);
    assert!(ended.success(), "{name}: {ended}");
    assert!(peak <= limit * 1_000_000 / 1024, "{name}: {} MiB are more than {limit} MB", peak >> 10);
    peak
}

/// The instant of a line among so many that fill the day.
fn at(line: u64, of: u64) -> String {
    let second = line * 86_399 / of;
    format!("2026-09-01T{:02}:{:02}:{:02}+08:00", second / 3600, second / 60 % 60, second % 60)
}

#[test]
#[ignore = "minutes"]
fn shapes_one_buyer_with_three_million_lines() {
    const LINES: u64 = 3_000_000;
    let row = |line: u64| format!("s1,b1,{},{},A", if line.is_multiple_of(2) { "buyer" } else { "agent" }, at(line, LINES));
    peak("one buyer", (0..LINES).map(row));
}

#[test]
#[ignore = "minutes"]
fn shapes_two_hundred_thousand_shops_of_a_line() {
    const SHOPS: u64 = 200_000;
    peak("many shops", (0..SHOPS).map(|shop| format!("s{shop},b{shop},buyer,{},", at(shop, SHOPS))));
}

#[test]
#[ignore = "minutes"]
fn shapes_a_million_agents() {
    const AGENTS: u64 = 1_000_000;
    let row = |line: u64| {
        let (agent, second) = (line / 2, line % 2);
        let who = if second == 0 { "buyer" } else { "agent" };
        format!("s{},b{agent},{who},{},a{agent}", agent % 1_000, at(line, 2 * AGENTS))
    };
    peak("many agents", (0..2 * AGENTS).map(row));
}

use super::{line, lines, with};
use crate::support::company::kefu;
use crate::support::place::{PIPELINE, Place};
use crate::support::sheet::{Packing, packed};
use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

/// What a run may take over a small file, whatever that claims to be: a tenth of what most of these would unfold to.
const MOST_KIB: u64 = 640 << 10;

/// Runs the day in the place: exit code, what was said, and the most memory it held, in KiB.
fn watched(place: &Place) -> (i32, String, u64) {
    let mut command = kefu();
    command.current_dir(place.path("")).args(["run", "p.toml", "--date", "2026-09-01"]).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        // The high-water mark never falls: the last look sees it.
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok());
        peak = peak.max(mark.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    let ran = child.wait_with_output().unwrap();
    (ran.status.code().unwrap_or(-1), String::from_utf8_lossy(&ran.stderr).replace('│', " "), peak)
}

/// A gibibyte of a piece said again and again, in about a megabyte.
fn bomb(piece: &[u8], packing: Packing) -> Vec<u8> {
    let text = piece.repeat((16 << 20) / piece.len());
    let member = match packing {
        Packing::Gzip => {
            let mut packed = Vec::new();
            flate2::read::GzEncoder::new(&text[..], flate2::Compression::best()).read_to_end(&mut packed).unwrap();
            packed
        }
        other => packed(&text, other),
    };
    member.repeat(64)
}

/// A line of spaces.
const BLANK: &[u8] = b"                                                                \n";

/// A frame whose header asks for a window of 2 GiB, and one raw block.
fn wide_window() -> Vec<u8> {
    let text = lines(3);
    let block = ((text.len() as u32) << 3 | 1).to_le_bytes();
    [&[0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3], &block[..3], text.as_bytes()].concat()
}

fn wide_csv(columns: usize) -> String {
    let names = (0..columns).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
    format!("shop_id,buyer_id,sender,sent_at,{names}\ns1,b1,buyer,2026-09-01T10:00:00+08:00{}\n", ",".repeat(columns))
}

#[test]
fn a_bomb_is_refused_at_a_cap_and_within_memory() {
    let quote = ["shop_id,buyer_id,sender,sent_at\n".as_bytes(), b"\"never closed ", &b"x".repeat(40 << 20)].concat();
    let head = packed(b"shop_id,buyer_id,sender,sent_at\n", Packing::Gzip);
    let cases = [
        ("zeros.ndjson.gz", bomb(b"\0", Packing::Gzip), "line 1 is longer than 16 MiB"),
        ("zeros.csv.gz", bomb(b"\0", Packing::Gzip), "header line is longer than 16 MiB"),
        ("one.csv.gz", [head.clone(), bomb(b"x", Packing::Gzip)].concat(), "row 1 is longer than 16 MiB"),
        ("blank.ndjson.gz", bomb(BLANK, Packing::Gzip), "decompresses to more than"),
        ("blank.csv.zst", bomb(b"\n", Packing::Zstd), "decompresses to more than"),
        ("bad.ndjson.gz", bomb(b"{}\n", Packing::Gzip), "more than 1000000 rows of messages are bad"),
        ("ragged.csv.gz", [head, bomb(b"x,\n", Packing::Gzip)].concat(), "more than 1000000 rows of messages are bad"),
        ("twice.ndjson.gz", packed(&bomb(BLANK, Packing::Gzip), Packing::Gzip), "packed by gzip"),
        ("window.ndjson.zst", wide_window(), "window of more than 128 MiB"),
        ("quote.csv", quote, "never closed"),
        ("wide.csv", wide_csv(10_000).into_bytes(), "10004 columns"),
    ];
    for (name, bytes, says) in cases {
        let place = with(name, bytes);
        let (code, said, peak) = watched(&place);
        eprintln!("{name}: {} MiB", peak >> 10);
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(code == 3 && flat.contains(says) && flat.contains(name), "{name}: exit {code}: {flat}");
        assert!(!flat.contains("panicked"), "{name}: {flat}");
        assert!(peak < MOST_KIB, "{name}: {peak} KiB");
        assert!(!place.is_published(), "{name}");
    }
}

/// A deep value is stepped over or set aside, and so is an object of too many keys.
#[test]
fn deep_and_wide_objects_cost_their_line_alone() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let keys = (0..10_000).map(|n| format!(",\"k{n}\":1")).collect::<String>();
    let chats = [
        lines(200),
        line(200).replace('}', &format!(",\"extra\":{deep}}}")),
        line(201).replace("\"s1\"", &deep),
        line(202).replace('}', &format!("{keys}}}")),
        line(203).replace('}', &format!(",\"extra\":{}}}", "[".repeat(100_000))),
    ];
    let place = super::with_pipeline(&format!("{PIPELINE}[quality]\nmax_bad_ratio = 0.1\n"), "chats.ndjson", chats.concat());
    place.run().expect(0, &[]);
    let rows = super::set_aside(&place).into_iter().map(|(row, ..)| row).collect::<Vec<_>>();
    assert_eq!(rows, [202.0, 203.0, 204.0]);
    assert_eq!(super::counted(&place), 201.0);
}

#[test]
fn other_days_are_not_held_up_by_a_bomb() {
    let place = with("zeros.ndjson.gz", bomb(b"\0", Packing::Gzip));
    place.run().expect(3, &["zeros.ndjson.gz"]);
    place.put("messages/date=2026-09-02/chats.ndjson", lines(3).replace("09-01", "09-02"));
    place.kefu(&["run", "p.toml", "--date", "2026-09-02"]).expect(0, &[]);
    assert_eq!(super::counted(&place), 3.0);
}

/// Who really has longer lines says so.
#[test]
fn a_cap_is_the_pipelines_to_move() {
    let chats = lines(2) + &line(3).replace('}', &format!(",\"extra\":\"{}\"}}", "x".repeat(3 << 20)));
    let capped = |line_mb: u32| format!("{PIPELINE}[quality.caps]\nline_mb = {line_mb}\n");
    super::with_pipeline(&capped(2), "chats.ndjson", &chats).run().expect(3, &["line 3 is longer than 2 MiB", "line_mb"]);
    super::with_pipeline(&capped(4), "chats.ndjson", &chats).run().expect(0, &[]);
}

//! The same inputs give the same bytes, whatever the shape of the files, the order of the days, and the host.

use crate::oracle::Input;
use crate::support::given::{self, Cut, Given};
use crate::support::scratch::scratch;
use crate::support::sheet::{Format, Packing, Style};
use crate::support::tables::Tables;
use crate::support::{company, day};
use kefu::freshness::DaySelection;
use std::path::Path;
use std::sync::LazyLock;

const FIRST: &str = "2026-09-01";
const LAST: &str = "2026-09-04";

/// Four days of the sample company, the orders of all days.
fn input() -> Input {
    let mut input = company::input();
    (input.first_day, input.landed) = (day(FIRST), day(LAST));
    let days = input.first_day..=input.landed;
    input.lines = std::mem::take(&mut input.lines).into_iter().filter(|line| days.contains(&input.business_day(line.sent_at))).collect();
    input
}

fn given() -> Given {
    let staff = std::fs::read_to_string(company::repository().join("sample_data/staff.csv")).unwrap();
    Given { tables: vec![("staff".into(), "teams".into(), staff)], ..Given::new(input()) }
}

/// What all others must be equal to: one backfill of CSV files by day.
static EXPECTED: LazyLock<Tables> = LazyLock::new(|| given().run());

fn assert_same(tables: &Tables) {
    let (expected, got) = (EXPECTED.files(&["reports", "details"]), tables.files(&["reports", "details"]));
    assert!(expected.len() > 50, "only {} files", expected.len());
    assert_eq!(expected.keys().collect::<Vec<_>>(), got.keys().collect::<Vec<_>>());
    let differing = expected.iter().filter(|(key, bytes)| got[*key] != **bytes).map(|(key, _)| *key).collect::<Vec<_>>();
    assert!(differing.is_empty(), "other bytes in {differing:?}");
}

/// Of the four days' plan, in a folder.
fn planned(given: &Given, folder: &Path) -> kefu::config::Plan {
    given::plan(&given.write(folder), folder.join("out").to_str().unwrap())
}

#[test]
fn a_second_run_writes_nothing() {
    let folder = scratch();
    let plan = planned(&given(), folder.path());
    let first = given::run_days(&plan, day(FIRST), day(LAST), None);
    assert!(first.files_written > 50 && first.files_unchanged == 0, "{first:?}");
    let again = given::run_days(&plan, day(FIRST), day(LAST), None);
    assert_eq!((again.days_read, again.files_written), (0, 0), "nothing is due");
    let all = given::run_only(&plan, (day(FIRST), day(LAST)), DaySelection::All);
    assert_eq!((all.days_read, all.files_written, all.files_unchanged), (4, 0, first.files_written));
    assert_same(&Tables::of(&plan.output));
}

#[test]
fn one_day_again_leaves_the_others_as_they_are() {
    let folder = scratch();
    let plan = planned(&given(), folder.path());
    given::run_days(&plan, day(FIRST), day(LAST), None);
    given::run_days(&plan, day(FIRST) + 1, day(FIRST) + 1, None);
    assert_same(&Tables::of(&plan.output));
}

/// With room for nothing every line goes by way of the disk, and a share of the shops is counted at a time.
#[test]
fn neither_memory_nor_days_side_by_side_change_a_byte() {
    for (jobs, memory) in [(1, 0), (4, 1 << 16), (3, usize::MAX)] {
        let folder = scratch();
        let plan = planned(&given(), folder.path());
        given::run_within(&plan, (day(FIRST), day(LAST)), None, jobs, memory);
        assert_same(&Tables::of(&plan.output));
    }
}

/// Night after night, and as somebody catches up: the last day first, the middle ones after it.
#[test]
fn days_can_be_run_one_by_one_in_any_order() {
    for order in [[0, 1, 2, 3], [3, 1, 0, 2]] {
        let folder = scratch();
        let plan = planned(&given(), folder.path());
        for day_no in order {
            given::run_days(&plan, day(FIRST) + day_no, day(FIRST) + day_no, None);
        }
        assert_same(&Tables::of(&plan.output));
    }
}

/// What a day looks back on is read from the log where no run has made it. What compares it with the day before has nothing to compare.
#[test]
fn a_day_alone_is_what_it_is_in_a_backfill() {
    let alone = given().run_in_parts(&[(day(LAST), day(LAST))]);
    let last = |tables: &Tables| -> Vec<_> {
        let files = tables.files(&["reports", "details"]).into_iter();
        files
            .filter(|(key, _)| key.contains("_day/dt=") || key.starts_with("details/"))
            .filter(|(key, _)| key.contains(LAST) && !key.contains("/comparison_") && !key.contains("/ranking_"))
            .map(|(key, bytes)| (key.to_owned(), bytes.clone()))
            .collect()
    };
    assert!(last(&EXPECTED).len() >= 8);
    assert_eq!(last(&alone), last(&EXPECTED));
}

#[test]
fn the_cut_of_the_files_does_not_matter() {
    for cut in [Cut::Files(1), Cut::Files(7), Cut::ByUtcDay] {
        assert_same(&Given { cut, ..given() }.in_file_order().run());
    }
}

/// Whichever conversation is read first: lines of one keep their order, that is all.
#[test]
fn the_order_of_conversations_does_not_matter() {
    let mut given = Given { cut: Cut::Files(3), ..given() };
    given.input.lines.sort_by(|a, b| (&b.buyer, &b.shop).cmp(&(&a.buyer, &a.shop)));
    assert_same(&given.run());
}

#[test]
fn formats_encodings_and_compressions_do_not_matter() {
    let styles = [
        Style { format: Format::Ndjson, packing: Packing::Plain, gbk: false },
        Style { format: Format::Ndjson, packing: Packing::Zstd, gbk: true },
        Style { format: Format::Csv, packing: Packing::Gzip, gbk: true },
        Style { format: Format::Csv, packing: Packing::Zstd, gbk: false },
        Style { format: Format::Parquet, packing: Packing::Plain, gbk: false },
    ];
    for style in styles {
        assert_same(&Given { style, ..given() }.run());
    }
}

/// Zone, locale, threads and folder of the host: none of them reaches the tables.
#[test]
fn the_host_does_not_matter() {
    let hosts = [
        [("TZ", "Pacific/Kiritimati"), ("LC_ALL", "C"), ("RAYON_NUM_THREADS", "1"), ("POLARS_MAX_THREADS", "1")],
        [("TZ", "America/New_York"), ("LC_ALL", "zh_CN.GB18030"), ("RAYON_NUM_THREADS", "2"), ("POLARS_MAX_THREADS", "2")],
    ];
    for host in hosts {
        let folder = scratch();
        given().write(folder.path());
        let mut command = company::kefu();
        command.current_dir(folder.path()).envs(host);
        let ran = command.args(["backfill", "pipeline.toml", "--from", FIRST, "--to", LAST, "--output", "out"]).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        assert_same(&Tables::in_folder(&folder.path().join("out")));
    }
}

//! Where bad rows are kept and what audits count: by the day that they are about, so that any runs end where one run over all days does.

use crate::support::given::{plan, run_days};
use crate::support::scratch::scratch;
use crate::support::tables::{Tables, number};
use crate::support::{date, day};
use kefu::publish::verify;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const FIRST: &str = "2026-09-01";
const LEAN: &str = "[reports]\nperiods = [\"day\"]\nlevels = [\"shop\"]\n[judgement]\ntables = []\n[quality]\nmax_bad_ratio = 1.0\n";
const TABLES: &str = "[orders]\npath = \"orders.csv\"\n[refunds]\npath = \"refunds/{date}.csv\"\n[shops]\npath = \"shops.csv\"\n";
const CHATS: &str = "shop_id,buyer_id,sender,sent_at,agent_id\n";
const ORDERS: &str = "shop_id,order_id,buyer_id,created_at,amount,quantity\n";
/// Of the first and the second day; then two bad ones, of the second day and of no time.
const ORDER_ROWS: &str = "s1,o1,b1,2026-09-01T11:00:00+08:00,9.00,1\ns1,o2,b2,2026-09-02T11:00:00+08:00,9.00,1\n\
                          s1,o3,b2,2026-09-02T11:00:00+08:00,much,1\ns1,o4,b2,soon,9.00,1\n";
/// Bad rows that stand in the files of the second day: of this day, of the next one, and of no time.
const BAD_CHATS: &str = "s1,b2,visitor,2026-09-02T10:00:00+08:00,A\ns1,b2,visitor,2026-09-03T10:00:00+08:00,A\ns1,b2,buyer,soon,A\n";
/// Of the first day, of a day that does not look so far ahead, and of no time.
const BAD_REFUNDS: &str = "s1,r7,o1,2026-09-01T12:00:00+08:00,much\ns1,r8,o1,2026-07-01T12:00:00+08:00,much\ns1,r9,o1,soon,1.00\n";

fn put(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A question and its answer on a day of September.
fn chat(september: i64) -> String {
    let at = |second: u32| format!("{}T10:00:{second:02}+08:00", of(september));
    format!("s1,b{september},buyer,{},A\ns1,b{september},agent,{},A\n", at(0), at(20))
}

/// The date of a day of September.
fn of(september: i64) -> String {
    date(day(FIRST) + september - 1)
}

/// Three days of chats, orders in one file, refunds by day, and a shop.
fn company() -> TempDir {
    let folder = scratch();
    put(folder.path(), "p.toml", &format!("name = \"placed\"\n[messages]\npath = \"chats/{{date}}.csv\"\n{TABLES}{LEAN}"));
    for september in 1..=3 {
        let [chats, refunds] = if september == 2 { [BAD_CHATS, BAD_REFUNDS] } else { [""; 2] };
        put(folder.path(), &format!("chats/{}.csv", of(september)), &format!("{CHATS}{}{chats}", chat(september)));
        let refund = format!("s1,r{september},o1,{}T12:00:00+08:00,1.00\n", of(september));
        let head = "shop_id,refund_id,order_id,applied_at,amount\n";
        put(folder.path(), &format!("refunds/{}.csv", of(september)), &format!("{head}{refund}{refunds}"));
    }
    put(folder.path(), "orders.csv", &format!("{ORDERS}{ORDER_ROWS}"));
    put(folder.path(), "shops.csv", "shop_id,closed_on\ns1,\ns2,soon\n");
    folder
}

/// The tables after runs over some days of September.
fn after(folder: &Path, runs: &[(i64, i64)]) -> Tables {
    let plan = plan(&folder.join("p.toml"), "memory:///");
    for (first, last) in runs {
        run_days(&plan, day(&of(*first)), day(&of(*last)), None);
    }
    assert!(verify(&plan.output).unwrap().differences.is_empty());
    Tables::of(&plan.output)
}

/// The partition and the row number of every bad row of a table.
fn placed(tables: &Tables, table: &str) -> Vec<String> {
    let rows = tables.rows(&format!("quarantine/{table}"));
    let mut placed =
        rows.iter().map(|row| format!("{} {}", date(number(row, "dt").unwrap() as i64), number(row, "row").unwrap())).collect::<Vec<_>>();
    placed.sort();
    placed
}

/// What is told of the rows of the inputs: the quarantine and the audits, without the records of runs.
fn assert_same_told(found: &Tables, expected: &Tables, when: &str) {
    let folders = ["quarantine", "_meta/audit"];
    let (found, expected) = (found.files(&folders), expected.files(&folders));
    let differing = found.keys().chain(expected.keys()).filter(|key| found.get(*key) != expected.get(*key)).collect::<Vec<_>>();
    assert!(differing.is_empty(), "{when}: {differing:?}");
}

#[test]
fn a_bad_row_stands_under_its_own_day_or_that_of_its_file() {
    let folder = company();
    let tables = after(folder.path(), &[(1, 3)]);
    let expected: [(&str, &[&str]); 4] = [
        ("messages", &["2026-09-02 3", "2026-09-02 4", "2026-09-02 5"]),
        ("refunds", &["2026-09-01 2", "2026-09-02 3", "2026-09-02 4"]),
        ("orders", &["2026-09-01 4", "2026-09-02 3"]),
        ("shops", &["1970-01-01 2"]),
    ];
    for (table, expected) in expected {
        assert_eq!(placed(&tables, table), expected, "{table}");
    }
}

#[test]
fn runs_in_any_order_keep_the_same_rows_and_counts() {
    let folder = company();
    let clean = after(folder.path(), &[(1, 3)]);
    let orders: [&[(i64, i64)]; 4] = [&[(1, 1), (2, 2), (3, 3)], &[(3, 3), (1, 3)], &[(1, 2), (3, 3)], &[(2, 3), (1, 1)]];
    for runs in orders {
        assert_same_told(&after(folder.path(), runs), &clean, &format!("{runs:?}"));
    }
}

/// The orders change, and no chat is read again: what is told of the chats stays, and what is told of the orders is that of the new file.
#[test]
fn days_that_are_only_restated_follow_their_inputs() {
    let folder = company();
    let nights = plan(&folder.path().join("p.toml"), "memory:///");
    run_days(&nights, day(&of(1)), day(&of(3)), None);
    assert_eq!(placed(&Tables::of(&nights.output), "orders").len(), 2);
    let late = "s1,o5,b2,2026-09-02T11:30:00+08:00,9.00,1\n";
    let rows = [("with a late order", format!("{ORDERS}{ORDER_ROWS}{late}")), ("mended", format!("{ORDERS}{late}"))];
    for (when, rows) in rows {
        put(folder.path(), "orders.csv", &rows);
        let record = run_days(&nights, day(&of(3)), day(&of(3)), None);
        assert!(record.days_restated >= 2 && record.days_read == 0, "{when}: {} read", record.days_read);
        assert_same_told(&Tables::of(&nights.output), &after(folder.path(), &[(1, 3)]), when);
        assert!(verify(&nights.output).unwrap().differences.is_empty(), "{when}");
    }
    assert!(Tables::of(&nights.output).files(&["quarantine/orders"]).is_empty(), "nothing is bad any more");
}

/// A log without dates in its path is read whole by every day: a bad row is of one day all the same.
#[test]
fn a_log_without_dates_has_every_bad_row_once() {
    let folder = scratch();
    put(folder.path(), "p.toml", &format!("name = \"placed\"\n[messages]\npath = \"chats.csv\"\n{LEAN}"));
    put(folder.path(), "chats.csv", &format!("{CHATS}{BAD_CHATS}{}{}{}", chat(2), chat(1), chat(3)));
    let clean = after(folder.path(), &[(1, 3)]);
    // The first good row of the file is of the second day.
    assert_eq!(placed(&clean, "messages"), ["2026-09-02 1", "2026-09-02 3", "2026-09-03 2"]);
    assert_same_told(&after(folder.path(), &[(1, 1), (2, 2), (3, 3)]), &clean, "night by night");
}

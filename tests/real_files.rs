//! Exports as people have them: what spreadsheets, marketplaces and warehouses do to a table, and what its numbers are all the same.
//! Small inputs of our own, by kind.

/// Ids that were wrapped, rounded, typed or numbered anew, and columns that are read twice.
mod ids;
/// Amounts, quantities, words for no value, and orders that are cancelled by a word.
mod money;
/// Orders of which each item has a row.
mod items;
/// Times in all the ways in which they are written.
mod times;
/// CSV of another dialect, in another encoding, with quotes that do not close; JSON.
mod dialect;
/// Workbooks as tables.
mod sheets;
/// Partitions, names and the order of rows.
mod files;
/// What a table can do without.
mod optional;
/// Settings that make no sense.
mod settings;
/// Parquet of types that no array of ours gives.
mod typed;
/// Warnings that protect a number.
mod warnings;
/// The bytes of a workbook.
mod workbook;

use crate::support::place::{PIPELINE, Place, Ran};
use typed::Cells;
use workbook::Cell;

const HEAD: &str = "shop_id,buyer_id,sender,sent_at,agent_id,message_id\n";

/// Few rows: one bad one is a large share.
const LENIENT: &str = "[quality]\nmax_bad_ratio = 0.9\n";

/// What these tests do not look at is not made: most of a run's time goes into it.
const LEAN: &str = "[reports]\nperiods = [\"day\"]\n[judgement]\ntables = []\n";

/// One file of chats and the settings of its table.
fn chats(name: &str, bytes: impl AsRef<[u8]>, settings: &str) -> Place {
    let place = Place::new(&format!("name = \"real\"\n{LEAN}[messages]\npath = \"{name}\"\n{settings}"));
    place.put(name, bytes);
    place
}

/// Another table of one file, beside the question of b1 at 10:00 and the answer of A.
fn beside(table: &str, name: &str, bytes: impl AsRef<[u8]>, settings: &str) -> Place {
    let place = Place::new(&format!("{PIPELINE}[{table}]\npath = \"{name}\"\n{settings}{LEAN}"));
    place.put(name, bytes);
    place
}

/// Runs 1 September after the days in which its buyers may still order and pay.
fn run_landed(place: &Place) -> Ran {
    place.kefu(&["run", "p.toml", "--date", "2026-09-01", "--as-of", "2026-09-06"])
}

fn check(place: &Place) -> Ran {
    place.kefu(&["check", "p.toml", "--date", "2026-09-01"])
}

/// All that was said, on either stream.
fn spoken(ran: &Ran) -> String {
    format!("{} {}", ran.said, ran.stdout.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// That it is said by `check` and by the run.
fn assert_warned(place: &Place, words: &[&str]) {
    for ran in [check(place), place.run()] {
        assert_eq!(ran.code, 0, "{}", ran.said);
        let said = spoken(&ran);
        assert!(words.iter().all(|word| said.contains(word)), "{words:?} are not in: {said}");
    }
}

/// That `check` refuses what the run refuses, in the same words.
fn assert_refused(place: &Place, words: &[&str]) {
    for ran in [check(place), place.run()] {
        assert_eq!(ran.code, 3, "{}", spoken(&ran));
        let said = spoken(&ran);
        assert!(words.iter().all(|word| said.contains(word)), "{words:?} are not in: {said}");
    }
    assert!(!place.is_published());
}

/// Row and column of what was set aside.
fn set_aside(place: &Place, table: &str) -> Vec<String> {
    place.told(&format!("quarantine/{table}"), &["row", "column"])
}

/// The metrics of the one shop that has a row.
fn of_shop(place: &Place, metrics: &[&str]) -> String {
    let rows = place.told("reports/shop_day", metrics);
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.concat()
}

/// One round of 20 s, of agent A with buyer b1 in shop s1.
fn assert_one_round(place: &Place, way: &str) {
    place.run().expect(0, &[]);
    assert_eq!(place.told("details/rounds", &["shop_id", "buyer_id", "agent_id", "wait_ms"]), ["s1|b1|A|20000"], "{way}");
}

/// A table of text cells in every format: the first row names the columns.
fn in_every_format(rows: &[Vec<&str>]) -> Vec<(&'static str, Vec<u8>)> {
    let (head, body) = rows.split_first().unwrap();
    let object = |row: &Vec<&str>| {
        let cells = head.iter().zip(row).map(|(column, cell)| ((*column).to_owned(), serde_json::Value::from(*cell)));
        serde_json::Value::Object(cells.collect())
    };
    let mut csv = csv::Writer::from_writer(Vec::new());
    rows.iter().for_each(|row| csv.write_record(row).unwrap());
    let lines = body.iter().map(|row| format!("{}\n", object(row))).collect::<String>();
    let array = serde_json::Value::Array(body.iter().map(object).collect()).to_string();
    let sheet = rows.iter().map(|row| row.iter().map(|cell| Cell::Text(cell)).collect()).collect::<Vec<Vec<Cell>>>();
    let columns = (0..head.len()).map(|index| body.iter().map(|row| row[index]).collect::<Vec<_>>()).collect::<Vec<_>>();
    let names = head.iter().map(|column| format!("BYTE_ARRAY {column} (STRING)")).collect::<Vec<_>>();
    let typed = names.iter().zip(&columns).map(|(name, cells)| (name.as_str(), Cells::Text(cells))).collect::<Vec<_>>();
    vec![
        ("rows.csv", csv.into_inner().unwrap()),
        ("rows.ndjson", lines.into_bytes()),
        ("rows.json", array.into_bytes()),
        ("rows.xlsx", workbook::one(&sheet)),
        ("rows.parquet", typed::file(&typed)),
    ]
}

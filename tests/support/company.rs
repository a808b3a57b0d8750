//! The sample company: its files as the oracle's input, and one run of the demo pipeline that all tests share.

use super::tables::Tables;
use super::{day, given};
use crate::oracle::{Holiday, Input, Line, Mode, Order, Sender};
use crate::support::scratch::scratch;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

pub(crate) const FIRST: &str = "2026-08-31";
pub(crate) const LAST: &str = "2026-10-04";

pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

const SETTINGS: [&str; 11] = [
    "KEFU_INPUT",
    "KEFU_OUTPUT",
    "KEFU_DATE",
    "KEFU_LANG",
    "KEFU_LOG",
    "KEFU_LOG_FORMAT",
    "KEFU_METRICS_FILE",
    "OPENLINEAGE_URL",
    "OPENLINEAGE_ENDPOINT",
    "OPENLINEAGE_NAMESPACE",
    "OPENLINEAGE_API_KEY",
];

/// The binary under test, started in the repository's root, with no setting of the caller's.
pub(crate) fn kefu() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kefu"));
    command.current_dir(repository());
    for name in SETTINGS {
        command.env_remove(name);
    }
    // Tests kill processes, not the power.
    command.env("KEFU_STORE_FSYNC", "false");
    command
}

/// The demo's five weeks: what was published, and the line of `--json`.
pub(crate) struct Demo {
    pub tables: Tables,
    pub record: serde_json::Value,
}

pub(crate) static DEMO: LazyLock<Demo> = LazyLock::new(|| {
    let folder = scratch();
    let output = folder.path().to_str().unwrap();
    let ran = kefu().args(["backfill", "--from", FIRST, "--to", LAST, "--json", "--output", output]).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Demo { tables: Tables::in_folder(folder.path()), record: serde_json::from_slice(&ran.stdout).unwrap() }
});

type Record = HashMap<String, String>;

fn records(path: PathBuf) -> Vec<Record> {
    csv::Reader::from_path(path).unwrap().deserialize().map(|record| record.unwrap()).collect()
}

fn some(record: &Record, column: &str) -> Option<String> {
    record.get(column).filter(|cell| !cell.is_empty()).cloned()
}

fn at(record: &Record, column: &str) -> Option<i64> {
    Some(some(record, column)?.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

/// The good rows of sample_data; those of the five cases with a bad row are named after what is wrong with them.
pub(crate) fn input() -> Input {
    let samples = repository().join("sample_data");
    let mut input = given::input(FIRST, LAST);
    let mut files: Vec<_> = std::fs::read_dir(samples.join("messages")).unwrap().map(|folder| folder.unwrap().path()).collect();
    files.sort();
    for folder in files {
        let good = records(folder.join("chats.csv")).into_iter().filter(|row| !row["message_id"].starts_with("edge-bad-"));
        input.lines.extend(good.map(|row| line(&row)));
    }
    let orders = records(samples.join("orders.csv")).into_iter().filter(|row| !row["order_id"].starts_with("edge-bad-"));
    let exchange = Exchange::read(&samples);
    let counting = orders.filter(|row| !EXCLUDED_SKUS.contains(&row["sku_id"].as_str()));
    input.orders = Some(counting.map(|row| order(&row, &exchange, &input)).collect());
    input.staff = records(samples.join("staff.csv")).iter().map(|row| (row["shop_id"].clone(), row["agent_id"].clone())).collect();
    // An account that changes teams has a row for each.
    input.staff.dedup();
    let blocked = records(samples.join("blocklist.csv")).into_iter().map(|row| {
        let bound = |column| some(&row, column).map(|date| day(&date));
        (row["shop_id"].clone(), row["buyer_id"].clone(), bound("from"), bound("to"))
    });
    input.blocklist = blocked.collect();
    let visits = records(samples.join("visits.csv")).into_iter();
    input.visits = Some(visits.map(|row| (row["shop_id"].clone(), day(&row["date"]), row["visitors"].parse().unwrap())).collect());
    let holidays = records(samples.join("holidays.csv")).into_iter().map(|row| {
        let spans = some(&row, "hours").map(|hours| hours.split(';').map(span).collect());
        Holiday { shop: some(&row, "shop_id"), day: day(&row["date"]), spans: spans.unwrap_or_default() }
    });
    input.holidays = Some(holidays.collect());
    input
}

/// `09:00-18:00` as ms after midnight.
fn span(hours: &str) -> (i64, i64) {
    let ms = |clock: &str| {
        let (hours, minutes) = clock.trim().split_once(':').unwrap();
        (hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap()) * 60_000
    };
    let (from, to) = hours.split_once('-').unwrap();
    (ms(from), ms(to))
}

fn line(row: &Record) -> Line {
    Line {
        shop: row["shop_id"].clone(),
        buyer: row["buyer_id"].clone(),
        sender: match row["sender"].as_str() {
            "buyer" => Sender::Buyer,
            "agent" => Sender::Agent,
            "robot" => Sender::Robot,
            "system" => Sender::System,
            other => panic!("sender {other}"),
        },
        agent: some(row, "agent_id"),
        session: some(row, "session_id"),
        message_id: some(row, "message_id"),
        mode: some(row, "reply_mode").map(|mode| match mode.as_str() {
            "human" => Mode::Human,
            "assist" => Mode::Assist,
            "auto" => Mode::Auto,
            other => panic!("reply_mode {other}"),
        }),
        kind: some(row, "kind"),
        sent_at: at(row, "sent_at").unwrap(),
        seq: some(row, "seq").map(|seq| seq.parse().unwrap()),
        text: some(row, "text"),
        recalled: row["recalled"] == "true",
        needs_reply: some(row, "needs_reply").map(|cell| cell == "true"),
    }
}

/// The demo's `excluded_skus`: no order of the sample has other items beside one of these.
const EXCLUDED_SKUS: [&str; 1] = ["补差价-1"];

/// The currency of each shop that names one, and the rates: the first day, the currency, and yuan × 10^8 a unit.
struct Exchange {
    shops: HashMap<String, String>,
    rates: Vec<(i64, String, i128)>,
}

impl Exchange {
    fn read(samples: &Path) -> Exchange {
        let shops =
            records(samples.join("shops.csv")).into_iter().filter_map(|row| Some((row["shop_id"].clone(), some(&row, "currency")?)));
        let rates = records(samples.join("exchange_rates.csv")).into_iter().map(|row| {
            let (whole, decimals) = row["rate"].split_once('.').unwrap_or((row["rate"].as_str(), ""));
            (day(&row["date"]), row["currency"].clone(), format!("{whole}{decimals:0<8}").parse::<i128>().unwrap())
        });
        Exchange { shops: shops.collect(), rates: rates.collect() }
    }

    /// An amount of an order in fen, half up, at the latest rate on or before a day.
    fn fen(&self, row: &Record, column: &str, day: i64) -> Option<i64> {
        let written = some(row, column)?.replace('.', "").parse::<i64>().unwrap();
        let currency = some(row, "currency").or_else(|| self.shops.get(&row["shop_id"]).cloned());
        let Some(currency) = currency.filter(|currency| currency != "CNY") else { return Some(written) };
        let known = self.rates.iter().filter(|(from, of, _)| *from <= day && *of == currency);
        let (.., rate) = known.max_by_key(|(from, ..)| *from).unwrap();
        Some(((i128::from(written) * rate + 50_000_000) / 100_000_000) as i64)
    }
}

fn order(row: &Record, exchange: &Exchange, input: &Input) -> Order {
    let created_at = at(row, "created_at").unwrap();
    let fen = |column: &str| exchange.fen(row, column, input.business_day(created_at));
    Order {
        shop: row["shop_id"].clone(),
        order_id: row["order_id"].clone(),
        buyer: row["buyer_id"].clone(),
        created_at,
        paid_at: at(row, "paid_at"),
        cancelled_at: at(row, "cancelled_at"),
        amount_fen: fen("amount").unwrap(),
        quantity: row["quantity"].parse().unwrap(),
        postage_fen: fen("postage"),
        flag: some(row, "flag"),
        updated_at: at(row, "updated_at"),
    }
}

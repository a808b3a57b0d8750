//! Two shops of which every input table has files, day by day. The numbers in them follow from the seed.

use super::dice;
use crate::support::place::{Place, Ran};
use crate::support::{date, day};
use bytes::Bytes;
use rand::RngExt;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const MONDAY: &str = "2026-09-07";
const SHOPS: [&str; 2] = ["s1", "s2"];
const AGENTS: [&str; 2] = ["A", "B"];
const BUYERS: usize = 3;

/// The tables with a file for each date, and their columns.
pub(super) const DATED: [(&str, &str); 8] = [
    ("messages", "shop_id,buyer_id,sender,sent_at,agent_id,session_id,message_id,text"),
    ("orders", "shop_id,order_id,buyer_id,created_at,paid_at,amount,quantity,currency"),
    ("refunds", "shop_id,refund_id,order_id,applied_at,finished_at,amount"),
    ("evaluations", "shop_id,buyer_id,agent_id,sent_at,rated_at,grade"),
    ("tickets", "shop_id,ticket_id,buyer_id,opened_at,agent_id,kind,first_response_at,resolved_at"),
    ("agent_status", "shop_id,agent_id,at,status"),
    ("visits", "shop_id,date,visitors"),
    ("videos", "shop_id,video_id,date,plays,likes"),
];

/// The tables that come whole and restate the days that a changed row speaks of: the columns, the rows of before, and the row that comes late.
pub(super) const FOLLOWED: [Whole; 5] = [
    (
        "staff",
        "shop_id,agent_id,name,team,hourly_cost,commission_rate,from,to",
        "s1,A,甲,早班,30,0.01,2026-09-01,",
        "s1,B,乙,晚班,40,0.02,2026-09-08,",
    ),
    ("blocklist", "shop_id,buyer_id,from,to", "s1,nobody,,", "s1,b1,2026-09-08,2026-09-08"),
    ("holidays", "date,hours,shop_id", "2026-10-01,,", "2026-09-08,09:00-09:30,"),
    ("exchange_rates", "date,currency,rate", "2026-09-01,USD,7.1", "2026-09-08,USD,7.25"),
    ("buyers", "buyer_id,person_id", "b9,p9", "b2,p2"),
];

/// The tables that come whole and change a day only when it is asked for.
pub(super) const ASKED: [Whole; 4] = [
    ("shops", "shop_id,platform,name,category", "s1,taobao,一店,女装", "s2,jd,二店,男装"),
    ("standards", "category,metric,standard,better", "女装,resp_avg_s,30,low", "男装,resp_avg_s,20,low"),
    ("targets", "shop_id,agent_id,month,metric,target", "s1,A,2026-09,sales_amount,1000", "s1,B,2026-09,sales_amount,500"),
    ("trainings", "agent_id,on,topic", "A,2026-09-07,话术", "B,2026-09-08,话术"),
];

type Whole = (&'static str, &'static str, &'static str, &'static str);

/// The date of a day so many after the first.
pub(super) fn of(after: i64) -> String {
    date(day(MONDAY) + after)
}

/// Takes the judgements, which are half of the work, from a pipeline.
pub(super) const UNJUDGED: &str = "[judgement]\ntables = []\n";

/// Every table, reports of days and weeks, and further settings.
fn pipeline(settings: &str) -> String {
    let dated = DATED.iter().map(|(table, _)| format!("[{table}]\npath = \"{table}/{{date}}.csv\"\n"));
    let whole = FOLLOWED.iter().chain(&ASKED).map(|(table, ..)| format!("[{table}]\npath = \"{table}.csv\"\n"));
    let sections = dated.chain(whole).collect::<String>();
    let quality = "[quality]\non_missing = \"empty\"\nmax_bad_ratio = 0.5\n";
    let rules = "[rules]\nassessed_hours = \"09:00-21:00\"\n";
    format!("name = \"trial\"\n{sections}[reports]\nperiods = [\"day\", \"week\"]\n{quality}{rules}{settings}")
}

/// The file of a table for a date.
pub(super) fn file(table: &str, after: i64) -> String {
    format!("{table}/{}.csv", of(after))
}

/// The text of that file.
pub(super) fn text(table: &str, after: i64) -> String {
    let columns = DATED.iter().find(|(name, _)| *name == table).unwrap().1;
    let rows = SHOPS.iter().flat_map(|shop| rows(table, shop, after));
    std::iter::once(columns.to_owned()).chain(rows).map(|row| row + "\n").collect()
}

/// The first half of a file's rows.
pub(super) fn short(text: &str) -> String {
    let lines = text.lines().count();
    text.lines().take(1 + (lines - 1) / 2).map(|line| format!("{line}\n")).collect()
}

/// The text of a table that comes whole, with its late row or without.
pub(super) fn whole((_, columns, before, late): &Whole, is_late: bool) -> String {
    if is_late { format!("{columns}\n{before}\n{late}\n") } else { format!("{columns}\n{before}\n") }
}

fn rows(table: &str, shop: &str, after: i64) -> Vec<String> {
    let today = of(after);
    let at = |clock: &str| format!("{today}T{clock}+08:00");
    let buyers = 0..BUYERS;
    match table {
        "messages" => buyers.flat_map(|n| chat(shop, after, n)).chain([format!("{shop},b0,nobody,{},,,,", at("10:00:00"))]).collect(),
        "orders" => buyers.flat_map(|n| orders(shop, after, n)).collect(),
        "refunds" => (after > 0)
            .then(|| format!("{shop},r{after},o{}-0,{},{},1.50", after - 1, at("13:00:00"), at("14:00:00")))
            .into_iter()
            .collect(),
        "evaluations" => buyers.map(|n| format!("{shop},b{n},{},{},{},{}", AGENTS[n % 2], at("12:00:00"), at("12:05:00"), 3 + n)).collect(),
        "tickets" => vec![format!("{shop},t{after},b0,{},A,物流,{},{}", at("15:00:00"), at("15:10:00"), at("16:00:00"))],
        "agent_status" => vec![format!("{shop},A,{},online", at("08:30:00")), format!("{shop},A,{},offline", at("20:00:00"))],
        "visits" => vec![format!("{shop},{today},{}", 40 + after)],
        "videos" => vec![format!("{shop},v1,{today},{},{after}", 100 + after)],
        other => panic!("no table {other}"),
    }
}

/// A buyer asks twice; who answers, and after how many seconds, the dice say.
fn chat(shop: &str, after: i64, n: usize) -> Vec<String> {
    let mut dice = dice(after as u64 * 100 + n as u64);
    let agent = AGENTS[dice.random_range(0..AGENTS.len())];
    let line = |(place, who, minute, second): (usize, &str, usize, u32)| {
        let at = format!("{}T09:{:02}:{second:02}+08:00", of(after), 10 * n + minute);
        format!("{shop},b{n},{who},{at},{agent},d{after}-{n},{shop}-{after}-{n}-{place},在吗")
    };
    [("buyer", 1, 0), ("agent", 1, dice.random_range(1..60)), ("buyer", 3, 0), ("agent", 3, dice.random_range(1..60))]
        .into_iter()
        .enumerate()
        .map(|(place, (who, minute, second))| line((place, who, minute, second)))
        .collect()
}

/// The order of a buyer, and yesterday's where it is paid a day late. One buyer pays in another currency.
fn orders(shop: &str, after: i64, n: usize) -> Vec<String> {
    let currency = if n == 2 { "USD" } else { "CNY" };
    let order = |of_day: i64, paid: &str| {
        let created = format!("{}T11:00:00+08:00", of(of_day));
        format!("{shop},o{of_day}-{n},b{n},{created},{paid},{}.50,1,{currency}", 10 + of_day)
    };
    let paid = format!("{}T11:30:00+08:00", of(after));
    if n == 0 {
        return vec![order(after, &paid)];
    }
    let before = (after > 0).then(|| order(after - 1, &paid));
    before.into_iter().chain([order(after, "")]).collect()
}

// ---- a place with such files ------------------------------------------------------------------

/// With the first files of the tables that come whole, and no day yet.
pub(super) fn place(settings: &str) -> Place {
    let place = Place::new(&pipeline(settings));
    FOLLOWED.iter().chain(&ASKED).for_each(|table| put_whole(&place, table, false));
    place
}

pub(super) fn put_whole(place: &Place, table: &Whole, is_late: bool) {
    place.put(&format!("{}.csv", table.0), whole(table, is_late));
}

/// All files of a day.
pub(super) fn put_day(place: &Place, after: i64) {
    DATED.iter().for_each(|(table, _)| place.put(&file(table, after), text(table, after)));
}

pub(super) fn night(place: &Place, after: i64) -> Ran {
    place.kefu(&["run", "p.toml", "--date", &of(after), "--force"])
}

pub(super) fn backfill(place: &Place, last: i64, flags: &[&str]) -> Ran {
    let (from, to) = (of(0), of(last));
    place.kefu(&[["backfill", "p.toml", "--from", &from, "--to", &to, "--force"].as_slice(), flags].concat())
}

/// What readers read.
pub(super) fn published(place: &Place) -> BTreeMap<String, Bytes> {
    let tables = place.tables();
    let files = tables.files(&["reports", "details", "dims"]);
    files.into_iter().map(|(key, bytes)| (key.to_owned(), bytes.clone())).collect()
}

pub(super) fn differing(found: &BTreeMap<String, Bytes>, expected: &BTreeMap<String, Bytes>) -> BTreeSet<String> {
    found.keys().chain(expected.keys()).filter(|key| found.get(*key) != expected.get(*key)).cloned().collect()
}

/// Puts a copy of a folder in the place of another.
pub(super) fn copy(from: &Path, to: &Path) {
    if to.exists() {
        fs::remove_dir_all(to).unwrap();
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Whether a text names a file. Lines of errors are broken within paths.
pub(super) fn names(text: &str, key: &str) -> bool {
    text.replace(char::is_whitespace, "").contains(key)
}

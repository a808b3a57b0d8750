//! The small tables that people keep by hand: shops, staff, blocklist, standards, targets, trainings, holidays, exchange rates.

use std::path::Path;

use super::files::FILE_OPTIONS;
use super::people::{
    AGENTS, BLOCKLIST, BRANCHES, CHENMO, FANGYU, GAOYUAN, HEXUE, HEXUE_TOO, LINXI, LUOJIA, OUTSIDERS, OVERSEAS, QINGMANG, SHOPS, SONGYU,
    SUTONG, WUHAN, XIAOMAI, XUNING, YUNDUO, ZHOUQI,
};
use crate::columns;
use crate::error::GenerateResult;
use crate::summary::GeneratedSummary;
use crate::table::{CellValue, ColumnSpec, money, name};

/// One row per shop.
static SHOP_COLUMNS: [ColumnSpec; 5] = [name("shop_id"), name("platform"), name("name"), name("category"), name("currency")];
/// One row per agent account and team that it is in.
static STAFF_COLUMNS: [ColumnSpec; 11] = [
    name("shop_id"),
    name("agent_id"),
    name("name"),
    name("team"),
    name("role"),
    name("person_id"),
    money("hourly_cost"),
    name("commission_rate"),
    name("hired_on"),
    name("from"),
    name("to"),
];
/// One row per blocked buyer.
static BLOCKLIST_COLUMNS: [ColumnSpec; 5] = [name("shop_id"), name("buyer_id"), name("from"), name("to"), name("reason")];
/// One row per agent, month and metric.
static TARGET_COLUMNS: [ColumnSpec; 5] = [name("shop_id"), name("agent_id"), name("month"), name("metric"), name("target")];
/// One row per day and shop, or per day for the shops without a row of their own.
static HOLIDAY_COLUMNS: [ColumnSpec; 3] = [name("date"), name("hours"), name("shop_id")];
/// One row per currency and day on which its rate changes.
static RATE_COLUMNS: [ColumnSpec; 3] = [name("date"), name("currency"), name("rate")];

/// A metric, what is expected of it in each of `CATEGORIES`, and which way is better.
static STANDARDS: [(&str, [&str; 3], &str); 10] = [
    ("consult_buyers", ["18", "14", "9"], "high"),
    ("sales_amount", ["600", "500", "250"], "high"),
    ("atv", ["150", "160", "110"], "high"),
    ("items_per_buyer", ["1.15", "1.2", "1.1"], "high"),
    ("pay_final_rate", ["0.3", "0.28", "0.32"], "high"),
    ("answer_ask_ratio", ["0.95", "0.95", "0.9"], "high"),
    ("reply_rate", ["0.97", "0.97", "0.95"], "high"),
    ("first_resp_avg_s", ["45", "50", "60"], "low"),
    ("resp_avg_s", ["60", "60", "75"], "low"),
    ("good_rate", ["0.85", "0.85", "0.8"], "high"),
];
const CATEGORIES: [&str; 3] = ["家纺", "女装", "童鞋"];

/// Shop, agent, metric, and the target in September and in October; none where nobody has set it yet.
type AgentTarget = (&'static str, &'static str, &'static str, &'static str, Option<&'static str>);
static TARGETS: [AgentTarget; 12] = [
    (YUNDUO, LINXI, "sales_amount", "6000", Some("6500")),
    (YUNDUO, CHENMO, "sales_amount", "5000", Some("5000")),
    (YUNDUO, ZHOUQI, "sales_amount", "4000", Some("4500")),
    (YUNDUO, WUHAN, "good_rate", "0.85", Some("0.85")),
    (YUNDUO, HEXUE, "good_rate", "0.85", Some("0.85")),
    (QINGMANG, XUNING, "sales_amount", "5000", Some("5500")),
    (QINGMANG, FANGYU, "sales_amount", "3500", Some("3500")),
    (QINGMANG, GAOYUAN, "sales_amount", "3000", None),
    (QINGMANG, HEXUE_TOO, "good_rate", "0.85", Some("0.85")),
    (XIAOMAI, SUTONG, "sales_amount", "3000", Some("3000")),
    (XIAOMAI, LUOJIA, "sales_amount", "2500", Some("2500")),
    (OVERSEAS, SONGYU, "sales_amount", "1000", Some("1000")),
];

/// One training in the middle of the five weeks, which the slowest agents of two shops take.
static TRAININGS: [[&str; 3]; 2] = [[ZHOUQI, "2026-09-17", "快捷短语与响应速度"], [GAOYUAN, "2026-09-17", "快捷短语与响应速度"]];

/// Date, assessed hours and shop. On the first day of October the shops work as ever, and the shop abroad is closed: it has made up
/// for the day on a Saturday before, with a break at noon.
static HOLIDAYS: [[&str; 3]; 3] =
    [["2026-09-19", "09:00-12:00;13:30-18:00", OVERSEAS], ["2026-10-01", "08:00-23:00", ""], ["2026-10-01", "", OVERSEAS]];

/// The first day of a rate, the currency, and what one unit of it costs in yuan. With eight decimals, and with products that end
/// in exactly half a fen.
static RATES: [[&str; 3]; 2] = [["2026-09-01", "USD", "7.12345678"], ["2026-09-16", "USD", "7.1005"]];

/// Writes the small tables and adds them to the summary.
pub(super) fn write(out: &Path, summary: &mut GeneratedSummary) -> GenerateResult<()> {
    summary.add_file(write_shops(out)?);
    summary.add_file(write_staff(out)?);
    summary.add_file(write_blocklist(out)?);
    summary.add_file(write_standards(out)?);
    summary.add_file(write_targets(out)?);
    summary.add_file(write_rows(out, "trainings", &columns::TRAININGS, &TRAININGS)?);
    summary.add_file(write_rows(out, "holidays", &HOLIDAY_COLUMNS, &HOLIDAYS)?);
    summary.add_file(write_rows(out, "exchange_rates", &RATE_COLUMNS, &RATES)?);
    Ok(())
}

fn write_shops(out: &Path) -> GenerateResult<u64> {
    let mut table = FILE_OPTIONS.create(out, "shops", &SHOP_COLUMNS)?;
    for shop in &SHOPS {
        table.row(&[shop.id, shop.platform, shop.name, shop.category, ""].map(CellValue::Text))?;
    }
    for branch in &BRANCHES {
        table.row(&[branch.id, branch.platform, branch.name, branch.category, branch.currency].map(CellValue::Text))?;
    }
    table.close()
}

fn write_staff(out: &Path) -> GenerateResult<u64> {
    let mut table = FILE_OPTIONS.create(out, "staff", &STAFF_COLUMNS)?;
    for agent in AGENTS.iter().chain(&OUTSIDERS) {
        table.row(&[
            CellValue::Text(agent.shop),
            CellValue::Text(agent.id),
            CellValue::Text(agent.name),
            CellValue::Text(agent.team),
            CellValue::Text(agent.role.id()),
            CellValue::Text(agent.person),
            CellValue::Money(agent.hourly_cost),
            CellValue::Text(agent.commission_rate),
            CellValue::Text(agent.hired_on),
            CellValue::Text(agent.from),
            CellValue::Text(agent.to),
        ])?;
    }
    table.close()
}

fn write_blocklist(out: &Path) -> GenerateResult<u64> {
    let mut table = FILE_OPTIONS.create(out, "blocklist", &BLOCKLIST_COLUMNS)?;
    for blocked in &BLOCKLIST {
        table.row(&[blocked.shop, blocked.buyer, blocked.from, blocked.to, blocked.reason].map(CellValue::Text))?;
    }
    table.close()
}

fn write_standards(out: &Path) -> GenerateResult<u64> {
    let mut table = FILE_OPTIONS.create(out, "standards", &columns::STANDARDS)?;
    for (place, category) in CATEGORIES.into_iter().enumerate() {
        for &(metric, standards, better) in &STANDARDS {
            table.row(&[category, metric, standards[place], better].map(CellValue::Text))?;
        }
    }
    table.close()
}

fn write_targets(out: &Path) -> GenerateResult<u64> {
    let mut table = FILE_OPTIONS.create(out, "targets", &TARGET_COLUMNS)?;
    for &(shop, agent, metric, september, october) in &TARGETS {
        table.row(&[shop, agent, "2026-09", metric, september].map(CellValue::Text))?;
        if let Some(october) = october {
            table.row(&[shop, agent, "2026-10", metric, october].map(CellValue::Text))?;
        }
    }
    table.close()
}

/// Writes a table of which all is said already.
fn write_rows(out: &Path, stem: &str, columns: &'static [ColumnSpec], rows: &[[&str; 3]]) -> GenerateResult<u64> {
    let mut table = FILE_OPTIONS.create(out, stem, columns)?;
    for &row in rows {
        table.row(&row.map(CellValue::Text))?;
    }
    table.close()
}

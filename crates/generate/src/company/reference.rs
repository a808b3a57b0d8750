//! The small tables that people keep by hand: shops, staff, blocklist, standards, targets, trainings.

use std::path::Path;

use super::files::FILE_OPTIONS;
use super::people::{
    AGENTS, BLOCKLIST, BRANCHES, CHENMO, FANGYU, GAOYUAN, HEXUE, HEXUE_TOO, LINXI, LUOJIA, OUTSIDERS, QINGMANG, SHOPS, SUTONG, WUHAN,
    XIAOMAI, XUNING, YUNDUO, ZHOUQI,
};
use crate::columns;
use crate::error::GenerateResult;
use crate::summary::GeneratedSummary;
use crate::table::{CellValue, ColumnSpec, name};

/// One row per blocked buyer.
static BLOCKLIST_COLUMNS: [ColumnSpec; 5] = [name("shop_id"), name("buyer_id"), name("from"), name("to"), name("reason")];
/// One row per agent, month and metric.
static TARGET_COLUMNS: [ColumnSpec; 5] = [name("shop_id"), name("agent_id"), name("month"), name("metric"), name("target")];

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
static TARGETS: [AgentTarget; 11] = [
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
];

/// One training in the middle of the five weeks, which the slowest agents of two shops take.
static TRAININGS: [[&str; 3]; 2] = [[ZHOUQI, "2026-09-17", "快捷短语与响应速度"], [GAOYUAN, "2026-09-17", "快捷短语与响应速度"]];

/// Writes the small tables and adds them to the summary.
pub(super) fn write(out: &Path, summary: &mut GeneratedSummary) -> GenerateResult<()> {
    summary.add_file(write_shops(out)?);
    summary.add_file(write_staff(out)?);
    summary.add_file(write_blocklist(out)?);
    summary.add_file(write_standards(out)?);
    summary.add_file(write_targets(out)?);
    summary.add_file(write_trainings(out)?);
    Ok(())
}

fn write_shops(out: &Path) -> GenerateResult<u64> {
    let mut table = FILE_OPTIONS.create(out, "shops", &columns::SHOPS)?;
    for shop in &SHOPS {
        table.row(&[shop.id, shop.platform, shop.name, shop.category].map(CellValue::Text))?;
    }
    for branch in &BRANCHES {
        table.row(&[branch.id, branch.platform, branch.name, branch.category].map(CellValue::Text))?;
    }
    table.close()
}

fn write_staff(out: &Path) -> GenerateResult<u64> {
    let mut table = FILE_OPTIONS.create(out, "staff", &columns::STAFF)?;
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

fn write_trainings(out: &Path) -> GenerateResult<u64> {
    let mut table = FILE_OPTIONS.create(out, "trainings", &columns::TRAININGS)?;
    for &training in &TRAININGS {
        table.row(&training.map(CellValue::Text))?;
    }
    table.close()
}

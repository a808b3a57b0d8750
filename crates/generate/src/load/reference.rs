//! The small tables beside the large ones: shops, staff, visits, videos, standards, targets and trainings, always as CSV.

use jiff::tz::Offset;

use super::population::Population;
use super::spec::LoadSpec;
use super::videos;
use crate::clock;
use crate::columns;
use crate::error::GenerateResult;
use crate::rng::{SeededRng, scramble};
use crate::summary::GeneratedSummary;
use crate::table::{CellValue, ColumnSpec, RowWriter, int, money, name};
use crate::table_file::TableFileOptions;

/// One row per shop.
static SHOPS: [ColumnSpec; 4] = [name("shop_id"), name("platform"), name("name"), name("category")];
/// One row per agent account.
static STAFF: [ColumnSpec; 9] = [
    name("shop_id"),
    name("agent_id"),
    name("name"),
    name("team"),
    name("role"),
    name("person_id"),
    money("hourly_cost"),
    name("commission_rate"),
    name("hired_on"),
];
/// One row per agent, month and metric.
static TARGETS: [ColumnSpec; 5] = [name("shop_id"), name("agent_id"), name("month"), name("metric"), int("target")];

const CATEGORIES: [&str; 6] = ["女装", "家纺", "童鞋", "食品", "数码", "美妆"];
const SURNAMES: [&str; 12] = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙"];
const GIVEN: [&str; 12] = ["敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "娟", "涛", "倩", "晨"];
/// Metric, standard and which way is better. They are the same in every category.
const STANDARDS: [[&str; 3]; 8] = [
    ["atv", "150", "high"],
    ["items_per_buyer", "1.2", "high"],
    ["pay_final_rate", "0.1", "high"],
    ["answer_ask_ratio", "0.9", "high"],
    ["reply_rate", "0.97", "high"],
    ["first_resp_avg_s", "60", "low"],
    ["resp_avg_s", "75", "low"],
    ["good_rate", "0.85", "high"],
];
const HIRED: [&str; 4] = ["2023-03-06", "2024-06-17", "2025-02-10", "2026-04-01"];

/// Writes the small tables and adds them to the summary.
pub(super) fn write(spec: &LoadSpec, population: &Population, summary: &mut GeneratedSummary) -> GenerateResult<()> {
    summary.add_file(write_shops(spec, population)?);
    summary.add_file(write_staff(spec, population)?);
    summary.add_file(write_visits(spec, population)?);
    summary.add_file(videos::write(spec, population)?);
    summary.add_file(write_standards(spec)?);
    summary.add_file(write_targets(spec, population)?);
    summary.add_file(write_trainings(spec, population)?);
    Ok(())
}

fn create(spec: &LoadSpec, stem: &str, columns: &'static [ColumnSpec]) -> GenerateResult<Box<dyn RowWriter>> {
    TableFileOptions::csv(spec.encoding, Offset::UTC).create(&spec.out, stem, columns)
}

fn write_shops(spec: &LoadSpec, population: &Population) -> GenerateResult<u64> {
    let mut table = create(spec, "shops", &SHOPS)?;
    for (rank, shop) in population.shops.iter().enumerate() {
        let title = format!("店铺{:04}", rank + 1);
        let category = CATEGORIES[rank % CATEGORIES.len()];
        let cells = [&shop.id, shop.platform, &title, category];
        table.row(&cells.map(CellValue::Text))?;
    }
    table.close()
}

fn write_staff(spec: &LoadSpec, population: &Population) -> GenerateResult<u64> {
    let mut table = create(spec, "staff", &STAFF)?;
    let mut person = 0;
    for shop in &population.shops {
        for agent in &shop.agents {
            person += 1;
            let lot = scramble(person) as usize;
            let name = format!("{}{}", SURNAMES[lot % 12], GIVEN[lot / 12 % 12]);
            let (team, role) = if lot.is_multiple_of(3) { ("售后组", "aftersale") } else { ("售前组", "presale") };
            table.row(&[
                CellValue::Text(&shop.id),
                CellValue::Text(agent),
                CellValue::Text(&name),
                CellValue::Text(team),
                CellValue::Text(role),
                CellValue::Text(&format!("p{person:05}")),
                CellValue::Money(2_500 + (lot % 15) as i64 * 100),
                CellValue::Text(["0.005", "0.01", "0.015"][lot % 3]),
                CellValue::Text(HIRED[lot % HIRED.len()]),
            ])?;
        }
    }
    table.close()
}

/// Writes the visitors of each shop and day, of whom about one in eight asks something.
fn write_visits(spec: &LoadSpec, population: &Population) -> GenerateResult<u64> {
    let mut table = create(spec, "visits", &columns::VISITS)?;
    let mut rng = SeededRng::new(spec.seed ^ 0x7669_7369_7473);
    for number in 0..spec.days {
        let date = clock::days_after(spec.from, number)?.to_string();
        for shop in &population.shops {
            let visitors = shop.chats as i64 * rng.between(70, 90) / 10;
            table.row(&[
                CellValue::Text(&shop.id),
                CellValue::Text(&date),
                CellValue::Int(visitors),
                CellValue::Int(visitors * rng.between(25, 40) / 10),
            ])?;
        }
    }
    table.close()
}

fn write_standards(spec: &LoadSpec) -> GenerateResult<u64> {
    let mut table = create(spec, "standards", &columns::STANDARDS)?;
    for category in CATEGORIES {
        for [metric, standard, better] in STANDARDS {
            table.row(&[category, metric, standard, better].map(CellValue::Text))?;
        }
    }
    table.close()
}

/// Writes what each agent is expected to sell in each month that the logs touch.
fn write_targets(spec: &LoadSpec, population: &Population) -> GenerateResult<u64> {
    let mut table = create(spec, "targets", &TARGETS)?;
    let months = months(spec)?;
    for shop in &population.shops {
        for (number, agent) in (1..).zip(&shop.agents) {
            let yuan = 10_000 + (scramble(number) % 40) as i64 * 500;
            for month in &months {
                let keys = [shop.id.as_str(), agent, month, "sales_amount"].map(CellValue::Text);
                table.row(&[keys.as_slice(), &[CellValue::Int(yuan)]].concat())?;
            }
        }
    }
    table.close()
}

/// The months that the logs touch, as 2026-09.
fn months(spec: &LoadSpec) -> GenerateResult<Vec<String>> {
    let mut months = Vec::new();
    for number in 0..spec.days {
        let date = clock::days_after(spec.from, number)?;
        let month = format!("{:04}-{:02}", date.year(), date.month());
        if months.last() != Some(&month) {
            months.push(month);
        }
    }
    Ok(months)
}

/// Writes one training, which the first agent of every shop takes in the middle of the logs.
fn write_trainings(spec: &LoadSpec, population: &Population) -> GenerateResult<u64> {
    let mut table = create(spec, "trainings", &columns::TRAININGS)?;
    let date = clock::days_after(spec.from, spec.days / 2)?.to_string();
    for agent in population.shops.iter().filter_map(|shop| shop.agents.first()) {
        table.row(&[agent.as_str(), &date, "响应速度"].map(CellValue::Text))?;
    }
    table.close()
}

//! The small tables beside large logs: shops, staff, visitors, standards, targets, trainings; always CSV.

use jiff::tz::Offset;

use super::population::Population;
use super::videos;
use crate::columns;
use crate::dice::{Dice, scatter};
use crate::error::Result;
use crate::table::{Cell, Column, Shape, Table, int, name};
use crate::{Spec, Summary, clock};

static TARGET: [Column; 5] = [name("shop_id"), name("agent_id"), name("month"), name("metric"), int("target")];

const CATEGORIES: [&str; 6] = ["女装", "家纺", "童鞋", "食品", "数码", "美妆"];
const SURNAMES: [&str; 12] = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙"];
const GIVEN: [&str; 12] = ["敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "娟", "涛", "倩", "晨"];
/// Metric, standard, which way is better: the same in every category.
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

pub(super) fn write(spec: &Spec, population: &Population, summary: &mut Summary) -> Result<()> {
    summary.add_file(write_shops(spec, population)?);
    summary.add_file(write_staff(spec, population)?);
    summary.add_file(write_visits(spec, population)?);
    summary.add_file(videos::write(spec, population)?);
    summary.add_file(write_standards(spec)?);
    summary.add_file(write_targets(spec, population)?);
    summary.add_file(write_trainings(spec, population)?);
    Ok(())
}

fn create(spec: &Spec, stem: &str, columns: &'static [Column]) -> Result<Box<dyn Table>> {
    Shape::csv(spec.encoding, Offset::UTC).create(&spec.out, stem, columns)
}

fn write_shops(spec: &Spec, population: &Population) -> Result<u64> {
    let mut table = create(spec, "shops", &columns::SHOPS)?;
    for (rank, shop) in population.shops.iter().enumerate() {
        let title = format!("店铺{:04}", rank + 1);
        let category = CATEGORIES[rank % CATEGORIES.len()];
        let cells = [&shop.id, shop.platform, &title, category];
        table.row(&cells.map(Cell::Text))?;
    }
    table.close()
}

fn write_staff(spec: &Spec, population: &Population) -> Result<u64> {
    let mut table = create(spec, "staff", &columns::STAFF)?;
    let mut person = 0;
    for shop in &population.shops {
        for agent in &shop.agents {
            person += 1;
            let lot = scatter(person) as usize;
            let name = format!("{}{}", SURNAMES[lot % 12], GIVEN[lot / 12 % 12]);
            let (team, role) = if lot.is_multiple_of(3) { ("售后组", "aftersale") } else { ("售前组", "presale") };
            table.row(&[
                Cell::Text(&shop.id),
                Cell::Text(agent),
                Cell::Text(&name),
                Cell::Text(team),
                Cell::Text(role),
                Cell::Text(&format!("p{person:05}")),
                Cell::Money(2_500 + (lot % 15) as i64 * 100),
                Cell::Text(["0.005", "0.01", "0.015"][lot % 3]),
                Cell::Text(HIRED[lot % HIRED.len()]),
            ])?;
        }
    }
    table.close()
}

/// About one visitor in eight asks something.
fn write_visits(spec: &Spec, population: &Population) -> Result<u64> {
    let mut table = create(spec, "visits", &columns::VISITS)?;
    let mut dice = Dice::new(spec.seed ^ 0x7669_7369_7473);
    for number in 0..spec.days {
        let date = clock::days_after(spec.from, number)?.to_string();
        for shop in &population.shops {
            let visitors = shop.chats as i64 * dice.between(70, 90) / 10;
            table.row(&[Cell::Text(&shop.id), Cell::Text(&date), Cell::Int(visitors), Cell::Int(visitors * dice.between(25, 40) / 10)])?;
        }
    }
    table.close()
}

fn write_standards(spec: &Spec) -> Result<u64> {
    let mut table = create(spec, "standards", &columns::STANDARDS)?;
    for category in CATEGORIES {
        for [metric, standard, better] in STANDARDS {
            table.row(&[category, metric, standard, better].map(Cell::Text))?;
        }
    }
    table.close()
}

/// What every agent shall sell in each month that the logs touch.
fn write_targets(spec: &Spec, population: &Population) -> Result<u64> {
    let mut table = create(spec, "targets", &TARGET)?;
    let months = months(spec)?;
    for shop in &population.shops {
        for (number, agent) in (1..).zip(&shop.agents) {
            let yuan = 10_000 + (scatter(number) % 40) as i64 * 500;
            for month in &months {
                let keys = [shop.id.as_str(), agent, month, "sales_amount"].map(Cell::Text);
                table.row(&[keys.as_slice(), &[Cell::Int(yuan)]].concat())?;
            }
        }
    }
    table.close()
}

/// 2026-09, 2026-10, …
fn months(spec: &Spec) -> Result<Vec<String>> {
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

/// One training, of the first agent of every shop, in the middle of the logs.
fn write_trainings(spec: &Spec, population: &Population) -> Result<u64> {
    let mut table = create(spec, "trainings", &columns::TRAININGS)?;
    let date = clock::days_after(spec.from, spec.days / 2)?.to_string();
    for agent in population.shops.iter().filter_map(|shop| shop.agents.first()) {
        table.row(&[agent.as_str(), &date, "响应速度"].map(Cell::Text))?;
    }
    table.close()
}

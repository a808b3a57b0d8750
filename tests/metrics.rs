//! The declarations: each one's worked example through the whole pipeline, and what must hold of all of them.

use crate::oracle::{self, Input};
use crate::oracle_service;
use crate::support::given::{self, Given};
use crate::support::scratch::scratch;
use crate::support::tables::{Key, Row, Tables, number};
use crate::support::{compare, day, script, service};
use kefu::metrics;
use kefu::metrics::declaration::{Formula, Metric, MetricUnit};
use kefu::metrics::examples::Log;
use kefu::model::Level;
use kefu_kernel::rules::Rules;
use std::collections::{BTreeMap, BTreeSet};

const DAY: &str = "2026-09-01";
/// The day and the ninety after it have landed.
const LANDED: &str = "2026-11-30";

/// Every log the examples name, once.
fn logs() -> BTreeMap<&'static str, &'static Log> {
    metrics::all().iter().map(|metric| (metric.example.log.name, metric.example.log)).collect()
}

/// All logs as one: each is a shop of its own, and no metric looks across shops.
fn input(logs: &BTreeMap<&'static str, &'static Log>) -> Input {
    let mut input = given::input(DAY, DAY);
    let (mut orders, mut visits) = (Vec::new(), Vec::new());
    for (shop, log) in logs {
        input.lines.extend(log.lines.iter().map(|line| script::line(line, day(DAY), shop)));
        orders.extend(log.orders.iter().map(|order| script::order(order, day(DAY), shop)));
        visits.extend(log.visitors.map(|visitors| ((*shop).to_owned(), day(DAY), visitors)));
        input.blocklist.extend(log.blocked.map(|buyer| ((*shop).to_owned(), buyer.to_owned(), None, None)));
    }
    Input { orders: Some(orders), visits: Some(visits), ..input }
}

/// By level and period.
fn reports() -> BTreeMap<(&'static str, &'static str), BTreeMap<Key, Row>> {
    let folder = scratch();
    let logs = logs();
    let tables = logs.iter().flat_map(|(shop, log)| log.tables.iter().map(|(table, rows)| script::table(table, rows, day(DAY), shop)));
    let given = Given { tables: tables.collect(), ..Given::new(input(&logs)) };
    let pipeline = given.in_file_order().write(folder.path());
    let plan = given::plan(&pipeline, "memory:///");
    given::run_days(&plan, day(DAY), day(DAY), Some(day(LANDED)));
    let tables = Tables::of(&plan.output);
    let each = Level::ALL.into_iter().flat_map(|level| ["day", "month"].map(|period| (level.name(), period)));
    each.map(|of| (of, tables.report(of.0, of.1))).collect()
}

/// Cells are published in their unit: money in yuan, `*_ms_*` in ms, the rest as it is.
#[test]
fn every_worked_example_comes_out() {
    let reports = reports();
    for metric in metrics::all() {
        let example = &metric.example;
        let level = if example.agent.is_some() { Level::Agent } else { Level::Shop };
        assert!(metric.levels.contains(&level), "{}: its example is of another level", metric.id);
        let key = (day(DAY), example.log.name.to_owned(), example.agent.map(str::to_owned));
        let row = reports[&(level.name(), example.period)].get(&key).unwrap_or_else(|| panic!("{}: no row {key:?}", metric.id));
        let got = number(row, &metric.id);
        assert!(
            got.is_some_and(|got| compare::is_close(&metric.id, example.value, got)),
            "{} in \"{}\" for {:?} is {got:?}, not {}",
            metric.id,
            example.log.name,
            example.agent,
            example.value
        );
    }
}

fn each_of_a_level() -> impl Iterator<Item = (Level, &'static Metric)> {
    Level::REPORTED.into_iter().flat_map(|level| metrics::of_level(level).map(move |metric| (level, metric)))
}

#[test]
fn an_id_is_declared_once_a_level() {
    let mut seen = BTreeSet::new();
    for (level, metric) in each_of_a_level() {
        assert!(seen.insert((level, metric.id.as_str())), "{} is declared twice", metric.id);
    }
    assert!(seen.len() > 150, "where are the declarations?");
}

#[test]
fn ids_are_ascii_snake_case() {
    for metric in metrics::all() {
        let id = metric.id.as_str();
        let plain = id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        assert!(plain && id.as_bytes()[0].is_ascii_lowercase() && !id.contains("__") && !id.ends_with('_'), "{id}");
    }
}

#[test]
fn every_declaration_is_told_in_chinese_and_english() {
    let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    for metric in metrics::all() {
        assert!(!metric.levels.is_empty() && !metric.family.is_empty() && !metric.source.is_empty(), "{}", metric.id);
        for (what, text) in [("name", metric.name), ("about", metric.about)] {
            assert!(is_chinese(text.zh), "{}: {what} in Chinese is {:?}", metric.id, text.zh);
            assert!(!text.en.trim().is_empty() && !is_chinese(text.en), "{}: {what} in English is {:?}", metric.id, text.en);
        }
    }
}

/// What a formula names is declared at the level it is looked up at, so that no ratio is silently null.
#[test]
fn the_parts_of_every_formula_exist() {
    for (level, metric) in each_of_a_level() {
        for (level, part) in parts(level, metric) {
            assert!(metrics::find(level, &part).is_some(), "{} names {part}, which {} lacks", metric.id, level.name());
        }
    }
}

fn parts(level: Level, metric: &Metric) -> Vec<(Level, String)> {
    match &metric.formula {
        Formula::Sum(..) | Formula::Max(..) | Formula::Last(..) | Formula::Persons(..) | Formula::Target(_) => vec![],
        Formula::Told(_, _, rows) => vec![(level, rows.clone())],
        Formula::Ratio(a, b) | Formula::Difference(a, b) => vec![(level, a.clone()), (level, b.clone())],
        Formula::DailyRatio(a, b, days) => vec![(level, a.clone()), (level, b.clone()), (level, days.clone())],
        Formula::OfShop(a, b) => vec![(level, a.clone()), (Level::Shop, b.clone())],
        Formula::AtRate(a, _) => vec![(if level == Level::Shop { Level::Agent } else { level }, a.clone())],
        Formula::InSeconds(a) | Formula::Percentile { max: a, .. } => vec![(level, a.clone())],
        Formula::Same(name) => vec![(level, name(&Rules::default()))],
    }
}

/// A reader knows the unit from the ending, and the type from the unit.
#[test]
fn endings_tell_the_unit() {
    for metric in metrics::all() {
        // What all-day metrics are called stands before `_assessed`.
        let id = metric.id.strip_suffix("_assessed").unwrap_or(&metric.id);
        let ending = id.rsplit('_').next().unwrap();
        let fits = match ending {
            "s" | "online" | "offline" => metric.unit == MetricUnit::Seconds,
            "h" | "hours" => metric.unit == MetricUnit::Hours,
            "rate" | "share" => metric.unit == MetricUnit::Rate,
            "amount" => metric.unit == MetricUnit::Money,
            "qty" => metric.unit == MetricUnit::Quantity,
            "buyers" | "orders" | "sessions" | "receptions" | "msgs" | "days" | "rounds" | "asks" => metric.unit == MetricUnit::Count,
            _ => !matches!(metric.unit, MetricUnit::Seconds | MetricUnit::Hours | MetricUnit::Rate),
        };
        assert!(fits, "{} in {}", metric.id, metric.unit.name());
        assert_eq!(metric.unit == MetricUnit::Milliseconds, id.contains("_ms_"), "{} in {}", metric.id, metric.unit.name());
    }
}

/// A component is there for a ratio; a metric is what the catalogue lists, and one of the two oracles computes it.
#[test]
fn the_oracle_knows_every_metric_and_no_other() {
    let mut input = given::input(DAY, DAY);
    input.lines.push(script::line("10:00:00 s1 b1 buyer>A 在吗", day(DAY), "s1"));
    for (level, of_oracle) in [(Level::Shop, oracle::Level::Shop), (Level::Agent, oracle::Level::Agent)] {
        let report = oracle::report(&input, &oracle::Rules::default(), of_oracle, oracle::Period::Day);
        let declared =
            metrics::of_level(level).filter(|metric| !metric.component).map(|metric| metric.id.as_str()).collect::<BTreeSet<_>>();
        let of_service = oracle_service::ids(level == Level::Agent).into_iter();
        let of_service = of_service.filter(|id| service::ALL_DECLARED || declared.contains(id));
        let known = report.values().next().unwrap().keys().copied().chain(of_service).collect::<BTreeSet<_>>();
        assert_eq!(declared, known, "{}", level.name());
    }
}

#[test]
fn a_component_is_part_of_something() {
    let named = each_of_a_level().flat_map(|(level, metric)| parts(level, metric)).map(|(_, part)| part).collect::<BTreeSet<_>>();
    for metric in metrics::all().iter().filter(|metric| metric.component) {
        assert!(named.contains(&metric.id), "{} is in no formula", metric.id);
    }
}

/// A ratio's parts are published beside it, so that any tool can roll it up further.
#[test]
fn every_ratio_can_be_made_again_from_the_columns_beside_it() {
    for ((level, _), report) in reports() {
        let level = if level == "shop" { Level::Shop } else { Level::Agent };
        for (metric, (over, under)) in metrics::of_level(level).filter_map(|metric| Some((metric, quotient(metric)?))) {
            for row in report.values() {
                let scale = unit_scale(level, over) / unit_scale(level, under) * metric.unit.of_quotient();
                let expected = number(row, over).zip(number(row, under)).filter(|(_, under)| *under != 0.0);
                let expected = expected.map(|(over, under)| over / under / scale);
                assert!(compare::agrees(&metric.id, expected, number(row, &metric.id)), "{}", metric.id);
            }
        }
    }
}

fn quotient(metric: &Metric) -> Option<(&str, &str)> {
    match &metric.formula {
        Formula::Ratio(over, under) => Some((over, under)),
        _ => None,
    }
}

/// Times are published in ms and their means in s; money is yuan on both sides.
fn unit_scale(level: Level, id: &str) -> f64 {
    let ms = metrics::find(level, id).is_some_and(|metric| metric.unit == MetricUnit::Milliseconds);
    if ms { 1000.0 } else { 1.0 }
}

//! Small logs with the numbers they must give: a table of examples, each a shop of its own, and a test for each.
//!
//! Lines and orders are in the short form of `support::script`; day 0 is Monday 7 September 2026. `40x` before a line or a buyer repeats
//! it, lines a second apart, with `{n}` counted from 0. Examples under one rule set share a run of the whole pipeline.

use super::given::{self, Given};
use super::tables::{Key, Row, number};
use super::{compare, day, script};
use crate::oracle::Line;
use std::collections::{BTreeMap, BTreeSet};

const MONDAY: &str = "2026-09-07";
const SUNDAY: &str = "2026-09-13";

pub(crate) struct Example {
    pub name: &'static str,
    pub rules: &'static str,
    /// A buyer, and the first and last day of its block if it has them: `b1 0 2`.
    pub blocked: &'static [&'static str],
    pub lines: &'static [&'static str],
    pub orders: &'static [&'static str],
    /// Further tables by name, as in `kefu::metrics::examples`.
    pub tables: &'static [(&'static str, &'static [&'static str])],
}

/// `period row metric` and its value: `day shop resp_avg_s`. A day is Monday's.
pub(crate) type Expected = (&'static str, f64);

pub(crate) type Reports = BTreeMap<&'static str, BTreeMap<Key, Row>>;

/// The reports of every rule set the examples name, by rules.
pub(crate) fn run(examples: &'static [Example]) -> BTreeMap<&'static str, Reports> {
    let rules = examples.iter().map(|example| example.rules).collect::<BTreeSet<_>>();
    let of = |rules| examples.iter().filter(move |example| example.rules == rules);
    rules.into_iter().map(|rules| (rules, reports(rules, of(rules)))).collect()
}

fn reports(rules: &str, examples: impl Iterator<Item = &'static Example>) -> Reports {
    let mut input = given::input(MONDAY, SUNDAY);
    let (mut orders, mut tables) = (Vec::new(), Vec::new());
    for example in examples {
        let (base, shop) = (input.first_day, example.name);
        for line in example.lines {
            input.lines.extend(repeated(line, |line, second| later(script::line(line, base, shop), second)));
        }
        orders.extend(example.orders.iter().map(|order| script::order(order, base, shop)));
        tables.extend(example.tables.iter().map(|(table, rows)| script::table(table, rows, base, shop)));
        for blocked in example.blocked {
            input.blocklist.extend(repeated(blocked, |blocked, _| block(blocked, base, shop)));
        }
    }
    input.orders = Some(orders);
    let tables = Given { rules: rules.to_owned(), tables, ..Given::new(input) }.in_file_order().run();
    let of = |name: &'static str, level, period| (name, tables.report(level, period));
    [of("day shop", "shop", "day"), of("day agent", "agent", "day"), of("week shop", "shop", "week"), of("week agent", "agent", "week")]
        .into()
}

/// The text as often as its `40x` says, with its number.
fn repeated<T>(text: &str, of: impl Fn(&str, i64) -> T) -> Vec<T> {
    let (count, text) = match text.split_once("x ") {
        Some((count, rest)) if count.parse::<i64>().is_ok() => (count.parse().unwrap(), rest),
        _ => (1, text),
    };
    (0..count).map(|n| of(&text.replace("{n}", &n.to_string()), n)).collect()
}

fn later(line: Line, seconds: i64) -> Line {
    Line { sent_at: line.sent_at + seconds * 1000, ..line }
}

fn block(text: &str, base: i64, shop: &str) -> (String, String, Option<i64>, Option<i64>) {
    let mut words = text.split(' ');
    let buyer = words.next().unwrap().to_owned();
    let mut bound = || words.next().map(|day| base + day.parse::<i64>().unwrap());
    (shop.to_owned(), buyer, bound(), bound())
}

pub(crate) fn check(example: &Example, reports: &BTreeMap<&str, Reports>, expected: &[Expected]) {
    for (cell, value) in expected {
        let [period, row, metric] = [0, 1, 2].map(|word| cell.split(' ').nth(word).unwrap());
        let level = if row == "shop" { "shop" } else { "agent" };
        let key = (day(MONDAY), example.name.to_owned(), (row != "shop").then(|| row.to_owned()));
        let report = &reports[example.rules][format!("{period} {level}").as_str()];
        let row = report.get(&key).unwrap_or_else(|| panic!("no row {key:?}"));
        let got = number(row, metric);
        assert!(got.is_some_and(|got| compare::is_close(metric, *value, got)), "{}: {cell} is {got:?}, not {value}", example.name);
    }
}

/// A table of examples, a test for each.
macro_rules! examples {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $value:expr,)* } gives $expected:expr;)*) => {
        static EXAMPLES: &[$crate::support::example::Example] = &[$($crate::support::example::Example {
            $($field: $value,)*
            ..$crate::support::example::Example { name: stringify!($name), rules: "", blocked: &[], lines: &[], orders: &[], tables: &[] }
        }),*];

        /// One run of the pipeline for each rule set.
        static REPORTS: std::sync::LazyLock<std::collections::BTreeMap<&'static str, $crate::support::example::Reports>> =
            std::sync::LazyLock::new(|| $crate::support::example::run(EXAMPLES));

        $($(#[$doc])* #[test] fn $name() {
            let example = EXAMPLES.iter().find(|example| example.name == stringify!($name)).unwrap();
            $crate::support::example::check(example, &REPORTS, &$expected);
        })*
    };
}
pub(crate) use examples;

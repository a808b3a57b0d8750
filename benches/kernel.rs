//! What a change shows in: the kernel per line, the merge of a day's states into five periods, the attribution join.
//! `cargo bench --bench kernel`
#![expect(clippy::expect_used, reason = "a bench that cannot go on has failed")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use kefu::config::ShopSetMembers;
use kefu::config::{Overrides, Plan};
use kefu::facts;
use kefu::frames::collect;
use kefu::ingest;
use kefu::model::Level;
use kefu::run::{RunRequest, run};
use kefu::state::StateStore;
use kefu::state::{LevelRollup, StateKind, StatePart};
use kefu_generate::{FileFormat, LoadSpec, TextCompression, TextEncoding};
use kefu_kernel::calendar::{Calendar, Day};
use kefu_kernel::day_rules::DayRules;
use kefu_kernel::line::{ChatLine, LineKind};
use kefu_kernel::replay;
use kefu_kernel::rules::Rules;
use polars::prelude::IntoLazy;

const PIPELINE: &str = r#"
name = "bench"
input = "."
output = "out"
[messages]
path = "messages/date={date}/*.parquet"
[orders]
path = "orders/date={date}/*.parquet"
[quality]
on_missing = "empty"
"#;

/// A conversation of a waiting, a handed-over and an answered round.
fn lines() -> Vec<ChatLine> {
    let line = |at: i64, kind, agent| ChatLine {
        sent_at: 36_000_000 + at * 1000,
        conversation: 1,
        session: 1,
        agent,
        kind,
        ..ChatLine::default()
    };
    [0, 40, 300, 900]
        .iter()
        .flat_map(|start| {
            [
                line(*start, LineKind::Buyer, 0),
                line(start + 5, LineKind::Buyer, 0),
                line(start + 9, LineKind::Assign, 1),
                line(start + 20, LineKind::Reply, 1),
                line(start + 22, LineKind::Buyer, 1),
                line(start + 25, LineKind::Transfer, 2),
                line(start + 31, LineKind::Reply, 2),
                line(start + 33, LineKind::Reply, 2),
            ]
        })
        .collect()
}

fn kernel(c: &mut Criterion) {
    let rules = Rules::default();
    let calendar =
        Calendar { zone: TimeZone::UTC, day_starts_at: Time::midnight(), week_starts_on: Weekday::Monday, fiscal_year_starts_in: 1 };
    let Ok(wall_clock) = calendar.wall_clock(Day(0)) else { return };
    let hours = 28_800_000..82_800_000;
    let day = DayRules { rules: &rules, starts_at: 0, wall_clock, assessed: vec![hours] };
    let lines = lines();
    let mut group = c.benchmark_group("kernel");
    group.throughput(Throughput::Elements(lines.len() as u64));
    group.bench_function("replay, per line", |b| b.iter(|| replay::replay(std::hint::black_box(&lines), &day)));
    group.finish();
}

/// One generated day of 200 000 lines, run once.
fn states(c: &mut Criterion) {
    let place = tempfile::tempdir().expect("a folder for the logs");
    let out = place.path().to_owned();
    let from = "2026-09-01".parse().expect("a date");
    let (format, compression, encoding) = (FileFormat::Parquet, TextCompression::None, TextEncoding::Utf8);
    let (days, shops, giant_percent, messages_per_day, seed) = (1, 50, Some(30), 200_000, 1);
    kefu_generate::write_load(&LoadSpec { out, from, days, shops, giant_percent, messages_per_day, seed, format, compression, encoding })
        .expect("logs");
    let pipeline = place.path().join("pipeline.toml");
    std::fs::write(&pipeline, PIPELINE).expect("a pipeline file");
    let plan = Plan::load(Some(&pipeline), &Overrides::default()).expect("a plan");
    let day = Day::from(from);
    let started = "2026-09-02T00:00:00Z".parse().expect("an instant");
    run(&plan, &RunRequest { jobs: 1, ..RunRequest::new(day, day, started) }).expect("a run");
    let states = StateStore::new(&std::sync::Arc::new(
        kefu::staging::StagingArea::open(
            &plan.output,
            std::sync::Arc::default(),
            std::collections::BTreeSet::new(),
            std::sync::Arc::default(),
        )
        .expect("a stage"),
    ));
    merge(c, &states, day);
    attribution(c, &plan, &states, day);
}

fn merge(c: &mut Criterion, states: &StateStore, day: Day) {
    // Five periods that began on different days.
    let stretches = [0, 1, 2, 3, 4].map(|earlier| (day.plus(-earlier), day));
    let rows = StateKind::of(StatePart::Chats).iter().flat_map(|kind| {
        let name = (day, StatePart::Chats, Level::Agent, *kind);
        let pieces = states.rows(name, &ShopSetMembers::everyone()).expect("a state");
        pieces.map(|rows| (*kind, rows.expect("rows")))
    });
    let rows = rows.collect::<Vec<_>>();
    let merged = |mut ledger: LevelRollup| {
        rows.iter().for_each(|(kind, rows)| ledger.add(&stretches, StatePart::Chats, *kind, rows));
        ledger
    };
    c.bench_function("merge a day's agent states into five periods", |b| {
        b.iter_batched(|| LevelRollup::new(Level::Agent), merged, BatchSize::LargeInput)
    });
}

fn attribution(c: &mut Criterion, plan: &Plan, states: &StateStore, day: Day) {
    let orders = ingest::read_orders(plan, day, day, i64::MAX, Some((day, day))).expect("orders").expect("a table of orders");
    let instants = facts::instants(&orders, &plan.calendar, plan.rules.rules(0), day).expect("instants");
    let instants = collect(instants).expect("instants");
    let windows = facts::AttributionWindows::of(&instants, plan.rules.widest.credit_lookback.0).expect("windows");
    let replies = states.replies(day, &std::sync::Arc::new(windows), 1).expect("the reply index");
    let lines = facts::CreditLines { replies, questions: facts::no_questions().expect("no questions") };
    let instants = instants.lazy();
    let credits = || {
        let query = facts::credits(instants.clone(), &lines, &plan.calendar, plan.rules.rules(0), day, day);
        collect(query.expect("credits")).expect("credits")
    };
    c.bench_function("attribute a day's orders", |b| b.iter(credits));
}

criterion_group!(benches, kernel, states);
criterion_main!(benches);

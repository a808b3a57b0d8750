//! Judgement: worked examples on small reports, and once through the whole pipeline.

use crate::support::given::{self, Given};
use crate::support::place::{PIPELINE, Place};
use crate::support::scratch::scratch;
use crate::support::tables::{Row, Tables, number, rows, text};
use crate::support::{date, day, script};
use arrow::array::{ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray};
use kefu::config;
use kefu::config::{Direction, JudgementConfig, JudgementSettings};
use kefu::ingest::Reference;
use kefu::judgement;
use kefu::judgement::Standard;
use kefu::judgement::spot_checks::SpotChecks;
use kefu::judgement::{FinishedReport, JudgementCase, Standings, Training};
use kefu::model::JudgementTable;
use kefu::model::Level;
use kefu_kernel::calendar::{Day, Period, Span};
use kefu_kernel::rules::Rules;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

const SCORECARDS: &str = include_str!("../src/config/judgement/scorecards.toml");
const FLAGS: &str = include_str!("../src/config/judgement/flags.toml");

fn settings() -> JudgementSettings {
    JudgementSettings {
        scorecards: config::parse_scorecards(SCORECARDS).unwrap(),
        flags: config::parse_flags(FLAGS).unwrap(),
        ..JudgementSettings::load(&JudgementConfig::default(), Path::new("")).unwrap()
    }
}

/// September 2026.
fn month() -> Span {
    Span { period: Period::Month, first: Day(day("2026-09-01") as i32), last: Day(day("2026-09-30") as i32) }
}

/// A report of September: shop or agent ids, the platform, and numbers; `None` is null.
fn report(level: Level, platform: &str, ids: &[&str], columns: &[(&str, &[Option<f64>])]) -> FinishedReport {
    let texts = |text: &str| Arc::new(StringArray::from(vec![text; ids.len()])) as ArrayRef;
    let dates = |day: Day| Arc::new(Date32Array::from(vec![day.0; ids.len()])) as ArrayRef;
    let ids_of = Arc::new(StringArray::from(ids.to_vec())) as ArrayRef;
    let mut all = vec![
        ("report_date", dates(month().first)),
        ("period_end", dates(month().last)),
        ("platform", texts(platform)),
        ("shop_id", if level == Level::Shop { Arc::clone(&ids_of) } else { texts("s1") }),
        ("rule_set", texts("default")),
        ("complete", Arc::new(BooleanArray::from(vec![true; ids.len()])) as ArrayRef),
        ("data_through", dates(month().last)),
    ];
    if level == Level::Agent {
        all.push(("agent_id", ids_of));
    }
    for (name, cells) in columns {
        let money = ["sales_amount", "shop_amount"].contains(name);
        let fen = || cells.iter().map(|cell| cell.map(|yuan| (yuan * 100.0).round() as i128)).collect::<Decimal128Array>();
        let array: ArrayRef =
            if money { Arc::new(fen().with_precision_and_scale(18, 2).unwrap()) } else { Arc::new(Float64Array::from(cells.to_vec())) };
        all.push((name, array));
    }
    FinishedReport::new(level, RecordBatch::try_from_iter(all).unwrap(), &Reference::default())
}

/// The rows of a table made of reports of this month, the month before and the year before.
fn judged(table: JudgementTable, settings: &JudgementSettings, reports: [Vec<FinishedReport>; 3]) -> Vec<Row> {
    let [now, before, year_before] = reports;
    let mut reference = Reference::default();
    reference.shops.entry("s1".into()).or_default().category = Some("家纺".into());
    let standard = |metric: &str, standard, better| Standard { category: "家纺".into(), metric: metric.into(), standard, better };
    let standards = [standard("resp_avg_s", 40.0, Direction::Low), standard("reply_rate", 0.95, Direction::High)];
    let whole = |reports: &[FinishedReport]| {
        let reports = reports.to_vec();
        move |level: Level, _: &[&str]| Ok::<_, kefu::error::Error>(reports.iter().find(|report| report.level == level).cloned())
    };
    let standings = &Standings::of(settings, Period::Month, &whole(&now), &whole(&before)).unwrap();
    let (reference, standards, span) = (&reference, &standards, month());
    let case = JudgementCase { span, now, before, year_before, standings, settings, reference, standards };
    judgement::judge(table, &case).unwrap().flat_map(|piece| rows(&piece.unwrap().rows)).collect()
}

fn find<'r>(rows: &'r [Row], is: &[(&str, &str)]) -> &'r Row {
    let found = rows.iter().find(|row| is.iter().all(|(column, value)| text(row, column).as_deref() == Some(*value)));
    found.unwrap_or_else(|| panic!("no row {is:?}"))
}

fn assert_numbers(row: &Row, expected: &[(&str, Option<f64>)]) {
    for (column, value) in expected {
        let got = number(row, column);
        let close = got.zip(*value).is_some_and(|(got, value)| (got - value).abs() <= 1e-9 * value.abs().max(1.0));
        assert!(close || got.is_none() && value.is_none(), "{column} is {got:?}, not {value:?}");
    }
}

/// 10 after 8 and 0 of a year before: + 2, + 25 %; + 10, no ratio. 100.10 yuan after 99.90: exactly 0.20.
#[test]
fn a_value_is_compared_with_the_period_before_and_the_year_before() {
    let of = |cells: [Option<f64>; 3]| {
        let columns: &[(&str, &[Option<f64>])] =
            &[("receive_buyers", &cells[..1]), ("sales_amount", &cells[1..2]), ("resp_avg_s", &cells[2..])];
        vec![report(Level::Shop, "jd", &["s1"], columns)]
    };
    let now = of([Some(10.0), Some(100.10), None]);
    let rows =
        judged(JudgementTable::Comparison, &settings(), [now, of([Some(8.0), Some(99.90), Some(30.0)]), of([Some(0.0), None, Some(40.0)])]);
    let row = |metric| find(&rows, &[("metric", metric)]);
    let names = ["value", "previous", "difference", "ratio", "year_before", "year_difference", "year_ratio"];
    let expect = |metric, values: [Option<f64>; 7]| {
        assert_numbers(row(metric), &names.into_iter().zip(values).collect::<Vec<_>>());
    };
    expect("receive_buyers", [Some(10.0), Some(8.0), Some(2.0), Some(0.25), Some(0.0), Some(10.0), None]);
    expect("resp_avg_s", [None, Some(30.0), None, None, Some(40.0), None, None]);
    assert_eq!(number(row("sales_amount"), "difference"), Some(0.2), "differences of money are exact");
    assert!(rows.iter().all(|row| text(row, "level").as_deref() == Some("shop")));
    // A shop that was not there before.
    let alone = judged(
        JudgementTable::Comparison,
        &settings(),
        [of([Some(1.0), None, None]), vec![report(Level::Shop, "jd", &["s2"], &[])], vec![]],
    );
    assert_numbers(find(&alone, &[("metric", "receive_buyers")]), &[("value", Some(1.0)), ("previous", None), ("difference", None)]);
}

/// T20: 80 % is second after 95 %, was first before; the mean of 95, 80 and 75 is 83.33 %. Who received nobody takes no part.
#[test]
fn t20_an_agent_at_80_percent_is_second_down_one_and_below_the_mean() {
    let of = |ids: &[&str], rates: &[Option<f64>], receptions: &[Option<f64>]| {
        vec![report(Level::Agent, "douyin", ids, &[("reply_3min_session_rate", rates), ("receptions", receptions)])]
    };
    let now = of(&["A", "B", "C", "idle"], &[Some(0.80), Some(0.95), Some(0.75), Some(1.0)], &[Some(9.0), Some(9.0), Some(9.0), Some(0.0)]);
    let before = of(&["A", "B"], &[Some(0.90), Some(0.85)], &[Some(9.0), Some(9.0)]);
    let rows = judged(JudgementTable::Ranking, &settings(), [now, before, vec![]]);
    let row = |agent, scope| find(&rows, &[("agent_id", agent), ("scope", scope), ("metric", "reply_3min_session_rate")]);
    for (scope, key) in [("shop", "s1"), ("platform", "douyin")] {
        assert_eq!(text(row("A", scope), "scope_key").as_deref(), Some(key));
        let mean = ("mean", Some(2.5 / 3.0));
        assert_numbers(row("A", scope), &[("value", Some(0.8)), ("rank", Some(2.0)), ("change", Some(-1.0)), mean]);
        assert_numbers(row("B", scope), &[("rank", Some(1.0)), ("change", Some(1.0)), mean]);
        assert_numbers(row("C", scope), &[("rank", Some(3.0)), ("change", None), mean]);
    }
    // No team, no rank in one.
    assert!(rows.iter().all(|row| text(row, "scope").as_deref() != Some("team") && text(row, "agent_id").as_deref() != Some("idle")));
}

/// 20, 30, 30, 40 s: 1, 2, 2, 3. Without a value there is a row, no rank, and no part in the mean.
#[test]
fn ties_share_a_rank_and_the_next_follows_without_a_gap() {
    let waits = [Some(30.0), Some(20.0), Some(30.0), Some(40.0), None];
    let now = vec![report(Level::Agent, "jd", &["A", "B", "C", "D", "E"], &[("resp_avg_s", &waits), ("receptions", &[Some(1.0); 5])])];
    let rows = judged(JudgementTable::Ranking, &settings(), [now, vec![], vec![]]);
    for (agent, rank) in [("A", Some(2.0)), ("B", Some(1.0)), ("C", Some(2.0)), ("D", Some(3.0)), ("E", None)] {
        let row = find(&rows, &[("agent_id", agent), ("scope", "shop"), ("metric", "resp_avg_s")]);
        assert_numbers(row, &[("rank", rank), ("mean", Some(30.0)), ("change", None)]);
    }
}

/// T8a: 92 %, 41 %, 255, 97 %, 33 s, full: 25.5 + 16 + 20 + 16 + 5 + 5 = 87.5, silver. T8c: 41.995 % is in [40 %, 45 %).
#[test]
fn t8_a_card_of_bands_gives_87_5_and_silver() {
    let ids = ["target_rate", "pay_final_rate", "atv", "reply_rate", "resp_avg_s", "work_days"];
    let agents = [[0.92, 0.41, 255.0, 0.97, 33.0, 22.0], [1.0, 0.41995, 250.0, 0.98, 35.0, 22.0], [1.0, 0.5, 250.0, 0.98, 30.0, f64::NAN]];
    let columns = ids.iter().enumerate().map(|(at, _)| agents.map(|agent| Some(agent[at]).filter(|value| !value.is_nan())));
    let columns = columns.collect::<Vec<_>>();
    let columns = ids.into_iter().zip(&columns).map(|(id, cells)| (id, cells.as_slice())).collect::<Vec<_>>();
    let now = vec![report(Level::Agent, "taobao", &["A", "B", "C"], &columns)];
    let rows = judged(JudgementTable::Scorecard, &settings(), [now, vec![], vec![]]);
    let row = |agent, item| find(&rows, &[("agent_id", agent), ("card", "agent"), ("item", item)]);
    let scores = [
        ("target_rate", 85.0),
        ("pay_final_rate", 80.0),
        ("atv", 100.0),
        ("reply_rate", 80.0),
        ("resp_avg_s", 100.0),
        ("work_days", 100.0),
    ];
    for (item, score) in scores {
        assert_numbers(row("A", item), &[("score", Some(score)), ("rank", None)]);
    }
    let total = row("A", "total");
    assert_numbers(total, &[("weight", Some(100.0)), ("score", Some(87.5)), ("rank", Some(2.0))]);
    assert_eq!((text(total, "tier_zh").as_deref(), text(total, "missing")), (Some("银牌"), None));
    // "At most 35 s" holds 35 s itself.
    assert_numbers(row("B", "resp_avg_s"), &[("score", Some(100.0))]);
    assert_numbers(row("B", "pay_final_rate"), &[("value", Some(0.41995)), ("score", Some(80.0))]);
    assert_numbers(row("B", "total"), &[("score", Some(96.0)), ("rank", Some(1.0))]);
    // A weight without a score goes to nobody else.
    assert_numbers(row("C", "total"), &[("score", None), ("rank", None)]);
    assert_eq!((text(row("C", "total"), "tier_zh"), text(row("C", "total"), "missing").as_deref()), (None, Some("work_days")));
}

/// (60 − 40) / 40 = + 50 %; 95 % is as good as the standard.
#[test]
fn what_is_worse_than_the_standard_is_diagnosed() {
    let columns: &[(&str, &[Option<f64>])] = &[("resp_avg_s", &[Some(60.0)]), ("reply_rate", &[Some(0.95)])];
    let rows = judged(JudgementTable::Diagnosis, &settings(), [vec![report(Level::Shop, "jd", &["s1"], columns)], vec![], vec![]]);
    assert_eq!(rows.len(), 1);
    assert_numbers(&rows[0], &[("value", Some(60.0)), ("standard", Some(40.0)), ("gap", Some(0.5))]);
    assert_eq!(text(&rows[0], "cause_en").as_deref(), Some("Slow typing, few quick phrases, or weak product knowledge"));
}

fn flagged(platform: &str, columns: &[(&str, &[Option<f64>])]) -> Vec<Row> {
    judged(JudgementTable::Flags, &settings(), [vec![report(Level::Shop, platform, &["s1"], columns)], vec![], vec![]])
}

/// T21: 12 ratings at 83.3 % fail, 45 s fail, 42.9 % left messages pass: 4 points off. Ten ratings are too few to say.
#[test]
fn t21_two_of_jds_checks_fail() {
    let columns = |ratings: f64| {
        flagged(
            "jd",
            &[
                ("good_rate", &[Some(10.0 / 12.0)]),
                ("eval_count", &[Some(ratings)]),
                ("resp_avg_s_assessed", &[Some(45.0)]),
                ("manual_sessions", &[Some(400.0)]),
                ("leave_message_rate", &[Some(300.0 / 700.0)]),
            ],
        )
    };
    let rows = columns(12.0);
    assert_eq!(rows.iter().map(|row| text(row, "metric").unwrap()).collect::<Vec<_>>(), ["good_rate", "resp_avg_s_assessed"]);
    for row in &rows {
        assert_numbers(row, &[("checks", Some(2.0))]);
        assert_eq!(text(row, "consequence_zh").as_deref(), Some("扣 4 分"));
    }
    assert_eq!(columns(10.0).iter().map(|row| text(row, "consequence_zh").unwrap()).collect::<Vec<_>>(), ["扣 2 分"]);
}

/// T7: 16 % of bad attitude is over 6 %, 90 % good is fine; T7b: 80 % itself is. T6: 70 % is a hint and no more. Others' flags are theirs.
#[test]
fn t6_t7_platforms_warn_of_their_own_shops() {
    let ids = |rows: Vec<Row>| rows.iter().map(|row| text(row, "flag").unwrap()).collect::<Vec<_>>();
    let kuaishou = |good| [("good_rate", [Some(good)]), ("attitude_bad_rate", [Some(0.16)])];
    for good in [0.9, 0.8] {
        let columns = kuaishou(good);
        let columns = columns.iter().map(|(id, cells)| (*id, cells.as_slice())).collect::<Vec<_>>();
        assert_eq!(ids(flagged("kuaishou", &columns)), ["kuaishou_attitude"]);
        assert!(flagged("jd", &columns).is_empty());
    }
    let rows = flagged("xiaohongshu", &[("official_reply_3min_rate", &[Some(0.7)])]);
    assert_eq!(
        rows.iter().map(|row| text(row, "flag").unwrap()).collect::<BTreeSet<_>>(),
        BTreeSet::from(["xiaohongshu_reply_hint".into()])
    );
}

/// T9: 100 inquiries a day at 40 % and 80 yuan, 2 points more: 160 a day; five agents × 30 × 12: 288 000. September has 30 days.
#[test]
fn t9_two_points_more_are_160_yuan_a_day_and_288000_a_year() {
    let columns: &[(&str, &[Option<f64>])] =
        &[("inquiry_buyers", &[Some(3000.0); 5]), ("pay_final_rate", &[Some(0.4); 5]), ("atv", &[Some(80.0); 5])];
    let now = vec![report(Level::Shop, "jd", &["s1"], &[]), report(Level::Agent, "jd", &["A", "B", "C", "D", "E"], columns)];
    let rows = judged(JudgementTable::Uplift, &settings(), [now, vec![], vec![]]);
    assert_numbers(find(&rows, &[("agent_id", "A")]), &[("gain_per_day", Some(160.0)), ("gain_per_year", Some(57_600.0))]);
    let of_shop = [("agents", Some(5.0)), ("gain_per_day", Some(800.0)), ("gain_per_year", Some(288_000.0))];
    assert_numbers(find(&rows, &[("level", "shop")]), &of_shop);
}

/// 0.4 on 27 days before and 0.1 on the day before these, 0.5 after with a day without a value; the day itself is in neither.
#[test]
fn a_training_is_judged_by_28_days_before_and_after() {
    let on = Day(day("2026-09-15") as i32);
    let of = |rate: Option<f64>| report(Level::Agent, "jd", &["A"], &[("reply_rate", &[rate])]);
    let mut daily = judgement::DailyReports::new();
    for days in -29..=29 {
        let rate = if days == -29 || days == 29 || days == 0 {
            0.99
        } else if days < 0 {
            0.4
        } else {
            0.5
        };
        daily.insert(on.plus(days), of((days != 7).then_some(rate)));
    }
    let trainings = BTreeSet::from([Training { on, agent: "A".into(), topic: Some("话术".into()) }]);
    let gain = |landed: i32| {
        let table = judgement::training_gain(on, &trainings, &daily, on.plus(landed), &Rules::default()).unwrap();
        find(&rows(&table.rows), &[("metric", "reply_rate")]).clone()
    };
    let before = [("days_before", Some(28.0)), ("before", Some(0.4))];
    assert_numbers(&gain(28), &[&before[..], &[("days_after", Some(27.0)), ("after", Some(0.5)), ("difference", Some(0.1))]].concat());
    assert_numbers(&gain(27), &[&before[..], &[("after", None), ("difference", None)]].concat());
}

/// Of four bad chats the three weightiest, of two good ones both; a bad rating outweighs a fast reply.
#[test]
fn the_weightiest_chats_are_drawn_to_be_read() {
    let texts = |texts: &[&str]| Arc::new(StringArray::from(texts.to_vec())) as ArrayRef;
    let ints = |ints: &[i64]| Arc::new(Int64Array::from(ints.to_vec())) as ArrayRef;
    let buyers = ["buyer-1", "buyer-2", "buyer-3", "buyer-4", "buyer-5", "buyer-6"];
    let keys = || {
        vec![("shop_id", texts(&["s1"; 6])), ("agent_id", texts(&["A"; 6])), ("buyer_id", texts(&buyers)), ("session_no", ints(&[1; 6]))]
    };
    let batch = |more: Vec<(&'static str, ArrayRef)>| RecordBatch::try_from_iter([keys(), more].concat()).unwrap();
    let rules = Rules::default();
    let mut checks = SpotChecks::new(&rules, 1);
    // The first is rated bad, the fourth lost, the fifth converted.
    let ordered = BooleanArray::from(vec![true, true, true, false, true, true]);
    let inquiries = batch(vec![("ordered", Arc::new(ordered) as ArrayRef)]).slice(3, 2);
    checks.add_inquiries(&inquiries);
    let counts = Arc::new(BooleanArray::from(vec![true; 6])) as ArrayRef;
    checks.add_ratings(&batch(vec![("grade", ints(&[1; 6])), ("counts", counts)]).slice(0, 1));
    let (answered, unanswered) = (ints(&[1, 0, 1, 1, 1, 1]), ints(&[0, 1, 0, 0, 0, 0]));
    let waits = ints(&[5_000, 0, 180_001, 90_000, 90_000, 30_000]);
    let said = vec![("buyer_msgs", ints(&[1; 6])), ("answered", answered), ("unanswered", unanswered), ("longest_wait_ms", waits)];
    checks.add_receptions(&batch(said));
    let rows = rows(&checks.table(Day(0), &[]).unwrap().rows);
    let drawn = rows.iter().map(|row| (text(row, "verdict").unwrap(), text(row, "reason").unwrap())).collect::<Vec<_>>();
    let bad = ["bad_rating", "unanswered", "long_wait"].map(|reason| ("bad".to_owned(), reason.to_owned()));
    let good = ["converted", "fast"].map(|reason| ("good".to_owned(), reason.to_owned()));
    assert_eq!(drawn, [&bad[..], &good[..]].concat());
    assert!(rows.iter().all(|row| text(row, "buyer").as_deref() == Some("b***1") || text(row, "buyer").unwrap().starts_with("b***")));
}

/// Monday A answers in 20 s; Tuesday in 60 s, and B lets a buyer wait for good. A is trained on Tuesday.
fn two_days(judgement: &str) -> Given {
    let base = day("2026-09-07");
    let mut input = given::input("2026-09-07", "2026-09-08");
    let lines = [
        "10:00:00 s1 b1 buyer 在吗",
        "10:00:20 s1 b1 A 在的",
        "+1/10:00:00 s2 b1 buyer 在吗",
        "+1/10:01:00 s2 b1 A 在的",
        "+1/11:00:00 s3 b2 buyer>B 人呢",
    ];
    input.lines = lines.iter().map(|line| script::line(line, base, "s1")).collect();
    let mut given = Given { rules: format!("[judgement]\n{judgement}"), ..Given::new(input) };
    given.tables = [
        ("staff", ["agent_id,team", "A,早班", "B,早班"].as_slice()),
        ("shops", &["platform,name,category", "taobao,一店,家纺"]),
        ("standards", &["category,metric,standard,better", "家纺,resp_avg_s,30,low"]),
        ("trainings", &["agent_id,on,topic", "A,@1,话术"]),
    ]
    .map(|(table, rows)| script::table(table, rows, base, "s1"))
    .to_vec();
    given
}

fn of_tuesday(tables: &Tables, table: &str, is: &[(&str, &str)]) -> Row {
    let rows = tables.rows(table).into_iter().filter(|row| number(row, "dt") == Some(day("2026-09-08") as f64)).collect::<Vec<_>>();
    find(&rows, is).clone()
}

#[test]
fn a_run_judges_what_it_reports() {
    let tables = two_days("").run();
    let a = [("agent_id", "A"), ("metric", "resp_avg_s")];
    let row = of_tuesday(&tables, "reports/comparison_day", &a);
    assert_numbers(&row, &[("value", Some(60.0)), ("previous", Some(20.0)), ("difference", Some(40.0)), ("ratio", Some(2.0))]);
    let said = ["platform", "shop_id", "shop_name", "level", "team", "agent_id"].map(|column| text(&row, column).unwrap());
    assert_eq!(said, ["taobao", "s1", "一店", "agent", "早班", "A"]);
    let row = of_tuesday(&tables, "reports/diagnosis_day", &a);
    assert_numbers(&row, &[("standard", Some(30.0)), ("gap", Some(1.0))]);
    for (scope, key) in [("shop", "s1"), ("team", "早班"), ("platform", "taobao")] {
        let row = of_tuesday(&tables, "reports/ranking_day", &[("agent_id", "B"), ("metric", "reply_rate"), ("scope", scope)]);
        assert_numbers(&row, &[("value", Some(0.0)), ("rank", Some(2.0)), ("mean", Some(0.5)), ("change", None)]);
        assert_eq!(text(&row, "scope_key").as_deref(), Some(key));
    }
    let row = of_tuesday(&tables, "reports/training_gain", &a);
    assert_numbers(&row, &[("days_before", Some(1.0)), ("before", Some(20.0)), ("after", None), ("difference", None)]);
    let row = of_tuesday(&tables, "details/spot_checks", &[("agent_id", "B")]);
    assert_eq!(
        ["verdict", "reason", "outcome", "buyer"].map(|column| text(&row, column).unwrap()),
        ["bad", "unanswered", "unanswered", "***"]
    );
    let row = find(&tables.rows("details/spot_checks"), &[("reason", "fast")]).clone();
    assert_eq!((number(&row, "business_day"), number(&row, "agent_wait_ms")), (Some(day("2026-09-07") as f64), Some(20_000.0)));
    // The slow warning is of Taobao agents who let somebody wait 100 s; cards of periods other than theirs are no tables.
    assert!(tables.rows("reports/flags_day").is_empty() && tables.files(&["reports/scorecard_day"]).is_empty());
    assert_eq!(tables.files(&["reports/uplift_day"]).len(), 2);
}

/// A period is judged again when the one it is compared with changes, however late.
#[test]
fn the_order_of_runs_changes_no_judgement() {
    let (monday, tuesday) = (day("2026-09-07"), day("2026-09-08"));
    let expected = two_days("").run();
    for parts in [[(tuesday, tuesday), (monday, monday)], [(monday, monday), (tuesday, tuesday)]] {
        let got = two_days("").run_in_parts(&parts);
        let (expected, got) = (expected.files(&["reports", "details"]), got.files(&["reports", "details"]));
        let differing = expected.iter().filter(|(key, bytes)| got.get(*key) != Some(*bytes)).map(|(key, _)| *key).collect::<Vec<_>>();
        assert!(differing.is_empty() && expected.len() == got.len(), "{differing:?}");
    }
}

/// Other settings judge again; the same ones leave everything as it is.
#[test]
fn other_settings_judge_again() {
    let folder = scratch();
    let days = (day("2026-09-07"), day("2026-09-08"));
    let out = folder.path().join("out");
    let plan = |judgement: &str| given::plan(&two_days(judgement).write(folder.path()), out.to_str().unwrap());
    let first = given::run_days(&plan(""), days.0, days.1, None);
    let again = given::run_days(&plan(""), days.0, days.1, None);
    assert_eq!((again.files_written, again.files_unchanged), (0, first.files_written));
    given::run_days(&plan("uplift_points = 5"), days.0, days.1, None);
    let uplifts = Tables::in_folder(&out).rows("reports/uplift_day");
    assert!(!uplifts.is_empty() && uplifts.iter().all(|row| number(row, "uplift") == Some(0.05)), "{}", date(days.0));
    let few = given::run_days(&plan("tables = [\"ranking\"]"), days.0, days.1, None);
    assert_eq!(few.files_written, 0);
}

#[test]
fn a_wrong_file_of_judgement_is_named() {
    let says = |section: &str, file: &str, words: &[&str]| {
        let place = Place::new(&format!("{PIPELINE}[judgement]\n{section}\n"));
        place.put("mine.toml", file);
        place.run().expect(2, words);
    };
    let card = |metric: &str, bands: &str| {
        format!(
            "[[scorecard]]\nid = \"x\"\nname = {{ zh = \"x\", en = \"x\" }}\nlevel = \"agent\"\nperiod = \"day\"\n\
             [[scorecard.item]]\nmetric = \"{metric}\"\nname = {{ zh = \"x\", en = \"x\" }}\nweight = 1\nbands = [{bands}]\n"
        )
    };
    says(
        "scorecards = \"mine.toml\"",
        &card("replyrate", "{ score = 1 }"),
        &["`replyrate` is not a metric of level agent", "did you mean `reply_rate`?", "mine.toml"],
    );
    says("scorecards = \"mine.toml\"", &card("reply_rate", "{ to = 2, score = 1 }, { from = 1, score = 0 }"), &["overlap"]);
    says("flags = \"elsewhere.toml\"", "", &["cannot read", "elsewhere.toml"]);
    says("diagnosis = \"mine.toml\"", "[[row]]\nmetric = 1\n", &["unknown field `metric`"]);
    says("uplift_points = 200", "", &["uplift_points is outside 0 to 100"]);
    says("table = []", "", &["did you mean `tables`?"]);
}

/// What lies in the files we ship can be read, and says nothing twice.
#[test]
fn the_shipped_cards_and_flags_are_sound() {
    let settings = settings();
    let unique = |ids: Vec<&str>| ids.iter().collect::<BTreeSet<_>>().len() == ids.len();
    assert!(unique(settings.scorecards.iter().map(|card| card.id.as_str()).collect()));
    assert!(unique(settings.flags.iter().map(|flag| flag.id.as_str()).collect()));
    assert_eq!(settings.diagnosis.len(), 8);
    for card in &settings.scorecards {
        assert_eq!(card.items.iter().map(|item| item.weight).sum::<f64>(), 100.0, "{}", card.id);
    }
}

//! One log under every platform's preset: what each platform would say of the same chats, worked by hand.

use crate::support::given::{self, Given};
use crate::support::tables::{Row, Tables, number, text};
use crate::support::{date, day, script};

/// R1 07:59:30 answered 08:00:10 (a robot before it) · R2 08:05 in exactly 180 s · R3 08:30 in 20 s · R4 10:00 in 240 s, passed on from A
/// to B at 10:02 · R5 10:05 in 30 s · R6 22:58 in 50 s · R7 23:10 in 740 s · R8 16:00 in 10 s · R9 16:15:10, never answered, after 15 min of
/// silence in a chat without session ids.
const LOG: &[&str] = &[
    "07:59:30 s1 b1 buyer 在吗",
    "07:59:31 s1 b1 robot>A 您好，请稍等",
    "08:00:10 s1 b1 A 您好",
    "08:05:00 s1 b1 buyer 有货吗",
    "08:08:00 s1 b1 A 有",
    "08:30:00 s2 b1 buyer>A 运费多少",
    "08:30:20 s2 b1 A 包邮",
    "10:00:00 s3 b2 buyer>A 怎么退",
    "10:02:00 s3 b2 transfer>B -",
    "10:03:30 s3 b2 buyer 有人吗",
    "10:04:00 s3 b2 B 我来处理",
    "10:05:00 s3 b2 buyer 好的",
    "10:05:30 s3 b2 B 已登记",
    "16:00:00 - b4 buyer>B 哪款好",
    "16:00:10 - b4 B 这款",
    "16:15:10 - b4 buyer>B 有优惠吗",
    "22:58:00 s4 b3 buyer>B 尺码",
    "22:58:50 s4 b3 B 建议M",
    "23:10:00 s4 b3 buyer 会缩水吗",
    "23:22:20 s4 b3 B 不会",
];

/// In time / all: the 3-minute reply by round, person, session, first and message, and what the platform assesses.
type Rates = [Option<(i64, i64)>; 6];

struct Said {
    platform: &'static str,
    /// The shop's row, A's, B's.
    rates: [Rates; 3],
    manual_sessions: [i64; 3],
    first_resp_avg_s: [f64; 3],
    resp_avg_s: [f64; 3],
    resp_capped_avg_s: [f64; 3],
}

const fn of(n: i64, d: i64) -> Option<(i64, i64)> {
    Some((n, d))
}

const NONE: Rates = [None; 6];
const A_IN_TIME: Rates = [of(2, 2), of(1, 1), of(2, 2), of(2, 2), of(2, 2), of(2, 2)];
const INHERIT: [[f64; 3]; 3] = [[72.0, 30.0, 100.0], [163.75, 80.0, 214.0], [146.25, 80.0, 186.0]];
const RESTART: [[f64; 3]; 3] = [[72.0, 30.0, 60.0], [163.75, 80.0, 190.0], [146.25, 80.0, 162.0]];

fn said(platform: &'static str, rates: [Rates; 3], manual_sessions: [i64; 3], means: [[f64; 3]; 3]) -> Said {
    let [first_resp_avg_s, resp_avg_s, resp_capped_avg_s] = means;
    Said { platform, rates, manual_sessions, first_resp_avg_s, resp_avg_s, resp_capped_avg_s }
}

/// Asked in 08-23, a transferred wait inherited: R2 R3 R4 R5 R6 R8 R9. `official` is the place of the platform's own unit.
fn by_round_start(official: usize) -> [Rates; 3] {
    let shop = [of(5, 7), of(2, 4), of(5, 5), of(4, 5), of(6, 8)];
    let b = [of(3, 5), of(1, 3), of(3, 3), of(2, 3), of(4, 6)];
    let a = [of(2, 2), of(1, 1), of(2, 2), of(2, 2), of(2, 2)];
    [shop, a, b].map(|rates| with_official(rates, official))
}

fn with_official(rates: [Option<(i64, i64)>; 5], official: usize) -> Rates {
    let [round, person, session, first, message] = rates;
    [round, person, session, first, message, rates[official]]
}

#[rustfmt::skip]
fn september_2026() -> Vec<Said> {
    let [round, person, session, first] = [0, 1, 2, 3];
    vec![
        said("nowhere", by_round_start(round), [4, 2, 3], INHERIT),
        said("taobao", by_round_start(round), [4, 2, 3], INHERIT),
        said("pdd", by_round_start(person), [4, 2, 3], INHERIT),
        // The wait after a transfer begins again: R4 is 120 s for B.
        said("kuaishou", [
            by_round_start(person)[0],
            by_round_start(person)[1],
            with_official([of(4, 5), of(2, 3), of(3, 3), of(3, 3), of(5, 6)], person),
        ], [4, 2, 3], RESTART),
        // To midnight: R7 joins. First response once per buyer and day.
        said("1688", [
            with_official([of(5, 8), of(1, 4), of(4, 5), of(4, 5), of(6, 9)], round),
            A_IN_TIME,
            with_official([of(3, 6), of(0, 3), of(2, 3), of(2, 3), of(4, 7)], round),
        ], [4, 2, 3], [[85.0, 40.0, 100.0], INHERIT[1], INHERIT[2]]),
        // By the start of the session: s1 is out with R1 and R2, R7 is in with s4.
        said("douyin", [
            with_official([of(4, 7), of(1, 4), of(3, 4), of(3, 4), of(5, 8)], session),
            [of(1, 1); 6],
            with_official([of(3, 6), of(0, 3), of(2, 3), of(2, 3), of(4, 7)], session),
        ], [4, 2, 3], INHERIT),
        // From nine; ten minutes of silence end a session without id: b4 has two.
        said("jd", [
            with_official([of(3, 6), of(0, 3), of(2, 4), of(2, 4), of(4, 7)], first),
            NONE,
            with_official([of(3, 6), of(0, 3), of(2, 4), of(2, 4), of(4, 7)], first),
        ], [4, 1, 4], INHERIT),
        said("xiaohongshu", [
            with_official([of(3, 6), of(0, 3), of(2, 3), of(2, 3), of(4, 7)], first),
            NONE,
            with_official([of(4, 6), of(1, 3), of(2, 3), of(3, 3), of(5, 7)], first),
        ], [3, 1, 3], RESTART),
    ]
}

const KINDS: [&str; 6] = [
    "reply_3min_round_rate",
    "reply_3min_person_rate",
    "reply_3min_session_rate",
    "reply_3min_first_rate",
    "reply_3min_message_rate",
    "official_reply_3min_rate",
];

/// The log in a shop of each platform, on one day; a shop's id is its platform's name. `rules`: of the pipeline.
fn tables(on: &str, platforms: &[&'static str], rules: &str) -> Tables {
    let mut input = given::input(on, on);
    let mut shops = String::from("shop_id,platform\n");
    for platform in platforms {
        input.lines.extend(LOG.iter().map(|line| script::line(line, day(on), platform)));
        shops += &format!("{platform},{platform}\n");
    }
    let tables = vec![("shops".to_owned(), "shops".to_owned(), shops)];
    Given { rules: rules.to_owned(), tables, ..Given::new(input) }.in_file_order().run()
}

fn row(tables: &Tables, on: &str, shop: &str, agent: Option<&str>) -> Row {
    let report = tables.report(if agent.is_some() { "agent" } else { "shop" }, "day");
    report[&(day(on), shop.to_owned(), agent.map(str::to_owned))].clone()
}

fn check(tables: &Tables, on: &str, said: &Said) {
    for (place, agent) in [None, Some("A"), Some("B")].into_iter().enumerate() {
        let row = row(tables, on, said.platform, agent);
        let cell = |metric: &str| number(&row, metric);
        for (kind, rate) in KINDS.iter().zip(said.rates[place]) {
            assert_eq!(cell(kind), rate.map(|(n, d)| n as f64 / d as f64), "{} {agent:?} {kind}", said.platform);
        }
        assert_eq!(cell("manual_sessions"), Some(said.manual_sessions[place] as f64), "{} {agent:?}", said.platform);
        let means =
            [("first_resp_avg_s", said.first_resp_avg_s), ("resp_avg_s", said.resp_avg_s), ("resp_capped_avg_s", said.resp_capped_avg_s)];
        for (metric, expected) in means {
            assert_eq!(cell(metric), Some(expected[place]), "{} {agent:?} {metric}", said.platform);
        }
        let preset = if said.platform == "nowhere" { "default" } else { said.platform };
        assert_eq!(text(&row, "rule_set").as_deref(), Some(preset));
    }
}

#[test]
fn every_platform_says_its_own_of_the_same_chats() {
    let said = september_2026();
    let platforms = said.iter().map(|said| said.platform).collect::<Vec<_>>();
    let tables = tables("2026-09-01", &platforms, "");
    said.iter().for_each(|said| check(&tables, "2026-09-01", said));
}

/// By the day of the payment what Taobao credits is known; JD's orders of the day may still be paid.
#[test]
fn what_one_platform_knows_and_another_does_not_yet_stands_in_one_report() {
    let (on, platforms) = ("2026-09-01", ["jd", "taobao"]);
    let mut input = given::input(on, on);
    let (mut shops, mut orders) = (String::from("shop_id,platform\n"), Vec::new());
    for platform in platforms {
        input.lines.extend(LOG.iter().map(|line| script::line(line, day(on), platform)));
        orders.push(script::order("o1 b1 08:20:00 08:21:00 100.00 1 -", day(on), platform));
        shops += &format!("{platform},{platform}\n");
    }
    input.orders = Some(orders);
    let tables = vec![("shops".to_owned(), "shops".to_owned(), shops)];
    let tables = Given { tables, ..Given::new(input) }.in_file_order().run();
    let share = |shop: &str| ["sales_share", "sales_share_den"].map(|metric| number(&row(&tables, on, shop, Some("A")), metric));
    assert_eq!(share("taobao"), [Some(1.0), Some(100.0)]);
    assert_eq!(share("jd"), [None, None]);
}

/// Before March 2023 Kuaishou's hours ended at midnight and robots' replies counted: the robot's line answers R1 after a second.
#[test]
fn kuaishou_of_2022_counts_robots_and_midnight() {
    let rates = [
        [of(5, 8), of(1, 4), of(4, 5), of(4, 5), of(6, 9), of(1, 4)],
        [of(2, 2), of(1, 1), of(2, 2), of(2, 2), of(2, 2), of(1, 1)],
        [of(4, 6), of(1, 3), of(2, 3), of(3, 3), of(5, 7), of(1, 3)],
    ];
    let said = said("kuaishou", rates, [4, 2, 3], [[64.2, 10.5, 60.0], [158.875, 67.0, 190.0], [141.375, 67.0, 162.0]]);
    check(&tables("2022-09-01", &["kuaishou"], ""), "2022-09-01", &said);
}

/// T3b: a period that spans a change is right day by day. The same question at 23:30 on both sides of midnight of 1 March 2023.
#[test]
fn a_week_that_spans_a_change_is_computed_day_by_day() {
    let (before, after) = ("2023-02-28", "2023-03-01");
    let mut input = given::input(before, after);
    for on in [before, after] {
        for line in ["23:30:00 s1 b1 buyer 在吗", "23:30:20 s1 b1 A 在"] {
            input.lines.push(script::line(line, day(on), "ks"));
        }
    }
    let tables = vec![("shops".to_owned(), "shops".to_owned(), "shop_id,platform\nks,快手\n".to_owned())];
    let tables = Given { tables, ..Given::new(input) }.in_file_order().run();
    let assessed = |period: &str, on: &str| {
        let report = tables.report("shop", period);
        number(&report[&(day(on), "ks".to_owned(), None)], "rounds_assessed").unwrap() as i64
    };
    assert_eq!([assessed("day", before), assessed("day", after)], [1, 0]);
    assert_eq!([assessed("week", &date(day(before) - 1)), assessed("year", "2023-01-01")], [1, 1]);
}

/// `preset` in the pipeline goes before the shop's platform; a setting of its own goes before every preset and is told in `rule_set`.
#[test]
fn the_pipeline_says_otherwise() {
    let on = "2026-09-01";
    let rule_set = |rules: &str, shop: &str| text(&row(&tables(on, &["jd", "taobao"], rules), on, shop, None), "rule_set").unwrap();
    assert_eq!(rule_set("preset = \"default\"", "jd"), "default");
    assert_eq!(rule_set("preset = { jd = \"kuaishou\" }", "jd"), "kuaishou");
    assert_eq!(rule_set("preset = { jd = \"kuaishou\" }", "taobao"), "default");
    assert_eq!(rule_set("reply_threshold = \"60s\"", "jd"), "jd+custom");
    assert_eq!(rule_set("session_gap = \"10m\"", "jd"), "jd", "JD has that value already");
    assert_eq!(rule_set("session_gap = \"10m\"", "taobao"), "taobao+custom");
}

#[test]
fn every_rule_of_a_preset_says_where_it_comes_from() {
    for preset in kefu::config::presets::all().unwrap() {
        let mut last = None;
        for entry in &preset.entries {
            let first = entry.first_day().unwrap();
            assert!(last.is_none_or(|last| last < first), "{}: entries are not in order", preset.id);
            last = Some(first);
            for rule in entry.rules.keys() {
                assert!(entry.sources.contains_key(rule), "{}: {rule} of {first} has no source", preset.id);
            }
        }
    }
}

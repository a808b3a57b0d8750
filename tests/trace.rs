//! From a number back to the lines that made it: the detail tables add up to the reports and name messages of the log.
//! All of it on the sample company's five weeks.

use crate::oracle::{self, Period};
use crate::support::company::{self, DEMO};
use crate::support::compare::PERIODS;
use crate::support::tables::truth;
use crate::support::tables::{Row, Value, number, text};
use crate::support::{date, day};
use std::collections::{BTreeMap, BTreeSet};

/// How the rows of a detail table become a cell.
enum Adds {
    Rows,
    Sum(&'static str),
    Distinct(&'static str),
}

use Adds::{Distinct, Rows, Sum};

/// One number of a report, and the rows behind it.
struct Trace {
    family: &'static str,
    level: &'static str,
    metric: &'static str,
    details: &'static str,
    which: fn(&Row) -> bool,
    adds: Adds,
}

const fn trace(
    family: &'static str,
    cell: (&'static str, &'static str),
    details: &'static str,
    which: fn(&Row) -> bool,
    adds: Adds,
) -> Trace {
    Trace { family, level: cell.0, metric: cell.1, details, which, adds }
}

fn counts(row: &Row) -> bool {
    row["filtered"] == Value::Null
}

fn is(row: &Row, column: &str, value: &str) -> bool {
    text(row, column).as_deref() == Some(value)
}

/// The demo attributes by 下单优先.
fn own(row: &Row, role: &str) -> bool {
    is(row, "rule", "order_first") && is(row, "role", role)
}

fn asked(row: &Row) -> bool {
    number(row, "buyer_msgs").unwrap() > 0.0
}

const TRACES: &[Trace] = &[
    trace("A", ("shop", "consult_buyers"), "sessions", asked, Distinct("buyer_id")),
    trace("A", ("shop", "sessions"), "sessions", |row| counts(row) && asked(row), Rows),
    trace("A", ("shop", "agent_msgs"), "sessions", counts, Sum("agent_msgs")),
    trace("A", ("agent", "receptions"), "receptions", |row| counts(row) && asked(row), Rows),
    trace("A", ("agent", "consult_buyers"), "peer_days", |row| truth(row, "consult"), Distinct("buyer_id")),
    trace("A", ("agent", "receive_person_days"), "peer_days", |row| truth(row, "receive"), Rows),
    trace(
        "B",
        ("shop", "rounds"),
        "rounds",
        |row| counts(row) && (is(row, "outcome", "answered") || is(row, "outcome", "unanswered")),
        Rows,
    ),
    trace("C", ("shop", "robot_rounds"), "rounds", |row| counts(row) && is(row, "outcome", "robot"), Rows),
    trace("B", ("shop", "wait_ms_sum"), "rounds", |row| counts(row) && is(row, "outcome", "answered"), Sum("wait_ms")),
    trace("B", ("agent", "wait_ms_sum"), "rounds", |row| counts(row) && is(row, "outcome", "answered"), Sum("agent_wait_ms")),
    trace("B", ("agent", "handed_over_rounds"), "rounds", |row| counts(row) && is(row, "outcome", "handed_over"), Rows),
    trace("C", ("agent", "replied_buyers"), "peer_days", |row| truth(row, "replied"), Distinct("buyer_id")),
    trace("D", ("agent", "lead_receptions"), "receptions", |row| counts(row) && truth(row, "lead"), Rows),
    trace("E", ("agent", "sales_amount"), "credits", |row| own(row, "credited"), Sum("amount")),
    trace("E", ("agent", "sales_orders"), "credits", |row| own(row, "credited"), Rows),
    trace("E", ("agent", "assist_orders"), "credits", |row| own(row, "assist"), Rows),
    trace("F", ("shop", "sales_qty"), "credits", |row| own(row, "credited"), Sum("quantity")),
    trace("F", ("shop", "shop_buyers"), "credits", |row| !own(row, "assist") && is(row, "rule", "order_first"), Distinct("buyer_id")),
    trace("G", ("shop", "silent_amount"), "credits", |row| own(row, "silent"), Sum("amount")),
    trace("G", ("shop", "silent_buyers"), "credits", |row| own(row, "silent"), Distinct("buyer_id")),
];

#[test]
fn details_add_up_to_the_reports() {
    for (period, name) in PERIODS {
        for trace in TRACES {
            let made = made_of(trace, period);
            let report = DEMO.tables.report(trace.level, name);
            let mut total = 0.0;
            for (key, row) in &report {
                let got = number(row, trace.metric).unwrap();
                let expected = made.get(key).copied().unwrap_or(0.0);
                assert_eq!(cents(got), cents(expected), "{}: {} of {name} {} {key:?}", trace.family, trace.metric, date(key.0));
                total += got;
            }
            assert!(total > 0.0, "{} of {name} says nothing", trace.metric);
            assert!(made.keys().all(|key| report.contains_key(key)), "{}: details without a row", trace.metric);
        }
    }
}

/// What the detail rows of each period, shop and agent add up to.
fn made_of(trace: &Trace, period: Period) -> BTreeMap<crate::support::tables::Key, f64> {
    let mut groups: BTreeMap<_, Vec<Row>> = BTreeMap::new();
    for row in DEMO.tables.rows(&format!("details/{}", trace.details)) {
        let agent = (trace.level == "agent").then(|| text(&row, "agent_id"));
        // Rows of nobody's are the shop's alone.
        if agent == Some(None) || !(trace.which)(&row) {
            continue;
        }
        let first = oracle::period_start(number(&row, "business_day").unwrap() as i64, period);
        groups.entry((first, text(&row, "shop_id").unwrap(), agent.flatten())).or_default().push(row);
    }
    groups.into_iter().map(|(key, rows)| (key, added(&rows, &trace.adds))).collect()
}

fn added(rows: &[Row], adds: &Adds) -> f64 {
    match adds {
        Rows => rows.len() as f64,
        Sum(column) => rows.iter().map(|row| number(row, column).unwrap()).sum(),
        Distinct(column) => rows.iter().map(|row| text(row, column)).collect::<BTreeSet<_>>().len() as f64,
    }
}

/// Sums of yuan are compared to the cent; everything else is whole anyway.
fn cents(value: f64) -> i64 {
    (value * 100.0).round() as i64
}

/// An inquiry has no detail table of its own: it is a received peer-day and the orders around its first buyer line.
#[test]
fn peer_days_and_orders_add_up_to_the_inquiries() {
    let orders = company::input().orders.unwrap();
    let mut finally = BTreeMap::new();
    for row in DEMO.tables.rows("details/peer_days").iter().filter(|row| truth(row, "receive")) {
        let (of, asked_at) = (number(row, "business_day").unwrap() as i64, number(row, "first_buyer_at").unwrap() as i64);
        let (shop, buyer) = (text(row, "shop_id").unwrap(), text(row, "buyer_id").unwrap());
        let end = (of + 2) * oracle::DAY_MS - 8 * 3_600_000;
        let ordered = orders.iter().any(|order| {
            let mine = order.shop == shop && order.buyer == buyer && order.cancelled_at.is_none();
            mine && (asked_at..end).contains(&order.created_at)
        });
        *finally.entry((of, shop, text(row, "agent_id"))).or_insert(0) += i64::from(ordered);
    }
    let mature = |day_no: i64| day_no < day(company::LAST);
    for (key, row) in DEMO.tables.report("agent", "day").iter().filter(|(key, _)| mature(key.0)) {
        let expected = finally.get(key).copied().unwrap_or(0);
        assert_eq!(number(row, "order_final_buyers"), Some(expected as f64), "{} {key:?}", date(key.0));
    }
}

#[test]
fn credited_and_silent_sales_are_the_shops_sales() {
    for (_, period) in PERIODS {
        for (key, row) in DEMO.tables.report("shop", period) {
            for what in ["amount", "qty", "orders"] {
                let of = |whose: &str| cents(number(&row, &format!("{whose}_{what}")).unwrap());
                assert_eq!(of("sales") + of("silent"), of("shop"), "{what} of {period} {key:?}");
            }
        }
    }
}

#[test]
fn who_is_received_and_who_is_filtered_are_who_consulted() {
    for (_, period) in PERIODS {
        for level in ["shop", "agent"] {
            for (key, row) in DEMO.tables.report(level, period) {
                let of = |what: &str| number(&row, &format!("{what}_buyers")).unwrap();
                assert_eq!(of("receive") + of("filtered"), of("consult"), "{period} {key:?}");
            }
        }
    }
}

// ---- the lines behind a row -------------------------------------------------------------------

fn by_message() -> BTreeMap<String, oracle::Line> {
    // Of two lines with one id the first counts.
    company::input().lines.into_iter().rev().map(|line| (line.message_id.clone().unwrap(), line)).collect()
}

#[test]
fn a_round_names_its_question_and_its_reply() {
    let lines = by_message();
    let rounds = DEMO.tables.rows("details/rounds");
    assert!(rounds.len() > 1000, "{} rounds", rounds.len());
    for row in &rounds {
        let question = &lines[&text(row, "asked_message_id").unwrap()];
        assert_eq!(question.sender, oracle::Sender::Buyer, "{row:?}");
        assert_eq!((Some(&question.buyer), question.sent_at as f64), (text(row, "buyer_id").as_ref(), number(row, "asked_at").unwrap()));
        if is(row, "outcome", "answered") {
            let reply = &lines[&text(row, "replied_message_id").unwrap()];
            assert_eq!((&reply.agent, reply.sent_at as f64), (&text(row, "agent_id"), number(row, "replied_at").unwrap()), "{row:?}");
            assert_eq!(number(row, "wait_ms"), Some((reply.sent_at - question.sent_at) as f64), "{row:?}");
        }
    }
}

#[test]
fn a_credit_names_the_reply_that_earned_it() {
    let lines = by_message();
    let credits = DEMO.tables.rows("details/credits");
    let earned = credits.iter().filter(|row| !is(row, "role", "silent")).collect::<Vec<_>>();
    assert!(earned.len() > 500, "{} credits", earned.len());
    for row in earned {
        let reply = &lines[&text(row, "message_id").unwrap()];
        let (at, line_at) = (number(row, "at").unwrap(), number(row, "line_at").unwrap());
        assert_eq!((&reply.agent, reply.sent_at as f64), (&text(row, "agent_id"), line_at), "{row:?}");
        assert_eq!((Some(&reply.shop), Some(&reply.buyer)), (text(row, "shop_id").as_ref(), text(row, "buyer_id").as_ref()), "{row:?}");
        assert!(line_at <= at && at - line_at <= 3.0 * oracle::DAY_MS as f64, "{row:?}");
    }
}

#[test]
fn silent_orders_name_nobody() {
    let credits = DEMO.tables.rows("details/credits");
    let silent = credits.iter().filter(|row| is(row, "role", "silent")).collect::<Vec<_>>();
    assert!(silent.len() > 300, "{} silent", silent.len());
    for row in silent {
        assert!(text(row, "agent_id").is_none() && text(row, "message_id").is_none(), "{row:?}");
    }
}

// ---- the edge cases of sample_data/README.md --------------------------------------------------

/// Buyer, then its rounds in time order: `agent outcome wait agent_wait asks`, waits in seconds.
const ROUNDS: &[(&str, &[&str])] = &[
    ("b-asked-twice", &["yd-linxi answered 475 475 2"]),
    ("b-midnight", &["yd-linxi unanswered - - 1", "yd-linxi answered 20 20 1"]),
    ("b-queue", &["yd-linxi answered 120 30 2"]),
    ("b-queue-lost", &["- unanswered - - 1"]),
    ("b-assist", &["* answered 5 5 1"]),
    ("b-robot", &["* answered 70 * 2"]),
    ("b-recalled-buyer", &["* answered 30 30 1"]),
    ("b-recalled-agent", &["* answered 20 20 1"]),
    ("b-tie", &["* answered 0 0 1"]),
    ("b-three-minutes", &["* answered 180 180 1", "* answered 180.001 180.001 1"]),
    ("b-hours-1", &["* answered 20 20 1"]),
    ("b-hours-2", &["* answered 20 20 1"]),
    ("b-hours-3", &["* answered 20 20 1"]),
    ("b-hours-4", &["* answered 20 20 1"]),
    ("b-duplicate", &["* answered 40 40 1"]),
    ("b-duplicate-recalled", &["* answered 15 15 1"]),
    ("b-transfer", &["yd-wuhan answered 100 100 1", "yd-chenmo handed_over - - 1"]),
    ("b-transfer-silent", &["yd-linxi answered 30 30 1", "yd-hexue unanswered - - 1", "yd-linxi handed_over - - 1"]),
    ("b-gap-split", &["* answered 60 60 1", "* answered 30 30 1", "* answered 29.999 29.999 1"]),
    ("b-gap-waiting", &["* answered 3000 3000 2"]),
    ("b-close", &["* answered 30 30 1", "* answered 20 20 1"]),
    ("b-close-waiting", &["* unanswered - - 1"]),
    ("b-assign-first", &["xm-luojia answered 40 40 1"]),
    ("b-two-agents", &["yd-linxi answered 15 15 1", "yd-chenmo answered 45 45 1"]),
    ("b-two-shops", &["* answered 30 30 1", "* answered 20 20 1"]),
    ("yd-zhouqi", &["* answered 5 5 1"]),
    ("b-text", &["* answered 12 12 1"]),
];

/// `*` is whatever it is.
fn fits(expected: &str, got: &str) -> bool {
    expected.split(' ').zip(got.split(' ')).all(|(expected, got)| expected == "*" || expected == got)
}

fn told(row: &Row) -> String {
    let seconds = |column| number(row, column).map_or("-".to_owned(), |ms| (ms / 1000.0).to_string());
    let asks = number(row, "asks").unwrap();
    let agent = text(row, "agent_id").unwrap_or("-".to_owned());
    format!("{agent} {} {} {} {asks}", text(row, "outcome").unwrap(), seconds("wait_ms"), seconds("agent_wait_ms"))
}

#[test]
fn the_waits_of_the_sample_edge_cases_are_those_its_readme_names() {
    let mut rounds = DEMO.tables.rows("details/rounds");
    rounds.sort_by(|a, b| number(a, "asked_at").unwrap().total_cmp(&number(b, "asked_at").unwrap()));
    for (buyer, expected) in ROUNDS {
        let got = rounds.iter().filter(|row| is(row, "buyer_id", buyer)).map(told).collect::<Vec<_>>();
        let same = got.len() == expected.len() && expected.iter().zip(&got).all(|(expected, got)| fits(expected, got));
        assert!(same, "{buyer}: {got:?}, not {expected:?}");
    }
}

/// Sessions, queue times, assessed hours and filters of the same cases: table, buyer, column, and the cells there in order of time.
#[test]
fn so_are_their_sessions_and_filters() {
    let cells = |table: &str, buyer: &str, column: &str| -> Vec<Value> {
        let rows = DEMO.tables.rows(&format!("details/{table}"));
        rows.iter().filter(|row| is(row, "buyer_id", buyer)).map(|row| row[column].clone()).collect()
    };
    let numbers = |values: &[f64]| values.iter().map(|value| Value::Number(*value)).collect::<Vec<_>>();
    assert_eq!(cells("rounds", "b-queue", "queue_ms"), numbers(&[90_000.0]));
    assert_eq!(cells("receptions", "b-queue", "buyer_msgs"), numbers(&[2.0]));
    assert_eq!(cells("sessions", "b-gap-split", "session_no"), numbers(&[1.0, 2.0]));
    assert_eq!(cells("sessions", "b-gap-waiting", "buyer_msgs"), numbers(&[2.0]));
    assert_eq!(cells("sessions", "b-close", "buyer_msgs"), numbers(&[1.0, 1.0]));
    assert_eq!(cells("sessions", "b-close-waiting", "buyer_msgs"), numbers(&[1.0, 0.0]));
    assert_eq!(cells("sessions", "b-robot", "auto_msgs"), numbers(&[2.0]));
    assert_eq!(cells("sessions", "b-text", "agent_words"), numbers(&[3.0]));
    assert_eq!(cells("sessions", "b-recalled-agent", "agent_msgs"), numbers(&[2.0]));
    assert_eq!(cells("receptions", "b-transfer-silent", "agent_msgs").len(), 2);
    let assessed = ["b-hours-1", "b-hours-2", "b-hours-3", "b-hours-4"].map(|buyer| cells("rounds", buyer, "assessed"));
    assert_eq!(assessed, [false, true, true, false].map(|assessed| vec![Value::Truth(assessed)]));
    let reasons = |buyer: &str| cells("peer_days", buyer, "filtered");
    assert_eq!(reasons("yd-zhouqi"), [Value::Text("own_accounts".into())]);
    assert_eq!(reasons("b-blocked"), [Value::Null, Value::Text("blocklist".into())]);
    let leads = ["b-lead-1", "b-lead-2", "b-lead-3"].map(|buyer| cells("receptions", buyer, "lead"));
    assert_eq!(leads, [true, true, false].map(|lead| vec![Value::Truth(lead)]));
}

/// Order, then its credits by rule: `day rule role agent amount`.
const CREDITS: &[(&str, &[&str])] = &[
    ("edge-same-day-o1", &["09-07 order credited yd-linxi", "09-07 order_first credited yd-linxi", "09-07 payment credited yd-linxi"]),
    ("edge-next-day-o1", &["09-09 order credited yd-chenmo", "09-09 order_first credited yd-chenmo", "09-09 payment credited yd-chenmo"]),
    ("edge-last-instant-o1", &["09-10 order credited yd-zhouqi", "09-14 order_first credited yd-zhouqi", "09-14 payment silent -"]),
    ("edge-too-late-o1", &["09-15 order_first credited yd-zhouqi", "09-15 payment silent -"]),
    ("edge-cancelled-o1", &[]),
    ("edge-flagged-o1", &["09-14 order credited yd-linxi", "09-14 order_first credited yd-linxi", "09-14 payment credited yd-linxi"]),
    ("edge-silent-o1", &["09-15 order silent -", "09-15 order_first silent -", "09-15 payment silent -"]),
    ("edge-order-first-o1", &["09-16 order silent -", "09-16 order_first credited yd-linxi", "09-16 payment credited yd-linxi"]),
    (
        "edge-two-credits-o1",
        &[
            "09-17 order credited yd-linxi",
            "09-17 order_first credited yd-linxi",
            "09-17 payment assist yd-linxi",
            "09-17 payment credited yd-chenmo",
        ],
    ),
    ("edge-lookback-o1", &["09-23 order credited yd-linxi", "09-23 order_first credited yd-linxi", "09-23 payment credited yd-linxi"]),
    ("edge-lookback-o2", &["09-23 order silent -", "09-23 order_first silent -", "09-23 payment silent -"]),
    ("edge-versions-o1", &["09-20 order silent -", "09-20 order_first silent -", "09-20 payment silent -"]),
    ("edge-quarter-edge-o1", &["10-01 order_first credited yd-linxi", "10-01 payment credited yd-linxi"]),
];

#[test]
fn the_credits_of_the_sample_edge_cases_are_those_its_readme_names() {
    let credits = DEMO.tables.rows("details/credits");
    for (order, expected) in CREDITS {
        let told = |row: &Row| {
            let agent = text(row, "agent_id").unwrap_or("-".to_owned());
            let day = date(number(row, "business_day").unwrap() as i64)[5..].to_owned();
            format!("{day} {} {} {agent}", text(row, "rule").unwrap(), text(row, "role").unwrap())
        };
        // 30 September and later: what the order rule says is not final when the log ends.
        let mut got = credits.iter().filter(|row| is(row, "order_id", order)).map(told).collect::<Vec<_>>();
        got.sort();
        assert_eq!(got, *expected, "{order}");
    }
    let versions = credits.iter().find(|row| is(row, "order_id", "edge-versions-o1")).unwrap();
    assert_eq!(number(versions, "amount"), Some(189.0), "the newest version counts");
}

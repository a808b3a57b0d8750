//! Refunds and ratings: whose they are, when they count, and what does not.

use crate::oracle::Order;
use crate::support::example::examples;
use crate::support::given::{self, Given};
use crate::support::tables::truth;
use crate::support::tables::{Row, Tables, Value, number, text};
use crate::support::{date, day, script};

examples! {
    /// §11: the window of 24 hours and the assessed hours `[08:00, 23:00)`, by the millisecond. b2, b3, b5 and b7 are void.
    a_rating_is_valid_for_24_hours_of_a_card_sent_in_assessed_hours {
        tables: &[("evaluations", &[
            "buyer_id,agent_id,sent_at,rated_at,grade",
            "b1,A,12:00:00,+1/12:00:00,5", "b2,A,12:00:00,+1/12:00:00.001,5", "b3,A,12:00:00,11:59:59.999,5", "b4,A,08:00:00,08:00:00,5",
            "b5,A,07:59:59.999,08:01:00,5", "b6,A,22:59:59.999,23:30:00,5", "b7,A,23:00:00,23:01:00,5",
        ])],
    } gives [("day shop invite_count", 7.0), ("day shop eval_count", 3.0), ("day A eval_rate", 3.0 / 7.0), ("week A eval_count", 3.0)];

    /// §11: the last valid rating of a day. The void one after it shadows nothing; of two at one instant the later in the file counts.
    the_last_valid_rating_of_a_day_counts {
        tables: &[("evaluations", &[
            "buyer_id,agent_id,sent_at,rated_at,grade",
            "b1,A,10:00:00,10:01:00,1", "b1,A,15:00:00,15:01:00,5", "b1,A,09:00:00,+1/09:30:00,2",
            "b2,A,12:00:00,12:05:00,2", "b2,A,12:01:00,12:05:00,4",
        ])],
    } gives [
        ("day shop invite_count", 2.0), ("day shop eval_count", 2.0), ("day A sat_5", 1.0), ("day A sat_4", 1.0), ("day A bad_count", 0.0),
        ("day A csat_score", 4.5),
    ];

    /// §11: one buyer rates two agents: two invitations and two ratings, in the shop's row too. One consult: the rate is above 1.
    two_agents_rated_by_one_buyer_are_two {
        lines: &["10:00:00 s1 b1 buyer>A 在吗", "10:01:00 s1 b1 transfer>B -"],
        tables: &[("evaluations", &[
            "buyer_id,agent_id,sent_at,rated_at,grade,session_id", "b1,A,10:10:00,10:11:00,5,s1", "b1,B,10:20:00,10:21:00,3,s1",
        ])],
    } gives [
        ("day shop invite_count", 2.0), ("day shop eval_count", 2.0), ("day shop invite_rate", 2.0), ("day shop session_eval_count", 2.0),
        ("day A good_rate", 1.0), ("day B mid_rate", 1.0), ("day shop dissatisfied_rate", 0.5), ("day B session_dissatisfied_rate", 1.0),
    ];

    /// A robot's card is in no metric of the family.
    a_robots_card_is_out {
        tables: &[("evaluations", &[
            "buyer_id,agent_id,sent_at,rated_at,grade,target,nps", "b1,A,10:10:00,10:11:00,1,robot,0", "b2,A,10:10:00,10:11:00,5,human,10",
        ])],
    } gives [("day A invite_count", 1.0), ("day A eval_count", 1.0), ("day A good_rate", 1.0), ("day A nps", 100.0)];

    /// Unless the rule says so.
    robots_are_rated_where_the_rule_says_so {
        rules: "robots_rated = true",
        tables: &[("evaluations", &[
            "buyer_id,agent_id,sent_at,rated_at,grade,target,nps", "b1,A,10:10:00,10:11:00,1,robot,0", "b2,A,10:10:00,10:11:00,5,human,10",
        ])],
    } gives [("day A invite_count", 2.0), ("day A eval_count", 2.0), ("day A good_rate", 0.5), ("day A nps", 0.0)];

    /// §8: b1 said one line to A, so A's bad card is in no metric; b2's and B's are. The consult stays.
    a_card_of_a_filtered_peer_day_is_out {
        rules: "single_line = true",
        lines: &[
            "10:00:00 s1 b1 buyer>A 在吗", "10:00:10 s1 b1 A 在", "2x 11:00:00 s2 b1 buyer>B 有货吗", "11:00:10 s2 b1 B 有",
            "2x 12:00:00 s3 b2 buyer>A 在吗", "12:00:10 s3 b2 A 在",
        ],
        tables: &[("evaluations", &[
            "buyer_id,agent_id,sent_at,rated_at,grade", "b1,A,10:10:00,10:11:00,1", "b1,B,11:10:00,11:11:00,4", "b2,A,12:10:00,12:11:00,5",
        ])],
    } gives [
        ("day A invite_count", 1.0), ("day A bad_count", 0.0), ("day A good_rate", 1.0), ("day B eval_count", 1.0),
        ("day shop invite_count", 2.0), ("day shop bad_count", 0.0), ("day A consult_buyers", 2.0),
    ];

    /// §8: a blocked buyer's bad rating goes, and the consult stays.
    a_blocked_buyers_cards_are_out {
        blocked: &["b1"],
        lines: &["10:00:00 s1 b1 buyer>A 骂", "10:00:00 s2 b2 buyer>A 在吗"],
        tables: &[("evaluations", &[
            "buyer_id,agent_id,sent_at,rated_at,grade,nps", "b1,A,10:10:00,10:11:00,1,0", "b2,A,10:10:00,10:11:00,5,9",
        ])],
    } gives [("day A invite_count", 1.0), ("day A invite_rate", 0.5), ("day A bad_count", 0.0), ("day A good_rate", 1.0), ("day shop nps", 100.0)];

    /// By session each session counts, and what names none is in none; the promoters' answers count late, at night and without a grade.
    sessions_and_promoters_have_their_own_units {
        tables: &[("evaluations", &[
            "buyer_id,agent_id,sent_at,rated_at,grade,session_id,nps",
            "b1,A,10:00:00,10:01:00,1,s1,", "b1,A,11:00:00,11:01:00,2,s1,", "b1,A,12:00:00,12:01:00,5,s2,", "b1,A,13:00:00,13:01:00,4,,",
            "b2,A,02:00:00,+3/02:00:00,,s3,7", "b3,A,23:30:00,,,s4,0", "b4,A,10:00:00,10:01:00,,s5,9",
        ])],
    } gives [
        ("day A session_eval_count", 2.0), ("day A session_good_rate", 0.5), ("day A session_bad_rate", 0.5), ("day A eval_count", 1.0),
        ("day A sat_4", 1.0), ("day A nps", 0.0), ("day A invite_count", 4.0),
    ];

    /// §11: the first card of the day says who invited, whatever the order of the file; one that does not say is nobody's.
    an_invitation_is_the_days_first_card {
        tables: &[("evaluations", &[
            "buyer_id,agent_id,sent_at,source", "b1,A,12:00:00,agent", "b1,A,11:00:00,system", "b2,A,12:00:00,", "b2,B,12:00:00,buyer",
            "b1,A,+1/12:00:00,agent",
        ])],
    } gives [
        ("day A invite_count", 2.0), ("day A invite_by_agent_count", 0.0), ("day A invite_by_system_count", 1.0),
        ("day B invite_by_buyer_count", 1.0), ("week A invite_count", 3.0), ("week A invite_by_agent_count", 1.0),
    ];

    /// §12: applied for on Monday, finished on Tuesday: each on its day. A day without sales is negative.
    a_refund_counts_when_it_is_applied_for_and_when_it_finishes {
        lines: &["10:00:00 s1 b1 buyer 推荐", "10:00:20 s1 b1 A 这款"],
        orders: &["o1 b1 10:05:00 10:06:00 100.00 4 -"],
        tables: &[("refunds", &[
            "refund_id,order_id,applied_at,amount,finished_at,quantity,disputed",
            "r1,o1,12:00:00,30.00,+1/12:00:00,1,true", "r2,o1,13:00:00,20.00,19:00:00,1,false", "r3,o1,14:00:00,5.00,,1,true",
        ])],
    } gives [
        ("day A refund_apply_count", 3.0), ("day A refund_apply_amount", 55.0), ("day A refund_count", 1.0), ("day A refund_hours", 6.0),
        ("day A dispute_refunds", 0.0), ("day A net_sales_amount", 80.0), ("week A refund_count", 2.0), ("week A refund_hours", 15.0),
        ("week A dispute_refunds", 1.0), ("week shop refund_rate", 0.5), ("week A refund_amount_rate", 0.5), ("week A net_sales_amount", 50.0),
    ];

    /// §12: the agent is the one the rule credits: A before the order, B before the payment.
    a_refund_goes_to_who_earned_the_order {
        lines: &["10:00:00 s1 b1 buyer 推荐", "10:00:20 s1 b1 A 这款", "11:00:00 s1 b1 buyer 在吗", "11:00:20 s1 b1 B 在"],
        orders: &["o1 b1 10:05:00 11:05:00 100.00 1 -"],
        tables: &[("refunds", &["refund_id,order_id,applied_at,amount,finished_at", "r1,o1,12:00:00,40.00,13:00:00"])],
    } gives [("day A refund_amount", 40.0), ("day B refund_amount", 0.0), ("day A net_sales_amount", 60.0), ("day A refund_qty", 0.0)];

    /// The same, by payment.
    by_payment_a_refund_goes_to_who_spoke_before_it {
        rules: "attribution = \"payment\"",
        lines: &["10:00:00 s1 b1 buyer 推荐", "10:00:20 s1 b1 A 这款", "11:00:00 s1 b1 buyer 在吗", "11:00:20 s1 b1 B 在"],
        orders: &["o1 b1 10:05:00 11:05:00 100.00 1 -"],
        tables: &[("refunds", &["refund_id,order_id,applied_at,amount,finished_at", "r1,o1,12:00:00,40.00,13:00:00"])],
    } gives [("day B refund_amount", 40.0), ("day A refund_amount", 0.0), ("day B net_sales_amount", 60.0)];

    /// Under `order_first` an order placed in silence is the one's who spoke before the payment; a silent one is the shop's alone.
    a_silent_orders_refund_is_the_shops_alone {
        lines: &["11:00:00 s1 b1 buyer 在吗", "11:00:20 s1 b1 B 在"],
        orders: &["o1 b1 10:05:00 11:05:00 100.00 1 -", "o2 b2 10:05:00 11:05:00 70.00 1 -"],
        tables: &[("refunds", &[
            "refund_id,order_id,applied_at,amount,finished_at,quantity,kind",
            "r1,o1,12:00:00,40.00,13:00:00,1,return", "r2,o2,12:00:00,70.00,13:00:00,1,return", "r3,o9,12:00:00,9.00,13:00:00,1,return",
        ])],
    } gives [
        ("day shop refund_count", 3.0), ("day shop refund_amount", 119.0), ("day shop refund_qty", 3.0), ("day B refund_amount", 40.0),
        ("day shop refund_amount_rate", 0.4), ("day shop return_rate", 0.4), ("day shop refund_rate", 1.0), ("day shop net_sales_amount", 60.0),
    ];

    /// One refund exported twice, when it was applied for and when it had finished: what was read last of it.
    a_refund_exported_twice_is_one {
        lines: &["10:00:00 s1 b1 buyer 推荐", "10:00:20 s1 b1 A 这款"],
        orders: &["o1 b1 10:05:00 10:06:00 100.00 1 -"],
        tables: &[("refunds", &[
            "refund_id,order_id,applied_at,amount,finished_at", "r1,o1,12:00:00,60.00,", "r1,o1,12:00:00,60.00,14:00:00",
        ])],
    } gives [("day A refund_apply_count", 1.0), ("day A refund_count", 1.0), ("day A refund_amount", 60.0), ("day A refund_hours", 2.0)];
}

const MONDAY: &str = "2026-09-28";
const SUNDAY: &str = "2026-10-04";
const LINES: &[&str] = &["10:00:00 s1 b1 buyer 推荐", "10:00:20 s1 b1 A 这款"];

/// A shop `s` in the week of 28 September, where A earns o1 on Monday: 100 yuan, 4 items.
fn given(refunds: &[&str]) -> Given {
    let mut input = given::input(MONDAY, SUNDAY);
    let base = input.first_day;
    input.lines = LINES.iter().map(|line| script::line(line, base, "s")).collect();
    input.orders = Some(vec![script::order("o1 b1 10:05:00 10:06:00 100.00 4 -", base, "s")]);
    let head = "refund_id,order_id,applied_at,amount,finished_at,quantity";
    let rows = [&[head], refunds].concat();
    Given { tables: vec![script::table("refunds", &rows, base, "s")], ..Given::new(input) }.in_file_order()
}

fn row(tables: &Tables, level: &str, period: &str, first: &str) -> Row {
    let key = (day(first), "s".to_owned(), (level == "agent").then(|| "A".to_owned()));
    tables.report(level, period).remove(&key).unwrap()
}

fn check(row: &Row, expected: &[(&str, Option<f64>)]) {
    for (metric, value) in expected {
        assert_eq!(number(row, metric), *value, "{metric}");
    }
}

/// Applied for in September, finished in October, when nothing was sold: rates of nothing are null.
#[test]
fn a_refund_can_finish_in_another_month() {
    let tables = given(&["r1,o1,12:00:00,30.00,+4/12:00:00,1"]).run();
    let (september, october) = (row(&tables, "agent", "month", "2026-09-01"), row(&tables, "agent", "month", "2026-10-01"));
    check(
        &september,
        &[("refund_apply_count", Some(1.0)), ("refund_count", Some(0.0)), ("net_sales_amount", Some(100.0)), ("refund_rate", Some(0.0))],
    );
    check(&october, &[("refund_apply_count", Some(0.0)), ("refund_count", Some(1.0)), ("refund_hours", Some(96.0))]);
    check(&october, &[("net_sales_amount", Some(-30.0)), ("refund_rate", None), ("refund_amount_rate", None)]);
}

/// The agent's lines lie four days before: a run of the last days alone, or days one by one, finds them too.
#[test]
fn whose_a_refund_is_does_not_depend_on_the_days_run() {
    let given = given(&["r1,o1,12:00:00,30.00,+4/12:00:00,1"]);
    let whole = given.run();
    let (first, last) = (day(MONDAY), day(SUNDAY));
    let alone = given.run_in_parts(&[(first + 4, last)]);
    let nights = (first..=last).map(|day| (day, day)).collect::<Vec<_>>();
    let by_night = given.run_in_parts(&nights);
    for tables in [&alone, &by_night] {
        let friday = date(first + 4);
        assert_eq!(row(tables, "agent", "day", &friday), row(&whole, "agent", "day", &friday));
        assert_eq!(number(&row(tables, "agent", "day", &friday), "refund_amount"), Some(30.0));
    }
    assert_eq!(by_night.files(&["reports", "details"]), whole.files(&["reports", "details"]));
}

/// A full refund closes the trade: the sale is out, so its refund is not taken off the sales a second time.
#[test]
fn the_refund_of_a_cancelled_order_is_the_shops_alone() {
    let mut given = given(&["r1,o1,12:00:00,100.00,13:00:00,4", "r2,o2,12:00:00,25.00,13:00:00,1"]);
    let base = given.input.first_day;
    let kept = script::order("o2 b1 10:05:00 10:06:00 50.00 2 -", base, "s");
    let closed = Order { cancelled_at: Some(script::at("13:00:00", base)), ..given.input.orders.unwrap().remove(0) };
    given.input.orders = Some(vec![closed, kept]);
    let tables = given.run();
    let (shop, agent) = (row(&tables, "shop", "day", MONDAY), row(&tables, "agent", "day", MONDAY));
    check(
        &shop,
        &[("refund_count", Some(2.0)), ("refund_amount", Some(125.0)), ("refund_rate", Some(0.5)), ("net_sales_amount", Some(25.0))],
    );
    check(
        &agent,
        &[("refund_count", Some(1.0)), ("refund_amount", Some(25.0)), ("refund_rate", Some(0.5)), ("net_sales_amount", Some(25.0))],
    );
}

/// Under `order` the sales of Wednesday wait for Sunday, those of the week for longer: so do the rates. The refunds themselves are there.
#[test]
fn rates_wait_for_the_sales_they_stand_on() {
    let waiting = Given {
        rules: "attribution = \"order\"".to_owned(),
        ..given(&["r1,o1,12:00:00,30.00,+4/12:00:00,1", "r2,o1,12:00:00,20.00,13:00:00,2"])
    };
    let tables = waiting.run();
    check(&row(&tables, "agent", "week", MONDAY), &[("refund_amount", Some(50.0)), ("refund_rate", None), ("net_sales_amount", None)]);
    check(
        &row(&tables, "agent", "day", MONDAY),
        &[("refund_amount", Some(20.0)), ("refund_rate", Some(0.5)), ("net_sales_amount", Some(80.0))],
    );
    check(&row(&tables, "agent", "day", "2026-10-02"), &[("refund_amount", Some(30.0)), ("net_sales_amount", None)]);
}

/// What the orders say is null without them; what the refunds say of the shop is not.
#[test]
fn without_orders_the_shop_alone_has_refunds() {
    let mut given = given(&["r1,o1,12:00:00,30.00,13:00:00,1"]);
    given.input.orders = None;
    let tables = given.run();
    check(&row(&tables, "shop", "day", MONDAY), &[("refund_count", Some(1.0)), ("refund_amount", Some(30.0)), ("refund_rate", None)]);
    check(
        &row(&tables, "shop", "day", MONDAY),
        &[("net_sales_amount", None), ("return_rate", None), ("invite_count", None), ("nps", None)],
    );
    check(&row(&tables, "agent", "day", MONDAY), &[("refund_count", None), ("refund_amount", None), ("refund_hours", None)]);
}

/// The rows that a later row of the same refund replaces are duplicates.
#[test]
fn the_audit_counts_a_refund_exported_twice() {
    let tables = given(&["r1,o1,12:00:00,30.00,,1", "r1,o1,12:00:00,30.00,13:00:00,1", "r2,o1,12:00:00,5.00,,1"]).run();
    let audits = tables.rows("_meta/audit");
    let of_refunds = audits.iter().find(|row| text(row, "table").as_deref() == Some("refunds")).unwrap();
    check(of_refunds, &[("read", Some(3.0)), ("used", Some(2.0)), ("duplicates", Some(1.0))]);
}

/// One row per card, with what of it counts and why it does not.
#[test]
fn every_card_is_traced() {
    let given = given(&[]);
    let cards = [
        "buyer_id,agent_id,sent_at,rated_at,grade,source,reason,session_id,target,nps",
        "b1,A,12:00:00,12:01:00,2,agent,attitude,s1,human,3",
        "b1,A,11:00:00,11:01:00,5,system,,s0,,",
        "b2,A,12:00:00,12:01:00,1,,,s2,robot,",
        "b1,A,+1/12:00:00,,,,,,,",
    ];
    let table = script::table("evaluations", &cards, given.input.first_day, "s");
    let tables = Given { tables: vec![table], ..given }.run();
    let rows = tables.rows("details/ratings");
    let told = |row: &Row| {
        let said = ["invites", "counts", "session_counts"].map(|column| truth(row, column));
        (text(row, "buyer_id").unwrap(), number(row, "grade"), text(row, "left_out"), said)
    };
    let expected = [
        ("b1".to_owned(), Some(5.0), None, [true, false, true]),
        ("b1".to_owned(), Some(2.0), None, [false, true, true]),
        ("b2".to_owned(), Some(1.0), Some("robot".to_owned()), [false; 3]),
        ("b1".to_owned(), None, None, [true, false, false]),
    ];
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(number(&rows[1], "rated_at"), Some(script::at("12:01:00", day(MONDAY)) as f64));
    assert_eq!((&rows[1]["reason"], &rows[3]["session_id"]), (&Value::Text("attitude".into()), &Value::Null));
}

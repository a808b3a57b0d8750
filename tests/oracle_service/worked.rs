//! What holds of all families, and those of the platforms' own examples, numbered T1 to T21, that end in a flag.
//! T8, T9, T19 and T20 stand beside what they are examples of.

use super::example::{MONDAY, SHOP, WEEK, agent, at, check, given, shop, told};
use super::judgement::{Demand, JdMonth, breaks, jd_defect};
use super::{Cells, Evaluation, ServiceInput, Status, StatusKind, cells, quotient, report};
use std::collections::BTreeSet;

#[rustfmt::skip]
const BOTH: &[&str] = &[
    // E
    "sales_target", "target_rate",
    // H
    "refund_apply_count", "refund_apply_amount", "refund_count", "refund_amount", "refund_qty", "refund_rate", "refund_amount_rate",
    "refund_only_rate", "return_rate", "refund_hours", "dispute_refunds", "net_sales_amount",
    // I
    "invite_count", "invite_by_agent_count", "invite_by_buyer_count", "invite_by_system_count", "invite_rate", "eval_count", "eval_rate",
    "good_count", "mid_count", "bad_count", "good_rate", "mid_rate", "bad_rate", "dissatisfied_rate", "sat_1", "sat_2", "sat_3", "sat_4",
    "sat_5", "csat_score", "attitude_bad_rate", "nps", "session_good_rate", "session_mid_rate", "session_bad_rate",
    "session_dissatisfied_rate", "session_eval_count",
    // K
    "tickets", "resolve_rate", "resolve_in_time_rate", "avg_resolve_h", "first_response_h", "sla_response_rate", "sla_resolve_rate",
    "sla_rate", "transfer_rate", "transfer_correct_rate", "repeat_contact_rate", "one_touch_rate", "complaint_rate", "kb_use_rate",
    "repurchase_rate", "retention_rate", "churn_rate", "service_cost", "cost_per_session", "benefit_per_cost",
];

#[rustfmt::skip]
const AGENT: &[&str] =
    &["work_days", "login_s", "suspend_s", "login_times", "first_online", "last_offline", "reception_time_share", "commission"];

#[rustfmt::skip]
const SHOP_ONLY: &[&str] = &[
    "duty_agents", "completion_rate", "watch_ratio", "like_rate", "comment_rate", "share_rate", "follow_rate", "comment_like_ratio",
    "share_like_ratio", "fan_like_ratio", "posts", "interactions", "max_plays",
];

fn ids(cells: &Cells) -> BTreeSet<&str> {
    cells.keys().copied().collect()
}

#[test]
fn every_metric_of_the_catalogue_is_in_its_rows() {
    let (of_shop, of_agent) = (cells(&given(), &shop(), &WEEK), cells(&given(), &agent("A"), &WEEK));
    assert!(ids(&of_shop) == BOTH.iter().chain(SHOP_ONLY).copied().collect::<BTreeSet<&str>>());
    assert!(ids(&of_agent) == BOTH.iter().chain(AGENT).copied().collect::<BTreeSet<&str>>());
}

/// A metric without its table is null, not 0.
#[test]
fn where_nothing_is_configured_everything_is_null() {
    for key in [shop(), agent("A")] {
        let known: Vec<&str> = cells(&given(), &key, &WEEK).into_iter().filter(|(_, value)| value.is_some()).map(|(id, _)| id).collect();
        assert!(known.is_empty(), "{known:?}");
    }
}

#[test]
fn a_row_exists_for_a_shop_and_for_each_agent_of_whom_anything_is_said() {
    let card = Evaluation {
        shop: SHOP.to_string(),
        buyer: "b1".to_string(),
        agent: "A".to_string(),
        sent_at: at(0, "12:00"),
        ..Evaluation::default()
    };
    let status = Status { shop: SHOP.to_string(), agent: "B".to_string(), at: at(1, "09:00"), kind: StatusKind::Online };
    let given = ServiceInput {
        evaluations: Some(vec![card]),
        statuses: Some(vec![status]),
        row_days: vec![told(Some("C"), 2, &["b1"])],
        ..given()
    };
    let rows = |days: &[i64]| report(&given, days).into_keys().collect::<Vec<_>>();
    assert!(rows(&WEEK) == [shop(), agent("A"), agent("B"), agent("C")]);
    assert!(rows(&[MONDAY]) == [shop(), agent("A")]);
    assert!(rows(&[MONDAY - 1]).is_empty());
}

/// T6 (Xiaohongshu): 30 of 100 consults are not answered in time, which is a rate of 70 %. It breaks the limit of 80 %, which is a hint,
/// and not those of 50 % and 30 %.
#[test]
fn t6_seventy_percent_in_three_minutes_is_hinted_at_and_no_more() {
    let rate = quotient(Some(100.0 - 30.0), Some(100.0));
    check(&Cells::from([("reply_3min_first_rate", rate)]), &[("reply_3min_first_rate", 0.7)]);
    let broken = [0.8, 0.5, 0.3].map(|limit| breaks(rate, Demand::AtLeast(limit)));
    assert!(broken == [Some(true), Some(false), Some(false)]);
}

/// The good rate of a number of good and bad ratings, computed from rows of `evaluations`.
fn good_rate(good: usize, bad: usize) -> Option<f64> {
    let grades = std::iter::repeat_n(5, good).chain(std::iter::repeat_n(1, bad));
    let cards = grades.enumerate().map(|(n, grade)| Evaluation {
        shop: SHOP.to_string(),
        buyer: format!("b{n}"),
        agent: "A".to_string(),
        sent_at: at(0, "12:00"),
        rated_at: Some(at(0, "12:05")),
        grade: Some(grade),
        ..Evaluation::default()
    });
    let given = ServiceInput { evaluations: Some(cards.collect()), ..given() };
    cells(&given, &shop(), &WEEK).get("good_rate").copied().flatten()
}

/// T7 (Kuaishou): an attitude rate of 3.2 / 20 = 16 % is above 6 %. A good rate of 180 / 200 = 90 % is not below 80 %.
#[test]
fn t7_an_attitude_rate_of_16_percent_fails_and_a_good_rate_of_90_passes() {
    assert!(breaks(quotient(Some(1.2 + 2.0), Some(12.0 + 8.0)), Demand::AtMost(0.06)) == Some(true));
    assert!(breaks(good_rate(180, 20), Demand::AtLeast(0.8)) == Some(false));
}

/// T7b: one bad rating needs at least four good ones. 4 / 5 = 80 % is enough, and 3 / 4 is not.
#[test]
fn t7b_one_bad_rating_needs_four_good_ones() {
    assert!(good_rate(4, 1) == Some(0.8));
    assert!(breaks(good_rate(4, 1), Demand::AtLeast(0.8)) == Some(false));
    assert!(breaks(good_rate(3, 1), Demand::AtLeast(0.8)) == Some(true));
}

/// T12 (视频号): 6 of 2778 rounds are unanswered, 0.216 %. Waits of 56 h 8 min = 202080 s over 2958 rounds are 68.3 s. Nothing is rounded
/// before the last step.
#[test]
fn t12_rates_are_rounded_by_the_reader() {
    let unanswered = quotient(Some(6.0), Some(2_778.0)).unwrap_or_default();
    let response_s = quotient(Some((56.0 * 60.0 + 8.0) * 60.0), Some(2_958.0)).unwrap_or_default();
    assert!(format!("{:.3} {response_s:.1}", unanswered * 100.0) == "0.216 68.3");
}

/// T21 (JD): 10 good of 12 are 83.3 %, not above 85 %, which fails. 45 s is not below 40 s, which fails. 300 / (300 + 400) = 42.9 % is
/// below 50 %, which passes. Two failed checks take 4 points.
#[test]
fn t21_two_of_three_checks_failed_take_4_points() {
    let left_rate = quotient(Some(300.0), Some(300.0 + 400.0));
    let month = JdMonth { satisfaction: good_rate(10, 2), ratings: 12, response_s: Some(45.0), left_rate, consults: 400 };
    check(&Cells::from([("good_rate", month.satisfaction), ("left", left_rate)]), &[("good_rate", 10.0 / 12.0), ("left", 3.0 / 7.0)]);
    assert!(jd_defect(&month) == -4);
    assert!(jd_defect(&JdMonth { response_s: Some(39.9), ..month }) == -2);
}

/// The checks are not made with 10 ratings or 300 consults, and are made with 11 and 301. All three together take 8 points.
#[test]
fn jd_checks_need_more_than_10_ratings_and_300_consults() {
    let month = |ratings, consults| JdMonth { satisfaction: Some(0.85), ratings, response_s: Some(40.0), left_rate: Some(0.5), consults };
    for (ratings, consults, points) in [(10, 300, 0), (11, 300, -2), (10, 301, -4), (11, 301, -8)] {
        assert!(jd_defect(&month(ratings, consults)) == points, "{ratings} {consults}");
    }
    assert!(jd_defect(&JdMonth { satisfaction: None, response_s: None, left_rate: None, ..month(11, 301) }) == 0);
}

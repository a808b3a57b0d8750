//! Attendance, after-sales tickets, loyalty, cost, targets and content: where one reading ends and the next begins.
//! Day 0 is Monday 7 September 2026.

use crate::support::given::{self, Given};
use crate::support::scratch::scratch;
use crate::support::tables::{Row, Tables, number, text};
use crate::support::{compare, date, day, script};

const MONDAY: &str = "2026-09-07";
const SHOP: &str = "s1";

#[derive(Clone, Copy, Default)]
struct Case {
    lines: &'static [&'static str],
    orders: &'static [&'static str],
    tables: &'static [(&'static str, &'static [&'static str])],
}

impl Case {
    /// The log of so many days.
    fn given(self, days: i64) -> Given {
        let base = day(MONDAY);
        let mut input = given::input(MONDAY, &date(base + days - 1));
        input.lines = self.lines.iter().map(|line| script::line(line, base, SHOP)).collect();
        input.orders = Some(self.orders.iter().map(|order| script::order(order, base, SHOP)).collect());
        let tables = self.tables.iter().map(|(table, rows)| script::table(table, rows, base, SHOP)).collect();
        Given { tables, ..Given::new(input) }.in_file_order()
    }

    fn run(self, days: i64) -> Tables {
        self.given(days).run()
    }
}

/// `day 0 A login_s`: the period, its first day after Monday, the shop or an agent, and the metric. None: null, or no row.
fn cell(tables: &Tables, which: &str) -> Option<f64> {
    let [period, first, who, metric] = which.split(' ').collect::<Vec<_>>()[..] else { panic!("`{which}` is no cell") };
    let level = if who == "shop" { "shop" } else { "agent" };
    let first = day(MONDAY) + first.parse::<i64>().unwrap();
    let report = tables.report(level, period);
    let row = report.get(&(first, SHOP.to_owned(), (level == "agent").then(|| who.to_owned())))?;
    assert!(row.contains_key(metric), "no column {metric}");
    number(row, metric)
}

fn check(tables: &Tables, expected: &[(&str, f64)]) {
    for (which, value) in expected {
        let got = cell(tables, which);
        assert!(got.is_some_and(|got| compare::is_close("", *value, got)), "{which} is {got:?}, not {value}");
    }
}

fn check_null(tables: &Tables, expected: &[&str]) {
    for which in expected {
        assert_eq!(cell(tables, which), None, "{which}");
    }
}

#[test]
fn a_night_shift_is_cut_at_the_end_of_the_day() {
    let tables = Case {
        tables: &[("agent_status", &["agent_id,at,status", "A,+1/02:00:00,offline", "A,22:00:00,online"])],
        lines: &["+3/10:00:00 s1 b1 buyer 在吗", "+3/10:00:20 s1 b1 A 在"],
        ..Case::default()
    }
    .run(7);
    check(&tables, &[("day 0 A login_s", 7_200.0), ("day 0 A login_times", 1.0), ("day 0 A first_online", 79_200.0)]);
    check(&tables, &[("day 0 A last_offline", 86_400.0), ("day 1 A login_s", 7_200.0), ("day 1 A login_times", 0.0)]);
    check(&tables, &[("day 1 A first_online", 0.0), ("day 1 A last_offline", 7_200.0), ("day 1 A work_days", 1.0)]);
    // On Thursday A only replies: a work day without an instant.
    check(&tables, &[("day 3 A work_days", 1.0), ("day 3 A login_s", 0.0), ("day 3 shop duty_agents", 1.0)]);
    check_null(&tables, &["day 3 A first_online", "day 3 A last_offline", "day 3 A reception_time_share"]);
    check(&tables, &[("week 0 A work_days", 3.0), ("week 0 A first_online", 39_600.0), ("week 0 A last_offline", 46_800.0)]);
    check(&tables, &[("week 0 shop duty_agents", 1.0)]);
}

#[test]
fn who_is_never_seen_to_leave_stays_but_not_beyond_what_has_landed() {
    let tables = Case {
        tables: &[(
            "agent_status",
            &["agent_id,at,status", "A,18:00:00,online", "A,+1/06:00:00,suspended", "B,-40/09:00:00,online", "C,-30/09:00:00,online"],
        )],
        ..Case::default()
    }
    .run(2);
    check(&tables, &[("day 0 A login_s", 21_600.0), ("day 1 A login_s", 86_400.0), ("day 1 A suspend_s", 64_800.0)]);
    check(&tables, &[("week 0 A login_s", 108_000.0), ("week 0 A work_days", 2.0)]);
    // A status of more than 31 days ago says nothing of today.
    check(&tables, &[("day 0 C login_s", 86_400.0), ("day 0 shop duty_agents", 2.0)]);
    check_null(&tables, &["day 0 B login_s"]);
}

/// B is suspended without having been online: time, but no login. C is in and out in the same instant: a login, no time.
#[test]
fn a_login_is_a_change_from_offline_to_online() {
    let tables = Case {
        tables: &[(
            "agent_status",
            &[
                "agent_id,at,status",
                "A,09:00:00,online",
                "A,09:30:00,online",
                "A,12:00:00,offline",
                "A,12:00:00,resumed",
                "A,13:00:00,offline",
                "B,09:00:00,suspended",
                "B,10:00:00,resumed",
                "B,11:00:00,offline",
                "C,09:00:00,online",
                "C,09:00:00,offline",
            ],
        )],
        ..Case::default()
    }
    .run(1);
    check(&tables, &[("day 0 A login_times", 2.0), ("day 0 A login_s", 14_400.0), ("day 0 A last_offline", 46_800.0)]);
    check(&tables, &[("day 0 B login_times", 0.0), ("day 0 B login_s", 7_200.0), ("day 0 B suspend_s", 3_600.0)]);
    check(&tables, &[("day 0 C login_times", 1.0), ("day 0 C login_s", 0.0), ("day 0 C work_days", 1.0)]);
    check_null(&tables, &["day 0 C first_online"]);
}

/// A and B are accounts of one person; the buyer b1 has the id of an agent of another shop, which is nobody's business.
#[test]
fn each_account_on_duty_counts_whosever_it_is() {
    let tables = Case {
        tables: &[
            ("agent_status", &["agent_id,at,status", "A,09:00:00,online", "B,+1/09:00:00,online", "C,09:00:00,online"]),
            ("staff", &["agent_id,person_id", "A,p1", "B,p1"]),
        ],
        lines: &["10:00:00 s1 C buyer 在吗"],
        ..Case::default()
    }
    .run(2);
    check(&tables, &[("day 0 shop duty_agents", 2.0), ("day 1 shop duty_agents", 3.0), ("week 0 shop duty_agents", 3.0)]);
    check(&tables, &[("day 0 shop consult_buyers", 1.0), ("day 0 A work_days", 1.0)]);
}

/// b1 is back a millisecond before 7 × 24 h are over, b2 at the end of them, b3 with another question; b4 has two without a kind at one
/// instant, and so has b5, who is back with a third.
#[test]
fn a_repeated_contact_is_of_the_same_kind_less_than_seven_days_later() {
    let case = Case {
        tables: &[(
            "tickets",
            &[
                "ticket_id,buyer_id,opened_at,agent_id,kind",
                "t1,b1,09:00:00,A,return",
                "t2,b1,+7/08:59:59.999,B,return",
                "t3,b2,09:00:00,A,return",
                "t4,b2,+7/09:00:00,A,return",
                "t5,b3,09:00:00,A,return",
                "t6,b3,10:00:00,A,repair",
                "t7,b4,09:00:00,A,",
                "t8,b4,09:00:00,,",
                "t9,b5,09:00:00,A,",
                "t10,b5,09:00:00,,",
                "t11,b5,+1/09:00:00,,",
            ],
        )],
        ..Case::default()
    };
    let tables = case.run(8);
    check(&tables, &[("day 0 A tickets", 6.0), ("day 0 A repeat_tickets", 2.0), ("day 0 A repeat_contact_rate", 2.0 / 6.0)]);
    check(&tables, &[("day 0 shop tickets", 8.0), ("day 0 shop repeat_tickets", 3.0), ("day 7 shop tickets", 2.0)]);
    check_null(&tables, &["day 7 shop repeat_contact_rate", "week 0 shop repeat_contact_rate", "day 7 shop one_touch_rate"]);
    check_null(&case.run(7), &["day 0 A repeat_contact_rate", "day 0 A one_touch_rate"]);
    check(
        &case.given(7).run_in_parts(&[(day(MONDAY), day(MONDAY) + 6), (day(MONDAY) + 7, day(MONDAY) + 7)]),
        &[("day 0 A repeat_contact_rate", 2.0 / 6.0)],
    );
}

/// t1: unresolved, though it has an instant, which counts for the hours. t2: nothing is said, and an instant. t3: resolved, nobody knows
/// when. t4: done at the very instants agreed. t5 is exported again, resolved. t6: passed on, and nobody says whether rightly.
#[test]
fn what_is_said_of_a_ticket_goes_before_what_its_instants_tell() {
    let tables = Case {
        tables: &[(
            "tickets",
            &[
                "ticket_id,buyer_id,opened_at,first_response_at,resolved_at,resolved,sla_response_due_at,sla_resolve_due_at,transferred_to",
                "t1,b1,09:00:00,,10:00:00,false,,12:00:00,",
                "t2,b2,09:00:00,,12:00:00,,,,",
                "t3,b3,09:00:00,,,true,,12:00:00,",
                "t4,b4,09:00:00,09:30:00,11:00:00,true,09:30:00,11:00:00,",
                "t5,b5,09:00:00,,,,,,",
                "t6,b6,09:00:00,,,,,,C",
                "t5,b5,09:00:00,,,true,,,",
            ],
        )],
        ..Case::default()
    }
    .run(8);
    check(&tables, &[("day 0 shop tickets", 6.0), ("day 0 shop resolve_rate", 4.0 / 6.0), ("day 0 shop avg_resolve_h", 2.0)]);
    check(
        &tables,
        &[("day 0 shop resolve_in_time_rate", 1.0 / 3.0), ("day 0 shop sla_resolve_rate", 1.0 / 3.0), ("day 0 shop sla_rate", 1.0)],
    );
    check(&tables, &[("day 0 shop sla_response_rate", 1.0), ("day 0 shop first_response_h", 0.5)]);
    check(&tables, &[("day 0 shop transfer_correct_rate", 0.0), ("day 0 shop one_touch_rate", 4.0 / 6.0)]);
}

/// A serves b1 on Monday and Tuesday, b2 on Monday; b1 pays on Tuesday and in the last millisecond of Tuesday + 90, b2 at the start of
/// Monday + 91. b1 had a ticket on Wednesday, when nobody served it.
const SERVED: Case = Case {
    lines: &["10:00:00 s1 b1 buyer>A 在吗", "10:00:00 s2 b2 buyer>A 在吗", "+1/10:00:00 s3 b1 buyer>A 在吗"],
    orders: &[
        "o1 b1 +1/12:00:00 +1/12:01:00 10.00 1 -",
        "o2 b1 +91/12:00:00 +91/23:59:59.999 10.00 1 -",
        "o3 b2 +90/12:00:00 +91/00:00:00 10.00 1 -",
    ],
    tables: &[("tickets", &["ticket_id,buyer_id,opened_at,agent_id", "t1,b1,+2/12:00:00,A"])],
};

#[test]
fn loyalty_looks_at_the_ninety_days_after_the_last_day_served() {
    let plan_of = |case: Case| {
        let folder = scratch();
        let plan = given::plan(&case.given(7).write(folder.path()), "memory:///");
        given::run_days(&plan, day(MONDAY), day(MONDAY) + 6, Some(day(MONDAY) + 96));
        Tables::of(&plan.output)
    };
    let tables = plan_of(SERVED);
    // Monday's window ends with Monday + 90: o1 is in it, o3 just not. Tuesday's ends with o2.
    check(&tables, &[("day 0 A retention_rate", 0.5), ("day 1 A retention_rate", 1.0), ("day 0 shop churn_rate", 0.5)]);
    check(&tables, &[("week 0 A retention_rate", 0.5), ("week 0 shop retained_buyers", 1.0), ("week 0 A repurchase_rate", 1.0)]);
    check_null(&tables, &["day 0 A repurchase_rate", "day 2 A retention_rate", "month -6 shop retention_rate"]);
    // Without the last payment b1 came back after Monday, but not after Tuesday, which is the week's last.
    let tables = plan_of(Case { orders: &["o1 b1 +1/12:00:00 +1/12:01:00 10.00 1 -"], ..SERVED });
    check(&tables, &[("day 0 A retention_rate", 0.5), ("day 1 A retention_rate", 0.0), ("week 0 A retention_rate", 0.0)]);
    check(&tables, &[("week 0 A repurchase_rate", 0.0)]);
}

/// Night by night a day is made again while payments can change it, when repeated contacts are known, and when loyalty is: not between.
#[test]
fn a_night_restates_the_days_that_mature_with_it_and_no_others() {
    let base = day(MONDAY);
    let folder = scratch();
    let given = Given { judged: false, ..SERVED.given(92) };
    let plan = given::plan(&given.write(folder.path()), "memory:///");
    given::run_days(&plan, base, base + 1, None);
    let restated = |night: i64| given::run_days(&plan, base + night, base + night, None).days_restated;
    // The night itself, and the four before it, whose payments are waited for.
    assert_eq!([2, 3, 4, 5, 6].map(restated), [3, 4, 5, 5, 5]);
    assert_eq!([7, 8, 9].map(restated), [6, 6, 6], "and the day of a week ago, for repeated contacts");
    given::run_days(&plan, base + 10, base + 88, None);
    check_null(&Tables::of(&plan.output), &["day 0 A retention_rate", "day 1 A retention_rate"]);
    assert_eq!(restated(89), 6);
    assert_eq!(restated(90), 7, "and Monday");
    let monday = Tables::of(&plan.output);
    check(&monday, &[("day 0 A retention_rate", 0.5)]);
    check_null(&monday, &["day 1 A retention_rate"]);
    assert_eq!(restated(91), 7, "and Tuesday");
    let nightly = Tables::of(&plan.output);
    check(&nightly, &[("day 1 A retention_rate", 1.0)]);
    let at_once = given.run();
    assert_eq!(nightly.files(&["reports"]), at_once.files(&["reports"]));
}

/// A and B: 9 minutes at 33.30 yuan, 4.995 each. C costs nobody knows what, and logs in on Tuesday alone. D never does.
#[test]
fn a_cost_is_rounded_once_and_unknown_where_a_rate_is() {
    let tables = Case {
        tables: &[
            (
                "agent_status",
                &[
                    "agent_id,at,status",
                    "A,09:00:00,online",
                    "A,09:09:00,offline",
                    "B,09:00:00,online",
                    "B,09:09:00,offline",
                    "C,+1/09:00:00,online",
                    "C,+1/09:01:00,offline",
                ],
            ),
            ("staff", &["agent_id,hourly_cost,commission_rate", "A,33.30,0.1", "B,33.30,", "C,,", "D,25.00,"]),
        ],
        lines: &["10:00:00 s1 b1 buyer 在吗", "10:00:10 s1 b1 A 在", "10:01:00 s2 b2 buyer>C 在吗", "10:02:00 s3 b3 buyer>D 在吗"],
        orders: &["o1 b1 10:01:00 10:02:00 0.05 1 -"],
    }
    .run(2);
    check(&tables, &[("day 0 A service_cost", 5.0), ("day 0 B service_cost", 5.0), ("day 0 shop service_cost", 9.99)]);
    check(
        &tables,
        &[("day 0 A cost_per_session", 4.995), ("day 0 shop cost_per_session", 3.33), ("day 0 A benefit_per_cost", 0.05 / 4.995)],
    );
    check(&tables, &[("day 0 D service_cost", 0.0), ("week 0 A service_cost", 5.0)]);
    check_null(&tables, &["day 0 D benefit_per_cost", "day 0 C service_cost", "day 1 shop service_cost", "week 0 shop service_cost"]);
    // Half a fen is a fen; of B nobody knows the rate.
    check(&tables, &[("day 0 A commission", 0.01)]);
    check_null(&tables, &["day 0 B commission"]);
}

/// Targets of September and October; the shop's own for September alone, so that of October is its agents' together.
#[test]
fn a_target_is_of_months() {
    let tables = Case {
        tables: &[(
            "targets",
            &[
                "agent_id,month,metric,target",
                "A,2026-09,sales_amount,1000",
                "B,2026-09,sales_amount,500.55",
                ",2026-09,sales_amount,2000",
                "A,2026-10,sales_amount,3000",
                "B,2026-10,sales_amount,1000",
                "A,2026-09,receive_buyers,7",
            ],
        )],
        lines: &["10:00:00 s1 b1 buyer 推荐", "10:00:20 s1 b1 A 这款"],
        orders: &["o1 b1 10:05:00 10:06:00 250.00 1 -"],
    }
    .run(1);
    // September began six days before Monday, its quarter 68, its year 249.
    check(&tables, &[("month -6 A sales_target", 1_000.0), ("month -6 A target_rate", 0.25), ("month -6 shop sales_target", 2_000.0)]);
    check(&tables, &[("quarter -68 shop sales_target", 2_000.0), ("year -249 A sales_target", 4_000.0)]);
    check(&tables, &[("year -249 shop sales_target", 6_000.0), ("year -249 shop target_rate", 250.0 / 6_000.0)]);
    check_null(&tables, &["day 0 A sales_target", "week 0 A target_rate", "week 0 shop sales_target"]);
}

/// Followers are a stock: Tuesday's greatest, though Monday had more. What is not known of a video is in neither sum.
#[test]
fn a_week_of_videos_is_sums_over_sums_and_the_last_count_of_followers() {
    let tables = Case {
        tables: &[(
            "videos",
            &[
                "video_id,date,plays,likes,comments,followers,complete_plays,watch_seconds,length_seconds",
                "v1,@0,1000,50,15,2500,200,15000,60",
                "v1,@1,500,25,10,2100,40,6000,60",
                "v2,@1,0,0,,2000,,,30",
                "v2,@2,500,25,,,,,30",
                "v3,@3,400,,,,,,",
            ],
        )],
        ..Case::default()
    }
    .run(7);
    check(&tables, &[("week 0 shop posts", 3.0), ("day 1 shop posts", 2.0)]);
    check(&tables, &[("week 0 shop interactions", 125.0), ("day 1 shop interactions", 35.0), ("day 2 shop interactions", 25.0)]);
    check(&tables, &[("week 0 shop max_plays", 1_000.0), ("day 2 shop max_plays", 500.0)]);
    check_null(&tables, &["day 3 shop interactions"]);
    let told = |row: &Row| {
        let rates = ["like_rate", "completion_rate", "fan_like_ratio"].map(|metric| number(row, metric));
        (text(row, "shop_id").unwrap(), text(row, "video_id").unwrap(), rates, number(row, "max_plays"))
    };
    let of = |video: &str, rates, most| (SHOP.to_owned(), video.to_owned(), rates, Some(most));
    let week = tables.rows("reports/video_week");
    assert_eq!(
        week.iter().map(told).collect::<Vec<_>>(),
        [
            of("v1", [Some(0.05), Some(0.16), Some(28.0)], 1_000.0),
            of("v2", [Some(0.05), None, Some(80.0)], 500.0),
            of("v3", [None, None, None], 400.0),
        ]
    );
    assert!(week.iter().all(|row| number(row, "report_date") == Some(day(MONDAY) as f64) && !row.contains_key("posts")));
    assert_eq!(tables.rows("reports/video_day").len(), 5);
    assert!(Case::default().run(1).rows("reports/video_day").is_empty());
    check(&tables, &[("week 0 shop like_rate", 0.05), ("week 0 shop completion_rate", 0.16), ("week 0 shop watch_ratio", 21.0 / 90.0)]);
    check(
        &tables,
        &[("week 0 shop comment_like_ratio", 25.0 / 75.0), ("week 0 shop fan_like_ratio", 21.0), ("day 0 shop fan_like_ratio", 50.0)],
    );
    check_null(&tables, &["week 0 shop share_rate", "day 2 shop fan_like_ratio", "day 2 shop completion_rate", "day 3 shop like_rate"]);
}

#[test]
fn kinds_of_tickets_and_their_shares() {
    let tables = Case {
        tables: &[(
            "tickets",
            &[
                "ticket_id,buyer_id,opened_at,agent_id,kind",
                "t1,b1,09:00:00,A,return",
                "t2,b2,+1/09:00:00,A,return",
                "t3,b3,09:00:00,A,repair",
                "t4,b4,09:00:00,,",
            ],
        )],
        ..Case::default()
    }
    .run(2);
    let told = |period: &str| -> Vec<String> {
        let row = |row: &Row| {
            let [level, agent, kind] = ["level", "agent_id", "kind"].map(|name| text(row, name).unwrap_or_default());
            format!("{level} {agent} {kind} {} {:.3}", number(row, "tickets").unwrap(), number(row, "share").unwrap())
        };
        tables.rows(&format!("reports/ticket_kinds_{period}")).iter().map(row).collect()
    };
    let week = ["agent A repair 1 0.333", "agent A return 2 0.667", "shop   1 0.250", "shop  repair 1 0.250", "shop  return 2 0.500"];
    assert_eq!(told("week"), week);
    let days = ["agent A repair 1 0.500", "agent A return 1 0.500", "shop   1 0.333", "shop  repair 1 0.333", "shop  return 1 0.333"];
    assert_eq!(told("day"), [&days[..], &["agent A return 1 1.000", "shop  return 1 1.000"]].concat());
    assert!(Case::default().run(1).rows("reports/ticket_kinds_day").is_empty());
}

/// Of Monday nobody knows the visitors, on Wednesday nobody came.
#[test]
fn visitors_of_a_day_that_nobody_counted_are_not_zero() {
    let lines =
        &["10:00:00 s1 b1 buyer 在吗", "+1/10:00:00 s2 b1 buyer 在吗", "+1/10:00:00 s3 b2 buyer 在吗", "+2/10:00:00 s4 b1 buyer 在吗"];
    let given = |visits: &[(i64, i64)], days| {
        let mut given = Case { lines, ..Case::default() }.given(days);
        given.input.visits = Some(visits.iter().map(|(after, visitors)| (SHOP.to_owned(), day(MONDAY) + after, *visitors)).collect());
        given.run()
    };
    let tables = given(&[(1, 8), (2, 0)], 3);
    check(&tables, &[("day 1 shop visitors", 8.0), ("day 1 shop consult_rate", 0.25), ("day 2 shop visitors", 0.0)]);
    check(&tables, &[("week 0 shop visitors", 8.0), ("week 0 shop visitor_days", 2.0), ("day 0 shop visitor_days", 0.0)]);
    check_null(&tables, &["day 0 shop visitors", "day 0 shop consult_rate", "day 2 shop consult_rate", "week 0 shop consult_rate"]);
    // The week is known as far as it has been made.
    check(&given(&[(0, 2), (1, 8), (2, 0)], 3), &[("week 0 shop visitors", 10.0), ("week 0 shop consult_rate", 0.2)]);
    check_null(&given(&[], 3), &["week 0 shop visitors", "week 0 shop consult_rate"]);
}

/// B speaks between order and payment, and A after B: by payment B only assists. Under `order_first` A has earned the order, B has no part.
#[test]
fn who_only_assists_under_another_rule_has_no_row() {
    let case = Case {
        lines: &["10:00:00 s1 b1 buyer 推荐", "10:00:20 s1 b1 A 这款", "+1/10:00:00 s2 b1 B 您好", "+1/10:01:00 s2 b1 A 您好"],
        orders: &["o1 b1 10:05:00 +2/09:00:00 90.00 1 -"],
        ..Case::default()
    };
    let has_row = |tables: &Tables, after: i64| {
        tables.report("agent", "day").contains_key(&(day(MONDAY) + after, SHOP.to_owned(), Some("B".to_owned())))
    };
    let tables = case.run(7);
    check(&tables, &[("day 2 A sales_amount", 90.0), ("day 1 B agent_msgs", 1.0)]);
    assert!(!has_row(&tables, 2) && has_row(&tables, 1));
    let roles = tables.rows("details/credits");
    assert!(roles.iter().any(|row| text(row, "agent_id").as_deref() == Some("B") && text(row, "role").as_deref() == Some("assist")));
    let by_payment = Given { rules: "attribution = \"payment\"".to_owned(), ..case.given(7) }.run();
    assert!(has_row(&by_payment, 2));
    check(&by_payment, &[("day 2 B assist_orders", 1.0)]);
}

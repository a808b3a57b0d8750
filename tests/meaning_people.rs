//! People in real life: agents who change teams and leave, and buyers with several accounts.

use crate::oracle::Line;
use crate::support::given::{self, Given};
use crate::support::scratch::scratch;
use crate::support::tables::{Row, Tables, number, text};
use crate::support::{compare, date, day, script};
use bytes::Bytes;
use kefu::config::Plan;
use kefu::observability::RunRecord;
use std::collections::{BTreeMap, BTreeSet};
use tempfile::TempDir;

/// Day 0.
const MONDAY: &str = "2026-09-07";
const SUNDAY: &str = "2026-09-13";
const MONTH: &str = "2026-09-01";
const SHOP: &str = "s";

/// A log of the week, and further tables in the short form.
fn given(lines: &[&str], orders: Option<&[&str]>, tables: &[(&str, &[&str])]) -> Given {
    let base = day(MONDAY);
    let mut input = given::input(MONDAY, SUNDAY);
    input.lines = lines.iter().map(|line| script::line(line, base, SHOP)).collect();
    input.orders = orders.map(|orders| orders.iter().map(|order| script::order(order, base, SHOP)).collect());
    let tables = tables.iter().map(|(table, rows)| script::table(table, rows, base, SHOP)).collect();
    Given { tables, judged: false, ..Given::new(input) }.in_file_order()
}

/// The row of a level, such as `team day`, whose first day is so many days after Monday (of a month: the month's).
fn row(tables: &Tables, which: &str, after: i64, who: Option<&str>) -> Option<Row> {
    let (level, period) = which.split_once(' ').unwrap();
    let first = if period == "month" { day(MONTH) } else { day(MONDAY) + after };
    tables.report(level, period).remove(&(first, SHOP.to_owned(), who.map(str::to_owned)))
}

fn check(tables: &Tables, which: &str, after: i64, who: Option<&str>, expected: &[(&str, Option<f64>)]) {
    let row = row(tables, which, after, who).unwrap_or_else(|| panic!("no row of {who:?} in {which} {after}"));
    for (metric, value) in expected {
        assert!(row.contains_key(*metric), "no column {metric}");
        let got = number(&row, metric);
        let same = got.zip(*value).map_or(got == *value, |(got, value)| compare::is_close(metric, value, got));
        assert!(same, "{which} {after} {who:?}: {metric} is {got:?}, not {value:?}");
    }
}

/// A folder that stays, to be run again after a change.
struct Kept {
    folder: TempDir,
    plan: Plan,
}

impl Kept {
    fn new(given: &Given) -> Kept {
        let folder = scratch();
        let plan = given::plan(&given.write(folder.path()), "memory:///");
        let kept = Kept { folder, plan };
        kept.run(MONDAY);
        kept
    }

    /// Runs the days from one to Sunday.
    fn run(&self, from: &str) -> RunRecord {
        given::run_days(&self.plan, day(from), day(SUNDAY), None)
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// That what is published is what one run over everything comes to.
    fn assert_clean(&self) {
        let plan = given::plan(&self.folder.path().join("pipeline.toml"), "memory:///");
        given::run_days(&plan, day(MONDAY), day(SUNDAY), None);
        let [found, expected] = [&self.plan, &plan].map(|plan| Tables::of(&plan.output));
        let files = |tables: &Tables| -> BTreeMap<String, Bytes> {
            tables.files(&["reports", "details", "dims"]).into_iter().map(|(key, bytes)| (key.to_owned(), bytes.clone())).collect()
        };
        let (found, expected) = (files(&found), files(&expected));
        let differing = found.keys().chain(expected.keys()).filter(|key| found.get(*key) != expected.get(*key));
        assert_eq!(differing.collect::<BTreeSet<_>>(), BTreeSet::new());
    }
}

/// B is of the early shift until Wednesday and of the late one from Thursday on; A is always of the early one.
const STAFF: &[&str] = &[
    "agent_id,name,team,hourly_cost,commission_rate,from,to",
    "A,小青,早班,,,,",
    "B,小白,早班,36.00,0.01,,@2",
    "B,小白,晚班,72.00,0.02,@3,",
];

/// B serves b1 on Wednesday and on Thursday, A serves b2 on Thursday.
const LINES: &[&str] = &[
    "+2/10:00:00 s1 b1 buyer>B 在吗",
    "+2/10:00:20 s1 b1 B 在",
    "+3/10:00:00 s2 b1 buyer>B 在吗",
    "+3/10:00:40 s2 b1 B 在",
    "+3/11:00:00 s3 b2 buyer>A 在吗",
    "+3/11:00:10 s3 b2 A 在",
];

/// Both are B's.
const ORDERS: &[&str] = &["o1 b1 +2/10:20:00 +2/10:21:00 100.00 1 -", "o2 b1 +3/10:20:00 +3/10:21:00 60.00 1 -"];

/// An hour on Wednesday, half an hour on Thursday.
const STATUS: &[&str] =
    &["agent_id,at,status", "B,+2/09:00:00,online", "B,+2/10:00:00,offline", "B,+3/09:00:00,online", "B,+3/09:30:00,offline"];

const TARGETS: &[&str] = &["agent_id,month,metric,target", "B,2026-09,sales_amount,1000"];

fn moved(staff: &[&str]) -> Tables {
    given(LINES, Some(ORDERS), &[("staff", staff), ("agent_status", STATUS), ("targets", TARGETS)]).run()
}

#[test]
fn who_moves_leaves_the_work_of_each_day_with_the_team_of_that_day() {
    let tables = moved(STAFF);
    check(&tables, "team day", 2, Some("早班"), &[("resp_avg_s", Some(20.0)), ("sales_amount", Some(100.0))]);
    assert!(row(&tables, "team day", 2, Some("晚班")).is_none());
    check(&tables, "team day", 3, Some("早班"), &[("resp_avg_s", Some(10.0)), ("sales_amount", Some(0.0))]);
    check(&tables, "team day", 3, Some("晚班"), &[("resp_avg_s", Some(40.0)), ("sales_amount", Some(60.0))]);
    for period in ["team week", "team month"] {
        let early = [("receive_buyers", 2.0), ("resp_avg_s", 15.0), ("sales_amount", 100.0), ("commission", 1.0), ("service_cost", 36.0)];
        let late = [("receive_buyers", 1.0), ("resp_avg_s", 40.0), ("sales_amount", 60.0), ("commission", 1.2), ("service_cost", 36.0)];
        check(&tables, period, 0, Some("早班"), &early.map(|(metric, value)| (metric, Some(value))));
        check(&tables, period, 0, Some("晚班"), &late.map(|(metric, value)| (metric, Some(value))));
    }
}

#[test]
fn an_agents_own_row_goes_on_and_its_rates_go_by_day() {
    let tables = moved(STAFF);
    for period in ["agent week", "agent month"] {
        let own = [("sales_amount", 160.0), ("commission", 2.2), ("service_cost", 72.0), ("resp_avg_s", 30.0)];
        check(&tables, period, 0, Some("B"), &own.map(|(metric, value)| (metric, Some(value))));
    }
    check(&tables, "agent day", 2, Some("B"), &[("commission", Some(1.0)), ("service_cost", Some(36.0))]);
    check(&tables, "agent day", 3, Some("B"), &[("commission", Some(1.2)), ("service_cost", Some(36.0))]);
    check(&tables, "shop week", 0, None, &[("service_cost", Some(72.0))]);
    // Who has no rate has none without work, too.
    check(&tables, "agent week", 0, Some("A"), &[("commission", None), ("service_cost", None)]);
    let agents = tables.rows("dims/agent");
    let team = |agent: &str| text(agents.iter().find(|row| text(row, "agent_id").as_deref() == Some(agent)).unwrap(), "team");
    assert_eq!([team("A"), team("B")], [Some("早班".to_owned()), Some("晚班".to_owned())]);
}

/// B is of the late shift on 30 September.
#[test]
fn a_target_goes_with_the_team_of_the_months_last_day() {
    let tables = moved(STAFF);
    check(&tables, "team month", 0, Some("晚班"), &[("sales_target", Some(1000.0))]);
    check(&tables, "team month", 0, Some("早班"), &[("sales_target", None)]);
    check(&tables, "agent month", 0, Some("B"), &[("sales_target", Some(1000.0))]);
}

/// 0.05 at 0.1 and at 0.1001 are 0.005 and 0.005005: 0.01 each by itself, and 0.01 together.
#[test]
fn rates_of_several_days_are_rounded_once() {
    let orders = ["o1 b1 +2/10:20:00 +2/10:21:00 0.05 1 -", "o2 b1 +3/10:20:00 +3/10:21:00 0.05 1 -"];
    let staff = ["agent_id,commission_rate,from,to", "B,0.1,,@2", "B,0.1001,@3,"];
    let tables = given(LINES, Some(&orders), &[("staff", &staff)]).run();
    check(&tables, "agent day", 2, Some("B"), &[("commission", Some(0.01))]);
    check(&tables, "agent day", 3, Some("B"), &[("commission", Some(0.01))]);
    check(&tables, "agent week", 0, Some("B"), &[("commission", Some(0.01)), ("sales_amount", Some(0.1))]);
}

#[test]
fn a_day_with_work_and_without_a_rate_has_no_commission() {
    let staff = ["agent_id,team,commission_rate,from,to", "B,早班,0.01,,@2", "B,晚班,,@3,"];
    let tables = moved(&staff);
    check(&tables, "agent week", 0, Some("B"), &[("commission", None), ("sales_amount", Some(160.0))]);
    check(&tables, "team week", 0, Some("早班"), &[("commission", Some(1.0))]);
    check(&tables, "team week", 0, Some("晚班"), &[("commission", None)]);
}

/// B has no row from Thursday on.
#[test]
fn who_has_no_row_has_a_name_and_no_team_and_is_named() {
    let staff = ["agent_id,name,team,commission_rate,from,to", "A,小青,早班,,,", "B,小白,早班,0.01,,@2"];
    let folder = scratch();
    let plan = given::plan(&given(LINES, Some(ORDERS), &[("staff", &staff)]).write(folder.path()), "memory:///");
    let record = given::run_days(&plan, day(MONDAY), day(SUNDAY), None);
    let tables = Tables::of(&plan.output);
    check(&tables, "team day", 3, Some("早班"), &[("receive_buyers", Some(1.0)), ("sales_amount", Some(0.0))]);
    check(&tables, "agent week", 0, Some("B"), &[("sales_amount", Some(160.0)), ("commission", None)]);
    assert_eq!(text(&row(&tables, "agent day", 3, Some("B")).unwrap(), "agent_name").as_deref(), Some("小白"));
    let said = record.warnings.iter().filter(|warning| warning.table == "staff").map(|warning| warning.warning.as_str());
    let said = said.collect::<Vec<_>>();
    let [said] = said[..] else { panic!("{said:?}") };
    assert!(said.contains(&format!("B of s ({})", date(day(MONDAY) + 3))) && !said.contains("A of s"), "{said}");
}

/// z chats as a buyer on Tuesday and on Thursday.
const OWN: &[&str] = &["+1/10:00:00 s1 z buyer>A 在吗", "+1/10:00:20 s1 z A 在", "+3/10:00:00 s2 z buyer>A 在吗", "+3/10:00:20 s2 z A 在"];

#[test]
fn an_account_is_the_shops_own_until_it_leaves() {
    let tables = given(OWN, None, &[("staff", &["agent_id,from,to", "A,,", "z,,@2"])]).run();
    check(&tables, "shop day", 1, None, &[("receive_buyers", Some(0.0)), ("filtered_buyers", Some(1.0))]);
    check(&tables, "shop day", 3, None, &[("receive_buyers", Some(1.0)), ("filtered_buyers", Some(0.0))]);
}

/// Of a changed team only the reports of its days are made again; of an own account that ends earlier, the chats are read again, too.
#[test]
fn a_changed_dated_row_restates_just_the_days_on_which_another_row_holds() {
    let lines = [LINES, OWN].concat();
    let staff = [STAFF, &["z,,,,,,@2"]].concat();
    let kept = Kept::new(&given(&lines, Some(ORDERS), &[("staff", &staff)]));
    let again = kept.run(SUNDAY);
    assert_eq!((again.days_read, again.days_restated), (0, 0));
    let (_, _, rows) = script::table("staff", &staff, day(MONDAY), SHOP);
    let friday = date(day(MONDAY) + 4);
    let changed = rows
        .replace("晚班,72.00,0.02,2026-09-10,\n", &format!("晚班,72.00,0.02,2026-09-10,2026-09-10\ns,B,小白,中班,72.00,0.02,{friday},\n"));
    assert_ne!(changed, rows);
    kept.put("staff/s.csv", &changed);
    let again = kept.run(SUNDAY);
    // Friday, Saturday and Sunday.
    assert_eq!((again.days_read, again.days_restated), (0, 3));
    kept.assert_clean();
    kept.put("staff/s.csv", &changed.replace("s,z,,,,,,2026-09-09", "s,z,,,,,,2026-09-07"));
    let again = kept.run(SUNDAY);
    // Tuesday and Wednesday.
    assert_eq!(again.days_read, 2);
    kept.assert_clean();
    check(&Tables::of(&kept.plan.output), "shop day", 1, None, &[("receive_buyers", Some(1.0))]);
}

/// B leaves on Wednesday: the row without dates gets an end. The days before are as they were, and are not read again.
#[test]
fn who_leaves_is_in_no_team_from_the_next_day_on() {
    let kept = Kept::new(&given(LINES, None, &[("staff", &["agent_id,team", "A,早班", "B,早班"])]));
    kept.put("staff/s.csv", &format!("shop_id,agent_id,team,to\ns,A,早班,\ns,B,早班,{}\n", date(day(MONDAY) + 2)));
    let again = kept.run(SUNDAY);
    // Thursday to Sunday.
    assert_eq!(again.days_restated, 4);
    kept.assert_clean();
}

/// Rows without dates hold always, and a change of them restates only what is asked for.
#[test]
fn a_changed_row_without_dates_restates_nothing_by_itself() {
    let staff = ["agent_id,team", "A,早班", "B,早班"];
    let kept = Kept::new(&given(LINES, None, &[("staff", &staff)]));
    kept.put("staff/s.csv", "shop_id,agent_id,team\ns,A,早班\ns,B,晚班\n");
    assert_eq!(kept.run(SUNDAY).days_restated, 1, "Sunday alone, which is asked for");
    check(&Tables::of(&kept.plan.output), "team week", 0, Some("晚班"), &[("receive_buyers", Some(1.0))]);
    check(&Tables::of(&kept.plan.output), "team day", 2, Some("早班"), &[("receive_buyers", Some(1.0))]);
}

/// A buyer asks under one account and orders under another; each account numbers its messages from 1.
fn two_accounts() -> Vec<Line> {
    let said = [
        ("10:00:00 - b7 buyer>A 在吗", "1"),
        ("10:00:20 - b7 A 在", "2"),
        ("10:05:00 - b7_alt buyer>A 还在吗", "1"),
        ("10:05:40 - b7_alt A 在", "2"),
        ("+1/10:00:00 - b8 buyer>A 在吗", "1"),
        ("+1/10:00:10 - b8 A 在", "2"),
    ];
    said.map(|(line, id)| Line { message_id: Some(id.to_owned()), ..script::line(line, day(MONDAY), SHOP) }).to_vec()
}

/// One step: b8 is b7_alt and not b7.
const BUYERS: &[&str] = &["buyer_id,person_id", "b7_alt,b7", "b8,b7_alt"];

fn with_two_accounts() -> Given {
    let mut given = given(&[], Some(&["o1 b7_alt 10:20:00 10:21:00 45.00 1 -"]), &[("buyers", BUYERS)]);
    given.input.lines = two_accounts();
    given.in_file_order()
}

fn check_two_accounts(tables: &Tables) {
    let shop = [("receive_buyers", 1.0), ("buyer_msgs", 2.0), ("agent_msgs", 2.0), ("rounds", 2.0), ("order_final_buyers", 1.0)];
    check(tables, "shop day", 0, None, &shop.map(|(metric, value)| (metric, Some(value))));
    check(tables, "shop day", 0, None, &[("silent_paid_buyers", Some(0.0)), ("sales_buyers", Some(1.0))]);
    check(tables, "agent day", 0, Some("A"), &[("sales_amount", Some(45.0)), ("order_final_buyers", Some(1.0))]);
    check(tables, "shop week", 0, None, &[("receive_buyers", Some(2.0)), ("buyer_msgs", Some(3.0))]);
}

#[test]
fn one_person_with_two_accounts_is_one_buyer_and_keeps_all_messages() {
    let tables = with_two_accounts().run();
    check_two_accounts(&tables);
    let buyers = tables.rows("details/peer_days").iter().map(|row| text(row, "buyer_id").unwrap()).collect::<BTreeSet<_>>();
    assert_eq!(buyers, BTreeSet::from(["b7".to_owned(), "b7_alt".to_owned()]));
    let audit = tables.rows("_meta/audit");
    let duplicates =
        audit.iter().filter(|row| text(row, "table").as_deref() == Some("messages")).filter_map(|row| number(row, "duplicates"));
    assert_eq!(duplicates.sum::<f64>(), 0.0);
}

#[test]
fn persons_are_found_under_keyed_ids_too() {
    let head = "[privacy]\nbuyer_key = \"0f1e2d3c4b5a69788796a5b4c3d2e1f0\"\n".to_owned();
    check_two_accounts(&Given { head, ..with_two_accounts() }.run());
}

/// z is an account of the shop; the person behind it has another one.
#[test]
fn a_buyer_is_an_own_account_if_the_person_is() {
    let lines = ["10:00:00 - z buyer>A 在吗", "10:00:20 - z A 在", "11:00:00 - x buyer>A 在吗", "11:00:20 - x A 在"];
    let staff = ["agent_id", "A", "z"];
    let buyers = ["buyer_id,person_id", "z,p9", "x,p9"];
    let tables = given(&lines, None, &[("staff", &staff), ("buyers", &buyers)]).run();
    check(&tables, "shop day", 0, None, &[("receive_buyers", Some(0.0)), ("filtered_buyers", Some(1.0))]);
}

#[test]
fn a_shops_own_row_of_an_account_goes_before_the_general_one() {
    let lines = ["10:00:00 - x buyer>A 在吗", "10:00:20 - x A 在"];
    let mut given = given(&lines, None, &[]);
    let csv = "shop_id,buyer_id,person_id\ns,x,own\n,x,general\nother,x,another\n";
    given.tables = vec![("buyers".to_owned(), "rows".to_owned(), csv.to_owned())];
    let buyers = given.run().rows("details/peer_days").iter().map(|row| text(row, "buyer_id").unwrap()).collect::<BTreeSet<_>>();
    assert_eq!(buyers, BTreeSet::from(["own".to_owned()]));
}

/// b7 chats on Monday, b7_alt on Wednesday, others on the other days.
#[test]
fn a_changed_row_restates_the_days_that_hold_either_id() {
    let chat = |after: i64| {
        let buyer = [Some("b7"), None, Some("b7_alt")].get(after as usize).copied().flatten().map_or(format!("c{after}"), str::to_owned);
        [format!("+{after}/10:00:00 - {buyer} buyer>A 在吗"), format!("+{after}/10:00:20 - {buyer} A 在")]
    };
    let lines = (0..7).flat_map(chat).collect::<Vec<_>>();
    let lines = lines.iter().map(String::as_str).collect::<Vec<_>>();
    let kept = Kept::new(&given(&lines, None, &[("buyers", &["buyer_id,person_id", "x,y"])]));
    check(&Tables::of(&kept.plan.output), "shop week", 0, None, &[("receive_buyers", Some(7.0))]);
    let of_shop = "shop_id,buyer_id,person_id\n";
    kept.put("buyers/s.csv", &format!("{of_shop}s,x,y\ns,u,v\n"));
    assert_eq!(kept.run(SUNDAY).days_restated, 0, "nobody chatted under these ids");
    kept.put("buyers/s.csv", &format!("{of_shop}s,x,y\ns,b7_alt,b7\n"));
    assert_eq!(kept.run(SUNDAY).days_read, 2);
    kept.assert_clean();
    check(&Tables::of(&kept.plan.output), "shop week", 0, None, &[("receive_buyers", Some(6.0))]);
    // Without the row the account is a person by itself again.
    kept.put("buyers/s.csv", &format!("{of_shop}s,x,y\n"));
    assert_eq!(kept.run(SUNDAY).days_read, 2);
    kept.assert_clean();
    check(&Tables::of(&kept.plan.output), "shop week", 0, None, &[("receive_buyers", Some(7.0))]);
}

//! Reports by team (团队): what is said of an agent, said of all accounts of a team together.

use crate::oracle;
use crate::support::company::DEMO;
use crate::support::compare::{self, PERIODS};
use crate::support::given::{self, Given};
use crate::support::place::{PIPELINE, Place};
use crate::support::scratch::scratch;
use crate::support::tables::{Key, Row, Tables, Value, number, text};
use crate::support::{day, script};
use kefu::metrics;
use kefu::metrics::declaration::{Formula, Metric};
use kefu::model::Level;
use std::collections::{BTreeMap, BTreeSet};

const MONDAY: &str = "2026-09-07";
const SUNDAY: &str = "2026-09-13";

/// A and B are of one team, C of another, D of none. b1 asks A and B on Monday, A again and C on Tuesday.
const LINES: &[&str] = &[
    "10:00:00 s1 b1 buyer>A 在吗",
    "10:00:20 s1 b1 A 在",
    "10:05:00 s2 b1 buyer>B 在吗",
    "10:09:00 s2 b1 B 在",
    "11:00:00 s3 b2 buyer>C 在吗",
    "11:00:40 s3 b2 C 在",
    "11:10:00 s4 b3 buyer>D 在吗",
    "11:10:05 s4 b3 D 在",
    "+1/10:00:00 s5 b1 buyer>A 在吗",
    "+1/10:00:10 s5 b1 A 在",
    "+1/10:00:05 s6 b4 buyer>A 在吗",
    "+1/10:00:35 s6 b4 A 在",
    "+1/10:00:06 s7 b5 buyer>B 在吗",
    "+1/10:00:36 s7 b5 B 在",
    "+1/13:00:00 s8 b1 buyer>C 在吗",
    "+1/13:00:50 s8 b1 C 在",
];

/// Credited to B, C, A and D.
const ORDERS: &[&str] = &[
    "o1 b1 10:20:00 10:21:00 100.00 2 1.00",
    "o2 b2 11:20:00 11:21:00 60.00 1 -",
    "o3 b1 +1/10:20:00 +1/10:21:00 40.00 1 -",
    "o4 b3 11:20:00 11:21:00 50.00 1 -",
];

const STAFF: &str = "shop_id,agent_id,team,person_id\ns,A,早班,p1\ns,B,早班,p1\ns,C,晚班,p2\ns,D,,p3\n";

fn given(staff: &str) -> Given {
    let mut input = given::input(MONDAY, SUNDAY);
    input.lines = LINES.iter().map(|line| script::line(line, input.first_day, "s")).collect();
    input.orders = Some(ORDERS.iter().map(|order| script::order(order, input.first_day, "s")).collect());
    Given { tables: vec![("staff".into(), "teams".into(), staff.into())], ..Given::new(input) }.in_file_order()
}

fn row(tables: &Tables, period: &str, team: &str) -> Row {
    let key = (day(MONDAY), "s".to_owned(), Some(team.to_owned()));
    tables.report("team", period).remove(&key).unwrap_or_else(|| panic!("no row of {team}"))
}

fn assert_values(row: &Row, expected: &[(&str, f64)]) {
    for (metric, value) in expected {
        let got = number(row, metric);
        assert!(got.is_some_and(|got| compare::is_close(metric, *value, got)), "{metric} is {got:?}, not {value}");
    }
}

/// A buyer of two agents of a team is one buyer of it; what is added up is added up.
#[test]
fn a_teams_buyers_are_distinct_and_its_rounds_are_pooled() {
    let tables = given(STAFF).run();
    let monday = [
        ("receive_buyers", 1.0),
        ("consult_buyers", 1.0),
        ("receive_person_days", 2.0),
        ("receptions", 2.0),
        ("rounds", 2.0),
        ("resp_avg_s", 130.0),
        ("first_resp_avg_s", 130.0),
        ("resp_max_s", 240.0),
        // A's row has 1: B's one miss fails the buyer.
        ("reply_3min_person_rate", 0.0),
        ("missed_3min_buyers", 1.0),
        ("reply_3min_round_rate", 0.5),
        ("slow_buyers", 1.0),
        ("sales_amount", 100.0),
        ("sales_share", 100.0 / 210.0),
    ];
    assert_values(&row(&tables, "day", "早班"), &monday);
    assert_values(&row(&tables, "day", "晚班"), &[("receive_buyers", 1.0), ("resp_avg_s", 40.0), ("sales_amount", 60.0)]);
}

/// Waits of 20, 240, 10, 30 and 30 s; b1 on both days, sold to on both.
#[test]
fn a_teams_week_is_the_merge_of_its_days() {
    let tables = given(STAFF).run();
    let week = [
        ("receive_buyers", 3.0),
        ("receive_person_days", 5.0),
        ("resp_avg_s", 66.0),
        ("resp_p50_s", 30.0),
        ("resp_p90_s", 240.0),
        ("reply_3min_person_rate", 2.0 / 3.0),
        // A has two receptions open while B has one: a team is as busy as its busiest account.
        ("max_concurrent", 2.0),
        ("sales_amount", 140.0),
        ("sales_orders", 2.0),
        ("sales_buyers", 1.0),
        ("atv", 140.0),
        ("sales_share", 140.0 / 250.0),
        // The shop sold 250 yuan to three buyers.
        ("atv_ratio", 140.0 / (250.0 / 3.0)),
    ];
    assert_values(&row(&tables, "week", "早班"), &week);
    assert_values(&row(&tables, "week", "晚班"), &[("receive_buyers", 2.0), ("resp_avg_s", 45.0)]);
}

#[test]
fn an_agent_without_a_team_is_in_none() {
    let tables = given(STAFF).run();
    for (_, period) in PERIODS {
        let teams = tables.report("team", period).into_keys().filter_map(|key| key.2).collect::<BTreeSet<_>>();
        assert_eq!(teams, BTreeSet::from(["早班".to_owned(), "晚班".to_owned()]), "{period}");
    }
}

/// What the staff table says now holds for every day that is made again.
#[test]
fn a_changed_team_restates_the_periods_that_are_run_again() {
    let folder = scratch();
    let plan = given::plan(&given(STAFF).write(folder.path()), "memory:///");
    given::run_days(&plan, day(MONDAY), day(SUNDAY), None);
    std::fs::write(folder.path().join("staff/teams.csv"), STAFF.replace("B,早班", "B,晚班")).unwrap();
    given::run_days(&plan, day(MONDAY), day(MONDAY), None);
    let tables = Tables::of(&plan.output);
    assert_values(&row(&tables, "day", "早班"), &[("receive_buyers", 1.0), ("resp_avg_s", 20.0), ("sales_amount", 0.0)]);
    assert_values(&row(&tables, "week", "晚班"), &[("receive_buyers", 3.0), ("sales_amount", 160.0)]);
}

/// An account that stands twice in the staff table is of the team that stands last.
#[test]
fn the_last_row_of_an_account_wins() {
    let tables = given(&format!("{STAFF}s,D,晚班,p3\n")).run();
    assert_values(&row(&tables, "day", "晚班"), &[("receive_buyers", 2.0), ("resp_avg_s", 22.5)]);
}

#[test]
fn without_teams_there_is_a_file_without_rows() {
    let place = Place::new(PIPELINE);
    place.run().expect(0, &[]);
    let tables = place.tables();
    assert_eq!(tables.files(&["reports/team_day"]).len(), 1);
    assert!(tables.rows("reports/team_day").is_empty());
    let rows = |levels: &str, table: &str| {
        let place = Place::new(&format!("{PIPELINE}[reports]\nlevels = [{levels}]\n"));
        place.run().expect(0, &[]);
        place.tables().files(&[table]).len()
    };
    assert_eq!(["reports/team_day", "reports/shop_day"].map(|table| rows("\"shop\", \"agent\"", table)), [0, 1]);
    assert_eq!(["reports/team_day", "reports/shop_day"].map(|table| rows("\"team\"", table)), [1, 0]);
}

#[test]
fn the_accounts_of_the_staff_table_are_labels_too() {
    let agents = DEMO.tables.rows("dims/agent");
    let names = ["shop_id", "agent_id", "agent_name", "team", "role", "person_id"];
    let told = agents.iter().map(|row| names.map(|name| text(row, name).unwrap())).collect::<Vec<_>>();
    assert!(told.contains(&["tb-yunduo", "yd-wuhan", "吴涵", "售后组", "aftersale", "P004"].map(str::to_owned)), "{told:?}");
}

/// The shop of the demo whose agent changes teams in the middle of the month, the agent, and the first day in the other team.
const CHANGING: [&str; 3] = ["site-yunduo", "hw-songyu", "2026-09-16"];

/// The teams of the demo's accounts by shop and agent, as they are on its last day.
struct Teams(BTreeMap<(String, String), String>);

impl Teams {
    fn of_demo() -> Teams {
        let of = |row: &Row, name| text(row, name).unwrap();
        Teams(DEMO.tables.rows("dims/agent").iter().map(|row| ((of(row, "shop_id"), of(row, "agent_id")), of(row, "team"))).collect())
    }

    /// The team of an account on a day.
    fn on(&self, date: i64, shop: &str, agent: &str) -> Option<String> {
        if [shop, agent] == CHANGING[..2] && date < day(CHANGING[2]) {
            return Some("售前组".to_owned());
        }
        self.0.get(&(shop.to_owned(), agent.to_owned())).cloned()
    }
}

/// The rows of the agents of each of the demo's teams, beside the team's own. In a period longer than a day, the rows of an agent who changes
/// teams are nobody's sum.
fn pairs(period: &str) -> Vec<(Row, Vec<Row>)> {
    let teams = Teams::of_demo();
    let adds_up = |shop: &str| period == "day" || shop != CHANGING[0];
    let mut agents: BTreeMap<Key, Vec<Row>> = BTreeMap::new();
    for ((date, shop, agent), row) in DEMO.tables.report("agent", period) {
        let Some(team) = teams.on(date, &shop, &agent.unwrap()).filter(|_| adds_up(&shop)) else { continue };
        agents.entry((date, shop, Some(team))).or_default().push(row);
    }
    let mut reported = DEMO.tables.report("team", period);
    reported.retain(|(_, shop, _), _| adds_up(shop));
    assert_eq!(reported.keys().collect::<Vec<_>>(), agents.keys().collect::<Vec<_>>(), "team_{period}");
    reported.into_values().zip(agents.into_values()).collect()
}

/// Sums are those of its agents, maxima the largest of theirs; distinct persons are no more than theirs, and no fewer than any one's.
#[test]
fn a_team_is_what_its_agents_are() {
    for (_, period) in PERIODS {
        for (team, agents) in pairs(period) {
            for metric in metrics::of_level(Level::Team) {
                let of_agents = agents.iter().filter_map(|agent| number(agent, &metric.id)).collect::<Vec<_>>();
                let (sum, most) = (of_agents.iter().sum::<f64>(), of_agents.iter().copied().reduce(f64::max));
                let got = number(&team, &metric.id);
                let holds = match &metric.formula {
                    Formula::Sum(..) => got.is_none() && of_agents.is_empty() || got.is_some_and(|got| (got - sum).abs() < 1e-6),
                    Formula::Max(..) => got == most,
                    Formula::Persons(..) if adds_up_with_flags(metric) => got.zip(most).is_none_or(|(got, most)| most <= got && got <= sum),
                    _ => true,
                };
                assert!(holds, "team_{period}: {} is {got:?}, of the agents {of_agents:?}", metric.id);
            }
        }
    }
}

/// Whether more flags never mean fewer persons: not where a flag must be absent.
fn adds_up_with_flags(metric: &Metric) -> bool {
    !["filtered_buyers", "unreplied_buyers", "in_time_buyers"].contains(&metric.id.as_str())
}

/// Whether a row of the details says it of its buyer.
type Holds<'a> = &'a dyn Fn(&Row) -> bool;

/// Distinct persons, counted from the rows of the details by a plain loop.
#[test]
fn distinct_persons_of_a_team_are_those_of_the_details() {
    let peer_days = DEMO.tables.rows("details/peer_days");
    let rounds = DEMO.tables.rows("details/rounds");
    let credits = DEMO.tables.rows("details/credits");
    let is = |row: &Row, name: &str| row[name] == Value::Truth(true);
    let said = |row: &Row, name: &str, what: &str| text(row, name).as_deref() == Some(what);
    let assessed = |row: &Row| row["filtered"] == Value::Null && !said(row, "outcome", "handed_over") && is(row, "assessed");
    let counted: [(&str, &[Row], Holds); 5] = [
        ("consult_buyers", &peer_days, &|row| is(row, "consult")),
        ("receive_buyers", &peer_days, &|row| is(row, "receive")),
        ("replied_buyers", &peer_days, &|row| is(row, "replied")),
        ("assessed_buyers", &rounds, &assessed),
        ("payment_sales_buyers", &credits, &|row| said(row, "rule", "payment") && said(row, "role", "credited")),
    ];
    let teams = Teams::of_demo();
    for (period, name) in PERIODS {
        let report = DEMO.tables.report("team", name);
        for (metric, rows, holds) in counted {
            let mut buyers: BTreeMap<Key, BTreeSet<String>> = BTreeMap::new();
            for row in rows.iter().filter(|row| holds(row)) {
                let of = |name| text(row, name);
                let date = number(row, "business_day").unwrap() as i64;
                let Some(team) = of("agent_id").and_then(|agent| teams.on(date, &of("shop_id")?, &agent)) else { continue };
                let first = oracle::period_start(date, period);
                buyers.entry((first, of("shop_id").unwrap(), Some(team))).or_default().insert(of("buyer_id").unwrap());
            }
            for (key, row) in &report {
                let expected = buyers.get(key).map_or(0, BTreeSet::len) as f64;
                assert_eq!(number(row, metric), Some(expected), "team_{name}: {metric} of {key:?}");
            }
        }
    }
}

/// A team of one account is that account.
#[test]
fn a_team_of_one_is_its_agent() {
    let tables = given("shop_id,agent_id,team,commission_rate\ns,A,A,0.1\ns,B,B,0.1\ns,C,C,0.1\ns,D,D,0.1\n").run();
    for (_, period) in PERIODS {
        let [agents, teams] = ["agent", "team"].map(|level| tables.report(level, period));
        assert_eq!(agents.keys().collect::<Vec<_>>(), teams.keys().collect::<Vec<_>>());
        for (key, team) in &teams {
            for metric in metrics::of_level(Level::Team) {
                assert_eq!(team[&metric.id], agents[key][&metric.id], "{period} {key:?}: {}", metric.id);
            }
        }
    }
}

/// 协助 is for reference and never added (semantics §7): a team has none.
#[test]
fn what_is_never_added_is_not_said_of_a_team() {
    let row = row(&given(STAFF).run(), "day", "早班");
    let missing = metrics::of_level(Level::Agent).filter(|metric| !row.contains_key(&metric.id));
    assert_eq!(missing.map(|metric| metric.id.as_str()).collect::<Vec<_>>(), ["assist_orders", "assist_amount"]);
}

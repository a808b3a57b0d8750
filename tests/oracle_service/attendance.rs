//! Family J, attendance: the status log replayed day by day (§12).

use super::{Cells, RowDay, ServiceInput, ServiceRow, Status, StatusKind, known_if, ratio, seconds, set};
use std::collections::BTreeSet;

/// What an agent is between two rows of its log. Before the first row the agent is offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Offline,
    Online,
    Suspended,
}

/// One business day of an agent. Durations are milliseconds, instants are milliseconds after the start of the day.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attended {
    /// The time online or suspended.
    pub(super) login_ms: i64,
    suspend_ms: i64,
    logins: usize,
    first_online: Option<i64>,
    last_offline: Option<i64>,
}

impl Attended {
    fn logged_in(&self) -> bool {
        self.login_ms > 0 || self.logins > 0
    }

    /// Counts the time from one instant to another, during which the agent was in a state.
    fn spend(&mut self, state: State, from: i64, to: i64) {
        if state == State::Offline || from == to {
            return;
        }
        self.login_ms += to - from;
        self.suspend_ms += if state == State::Suspended { to - from } else { 0 };
        self.first_online = self.first_online.or(Some(from));
        self.last_offline = Some(to);
    }
}

/// Replays the log in time order (input order where times are equal) from the last status before the day.
pub(super) fn attended(given: &ServiceInput, shop: &str, agent: &str, day: i64) -> Attended {
    let (start, end) = (given.start_of_day(day), given.end_of_day(day));
    let before_the_end = |status: &&Status| status.shop == shop && status.agent == agent && status.at < end;
    let mut log: Vec<&Status> = given.statuses.iter().flatten().filter(before_the_end).collect();
    log.sort_by_key(|status| status.at);
    let mut attended = Attended::default();
    let mut state = State::Offline;
    let mut since = start;
    for status in log {
        let next = match status.kind {
            StatusKind::Online | StatusKind::Resumed => State::Online,
            StatusKind::Suspended => State::Suspended,
            StatusKind::Offline => State::Offline,
        };
        if status.at >= start {
            attended.spend(state, since - start, status.at - start);
            attended.logins += usize::from(state == State::Offline && next == State::Online);
            since = status.at;
        }
        state = next;
    }
    attended.spend(state, since - start, end - start);
    attended
}

/// Every shop and agent with a row in the status log.
pub(super) fn logged<'a>(given: &'a ServiceInput<'a>) -> BTreeSet<(&'a str, &'a str)> {
    given.statuses.iter().flatten().map(|status| (status.shop.as_str(), status.agent.as_str())).collect()
}

/// Whether the day is a work day of the agent: it has login time, a login or a reply line.
pub(super) fn works(given: &ServiceInput, shop: &str, agent: &str, day: i64) -> bool {
    let replied = |told: &RowDay| told.shop == shop && told.agent.as_deref() == Some(agent) && told.day == day && told.reply_lines > 0;
    attended(given, shop, agent, day).logged_in() || given.row_days.iter().any(replied)
}

/// The metrics of the family: an agent's own, or the agents on duty in a shop.
pub(super) fn attendance(row: &ServiceRow) -> Cells {
    let mut cells = Cells::new();
    match row.agent {
        Some(agent) => of_agent(row, agent, &mut cells),
        None => set(&mut cells, "duty_agents", duty_agents(row)),
    }
    known_if(row.given.statuses.is_some(), cells)
}

fn of_agent(row: &ServiceRow, agent: &str, cells: &mut Cells) {
    let days: Vec<Attended> = row.days.iter().map(|day| attended(row.given, row.shop, agent, *day)).collect();
    let login_ms: i64 = days.iter().map(|day| day.login_ms).sum();
    let suspend_ms: i64 = days.iter().map(|day| day.suspend_ms).sum();
    let reception_ms: i64 = row.row_days().iter().map(|told| told.reception_ms).sum();
    set(cells, "work_days", row.days.iter().filter(|day| works(row.given, row.shop, agent, **day)).count());
    cells.insert("login_s", Some(seconds(login_ms)));
    cells.insert("suspend_s", Some(seconds(suspend_ms)));
    set(cells, "login_times", days.iter().map(|day| day.logins).sum());
    mean_seconds(cells, "first_online", &days.iter().filter_map(|day| day.first_online).collect::<Vec<i64>>());
    mean_seconds(cells, "last_offline", &days.iter().filter_map(|day| day.last_offline).collect::<Vec<i64>>());
    ratio(cells, "reception_time_share", reception_ms as f64, login_ms as f64);
}

/// The mean over the days that have such an instant.
fn mean_seconds(cells: &mut Cells, id: &'static str, instants: &[i64]) {
    ratio(cells, id, seconds(instants.iter().sum()), instants.len() as f64);
}

/// The distinct agents with a work day in the period.
fn duty_agents(row: &ServiceRow) -> usize {
    let given = row.given;
    let logged = logged(given).into_iter().filter(|(shop, _)| *shop == row.shop).map(|(_, agent)| agent);
    let replied = given.row_days.iter().filter(|told| told.shop == row.shop).filter_map(|told| told.agent.as_deref());
    let agents: BTreeSet<&str> = logged.chain(replied).collect();
    agents.into_iter().filter(|agent| row.days.iter().any(|day| works(given, row.shop, agent, *day))).count()
}

// ---------------------------------------------------------------------------------------------
// Worked examples
// ---------------------------------------------------------------------------------------------

mod worked {
    use super::super::StatusKind::{Offline, Online, Resumed, Suspended};
    use super::super::example::{MONDAY, SHOP, WEEK, agent, at, check, check_null, given, shop, told};
    use super::super::{Cells, HOUR_MS, RowDay, ServiceInput, Status, StatusKind, cells, report};

    fn log(agent: &str, rows: &[(i64, StatusKind)]) -> Vec<Status> {
        let row = |(at, kind): &(i64, StatusKind)| Status { shop: SHOP.to_string(), agent: agent.to_string(), at: *at, kind: *kind };
        rows.iter().map(row).collect()
    }

    /// A is online on Monday from 09:00 to 18:00, suspended from 12:00 to 13:00, and again from Tuesday 22:00 to Wednesday 02:00.
    fn three_days() -> Vec<Status> {
        log(
            "A",
            &[
                (at(0, "09:00"), Online),
                (at(0, "12:00"), Suspended),
                (at(0, "13:00"), Resumed),
                (at(0, "18:00"), Offline),
                (at(1, "22:00"), Online),
                (at(2, "02:00"), Offline),
            ],
        )
    }

    fn of_a(statuses: Vec<Status>, days: &[i64]) -> Cells {
        cells(&ServiceInput { statuses: Some(statuses), ..given() }, &agent("A"), days)
    }

    /// Online for 9 h = 32400 s, of which 1 h = 3600 s suspended. First online at 9 h, last offline at 18 h = 64800 s.
    #[test]
    fn nine_hours_with_a_break_of_one_are_32400_s_and_3600_s() {
        let monday = of_a(three_days(), &[MONDAY]);
        check(&monday, &[("login_s", 32_400.0), ("suspend_s", 3_600.0), ("login_times", 1.0), ("work_days", 1.0)]);
        check(&monday, &[("first_online", 32_400.0), ("last_offline", 64_800.0)]);
    }

    /// Tuesday has the 2 h from 22:00 to 24:00 and the login, Wednesday the 2 h from 00:00 to 02:00.
    #[test]
    fn a_night_shift_is_cut_at_the_end_of_the_day() {
        let (tuesday, wednesday) = (of_a(three_days(), &[MONDAY + 1]), of_a(three_days(), &[MONDAY + 2]));
        check(&tuesday, &[("login_s", 7_200.0), ("login_times", 1.0), ("first_online", 79_200.0), ("last_offline", 86_400.0)]);
        check(
            &wednesday,
            &[("login_s", 7_200.0), ("login_times", 0.0), ("first_online", 0.0), ("last_offline", 7_200.0), ("work_days", 1.0)],
        );
    }

    /// Login time is 9 + 2 + 2 = 13 h = 46800 s. First online is (32400 + 79200 + 0) / 3 = 37200 s, last offline (64800 + 86400 + 7200) /
    /// 3 = 52800 s. Reception time is 4680 s, a tenth. On Thursday A only replies, which makes a work day without an instant.
    #[test]
    fn a_week_is_the_mean_of_three_first_instants_over_four_work_days() {
        let reception = RowDay { reception_ms: 4_680_000, reply_lines: 9, ..told(Some("A"), 0, &["b1"]) };
        let replied = RowDay { reply_lines: 1, ..told(Some("A"), 3, &["b1"]) };
        let silent = told(Some("A"), 4, &["b1"]);
        let given = ServiceInput { statuses: Some(three_days()), row_days: vec![reception, replied, silent], ..given() };
        let week = cells(&given, &agent("A"), &WEEK);
        check(&week, &[("login_s", 46_800.0), ("suspend_s", 3_600.0), ("login_times", 2.0), ("work_days", 4.0)]);
        check(&week, &[("first_online", 37_200.0), ("last_offline", 52_800.0), ("reception_time_share", 0.1)]);
    }

    /// A went online on the Thursday before and never offline, so Monday has 24 h. A is suspended from Tuesday 06:00 on, 18 h of that day.
    #[test]
    fn the_last_status_before_the_day_holds_until_the_next() {
        let statuses = log("A", &[(at(-4, "09:00"), Online), (at(1, "06:00"), Suspended)]);
        check(&of_a(statuses.clone(), &[MONDAY]), &[("login_s", 86_400.0), ("login_times", 0.0), ("suspend_s", 0.0)]);
        check(&of_a(statuses, &[MONDAY + 1]), &[("login_s", 86_400.0), ("suspend_s", 64_800.0), ("first_online", 0.0)]);
    }

    /// Days that have not landed do not count: the week has Monday and Tuesday alone, 24 h each.
    #[test]
    fn who_stays_online_does_not_fill_days_that_have_not_landed() {
        let statuses = Some(log("A", &[(at(-4, "09:00"), Online)]));
        let given = ServiceInput { statuses, landed: MONDAY + 1, ..given() };
        check(&cells(&given, &agent("A"), &WEEK), &[("login_s", 172_800.0), ("work_days", 2.0)]);
    }

    /// The rows come in any order. `online` twice is one login. Offline and then online, both at 12:00, make a second login.
    #[test]
    fn the_log_is_replayed_in_time_order() {
        let statuses = log(
            "A",
            &[
                (at(0, "12:00"), Offline),
                (at(0, "12:00"), Online),
                (at(0, "13:00"), Offline),
                (at(0, "09:00"), Online),
                (at(0, "09:30"), Online),
            ],
        );
        check(&of_a(statuses, &[MONDAY]), &[("login_s", 14_400.0), ("login_times", 2.0), ("last_offline", 46_800.0)]);
    }

    /// A logs in, B only replies, C has a reception and does nothing, D logged off before the week: two agents are on duty.
    #[test]
    fn on_duty_is_who_logged_in_or_replied() {
        let mut statuses = three_days();
        statuses.extend(log("D", &[(at(-3, "09:00"), Online), (at(-3, "18:00"), Offline)]));
        let replied = RowDay { reply_lines: 1, ..told(Some("B"), 0, &["b1"]) };
        let given = ServiceInput { statuses: Some(statuses), row_days: vec![replied, told(Some("C"), 0, &["b2"])], ..given() };
        check(&cells(&given, &shop(), &WEEK), &[("duty_agents", 2.0)]);
        check(&cells(&given, &shop(), &[MONDAY + 1]), &[("duty_agents", 1.0)]);
        assert!(!report(&given, &WEEK).contains_key(&agent("D")));
        assert!(report(&given, &WEEK).contains_key(&agent("A")));
    }

    #[test]
    fn without_a_login_there_is_no_instant_and_without_a_log_nothing() {
        let away = of_a(Vec::new(), &WEEK);
        check(&away, &[("login_s", 0.0), ("login_times", 0.0), ("work_days", 0.0)]);
        check_null(&away, &["first_online", "last_offline", "reception_time_share"]);
        let replied = RowDay { reply_lines: 1, reception_ms: HOUR_MS, ..told(Some("A"), 0, &["b1"]) };
        let no_log = ServiceInput { row_days: vec![replied], ..given() };
        check_null(&cells(&no_log, &agent("A"), &WEEK), &["work_days", "login_s", "suspend_s", "login_times", "reception_time_share"]);
        check_null(&cells(&no_log, &shop(), &WEEK), &["duty_agents"]);
    }
}

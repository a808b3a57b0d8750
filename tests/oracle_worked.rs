//! Messy logs and the numbers that are right for them, worked by hand: what the oracle must say by itself, without the pipeline.

use crate::oracle::{
    self, Cells, ExcludedFrom, Holiday, Input, Level, Order, Period, RobotAnswers, RobotClock, Rules, WaitClock, every_day,
};
use crate::support::{compare, given, script};

const HOUR: i64 = 3_600_000;
/// A cell without a value.
const NULL: f64 = f64::NAN;

/// A log of one shop, in the short form of `support::script`; day 0 is Monday 7 September 2026.
struct Log {
    input: Input,
    rules: Rules,
}

impl Log {
    /// Lines in their order, which is their `seq` too.
    fn of(lines: &[&str]) -> Log {
        let mut input = given::input("2026-09-07", "2026-09-13");
        input.lines = lines.iter().map(|line| script::line(line, input.first_day, "s1")).collect();
        input.lines.iter_mut().zip(0..).for_each(|(line, seq)| line.seq = Some(seq));
        input.orders = Some(Vec::new());
        Log { input, rules: Rules::default() }
    }

    fn ruled(mut self, rule: impl FnOnce(&mut Rules)) -> Log {
        rule(&mut self.rules);
        self
    }

    fn with(mut self, table: impl FnOnce(&mut Input)) -> Log {
        table(&mut self.input);
        self
    }

    fn row(&self, whose: &str, period: Period) -> Cells {
        let (level, agent) = if whose == "shop" { (Level::Shop, None) } else { (Level::Agent, Some(whose.to_owned())) };
        let report = oracle::report(&self.input, &self.rules, level, period);
        report[&(self.input.first_day, "s1".to_owned(), agent)].clone()
    }

    /// The cells of Monday: whose row and which metric, and the value.
    fn gives(&self, expected: &[(&str, f64)]) {
        self.gives_in(Period::Day, expected);
    }

    fn gives_in(&self, period: Period, expected: &[(&str, f64)]) {
        for (cell, value) in expected {
            let (whose, metric) = cell.split_once(' ').unwrap();
            let got = self.row(whose, period)[metric];
            let same = got.map_or(value.is_nan(), |got| compare::is_close(metric, *value, got));
            assert!(same, "{cell} is {got:?}, not {value}");
        }
    }
}

#[test]
fn a_note_is_no_line() {
    Log::of(&[
        "10:00:00 c1 b1 buyer 发货了吗",
        "10:00:20 c1 b1 note>A 帮查一下仓库",
        "10:05:00 c1 b1 A 今天发",
        "11:00:00 c2 b2 buyer 能退吗",
        "11:00:30 c2 b2 note>B 谁来接一下",
    ])
    .gives(&[
        ("shop rounds", 2.0),
        ("shop answered_rounds", 1.0),
        ("shop resp_avg_s", 300.0),
        ("shop missed_3min_buyers", 2.0),
        ("shop agent_msgs", 1.0),
        ("shop auto_msgs", 0.0),
        ("shop total_msgs", 3.0),
        ("shop replied_buyers", 1.0),
        ("shop leave_messages", 1.0),
    ]);
}

const SETTLED: [&str; 6] = [
    "09:00:00 c1 b1 buyer 几点发货",
    "09:00:03 c1 b1 robot>bot 下午四点",
    "15:30:00 c2 b1 buyer 我要改地址",
    "15:30:02 c2 b1 robot>bot 正在转人工",
    "15:30:20 c2 b1 assign>A -",
    "15:31:00 c2 b1 A 改好了",
];

/// By id, and by the silence that a round in the robot's hands does not bridge.
#[test]
fn what_a_robot_settled_keeps_no_clock_running() {
    let silent = SETTLED.map(|line| line.replace(" c1 ", " - ").replace(" c2 ", " - "));
    for lines in [SETTLED.to_vec(), silent.iter().map(String::as_str).collect()] {
        let log = Log::of(&lines);
        log.gives(&[("shop robot_rounds", 1.0), ("shop rounds", 1.0), ("shop answered_rounds", 1.0), ("shop resp_avg_s", 60.0)]);
        log.gives(&[("shop missed_3min_buyers", 0.0), ("shop reply_rate", 1.0), ("shop sessions", 2.0), ("shop leave_messages", 0.0)]);
        log.gives(&[("shop queued_sessions", 1.0), ("shop avg_queue_s", 20.0), ("A resp_avg_s", 40.0), ("A rounds", 1.0)]);
        let transfer = log.ruled(|rules| rules.robot_clock = RobotClock::Transfer);
        transfer.gives(&[("shop resp_avg_s", 40.0), ("shop avg_queue_s", 0.0), ("shop queued_sessions", 1.0), ("A resp_avg_s", 40.0)]);
    }
}

/// As one round, which keeps the session open for six and a half hours.
#[test]
fn robots_may_count() {
    let lines = SETTLED.map(|line| line.replace(" c1 ", " - ").replace(" c2 ", " - "));
    let log = Log::of(&lines.iter().map(String::as_str).collect::<Vec<_>>()).ruled(|rules| rules.robot_answers = RobotAnswers::Count);
    log.gives(&[("shop robot_rounds", 0.0), ("shop rounds", 1.0), ("shop sessions", 1.0), ("shop resp_avg_s", 23_460.0)]);
}

#[test]
fn a_robots_buyer_is_neither_replied_nor_unreplied() {
    let log = Log::of(&["10:00:00 c1 b1 buyer 几点发货", "10:00:03 c1 b1 robot 下午四点", "10:01:00 c1 b1 buyer:thanks 谢谢"]);
    log.gives(&[("shop robot_rounds", 1.0), ("shop rounds", 0.0), ("shop receive_buyers", 1.0), ("shop buyer_msgs", 2.0)]);
    log.gives(&[("shop replied_buyers", 0.0), ("shop unreplied_buyers", 0.0), ("shop reply_rate", NULL), ("shop leave_messages", 0.0)]);
}

/// The first session ends in the robot's hands; in the second nobody answers.
#[test]
fn a_close_ends_what_is_in_the_robots_hands() {
    let lines = ["10:00:00 - b1 buyer 在吗", "10:00:02 - b1 robot 您好", "10:05:00 - b1 close -", "10:06:00 - b1 buyer 人呢"];
    let log = Log::of(&lines);
    log.gives(&[("shop robot_rounds", 1.0), ("shop rounds", 1.0), ("shop unanswered_rounds", 1.0), ("shop sessions", 2.0)]);
    log.gives(&[("shop leave_messages", 1.0), ("shop unreplied_buyers", 1.0), ("shop reply_rate", 0.0)]);
}

/// After an hour, for silence before an event ends nothing. No event puts off the wait of the other.
#[test]
fn who_comes_takes_a_round_out_of_the_robots_hands() {
    let assigned = ["10:00:00 - b1 buyer 在吗", "10:00:02 - b1 robot 您好", "11:00:00 - b1 assign>A -", "11:00:30 - b1 A 在"];
    let log = Log::of(&assigned).ruled(|rules| rules.robot_clock = RobotClock::Transfer);
    log.gives(&[("shop robot_rounds", 0.0), ("shop rounds", 1.0), ("shop resp_avg_s", 30.0), ("A resp_avg_s", 30.0)]);
    let replied = ["10:00:00 - b1 buyer 在吗", "10:00:02 - b1 robot 您好", "10:10:00 - b1 A 在"];
    let log = Log::of(&replied).ruled(|rules| rules.robot_clock = RobotClock::Transfer);
    log.gives(&[("shop robot_rounds", 0.0), ("shop rounds", 1.0), ("shop resp_avg_s", 600.0), ("A resp_avg_s", 600.0)]);
}

#[test]
fn a_robot_takes_nothing_from_an_agent_in_charge() {
    let log = Log::of(&["10:00:00 - b1 buyer>A 在吗", "10:00:02 - b1 robot 稍等", "10:01:00 - b1 buyer 人呢", "10:02:00 - b1 A 在"]);
    log.gives(&[("shop robot_rounds", 0.0), ("shop rounds", 1.0), ("shop resp_avg_s", 120.0)]);
}

#[test]
fn thanks_ask_nothing() {
    Log::of(&[
        "10:00:00 c1 b1 buyer 有货吗",
        "10:01:00 c1 b1 A 有的",
        "10:02:00 c1 b1 buyer:thanks 好的谢谢",
        "11:00:00 c2 b2 buyer 多久到",
        "11:00:30 c2 b2 A 三天",
        "11:10:00 c2 b2 close>A -",
        "11:11:00 c2 b2 buyer:thanks [表情]",
    ])
    .gives(&[
        ("shop rounds", 2.0),
        ("shop answered_rounds", 2.0),
        ("shop missed_3min_buyers", 0.0),
        ("shop reply_3min_round_rate", 1.0),
        ("shop reply_3min_person_rate", 1.0),
        ("shop buyer_msgs", 4.0),
    ]);
    let alone = Log::of(&["10:00:00 c1 b1 buyer:thanks>A 谢谢", "10:00:10 c2 b2 buyer:thanks 谢谢"]);
    alone.gives(&[("shop sessions", 2.0), ("shop manual_sessions", 1.0), ("shop no_service_sessions", 0.0), ("shop leave_messages", 0.0)]);
    alone.gives(&[("shop unreplied_buyers", 0.0), ("A unreplied_buyers", 0.0), ("A no_service_sessions", 0.0), ("A receptions", 1.0)]);
}

#[test]
fn a_person_without_a_name_answers_for_the_shop_alone() {
    let lines = ["10:00:00 - b1 buyer 在吗", "10:00:40 - b1 - 在的", "11:00:00 - b2 buyer 在吗", "11:00:20 - b2 A 在的"];
    let log = Log::of(&lines);
    log.gives(&[("shop rounds", 2.0), ("shop answered_rounds", 2.0), ("shop resp_avg_s", 30.0), ("shop missed_3min_buyers", 0.0)]);
    log.gives(&[("shop replied_buyers", 2.0), ("shop agent_msgs", 2.0), ("shop auto_msgs", 0.0), ("shop leave_messages", 0.0)]);
    log.gives(&[("shop avg_queue_s", 30.0), ("shop reception_s", 60.0), ("A rounds", 1.0), ("A resp_avg_s", 20.0)]);
    assert_eq!(oracle::report(&log.input, &log.rules, Level::Agent, Period::Day).len(), 1);
    let handed = Log::of(&["10:00:00 - b1 buyer>A 在吗", "10:00:40 - b1 - 在的", "10:02:00 - b1 buyer 好"]);
    handed.gives(&[("A handed_over_rounds", 1.0), ("A rounds", 1.0), ("A unanswered_rounds", 1.0), ("A agent_msgs", 0.0)]);
    handed.gives(&[("shop rounds", 2.0), ("shop answered_rounds", 1.0), ("shop resp_avg_s", 40.0)]);
}

/// Monday is a holiday, Saturday a make-up day, and Sunday is closed as always.
#[test]
fn holidays_go_over_the_hours_of_weekdays() {
    let log = Log::of(&[
        "10:00:00 - b1 buyer 在吗",
        "14:00:00 - b1 A ok",
        "+5/10:00:00 - b2 buyer 在吗",
        "+5/10:01:00 - b2 A ok",
        "+6/10:00:00 - b3 buyer 在吗",
    ])
    .ruled(|rules| {
        rules.assessed_hours = every_day((9 * HOUR, 18 * HOUR));
        rules.assessed_hours[5].clear();
        rules.assessed_hours[6].clear();
    })
    .with(|input| {
        let of = |shop: Option<&str>, after: i64, spans: Vec<(i64, i64)>| Holiday {
            shop: shop.map(str::to_owned),
            day: input.first_day + after,
            spans,
        };
        let open = vec![(9 * HOUR, 18 * HOUR)];
        input.holidays = Some(vec![of(None, 0, vec![]), of(Some("s2"), 0, open.clone()), of(None, 5, vec![]), of(Some("s1"), 5, open)]);
    });
    log.gives_in(Period::Week, &[("shop rounds", 3.0), ("shop rounds_assessed", 1.0), ("shop resp_avg_s_assessed", 60.0)]);
    log.gives_in(Period::Week, &[("shop missed_3min_buyers", 0.0), ("shop resp_avg_s", 7230.0)]);
    let clock = log.ruled(|rules| rules.wait_clock = WaitClock::Assessed);
    clock.gives_in(Period::Week, &[("shop resp_avg_s", 30.0), ("A resp_avg_s", 30.0)]);
}

/// From 22:00 to 02:00 of its own business day, which begins at 00:00: one minute before two, and the last of the day.
#[test]
fn a_wait_is_the_part_of_it_within_the_hours() {
    let lines = ["01:59:00 - b1 buyer 在吗", "02:10:00 - b1 A 在", "21:50:00 - b2 buyer 在吗", "22:00:30 - b2 A 在"];
    let log = Log::of(&lines).ruled(|rules| {
        rules.assessed_hours = every_day((22 * HOUR, 2 * HOUR));
        rules.wait_clock = WaitClock::Assessed;
    });
    log.gives(&[("shop resp_avg_s", 45.0), ("A resp_avg_s", 45.0), ("shop rounds_assessed", 1.0)]);
    log.gives(&[("shop avg_queue_s", 45.0), ("shop reply_3min_message_rate", 1.0), ("shop resp_avg_s_assessed", 60.0)]);
}

/// The agent's clock is five seconds behind the buyer's.
#[test]
fn the_sequence_may_know_better_than_the_clock() {
    let log = Log::of(&["10:00:05 c1 b1 buyer 在吗", "10:00:00 c1 b1 A 在"]);
    log.gives(&[("shop answered_rounds", 0.0), ("shop unanswered_rounds", 1.0)]);
    let by_seq = log.with(|input| input.order_by_seq = true);
    by_seq.gives(&[("shop answered_rounds", 1.0), ("shop unanswered_rounds", 0.0), ("shop resp_avg_s", 0.0), ("shop reception_s", 0.0)]);
}

#[test]
fn a_flagged_order_may_convert_nobody() {
    let lines = ["10:00:00 - b1 buyer 在吗", "10:00:30 - b1 A ok", "11:00:00 - b2 buyer 在吗", "11:00:30 - b2 A ok"];
    let log = Log::of(&lines).ruled(|rules| rules.excluded_flags = vec!["刷单".to_owned()]).with(|input| {
        let order = script::order("o2 b2 11:10:00 11:11:00 300.00 1 -", input.first_day, "s1");
        input.orders = Some(vec![Order { flag: Some("刷单".to_owned()), ..order }]);
    });
    log.gives(&[
        ("shop inquiry_buyers", 2.0),
        ("shop order_final_buyers", 1.0),
        ("shop pay_final_buyers", 1.0),
        ("shop sales_amount", 0.0),
    ]);
    let out = log.ruled(|rules| rules.excluded_from = vec![ExcludedFrom::Conversion]);
    out.gives(&[("shop inquiry_buyers", 2.0), ("shop order_final_buyers", 0.0), ("shop pay_final_buyers", 0.0)]);
    out.gives(&[("shop sales_amount", 0.0), ("shop silent_amount", 0.0)]);
}

/// A writes to everyone. b1 answers, b2 buys without a word.
#[test]
fn a_campaign_may_earn_nothing() {
    let log = Log::of(&["09:00:00 - b1 A 新品上架", "09:00:01 - b2 A 新品上架", "09:00:02 - b3 A 新品上架", "09:30:00 - b1 buyer 不需要"])
        .with(|input| input.orders = Some(vec![script::order("o2 b2 12:00:00 12:01:00 80.00 1 -", input.first_day, "s1")]));
    log.gives(&[("shop inquiry_buyers", 1.0), ("A inquiry_buyers", 1.0), ("A sales_amount", 80.0), ("shop silent_amount", 0.0)]);
    let strict = log.ruled(|rules| {
        rules.credit_needs_buyer_line = true;
        rules.agent_initiated_inquiry = false;
    });
    strict.gives(&[("shop inquiry_buyers", 0.0), ("shop inquiry_loss_buyers", 0.0), ("A inquiry_buyers", 0.0), ("A sales_amount", 0.0)]);
    strict.gives(&[("shop silent_amount", 80.0), ("shop agent_msgs", 3.0), ("shop rounds", 1.0), ("shop unanswered_rounds", 1.0)]);
    strict.gives(&[("shop first_resp_avg_s", NULL)]);
}

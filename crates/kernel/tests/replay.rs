//! What the kernel makes of a chat log, as tables of logs and expected results that docs/semantics.md §1 to §5 decides by hand.
//!
//! A row of a table is `log => result`, after a row such as `under session_gap = 10m` with that rule in place of its default. The lines of
//! a log are separated by `;`. A line is a time on 1 September 2026 in Shanghai, `#1` if it has a session id, and what happened: `buyer`,
//! `buyer A` (addressed to A), `thanks` (a buyer line that asks nothing), `A reply`, `reply` (of a person without a name), `A auto`, `auto`,
//! `robot`, `assign A`, `transfer A`, `close` or `other` (an event of another kind), with `recalled` if the sender recalled the message. `without A` after a log leaves A out of the shop's view. Results separate sessions or
//! rounds by ` | `. A `-` stands for nobody. Durations are seconds.

#![expect(clippy::unwrap_used, reason = "a log that cannot be read is a mistake in the test")]

use jiff::civil::{Time, Weekday, date};
use jiff::tz::TimeZone;
use kefu_kernel::calendar::{Calendar, Day};
use kefu_kernel::day_rules::DayRules;
use kefu_kernel::line::{ChatLine, LineKind};
use kefu_kernel::replay::{replay, replay_without};
use kefu_kernel::round::{Round, RoundOutcome};
use kefu_kernel::rules::Rules;
use kefu_kernel::session::Session;
use kefu_kernel::side::Side;
use serde::Deserialize;
use serde::de::value::{Error, MapDeserializer};

/// The first instant of 1 September 2026 in Shanghai, in epoch milliseconds.
const DAY_STARTS: i64 = 1_788_192_000_000;

/// The agents by their codes.
const AGENTS: [&str; 4] = ["-", "A", "B", "C"];

fn code(agent: &str) -> u32 {
    AGENTS.iter().position(|name| *name == agent).unwrap() as u32
}

fn line(text: &str) -> ChatLine {
    let (clock, what) = text.trim().split_once(' ').unwrap();
    let since_midnight = clock.parse::<Time>().unwrap() - Time::midnight();
    let sent_at = DAY_STARTS + since_midnight.total(jiff::Unit::Millisecond).unwrap() as i64;
    let mut line = ChatLine { sent_at, recalled: what.ends_with(" recalled"), ..ChatLine::default() };
    for word in what.split(' ') {
        match word {
            // The kernel is told to ignore a recalled buyer line and an event of another kind.
            "buyer" if !line.recalled => line.kind = LineKind::Buyer,
            "buyer" | "other" => line.kind = LineKind::Ignored,
            "thanks" => line.kind = LineKind::Remark,
            "reply" => line.kind = LineKind::Reply,
            "auto" => line.kind = LineKind::Auto,
            "robot" => (line.kind, line.robot) = (LineKind::Auto, true),
            "assign" => line.kind = LineKind::Assign,
            "transfer" => line.kind = LineKind::Transfer,
            "close" => line.kind = LineKind::Close,
            "recalled" => {}
            word if word.starts_with('#') => line.session = word[1..].parse().unwrap(),
            agent => line.agent = code(agent),
        }
    }
    line
}

fn replayed(log: &str, settings: Option<(&str, &str)>) -> Vec<Session> {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let calendar = Calendar { zone, day_starts_at: Time::midnight(), week_starts_on: Weekday::Monday, fiscal_year_starts_in: 1 };
    let rules = Rules::deserialize(MapDeserializer::<_, Error>::new(settings.into_iter())).unwrap();
    let assessed = rules.assessed(&calendar, Day::from(date(2026, 9, 1)), None);
    let wall_clock = calendar.wall_clock(Day::from(date(2026, 9, 1))).unwrap();
    let day = DayRules { rules: &rules, starts_at: DAY_STARTS, wall_clock, assessed: assessed.unwrap() };
    let lines = |log: &str| log.split(';').map(line).collect::<Vec<_>>();
    match log.split_once(" without ") {
        Some((log, agents)) => replay_without(&lines(log), &day, &agents.split(' ').map(code).collect::<Vec<_>>()),
        None => replay(&lines(log), &day),
    }
}

/// Compares a view of each log of a table with the result that the table expects.
fn check(view: impl Fn(&[Session]) -> String, table: &str) {
    let mut rule = None;
    for row in table.lines().map(str::trim).filter(|row| !row.is_empty() && !row.starts_with("//")) {
        match row.split_once(" => ") {
            Some((log, expected)) => assert_eq!(view(&replayed(log, rule)), expected, "{log} (rule {rule:?})"),
            None => rule = Some(row.strip_prefix("under ").and_then(|rule| rule.split_once(" = ")).unwrap()),
        }
    }
}

/// An instant as `09:00`, or as `09:00:30.001` if it is not a whole minute.
fn clock(at: i64) -> String {
    let time = (Time::midnight() + jiff::Span::new().milliseconds(at - DAY_STARTS)).to_string();
    time.strip_suffix(":00").unwrap_or(&time).to_owned()
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    let all = parts.collect::<Vec<_>>().join(" | ");
    if all.is_empty() { "none".to_owned() } else { all }
}

/// `buyer+reply` lines, and `+auto` lines if there are some.
fn counts(side: &Side) -> String {
    let auto = if side.auto_msgs == 0 { String::new() } else { format!("+{}", side.auto_msgs) };
    format!("{}+{}{auto}", side.buyer_msgs, side.agent_msgs)
}

/// The sessions by start, each with its id and its lines: `#1 10:00 2+1`.
fn sessions(sessions: &[Session]) -> String {
    let id = |id: u32| if id == 0 { String::new() } else { format!("#{id} ") };
    joined(sessions.iter().map(|s| format!("{}{} {}", id(s.id), clock(s.started_at.unwrap()), counts(&s.side))))
}

/// The value of each reception of each session: `A 2+1, B 0+1`.
fn of_receptions(sessions: &[Session], value: impl Fn(&Side) -> String) -> String {
    let one = |s: &Session| match &s.receptions[..] {
        [] => "-".to_owned(),
        all => all.iter().map(|r| format!("{} {}", AGENTS[r.agent as usize], value(&r.side))).collect::<Vec<_>>().join(", "),
    };
    joined(sessions.iter().map(one))
}

fn receptions(sessions: &[Session]) -> String {
    of_receptions(sessions, counts)
}

/// The rows of the rounds: `09:00 B answered 200 agent 140 queue 60`. The agent's wait is shown where it differs from the shop's.
fn rounds(sessions: &[Session]) -> String {
    let seconds = |word: &str, ms: Option<i64>| ms.map_or(String::new(), |ms| format!("{word} {}", ms / 1000));
    let row = |r: &Round| {
        let wait = seconds("", r.wait_ms) + &seconds(" agent", r.agent_wait_ms.filter(|_| r.agent_wait_ms != r.wait_ms));
        let queued = r.queued && r.outcome != RoundOutcome::HandedOver;
        let queue = if queued { r.queue_ms.map_or(" queue".to_owned(), |ms| seconds(" queue", Some(ms))) } else { String::new() };
        format!("{} {} {}{wait}{queue}", clock(r.asked_at), AGENTS[r.agent as usize], r.outcome.name())
    };
    joined(sessions.iter().flat_map(|s| &s.rounds).map(row))
}

/// The rounds that are chosen, with their agents: `10:00 A`.
fn chosen(sessions: &[Session], choice: fn(&Round) -> bool) -> String {
    let rounds = sessions.iter().flat_map(|s| &s.rounds).filter(|round| choice(round));
    joined(rounds.map(|round| format!("{} {}", clock(round.asked_at), AGENTS[round.agent as usize])))
}

#[test]
fn a_session_with_an_id_is_the_lines_that_have_the_id() {
    let table = "// Neither silence nor `close` ends it, and a line without the id does not join it.
        10:00 #1 buyer; 10:01 #1 A reply; 12:00 #1 buyer => #1 10:00 2+1
        10:00 #1 buyer; 10:01 #1 close; 10:02 #1 A reply => #1 10:00 1+1
        10:00 #1 buyer; 10:01 #2 buyer; 10:02 #1 A reply; 10:03 #2 B reply => #1 10:00 1+1 | #2 10:01 1+1
        10:00 #1 buyer; 10:01 buyer; 10:02 #1 A reply => #1 10:00 1+1 | 10:01 1+0
        // Events alone make no session, nor do they start one.
        10:00 #1 assign A; 10:01 #1 close => none
        10:00 #1 assign A; 10:05 #1 buyer => #1 10:05 1+0";
    check(sessions, table);
    let twelve = |hour: u32, what: &str| (1..=12).map(|id| format!("{hour}:{id:02} #{id} {what}")).collect::<Vec<_>>().join("; ");
    let expected = joined((1..=12).map(|id| format!("#{id} 10:{id:02} 1+1")));
    check(sessions, &format!("{}; {} => {expected}", twelve(10, "buyer"), twelve(11, "A reply")));
}

#[test]
fn silence_ends_a_session_without_an_id_only_when_nobody_waits() {
    let table = "10:00 buyer; 10:02 A reply; 10:33 buyer => 10:00 1+1 | 10:33 1+0
        10:00 buyer; 10:33 buyer => 10:00 2+0
        10:00 buyer; 10:02 A reply; 10:32 buyer => 10:00 2+1
        10:00 buyer; 10:02 A reply; 10:32:00.001 buyer => 10:00 1+1 | 10:32:00.001 1+0
        // An automatic line breaks the silence and can start a session. An event and a recalled question do neither. `close` ends it at once.
        10:00 buyer; 10:02 A reply; 10:20 auto; 10:40 buyer => 10:00 2+1+1
        10:00 buyer; 10:02 A reply; 10:40 auto => 10:00 1+1 | 10:40 0+0+1
        10:00 buyer; 10:02 A reply; 10:20 assign A; 10:40 buyer => 10:00 1+1 | 10:40 1+0
        10:00 buyer; 10:02 A reply; 10:20 buyer recalled; 10:40 buyer => 10:00 1+1 | 10:40 1+0
        10:00 buyer; 10:01 close; 10:02 A reply => 10:00 1+0 | 10:02 0+1
        under session_gap = 10m
        10:00 A reply; 10:10 buyer; 10:11 A reply; 10:22 buyer => 10:00 1+2 | 10:22 1+0";
    check(sessions, table);
}

#[test]
fn an_agent_named_before_a_session_without_an_id_is_in_charge_from_its_start() {
    let table = "09:59 assign A; 10:00 buyer => A 1+0
        09:58 assign A; 09:59 transfer B; 10:00 buyer => B 1+0
        09:58 assign A; 09:59 close; 10:00 buyer => -
        10:00 buyer; 10:01 A reply; 10:20 assign B; 10:40 buyer => A 1+1 | B 1+0
        // The name serves one session, and an event with an id speaks of its own session only.
        09:59 assign A; 10:00 buyer; 10:01 A reply; 10:40 buyer => A 1+1 | -
        09:59 #1 assign A; 10:00 buyer => -";
    check(receptions, table);
}

#[test]
fn a_buyer_line_belongs_to_the_agent_it_names_or_who_is_in_charge_or_who_comes_first() {
    let table = "09:59 assign A; 10:00 buyer B => B 1+0
        10:00 buyer A; 10:01 buyer => A 2+0
        10:00 buyer; 10:01 A reply; 10:02 buyer => A 2+1
        10:00 buyer A; 10:01 B reply; 10:02 buyer => A 1+0, B 1+1
        10:00 buyer A; 10:01 A reply; 10:02 transfer B; 10:03 buyer => A 1+1, B 1+0
        10:00 buyer; 10:01 buyer; 10:02 assign A; 10:03 B reply => A 2+0, B 0+1
        10:00 buyer; 10:01 buyer A; 10:02 B reply => A 2+0, B 0+1
        // An automatic line puts nobody in charge.
        10:00 A auto; 10:01 buyer => -";
    check(receptions, table);
}

#[test]
fn a_reception_needs_a_buyer_line_a_reply_or_a_round() {
    let table = "10:00 buyer A; 10:01 transfer B => A 1+0, B 0+0
        10:00 buyer A; 10:01 A reply; 10:02 transfer B => A 1+1
        10:00 A reply => A 0+1
        // An automatic line counts in the reception that its agent has, and otherwise for the shop only.
        10:00 A auto; 10:01 buyer; 10:02 A reply; 10:03 B auto => A 1+1+1";
    check(receptions, table);
    check(sessions, "10:00 A auto; 10:01 buyer; 10:02 A reply; 10:03 B auto => 10:00 1+1+2");
}

#[test]
fn who_acts_before_another_appears_has_transferred_out() {
    let directions = |sessions: &[Session]| {
        let receptions = sessions.iter().flat_map(|s| &s.receptions);
        let words = |into, out| [if into { " in" } else { "" }, if out { " out" } else { "" }].concat();
        joined(receptions.map(|r| AGENTS[r.agent as usize].to_owned() + &words(r.transferred_in, r.transferred_out)))
    };
    let table = "10:00 buyer; 10:01 A reply => A
        10:00 buyer A; 10:01 A reply; 10:02 buyer B; 10:03 B reply; 10:04 buyer A; 10:05 A reply => A out | B in
        10:00 buyer A; 10:01 transfer B; 10:02 buyer; 10:03 transfer C; 10:04 C reply => A out | B in out | C in";
    check(directions, table);
}

#[test]
fn a_round_ends_with_the_next_reply_or_with_its_session() {
    let table = "14:02 buyer A; 14:06:30 buyer; 14:08 A reply => 14:02 A answered 360
        10:00 A reply; 10:01 buyer; 10:02 A reply; 10:03 A reply => 10:01 A answered 60
        10:00 buyer A; 10:01 close; 10:02 A reply => 10:00 A unanswered
        10:00 buyer A; 10:05 transfer B => 10:00 B unanswered | 10:00 A handed_over
        10:00 buyer => 10:00 - unanswered queue
        // A recalled reply was seen. A recalled question and an event of another kind are passed over.
        10:00 buyer A; 10:01 A reply recalled => 10:00 A answered 60
        10:00 buyer recalled; 10:01 buyer A; 10:01:30 other; 10:02 A reply => 10:01 A answered 60
        10:00 #1 buyer recalled; 10:01 #1 A reply => none";
    check(rounds, table);
}

#[test]
fn an_automatic_line_neither_opens_nor_closes_a_round() {
    let table = "10:00 A auto; 10:01 auto; 10:02 A reply => none
        10:00 buyer A; 10:00:30 A auto; 10:01 A reply; 10:02 A auto => 10:00 A answered 60
        10:00 buyer A; 10:00:30 A auto => 10:00 A unanswered";
    check(rounds, table);
}

#[test]
fn a_robot_settles_a_question_that_nobody_has_been_in_charge_of() {
    let table = "// The next buyer line ends the round, and so does the end of the session.
        10:00 buyer; 10:00:03 robot; 10:05 buyer; 10:06 A reply => 10:00 - robot | 10:05 A answered 60 queue 60
        10:00 buyer; 10:00:03 A robot => 10:00 - robot
        10:00 #1 buyer; 10:00:03 #1 robot; 18:00 #1 close; 19:00 #1 buyer => 10:00 - robot | 19:00 - unanswered queue
        // A person takes it out of the robot's hands.
        10:00 buyer; 10:00:03 robot; 10:05 A reply => 10:00 A answered 300 queue 300
        10:00 buyer; 10:00:03 robot; 10:01 assign A; 10:02 buyer; 10:05 A reply => 10:00 A answered 300 agent 240 queue 60
        10:00 buyer; 10:00:03 robot; 10:05 reply => 10:00 - answered 300 queue 300
        // Nothing of it where somebody is or was in charge, where the line is not a robot's, or where an event names nobody.
        10:00 buyer A; 10:00:03 robot; 10:05 A reply => 10:00 A answered 300
        10:00 buyer A; 10:01 transfer; 10:02 robot; 10:05 buyer => 10:00 - unanswered | 10:00 A handed_over
        10:00 buyer; 10:00:03 auto; 10:05 buyer => 10:00 - unanswered queue
        10:00 buyer; 10:00:03 robot; 10:01 assign; 10:05 buyer => 10:00 - robot | 10:05 - unanswered queue
        under robot_clock = transfer
        10:00 buyer; 10:00:03 robot; 10:01 assign A; 10:05 A reply => 10:00 A answered 240 queue 0
        10:00 buyer; 10:01 assign A; 10:05 A reply => 10:00 A answered 300 agent 240 queue 60
        10:00 buyer; 10:00:03 robot; 10:05 A reply => 10:00 A answered 300 queue 300
        under robot_answers = count
        10:00 buyer; 10:00:03 robot; 10:05 buyer; 10:06 A reply => 10:00 A answered 360 queue 360";
    check(rounds, table);
    let table = "// A round in the robot's hands keeps no session open. Silence before an event ends nothing, and somebody then waits.
        10:00 buyer; 10:00:03 robot; 10:40 buyer => 10:00 1+0+1 | 10:40 1+0
        10:00 buyer; 10:00:03 robot; 10:30 buyer => 10:00 2+0+1
        10:00 buyer; 10:00:03 robot; 10:40 assign A; 10:41 A reply => 10:00 1+1+1";
    check(sessions, table);
    let unattended = |sessions: &[Session]| joined(sessions.iter().map(|s| s.unattended.to_string()));
    let table = "10:00 buyer => true
        10:00 buyer; 10:00:03 robot => false
        10:00 buyer; 10:00:03 robot; 10:05 buyer => true
        10:00 buyer; 10:05 reply; 10:06 buyer => false
        10:00 buyer; 10:05 assign A => false
        10:00 thanks => false";
    check(unattended, table);
}

#[test]
fn a_person_without_a_name_answers_and_is_in_nobodys_reception() {
    let table = "10:00 buyer; 10:01 reply => 10:00 - answered 60 queue 60
        10:00 buyer A; 10:01 reply; 10:02 buyer; 10:03 A reply => 10:00 - answered 60 | 10:00 A handed_over | 10:02 A answered 60";
    check(rounds, table);
    let view = |sessions: &[Session]| format!("{} / {}", counts(&sessions[0].side), receptions(sessions));
    let table = "10:00 buyer; 10:01 reply => 1+1 / -
        10:00 buyer; 10:01 reply; 10:02 buyer; 10:03 A reply => 2+2 / A 2+1
        // What the nameless person wrote stays in the shop's view when an excluded agent receives the queue.
        10:00 buyer; 10:01 reply; 10:02 buyer; 10:03 A reply without A => 0+1 / A 2+1";
    check(view, table);
}

#[test]
fn a_line_that_asks_nothing_opens_no_round() {
    let table = "10:00 thanks; 10:01 A reply => none
        10:00 buyer A; 10:00:30 thanks; 10:01 A reply => 10:00 A answered 60
        10:00 buyer; 10:00:03 robot; 10:01 thanks; 10:02 A reply => 10:00 - robot";
    check(rounds, table);
    check(receptions, "10:00 thanks A; 10:01 A reply => A 1+1");
}

#[test]
fn a_wait_on_the_assessed_clock_is_the_part_inside_the_hours() {
    let table = "under wait_clock = assessed
        07:59 buyer A; 08:01 A reply => 07:59 A answered 60
        22:59 buyer; 23:30 assign A; 23:40 A reply => 22:59 A answered 60 agent 0 queue 60
        02:00 buyer A; 03:00 A reply => 02:00 A answered 0";
    check(rounds, table);
}

#[test]
fn each_other_agent_in_charge_of_a_round_has_handed_it_over_once() {
    let table = "10:00 buyer A; 10:01 transfer B; 10:02 A reply => 10:00 A answered 120 | 10:00 B handed_over
        10:00 buyer A; 10:01 assign B; 10:02 assign A; 10:03 C reply => 10:00 C answered 180 | 10:00 A handed_over | 10:00 B handed_over
        // Who was in charge before the round has it unless the opening line names another.
        09:50 assign A; 10:00 buyer; 10:01 B reply => 10:00 B answered 60 | 10:00 A handed_over
        09:50 assign A; 10:00 buyer B; 10:01 B reply => 10:00 B answered 60";
    check(rounds, table);
}

#[test]
fn an_event_that_names_nobody_hands_the_conversation_back() {
    let table = "10:00 buyer A; 10:02 transfer => 10:00 - unanswered | 10:00 A handed_over
        10:00 buyer A; 10:01 transfer; 10:09 assign B; 10:09:30 B reply => 10:00 B answered 570 | 10:00 A handed_over
        10:00 buyer A; 10:01 transfer; 10:02 A reply => 10:00 A answered 120
        10:00 buyer A; 10:01 A reply; 10:02 assign; 10:05 buyer => 10:00 A answered 60 | 10:05 - unanswered queue
        10:00 buyer A; 10:01 A reply; 10:02 transfer; 10:05 buyer; 10:06 assign B; 10:07 B reply => 10:00 A answered 60 | 10:05 B answered 120 agent 60 queue 60
        // An announcement is taken back, and the queue stays the queue.
        09:58 assign A; 09:59 assign; 10:00 buyer => 10:00 - unanswered queue
        10:00 buyer; 10:01 transfer; 10:02 A reply => 10:00 A answered 120 queue 120
        under transfer_clock = restart
        10:00 buyer A; 10:01 transfer; 10:09 assign B; 10:09:30 B reply => 10:00 B answered 570 agent 30 | 10:00 A handed_over
        10:00 buyer A; 10:01 transfer; 10:02 assign A; 10:03 A reply => 10:00 A answered 180 agent 60";
    check(rounds, table);
    let table = "10:00 buyer A; 10:01 A reply; 10:02 transfer; 10:05 buyer; 10:06 B reply => A 1+1, B 1+1
        10:00 buyer A; 10:01 A reply; 10:02 transfer; 10:05 buyer; 10:06 A reply => A 2+2
        10:00 buyer A; 10:01 A reply; 10:02 transfer; 10:05 buyer => A 1+1";
    check(receptions, table);
    // The shop's view goes on where it was before the queue if an excluded agent receives it.
    let view = |sessions: &[Session]| format!("{} / {}", counts(&sessions[0].side), receptions(sessions));
    let table = "10:00 buyer A; 10:01 A reply; 10:02 transfer; 10:05 buyer; 10:06 B reply without B => 1+1 / A 1+1, B 1+1
        10:00 buyer A; 10:01 A reply; 10:02 transfer; 10:05 buyer; 10:06 B reply without A => 1+1 / A 1+1, B 1+1";
    check(view, table);
}

#[test]
fn an_ignored_line_uses_up_no_announcement() {
    check(receptions, "09:58 assign A; 09:59 other; 10:00 buyer => A 1+0");
}

#[test]
fn the_queue_lasts_until_an_agent_is_in_charge_and_is_not_on_the_clock_of_the_agent() {
    let table = "09:00 buyer; 09:01 assign A; 09:03 A reply => 09:00 A answered 180 agent 120 queue 60
        09:00 buyer; 09:01 buyer A; 09:03 A reply => 09:00 A answered 180 agent 120 queue 60
        09:00 buyer; 09:05 assign A => 09:00 A unanswered queue 300
        // Nothing but the reply says who was in charge, so the agent's clock is the shop's.
        09:00 buyer; 09:00:40 A reply => 09:00 A answered 40 queue 40";
    check(rounds, table);
}

#[test]
fn a_transferred_round_inherits_the_wait_or_restarts_it() {
    let table = "under transfer_clock = inherit
        09:00 buyer; 09:01 assign A; 09:03 transfer B; 09:03:20 B reply => 09:00 B answered 200 agent 140 queue 60 | 09:00 A handed_over
        10:00 buyer B; 10:01 transfer A; 10:02 transfer B; 10:02:30 B reply => 10:00 B answered 150 | 10:00 A handed_over
        10:00 buyer A; 10:01 B reply => 10:00 B answered 60 | 10:00 A handed_over
        under transfer_clock = restart
        09:00 buyer; 09:01 assign A; 09:03 transfer B; 09:03:20 B reply => 09:00 B answered 200 agent 20 queue 60 | 09:00 A handed_over
        10:00 buyer B; 10:01 transfer A; 10:02 transfer B; 10:02:30 B reply => 10:00 B answered 150 agent 30 | 10:00 A handed_over
        10:00 buyer A; 10:01 B reply => 10:00 B answered 60 agent 0 | 10:00 A handed_over
        // Naming again whoever is in charge is not taking charge again.
        10:00 buyer B; 10:01 assign B; 10:02 B reply => 10:00 B answered 120";
    check(rounds, table);
}

#[test]
fn each_question_is_in_time_from_its_own_instant_or_from_the_start_of_the_agents_clock() {
    let table = "14:02 buyer A; 14:06:30 buyer; 14:08 A reply => 1 of 2, agent 1
        14:02 buyer; 14:06 assign A; 14:06:30 buyer; 14:08 A reply => 1 of 2, agent 2
        10:00 buyer A; 10:03 A reply => 1 of 1, agent 1
        10:00 buyer A; 10:03:00.001 A reply => 0 of 1, agent 0
        10:00 buyer A => 0 of 1, agent 0";
    let in_time = |r: &Round| format!("{} of {}, agent {}", r.asks_in_time, r.asks, r.agent_asks_in_time);
    check(|sessions| joined(sessions.iter().flat_map(|s| &s.rounds).map(in_time)), table);
}

/// The first answered rounds of the shop and of each agent, and where they differ, the same among the assessed ones: `10:00 A / 10:00 A`.
fn firsts(sessions: &[Session]) -> String {
    let both = |shop, agent| format!("{} / {}", chosen(sessions, shop), chosen(sessions, agent));
    let [all, assessed] = [both(|r| r.first, |r| r.agent_first), both(|r| r.first_assessed, |r| r.agent_first_assessed)];
    if all == assessed { all } else { format!("{all}, assessed {assessed}") }
}

#[test]
fn the_first_response_is_that_of_each_session_and_reception_or_of_each_peer_day() {
    let table = "under first_response_unit = session
        07:58 buyer; 07:58:10 A reply; 08:05 buyer; 08:05:40 A reply => 07:58 A / 07:58 A, assessed 08:05 A / 08:05 A
        10:00 buyer; 10:01 A reply; 10:02 buyer; 10:03 B reply => 10:00 A / 10:00 A | 10:02 B
        10:00 buyer; 10:01 A reply; 10:40 buyer; 10:41 A reply => 10:00 A | 10:40 A / 10:00 A | 10:40 A
        10:00 buyer A; 10:01 transfer B; 10:02 B reply; 10:03 buyer A; 10:04 A reply => 10:00 B / 10:00 B | 10:03 A
        // Once for each agent and day, for the shop too.
        under first_response_unit = peer_day
        07:58 buyer; 07:58:10 A reply; 08:05 buyer; 08:05:40 A reply => 07:58 A / 07:58 A, assessed 08:05 A / 08:05 A
        10:00 buyer; 10:01 A reply; 10:40 buyer; 10:41 A reply => 10:00 A / 10:00 A
        10:00 buyer; 10:00:20 A reply; 10:40 buyer; 10:40:40 B reply => 10:00 A | 10:40 B / 10:00 A | 10:40 B
        // The first round of A lies in the session that began later.
        10:00 #2 A auto; 10:02 #1 buyer A; 10:03 #1 A reply; 10:04 #2 buyer A; 10:05 #2 A reply => 10:02 A / 10:02 A";
    check(firsts, table);
}

#[test]
fn the_opening_is_the_first_assessed_round_whether_answered_or_not() {
    let table = "07:58 buyer; 07:59 A reply; 08:01 buyer; 08:02 A reply; 08:03 buyer => 08:01 A / 08:01 A
        10:00 buyer A; 10:01 transfer B => 10:00 B / 10:00 B
        10:00 buyer; 10:01 A reply; 10:02 buyer B => 10:00 A / 10:00 A | 10:02 B";
    check(|sessions| format!("{} / {}", chosen(sessions, |r| r.opening), chosen(sessions, |r| r.agent_opening)), table);
}

#[test]
fn a_round_is_assessed_by_its_start_or_by_that_of_its_session() {
    let table = "under assessed_anchor = round_start
        07:59 buyer; 07:59:30 A reply; 08:01 buyer; 08:02 A reply => 08:01 A
        22:59 buyer; 22:59:30 A reply; 23:01 buyer; 23:02 A reply => 22:59 A
        07:59:59.999 buyer A => none
        08:00 buyer A => 08:00 A
        22:59:59.999 buyer A => 22:59:59.999 A
        23:00 buyer A => none
        // An automatic line starts a session, an event does not.
        under assessed_anchor = session_start
        07:59 buyer; 07:59:30 A reply; 08:01 buyer; 08:02 A reply => none
        22:59 buyer; 22:59:30 A reply; 23:01 buyer; 23:02 A reply => 22:59 A | 23:01 A
        07:59 A auto; 08:01 buyer A => none
        07:59 assign A; 08:01 buyer => 08:01 A
        // Where the log's own numbers order the lines, a later line may be the first.
        08:00:05 #1 buyer; 07:59:58 #1 A reply => none
        under assessed_hours = 22:00-02:00
        01:59 buyer A => 01:59 A
        02:00 buyer A => none
        22:00 buyer A => 22:00 A";
    check(|sessions| chosen(sessions, |round| round.assessed), table);
}

/// A value of each session's own side, and of its receptions: `60 / A 60`.
fn of_sides(sessions: &[Session], value: fn(&Side) -> String) -> String {
    format!("{} / {}", joined(sessions.iter().map(|s| value(&s.side))), of_receptions(sessions, value))
}

#[test]
fn talk_time_is_the_gaps_between_neighbouring_lines_up_to_max_wait() {
    let table = "10:00 buyer; 10:01 A reply; 10:03 buyer => 180 / A 180
        10:00 buyer; 10:30 A reply => 1800 / A 1800
        10:00 buyer; 10:30:00.001 A reply; 10:31:00.001 A reply => 60 / A 60
        10:00 buyer A; 10:01 A reply; 10:02 transfer B; 10:03 buyer; 10:05 B reply => 300 / A 60, B 120
        10:00 A reply; 10:01 A reply => 60 / A 60
        // An automatic line is no neighbour: the gap is 40 min.
        10:00 buyer; 10:20 A auto; 10:40 A reply => 0 / A 0
        under max_wait = 1m
        10:00 buyer; 10:01 A reply; 10:02:01 buyer => 60 / A 60";
    check(|sessions| of_sides(sessions, |side| (side.talk_ms / 1000).to_string()), table);
}

#[test]
fn a_side_counts_answers_misses_and_slow_rounds_on_its_own_clock() {
    // The numbers of answered, unanswered, missed and slow rounds.
    let table = "10:00 buyer A; 10:03 A reply => 1 0 0 0 / A 1 0 0 0
        10:00 buyer A; 10:03:00.001 A reply => 1 0 1 1 / A 1 0 1 1
        10:00 buyer A => 0 1 1 0 / A 0 1 1 0
        // Outside the assessed hours nothing is missed.
        07:00 buyer A; 07:04 A reply => 1 0 0 1 / A 1 0 0 1
        09:00 buyer; 09:01 assign A; 09:03 transfer B; 09:03:20 B reply => 1 0 1 1 / A 0 0 0 0, B 1 0 0 0";
    check(|sessions| of_sides(sessions, |s| format!("{} {} {} {}", s.answered, s.unanswered, s.missed, s.slow)), table);
}

#[test]
fn a_reception_is_served_if_anyone_answers_its_questions() {
    let table = "10:00 buyer A; 10:01 transfer B; 10:02 buyer; 10:03 B reply => true / A true, B true
        10:00 buyer A; 10:01 A reply; 10:02 buyer B => true / A true, B false
        10:00 buyer A => false / A false
        // A person without a name answers what later is somebody's, also where that somebody is left out of the shop's view.
        10:00 buyer; 10:00:30 reply; 10:01 A reply => true / A true
        10:00 buyer A; 10:01 transfer; 10:02 buyer; 10:03 reply; 10:04 B reply without B => true / A true, B true";
    check(|sessions| of_sides(sessions, |side| side.served.to_string()), table);
}

#[test]
fn the_shop_does_without_an_agents_lines_and_rounds_and_nothing_is_cut_anew() {
    // Of the shop: lines, seconds of talk, the first answered round and the opening. Then the receptions, which are the same as ever.
    let view = |sessions: &[Session]| {
        let (side, marked) = (&sessions[0].side, [chosen(sessions, |r| r.first), chosen(sessions, |r| r.opening)].join(", "));
        format!("{}, {} s, {marked} / {}", counts(side), side.talk_ms / 1000, receptions(sessions))
    };
    let table = "10:00 buyer A; 10:00:20 A reply; 10:01 buyer B; 10:01:40 B reply without A => 1+1, 40 s, 10:01 B, 10:01 B / A 1+1, B 1+1
        10:00 buyer A; 10:00:20 A reply; 10:01 buyer B; 10:01:40 B reply without B => 1+1, 20 s, 10:00 A, 10:00 A / A 1+1, B 1+1
        // The automatic lines of a reception go with it. C has none, so those of C stay.
        10:00 A auto; 10:01 buyer A; 10:02 A reply; 10:03 buyer B without A => 1+0, 0 s, none, 10:03 B / A 1+1+1, B 1+0
        10:00 C auto; 10:01 buyer A; 10:02 A reply without C => 1+1+1, 60 s, 10:01 A, 10:01 A / A 1+1
        // The question from the queue is A's, who came first. The round is B's.
        10:00 buyer; 10:01 assign A; 10:02 transfer B; 10:03 buyer; 10:04 B reply without A => 1+1, 60 s, 10:00 B, 10:00 B / A 1+0, B 1+1
        10:00 buyer; 10:01 assign A; 10:02 transfer B; 10:03 buyer; 10:04 B reply without B => 1+0, 0 s, none, none / A 1+0, B 1+1
        10:00 buyer; 10:01 assign A; 10:02 transfer B; 10:03 buyer; 10:04 B reply without A B => 0+0, 0 s, none, none / A 1+0, B 1+1";
    check(view, table);
    let table = "10:00 buyer A; 10:01 transfer B; 10:02 buyer; 10:04 B reply without A => 10:00 B answered 240 | 10:00 A handed_over
        10:00 buyer A; 10:01 A reply; 10:02 buyer B without A B => 10:00 A answered 60 | 10:02 B unanswered";
    check(rounds, table);
}

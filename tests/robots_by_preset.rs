//! One log with robots under every preset and each of its dated entries: all numbers side by side, worked by hand.

use crate::support::given::{self, Given};
use crate::support::tables::{Tables, number};
use crate::support::{compare, day, script};
use kefu::config::presets;
use kefu_kernel::calendar::Day;
use std::collections::BTreeSet;

/// With each line, what holds wherever a robot alone does not reply (`reply_modes` without `auto`) and its answers are `out`.
const LOG: &[&str] = &[
    // Opens a round with nobody in charge. No robot and nobody ever answers: unanswered, a left message, queued.
    "08:30:00 s4 b4 buyer 在吗",
    // Opens a round.
    "09:00:00 - b1 buyer 几点发货",
    // Takes it in hand: no agent is in charge.
    "09:00:03 - b1 robot 下午四点",
    // Opens a round. The robot takes it in hand, and b2's session ends with it: robot round 1, and b2 is robot-only.
    "11:00:00 s2 b2 buyer 有货吗",
    // A robot's line in A's name is an auto line too. Where `auto` is a reply it is A's, after 5 s.
    "11:00:05 s2 b2 robot>A 有的",
    // 6.5 hours later. The robot keeps no session open, so this starts one; it ends the round of 09:00: robot round 2. Opens a round.
    "15:30:00 - b1 buyer 我要改地址",
    // In hand again.
    "15:30:02 - b1 robot 正在转人工",
    // Out of the robot's hands: queued for 300 s, and from here on `robot_clock = "transfer"` counts.
    "15:35:00 - b1 assign>A -",
    // Joins the round, and waits 30 s itself.
    "15:36:30 - b1 buyer 好了吗",
    // Answered: 420 s since it was asked, 120 s since the hand-over.
    "15:37:00 - b1 A 改好了",
    // A is in charge: not queued.
    "15:40:00 - b1 buyer 几天到",
    // Answered: 20 s.
    "15:40:20 - b1 A 三天",
    // Opens a round; the session starts at 22:50.
    "22:50:00 s3 b3 buyer 怎么退",
    // In hand.
    "22:50:04 s3 b3 robot 请点这里",
    // The next line ends it within the session: robot round 3. Opens a round at 23:30, queued.
    "23:30:00 s3 b3 buyer 不行",
    // A person without a name: answered after 120 s, replied to b3, no left message.
    "23:32:00 s3 b3 - 我来处理",
];

const METRICS: [&str; 11] = [
    "rounds",
    "robot_rounds",
    "answered_rounds",
    "rounds_assessed",
    "resp_avg_s",
    "first_resp_avg_s",
    "official_reply_3min_rate",
    "replied_buyers",
    "unreplied_buyers",
    "leave_messages",
    "queued_sessions",
];

/// Days on which the older and the newer entry of every preset holds.
const OLD: &str = "2021-11-01";
const NEW: &str = "2026-09-01";

/// The means of the waits 420, 20 and 120 s, and of the sessions' first, 420 and 120 s.
const ASKED: [f64; 2] = [560.0 / 3.0, 270.0];
/// The same where the wait after a robot counts from the hand-over: 120, 20 and 120 s; 120 and 120 s.
const TRANSFER: [f64; 2] = [260.0 / 3.0, 120.0];
/// `ASKED` with the robot's 5 s to b2.
const WITH_ROBOT: [f64; 2] = [565.0 / 4.0, 545.0 / 3.0];

/// A platform, a day, and the shop's row of the day.
type Said = (&'static str, &'static str, [f64; 11]);

/// A row in which robots' answers are out: 4 rounds (15:30, 15:40, 23:30 and 08:30) and 3 of robots.
fn out(platform: &'static str, on: &'static str, assessed: f64, [mean, first]: [f64; 2], official: f64) -> Said {
    (platform, on, [4.0, 3.0, 3.0, assessed, mean, first, official, 2.0, 1.0, 1.0, 3.0])
}

fn expected() -> Vec<Said> {
    vec![
        // 08-23 by the round's start leaves 23:30 out. By round: 420 s no, 20 s yes, unanswered no.
        out("nowhere", NEW, 3.0, ASKED, 1.0 / 3.0),
        // 08-24: all four, and 120 s is in time.
        out("taobao", OLD, 4.0, ASKED, 2.0 / 4.0),
        out("taobao", NEW, 3.0, ASKED, 1.0 / 3.0),
        // As Taobao's of old. Once per agent, buyer and day: A × b1 420 s, nobody × b3 120 s.
        out("1688", NEW, 4.0, ASKED, 2.0 / 4.0),
        // The whole day; the first assessed round of a session: 15:30 no, b3's yes, b4's no. Sessions of robots alone have none.
        out("jd", OLD, 4.0, ASKED, 1.0 / 3.0),
        // 09-23 by the session's start: b3's began at 22:50, so 23:30 is in; b4's is out.
        out("jd", NEW, 3.0, ASKED, 1.0 / 2.0),
        // 08-23 by the round's start, by person: b1 missed once, b4 was never answered, b3 is out.
        out("pdd", NEW, 3.0, ASKED, 0.0),
        // The same hours by message: 420 s no, 30 s yes, 20 s yes, b4's no.
        out("douyin", OLD, 3.0, ASKED, 2.0 / 4.0),
        // 08-23 by the session's start: all four. By session, on the mean: b1 (120 + 20) / 2 yes (220 from the question), b3 120 yes, b4 no.
        out("douyin", NEW, 4.0, TRANSFER, 2.0 / 3.0),
        // 08-24 by the round's start. The robot in A's name replies: 5 rounds, one more answered, b2 replied to; it ends b2's queue.
        // By person: b2 and b3 yes, b1 and b4 no. The two rounds that the robot without an id settled stay out.
        ("kuaishou", OLD, [5.0, 2.0, 4.0, 5.0, WITH_ROBOT[0], WITH_ROBOT[1], 2.0 / 4.0, 3.0, 1.0, 1.0, 4.0]),
        // As Pinduoduo's.
        out("kuaishou", NEW, 3.0, ASKED, 0.0),
        // As JD's of today.
        out("xiaohongshu", NEW, 3.0, ASKED, 1.0 / 2.0),
    ]
}

/// The log in a shop of each platform, on one day; a shop's id is its platform's name. `rules`: of the pipeline.
fn tables(on: &str, platforms: &[&str], rules: &str) -> Tables {
    let mut input = given::input(on, on);
    let mut shops = String::from("shop_id,platform\n");
    for platform in platforms {
        input.lines.extend(LOG.iter().map(|line| script::line(line, day(on), platform)));
        shops += &format!("{platform},{platform}\n");
    }
    let tables = vec![("shops".to_owned(), "shops".to_owned(), shops)];
    Given { rules: rules.to_owned(), tables, ..Given::new(input) }.in_file_order().run()
}

/// Every cell that is not what is expected, so that one run shows the whole table.
fn wrong(tables: &Tables, (platform, on, values): &Said) -> Vec<String> {
    let report = tables.report("shop", "day");
    let row = &report[&(day(on), (*platform).to_owned(), None)];
    let cells = METRICS.into_iter().zip(values).filter_map(|(metric, value)| {
        let got = number(row, metric);
        let agrees = got.is_some_and(|got| compare::is_close(metric, *value, got));
        (!agrees).then(|| format!("{platform} on {on}: {metric} is {got:?}, not {value}"))
    });
    cells.collect()
}

#[test]
fn every_preset_says_its_own_of_robots() {
    let mut found = Vec::new();
    for on in [OLD, NEW] {
        let rows = expected().into_iter().filter(|row| row.1 == on).collect::<Vec<_>>();
        let platforms = rows.iter().map(|(platform, ..)| *platform).collect::<Vec<_>>();
        let tables = tables(on, &platforms, "");
        found.extend(rows.iter().flat_map(|row| wrong(&tables, row)));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Where a robot's answer counts for nothing, b1's round of 09:00 stays open until 15:37 (23,820 s, three lines, one session) and b3's of
/// 22:50 until 23:32 (2,520 s); b2's is unanswered as b4's is, and both left a message. Of five rounds, all begun in 08-23, that of
/// 15:40 is in time.
#[test]
fn robots_that_count_for_nothing_leave_their_rounds_open() {
    let count = ("nowhere", NEW, [5.0, 0.0, 3.0, 5.0, 26_360.0 / 3.0, 13_170.0, 1.0 / 5.0, 2.0, 2.0, 2.0, 4.0]);
    let found = wrong(&tables(NEW, &["nowhere"], "robot_answers = \"count\""), &count);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_entry_of_every_preset_has_its_row() {
    let preset_of = |platform: &str| presets::find(presets::of_platform(Some(platform))).unwrap();
    let entry_on = |preset: &presets::Preset, on: &str| {
        let begun = preset.entries.iter().filter(|entry| entry.first_day().unwrap() <= Day(day(on) as i32));
        (preset.id, begun.count() - 1)
    };
    let shown = expected().iter().map(|(platform, on, _)| entry_on(preset_of(platform), on)).collect::<BTreeSet<_>>();
    let all = presets::all().unwrap().iter().flat_map(|preset| (0..preset.entries.len()).map(move |entry| (preset.id, entry)));
    assert_eq!(shown, all.collect::<BTreeSet<_>>());
}

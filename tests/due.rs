//! What is due and why: late files, blocked buyers, days that fail, gates, other rules; and that a run does that and no more.

use crate::support::given::{self, Given};
use crate::support::manifest::{unseal, unseal_folder};
use crate::support::place::{PIPELINE, Place};
use crate::support::scratch::scratch;
use crate::support::tables::{Tables, number};
use crate::support::{date, day, script};
use bytes::Bytes;
use kefu::config::Plan;
use kefu::error::Result;
use kefu::freshness::{DaySelection, Freshness, StaleReason};
use kefu::observability::RunRecord;
use kefu::plan_view::PlanView;
use kefu::publish::{Manifest, verify};
use kefu::run::{RunRequest, landed, run};
use kefu_kernel::calendar::{Day, Period};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tempfile::TempDir;

const FIRST: &str = "2026-08-03";

/// Days of one shop's chats, each in its file; the output is a folder beside.
struct Shop {
    folder: TempDir,
    plan: Plan,
}

impl Shop {
    fn new(days: i64, settings: &str) -> Shop {
        let folder = scratch();
        let mut input = given::input(FIRST, FIRST);
        input.lines = Vec::new();
        let given = Given { rules: format!("preset = \"default\"\n{settings}"), judged: false, ..Given::new(input) };
        let pipeline = given.write(folder.path());
        let plan = given::plan(&pipeline, folder.path().join("out").to_str().unwrap());
        let shop = Shop { folder, plan };
        (0..days).for_each(|after| shop.write(after, 2));
        shop
    }

    /// The chats of a day: so many buyers, each answered.
    fn write(&self, after: i64, buyers: u32) {
        let mut input = given::input(FIRST, FIRST);
        let chat = |n: u32| {
            let (minute, second) = (n / 60, n % 60);
            let said = ["buyer 在吗", "A 在的"].map(|who| format!("10:{minute:02}:{second:02} s{n} b{n} {who}"));
            said.map(|line| script::line(&line, day(FIRST) + after, "s1"))
        };
        input.lines = (0..buyers).flat_map(chat).collect();
        Given::new(input).write_messages(self.folder.path());
    }

    fn file(&self, after: i64) -> std::path::PathBuf {
        self.folder.path().join(format!("messages/date={}/chats.csv", date(day(FIRST) + after)))
    }

    fn request(from: i64, to: i64) -> RunRequest {
        let [from, to] = [from, to].map(|after| Day((day(FIRST) + after) as i32));
        RunRequest::new(from, to, "2026-11-20T00:00:00Z".parse().unwrap())
    }

    fn run(&self, from: i64, to: i64) -> RunRecord {
        run(&self.plan, &Shop::request(from, to)).unwrap_or_else(|e| panic!("{e}"))
    }

    fn only(&self, from: i64, to: i64, only: DaySelection) -> Result<RunRecord> {
        run(&self.plan, &RunRequest { only, ..Shop::request(from, to) })
    }

    fn agenda(&self, from: i64, to: i64) -> PlanView {
        let RunRequest { from, to, .. } = Shop::request(from, to);
        let manifest = Manifest::load(&self.plan.output).unwrap();
        let freshness = Freshness::gather(&self.plan, &manifest, landed(&self.plan, &manifest, to, None)).unwrap();
        freshness.plan_view(&manifest, (from, to), DaySelection::Due).unwrap()
    }

    fn published(&self) -> BTreeMap<String, Bytes> {
        published(&self.plan)
    }

    /// What one run over everything comes to.
    fn clean(&self, last: i64) -> BTreeMap<String, Bytes> {
        clean(self.folder.path(), last)
    }
}

fn published(plan: &Plan) -> BTreeMap<String, Bytes> {
    let tables = Tables::of(&plan.output);
    tables.files(&["reports", "details", "dims"]).into_iter().map(|(key, bytes)| (key.to_owned(), bytes.clone())).collect()
}

fn clean(folder: &Path, last: i64) -> BTreeMap<String, Bytes> {
    let plan = given::plan(&folder.join("pipeline.toml"), "memory:///");
    run(&plan, &Shop::request(0, last)).unwrap();
    published(&plan)
}

/// Names what differs.
fn assert_same(found: &BTreeMap<String, Bytes>, expected: &BTreeMap<String, Bytes>) {
    let differing = found.keys().chain(expected.keys()).filter(|key| found.get(*key) != expected.get(*key)).collect::<BTreeSet<_>>();
    assert!(differing.is_empty(), "{differing:?}");
}

/// The partitions of reports that differ, as period and first day.
fn changed(before: &BTreeMap<String, Bytes>, after: &BTreeMap<String, Bytes>) -> BTreeSet<(String, String)> {
    let differ = after.iter().filter(|(key, bytes)| before.get(*key) != Some(bytes)).map(|(key, _)| key.as_str());
    let reports = differ.filter_map(|key| key.strip_prefix("reports/")?.split_once("/dt="));
    reports.map(|(table, rest)| (table.rsplit('_').next().unwrap().to_owned(), rest[..10].to_owned())).collect()
}

#[test]
fn a_late_file_restates_its_day_week_month_quarter_and_year_and_nothing_else() {
    let shop = Shop::new(45, "");
    shop.run(0, 43);
    let before = shop.published();
    // Day −40 of the night that follows.
    let late = 44 - 40;
    shop.write(late, 5);
    let agenda = shop.agenda(44, 44);
    let stale = agenda.days.iter().find(|item| item.day == date(day(FIRST) + late)).unwrap();
    assert_eq!((stale.whys.as_slice(), stale.read), ([StaleReason::Late(vec!["messages"])].as_slice(), true));
    let record = shop.run(44, 44);
    assert_eq!(record.days_read, 2, "the night's own and the late one");
    let spans = |after: i64| Period::ALL.map(|period| shop.plan.calendar.span(period, Day((day(FIRST) + after) as i32)));
    let of =
        |after: i64| spans(after).map(|span| (span.period.name().to_owned(), span.first.to_string())).into_iter().collect::<BTreeSet<_>>();
    let expected = of(late).union(&of(44)).cloned().collect::<BTreeSet<_>>();
    assert_eq!(changed(&before, &shop.published()), expected);
    assert_same(&shop.published(), &shop.clean(44));
}

#[test]
fn a_day_that_is_fresh_is_left_alone() {
    let shop = Shop::new(4, "");
    shop.run(0, 3);
    let agenda = shop.agenda(0, 3);
    assert!(agenda.days.iter().all(|item| item.fresh), "{agenda}");
    let again = shop.run(0, 3);
    assert_eq!((again.days_read, again.days_restated, again.files_written), (0, 0, 0));
    let all = shop.only(0, 3, DaySelection::All).unwrap();
    assert_eq!((all.days_read, all.files_written), (4, 0));
    assert!(all.files_unchanged > 30);
}

#[test]
fn a_buyer_blocked_late_restates_the_days_of_the_block() {
    let shop = Shop::new(6, "");
    shop.run(0, 5);
    let [from, to] = [2, 3].map(|after| date(day(FIRST) + after));
    let blocklist = shop.folder.path().join("blocklist.csv");
    assert!(blocklist.is_file());
    std::fs::write(&blocklist, format!("shop_id,buyer_id,from,to\ns1,b0,{from},{to}\n")).unwrap();
    let agenda = shop.agenda(5, 5);
    let stale = agenda.days.iter().filter(|item| item.read).map(|item| item.day.clone()).collect::<Vec<_>>();
    assert_eq!(stale, [from, to]);
    shop.run(5, 5);
    assert_same(&shop.published(), &shop.clean(5));
}

#[test]
fn a_day_that_cannot_be_read_stops_no_other_and_is_made_by_itself_later() {
    let shop = Shop::new(4, "");
    let good = std::fs::read(shop.file(1)).unwrap();
    std::fs::write(shop.file(1), "<html><body>502 Bad Gateway</body></html>").unwrap();
    let error = run(&shop.plan, &Shop::request(0, 3)).unwrap_err();
    assert_eq!(error.exit_code(), 3, "{error}");
    let bad = date(day(FIRST) + 1);
    let command = error.hint_text().unwrap().to_owned();
    assert!(command.contains(&format!("--from {bad} --to {bad} --only failed")), "{command}");
    let published = shop.published();
    assert!(published.keys().any(|key| key.contains(&format!("agent_day/dt={}", date(day(FIRST) + 2)))));
    assert!(!published.keys().any(|key| key.contains(&format!("_day/dt={bad}"))));
    assert!(matches!(shop.agenda(1, 1).days[0].whys.as_slice(), [StaleReason::Failed(_)]));
    std::fs::write(shop.file(1), good).unwrap();
    let again = shop.only(0, 3, DaySelection::Failed).unwrap();
    assert_eq!(again.days_read, 1);
    assert_same(&shop.published(), &shop.clean(3));
}

#[test]
fn a_day_at_less_than_half_its_usual_lines_is_held_back_until_forced() {
    let shop = Shop::new(0, "");
    (0..8).for_each(|after| shop.write(after, 20));
    shop.run(0, 7);
    shop.write(8, 9);
    let before = shop.published();
    let error = run(&shop.plan, &Shop::request(8, 8)).unwrap_err();
    assert_eq!(error.exit_code(), 3);
    assert!(error.message().contains("held back: 18 lines, 45 % of the 40"), "{error}");
    assert_same(&shop.published(), &before);
    let forced = run(&shop.plan, &RunRequest { force: true, ..Shop::request(8, 8) }).unwrap();
    assert!(forced.gates.iter().any(|gate| gate.forced && gate.name == "volume"), "{:?}", forced.gates);
    let manifest = Manifest::load(&shop.plan.output).unwrap();
    let why = manifest.days[&Shop::request(8, 8).from].forced.clone().unwrap();
    assert!(why.starts_with("18 lines"), "{why}");
    assert_same(&shop.published(), &shop.clean(8));
}

#[test]
fn a_day_whose_files_are_gone_is_held_back() {
    let shop = Shop::new(3, "");
    shop.run(0, 2);
    let before = shop.published();
    std::fs::remove_file(shop.file(1)).unwrap();
    let error = run(&shop.plan, &Shop::request(1, 1)).unwrap_err();
    assert_eq!(error.exit_code(), 3, "{error}");
    assert_same(&shop.published(), &before);
}

#[test]
fn days_under_other_rules_are_named_and_made_again_together() {
    let shop = Shop::new(3, "");
    shop.run(0, 2);
    let pipeline = shop.folder.path().join("pipeline.toml");
    let text = std::fs::read_to_string(&pipeline).unwrap();
    std::fs::write(&pipeline, text.replace("preset = \"default\"", "preset = \"default\"\nslow_threshold = \"1m\"")).unwrap();
    let changed = Shop { plan: given::plan(&pipeline, shop.folder.path().join("out").to_str().unwrap()), folder: shop.folder };
    let error = run(&changed.plan, &Shop::request(2, 2)).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(error.hint_text().unwrap().contains(&format!("--from {FIRST}")), "{error}");
    assert_eq!(changed.run(0, 2).days_read, 3);
    assert_same(&changed.published(), &changed.clean(2));
}

#[test]
fn verify_names_what_is_not_as_it_was_published() {
    let shop = Shop::new(2, "");
    shop.run(0, 1);
    let whole = verify(&shop.plan.output).unwrap();
    assert!(whole.differences.is_empty() && whole.files > 20, "{:?}", whole.differences);
    let of = |table: &str| format!("reports/{table}/dt={FIRST}/data.parquet");
    let place = |key: &str| shop.folder.path().join("out").join(key);
    let mut bytes = std::fs::read(place(&of("shop_day"))).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(place(&of("shop_day")), bytes).unwrap();
    std::fs::remove_file(place(&of("agent_day"))).unwrap();
    std::fs::create_dir_all(place("reports/shop_day/dt=2031-01-01")).unwrap();
    std::fs::write(place("reports/shop_day/dt=2031-01-01/data.parquet"), "x").unwrap();
    let found = verify(&shop.plan.output).unwrap();
    let files = found.differences.iter().map(|difference| difference.file.clone()).collect::<BTreeSet<_>>();
    assert_eq!(files, BTreeSet::from([of("shop_day"), of("agent_day"), "reports/shop_day/dt=2031-01-01/data.parquet".to_owned()]));
    assert!(found.verdict().is_err());
}

/// A file of another time, whose columns are others: the night stops before it puts a second schema beside it.
#[test]
fn a_table_keeps_one_schema() {
    // Far enough behind to stay as it is.
    let shop = Shop::new(11, "");
    shop.run(0, 9);
    let page = shop.folder.path().join("out/_meta/partitions/2026-08.json");
    let text = std::fs::read_to_string(&page).unwrap();
    let mut remembered: serde_json::Value = serde_json::from_str(&text).unwrap();
    remembered["files"][format!("reports/shop_day/dt={FIRST}/data.parquet")]["schema"] = "another".into();
    std::fs::write(&page, remembered.to_string()).unwrap();
    unseal(&shop.plan.output);
    let before = shop.published();
    let error = run(&shop.plan, &Shop::request(10, 10)).unwrap_err();
    assert_eq!(error.exit_code(), 3, "{error}");
    assert_same(&shop.published(), &before);
    let forced = run(&shop.plan, &RunRequest { force: true, ..Shop::request(10, 10) }).unwrap();
    assert!(forced.gates.iter().any(|gate| gate.name == "schema" && gate.forced), "{:?}", forced.gates);
}

/// Kuaishou's hours changed on 1 March 2023: days before it are made as they were, days from it on are not.
#[test]
fn a_rule_that_changes_on_a_day_touches_the_days_from_it_on() {
    let shop = Shop::new(0, "");
    let pipeline = shop.folder.path().join("pipeline.toml");
    let text = std::fs::read_to_string(&pipeline).unwrap();
    std::fs::write(&pipeline, text.replace("preset = \"default\"", "preset = \"kuaishou\"")).unwrap();
    let plan = given::plan(&pipeline, "memory:///");
    let on = |date: &str| format!("{:?}", plan.rules.active_on(Day(day(date) as i32)));
    assert_eq!(on("2022-07-01"), on("2023-02-28"));
    assert_ne!(on("2023-02-28"), on("2023-03-01"));
    assert_eq!(on("2023-03-01"), on("2023-03-02"));
}

/// On a local root the lock lets one in at a time; whoever comes second is told to try again.
#[test]
fn of_two_runs_at_once_one_works_and_the_other_tries_again() {
    for _ in 0..5 {
        let shop = Shop::new(3, "");
        let both = std::thread::scope(|scope| {
            let one = || run(&shop.plan, &Shop::request(0, 2));
            [scope.spawn(one), scope.spawn(one)].map(|run| run.join().unwrap())
        });
        assert!(both.iter().any(Result::is_ok));
        both.iter().filter_map(|run| run.as_ref().err()).for_each(|e| assert_eq!(e.exit_code(), 75, "{e}"));
        assert_same(&shop.published(), &shop.clean(2));
    }
}

/// A shop's log with orders that come as one file, and the pipeline over it.
struct Orders {
    folder: TempDir,
    input: crate::oracle::Input,
    plan: Plan,
}

impl Orders {
    /// A buyer asks every day, and has bought on the first.
    fn new(days: i64) -> Orders {
        let (base, folder) = (day(FIRST), scratch());
        let mut input = given::input(FIRST, &date(base + days - 1));
        let said = |after| ["buyer 在吗", "A 在的"].map(|who| script::line(&format!("10:00:00 s1 b1 {who}"), base + after, "s1"));
        input.lines = (0..days).flat_map(said).collect();
        input.orders = Some(vec![script::order("o1 b1 10:05:00 10:06:00 100.00 1 -", base, "s1")]);
        let pipeline = Orders::given(&input).write(folder.path());
        let plan = given::plan(&pipeline, folder.path().join("out").to_str().unwrap());
        Orders { folder, input, plan }
    }

    fn given(input: &crate::oracle::Input) -> Given {
        Given { judged: false, ..Given::new(input.clone()) }.in_file_order()
    }

    fn buys(&mut self, order: &str) {
        self.input.orders.as_mut().unwrap().push(script::order(order, day(FIRST), "s1"));
        self.export();
    }

    /// Writes the file anew.
    fn export(&self) {
        Orders::given(&self.input).write_orders(self.folder.path());
    }
}

/// The whole export of orders is another file every night: only the days that its new rows speak of are stale.
#[test]
fn a_new_export_of_all_orders_restates_the_days_it_speaks_of() {
    let mut shop = Orders::new(20);
    run(&shop.plan, &Shop::request(0, 19)).unwrap();
    let last = Shop::request(19, 19).to;
    let agenda = |plan: &Plan| {
        let manifest = Manifest::load(&plan.output).unwrap();
        let freshness = Freshness::gather(plan, &manifest, landed(plan, &manifest, last, None)).unwrap();
        freshness.plan_view(&manifest, (last, last), DaySelection::Due).unwrap()
    };
    // A file that was only written again.
    shop.export();
    assert_eq!(agenda(&shop.plan).work.days_restated, 0);
    shop.buys("o2 b1 +18/10:05:00 +18/10:06:00 50.00 1 -");
    let due = agenda(&shop.plan);
    assert!(due.days.iter().filter(|item| item.restate).all(|item| item.day > date(day(FIRST) + 13)), "{due}");
    assert!(due.work.days_restated > 0 && due.work.days_read == 0, "{due}");
}

/// A day made again as if less had landed is what it was by the next night.
#[test]
fn a_night_repairs_a_day_that_was_made_again_as_of_an_earlier_one() {
    let mut shop = Orders::new(20);
    shop.buys("o2 b1 +6/10:05:00 +7/10:06:00 50.00 1 -");
    run(&shop.plan, &Shop::request(0, 18)).unwrap();
    let before = published(&shop.plan);
    let earlier = Shop::request(6, 6);
    run(&shop.plan, &RunRequest { only: DaySelection::All, as_of: Some(earlier.to), ..earlier }).unwrap();
    assert!(changed(&before, &published(&shop.plan)).contains(&("day".to_owned(), date(day(FIRST) + 6))), "less had landed");
    run(&shop.plan, &Shop::request(19, 19)).unwrap();
    assert_same(&published(&shop.plan), &clean(shop.folder.path(), 19));
}

/// A question and its answer.
fn day_of_chats(date: &str) -> String {
    let at = |second: u32| format!("{date}T10:00:{second:02}+08:00");
    format!("shop_id,buyer_id,sender,sent_at,agent_id\ns1,b1,buyer,{},A\ns1,b1,agent,{},A\n", at(0), at(20))
}

/// Makes the manifest that of a version which did not say what its numbers mean.
fn forget_semantics(place: &Place) {
    for page in std::fs::read_dir(place.path("out/_meta/partitions")).unwrap() {
        let page = page.unwrap().path();
        let text = std::fs::read_to_string(&page).unwrap();
        let plain = text.lines().filter(|line| !line.contains("\"semantics\"")).collect::<Vec<_>>().join("\n");
        std::fs::write(&page, plain).unwrap();
    }
    unseal_folder(&place.path("out"));
}

/// A version that changes what a number means: the days before it are left, and say so.
#[test]
fn days_of_an_older_version_stay_as_they_are_and_stop_no_run() {
    let place = Place::new(PIPELINE);
    let run = |date: &str| {
        place.put(&format!("messages/date={date}/chats.csv"), day_of_chats(date));
        place.kefu(&["run", "p.toml", "--date", date])
    };
    run("2026-09-07").expect(0, &[]);
    run("2026-09-08").expect(0, &[]);
    forget_semantics(&place);
    let week = || std::fs::read(place.path("out/reports/shop_week/dt=2026-09-07/data.parquet")).unwrap();
    let before = week();
    let backfill = "kefu backfill p.toml --from 2026-09-07 --to 2026-09-08 --only stale";
    run("2026-09-09").expect(0, &["2 days", "made under older rules", backfill]);
    assert_eq!(week(), before, "a week that holds older days stays");
    assert_eq!(place.tables().rows("reports/shop_day").len(), 3);
    let plan = place.kefu(&["plan", "p.toml", "--from", "2026-09-07", "--to", "2026-09-09"]);
    assert_eq!(plan.stdout.matches("made under older rules").count(), 2, "{}", plan.stdout);
    place.kefu(&["backfill", "p.toml", "--from", "2026-09-07", "--to", "2026-09-08", "--only", "stale"]).expect(0, &[]);
    let rows = place.tables().rows("reports/shop_week");
    assert_eq!(number(&rows[0], "rounds"), Some(3.0), "now the week has all its days");
}

/// More older days than are published at once.
#[test]
fn the_backfill_that_is_printed_makes_all_older_days() {
    let place = Place::new(PIPELINE);
    let dates = (1..=10).map(|day| format!("2026-09-{day:02}")).collect::<Vec<_>>();
    for date in &dates {
        place.put(&format!("messages/date={date}/chats.csv"), day_of_chats(date));
    }
    place.kefu(&["backfill", "p.toml", "--from", &dates[0], "--to", &dates[9]]).expect(0, &[]);
    forget_semantics(&place);
    place.kefu(&["backfill", "p.toml", "--from", &dates[0], "--to", &dates[9], "--only", "stale"]).expect(0, &[]);
    let plan = place.kefu(&["plan", "p.toml", "--from", &dates[0], "--to", &dates[9]]);
    assert!(plan.stdout.contains("10 day(s) fresh"), "{}", plan.stdout);
}

/// Whichever of the older days are made again, the others stay, and so do the periods that hold one of them.
#[test]
fn making_one_older_day_again_touches_no_other() {
    let place = Place::new(&format!("{PIPELINE}[orders]\npath = \"orders.csv\"\n"));
    let order = |date: &str| format!("s1,o{date},b1,{date}T10:05:00+08:00,10.00,1,{date}T10:06:00+08:00\n");
    let dates = ["2026-09-07", "2026-09-08", "2026-09-09"];
    let head = "shop_id,order_id,buyer_id,created_at,amount,quantity,paid_at\n";
    place.put("orders.csv", format!("{head}{}", dates.map(order).concat()));
    for date in dates {
        place.put(&format!("messages/date={date}/chats.csv"), day_of_chats(date));
    }
    let args = |from: &'static str, to: &'static str| ["backfill", "p.toml", "--from", from, "--to", to];
    place.kefu(&args(dates[0], dates[2])).expect(0, &[]);
    forget_semantics(&place);
    let read = |key: &str| std::fs::read(place.path(key)).unwrap();
    let keys = ["reports/shop_week/dt=2026-09-07", "reports/shop_day/dt=2026-09-08", "details/credits/dt=2026-09-08", "dims/shop"];
    let bytes = || keys.map(|key| read(&format!("out/{key}/data.parquet")));
    let before = bytes();
    place.kefu(&["run", "p.toml", "--date", dates[0]]).expect(0, &["2 days of 2026-09-08 to 2026-09-09"]);
    assert!(bytes() == before, "what holds an older day has changed");
    place.kefu(&[args(dates[0], dates[2]).as_slice(), &["--only", "missing"]].concat()).expect(0, &["made under older rules"]);
    assert!(bytes() == before, "what holds an older day has changed");
    let plan = place.kefu(&["plan", "p.toml", "--from", dates[0], "--to", dates[2]]);
    assert_eq!(plan.stdout.matches("made under older rules").count(), 2, "{}", plan.stdout);
}

//! The calendar is part of the output: a run under another one is refused, the backfill that it names withdraws what no longer belongs, and
//! no folder ever holds periods of two calendars.

use crate::support::faulty::{Death, Faulty, tree};
use crate::support::manifest::unseal_folder;
use crate::support::place::{PIPELINE, Place};
use crate::support::tables::{number, text};
use crate::support::world::{READ, World, assert_same};
use bytes::Bytes;
use kefu::publish::verify;
use object_store::memory::InMemory;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const DAYS: [&str; 3] = ["2026-09-05", "2026-09-06", "2026-09-07"];
const BACKFILL: [&str; 6] = ["backfill", "p.toml", "--from", "2026-09-05", "--to", "2026-09-07"];

fn chats(date: &str) -> String {
    let at = |second: u32| format!("{date}T10:00:{second:02}+08:00");
    format!("shop_id,buyer_id,sender,sent_at,agent_id\ns1,b1,buyer,{},A\ns1,b1,agent,{},A\n", at(0), at(20))
}

/// Saturday to Monday, published; the pipeline begins with the head given.
fn published(head: &str, reports: &str) -> Place {
    let place = Place::new("");
    DAYS.iter().for_each(|date| place.put(&format!("messages/date={date}/chats.csv"), chats(date)));
    change(&place, head, reports);
    place.kefu(&BACKFILL).expect(0, &[]);
    place
}

fn change(place: &Place, head: &str, reports: &str) {
    place.put("p.toml", format!("{head}{PIPELINE}{reports}"));
}

/// The partitions of each report, by table.
fn partitions(place: &Place) -> BTreeMap<String, BTreeSet<String>> {
    let tables = place.tables();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for key in tables.files(&["reports"]).keys() {
        let (table, rest) = key.strip_prefix("reports/").unwrap().split_once("/dt=").unwrap();
        found.entry(table.to_owned()).or_default().insert(rest[..10].to_owned());
    }
    found
}

/// Settings before and after, and what the run says of them.
#[test]
fn a_run_under_another_calendar_is_refused_until_the_backfill_that_it_names() {
    let days = "[reports]\nperiods = [\"day\", \"week\"]\nlevels = [\"shop\", \"agent\"]\n";
    let cases = [
        ("", "", "week_starts_on = \"sunday\"\n", "", "week_starts_on was monday and is sunday"),
        ("", "", "fiscal_year_starts_in = 4\n", "", "fiscal_year_starts_in was 1 and is 4"),
        ("", days, "", "[reports]\nperiods = [\"day\"]\nlevels = [\"shop\", \"agent\"]\n", "periods was day, week and is day"),
        ("", days, "", "[reports]\nperiods = [\"day\", \"week\", \"month\"]\nlevels = [\"shop\", \"agent\"]\n", "is day, month, week"),
        ("", days, "", "[reports]\nperiods = [\"day\", \"week\"]\nlevels = [\"agent\"]\n", "levels was agent, shop and is agent"),
        ("", days, "", "[reports]\nperiods = [\"day\", \"week\"]\nlevels = [\"shop\", \"agent\", \"team\"]\n", "is agent, shop, team"),
    ];
    let command = "kefu backfill p.toml --from 2026-09-05 --to 2026-09-07";
    for (head, reports, new_head, new_reports, says) in cases {
        let place = published(head, reports);
        let before = partitions(&place);
        change(&place, new_head, new_reports);
        let refused = place.kefu(&["run", "p.toml", "--date", "2026-09-07"]);
        refused.expect(2, &["the calendar of this output has changed"]);
        // Lines are broken within dates, too.
        let said = refused.said.replace(' ', "");
        assert!([says, command].iter().all(|text| said.contains(&text.replace(' ', ""))), "{says}: {}", refused.said);
        let plan = place.kefu(&["plan", "p.toml", "--from", "2026-09-07", "--to", "2026-09-07"]);
        assert!(plan.code == 0 && plan.stdout.contains("refused") && plan.stdout.contains(command), "{says}: {}", plan.stdout);
        assert_eq!(partitions(&place), before, "{says}");
        // The states are enough: the chats of two of the days are gone.
        DAYS[..2].iter().for_each(|date| place.remove(&format!("messages/date={date}/chats.csv")));
        let ran = place.kefu(&BACKFILL);
        ran.expect(0, &[]);
        assert!(ran.stdout.contains("0 day(s) read, 0 restated"), "{says}: {}", ran.stdout);
        DAYS[..2].iter().for_each(|date| place.put(&format!("messages/date={date}/chats.csv"), chats(date)));
        assert_eq!(partitions(&place), partitions(&published(new_head, new_reports)), "{says}");
        place.kefu(&["verify", "p.toml"]).expect(0, &[]);
        place.kefu(&["run", "p.toml", "--date", "2026-09-07"]).expect(0, &[]);
    }
}

/// Weeks that begin on Sundays hold other days; the weeks that began on Mondays are gone, those of judgement tables among them.
#[test]
fn weeks_of_another_kind_are_made_of_kept_states() {
    let place = published("", "");
    let rounds = |place: &Place| -> Vec<_> {
        let rows = place.tables().rows("reports/shop_week");
        rows.iter().map(|row| (number(row, "dt").map(|day| crate::support::date(day as i64)), number(row, "rounds"))).collect()
    };
    let week = |date: &str, rounds: f64| (Some(date.to_owned()), Some(rounds));
    assert_eq!(rounds(&place), [week("2026-08-31", 2.0), week("2026-09-07", 1.0)]);
    change(&place, "week_starts_on = \"sunday\"\n", "");
    let ran = place.kefu(&BACKFILL);
    ran.expect(0, &[]);
    assert!(ran.stdout.contains("0 day(s) read, 0 restated") && ran.stdout.contains("withdrawn"), "{}", ran.stdout);
    assert_eq!(rounds(&place), [week("2026-08-30", 1.0), week("2026-09-06", 2.0)]);
    let sundays = BTreeSet::from(["2026-08-30", "2026-09-06"].map(str::to_owned));
    for (table, dates) in partitions(&place).into_iter().filter(|(table, _)| table.ends_with("_week")) {
        assert_eq!(dates, sundays, "{table}");
        assert!(!place.path(&format!("out/reports/{table}/dt=2026-08-31")).exists(), "{table}");
    }
}

/// A level that is dropped is in no judgement table either.
#[test]
fn a_level_that_is_dropped_is_judged_no_more() {
    let judged = |place: &Place| -> BTreeSet<String> {
        place.tables().rows("reports/comparison_day").iter().filter_map(|row| text(row, "level")).collect()
    };
    let place = published("", "");
    assert!(judged(&place).contains("agent"), "{:?}", judged(&place));
    change(&place, "", "[reports]\nlevels = [\"shop\"]\n");
    place.kefu(&BACKFILL).expect(0, &[]);
    assert_eq!(judged(&place), BTreeSet::from(["shop".to_owned()]));
}

/// An output of a version that kept no calendar: it has that of the pipeline from then on.
#[test]
fn an_output_without_a_calendar_takes_that_of_the_pipeline() {
    let place = published("", "");
    let page = place.path("out/_meta/partitions/undated.json");
    let mut kept: serde_json::Value = serde_json::from_slice(&std::fs::read(&page).unwrap()).unwrap();
    assert!(kept.as_object_mut().unwrap().remove("calendar").is_some());
    std::fs::write(&page, kept.to_string()).unwrap();
    unseal_folder(&place.path("out"));
    let all = ["run", "p.toml", "--date", "2026-09-07", "--only", "all"];
    place.kefu(&all).expect(0, &[]);
    change(&place, "week_starts_on = \"sunday\"\n", "");
    place.kefu(&all).expect(2, &["week_starts_on was monday and is sunday"]);
}

/// Periods that do not belong are named by `verify`, and taken back by a backfill over all days.
#[test]
fn verify_names_strays_and_a_backfill_takes_them_back() {
    let place = published("", "");
    let page = place.path("out/_meta/partitions/undated.json");
    let text = std::fs::read_to_string(&page).unwrap();
    assert!(text.contains("\"monday\""), "{text}");
    std::fs::write(&page, text.replace("\"monday\"", "\"sunday\"")).unwrap();
    unseal_folder(&place.path("out"));
    let verified = place.kefu(&["verify", "p.toml"]);
    verified.expect(1, &[]);
    assert!(verified.stdout.contains("reports/shop_week/dt=2026-08-31/data.parquet: no period or level"), "{}", verified.stdout);
    change(&place, "week_starts_on = \"sunday\"\n", "");
    place.kefu(&BACKFILL).expect(0, &[]);
    place.kefu(&["verify", "p.toml"]).expect(0, &[]);
}

/// The first days of the weeks of a tree.
fn weeks(tree: &BTreeMap<String, Bytes>) -> BTreeSet<String> {
    tree.keys().filter_map(|key| key.strip_prefix("reports/shop_week/dt=")).map(|rest| rest[..10].to_owned()).collect()
}

#[test]
fn a_change_that_dies_at_any_write_leaves_one_kind_of_weeks_and_the_next_run_ends_it() {
    const LAST: i64 = 7;
    let world = World::new(LAST + 1);
    let before = Arc::new(InMemory::new());
    world.run(Faulty::new(&before, None).store(), 0, LAST).unwrap();
    let mondays = weeks(&tree(&before, &READ));
    let pipeline = std::fs::read_to_string(world.pipeline()).unwrap();
    std::fs::write(world.pipeline(), format!("week_starts_on = \"sunday\"\n{pipeline}")).unwrap();
    let error = world.run(Faulty::new(&Arc::new(before.fork()), None).store(), LAST, LAST).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error}");
    let new = world.clean(LAST);
    let whole = Faulty::new(&Arc::new(before.fork()), None);
    let record = world.run(whole.store(), 0, LAST).unwrap();
    assert_eq!((record.days_read, record.days_restated), (0, 0));
    for n in 1..=whole.writes() {
        for death in [Death::Before(n), Death::After(n)] {
            let inner = Arc::new(before.fork());
            let faulty = Faulty::new(&inner, Some(death));
            let _ = world.run(faulty.store(), 0, LAST);
            assert!(faulty.has_died(), "{death:?}");
            let between = weeks(&tree(&inner, &READ));
            assert!(between.is_subset(&mondays) || between.is_disjoint(&mondays), "{death:?}: {between:?}");
            world.run(Faulty::new(&inner, None).store(), 0, LAST).unwrap_or_else(|e| panic!("{death:?}: {e}"));
            assert_same(&tree(&inner, &READ), &new, &format!("{death:?}: the next run ends elsewhere"));
            let verified = verify(&Faulty::new(&inner, None).store()).unwrap();
            assert!(verified.differences.is_empty(), "{death:?}: {:?}", verified.differences);
        }
    }
}

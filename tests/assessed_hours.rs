//! Hours by weekday, holidays and make-up days (节假日、调休), from the pipeline file to the report.

use crate::support::date;
use crate::support::place::{CHATS_PATH, Place, Ran};
use crate::support::tables::{number, text};
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use kefu_kernel::calendar::{Calendar, Day};
use kefu_kernel::hours::AssessedHours;
use kefu_kernel::rules::Rules;

const HOUR: i64 = 3_600_000;

#[test]
fn hours_may_differ_by_weekday() {
    let toml = |text: &str| toml::from_str::<toml::Table>(text).unwrap()["hours"].clone().try_into::<AssessedHours>();
    let hours = toml("hours = { mon-thu = \"09:00-18:00\", fri = [\"22:00-02:00\", \"01:00-03:00\"], sat = [] }").unwrap();
    let rules = Rules { assessed_hours: hours, ..Rules::default() };
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let calendar = Calendar { zone, day_starts_at: Time::midnight(), week_starts_on: Weekday::Monday, fiscal_year_starts_in: 1 };
    let day = |date: &str| Day::from(date.parse::<Date>().unwrap());
    // 1 September 2026 is a Tuesday. Of each span the hours after midnight; spans that overlap are one.
    let table = [("2026-09-01", vec![(9, 18)]), ("2026-09-04", vec![(0, 3), (22, 24)]), ("2026-09-05", vec![]), ("2026-09-06", vec![])];
    for (date, expected) in table {
        let starts_at = calendar.bounds(day(date)).unwrap().start;
        let windows = rules.assessed(&calendar, day(date), None).unwrap();
        let hours = windows.iter().map(|window| ((window.start - starts_at) / HOUR, (window.end - starts_at) / HOUR));
        assert_eq!(hours.collect::<Vec<_>>(), expected, "{date}");
    }
    let wrong = |text: &str| toml(text).unwrap_err().message().to_owned();
    assert!(wrong("hours = { mon-fri = \"09:00-18:00\", wed = [] }").contains("names wed twice"));
    assert!(wrong("hours = { fri-mon = \"09:00-18:00\" }").contains("neither a weekday nor a range"));
    assert!(wrong("hours = { mon = \"9 to 5\" }").contains("not a span of hours"));
}

const PIPELINE: &str = "\
name = \"hours\"
[messages]
path = \"chats.csv\"
[holidays]
path = \"holidays.csv\"
[quality]
on_missing = \"empty\"
[rules]
assessed_hours = { mon-fri = \"09:00-18:00\" }
[reports]
periods = [\"day\"]
[judgement]
tables = []
";

/// A question at ten, answered after a minute, in two shops: on Friday the 2nd, Saturday the 3rd and Monday the 5th of October.
fn three_days() -> Place {
    let place = Place::new(PIPELINE);
    place.remove(CHATS_PATH);
    let of = |shop: &str, day: &str| format!("{shop},b,buyer,2026-10-{day} 10:00:00,A,\n{shop},b,agent,2026-10-{day} 10:01:00,A,\n");
    let lines = ["02", "03", "05"].map(|day| of("s1", day) + &of("s2", day)).concat();
    place.put("chats.csv", format!("shop_id,buyer_id,sender,sent_at,agent_id,session_id\n{lines}"));
    place
}

fn backfill(place: &Place) -> Ran {
    place.kefu(&["backfill", "p.toml", "--from", "2026-10-02", "--to", "2026-10-05"])
}

/// The assessed rounds of each shop by day.
fn assessed(place: &Place) -> Vec<(String, String, f64)> {
    let report = place.tables().report("shop", "day");
    let rows = report.iter().map(|(key, row)| (date(key.0), key.1.clone(), number(row, "rounds_assessed").unwrap()));
    rows.filter(|(_, _, rounds)| *rounds > 0.0).collect()
}

fn rows<const N: usize>(rows: [(&str, &str); N]) -> Vec<(String, String, f64)> {
    rows.into_iter().map(|(day, shop)| (day.to_owned(), shop.to_owned(), 1.0)).collect()
}

#[test]
fn a_holiday_closes_a_day_and_a_make_up_day_opens_one_and_a_shops_own_row_comes_first() {
    let place = three_days();
    let head = "date,hours,shop_id\n";
    place.put("holidays.csv", head);
    backfill(&place).expect(0, &[]);
    assert_eq!(assessed(&place), rows([("2026-10-02", "s1"), ("2026-10-02", "s2"), ("2026-10-05", "s1"), ("2026-10-05", "s2")]));
    place.put("holidays.csv", format!("{head}2026-10-02,,\n2026-10-02,09:00-12:00;13:00-18:00,s2\n2026-10-03,09:00-12:00,s1\n"));
    // The holidays changed two days, and a night makes these again by itself.
    let plan = place.kefu(&["plan", "p.toml", "--from", "2026-10-02", "--to", "2026-10-05"]);
    assert!(
        plan.stdout.contains("2026-10-02") && plan.stdout.contains("2026-10-03") && plan.stdout.contains("holidays"),
        "{}",
        plan.stdout
    );
    place.kefu(&["run", "p.toml", "--date", "2026-10-05"]).expect(0, &[]);
    assert_eq!(assessed(&place), rows([("2026-10-02", "s2"), ("2026-10-03", "s1"), ("2026-10-05", "s1"), ("2026-10-05", "s2")]));
}

#[test]
fn hours_of_a_holiday_that_cannot_be_read_make_its_row_bad() {
    let place = three_days();
    place.put("holidays.csv", "date,hours\n2026-10-02,nine to five\n");
    backfill(&place).expect(3, &["holidays", "hours", "09:00-12:00;13:00-18:00"]);
    assert!(!place.is_published());
}

#[test]
fn a_day_that_two_rows_name_is_warned_of_and_the_last_row_counts() {
    let place = three_days();
    place.put("holidays.csv", "date,hours\n2026-10-05,09:00-10:30\n2026-10-05,13:00-18:00\n");
    let says = ["holidays", "1 rows name a day", "parted by ;"];
    backfill(&place).expect(0, &says);
    assert_eq!(assessed(&place), rows([("2026-10-02", "s1"), ("2026-10-02", "s2")]));
    let audit = place.tables().rows("_meta/audit");
    let of_holidays = audit.iter().find(|row| text(row, "table").as_deref() == Some("holidays")).unwrap();
    assert_eq!(["read", "used", "duplicates"].map(|name| number(of_holidays, name).unwrap()), [2.0, 1.0, 1.0]);
}

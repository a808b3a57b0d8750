//! Where days, weeks, months, quarters and years begin: zones, split points and fiscal years, seen in the reports.

use crate::support::date;
use crate::support::place::{CHATS_PATH, Place};
use crate::support::tables::{Row, Value, number};
use std::collections::BTreeMap;

const HEAD: &str = "shop_id,buyer_id,sender,sent_at,agent_id\n";

/// One question at each instant, of a buyer each, in one file read whole.
fn asked_at(head: &str, instants: &[&str]) -> Place {
    let place = Place::new(&format!("name = \"calendar\"\n{head}\n[messages]\npath = \"chats.csv\"\n[quality]\non_missing = \"empty\"\n"));
    place.remove(CHATS_PATH);
    let lines = instants.iter().enumerate().map(|(n, at)| format!("s1,b{n},buyer,{at},A\n"));
    place.put("chats.csv", format!("{HEAD}{}", lines.collect::<String>()));
    place
}

/// A column of the shop's row, by the first day of the period.
fn cells(place: &Place, period: &str, column: &str) -> BTreeMap<String, f64> {
    let report = place.tables().report("shop", period);
    report.iter().map(|(key, row)| (date(key.0), number(row, column).unwrap())).collect()
}

fn of<const N: usize>(cells: [(&str, f64); N]) -> BTreeMap<String, f64> {
    cells.into_iter().map(|(day, value)| (day.to_owned(), value)).collect()
}

#[test]
fn a_business_day_begins_at_its_split_point() {
    let place = asked_at("business_day_starts_at = \"04:00\"", &["2026-09-02T03:59:59.999+08:00", "2026-09-02T04:00:00+08:00"]);
    place.kefu(&["backfill", "p.toml", "--from", "2026-09-01", "--to", "2026-09-02"]).expect(0, &[]);
    assert_eq!(cells(&place, "day", "buyer_msgs"), of([("2026-09-01", 1.0), ("2026-09-02", 1.0)]));
}

/// 1 November 2026 has 25 hours in New York: the hour from one to two comes twice. Assessed hours go by the wall clock.
#[test]
fn a_day_in_which_the_clocks_change_is_whole() {
    let instants = [
        "2026-11-01T00:00:00-04:00",
        "2026-11-01T01:30:00-04:00",
        "2026-11-01T01:30:00-05:00",
        "2026-11-01T07:59:59.999-05:00",
        "2026-11-01T08:00:00-05:00",
        "2026-11-01T23:59:59.999-05:00",
        "2026-11-02T00:00:00-05:00",
    ];
    let place = asked_at("timezone = \"America/New_York\"", &instants);
    place.kefu(&["run", "p.toml", "--date", "2026-11-01"]).expect(0, &[]);
    assert_eq!(cells(&place, "day", "rounds"), of([("2026-11-01", 6.0)]));
    assert_eq!(cells(&place, "day", "rounds_assessed"), of([("2026-11-01", 1.0)]));
    let hourly = place.tables().rows("reports/hourly_day");
    let shop = hourly.iter().filter(|row| !matches!(row["agent_id"], Value::Text(_)));
    let hours = shop.map(|row| (number(row, "hour").unwrap(), number(row, "buyer_msgs").unwrap())).collect::<Vec<_>>();
    // Hours of the wall clock: both readings of 01:30 are in hour 1.
    assert_eq!(hours, [(0.0, 1.0), (1.0, 2.0), (7.0, 1.0), (8.0, 1.0), (23.0, 1.0)]);
}

/// A question on the hour is in that hour, one millisecond before it in the hour before.
#[test]
fn an_hour_begins_on_the_hour() {
    let place = asked_at("", &["2026-09-01T07:59:59.999+08:00", "2026-09-01T08:00:00+08:00", "2026-09-01T23:00:00+08:00"]);
    place.run().expect(0, &[]);
    let hourly = place.tables().rows("reports/hourly_day");
    let agents = hourly.iter().filter(|row| matches!(row["agent_id"], Value::Text(_)));
    let told = |row: &Row| ["hour", "receptions", "buyer_msgs", "rounds", "unanswered"].map(|column| number(row, column).unwrap());
    let hours = agents.map(told).collect::<Vec<_>>();
    assert_eq!(hours, [7.0, 8.0, 23.0].map(|hour| [hour, 1.0, 1.0, 1.0, 1.0]));
}

/// A year, a quarter and a month begin on 1 January; the week goes on.
#[test]
fn periods_are_cut_where_the_calendar_cuts_them() {
    let place = asked_at("", &["2025-12-31T12:00:00+08:00", "2026-01-01T12:00:00+08:00"]);
    place.kefu(&["backfill", "p.toml", "--from", "2025-12-31", "--to", "2026-01-01"]).expect(0, &[]);
    for (period, before) in [("day", "2025-12-31"), ("month", "2025-12-01"), ("quarter", "2025-10-01"), ("year", "2025-01-01")] {
        assert_eq!(cells(&place, period, "buyer_msgs"), of([(before, 1.0), ("2026-01-01", 1.0)]), "{period}");
    }
    assert_eq!(cells(&place, "week", "buyer_msgs"), of([("2025-12-29", 2.0)]));
}

#[test]
fn weeks_and_years_begin_where_the_pipeline_says() {
    let head = "week_starts_on = \"sunday\"\nfiscal_year_starts_in = 4";
    let place = asked_at(head, &["2026-03-29T12:00:00+08:00", "2026-03-31T12:00:00+08:00", "2026-04-01T12:00:00+08:00"]);
    place.kefu(&["backfill", "p.toml", "--from", "2026-03-29", "--to", "2026-04-01"]).expect(0, &[]);
    assert_eq!(cells(&place, "week", "buyer_msgs"), of([("2026-03-29", 3.0)]));
    assert_eq!(cells(&place, "year", "buyer_msgs"), of([("2025-04-01", 2.0), ("2026-04-01", 1.0)]));
    assert_eq!(cells(&place, "quarter", "buyer_msgs"), of([("2026-01-01", 2.0), ("2026-04-01", 1.0)]));
}

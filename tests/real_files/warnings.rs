//! Warnings that protect a number: each with a log that deserves it, and one that does not.

use super::{HEAD, LEAN, spoken};
use crate::support::place::{PIPELINE, Place, Ran};

/// So many questions with their answers on a day, each of a buyer of its own.
fn rounds(date: &str, shop: &str, count: usize) -> String {
    let row = |n: usize, sender: &str, second: u32| format!("{shop},b{n},{sender},{date}T10:{n:02}:{second:02}+08:00,A,{sender}{n}\n");
    (0..count).map(|n| row(n, "buyer", 0) + &row(n, "agent", 20)).collect()
}

fn put_day(place: &Place, date: &str, rows: &str) {
    place.put(&format!("messages/date={date}/chats.csv"), format!("{HEAD}{rows}"));
}

fn run_on(place: &Place, date: &str) -> Ran {
    place.kefu(&["run", "p.toml", "--date", date])
}

const TUESDAYS: [&str; 4] = ["2026-08-04", "2026-08-11", "2026-08-18", "2026-08-25"];

/// Shops `a` with 12 and `b` with 8 lines on some Tuesdays, which are run; then 1 September, a Tuesday, with the lines given.
fn after_tuesdays(settings: &str, tuesdays: &[&str], september: &str) -> Place {
    let place = Place::new(&format!("{PIPELINE}{settings}{LEAN}"));
    place.put("shops.csv", "shop_id,closed_on,quiet\nb,,\n");
    for date in tuesdays {
        put_day(&place, date, &(rows_of_both(date)));
        run_on(&place, date).expect(0, &[]);
    }
    put_day(&place, "2026-09-01", september);
    place
}

fn rows_of_both(date: &str) -> String {
    rounds(date, "a", 6) + &rounds(date, "b", 4)
}

#[test]
fn a_shop_that_goes_silent_is_named_with_its_usual_lines() {
    let place = after_tuesdays("", &TUESDAYS, &rounds("2026-09-01", "a", 6));
    let ran = run_on(&place, "2026-09-01");
    ran.expect(0, &["no line of b (usually 8)", "closed_on or quiet in [shops]"]);
    // Nobody is missed who is there, or who was there on one such day alone.
    let place = after_tuesdays("", &TUESDAYS, &rows_of_both("2026-09-01"));
    assert!(!run_on(&place, "2026-09-01").said.contains("no line of"));
    let place = after_tuesdays("", &TUESDAYS[..1], &rounds("2026-09-01", "a", 6));
    assert!(!run_on(&place, "2026-09-01").said.contains("no line of"));
}

#[test]
fn a_day_is_held_when_the_silent_shops_make_up_most_of_it() {
    let september = rounds("2026-09-01", "b", 4);
    let place = after_tuesdays("", &TUESDAYS, &september);
    run_on(&place, "2026-09-01").expect(3, &["held back", "no line of a (usually 12)"]);
    place.kefu(&["run", "p.toml", "--date", "2026-09-01", "--force"]).expect(0, &[]);
    // 60 % may be missing where 30 % of a day are enough.
    let place = after_tuesdays("[quality]\nmin_volume = 0.3\n", &TUESDAYS, &september);
    run_on(&place, "2026-09-01").expect(0, &["no line of a (usually 12)"]);
}

#[test]
fn a_shop_may_be_said_to_be_quiet_or_closed() {
    for (says, is_silent) in [("2026-09-01,", false), (",true", false), ("2026-09-02,", true), (",false", true)] {
        let place = after_tuesdays("[shops]\npath = \"shops.csv\"\n", &TUESDAYS, &rounds("2026-09-01", "a", 6));
        place.put("shops.csv", format!("shop_id,closed_on,quiet\nb,{says}\n"));
        let ran = run_on(&place, "2026-09-01");
        assert_eq!((ran.code, ran.said.contains("no line of b")), (0, is_silent), "{says}: {}", ran.said);
    }
}

#[test]
fn orders_of_other_looking_buyers_are_told() {
    let orders = |buyer: &str| {
        let row = |n: usize| format!("s1,o{n},{buyer}{n},2026-09-01T10:30:00+08:00,10.00,1\n");
        format!("shop_id,order_id,buyer_id,created_at,amount,quantity\n{}", (0..10).map(row).collect::<String>())
    };
    for (buyer, is_told) in [("100000000000", true), ("b", false), ("c", false)] {
        let place = Place::new(&format!("{PIPELINE}[orders]\npath = \"orders.csv\"\n"));
        put_day(&place, "2026-09-01", &rounds("2026-09-01", "s1", 6));
        place.put("orders.csv", orders(buyer));
        let ran = place.run();
        assert_eq!((ran.code, ran.said.contains("look unlike")), (0, is_told), "{buyer}: {}", ran.said);
        assert!(!ran.said.contains(&format!("{buyer}1,")), "an id is shown: {}", ran.said);
    }
}

#[test]
fn a_word_or_an_empty_column_that_no_day_before_had_is_told() {
    let plain = rounds("2026-09-01", "s1", 3);
    let place = Place::new(PIPELINE);
    put_day(&place, "2026-09-01", &plain);
    run_on(&place, "2026-09-01").expect(0, &[]);
    let next = rounds("2026-09-02", "s1", 3);
    put_day(&place, "2026-09-02", &next);
    assert!(!spoken(&run_on(&place, "2026-09-02")).contains("on no day before"));
    put_day(&place, "2026-09-03", &(rounds("2026-09-03", "s1", 3) + "s1,b9,robot,2026-09-03T11:00:00+08:00,A,r1\n"));
    run_on(&place, "2026-09-03").expect(0, &["sender = robot", "on no day before"]);
    // Once it has been there, it is known.
    put_day(&place, "2026-09-04", &(rounds("2026-09-04", "s1", 3) + "s1,b9,robot,2026-09-04T11:00:00+08:00,A,r1\n"));
    assert!(!run_on(&place, "2026-09-04").said.contains("sender = robot"));
    let without_ids =
        rounds("2026-09-05", "s1", 3).lines().map(|line| line[..=line.rfind(',').unwrap()].to_owned() + "\n").collect::<String>();
    put_day(&place, "2026-09-05", &without_ids);
    run_on(&place, "2026-09-05").expect(0, &["message_id is empty", "on no day before"]);
}

#[test]
fn check_writes_the_line_for_words_that_it_does_not_know() {
    let rows = rounds("2026-09-01", "s1", 3).replace(",buyer,", ",顾客,");
    let place = Place::new(PIPELINE);
    put_day(&place, "2026-09-01", &rows);
    let ran = place.kefu(&["check", "p.toml", "--date", "2026-09-01"]);
    assert_eq!(ran.code, 3, "{}", ran.stdout);
    let line = ran.stdout.lines().find_map(|line| line.split_once("under [messages] write: ")).unwrap().1;
    // What is pasted works.
    place.put("p.toml", format!("{PIPELINE}{line}\n"));
    place.kefu(&["check", "p.toml", "--date", "2026-09-01"]).expect(0, &[]);
    place.run().expect(0, &[]);
    let json = place.kefu(&["check", "p.toml", "--date", "2026-09-01", "--json"]).stdout;
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["tables"][0]["rows_converted"], 6);
    assert!(report["tables"][0]["times"]["sent_at"].as_str().unwrap().contains("offset"), "{json}");
}

#[test]
fn check_shows_how_many_ids_are_found_on_the_other_side() {
    let place = Place::new(&format!("{PIPELINE}[orders]\npath = \"orders.csv\"\n"));
    put_day(&place, "2026-09-01", &rounds("2026-09-01", "s1", 3));
    let orders = "s1,o1,b1,2026-09-01T10:30:00+08:00,10.00,1\ns1,o2,x9,2026-09-01T10:30:00+08:00,10.00,1\n";
    place.put("orders.csv", format!("shop_id,order_id,buyer_id,created_at,amount,quantity\n{orders}"));
    let ran = place.kefu(&["check", "p.toml", "--date", "2026-09-01"]);
    assert!(ran.stdout.contains("orders.buyer_id → messages.buyer_id: 1 of 2 ids"), "{}", ran.stdout);
}

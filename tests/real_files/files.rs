use super::typed;
use super::{HEAD, LENIENT, assert_one_round, assert_warned, beside, chats, check, in_every_format, of_shop, set_aside, spoken};
use crate::support::day;
use crate::support::place::{CHATS, CHATS_PATH, PIPELINE, Place};

/// Partitions of 1 and 2 September: the answer to b2 and all of b3 of the first lie in the second.
fn late(settings: &str) -> Place {
    let place = Place::new(&format!("{PIPELINE}{settings}"));
    let line = |buyer: &str, sender: &str, at: &str| format!("s1,{buyer},{sender},2026-09-{at},A,\n");
    let first = line("b1", "buyer", "01 10:00:00") + &line("b1", "agent", "01 10:00:20") + &line("b2", "buyer", "01 22:50:00");
    let late = line("b2", "agent", "01 22:50:40") + &line("b3", "buyer", "01 22:51:00") + &line("b3", "agent", "01 22:51:10");
    let second = line("b4", "buyer", "02 09:00:00") + &line("b4", "agent", "02 09:00:30");
    place.put(CHATS_PATH, format!("{HEAD}{first}"));
    place.put(SECOND, format!("{HEAD}{late}{second}"));
    place
}

const SECOND: &str = "messages/date=2026-09-02/chats.csv";

/// Rounds and answers by day.
const ROUNDS: [&str; 3] = ["report_date", "rounds", "answered_rounds"];

#[test]
fn lines_that_came_late_are_read_from_the_next_partition() {
    let place = late("lateness = \"1d\"\n");
    place.kefu(&["backfill", "p.toml", "--from", "2026-09-01", "--to", "2026-09-02"]).expect(0, &[]);
    let days = [format!("{}|3|3", day("2026-09-01")), format!("{}|1|1", day("2026-09-02"))];
    assert_eq!(place.told("reports/shop_day", &ROUNDS), days);
}

/// The night after restates the day; until then nothing is missing.
#[test]
fn a_late_partition_restates_the_day_when_it_comes() {
    let place = late("lateness = \"1d\"\n");
    let second = std::fs::read(place.path(SECOND)).unwrap();
    place.remove(SECOND);
    place.run().expect(0, &[]);
    let first = day("2026-09-01");
    assert_eq!(place.told("reports/shop_day", &ROUNDS), [format!("{first}|2|1")]);
    place.put(SECOND, second);
    let plan = place.kefu(&["plan", "p.toml", "--from", "2026-09-01", "--to", "2026-09-01"]);
    assert!(plan.code == 0 && plan.stdout.contains("2026-09-01  read"), "{} {}", plan.said, plan.stdout);
    place.kefu(&["run", "p.toml", "--date", "2026-09-02"]).expect(0, &[]);
    assert_eq!(place.told("reports/shop_day", &ROUNDS), [format!("{first}|3|3"), format!("{}|1|1", first + 1)]);
}

/// By night or at once: the same reports.
#[test]
fn late_lines_give_the_same_reports_however_the_days_are_run() {
    let (at_once, by_night) = (late("lateness = \"1d\"\n"), late("lateness = \"1d\"\n"));
    at_once.kefu(&["backfill", "p.toml", "--from", "2026-09-01", "--to", "2026-09-02"]).expect(0, &[]);
    for date in ["2026-09-01", "2026-09-02"] {
        by_night.kefu(&["run", "p.toml", "--date", date]).expect(0, &[]);
    }
    let folders = &["reports", "details"];
    assert_eq!(at_once.tables().files(folders), by_night.tables().files(folders));
}

#[test]
fn without_lateness_the_next_partition_is_looked_into_and_told() {
    let place = late("");
    assert_warned(&place, &["lateness", "2026-09-02", "3"]);
    assert_eq!(place.told("reports/shop_day", &ROUNDS), [format!("{}|2|1", day("2026-09-01"))]);
}

#[test]
fn lines_of_other_days_in_a_partition_are_told_by_day() {
    let place = late("");
    let said = spoken(&place.kefu(&["run", "p.toml", "--date", "2026-09-02"]));
    assert!(said.contains("2026-09-01"), "{said}");
    let quiet = late("");
    quiet.remove(SECOND);
    let said = spoken(&quiet.run());
    assert!(!said.contains("lateness"), "{said}");
}

/// Folders as Hive, Spark and MaxCompute name them.
#[test]
fn dates_in_a_path_have_the_format_that_is_written_there() {
    let names = [
        ("ods/pt={date:%Y%m%d}/*.csv", "ods/pt=20260901/a.csv"),
        ("ods/year={date:%Y}/month={date:%m}/day={date:%d}/*.csv", "ods/year=2026/month=09/day=01/a.csv"),
        ("{date:%Y-%m}/chats_{date:%Y%m%d}.csv", "2026-09/chats_20260901.csv"),
        ("{date}/chats_{date:%d}.csv", "2026-09-01/chats_01.csv"),
    ];
    for (pattern, file) in names {
        let place = Place::new(&format!("name = \"real\"\n[messages]\npath = \"{pattern}\"\n"));
        place.put(file, CHATS);
        place.put(&file.replace("01", "02"), CHATS.replace("b1", "b2"));
        assert_one_round(&place, pattern);
        let later = place.kefu(&["run", "p.toml", "--date", "2026-09-09"]);
        later.expect(75, &["2026-09-09"]);
    }
}

#[test]
fn a_shop_in_a_path_is_the_shop_of_its_rows() {
    let settings = "name = \"real\"\n[messages]\npath = \"chats/shop_id={shop_id}/dt={date}/*\"\n";
    let csv = CHATS.replace("shop_id,", "").replace("s1,", "");
    let place = Place::new(settings);
    for (folder, lines) in [("s1", csv.clone()), ("%E4%BA%91%E6%9C%B5", csv.replace("b1", "b2")), ("a%2Fb%20c", csv.replace("b1", "b3"))] {
        place.put(&format!("chats/shop_id={folder}/dt=2026-09-01/part-0.csv"), lines);
    }
    place.run().expect(0, &[]);
    assert_eq!(place.told("details/rounds", &["shop_id", "buyer_id"]), ["a/b c|b3", "s1|b1", "云朵|b2"]);
}

#[test]
fn a_shop_in_a_path_serves_every_format_and_table() {
    let rows = [
        vec!["order_id", "buyer_id", "created_at", "paid_at", "amount", "quantity"],
        vec!["o1", "b1", "2026-09-01 10:05:00", "2026-09-01 10:06:00", "9.00", "1"],
    ];
    for (name, bytes) in in_every_format(&rows) {
        let place = Place::new(&format!("{PIPELINE}[orders]\npath = \"orders/{{shop_id}}/{name}\"\n"));
        place.put(&format!("orders/s1/{name}"), bytes);
        place.run().expect(0, &[]);
        assert_eq!(of_shop(&place, &["shop_id", "shop_amount"]), "s1|9", "{name}");
    }
}

/// The path and the row say two things: neither is believed.
#[test]
fn a_row_of_another_shop_than_its_path_is_set_aside() {
    let place = Place::new(&format!("name = \"real\"\n[messages]\npath = \"chats/{{shop_id}}/*.csv\"\n{LENIENT}"));
    place.put("chats/s1/chats.csv", format!("{CHATS}s2,b1,buyer,2026-09-01T10:00:00+08:00,A,m3\n"));
    assert_one_round(&place, "the rows of s1");
    assert_eq!(set_aside(&place, "messages"), ["3|shop_id"]);
}

/// Marks that a writer is done, checksums, and what is still being written.
#[test]
fn files_that_begin_with_a_mark_are_no_input() {
    let parquet = typed::one_round(&[]);
    for (pattern, file, bytes) in
        [("dt={date}/*", "dt=2026-09-01/000000_0", CHATS.as_bytes()), ("dt={date}/*", "dt=2026-09-01/part-0.snappy.parquet", &parquet[..])]
    {
        let format = if file.ends_with("parquet") { "parquet" } else { "csv" };
        let place = Place::new(&format!("name = \"real\"\n[messages]\npath = \"{pattern}\"\nformat = \"{format}\"\n"));
        place.put(file, bytes);
        for hidden in ["_SUCCESS", ".part-0.snappy.parquet.crc", "_committed_17", ".DS_Store", "._chats.csv"] {
            place.put(&format!("dt=2026-09-01/{hidden}"), "");
        }
        assert_one_round(&place, file);
    }
}

/// A day whose folder holds nothing else has no file.
#[test]
fn a_mark_alone_is_a_missing_file() {
    let place = Place::new("name = \"real\"\n[messages]\npath = \"dt={date}/*\"\nformat = \"csv\"\n");
    place.put("dt=2026-09-01/_SUCCESS", "");
    place.run().expect(75, &["2026-09-01"]);
}

/// Twelve questions with their answers in the same second, as a page shows them: the newest above.
fn backwards() -> Vec<Vec<String>> {
    let line = |minute: usize, sender: &str| {
        ["s1", &format!("b{minute}"), sender, &format!("2026-09-01 10:{minute}:00"), "A"].map(str::to_owned).to_vec()
    };
    let head = ["shop_id", "buyer_id", "sender", "sent_at", "agent_id"].map(str::to_owned).to_vec();
    std::iter::once(head).chain((10..22).rev().flat_map(|minute| [line(minute, "agent"), line(minute, "buyer")])).collect()
}

#[test]
fn rows_from_the_newest_to_the_oldest_are_numbered_from_the_end() {
    let rows = backwards();
    let rows = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect::<Vec<Vec<&str>>>();
    for (name, bytes) in in_every_format(&rows) {
        let place = chats(name, bytes, "order = \"newest_first\"\n");
        let ran = place.run();
        ran.expect(0, &[]);
        assert!(!ran.said.contains("newest_first"), "{name}: {}", ran.said);
        assert_eq!(of_shop(&place, &["rounds", "answered_rounds", "resp_avg_s"]), "12|12|0", "{name}");
    }
}

#[test]
fn a_file_that_runs_backwards_is_told_with_the_setting() {
    let csv = backwards().iter().map(|row| row.join(",") + "\n").collect::<String>();
    assert_warned(&chats("chats.csv", &csv, ""), &["order = \"newest_first\"", "chats.csv"]);
    let forwards = std::iter::once(csv.lines().next().unwrap()).chain(csv.lines().skip(1).collect::<Vec<_>>().into_iter().rev());
    let place = chats("chats.csv", forwards.collect::<Vec<_>>().join("\n"), "");
    for ran in [check(&place), place.run()] {
        assert!(ran.code == 0 && !spoken(&ran).contains("newest_first"), "{}", spoken(&ran));
    }
    assert_eq!(of_shop(&place, &["answered_rounds"]), "12");
}

/// Versions, ratings and refunds: the last in time is the first in the file.
#[test]
fn the_order_of_rows_decides_what_counts_in_every_table() {
    let cases = [
        (
            "orders",
            "shop_id,order_id,buyer_id,created_at,paid_at,amount,quantity\n\
             s1,o1,b1,2026-09-01 10:05:00,2026-09-01 10:06:00,7.00,1\ns1,o1,b1,2026-09-01 10:05:00,2026-09-01 10:06:00,10.00,1\n",
            "shop_amount",
            ["10", "7"],
        ),
        (
            "evaluations",
            "shop_id,buyer_id,agent_id,sent_at,rated_at,grade\n\
             s1,b1,A,2026-09-01 10:05:00,2026-09-01 10:06:00,5\ns1,b1,A,2026-09-01 10:05:00,2026-09-01 10:06:00,1\n",
            "csat_score",
            ["1", "5"],
        ),
        (
            "refunds",
            "shop_id,refund_id,order_id,applied_at,amount\ns1,r1,o1,2026-09-01 12:00:00,3.00\ns1,r1,o1,2026-09-01 12:00:00,4.00\n",
            "refund_apply_amount",
            ["4", "3"],
        ),
    ];
    for (table, csv, metric, [by_default, newest_first]) in cases {
        for (settings, expected) in [("order = \"oldest_first\"\n", by_default), ("order = \"newest_first\"\n", newest_first)] {
            let place = beside(table, "beside.csv", csv, settings);
            place.run().expect(0, &[]);
            assert_eq!(of_shop(&place, &[metric]), expected, "{table} {settings}");
        }
    }
}

/// Of a message that stands twice, the one that was first in time.
#[test]
fn of_duplicates_the_first_in_time_counts() {
    let csv =
        format!("{HEAD}s1,b1,agent,2026-09-01 10:00:50,A,m2\ns1,b1,agent,2026-09-01 10:00:20,A,m2\ns1,b1,buyer,2026-09-01 10:00:00,A,m1\n");
    for (settings, wait) in [("", "50000"), ("order = \"newest_first\"\n", "20000")] {
        let place = chats("chats.csv", &csv, settings);
        place.run().expect(0, &[]);
        assert_eq!(place.told("details/rounds", &["wait_ms"]), [wait], "{settings}");
    }
}

#[test]
fn a_partitioned_table_without_any_file_is_missed_by_check_as_by_a_run() {
    let place = Place::new(&format!("{PIPELINE}[refunds]\npath = \"refunds/{{date}}.csv\"\n"));
    for ran in [check(&place), place.run()] {
        assert_eq!(ran.code, 75, "{}", spoken(&ran));
    }
    // One of the days before is enough for both.
    place.put("refunds/2026-08-20.csv", "shop_id,refund_id,order_id,applied_at,amount\n");
    for ran in [check(&place), place.run()] {
        assert_eq!(ran.code, 0, "{}", spoken(&ran));
    }
}

//! The command line: what it says, how it ends, and where it writes.

use crate::support::company::{DEMO, kefu, repository};
use crate::support::place::{CHATS, CHATS_PATH, PIPELINE, Place};
use crate::support::tables::{number, text};
use clap::CommandFactory;
use std::path::{Path, PathBuf};

#[test]
fn every_command_has_help_with_an_example() {
    let commands = kefu::cli::Cli::command();
    let names = commands.get_subcommands().map(|command| command.get_name()).collect::<Vec<_>>();
    assert!(names.contains(&"run") && names.contains(&"backfill") && names.contains(&"check"), "{names:?}");
    for name in names {
        let ran = kefu().args([name, "--help"]).output().unwrap();
        let help = String::from_utf8(ran.stdout).unwrap();
        assert!(ran.status.success() && help.contains("Example") && help.contains(&format!("kefu {name}")), "{help}");
    }
}

/// `kefu … 2>&1 | head` ends as `kefu …` does.
#[test]
fn a_reader_that_leaves_changes_no_exit_code() {
    for (args, code) in
        [(&["run", "nowhere.toml"][..], 2), (&["run", "--no-such-option"][..], 2), (&["check", "--input", "/nowhere"][..], 75)]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = kefu().args(args).stdout(writer.try_clone().unwrap()).stderr(writer).status().unwrap();
        assert_eq!(ended.code(), Some(code), "{args:?}");
    }
}

/// Every option says what it is for.
#[test]
fn every_option_is_explained() {
    for command in kefu::cli::Cli::command().get_subcommands() {
        for option in command.get_arguments().filter(|option| option.get_long() != Some("help")) {
            let what = format!("kefu {} {}", command.get_name(), option.get_id());
            let positional = option.is_positional();
            assert!(positional || option.get_help().is_some_and(|help| !help.to_string().is_empty()), "{what} is not explained");
        }
    }
}

#[test]
fn a_command_line_that_cannot_be_is_exit_2() {
    let place = Place::new(PIPELINE);
    let cases: &[(&[&str], &[&str])] = &[
        (&["backfill", "p.toml", "--from", "2026-09-02", "--to", "2026-09-01"], &["2026-09-02", "2026-09-01", "empty"]),
        (&["run", "p.toml", "--date", "2026-13-01"], &["`2026-13-01` is not a date", "2026-11-20"]),
        (&["run", "p.toml", "--date", "2026-02-29"], &["not a date"]),
        (&["run", "p.toml", "--date", "2026-09-01", "--as-of", "soon"], &["`soon` is not a date"]),
        (&["run", "nowhere.toml"], &["nowhere.toml"]),
        (&["run", "p.toml", "--dtae", "2026-09-01"], &["--date"]),
        (&["metrics", "resp_avg"], &["no metric `resp_avg`", "did you mean `resp_avg_s`?"]),
        (&["run", "p.toml", "--date", "2026-09-01", "--output", "nope://x"], &["root"]),
        (&["frobnicate"], &["frobnicate"]),
    ];
    for (args, says) in cases {
        place.kefu(args).expect(2, says);
    }
    assert!(!place.is_published());
}

/// The file's name, the line, and what was probably meant.
#[test]
fn a_wrong_pipeline_file_is_exit_2_and_shown() {
    let cases = [
        ("nam = \"x\"\n[messages]\npath = \"x\"\n", vec!["unknown field `nam`", "did you mean `name`?", "p.toml", "[1:1]"]),
        ("name = \"x\"\n[messages]\npath = \"x\"\nencodin = \"gbk\"\n", vec!["did you mean `encoding`?", "p.toml", "[4:1]"]),
        ("name = \"x\"\n[messages]\npath = \"x\"\n[rules]\nreply_treshold = \"60s\"\n", vec!["did you mean `reply_threshold`?", "[5:1]"]),
        ("name = \"x\"\n[messages]\npath = \"x\"\n[rules]\nresponse_cap = \"ten\"\n", vec!["`ten` is not a duration", "[5:"]),
        ("name = \"x\"\n[messages]\npath = \"x\"\n[rules]\nattribution = \"first\"\n", vec!["first", "order_first", "[5:"]),
        ("name = \"x\"\n[messages]\npath = \"x\"\n[rules]\nassessed_hours = \"8\"\n", vec!["not a span of hours", "08:00-23:00"]),
        ("name = \"x\"\n[messages]\npath = \"x\"\n[rules]\nfinal_pay_days = 0\n", vec!["final_pay_days"]),
        ("name = \"x\"\ntimezone = \"Asia/Shangri-La\"\n[messages]\npath = \"x\"\n", vec!["Asia/Shangri-La", "time zone"]),
        ("name = \"x\"\nbusiness_day_starts_at = \"25:00\"\n[messages]\npath = \"x\"\n", vec!["business_day_starts_at", "04:00"]),
        ("name = \"x\"\n[messages]\npath = \"x\"\n[reports]\nperiods = []\n", vec!["selects nothing"]),
        ("name = \"x\"\n[orders]\npath = \"x\"\n", vec!["messages"]),
        (
            "name = \"x\"\n[messages]\npath = \"chats.csv\"\n[messages.columns]\nshopid = \"x\"\n",
            vec!["`shopid`", "did you mean `shop_id`?"],
        ),
    ];
    for (pipeline, says) in cases {
        let place = Place::new(pipeline);
        place.put("chats.csv", CHATS);
        place.run().expect(2, &says);
        assert!(!place.is_published(), "{pipeline}");
    }
}

#[test]
fn a_missing_day_is_exit_75_or_empty_as_the_pipeline_says() {
    let place = Place::new(PIPELINE);
    let ran = place.kefu(&["run", "p.toml", "--date", "2026-09-02"]);
    ran.expect(75, &["no messages for 2026-09-02", "messages/date=2026-09-02", "on_missing"]);
    assert!(!place.is_published());
    place.put("p.toml", format!("{PIPELINE}[quality]\non_missing = \"empty\"\n"));
    place.kefu(&["run", "p.toml", "--date", "2026-09-02"]).expect(0, &[]);
    assert_eq!(place.tables().rows("reports/shop_day").len(), 0, "a quiet day is a file without rows");
    assert!(place.path("out/reports/shop_day/dt=2026-09-02/data.parquet").exists());
}

/// A disk that is not mounted is no quiet day.
#[test]
fn a_missing_input_folder_is_exit_75_whatever_the_pipeline_says() {
    for (path, on_missing) in [("messages/date={date}/*", "error"), ("messages/date={date}/*", "empty"), ("chats.csv", "empty")] {
        let place = Place::new(&format!("name = \"x\"\n[messages]\npath = \"{path}\"\n[quality]\non_missing = \"{on_missing}\"\n"));
        let ran = place.kefu(&["run", "p.toml", "--date", "2026-09-01", "--input", "unmounted"]);
        ran.expect(75, &["the input folder is not there", "unmounted", "--input"]);
        assert!(!place.is_published(), "{path} {on_missing}");
    }
}

/// Longer than orders are looked back on, and ahead to: each stretch of days asks for its own partitions, and passes over what comes later.
#[test]
fn a_backfill_of_many_days_asks_for_the_orders_of_each() {
    let rules = "[rules]\nfinal_pay_days = 1\nretention_days = 1\n";
    let place = Place::new(&format!("{PIPELINE}[orders]\npath = \"orders/date={{date}}/*\"\n{rules}"));
    let days = (1..=34).map(|day: u8| if day <= 30 { format!("2026-06-{day:02}") } else { format!("2026-07-{:02}", day - 30) });
    let days = days.collect::<Vec<_>>();
    for day in &days {
        place.put(&format!("messages/date={day}/chats.csv"), CHATS.replace("2026-09-01", day));
        let order = format!("s1,o{day},b1,{day} 10:00:00,{day} 10:05:00,12.50,1\n");
        place.put(
            &format!("orders/date={day}/orders.csv"),
            format!("shop_id,order_id,buyer_id,created_at,paid_at,amount,quantity\n{order}"),
        );
    }
    let backfill = ["backfill", "p.toml", "--from", "2026-06-01", "--to", "2026-07-04"];
    place.remove("orders/date=2026-07-03/orders.csv");
    place.kefu(&backfill).expect(75, &["no orders for 2026-07-03"]);
    place.put("orders/date=2026-07-03/orders.csv", "shop_id,order_id,buyer_id,created_at,paid_at,amount,quantity\n");
    place.kefu(&backfill).expect(0, &[]);
    let reports = place.tables().report("shop", "day");
    let amounts = reports.values().map(|row| number(row, "shop_amount"));
    let expected = days.iter().map(|day| Some(if day == "2026-07-03" { 0.0 } else { 12.5 }));
    assert_eq!(amounts.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

/// A table, whose file does not have it, and what it has instead.
#[test]
fn a_missing_column_is_exit_3_and_named_with_its_nearest() {
    let place = Place::with_chats(CHATS.replace("sender", "sendr"));
    let says = ["messages has no column `sender`", CHATS_PATH, "table: messages", "sender = \"sendr\""];
    place.run().expect(3, &says);
    place.kefu(&["check", "p.toml", "--date", "2026-09-01"]).expect(3, &says[..2]);
    assert!(!place.is_published());
}

#[test]
fn check_says_what_a_run_would_read() {
    let place = Place::with_chats(CHATS.replace("message_id", "colour"));
    let ran = place.kefu(&["check", "p.toml", "--date", "2026-09-01"]);
    ran.expect(0, &[]);
    assert!(ran.stdout.contains("1 file(s)") && ran.stdout.contains("not used: colour") && ran.stdout.contains("ok"), "{}", ran.stdout);
    assert!(!place.path("out").exists(), "check writes nothing");
}

#[test]
fn json_is_one_object_on_stdout() {
    let place = Place::new(PIPELINE);
    let cases: &[&[&str]] = &[
        &["run", "p.toml", "--date", "2026-09-01", "--json"],
        &["--json", "backfill", "p.toml", "--from", "2026-09-01", "--to", "2026-09-01"],
        &["check", "p.toml", "--date", "20260901", "--json"],
        &["generate", "--out", "logs", "--messages-per-day", "100", "--format", "csv", "--json"],
    ];
    for args in cases {
        let ran = place.kefu(args);
        ran.expect(0, &[]);
        let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}: {}", ran.stdout));
        assert!(json.is_object(), "{json}");
    }
    let ran = place.kefu(&["metrics", "--json"]);
    let dictionary: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(dictionary.as_array().is_some_and(|metrics| metrics.len() > 150), "every column of the reports");
}

#[test]
fn nothing_but_data_goes_to_stdout() {
    let place = Place::new(PIPELINE);
    let ran = place.kefu(&["run", "p.toml", "--date", "2026-09-02", "--json"]);
    ran.expect(75, &[]);
    assert_eq!(ran.stdout, "");
}

/// Flags go before the environment, that before the file, that before the default.
#[test]
fn the_output_is_where_the_nearest_setting_says() {
    let run = ["run", "p.toml", "--date", "2026-09-01"];
    let flag = [&run[..], &["--output", "by-flag"]].concat();
    let written = format!("output = \"by-file\"\n{PIPELINE}");
    let set = [("KEFU_OUTPUT", "by-environment")];
    let cases = [
        (PIPELINE, &run[..], &[][..], "out"),
        (&written, &run, &[], "by-file"),
        (&written, &run, &set, "by-environment"),
        (&written, &flag, &set, "by-flag"),
    ];
    for (pipeline, args, settings, expected) in cases {
        let place = Place::new(pipeline);
        place.kefu_with(args, settings).expect(0, &[]);
        for folder in ["out", "by-file", "by-environment", "by-flag"] {
            assert_eq!(place.path(folder).exists(), folder == expected, "{folder} under {settings:?}");
        }
    }
}

#[test]
fn the_input_and_the_date_come_from_flags_or_the_environment_too() {
    let place = Place::new(PIPELINE);
    std::fs::rename(place.path("messages"), place.path("moved")).unwrap();
    std::fs::create_dir(place.path("elsewhere")).unwrap();
    std::fs::rename(place.path("moved"), place.path("elsewhere/messages")).unwrap();
    place.run().expect(75, &[]);
    place.kefu(&["run", "p.toml", "--date", "2026-09-01", "--input", "elsewhere"]).expect(0, &[]);
    place.kefu_with(&["run", "p.toml"], &[("KEFU_INPUT", "elsewhere"), ("KEFU_DATE", "2026-09-01")]).expect(0, &[]);
}

/// A pipeline file's paths are seen from the file, a flag's from where the user stands.
#[test]
fn a_pipelines_paths_are_relative_to_the_file() {
    let place = Place::new(PIPELINE);
    place.put("pipelines/p.toml", format!("input = \"..\"\noutput = \"../beside\"\n{PIPELINE}"));
    place.kefu(&["run", "pipelines/p.toml", "--date", "2026-09-01"]).expect(0, &[]);
    assert!(place.path("beside/reports").exists());
}

#[test]
fn completions_and_man_pages_are_written() {
    let place = Place::new(PIPELINE);
    assert!(place.kefu(&["completions", "bash"]).expect(0, &[]).stdout.contains("backfill"));
    place.kefu(&["man", "--out", "man"]).expect(0, &[]);
    assert!(place.path("man/kefu-backfill.1").exists());
}

/// A period's days are of one rule set: the others have to be made again, and the error says how.
#[test]
fn days_of_other_rules_are_not_mixed_in() {
    let place = Place::new(PIPELINE);
    place.put("messages/date=2026-09-02/chats.csv", CHATS.replace("2026-09-01", "2026-09-02"));
    place.run().expect(0, &[]);
    place.put("p.toml", format!("{PIPELINE}[rules]\nquick_threshold = \"10s\"\n"));
    place.kefu(&["run", "p.toml", "--date", "2026-09-02"]).expect(2, &["other rules", "--from 2026-09-01"]);
    place.kefu(&["backfill", "p.toml", "--from", "2026-09-01", "--to", "2026-09-02"]).expect(0, &[]);
    let weeks = place.tables().rows("reports/shop_week");
    let rates = weeks.iter().map(|row| (number(row, "reply_30s_round_rate"), text(row, "rule_set"))).collect::<Vec<_>>();
    assert_eq!(rates, [(Some(0.0), Some("default+custom".to_owned()))]);
}

fn pipelines(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { pipelines(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect()
}

#[test]
fn every_committed_pipeline_file_is_sound() {
    let files = pipelines(&repository().join("pipelines"));
    assert!(files.iter().any(|file| file.ends_with("demo.toml")));
    for file in files {
        let plan = kefu::config::Plan::load(Some(&file), &kefu::config::Overrides::default());
        assert!(plan.is_ok(), "{}: {}", file.display(), plan.err().unwrap());
    }
}

#[test]
fn the_demo_runs_without_a_pipeline_file_and_checks_out() {
    let ran = kefu().args(["check", "--date", "2026-10-04"]).output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success() && said.contains("demo") && said.contains("ok"), "{said}");
    assert_eq!((&DEMO.record["pipeline"], &DEMO.record["days_read"]), (&"demo".into(), &35.into()));
}

// ---- what a run leaves behind -----------------------------------------------------------------

const COUNTS: [&str; 6] = ["read", "used", "quarantined", "duplicates", "outside", "ignored"];

/// Nothing is dropped silently, file by file and in the sum.
#[test]
fn every_row_read_is_accounted_for() {
    let rows = DEMO.tables.rows("_meta/audit");
    for row in &rows {
        let [read, parts @ ..] = COUNTS.map(|count| number(row, count).unwrap());
        assert_eq!(read, parts.iter().sum::<f64>(), "{row:?}");
    }
    let of = |table: &str, count: &str| -> f64 {
        rows.iter().filter(|row| text(row, "table").as_deref() == Some(table)).map(|row| number(row, count).unwrap()).sum()
    };
    // 2 duplicates and 3 bad rows among the messages: sample_data/README.md names them.
    assert_eq!((of("messages", "duplicates"), of("messages", "quarantined")), (2.0, 3.0));
    let record = &DEMO.record["audit"]["messages"];
    for (place, count) in COUNTS.iter().enumerate() {
        assert_eq!(record[place].as_f64(), Some(of("messages", count)), "{count}");
    }
}

/// The bad rows of the sample, with the row of the file where each stands.
#[test]
fn a_row_set_aside_is_found_again_by_file_and_row() {
    let expected = [
        ("2026-09-09", "buyer_id", "edge-bad-buyer-1"),
        ("2026-09-16", "sent_at", "edge-bad-time-1"),
        ("2026-09-23", "sender", "edge-bad-sender-1"),
    ];
    let rows = DEMO.tables.rows("quarantine/messages");
    let found = rows.iter().map(|row| {
        let file = text(row, "file").unwrap();
        let mut reader = csv::Reader::from_path(repository().join("sample_data").join(&file)).unwrap();
        // Rows count from 1, without the header.
        let record = reader.records().nth(number(row, "row").unwrap() as usize - 1).unwrap().unwrap();
        assert!(text(row, "reason").is_some_and(|reason| !reason.is_empty()), "{row:?}");
        (file[14..24].to_owned(), text(row, "column").unwrap(), record[0].to_owned())
    });
    let expected = expected.map(|(date, column, id)| (date.to_owned(), column.to_owned(), id.to_owned()));
    assert_eq!(found.collect::<Vec<_>>(), expected);
    let orders = DEMO.tables.rows("quarantine/orders");
    let columns = orders.iter().map(|row| text(row, "column").unwrap()).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(columns, ["amount".to_owned(), "paid_at".to_owned()].into());
}

/// Readers glob `reports/*/dt=*/data.parquet`: nothing else lies below a table, and no bookkeeping inside.
#[test]
fn below_a_table_lie_its_partitions_alone() {
    for key in DEMO.tables.files(&["reports", "details", "quarantine"]).keys() {
        let parts = key.split('/').collect::<Vec<_>>();
        let partition = parts[2].strip_prefix("dt=").is_some_and(|date| date.parse::<jiff::civil::Date>().is_ok());
        assert!(parts.len() == 4 && partition && parts[3] == "data.parquet", "{key}");
    }
    assert!(DEMO.tables.files(&["_staging"]).is_empty());
}

/// Nothing is done by those that only look; `verify` ends with 1 where a byte is another.
#[test]
fn plan_status_and_verify_say_what_is_there() {
    let place = Place::new(PIPELINE);
    let says = |code: i32, args: &[&str]| {
        let ran = place.kefu(&[&args[..1], &["p.toml"], &args[1..]].concat());
        ran.expect(code, &[]);
        ran.stdout
    };
    let days = ["--from", "2026-09-01", "--to", "2026-09-02"];
    let told = says(0, &[&["plan"][..], &days[..]].concat());
    assert!(told.contains("2026-09-01  read and restate  missing"), "{told}");
    says(0, &["run", "--date", "2026-09-01", "--dry-run"]);
    assert!(!place.path("out").exists());
    says(0, &["run", "--date", "2026-09-01"]);
    let told = says(0, &[&["status"][..], &days[..]].concat());
    assert!(told.contains("2026-09  #. ") && told.contains("# fresh 1"), "{told}");
    assert!(says(0, &["verify"]).contains("all as published"));
    let report = place.path("out/reports/shop_day/dt=2026-09-01/data.parquet");
    let mut bytes = std::fs::read(&report).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&report, bytes).unwrap();
    let told = says(1, &["verify"]);
    assert!(told.contains("reports/shop_day/dt=2026-09-01/data.parquet: other bytes"), "{told}");
    says(0, &["run", "--date", "2026-09-01", "--only", "all"]);
    says(0, &["verify"]);
}

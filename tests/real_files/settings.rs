use super::typed::{Cells, file_with};
use super::{HEAD, chats, check};
use crate::support::company::repository;
use crate::support::place::{CHATS, Place};
use parquet::file::properties::WriterProperties;

/// Settings of a table that no file can have.
const NONSENSE: &[&str] = &[
    "format = \"docx\"",
    "sheet = 2",
    "sheet = \"\"",
    "skip_rows = -1",
    "skip_rows = \"two\"",
    "skip_end = -1",
    "skip_end = 1.5",
    "header = \"no\"",
    "delimiter = \"\"",
    "delimiter = \";;\"",
    "delimiter = \"；\"",
    "quote = \"''\"",
    "quote = \"“\"",
    "escape = \"\"",
    "escape = \"\\\\\\\\\"",
    "comment = \"//\"",
    "comment = \"＃\"",
    "money = \"dollar\"",
    "money = 100",
    "nulls = \"NULL\"",
    "nulls = [1]",
    "nulls = { colour = [\"-\"] }",
    "nulls = { seq = \"-\" }",
    "exact_ids = \"yes\"",
    "order = \"random\"",
    "lateness = \"0d\"",
    "lateness = \"32d\"",
    "lateness = \"1h\"",
    "lateness = 1",
    "rows = \"line\"",
    "whole = \"postage\"",
    "datetime_format = 7",
    "datetime_format = [\"%Y\", 7]",
    "datetime_format = \"%K\"",
];

#[test]
fn a_setting_that_makes_no_sense_is_exit_2_with_its_line() {
    for setting in NONSENSE {
        let place = Place::new(&format!("name = \"real\"\n[messages]\npath = \"messages/date={{date}}/*\"\n{setting}\n"));
        let key = setting.split(' ').next().unwrap();
        let ran = place.run();
        assert_eq!(ran.code, 2, "{setting}: {}", ran.said);
        assert!(ran.said.contains(key) && ran.said.contains("p.toml") && ran.said.contains("[4:"), "{setting}: {}", ran.said);
        assert!(!place.is_published(), "{setting}");
    }
}

/// Of orders, and of those alone.
#[test]
fn settings_of_item_rows_belong_to_orders() {
    for setting in ["rows = \"item\"", "whole = [\"postage\"]"] {
        let place = Place::new(&format!("name = \"real\"\n[messages]\npath = \"messages/date={{date}}/*\"\n{setting}\n"));
        let key = setting.split(' ').next().unwrap();
        place.run().expect(2, &[key, "p.toml"]);
    }
    for setting in ["whole = [\"colour\"]\nrows = \"item\"", "rows = \"lines\""] {
        let orders = format!("[orders]\npath = \"orders.csv\"\n{setting}\n");
        let place = Place::new(&format!("name = \"real\"\n[messages]\npath = \"messages/date={{date}}/*\"\n{orders}"));
        let key = setting.split(' ').next().unwrap();
        place.run().expect(2, &[key, "p.toml", "[6:"]);
    }
}

#[test]
fn a_path_with_a_placeholder_that_is_none_is_exit_2() {
    let paths = ["{date:}/*.csv", "{date:%K}/*.csv", "{colour}/{date}/*.csv", "{sent_at}/{date}/*.csv"];
    for path in paths {
        let place = Place::new(&format!("name = \"real\"\n[messages]\npath = \"{path}\"\n"));
        place.run().expect(2, &["path", "p.toml"]);
    }
}

#[test]
fn nonsense_of_the_quality_settings_is_exit_2_with_its_line() {
    for setting in ["warnings = \"loud\"", "warnings = true", "caps.page_mb = 0", "caps.page_mb = -1", "caps.page_mb = \"512\""] {
        let place = Place::new(&format!("name = \"real\"\n[messages]\npath = \"messages/date={{date}}/*\"\n[quality]\n{setting}\n"));
        let key = setting.split([' ', '.']).find(|part| *part != "caps").unwrap();
        let ran = place.run();
        assert_eq!(ran.code, 2, "{setting}: {}", ran.said);
        assert!(ran.said.contains(key) && ran.said.contains("[5:"), "{setting}: {}", ran.said);
    }
}

/// What each says by itself is what is done without it.
#[test]
fn every_setting_stands_in_nightly_with_its_default() {
    let nightly = std::fs::read_to_string(repository().join("pipelines/nightly.toml")).unwrap();
    let defaults = [
        "skip_rows = ",
        "skip_end = ",
        "header = ",
        "delimiter = ",
        "quote = ",
        "escape = ",
        "comment = ",
        "sheet = ",
        "money = ",
        "nulls = ",
        "exact_ids = ",
        "order = ",
        "lateness = ",
        "rows = ",
        "whole = ",
        "warnings = \"warn\"",
        "page_mb = 512",
    ];
    let missing = defaults.iter().filter(|line| !nightly.contains(**line)).collect::<Vec<_>>();
    assert!(missing.is_empty(), "{missing:?}");
    let settings = "skip_rows = 0\nskip_end = 0\nheader = true\ndelimiter = \",\"\nquote = \"\\\"\"\nmoney = \"yuan\"\nnulls = []\nexact_ids = false\n\
                    order = \"oldest_first\"\n[quality]\nwarnings = \"warn\"\ncaps.page_mb = 512\n";
    let (bare, written) = (chats("chats.csv", CHATS, ""), chats("chats.csv", CHATS, settings));
    bare.run().expect(0, &[]);
    written.run().expect(0, &[]);
    let folders = &["reports", "details"];
    assert_eq!(bare.tables().files(folders), written.tables().files(folders));
    // Nor is the day made anew.
    bare.put("p.toml", std::fs::read(written.path("p.toml")).unwrap());
    let plan = bare.kefu(&["plan", "p.toml", "--from", "2026-09-01", "--to", "2026-09-01"]);
    assert!(plan.code == 0 && !plan.stdout.contains("2026-09-01  read"), "{}", plan.stdout);
}

/// A warning that protects a number holds the day back where the pipeline says so.
#[test]
fn warnings_are_refusals_where_the_pipeline_says_so() {
    let twice = "s1,b1,buyer,2026-09-01 10:00:00,A,m1\ns1,b1,agent,2026-09-01 10:00:20,A,m2\n".repeat(2);
    for (setting, code) in [("", 0), ("[quality]\nwarnings = \"warn\"\n", 0), ("[quality]\nwarnings = \"error\"\n", 3)] {
        let place = chats("chats.csv", format!("{HEAD}{twice}"), setting);
        place.run().expect(code, &["duplicate"]);
        assert_eq!(place.is_published(), code == 0, "{setting}");
    }
}

/// Two days of which one is warned of.
#[test]
fn a_day_that_is_held_for_a_warning_holds_no_other() {
    let place = Place::new("name = \"real\"\n[messages]\npath = \"{date}.csv\"\n[quality]\nwarnings = \"error\"\n");
    let lines = |date: &str| format!("s1,b1,buyer,{date} 10:00:00,A,m1\ns1,b1,agent,{date} 10:00:20,A,m2\n");
    place.put("2026-09-01.csv", format!("{HEAD}{}", lines("2026-09-01").repeat(2)));
    place.put("2026-09-02.csv", format!("{HEAD}{}", lines("2026-09-02")));
    let ran = place.kefu(&["backfill", "p.toml", "--from", "2026-09-01", "--to", "2026-09-02"]);
    assert!(ran.code != 0, "{}", ran.said);
    let reports = ["2026-09-01", "2026-09-02"].map(|date| place.path(&format!("out/reports/shop_day/dt={date}/data.parquet")).exists());
    assert_eq!(reports, [false, true], "{}", ran.said);
}

/// A page of three megabytes, as writers make them that put a column of a row group into one.
fn long_page() -> Vec<u8> {
    let texts = (0..3_000).map(|n| format!("{n}{}", "长文".repeat(170))).collect::<Vec<_>>();
    let texts = texts.iter().map(String::as_str).collect::<Vec<_>>();
    let (shops, buyers, sent) = (vec!["s1"; 3_000], vec!["b1"; 3_000], vec![1_788_228_000_000; 3_000]);
    let senders = vec!["buyer"; 3_000];
    let properties = WriterProperties::builder().set_dictionary_enabled(false).set_data_page_size_limit(16 << 20);
    file_with(
        &[
            ("BYTE_ARRAY shop_id (STRING)", Cells::Text(&shops)),
            ("BYTE_ARRAY buyer_id (STRING)", Cells::Text(&buyers)),
            ("BYTE_ARRAY sender (STRING)", Cells::Text(&senders)),
            ("INT64 sent_at (TIMESTAMP (MILLIS,true))", Cells::Long(&sent)),
            ("BYTE_ARRAY text (STRING)", Cells::Text(&texts)),
        ],
        properties.build(),
    )
}

#[test]
fn a_page_may_be_as_large_as_the_cap_says() {
    let bytes = long_page();
    chats("chats.parquet", &bytes, "").run().expect(0, &[]);
    chats("chats.parquet", &bytes, "[quality.caps]\npage_mb = 4\n").run().expect(0, &[]);
    let place = chats("chats.parquet", &bytes, "[quality.caps]\npage_mb = 2\n");
    place.run().expect(3, &["page_mb", "chats.parquet"]);
    assert_eq!(check(&place).code, 3);
    assert!(!place.is_published());
}

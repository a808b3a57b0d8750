//! What the generator promises: same seed same bytes, same rows in every format, time order, small samples.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use jiff::civil::date;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::{FileFormat, LoadSpec, TextCompression, TextEncoding, write_company, write_load};

const SEED: u64 = 7;
/// The tables that `write_load` writes by day.
const DAILY: [&str; 6] = ["messages", "orders", "evaluations", "tickets", "refunds", "agent_status"];

fn spec(out: PathBuf, format: FileFormat) -> LoadSpec {
    LoadSpec {
        out,
        from: date(2026, 9, 30),
        days: 2,
        shops: 3,
        giant_percent: None,
        messages_per_day: 3_000,
        seed: SEED,
        format,
        compression: TextCompression::None,
        encoding: TextEncoding::Utf8,
    }
}

/// Every file below a folder, by its path in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), bytes);
            }
        }
    }
    found
}

fn csv_rows(bytes: &[u8]) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_reader(bytes).deserialize().map(|row| row.unwrap()).collect()
}

fn day(table: &str, date: &str, extension: &str) -> PathBuf {
    PathBuf::from(format!("{table}/date={date}/part-0.{extension}"))
}

#[test]
fn a_seed_gives_the_same_bytes_and_another_seed_others() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, seed: u64| {
        let out = folder.path().join(name);
        write_company(&out.join("company"), seed).unwrap();
        write_load(&LoadSpec { seed, ..spec(out.join("load"), FileFormat::Parquet) }).unwrap();
        files(&out)
    };
    let (once, again, other) = (write("once", SEED), write("again", SEED), write("other", SEED + 1));
    assert!(once == again);
    assert!(once.keys().eq(other.keys()));
    assert!(once != other);
}

#[test]
fn every_format_holds_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, format: FileFormat| {
        let out = folder.path().join(name);
        write_load(&spec(out.clone(), format)).unwrap();
        files(&out)
    };
    let (csv, ndjson, parquet) =
        (write("csv", FileFormat::Csv), write("ndjson", FileFormat::Ndjson), write("parquet", FileFormat::Parquet));
    for table in DAILY {
        for date in ["2026-09-30", "2026-10-01"] {
            let rows = csv_rows(&csv[&day(table, date, "csv")]);
            let objects: Vec<serde_json::Value> = String::from_utf8_lossy(&ndjson[&day(table, date, "ndjson")])
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            assert_eq!(rows.len(), objects.len());
            for (row, object) in rows.iter().zip(&objects) {
                assert!(row.iter().all(|(column, text)| same(text, &object[column])), "{row:?} {object}");
            }
            let path = folder.path().join("parquet").join(day(table, date, "parquet"));
            let file = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
            assert_eq!(file.metadata().file_metadata().num_rows(), rows.len() as i64);
        }
    }
    assert_eq!(parquet.len(), csv.len());
}

fn same(text: &str, value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Null => text.is_empty(),
        serde_json::Value::String(string) => string == text,
        serde_json::Value::Number(number) => number.as_f64() == text.parse().ok(),
        serde_json::Value::Bool(flag) => text == if *flag { "true" } else { "false" },
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => false,
    }
}

#[test]
fn parquet_times_are_utc_milliseconds_and_money_is_decimal() {
    let folder = tempfile::tempdir().unwrap();
    write_load(&spec(folder.path().to_owned(), FileFormat::Parquet)).unwrap();
    let open = |table: &str| {
        let path = folder.path().join(day(table, "2026-09-30", "parquet"));
        ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap()
    };
    let kind = |table: &str, column: &str| open(table).schema().field_with_name(column).unwrap().data_type().to_string();
    assert_eq!(kind("messages", "sent_at"), "Timestamp(ms, \"UTC\")");
    assert_eq!(kind("orders", "amount"), "Decimal128(18, 2)");
    assert_eq!(kind("refunds", "amount"), "Decimal128(18, 2)");
    assert_eq!(kind("tickets", "complaint"), "Boolean");
    let messages = open("messages").build().unwrap().map(|batch| batch.unwrap().num_rows()).sum::<usize>();
    assert!((2_000..4_000).contains(&messages));
}

#[test]
fn compressed_and_gbk_files_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, compression, encoding| {
        let out = folder.path().join(name);
        write_load(&LoadSpec { compression, encoding, ..spec(out.clone(), FileFormat::Csv) }).unwrap();
        files(&out)
    };
    let plain = write("plain", TextCompression::None, TextEncoding::Utf8);
    let gzip = write("gzip", TextCompression::Gzip, TextEncoding::Gbk);
    let zstd = write("zstd", TextCompression::Zstd, TextEncoding::Gbk);
    let expected = String::from_utf8_lossy(&plain[&day("messages", "2026-09-30", "csv")]).into_owned();
    let mut unzipped = Vec::new();
    let zipped = &gzip[&day("messages", "2026-09-30", "csv.gz")];
    flate2::read::GzDecoder::new(zipped.as_slice()).read_to_end(&mut unzipped).unwrap();
    let unpacked = zstd::decode_all(zstd[&day("messages", "2026-09-30", "csv.zst")].as_slice()).unwrap();
    for bytes in [unzipped, unpacked] {
        assert_eq!(encoding_rs::GBK.decode_without_bom_handling(&bytes).0, expected);
    }
}

#[test]
fn lines_come_in_time_order_with_ids_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let summary = write_load(&spec(folder.path().to_owned(), FileFormat::Csv)).unwrap();
    let mut ids = BTreeSet::new();
    for (date, next) in [("2026-09-29T16:00", "2026-09-30T16:00"), ("2026-09-30T16:00", "2026-10-01T16:00")] {
        let local = if date < "2026-09-30" { "2026-09-30" } else { "2026-10-01" };
        let rows = csv_rows(&files(folder.path())[&day("messages", local, "csv")]);
        assert!(rows.is_sorted_by_key(|row| &row["sent_at"]));
        assert!(rows.iter().all(|row| (date..next).contains(&row["sent_at"].as_str())));
        ids.extend(rows.into_iter().map(|row| row["message_id"].clone()));
        let orders = csv_rows(&files(folder.path())[&day("orders", local, "csv")]);
        assert!(orders.is_sorted_by_key(|row| &row["updated_at"]));
    }
    assert_eq!(ids.len() as u64, summary.messages);
}

#[test]
fn what_surrounds_the_chats_comes_in_time_order_on_its_day() {
    let folder = tempfile::tempdir().unwrap();
    // The fifth shop is the first with videos.
    write_load(&LoadSpec { shops: 5, messages_per_day: 20_000, ..spec(folder.path().to_owned(), FileFormat::Csv) }).unwrap();
    let files = files(folder.path());
    let mut ids = BTreeSet::new();
    for (date, from, to) in [("2026-09-30", "2026-09-29T16:00", "2026-09-30T16:00"), ("2026-10-01", "2026-09-30T16:00", "2026-10-01T16:00")]
    {
        for (table, time) in [("evaluations", "sent_at"), ("tickets", "opened_at"), ("refunds", "applied_at"), ("agent_status", "at")] {
            let rows = csv_rows(&files[&day(table, date, "csv")]);
            assert!(rows.is_sorted_by_key(|row| &row[time]), "{table} {date}");
            assert!(rows.iter().all(|row| (from..to).contains(&row[time].as_str())), "{table} {date}");
            assert!(table == "refunds" || !rows.is_empty(), "{table} {date}");
            let new = rows.iter().filter_map(|row| row.get("ticket_id").or(row.get("refund_id")));
            assert!(new.cloned().all(|id| ids.insert(id)), "{table} {date}");
        }
    }
    for table in ["shops", "staff", "visits", "videos", "standards", "targets", "trainings"] {
        assert!(!csv_rows(&files[Path::new(&format!("{table}.csv"))]).is_empty(), "{table}");
    }
}

#[test]
fn a_folder_that_holds_logs_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(folder.path().to_owned(), FileFormat::Csv);
    write_load(&spec).unwrap();
    assert!(write_load(&spec).is_err());
}

#[test]
fn the_company_is_small_and_one_bad_row_is_under_half_a_percent_of_its_day() {
    let folder = tempfile::tempdir().unwrap();
    let summary = write_company(folder.path(), SEED).unwrap();
    assert!(summary.bytes < 1_600_000, "{summary:?}");
    let files = files(folder.path());
    for date in ["2026-09-09", "2026-09-16", "2026-09-23"] {
        let rows = csv_rows(&files[&PathBuf::from(format!("messages/date={date}/chats.csv"))]).len();
        assert!(rows > 200, "{rows} rows on {date}");
    }
    let orders = csv_rows(&files[Path::new("orders.csv")]);
    for date in ["2026-09-09", "2026-09-26"] {
        assert!(orders.iter().filter(|order| order["created_at"].starts_with(date)).count() > 200);
    }
}

#[test]
fn edge_messages_have_an_id_each_but_for_the_duplicates() {
    let folder = tempfile::tempdir().unwrap();
    write_company(folder.path(), SEED).unwrap();
    let mut seen = BTreeSet::new();
    let mut twice = Vec::new();
    for (path, bytes) in files(folder.path()) {
        if path.starts_with("messages") {
            let ids = csv_rows(&bytes).into_iter().map(|row| row["message_id"].clone());
            twice.extend(ids.filter(|id| !seen.insert(id.clone())));
        }
    }
    assert_eq!(twice, ["edge-duplicate-1", "edge-duplicate-recalled-1"]);
}

/// The files of the company.
struct Company(BTreeMap<PathBuf, Vec<u8>>);

impl Company {
    fn new() -> Company {
        let folder = tempfile::tempdir().unwrap();
        write_company(folder.path(), SEED).unwrap();
        Company(files(folder.path()))
    }

    fn rows(&self, table: &str) -> Vec<BTreeMap<String, String>> {
        csv_rows(&self.0[Path::new(&format!("{table}.csv"))])
    }

    fn values(&self, table: &str, column: &str) -> BTreeSet<String> {
        self.rows(table).into_iter().map(|row| row[column].clone()).collect()
    }
}

#[test]
fn the_companys_tables_refer_to_one_another() {
    let company = Company::new();
    let shops = company.values("shops", "shop_id");
    for table in ["staff", "orders", "evaluations", "refunds", "tickets", "agent_status", "videos", "targets"] {
        assert!(company.values(table, "shop_id").is_subset(&shops), "{table}");
    }
    let agents = company.values("staff", "agent_id");
    for table in ["evaluations", "agent_status", "targets", "trainings"] {
        assert!(company.values(table, "agent_id").is_subset(&agents), "{table}");
    }
    assert_eq!(company.values("standards", "category"), company.values("shops", "category"));
    assert!(company.values("holidays", "shop_id").iter().all(|shop| shop.is_empty() || shops.contains(shop)));
    let mut foreign = company.values("shops", "currency");
    foreign.extend(company.values("orders", "currency"));
    foreign.retain(|currency| !["", "CNY"].contains(&currency.as_str()));
    assert_eq!(foreign, company.values("exchange_rates", "currency"));
    let (refunded, orders) = (company.values("refunds", "order_id"), company.values("orders", "order_id"));
    assert_eq!(refunded.difference(&orders).collect::<Vec<_>>(), ["edge-july-o1"]);
}

#[test]
fn the_companys_page_names_every_refund_and_ticket_of_a_case() {
    let company = Company::new();
    let page = String::from_utf8_lossy(&company.0[Path::new("README.md")]).into_owned();
    for (table, column, cases) in [("refunds", "refund_id", 12), ("tickets", "ticket_id", 17)] {
        let ids = company.values(table, column);
        assert_eq!(ids.len(), company.rows(table).len(), "{table}");
        let of_cases = ids.iter().filter(|id| id.starts_with("edge-")).collect::<Vec<_>>();
        assert_eq!(of_cases.len(), cases, "{table}");
        assert!(of_cases.iter().all(|id| page.contains(&format!("`{id}`"))), "{table}");
    }
}

/// The sums that the page tells of the shops without chats.
#[test]
fn the_companys_page_counts_right() {
    let company = Company::new();
    let tickets = company.rows("tickets").into_iter().filter(|row| row["shop_id"] == "jd-yunduo").collect::<Vec<_>>();
    let kept = |instant: &str, due: &str| tickets.iter().filter(|row| !row[instant].is_empty() && row[instant] <= row[due]).count();
    assert_eq!((tickets.len(), tickets.iter().filter(|row| row["resolved"] == "true").count()), (17, 15));
    assert_eq!((kept("first_response_at", "sla_response_due_at"), kept("resolved_at", "sla_resolve_due_at")), (13, 13));
    let cards = company.rows("evaluations").into_iter().filter(|row| row["shop_id"] == "ks-xiaomai").collect::<Vec<_>>();
    let invited = cards.iter().map(|row| (&row["buyer_id"], &row["agent_id"], &row["sent_at"][..10])).collect::<BTreeSet<_>>();
    assert_eq!(invited.len(), 26);
    assert_eq!(company.values("evaluations", "target").into_iter().collect::<Vec<_>>(), ["human", "robot"]);
}

#[test]
fn nobody_of_the_company_writes_while_offline() {
    let company = Company::new();
    let mut turns = BTreeMap::<String, Vec<(String, String)>>::new();
    for row in company.rows("agent_status") {
        turns.entry(row["agent_id"].clone()).or_default().push((row["at"].clone(), row["status"].clone()));
    }
    for (_, bytes) in company.0.iter().filter(|(path, _)| path.starts_with("messages")) {
        for row in csv_rows(bytes).into_iter().filter(|row| row["sender"] == "agent" && !row["agent_id"].is_empty()) {
            let turns = &turns[&row["agent_id"]];
            let before = turns.partition_point(|(at, _)| *at <= row["sent_at"]);
            assert!(before > 0 && turns[before - 1].1 != "offline", "{row:?}");
        }
    }
}

//! The shape of what is published: outputs.md, on the sample company's five weeks.

use crate::oracle;
use crate::support::company::DEMO;
use crate::support::compare::PERIODS;
use crate::support::place::{PIPELINE, Place};
use crate::support::tables::truth;
use crate::support::tables::{Row, Value, number, text};
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use kefu::metrics;
use kefu::metrics::declaration;
use kefu::model::Level;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;

/// The schema of every file, by path.
fn schemas(folders: &[&str]) -> BTreeMap<String, SchemaRef> {
    let files = DEMO.tables.files(folders).into_iter();
    files.map(|(key, bytes)| (key.to_owned(), ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).unwrap().schema().clone())).collect()
}

/// What every reader of Parquet understands, and nothing else.
#[test]
fn columns_have_plain_types_and_a_comment() {
    for (key, schema) in schemas(&["reports", "details", "dims"]) {
        for field in schema.fields() {
            let plain = match field.data_type() {
                DataType::Boolean
                | DataType::Int64
                | DataType::Float64
                | DataType::Date32
                | DataType::Decimal128(18, 2 | 3)
                | DataType::Utf8 => true,
                DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) => key.starts_with("details") && zone.as_ref() == "UTC",
                _ => false,
            };
            assert!(plain, "{key}: {} is {}", field.name(), field.data_type());
            let told = field.metadata().get("comment").is_some_and(|comment| comment.contains(" · "));
            assert!(told || !key.starts_with("reports"), "{key}: {} has no comment", field.name());
        }
    }
}

#[test]
fn all_partitions_of_a_table_have_one_schema() {
    let mut tables: BTreeMap<String, SchemaRef> = BTreeMap::new();
    for (key, schema) in schemas(&["reports", "details", "quarantine"]) {
        let table = key.split("/dt=").next().unwrap().to_owned();
        assert_eq!(tables.entry(table).or_insert(schema.clone()), &schema, "{key}");
    }
    assert!(tables.len() >= 25, "{} tables", tables.len());
}

/// What facts are reckoned with inside stays inside: a column more would be a promise to whoever reads the details.
#[test]
fn details_have_the_columns_they_always_had() {
    let rounds = "business_day shop_id agent_id buyer_id filtered session_id session_no outcome asked_at replied_at wait_ms agent_wait_ms \
        queued queue_ms asks asks_in_time agent_asks_in_time assessed first first_assessed agent_first agent_first_assessed opening \
        agent_opening asked_message_id replied_message_id";
    let talks = "business_day shop_id agent_id buyer_id filtered session_id session_no started_at first_at last_at first_buyer_at \
        last_buyer_at buyer_msgs agent_msgs auto_msgs agent_words buyer_initiated talk_ms lead served answered unanswered \
        longest_wait_ms assessed assessed_answered assessed_wait_ms manned assessed_start transferred_in transferred_out";
    let peer_days = "business_day shop_id agent_id buyer_id filtered buyer_msgs agent_msgs first_buyer_at last_buyer_at transferred_in \
        transferred_out consult receive replied direct transfer_in transfer_out";
    let credits = "business_day shop_id order_id buyer_id rule role agent_id at line_at message_id amount quantity postage";
    let tables = [("rounds", rounds), ("sessions", talks), ("receptions", talks), ("peer_days", peer_days), ("credits", credits)];
    for (table, expected) in tables {
        let files = schemas(&[&format!("details/{table}")]);
        assert!(!files.is_empty());
        for (key, schema) in files {
            let columns = schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>();
            assert_eq!(columns, expected.split_whitespace().collect::<Vec<_>>(), "{key}");
        }
    }
}

/// The key is in the path only; the same date is in the file under another name.
#[test]
fn a_partitions_date_is_in_the_file_as_report_date() {
    for (period, name) in PERIODS {
        for row in DEMO.tables.rows(&format!("reports/shop_{name}")) {
            let dt = number(&row, "dt").unwrap() as i64;
            assert_eq!((number(&row, "report_date"), oracle::period_start(dt, period)), (Some(dt as f64), dt));
            assert_eq!(number(&row, "period_end"), Some(oracle::period_last_day(dt, period) as f64));
        }
    }
    assert!(schemas(&["reports"]).values().all(|schema| schema.field_with_name("dt").is_err()));
}

#[test]
fn columns_stand_in_the_documented_order() {
    for (level, table) in [(Level::Shop, "shop_week"), (Level::Agent, "agent_week"), (Level::Team, "team_week")] {
        let schema = schemas(&[&format!("reports/{table}")]).into_values().next().unwrap();
        let names = schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>();
        let agent: &[&str] = match level {
            Level::Shop => &[],
            Level::Agent => &["agent_id", "agent_name"],
            Level::Team => &["team"],
        };
        let leading = [&["report_date", "period_end", "platform", "shop_id", "shop_name"], agent].concat();
        assert!(names.starts_with(&leading), "{names:?}");
        assert!(names.ends_with(&["rule_set", "complete", "data_through", "matures_on"]), "{names:?}");
        let declared = metrics::of_level(level).map(|metric| metric.id.as_str()).collect::<Vec<_>>();
        let published = names.iter().copied().filter(|name| declared.contains(name)).collect::<Vec<_>>();
        assert_eq!(published, declared, "{table}");
    }
}

#[test]
fn rows_stand_in_order_of_platform_shop_and_agent_or_team() {
    for (_, period) in PERIODS {
        for level in ["shop", "agent", "team"] {
            let rows = DEMO.tables.rows(&format!("reports/{level}_{period}"));
            let key = |row: &Row| {
                (
                    number(row, "dt").unwrap() as i64,
                    text(row, "platform"),
                    text(row, "shop_id"),
                    text(row, "agent_id").or(text(row, "team")),
                )
            };
            assert!(!rows.is_empty() && rows.is_sorted_by_key(key), "{level}_{period}");
        }
    }
}

/// What comes back of earlier sales, and who is invited by several agents.
const ABOVE_1: [&str; 5] = ["refund_rate", "refund_amount_rate", "refund_only_rate", "return_rate", "invite_rate"];

#[test]
fn no_number_is_nan_or_infinite_and_every_rate_lies_between_0_and_1() {
    for level in Level::REPORTED {
        let rates = metrics::of_level(level)
            .filter(|m| m.unit == declaration::MetricUnit::Rate && !ABOVE_1.contains(&m.id.as_str()))
            .collect::<Vec<_>>();
        for row in DEMO.tables.rows(&format!("reports/{}_day", level.name())) {
            let finite = row.values().all(|value| !matches!(value, Value::Number(number) if !number.is_finite()));
            assert!(finite, "{row:?}");
            for rate in &rates {
                assert!(number(&row, &rate.id).is_none_or(|rate| (0.0..=1.0).contains(&rate)), "{} {row:?}", rate.id);
            }
        }
    }
}

/// The hours of a day, and the buckets of its waits, are the day's.
#[test]
fn hours_and_buckets_add_up_to_their_row() {
    let pairs = [
        ("hourly", "rounds", "rounds"),
        ("hourly", "buyer_msgs", "buyer_msgs"),
        ("hourly", "wait_ms_sum", "wait_ms_sum"),
        ("hourly", "unanswered", "unanswered_rounds"),
        ("wait_histogram", "rounds", "answered_rounds"),
        ("wait_histogram", "assessed_rounds", "answered_rounds_assessed"),
    ];
    for (_, period) in PERIODS {
        for (table, column, metric) in pairs {
            let mut sums: BTreeMap<_, f64> = BTreeMap::new();
            for row in DEMO.tables.rows(&format!("reports/{table}_{period}")) {
                let key = (number(&row, "dt").unwrap() as i64, text(&row, "shop_id").unwrap(), text(&row, "agent_id"));
                *sums.entry(key).or_default() += number(&row, column).unwrap();
            }
            for level in ["shop", "agent"] {
                for (key, row) in DEMO.tables.report(level, period) {
                    assert_eq!(
                        sums.get(&key).copied().unwrap_or(0.0),
                        number(&row, metric).unwrap(),
                        "{table}_{period}: {column} of {key:?}"
                    );
                }
            }
        }
    }
}

/// Rounds by the hour of their question: 07:59:59.999 is in hour 7, 08:00 in hour 8.
#[test]
fn an_hour_holds_the_rounds_asked_in_it() {
    let mut asked: BTreeMap<_, f64> = BTreeMap::new();
    for row in DEMO
        .tables
        .rows("details/rounds")
        .iter()
        .filter(|row| row["filtered"] == Value::Null && matches!(text(row, "outcome").as_deref(), Some("answered" | "unanswered")))
    {
        let day = number(row, "business_day").unwrap() as i64;
        let hour = (number(row, "asked_at").unwrap() as i64 + 8 * 3_600_000 - day * oracle::DAY_MS) / 3_600_000;
        *asked.entry((day, text(row, "shop_id").unwrap(), hour)).or_default() += 1.0;
    }
    let hourly = DEMO.tables.rows("reports/hourly_day");
    let shops = hourly.iter().filter(|row| text(row, "level").as_deref() == Some("shop") && number(row, "rounds") != Some(0.0));
    let got = shops.map(|row| {
        (
            (number(row, "dt").unwrap() as i64, text(row, "shop_id").unwrap(), number(row, "hour").unwrap() as i64),
            number(row, "rounds").unwrap(),
        )
    });
    let got = got.collect::<BTreeMap<_, _>>();
    let differing = got.iter().filter(|(key, rounds)| asked.get(key) != Some(rounds)).collect::<Vec<_>>();
    assert!(differing.is_empty() && got.len() == asked.len(), "{differing:?}");
}

#[test]
fn a_bucket_bounds_its_waits() {
    let rows = DEMO.tables.rows("reports/wait_histogram_day");
    let bounds = rows
        .iter()
        .map(|row| ((number(row, "bucket").unwrap() as i64), (number(row, "from_s").unwrap(), number(row, "to_s").unwrap())))
        .collect::<BTreeMap<_, _>>();
    for (bucket, (from, to)) in &bounds {
        assert!(*bucket == 0 && *to == 0.0 || (from / to - 1.0 / 1.02).abs() < 1e-9, "bucket {bucket}: {from} to {to}");
    }
    let longest = bounds.values().map(|bounds| bounds.1).fold(0.0, f64::max);
    let longest_wait = DEMO.tables.rows("reports/shop_day").iter().filter_map(|row| number(row, "resp_max_s")).fold(0.0, f64::max);
    assert!(longest / 1.02 < longest_wait && longest_wait <= longest, "{longest_wait} in a bucket to {longest}");
}

/// `complete`: over, landed, and nothing it looks back on lies before the first day of logs, 31 August.
#[test]
fn the_first_days_and_the_open_periods_are_not_complete() {
    let complete = |period: &str| -> Vec<String> {
        let report = DEMO.tables.report("shop", period);
        let days = report
            .iter()
            .filter(|(_, row)| truth(row, "complete"))
            .map(|(key, _)| crate::support::date(key.0))
            .collect::<std::collections::BTreeSet<_>>();
        days.into_iter().collect()
    };
    assert_eq!(complete("day").first().map(String::as_str), Some("2026-09-03"));
    assert_eq!(complete("day").len(), 32);
    assert_eq!(complete("week"), ["2026-09-07", "2026-09-14", "2026-09-21", "2026-09-28"]);
    assert!(complete("month").is_empty() && complete("quarter").is_empty() && complete("year").is_empty());
}

#[test]
fn names_and_platforms_stand_beside_the_ids() {
    let row = &DEMO.tables.rows("reports/agent_week")[0];
    let names = ["platform", "shop_id", "shop_name", "agent_id", "agent_name"].map(|column| text(row, column).unwrap());
    assert_eq!(names, ["douyin", "dy-xiaomai", "小麦童鞋", "xm-luojia", "罗佳"]);
}

/// Every metric has a row in `dims/metric` for each of its levels.
#[test]
fn the_dictionary_is_published_too() {
    let got =
        DEMO.tables.rows("dims/metric").iter().map(|row| (text(row, "level").unwrap(), text(row, "metric").unwrap())).collect::<Vec<_>>();
    let declared = Level::REPORTED
        .into_iter()
        .flat_map(|level| metrics::of_level(level).map(move |metric| (level.name().to_owned(), metric.id.clone())));
    assert_eq!(got, declared.collect::<Vec<_>>());
}

/// A shop of the `shops` table has a row with zeros on a day when nobody says a word; without orders, sales are null.
#[test]
fn a_silent_shop_has_zeros_and_what_is_not_configured_is_null() {
    let place = Place::new(&format!("{PIPELINE}[shops]\npath = \"shops.csv\"\n"));
    place.put("shops.csv", "shop_id,platform,name\ns1,taobao,一\ns2,jd,二\n");
    place.run().expect(0, &[]);
    let report = place.tables().report("shop", "day");
    let row = &report[&(crate::support::day("2026-09-01"), "s2".to_owned(), None)];
    for metric in metrics::of_level(Level::Shop) {
        let facts = metrics::facts(metric, Level::Shop, &kefu_kernel::rules::Rules::default());
        let needs_more = facts.iter().any(|fact| !fact.needs().is_empty());
        let is_ratio =
            matches!(metric.unit, declaration::MetricUnit::Rate | declaration::MetricUnit::Number | declaration::MetricUnit::Seconds);
        let expected =
            if needs_more || is_ratio && metric.id != "reception_s" || metric.id.starts_with("wait_ms_max") { None } else { Some(0.0) };
        assert_eq!(number(row, &metric.id), expected, "{}", metric.id);
    }
}

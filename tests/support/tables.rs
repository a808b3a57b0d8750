//! Published tables read back into rows, by the parquet crate alone.

use super::day;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use bytes::Bytes;
use kefu::store::Store;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::path::Path;

/// A cell. Dates are days since 1970, instants UTC ms, money yuan: all exact in an f64.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Number(f64),
    Text(String),
    Truth(bool),
}

pub(crate) type Row = BTreeMap<String, Value>;

/// First day of the period, shop, agent or team.
pub(crate) type Key = (i64, String, Option<String>);

/// What a pipeline published: files by their path below the output root. `state/` is internal and left out.
pub(crate) struct Tables(pub BTreeMap<String, Bytes>);

impl Tables {
    pub(crate) fn of(store: &Store) -> Tables {
        let folders = ["reports", "details", "dims", "quarantine", "_meta", "_staging"];
        let objects = folders.iter().flat_map(|folder| store.list(folder).unwrap());
        Tables(objects.map(|object| (object.key.clone(), store.get(&object.key).unwrap())).collect())
    }

    pub(crate) fn in_folder(path: &Path) -> Tables {
        Tables::of(&Store::open(path.to_str().unwrap()).unwrap())
    }

    /// The files below some folders.
    pub(crate) fn files(&self, folders: &[&str]) -> BTreeMap<&str, &Bytes> {
        let below = |key: &str| folders.iter().any(|folder| key.starts_with(&format!("{folder}/")));
        self.0.iter().map(|(key, bytes)| (key.as_str(), bytes)).filter(|(key, _)| below(key)).collect()
    }

    /// All partitions of a table in order of their day; each row with its partition as `dt`.
    pub(crate) fn rows(&self, folder: &str) -> Vec<Row> {
        let mut rows = Vec::new();
        for (key, bytes) in self.files(&[folder]) {
            let partition = key.rsplit_once("dt=").map(|(_, rest)| &rest[..10]);
            for mut row in decode(bytes.clone()) {
                if let Some(date) = partition {
                    row.insert("dt".to_owned(), Value::Number(day(date) as f64));
                }
                rows.push(row);
            }
        }
        rows
    }

    /// The rows of a report by key.
    pub(crate) fn report(&self, level: &str, period: &str) -> BTreeMap<Key, Row> {
        let mut report = BTreeMap::new();
        for row in self.rows(&format!("reports/{level}_{period}")) {
            let key = (
                number(&row, "report_date").unwrap() as i64,
                text(&row, "shop_id").unwrap(),
                text(&row, "agent_id").or(text(&row, "team")),
            );
            let twice = report.insert(key.clone(), row);
            assert!(twice.is_none(), "two rows of {level}_{period} for {key:?}");
        }
        report
    }
}

pub(crate) fn number(row: &Row, column: &str) -> Option<f64> {
    match row.get(column)? {
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

pub(crate) fn text(row: &Row, column: &str) -> Option<String> {
    match row.get(column)? {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

pub(crate) fn truth(row: &Row, column: &str) -> bool {
    row.get(column) == Some(&Value::Truth(true))
}

pub(crate) fn decode(bytes: Bytes) -> Vec<Row> {
    let batches = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
    batches.flat_map(|batch| rows(&batch.unwrap())).collect()
}

pub(crate) fn rows(batch: &RecordBatch) -> Vec<Row> {
    let mut rows = vec![Row::new(); batch.num_rows()];
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        for (index, row) in rows.iter_mut().enumerate() {
            row.insert(field.name().clone(), cell(array, index));
        }
    }
    rows
}

fn cell(array: &dyn Array, index: usize) -> Value {
    if array.is_null(index) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Boolean => Value::Truth(array.as_boolean().value(index)),
        DataType::Int64 => Value::Number(array.as_primitive::<Int64Type>().value(index) as f64),
        DataType::Float64 => Value::Number(array.as_primitive::<Float64Type>().value(index)),
        DataType::Date32 => Value::Number(f64::from(array.as_primitive::<Date32Type>().value(index))),
        DataType::Decimal128(18, 2) => Value::Number(array.as_primitive::<Decimal128Type>().value(index) as f64 / 100.0),
        DataType::Decimal128(18, 3) => Value::Number(array.as_primitive::<Decimal128Type>().value(index) as f64 / 1000.0),
        DataType::Timestamp(_, Some(_)) => Value::Number(array.as_primitive::<TimestampMicrosecondType>().value(index) as f64 / 1000.0),
        DataType::Utf8 => Value::Text(array.as_string::<i32>().value(index).to_owned()),
        // outputs.md names the types there are.
        other => panic!("a column of type {other}"),
    }
}

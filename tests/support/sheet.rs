//! Rows of text cells, written in any format a pipeline reads.

use arrow::array::{ArrayRef, BooleanArray, Decimal128Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    #[default]
    Csv,
    Ndjson,
    Parquet,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Packing {
    #[default]
    Plain,
    Gzip,
    Zstd,
}

/// How a file is written. Parquet packs its own pages and knows no encoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Style {
    pub format: Format,
    pub packing: Packing,
    pub gbk: bool,
}

impl Style {
    pub(crate) fn ending(self) -> String {
        let packed = match self.packing {
            Packing::Plain => "",
            Packing::Gzip => ".gz",
            Packing::Zstd => ".zst",
        };
        match self.format {
            Format::Csv => format!("csv{packed}"),
            Format::Ndjson => format!("ndjson{packed}"),
            Format::Parquet => "parquet".to_owned(),
        }
    }
}

/// One input table: canonical columns, cells as a CSV would have them. An empty cell is null.
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    pub columns: &'static [&'static str],
    pub rows: Vec<Vec<Option<String>>>,
}

impl Sheet {
    pub(crate) fn write(&self, path: &Path, style: Style) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let bytes = match style.format {
            Format::Parquet => return fs::write(path, self.parquet()).unwrap(),
            Format::Csv => self.csv(),
            Format::Ndjson => self.ndjson(),
        };
        let bytes = if style.gbk { encoding_rs::GB18030.encode(&String::from_utf8(bytes).unwrap()).0.into_owned() } else { bytes };
        fs::write(path, packed(&bytes, style.packing)).unwrap();
    }

    pub(crate) fn csv(&self) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(self.columns).unwrap();
        for row in &self.rows {
            writer.write_record(row.iter().map(|cell| cell.as_deref().unwrap_or(""))).unwrap();
        }
        writer.into_inner().unwrap()
    }

    /// Numbers and truth values as JSON's own; nulls alternately written and left out, as exporters do.
    fn ndjson(&self) -> Vec<u8> {
        let mut lines = Vec::new();
        for (number, row) in self.rows.iter().enumerate() {
            let mut object = serde_json::Map::new();
            for (column, cell) in self.columns.iter().zip(row) {
                let value = match cell {
                    Some(cell) => json(column, cell),
                    None if number % 2 == 0 => continue,
                    None => serde_json::Value::Null,
                };
                object.insert((*column).to_owned(), value);
            }
            writeln!(lines, "{}", serde_json::Value::Object(object)).unwrap();
        }
        // A file of no bytes is taken for a lost export.
        if lines.is_empty() { b"\n".to_vec() } else { lines }
    }

    /// Typed columns, as a warehouse would export them.
    fn parquet(&self) -> Vec<u8> {
        let cells = |index: usize| self.rows.iter().map(move |row| row[index].as_deref());
        let arrays = self.columns.iter().enumerate().map(|(index, name)| {
            let array: ArrayRef = match kind(name) {
                Kind::Text => Arc::new(cells(index).collect::<StringArray>()),
                Kind::Whole => Arc::new(cells(index).map(|cell| cell.map(|cell| cell.parse().unwrap())).collect::<Int64Array>()),
                Kind::Truth => Arc::new(cells(index).map(|cell| cell.map(|cell| cell == "true")).collect::<BooleanArray>()),
                Kind::Time => {
                    let instants = cells(index).map(|cell| cell.map(millis)).collect::<TimestampMillisecondArray>();
                    Arc::new(instants.with_timezone("UTC"))
                }
                Kind::Money => {
                    let fen = cells(index).map(|cell| cell.map(|cell| cell.replace('.', "").parse().unwrap()));
                    Arc::new(fen.collect::<Decimal128Array>().with_precision_and_scale(18, 2).unwrap())
                }
            };
            (*name, array)
        });
        let batch = RecordBatch::try_from_iter_with_nullable(arrays.map(|(name, array)| (name, array, true))).unwrap();
        let mut bytes = Vec::new();
        let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        bytes
    }
}

enum Kind {
    Text,
    Whole,
    Truth,
    Time,
    Money,
}

fn kind(column: &str) -> Kind {
    match column {
        "seq" | "quantity" | "visitors" => Kind::Whole,
        "recalled" | "needs_reply" => Kind::Truth,
        "amount" | "postage" => Kind::Money,
        other if other.ends_with("_at") => Kind::Time,
        _ => Kind::Text,
    }
}

fn json(column: &str, cell: &str) -> serde_json::Value {
    match kind(column) {
        Kind::Whole | Kind::Money | Kind::Truth => serde_json::from_str(cell).unwrap(),
        Kind::Text | Kind::Time => cell.into(),
    }
}

fn millis(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

/// UTC ms as RFC 3339 with an offset, as the platforms export it.
pub(crate) fn rfc3339(ms: i64, offset_ms: i64) -> String {
    let offset = jiff::tz::Offset::from_seconds((offset_ms / 1000) as i32).unwrap();
    jiff::Timestamp::from_millisecond(ms).unwrap().display_with_offset(offset).to_string()
}

pub(crate) fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

pub(crate) fn packed(bytes: &[u8], packing: Packing) -> Vec<u8> {
    match packing {
        Packing::Plain => bytes.to_vec(),
        Packing::Zstd => zstd::encode_all(bytes, 1).unwrap(),
        Packing::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
    }
}

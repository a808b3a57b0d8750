//! The settings of an input table: where its files are, in which dialect they are written, and how their columns and cells are read.

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;

/// Where the files of an input table are, and how their columns map to the canonical ones.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// May contain globs, `{date}`, which stands for YYYY-MM-DD, `{date:FORMAT}`, and names of text columns such as `{shop_id}`. Without a
    /// date every run reads all matching files.
    pub path: String,
    /// The format. Default: the one that the file name ends in.
    pub format: Option<InputFormat>,
    /// The encoding of text files. Default: detected from the bytes.
    pub encoding: Option<String>,
    /// The IANA name of the time zone of the days in `{date}`. Default: that of the pipeline.
    pub partition_timezone: Option<String>,
    /// The most days by which a partition may lie behind its lines: lines of a day are looked for in so many later partitions too.
    #[serde(default)]
    pub lateness: Lateness,
    /// Canonical column name → name of the column in the source.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// Canonical column name → value, for a column that the source lacks.
    #[serde(default)]
    pub constants: BTreeMap<String, String>,
    /// Canonical column name → canonical value → the values that the source writes for it.
    #[serde(default)]
    pub values: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// The `strptime` formats of text times, tried in order before the forms that are always known.
    #[serde(default)]
    pub datetime_format: TimeFormats,
    /// The IANA name of the time zone of text times without an offset. Default: that of the pipeline.
    pub timezone: Option<String>,
    /// The unit of times that are numbers.
    #[serde(default)]
    pub unit: EpochUnit,
    /// The unit of amounts.
    #[serde(default)]
    pub money: MoneyUnit,
    /// Further words for "no value".
    #[serde(default)]
    pub nulls: NullWords,
    /// Whether ids stay as they stand in the file, with whatever an exporter has put round them.
    #[serde(default)]
    pub exact_ids: bool,
    /// The order of the rows of a file.
    #[serde(default)]
    pub order: RowOrder,
    /// What a row of the orders stands for.
    #[serde(default)]
    pub rows: RowUnit,
    /// The columns that each item row repeats for its whole order. With `rows = "item"` amount and quantity are otherwise added up.
    #[serde(default)]
    pub whole: Vec<String>,
    /// The sheet of a workbook. Default: the first.
    pub sheet: Option<String>,
    /// Rows before the header.
    #[serde(default)]
    pub skip_rows: usize,
    /// Rows after the last row of data.
    #[serde(default)]
    pub skip_end: usize,
    /// Whether the first row names the columns. Without a header the columns are named "1", "2", ….
    #[serde(default = "has_header")]
    pub header: bool,
    /// What parts the cells of a row of CSV. Default: a comma.
    pub delimiter: Option<Mark>,
    /// What encloses a cell of CSV. Default: a double quote.
    pub quote: Option<Mark>,
    /// What escapes the next character of a cell of CSV. Default: a quote in a quoted cell is doubled.
    pub escape: Option<Mark>,
    /// What begins a line of CSV that is no row. Default: nothing.
    pub comment: Option<Mark>,
    /// Source column → values as a CSV would write them. A row with one of them in any of the columns is taken out before it is checked.
    #[serde(default)]
    pub drop: BTreeMap<String, Vec<String>>,
    /// Likewise: a row without one of them in any of the columns is taken out.
    #[serde(default)]
    pub keep: BTreeMap<String, Vec<String>>,
    /// What orders the lines of a session.
    #[serde(default)]
    pub order_by: LineOrder,
    /// What the amount of an order is after refunds.
    #[serde(default)]
    pub amount_is: AmountMeaning,
}

impl SourceConfig {
    /// Whether the pipeline or the path gives a canonical column, so that the files need not have it.
    pub fn gives(&self, column: &str) -> bool {
        self.constants.contains_key(column) || self.path.contains(&format!("{{{column}}}"))
    }

    /// Whether the files are partitioned by day.
    pub fn is_dated(&self) -> bool {
        self.path.contains("{date}") || self.path.contains("{date:")
    }
}

fn has_header() -> bool {
    true
}

/// Prints the settings as published fingerprints have them: the fingerprint of a day (`made_with`) is a hash of this text. The name, the
/// fields and the order of the first version stay, and a later setting is printed only where it differs from its default. Anything else
/// would make every published day look as if it had been computed under other settings.
impl fmt::Debug for SourceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SourceConfig {
            path, format, encoding, partition_timezone, columns, constants, values, datetime_format, timezone, unit, ..
        } = self;
        let mut text = f.debug_struct("Source");
        text.field("path", path)
            .field("format", format)
            .field("encoding", encoding)
            .field("partition_timezone", partition_timezone)
            .field("columns", columns)
            .field("constants", constants)
            .field("values", values);
        match datetime_format.0.as_slice() {
            [] | [_] => text.field("datetime_format", &datetime_format.0.first()),
            several => text.field("datetime_format", &several),
        };
        text.field("timezone", timezone).field("unit", unit);
        let differs = |mark: Option<Mark>, default: u8| mark.is_some_and(|mark| mark.0 != default);
        let later: [(&str, &dyn fmt::Debug, bool); 19] = [
            ("lateness", &self.lateness.0, self.lateness.0 > 0),
            ("money", &self.money, self.money != MoneyUnit::Yuan),
            ("nulls", &self.nulls, self.nulls != NullWords::default()),
            ("exact_ids", &self.exact_ids, self.exact_ids),
            ("order", &self.order, self.order != RowOrder::OldestFirst),
            ("rows", &self.rows, self.rows != RowUnit::Order),
            ("whole", &self.whole, !self.whole.is_empty()),
            ("sheet", &self.sheet, self.sheet.is_some()),
            ("skip_rows", &self.skip_rows, self.skip_rows > 0),
            ("skip_end", &self.skip_end, self.skip_end > 0),
            ("header", &self.header, !self.header),
            ("delimiter", &self.delimiter, differs(self.delimiter, b',')),
            ("quote", &self.quote, differs(self.quote, b'"')),
            ("escape", &self.escape, self.escape.is_some()),
            ("comment", &self.comment, self.comment.is_some()),
            ("drop", &self.drop, !self.drop.is_empty()),
            ("keep", &self.keep, !self.keep.is_empty()),
            ("order_by", &self.order_by, self.order_by != LineOrder::Time),
            ("amount_is", &self.amount_is, self.amount_is != AmountMeaning::BeforeRefunds),
        ];
        for (name, value, differs) in later {
            if differs {
                text.field(name, value);
            }
        }
        text.finish()
    }
}

/// The format of the files of an input table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputFormat {
    /// Cells parted by commas or by another character, with or without a header row.
    Csv,
    /// One JSON object per line.
    #[serde(alias = "jsonl")]
    Ndjson,
    /// One JSON array of objects.
    Json,
    /// Apache Parquet.
    Parquet,
    /// A workbook of Excel 2007 or later.
    Xlsx,
    /// A workbook of an older Excel.
    Xls,
}

impl InputFormat {
    /// Whether the cells are written as a spreadsheet writes them: CSV and workbooks.
    pub fn is_sheet(self) -> bool {
        matches!(self, InputFormat::Csv | InputFormat::Xlsx | InputFormat::Xls)
    }

    /// Whether the cells are text: every format but Parquet, whose columns have types.
    pub fn is_text(self) -> bool {
        self != InputFormat::Parquet
    }
}

/// The unit of times that are numbers, which are counted from 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum EpochUnit {
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// Milliseconds.
    #[default]
    #[serde(rename = "ms")]
    Millis,
    /// Microseconds.
    #[serde(rename = "us", alias = "µs")]
    Micros,
}

/// The unit of amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MoneyUnit {
    /// 元, with up to two decimals.
    #[default]
    Yuan,
    /// 分, whole numbers.
    Fen,
}

/// The order of the rows of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowOrder {
    /// The first row is the oldest.
    #[default]
    OldestFirst,
    /// The first row is the newest: rows are numbered from the end of the file wherever their order decides.
    NewestFirst,
}

/// What a row of the orders stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowUnit {
    /// A version of an order.
    #[default]
    Order,
    /// A version of an item of an order.
    Item,
}

/// What orders the lines of a session (semantics §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineOrder {
    /// Their instants.
    #[default]
    Time,
    /// The log's own sequence numbers: the clocks of senders differ.
    Seq,
}

/// What the amount of an order is once some of it was refunded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AmountMeaning {
    /// What was paid.
    #[default]
    BeforeRefunds,
    /// What was paid without what has been refunded since.
    AfterRefunds,
}

/// The `strptime` formats of a source, in the order in which they are tried. Written as one text or as an array.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeFormats(pub Vec<String>);

impl<'de> Deserialize<'de> for TimeFormats {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a format or an array of formats")]
        enum Written {
            One(String),
            Many(Vec<String>),
        }
        Ok(TimeFormats(match Written::deserialize(deserializer)? {
            Written::One(format) => vec![format],
            Written::Many(formats) => formats,
        }))
    }
}

/// Words that a source writes for "no value", beside those that are always known.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected an array of words, or a table from a column to an array of words")]
pub enum NullWords {
    /// In every column that is not required and holds no ids.
    Everywhere(Vec<String>),
    /// In the columns named.
    InColumns(BTreeMap<String, Vec<String>>),
}

impl Default for NullWords {
    fn default() -> Self {
        NullWords::Everywhere(Vec::new())
    }
}

/// How many days later than its own a line may come in a partition. Written `1d` to `31d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lateness(pub i32);

impl<'de> Deserialize<'de> for Lateness {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let days = text.strip_suffix('d').and_then(|days| days.parse().ok()).filter(|days| (1..=31).contains(days));
        days.map(Lateness).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &"whole days from \"1d\" to \"31d\""))
    }
}

/// A single ASCII character that structures a text file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(pub u8);

impl<'de> Deserialize<'de> for Mark {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_bytes() {
            [mark] if mark.is_ascii() && !matches!(mark, b'\n' | b'\r') => Ok(Mark(*mark)),
            _ => Err(D::Error::invalid_value(Unexpected::Str(&text), &"one ASCII character that ends no line")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fingerprints of published days are hashes of these texts.
    #[test]
    fn the_debug_text_of_a_source_stays_as_published_fingerprints_have_it() {
        let bare: SourceConfig = toml::from_str("path = \"m/{date}/*.csv\"").unwrap();
        assert_eq!(
            format!("{:?}", [Some(&bare), None]),
            "[Some(Source { path: \"m/{date}/*.csv\", format: None, encoding: None, partition_timezone: None, columns: {}, constants: {}, \
             values: {}, datetime_format: None, timezone: None, unit: Millis }), None]"
        );
        let text = "path = \"orders.jsonl\"\nformat = \"jsonl\"\nencoding = \"gbk\"\npartition_timezone = \"UTC\"\nunit = \"us\"\n\
                    datetime_format = \"%F %T\"\ntimezone = \"Asia/Shanghai\"\nmoney = \"yuan\"\norder = \"oldest_first\"\nheader = true\n\
                    [columns]\nshop_id = \"shop\"\n[constants]\nplatform = \"jd\"\n[values.kind]\ntext = [\"0\", \"t\"]\n";
        let full: SourceConfig = toml::from_str(text).unwrap();
        assert_eq!(
            format!("{full:?}"),
            "Source { path: \"orders.jsonl\", format: Some(Ndjson), encoding: Some(\"gbk\"), partition_timezone: Some(\"UTC\"), \
             columns: {\"shop_id\": \"shop\"}, constants: {\"platform\": \"jd\"}, values: {\"kind\": {\"text\": [\"0\", \"t\"]}}, \
             datetime_format: Some(\"%F %T\"), timezone: Some(\"Asia/Shanghai\"), unit: Micros }"
        );
    }

    #[test]
    fn a_later_setting_is_printed_where_it_differs_from_its_default() {
        let text =
            "path = \"o\"\nmoney = \"fen\"\nlateness = \"2d\"\ndatetime_format = [\"%F\", \"%D\"]\ndelimiter = \"\\t\"\nheader = false\n";
        let source: SourceConfig = toml::from_str(text).unwrap();
        let printed = format!("{source:?}");
        assert!(
            printed.ends_with(
                "datetime_format: [\"%F\", \"%D\"], timezone: None, unit: Millis, lateness: 2, money: Fen, header: false, \
                 delimiter: Some(Mark(9)) }"
            ),
            "{printed}"
        );
    }

    #[test]
    fn formats_and_units_print_their_variant_alone() {
        let formats = [InputFormat::Csv, InputFormat::Ndjson, InputFormat::Parquet];
        let units = [EpochUnit::Seconds, EpochUnit::Millis, EpochUnit::Micros];
        assert_eq!(format!("{formats:?} {units:?}"), "[Csv, Ndjson, Parquet] [Seconds, Millis, Micros]");
    }
}

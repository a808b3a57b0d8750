//! Files of every format → batches of source columns, as they came: no renaming, no filtering.

use super::table::{Table, Type};
use crate::error::{Error, Kind, Result};
use crate::job::{Format, Source};
use crate::store::{Object, Store, wait};
use arrow::array::{ArrayRef, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use futures::TryStreamExt;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use std::cell::Cell;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::rc::Rc;
use std::sync::Arc;

/// Rows per batch: large enough to amortise, small enough that a batch of text stays in the caches' reach.
const BATCH_ROWS: usize = 64 * 1024;
/// A longer line is no record; it is refused before it can fill the memory.
const MAX_LINE: usize = 16 << 20;

/// A row that could not be read at all, or a cell that is not text.
pub struct Broken {
    pub row: usize,
    pub column: String,
    pub reason: String,
}

pub struct Decoded {
    pub batch: RecordBatch,
    /// Every column the file has, also those nobody reads.
    pub found: SchemaRef,
    /// Rows of the file before this batch.
    pub first_row: u64,
    pub broken: Vec<Broken>,
}

type Each<'a> = &'a mut dyn FnMut(Decoded) -> Result<()>;

/// A piece of a file that can be decoded by itself: a row group of a Parquet file, or the whole of any other.
pub(super) enum Part {
    Whole(Format),
    RowGroup { metadata: ArrowReaderMetadata, index: usize, first_row: u64 },
}

impl Part {
    /// Nothing of the file comes before it.
    pub(super) fn is_first(&self) -> bool {
        !matches!(self, Part::RowGroup { index: 1.., .. })
    }
}

/// The parts of a file, in row order. Errors: a file that is empty or not what its name says.
pub(super) fn parts(store: &Store, file: &Object, source: &Source, table: Table) -> Result<Vec<Part>> {
    if file.size() == 0 {
        return Err(
            Error::new(Kind::Refused, "the file is empty (0 bytes)").hint("a day without rows still has a header; was the export cut off?")
        );
    }
    match format(file, source)? {
        Format::Parquet => {
            let metadata = keyed(parquet_metadata(store, file)?, source, table)?;
            let rows = metadata.metadata().row_groups().iter().map(|group| group.num_rows().unsigned_abs());
            let starts = rows.scan(0, |next, rows| Some(std::mem::replace(next, *next + rows)));
            Ok(starts.enumerate().map(|(index, first_row)| Part::RowGroup { metadata: metadata.clone(), index, first_row }).collect())
        }
        format => Ok(vec![Part::Whole(format)]),
    }
}

/// Streams one part of a file. Errors: a file that is cut short or damaged.
pub(super) fn decode(store: &Store, file: &Object, part: &Part, source: &Source, table: Table, each: Each) -> Result<()> {
    match part {
        Part::RowGroup { metadata, index, first_row } => {
            let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(store.parquet(file), metadata.clone());
            decode_row_group(builder.with_row_groups(vec![*index]), *first_row, source, table, each)
        }
        Part::Whole(Format::Csv) => decode_csv(text(store, file, source)?, source, table, each),
        Part::Whole(_) => decode_ndjson(text(store, file, source)?, source, table, each),
    }
}

/// The source columns of a file, from its head alone. NDJSON has no head: its first line's keys stand for it.
pub(super) fn schema(store: &Store, file: &Object, source: &Source, table: Table) -> Result<SchemaRef> {
    match format(file, source)? {
        Format::Parquet => Ok(Arc::clone(parquet_metadata(store, file)?.schema())),
        Format::Csv => {
            let mut reader = csv_reader(text(store, file, source)?.lines);
            let names = reader.byte_headers()?.iter().map(|h| String::from_utf8_lossy(h).into_owned()).collect::<Vec<_>>();
            check_head(&names)?;
            Ok(text_schema(names))
        }
        Format::Ndjson => {
            let mut line = Vec::new();
            let mut lines = text(store, file, source)?.lines;
            while line.iter().all(u8::is_ascii_whitespace) && lines.read_until(b'\n', &mut line)? > 0 {}
            let keys: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&line)
                .map_err(|e| Error::new(Kind::Refused, format!("the first line is not a JSON object: {e}")))?;
            let mut names = keys.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
            // A key that the first line leaves out may come later, so what the table can use counts as there.
            names.extend(wanted(source, table).map(|(name, _)| name.to_owned()));
            names.sort();
            names.dedup();
            Ok(text_schema(names))
        }
    }
}

/// The source column of each canonical column, with its type.
fn wanted(source: &Source, table: Table) -> impl Iterator<Item = (&str, Type)> {
    table.columns().iter().map(|c| (source.columns.get(c.name).map_or(c.name, String::as_str), c.of))
}

fn text_schema(names: impl IntoIterator<Item = String>) -> SchemaRef {
    let fields = names.into_iter().map(|name| Field::new(name, DataType::Utf8, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn format(file: &Object, source: &Source) -> Result<Format> {
    if let Some(format) = source.format {
        return Ok(format);
    }
    let name = file.key.trim_end_matches(".gz").trim_end_matches(".zst");
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("csv") => Ok(Format::Csv),
        Some("ndjson" | "jsonl" | "json") => Ok(Format::Ndjson),
        Some("parquet") => Ok(Format::Parquet),
        _ => Err(Error::new(Kind::Config, "cannot tell the file's format from its name")
            .hint("end it in .csv, .ndjson or .parquet (.gz and .zst may follow), or set `format`")),
    }
}

// ---- text -------------------------------------------------------------------------------------

/// A file as UTF-8.
struct Text {
    lines: Box<dyn BufRead>,
    /// It was in another encoding; what that could not hold became U+FFFD.
    transcoded: bool,
}

/// The file as UTF-8: decompressed on the way, and decoded where it is in another encoding.
fn text(store: &Store, file: &Object, source: &Source) -> Result<Text> {
    let body = store.get(&file.key)?;
    let mut reader = BufReader::with_capacity(1 << 16, decompressed(&file.key, body)?);
    let head = reader.fill_buf().map_err(|e| Error::new(Kind::Refused, format!("cannot be decompressed: {e}")))?;
    let start = head.iter().find(|b| !b.is_ascii_whitespace());
    if start == Some(&b'<') {
        return Err(Error::new(Kind::Refused, "the file is an HTML or XML page, not a table")
            .hint("a download that failed often leaves the error page behind"));
    }
    let encoding = match source.encoding.as_deref() {
        Some(label) => encoding_rs::Encoding::for_label(label.as_bytes())
            .ok_or_else(|| Error::new(Kind::Config, format!("unknown encoding `{label}`")).hint("write utf-8 or gbk"))?,
        None => guess(head),
    };
    if encoding == encoding_rs::UTF_8 {
        if head.starts_with(b"\xef\xbb\xbf") {
            reader.consume(3);
        }
        return Ok(Text { lines: Box::new(reader), transcoded: false });
    }
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(cut_short)?;
    let (decoded, _, _) = encoding.decode(&bytes);
    Ok(Text { lines: Box::new(Cursor::new(decoded.into_owned().into_bytes())), transcoded: true })
}

fn decompressed(key: &str, body: Bytes) -> Result<Box<dyn Read>> {
    let body = Cursor::new(body);
    Ok(match key.rsplit_once('.').map(|(_, ending)| ending) {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(body)),
        Some("zst") => Box::new(zstd::Decoder::new(body)?),
        _ => Box::new(body),
    })
}

/// UTF-8 unless most of what is not ASCII is not UTF-8 either: one bad byte does not make a file GBK.
fn guess(head: &[u8]) -> &'static encoding_rs::Encoding {
    let lossy = String::from_utf8_lossy(head);
    let (bad, good) = lossy.chars().filter(|c| !c.is_ascii()).fold((0, 0), |(bad, good), c| match c {
        char::REPLACEMENT_CHARACTER => (bad + 1, good),
        _ => (bad, good + 1),
    });
    if bad <= good / 4 + 1 {
        return encoding_rs::UTF_8;
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(head, true);
    let guessed = match detector.guess(Some(b"cn"), chardetng::Utf8Detection::Deny) {
        // GB18030 holds all of GBK and more.
        gbk if gbk == encoding_rs::GBK => encoding_rs::GB18030,
        other => other,
    };
    // A few bad bytes are no other encoding: that would read the head without an error. The head may end inside a character.
    let mut decoded = String::with_capacity(head.len() * 3);
    let (_, _, errors) = guessed.new_decoder_without_bom_handling().decode_to_string(head, &mut decoded, false);
    if errors { encoding_rs::UTF_8 } else { guessed }
}

fn cut_short(e: std::io::Error) -> Error {
    Error::new(Kind::Refused, format!("the file ends early or is damaged: {e}")).hint("fetch it again; a compressed file must be whole")
}

/// Source cells of one batch as text, one builder a column.
struct Cells {
    schema: SchemaRef,
    columns: Vec<StringBuilder>,
    rows: usize,
    first_row: u64,
    broken: Vec<Broken>,
    found: SchemaRef,
    transcoded: bool,
}

impl Cells {
    fn new(names: Vec<String>, found: SchemaRef, transcoded: bool) -> Self {
        let columns = names.iter().map(|_| StringBuilder::new()).collect();
        Cells { schema: text_schema(names), columns, rows: 0, first_row: 0, broken: Vec::new(), found, transcoded }
    }

    fn push(&mut self, column: usize, cell: &[u8]) {
        match std::str::from_utf8(cell) {
            Ok("") => self.columns[column].append_null(),
            Ok(text) if self.transcoded && text.contains(char::REPLACEMENT_CHARACTER) => {
                self.columns[column].append_null();
                self.broken(column, "not in the file's encoding");
            }
            Ok(text) => self.columns[column].append_value(text),
            Err(_) => {
                self.columns[column].append_null();
                self.broken(column, "not UTF-8 (is the file in another encoding? set `encoding`)");
            }
        }
    }

    fn broken(&mut self, column: usize, reason: &str) {
        let column = self.schema.fields().get(column).map_or(String::new(), |f| f.name().clone());
        self.broken.push(Broken { row: self.rows, column, reason: reason.to_owned() });
    }

    /// Closes the row; cells it did not give are null.
    fn end_row(&mut self, each: Each) -> Result<()> {
        self.rows += 1;
        for column in &mut self.columns {
            use arrow::array::ArrayBuilder;
            if column.len() < self.rows {
                column.append_null();
            }
        }
        if self.rows < BATCH_ROWS { Ok(()) } else { self.flush(each) }
    }

    fn flush(&mut self, each: Each) -> Result<()> {
        let columns = self.columns.iter_mut().map(|c| Arc::new(c.finish()) as ArrayRef).collect();
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(self.rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        let found = Arc::clone(&self.found);
        let decoded = Decoded { batch, found, first_row: self.first_row, broken: std::mem::take(&mut self.broken) };
        self.first_row += self.rows as u64;
        self.rows = 0;
        each(decoded)
    }
}

fn csv_reader<R: Read>(text: R) -> csv::Reader<R> {
    csv::ReaderBuilder::new().flexible(true).from_reader(text)
}

/// A table has named columns; the first line of anything else is caught here.
fn check_head(names: &[String]) -> Result<()> {
    if names.iter().all(|name| name.trim().is_empty()) {
        return Err(Error::new(Kind::Refused, "the file has no header line"));
    }
    Ok(())
}

/// Counts the quotes of a text as they go by: in a whole CSV they come in pairs.
struct Quotes {
    text: Box<dyn BufRead>,
    seen: Rc<Cell<u64>>,
}

impl Read for Quotes {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.text.read(into)?;
        let quotes = into[..read].iter().filter(|byte| **byte == b'"').count();
        self.seen.set(self.seen.get() + quotes as u64);
        Ok(read)
    }
}

fn decode_csv(text: Text, source: &Source, table: Table, each: Each) -> Result<()> {
    let quotes = Rc::new(Cell::new(0));
    let mut reader = csv_reader(Quotes { text: text.lines, seen: Rc::clone(&quotes) });
    let header = reader.byte_headers().map_err(csv_error)?.iter().map(|h| String::from_utf8_lossy(h).into_owned()).collect::<Vec<_>>();
    check_head(&header)?;
    let wanted = wanted(source, table).map(|(name, _)| name).collect::<Vec<_>>();
    let places = (0..header.len()).filter(|&i| wanted.contains(&header[i].as_str())).collect::<Vec<_>>();
    let found = text_schema(header.clone());
    let mut cells = Cells::new(places.iter().map(|&i| header[i].clone()).collect(), found, text.transcoded);
    let mut record = csv::ByteRecord::new();
    let mut last_line = 0;
    while reader.read_byte_record(&mut record).map_err(csv_error)? {
        if record.len() != header.len() {
            cells.broken(usize::MAX, &format!("the row has {} fields, the header {}", record.len(), header.len()));
        }
        for (column, &place) in places.iter().enumerate() {
            cells.push(column, record.get(place).unwrap_or_default());
        }
        last_line = record.position().map_or(0, csv::Position::line);
        cells.end_row(each)?;
    }
    if quotes.get() % 2 == 1 && reader.position().line() > last_line + 1 {
        return Err(Error::new(Kind::Refused, "a quote is opened and never closed: the rest of the file stands in one cell")
            .with("line", last_line)
            .hint("a quote inside a quoted cell is written twice"));
    }
    cells.flush(each)
}

fn csv_error(e: csv::Error) -> Error {
    Error::new(Kind::Refused, format!("the file ends early or is damaged: {e}"))
}

/// Lines of JSON objects. The columns are the table's own: a key nobody asked for is stepped over, not stored.
fn decode_ndjson(text: Text, source: &Source, table: Table, each: Each) -> Result<()> {
    let wanted = wanted(source, table).map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    let mut cells = Cells::new(wanted.clone(), text_schema(wanted), text.transcoded);
    let mut text = text.lines;
    let names = cells.schema.fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut text).take(MAX_LINE as u64).read_until(b'\n', &mut line).map_err(cut_short)?;
        if read == 0 {
            return cells.flush(each);
        }
        if read == MAX_LINE {
            return Err(Error::new(Kind::Refused, format!("line {} is longer than 16 MiB", cells.first_row + cells.rows as u64 + 1)));
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let mut json = serde_json::Deserializer::from_slice(&line);
        let done = Row { cells: &mut cells, names: &names }.deserialize(&mut json).and_then(|()| json.end());
        if let Err(e) = done {
            cells.broken(usize::MAX, &format!("not a JSON object: {e}"));
        }
        cells.end_row(each)?;
    }
}

/// Writes one JSON object straight into the columns: no tree is built.
struct Row<'a> {
    cells: &'a mut Cells,
    names: &'a [String],
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        use arrow::array::ArrayBuilder;
        while let Some(key) = map.next_key::<std::borrow::Cow<'_, str>>()? {
            let Some(column) = self.names.iter().position(|name| *name == key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = map.next_value::<Scalar>()?;
            if self.cells.columns[column].len() > self.cells.rows {
                self.cells.broken(column, "the key stands twice");
                continue;
            }
            match value {
                Scalar::Null => self.cells.columns[column].append_null(),
                Scalar::Text(text) => self.cells.push(column, text.as_bytes()),
                Scalar::Broken(reason) => {
                    self.cells.columns[column].append_null();
                    self.cells.broken(column, reason);
                }
            }
        }
        Ok(())
    }
}

/// A JSON value as the text of a cell.
enum Scalar {
    Null,
    Text(String),
    Broken(&'static str),
}

impl<'de> serde::Deserialize<'de> for Scalar {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Scalar, D::Error> {
        struct Scalars;
        impl<'de> Visitor<'de> for Scalars {
            type Value = Scalar;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a value")
            }
            fn visit_unit<E>(self) -> std::result::Result<Scalar, E> {
                Ok(Scalar::Null)
            }
            fn visit_bool<E>(self, value: bool) -> std::result::Result<Scalar, E> {
                Ok(Scalar::Text(value.to_string()))
            }
            fn visit_i64<E>(self, value: i64) -> std::result::Result<Scalar, E> {
                Ok(Scalar::Text(value.to_string()))
            }
            fn visit_u64<E>(self, value: u64) -> std::result::Result<Scalar, E> {
                Ok(Scalar::Text(value.to_string()))
            }
            fn visit_f64<E>(self, value: f64) -> std::result::Result<Scalar, E> {
                // From 2^53 on neighbours share a float: two ids would become one.
                let exact = value.abs() < 9_007_199_254_740_992.0;
                Ok(if exact { Scalar::Text(value.to_string()) } else { Scalar::Broken("a number too long to be exact: write it as text") })
            }
            fn visit_str<E>(self, value: &str) -> std::result::Result<Scalar, E> {
                Ok(Scalar::Text(value.to_owned()))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Scalar, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Broken(NESTED))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Scalar, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Broken(NESTED))
            }
        }
        deserializer.deserialize_any(Scalars)
    }
}

const NESTED: &str = "a list or object where a value belongs";

// ---- Parquet ----------------------------------------------------------------------------------

fn parquet_metadata(store: &Store, file: &Object) -> Result<ArrowReaderMetadata> {
    wait(ArrowReaderMetadata::load_async(&mut store.parquet(file), ArrowReaderOptions::default()))?.map_err(parquet_error)
}

fn parquet_error(e: parquet::errors::ParquetError) -> Error {
    Error::new(Kind::Refused, format!("the Parquet file is damaged or cut short: {e}"))
}

/// The file's columns with keys as dictionaries: a key is hashed once per dictionary, not once per line.
fn keyed(metadata: ArrowReaderMetadata, source: &Source, table: Table) -> Result<ArrowReaderMetadata> {
    let keys = wanted(source, table).filter(|(_, of)| matches!(of, Type::Key | Type::Word(_))).map(|(name, _)| name).collect::<Vec<_>>();
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let fields = metadata.schema().fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 if keys.contains(&field.name().as_str()) => Arc::new(field.as_ref().clone().with_data_type(dictionary.clone())),
        _ => Arc::clone(field),
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let options = ArrowReaderOptions::new().with_schema(schema);
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options).map_err(parquet_error)
}

/// Reads only the columns the table uses.
#[expect(deprecated, reason = "the crate's own reader of a store; its successor is an example to copy")]
fn decode_row_group(
    builder: ParquetRecordBatchStreamBuilder<parquet::arrow::async_reader::ParquetObjectReader>,
    mut first_row: u64,
    source: &Source,
    table: Table,
    each: Each,
) -> Result<()> {
    let found = Arc::clone(builder.schema());
    let names = wanted(source, table).map(|(name, _)| name).collect::<Vec<_>>();
    let used = found.fields().iter().enumerate().filter(|(_, f)| names.contains(&f.name().as_str())).map(|(i, _)| i);
    let projection = ProjectionMask::roots(builder.parquet_schema(), used.collect::<Vec<_>>());
    let mut stream = builder.with_projection(projection).with_batch_size(BATCH_ROWS).build().map_err(parquet_error)?;
    while let Some(batch) = wait(stream.try_next())?.map_err(parquet_error)? {
        let rows = batch.num_rows() as u64;
        each(Decoded { batch, found: Arc::clone(&found), first_row, broken: Vec::new() })?;
        first_row += rows;
    }
    Ok(())
}

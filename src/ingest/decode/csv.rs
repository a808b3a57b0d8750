//! Decodes CSV files with a header line. The `csv` crate parses the records.

use super::cells::TextColumns;
use super::input::{BatchSink, DecodeInput, text_schema, wanted};
use super::text::{TextReader, read_error};
use crate::config::{COLUMNS, LimitExceeded, Limits};
use crate::error::{Error, Kind, Result};
use std::cell::Cell;
use std::io::{BufRead, Read};
use std::rc::Rc;

fn csv_reader<R: Read>(text: R) -> csv::Reader<R> {
    csv::ReaderBuilder::new().flexible(true).from_reader(text)
}

/// Checks that the first line names columns. Errors: it is blank, has too many columns, or has another delimiter than a comma.
fn check_header(names: &[String]) -> Result<()> {
    if names.iter().all(|name| name.trim().is_empty()) {
        return Err(Error::new(Kind::Refused, "the file has no header line"));
    }
    if names.len() > COLUMNS {
        return Err(LimitExceeded(format!("the file has {} columns: more than {COLUMNS}", names.len())).into());
    }
    if let ([name], Some(mark)) = (names, [';', '\t', '|'].into_iter().find(|mark| names[0].contains(*mark))) {
        return Err(Error::new(Kind::Refused, format!("the columns are parted by {mark:?}, not by commas"))
            .with("found", name.chars().take(200).collect::<String>())
            .hint("export it with commas"));
    }
    Ok(())
}

/// Counters of what the parser has read. The parser itself sets no limit to the length of a record.
#[derive(Default)]
struct ReadCounters {
    /// Quotes read: in a whole CSV file their number is even.
    quotes: Cell<u64>,
    /// Bytes read.
    bytes: Cell<u64>,
    /// Bytes read when the current record began. The parser reads ahead by a buffer, so that this is approximate.
    record_start: Cell<u64>,
    /// Records begun, the header included.
    records: Cell<u64>,
}

impl ReadCounters {
    /// Notes that the next record begins.
    fn begin_record(&self) {
        self.record_start.set(self.bytes.get());
        self.records.set(self.records.get() + 1);
    }
}

/// Counts what passes to the parser, and fails if a record exceeds the limit of a line.
struct CountingReader {
    text: Box<dyn BufRead>,
    counters: Rc<ReadCounters>,
    caps: Limits,
}

impl Read for CountingReader {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let counters = &self.counters;
        if counters.bytes.get() - counters.record_start.get() > self.caps.record_bytes() {
            // The header does not count as a row.
            let row = counters.records.get() - 1;
            let what = if row == 0 { "the header line".to_owned() } else { format!("row {row}") };
            let what =
                format!("{what} is longer than {} MiB ([quality.caps] line_mb): is a quote opened and never closed?", self.caps.line_mb);
            return Err(LimitExceeded(what).into());
        }
        let read = self.text.read(into)?;
        // In chunks of 255 bytes the count fits in a u8, so that the compiler can vectorise the sum.
        let count = |bytes: &[u8]| bytes.iter().map(|byte| u8::from(*byte == b'"')).sum::<u8>();
        let quotes = into[..read].chunks(usize::from(u8::MAX)).map(|bytes| u64::from(count(bytes))).sum::<u64>();
        counters.quotes.set(counters.quotes.get() + quotes);
        counters.bytes.set(counters.bytes.get() + read as u64);
        Ok(read)
    }
}

/// The column names in a file's first line. Errors: it is not a header, or exceeds a limit.
pub(super) fn header(text: TextReader, caps: &Limits) -> Result<Vec<String>> {
    let counters = Rc::<ReadCounters>::default();
    counters.begin_record();
    read_header(&mut csv_reader(CountingReader { text: text.lines, counters, caps: *caps }))
}

fn read_header<R: Read>(reader: &mut csv::Reader<R>) -> Result<Vec<String>> {
    let names = reader.byte_headers().map_err(csv_error)?.iter().map(|h| String::from_utf8_lossy(h).into_owned()).collect::<Vec<_>>();
    check_header(&names)?;
    Ok(names)
}

/// Decodes the columns that the table uses. A row with another number of fields than the header is faulty.
/// Errors: the file is cut short or damaged, or exceeds a limit; those of `each`.
pub(super) fn decode(text: TextReader, input: &DecodeInput, each: BatchSink) -> Result<()> {
    let counters = Rc::<ReadCounters>::default();
    let mut reader = csv_reader(CountingReader { text: text.lines, counters: Rc::clone(&counters), caps: *input.caps });
    counters.begin_record();
    let header = read_header(&mut reader)?;
    counters.begin_record();
    let wanted = wanted(input.source, input.table).map(|(name, _)| name).collect::<Vec<_>>();
    let indices = (0..header.len()).filter(|&i| wanted.contains(&header[i].as_str())).collect::<Vec<_>>();
    let file_schema = text_schema(header.clone());
    let mut cells = TextColumns::new(indices.iter().map(|&i| header[i].clone()).collect(), file_schema, text.transcoded);
    let mut record = csv::ByteRecord::new();
    let mut last_line = 0;
    while reader.read_byte_record(&mut record).map_err(csv_error)? {
        if record.len() != header.len() {
            cells.add_fault(usize::MAX, &format!("the row has {} fields, the header {}", record.len(), header.len()));
        }
        last_line = record.position().map_or(0, csv::Position::line);
        // The record's cells lie end to end, so that one check covers all. Only if it fails is each cell checked by itself.
        let text = simdutf8::basic::from_utf8(record.as_slice()).ok();
        for (column, &index) in indices.iter().enumerate() {
            match text.zip(record.range(index)).and_then(|(text, range)| text.get(range)) {
                Some(cell) => cells.push(column, cell),
                None => cells.push_bytes(column, record.get(index).unwrap_or_default()),
            }
        }
        cells.end_row(each)?;
        counters.begin_record();
    }
    if counters.quotes.get() % 2 == 1 && reader.position().line() > last_line + 1 {
        return Err(Error::new(Kind::Refused, "a quote is opened and never closed: the rest of the file stands in one cell")
            .with("line", last_line)
            .hint("a quote inside a quoted cell is written twice"));
    }
    cells.flush(each)
}

fn csv_error(e: csv::Error) -> Error {
    match e.into_kind() {
        csv::ErrorKind::Io(e) => read_error(e),
        other => Error::new(Kind::Refused, format!("the file is damaged: {other:?}")),
    }
}

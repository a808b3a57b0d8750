//! CSV with a header line.

use super::cells::Cells;
use super::text::{Text, cut_short};
use super::{Each, Input, text_schema, wanted};
use crate::error::{Error, Kind, Result};
use crate::ingest::caps::{COLUMNS, Caps, Passed};
use std::cell::Cell;
use std::io::{BufRead, Read};
use std::rc::Rc;

fn csv_reader<R: Read>(text: R) -> csv::Reader<R> {
    csv::ReaderBuilder::new().flexible(true).from_reader(text)
}

/// A table has named columns; the first line of anything else is caught here.
fn check_head(names: &[String]) -> Result<()> {
    if names.iter().all(|name| name.trim().is_empty()) {
        return Err(Error::new(Kind::Refused, "the file has no header line"));
    }
    if names.len() > COLUMNS {
        return Err(Passed(format!("the file has {} columns: more than {COLUMNS}", names.len())).into());
    }
    if let ([name], Some(mark)) = (names, [';', '\t', '|'].into_iter().find(|mark| names[0].contains(*mark))) {
        return Err(Error::new(Kind::Refused, format!("the columns are parted by {mark:?}, not by commas"))
            .with("found", name.chars().take(200).collect::<String>())
            .hint("export it with commas"));
    }
    Ok(())
}

/// What goes by on the way to the parser, which itself takes a record of any length.
#[derive(Default)]
struct Gauge {
    /// In a whole CSV quotes come in pairs.
    quotes: Cell<u64>,
    bytes: Cell<u64>,
    /// Where the record under way began; the parser reads a little ahead.
    began: Cell<u64>,
    records: Cell<u64>,
}

impl Gauge {
    fn begin(&self) {
        self.began.set(self.bytes.get());
        self.records.set(self.records.get() + 1);
    }
}

struct Gauged {
    text: Box<dyn BufRead>,
    gauge: Rc<Gauge>,
    caps: Caps,
}

impl Read for Gauged {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let gauge = &self.gauge;
        if gauge.bytes.get() - gauge.began.get() > self.caps.line() {
            // The header is no row.
            let row = gauge.records.get() - 1;
            let what = if row == 0 { "the header line".to_owned() } else { format!("row {row}") };
            let what =
                format!("{what} is longer than {} MiB ([quality.caps] line_mb): is a quote opened and never closed?", self.caps.line_mb);
            return Err(Passed(what).into());
        }
        let read = self.text.read(into)?;
        // So few at a time that a byte holds the count: then many bytes are looked at at once.
        let count = |bytes: &[u8]| bytes.iter().map(|byte| u8::from(*byte == b'"')).sum::<u8>();
        let quotes = into[..read].chunks(usize::from(u8::MAX)).map(|bytes| u64::from(count(bytes))).sum::<u64>();
        gauge.quotes.set(gauge.quotes.get() + quotes);
        gauge.bytes.set(gauge.bytes.get() + read as u64);
        Ok(read)
    }
}

/// The names that a file's first line gives its columns.
pub(super) fn header(text: Text, caps: &Caps) -> Result<Vec<String>> {
    let gauge = Rc::<Gauge>::default();
    gauge.begin();
    names(&mut csv_reader(Gauged { text: text.lines, gauge, caps: *caps }))
}

fn names<R: Read>(reader: &mut csv::Reader<R>) -> Result<Vec<String>> {
    let names = reader.byte_headers().map_err(csv_error)?.iter().map(|h| String::from_utf8_lossy(h).into_owned()).collect::<Vec<_>>();
    check_head(&names)?;
    Ok(names)
}

pub(super) fn decode(text: Text, input: &Input, each: Each) -> Result<()> {
    let gauge = Rc::<Gauge>::default();
    let mut reader = csv_reader(Gauged { text: text.lines, gauge: Rc::clone(&gauge), caps: *input.caps });
    gauge.begin();
    let header = names(&mut reader)?;
    gauge.begin();
    let wanted = wanted(input.source, input.table).map(|(name, _)| name).collect::<Vec<_>>();
    let places = (0..header.len()).filter(|&i| wanted.contains(&header[i].as_str())).collect::<Vec<_>>();
    let found = text_schema(header.clone());
    let mut cells = Cells::new(places.iter().map(|&i| header[i].clone()).collect(), found, text.transcoded);
    let mut bytes = csv::ByteRecord::new();
    let mut last_line = 0;
    while reader.read_byte_record(&mut bytes).map_err(csv_error)? {
        if bytes.len() != header.len() {
            cells.broken(usize::MAX, &format!("the row has {} fields, the header {}", bytes.len(), header.len()));
        }
        last_line = bytes.position().map_or(0, csv::Position::line);
        // Looked at once as a whole: its cells end to end. Where they are not UTF-8, each tells for itself.
        let whole = simdutf8::basic::from_utf8(bytes.as_slice()).ok();
        for (column, &place) in places.iter().enumerate() {
            match whole.zip(bytes.range(place)).and_then(|(whole, range)| whole.get(range)) {
                Some(cell) => cells.push(column, cell),
                None => cells.push_bytes(column, bytes.get(place).unwrap_or_default()),
            }
        }
        cells.end_row(each)?;
        gauge.begin();
    }
    if gauge.quotes.get() % 2 == 1 && reader.position().line() > last_line + 1 {
        return Err(Error::new(Kind::Refused, "a quote is opened and never closed: the rest of the file stands in one cell")
            .with("line", last_line)
            .hint("a quote inside a quoted cell is written twice"));
    }
    cells.flush(each)
}

fn csv_error(e: csv::Error) -> Error {
    match e.into_kind() {
        csv::ErrorKind::Io(e) => cut_short(e),
        other => Error::new(Kind::Refused, format!("the file is damaged: {other:?}")),
    }
}

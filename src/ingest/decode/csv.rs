//! CSV with a header line.

use super::cells::Cells;
use super::text::Text;
use super::{Each, text_schema, wanted};
use crate::error::{Error, Kind, Result};
use crate::ingest::table::Table;
use crate::job::Source;
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

/// The names that a file's first line gives its columns.
pub(super) fn header(text: Text) -> Result<Vec<String>> {
    names(&mut csv_reader(text.lines))
}

fn names<R: Read>(reader: &mut csv::Reader<R>) -> Result<Vec<String>> {
    let names = reader.byte_headers().map_err(csv_error)?.iter().map(|h| String::from_utf8_lossy(h).into_owned()).collect::<Vec<_>>();
    check_head(&names)?;
    Ok(names)
}

pub(super) fn decode(text: Text, source: &Source, table: Table, each: Each) -> Result<()> {
    let quotes = Rc::new(Cell::new(0));
    let mut reader = csv_reader(Quotes { text: text.lines, seen: Rc::clone(&quotes) });
    let header = names(&mut reader)?;
    let wanted = wanted(source, table).map(|(name, _)| name).collect::<Vec<_>>();
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
        // A record is UTF-8 or not as a whole; where it is not, its cells tell which.
        bytes = match csv::StringRecord::from_byte_record(bytes) {
            Ok(record) => {
                places.iter().enumerate().for_each(|(column, &place)| cells.push(column, record.get(place).unwrap_or_default()));
                record.into_byte_record()
            }
            Err(e) => {
                let record = e.into_byte_record();
                places.iter().enumerate().for_each(|(column, &place)| cells.push_bytes(column, record.get(place).unwrap_or_default()));
                record
            }
        };
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

//! Decodes CSV files, with or without a header line.

use super::cells::TextColumns;
use super::csv_records::{CsvDialect, CsvReader};
use super::input::{BatchSink, DecodeInput, columns_of, text_schema, wanted};
use super::text::TextReader;
use crate::config::{COLUMNS, LimitExceeded};
use crate::error::{Error, Kind, Result};
use crate::ingest::row_fault::NEEDS_ESCAPE;

/// Lines that are searched for a header if the first one is none.
const SEARCHED: usize = 20;

/// The names of columns without names: "1", "2", ….
pub(super) fn numbers(columns: usize) -> Vec<String> {
    (1..=columns).map(|number| number.to_string()).collect()
}

/// The cells of the first row.
fn read_names(reader: &mut CsvReader, input: &DecodeInput, delimiter: u8) -> Result<Vec<String>> {
    let names = reader.next()?.map(|record| (0..record.len()).map(|cell| String::from_utf8_lossy(record.cell(cell)).into_owned()));
    let names = names.map(Iterator::collect::<Vec<_>>).unwrap_or_default();
    let table = input.table.name();
    if names.iter().all(|name| name.trim().is_empty()) {
        return Err(Error::new(Kind::Refused, "the file has no header line"));
    }
    if names.len() > COLUMNS {
        return Err(LimitExceeded(format!("the file has {} columns: more than {COLUMNS}", names.len())).into());
    }
    reader.columns = names.len();
    if !input.source.header {
        return Ok(names);
    }
    let required = required_names(input);
    let has = |found: &[String], name: &&str| found.iter().any(|found| found == name);
    if required.iter().all(|name| has(&names, name)) {
        return Ok(names);
    }
    let marks = [',', ';', '\t', '|', '\u{1}'].into_iter().filter(|mark| *mark as u8 != delimiter);
    if let ([name], Some(mark)) = (names.as_slice(), marks.into_iter().find(|mark| names[0].contains(*mark))) {
        let written = if delimiter == b',' { "commas".to_owned() } else { format!("{:?}", char::from(delimiter)) };
        return Err(Error::new(Kind::Refused, format!("the columns are parted by {mark:?}, not by {written}"))
            .with("found", name.chars().take(200).collect::<String>())
            .hint(format!("set delimiter = {} under [{table}]", in_toml(mark))));
    }
    refuse_title_lines(reader, &required, table)?;
    Ok(names)
}

/// A character as TOML writes it.
fn in_toml(mark: char) -> String {
    match mark {
        '\t' => "\"\\t\"".to_owned(),
        mark if mark.is_control() => format!("\"\\u{:04x}\"", mark as u32),
        mark => format!("\"{mark}\""),
    }
}

/// The names that a header must have.
fn required_names<'a>(input: &DecodeInput<'a>) -> Vec<&'a str> {
    let columns = columns_of(input.source, input.table).into_iter().zip(wanted(input.source, input.table));
    let needed = columns.filter(|(column, _)| column.required && !input.source.gives(column.name));
    needed.map(|(_, (name, _))| name).collect()
}

/// Errors: one of the next lines is the header; the error tells how many lines to skip before it and at the end of the file.
fn refuse_title_lines(reader: &mut CsvReader, required: &[&str], table: &str) -> Result<()> {
    for skipped in 1..=SEARCHED {
        let Some(record) = reader.next()? else { return Ok(()) };
        let columns = record.len();
        let is_header = required.iter().all(|name| (0..columns).any(|cell| record.cell(cell) == name.as_bytes()));
        if !is_header {
            continue;
        }
        let line = record.line;
        let (mut rows, mut last_fitting) = (0, 0);
        while let Some(record) = reader.next()? {
            rows += 1;
            if record.len() == columns {
                last_fitting = rows;
            }
        }
        let foot = match rows - last_fitting {
            0 => String::new(),
            more => format!(" and skip_end = {more}"),
        };
        return Err(Error::new(Kind::Refused, format!("the header stands in line {line}, after {skipped} other lines"))
            .hint(format!("set skip_rows = {}{foot} under [{table}]", line - 1)));
    }
    Ok(())
}

/// Decodes the columns that the table uses. A row with another number of fields than the header is faulty.
/// Errors: the file is cut short or damaged, or exceeds a limit; those of `each`.
pub(super) fn decode(text: TextReader, input: &DecodeInput, each: BatchSink) -> Result<()> {
    let dialect = CsvDialect::new(input.source);
    let mut reader = CsvReader::new(text.lines, dialect, *input.caps)?;
    let mut header = read_names(&mut reader, input, dialect.delimiter)?;
    let mut first = None;
    if !input.source.header {
        first = Some(std::mem::replace(&mut header, numbers(reader.columns)));
    }
    let wanted = wanted(input.source, input.table).map(|(name, _)| name).collect::<Vec<_>>();
    let indices = (0..header.len()).filter(|&i| wanted.contains(&header[i].as_str())).collect::<Vec<_>>();
    let file_schema = text_schema(header.clone());
    let mut cells = TextColumns::new(indices.iter().map(|&i| header[i].clone()).collect(), file_schema, text.transcoded);
    if let Some(row) = first {
        indices.iter().enumerate().for_each(|(column, &index)| cells.push(column, &row[index]));
        cells.end_row(each)?;
    }
    let mut has_warned = false;
    while let Some(record) = reader.next()? {
        if record.holds_records && !std::mem::replace(&mut has_warned, true) {
            cells.warn(format!("line {}: a quoted cell holds whole rows; is a quote missing before it?", record.line));
        }
        let (count, fault) = (record.len(), record.fault);
        // The record's cells lie end to end, so that one check covers all. Only if it fails is each cell checked by itself.
        let text = simdutf8::basic::from_utf8(record.text()).ok();
        for (column, &index) in indices.iter().enumerate() {
            match text.zip(record.place(index)).and_then(|(text, place)| text.get(place)) {
                Some(cell) => cells.push(column, cell),
                None => cells.push_bytes(column, record.cell(index)),
            }
        }
        if let Some(fault) = fault {
            cells.add_fault(usize::MAX, fault);
        } else if count != header.len() {
            let reason = if reader.fits_escaped() { NEEDS_ESCAPE.to_owned() } else { fields(count, header.len()) };
            cells.add_fault(usize::MAX, &reason);
        }
        cells.end_row(each)?;
    }
    cells.flush(each)
}

fn fields(found: usize, header: usize) -> String {
    format!("the row has {found} fields, the header {header}")
}

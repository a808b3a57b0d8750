//! Decodes JSON files: one object per line, or one array of objects.

use super::cells::{KnownKeys, TextColumns};
use super::input::{BatchSink, DecodeInput, source_columns};
use super::json_row::{RowSeed, WantedKeys};
use super::text::{TextReader, read_error};
use crate::config::{LimitExceeded, Limits};
use crate::error::{Error, Kind, Result};
use crate::privacy::unquoted;
use serde::Deserializer;
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt::Formatter;
use std::io::{BufRead, Read};
use std::rc::Rc;

/// Reads the next line and counts it in `number`; false at the end. Errors: the line exceeds its limit, or the file is cut short.
fn read_line(text: &mut dyn BufRead, line: &mut Vec<u8>, number: &mut u64, caps: &Limits) -> Result<bool> {
    line.clear();
    *number += 1;
    let read = text.take(caps.record_bytes()).read_until(b'\n', line).map_err(read_error)? as u64;
    if read == caps.record_bytes() && line.last() != Some(&b'\n') {
        return Err(LimitExceeded(format!("line {number} is longer than {} MiB ([quality.caps] line_mb)", caps.line_mb)).into());
    }
    Ok(read > 0)
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

/// Whether the file is an array of objects and not one object per line.
fn is_array(text: &mut TextReader) -> Result<bool> {
    let head = text.lines.fill_buf().map_err(read_error)?;
    Ok(head.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'['))
}

/// Decodes the columns of the table; other keys are skipped. A line or element that is not a JSON object is faulty.
/// Errors: the file is cut short or damaged, or exceeds a limit; those of `each`.
pub(super) fn decode(mut text: TextReader, input: &DecodeInput, each: BatchSink) -> Result<()> {
    let columns = source_columns(input.source, input.table);
    let names = columns.iter().map(|(name, ..)| (*name).to_owned()).collect::<Vec<_>>();
    let types = columns.iter().map(|(_, of, _)| *of).collect::<Vec<_>>();
    let optional = columns.iter().map(|(.., optional)| *optional).collect();
    let mut cells = TextColumns::headless(names.clone(), KnownKeys::new(optional), Rc::clone(&text.transcoded));
    let has_nested = names.iter().any(|name| name.contains('.'));
    let wanted = WantedKeys { names: &names, types: &types, has_nested };
    if is_array(&mut text)? {
        return decode_array(text, input.caps, &wanted, cells, each);
    }
    let (mut line, mut number) = (Vec::new(), 0);
    while read_line(&mut text.lines, &mut line, &mut number, input.caps)? {
        if is_blank(&line) {
            continue;
        }
        let mut current_column = usize::MAX;
        // One UTF-8 check covers the line. Given bytes, the parser would check every string by itself.
        let result = match simdutf8::basic::from_utf8(&line) {
            Ok(line) => {
                let mut json = serde_json::Deserializer::from_str(line);
                let row = RowSeed { cells: &mut cells, wanted: &wanted, prefix: "", current_column: &mut current_column };
                let result = row.deserialize(&mut json).and_then(|()| json.end());
                result.map_err(|e| format!("not a JSON object: {e}"))
            }
            Err(_) => Err("not UTF-8 (is the file in another encoding? set `encoding`)".to_owned()),
        };
        if let Err(reason) = result {
            cells.cut_row(current_column, &reason);
        }
        cells.end_row(each)?;
    }
    cells.flush(each)
}

/// Decodes an array of objects, element by element.
fn decode_array(text: TextReader, caps: &Limits, wanted: &WantedKeys, mut cells: TextColumns, each: BatchSink) -> Result<()> {
    let (left, number) = (Rc::new(Cell::new(caps.record_bytes())), Rc::new(Cell::new(1)));
    let capped = CappedReader { inner: text.lines, left: Rc::clone(&left), number: Rc::clone(&number), caps: *caps };
    let mut failed = None;
    let rows = ArrayRows {
        cells: &mut cells,
        wanted,
        each: &mut *each,
        failed: &mut failed,
        next_row: &mut || {
            left.set(caps.record_bytes());
            number.set(number.get() + 1);
        },
    };
    let mut json = serde_json::Deserializer::from_reader(std::io::BufReader::new(capped));
    let read = json.deserialize_seq(rows).and_then(|()| json.end());
    match (failed, read) {
        (Some(error), _) => Err(error),
        (None, Err(e)) => Err(json_error(e)),
        (None, Ok(())) => cells.flush(each),
    }
}

/// The error for an array that cannot be read to its end.
fn json_error(e: serde_json::Error) -> Error {
    if e.is_io() {
        return read_error(e.into());
    }
    Error::new(Kind::Refused, format!("the file is no array of JSON objects: {}", unquoted(&e.to_string())))
        .hint("a .json file holds one array of objects, or one object per line")
}

/// Fails if an element of an array is longer than a line may be.
struct CappedReader {
    inner: Box<dyn BufRead>,
    /// Bytes left of the element's limit.
    left: Rc<Cell<u64>>,
    /// The number of the element, from 1.
    number: Rc<Cell<u64>>,
    caps: Limits,
}

impl Read for CappedReader {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(into)?;
        let Some(left) = self.left.get().checked_sub(read as u64) else {
            let what = format!("element {} is longer than {} MiB ([quality.caps] line_mb)", self.number.get(), self.caps.line_mb);
            return Err(LimitExceeded(what).into());
        };
        self.left.set(left);
        Ok(read)
    }
}

/// Deserializes the elements of an array into rows.
struct ArrayRows<'a, 'b> {
    cells: &'a mut TextColumns,
    wanted: &'a WantedKeys<'a>,
    each: BatchSink<'b>,
    /// The error of `each`, which is not one of the parser.
    failed: &'a mut Option<Error>,
    /// Called after each element.
    next_row: &'a mut dyn FnMut(),
}

impl<'de> Visitor<'de> for ArrayRows<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter) -> std::fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> std::result::Result<(), A::Error> {
        loop {
            let mut current_column = usize::MAX;
            let row = RowSeed { cells: self.cells, wanted: self.wanted, prefix: "", current_column: &mut current_column };
            if array.next_element_seed(row)?.is_none() {
                return Ok(());
            }
            (self.next_row)();
            if let Err(error) = self.cells.end_row(self.each) {
                *self.failed = Some(error);
                return Err(serde::de::Error::custom("a batch failed"));
            }
        }
    }
}

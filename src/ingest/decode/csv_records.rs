//! Cuts CSV text into records. A line without a quote is a record and is cut at its delimiters; `csv-core` takes the quotes out of the others.
//!
//! A parser of CSV alone would follow a quote that somebody typed into a chat through the rest of the file. Here a quoted cell has to close
//! before a delimiter or a line end; the lines of a record that breaks this are read one by one.

use super::text::read_error;
use crate::config::{LimitExceeded, Limits, SourceConfig};
use crate::error::Result;
use crate::ingest::row_fault::NEEDS_ESCAPE;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use memchr::{memchr, memchr_iter, memchr2, memmem};
use std::collections::VecDeque;
use std::io::{BufRead, Read};
use std::ops::Range;

/// The characters that structure a CSV file.
#[derive(Clone, Copy)]
pub(super) struct CsvDialect {
    pub(super) delimiter: u8,
    quote: u8,
    escape: Option<u8>,
    comment: Option<u8>,
    /// Lines before the header, and lines after the last row.
    skip: (usize, usize),
}

impl CsvDialect {
    pub(super) fn new(source: &SourceConfig) -> CsvDialect {
        let mark = |mark: Option<crate::config::Mark>| mark.map(|mark| mark.0);
        CsvDialect {
            delimiter: mark(source.delimiter).unwrap_or(b','),
            quote: mark(source.quote).unwrap_or(b'"'),
            escape: mark(source.escape),
            comment: mark(source.comment),
            skip: (source.skip_rows, source.skip_end),
        }
    }

    fn parser(&self, escape: Option<u8>) -> Reader {
        ReaderBuilder::new().delimiter(self.delimiter).quote(self.quote).escape(escape).terminator(Terminator::Any(b'\n')).build()
    }

    /// How the quotes of a line end. `open`: the line begins within a quoted cell.
    fn quoting(&self, line: &[u8], open: bool) -> Quoting {
        let line = without_end(line);
        let (mut at, mut inside) = (0, open);
        while let Some(rest) = line.get(at..) {
            if !inside {
                if rest.first() == Some(&self.quote) {
                    (inside, at) = (true, at + 1);
                } else {
                    let Some(length) = memchr(self.delimiter, rest) else { return Quoting::Balanced };
                    at += length + 1;
                }
                continue;
            }
            let Some(found) = memchr2(self.quote, self.escape.unwrap_or(self.quote), rest) else { return Quoting::Open };
            let (mark, next) = (rest[found], rest.get(found + 1).copied());
            at += found + 2;
            if mark != self.quote || next == Some(self.quote) {
                continue;
            }
            match next {
                None => return Quoting::Balanced,
                Some(next) if next == self.delimiter => inside = false,
                Some(_) => return Quoting::Broken,
            }
        }
        if inside { Quoting::Open } else { Quoting::Balanced }
    }
}

/// How the quotes of a line end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    /// Every quoted cell closes before a delimiter or at the line's end.
    Balanced,
    /// A quoted cell goes on in the next line.
    Open,
    /// A quote closes in the middle of a cell.
    Broken,
}

/// The cells of a record, one after another.
#[derive(Default)]
pub(super) struct CsvRecord {
    /// The text of the cells, perhaps with delimiters between them.
    text: Vec<u8>,
    cells: Vec<Range<usize>>,
    /// Room for the ends of the cells while they are parsed.
    ends: Vec<usize>,
    /// The number of the record's first line in the file, from 1.
    pub(super) line: u64,
    /// Why the record cannot be used, as the quarantine table shows it.
    pub(super) fault: Option<&'static str>,
    /// Whether a cell of the record holds lines that have as many cells as the header.
    pub(super) holds_records: bool,
}

impl CsvRecord {
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// The bytes of a cell; empty if the record has fewer.
    pub(super) fn cell(&self, index: usize) -> &[u8] {
        self.cells.get(index).map_or(&[], |range| &self.text[range.clone()])
    }

    /// The text of all cells at once, for one check of its encoding, and the place of a cell in it.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    pub(super) fn place(&self, index: usize) -> Option<Range<usize>> {
        self.cells.get(index).cloned()
    }

    /// Cuts a line at its delimiters; quotes are ordinary characters.
    fn cut(&mut self, line: &[u8], delimiter: u8) {
        let line = without_end(line);
        self.text.clear();
        self.text.extend_from_slice(line);
        self.cells.clear();
        let mut start = 0;
        for end in memchr_iter(delimiter, line) {
            self.cells.push(start..end);
            start = end + 1;
        }
        self.cells.push(start..line.len());
    }

    /// Parses the lines of a record, quotes and all.
    fn parse(&mut self, lines: &[u8], parser: &mut Reader) {
        let lines = without_end(lines);
        parser.reset();
        self.text.resize(lines.len() + 1, 0);
        self.ends.resize(lines.len() + 1, 0);
        let (mut read, mut written, mut count) = (0, 0, 0);
        loop {
            let (result, more, bytes, cells) = parser.read_record(&lines[read..], &mut self.text[written..], &mut self.ends[count..]);
            (read, written, count) = (read + more, written + bytes, count + cells);
            // The last line of a file may have no end: then the empty rest ends the record.
            if result != ReadRecordResult::InputEmpty {
                break;
            }
        }
        self.text.truncate(written);
        self.cells.clear();
        let mut start = 0;
        for end in &self.ends[..count] {
            self.cells.push(start..*end);
            start = *end;
        }
    }
}

/// Reads the records of a CSV file.
pub(super) struct CsvReader {
    lines: LineReader,
    dialect: CsvDialect,
    parser: Reader,
    /// The cells of the header; 0 until it has been read.
    pub(super) columns: usize,
    /// Lines of an unbalanced record, which are read one by one, each with its number.
    alone: VecDeque<(u64, Vec<u8>)>,
    /// The lines of the current record.
    raw: Vec<u8>,
    record: CsvRecord,
}

impl CsvReader {
    /// Skips the lines before the header. Errors: the file cannot be read.
    pub(super) fn new(text: Box<dyn BufRead>, dialect: CsvDialect, caps: Limits) -> Result<CsvReader> {
        let mut lines = LineReader::new(text, caps, dialect.skip.1)?;
        let mut raw = Vec::new();
        for _ in 0..dialect.skip.0 {
            raw.clear();
            lines.next(&mut raw)?;
        }
        lines.rows = 0;
        Ok(CsvReader {
            lines,
            dialect,
            parser: dialect.parser(dialect.escape),
            columns: 0,
            alone: VecDeque::new(),
            raw,
            record: CsvRecord::default(),
        })
    }

    /// The next record; `None` at the end. Blank lines and comments are no records. Errors: a line is too long, the file is damaged.
    pub(super) fn next(&mut self) -> Result<Option<&CsvRecord>> {
        self.record.fault = None;
        self.record.holds_records = false;
        if let Some((number, line)) = self.alone.pop_front() {
            self.record.line = number;
            self.raw = line;
            self.read_alone();
            return Ok(Some(&self.record));
        }
        loop {
            self.raw.clear();
            if !self.lines.next(&mut self.raw)? {
                return Ok(None);
            }
            let is_comment = self.dialect.comment.is_some_and(|mark| self.raw.first() == Some(&mark));
            if !is_comment && !is_blank(&self.raw) {
                break;
            }
        }
        self.lines.rows += 1;
        self.record.line = self.lines.number;
        if memchr(self.dialect.quote, &self.raw).is_none() {
            self.record.cut(&self.raw, self.dialect.delimiter);
            return Ok(Some(&self.record));
        }
        self.read_quoted()?;
        Ok(Some(&self.record))
    }

    /// Reads a record that begins with the current line, which has quotes.
    fn read_quoted(&mut self) -> Result<()> {
        let first = self.lines.number;
        let mut ends = vec![self.raw.len()];
        let mut quoting = self.dialect.quoting(&self.raw, false);
        while quoting == Quoting::Open && (self.raw.len() as u64) < self.lines.caps.record_bytes() {
            let start = self.raw.len();
            if !self.lines.next(&mut self.raw)? {
                break;
            }
            ends.push(self.raw.len());
            quoting = self.dialect.quoting(&self.raw[start..], true);
        }
        if quoting == Quoting::Balanced {
            self.record.parse(&self.raw, &mut self.parser);
            // Of the last line, what stands before a quote belongs to the cell.
            let inner = ends.windows(2).map(|pair| &self.raw[pair[0]..pair[1]]);
            let cells = |line: &[u8]| {
                let end = memchr(self.dialect.quote, line).unwrap_or(line.len());
                memchr_iter(self.dialect.delimiter, &line[..end]).count() + 1
            };
            self.record.holds_records = self.columns > 1 && inner.into_iter().any(|line| cells(line) == self.columns);
            return Ok(());
        }
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let lines = starts.zip(&ends).map(|(start, end)| self.raw[start..*end].to_vec());
        self.alone = (first..).zip(lines).filter(|(_, line)| !is_blank(line)).collect();
        if let Some((_, line)) = self.alone.pop_front() {
            self.raw = line;
            self.read_alone();
        }
        Ok(())
    }

    /// Reads the current line, which is one of a record whose quotes are unbalanced.
    fn read_alone(&mut self) {
        if self.dialect.quoting(&self.raw, false) == Quoting::Balanced {
            return self.record.parse(&self.raw, &mut self.parser);
        }
        if self.fits_escaped() {
            self.record.fault = Some(NEEDS_ESCAPE);
        }
        self.record.cut(&self.raw, self.dialect.delimiter);
        if self.record.fault.is_none() && self.record.len() != self.columns && self.columns > 0 {
            self.record.fault = Some("a quote is opened and never closed, or it closes in the middle of a cell");
        }
    }

    /// Whether the current line has as many cells as the header if a backslash escapes the character after it.
    pub(super) fn fits_escaped(&self) -> bool {
        let escaped = [b'\\', self.dialect.quote];
        if self.dialect.escape.is_some() || self.columns == 0 || memmem::find(&self.raw, &escaped).is_none() {
            return false;
        }
        let mut record = CsvRecord::default();
        record.parse(&self.raw, &mut self.dialect.parser(Some(b'\\')));
        record.len() == self.columns
    }
}

/// A line without its end.
fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn is_blank(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n" | b"\r" | b"")
}

/// Reads the lines of a text, each within its limit, and withholds the last ones.
struct LineReader {
    text: Box<dyn BufRead>,
    caps: Limits,
    /// The last byte of a line: a carriage return in files that have no line feeds.
    end: u8,
    /// The number of the line handed out last, from 1.
    number: u64,
    /// The number of the line read last, and how many lines that are not blank wait in `withheld`.
    read: u64,
    waiting: usize,
    /// The records begun, for messages; the header counts.
    rows: u64,
    /// Lines that are at the foot of the file, as far as is known, each with its number.
    withheld: VecDeque<(u64, Vec<u8>)>,
    skip_end: usize,
}

impl LineReader {
    fn new(mut text: Box<dyn BufRead>, caps: Limits, skip_end: usize) -> Result<LineReader> {
        let head = text.fill_buf().map_err(read_error)?;
        let end = if memchr(b'\n', head).is_none() && memchr(b'\r', head).is_some() { b'\r' } else { b'\n' };
        Ok(LineReader { text, caps, end, number: 0, read: 0, waiting: 0, rows: 0, withheld: VecDeque::new(), skip_end })
    }

    /// Appends the next line to `line`; false at the end.
    fn next(&mut self, line: &mut Vec<u8>) -> Result<bool> {
        if self.skip_end == 0 {
            let is_line = self.read(line)?;
            self.number = self.read;
            return Ok(is_line);
        }
        while self.waiting <= self.skip_end {
            let mut next = Vec::new();
            if !self.read(&mut next)? {
                return Ok(false);
            }
            self.waiting += usize::from(!is_blank(&next));
            self.withheld.push_back((self.read, next));
        }
        let (number, next) = self.withheld.pop_front().unwrap_or_default();
        self.waiting -= usize::from(!is_blank(&next));
        self.number = number;
        line.extend(next);
        Ok(true)
    }

    fn read(&mut self, line: &mut Vec<u8>) -> Result<bool> {
        let limit = self.caps.record_bytes();
        let read = (&mut self.text).take(limit).read_until(self.end, line).map_err(read_error)? as u64;
        if read == limit && line.last() != Some(&self.end) {
            let what = if self.rows == 0 { "the header line".to_owned() } else { format!("row {}", self.rows) };
            let why =
                format!("{what} is longer than {} MiB ([quality.caps] line_mb): is a quote opened and never closed?", self.caps.line_mb);
            return Err(LimitExceeded(why).into());
        }
        self.read += 1;
        Ok(read > 0)
    }
}

//! Decodes workbooks (`.xlsx`, `.xls`): the cells of one sheet as text, row by row. The `calamine` crate reads them. A sheet of an `.xlsx` is
//! streamed; its shared texts, and an `.xls` as a whole, are held in memory, which is why their size is checked first.

use super::cells::TextColumns;
use super::csv::numbers;
use super::input::{BatchSink, DecodeInput, text_schema, wanted};
use super::text::{Transcoded, refuse_web_page};
use crate::config::{COLUMNS, InputFormat, LimitExceeded, MIB};
use crate::error::{Error, Kind, Result};
use crate::memory;
use bytes::Bytes;
use calamine::{DataType, Reader, Xls, Xlsx};
use std::collections::VecDeque;
use std::io::{Cursor, Read};

/// From here on a spreadsheet has rounded a whole number: it keeps 15 digits.
const ROUNDED: f64 = 1e15;

/// The largest share of the memory limit that the texts of a workbook may take: one part of this many.
const SHARE: usize = 4;

/// How many times its size an `.xls` takes in memory.
const XLS_UNFOLDS: usize = 8;

/// Receives the rows of a sheet that are not blank, each with the texts of its cells; false to stop.
type RowSink<'a> = &'a mut dyn FnMut(&[String]) -> Result<bool>;

/// The column names of a sheet: its first row, or numbers.
fn named(first: Vec<String>, input: &DecodeInput) -> Result<Vec<String>> {
    if first.is_empty() {
        return Err(Error::new(Kind::Refused, "the sheet has no header row"));
    }
    if first.len() > COLUMNS {
        return Err(LimitExceeded(format!("the sheet has {} columns: more than {COLUMNS}", first.len())).into());
    }
    Ok(if input.source.header { first } else { numbers(first.len()) })
}

/// Decodes the columns that the table uses. Errors: the file is no workbook, is damaged, or exceeds a limit; those of `each`.
pub(super) fn decode(input: &DecodeInput, format: InputFormat, each: BatchSink) -> Result<()> {
    let wanted = wanted(input.source, input.table).map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    let mut columns: Option<(TextColumns, Vec<usize>)> = None;
    let mut foot: VecDeque<Vec<String>> = VecDeque::new();
    rows(input, format, &mut |row| {
        let Some((cells, indices)) = &mut columns else {
            let header = named(row.to_vec(), input)?;
            let indices = (0..header.len()).filter(|&i| wanted.contains(&header[i])).collect::<Vec<_>>();
            let names = indices.iter().map(|&i| header[i].clone()).collect();
            columns = Some((TextColumns::new(names, text_schema(header), Transcoded::default()), indices));
            if !input.source.header {
                foot.push_back(row.to_vec());
            }
            return Ok(true);
        };
        foot.push_back(row.to_vec());
        if foot.len() > input.source.skip_end {
            push(cells, indices, &foot.pop_front().unwrap_or_default(), each)?;
        }
        Ok(true)
    })?;
    let Some((mut cells, indices)) = columns else { return Err(Error::new(Kind::Refused, "the sheet has no header row")) };
    while foot.len() > input.source.skip_end {
        push(&mut cells, &indices, &foot.pop_front().unwrap_or_default(), each)?;
    }
    cells.flush(each)
}

/// Adds a row.
fn push(cells: &mut TextColumns, indices: &[usize], row: &[String], each: BatchSink) -> Result<()> {
    for (column, &index) in indices.iter().enumerate() {
        cells.push(column, row.get(index).map_or("", String::as_str));
    }
    cells.end_row(each)
}

/// Passes on the rows of the sheet after `skip_rows`.
fn rows(input: &DecodeInput, format: InputFormat, each: RowSink) -> Result<()> {
    // A sheet of an old workbook unfolds as a whole, blank cells included.
    let unfolds = if format == InputFormat::Xls { XLS_UNFOLDS } else { 1 };
    check_size(input.file.size() as usize * unfolds)?;
    let bytes = input.store.get(&input.file.key)?;
    refuse_web_page(&bytes)?;
    match format {
        InputFormat::Xls => rows_of_xls(bytes, input, each),
        _ => rows_of_xlsx(bytes, input, each),
    }
}

fn rows_of_xlsx(bytes: Bytes, input: &DecodeInput, each: RowSink) -> Result<()> {
    let mut texts = None;
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).map_err(no_workbook)?;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(no_workbook)?;
        if entry.size() > input.caps.decompressed_bytes(input.file.size()) {
            return Err(
                LimitExceeded(format!("the workbook unfolds to {} bytes ([quality.caps] file_gb and expansion)", entry.size())).into()
            );
        }
        if entry.name().to_ascii_lowercase().ends_with("sharedstrings.xml") {
            check_size(bytes.len() + entry.size() as usize)?;
            texts = Some(index);
        }
    }
    // What the archive says of a size may be less than what unfolds.
    if let Some(index) = texts {
        let room = memory::limit() / SHARE - bytes.len().min(memory::limit() / SHARE);
        let entry = archive.by_index(index).map_err(no_workbook)?;
        let unfolded = std::io::copy(&mut entry.take(room as u64 + 1), &mut std::io::sink()).map_err(no_workbook)?;
        check_size(bytes.len() + unfolded as usize)?;
    }
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(no_workbook)?;
    let sheet = sheet(&book.sheet_names(), input)?;
    let mut reader = book.worksheet_cells_reader(&sheet).map_err(no_workbook)?;
    let mut current = SheetRow::default();
    while let Some(cell) = reader.next_cell().map_err(no_workbook)? {
        let (row, column) = cell.get_position();
        if row != current.number && !current.pass_on(input.source.skip_rows, each)? {
            return Ok(());
        }
        current.put(row, column as usize, text(cell.get_value()))?;
    }
    current.pass_on(input.source.skip_rows, each).map(drop)
}

fn rows_of_xls(bytes: Bytes, input: &DecodeInput, each: RowSink) -> Result<()> {
    let mut book = Xls::new(Cursor::new(bytes)).map_err(no_workbook)?;
    let sheet = sheet(&book.sheet_names(), input)?;
    let range = book.worksheet_range(&sheet).map_err(no_workbook)?;
    let (top, left) = range.start().unwrap_or_default();
    let mut current = SheetRow::default();
    for (row, column, value) in range.used_cells() {
        let (row, column) = (top + row as u32, left as usize + column);
        if row != current.number && !current.pass_on(input.source.skip_rows, each)? {
            return Ok(());
        }
        current.put(row, column, text(value))?;
    }
    current.pass_on(input.source.skip_rows, each).map(drop)
}

/// The row of a sheet whose cells are being read.
#[derive(Default)]
struct SheetRow {
    /// Its number, from 0.
    number: u32,
    cells: Vec<String>,
    /// The row and column of the cell read last.
    last: Option<(u32, usize)>,
}

impl SheetRow {
    fn put(&mut self, row: u32, column: usize, text: String) -> Result<()> {
        if self.last.is_some_and(|last| (row, column) <= last) {
            return Err(Error::new(Kind::Refused, format!("the workbook is damaged: row {} stands twice or in the wrong order", row + 1)));
        }
        self.last = Some((row, column));
        self.number = row;
        if column >= COLUMNS {
            return Err(LimitExceeded(format!("the sheet has more than {COLUMNS} columns")).into());
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        self.cells[column] = text;
        Ok(())
    }

    /// Passes the row on unless it is blank or skipped, and empties it. Returns whether more rows are wanted.
    fn pass_on(&mut self, skipped: usize, each: RowSink) -> Result<bool> {
        let is_blank = self.cells.iter().all(String::is_empty);
        let goes_on = is_blank || (self.number as usize) < skipped || each(&self.cells)?;
        self.cells.clear();
        Ok(goes_on)
    }
}

/// The sheet to read: the one that the source names, else the first.
fn sheet(names: &[String], input: &DecodeInput) -> Result<String> {
    let found = match &input.source.sheet {
        Some(wanted) => names.iter().find(|name| *name == wanted),
        None => names.first(),
    };
    found.cloned().ok_or_else(|| {
        let wanted = input.source.sheet.as_deref().unwrap_or("at all");
        Error::new(Kind::Refused, format!("the workbook has no sheet {wanted}"))
            .with("found", names.join(", "))
            .hint(format!("set sheet = \"…\" under [{}]", input.table.name()))
    })
}

/// The text of a cell. A number that has lost digits is written with an exponent, so that it cannot pass for an id.
fn text(value: &impl DataType) -> String {
    if let Some(text) = value.get_string() {
        return text.to_owned();
    }
    if let Some(time) = value.get_datetime().filter(|time| time.is_datetime()) {
        let (year, month, day, hour, minute, second, ms) = time.to_ymd_hms_milli();
        return format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03}");
    }
    match value.as_f64() {
        Some(number) if number.abs() >= ROUNDED => {
            let text = format!("{number:E}");
            text.replacen('E', "E+", 1)
        }
        Some(number) => number.to_string(),
        None if value.is_empty() => String::new(),
        None => match (value.get_datetime_iso(), value.get_bool()) {
            (Some(time), _) => time.to_owned(),
            (_, Some(truth)) => truth.to_string(),
            // The error of a formula is no value, and must not pass for an empty cell.
            _ => value.get_error().map_or_else(|| "#N/A".to_owned(), ToString::to_string),
        },
    }
}

/// Errors: so many bytes of texts do not fit into the memory limit.
fn check_size(bytes: usize) -> Result<()> {
    let room = memory::limit() / SHARE;
    if bytes <= room {
        return Ok(());
    }
    let needed = (bytes * SHARE) >> 20;
    Err(LimitExceeded(format!("the workbook's texts take {} MiB: more than a quarter of the memory limit", bytes as u64 / MIB)).into())
        .map_err(|e: Error| e.hint(format!("save it as CSV, or run with --memory-limit {}MB", needed + 1)))
}

fn no_workbook(e: impl std::fmt::Display) -> Error {
    Error::new(Kind::Refused, format!("the file is no workbook, or it is damaged: {e}"))
        .hint("set `format` to what it is; a download that failed often leaves an error page behind")
}

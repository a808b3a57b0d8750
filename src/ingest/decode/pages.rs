//! What a Parquet file says of itself, looked at before anything is allocated for it.

use super::thrift::{LIST, STRUCT, Thrift};
use crate::ingest::caps::{COLUMNS, MIB, PAGE, Passed, ROWS_PER_BYTE, SCHEMA_DEPTH};
use parquet::file::metadata::ParquetMetaData;

/// The schema in a footer: not too deep and not too wide for its parser. A footer that cannot be followed is left for the parser to refuse.
pub(super) fn check_schema(footer: &[u8]) -> Result<(), Passed> {
    let mut thrift = Thrift::new(footer);
    let mut last = 0;
    while let Some(Some((id, of))) = thrift.field(&mut last) {
        if (id, of) == (2, LIST) {
            return check_elements(&mut thrift);
        }
        if thrift.skip(of).is_none() {
            break;
        }
    }
    Ok(())
}

/// Elements come depth first, each with the number of its children.
fn check_elements(thrift: &mut Thrift) -> Result<(), Passed> {
    let Some((length, STRUCT)) = thrift.list() else { return Ok(()) };
    // Of each level, the elements still to come.
    let mut open: Vec<i64> = Vec::new();
    let mut leaves = 0;
    for _ in 0..length {
        let Some(children) = children(thrift) else { return Ok(()) };
        while open.last() == Some(&0) {
            open.pop();
        }
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        if children > 0 {
            open.push(children);
        } else {
            leaves += 1;
        }
        if open.len() > SCHEMA_DEPTH {
            return Err(Passed(format!("the schema nests more than {SCHEMA_DEPTH} levels deep")));
        }
        if leaves > COLUMNS {
            return Err(Passed(format!("the file has more than {COLUMNS} columns")));
        }
    }
    Ok(())
}

/// The number of children of a schema element.
fn children(thrift: &mut Thrift) -> Option<i64> {
    let (mut last, mut children) = (0, 0);
    while let Some((id, of)) = thrift.field(&mut last)? {
        match (id, of) {
            (5, 5) => children = thrift.int()?,
            _ => thrift.skip(of)?,
        }
    }
    Some(children)
}

/// Row counts and places are those of a file of `size` bytes.
pub(super) fn check_metadata(metadata: &ParquetMetaData, size: u64) -> Result<(), Passed> {
    let mut rows = 0i64;
    for (number, group) in metadata.row_groups().iter().enumerate() {
        let wrong = |what: &str| Passed(format!("the Parquet file is damaged: row group {number} {what}"));
        rows = Some(group.num_rows()).filter(|rows| *rows >= 0).and_then(|more| rows.checked_add(more)).ok_or(wrong("has no row count"))?;
        for column in group.columns() {
            let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
            let end = start.checked_add(column.compressed_size()).filter(|end| 0 <= start && start <= *end);
            if end.is_none_or(|end| end.unsigned_abs() > size) {
                return Err(wrong("lies outside the file"));
            }
        }
    }
    if rows != metadata.file_metadata().num_rows() {
        return Err(Passed("the Parquet file is damaged: its row groups do not add up to its rows".into()));
    }
    if rows.unsigned_abs() > size.saturating_mul(ROWS_PER_BYTE) {
        return Err(Passed(format!("the file claims {rows} rows in {size} bytes: more than {ROWS_PER_BYTE} a byte")));
    }
    Ok(())
}

/// What a page header says.
#[derive(Default)]
struct Header {
    uncompressed: i64,
    compressed: i64,
    /// Values of a dictionary.
    entries: i64,
}

/// The pages of a column chunk, as their headers tell: memory is taken for what they claim, before what they hold is looked at.
/// A header that cannot be followed is left for the parser to refuse.
pub(super) fn check_pages(chunk: &[u8]) -> Result<(), Passed> {
    let mut at = 0;
    while let Some(rest) = chunk.get(at..).filter(|rest| !rest.is_empty()) {
        let mut thrift = Thrift::new(rest);
        let Some(header) = header(&mut thrift) else { return Ok(()) };
        if header.uncompressed.unsigned_abs() > PAGE {
            return Err(Passed(format!("a page claims {} bytes: more than {} MiB", header.uncompressed, PAGE / MIB)));
        }
        if header.entries > header.uncompressed {
            return Err(Passed(format!("a dictionary claims {} values in {} bytes", header.entries, header.uncompressed)));
        }
        let Ok(compressed) = usize::try_from(header.compressed) else { return Ok(()) };
        at = at.saturating_add(thrift.at).saturating_add(compressed);
    }
    Ok(())
}

fn header(thrift: &mut Thrift) -> Option<Header> {
    let (mut header, mut last) = (Header::default(), 0);
    while let Some((id, of)) = thrift.field(&mut last)? {
        match (id, of) {
            (2, 5) => header.uncompressed = thrift.int()?,
            (3, 5) => header.compressed = thrift.int()?,
            (7, STRUCT) => header.entries = first_int(thrift)?,
            _ => thrift.skip(of)?,
        }
    }
    Some(header)
}

/// Field 1 of a struct.
fn first_int(thrift: &mut Thrift) -> Option<i64> {
    let (mut first, mut last) = (0, 0);
    while let Some((id, of)) = thrift.field(&mut last)? {
        match (id, of) {
            (1, 5) => first = thrift.int()?,
            _ => thrift.skip(of)?,
        }
    }
    Some(first)
}

//! Checks what a Parquet file claims about itself before the parquet crate allocates memory for it: the footer's schema and metadata, and the
//! header of every page.
//!
//! This stands beside the reader of the parquet crate, which trusts the sizes and counts of page headers (upstream: arrow-rs #10734). A small
//! hostile file could make it allocate any amount of memory, and a failed allocation ends the process. Delete the page checks when a release
//! bounds these allocations, and the footer checks when its parser limits depth and width; the tests of hostile files cover both.

use super::thrift::{I32, LIST, STRUCT, ThriftReader};
use crate::config::{COLUMNS, LimitExceeded, Limits, MIB, ROWS_PER_BYTE, SCHEMA_DEPTH};
use crate::memory;
use parquet::file::metadata::ParquetMetaData;

/// Checks that the schema in a footer is neither too deep nor too wide for the footer's parser, which is recursive. A footer that cannot be
/// followed passes, because the parser will refuse it. Errors: the schema exceeds `SCHEMA_DEPTH` or `COLUMNS`.
pub(super) fn check_schema(footer: &[u8]) -> Result<(), LimitExceeded> {
    let mut thrift = ThriftReader::new(footer);
    let mut last = 0;
    while let Some(Some((id, field_type))) = thrift.field(&mut last) {
        if (id, field_type) == (2, LIST) {
            return check_elements(&mut thrift);
        }
        if thrift.skip(field_type).is_none() {
            break;
        }
    }
    Ok(())
}

/// Checks the list of schema elements, which are in depth-first order, each with the number of its children.
fn check_elements(thrift: &mut ThriftReader) -> Result<(), LimitExceeded> {
    let Some((length, STRUCT)) = thrift.list() else { return Ok(()) };
    // The elements still to come at each level.
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
            return Err(LimitExceeded(format!("the schema nests more than {SCHEMA_DEPTH} levels deep")));
        }
        if leaves > COLUMNS {
            return Err(LimitExceeded(format!("the file has more than {COLUMNS} columns")));
        }
    }
    Ok(())
}

/// Reads a schema element and returns the number of its children; `None` if it cannot be followed.
fn children(thrift: &mut ThriftReader) -> Option<i64> {
    let (mut last, mut children) = (0, 0);
    while let Some((id, field_type)) = thrift.field(&mut last)? {
        match (id, field_type) {
            (5, I32) => children = thrift.int()?,
            _ => thrift.skip(field_type)?,
        }
    }
    Some(children)
}

/// Checks that row counts and offsets can be those of a file of `size` bytes. Errors: a row group lies outside the file or has no valid row
/// count, the counts do not add up, or the file claims more than `ROWS_PER_BYTE` rows per byte.
pub(super) fn check_metadata(metadata: &ParquetMetaData, size: u64) -> Result<(), LimitExceeded> {
    let mut rows = 0i64;
    for (number, group) in metadata.row_groups().iter().enumerate() {
        let wrong = |what: &str| LimitExceeded(format!("the Parquet file is damaged: row group {number} {what}"));
        rows = Some(group.num_rows()).filter(|rows| *rows >= 0).and_then(|more| rows.checked_add(more)).ok_or(wrong("has no row count"))?;
        for column in group.columns() {
            let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
            let end =
                start.checked_add(column.compressed_size()).filter(|end| 0 <= start && start + i64::from(group.num_rows() > 0) <= *end);
            if end.is_none_or(|end| end.unsigned_abs() > size) {
                return Err(wrong("lies outside the file"));
            }
        }
    }
    if rows != metadata.file_metadata().num_rows() {
        return Err(LimitExceeded("the Parquet file is damaged: its row groups do not add up to its rows".into()));
    }
    if rows.unsigned_abs() > size.saturating_mul(ROWS_PER_BYTE) {
        return Err(LimitExceeded(format!("the file claims {rows} rows in {size} bytes: more than {ROWS_PER_BYTE} a byte")));
    }
    Ok(())
}

/// The fields of a page header that the checks need.
#[derive(Default)]
struct PageHeader {
    /// The page's size in bytes once it is decompressed.
    uncompressed: i64,
    /// The page's size in bytes in the file.
    compressed: i64,
    /// The number of values of a dictionary page.
    entries: i64,
    /// The encoding of a data page, by its number in the format.
    encoding: i64,
}

/// The numbers of the encodings DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY.
const DELTA: [i64; 2] = [6, 7];

/// Checks the page headers of a column chunk, because the reader allocates what they claim before it looks at the pages. A header that cannot
/// be followed passes, because the parser will refuse it. Returns whether a page holds delta-encoded texts. Errors: a page claims more bytes
/// than the cap or half the memory limit, or a dictionary more values than bytes.
pub(super) fn check_pages(chunk: &[u8], caps: &Limits) -> Result<bool, LimitExceeded> {
    let room = memory::limit() as u64 / 2;
    let (mut at, mut delta) = (0, false);
    while let Some(rest) = chunk.get(at..).filter(|rest| !rest.is_empty()) {
        let mut thrift = ThriftReader::new(rest);
        let Some(header) = header(&mut thrift) else { return Ok(delta) };
        delta |= DELTA.contains(&header.encoding);
        let claimed = header.uncompressed.unsigned_abs();
        if claimed > caps.page_bytes() {
            let cap = format!("more than {} MiB ([quality.caps] page_mb)", caps.page_mb);
            return Err(LimitExceeded(format!("a page claims {} bytes: {cap}", header.uncompressed)));
        }
        if claimed > room {
            let cap =
                format!("more than half of --memory-limit, which is {} MiB; [quality.caps] page_mb is {}", room * 2 / MIB, caps.page_mb);
            return Err(LimitExceeded(format!("a page claims {} bytes: {cap}", header.uncompressed)));
        }
        if header.entries > header.uncompressed {
            return Err(LimitExceeded(format!("a dictionary claims {} values in {} bytes", header.entries, header.uncompressed)));
        }
        let Ok(compressed) = usize::try_from(header.compressed) else { return Ok(delta) };
        at = at.saturating_add(thrift.at).saturating_add(compressed);
    }
    Ok(delta)
}

/// Reads a page header. The field ids are those of `PageHeader` in the format's Thrift definition: 5 is a data page, 7 a dictionary page,
/// 8 a data page of version 2.
fn header(thrift: &mut ThriftReader) -> Option<PageHeader> {
    let (mut header, mut last) = (PageHeader::default(), 0);
    while let Some((id, field_type)) = thrift.field(&mut last)? {
        match (id, field_type) {
            (2, I32) => header.uncompressed = thrift.int()?,
            (3, I32) => header.compressed = thrift.int()?,
            (5, STRUCT) => header.encoding = int_field(thrift, 2)?,
            (7, STRUCT) => header.entries = int_field(thrift, 1)?,
            (8, STRUCT) => header.encoding = int_field(thrift, 4)?,
            _ => thrift.skip(field_type)?,
        }
    }
    Some(header)
}

/// Reads a struct and returns one integer field of it, or 0 if the struct does not have it.
fn int_field(thrift: &mut ThriftReader, wanted: i64) -> Option<i64> {
    let (mut found, mut last) = (0, 0);
    while let Some((id, field_type)) = thrift.field(&mut last)? {
        match (id == wanted, field_type) {
            (true, I32) => found = thrift.int()?,
            _ => thrift.skip(field_type)?,
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn varint(mut value: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while value > 0x7f {
            bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    }

    /// The header of a dictionary page that claims these sizes and this number of values.
    fn page(uncompressed: u64, compressed: u64, entries: u64) -> Vec<u8> {
        let int = |value: u64| varint(value << 1);
        [&[0x15, 4, 0x15][..], &int(uncompressed), &[0x15], &int(compressed), &[0x4c, 0x15], &int(entries), &[0, 0]].concat()
    }

    #[test]
    fn a_page_that_claims_too_much_is_refused() {
        let small = [page(100, 3, 5), vec![1, 2, 3]].concat();
        let caps = Limits { page_mb: 64, ..Limits::default() };
        let check_pages = |chunk: &[u8]| check_pages(chunk, &caps);
        assert!(!check_pages(&small).unwrap());
        // The claim may be in a later page.
        let large = [small.clone(), page((64 << 20) + 1, 3, 5)].concat();
        assert!(check_pages(&large).unwrap_err().0.contains("a page claims 67108865 bytes"));
        let many = [small, page(100, 3, 1 << 30)].concat();
        assert!(check_pages(&many).unwrap_err().0.contains("1073741824 values in 100 bytes"));
        assert!(check_pages(&[0x15, 0xff, 0xff]).is_ok(), "the parser refuses it");
    }

    /// A footer with a schema of `depth` nested groups, the innermost with so many columns.
    fn footer(depth: usize, columns: usize) -> Vec<u8> {
        let element = |children: u64| match children {
            0 => vec![0x48, 1, b'c', 0],
            children => [&[0x48, 1, b'g', 0x15][..], &varint(children << 1), &[0]].concat(),
        };
        let mut schema = (1..depth).flat_map(|_| element(1)).collect::<Vec<_>>();
        schema.extend(element(columns as u64));
        schema.extend((0..columns).flat_map(|_| element(0)));
        [&[0x15, 2, 0x19, 0xfc][..], &varint((depth + columns) as u64), &schema, &[0]].concat()
    }

    #[test]
    fn a_schema_that_is_too_deep_or_too_wide_is_refused() {
        assert!(check_schema(&footer(SCHEMA_DEPTH, COLUMNS)).is_ok());
        assert!(check_schema(&footer(SCHEMA_DEPTH + 1, 1)).unwrap_err().0.contains("64 levels deep"));
        assert!(check_schema(&footer(100_000, 1)).is_err());
        assert!(check_schema(&footer(1, COLUMNS + 1)).unwrap_err().0.contains("more than 4096 columns"));
        assert!(check_schema(b"no footer").is_ok(), "the parser refuses it");
    }
}

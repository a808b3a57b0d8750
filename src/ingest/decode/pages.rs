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
            let end =
                start.checked_add(column.compressed_size()).filter(|end| 0 <= start && start + i64::from(group.num_rows() > 0) <= *end);
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
    /// How a page of data is coded, as the wire numbers it.
    encoding: i64,
}

/// The encodings of texts whose lengths are delta-coded.
const DELTA: [i64; 2] = [6, 7];

/// The pages of a column chunk, as their headers tell: memory is taken for what they claim, before what they hold is looked at.
/// A header that cannot be followed is left for the parser to refuse. True when a page holds delta-coded texts.
pub(super) fn check_pages(chunk: &[u8]) -> Result<bool, Passed> {
    let (mut at, mut delta) = (0, false);
    while let Some(rest) = chunk.get(at..).filter(|rest| !rest.is_empty()) {
        let mut thrift = Thrift::new(rest);
        let Some(header) = header(&mut thrift) else { return Ok(delta) };
        delta |= DELTA.contains(&header.encoding);
        if header.uncompressed.unsigned_abs() > PAGE {
            return Err(Passed(format!("a page claims {} bytes: more than {} MiB", header.uncompressed, PAGE / MIB)));
        }
        if header.entries > header.uncompressed {
            return Err(Passed(format!("a dictionary claims {} values in {} bytes", header.entries, header.uncompressed)));
        }
        let Ok(compressed) = usize::try_from(header.compressed) else { return Ok(delta) };
        at = at.saturating_add(thrift.at).saturating_add(compressed);
    }
    Ok(delta)
}

fn header(thrift: &mut Thrift) -> Option<Header> {
    let (mut header, mut last) = (Header::default(), 0);
    while let Some((id, of)) = thrift.field(&mut last)? {
        match (id, of) {
            (2, 5) => header.uncompressed = thrift.int()?,
            (3, 5) => header.compressed = thrift.int()?,
            (5, STRUCT) => header.encoding = int_of(thrift, 2)?,
            (7, STRUCT) => header.entries = int_of(thrift, 1)?,
            (8, STRUCT) => header.encoding = int_of(thrift, 4)?,
            _ => thrift.skip(of)?,
        }
    }
    Some(header)
}

/// An integer field of a struct, 0 without it.
fn int_of(thrift: &mut Thrift, wanted: i64) -> Option<i64> {
    let (mut found, mut last) = (0, 0);
    while let Some((id, of)) = thrift.field(&mut last)? {
        match (id == wanted, of) {
            (true, 5) => found = thrift.int()?,
            _ => thrift.skip(of)?,
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

    /// A dictionary page's header: sizes as claimed, then the values claimed.
    fn page(uncompressed: u64, compressed: u64, entries: u64) -> Vec<u8> {
        let int = |value: u64| varint(value << 1);
        [&[0x15, 4, 0x15][..], &int(uncompressed), &[0x15], &int(compressed), &[0x4c, 0x15], &int(entries), &[0, 0]].concat()
    }

    #[test]
    fn a_page_that_claims_more_than_it_may_is_refused() {
        let small = [page(100, 3, 5), vec![1, 2, 3]].concat();
        assert!(!check_pages(&small).unwrap());
        // The claim stands in a later page as often as in the first.
        let large = [small.clone(), page(PAGE + 1, 3, 5)].concat();
        assert!(check_pages(&large).unwrap_err().0.contains("a page claims 67108865 bytes"));
        let many = [small, page(100, 3, 1 << 30)].concat();
        assert!(check_pages(&many).unwrap_err().0.contains("1073741824 values in 100 bytes"));
        assert!(check_pages(&[0x15, 0xff, 0xff]).is_ok(), "the parser's to refuse");
    }

    /// A footer whose schema has `depth` groups, one in the other, and so many columns in the innermost.
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
    fn a_schema_is_neither_deep_nor_wide() {
        assert!(check_schema(&footer(SCHEMA_DEPTH, COLUMNS)).is_ok());
        assert!(check_schema(&footer(SCHEMA_DEPTH + 1, 1)).unwrap_err().0.contains("64 levels deep"));
        assert!(check_schema(&footer(100_000, 1)).is_err());
        assert!(check_schema(&footer(1, COLUMNS + 1)).unwrap_err().0.contains("more than 4096 columns"));
        assert!(check_schema(b"no footer").is_ok(), "the parser's to refuse");
    }
}

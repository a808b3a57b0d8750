//! Checks the value counts inside pages of delta-encoded texts. The parquet crate's decoder allocates memory for as many values as the page
//! claims before it looks whether they are there (upstream: arrow-rs #10734): a wrong count would end the process, not just refuse the
//! file. Delete this file when a release compares the count with the page header first.

use super::thrift::ThriftReader;
use crate::config::{DELTA_VALUES, LimitExceeded};
use bytes::{Buf, Bytes};
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use std::sync::Arc;

/// The bytes of one column chunk, addressed by their offsets in the file.
struct ColumnChunkBytes {
    /// The chunk's offset in the file.
    start: u64,
    bytes: Bytes,
}

impl Length for ColumnChunkBytes {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ColumnChunkBytes {
    /// The chunk's bytes from an offset on. Errors: the offset lies outside the chunk.
    fn bytes_from(&self, start: u64) -> Result<Bytes> {
        let skipped = start.checked_sub(self.start).and_then(|skipped| usize::try_from(skipped).ok());
        let skipped = skipped.filter(|skipped| *skipped <= self.bytes.len());
        skipped.map(|skipped| self.bytes.slice(skipped..)).ok_or_else(|| ParquetError::EOF("a page lies outside its column".into()))
    }
}

impl ChunkReader for ColumnChunkBytes {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(self.bytes_from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let mut rest = self.bytes_from(start)?;
        if rest.len() < length {
            return Err(ParquetError::EOF("a page lies outside its column".into()));
        }
        Ok(rest.split_to(length))
    }
}

/// Checks each page of delta-encoded texts of a column chunk, which lies at offset `start` of the file; `rows` is the row group's row count.
/// Errors: a page claims more values than its header allows, or cannot be read.
pub(super) fn check_delta(bytes: &Bytes, start: u64, column: &ColumnChunkMetaData, rows: usize) -> Result<()> {
    let chunk = ColumnChunkBytes { start, bytes: bytes.clone() };
    let mut pages = SerializedPageReader::new(Arc::new(chunk), column, rows, None)?;
    while let Some(page) = pages.get_next_page()? {
        let has_prefixes = match page.encoding() {
            Encoding::DELTA_LENGTH_BYTE_ARRAY => false,
            Encoding::DELTA_BYTE_ARRAY => true,
            _ => continue,
        };
        let max = u64::from(page.num_values()).min(DELTA_VALUES);
        let Some(mut values) = values(&page, column) else { continue };
        // The lengths of the prefixes come first, then the lengths of the suffixes.
        for _ in 0..1 + usize::from(has_prefixes) {
            let Some((count, bytes)) = delta_stream(values) else { break };
            if count > max {
                let what = format!("a page says that it holds {count} texts: its header allows {max}");
                return Err(ParquetError::External(Box::new(LimitExceeded(what))));
            }
            values = values.get(bytes..).unwrap_or_default();
        }
    }
    Ok(())
}

/// The encoded values of a data page, which follow its levels; `None` for a dictionary page and for a page that is cut short.
fn values<'a>(page: &'a Page, column: &ColumnChunkMetaData) -> Option<&'a [u8]> {
    match page {
        Page::DataPageV2 { buf, def_levels_byte_len, rep_levels_byte_len, .. } => {
            buf.get(def_levels_byte_len.checked_add(*rep_levels_byte_len)? as usize..)
        }
        Page::DataPage { buf, .. } => {
            let descriptor = column.column_descr();
            let levels = [descriptor.max_rep_level(), descriptor.max_def_level()].iter().filter(|max| **max > 0).count();
            (0..levels).try_fold(&buf[..], |rest, _| {
                let (length, rest) = rest.split_first_chunk::<4>()?;
                rest.get(u32::from_le_bytes(*length) as usize..)
            })
        }
        Page::DictionaryPage { .. } => None,
    }
}

/// The number of values that a stream of DELTA_BINARY_PACKED integers claims, and the stream's length in bytes. The stream is a header, then
/// blocks of miniblocks, each with its own bit width. Its numbers are encoded as Thrift encodes them. A stream that claims more than
/// `DELTA_VALUES` values is not followed to its end.
fn delta_stream(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut numbers = ThriftReader::new(bytes);
    let (block_size, miniblocks, count) = (numbers.varint()?, numbers.varint()?, numbers.varint()?);
    numbers.int()?;
    let miniblock_size = block_size.checked_div(miniblocks)?;
    if miniblock_size == 0 || count > DELTA_VALUES {
        return Some((count, numbers.at));
    }
    let mut left = count.saturating_sub(1);
    while left > 0 {
        numbers.int()?;
        let widths = numbers.at;
        numbers.jump(miniblocks)?;
        for miniblock in 0..usize::try_from(miniblocks).ok()? {
            if left == 0 {
                break;
            }
            numbers.jump(u64::from(*bytes.get(widths + miniblock)?).checked_mul(miniblock_size)? / 8)?;
            left = left.saturating_sub(miniblock_size);
        }
    }
    Some((count, numbers.at))
}

#[cfg(test)]
mod tests {
    use super::delta_stream;

    /// The header of a stream: blocks of 128 values in 4 miniblocks, the count, and the first value, which is 0.
    fn header(count: &[u8]) -> Vec<u8> {
        [&[0x80, 0x01, 4], count, &[0]].concat()
    }

    #[test]
    fn a_huge_count_is_read_without_following_the_stream() {
        assert_eq!(delta_stream(&header(&[0xff, 0xff, 0xff, 0xff, 0xff, 0x1f])).map(|(count, _)| count), Some((1 << 40) - 1));
    }

    #[test]
    fn the_next_stream_begins_where_the_blocks_end() {
        // 41 values: the first in the header, then 32 of 2 bits and 8 of 3 bits; the last two miniblocks are not written.
        let block = [&[0, 2, 3, 7, 7][..], &[0; 8 + 12]].concat();
        let bytes = [header(&[41]), block, b"the next".to_vec()].concat();
        let (count, length) = delta_stream(&bytes).unwrap();
        assert_eq!((count, &bytes[length..]), (41, &b"the next"[..]));
        assert!(delta_stream(&bytes[..10]).is_none(), "cut short");
    }
}

//! Texts whose lengths are delta-coded: how many there are is said inside the page, and their decoder takes memory for as many before it
//! looks whether they are there. A wrong count would end the program, not the file.

use super::thrift::Thrift;
use crate::ingest::caps::{DELTA_VALUES, Passed};
use bytes::{Buf, Bytes};
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use std::sync::Arc;

/// A column chunk by itself, at its place in the file.
struct Chunk {
    start: u64,
    bytes: Bytes,
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl Chunk {
    fn from(&self, start: u64) -> Result<Bytes> {
        let skipped = start.checked_sub(self.start).and_then(|skipped| usize::try_from(skipped).ok());
        let skipped = skipped.filter(|skipped| *skipped <= self.bytes.len());
        skipped.map(|skipped| self.bytes.slice(skipped..)).ok_or_else(|| ParquetError::EOF("a page lies outside its column".into()))
    }
}

impl ChunkReader for Chunk {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let mut rest = self.from(start)?;
        if rest.len() < length {
            return Err(ParquetError::EOF("a page lies outside its column".into()));
        }
        Ok(rest.split_to(length))
    }
}

/// Looks into each page of delta-coded texts. Errors: one says that it holds more values than its header does.
pub(super) fn check_delta(bytes: &Bytes, start: u64, column: &ColumnChunkMetaData, rows: usize) -> Result<()> {
    let chunk = Chunk { start, bytes: bytes.clone() };
    let mut pages = SerializedPageReader::new(Arc::new(chunk), column, rows, None)?;
    while let Some(page) = pages.get_next_page()? {
        let both = match page.encoding() {
            Encoding::DELTA_LENGTH_BYTE_ARRAY => false,
            Encoding::DELTA_BYTE_ARRAY => true,
            _ => continue,
        };
        let most = u64::from(page.num_values()).min(DELTA_VALUES);
        let Some(mut values) = values(&page, column) else { continue };
        // Prefixes before the rest of each text.
        for _ in 0..1 + usize::from(both) {
            let Some((count, taken)) = stream(values) else { break };
            if count > most {
                let what = format!("a page says that it holds {count} texts: its header allows {most}");
                return Err(ParquetError::External(Box::new(Passed(what))));
            }
            values = values.get(taken..).unwrap_or_default();
        }
    }
    Ok(())
}

/// What follows the levels of a page.
fn values<'a>(page: &'a Page, column: &ColumnChunkMetaData) -> Option<&'a [u8]> {
    match page {
        Page::DataPageV2 { buf, def_levels_byte_len, rep_levels_byte_len, .. } => {
            buf.get(def_levels_byte_len.checked_add(*rep_levels_byte_len)? as usize..)
        }
        Page::DataPage { buf, .. } => {
            let descriptor = column.column_descr();
            let levels = [descriptor.max_rep_level(), descriptor.max_def_level()].iter().filter(|most| **most > 0).count();
            (0..levels).try_fold(&buf[..], |rest, _| {
                let (length, rest) = rest.split_first_chunk::<4>()?;
                rest.get(u32::from_le_bytes(*length) as usize..)
            })
        }
        Page::DictionaryPage { .. } => None,
    }
}

/// The number of values of a delta-coded stream, and its bytes.
fn stream(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut numbers = Thrift::new(bytes);
    let (block, minis, count) = (numbers.varint()?, numbers.varint()?, numbers.varint()?);
    numbers.int()?;
    let in_mini = block.checked_div(minis)?;
    if in_mini == 0 || count > DELTA_VALUES {
        return Some((count, numbers.at));
    }
    let mut left = count.saturating_sub(1);
    while left > 0 {
        numbers.int()?;
        let widths = numbers.at;
        numbers.jump(minis)?;
        for mini in 0..usize::try_from(minis).ok()? {
            if left == 0 {
                break;
            }
            numbers.jump(u64::from(*bytes.get(widths + mini)?).checked_mul(in_mini)? / 8)?;
            left = left.saturating_sub(in_mini);
        }
    }
    Some((count, numbers.at))
}

#[cfg(test)]
mod tests {
    use super::stream;

    /// Blocks of 128 values in 4 parts, so many values, the first of them 0.
    fn header(count: &[u8]) -> Vec<u8> {
        [&[0x80, 0x01, 4], count, &[0]].concat()
    }

    #[test]
    fn a_count_is_read_without_room_for_what_it_claims() {
        assert_eq!(stream(&header(&[0xff, 0xff, 0xff, 0xff, 0xff, 0x1f])).map(|(count, _)| count), Some((1 << 40) - 1));
    }

    #[test]
    fn the_next_stream_begins_where_the_blocks_end() {
        // 41 values: the first, then 32 of 2 bits and 8 of 3; the last two parts are not written.
        let block = [&[0, 2, 3, 7, 7][..], &[0; 8 + 12]].concat();
        let bytes = [header(&[41]), block, b"the next".to_vec()].concat();
        let (count, taken) = stream(&bytes).unwrap();
        assert_eq!((count, &bytes[taken..]), (41, &b"the next"[..]));
        assert!(stream(&bytes[..10]).is_none(), "cut short");
    }
}

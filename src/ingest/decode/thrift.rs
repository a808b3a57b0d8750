//! Reads Thrift's compact protocol, as far as the checks of Parquet footers and page headers need it. It allocates nothing. Every method
//! returns `None` if the bytes cannot be followed.
//!
//! Library considered: the parquet crate's own Thrift reader is not public, and its parsers of footers and page headers allocate what these
//! checks are there to refuse (upstream: arrow-rs #10734). Delete this file together with `pages.rs` and `delta.rs`.

/// The deepest nesting that is followed; real headers nest less deeply.
const MAX_DEPTH: u32 = 24;

/// A position in the bytes of a Thrift structure.
pub(super) struct ThriftReader<'a> {
    bytes: &'a [u8],
    /// The number of bytes read.
    pub(super) at: usize,
}

// Field types, by their numbers in the protocol.
/// An i32.
pub(super) const I32: u8 = 5;
/// A list.
pub(super) const LIST: u8 = 9;
/// A struct.
pub(super) const STRUCT: u8 = 12;

impl<'a> ThriftReader<'a> {
    /// A reader at the start of the bytes.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        ThriftReader { bytes, at: 0 }
    }

    /// Reads one byte.
    pub(super) fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// Reads an unsigned number of variable length.
    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// Reads an i16, i32 or i64.
    pub(super) fn int(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// Reads the next field header of a struct, id and type; `Some(None)` at the end of the struct. `last` is the id of the previous field.
    pub(super) fn field(&mut self, last: &mut i64) -> Option<Option<(i64, u8)>> {
        let head = self.byte()?;
        if head == 0 {
            return Some(None);
        }
        *last = match head >> 4 {
            0 => self.int()?,
            step => last.checked_add(i64::from(step))?,
        };
        Some(Some((*last, head & 0x0f)))
    }

    /// Reads a list header: length and element type.
    pub(super) fn list(&mut self) -> Option<(u64, u8)> {
        let head = self.byte()?;
        let length = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        Some((length, head & 0x0f))
    }

    /// Skips so many bytes.
    pub(super) fn jump(&mut self, bytes: u64) -> Option<()> {
        self.at = self.at.checked_add(usize::try_from(bytes).ok()?).filter(|at| *at <= self.bytes.len())?;
        Some(())
    }

    /// Skips the value of a field.
    pub(super) fn skip(&mut self, field_type: u8) -> Option<()> {
        self.skip_at(field_type, MAX_DEPTH)
    }

    fn skip_at(&mut self, field_type: u8, depth: u32) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match field_type {
            1 | 2 => Some(()),
            3 => self.jump(1),
            4..=6 => self.varint().map(drop),
            7 => self.jump(8),
            8 => {
                let length = self.varint()?;
                self.jump(length)
            }
            LIST | 10 => {
                let (length, element_type) = self.list()?;
                (0..length).try_for_each(|_| self.skip_element(element_type, depth))
            }
            11 => self.skip_map(depth),
            STRUCT => {
                let mut last = 0;
                while let Some((_, field_type)) = self.field(&mut last)? {
                    self.skip_at(field_type, depth)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    /// Skips an element of a list or map. There a boolean takes a byte, while the value of a boolean field is in its type.
    fn skip_element(&mut self, element_type: u8, depth: u32) -> Option<()> {
        if matches!(element_type, 1 | 2) { self.jump(1) } else { self.skip_at(element_type, depth) }
    }

    fn skip_map(&mut self, depth: u32) -> Option<()> {
        let length = self.varint()?;
        let types = if length == 0 { 0 } else { self.byte()? };
        (0..length).try_for_each(|_| {
            self.skip_element(types >> 4, depth)?;
            self.skip_element(types & 0x0f, depth)
        })
    }
}

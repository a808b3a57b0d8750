//! Lines on the disk.

use super::lines::{Lines, Texts};
use super::messages::{Raw, What};
use crate::error::Result;
use crate::rules::ReplyMode;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

/// Lines on their way through the disk, in a file without a name that ends with the run.
pub(super) struct Spool {
    file: File,
    end: u64,
}

/// What a line can be, by its byte on disk.
const WHATS: [What; 9] = [
    What::Nothing,
    What::Buyer,
    What::Reply(ReplyMode::Human),
    What::Reply(ReplyMode::Assist),
    What::Reply(ReplyMode::Auto),
    What::Auto,
    What::Assign,
    What::Transfer,
    What::Close,
];

/// Bytes of a line on disk.
const RECORD: usize = 40;

impl Spool {
    pub(super) fn new() -> Result<Spool> {
        Ok(Spool { file: tempfile::tempfile()?, end: 0 })
    }

    /// Returns where the lines lie.
    pub(super) fn write(&mut self, lines: &Lines) -> Result<u64> {
        let start = self.end;
        let mut bytes = Vec::with_capacity(lines.lines.len() * RECORD);
        for line in &lines.lines {
            bytes.extend(line.at.to_le_bytes());
            bytes.extend(line.seq.to_le_bytes());
            for code in [line.agent, line.texts, line.words, line.order, line.file] {
                bytes.extend(code.to_le_bytes());
            }
            let what = WHATS.iter().position(|what| *what == line.what).unwrap_or_default();
            bytes.extend([what as u8, u8::from(line.lead), u8::from(line.recalled), u8::from(line.blank)]);
        }
        self.file.seek(SeekFrom::Start(start))?;
        self.file.write_all(&bytes)?;
        self.file.write_all(&lines.texts.0)?;
        self.end += (bytes.len() + lines.texts.0.len()) as u64;
        Ok(start)
    }

    pub(super) fn read(&mut self, (start, lines, texts): (u64, usize, usize)) -> Result<Lines> {
        let mut bytes = vec![0; lines * RECORD];
        let mut read = Lines { lines: Vec::with_capacity(lines), texts: Texts(vec![0; texts]) };
        self.file.seek(SeekFrom::Start(start))?;
        self.file.read_exact(&mut bytes)?;
        self.file.read_exact(&mut read.texts.0)?;
        read.lines.extend(bytes.chunks_exact(RECORD).map(line_from));
        Ok(read)
    }
}

fn line_from(record: &[u8]) -> Raw {
    let long = |at: usize| record[at..at + 8].iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte)) as i64;
    let code = |n: usize| record[16 + 4 * n..20 + 4 * n].iter().rev().fold(0u32, |value, byte| value << 8 | u32::from(*byte));
    Raw {
        at: long(0),
        seq: long(8),
        agent: code(0),
        texts: code(1),
        words: code(2),
        order: code(3),
        file: code(4),
        what: WHATS[usize::from(record[36])],
        lead: record[37] == 1,
        recalled: record[38] == 1,
        blank: record[39] == 1,
        ..Raw::default()
    }
}

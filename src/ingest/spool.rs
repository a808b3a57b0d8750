//! Lines on the disk.

use super::messages::{Raw, What};
use super::texts::Texts;
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
const RECORD: usize = 48;

/// Where lines lie on the disk: their records, then their texts.
pub(super) struct Place {
    start: u64,
    lines: usize,
    texts: usize,
}

impl Spool {
    pub(super) fn new() -> Result<Spool> {
        Ok(Spool { file: tempfile::tempfile()?, end: 0 })
    }

    pub(super) fn write(&mut self, chunks: &[Vec<Raw>], texts: &Texts) -> Result<Place> {
        let place = Place { start: self.end, lines: chunks.iter().map(Vec::len).sum(), texts: texts.len() };
        let mut bytes = Vec::with_capacity(place.lines * RECORD + place.texts);
        chunks.iter().flatten().for_each(|line| bytes.extend_from_slice(&record_of(line)));
        bytes.extend_from_slice(texts.bytes());
        self.file.seek(SeekFrom::Start(place.start))?;
        self.file.write_all(&bytes)?;
        self.end += bytes.len() as u64;
        Ok(place)
    }

    /// Adds lines and texts to those there are.
    pub(super) fn read(&mut self, place: &Place, lines: &mut Vec<Raw>, texts: &mut Texts) -> Result<()> {
        let mut records = vec![0; place.lines * RECORD];
        self.file.seek(SeekFrom::Start(place.start))?;
        self.file.read_exact(&mut records)?;
        let base = texts.len() as u32;
        self.file.read_exact(texts.more(place.texts))?;
        let (records, _) = records.as_chunks::<RECORD>();
        lines.extend(records.iter().map(|record| line_of(record).moved(base)));
        Ok(())
    }
}

fn record_of(line: &Raw) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[..8].copy_from_slice(&line.at.to_le_bytes());
    record[8..16].copy_from_slice(&line.seq.to_le_bytes());
    let codes = [line.conversation, line.session, line.message, line.agent, line.words, line.order, line.file];
    for (room, code) in record[16..44].chunks_exact_mut(4).zip(codes) {
        room.copy_from_slice(&code.to_le_bytes());
    }
    let what = WHATS.iter().position(|what| *what == line.what).unwrap_or_default();
    record[44..].copy_from_slice(&[what as u8, u8::from(line.lead), u8::from(line.recalled), u8::from(line.blank)]);
    record
}

fn line_of(record: &[u8; RECORD]) -> Raw {
    let long = |at: usize| record[at..at + 8].iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte)) as i64;
    let code = |n: usize| record[16 + 4 * n..20 + 4 * n].iter().rev().fold(0u32, |value, byte| value << 8 | u32::from(*byte));
    let [conversation, session, message, agent, words, order, file] = [0, 1, 2, 3, 4, 5, 6].map(code);
    Raw {
        at: long(0),
        seq: long(8),
        conversation,
        session,
        message,
        agent,
        words,
        order,
        file,
        what: WHATS[usize::from(record[44])],
        lead: record[45] == 1,
        recalled: record[46] == 1,
        blank: record[47] == 1,
    }
}

//! Text files as UTF-8: decompressed on the way, and decoded where they are in another encoding.

use crate::error::{Error, Kind, Result};
use crate::job::Source;
use crate::store::{Object, Store};
use bytes::Bytes;
use std::io::{BufRead, BufReader, Cursor, Read};

/// A file as UTF-8.
pub(super) struct Text {
    pub(super) lines: Box<dyn BufRead>,
    /// It was in another encoding; what that could not hold became U+FFFD.
    pub(super) transcoded: bool,
}

/// The file as UTF-8: decompressed on the way, and decoded where it is in another encoding.
pub(super) fn open(store: &Store, file: &Object, source: &Source) -> Result<Text> {
    let body = store.get(&file.key)?;
    let mut reader = BufReader::with_capacity(1 << 16, decompressed(&file.key, body)?);
    let head = reader.fill_buf().map_err(|e| Error::new(Kind::Refused, format!("cannot be decompressed: {e}")))?;
    let start = head.iter().find(|b| !b.is_ascii_whitespace());
    if start == Some(&b'<') {
        return Err(Error::new(Kind::Refused, "the file is an HTML or XML page, not a table")
            .hint("a download that failed often leaves the error page behind"));
    }
    let encoding = match source.encoding.as_deref() {
        Some(label) => encoding_rs::Encoding::for_label(label.as_bytes())
            .ok_or_else(|| Error::new(Kind::Config, format!("unknown encoding `{label}`")).hint("write utf-8 or gbk"))?,
        None => guess(head),
    };
    if encoding == encoding_rs::UTF_8 {
        if head.starts_with(b"\xef\xbb\xbf") {
            reader.consume(3);
        }
        return Ok(Text { lines: Box::new(reader), transcoded: false });
    }
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(cut_short)?;
    let (decoded, _, _) = encoding.decode(&bytes);
    Ok(Text { lines: Box::new(Cursor::new(decoded.into_owned().into_bytes())), transcoded: true })
}

fn decompressed(key: &str, body: Bytes) -> Result<Box<dyn Read>> {
    let body = Cursor::new(body);
    Ok(match key.rsplit_once('.').map(|(_, ending)| ending) {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(body)),
        Some("zst") => Box::new(zstd::Decoder::new(body)?),
        _ => Box::new(body),
    })
}

/// UTF-8 unless most of what is not ASCII is not UTF-8 either: one bad byte does not make a file GBK.
fn guess(head: &[u8]) -> &'static encoding_rs::Encoding {
    let lossy = String::from_utf8_lossy(head);
    let (bad, good) = lossy.chars().filter(|c| !c.is_ascii()).fold((0, 0), |(bad, good), c| match c {
        char::REPLACEMENT_CHARACTER => (bad + 1, good),
        _ => (bad, good + 1),
    });
    if bad <= good / 4 + 1 {
        return encoding_rs::UTF_8;
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(head, true);
    let guessed = match detector.guess(Some(b"cn"), chardetng::Utf8Detection::Deny) {
        // GB18030 holds all of GBK and more.
        gbk if gbk == encoding_rs::GBK => encoding_rs::GB18030,
        other => other,
    };
    // A few bad bytes are no other encoding: that would read the head without an error. The head may end inside a character.
    let mut decoded = String::with_capacity(head.len() * 3);
    let (_, _, errors) = guessed.new_decoder_without_bom_handling().decode_to_string(head, &mut decoded, false);
    if errors { encoding_rs::UTF_8 } else { guessed }
}

pub(super) fn cut_short(e: std::io::Error) -> Error {
    Error::new(Kind::Refused, format!("the file ends early or is damaged: {e}")).hint("fetch it again; a compressed file must be whole")
}

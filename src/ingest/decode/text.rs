//! Opens text files as UTF-8: they are decompressed, and transcoded if they are in another encoding, while they are read.

use super::input::DecodeInput;
use crate::config::{LimitExceeded, ZSTD_WINDOW_LOG};
use crate::error::{Error, Kind, Result};
use crate::store::ObjectReader;
use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

/// A text file as UTF-8.
pub(super) struct TextReader {
    /// The text. Without transcoding it may hold bytes that are not UTF-8.
    pub(super) lines: Box<dyn BufRead>,
    /// Whether the text read so far was in another encoding. Bytes that are not valid in it became U+FFFD.
    pub(super) transcoded: Transcoded,
}

/// Whether a text was in another encoding, which may show after any number of lines of ASCII alone.
pub(super) type Transcoded = Rc<Cell<bool>>;

/// The first bytes of files that are not text, whatever their name says, and what such a file is.
const OTHERS: [(&[u8], &str); 5] = [
    (b"\x1f\x8b", "packed by gzip"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd"),
    (b"\xfd7zXZ\0", "packed by xz"),
    (b"PK\x03\x04", "a ZIP archive or a workbook"),
    (b"PAR1", "Parquet"),
];

/// The size of the read buffers in bytes.
const BUFFER: usize = 1 << 16;

/// Opens a file as UTF-8, without a byte-order mark, and reads no more of it than one buffer. The encoding is the source's `encoding`, or
/// follows from a byte-order mark, or is guessed from the first bytes that are not ASCII, wherever they stand. Errors: the file is empty, is not text, cannot be decompressed, or the encoding is unknown.
pub(super) fn open(input: &DecodeInput) -> Result<TextReader> {
    let limit = input.caps.decompressed_bytes(input.file.size());
    let limited = LimitedReader { left: limit, limit, inner: decompressed(&input.file.key, input.store.reader(input.file))? };
    let mut reader = BufReader::with_capacity(BUFFER, limited);
    let head = reader.fill_buf().map_err(open_error)?;
    refuse_non_text(head)?;
    let encoding = match input.source.encoding.as_deref() {
        Some(label) => encoding_rs::Encoding::for_label(label.as_bytes())
            .ok_or_else(|| Error::new(Kind::Config, format!("unknown encoding `{label}`")).hint("write utf-8 or gbk"))?,
        None if head.is_ascii() => {
            let transcoded = Transcoded::default();
            let detecting = DetectingReader { text: Box::new(reader), decided: false, transcoded: Rc::clone(&transcoded) };
            return Ok(TextReader { lines: Box::new(BufReader::with_capacity(BUFFER, detecting)), transcoded });
        }
        None => encoding_rs::Encoding::for_bom(head).map_or_else(|| guess(head), |(encoding, _)| encoding),
    };
    if encoding == encoding_rs::UTF_8 && head.starts_with(b"\xef\xbb\xbf") {
        reader.consume(3);
    }
    let transcoded = Rc::new(Cell::new(encoding != encoding_rs::UTF_8));
    Ok(TextReader { lines: as_utf8(Box::new(reader), encoding), transcoded })
}

/// A text in some encoding as UTF-8.
fn as_utf8(text: Box<dyn BufRead>, encoding: &'static encoding_rs::Encoding) -> Box<dyn BufRead> {
    if encoding == encoding_rs::UTF_8 {
        return text;
    }
    let transcoded = TranscodedReader { inner: text, decoder: encoding.new_decoder(), out: Vec::new(), at: 0, ended: false };
    Box::new(BufReader::with_capacity(BUFFER, transcoded))
}

/// Reads a text that is ASCII so far, and guesses its encoding once it is not.
struct DetectingReader {
    text: Box<dyn BufRead>,
    decided: bool,
    transcoded: Transcoded,
}

impl Read for DetectingReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if !self.decided {
            let bytes = self.text.fill_buf()?;
            let ascii = bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or(bytes.len());
            if ascii > 0 || bytes.is_empty() {
                let read = (&bytes[..ascii]).read(into)?;
                self.text.consume(read);
                return Ok(read);
            }
            self.decide()?;
        }
        self.text.read(into)
    }
}

impl DetectingReader {
    /// Guesses the encoding from the next bytes, of which the first is not ASCII.
    fn decide(&mut self) -> io::Result<()> {
        let mut sample = Vec::new();
        let mut text = std::mem::replace(&mut self.text, Box::new(io::empty()));
        (&mut text).take(BUFFER as u64).read_to_end(&mut sample)?;
        let encoding = guess(&sample);
        self.transcoded.set(encoding != encoding_rs::UTF_8);
        self.text = as_utf8(Box::new(io::Cursor::new(sample).chain(text)), encoding);
        self.decided = true;
        Ok(())
    }
}

/// Checks the first bytes of a file. Errors: it is empty, of another format, or a web page.
fn refuse_non_text(head: &[u8]) -> Result<()> {
    let refused = |what: String| Error::new(Kind::Refused, what);
    if head.is_empty() {
        return Err(refused("the file is empty once it is decompressed".into())
            .hint("a day without rows still has a header; was the export cut off?"));
    }
    if let Some((_, what)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(refused(format!("the file is not the text its name promises: it is {what}"))
            .hint("end its name in .gz, .zst or .parquet as it is; what was packed twice has to be unpacked once"));
    }
    refuse_web_page(head)
}

/// Errors: the file is a web page, whatever its name says.
pub(super) fn refuse_web_page(head: &[u8]) -> Result<()> {
    match head.iter().find(|b| !b.is_ascii_whitespace()) {
        Some(b'<') => Err(Error::new(Kind::Refused, "the file is an HTML or XML page, not a table").hint(
            "a download that failed often leaves the error page behind; a page saved under the name of a workbook is to be saved as CSV",
        )),
        _ => Ok(()),
    }
}

/// The bytes of a file, decompressed if its name ends in `.gz` or `.zst`.
fn decompressed(key: &str, body: ObjectReader) -> Result<Box<dyn Read>> {
    Ok(match key.rsplit_once('.').map(|(_, ending)| ending) {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(body)),
        Some("zst") => {
            let mut decoder = zstd::Decoder::new(body)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            Box::new(decoder)
        }
        _ => Box::new(body),
    })
}

/// Fails once a decompressed file exceeds its limit.
struct LimitedReader {
    inner: Box<dyn Read>,
    /// Bytes left of the limit.
    left: u64,
    limit: u64,
}

impl Read for LimitedReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            LimitExceeded(format!("the file decompresses to more than {} bytes ([quality.caps] file_gb and expansion)", self.limit))
        })?;
        Ok(read)
    }
}

/// Transcodes a file to UTF-8, one buffer at a time.
struct TranscodedReader<R> {
    inner: R,
    decoder: encoding_rs::Decoder,
    /// Transcoded text.
    out: Vec<u8>,
    /// Bytes of `out` already read.
    at: usize,
    /// Whether `inner` is at its end.
    ended: bool,
}

impl<R: BufRead> TranscodedReader<R> {
    /// Transcodes the next bytes; `out` stays empty only at the end of the file.
    fn fill(&mut self) -> io::Result<()> {
        (self.at, self.out) = (0, std::mem::take(&mut self.out));
        self.out.clear();
        while self.out.is_empty() && !self.ended {
            let bytes = self.inner.fill_buf()?;
            self.ended = bytes.is_empty();
            self.out.resize(self.decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(BUFFER), 0);
            let (_, read, written, _) = self.decoder.decode_to_utf8(bytes, &mut self.out, self.ended);
            self.out.truncate(written);
            self.inner.consume(read);
        }
        Ok(())
    }
}

impl<R: BufRead> Read for TranscodedReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at == self.out.len() {
            self.fill()?;
        }
        let read = (&self.out[self.at..]).read(into)?;
        self.at += read;
        Ok(read)
    }
}

/// Guesses the encoding of a file from its first bytes. It is UTF-8 unless a large share of what is not ASCII is not UTF-8 either: one bad
/// byte does not make a file GBK.
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
        // GB18030 extends GBK.
        gbk if gbk == encoding_rs::GBK => encoding_rs::GB18030,
        other => other,
    };
    // If the guessed encoding cannot decode the head either, the file is UTF-8 with some bad bytes. The head may end within a character,
    // which is why the decoder is not told that it is the end.
    let mut decoded = String::with_capacity(head.len() * 3);
    let (_, _, errors) = guessed.new_decoder_without_bom_handling().decode_to_string(head, &mut decoded, false);
    if errors { encoding_rs::UTF_8 } else { guessed }
}

/// The error for a file of which not even the first buffer can be read.
fn open_error(e: io::Error) -> Error {
    let not_compressed =
        matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) || e.to_string().contains("Unknown frame");
    match not_compressed {
        true => Error::new(Kind::Refused, format!("cannot be decompressed: {e}"))
            .hint("is it plain text with .gz or .zst in its name? Name it as it is"),
        false => read_error(e),
    }
}

/// The error for a text that cannot be read any further: the store failed, the file exceeds a limit, or it is cut short or damaged.
pub(super) fn read_error(e: io::Error) -> Error {
    let e = match e.downcast::<Error>() {
        Ok(store_error) => return store_error,
        Err(e) => e,
    };
    if e.get_ref().is_some_and(|e| e.is::<LimitExceeded>()) {
        return Error::new(Kind::Refused, e.to_string());
    }
    if e.to_string().contains("too much memory") {
        return Error::new(Kind::Refused, format!("the zstd file asks for a window of more than {} MiB", 1u64 << (ZSTD_WINDOW_LOG - 20)))
            .hint("pack it without --long");
    }
    Error::new(Kind::Refused, format!("the file ends early or is damaged: {e}")).hint("fetch it again; a compressed file must be whole")
}

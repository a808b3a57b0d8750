//! Text files as UTF-8: decompressed on the way, and decoded where they are in another encoding.

use super::Input;
use crate::error::{Error, Kind, Result};
use crate::ingest::caps::{Passed, ZSTD_WINDOW_LOG};
use crate::store::Reader;
use std::io::{self, BufRead, BufReader, Read};

/// A file as UTF-8.
pub(super) struct Text {
    pub(super) lines: Box<dyn BufRead>,
    /// It was in another encoding; what that could not hold became U+FFFD.
    pub(super) transcoded: bool,
}

/// How files begin that are no text, whatever their name says.
const OTHERS: [(&[u8], &str); 5] = [
    (b"\x1f\x8b", "packed by gzip"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd"),
    (b"\xfd7zXZ\0", "packed by xz"),
    (b"PK\x03\x04", "a ZIP archive or a workbook"),
    (b"PAR1", "Parquet"),
];

/// Bytes read at a time.
const PIECE: usize = 1 << 16;

/// The file as UTF-8: decompressed on the way, and decoded where it is in another encoding. Nothing is read further than it is asked for.
pub(super) fn open(input: &Input) -> Result<Text> {
    let most = input.caps.text(input.file.size());
    let capped = Capped { left: most, most, inner: decompressed(&input.file.key, input.store.reader(input.file))? };
    let mut reader = BufReader::with_capacity(PIECE, capped);
    let head = reader.fill_buf().map_err(cannot_open)?;
    refuse_other(head)?;
    let encoding = match input.source.encoding.as_deref() {
        Some(label) => encoding_rs::Encoding::for_label(label.as_bytes())
            .ok_or_else(|| Error::new(Kind::Config, format!("unknown encoding `{label}`")).hint("write utf-8 or gbk"))?,
        None => encoding_rs::Encoding::for_bom(head).map_or_else(|| guess(head), |(encoding, _)| encoding),
    };
    if encoding == encoding_rs::UTF_8 {
        if head.starts_with(b"\xef\xbb\xbf") {
            reader.consume(3);
        }
        return Ok(Text { lines: Box::new(reader), transcoded: false });
    }
    let transcoded = Transcoded { inner: reader, decoder: encoding.new_decoder(), out: Vec::new(), at: 0, ended: false };
    Ok(Text { lines: Box::new(BufReader::with_capacity(PIECE, transcoded)), transcoded: true })
}

/// Errors: a file that begins as no table does.
fn refuse_other(head: &[u8]) -> Result<()> {
    let refused = |what: String| Error::new(Kind::Refused, what);
    if head.is_empty() {
        return Err(refused("the file is empty once it is decompressed".into())
            .hint("a day without rows still has a header; was the export cut off?"));
    }
    if let Some((_, what)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(refused(format!("the file is not the text its name promises: it is {what}"))
            .hint("end its name in .gz, .zst or .parquet as it is; what was packed twice has to be unpacked once"));
    }
    if head.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<') {
        return Err(refused("the file is an HTML or XML page, not a table".into())
            .hint("a download that failed often leaves the error page behind"));
    }
    Ok(())
}

fn decompressed(key: &str, body: Reader) -> Result<Box<dyn Read>> {
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

/// A decompressed file up to what it may become.
struct Capped {
    inner: Box<dyn Read>,
    left: u64,
    most: u64,
}

impl Read for Capped {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            Passed(format!("the file decompresses to more than {} bytes ([quality.caps] file_gb and expansion)", self.most))
        })?;
        Ok(read)
    }
}

/// Bytes of another encoding as UTF-8, a piece at a time.
struct Transcoded<R> {
    inner: R,
    decoder: encoding_rs::Decoder,
    out: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: BufRead> Transcoded<R> {
    fn fill(&mut self) -> io::Result<()> {
        (self.at, self.out) = (0, std::mem::take(&mut self.out));
        self.out.clear();
        while self.out.is_empty() && !self.ended {
            let bytes = self.inner.fill_buf()?;
            self.ended = bytes.is_empty();
            self.out.resize(self.decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(PIECE), 0);
            let (_, read, written, _) = self.decoder.decode_to_utf8(bytes, &mut self.out, self.ended);
            self.out.truncate(written);
            self.inner.consume(read);
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Transcoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at == self.out.len() {
            self.fill()?;
        }
        let read = (&self.out[self.at..]).read(into)?;
        self.at += read;
        Ok(read)
    }
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

/// Not even the first piece of it can be read.
fn cannot_open(e: io::Error) -> Error {
    let no_header = matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) || e.to_string().contains("Unknown frame");
    match no_header {
        true => Error::new(Kind::Refused, format!("cannot be decompressed: {e}"))
            .hint("is it plain text with .gz or .zst in its name? Name it as it is"),
        false => cut_short(e),
    }
}

/// What it means that a text cannot be read on: its store fails, it passed a cap, or it is not whole.
pub(super) fn cut_short(e: io::Error) -> Error {
    let e = match e.downcast::<Error>() {
        Ok(of_store) => return of_store,
        Err(e) => e,
    };
    if e.get_ref().is_some_and(|e| e.is::<Passed>()) {
        return Error::new(Kind::Refused, e.to_string());
    }
    if e.to_string().contains("too much memory") {
        return Error::new(Kind::Refused, format!("the zstd file asks for a window of more than {} MiB", 1u64 << (ZSTD_WINDOW_LOG - 20)))
            .hint("pack it without --long");
    }
    Error::new(Kind::Refused, format!("the file ends early or is damaged: {e}")).hint("fetch it again; a compressed file must be whole")
}

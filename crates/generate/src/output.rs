//! Files on the disk, and the way of text into them: UTF-8 bytes are encoded first and compressed then.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;

use crate::error::{GenerateError, GenerateResult};
use crate::formats::{TextCompression, TextEncoding};
use crate::gbk::GbkEncoder;

/// Bytes gathered before a write to the disk.
const BUFFER: usize = 1 << 18;
/// The levels are fast ones, because benchmarks write these files anew and nobody archives them.
const GZIP_LEVEL: u32 = 3;
const ZSTD_LEVEL: i32 = 1;

/// A text file that is being written.
pub(crate) struct TextOutput {
    path: PathBuf,
    sink: Sink,
    /// None when the file stays UTF-8.
    transcoder: Option<Transcoder>,
}

/// Turns UTF-8 into GBK when both arrive in pieces of any length.
struct Transcoder {
    gbk: GbkEncoder,
    /// The first bytes of a character whose other bytes have not arrived yet.
    incomplete: Vec<u8>,
    encoded: Vec<u8>,
}

/// The compressor of a file, or the file itself.
enum Sink {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl TextOutput {
    /// Creates the file, and the folders above it.
    pub(crate) fn create(path: PathBuf, compression: TextCompression, encoding: TextEncoding) -> GenerateResult<TextOutput> {
        let file = BufWriter::with_capacity(BUFFER, create_file(&path)?);
        let sink = match compression {
            TextCompression::None => Sink::Plain(file),
            TextCompression::Gzip => Sink::Gzip(GzEncoder::new(file, flate2::Compression::new(GZIP_LEVEL))),
            TextCompression::Zstd => Sink::Zstd(zstd::Encoder::new(file, ZSTD_LEVEL).map_err(|problem| unwritable(&path, problem))?),
        };
        let transcoder = (encoding == TextEncoding::Gbk).then(Transcoder::new);
        Ok(TextOutput { path, sink, transcoder })
    }

    /// The path of the file, for errors.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Ends the compressed stream and returns the size of the file in bytes.
    pub(crate) fn close(self) -> GenerateResult<u64> {
        let TextOutput { path, sink, .. } = self;
        sink.close().map_err(|problem| unwritable(&path, problem))?;
        file_size(&path)
    }
}

impl Transcoder {
    fn new() -> Transcoder {
        Transcoder { gbk: GbkEncoder::new(), incomplete: Vec::new(), encoded: Vec::new() }
    }

    /// The bytes kept from before and those given, up to the last whole character, as GBK.
    fn encode(&mut self, bytes: &[u8]) -> io::Result<&[u8]> {
        self.incomplete.extend_from_slice(bytes);
        let whole = self.incomplete.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        self.encoded.clear();
        if !self.gbk.encode(whole, &mut self.encoded) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "GBK has no bytes for a character"));
        }
        let consumed = whole.len();
        self.incomplete.drain(..consumed);
        Ok(&self.encoded)
    }
}

impl Write for TextOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.transcoder {
            None => self.sink.write_all(bytes)?,
            Some(transcoder) => self.sink.write_all(transcoder.encode(bytes)?)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

impl Sink {
    fn close(self) -> io::Result<()> {
        let mut file = match self {
            Sink::Plain(file) => file,
            Sink::Gzip(encoder) => encoder.finish()?,
            Sink::Zstd(encoder) => encoder.finish()?,
        };
        file.flush()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Plain(file) => file.write(bytes),
            Sink::Gzip(encoder) => encoder.write(bytes),
            Sink::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Plain(file) => file.flush(),
            Sink::Gzip(encoder) => encoder.flush(),
            Sink::Zstd(encoder) => encoder.flush(),
        }
    }
}

/// Creates a file, and the folders above it.
pub(crate) fn create_file(path: &Path) -> GenerateResult<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|problem| unwritable(folder, problem))?;
    }
    File::create(path).map_err(|problem| unwritable(path, problem))
}

/// The size of a file in bytes.
pub(crate) fn file_size(path: &Path) -> GenerateResult<u64> {
    let metadata = fs::metadata(path).map_err(|problem| unwritable(path, problem))?;
    Ok(metadata.len())
}

/// The error of a file or folder that could not be written.
pub(crate) fn unwritable(path: &Path, problem: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> GenerateError {
    GenerateError::Unwritable { path: path.to_owned(), problem: problem.into() }
}

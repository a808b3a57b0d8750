//! Bytes on their way into a text file: encoded, then compressed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;

use crate::error::{GenerateError, Result};
use crate::gbk::Gbk;
use crate::{Compression, Encoding};

const BUFFER: usize = 1 << 18;
/// The fast levels: these files are read more often by a benchmark than kept.
const GZIP_LEVEL: u32 = 3;
const ZSTD_LEVEL: i32 = 1;

pub(super) struct Output {
    path: PathBuf,
    sink: Sink,
    gbk: Option<Transcoder>,
}

struct Transcoder {
    gbk: Gbk,
    /// The first bytes of a character whose other bytes have not been written yet.
    cut: Vec<u8>,
    encoded: Vec<u8>,
}

enum Sink {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl Output {
    pub(super) fn create(path: PathBuf, compression: Compression, encoding: Encoding) -> Result<Output> {
        let file = BufWriter::with_capacity(BUFFER, create_file(&path)?);
        let sink = match compression {
            Compression::None => Sink::Plain(file),
            Compression::Gzip => Sink::Gzip(GzEncoder::new(file, flate2::Compression::new(GZIP_LEVEL))),
            Compression::Zstd => Sink::Zstd(zstd::Encoder::new(file, ZSTD_LEVEL).map_err(|problem| unwritten(&path, problem))?),
        };
        let gbk = (encoding == Encoding::Gbk).then(Transcoder::new);
        Ok(Output { path, sink, gbk })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Ends the compressed stream and gives the size of the file.
    pub(super) fn close(self) -> Result<u64> {
        let Output { path, sink, .. } = self;
        sink.close().map_err(|problem| unwritten(&path, problem))?;
        size(&path)
    }
}

impl Transcoder {
    fn new() -> Transcoder {
        Transcoder { gbk: Gbk::new(), cut: Vec::new(), encoded: Vec::new() }
    }

    /// The bytes given, and those kept from before, as GBK: up to the last whole character.
    fn encode(&mut self, bytes: &[u8]) -> io::Result<&[u8]> {
        self.cut.extend_from_slice(bytes);
        let whole = self.cut.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        self.encoded.clear();
        if !self.gbk.encode(whole, &mut self.encoded) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "GBK has no bytes for a character"));
        }
        let done = whole.len();
        self.cut.drain(..done);
        Ok(&self.encoded)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.gbk {
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

/// Creates a file and the folders above it.
pub(super) fn create_file(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|problem| unwritten(folder, problem))?;
    }
    File::create(path).map_err(|problem| unwritten(path, problem))
}

pub(super) fn size(path: &Path) -> Result<u64> {
    let metadata = fs::metadata(path).map_err(|problem| unwritten(path, problem))?;
    Ok(metadata.len())
}

/// The error of a file or folder that could not be written.
pub(super) fn unwritten(path: &Path, problem: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> GenerateError {
    GenerateError::Unwritable { path: path.to_owned(), problem: problem.into() }
}

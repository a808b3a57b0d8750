//! Opens the file of a table in the format asked for.

use std::path::Path;

use jiff::tz::Offset;

use crate::error::GenerateResult;
use crate::formats::{FileFormat, TextCompression, TextEncoding};
use crate::output::TextOutput;
use crate::parquet_writer::ParquetTableWriter;
use crate::table::{ColumnSpec, RowWriter};
use crate::text_writers::{CsvTableWriter, NdjsonTableWriter};

/// How a table becomes a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableFileOptions {
    /// The format of the file.
    pub(crate) format: FileFormat,
    /// The compression of a text file.
    pub(crate) compression: TextCompression,
    /// The character encoding of a text file.
    pub(crate) encoding: TextEncoding,
    /// The offset that a text file's times are written with; UTC is written as Z.
    pub(crate) offset: Offset,
}

impl TableFileOptions {
    /// CSV without compression.
    pub(crate) const fn csv(encoding: TextEncoding, offset: Offset) -> TableFileOptions {
        TableFileOptions { format: FileFormat::Csv, compression: TextCompression::None, encoding, offset }
    }

    /// Creates `folder/stem.<extension>` and the folders above it, and starts the table in it.
    pub(crate) fn create(self, folder: &Path, stem: &str, columns: &'static [ColumnSpec]) -> GenerateResult<Box<dyn RowWriter>> {
        let path = folder.join(format!("{stem}.{}", self.extension()));
        Ok(match self.format {
            FileFormat::Parquet => Box::new(ParquetTableWriter::create(path, columns)?),
            FileFormat::Csv => {
                let output = TextOutput::create(path, self.compression, self.encoding)?;
                Box::new(CsvTableWriter::create(output, columns, self.offset)?)
            }
            FileFormat::Ndjson => {
                let output = TextOutput::create(path, self.compression, self.encoding)?;
                Box::new(NdjsonTableWriter::create(output, columns, self.offset))
            }
        })
    }

    fn extension(self) -> String {
        let compression = match self.compression {
            TextCompression::None => "",
            TextCompression::Gzip => ".gz",
            TextCompression::Zstd => ".zst",
        };
        format!("{}{compression}", self.format.name())
    }
}

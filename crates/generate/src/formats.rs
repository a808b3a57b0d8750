//! The formats, compressions and encodings that tables can be written in.

/// The format of the tables that are written by day.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FileFormat {
    /// Comma-separated values, with a header line.
    Csv,
    /// One JSON object per line.
    Ndjson,
    /// Parquet, compressed with zstd.
    Parquet,
}

impl FileFormat {
    /// Every format.
    pub const ALL: [FileFormat; 3] = [FileFormat::Csv, FileFormat::Ndjson, FileFormat::Parquet];

    /// The name of the format on a command line, which is also the extension of its files.
    pub fn name(self) -> &'static str {
        match self {
            FileFormat::Csv => "csv",
            FileFormat::Ndjson => "ndjson",
            FileFormat::Parquet => "parquet",
        }
    }
}

/// The compression of CSV and NDJSON files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TextCompression {
    /// The file is not compressed.
    None,
    /// The file is one gzip stream.
    Gzip,
    /// The file is one zstd stream.
    Zstd,
}

impl TextCompression {
    /// Every compression.
    pub const ALL: [TextCompression; 3] = [TextCompression::None, TextCompression::Gzip, TextCompression::Zstd];

    /// The name of the compression on a command line.
    pub fn name(self) -> &'static str {
        match self {
            TextCompression::None => "none",
            TextCompression::Gzip => "gzip",
            TextCompression::Zstd => "zstd",
        }
    }
}

/// The character encoding of CSV and NDJSON files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TextEncoding {
    /// UTF-8.
    Utf8,
    /// GBK, in which older Chinese software exports its tables.
    Gbk,
}

impl TextEncoding {
    /// Every encoding.
    pub const ALL: [TextEncoding; 2] = [TextEncoding::Utf8, TextEncoding::Gbk];

    /// The name of the encoding on a command line.
    pub fn name(self) -> &'static str {
        match self {
            TextEncoding::Utf8 => "utf8",
            TextEncoding::Gbk => "gbk",
        }
    }
}

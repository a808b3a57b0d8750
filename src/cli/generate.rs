//! `generate` makes logs.

use super::print;
use crate::error::{Error, Kind, Result};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use kefu_generate::{FileFormat, GenerateError, LoadSpec, TextCompression, TextEncoding};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Generate {
    /// The folder to write into
    #[arg(long)]
    out: PathBuf,
    /// The invented company of sample_data: fixed days and shops, every edge case
    #[arg(long, conflicts_with_all = ["from", "days", "shops", "giant_percent", "messages_per_day", "format", "compression", "encoding"])]
    company: bool,
    /// First day, in Asia/Shanghai
    #[arg(long, default_value = "2026-09-01")]
    from: String,
    /// Days to make
    #[arg(long, default_value_t = 1)]
    days: u32,
    /// Shops, of very different sizes
    #[arg(long, default_value_t = 20)]
    shops: u32,
    /// Per cent of all lines that the first shop has [default: as large as its rank makes it]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=90))]
    giant_percent: Option<u64>,
    /// Lines of a day, all shops together
    #[arg(long, default_value_t = 100_000)]
    messages_per_day: u64,
    /// The same seed gives the same bytes [default: 1; the company's own with --company]
    #[arg(long)]
    seed: Option<u64>,
    /// Of the tables cut by day: messages, orders and what surrounds them; the small ones are CSV
    #[arg(long, default_value = "parquet", value_parser = named(&FileFormat::ALL, FileFormat::name))]
    format: FileFormat,
    /// Of CSV and NDJSON
    #[arg(long, default_value = "none", value_parser = named(&TextCompression::ALL, TextCompression::name))]
    compression: TextCompression,
    /// Of CSV and NDJSON
    #[arg(long, default_value = "utf8", value_parser = named(&TextEncoding::ALL, TextEncoding::name))]
    encoding: TextEncoding,
}

impl Generate {
    pub(super) fn run(self, json: bool) -> Result<()> {
        let summary = if self.company {
            kefu_generate::write_company(&self.out, self.seed.unwrap_or(kefu_generate::COMPANY_SEED))?
        } else {
            let from = self
                .from
                .parse()
                .map_err(|_| Error::new(Kind::Usage, format!("`{}` is not a date", self.from)).hint("write 2026-09-01"))?;
            let Generate { out, days, shops, giant_percent, messages_per_day, seed, format, compression, encoding, .. } = self;
            let seed = seed.unwrap_or(1);
            kefu_generate::write_load(&LoadSpec {
                out,
                from,
                days,
                shops,
                giant_percent,
                messages_per_day,
                seed,
                format,
                compression,
                encoding,
            })?
        };
        let kefu_generate::GeneratedSummary { files, messages, orders, bytes } = summary;
        if json {
            return print(&serde_json::json!({ "files": files, "messages": messages, "orders": orders, "bytes": bytes }).to_string());
        }
        print(&format!("{messages} messages and {orders} orders in {files} files, {bytes} bytes"))
    }
}

/// Reads one of a few values by its name, and lists the names in the help.
fn named<T: Copy + Send + Sync + 'static>(values: &'static [T], name: fn(T) -> &'static str) -> impl TypedValueParser<Value = T> {
    let names = PossibleValuesParser::new(values.iter().map(|value| name(*value)));
    names.try_map(move |typed| values.iter().copied().find(|value| name(*value) == typed).ok_or("not one of the names"))
}

/// A wrong request is a usage error, and what could not be written a failure.
impl From<GenerateError> for Error {
    fn from(problem: GenerateError) -> Error {
        let kind = if problem.is_usage() { Kind::Usage } else { Kind::Failed };
        let error = Error::new(kind, problem.to_string());
        let error = match problem.hint() {
            Some(hint) => error.hint(hint),
            None => error,
        };
        match problem {
            GenerateError::FolderTaken { folder } => error.with("folder", folder.display()),
            GenerateError::Unwritable { path, .. } => error.with("file", path.display()),
            GenerateError::InvalidRequest(_) | GenerateError::TimeOutOfRange(_) | GenerateError::Internal(_) => error,
        }
    }
}

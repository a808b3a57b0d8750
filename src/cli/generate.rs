//! The command `generate`, which writes invented logs.

use super::stdout::print;
use crate::error::{Error, Kind, Result};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use kefu_generate::{FileFormat, GenerateError, LoadSpec, TextCompression, TextEncoding};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    /// The folder to write into
    #[arg(long)]
    out: PathBuf,
    /// Write the invented company of sample_data: fixed days and shops, every edge case
    #[arg(long, conflicts_with_all = ["from", "days", "shops", "giant_percent", "messages_per_day", "format", "compression", "encoding"])]
    company: bool,
    /// First day, in Asia/Shanghai
    #[arg(long, default_value = "2026-09-01")]
    from: String,
    /// Number of days
    #[arg(long, default_value_t = 1)]
    days: u32,
    /// Number of shops, which have very different sizes
    #[arg(long, default_value_t = 20)]
    shops: u32,
    /// Share of all lines that the first shop has, in per cent [default: what follows from its rank]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=90))]
    giant_percent: Option<u64>,
    /// Chat lines of a day, all shops together
    #[arg(long, default_value_t = 100_000)]
    messages_per_day: u64,
    /// Random seed; the same seed gives the same bytes [default: 1; with --company, the company's own]
    #[arg(long)]
    seed: Option<u64>,
    /// Format of the tables that are partitioned by day; the small tables are always CSV
    #[arg(long, default_value = "parquet", value_parser = named(&FileFormat::ALL, FileFormat::name))]
    format: FileFormat,
    /// Compression of CSV and NDJSON
    #[arg(long, default_value = "none", value_parser = named(&TextCompression::ALL, TextCompression::name))]
    compression: TextCompression,
    /// Encoding of CSV and NDJSON
    #[arg(long, default_value = "utf8", value_parser = named(&TextEncoding::ALL, TextEncoding::name))]
    encoding: TextEncoding,
}

impl GenerateArgs {
    pub(super) fn run(self, json: bool) -> Result<()> {
        let summary = if self.company {
            kefu_generate::write_company(&self.out, self.seed.unwrap_or(kefu_generate::COMPANY_SEED))?
        } else {
            let from = self
                .from
                .parse()
                .map_err(|_| Error::new(Kind::Usage, format!("`{}` is not a date", self.from)).hint("write 2026-09-01"))?;
            let GenerateArgs { out, days, shops, giant_percent, messages_per_day, seed, format, compression, encoding, .. } = self;
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

/// A parser of one of a few values by its name. It lists the names in the help.
fn named<T: Copy + Send + Sync + 'static>(values: &'static [T], name: fn(T) -> &'static str) -> impl TypedValueParser<Value = T> {
    let names = PossibleValuesParser::new(values.iter().map(|value| name(*value)));
    names.try_map(move |typed| values.iter().copied().find(|value| name(*value) == typed).ok_or("not one of the names"))
}

/// A wrong request is a usage error; a file that cannot be written is a failure.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    #[test]
    fn a_format_is_read_by_its_name_and_a_wrong_one_is_refused_with_the_names() {
        let parse = |format| Cli::try_parse_from(["kefu", "generate", "--out", "logs", "--format", format]);
        assert!(["csv", "ndjson", "parquet"].into_iter().all(|format| parse(format).is_ok()));
        let refused = parse("xlsx").unwrap_err().to_string();
        assert!(refused.contains("[possible values: csv, ndjson, parquet]"), "{refused}");
    }

    #[test]
    fn a_folder_that_is_taken_is_a_usage_error_with_a_hint_and_an_unwritable_file_a_failure() {
        let taken = Error::from(GenerateError::FolderTaken { folder: "logs/messages".into() });
        assert_eq!((taken.exit_code(), taken.hint_text()), (2, Some("name a new folder")));
        assert_eq!(taken.to_string(), "there are logs in this folder already\n  folder: logs/messages");
        let unwritable = Error::from(GenerateError::Unwritable { path: "logs/shops.csv".into(), problem: "disk full".into() });
        assert_eq!((unwritable.exit_code(), unwritable.hint_text()), (1, None));
        assert_eq!(unwritable.to_string(), "cannot write: disk full\n  file: logs/shops.csv");
    }
}

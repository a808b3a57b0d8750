//! The floor: what it costs to read a day's logs and do nothing with them. `benches/run` compares everything else with it.
//!
//! `decode` decodes columns of Parquet files, keys as dictionaries, as the pipeline reads them; `walk` steps over the rows of CSV and
//! NDJSON files with the parsers that the pipeline uses. One thread, and no row is looked at.

use arrow::datatypes::{DataType, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use serde::de::IgnoredAny;
use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write, stdout};
use std::process::ExitCode;
use std::sync::Arc;

/// The allocator of kefu, so that it makes no difference.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "\
Usage: floor decode COLUMNS FILE.parquet...
       floor walk FILE...

COLUMNS is a list with commas, or `all` (whatever of these a file has), or `five` (the least that replies and waits need).
FILE of walk: .csv or .ndjson, and then .gz or .zst if compressed.
Prints the number of rows.
";

/// The columns of a chat log.
const ALL: [&str; 13] = [
    "shop_id",
    "buyer_id",
    "sender",
    "sent_at",
    "agent_id",
    "session_id",
    "message_id",
    "seq",
    "reply_mode",
    "kind",
    "text",
    "recalled",
    "platform",
];
const FIVE: [&str; 5] = ["shop_id", "buyer_id", "agent_id", "sender", "sent_at"];
/// Those of them that many rows share.
const KEYS: [&str; 6] = ["shop_id", "buyer_id", "agent_id", "session_id", "sender", "reply_mode"];
const BATCH_ROWS: usize = 16 * 1024;
const BUFFER: usize = 64 * 1024;

fn main() -> ExitCode {
    // `cargo bench` adds `--bench`, and then there is nothing to read.
    let arguments = std::env::args().skip(1).filter(|argument| argument != "--bench").collect::<Vec<_>>();
    let words = arguments.iter().map(String::as_str).collect::<Vec<_>>();
    let rows = match words.as_slice() {
        [] | ["-h" | "--help"] => {
            eprint!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        ["decode", columns, files @ ..] => decode_all(&named(columns), files),
        ["walk", files @ ..] => walk_all(files),
        _ => Err(USAGE.into()),
    };
    match rows.and_then(|rows| Ok(writeln!(stdout(), "{rows} rows")?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn named(columns: &str) -> Vec<&str> {
    match columns {
        "all" => ALL.to_vec(),
        "five" => FIVE.to_vec(),
        list => list.split(',').collect(),
    }
}

fn decode_all(columns: &[&str], files: &[&str]) -> Result<usize> {
    let mut rows = 0;
    for file in files {
        rows += decode(columns, file)?;
    }
    Ok(rows)
}

fn decode(columns: &[&str], path: &str) -> Result<usize> {
    let file = File::open(path)?;
    let metadata = with_keys(&ArrowReaderMetadata::load(&file, ArrowReaderOptions::default())?)?;
    let fields = metadata.schema().fields().iter().enumerate();
    let wanted = fields.filter(|(_, field)| columns.contains(&field.name().as_str())).map(|(index, _)| index).collect::<Vec<_>>();
    let projection = ProjectionMask::roots(metadata.parquet_schema(), wanted);
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
    let mut rows = 0;
    for batch in builder.with_projection(projection).with_batch_size(BATCH_ROWS).build()? {
        rows += black_box(batch?).num_rows();
    }
    Ok(rows)
}

/// The same file with its keys as dictionaries: a dictionary is decoded once, a row is then a number.
fn with_keys(metadata: &ArrowReaderMetadata) -> Result<ArrowReaderMetadata> {
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let fields = metadata.schema().fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 if KEYS.contains(&field.name().as_str()) => Arc::new(field.as_ref().clone().with_data_type(dictionary.clone())),
        _ => Arc::clone(field),
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let options = ArrowReaderOptions::new().with_schema(schema);
    Ok(ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)?)
}

fn walk_all(files: &[&str]) -> Result<usize> {
    let mut rows = 0;
    for file in files {
        rows += walk(file)?;
    }
    Ok(rows)
}

fn walk(path: &str) -> Result<usize> {
    let text = decompressed(path, File::open(path)?)?;
    match path.trim_end_matches(".gz").trim_end_matches(".zst").rsplit('.').next() {
        Some("csv") => walk_csv(text),
        Some("ndjson") => walk_ndjson(BufReader::with_capacity(BUFFER, text)),
        _ => Err(format!("{path}: neither .csv nor .ndjson").into()),
    }
}

fn decompressed(path: &str, file: File) -> Result<Box<dyn Read>> {
    Ok(match path.rsplit('.').next() {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(BufReader::with_capacity(BUFFER, file))),
        Some("zst") => Box::new(zstd::Decoder::new(file)?),
        _ => Box::new(file),
    })
}

fn walk_csv(text: Box<dyn Read>) -> Result<usize> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).buffer_capacity(BUFFER).from_reader(text);
    let mut record = csv::ByteRecord::new();
    let mut rows = 0;
    while reader.read_byte_record(&mut record)? {
        rows += 1;
        black_box(&record);
    }
    Ok(rows)
}

fn walk_ndjson(mut text: impl BufRead) -> Result<usize> {
    let mut line = Vec::new();
    let mut rows = 0;
    while text.read_until(b'\n', &mut line)? > 0 {
        black_box(serde_json::from_slice::<IgnoredAny>(&line)?);
        rows += 1;
        line.clear();
    }
    Ok(rows)
}

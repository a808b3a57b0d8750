//! Reads the files of one table on several threads: each file is cut into parts, and each part is decoded and mapped to canonical rows.

use super::batch::CanonicalBatch;
use super::mapping::ColumnMapping;
use super::times::TimeParser;
use crate::config::{InputFormat, Plan, RowOrder, SourceConfig};
use crate::error::{Context, Result};
use crate::ingest::decode::dispatch::{decode, format, parts};
use crate::ingest::decode::guard::guarded;
use crate::ingest::decode::input::{DecodeInput, DecodedBatch, FilePart, wanted};
use crate::model::{ColumnType, InputTable};
use crate::parallel;
use crate::store::StoredObject;
use arrow::datatypes::DataType;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// Reads files on `workers` threads. `prepare` runs on each batch of canonical rows in the thread that decoded it; `each` then receives the
/// results in file and row order. The files of a source with `order = "newest_first"` come last file first, so that its rows are in the
/// reverse of their order in time throughout (DECISIONS #58). Errors: the first one in that order, with the table and the file.
pub(super) fn read<T: Send>(
    plan: &Plan,
    table: InputTable,
    files: &[StoredObject],
    workers: usize,
    prepare: impl Fn(CanonicalBatch) -> T + Sync,
    each: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    let Some(source) = plan.source(table) else { return Ok(()) };
    let in_file = |file: &StoredObject, result: Result<()>| result.with("table", table.name()).with("file", plan.input.describe(&file.key));
    let mut files = files.iter().collect::<Vec<_>>();
    if source.order == RowOrder::NewestFirst {
        files.reverse();
    }
    let mut stretches = Vec::new();
    let split = |file: &&StoredObject, emit: &mut dyn FnMut(Vec<Stretch>) -> Result<()>| {
        let parts = guarded(|| parts(&input(plan, table, source, file)));
        in_file(file, parts.and_then(|parts| emit(stretches_of(plan, table, source, (*file, parts))?)))
    };
    parallel::for_each_ordered(&files, workers, split, |of_file| {
        stretches.extend(of_file);
        Ok(())
    })?;
    let unused = UnusedColumns::default();
    let decode = |(file, parts): &Stretch, emit: &mut dyn FnMut(T) -> Result<()>| {
        let mut mapping: Option<ColumnMapping> = None;
        let mut map = |decoded: DecodedBatch| {
            let mapping = match &mut mapping {
                Some(mapping) => mapping,
                None => {
                    let new = ColumnMapping::new(plan, table, source, (format(file, source)?, &file.key, &decoded.file_schema))?;
                    if parts.first().is_some_and(FilePart::is_first) {
                        unused.add(&new.unused);
                    }
                    mapping.insert(new)
                }
            };
            emit(prepare(mapping.map(&file.key, decoded)?))
        };
        in_file(file, guarded(|| parts.iter().try_for_each(|part| decode(&input(plan, table, source, file), part, &mut map))))
    };
    let result = parallel::for_each_ordered(&stretches, workers, decode, each);
    unused.warn(plan, table);
    result
}

/// A file and parts of it that one thread decodes, one after another.
type Stretch = (StoredObject, Vec<FilePart>);

/// The stretches of a file, in row order: each part is one, unless what a row means may depend on the row before. That is so of wall times in a
/// zone whose clocks show an hour twice. Errors: an unknown zone.
fn stretches_of(
    plan: &Plan,
    table: InputTable,
    source: &SourceConfig,
    (file, parts): (&StoredObject, Vec<FilePart>),
) -> Result<Vec<Stretch>> {
    let holds_wall_times = |part: &FilePart| match part {
        FilePart::RowGroup { metadata, .. } => wanted(source, table).any(|(name, of)| {
            let is_wall = |found: &DataType| match found {
                DataType::Timestamp(_, zone) => zone.is_none(),
                found => !found.is_numeric() || !source.datetime_format.0.is_empty(),
            };
            of == ColumnType::Time && metadata.schema().field_with_name(name).is_ok_and(|field| is_wall(field.data_type()))
        }),
        FilePart::Whole(_) => false,
    };
    let is_one = parts.len() > 1
        && parts.first().is_some_and(holds_wall_times)
        && TimeParser::new(plan, source, InputFormat::Parquet)?.repeats_hours();
    Ok(match is_one {
        true => vec![(file.clone(), parts)],
        false => parts.into_iter().map(|part| (file.clone(), vec![part])).collect(),
    })
}

pub(super) fn input<'a>(plan: &'a Plan, table: InputTable, source: &'a SourceConfig, file: &'a StoredObject) -> DecodeInput<'a> {
    DecodeInput { store: &plan.input, file, source, table, caps: &plan.config.quality.caps }
}

/// Columns of order exports that no metric needs yet. They are expected, so that no warning is given for them.
const NEVER_WARNED: [&str; 2] = ["shipped_at", "sku_id"];

/// The most column names in one warning.
const MAX_NAMES: usize = 20;

/// The source columns that no canonical column uses, each with the number of files that have it.
#[derive(Default)]
struct UnusedColumns(Mutex<BTreeMap<String, usize>>);

impl UnusedColumns {
    /// Counts the unused columns of one file.
    fn add(&self, columns: &[String]) {
        let mut files_by_column = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = columns.iter().filter(|column| !NEVER_WARNED.contains(&column.as_str()));
        counted.for_each(|column| *files_by_column.entry(column.clone()).or_default() += 1);
    }

    /// Logs a warning that names the columns. A process warns of each column once, because the next day's files will have it too.
    fn warn(&self, plan: &Plan, table: InputTable) {
        static WARNED: Mutex<BTreeSet<(String, InputTable, String)>> = Mutex::new(BTreeSet::new());
        let mut warned = WARNED.lock().unwrap_or_else(PoisonError::into_inner);
        let files_by_column = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = files_by_column.iter().filter(|(column, _)| warned.insert((plan.input.name().to_owned(), table, (*column).clone())));
        let new = new.map(|(column, files)| format!("{column} ({files} files)")).collect::<Vec<_>>();
        if !new.is_empty() {
            let columns = new.iter().take(MAX_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
            tracing::warn!(table = table.name(), count = new.len(), columns, "columns that no metric uses");
        }
    }
}

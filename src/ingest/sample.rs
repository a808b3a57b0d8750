//! A sample of a table's files: their first rows, and of a Parquet file also rows of its middle and end, converted as a run converts them.

use super::batch::CanonicalBatch;
use super::mapping::ColumnMapping;
use super::quarantine::Audit;
use super::read::input;
use super::strays::{MessagePartitions, Strays};
use crate::config::Plan;
use crate::error::{Context, Error, Kind, Result};
use crate::ingest::decode::dispatch::{decode, format, parts};
use crate::ingest::decode::guard::guarded;
use crate::ingest::decode::input::{DecodedBatch, FilePart};
use crate::model::{ColumnType, InputTable};
use crate::store::StoredObject;
use arrow::array::Array;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use kefu_kernel::calendar::Day;
use std::collections::{BTreeMap, BTreeSet};

/// Rows that are converted of each part of a file.
const ROWS: usize = 1000;

/// Distinct ids that are kept of a column.
const IDS: usize = 100_000;

/// A sample of a table's rows.
pub struct Sample {
    /// The rows converted, the bad ones among them, and the warnings about them.
    pub audit: Audit,
    /// Whether these are all rows of all files.
    pub is_whole: bool,
    /// Columns of the first file that no canonical column uses.
    pub unused: Vec<String>,
    /// Column → how its times are read, with an example.
    pub times: BTreeMap<&'static str, String>,
    /// Column → words that are none of the table's, in the order of their number.
    pub unknown_words: BTreeMap<&'static str, BTreeSet<String>>,
    /// The kinds of lines that agents sent.
    pub agent_kinds: BTreeSet<String>,
    /// Column → the distinct ids found.
    pub ids: BTreeMap<&'static str, BTreeSet<String>>,
}

/// Converts a sample of some files of a table, each with the date of its partition. Errors: those of a run that reads them, up to these rows.
pub fn sample(plan: &Plan, table: InputTable, files: &[(Option<Day>, StoredObject)]) -> Result<Sample> {
    let mut sample = Sample {
        audit: Audit::new(table),
        is_whole: true,
        unused: Vec::new(),
        times: BTreeMap::new(),
        unknown_words: BTreeMap::new(),
        agent_kinds: BTreeSet::new(),
        ids: BTreeMap::new(),
    };
    let partitions = if table == InputTable::Messages { Some(MessagePartitions::of(plan, files)?) } else { None };
    let mut strays = Strays::default();
    for (index, (_, file)) in files.iter().enumerate() {
        let of_file = guarded(|| sample.add_file(plan, table, (file, index == 0), partitions.as_ref(), &mut strays));
        of_file.with("table", table.name()).with("file", plan.input.describe(&file.key))?;
    }
    sample.audit.warnings.extend(strays.warnings());
    Ok(sample)
}

impl Sample {
    fn add_file(
        &mut self,
        plan: &Plan,
        table: InputTable,
        (file, is_first): (&StoredObject, bool),
        partitions: Option<&MessagePartitions>,
        strays: &mut Strays,
    ) -> Result<()> {
        let Some(source) = plan.source(table) else { return Ok(()) };
        let input = input(plan, table, source, file);
        let format = format(file, source)?;
        let parts = parts(&input)?;
        let chosen = BTreeSet::from([0, parts.len() / 2, parts.len().saturating_sub(1)]);
        self.is_whole &= parts.len() <= chosen.len();
        for part in chosen.into_iter().filter_map(|index| parts.get(index)) {
            let mut mapping: Option<ColumnMapping> = None;
            let (mut rows, mut is_cut) = (0, false);
            let mut each = |decoded: DecodedBatch| {
                let mapping = match &mut mapping {
                    Some(mapping) => mapping,
                    None => mapping.insert(ColumnMapping::new(plan, table, source, (format, &file.key, &decoded.file_schema))?),
                };
                let wanted = ROWS - rows;
                is_cut = decoded.batch.num_rows() > wanted;
                rows += decoded.batch.num_rows().min(wanted);
                let decoded = first_rows(decoded, wanted);
                self.describe_times(plan, mapping, &decoded);
                let batch = mapping.map(&file.key, decoded)?;
                if let Some(partitions) = partitions {
                    strays.add(partitions.strays(&batch));
                }
                self.add(table, &batch)?;
                // The decoder is stopped by an error that is none.
                if rows < ROWS { Ok(()) } else { Err(Error::new(Kind::Failed, ENOUGH)) }
            };
            match decode(&input, part, &mut each) {
                Err(e) if e.message() != ENOUGH => return Err(e),
                Err(_) => self.is_whole &= !is_cut && matches!(part, FilePart::Whole(_)),
                Ok(()) => {}
            }
            if let Some(mapping) = mapping.filter(|_| is_first && part.is_first()) {
                self.unused = mapping.unused;
            }
        }
        Ok(())
    }

    /// Adds the rows of a batch.
    fn add(&mut self, table: InputTable, batch: &CanonicalBatch) -> Result<()> {
        self.audit.quarantine(batch)?;
        self.audit.file(&batch.file).read += batch.rows as i64;
        let faults = batch.faults.values().chain(batch.emptied.iter().map(|(_, fault)| fault));
        for fault in faults {
            let column = table.columns().iter().find(|column| column.name == fault.column && matches!(column.of, ColumnType::Word(_)));
            if let Some(column) = column.filter(|_| !fault.value.is_empty()) {
                self.unknown_words.entry(column.name).or_default().insert(fault.value.clone());
            }
        }
        if table == InputTable::Messages {
            self.add_agent_kinds(batch);
        }
        for (index, column) in table.columns().iter().enumerate().filter(|(_, column)| column.is_id()) {
            let ids = self.ids.entry(column.name).or_default();
            for row in (0..batch.rows).filter(|row| !batch.faults.contains_key(row)) {
                if let Some(id) = batch.string(index, row).filter(|id| ids.len() < IDS && !ids.contains(*id)) {
                    ids.insert(id.to_owned());
                }
            }
        }
        Ok(())
    }

    /// Adds the kinds of the lines that agents sent.
    fn add_agent_kinds(&mut self, batch: &CanonicalBatch) {
        let [sender, kind] = ["sender", "kind"].map(|name| InputTable::Messages.index(name));
        let is_agents = |row: &usize| !batch.faults.contains_key(row) && batch.key(sender, *row) == Some("agent");
        for found in (0..batch.rows).filter(is_agents).filter_map(|row| batch.key(kind, row)) {
            if !self.agent_kinds.contains(found) && self.agent_kinds.len() < IDS {
                self.agent_kinds.insert(found.trim().to_owned());
            }
        }
    }

    /// Notes how the times of a batch are read, unless it is known.
    fn describe_times(&mut self, plan: &Plan, mapping: &ColumnMapping, decoded: &DecodedBatch) {
        for (column, name) in mapping.time_columns() {
            let Some(cells) = decoded.batch.column_by_name(name).filter(|_| !self.times.contains_key(column)) else { continue };
            if cells.null_count() == cells.len() {
                continue;
            }
            // Instants of a named zone have no text here, and need no example.
            let text = cast(cells, &DataType::Utf8).ok();
            let texts = text.as_ref().map(|text| arrow::array::AsArray::as_string::<i32>(text).iter().flatten());
            let example = texts.and_then(|mut texts| texts.find(|cell| !cell.trim().is_empty())).unwrap_or_default();
            self.times.insert(column, mapping.describe_time(plan, cells.data_type(), example.trim()));
        }
    }
}

/// The message of the error that stops a decoder once enough rows are read.
const ENOUGH: &str = "enough rows are read";

/// The first rows of a batch.
fn first_rows(decoded: DecodedBatch, rows: usize) -> DecodedBatch {
    let rows = rows.min(decoded.batch.num_rows());
    let faults = decoded.faults.into_iter().filter(|fault| fault.row < rows).collect();
    DecodedBatch { batch: decoded.batch.slice(0, rows), faults, ..decoded }
}

//! Checks one input table: its files, its columns, and a sample of its rows.

use super::hints::hints;
use crate::config::{Plan, SourceConfig};
use crate::error::{Context, Error, Kind, Result};
use crate::facts::{FactContext, SuspectLines, chat_facts};
use crate::ingest::{self, DayChats, Orders, Reference, Sample};
use crate::memory::{DayResources, MemoryBudget};
use crate::model::{ColumnType, InputTable};
use kefu_kernel::calendar::Day;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Bytes of files up to which a table is read as a whole, which finds what concerns several rows.
const READ_WHOLE: u64 = 16 << 20;

/// The most names or words in one line.
const MAX_NAMES: usize = 20;

/// One input table. The fields are keys of `--json`.
#[derive(Debug, Serialize)]
pub struct CheckedTable {
    /// The name of the table.
    pub table: &'static str,
    /// Number and total size of its files for the day.
    pub files: usize,
    pub bytes: u64,
    /// The rows that were converted, and how many of them are bad.
    pub rows_converted: i64,
    pub rows_bad: i64,
    /// Columns of the first file that kefu does not use.
    pub unused_columns: Vec<String>,
    /// Column → how its times are read, with an example.
    pub times: BTreeMap<&'static str, String>,
    /// Lines of TOML to paste below the table's heading, for words that the table does not know.
    pub unknown_words: Vec<String>,
    /// What may mark lines that are not said to the buyer, each with a line of TOML.
    pub hints: Vec<String>,
    /// What a run would warn of.
    pub warnings: Vec<String>,
    /// The error with which a run would fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    #[serde(skip)]
    pub(super) error: Option<Error>,
    /// Column → the distinct ids of the sample.
    #[serde(skip)]
    pub(super) ids: BTreeMap<&'static str, BTreeSet<String>>,
}

/// Checks one table.
pub(super) fn check_table(plan: &Plan, table: InputTable, source: &SourceConfig, day: Day) -> CheckedTable {
    let mut checked = CheckedTable {
        table: table.name(),
        files: 0,
        bytes: 0,
        rows_converted: 0,
        rows_bad: 0,
        unused_columns: Vec::new(),
        times: BTreeMap::new(),
        unknown_words: Vec::new(),
        hints: Vec::new(),
        warnings: Vec::new(),
        problem: None,
        error: None,
        ids: BTreeMap::new(),
    };
    if let Err(error) = fill(&mut checked, plan, table, source, day) {
        checked.fail(error);
    }
    checked
}

/// Fills in what is found of a table. Errors: those of a run that reads it.
fn fill(checked: &mut CheckedTable, plan: &Plan, table: InputTable, source: &SourceConfig, day: Day) -> Result<()> {
    let files = ingest::files_of(plan, table, source, day, day).with("table", table.name())?;
    checked.files = files.len();
    checked.bytes = files.iter().map(|(_, file)| file.size()).sum();
    let needs_partition = !source.is_dated() || matches!(table, InputTable::Messages | InputTable::Orders);
    if needs_partition {
        ingest::require_files(plan, table, source, &files, day, day)?;
    }
    let sample = ingest::sample(plan, table, &files)?;
    checked.rows_converted = sample.audit.total().read;
    checked.rows_bad = sample.audit.total().quarantined;
    checked.unknown_words = words_to_map(table, &sample);
    checked.hints = hints(table, &sample);
    let warnings = sample.audit.all_warnings();
    let audit = sample.audit;
    (checked.unused_columns, checked.times, checked.ids, checked.warnings) = (sample.unused, sample.times, sample.ids, warnings);
    // Of a table that needs no file for the day, a run looks for the files of the days before.
    if checked.bytes <= READ_WHOLE && (checked.files > 0 || !needs_partition) {
        checked.warnings = read_whole(plan, table, day)?;
        return Ok(());
    }
    audit.check(plan.config.quality.max_bad_ratio)
}

/// Reads a small table as a run does, and returns its warnings. Errors: those of the run.
fn read_whole(plan: &Plan, table: InputTable, day: Day) -> Result<Vec<String>> {
    match table {
        InputTable::Messages => {
            let resources = DayResources { budget: MemoryBudget::of_limit(crate::memory::limit()), workers: 1 };
            let mut read = ingest::read_messages(plan, &BTreeSet::from([day]), &resources, &Default::default(), true)?;
            let Some(mut chats) = read.days.remove(&day) else { return Ok(Vec::new()) };
            chats.audit.check(plan.config.quality.max_bad_ratio)?;
            Ok([chats.audit.all_warnings(), suspect_lines(plan, day, &mut chats)?].concat())
        }
        InputTable::Orders => {
            let orders = ingest::read_orders(plan, day, day, i64::MAX, None)?;
            Ok(orders.map(|orders| orders.audit.all_warnings()).unwrap_or_default())
        }
        InputTable::Refunds => {
            // What is wrong with the orders is told of their own table.
            let has_rates = plan.source(InputTable::ExchangeRates).is_some();
            let orders = has_rates.then(|| ingest::read_orders(plan, day, day, i64::MAX, None).ok().flatten()).flatten();
            let refunds = ingest::read_refunds(plan, (day, day), orders.as_ref().and_then(Orders::origins))?;
            Ok(refunds.audits.iter().flat_map(ingest::Audit::all_warnings).collect())
        }
        table => Ok(ingest::read_table(plan, table, day, day)?.audits.iter().flat_map(ingest::Audit::all_warnings).collect()),
    }
}

/// What a run would say of the lines of a day once they are laid out by conversation.
fn suspect_lines(plan: &Plan, day: Day, chats: &mut DayChats) -> Result<Vec<String>> {
    let (names, reference, mut suspect) = (&chats.names, Reference::default(), SuspectLines::default());
    let set_of = |shop: u32| plan.rules.set_for(names.platform_of(shop), day);
    for shard in chats.partitions.shards(names, set_of)? {
        let set = shard.first().map_or_else(|| plan.rules.set_for(None, day), |piece| set_of(chats.partitions.shop(*piece)));
        let (rules, order_by) = (plan.rules.rules(set), plan.config.messages.order_by);
        let context = FactContext::new((day, &plan.calendar), names, rules, &reference, order_by)?;
        suspect.merge(chat_facts(&context, &chats.partitions, &shard)?.suspect);
    }
    Ok(suspect.warnings())
}

/// A line of TOML for each column with words that the table does not know.
fn words_to_map(table: InputTable, sample: &Sample) -> Vec<String> {
    let line = |(column, words): (&&str, &BTreeSet<String>)| {
        let known = table.columns().iter().find(|known| known.name == *column).map(|column| column.of);
        let Some(ColumnType::Word(known)) = known else { return None };
        let found = words.iter().take(MAX_NAMES).map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ");
        let first = known.first().copied().unwrap_or_default();
        Some(format!("values.{column} = {{ {first} = [{found}] }}  # one or several of {}", known.join(", ")))
    };
    sample.unknown_words.iter().filter_map(line).collect()
}

impl CheckedTable {
    fn fail(&mut self, error: Error) {
        self.problem = Some(error.in_one_line());
        self.error = Some(error);
    }

    /// Makes the first warning the problem of the table.
    pub(super) fn refuse_warnings(&mut self) {
        if let (Some(first), None) = (self.warnings.first(), &self.problem) {
            let error = Error::new(Kind::Refused, first.clone()).with("table", self.table);
            self.fail(error.hint("[quality] warnings = \"error\" makes warnings refusals"));
        }
    }
}

impl fmt::Display for CheckedTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {:<12} {} file(s), {} bytes", self.table, self.files, self.bytes)?;
        match &self.problem {
            Some(problem) => writeln!(f, "; failed: {problem}")?,
            None if self.unused_columns.is_empty() => writeln!(f)?,
            None => writeln!(f, "; not used: {}", self.unused_columns.join(", "))?,
        }
        if self.rows_converted > 0 {
            writeln!(f, "    {} row(s) converted, {} bad", self.rows_converted, self.rows_bad)?;
        }
        self.times.iter().try_for_each(|(column, how)| writeln!(f, "    {column}: {how}"))?;
        self.unknown_words.iter().try_for_each(|line| writeln!(f, "    unknown words; under [{}] write: {line}", self.table))?;
        self.hints.iter().try_for_each(|hint| writeln!(f, "    hint for [{}]: {hint}", self.table))?;
        self.warnings.iter().try_for_each(|warning| writeln!(f, "    warning: {warning}"))
    }
}

//! Maps the columns of a source to the canonical columns of a table: names, constants, values and types. A cell that cannot be converted
//! makes its row bad.

use super::batch::{CanonicalBatch, TimeSteps};
use super::cell_rules::CellRules;
use super::convert::CellConverter;
use super::header::looks_like_data;
use super::literals::EXACT;
use super::literals::truth;
use super::row_fault::{Faults, RowFault};
use super::row_filter::RowFilter;
use super::times::TimeParser;
use super::wall_times::RowBefore;
use crate::config::{BuyerKey, KeyedIds, unused_setting};
use crate::config::{InputFormat, Plan, RowOrder, SourceConfig};
use crate::error::{Error, Kind, Result};
use crate::ingest::decode::input::{DecodeFault, DecodedBatch, columns_of};
use crate::model::{ColumnType, InputColumn, InputTable};
use crate::names::LastDictionary;
use crate::privacy;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where the cells of a canonical column come from.
enum ColumnOrigin {
    /// A source column, by its name.
    Source(String),
    /// The same text in every row.
    Constant(String),
    /// The file has no such column: every cell is null.
    Missing,
}

impl ColumnOrigin {
    /// The source cells of the rows of a batch.
    fn cells(&self, batch: &RecordBatch) -> ArrayRef {
        let rows = batch.num_rows();
        match self {
            ColumnOrigin::Source(name) => {
                batch.column_by_name(name).map_or_else(|| Arc::new(StringArray::new_null(rows)) as ArrayRef, Arc::clone)
            }
            ColumnOrigin::Constant(text) => Arc::new(StringArray::from(vec![text.as_str(); rows])),
            ColumnOrigin::Missing => Arc::new(StringArray::new_null(rows)),
        }
    }
}

/// The mapping from the columns of one file to the canonical columns of a table.
pub(super) struct ColumnMapping {
    table: InputTable,
    /// The canonical columns, as the source must give them.
    columns: Vec<InputColumn>,
    /// One origin per canonical column.
    origins: Vec<ColumnOrigin>,
    /// Takes rows out before they are mapped; `None` if the source has neither `drop` nor `keep`.
    filter: Option<RowFilter>,
    /// The values of the columns that the path of the file gives.
    in_path: BTreeMap<String, String>,
    /// The index of the column that tells when a row happened, by which a file that runs backwards is found; `None` if it need not be.
    time: Option<usize>,
    /// One value mapping per canonical column, where the pipeline has one.
    values: Vec<Option<ValueMapping>>,
    /// How the cells of each canonical column are read.
    rules: Vec<CellRules>,
    /// One dictionary per canonical column: the last one whose values were all accepted.
    accepted: Vec<LastDictionary>,
    /// One per canonical column: the row before the next batch.
    before: Vec<RowBefore>,
    times: TimeParser,
    buyers: Option<KeyedIds>,
    key: Option<BuyerKey>,
    /// The source columns that nothing uses.
    pub unused: Vec<String>,
}

impl ColumnMapping {
    /// Resolves the mapping of a source against the format, the key and the schema of one file. Errors: a required or explicitly mapped column is missing,
    /// or a source column has a type that cannot be converted.
    pub(super) fn new(
        plan: &Plan,
        table: InputTable,
        source: &SourceConfig,
        (format, key, schema): (InputFormat, &str, &Schema),
    ) -> Result<ColumnMapping> {
        if let Some((_, error)) = unused_setting(source, format) {
            return Err(error);
        }
        let in_path = plan.path(table)?.columns_of(key).into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
        let columns = columns_of(source, table);
        let mut origins = Vec::new();
        for column in &columns {
            origins.push(origin(table, source, (schema, &in_path), column)?);
        }
        let used = origins.iter().filter_map(|o| if let ColumnOrigin::Source(name) = o { Some(name) } else { None }).collect::<Vec<_>>();
        let filter = RowFilter::new(table, source, schema)?;
        let is_used = |name: &&String| used.contains(name) || filter.as_ref().is_some_and(|filter| filter.reads(name));
        let unused = schema.fields().iter().map(|f| f.name()).filter(|name| !is_used(name)).cloned().collect();
        let values = columns.iter().map(|c| source.values.get(c.name).map(ValueMapping::new)).collect();
        let rules = columns.iter().map(|column| CellRules::new(source, column, format)).collect();
        let times = TimeParser::new(plan, source, format)?;
        let buyers = plan.buyer_key.as_ref().map(KeyedIds::new);
        let accepted = origins.iter().map(|_| LastDictionary::default()).collect();
        let before = origins.iter().map(|_| RowBefore::new(source.order == RowOrder::NewestFirst)).collect();
        let is_time = |column: &InputColumn| column.required && column.of == ColumnType::Time;
        let time = columns.iter().position(is_time).filter(|_| source.order == RowOrder::OldestFirst);
        Ok(ColumnMapping {
            table,
            columns,
            origins,
            filter,
            in_path,
            time,
            values,
            rules,
            accepted,
            before,
            times,
            buyers,
            key: plan.buyer_key.clone(),
            unused,
        })
    }

    /// The columns of times and dates that come from the source, each with the name of the source column.
    pub(super) fn time_columns(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.columns.iter().zip(&self.origins).filter_map(|(column, origin)| match (column.of, origin) {
            (ColumnType::Time | ColumnType::Date, ColumnOrigin::Source(name)) => Some((column.name, name.as_str())),
            _ => None,
        })
    }

    /// How a time of a type is read, with an example of the source.
    pub(super) fn describe_time(&self, plan: &Plan, found: &DataType, example: &str) -> String {
        self.times.describe(plan, found, example)
    }

    /// Converts a decoded batch to canonical rows. Buyer ids are replaced by keyed ids if the pipeline has a `key`, and text that will be
    /// published is masked, in the columns as in the faults. Rows that the filter takes out leave nothing but their number. Errors: a column
    /// cannot be converted at all.
    pub(super) fn map(&mut self, file: &str, decoded: DecodedBatch) -> Result<CanonicalBatch> {
        let all_rows = decoded.batch.num_rows();
        let (decoded, indices) = match &self.filter {
            Some(filter) => filter.apply(decoded)?,
            None => (decoded, None),
        };
        let rows = decoded.batch.num_rows();
        let mut faults = Faults::default();
        for fault in decoded.faults {
            self.add_decode_fault(fault, &mut faults);
        }
        let mut columns = Vec::with_capacity(self.origins.len());
        let mappings = self.origins.iter().zip(&self.values).zip(self.rules.iter().zip(self.accepted.iter_mut().zip(&mut self.before)));
        for (column, ((origin, values), (rules, (accepted, before)))) in self.columns.iter().zip(mappings) {
            let raw = origin.cells(&decoded.batch);
            let raw = match values {
                Some(values) => values.replace(&raw)?,
                None => raw,
            };
            let raw = normalize_text(raw, column, &mut faults)?;
            let raw = rules.without_nulls(raw)?;
            let cells = CellConverter { column, rules, raw: &raw, accepted, before, faults: &mut faults }.convert(&self.times)?;
            if let (ColumnOrigin::Source(_), Some(text)) = (origin, self.in_path.get(column.name)) {
                let text = values.as_ref().and_then(|values| values.mapped(text)).unwrap_or(text);
                refuse_other_than(text, column, &cells, &mut faults);
            }
            columns.push(match &mut self.buyers {
                Some(buyers) if column.is_buyer() => buyers.column(&cells)?,
                _ if column.is_published_text(self.table) => privacy::column(cells),
                _ => cells,
            });
        }
        let masked = |(row, fault): (usize, RowFault)| {
            let column = self.columns.iter().find(|column| column.name == fault.column);
            (row, fault.masked(column, self.key.as_ref()))
        };
        let mut warnings = decoded.warnings;
        if decoded.first_row == 0 {
            warnings.extend(self.names_that_stand_twice(&decoded.file_schema));
        }
        let Faults { rows: bad_rows, cells: emptied, unwrapped, ambiguous } = faults;
        let bad_rows = bad_rows.into_iter().map(masked).collect::<BTreeMap<_, _>>();
        let emptied = emptied.into_iter().filter(|(row, _)| !bad_rows.contains_key(row)).map(masked).collect();
        let steps = self.time.map(|time| TimeSteps::of(&columns[time])).unwrap_or_default();
        let (file, first_row) = (file.to_owned(), decoded.first_row);
        let taken_out = all_rows - rows;
        Ok(CanonicalBatch {
            file,
            first_row,
            rows,
            indices,
            taken_out,
            columns,
            faults: bad_rows,
            emptied,
            unwrapped,
            ambiguous,
            steps,
            warnings,
        })
    }

    /// The warning that a file has two columns of one name that the table uses.
    fn names_that_stand_twice(&self, schema: &Schema) -> Option<String> {
        let names = self.origins.iter().filter_map(|origin| if let ColumnOrigin::Source(name) = origin { Some(name) } else { None });
        let twice = |name: &&String| schema.fields().iter().filter(|field| field.name() == *name).count() > 1;
        names.clone().find(twice).map(|name| format!("two columns are named {name}; the first one counts"))
    }

    /// Adds the fault of a source cell to the canonical columns that it feeds. It makes the row bad unless all of them may be emptied, and
    /// if the cell would have told whether the row is taken out.
    fn add_decode_fault(&self, fault: DecodeFault, faults: &mut Faults) {
        let feeds = |(_, origin): &(&InputColumn, &ColumnOrigin)| matches!(origin, ColumnOrigin::Source(name) if *name == fault.column);
        let fed = self.columns.iter().zip(&self.origins).filter(feeds).map(|(column, _)| column).collect::<Vec<_>>();
        let of = |column: &str| RowFault { column: column.to_owned(), reason: fault.reason.clone(), value: String::new() };
        let named = fed.first().map_or(fault.column.as_str(), |column| column.name);
        let is_filtered = self.filter.as_ref().is_some_and(|filter| filter.reads(&fault.column));
        if !fed.is_empty() && !is_filtered && fed.iter().all(|column| column.is_emptied()) {
            faults.cells.push((fault.row, of(named)));
        } else {
            faults.rows.entry(fault.row).or_insert_with(|| of(named));
        }
    }
}

/// Makes the formats alike: text becomes Utf8 with null for an empty cell, and a whole float in a column of ids or words becomes text
/// without its `.0`. A cell whose value cannot become text is a fault. Columns of other types are returned unchanged.
fn normalize_text(raw: ArrayRef, column: &InputColumn, faults: &mut Faults) -> Result<ArrayRef> {
    use DataType as D;
    let (text, reason) = match raw.data_type() {
        D::Utf8 => (Arc::clone(&raw), ""),
        D::LargeUtf8 | D::Utf8View | D::Binary | D::LargeBinary | D::BinaryView => (cast(&raw, &D::Utf8)?, "not UTF-8"),
        D::Float16 | D::Float32 | D::Float64 if matches!(column.of, ColumnType::Key | ColumnType::Id | ColumnType::Word(_)) => {
            let floats = cast(&raw, &D::Float64)?;
            let floats = floats.as_primitive::<arrow::datatypes::Float64Type>().iter();
            let whole = |f: f64| (f.fract() == 0.0 && f.abs() < EXACT).then(|| (f + 0.0).to_string());
            (
                Arc::new(floats.map(|f| f.and_then(whole)).collect::<StringArray>()) as ArrayRef,
                "a number that names nothing: write it as text",
            )
        }
        _ => return Ok(raw),
    };
    if text.null_count() > raw.null_count() {
        for row in (0..text.len()).filter(|row| text.is_null(*row) && raw.is_valid(*row)) {
            faults.add(column, row, reason, "");
        }
    }
    let cells = text.as_string::<i32>();
    let is_empty = |(row, length): (usize, usize)| length == 0 && cells.is_valid(row);
    if !cells.offsets().lengths().enumerate().any(is_empty) {
        return Ok(text);
    }
    Ok(Arc::new(cells.iter().map(|cell| cell.filter(|cell| !cell.is_empty())).collect::<StringArray>()))
}

/// Makes rows bad whose cell is another than the path of their file says.
fn refuse_other_than(text: &str, column: &InputColumn, cells: &ArrayRef, faults: &mut Faults) {
    let Ok(cells) = cast(cells, &DataType::Utf8) else { return };
    for (row, cell) in cells.as_string::<i32>().iter().enumerate() {
        if let Some(cell) = cell.filter(|cell| *cell != text) {
            let fault = || RowFault {
                column: column.name.to_owned(),
                reason: "another than the path of the file says".to_owned(),
                value: cell.to_owned(),
            };
            faults.rows.entry(row).or_insert_with(fault);
        }
    }
}

/// Finds the origin of a canonical column: the source column, else the path or the constant, else nothing if the column is optional.
/// Errors: the column is required or mapped by name and not in the file, or its type cannot be converted.
fn origin(
    table: InputTable,
    source: &SourceConfig,
    (schema, in_path): (&Schema, &BTreeMap<String, String>),
    column: &InputColumn,
) -> Result<ColumnOrigin> {
    let name = source.columns.get(column.name).map_or(column.name, String::as_str);
    if let Ok(index) = schema.index_of(name) {
        let found = schema.field(index).data_type();
        if !castable(found, column.of) {
            let message = format!("column `{name}` is {found}, which cannot be {}", describe(column.of));
            let error = Error::new(Kind::Refused, message).with("column", format!("{}.{}", table.name(), column.name));
            return Err(match found {
                DataType::FixedSizeBinary(_) => error.hint("write it as text, or mark it as a UUID, in the job that writes the file"),
                _ => error,
            });
        }
        return Ok(ColumnOrigin::Source(name.to_owned()));
    }
    if let Some(text) = in_path.get(column.name).or_else(|| source.constants.get(column.name)) {
        return Ok(ColumnOrigin::Constant(text.clone()));
    }
    // An optional column that the mapping names must exist too: otherwise a typing error would silently make it null.
    if !column.required && !source.columns.contains_key(column.name) {
        return Ok(ColumnOrigin::Missing);
    }
    let found = schema.fields().iter().map(|f| f.name().as_str()).collect::<Vec<_>>();
    let wanted = if name == column.name { format!("`{name}`") } else { format!("`{name}` (for {})", column.name) };
    let error = Error::new(Kind::Refused, format!("{} has no column {wanted}", table.name()));
    if found.iter().any(|name| looks_like_data(name)) {
        return Err(error.hint(format!(
            "the first line looks like data, not like column names: if it is, set header = false under [{}] and name the columns by \
                 number, such as columns = {{ {} = \"1\" }}",
            table.name(),
            column.name
        )));
    }
    let error = error.with("found", found.join(", "));
    Err(match crate::suggest::nearest(name, found.iter().copied()) {
        Some(nearest) => error.hint(format!("did you mean {} = \"{nearest}\" under [{}].columns?", column.name, table.name())),
        None => {
            error.hint(format!("name the source column under [{}].columns, or a constant under [{}].constants", table.name(), table.name()))
        }
    })
}

/// Whether a source column of type `found` can be converted to a canonical type.
fn castable(found: &DataType, to: ColumnType) -> bool {
    use DataType as D;
    match found {
        D::Dictionary(_, inner) => castable(inner, to),
        D::Utf8 | D::LargeUtf8 | D::Utf8View | D::Null => true,
        D::Boolean => matches!(to, ColumnType::Bool | ColumnType::Word(_) | ColumnType::Text | ColumnType::Label),
        D::Timestamp(..) => matches!(to, ColumnType::Time | ColumnType::Date | ColumnType::Month),
        D::Date32 | D::Date64 => matches!(to, ColumnType::Date | ColumnType::Month),
        D::Binary | D::LargeBinary | D::BinaryView => true,
        // Some writers turn a column of whole numbers with nulls into floats.
        D::Float16 | D::Float32 | D::Float64 => !matches!(to, ColumnType::Date | ColumnType::Month),
        D::Decimal32(..) | D::Decimal64(..) | D::Decimal128(..) | D::Decimal256(..) => {
            !matches!(to, ColumnType::Bool | ColumnType::Time | ColumnType::Date | ColumnType::Month)
        }
        // Bytes of a fixed length may be anything: a number, a hash, a UUID that is not marked as one.
        D::FixedSizeBinary(_) => false,
        other => other.is_integer(),
    }
}

/// The canonical type as an error message names it.
fn describe(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Key | ColumnType::Id | ColumnType::Text | ColumnType::Label => "text",
        ColumnType::Word(_) => "one of the table's words",
        ColumnType::Int | ColumnType::Count => "a whole number",
        ColumnType::Bool => "true or false",
        ColumnType::Time => "an instant",
        ColumnType::Date => "a date",
        ColumnType::Month => "a month",
        ColumnType::Money => "an amount",
        ColumnType::Number | ColumnType::Quantity | ColumnType::Rate => "a number",
    }
}

/// The pipeline's mapping from the source values of one column to canonical values.
struct ValueMapping {
    /// Canonical values by source value.
    exact: BTreeMap<String, String>,
    /// The canonical values for true and for false, if the mapping names a source value of each (DECISIONS #1).
    truths: Option<[String; 2]>,
}

impl ValueMapping {
    /// Inverts the settings, which list the source values under each canonical value.
    fn new(settings: &BTreeMap<String, Vec<String>>) -> ValueMapping {
        let exact = settings.iter().flat_map(|(to, from)| from.iter().map(|from| (from.clone(), to.clone()))).collect::<BTreeMap<_, _>>();
        let word = |wanted: bool| exact.iter().find(|(from, _)| truth_word(from) == Some(wanted)).map(|(_, to)| to.clone());
        let truths = word(true).zip(word(false)).map(|(yes, no)| [yes, no]);
        ValueMapping { exact, truths }
    }

    /// The column as text with its values mapped. A value without a mapping stays as it is.
    fn replace(&self, raw: &ArrayRef) -> Result<ArrayRef> {
        let text = cast(raw, &DataType::Utf8)?;
        let cells = text.as_string::<i32>().iter();
        Ok(Arc::new(cells.map(|cell| cell.map(|cell| self.mapped(cell.trim()).unwrap_or(cell))).collect::<StringArray>()))
    }

    /// The canonical value of a cell: by exact match, else by its truth value, because all spellings of a truth value are one value
    /// (DECISIONS #1). `None` if there is no mapping.
    fn mapped(&self, cell: &str) -> Option<&str> {
        self.exact.get(cell).map(String::as_str).or_else(|| {
            let [yes, no] = self.truths.as_ref()?;
            truth_word(cell).map(|truth| if truth { yes.as_str() } else { no.as_str() })
        })
    }
}

/// Parses a truth value written in letters. `0` and `1` are left out because they are as often numbers.
fn truth_word(text: &str) -> Option<bool> {
    truth(text).filter(|_| !text.bytes().any(|b| b.is_ascii_digit()))
}

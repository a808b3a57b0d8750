//! Takes rows out of a batch by the values of source columns (`drop` and `keep`), before anything is made of them.

use super::header::looks_like_data;
use super::literals::truth;
use crate::config::SourceConfig;
use crate::error::{Error, Kind, Result};
use crate::ingest::decode::input::{DecodeFault, DecodedBatch};
use crate::model::InputTable;
use crate::suggest::{nearest, toml_key};
use arrow::array::types::{Float64Type, Int32Type};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Schema};

/// The settings `drop` and `keep` of a source.
pub(super) struct RowFilter(Vec<FilterColumn>);

/// One source column with the values that are looked for in it.
struct FilterColumn {
    name: String,
    /// Whether a row with one of the values is taken out, and not a row without.
    drops: bool,
    values: Vec<Wanted>,
}

/// A value as the pipeline writes it.
struct Wanted {
    text: String,
    truth: Option<bool>,
}

impl RowFilter {
    /// The filter of a source; `None` if it has none. Errors: the file lacks one of its columns, or the column's type has no text.
    pub(super) fn new(table: InputTable, source: &SourceConfig, schema: &Schema) -> Result<Option<RowFilter>> {
        let mut columns = Vec::new();
        for (setting, drops, named) in [("drop", true, &source.drop), ("keep", false, &source.keep)] {
            for (name, texts) in named {
                let Ok(field) = schema.field_with_name(name) else { return Err(missing(table, setting, name, schema)) };
                if !has_text(field.data_type()) {
                    let message = format!("column `{name}` is {}, which cannot be compared with text", field.data_type());
                    return Err(Error::new(Kind::Refused, message).with("setting", format!("{}.{setting}", table.name())));
                }
                columns.push(FilterColumn { name: name.clone(), drops, values: texts.iter().map(|text| Wanted::new(text)).collect() });
            }
        }
        Ok((!columns.is_empty()).then_some(RowFilter(columns)))
    }

    /// Whether the filter reads a source column.
    pub(super) fn reads(&self, column: &str) -> bool {
        self.0.iter().any(|own| own.name == column)
    }

    /// The rows of a batch that stay, and the index of each in the batch as it was; `None` if all stay.
    pub(super) fn apply(&self, decoded: DecodedBatch) -> Result<(DecodedBatch, Option<Vec<usize>>)> {
        let stays = self.rows_that_stay(&decoded)?;
        if stays.iter().all(|stays| *stays) {
            return Ok((decoded, None));
        }
        let indices = (0..stays.len()).filter(|row| stays[*row]).collect::<Vec<_>>();
        let batch = filter_record_batch(&decoded.batch, &BooleanArray::from(stays))?;
        let moved = |fault: DecodeFault| Some(DecodeFault { row: indices.binary_search(&fault.row).ok()?, ..fault });
        let faults = decoded.faults.into_iter().filter_map(moved).collect();
        Ok((DecodedBatch { batch, faults, ..decoded }, Some(indices)))
    }

    /// Whether each row stays. A cell that could not be read takes no row out, and neither does what is not there of a row that could not be read
    /// to its end: otherwise a damaged row would not be noticed.
    fn rows_that_stay(&self, decoded: &DecodedBatch) -> Result<Vec<bool>> {
        let rows = decoded.batch.num_rows();
        let faulty = |column: &str| decoded.faults.iter().filter(|fault| fault.column == column).map(|fault| fault.row).collect::<Vec<_>>();
        let cut = decoded.faults.iter().filter(|fault| fault.is_cut).map(|fault| fault.row).collect::<Vec<_>>();
        let mut stays = vec![true; rows];
        for column in &self.0 {
            let cells = decoded.batch.column_by_name(&column.name);
            let mut matching = match cells {
                Some(cells) => column.matching(cells)?,
                None => vec![column.has(""); rows],
            };
            for row in faulty(&column.name) {
                matching[row] = !column.drops;
            }
            for row in &cut {
                let is_there = cells.is_some_and(|cells| cells.is_valid(*row));
                matching[*row] = if column.drops { matching[*row] && is_there } else { true };
            }
            stays.iter_mut().zip(matching).for_each(|(stays, matching)| *stays &= matching != column.drops);
        }
        Ok(stays)
    }
}

impl FilterColumn {
    /// Whether each cell has one of the values. A null is an empty cell.
    fn matching(&self, cells: &ArrayRef) -> Result<Vec<bool>> {
        let empty = self.has("");
        if let Some(dictionary) = cells.as_dictionary_opt::<Int32Type>() {
            let of_values = self.matching(dictionary.values())?;
            return Ok(dictionary.keys().iter().map(|key| key.map_or(empty, |key| of_values[key as usize])).collect());
        }
        if cells.data_type().is_floating() {
            // Writers turn a column of whole numbers with nulls into floats; a CSV has such numbers without decimals.
            let numbers = cast(cells, &DataType::Float64)?;
            let numbers = numbers.as_primitive::<Float64Type>().iter();
            return Ok(numbers.map(|number| number.map_or(empty, |number| self.has(&(number + 0.0).to_string()))).collect());
        }
        let text = cast(cells, &DataType::Utf8)?;
        let texts = text.as_string::<i32>().iter();
        if matches!(cells.data_type(), DataType::Decimal128(..) | DataType::Decimal256(..)) {
            // A flag in a warehouse may be a decimal, and its zeros behind the point say nothing.
            let whole =
                |cell: &str| if cell.contains('.') { cell.trim_end_matches('0').trim_end_matches('.').to_owned() } else { cell.to_owned() };
            return Ok(texts.map(|cell| cell.map_or(empty, |cell| self.has(&whole(cell)))).collect());
        }
        Ok(texts.map(|cell| cell.map_or(empty, |cell| self.has(cell))).collect())
    }

    fn has(&self, cell: &str) -> bool {
        let cell = cell.trim();
        self.values.iter().any(|wanted| wanted.is(cell))
    }
}

impl Wanted {
    fn new(text: &str) -> Wanted {
        let text = text.trim().to_owned();
        Wanted { truth: truth(&text), text }
    }

    /// Whether a cell is this value. All spellings of a truth value are one value, but of two single letters or digits at least one must be
    /// written out: otherwise the code `n` would be the code `f`.
    fn is(&self, cell: &str) -> bool {
        self.text == cell || (self.truth.is_some() && self.text.len().max(cell.len()) > 1 && truth(cell) == self.truth)
    }
}

/// Whether the cells of a type have one text each.
fn has_text(found: &DataType) -> bool {
    use DataType as D;
    match found {
        D::Dictionary(_, inner) => has_text(inner),
        D::Utf8 | D::LargeUtf8 | D::Utf8View | D::Binary | D::LargeBinary | D::BinaryView | D::Null | D::Boolean | D::Date32 => true,
        other => other.is_numeric(),
    }
}

/// The error that a file lacks a column of a setting.
fn missing(table: InputTable, setting: &str, name: &str, schema: &Schema) -> Error {
    let (table, found) = (table.name(), schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>());
    let error = Error::new(Kind::Refused, format!("{table} has no column `{name}` (for {setting})"));
    if found.iter().any(|name| looks_like_data(name)) {
        return error.hint(format!(
            "the first line looks like data, not like column names: if it is, set header = false under [{table}] and name the columns by \
             number, such as {setting} = {{ \"1\" = [\"true\"] }}"
        ));
    }
    let error = error.with("found", found.join(", "));
    match nearest(name, found.iter().copied()) {
        Some(nearest) => error.hint(format!("did you mean {setting} = {{ {} = […] }} under [{table}]?", toml_key(nearest))),
        None => error.hint(format!("name a column of the source under [{table}], or leave it out")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, Int64Array, StringArray};
    use std::sync::Arc;

    fn matching(values: &[&str], cells: ArrayRef) -> Vec<bool> {
        let values = values.iter().map(|text| Wanted::new(text)).collect();
        FilterColumn { name: "kind".to_owned(), drops: true, values }.matching(&cells).unwrap()
    }

    #[test]
    fn a_cell_is_compared_as_a_csv_would_write_it() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("true"), Some(" TRUE "), Some("1"), Some("是"), Some("false"), None]));
        assert_eq!(matching(&["true"], Arc::clone(&texts)), [true, true, true, true, false, false]);
        assert_eq!(matching(&[""], Arc::clone(&texts)), [false, false, false, false, false, true]);
        assert_eq!(matching(&["1"], texts), [true, true, true, true, false, false]);
        assert_eq!(matching(&["true"], Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))), [true, false, false]);
        assert_eq!(matching(&["7"], Arc::new(Float64Array::from(vec![Some(7.0), Some(7.5), None]))), [true, false, false]);
        assert_eq!(matching(&["7", "8"], Arc::new(Int64Array::from(vec![7, 8, 9]))), [true, true, false]);
        assert_eq!(matching(&["Note"], Arc::new(StringArray::from(vec!["note", "Note"]))), [false, true]);
    }

    /// Codes of one letter are not truth values to each other.
    #[test]
    fn a_letter_is_not_another_letter() {
        assert_eq!(matching(&["n"], Arc::new(StringArray::from(vec!["n", "f", "0", "no"]))), [true, false, false, true]);
    }
}

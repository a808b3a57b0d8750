//! The audit of the input files and the quarantine of their bad rows, as tables of a business day.

use crate::error::Result;
use crate::ingest::{AuditRow, QuarantinedRow, Tally};
use crate::model::{InputTable, OutputTable};
use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use kefu_kernel::calendar::Day;
use std::sync::Arc;

/// The columns of the audit but the business day, in their order.
pub const AUDIT_COLUMNS: [&str; 12] =
    ["table", "file", "read", "used", "quarantined", "duplicates", "outside", "ignored", "emptied", "unwrapped", "ambiguous", "warnings"];

/// The audit of a day: one row per table and file, with counts of rows (Int64) such that
/// `read = used + quarantined + duplicates + outside + ignored`, the counts of emptied cells, unwrapped ids and ambiguous wall times, and the
/// warnings about the table (Utf8, a line each, in its first row; null without any).
pub fn audit_rows(rows: &[AuditRow], day: Day) -> Result<OutputTable> {
    let texts = |of: fn(&AuditRow) -> Option<&str>| Arc::new(rows.iter().map(of).collect::<StringArray>()) as ArrayRef;
    let counts = |of: fn(&Tally) -> i64| Arc::new(rows.iter().map(|row| Some(of(&row.tally))).collect::<Int64Array>()) as ArrayRef;
    let columns = [
        texts(|row| Some(row.table.as_str())),
        texts(|row| Some(row.file.as_str())),
        counts(|counts| counts.read),
        counts(|counts| counts.used),
        counts(|counts| counts.quarantined),
        counts(|counts| counts.duplicates),
        counts(|counts| counts.outside),
        counts(|counts| counts.ignored),
        counts(|counts| counts.emptied),
        counts(|counts| counts.unwrapped),
        counts(|counts| counts.ambiguous),
        texts(|row| row.warnings.as_deref()),
    ];
    let days = Arc::new(Date32Array::from(vec![day.0; rows.len()])) as ArrayRef;
    let rows = RecordBatch::try_from_iter(std::iter::once(("business_day", days)).chain(AUDIT_COLUMNS.into_iter().zip(columns)))?;
    Ok(OutputTable {
        folder: "_meta/audit".into(),
        dt: Some(day),
        grain: "one row per table and file".into(),
        rows,
        sorted_by: vec![],
        rule_sets: String::new(),
    })
}

/// The key of the audit of a day.
pub fn audit_key(day: Day) -> String {
    format!("_meta/audit/dt={day}/data.parquet")
}

/// The rows of an input table in the audit of a day that is published. `rows`: columns of [`AUDIT_COLUMNS`]; a count that an older version did
/// not keep is 0.
pub fn published_audit_rows(rows: &RecordBatch, table: InputTable) -> Vec<AuditRow> {
    let text = |column: &str, row: usize| {
        let cells = rows.column_by_name(column)?.as_string_opt::<i32>()?;
        cells.is_valid(row).then(|| cells.value(row).to_owned())
    };
    let count = |column: &str, row: usize| {
        let cells = rows.column_by_name(column).and_then(|cells| cells.as_primitive_opt::<Int64Type>());
        cells.filter(|cells| cells.is_valid(row)).map_or(0, |cells| cells.value(row))
    };
    let of_table = (0..rows.num_rows()).filter(|row| text("table", *row).as_deref() == Some(table.name()));
    let audit_row = |row: usize| AuditRow {
        table: table.name().to_owned(),
        file: text("file", row).unwrap_or_default(),
        tally: Tally {
            read: count("read", row),
            used: count("used", row),
            quarantined: count("quarantined", row),
            duplicates: count("duplicates", row),
            outside: count("outside", row),
            ignored: count("ignored", row),
            emptied: count("emptied", row),
            unwrapped: count("unwrapped", row),
            ambiguous: count("ambiguous", row),
        },
        warnings: text("warnings", row),
    };
    of_table.map(audit_row).collect()
}

/// The quarantine of an input table: one row per bad input row or emptied cell (`what`), with the file, the row number, and the column,
/// value and reason of the fault.
pub fn quarantine_rows(table: InputTable, bad: &[&QuarantinedRow], day: Day) -> Result<OutputTable> {
    let texts = |of: fn(&QuarantinedRow) -> &str| Arc::new(bad.iter().map(|b| Some(of(b))).collect::<StringArray>()) as ArrayRef;
    let rows = RecordBatch::try_from_iter([
        ("file", texts(|b| &b.file)),
        ("row", Arc::new(bad.iter().map(|b| Some(b.row)).collect::<Int64Array>()) as ArrayRef),
        ("what", texts(|b| b.what.name())),
        ("column", texts(|b| &b.fault.column)),
        ("reason", texts(|b| &b.fault.reason)),
        ("value", texts(|b| &b.fault.value)),
    ])?;
    Ok(OutputTable {
        folder: format!("quarantine/{}", table.name()),
        dt: Some(day),
        grain: "one row per bad input row or emptied cell".into(),
        rows,
        sorted_by: vec![],
        rule_sets: String::new(),
    })
}

/// The key of the quarantine of an input table on a day.
pub fn quarantine_key(table: InputTable, day: Day) -> String {
    format!("quarantine/{}/dt={day}/data.parquet", table.name())
}

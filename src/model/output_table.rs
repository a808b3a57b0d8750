//! A table to be published as a file under the output root.

use arrow::array::RecordBatch;
use kefu_kernel::calendar::Day;

/// One partition of a published table. It becomes one Parquet file.
pub struct OutputTable {
    /// The folder of the table below the output root.
    pub folder: String,
    /// The partition; `None` for a table without partitions, as in `dims/`.
    pub dt: Option<Day>,
    /// The grain, which is written to the file's metadata.
    pub grain: String,
    /// The rows.
    pub rows: RecordBatch,
    /// The columns that the rows are sorted by; empty if they are in no order.
    pub sorted_by: Vec<&'static str>,
    /// The rule sets behind the values, separated by commas; empty if no rule applies.
    pub rule_sets: String,
}

impl OutputTable {
    /// The key of the file below the output root.
    pub fn key(&self) -> String {
        match self.dt {
            Some(day) => format!("{}/dt={day}/data.parquet", self.folder),
            None => format!("{}/data.parquet", self.folder),
        }
    }
}

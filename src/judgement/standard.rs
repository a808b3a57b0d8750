//! Standards (标准值) that a shop's category is held to.

use crate::config::Direction;
use crate::error::Result;
use crate::frames::{collect, to_arrow};
use crate::ingest::Records;
use crate::model::InputTable;
use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use std::collections::BTreeMap;

/// A row of the reference table `standards` (标准值).
#[derive(Clone, Debug, PartialEq)]
pub struct Standard {
    pub category: String,
    pub metric: String,
    /// In the metric's published unit.
    pub standard: f64,
    pub better: Direction,
}

impl Standard {
    /// Reads the standards. Of two rows with the same category and metric the later one counts. Without the table there are none.
    pub fn read(records: &Records) -> Result<Vec<Standard>> {
        let rows = records.of(InputTable::Standards);
        let Some(rows) = rows else { return Ok(Vec::new()) };
        let rows = to_arrow(&collect(rows)?)?;
        let text = |name: &str, row: usize| Some(rows.column_by_name(name)?.as_string::<i32>().value(row).to_owned());
        let standard = |row: usize| {
            Some(Standard {
                category: text("category", row)?,
                metric: text("metric", row)?,
                standard: rows.column_by_name("standard")?.as_primitive::<Float64Type>().value(row),
                better: if text("better", row)? == "low" { Direction::Low } else { Direction::High },
            })
        };
        let standards = (0..rows.num_rows()).filter_map(standard);
        let latest = standards.map(|one| ((one.category.clone(), one.metric.clone()), one)).collect::<BTreeMap<_, _>>();
        Ok(latest.into_values().collect())
    }
}

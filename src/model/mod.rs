//! The types that every stage shares: levels, input tables, output tables, facts. Declarations only.

mod fact;
mod input_table;
mod judgement_table;
mod level;
mod output_table;

pub use fact::Fact;
pub use input_table::{ColumnType, InputColumn, InputTable};
pub use judgement_table::JudgementTable;
pub use level::Level;
pub use output_table::OutputTable;

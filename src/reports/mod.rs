//! Published tables: reports, whose values are computed from merged states by one query per table (`finish`), detail tables of facts, and
//! dimension tables.

mod details;
mod dims;
mod finish;
mod tables;
mod targets_and_rates;
mod ticket_kinds;
mod videos;

pub use details::{audit_rows, detail, details, quarantine_rows};
pub use dims::{Dims, dims};
pub use finish::{FinishInputs, finish};
pub use tables::{RowContext, histogram, hourly, report, report_query};
pub use targets_and_rates::{AccountInputs, Targets, targets_and_rates};
pub use ticket_kinds::ticket_kinds;
pub use videos::videos;

//! Which business days are due, and why (新鲜度).

mod comparison;
mod day_files;
mod day_work;
mod gone;
mod gone_inputs;
mod known_orders;
mod made_of;
mod missed;
mod partitions;
mod reasons;
mod recut;
mod repair;
mod stored_states;

pub use comparison::{Freshness, SEMANTICS_VERSION};
pub use day_work::DayWork;
pub use gone_inputs::{GoneDay, GoneInputs, gone_sentences};
pub use missed::MissedDays;
pub use reasons::{DaySelection, StaleReason};
pub use recut::CalendarRefusal;

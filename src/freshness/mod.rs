//! Which business days are due, and why (新鲜度).

mod comparison;
mod known_orders;
mod made_of;
mod missed;
mod reasons;
mod recut;
mod repair;
mod stored_states;

pub use comparison::{DayWork, Freshness, SEMANTICS_VERSION};
pub use missed::MissedDays;
pub use reasons::{DaySelection, StaleReason};
pub use recut::CalendarRefusal;

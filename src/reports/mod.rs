//! states × metrics × level × period → tables. States merge; finishing expressions run last.

mod finish;
mod persons;
mod states;
mod tables;

pub use finish::{Landed, Merged, finish};
pub use persons::Persons;
pub use states::{Kind, Part, States, chat_states, merge_hours, merge_sums, merge_waits, sales_states, visits_frame};
pub use tables::{Dims, Row, Table, dims, histogram, hourly, report};

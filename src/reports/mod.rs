//! states × metrics × level × period → tables. States merge; finishing expressions run last.

mod finish;
mod states;
mod tables;

pub use finish::{Landed, Merged, finish};
pub use states::{Kind, Part, States, chat_states, merge, merge_persons, sales_states, visits_frame};
pub use tables::{Dims, Row, Table, dims, histogram, hourly, report};

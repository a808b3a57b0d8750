//! states × metrics × level × period → tables. States merge; finishing expressions run last.

mod added;
mod chat_states;
mod dims;
mod finish;
mod given;
mod kinds;
mod ledger;
mod people;
mod states;
mod tables;

pub use chat_states::{ChatStates, Each, shard_states};
pub use dims::{Dims, dims};
pub use finish::{Beside, Landed, finish};
pub use given::{Targets, given};
pub use kinds::ticket_kinds;
pub use ledger::{Ledger, Ledgers, Merged, StateRows, Stretch, Teams};
pub use states::{Kind, Part, States, has_flag, sales_states, shard_persons};
pub use tables::{Row, Table, histogram, hourly, report};

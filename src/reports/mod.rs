//! states × metrics × level × period → tables. States merge; finishing expressions run last.

mod added;
mod dims;
mod finish;
mod given;
mod kinds;
mod ledger;
mod people;
mod states;
mod tables;

pub use dims::{Dims, dims};
pub use finish::{Beside, Landed, finish};
pub use given::{Targets, given};
pub use kinds::ticket_kinds;
pub use ledger::{Ledger, Ledgers, Merged, StateRows, Stretch, Teams};
pub use states::{ChatStates, Each, Kind, Part, States, has_flag, sales_states, shard_persons, shard_states};
pub use tables::{Row, Table, histogram, hourly, report};

//! State: what a day is reduced to, such that the states of days merge into the state of any period. Shards merge into days
//! (`accumulator`, `accumulator_input`, `chats`, `sales`), files hold them (`schema`, `store`), and `rollup` merges days into periods.

mod accumulator;
mod accumulator_input;
mod buyer_index;
mod chats;
mod group_index;
mod rollup;
mod sales;
mod schema;
mod store;

pub use chats::{ChatAccumulators, shard_states};
pub use group_index::GroupsByAgent;
pub use rollup::{AgentGroups, DayRange, GroupCounts, GroupedCounts, LevelRollup, MergedStates, PeriodState, Rollups, StateBatch};
pub use sales::sales_states;
pub(crate) use schema::keys;
pub use schema::{StateKind, StatePart, shard_persons};
pub use store::{StateStore, each_published_buyer, shard_files, state_files};

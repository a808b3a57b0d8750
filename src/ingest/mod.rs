//! Reads the input files and turns them into canonical rows. A row that breaks a table's contract is quarantined with its reason; every row
//! is accounted for in an audit.

mod batch;
mod cell_rules;
mod civil_times;
mod contact_info;
mod convert;
mod decode;
mod dedup;
mod files;
mod literals;
mod mapping;
mod message_ids;
mod messages;
mod orders;
mod profile;
mod quarantine;
mod read;
mod records;
mod reference;
mod row_fault;
mod sample;
mod spill;
mod strays;
mod table_frame;
mod times;

pub(crate) use decode::guard::GAVE_UP;
pub use dedup::FileLineCounts;
pub use files::{files_of, no_files, partition_dates, partition_files, partition_range, read_dates, require_files};
pub use message_ids::MessageIds;
pub use messages::{DayChats, read_messages};
pub use orders::{Orders, read_orders};
pub use profile::Profile;
pub use quarantine::{Audit, QuarantinedRow, Tally};
pub use records::{LOOKBACK_DAYS, Records, read_records, read_table};
pub use reference::{Account, Reference};
pub use sample::{Sample, sample};
pub use spill::codec::SharedColumn;
pub use spill::partitions::{Shard, ShopPartitions};

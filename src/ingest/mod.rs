//! Raw files in, canonical rows out. What breaks the contract is set aside with its reason; nothing is dropped silently.

mod caps;
mod convert;
mod decode;
mod doubles;
mod files;
mod leads;
mod lines;
mod mapping;
mod messages;
mod newest;
mod orders;
mod packed;
mod quarantine;
mod records;
mod reference;
mod spool;
mod table;
mod texts;
mod times;

pub use caps::Caps;
pub(crate) use decode::GAVE_UP;
pub use files::{dates, files_of, partition_files, partitions, require_files};
pub use lines::{Shard, Shelf};
pub use mapping::Resolved;
pub use messages::{Chats, Raw, Reading, Tallies, What, read_messages};
pub use orders::{Order, Orders, read_orders};
pub use packed::Whose;
pub use quarantine::{Audit, Quarantined, Tally};
pub use records::{REACH, Records, read_records, read_table};
pub use reference::{Account, Blocked, Reference, read_reference};
pub use table::{Table, headers};
pub use texts::Texts;

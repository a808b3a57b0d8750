//! Publication: the lease, the manifest, and the only code that writes tables to an output root.

mod day_record;
mod day_runs;
mod inputs_seen;
mod judged;
mod lease;
mod manifest;
mod orders_read;
mod output_calendar;
mod pages;
mod publisher;
mod rebuild;
mod seal;
mod verify;

pub use day_record::DayRecord;
pub use day_runs::{day_runs, named};
pub use inputs_seen::InputsSeen;
pub use judged::JudgedPartitions;
pub use lease::{Lease, LeaseClock, LeaseOptions};
pub use manifest::Manifest;
pub use orders_read::OrdersRead;
pub use output_calendar::{OutputCalendar, period_of};
pub use pages::ManifestFault;
pub use publisher::Publisher;
pub use rebuild::Rebuild;
pub use verify::{VerifyDifference, verify};

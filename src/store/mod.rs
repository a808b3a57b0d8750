//! The only code that reads and writes object stores and roots on local disks.

mod conditional_put;
mod diagnose;
mod open;
pub mod probe;
mod reader;
mod root;
mod timeouts;

pub use conditional_put::{ObjectVersion, PutCondition};
pub use reader::ObjectReader;
pub(crate) use root::wait;
pub use root::{STAGING, Store, StoredObject};

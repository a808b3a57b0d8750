//! The only code that reads and writes object stores and roots on local disks.

mod conditional_put;
mod diagnose;
mod local;
mod open;
mod patience;
pub mod probe;
mod reader;
mod root;
mod timeouts;

pub(crate) use conditional_put::is_overtaken;
pub use conditional_put::{ObjectVersion, PutCondition};
pub use local::{FileMode, STAGING_BESIDE};
pub(crate) use local::{make_private, private_file, private_folder, temporary_folder};
pub use reader::ObjectReader;
pub(crate) use root::wait;
pub use root::{STAGING, Store, StoredObject};

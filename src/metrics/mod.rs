//! The catalogue (指标目录): declarations only. No I/O, no grouping, no dates.

mod attendance;
mod basket;
mod catalogue;
mod content;
mod conversion;
mod cost;
pub mod declaration;
pub mod dialects;
pub mod examples;
mod flags;
mod landed;
mod loyalty;
mod reception;
mod refunds;
mod response;
mod sales;
mod satisfaction;
mod service;
mod targets;
mod teams;
mod tickets;

pub use catalogue::{all, delay, facts, find, of_level, of_videos};
pub use flags::{flags, has_flag};
pub use landed::Landed;
pub use teams::levels;
pub(crate) use teams::note;

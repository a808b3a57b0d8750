//! A run: which days it computes, and the stages that compute them. `driver` is the page to read first.

mod audits;
mod chats;
mod damaged;
mod days;
mod driver;
mod gone;
mod inputs;
mod instants;
mod join_check;
mod judgements;
mod missed;
mod outcome;
mod periods;
mod publication;
mod repair;
mod report_parts;
mod request;
mod sales;
mod service;
mod silence;
mod staff_check;
mod stretch;
mod warnings;
mod work;

pub use driver::{dry_run, landed, run, run_recorded};
pub use repair::{RepairReport, repair};
pub use request::RunRequest;

//! `kefu check`: tests access to both roots, finds the files and columns that a run would read, and converts the first rows of each file, so
//! that it says what a run would refuse or warn of. It computes nothing.

mod hints;
mod joins;
mod report;
mod tables;

pub use report::{CheckReport, check};

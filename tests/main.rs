//! The one test binary: modules in the order of the flow.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

/// An independent reading of semantics.md as plain row loops.
mod oracle;
/// A log as files, the pipeline run on it, its tables read back.
mod support;

/// What is accepted, set aside and refused.
mod inputs;
/// Where days and periods begin.
mod calendar;
/// Every declaration: its worked example, and what holds of all of them.
mod metrics;
/// Any log: every number is the oracle's.
mod oracle_agrees;
/// The examples of the platforms' own texts, with the numbers they give.
mod worked;
/// Every window and threshold, inside and outside.
mod edges;
/// What waits for later days.
mod maturity;
/// From a number back to the lines that made it.
mod trace;
/// The same inputs give the same bytes.
mod bytes;
/// The shape of what is published.
mod outputs;
/// What finished reports say of shops and agents.
mod judgement;
/// Commands, settings, exit codes, and what a run leaves behind.
mod cli;
/// The demo's numbers as a person reads them.
mod golden;
/// The committed sample is what the generator writes.
mod sample_data;

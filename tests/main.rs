//! The one test binary: modules in the order of the flow.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

/// An independent reading of semantics.md as plain row loops.
mod oracle;
/// A log as files, the pipeline run on it, its tables read back.
mod support;

/// Any log: every number is the oracle's.
mod oracle_agrees;

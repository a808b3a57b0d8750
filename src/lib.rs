//! kefu (客服): raw chat and order logs become report tables (客服报表).
//!
//! A chat line travels like this:
//!
//! 1. `ingest` reads raw files into canonical rows and sets bad rows aside. Chat lines wait by shop; every other table is a Polars frame.
//! 2. The crate `kefu_kernel` replays each conversation in order: lines become sessions and rounds.
//! 3. `facts` lays the results out as frames, and joins orders, refunds and ratings to them with lazy queries.
//! 4. `metrics` declares what each metric counts: an expression over the rows of a fact.
//! 5. `state` adds facts up to states that merge: shards into days, days into any period.
//! 6. `reports` finishes merged states with one lazy query per report table.
//! 7. `judgement` compares, ranks and scores finished reports.
//! 8. `staging` encodes every table as Parquet, and `publish` puts all of them into place at once.
//!
//! `run::driver` is a run on one page: the stages read (steps 1 to 3 and 5, for chats), sales (3 and 5, for the rest), reports, judgements
//! and publish. `freshness` decides which days are due, `cli` and `check` are what a person meets, and `docs` prints the dictionary.
//! The crate `kefu_generate` makes invented logs.
//!
//! The modules below stand in the order in which they build on each other: none imports one that stands below it.

pub mod privacy;
pub mod error;
pub mod signals;
mod suggest;
pub mod console;
pub mod parallel;
pub mod memory;
pub mod frames;
pub mod names;
pub mod progress;
pub mod model;
pub mod metrics;
pub mod store;
pub mod config;
pub mod ingest;
pub mod facts;
pub mod staging;
pub mod state;
pub mod reports;
pub mod judgement;
pub mod observability;
pub mod publish;
mod fingerprints;
pub mod freshness;
pub mod plan_view;
pub mod run;
pub mod docs;
pub mod check;
pub mod cli;
#[doc(hidden)]
pub mod fuzz;

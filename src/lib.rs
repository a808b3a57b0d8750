//! kefu (客服): raw chat and order logs → report tables, told in the order a line travels.
//!
//! 1. `job` reads the pipeline file; `calendar` and `rules` say how time is cut and what numbers mean; `store` is every byte in and out; `privacy` is what must not leave.
//! 2. `ingest` maps raw files to canonical rows and sets bad ones aside; `names` makes their ids small codes.
//! 3. `conversation` replays each conversation: lines → sessions, receptions, rounds.
//! 4. `facts` lays that out in columns, and joins orders to it: inquiries, credits.
//! 5. `reports` adds facts up to mergeable states, merges days to periods, and finishes them with the declarations of `metrics`.
//! 6. `judgement` compares, ranks and scores what the finished reports say.
//! 7. `publish` stages every file and moves them into place.
//!
//! `run` is the seven steps in one page. `cli` and `check` are what a person meets; `docs` tells the declarations. The crate `kefu-generate` makes logs to try it on.

pub mod error;
pub mod signals;
pub mod cli;
pub mod check;
pub mod job;
pub mod calendar;
pub mod due;
pub mod rules;
pub mod privacy;
pub mod store;
pub mod run;
pub mod ingest;
pub mod memory;
pub mod pipe;
pub mod progress;
pub mod say;
pub mod names;
pub mod conversation;
pub mod facts;
pub mod frames;
pub mod metrics;
pub mod reports;
pub mod judgement;
pub mod publish;
pub mod watch;
pub mod docs;
#[doc(hidden)]
pub mod fuzz;

/// The candidate most like a word, when it is like enough to be what was meant.
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = candidates.map(|candidate| (strsim::jaro_winkler(word, candidate), candidate));
    scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

//! kefu (客服): raw chat and order logs → facts → mergeable states → report tables.
pub mod calendar;
pub mod conversation;
pub mod error;
pub mod facts;
pub mod ingest;
pub mod job;
pub mod metrics;
pub mod names;
pub mod frames;
pub mod reports;
pub mod publish;
pub mod run;
pub mod check;
pub mod cli;
pub mod generate;
pub mod rules;
pub mod store;

/// The candidate most like a word, when it is like enough to be what was meant.
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = candidates.map(|candidate| (strsim::jaro_winkler(word, candidate), candidate));
    scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

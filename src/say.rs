//! What a run tells a person on stderr beside the log. Where logs are JSON it is lines of the log, so that stderr stays one object a line.

use std::sync::atomic::{AtomicBool, Ordering};

static JSON: AtomicBool = AtomicBool::new(false);

/// The log's target of what is told, which every level of the log shows.
pub const TARGET: &str = "kefu::say";

pub fn in_json(json: bool) {
    JSON.store(json, Ordering::Relaxed);
}

pub fn is_json() -> bool {
    JSON.load(Ordering::Relaxed)
}

pub fn say(text: &str) {
    if is_json() {
        text.lines().for_each(|line| tracing::info!(target: TARGET, "{line}"));
    } else {
        eprintln!("{text}");
    }
}

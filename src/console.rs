//! Messages for a person on stderr, beside the log. If the log is JSON they are events of the log, so that stderr has one object per line.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the log is JSON.
static JSON: AtomicBool = AtomicBool::new(false);

/// The log target of these messages. The log shows it at every verbosity.
pub const TARGET: &str = "kefu::say";

/// Sets whether the log is JSON.
pub fn set_json(json: bool) {
    JSON.store(json, Ordering::Relaxed);
}

/// Whether the log is JSON.
pub fn is_json() -> bool {
    JSON.load(Ordering::Relaxed)
}

/// Prints a message that may have several lines. A reader that has closed the pipe ends nothing: the exit code has to arrive.
pub fn say(text: &str) {
    if is_json() {
        text.lines().for_each(|line| tracing::info!(target: TARGET, "{line}"));
    } else {
        writeln!(std::io::stderr(), "{text}").ok();
    }
}

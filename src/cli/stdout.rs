//! Prints results to stdout, as text or as one JSON object.

use crate::error::{Context, Result};
use std::io::Write;

/// Prints to stdout. A reader that has closed the pipe is not an error.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") }) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result.with("file", "standard output").with("while", "printing the result"),
    }
}

/// Prints a value as text for a person, or as one JSON object.
pub(super) fn show(value: &(impl serde::Serialize + std::fmt::Display), json: bool) -> Result<()> {
    print(&if json { serde_json::to_string(value)? } else { value.to_string() })
}

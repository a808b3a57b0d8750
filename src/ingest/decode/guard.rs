//! Turns the panic of a decoder into an error: a hostile file that makes a library panic is refused, and the run does not end. Nothing is
//! written to stderr.

use crate::error::{Error, Kind, Result};
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether this thread is inside `guarded`.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// The beginning of every error for a file over which a decoder gave up: by a panic, or because the rows do not match their count.
pub(crate) const GAVE_UP: &str = "the file is damaged: its decoder gave up";

/// Runs `work` over the bytes of an untrusted file. Errors: those of `work`, or `Refused` if it panics.
pub(in crate::ingest) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let default_hook = take_hook();
        set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                default_hook(info)
            }
        }));
    });
    let was_guarded = GUARDED.replace(true);
    // Unwind safe: after a panic the state of the decoder is dropped together with the file.
    let result = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(was_guarded);
    result.unwrap_or_else(|panic| Err(Error::new(Kind::Refused, format!("{GAVE_UP}: {}", message(panic.as_ref())))))
}

/// The message of a panic.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::panic, reason = "the case")]
    fn a_panic_becomes_an_error_with_its_message() {
        let result: Result<()> = guarded(|| panic!("index {} out of bounds", 7));
        assert!(result.is_err_and(|e| e.kind() == Kind::Refused && e.to_string().contains("index 7 out of bounds")));
        assert!(guarded(|| Ok(1)).is_ok_and(|one| one == 1));
    }
}

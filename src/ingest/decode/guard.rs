//! A decoder that panics over a hostile file refuses that file; it does not end the run, and says nothing on stderr.

use crate::error::{Error, Kind, Result};
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// What every such error says.
pub(crate) const GAVE_UP: &str = "the file is damaged: its decoder gave up";

/// Does work over a stranger's bytes. Errors: those of the work, and a panic in it.
pub(in crate::ingest) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                usual(info)
            }
        }));
    });
    let before = GUARDED.replace(true);
    // What the work left half done is dropped with the file.
    let done = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(before);
    done.unwrap_or_else(|panic| Err(Error::new(Kind::Refused, format!("{GAVE_UP}: {}", said(panic.as_ref())))))
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("without a word")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::panic, reason = "the case")]
    fn a_panic_is_an_error_that_tells_it() {
        let done: Result<()> = guarded(|| panic!("index {} out of bounds", 7));
        assert!(done.is_err_and(|e| e.kind() == Kind::Refused && e.to_string().contains("index 7 out of bounds")));
        assert!(guarded(|| Ok(1)).is_ok_and(|one| one == 1));
    }
}

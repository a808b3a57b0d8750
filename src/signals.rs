//! SIGINT and SIGTERM. Asked once, a run stops between two pieces of work and leaves things tidy; asked twice, it ends at once.

use crate::error::{Error, Kind, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register_conditional_shutdown, register_usize};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Once};

/// The signal that asked last; 0 is none.
static ASKED: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// From here on a signal is noted instead of ending the process; a second one, of either sort, ends it at once.
/// Errors: the system refuses.
pub fn install() -> Result<()> {
    static INSTALLED: Once = Once::new();
    let mut done = Ok(());
    INSTALLED.call_once(|| done = register());
    done
}

fn register() -> Result<()> {
    let twice = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal must not find what it is about to set.
        register_conditional_shutdown(signal, 128 + signal, Arc::clone(&twice))?;
        signal_hook::flag::register(signal, Arc::clone(&twice))?;
        register_usize(signal, Arc::clone(&ASKED), signal as usize)?;
    }
    Ok(())
}

/// The signal that asked this process to stop.
pub fn asked() -> Option<i32> {
    match ASKED.load(Ordering::Relaxed) {
        0 => None,
        signal => Some(signal as i32),
    }
}

/// Errors: a signal asks to stop. To be called between pieces of work, wherever a run can be left as it is.
pub fn check() -> Result<()> {
    let Some(signal) = asked() else { return Ok(()) };
    let name = if signal == SIGINT { "SIGINT" } else { "SIGTERM" };
    Err(Error::new(Kind::Interrupted(signal), format!("stopped by {name}")).hint("run the same command again: it does what is left to do"))
}

//! SIGINT and SIGTERM. After the first signal a run stops between two units of work and cleans up. A second signal ends it at once.

use crate::error::{Error, Kind, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register_conditional_shutdown, register_usize};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Once};
use std::time::{Duration, Instant};

/// How long a wait may go on after a signal.
const GLANCE: Duration = Duration::from_millis(50);

/// The number of the last signal, or 0.
static RECEIVED: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// From here on a signal is recorded and does not end the process. A second signal of either kind does.
/// Errors: the system refuses to install a handler.
pub fn install() -> Result<()> {
    static INSTALLED: Once = Once::new();
    let mut done = Ok(());
    INSTALLED.call_once(|| done = register());
    done
}

fn register() -> Result<()> {
    let is_second = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The handlers run in this order, so that the first signal does not see the flag that it sets.
        register_conditional_shutdown(signal, 128 + signal, Arc::clone(&is_second))?;
        signal_hook::flag::register(signal, Arc::clone(&is_second))?;
        register_usize(signal, Arc::clone(&RECEIVED), signal as usize)?;
    }
    Ok(())
}

/// The number of the signal that this process has received, if any.
pub fn received() -> Option<i32> {
    match RECEIVED.load(Ordering::Relaxed) {
        0 => None,
        signal => Some(signal as i32),
    }
}

/// To be called between units of work, wherever a run can stop safely. Errors: a signal has been received.
pub fn check() -> Result<()> {
    let Some(signal) = received() else { return Ok(()) };
    let name = if signal == SIGINT { "SIGINT" } else { "SIGTERM" };
    Err(Error::new(Kind::Interrupted(signal), format!("stopped by {name}"))
        .hint("run the same command again; it does the rest of the work"))
}

/// Waits for some time. Errors: a signal has been received, now or before.
pub fn wait(time: Duration) -> Result<()> {
    let began = Instant::now();
    loop {
        check()?;
        match time.checked_sub(began.elapsed()) {
            Some(left) if !left.is_zero() => std::thread::sleep(left.min(GLANCE)),
            _ => return Ok(()),
        }
    }
}

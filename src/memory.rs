//! How much memory a run may take, and how much of it its lines are given.

use crate::error::{Error, Kind, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Without a limit of the user's: room for a day of 50 million lines, and for a year's last night, on a small machine.
pub const DEFAULT_LIMIT: usize = 1536 << 20;
/// What names, columns being written and the libraries need besides.
pub const LEAST_LIMIT: usize = 512 << 20;

/// Bytes from `512MB`, `2GB` or `1.5G`. Errors: no such amount, or less than a run can do with.
pub fn limit(text: &str) -> Result<usize> {
    let wrong = |message: String| Error::new(Kind::Usage, message).hint("write 512MB, 2GB or more");
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text[number.len()..].to_ascii_lowercase().as_str() {
        "m" | "mb" | "mib" => 1u64 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err(wrong(format!("`{text}` is not an amount of memory"))),
    };
    let number: f64 = number.trim().parse().map_err(|_| wrong(format!("`{text}` is not an amount of memory")))?;
    let bytes = number * unit as f64;
    if bytes < LEAST_LIMIT as f64 {
        return Err(wrong(format!("{text} is less than a run can do with")));
    }
    Ok(bytes as usize)
}

/// Has what is freed stay for whoever asks next, until `release`: memory that comes back from the system is filled with zeros again, which
/// would take a sixth of a run's time. Where the limit is lower than the usual one it goes back to the system soon.
pub fn hold(limit: usize) {
    /// `mi_option_purge_delay`, which the crate does not name.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    const A_DAY: std::ffi::c_long = 24 * 3600 * 1000;
    let ms = if limit < DEFAULT_LIMIT { 10 } else { A_DAY };
    // SAFETY: sets a number that the allocator reads; nothing is pointed at.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, ms) };
}

/// Gives what is free back to the system: what one stage leaves has seldom the sizes that the next asks for.
pub fn release() {
    // SAFETY: the allocator's own affair; nothing is pointed at.
    unsafe { libmimalloc_sys::mi_collect(true) };
}

/// What the lines held in memory may take, all days under way together.
#[derive(Clone, Debug)]
pub struct Budget {
    used: Arc<AtomicUsize>,
    most: usize,
}

impl Budget {
    /// A small part of the limit: lines that wait on disk cost no more than lines that fill the caches, and a line becomes rows of
    /// several tables before it leaves.
    pub fn of_limit(limit: usize) -> Budget {
        Budget { used: Arc::default(), most: limit / 48 }
    }

    pub fn take(&self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub fn is_spent(&self) -> bool {
        self.used.load(Ordering::Relaxed) > self.most
    }
}

/// Threads that a limit has room for: what each works on takes some hundred megabytes.
pub fn workers(limit: usize) -> usize {
    (limit / (384 << 20)).clamp(1, crate::pipe::workers())
}

/// What one day may use.
#[derive(Clone, Debug)]
pub struct Means {
    pub budget: Budget,
    pub workers: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_an_amount_with_a_unit() {
        assert_eq!(limit("512MB").unwrap(), 512 << 20);
        assert_eq!(limit("1.5G").unwrap(), 3 << 29);
        for text in ["100MB", "2", "GB", "many", "-1GB", ""] {
            assert!(limit(text).is_err(), "{text}");
        }
    }
}

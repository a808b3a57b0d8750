//! The memory limit of a run, and the share of it that chat lines may take.
//!
//! One of the two modules with unsafe code: the allocator's settings are C functions. They take numbers, no pointers.

#![expect(unsafe_code, reason = "the allocator's settings are C functions")]

use crate::error::{Error, Kind, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The limit in bytes if the user gives none. It suffices for a day of 50 million lines and for the last day of a year.
pub const DEFAULT_LIMIT: usize = 1536 << 20;
/// The smallest limit accepted, in bytes: what names, columns under way and the libraries need besides chat lines.
pub const MIN_LIMIT: usize = 512 << 20;

/// Parses an amount such as `512MB`, `2GB` or `1.5G` to bytes. Errors (`Usage`): it is no amount of memory, or less than `MIN_LIMIT`.
pub fn parse_limit(text: &str) -> Result<usize> {
    let wrong = |message: String| Error::new(Kind::Usage, message).hint("write 512MB, 2GB or more");
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text[number.len()..].to_ascii_lowercase().as_str() {
        "m" | "mb" | "mib" => 1u64 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err(wrong(format!("`{text}` is not an amount of memory"))),
    };
    let number: f64 = number.trim().parse().map_err(|_| wrong(format!("`{text}` is not an amount of memory")))?;
    let bytes = number * unit as f64;
    if bytes < MIN_LIMIT as f64 {
        return Err(wrong(format!("{text} is less than the 512 MiB that a run needs")));
    }
    Ok(bytes as usize)
}

/// The memory limit of the process in bytes.
static LIMIT: AtomicUsize = AtomicUsize::new(DEFAULT_LIMIT);

/// The memory limit of the process in bytes, for whoever holds a whole file of the input at once.
pub fn limit() -> usize {
    LIMIT.load(Ordering::Relaxed)
}

/// Sets the memory limit of the process, and how long the allocator keeps freed memory. With `DEFAULT_LIMIT` or more it keeps it until `purge_allocator`, because the system zeroes
/// memory that it hands out again, which would take a sixth of a run's time. Below `DEFAULT_LIMIT` it returns it after ten milliseconds.
pub fn configure_allocator(limit: usize) {
    /// The number of `mi_option_purge_delay`, for which the crate has no name.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    const DAY_MS: std::ffi::c_long = 24 * 3600 * 1000;
    LIMIT.store(limit, Ordering::Relaxed);
    let ms = if limit < DEFAULT_LIMIT { 10 } else { DAY_MS };
    // SAFETY: the call sets an option of the allocator by value and takes no pointer.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, ms) };
}

/// Returns all freed memory to the system. Called between stages, because the next stage seldom needs allocations of the same sizes.
pub fn purge_allocator() {
    // SAFETY: the call takes no pointer and concerns the allocator's own free memory.
    unsafe { libmimalloc_sys::mi_collect(true) };
}

/// The memory budget of buffered chat lines, shared by all days being read. Clones share one count.
#[derive(Clone, Debug)]
pub struct MemoryBudget {
    /// Bytes reserved.
    used: Arc<AtomicUsize>,
    /// Bytes above which lines are spilled to disk.
    max: usize,
}

impl MemoryBudget {
    /// The budget within a limit in bytes: a small part of it, because a line becomes rows of several tables before it leaves, and twice
    /// the budget did not make a run faster (benches/RESULTS.md).
    pub fn of_limit(limit: usize) -> MemoryBudget {
        MemoryBudget { used: Arc::default(), max: limit / 48 }
    }

    /// Counts bytes as used; it never fails, so that the budget can be exceeded.
    pub fn reserve(&self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts bytes as free again, which must have been reserved before.
    pub fn release(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Whether more bytes are reserved than the budget has.
    pub fn is_exceeded(&self) -> bool {
        self.used.load(Ordering::Relaxed) > self.max
    }
}

/// The number of threads that a limit has room for, at most one per core: a thread's shard takes some hundred megabytes.
pub fn workers(limit: usize) -> usize {
    (limit / (384 << 20)).clamp(1, crate::parallel::workers())
}

/// The resources for reading the chat lines of one or more days.
#[derive(Clone, Debug)]
pub struct DayResources {
    /// The memory budget of the lines.
    pub budget: MemoryBudget,
    /// The number of threads.
    pub workers: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_an_amount_with_a_unit() {
        assert_eq!(parse_limit("512MB").unwrap(), 512 << 20);
        assert_eq!(parse_limit("1.5G").unwrap(), 3 << 29);
        for text in ["100MB", "2", "GB", "many", "-1GB", ""] {
            assert!(parse_limit(text).is_err(), "{text}");
        }
    }
}

//! The bodies of the fuzz targets. They are part of the library so that a test can run them too. No input may cause a panic, an abort or a hang.

use crate::config::{Overrides, Plan};
use crate::error::Error;
use crate::ingest::{GAVE_UP, read_messages, read_orders};
use crate::memory::{DayResources, MemoryBudget};
use kefu_kernel::calendar::Day;
use std::path::Path;

/// The days of the lines in the seed inputs: 1 to 3 September 2026.
const DAYS: (Day, Day) = (Day(20_697), Day(20_699));

/// Reads bytes as a file of messages and as a file of orders, in the format of a file name `ending`. Asserts that errors name the file and
/// that every row read is accounted for. Returns whether a row could be used.
pub fn table(ending: &str, bytes: &[u8]) -> bool {
    let file = format!("in.{ending}");
    let text = format!(
        "name = \"fuzz\"\ninput = \"memory:///\"\noutput = \"memory:///\"\n[messages]\npath = \"{file}\"\n[orders]\npath = \"{file}\"\n\
         [quality]\nmax_bad_ratio = 1.0\n"
    );
    let Ok(plan) = Plan::from_text(Path::new("fuzz.toml"), &text, &Overrides::default()) else { return false };
    if plan.input.put(&file, bytes.to_vec()).is_err() {
        return false;
    }
    let refused = |e: &Error| {
        let message = e.to_string();
        assert!(message.contains(&file), "the error does not name the file: {message}");
        // Only the Parquet library may panic, which its caller catches. The other formats are decoded by code of this crate.
        assert!(ending.contains("parquet") || !message.contains(GAVE_UP), "a panic: {message}");
    };
    let (first, last) = DAYS;
    let mut any_used = false;
    match read_orders(&plan, first, last, i64::MAX, Some(DAYS)) {
        Ok(orders) => {
            let total = orders.and_then(|orders| orders.run_audit().ok()).map(|audit| audit.total()).unwrap_or_default();
            assert!(total.balances(), "{total:?}");
            any_used |= total.used > 0;
        }
        Err(e) => refused(&e),
    }
    let resources = DayResources { budget: MemoryBudget::of_limit(1 << 30), workers: 1 };
    match read_messages(&plan, &first.through(last).collect(), &resources, &Default::default(), false) {
        Ok(reading) => {
            for chats in reading.days.values() {
                let total = chats.audit.total();
                assert!(total.read >= total.quarantined + total.outside, "{total:?}");
                any_used |= total.read > total.quarantined + total.outside;
            }
        }
        Err(e) => refused(&e),
    }
    any_used
}

/// Resolves bytes as a pipeline file. Returns whether it is valid.
pub fn pipeline(bytes: &[u8]) -> bool {
    let memory = || Some("memory:///".to_owned());
    let overrides = Overrides { input: memory(), output: memory() };
    Plan::from_text(Path::new("fuzz.toml"), &String::from_utf8_lossy(bytes), &overrides).is_ok()
}

//! What the fuzz targets do with an input, so that a test can do the same: whatever the bytes, no panic, no abort, no hang.

use crate::calendar::Day;
use crate::error::Error;
use crate::ingest::{GAVE_UP, read_messages, read_orders};
use crate::job::{Overrides, Plan};
use crate::memory::{Budget, Means};
use std::path::Path;

/// The days that the inputs' lines lie in: 1 to 3 September 2026.
const DAYS: (Day, Day) = (Day(20_697), Day(20_699));

/// A file of messages and of orders in a format, named by its ending. Errors name the file; what is read is accounted for.
/// True when some of it was read.
pub fn table(ending: &str, bytes: &[u8]) -> bool {
    let file = format!("in.{ending}");
    let text = format!(
        "name = \"fuzz\"\ninput = \"memory:///\"\noutput = \"memory:///\"\n[messages]\npath = \"{file}\"\n[orders]\npath = \"{file}\"\n\
         [quality]\nmax_bad_ratio = 1.0\n"
    );
    let Ok(plan) = Plan::of_text(Path::new("fuzz.toml"), &text, &Overrides::default()) else { return false };
    if plan.input.put(&file, bytes.to_vec()).is_err() {
        return false;
    }
    let refused = |e: &Error| {
        let said = e.to_string();
        assert!(said.contains(&file), "the error does not name the file: {said}");
        // Formats that we read ourselves have nobody else to blame.
        assert!(ending.contains("parquet") || !said.contains(GAVE_UP), "a panic: {said}");
    };
    let (first, last) = DAYS;
    let mut some = false;
    match read_orders(&plan, first, last, i64::MAX, Some(DAYS)) {
        Ok(orders) => {
            let total = orders.map(|orders| orders.read_whole().total()).unwrap_or_default();
            assert!(total.balances(), "{total:?}");
            some |= total.used > 0;
        }
        Err(e) => refused(&e),
    }
    let means = Means { budget: Budget::of_limit(1 << 30), workers: 1 };
    match read_messages(&plan, &first.through(last).collect(), &means) {
        Ok(reading) => {
            for chats in reading.days.values() {
                let total = chats.audit.total();
                assert!(total.read >= total.quarantined + total.outside, "{total:?}");
                some |= total.read > total.quarantined + total.outside;
            }
        }
        Err(e) => refused(&e),
    }
    some
}

/// A pipeline file. True when it can be run.
pub fn pipeline(bytes: &[u8]) -> bool {
    let memory = || Some("memory:///".to_owned());
    let overrides = Overrides { input: memory(), output: memory() };
    Plan::of_text(Path::new("fuzz.toml"), &String::from_utf8_lossy(bytes), &overrides).is_ok()
}

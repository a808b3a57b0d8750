//! Progress of a run: a progress bar on a terminal, one line per day in a log.

use crate::console::say;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kefu_kernel::calendar::Day;
use std::io::IsTerminal;
use std::time::Instant;

/// Counts the days that have been read.
pub struct Progress {
    bar: ProgressBar,
    days: usize,
    started: Instant,
}

impl Progress {
    /// Starts with no day done. A run of a single day shows no progress.
    pub fn new(days: usize) -> Progress {
        let bar = ProgressBar::new(days as u64);
        if days < 2 || !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let style = "{wide_bar} {pos}/{len} days · {per_sec} · {eta} left · {msg}";
        bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Progress { bar, days, started: Instant::now() }
    }

    /// Counts a day with so many chat lines.
    pub fn day_done(&self, day: Day, lines: i64) {
        self.bar.inc(1);
        self.bar.set_message(day.to_string());
        if self.days > 1 && self.bar.is_hidden() {
            let (done, seconds) = (self.bar.position(), self.started.elapsed().as_secs_f64());
            let left = seconds / done as f64 * (self.days as u64 - done) as f64;
            say(&format!("{day}  {lines} lines  {done}/{} days  {:.2} days/s  {left:.0} s left", self.days, done as f64 / seconds));
        }
    }

    /// Removes the progress bar.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

//! The request of a run.

use crate::freshness::DaySelection;
use crate::memory;
use crate::parallel;
use crate::publish::LeaseOptions;
use kefu_kernel::calendar::Day;
use std::collections::BTreeSet;

/// The days that a run is requested for, and how it runs.
#[derive(Clone)]
pub struct RunRequest {
    /// First and last business day, both included.
    pub from: Day,
    pub to: Day,
    /// The last business day for which all orders have arrived, if the user says so.
    pub as_of: Option<Day>,
    /// The instant at which the run started.
    pub started: jiff::Timestamp,
    /// Number of days worked on at the same time.
    pub jobs: usize,
    /// Memory limit in bytes.
    pub memory: usize,
    /// Make those of the days before `from` too that were missed, if `only` is [`DaySelection::Due`].
    pub missed: bool,
    /// Which of the days are computed.
    pub only: DaySelection,
    /// Publish days that a gate would hold back.
    pub force: bool,
    /// Published files that are damaged. The run makes them again, whatever day they are of, and works on nothing else. `None`: it works on its
    /// days.
    pub repair: Option<BTreeSet<String>>,
    /// How the lease on the output root is taken.
    pub lease: LeaseOptions,
}

impl RunRequest {
    /// A request for those of some days that are due, and for no missed days, with the default resources.
    pub fn new(from: Day, to: Day, started: jiff::Timestamp) -> RunRequest {
        let (memory, lease) = (memory::DEFAULT_LIMIT, LeaseOptions::default());
        RunRequest {
            from,
            to,
            as_of: None,
            started,
            jobs: parallel::workers(),
            memory,
            missed: false,
            only: DaySelection::Due,
            force: false,
            repair: None,
            lease,
        }
    }
}

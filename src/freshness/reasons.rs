//! The reasons why a day is not fresh, and the choice of days that a run makes by them.

use crate::model::InputTable;
use serde::Serialize;
use std::fmt;

/// Why a business day is not fresh.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "why", content = "what")]
pub enum StaleReason {
    /// It was never computed.
    Missing,
    /// The last attempt to compute it failed. Holds the error in one line.
    Failed(String),
    /// A run died while it was publishing the day, or files of it are damaged.
    Interrupted,
    /// Its state files are missing, or not as they were published.
    StatesGone,
    /// Files or rows of these input tables have changed since.
    Late(Vec<&'static str>),
    /// Later days have landed since, and with them metrics that depend on later days.
    Maturing,
    /// The rules or the mapping of the inputs have changed since.
    Rules,
    /// The meaning of numbers has changed since, or the rules have and its input is gone. Such a day is computed again only if it is requested, and periods that hold it stay as they
    /// are until then (DECISIONS #60).
    OlderVersion,
    /// The tables staff, shops, standards, targets or trainings or the settings of judgement or reports have changed since. Such a day is
    /// recomputed only if it is requested.
    Reference,
    /// It was computed when more days had landed than this run assumes.
    AsOf,
    /// Files of these input tables that it was made of are gone. It stays as it was published; what needs none of them is still computed.
    InputGone(Vec<&'static str>),
}

impl fmt::Display for StaleReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StaleReason::Missing => write!(f, "missing"),
            StaleReason::Failed(why) => write!(f, "failed: {why}"),
            StaleReason::Interrupted => write!(f, "stale: a run died while it was publishing the day, or files of it are damaged"),
            StaleReason::StatesGone => write!(f, "stale: its state files are missing or damaged"),
            StaleReason::Late(tables) => write!(f, "stale: late data in {}", tables.join(", ")),
            StaleReason::Maturing => write!(f, "maturing: later days have landed since"),
            StaleReason::Rules => write!(f, "stale: rules or mappings have changed"),
            StaleReason::OlderVersion => write!(f, "made under older rules"),
            StaleReason::Reference => write!(f, "stale: staff, shops, targets or settings have changed"),
            StaleReason::AsOf => write!(f, "stale: computed when more days had landed than --as-of says"),
            StaleReason::InputGone(tables) => write!(f, "input gone: {}", tables.join(", ")),
        }
    }
}

impl StaleReason {
    /// Whether the chats of the day have to be read again. Otherwise it is enough to recompute its sales and reports.
    pub(super) fn needs_chats(&self) -> bool {
        match self {
            StaleReason::Late(tables) => {
                let read_with_chats =
                    [InputTable::Messages, InputTable::Blocklist, InputTable::Holidays, InputTable::Staff, InputTable::Buyers];
                tables.iter().any(|table| read_with_chats.map(InputTable::name).contains(table))
            }
            StaleReason::Maturing | StaleReason::AsOf | StaleReason::InputGone(_) => false,
            _ => true,
        }
    }

    /// Whether files of the day are missing, damaged or only half written.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self, StaleReason::Interrupted | StaleReason::StatesGone)
    }

    /// Whether a run recomputes the day even if it is not requested.
    pub(super) fn is_automatic(&self) -> bool {
        matches!(self, StaleReason::Interrupted | StaleReason::StatesGone | StaleReason::Late(_) | StaleReason::Maturing)
    }
}

/// Which of the requested days a run computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum DaySelection {
    /// All that are not fresh, and other days that late data or maturity have changed
    #[default]
    Due,
    /// Those that were never computed
    Missing,
    /// Those whose last attempt failed
    Failed,
    /// Those that were computed and are no longer fresh
    Stale,
    /// All of them, fresh or not
    All,
}

impl DaySelection {
    /// Whether a day with these reasons is computed.
    pub(super) fn admits(self, reasons: &[StaleReason]) -> bool {
        let failed = |why: &StaleReason| matches!(why, StaleReason::Failed(_));
        // That something is gone is nothing that a run could mend.
        let mut causes = reasons.iter().filter(|why| !matches!(why, StaleReason::InputGone(_)));
        match self {
            DaySelection::All => true,
            DaySelection::Due => causes.next().is_some(),
            DaySelection::Missing => reasons.contains(&StaleReason::Missing),
            DaySelection::Failed => reasons.iter().any(failed),
            DaySelection::Stale => causes.any(|why| !failed(why) && *why != StaleReason::Missing),
        }
    }
}

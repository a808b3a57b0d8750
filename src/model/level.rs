//! The level of a report row: a shop, an agent or a team.

use serde::Deserialize;

/// The level of a report row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// One row per shop.
    Shop,
    /// One row per shop and agent account.
    Agent,
    /// One row per shop and team (团队).
    Team,
}

impl Level {
    /// The levels with states of their own.
    pub const ALL: [Level; 2] = [Level::Shop, Level::Agent];
    /// The levels with a report. The report of a team is merged from the states of its agents.
    pub const REPORTED: [Level; 3] = [Level::Shop, Level::Agent, Level::Team];

    /// Its name in tables and paths.
    pub fn name(self) -> &'static str {
        match self {
            Level::Shop => "shop",
            Level::Agent => "agent",
            Level::Team => "team",
        }
    }
}

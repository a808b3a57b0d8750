//! concurrency (最大同时接待量). Grain: one row per agent with an open reception on the business day.
//!
//! | column | dtype | unit | null |
//! |---|---|---|---|
//! | `shop`, `agent` | UInt32 | code of `Names` | never |
//! | `open` | Int64 | the most receptions open at one instant | never |
//!
//! A reception is open from its first to its last buyer or reply line, both ends included.

use super::replayed::ReplayedConversation;
use crate::error::Result;
use crate::frames::frame;
use crate::names::Names;
use kefu_kernel::day_rules::DayRules;
use polars::prelude::*;

/// The time a reception was open: the agent's code, then the first and the last line in ms since the start of the business day.
pub type OpenReception = (u32, u32, u32);

/// Adds the receptions of a conversation that passed the reception filters.
pub(super) fn add(open_receptions: &mut Vec<OpenReception>, conversation: &ReplayedConversation, day: &DayRules) {
    for reception in conversation.sessions.iter().flat_map(|s| &s.receptions).filter(|r| conversation.filtered.code(r.agent) == 0) {
        if let Some((first, last)) = reception.side.first_at.zip(reception.side.last_at) {
            open_receptions.push((reception.agent, (first - day.starts_at) as u32, (last - day.starts_at) as u32));
        }
    }
}

/// The concurrency peaks of a day while its shards arrive.
#[derive(Default)]
pub struct ConcurrencyPeaks {
    /// Receptions of the last shop so far; the next shard can hold more of it.
    open_receptions: Vec<OpenReception>,
    /// Agent and peak of the shops that are complete.
    peaks: Vec<(u32, i64)>,
}

impl ConcurrencyPeaks {
    /// Adds the receptions of a shard. Shards must arrive in the order of their shops.
    pub fn add(&mut self, open_receptions: Vec<OpenReception>, names: &Names) {
        self.open_receptions.extend(open_receptions);
        let Some(last) = self.open_receptions.last().map(|reception| names.shop_of_agent(reception.0)) else { return };
        let complete =
            self.open_receptions.iter().rposition(|reception| names.shop_of_agent(reception.0) != last).map_or(0, |place| place + 1);
        let of_last_shop = self.open_receptions.split_off(complete);
        self.count();
        self.open_receptions = of_last_shop;
    }

    /// Counts the peaks of the agents in `open_receptions`, of whom no more receptions can arrive.
    fn count(&mut self) {
        self.open_receptions.sort_unstable();
        self.peaks
            .extend(self.open_receptions.chunk_by(|a, b| a.0 == b.0).map(|open_receptions| (open_receptions[0].0, peak(open_receptions))));
    }

    /// Takes the peaks of all shops but the last one of the shards so far, of which more receptions can arrive. Columns: see the file header.
    pub fn take_complete(&mut self, last_shop: u32, names: &Names) -> Result<DataFrame> {
        let is_open = |reception: &OpenReception| names.shop_of_agent(reception.0) == last_shop;
        let (open, complete) = std::mem::take(&mut self.open_receptions).into_iter().partition(is_open);
        self.open_receptions = complete;
        self.count();
        self.open_receptions = open;
        peaks_frame(&std::mem::take(&mut self.peaks), names)
    }

    /// Finishes the day: the peaks that were not taken. Columns: see the file header.
    pub fn frame(mut self, names: &Names) -> Result<DataFrame> {
        self.count();
        peaks_frame(&self.peaks, names)
    }
}

/// Peaks by agent as a frame.
fn peaks_frame(peaks: &[(u32, i64)], names: &Names) -> Result<DataFrame> {
    Ok(frame! {
        "shop" => peaks.iter().map(|p| names.shop_of_agent(p.0)).collect::<Vec<_>>(),
        "agent" => peaks.iter().map(|p| p.0).collect::<Vec<_>>(),
        "open" => peaks.iter().map(|p| p.1).collect::<Vec<_>>(),
    }?)
}

/// The most receptions open at one instant. `open_receptions`: those of one agent, in the order of their first line.
fn peak(open_receptions: &[OpenReception]) -> i64 {
    let mut ends = open_receptions.iter().map(|reception| reception.2).collect::<Vec<_>>();
    ends.sort_unstable();
    let mut ended = 0;
    let open = (1..).zip(open_receptions).map(|(started, reception)| {
        // A reception that ends at the instant another starts still counts as open, because both ends are included.
        while ends[ended] < reception.1 {
            ended += 1;
        }
        started - ended as i64
    });
    open.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receptions_that_touch_overlap() {
        assert_eq!(peak(&[(1, 0, 10), (1, 10, 20)]), 2);
        assert_eq!(peak(&[(1, 0, 10), (1, 11, 20)]), 1);
        assert_eq!(peak(&[(1, 0, 50), (1, 1, 2), (1, 3, 4), (1, 3, 3)]), 3);
    }
}

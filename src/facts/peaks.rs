//! peaks: one row per agent: the most receptions open at one instant (最大同时接待量).
//! A reception is open from its first to its last buyer or reply line, both ends included.

use super::{Told, frame};
use crate::conversation::Day;
use crate::error::Result;
use crate::names::Names;
use polars::prelude::*;

/// When a reception of an agent was open: agent, first and last line in ms of the day.
pub type Edge = (u32, u32, u32);

pub(super) fn add(edges: &mut Vec<Edge>, told: &Told, day: &Day) {
    for reception in told.sessions.iter().flat_map(|s| &s.receptions).filter(|r| told.filtered.of(r.agent) == 0) {
        if let Some((first, last)) = reception.talk.first_at.zip(reception.talk.last_at) {
            edges.push((reception.agent, (first - day.starts_at) as u32, (last - day.starts_at) as u32));
        }
    }
}

/// The peaks of a day under way.
#[derive(Default)]
pub struct Peaks {
    /// Of the shop that came last: more of it may come.
    edges: Vec<Edge>,
    /// Agent and peak.
    done: Vec<(u32, i64)>,
}

impl Peaks {
    /// Adds the receptions of a shard. Shards come shop by shop.
    pub fn add(&mut self, edges: Vec<Edge>, names: &Names) {
        self.edges.extend(edges);
        let Some(last) = self.edges.last().map(|edge| names.shop_of_agent(edge.0)) else { return };
        let ended = self.edges.iter().rposition(|edge| names.shop_of_agent(edge.0) != last).map_or(0, |place| place + 1);
        let begun = self.edges.split_off(ended);
        self.count();
        self.edges = begun;
    }

    fn count(&mut self) {
        self.edges.sort_unstable();
        self.done.extend(self.edges.chunk_by(|a, b| a.0 == b.0).map(|edges| (edges[0].0, peak(edges))));
    }

    /// Columns: `shop`, `agent`, `open`.
    pub fn frame(mut self, names: &Names) -> Result<DataFrame> {
        self.count();
        Ok(frame! {
            "shop" => self.done.iter().map(|p| names.shop_of_agent(p.0)).collect::<Vec<_>>(),
            "agent" => self.done.iter().map(|p| p.0).collect::<Vec<_>>(),
            "open" => self.done.iter().map(|p| p.1).collect::<Vec<_>>(),
        }?)
    }
}

/// `edges`: one agent's, by their first line.
fn peak(edges: &[Edge]) -> i64 {
    let mut ends = edges.iter().map(|edge| edge.2).collect::<Vec<_>>();
    ends.sort_unstable();
    let mut ended = 0;
    let open = (1..).zip(edges).map(|(begun, edge)| {
        // What ends at the instant another begins is still open: both ends are in.
        while ends[ended] < edge.1 {
            ended += 1;
        }
        begun - ended as i64
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

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
    for reception in told.sessions.iter().flat_map(|s| &s.receptions).filter(|_| told.filtered == 0) {
        if let Some((first, last)) = reception.talk.first_at.zip(reception.talk.last_at) {
            edges.push((reception.agent, (first - day.starts_at) as u32, (last - day.starts_at) as u32));
        }
    }
}

/// Columns: `shop`, `agent`, `open`. `edges`: those of all receptions of the day.
pub fn peaks(mut edges: Vec<Edge>, names: &Names) -> Result<DataFrame> {
    edges.sort_unstable();
    let peaks = edges.chunk_by(|a, b| a.0 == b.0).map(|edges| (edges[0].0, peak(edges))).collect::<Vec<_>>();
    Ok(frame! {
        "shop" => peaks.iter().map(|p| names.shop_of_agent(p.0)).collect::<Vec<_>>(),
        "agent" => peaks.iter().map(|p| p.0).collect::<Vec<_>>(),
        "open" => peaks.iter().map(|p| p.1).collect::<Vec<_>>(),
    }?)
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

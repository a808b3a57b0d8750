//! peaks: one row per agent: the most receptions open at one instant (最大同时接待量).
//! A reception is open from its first to its last buyer or reply line, both ends included.

use super::{Told, frame};
use crate::error::Result;
use polars::prelude::*;
use std::collections::BTreeMap;

pub(crate) fn peaks(told: &[Told]) -> Result<DataFrame> {
    let mut edges: BTreeMap<(u32, u32), Vec<(i64, i64)>> = BTreeMap::new();
    for t in told.iter().filter(|t| t.filtered == 0) {
        for reception in t.story.sessions.iter().flat_map(|s| &s.receptions) {
            if let Some((first, last)) = reception.talk.first_at.zip(reception.talk.last_at) {
                // At one instant what begins comes before what ends: both ends are in.
                edges.entry((t.shop, reception.agent)).or_default().extend([(first, -1), (last, 1)]);
            }
        }
    }
    let peaks = edges.into_iter().map(|(key, edges)| (key, peak(edges))).collect::<Vec<_>>();
    Ok(frame! {
        "shop" => peaks.iter().map(|p| p.0.0).collect::<Vec<_>>(),
        "agent" => peaks.iter().map(|p| p.0.1).collect::<Vec<_>>(),
        "open" => peaks.iter().map(|p| p.1).collect::<Vec<_>>(),
    }?)
}

fn peak(mut edges: Vec<(i64, i64)>) -> i64 {
    edges.sort_unstable();
    let mut open = 0;
    edges
        .into_iter()
        .map(|(_, edge)| {
            open -= edge;
            open
        })
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receptions_that_touch_overlap() {
        assert_eq!(peak(vec![(0, -1), (10, 1), (10, -1), (20, 1)]), 2);
        assert_eq!(peak(vec![(0, -1), (10, 1), (11, -1), (20, 1)]), 1);
    }
}

//! Shops that go silent: a shop without a line on a day although it had some on the same weekdays before. It is said, and the day is held
//! back if such shops usually make up too much of it. Nothing of it reaches a row: a day's rows depend on its own lines alone.

use super::stretch::Stretch;
use crate::error::Result;
use crate::model::Level;
use crate::state::{StateKind, StatePart};
use kefu_kernel::calendar::Day;
use std::collections::{BTreeMap, BTreeSet};

/// The same weekdays before a day that tell what is usual, in weeks.
const WEEKS: i32 = 4;

/// Shops named in one message.
const NAMED: usize = 10;

/// The shops that are silent on a day.
pub(super) struct Silence {
    /// The silent shops with their usual numbers of lines, in one line.
    pub why: String,
    /// The share of the day's usual lines that they make up, 0 to 1.
    pub share: f64,
}

impl Stretch<'_> {
    /// The shops without a line on a day although at least two of the same weekdays of the 28 days before had some. `speaking`: the shops that
    /// have lines. Only days that were published before this run count. `None`: there is no such shop.
    pub(super) fn silence(&self, day: Day, speaking: &BTreeSet<&str>) -> Result<Option<Silence>> {
        let mut lines: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for week in 1..=WEEKS {
            let before = day.plus(-7 * week);
            let state = (StatePart::Chats, Level::Shop, StateKind::Sums);
            if !self.context.history.contains_key(&before) || !self.states.has(before, state.0, state.1, state.2)? {
                continue;
            }
            let sums = self.states.get(before, state.0, state.1, state.2)?;
            let (shops, messages) = (sums.column("shop_id")?.str()?, sums.column("total_msgs")?.i64()?);
            for (shop, messages) in shops.iter().zip(messages.iter()) {
                lines.entry(shop.unwrap_or_default().to_owned()).or_default().extend(messages.filter(|lines| *lines > 0));
            }
        }
        let usual = lines.into_iter().map(|(shop, lines)| (shop, (lines.len(), usual(lines)))).collect::<BTreeMap<_, _>>();
        let all = usual.values().map(|(_, usual)| usual).sum::<f64>();
        let is_silent = |(shop, (days, _)): &(&String, &(usize, f64))| {
            *days >= 2 && !speaking.contains(shop.as_str()) && !self.inputs.reference.may_be_silent(shop, day)
        };
        let mut silent = usual.iter().filter(is_silent).map(|(shop, (_, usual))| (shop, *usual)).collect::<Vec<_>>();
        if silent.is_empty() {
            return Ok(None);
        }
        silent.sort_by(|a, b| b.1.total_cmp(&a.1));
        let share = silent.iter().map(|(_, usual)| usual).sum::<f64>() / all;
        let named = silent.iter().take(NAMED).map(|(shop, usual)| format!("{shop} (usually {usual:.0})")).collect::<Vec<_>>().join(", ");
        let more = silent.len().checked_sub(NAMED + 1).map(|more| format!(" and {} more", more + 1)).unwrap_or_default();
        let why = format!("no line of {named}{more}: is the export complete? If it is, say so by closed_on or quiet in [shops]");
        Ok(Some(Silence { why, share }))
    }
}

/// The median of the weekdays, of which those without lines have 0.
fn usual(mut lines: Vec<i64>) -> f64 {
    lines.resize(WEEKS as usize, 0);
    lines.sort_unstable();
    (lines[1] + lines[2]) as f64 / 2.0
}

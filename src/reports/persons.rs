//! Distinct persons of a period: each buyer once, with the flags that held on any of the days (semantics §10).

use super::states::{Part, keys};
use crate::error::Result;
use crate::job::Level;
use crate::metrics;
use crate::names::Texts;
use hashbrown::HashMap;
use polars::prelude::*;

/// Persons merged so far. Names are kept once, flags as bits: a year of buyers has to fit.
pub struct Persons {
    level: Level,
    texts: Texts,
    /// (shop, agent or 0, buyer) → flags, bit i for the i-th declared.
    held: HashMap<(u32, u32, u32), u64>,
}

impl Persons {
    pub fn new(level: Level) -> Persons {
        Persons { level, texts: Texts::default(), held: HashMap::new() }
    }

    /// Merges the persons of one part of a day: the same in whatever order the days come.
    pub fn add(&mut self, part: Part, day: &DataFrame) -> Result<()> {
        let mut flags = vec![0u64; day.height()];
        for (bit, flag) in metrics::flags().iter().enumerate().filter(|(_, flag)| part.has(flag.of)) {
            for (flags, held) in flags.iter_mut().zip(day.column(&flag.name)?.bool()?.iter()) {
                *flags |= u64::from(held == Some(true)) << bit;
            }
        }
        let shops = day.column("shop_id")?.str()?;
        let buyers = day.column("buyer_id")?.str()?;
        let agents = if self.level == Level::Agent { Some(day.column("agent_id")?.str()?) } else { None };
        for (row, flags) in flags.into_iter().enumerate() {
            let mut code = |ids: &StringChunked| ids.get(row).map_or(0, |id| self.texts.code(id));
            let person = (code(shops), agents.map_or(0, &mut code), code(buyers));
            *self.held.entry(person).or_default() |= flags;
        }
        Ok(())
    }

    /// One row per key and combination of flags: the key columns, a column for every flag, and `persons`, how many there are.
    /// A person of whom nothing can be said, as a filtered buyer who was only written to, makes no row.
    pub fn counted(&self) -> Result<DataFrame> {
        let mut counts: HashMap<(u32, u32, u64), i64> = HashMap::new();
        for ((shop, agent, _), flags) in self.held.iter().filter(|(_, flags)| **flags != 0) {
            *counts.entry((*shop, *agent, *flags)).or_default() += 1;
        }
        let rows = counts.into_iter().collect::<Vec<_>>();
        let mut columns = Vec::new();
        for key in keys(self.level) {
            let ids = rows.iter().map(|((shop, agent, _), _)| self.texts.spell(if key == "shop_id" { *shop } else { *agent }));
            columns.push(Column::new(key.into(), ids.collect::<Vec<_>>()));
        }
        for (bit, flag) in metrics::flags().iter().enumerate() {
            let held = rows.iter().map(|((_, _, flags), _)| flags >> bit & 1 == 1);
            columns.push(Column::new(flag.name.as_str().into(), held.collect::<Vec<_>>()));
        }
        columns.push(Column::new("persons".into(), rows.iter().map(|(_, count)| *count).collect::<Vec<_>>()));
        Ok(DataFrame::new_infer_height(columns)?)
    }
}

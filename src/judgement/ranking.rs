//! `ranking_<period>` (排名): agents among those of their shop, team and platform, by every metric of which better is known.

use super::report::{Layout, Report, Values, pieces, places};
use super::{Case, Pieces};
use crate::error::{Error, Result};
use crate::job::Level;
use crate::metrics::{self, Metric, decl};
use crate::reports::Table;
use std::collections::HashMap;

const SCOPES: [&str; 3] = ["shop", "team", "platform"];

/// Who is ranked with whom in each scope: numbers of groups, None for who has no reception, no team or no platform.
struct Groups([Vec<Option<usize>>; 3]);

/// The ranks of a metric in a scope, by row of the report, and the mean of each group that has one.
struct Ranks {
    /// From 1; 0 is none.
    ranks: Vec<u32>,
    means: HashMap<usize, f64>,
}

impl Ranks {
    fn rank(&self, row: usize) -> Option<i64> {
        (self.ranks[row] > 0).then_some(i64::from(self.ranks[row]))
    }
}

/// A metric, and how its values rank in each scope now and before.
struct Ranked {
    metric: &'static Metric,
    values: Values,
    now: [Ranks; 3],
    before: Option<[Ranks; 3]>,
}

impl Groups {
    /// Only agents with a reception that holds a buyer line take part.
    fn of(report: &Report) -> Result<Groups> {
        let receptions = report.values("receptions")?;
        let groups = SCOPES.map(|scope| {
            let mut numbers = HashMap::new();
            let mut group = |row: usize| {
                receptions.cells[row].filter(|receptions| *receptions > 0.0)?;
                let key = (key(report, scope, row)?, (scope == "team").then(|| report.text("shop_id", row)));
                let next = numbers.len();
                Some(*numbers.entry(key).or_insert(next))
            };
            (0..report.rows()).map(&mut group).collect()
        });
        Ok(Groups(groups))
    }
}

/// What the scope's group of a row is called. Teams are of a shop.
fn key<'r>(report: &'r Report, scope: &str, row: usize) -> Option<&'r str> {
    report.text(if scope == "shop" { "shop_id" } else { scope }, row)
}

/// Dense ranks, better first: one more than the number of different better values in the group. Null values have none and are in no mean.
fn ranks(values: &Values, groups: &[Option<usize>], higher: bool) -> Ranks {
    let entrants = groups.iter().enumerate().filter_map(|(row, group)| Some((group.as_ref().copied()?, values.cells[row]?, row)));
    let mut entrants = entrants.collect::<Vec<_>>();
    let order = |a: f64, b: f64| if higher { b.total_cmp(&a) } else { a.total_cmp(&b) };
    entrants.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| order(a.1, b.1)));
    let (mut ranks, mut means) = (vec![0; groups.len()], HashMap::new());
    for group in entrants.chunk_by(|a, b| a.0 == b.0) {
        // Added up in the order of the report, so that the digits do not depend on who is better.
        let mut cells = group.iter().map(|(_, value, row)| (*row, *value)).collect::<Vec<_>>();
        cells.sort_unstable_by_key(|(row, _)| *row);
        means.insert(group[0].0, cells.iter().map(|(_, value)| value).sum::<f64>() / (cells.len() as f64 * values.per_unit));
        let mut rank = 0;
        for (place, (_, value, row)) in group.iter().enumerate() {
            if place == 0 || group[place - 1].1 != *value {
                rank += 1;
            }
            ranks[*row] = rank;
        }
    }
    Ranks { ranks, means }
}

/// One row per agent with a reception, scope it has a group in, and metric that anyone there has a value of. `rank` is null without a value; `change` is the rank before
/// less the rank now (up is positive), null where either is.
pub(super) fn ranking<'c>(case: &'c Case) -> Result<Pieces<'c>> {
    let agents = case.now.iter().position(|report| report.level == Level::Agent);
    let Some(of) = agents else { return Ok(pieces(Vec::new(), move |_| laid_out(case, 0, &[]))) };
    let (now, before) = (&case.now[of], Case::of(&case.before, Level::Agent));
    let groups = Groups::of(now)?;
    let before = before.map(|before| Ok::<_, Error>((before, Groups::of(before)?))).transpose()?;
    let places_before = now.places_in(before.as_ref().map(|(before, _)| *before));
    let mut ranked = Vec::new();
    for metric in metrics::of_level(Level::Agent).filter(|metric| metric.better != decl::Neither && !metric.component) {
        let higher = metric.better == decl::Higher;
        let ranks_of = |values: &Values, groups: &Groups| groups.0.each_ref().map(|groups| ranks(values, groups, higher));
        let values = now.values(&metric.id)?;
        let before = before.as_ref().map(|(before, groups)| Ok::<_, Error>(ranks_of(&before.values(&metric.id)?, groups))).transpose()?;
        ranked.push(Ranked { metric, now: ranks_of(&values, &groups), values, before });
    }
    let rows = places(&case.now).into_iter().filter(|place| place.0 == of).collect();
    Ok(pieces(rows, move |rows| {
        let mut cells = Vec::new();
        let scoped = rows.iter().flat_map(|(_, row)| (0..SCOPES.len()).map(move |scope| (*row, scope)));
        for (row, scope) in scoped {
            let Some(group) = groups.0[scope][row] else { continue };
            for ranked in &ranked {
                // Where nobody in the group has a value there is nothing to rank.
                let Some(mean) = ranked.now[scope].means.get(&group).copied() else { continue };
                let rank = ranked.now[scope].rank(row);
                let earlier = ranked.before.as_ref().zip(places_before[row]).and_then(|(before, place)| before[scope].rank(place));
                let change = earlier.zip(rank).map(|(before, now)| before - now);
                cells.push(Cell { row, scope, metric: ranked.metric, value: ranked.values.value(row), rank, mean: Some(mean), change });
            }
        }
        laid_out(case, of, &cells)
    }))
}

struct Cell<'m> {
    row: usize,
    scope: usize,
    metric: &'m Metric,
    value: Option<f64>,
    rank: Option<i64>,
    mean: Option<f64>,
    change: Option<i64>,
}

fn laid_out(case: &Case, of: usize, cells: &[Cell]) -> Result<Table> {
    let mut layout = Layout::new(&case.now, cells.iter().map(|cell| (of, cell.row)).collect())?;
    layout.texts("scope", cells.iter().map(|cell| Some(SCOPES[cell.scope])), "范围: shop 本店 / team 本组 / platform 本平台 · Among whom");
    let keys = cells.iter().map(|cell| key(&case.now[of], SCOPES[cell.scope], cell.row));
    layout.texts("scope_key", keys, "范围的名称 · The shop, the team (of the shop) or the platform");
    layout.texts("metric", cells.iter().map(|cell| Some(cell.metric.id.as_str())), "指标 · Metric, as in dims/metric");
    layout.numbers("value", cells.iter().map(|cell| cell.value).collect(), "本期值 · Value of the period");
    layout.integers(
        "rank",
        cells.iter().map(|cell| cell.rank).collect(),
        "名次，同值并列 · Dense rank, better first; null without a value",
    );
    let mean = "有接待的客服的平均值 · Mean over the agents with a reception who have a value";
    layout.numbers("mean", cells.iter().map(|cell| cell.mean).collect(), mean);
    let change = "名次变化，升为正；上期无名次为空 · Rank before − rank now; null when absent before";
    layout.integers("change", cells.iter().map(|cell| cell.change).collect(), change);
    layout.table("ranking", case.span, "one row per scope, shop_id, agent_id, metric")
}

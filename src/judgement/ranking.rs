//! `ranking_<period>` (排名): ranks agents within their shop, team and platform by every metric for which the better direction is declared.

use super::case::JudgementCase;
use super::report::TablePieces;
use super::report::{FinishedReport, JudgementLayout, MetricValues, in_pieces, sorted_rows};
use super::standings::{PlatformRanks, ranked_metrics};
use crate::error::{Error, Result};
use crate::metrics::declaration;
use crate::metrics::declaration::Metric;
use crate::model::Level;
use crate::model::OutputTable;
use std::collections::HashMap;

/// The scopes that an agent is ranked in.
const SCOPES: [&str; 3] = ["shop", "team", "platform"];

/// By scope and row of the report: the number of the group that an agent is ranked in; `None` without a reception, a team or a platform.
struct RankingGroups([Vec<Option<usize>>; 3]);

/// The ranks of a metric in a scope.
struct ScopeRanks {
    /// By row of the report, from 1; 0 is no rank.
    ranks: Vec<u32>,
    /// The mean of each group that has a value, in the published unit.
    means: HashMap<usize, f64>,
}

impl ScopeRanks {
    /// The rank of a row; `None` without a value or a group.
    fn rank(&self, row: usize) -> Option<i64> {
        (self.ranks[row] > 0).then_some(i64::from(self.ranks[row]))
    }
}

/// A metric with its ranks by scope, now and in the period before.
struct RankedMetric {
    metric: &'static Metric,
    values: MetricValues,
    now: [ScopeRanks; 3],
    before: Option<[ScopeRanks; 3]>,
}

impl RankingGroups {
    /// Groups the agents of a report. Only agents with a reception that has a buyer line take part.
    fn of(report: &FinishedReport) -> Result<RankingGroups> {
        let receptions = report.values("receptions")?;
        let groups = SCOPES.map(|scope| {
            let mut numbers = HashMap::new();
            let mut group = |row: usize| {
                receptions.cells[row].filter(|receptions| *receptions > 0.0)?;
                let key = (scope_key(report, scope, row)?, (scope == "team").then(|| report.text("shop_id", row)));
                let next = numbers.len();
                Some(*numbers.entry(key).or_insert(next))
            };
            (0..report.rows()).map(&mut group).collect()
        });
        Ok(RankingGroups(groups))
    }
}

/// The name of a row's group in a scope: its shop, team or platform. A team belongs to one shop, so its name alone is not unique.
fn scope_key<'r>(report: &'r FinishedReport, scope: &str, row: usize) -> Option<&'r str> {
    report.text(if scope == "shop" { "shop_id" } else { scope }, row)
}

/// Dense ranks, better first: one more than the number of distinct better values in the group. A null value has no rank and is in no mean.
fn rank_groups(values: &MetricValues, groups: &[Option<usize>], higher: bool) -> ScopeRanks {
    let entrants = groups.iter().enumerate().filter_map(|(row, group)| Some((group.as_ref().copied()?, values.cells[row]?, row)));
    let mut entrants = entrants.collect::<Vec<_>>();
    let order = |a: f64, b: f64| if higher { b.total_cmp(&a) } else { a.total_cmp(&b) };
    entrants.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| order(a.1, b.1)));
    let (mut ranks, mut means) = (vec![0; groups.len()], HashMap::new());
    for group in entrants.chunk_by(|a, b| a.0 == b.0) {
        // Added up in the order of the report, so that the last digits of the mean do not depend on the ranks.
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
    ScopeRanks { ranks, means }
}

/// The same on platforms, whose agents are those of other shops too. `ranks`: the values of the metric on all platforms.
fn rank_on_platforms(
    report: &FinishedReport,
    (id, values): (&str, &MetricValues),
    groups: &[Option<usize>],
    ranks: &PlatformRanks,
) -> ScopeRanks {
    let mut of_rows = ScopeRanks { ranks: vec![0; groups.len()], means: HashMap::new() };
    for (row, group) in groups.iter().enumerate() {
        let platform = group.zip(report.text("platform", row)).and_then(|(group, platform)| Some((group, ranks.of_metric(id, platform)?)));
        let Some((group, platform)) = platform else { continue };
        of_rows.means.insert(group, platform.mean);
        of_rows.ranks[row] = values.cells[row].map_or(0, |value| platform.rank(value));
    }
    of_rows
}

/// One row per agent with a reception, scope in which it has a group, and metric of which someone in the group has a value. `rank` is null
/// without a value; `change` is the rank before minus the rank now (a rise is positive), null if either is.
pub(super) fn ranking<'c>(case: &'c JudgementCase) -> Result<TablePieces<'c>> {
    let agents = case.now.iter().position(|report| report.level == Level::Agent);
    let Some(index) = agents else { return Ok(in_pieces(Vec::new(), move |_| build_table(case, 0, &[]))) };
    let (now, before) = (&case.now[index], JudgementCase::report_of(&case.before, Level::Agent));
    let groups = RankingGroups::of(now)?;
    let before = before.map(|before| Ok::<_, Error>((before, RankingGroups::of(before)?))).transpose()?;
    let rows_before = now.matching_rows(before.as_ref().map(|(before, _)| *before));
    let mut ranked = Vec::new();
    for metric in ranked_metrics() {
        let higher = metric.better == declaration::Higher;
        let ranks_of = |report: &FinishedReport, values: &MetricValues, groups: &RankingGroups, platforms: &PlatformRanks| {
            let [shops, teams, on_platforms] = &groups.0;
            let [shops, teams] = [shops, teams].map(|groups| rank_groups(values, groups, higher));
            [shops, teams, rank_on_platforms(report, (metric.id.as_str(), values), on_platforms, platforms)]
        };
        let values = now.values(&metric.id)?;
        let before = before
            .as_ref()
            .map(|(before, groups)| Ok::<_, Error>(ranks_of(before, &before.values(&metric.id)?, groups, &case.standings.before)));
        ranked.push(RankedMetric {
            metric,
            now: ranks_of(now, &values, &groups, &case.standings.now),
            values,
            before: before.transpose()?,
        });
    }
    let rows = sorted_rows(&case.now).into_iter().filter(|report_row| report_row.0 == index).collect();
    Ok(in_pieces(rows, move |rows| {
        let mut entries = Vec::new();
        let scoped = rows.iter().flat_map(|(_, row)| (0..SCOPES.len()).map(move |scope| (*row, scope)));
        for (row, scope) in scoped {
            let Some(group) = groups.0[scope][row] else { continue };
            for ranked in &ranked {
                // A group without any value has no rows for the metric.
                let Some(mean) = ranked.now[scope].means.get(&group).copied() else { continue };
                let rank = ranked.now[scope].rank(row);
                let earlier = ranked.before.as_ref().zip(rows_before[row]).and_then(|(before, row)| before[scope].rank(row));
                let change = earlier.zip(rank).map(|(before, now)| before - now);
                entries.push(RankingRow {
                    row,
                    scope,
                    metric: ranked.metric,
                    value: ranked.values.value(row),
                    rank,
                    mean: Some(mean),
                    change,
                });
            }
        }
        build_table(case, index, &entries)
    }))
}

/// A row of the table.
struct RankingRow<'m> {
    row: usize,
    scope: usize,
    metric: &'m Metric,
    value: Option<f64>,
    rank: Option<i64>,
    mean: Option<f64>,
    change: Option<i64>,
}

/// `report`: the place of the agents' report in the case.
fn build_table(case: &JudgementCase, report: usize, entries: &[RankingRow]) -> Result<OutputTable> {
    let mut layout = JudgementLayout::new(&case.now, entries.iter().map(|entry| (report, entry.row)).collect())?;
    layout.texts(
        "scope",
        entries.iter().map(|entry| Some(SCOPES[entry.scope])),
        "范围: shop 本店 / team 本组 / platform 本平台 · Among whom",
    );
    let keys = entries.iter().map(|entry| scope_key(&case.now[report], SCOPES[entry.scope], entry.row));
    layout.texts("scope_key", keys, "范围的名称 · The shop, the team (of the shop) or the platform");
    layout.texts("metric", entries.iter().map(|entry| Some(entry.metric.id.as_str())), "指标 · Metric, as in dims/metric");
    layout.numbers("value", entries.iter().map(|entry| entry.value).collect(), "本期值 · Value of the period");
    layout.integers(
        "rank",
        entries.iter().map(|entry| entry.rank).collect(),
        "名次，同值并列 · Dense rank, better first; null without a value",
    );
    let mean = "有接待的客服的平均值 · Mean over the agents with a reception who have a value";
    layout.numbers("mean", entries.iter().map(|entry| entry.mean).collect(), mean);
    let change = "名次变化，升为正；上期无名次为空 · Rank before − rank now; null when absent before";
    layout.integers("change", entries.iter().map(|entry| entry.change).collect(), change);
    layout.table("ranking", case.span, "one row per scope, shop_id, agent_id, metric")
}

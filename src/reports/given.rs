//! What a report takes from reference tables when it is finished: the rates of accounts, the targets of months. It is no state: it says
//! what the tables say today, for the whole period.

use super::ledger::Merged;
use crate::calendar::{Day, Period, Span};
use crate::error::Result;
use crate::frames::collect;
use crate::ingest::{Account, Reference};
use crate::job::Level;
use crate::metrics::{self, AccountRate, Formula};
use crate::rules::Group;
use polars::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Targets in fen by shop, agent (none: the shop's) and first day of the month.
#[derive(Default)]
pub struct Targets(BTreeMap<(String, Option<String>, Day), i64>);

impl Targets {
    /// Of the rows of `targets`, those of `sales_amount`; of two for the same month the one read last.
    pub fn of(rows: Option<LazyFrame>) -> Result<Targets> {
        let mut targets = Targets::default();
        let Some(rows) = rows else { return Ok(targets) };
        let rows = collect(rows.filter(col("metric").eq(lit("sales_amount"))))?;
        let text = |name: &str, row: usize| -> Result<Option<String>> { Ok(rows.column(name)?.str()?.get(row).map(str::to_owned)) };
        for row in 0..rows.height() {
            let (shop, month) = (text("shop_id", row)?, rows.column("month")?.i32()?.get(row));
            if let (Some(shop), Some(month), Some(yuan)) = (shop, month, rows.column("target")?.f64()?.get(row)) {
                targets.0.insert((shop, text("agent_id", row)?, Day(month)), (yuan * 100.0).round() as i64);
            }
        }
        Ok(targets)
    }

    /// By shop and agent or team, the sum over the months of a period. A shop without a target of its own for a month has the sum of its
    /// agents'; a team has that of its accounts.
    fn within<'a>(&'a self, span: Span, level: Level, reference: &'a Reference) -> BTreeMap<(&'a str, &'a str), i64> {
        let mut sums = BTreeMap::new();
        let months = self.0.iter().filter(|(key, _)| span.period >= Period::Month && span.first <= key.2 && key.2 <= span.last);
        for ((shop, agent, month), target) in months {
            let own = self.0.contains_key(&(shop.clone(), None, *month));
            let who = match (level, agent) {
                (Level::Agent, Some(agent)) => agent.as_str(),
                (Level::Team, Some(agent)) => match reference.team(shop, agent) {
                    Some(team) => team,
                    None => continue,
                },
                (Level::Agent | Level::Team, None) => continue,
                (Level::Shop, Some(_)) if own => continue,
                (Level::Shop, _) => "",
            };
            *sums.entry((shop.as_str(), who)).or_default() += target;
        }
        sums
    }
}

/// Key columns; `target` (fen); for agents a column for each rate, null where unknown; for shops and teams, of each metric at a rate,
/// `rated:<id>`, the sum over their agents, and `unrated:<id>`, how many agents with a sum have no rate. `agents`: the merged states of the
/// agents.
pub fn given(level: Level, agents: &Merged, reference: &Reference, targets: &Targets, span: Span, groups: &[Group]) -> Result<DataFrame> {
    let targets = targets.within(span, level, reference);
    match level {
        Level::Agent => of_agents(reference, &targets),
        Level::Shop | Level::Team => of_many(level, agents, reference, &targets, groups),
    }
}

/// A column of what is said of each key.
fn column(name: &str, values: impl Iterator<Item = Option<i64>>) -> Column {
    Column::new(name.into(), values.collect::<Vec<_>>())
}

fn of_agents(reference: &Reference, targets: &BTreeMap<(&str, &str), i64>) -> Result<DataFrame> {
    let staff =
        reference.staff.iter().map(|((shop, agent), account)| ((shop.as_str(), agent.as_str()), account)).collect::<BTreeMap<_, _>>();
    let keys = staff.keys().chain(targets.keys()).copied().collect::<BTreeSet<_>>();
    let rate = |rate: AccountRate| column(rate.column(), keys.iter().map(|key| rate_of(staff.get(key)?, rate)));
    Ok(DataFrame::new_infer_height(vec![
        Column::new("shop_id".into(), keys.iter().map(|key| key.0).collect::<Vec<_>>()),
        Column::new("agent_id".into(), keys.iter().map(|key| key.1).collect::<Vec<_>>()),
        column("target", keys.iter().map(|key| targets.get(key).copied())),
        rate(AccountRate::HourlyCost),
        rate(AccountRate::Commission),
    ])?)
}

fn rate_of(account: &Account, rate: AccountRate) -> Option<i64> {
    match rate {
        AccountRate::HourlyCost => account.hourly_cost,
        AccountRate::Commission => account.commission_rate.map(|share| (share * rate.per() as f64).round() as i64),
    }
}

fn of_many(
    level: Level,
    agents: &Merged,
    reference: &Reference,
    targets: &BTreeMap<(&str, &str), i64>,
    groups: &[Group],
) -> Result<DataFrame> {
    let mut rated = Vec::new();
    for metric in metrics::of_level(level) {
        if let Formula::AtRate(of, rate) = &metric.formula {
            let mut sums = BTreeMap::new();
            for group in groups {
                of_their_agents((level, of, *rate), agents, reference, group, &mut sums)?;
            }
            rated.push((&metric.id, sums));
        }
    }
    let keys = targets.keys().chain(rated.iter().flat_map(|(_, sums)| sums.keys())).copied().collect::<BTreeSet<_>>();
    let ids = [keys.iter().map(|key| key.0).collect::<Vec<_>>(), keys.iter().map(|key| key.1).collect()];
    let mut columns = super::states::keys(level).into_iter().zip(ids).map(|(key, ids)| Column::new(key.into(), ids)).collect::<Vec<_>>();
    columns.push(column("target", keys.iter().map(|key| targets.get(key).copied())));
    for (id, of) in &rated {
        columns.push(column(&format!("rated:{id}"), keys.iter().map(|key| Some(of.get(key)?.0))));
        columns.push(column(&format!("unrated:{id}"), keys.iter().map(|key| Some(of.get(key)?.1))));
    }
    Ok(DataFrame::new_infer_height(columns)?)
}

/// By shop and team (of a shop: none), a sum of the agents of a group's shops times their rates, and how many have a sum and no rate.
fn of_their_agents<'a>(
    (level, of, rate): (Level, &str, AccountRate),
    agents: &'a Merged,
    reference: &'a Reference,
    group: &Group,
    all: &mut BTreeMap<(&'a str, &'a str), (i64, i64)>,
) -> Result<()> {
    let of = match metrics::find(Level::Agent, of).map(|metric| &metric.formula) {
        Some(Formula::Same(name)) => name(group.rules),
        _ => of.to_owned(),
    };
    for sums in agents.sums.iter().filter(|sums| sums.column(&of).is_ok()) {
        let ids = sums.column("shop_id")?.str()?.iter().zip(sums.column("agent_id")?.str()?.iter());
        for ((shop, agent), sum) in ids.zip(sums.column(&of)?.i64()?.iter()) {
            let (Some(shop), Some(agent), Some(sum)) = (shop, agent, sum.filter(|sum| *sum != 0)) else { continue };
            let team = if level == Level::Team { reference.team(shop, agent) } else { Some("") };
            let Some(team) = team.filter(|_| group.has(shop)) else { continue };
            let account = reference.staff.get(&(shop.to_owned(), agent.to_owned()));
            let (rated, unrated) = all.entry((shop, team)).or_default();
            match account.and_then(|account| rate_of(account, rate)) {
                Some(rate) => *rated += sum * rate,
                None => *unrated += 1,
            }
        }
    }
    Ok(())
}

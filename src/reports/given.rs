//! What a report takes from reference tables when it is finished: the rates of accounts, the targets of months. It is no state: it says
//! what the tables say today, for the whole period.

use super::ledger::Merged;
use crate::calendar::{Day, Period, Span};
use crate::error::Result;
use crate::frames::collect;
use crate::ingest::{Account, Reference};
use crate::job::Level;
use crate::metrics::{self, AccountRate, Formula};
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
            let (shop, agent, month) = (text("shop_id", row)?, text("agent_id", row)?, text("month", row)?);
            let first = month.as_ref().and_then(|month| format!("{}-01", month.trim()).parse::<jiff::civil::Date>().ok());
            match (shop, first, rows.column("target")?.f64()?.get(row)) {
                (Some(shop), Some(first), Some(yuan)) => {
                    targets.0.insert((shop, agent, Day::from(first)), (yuan * 100.0).round() as i64);
                }
                _ => tracing::warn!(month, "a target without a month, which is written 2026-11"),
            }
        }
        Ok(targets)
    }

    /// By shop and agent, the sum over the months of a period. A shop without a target of its own for a month has the sum of its agents'.
    fn within(&self, span: Span, level: Level) -> BTreeMap<(&str, &str), i64> {
        let mut sums = BTreeMap::new();
        let months = self.0.iter().filter(|(key, _)| span.period >= Period::Month && span.first <= key.2 && key.2 <= span.last);
        for ((shop, agent, month), target) in months {
            let own = self.0.contains_key(&(shop.clone(), None, *month));
            let who = match (level, agent) {
                (Level::Agent, Some(agent)) => agent.as_str(),
                (Level::Agent, None) => continue,
                (Level::Shop, Some(_)) if own => continue,
                (Level::Shop, _) => "",
            };
            *sums.entry((shop.as_str(), who)).or_default() += target;
        }
        sums
    }
}

/// Key columns; `target` (fen); for agents a column for each rate, null where unknown; for shops, of each metric at a rate, `rated:<id>`, the sum
/// over its agents, and `unrated:<id>`, how many agents with a sum have no rate. `agents`: the merged states of the agents.
pub fn given(level: Level, agents: &Merged, reference: &Reference, targets: &Targets, span: Span) -> Result<DataFrame> {
    let targets = targets.within(span, level);
    match level {
        Level::Shop => of_shops(agents, reference, &targets),
        Level::Agent => of_agents(reference, &targets),
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

fn of_shops(agents: &Merged, reference: &Reference, targets: &BTreeMap<(&str, &str), i64>) -> Result<DataFrame> {
    let mut rated = Vec::new();
    for metric in metrics::of_level(Level::Shop) {
        if let Formula::AtRate(of, rate) = &metric.formula {
            rated.push((&metric.id, of_their_agents(of, *rate, agents, reference)?));
        }
    }
    let shops = targets.keys().map(|key| key.0).chain(rated.iter().flat_map(|(_, shops)| shops.keys().copied())).collect::<BTreeSet<_>>();
    let mut columns = vec![
        Column::new("shop_id".into(), shops.iter().copied().collect::<Vec<_>>()),
        column("target", shops.iter().map(|shop| targets.get(&(*shop, "")).copied())),
    ];
    for (id, of) in &rated {
        columns.push(column(&format!("rated:{id}"), shops.iter().map(|shop| Some(of.get(shop)?.0))));
        columns.push(column(&format!("unrated:{id}"), shops.iter().map(|shop| Some(of.get(shop)?.1))));
    }
    Ok(DataFrame::new_infer_height(columns)?)
}

/// By shop: a sum of its agents times their rates, and how many have a sum and no rate.
fn of_their_agents<'a>(of: &str, rate: AccountRate, agents: &'a Merged, reference: &Reference) -> Result<BTreeMap<&'a str, (i64, i64)>> {
    let mut shops: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for sums in agents.sums.iter().filter(|sums| sums.column(of).is_ok()) {
        let ids = sums.column("shop_id")?.str()?.iter().zip(sums.column("agent_id")?.str()?.iter());
        for ((shop, agent), sum) in ids.zip(sums.column(of)?.i64()?.iter()) {
            let (Some(shop), Some(agent), Some(sum)) = (shop, agent, sum.filter(|sum| *sum != 0)) else { continue };
            let account = reference.staff.get(&(shop.to_owned(), agent.to_owned()));
            let shop = shops.entry(shop).or_default();
            match account.and_then(|account| rate_of(account, rate)) {
                Some(rate) => shop.0 += sum * rate,
                None => shop.1 += 1,
            }
        }
    }
    Ok(shops)
}

//! The targets of months and the rates of accounts, which a report joins when it is finished (DECISIONS #33, #34). They are no state: the
//! current rows of `targets` and `staff` apply to the whole period.

use crate::config::ShopSet;
use crate::error::Result;
use crate::frames::collect;
use crate::ingest::{Account, Reference};
use crate::metrics;
use crate::metrics::declaration::{AccountRate, Formula};
use crate::model::Level;
use crate::state::PeriodState;
use kefu_kernel::calendar::{Day, Period, Span};
use polars::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Targets in fen by shop, agent (`None`: the shop's own) and first day of the month.
#[derive(Default)]
pub struct Targets(BTreeMap<(String, Option<String>, Day), i64>);

impl Targets {
    /// Reads the targets of `sales_amount` from the rows of `targets`. If a month has two, the one read last counts. Errors: a column is
    /// missing or has another dtype.
    pub fn new(rows: Option<LazyFrame>) -> Result<Targets> {
        let mut targets = Targets::default();
        let Some(rows) = rows else { return Ok(targets) };
        let rows = collect(rows.filter(col("metric").eq(lit("sales_amount"))))?;
        let string = |name: &str, row: usize| -> Result<Option<String>> { Ok(rows.column(name)?.str()?.get(row).map(str::to_owned)) };
        for row in 0..rows.height() {
            let (shop, month) = (string("shop_id", row)?, rows.column("month")?.i32()?.get(row));
            if let (Some(shop), Some(month), Some(yuan)) = (shop, month, rows.column("target")?.f64()?.get(row)) {
                targets.0.insert((shop, string("agent_id", row)?, Day(month)), (yuan * 100.0).round() as i64);
            }
        }
        Ok(targets)
    }

    /// The sum in fen over the months of a period, by shop and agent or team (shop level: an empty string). For a month without a target of
    /// its own, a shop has the sum of its agents' targets; a team always has the sum of its accounts'. Periods below a month have none.
    fn within<'a>(&'a self, span: Span, level: Level, reference: &'a Reference) -> BTreeMap<(&'a str, &'a str), i64> {
        let mut sums = BTreeMap::new();
        let months = self.0.iter().filter(|(key, _)| span.period >= Period::Month && span.first <= key.2 && key.2 <= span.last);
        for ((shop, agent, month), target) in months {
            let has_own = self.0.contains_key(&(shop.clone(), None, *month));
            let group = match (level, agent) {
                (Level::Agent, Some(agent)) => agent.as_str(),
                (Level::Team, Some(agent)) => match reference.team(shop, agent) {
                    Some(team) => team,
                    None => continue,
                },
                (Level::Agent | Level::Team, None) => continue,
                (Level::Shop, Some(_)) if has_own => continue,
                (Level::Shop, _) => "",
            };
            *sums.entry((shop.as_str(), group)).or_default() += target;
        }
        sums
    }
}

/// One row per key with a target or a rate. Columns: the key columns; `target` (Int64 fen, null without one); for agents one column per
/// rate (Int64, null: unknown); for shops and teams, for each metric at a rate, `rated:<id>` (Int64), the sum over their agents, and
/// `unrated:<id>` (Int64), the number of agents with a sum and no rate. `agents`: the merged states of the agents.
pub fn targets_and_rates(
    level: Level,
    agents: &PeriodState,
    reference: &Reference,
    targets: &Targets,
    span: Span,
    shop_sets: &[ShopSet],
) -> Result<DataFrame> {
    let targets = targets.within(span, level, reference);
    match level {
        Level::Agent => agent_rows(reference, &targets),
        Level::Shop | Level::Team => group_rows(level, agents, reference, &targets, shop_sets),
    }
}

/// An Int64 column with a value or null per key.
fn int_column(name: &str, values: impl Iterator<Item = Option<i64>>) -> Column {
    Column::new(name.into(), values.collect::<Vec<_>>())
}

/// The rows of agents.
fn agent_rows(reference: &Reference, targets: &BTreeMap<(&str, &str), i64>) -> Result<DataFrame> {
    let staff =
        reference.staff.iter().map(|((shop, agent), account)| ((shop.as_str(), agent.as_str()), account)).collect::<BTreeMap<_, _>>();
    let keys = staff.keys().chain(targets.keys()).copied().collect::<BTreeSet<_>>();
    let rate = |rate: AccountRate| int_column(rate.column(), keys.iter().map(|key| rate_of(staff.get(key)?, rate)));
    Ok(DataFrame::new_infer_height(vec![
        Column::new("shop_id".into(), keys.iter().map(|key| key.0).collect::<Vec<_>>()),
        Column::new("agent_id".into(), keys.iter().map(|key| key.1).collect::<Vec<_>>()),
        int_column("target", keys.iter().map(|key| targets.get(key).copied())),
        rate(AccountRate::HourlyCost),
        rate(AccountRate::Commission),
    ])?)
}

/// A rate of an account as a whole number ([`AccountRate::per`]); `None` if it is unknown.
fn rate_of(account: &Account, rate: AccountRate) -> Option<i64> {
    match rate {
        AccountRate::HourlyCost => account.hourly_cost,
        AccountRate::Commission => account.commission_rate.map(|share| (share * rate.per() as f64).round() as i64),
    }
}

/// The rows of shops or teams.
fn group_rows(
    level: Level,
    agents: &PeriodState,
    reference: &Reference,
    targets: &BTreeMap<(&str, &str), i64>,
    shop_sets: &[ShopSet],
) -> Result<DataFrame> {
    let mut rated = Vec::new();
    for metric in metrics::of_level(level) {
        if let Formula::AtRate(of, rate) = &metric.formula {
            let mut sums = BTreeMap::new();
            for shop_set in shop_sets {
                add_rated_sums((level, of, *rate), agents, reference, shop_set, &mut sums)?;
            }
            rated.push((&metric.id, sums));
        }
    }
    let keys = targets.keys().chain(rated.iter().flat_map(|(_, sums)| sums.keys())).copied().collect::<BTreeSet<_>>();
    let ids = [keys.iter().map(|key| key.0).collect::<Vec<_>>(), keys.iter().map(|key| key.1).collect()];
    let mut columns = crate::state::keys(level).into_iter().zip(ids).map(|(key, ids)| Column::new(key.into(), ids)).collect::<Vec<_>>();
    columns.push(int_column("target", keys.iter().map(|key| targets.get(key).copied())));
    for (id, sums) in &rated {
        columns.push(int_column(&format!("rated:{id}"), keys.iter().map(|key| Some(sums.get(key)?.0))));
        columns.push(int_column(&format!("unrated:{id}"), keys.iter().map(|key| Some(sums.get(key)?.1))));
    }
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Adds the agents of a shop set to `all`: by shop and team (shop level: an empty string), the sum of their values times their rates, and
/// the number of agents with a value and no rate.
fn add_rated_sums<'a>(
    (level, of, rate): (Level, &str, AccountRate),
    agents: &'a PeriodState,
    reference: &'a Reference,
    shop_set: &ShopSet,
    all: &mut BTreeMap<(&'a str, &'a str), (i64, i64)>,
) -> Result<()> {
    let of = match metrics::find(Level::Agent, of).map(|metric| &metric.formula) {
        Some(Formula::Same(name)) => name(shop_set.rules),
        _ => of.to_owned(),
    };
    for sums in agents.sums.iter().filter(|sums| sums.column(&of).is_ok()) {
        let ids = sums.column("shop_id")?.str()?.iter().zip(sums.column("agent_id")?.str()?.iter());
        for ((shop, agent), sum) in ids.zip(sums.column(&of)?.i64()?.iter()) {
            let (Some(shop), Some(agent), Some(sum)) = (shop, agent, sum.filter(|sum| *sum != 0)) else { continue };
            let team = if level == Level::Team { reference.team(shop, agent) } else { Some("") };
            let Some(team) = team.filter(|_| shop_set.has(shop)) else { continue };
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

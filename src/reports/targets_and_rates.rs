//! The targets of months and the rates of accounts, which a report joins when it is finished (DECISIONS #33, #34). They are no state: the
//! current rows of `targets` and `staff` apply. A row of `staff` with dates applies to the work of its days (DECISIONS #70).

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
    /// its own, a shop has the sum of its agents' targets; a team always has the sum of its accounts', those of the month's last day. Periods
    /// below a month have none.
    fn within<'a>(&'a self, span: Span, level: Level, reference: &'a Reference) -> BTreeMap<(&'a str, &'a str), i64> {
        let mut sums = BTreeMap::new();
        let months = self.0.iter().filter(|(key, _)| span.period >= Period::Month && span.first <= key.2 && key.2 <= span.last);
        for ((shop, agent, month), target) in months {
            let has_own = self.0.contains_key(&(shop.clone(), None, *month));
            let group = match (level, agent) {
                (Level::Agent, Some(agent)) => agent.as_str(),
                (Level::Team, Some(agent)) => match reference.team(shop, agent, Day::from(month.date().last_of_month())) {
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

/// What the targets and rates of a period are made of.
#[derive(Clone, Copy)]
pub struct AccountInputs<'a> {
    /// The merged states of the agents.
    pub agents: &'a PeriodState,
    /// The merged sums by row of the staff table, whose place stands as `team`. Empty if no row has dates.
    pub staff_rows: &'a PeriodState,
    /// The staff table.
    pub reference: &'a Reference,
    /// The targets.
    pub targets: &'a Targets,
    /// The period.
    pub span: Span,
    /// The last landed day inside the period.
    pub through: Day,
    /// All shops, by the rule set of the last day.
    pub shop_sets: &'a [ShopSet<'a>],
}

/// The sum of an account's values times their rates, and the number of its rows with a value and no rate.
type RatedSum = (i64, i64);

/// One row per key with a target or a rate. Columns: the key columns; `target` (Int64 fen, null without one); for each metric at a rate,
/// `rated:<id>` (Int64), the sum over the accounts of the key, and `unrated:<id>` (Int64), 0 if the rates of all their values are known. An
/// account without a value has the rate of the last landed day of the period.
pub fn targets_and_rates(level: Level, inputs: &AccountInputs) -> Result<DataFrame> {
    let targets = inputs.targets.within(inputs.span, level, inputs.reference);
    let mut rated = Vec::new();
    for metric in metrics::of_level(level) {
        if let Formula::AtRate(of, rate) = &metric.formula {
            rated.push((&metric.id, rated_sums(level, of, *rate, inputs)?));
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

/// An Int64 column with a value or null per key.
fn int_column(name: &str, values: impl Iterator<Item = Option<i64>>) -> Column {
    Column::new(name.into(), values.collect::<Vec<_>>())
}

/// A rate of an account as a whole number ([`AccountRate::per`]); `None` if it is unknown.
fn rate_of(account: &Account, rate: AccountRate) -> Option<i64> {
    match rate {
        AccountRate::HourlyCost => account.hourly_cost,
        AccountRate::Commission => account.commission_rate.map(|share| (share * rate.per() as f64).round() as i64),
    }
}

/// The values of a metric of agents times a rate, by shop and agent or team (shop level: an empty string).
fn rated_sums<'a>(level: Level, of: &str, rate: AccountRate, inputs: &AccountInputs<'a>) -> Result<BTreeMap<(&'a str, &'a str), RatedSum>> {
    let mut all: BTreeMap<(&str, &str), RatedSum> = BTreeMap::new();
    for shop_set in inputs.shop_sets {
        let of = match metrics::find(Level::Agent, of).map(|metric| &metric.formula) {
            Some(Formula::Same(name)) => name(shop_set.rules),
            _ => of.to_owned(),
        };
        for work in works(&of, inputs)?.into_iter().filter(|work| shop_set.has(work.shop)) {
            let group = match level {
                Level::Shop => Some(""),
                Level::Agent => Some(work.agent),
                Level::Team => work.account.and_then(|account| account.team.as_deref()),
            };
            let Some(group) = group else { continue };
            let (rated, unrated) = all.entry((work.shop, group)).or_default();
            match work.account.and_then(|account| rate_of(account, rate)) {
                Some(rate) => *rated += work.value * rate,
                None => *unrated += 1,
            }
        }
    }
    let staff = &inputs.reference.staff;
    for (shop, agent) in staff.keys().filter(|_| level == Level::Agent) {
        let known = staff.on(shop, agent, inputs.through).and_then(|account| rate_of(account, rate));
        all.entry((shop.as_str(), agent.as_str())).or_insert((0, i64::from(known.is_none())));
    }
    Ok(all)
}

/// The value of a metric that an account has from the days of one of its rows in `staff`.
struct AccountWork<'a> {
    shop: &'a str,
    agent: &'a str,
    /// What the row says; `None` for the days on which no row holds.
    account: Option<&'a Account>,
    /// Never 0.
    value: i64,
}

/// The values of a metric of agents, of every account and row of `staff`.
fn works<'a>(of: &str, inputs: &AccountInputs<'a>) -> Result<Vec<AccountWork<'a>>> {
    let staff = &inputs.reference.staff;
    let mut left = sums_of(inputs.agents, "agent_id", of)?;
    let mut works = Vec::new();
    for ((shop, place), value) in sums_of(inputs.staff_rows, "team", of)? {
        if let Some(row) = place.parse::<usize>().ok().and_then(|place| staff.rows().get(place)) {
            let agent = row.agent.as_str();
            *left.entry((shop, agent)).or_default() -= value;
            works.push(AccountWork { shop, agent, account: Some(&row.account), value });
        }
    }
    // Without dates there are no sums by row: every account has one row, which holds on any day.
    let is_dated = staff.has_dated();
    let account = |shop: &str, agent: &str| if is_dated { None } else { staff.on(shop, agent, inputs.through) };
    let left = left.into_iter().map(|((shop, agent), value)| AccountWork { shop, agent, account: account(shop, agent), value });
    works.extend(left);
    works.retain(|work| work.value != 0);
    Ok(works)
}

/// The sums of a metric by shop and a second key. No rows where no frame has the metric.
fn sums_of<'a>(state: &'a PeriodState, key: &str, of: &str) -> Result<BTreeMap<(&'a str, &'a str), i64>> {
    let mut sums = BTreeMap::new();
    for frame in state.sums.iter().filter(|frame| frame.column(of).is_ok()) {
        let ids = frame.column("shop_id")?.str()?.iter().zip(frame.column(key)?.str()?.iter());
        for (id, sum) in ids.zip(frame.column(of)?.i64()?.iter()) {
            if let ((Some(shop), Some(key)), Some(sum)) = (id, sum) {
                *sums.entry((shop, key)).or_default() += sum;
            }
        }
    }
    Ok(sums)
}

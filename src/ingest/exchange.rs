//! Currencies: where a row is read, its amounts are brought into the currency of the reports. The currency of a row is its own, else its
//! shop's, else that of the reports; a refund without one has that of its order.

use super::batch::CanonicalBatch;
use super::currencies::{Currencies, CurrencySource, shown};
use super::literals::{MAX_FEN, RATE_OF_ONE};
use super::order_origins::OrderOrigins;
use super::row_fault::NO_RATE;
use super::table_frame::PARTITION;
use crate::config::Plan;
use crate::error::Result;
use crate::model::{ColumnType, InputTable};
use arrow::array::Int64Array;
use kefu_kernel::calendar::{Calendar, Day};
use polars::prelude::DataFrame;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The currencies of a pipeline and their rates.
pub struct Exchange {
    calendar: Calendar,
    /// The currency of the reports.
    reports: String,
    /// Shop → its currency as the table `shops` spells it, where it says one.
    shops: BTreeMap<String, String>,
    /// Currency → first business day → rate (hundred-millionths) from then on; `None` if the pipeline has no rates.
    rates: Option<BTreeMap<String, BTreeMap<Day, i64>>>,
}

/// A batch whose amounts are in the currency of the reports.
pub(super) struct ExchangedBatch {
    pub(super) batch: CanonicalBatch,
    /// The currencies of its good rows, if the pipeline has no rates.
    pub(super) currencies: Currencies,
}

impl ExchangedBatch {
    /// A batch of a table whose amounts, if it has any, are in the currency of the reports.
    pub(super) fn unchanged(batch: CanonicalBatch) -> ExchangedBatch {
        ExchangedBatch { batch, currencies: Currencies::default() }
    }
}

impl Exchange {
    /// The currencies of a plan. `shops`, `rates`: the rows of the tables `shops` and `exchange_rates`, if the pipeline has them; of two rows
    /// with one key the later one counts. Errors: a table lacks a column, which is a bug.
    pub(super) fn new(plan: &Plan, shops: Option<&DataFrame>, rates: Option<&DataFrame>) -> Result<Exchange> {
        let mut of_shops = BTreeMap::new();
        if let Some(rows) = shops {
            for (shop, currency) in rows.column("shop_id")?.str()?.iter().zip(rows.column("currency")?.str()?.iter()) {
                let shop = shop.unwrap_or_default().to_owned();
                match currency.filter(|currency| code(currency).is_some()) {
                    Some(currency) => of_shops.insert(shop, currency.to_owned()),
                    None => of_shops.remove(&shop),
                };
            }
        }
        let rates = rates.map(rates_by_currency).transpose()?;
        Ok(Exchange { calendar: plan.calendar.clone(), reports: plan.config.reports.currency.clone(), shops: of_shops, rates })
    }

    /// Whether an amount may be in another currency than the reports: there are rates, or a shop has another one.
    pub(super) fn converts(&self) -> bool {
        self.has_rates() || self.shops.values().any(|currency| code(currency).as_deref() != Some(&self.reports))
    }

    /// Whether the pipeline has rates.
    pub(super) fn has_rates(&self) -> bool {
        self.rates.is_some()
    }

    /// Refuses a table with amounts in another currency than that of the reports, unless there are rates. Errors: it has some.
    pub(super) fn check(&self, table: InputTable, found: &Currencies) -> Result<()> {
        if self.has_rates() { Ok(()) } else { found.refuse_others(table, &self.reports) }
    }

    /// A batch of orders, or of their items, at the rates of the business days on which the orders were created. A row in a currency without
    /// a rate is bad.
    pub(super) fn orders(&self, batch: CanonicalBatch) -> ExchangedBatch {
        let created = InputTable::Orders.index("created_at");
        self.exchanged(InputTable::Orders, batch, |_, _| None, |batch, row| self.day_of(batch.int(created, row)?))
    }

    /// A batch of refunds, each at the rate of its order, if the last business day on which it counts sees the order and its creation, and
    /// else at that of the business day of its application. A row in a currency without a rate is bad.
    pub(super) fn refunds(&self, batch: CanonicalBatch, orders: Option<&OrderOrigins>) -> ExchangedBatch {
        let table = InputTable::Refunds;
        let [shop, order, applied, finished] = ["shop_id", "order_id", "applied_at", "finished_at"].map(|name| table.index(name));
        let seen = |batch: &CanonicalBatch, row: usize| {
            let orders = orders?;
            let last = self.day_of(batch.int(applied, row).max(batch.int(finished, row))?)?;
            orders.seen_on(last, batch.string(shop, row)?, batch.string(order, row)?)
        };
        let currency = |batch: &CanonicalBatch, row: usize| seen(batch, row).map(|order| order.currency.to_owned());
        self.exchanged(table, batch, currency, |batch, row| {
            seen(batch, row).and_then(|order| order.created).or_else(|| self.day_of(batch.int(applied, row)?))
        })
    }

    /// Converts every amount of a batch. `inherited`: the currency of a row whose own is null, if another than its shop's. `day`: the
    /// business day whose rate a row has.
    fn exchanged(
        &self,
        table: InputTable,
        mut batch: CanonicalBatch,
        inherited: impl Fn(&CanonicalBatch, usize) -> Option<String>,
        day: impl Fn(&CanonicalBatch, usize) -> Option<Day>,
    ) -> ExchangedBatch {
        let [shop, currency] = ["shop_id", "currency"].map(|name| table.index(name));
        let (mut currencies, mut rates, mut faults) = (Currencies::default(), BTreeMap::new(), Vec::new());
        for row in (0..batch.rows).filter(|row| !batch.faults.contains_key(row)) {
            let own = batch.string(currency, row).and_then(code).or_else(|| inherited(&batch, row).map(Cow::Owned));
            let (code, source) = match own {
                Some(own) => (own, CurrencySource::Row),
                None => self.currency_of(batch.string(shop, row)),
            };
            match &self.rates {
                None => {
                    let of_shop = || batch.string(shop, row).and_then(|shop| self.shops.get(shop)).map(String::as_str);
                    let spelling = batch.string(currency, row).or_else(of_shop).unwrap_or(&code);
                    currencies.note((&code, spelling), source, &batch, row);
                }
                Some(_) if code == self.reports.as_str() => {}
                Some(known) => {
                    let day = day(&batch, row);
                    match day.and_then(|day| rate_on(known, &code, day)) {
                        Some(rate) => {
                            rates.insert(row, rate);
                        }
                        None => faults.push((row, no_rate(&code, day))),
                    }
                }
            }
        }
        faults.iter().for_each(|(row, reason)| batch.add_fault(*row, "currency", reason));
        if !rates.is_empty() {
            convert(table, &mut batch, &rates);
        }
        ExchangedBatch { batch, currencies }
    }

    /// The currency of a shop's rows that say none.
    fn currency_of(&self, shop: Option<&str>) -> (Cow<'_, str>, CurrencySource) {
        match shop.and_then(|shop| self.shops.get(shop)).and_then(|currency| code(currency)) {
            Some(currency) => (currency, CurrencySource::Shop),
            None => (Cow::Borrowed(&self.reports), CurrencySource::Reports),
        }
    }

    fn day_of(&self, at: i64) -> Option<Day> {
        self.calendar.day_of(at).ok()
    }

    /// What refunds need of some orders. `orders`: one row per order, with the columns of the table and `partition`. `lookback`: days before
    /// a business day from which the day sees orders. Errors: an order was created outside the calendar.
    pub(super) fn origins(&self, orders: &DataFrame, lookback: i32) -> Result<OrderOrigins> {
        let text = |name: &str| orders.column(name).and_then(|column| column.str());
        let [shops, ids, currencies] = [text("shop_id")?, text("order_id")?, text("currency")?];
        let (created, partitions) = (orders.column("created_at")?.i64()?, orders.column(PARTITION)?.i32()?);
        let mut origins = OrderOrigins::new(lookback);
        for row in 0..orders.height() {
            let (Some(shop), Some(order), Some(created)) = (shops.get(row), ids.get(row), created.get(row)) else { continue };
            let currency = currencies.get(row).and_then(code).unwrap_or_else(|| self.currency_of(Some(shop)).0);
            origins.add((shop, order), self.calendar.day_of(created)?, partitions.get(row).map(Day), &currency);
        }
        Ok(origins)
    }

    /// A text of all that the amounts of some days follow from, both ends included: the currencies of the shops, and of each currency the rate
    /// of the first day and the days on which it changes.
    pub fn in_effect(&self, (first, last): (Day, Day)) -> String {
        let changes = |rates: &BTreeMap<Day, i64>| {
            let before = rates.range(..=first).next_back().map(|(_, rate)| (None, *rate));
            let within = rates.iter().filter(|(day, _)| first < **day && **day <= last).map(|(day, rate)| (Some(*day), *rate));
            let mut changes = before.into_iter().chain(within).collect::<Vec<_>>();
            changes.dedup_by_key(|(_, rate)| *rate);
            changes
        };
        let rates = self.rates.iter().flatten().map(|(currency, rates)| (currency, changes(rates))).collect::<Vec<_>>();
        format!("{:?}", (&self.shops, rates))
    }
}

/// The code of a currency: trimmed, in capitals. `None` if it is blank.
fn code(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    let code = if text.bytes().any(|byte| byte.is_ascii_lowercase()) { Cow::Owned(text.to_ascii_uppercase()) } else { Cow::Borrowed(text) };
    (!text.is_empty()).then_some(code)
}

/// Indexes the rows of the table `exchange_rates`.
fn rates_by_currency(rows: &DataFrame) -> Result<BTreeMap<String, BTreeMap<Day, i64>>> {
    let mut rates: BTreeMap<String, BTreeMap<Day, i64>> = BTreeMap::new();
    let (days, currencies, values) = (rows.column("date")?.i32()?, rows.column("currency")?.str()?, rows.column("rate")?.i64()?);
    for ((day, currency), rate) in days.iter().zip(currencies.iter()).zip(values.iter()) {
        if let (Some(day), Some(currency), Some(rate)) = (day, currency.and_then(code), rate) {
            rates.entry(currency.into_owned()).or_default().insert(Day(day), rate);
        }
    }
    Ok(rates)
}

/// The latest rate on or before a day.
fn rate_on(rates: &BTreeMap<String, BTreeMap<Day, i64>>, code: &str, day: Day) -> Option<i64> {
    rates.get(code)?.range(..=day).next_back().map(|(_, rate)| *rate)
}

/// Why a row is bad whose currency has no rate.
fn no_rate(code: &str, day: Option<Day>) -> String {
    let until = day.map(|day| format!(" on or before {day}")).unwrap_or_default();
    format!("{NO_RATE}{}{until}: add it to exchange_rates", shown(code))
}

/// Converts the amounts of some rows of a batch, each by itself. `rates`: rate by the index of the row.
fn convert(table: InputTable, batch: &mut CanonicalBatch, rates: &BTreeMap<usize, i64>) {
    for (index, column) in table.columns().iter().enumerate().filter(|(_, column)| column.of == ColumnType::Money) {
        let mut too_large = Vec::new();
        let amounts = batch.ints(index).iter().enumerate().map(|(row, fen)| {
            let Some(rate) = rates.get(&row) else { return fen };
            let converted = at_rate(fen?, *rate);
            if converted.is_none() {
                too_large.push(row);
            }
            converted
        });
        let amounts = amounts.collect::<Int64Array>();
        batch.columns[index] = Arc::new(amounts);
        too_large.into_iter().for_each(|row| batch.add_fault(row, column.name, "more than 10^12 in the currency of the reports"));
    }
}

/// An amount at a rate, half up to the fen; `None` if it is too large for an amount.
fn at_rate(fen: i64, rate: i64) -> Option<i64> {
    let one = i128::from(RATE_OF_ONE);
    let converted = (i128::from(fen) * i128::from(rate) + one / 2).div_euclid(one);
    i64::try_from(converted).ok().filter(|fen| (-MAX_FEN..=MAX_FEN).contains(fen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_converted_half_up_to_the_fen() {
        let cases = [
            (5000, 700_000_000, Some(35_000)),
            (300_000, 5_000_000, Some(15_000)),
            (1, 50_000_000, Some(1)),
            (1, 49_999_999, Some(0)),
            (333, 150_000_000, Some(500)),
            (-1, 50_000_000, Some(0)),
            (-1, 50_000_001, Some(-1)),
            (MAX_FEN, RATE_OF_ONE, Some(MAX_FEN)),
            (MAX_FEN, RATE_OF_ONE + 1, None),
        ];
        for (fen, rate, expected) in cases {
            assert_eq!(at_rate(fen, rate), expected, "{fen} at {rate}");
        }
    }

    #[test]
    fn a_code_is_trimmed_and_in_capitals() {
        for (text, expected) in [("CNY", Some("CNY")), (" usd ", Some("USD")), (" ", None), ("", None)] {
            assert_eq!(code(text).as_deref(), expected);
        }
    }
}

//! The currencies of a table that has no rates of exchange. Amounts of several currencies are never added up.

use super::batch::CanonicalBatch;
use crate::error::{Error, Kind, Result};
use crate::model::InputTable;
use crate::privacy::edges;
use std::collections::BTreeMap;

/// The most currencies that an error names.
const SHOWN: usize = 5;

/// What says the currency of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CurrencySource {
    /// Its own column, or that of its order.
    Row,
    /// The table `shops`.
    Shop,
    /// The settings of the reports.
    Reports,
}

impl CurrencySource {
    fn name(self, table: InputTable) -> String {
        match self {
            CurrencySource::Row => format!("{}.currency", table.name()),
            CurrencySource::Shop => "shops.currency".to_owned(),
            CurrencySource::Reports => "[reports] currency".to_owned(),
        }
    }
}

/// The first row in a currency.
#[derive(Debug)]
struct FirstRow {
    source: CurrencySource,
    /// The currency as it stands in the file.
    spelling: String,
    file: String,
    row: u64,
}

/// The currencies of the good rows that were read, each with its first row.
#[derive(Debug, Default)]
pub(super) struct Currencies(BTreeMap<String, FirstRow>);

impl Currencies {
    /// Notes the currency of a row of a batch, as a code and as it is spelled.
    pub(super) fn note(&mut self, (code, spelling): (&str, &str), source: CurrencySource, batch: &CanonicalBatch, row: usize) {
        if !self.0.contains_key(code) {
            let row = batch.first_row + row as u64 + 1;
            self.0.insert(code.to_owned(), FirstRow { source, spelling: spelling.trim().to_owned(), file: batch.file.clone(), row });
        }
    }

    /// Adds the currencies of rows that were read later.
    pub(super) fn add(&mut self, later: Currencies) {
        for (code, first) in later.0 {
            self.0.entry(code).or_insert(first);
        }
    }

    /// Refuses amounts in another currency than that of the reports. Errors: there are some, with an example of each currency.
    pub(super) fn refuse_others(&self, table: InputTable, reports: &str) -> Result<()> {
        let Some((other, first)) = self.0.iter().find(|(code, _)| *code != reports) else { return Ok(()) };
        let (name, other) = (table.name(), shown(other));
        let example = |(code, first): (&String, &FirstRow)| {
            format!("{} ({} row {}, by {})", shown(code), first.file, first.row, first.source.name(table))
        };
        let examples = self.0.iter().take(SHOWN).map(example).collect::<Vec<_>>().join(", ");
        let rates = format!("give the rates in {reports} as a table: [exchange_rates] path = \"rates.csv\", with date, currency and rate");
        let spelled_in = if first.source == CurrencySource::Shop { InputTable::Shops.name() } else { name };
        let spelling = format!(
            "if {other} is only a spelling of {reports}: values.currency = {{ {reports} = [\"{}\"] }} under [{spelled_in}]",
            shown(&first.spelling)
        );
        let (message, hint) = if self.0.len() > 1 {
            let one = format!("[reports] currency = \"{reports}\" is right where every amount is in {reports}");
            (
                format!("the amounts of {name} are in several currencies, and there are no rates to convert them"),
                format!("{rates}; {spelling}; {one}"),
            )
        } else {
            let own = format!("[reports] currency = \"{other}\", if the reports are to be in it");
            (format!("the amounts of {name} are in {other}, and the reports in {reports}"), format!("set {own}; or {rates}; {spelling}"))
        };
        let error = Error::new(Kind::Refused, message).with("table", name).with("column", first.source.name(table));
        Err(error.with("found", examples).hint(hint))
    }
}

/// A currency as messages show it. What is no code may be anything, even a name.
pub(super) fn shown(code: &str) -> String {
    const WORDS: [&str; 12] = ["元", "人民币", "美元", "港币", "港元", "欧元", "日元", "英镑", "¥", "￥", "$", "€"];
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_code || WORDS.contains(&code) { code.to_owned() } else { edges(code) }
}

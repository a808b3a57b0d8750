//! The fault of a bad row, and how much of the faulty cell the quarantine table may show.

use crate::config::BuyerKey;
use crate::model::{ColumnType, InputColumn};
use crate::privacy::{MASK, edges, mask, unquoted};
use std::collections::BTreeMap;

/// Why a row is set aside that only a backslash could have kept together.
pub(super) const NEEDS_ESCAPE: &str = "the row only fits with backslash escapes (set escape)";

/// How the reason begins why a row is set aside whose currency has no rate.
pub(super) const NO_RATE: &str = "no rate of ";

/// Characters of a cell that are masked; the rest of a longer cell is dropped first.
const MASKED_CHARS: usize = 4096;

/// Characters of the masked cell that are shown.
const SHOWN: usize = 80;

/// Characters of the longest cell that still counts as one word.
const WORD: usize = 16;

/// Why a row is bad: the column, the reason, and the cell's value (empty if no single cell is at fault).
#[derive(Clone, Debug)]
pub struct RowFault {
    /// The canonical name of the column; empty if the row as a whole is at fault.
    pub column: String,
    /// The reason, as the quarantine table shows it.
    pub reason: String,
    /// The cell as it stands in the source; after `masked`, without anything that names a person.
    pub value: String,
}

/// The faults of a batch.
#[derive(Default)]
pub(super) struct Faults {
    /// The first fault of each bad row, by its index in the batch.
    pub(super) rows: BTreeMap<usize, RowFault>,
    /// The cells that are emptied, by the index of their row.
    pub(super) cells: Vec<(usize, RowFault)>,
    /// The number of ids that were unwrapped.
    pub(super) unwrapped: u64,
    /// The number of wall times that the clocks show twice.
    pub(super) ambiguous: u64,
}

impl Faults {
    /// Adds a cell that cannot be read. It makes its row bad or is emptied, as the column says.
    pub(super) fn add(&mut self, column: &InputColumn, row: usize, reason: &str, value: &str) {
        let fault = || RowFault { column: column.name.to_owned(), reason: reason.to_owned(), value: value.to_owned() };
        if column.is_emptied() {
            self.cells.push((row, fault()));
        } else {
            self.rows.entry(row).or_insert_with(fault);
        }
    }
}

impl RowFault {
    /// Masks the value so that nothing in it names a person. A buyer is shown by the keyed id if the pipeline has a `key`.
    pub(super) fn masked(self, column: Option<&InputColumn>, key: Option<&BuyerKey>) -> RowFault {
        let cut = self.value.chars().take(MASKED_CHARS).collect::<String>();
        let text = || mask(&cut).into_owned();
        let value = match column.map(|column| column.of) {
            _ if cut.is_empty() => cut,
            _ if column.is_some_and(InputColumn::is_buyer) => key.map_or_else(|| edges(&self.value), |key| key.id(&self.value)),
            None | Some(ColumnType::Text | ColumnType::Label) => text(),
            // A cell too long for an id may hold what somebody wrote in a chat.
            Some(ColumnType::Key | ColumnType::Id) => edges(&cut),
            Some(ColumnType::Word(_)) => Some(text()).filter(|word| is_one_word(word)).unwrap_or_else(|| edges(&cut)),
            // In a row that is shifted by a column, names and chat text stand where times and numbers should.
            Some(_) if cut.chars().all(|letter| !letter.is_alphabetic()) || words(&cut).all(is_notation) => text(),
            Some(_) => MASK.to_owned(),
        };
        RowFault { reason: unquoted(&self.reason), value: value.chars().take(SHOWN).collect(), ..self }
    }
}

fn is_one_word(text: &str) -> bool {
    text.chars().count() <= WORD && !text.trim().contains(char::is_whitespace)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphabetic()).filter(|word| !word.is_empty())
}

/// Whether a word belongs to the notation of times, amounts and numbers: a zone, a currency, a month.
fn is_notation(word: &str) -> bool {
    const UNITS: [&str; 20] = [
        "t", "z", "utc", "gmt", "cst", "am", "pm", "nan", "inf", "infinity", "null", "none", "na", "e", "cny", "rmb", "usd", "yuan",
        "true", "false",
    ];
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let word = word.to_lowercase();
    UNITS.contains(&word.as_str())
        || MONTHS.contains(&word.as_str())
        || word.chars().all(|c| "年月日时分秒点上下午周星期元角万亿圆".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::InputTable;

    fn shown(table: InputTable, column: &str, value: &str) -> String {
        let bad = RowFault { column: column.to_owned(), reason: String::new(), value: value.to_owned() };
        bad.masked(table.columns().iter().find(|c| c.name == column), None).value
    }

    #[test]
    fn the_value_of_a_quarantined_cell_names_nobody() {
        for (column, value, expected) in [
            ("shop_id", "电话13812345678谢谢", "电***谢"),
            ("buyer_id", "小明爱购物", "小***物"),
            ("sent_at", "小明爱购物", "***"),
            ("sent_at", "tb12345_88", "***"),
            ("sent_at", "13812345678", "***"),
            ("sent_at", "2026-09-01T25:61:00Z", "2026-09-01T25:61:00Z"),
            ("sent_at", "2026年9月31日 下午", "2026年9月31日 下午"),
            ("seq", "1.5", "1.5"),
            ("sender", "客户", "客户"),
            ("sender", "我住文三路138号3幢501", "我住***"),
            ("sender", "您好，请问这件衣服什么时候能发货呢", "您***呢"),
            ("sender", "tb12345 你好", "t***好"),
            ("recalled", "maybe", "***"),
        ] {
            assert_eq!(shown(InputTable::Messages, column, value), expected, "{column}");
        }
        assert_eq!(shown(InputTable::Messages, "text", &"x".repeat(300)).len(), SHOWN);
    }
}

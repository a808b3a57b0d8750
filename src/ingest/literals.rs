//! Parsers for ids, numbers, amounts and truth values in the forms that sources use.

use crate::config::MoneyUnit;
use std::borrow::Cow;

/// 2^53. From here on an f64 no longer holds every whole number, so that two ids could become one.
pub(super) const EXACT: f64 = 9_007_199_254_740_992.0;

/// The largest amount accepted: 10^12 yuan in fen.
pub(super) const MAX_FEN: i64 = 100_000_000_000_000;

/// A rate of 1, in the unit of rates.
pub(super) const RATE_OF_ONE: i64 = 100_000_000;

/// The largest rate accepted: 10^9.
const MAX_RATE: i64 = 1_000_000_000 * RATE_OF_ONE;

/// How far, in yuan, a binary fraction may lie beside the amount that was meant.
const NEAR: f64 = 1e-6;

/// Words for "no value" that every text format may have in a column that is neither an id nor free text.
pub(super) const NO_VALUE: [&str; 8] = ["\\N", "NULL", "null", "None", "nan", "-", "--", "—"];

/// The word for "no value" that no id and no text can be: warehouses write it.
pub(super) const HIVE_NULL: &str = "\\N";

/// Parses a whole number. `3.0` is one too, because spreadsheets export whole numbers that way, and so is `1,299`.
pub(super) fn whole(text: &str) -> Option<i64> {
    let plain = text.split_once('.').map_or(text, |(whole, zeros)| if zeros.bytes().all(|b| b == b'0') { whole } else { text });
    plain.parse().ok().or_else(|| without_thousands(plain)?.parse().ok())
}

/// Parses a number that is not negative, with at most three decimals, as thousandths, exactly.
pub(super) fn thousandths(text: &str) -> Option<i64> {
    scaled(text, 3)
}

/// Parses a positive rate with at most eight decimals as hundred-millionths, exactly. A ninth decimal is refused, unless it is the error of a
/// binary fraction.
pub(super) fn rate(text: &str) -> Option<i64> {
    scaled(text, 8).filter(|rate| (1..=MAX_RATE).contains(rate)).or_else(|| float_rate(text.parse().ok()?))
}

/// The rate that a binary fraction stands for, in hundred-millionths.
pub(super) fn float_rate(number: f64) -> Option<i64> {
    let rate = number * RATE_OF_ONE as f64;
    let near = (rate * 4.0 * f64::EPSILON).max(1e-3);
    ((rate - rate.round()).abs() <= near && (1.0..=MAX_RATE as f64).contains(&rate.round())).then_some(rate.round() as i64)
}

/// Parses a number that is not negative as a whole number of its last decimal place.
fn scaled(text: &str, places: usize) -> Option<i64> {
    let (units, decimals) = text.split_once('.').unwrap_or((text, ""));
    let (kept, rest) = decimals.split_at_checked(decimals.len().min(places))?;
    if rest.bytes().any(|b| b != b'0') || !kept.bytes().all(|b| b.is_ascii_digit()) || (units.is_empty() && kept.is_empty()) {
        return None;
    }
    let units = if units.is_empty() { 0 } else { whole(units)? };
    let decimals = format!("{kept:0<places$}").parse::<i64>().ok()?;
    units.checked_mul(10_i64.pow(places as u32))?.checked_add(decimals).filter(|_| !text.starts_with('-'))
}

/// Parses a finite number.
pub(super) fn number(text: &str) -> Option<f64> {
    let parsed = text.parse::<f64>().ok().or_else(|| without_thousands(text)?.parse().ok());
    // Adding 0 turns -0.0 into 0.0, which reports would otherwise show as -0.
    parsed.filter(|number| number.is_finite()).map(|number| number + 0.0)
}

/// The number without its thousands marks; `None` if it has none, or one in a wrong place.
fn without_thousands(text: &str) -> Option<String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let whole = digits.split_once('.').map_or(digits, |(whole, _)| whole);
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let all_digits = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    let mut rest = groups.peekable();
    rest.peek()?;
    let is_grouped = (1..=3).contains(&first.len()) && all_digits(first) && rest.all(|group| group.len() == 3 && all_digits(group));
    is_grouped.then(|| text.replace(',', ""))
}

/// Parses an amount as an exact number of fen. A third decimal is refused, never rounded, unless it is the error of a binary fraction.
pub(super) fn amount(text: &str, unit: MoneyUnit) -> Option<i64> {
    plain_amount(text, unit).or_else(|| plain_amount(&bare_amount(text)?, unit))
}

fn plain_amount(text: &str, unit: MoneyUnit) -> Option<i64> {
    match unit {
        MoneyUnit::Yuan => fen(text),
        MoneyUnit::Fen => whole(text).filter(|fen| fen.abs() <= MAX_FEN),
    }
}

/// The amount that a binary fraction stands for, in fen.
pub(super) fn float_amount(number: f64, unit: MoneyUnit) -> Option<i64> {
    let yuan = if unit == MoneyUnit::Yuan { number } else { number / 100.0 };
    let fen = (yuan * 100.0).round();
    ((yuan - fen / 100.0).abs() <= NEAR && fen.abs() <= MAX_FEN as f64).then_some(fen as i64)
}

/// The digits of an amount without currency, blanks, thousands marks and full-width forms.
fn bare_amount(text: &str) -> Option<Cow<'_, str>> {
    let ascii = |letter: char| match letter {
        '￥' => '¥',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(letter as u32 - 0xfee0).unwrap_or(letter),
        '\u{3000}' | '\u{a0}' => ' ',
        '−' => '-',
        letter => letter,
    };
    let text = text.chars().map(ascii).collect::<String>().to_uppercase();
    let mut rest = text.trim();
    let (mut sign, mut currencies) = ("", 0);
    loop {
        let before = rest;
        for word in ["¥", "元", "CNY", "RMB"] {
            if let Some(bare) = rest.strip_prefix(word).or_else(|| rest.strip_suffix(word)) {
                (rest, currencies) = (bare.trim(), currencies + 1);
            }
        }
        if let Some(bare) = rest.strip_prefix('-').filter(|_| sign.is_empty()) {
            (rest, sign) = (bare.trim(), "-");
        }
        if rest == before {
            break;
        }
    }
    if currencies > 2 || !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let digits = if rest.contains(',') { without_thousands(rest)? } else { rest.to_owned() };
    Some(Cow::Owned(format!("{sign}{digits}")))
}

/// Parses yuan as an exact number of fen.
fn fen(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (yuan, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(yuan) || !all_digits(decimals) || (yuan.is_empty() && decimals.is_empty()) {
        return None;
    }
    let (cents, rest) = decimals.split_at(decimals.len().min(2));
    if rest.bytes().any(|b| b != b'0') {
        return float_amount(text.parse().ok()?, MoneyUnit::Yuan);
    }
    let cents: i64 = format!("{cents:0<2}").parse().ok()?;
    let fen = if yuan.is_empty() { 0 } else { yuan.parse::<i64>().ok()? }.checked_mul(100)?.checked_add(cents)?;
    (fen <= MAX_FEN).then_some(sign * fen)
}

/// Parses a truth value in English or Chinese, without regard to case; `None` if the text is neither true nor false.
pub(super) fn truth(text: &str) -> Option<bool> {
    let is_one_of = |words: [&str; 6]| words.into_iter().any(|word| word.eq_ignore_ascii_case(text));
    match () {
        // The most frequent spelling is tested first.
        () if text == "false" => Some(false),
        () if is_one_of(["false", "f", "0", "no", "n", "否"]) => Some(false),
        () if is_one_of(["true", "t", "1", "yes", "y", "是"]) => Some(true),
        () => None,
    }
}

/// Whether an id is a number that a spreadsheet has rounded, such as `1.93857E+18`: many ids became this one.
pub(super) fn is_rounded(id: &str) -> bool {
    let bytes = id.as_bytes();
    // The second character tells almost every id apart.
    if bytes.len() < 4 || !bytes[0].is_ascii_digit() || !matches!(bytes[1], b'.' | b'E' | b'e') {
        return false;
    }
    let Some((mantissa, exponent)) = id.split_once(['E', 'e']) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match (mantissa.split_once('.'), exponent.strip_prefix('+')) {
        (Some((_, decimals)), exponent_only) => digits(decimals) && digits(exponent_only.unwrap_or(exponent)),
        // Without a decimal point a letter between digits is more likely part of the id, unless a sign follows.
        (None, Some(exponent)) => digits(exponent),
        (None, None) => false,
    }
}

/// An id without what exporters put round it, so that a spreadsheet takes it for text: `="…"`, an apostrophe, tabs, and characters without
/// width. All layers come off.
pub(super) fn unwrapped(id: &str) -> &str {
    if !may_be_wrapped(id.as_bytes()) {
        return id;
    }
    let mut id = id;
    loop {
        let bare = id.trim_matches(|c| matches!(c, '\t' | '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}'));
        let bare = bare.strip_prefix('\'').unwrap_or(bare);
        let bare = bare.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(bare);
        if bare.len() == id.len() {
            return id;
        }
        id = bare;
    }
}

/// Whether the first or the last byte may belong to a wrapping.
pub(super) fn may_be_wrapped(id: &[u8]) -> bool {
    let begins = |byte: &u8| matches!(byte, b'\t' | b'\'' | b'=' | 0xe2 | 0xef);
    // The last bytes of the characters without width.
    let ends = |byte: &u8| matches!(byte, b'\t' | 0xbf | 0x8b..=0x8d | 0xa0);
    id.first().is_some_and(begins) || id.last().is_some_and(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_exact_or_refused() {
        let cases = [
            ("12.34", Some(1234)),
            ("5", Some(500)),
            (".5", Some(50)),
            ("5.100", Some(510)),
            ("-3.20", Some(-320)),
            ("12.345", None),
            ("1e3", None),
            ("", None),
            ("1,000", Some(100_000)),
            ("1,299.00", Some(129_900)),
            ("12,99.00", None),
            ("￥1,299.00", Some(129_900)),
            ("¥ -12.50", Some(-1250)),
            ("-￥12.50", Some(-1250)),
            ("12.50元", Some(1250)),
            ("RMB 8", Some(800)),
            ("cny 8.5", Some(850)),
            ("１２．５０", Some(1250)),
            ("1 299.00", None),
            ("0.30000000000000004", Some(30)),
            ("12.3400001", Some(1234)),
            ("12.3401", None),
            ("USD 5", None),
            ("¥", None),
        ];
        for (text, expected) in cases {
            assert_eq!(amount(text, MoneyUnit::Yuan), expected, "{text}");
        }
        assert_eq!(amount("1000000000000", MoneyUnit::Yuan), Some(MAX_FEN));
        assert_eq!(amount("1000000000000.01", MoneyUnit::Yuan), None);
        assert_eq!(
            ["15900", "15,900", "15900.0", "159.5"].map(|text| amount(text, MoneyUnit::Fen)),
            [Some(15900), Some(15900), Some(15900), None]
        );
    }

    #[test]
    fn a_quantity_has_three_decimals() {
        let cases = [
            ("2", Some(2000)),
            ("1.5", Some(1500)),
            ("0.125", Some(125)),
            ("1.2500", Some(1250)),
            ("1,200", Some(1_200_000)),
            (".5", Some(500)),
        ];
        for (text, expected) in cases.into_iter().chain(["1.2345", "-1", "", ".", "x", "1.x"].map(|text| (text, None))) {
            assert_eq!(thousandths(text), expected, "{text}");
        }
    }

    #[test]
    fn a_rate_is_positive_and_has_eight_decimals() {
        let cases = [
            ("7", Some(700_000_000)),
            ("7.10", Some(710_000_000)),
            ("0.05", Some(5_000_000)),
            ("0.00000001", Some(1)),
            ("0.000450000", Some(45_000)),
            ("1,234.5", Some(123_450_000_000)),
            // As software writes what it holds as a binary fraction.
            ("0.30000000000000004", Some(30_000_000)),
            ("4.5e-05", Some(4500)),
        ];
        let wrong = ["0", "-7", "0.000000001", "7.123456789", "1e10", "10000000000", "", "x", "NaN", "inf", "7 CNY"];
        for (text, expected) in cases.into_iter().chain(wrong.map(|text| (text, None))) {
            assert_eq!(rate(text), expected, "{text}");
        }
        assert_eq!(
            [7.1, 0.05, 1234.5678, 0.0, f64::NAN].map(float_rate),
            [Some(710_000_000), Some(5_000_000), Some(123_456_780_000), None, None]
        );
    }

    #[test]
    fn a_float_is_the_amount_beside_it() {
        let cases = [(0.1 + 0.2, Some(30)), (12.345, None), (-3.2, Some(-320)), (f64::NAN, None), (1e20, None)];
        for (number, expected) in cases {
            assert_eq!(float_amount(number, MoneyUnit::Yuan), expected, "{number}");
        }
        assert_eq!(float_amount(15900.0, MoneyUnit::Fen), Some(15900));
    }

    #[test]
    fn a_rounded_id_is_recognised() {
        for id in ["1.93857E+18", "1.2E15", "1.2e+21", "1E+18"] {
            assert!(is_rounded(id), "{id}");
        }
        for id in ["193857", "1E18", "12.5E3", "2e9f", "1.5", "a1.2E15", "1.E5", "1.2E", "1.2E+"] {
            assert!(!is_rounded(id), "{id}");
        }
    }

    #[test]
    fn wrappings_come_off_until_none_is_left() {
        let cases = [
            ("123", "123"),
            ("=\"123\"", "123"),
            ("'123", "123"),
            ("\t123\t", "123"),
            ("\u{feff}123\u{200b}", "123"),
            ("\t=\"'123\t\"", "123"),
            ("=\"\"", ""),
            (" 123 ", " 123 "),
            ("'", ""),
            ("O'Neil", "O'Neil"),
            ("=123", "=123"),
            ("牛", "牛"),
        ];
        for (id, expected) in cases {
            assert_eq!(unwrapped(id), expected, "{id:?}");
        }
    }
}

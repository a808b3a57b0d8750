//! Finds numbers that identify a person: phone numbers, ID cards, bank cards. An order id is a run of digits too, and is not found.

use std::ops::Range;

/// Digits of the longest run that is examined. No personal number is longer.
const MAX_DIGITS: usize = 20;
/// The most separators between two digits of one number.
const MAX_SEPARATORS: usize = 2;

/// A run of digits that may be one number.
struct DigitRun {
    digits: Vec<u8>,
    /// The index in the text after each digit.
    ends: Vec<usize>,
    /// Indexes of the digits that follow a separator.
    gaps: Vec<usize>,
}

/// The ranges of personal numbers in a text of normalized characters, in order. [`super::mask`] normalizes them.
pub(super) fn personal_numbers(text: &[char]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let starts = text[at].is_ascii_digit() && !at.checked_sub(1).is_some_and(|before| text[before].is_ascii_digit());
        match starts.then(|| longest_number(text, at)).flatten() {
            Some(end) => {
                let signed = at.checked_sub(1).filter(|before| matches!(text[*before], '+' | '('));
                found.push(signed.unwrap_or(at)..end);
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

/// The end of the longest personal number that starts at an index. `None` if none does.
fn longest_number(text: &[char], start: usize) -> Option<usize> {
    let run = DigitRun::read(text, start);
    let is_whole = |count: &usize| text.get(run.ends[count - 1]).is_none_or(|next| !next.is_ascii_digit());
    let has_plus = start.checked_sub(1).is_some_and(|before| text[before] == '+');
    let is_named = names_a_phone(&text[start.saturating_sub(8)..start]);
    for count in (1..=run.digits.len()).rev().filter(is_whole) {
        let (digits, end) = (&run.digits[..count], run.ends[count - 1]);
        if count == 17 && is_id_card(digits) && text.get(end).is_some_and(|next| matches!(next, 'x' | 'X')) {
            return Some(end + 1);
        }
        let gaps = run.gaps.iter().copied().filter(|gap| *gap < count).collect::<Vec<_>>();
        let is_foreign = has_plus && (8..=15).contains(&count);
        let is_local = is_named && (7..=8).contains(&count) && gaps.len() < 2;
        if is_foreign || is_local || is_phone(digits, &gaps) || is_bank_card(digits, &gaps) || (count != 17 && is_id_card(digits)) {
            return Some(end);
        }
    }
    None
}

impl DigitRun {
    /// Reads the digits from an index on, across separators.
    fn read(text: &[char], start: usize) -> DigitRun {
        let mut run = DigitRun { digits: Vec::new(), ends: Vec::new(), gaps: Vec::new() };
        let (mut at, mut between) = (start, 0);
        while let Some(letter) = text.get(at).filter(|_| run.digits.len() < MAX_DIGITS && between <= MAX_SEPARATORS) {
            match letter.to_digit(10) {
                Some(digit) => {
                    if between > 0 {
                        run.gaps.push(run.digits.len());
                    }
                    run.digits.push(digit as u8);
                    run.ends.push(at + 1);
                    between = 0;
                }
                None if matches!(letter, ' ' | '-' | '.' | '(' | ')' | '\u{200b}'..='\u{200f}' | '\u{feff}') => between += 1,
                None => break,
            }
            at += 1;
        }
        run
    }
}

/// Whether the text before a number announces a phone number, so that one without an area code counts.
fn names_a_phone(before: &[char]) -> bool {
    let before = before.iter().collect::<String>().to_lowercase();
    ["电话", "手机", "座机", "致电", "拨打", "tel", "phone"].iter().any(|word| before.contains(word))
}

/// Whether the digits are a mobile or landline number of mainland China, with or without a dialling prefix.
fn is_phone(digits: &[u8], gaps: &[usize]) -> bool {
    let prefixes: [&[u8]; 4] = [&[], &[0], &[8, 6], &[0, 0, 8, 6]];
    prefixes.iter().any(|prefix| {
        let Some(rest) = digits.strip_prefix(*prefix) else { return false };
        let gaps = gaps.iter().filter(|gap| **gap > prefix.len()).map(|gap| gap - prefix.len()).collect::<Vec<_>>();
        let abroad = prefix.len() > 1;
        is_mobile(rest, &gaps) || is_landline(rest, &gaps, abroad)
    })
}

/// Whether the digits are a mobile number such as 138 0013 8000. A number that begins with a short group, as `13 900000000` after a date
/// does, is none; one with six or more separators, as in `1 3 8 0 …`, is.
fn is_mobile(digits: &[u8], gaps: &[usize]) -> bool {
    let grouped = gaps.iter().all(|gap| *gap > 2) || gaps.len() >= 6;
    digits.len() == 11 && digits[0] == 1 && digits[1] >= 3 && grouped
}

/// Whether the digits are an area code and a local number of 7 or 8 digits, such as 010-8888 8888 or (0571) 8765 4321. After +86 the area
/// code has no leading 0.
fn is_landline(digits: &[u8], gaps: &[usize], abroad: bool) -> bool {
    let zero = usize::from(!abroad);
    if !abroad && digits.first() != Some(&0) {
        return false;
    }
    let area = match digits.get(zero..zero + 2) {
        Some([1, 0] | [2, _]) => zero + 2,
        Some([3..=9, _]) => zero + 3,
        _ => return false,
    };
    let local = digits.len().saturating_sub(area);
    (7..=8).contains(&local) && digits[area] > 1 && gaps.iter().all(|gap| [area, area + 3, area + 4].contains(gap))
}

/// The first two digits of an ID card: the province that issued it.
const PROVINCES: [Range<u8>; 8] = [11..16, 21..24, 31..38, 41..47, 50..55, 61..66, 71..72, 81..84];

/// Whether the digits are an ID card: 18 digits, 17 before an X, or 15 of the old form, with a province and a possible date of birth.
fn is_id_card(digits: &[u8]) -> bool {
    let number = |range: Range<usize>| digits[range].iter().fold(0u32, |number, digit| number * 10 + u32::from(*digit));
    let (century, year) = match digits.len() {
        17 | 18 => (number(6..8), 8),
        15 => (19, 6),
        _ => return false,
    };
    let province = number(0..2) as u8;
    let (month, day) = (number(year + 2..year + 4), number(year + 4..year + 6));
    PROVINCES.iter().any(|range| range.contains(&province))
        && (century == 19 || (century == 20 && number(year..year + 2) < 30))
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
}

/// Whether the digits are a bank card: 16 to 19 digits without separators or in groups of four, which begin with 62 (UnionPay) or have a
/// valid check digit.
fn is_bank_card(digits: &[u8], gaps: &[usize]) -> bool {
    let grouped = gaps.iter().all(|gap| gap % 4 == 0) || gaps == [6];
    (16..=19).contains(&digits.len()) && grouped && (digits.starts_with(&[6, 2]) || luhn(digits))
}

/// Whether the last digit is the Luhn check digit of the others. A number of zeros only is not accepted.
fn luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum = digits.iter().rev().enumerate().map(|(place, digit)| u32::from(if place % 2 == 1 { doubled(*digit) } else { *digit }));
    digits.iter().any(|digit| *digit != 0) && sum.sum::<u32>() % 10 == 0
}

//! Runs of digits that name a person: phones, ID cards, bank cards. An order id is a run of digits too, and stays.

use std::ops::Range;

/// More digits are none of ours.
const MOST: usize = 20;
/// Spaces and dashes between two digits of one number.
const MOST_BETWEEN: usize = 2;

/// Digits that may be one number: what they are, where each ends, and where there is something between them.
struct Run {
    digits: Vec<u8>,
    ends: Vec<usize>,
    /// Places of digits that something stands before.
    gaps: Vec<usize>,
}

/// The places of personal numbers in a text of plain letters (`mask` makes them plain).
pub(super) fn personal(text: &[char]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let starts = text[at].is_ascii_digit() && !at.checked_sub(1).is_some_and(|before| text[before].is_ascii_digit());
        match starts.then(|| number(text, at)).flatten() {
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

/// Where the longest personal number that starts here ends.
fn number(text: &[char], start: usize) -> Option<usize> {
    let run = Run::read(text, start);
    let whole = |count: &usize| text.get(run.ends[count - 1]).is_none_or(|next| !next.is_ascii_digit());
    let dialled = start.checked_sub(1).is_some_and(|before| text[before] == '+');
    let named = is_named(&text[start.saturating_sub(8)..start]);
    for count in (1..=run.digits.len()).rev().filter(whole) {
        let (digits, end) = (&run.digits[..count], run.ends[count - 1]);
        if count == 17 && is_person(digits) && text.get(end).is_some_and(|next| matches!(next, 'x' | 'X')) {
            return Some(end + 1);
        }
        let gaps = run.gaps.iter().copied().filter(|gap| *gap < count).collect::<Vec<_>>();
        let abroad = dialled && (8..=15).contains(&count);
        let local = named && (7..=8).contains(&count) && gaps.len() < 2;
        if abroad || local || is_phone(digits, &gaps) || is_card(digits, &gaps) || (count != 17 && is_person(digits)) {
            return Some(end);
        }
    }
    None
}

impl Run {
    fn read(text: &[char], start: usize) -> Run {
        let mut run = Run { digits: Vec::new(), ends: Vec::new(), gaps: Vec::new() };
        let (mut at, mut between) = (start, 0);
        while let Some(letter) = text.get(at).filter(|_| run.digits.len() < MOST && between <= MOST_BETWEEN) {
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

/// What stands before says that a phone number follows, so that one without an area code is one.
fn is_named(before: &[char]) -> bool {
    let before = before.iter().collect::<String>().to_lowercase();
    ["电话", "手机", "座机", "致电", "拨打", "tel", "phone"].iter().any(|word| before.contains(word))
}

/// A mobile or landline number of the mainland, with or without what is dialled before it.
fn is_phone(digits: &[u8], gaps: &[usize]) -> bool {
    let prefixes: [&[u8]; 4] = [&[], &[0], &[8, 6], &[0, 0, 8, 6]];
    prefixes.iter().any(|prefix| {
        let Some(rest) = digits.strip_prefix(*prefix) else { return false };
        let gaps = gaps.iter().filter(|gap| **gap > prefix.len()).map(|gap| gap - prefix.len()).collect::<Vec<_>>();
        let abroad = prefix.len() > 1;
        is_mobile(rest, &gaps) || is_landline(rest, &gaps, abroad)
    })
}

/// 138 0013 8000. `13 900000000` after a date is not grouped as people do; `1 3 8 0 …` is.
fn is_mobile(digits: &[u8], gaps: &[usize]) -> bool {
    let grouped = gaps.iter().all(|gap| *gap > 2) || gaps.len() >= 6;
    digits.len() == 11 && digits[0] == 1 && digits[1] >= 3 && grouped
}

/// Area code and 7 or 8 digits: 010-8888 8888, (0571) 8765 4321. After +86 the 0 falls away.
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

/// First two digits of an ID card: where it was issued.
const PROVINCES: [Range<u8>; 8] = [11..16, 21..24, 31..38, 41..47, 50..55, 61..66, 71..72, 81..84];

/// An ID card of 18 digits, or its first 17 before an X, or of 15: a province, and a day somebody can be born on.
fn is_person(digits: &[u8]) -> bool {
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

/// A bank card: 16 to 19 digits, together or in fours, and either the mainland's 62 or a check digit that holds.
fn is_card(digits: &[u8], gaps: &[usize]) -> bool {
    let grouped = gaps.iter().all(|gap| gap % 4 == 0) || gaps == [6];
    (16..=19).contains(&digits.len()) && grouped && (digits.starts_with(&[6, 2]) || luhn(digits))
}

fn luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum = digits.iter().rev().enumerate().map(|(place, digit)| u32::from(if place % 2 == 1 { doubled(*digit) } else { *digit }));
    digits.iter().any(|digit| *digit != 0) && sum.sum::<u32>() % 10 == 0
}

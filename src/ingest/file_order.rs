//! The order of the files of a table: a file of October comes after one of September, however many digits their numbers have.

use std::cmp::Ordering;

/// Compares two keys in natural order: runs of digits by their value, all else byte by byte. Keys between which that finds no difference are
/// compared byte by byte.
pub(super) fn natural_order(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one.as_bytes(), other.as_bytes());
    loop {
        let [digits, other_digits] = [left, right].map(|rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
        let (order, of_left, of_right) = match (left.first(), right.first()) {
            _ if digits > 0 && other_digits > 0 => (by_value(&left[..digits], &right[..other_digits]), digits, other_digits),
            (Some(byte), Some(other)) => (byte.cmp(other), 1, 1),
            (end, other_end) => return end.cmp(&other_end).then_with(|| one.cmp(other)),
        };
        if order.is_ne() {
            return order;
        }
        (left, right) = (&left[of_left..], &right[of_right..]);
    }
}

/// Compares two numbers of any length.
fn by_value(one: &[u8], other: &[u8]) -> Ordering {
    let [one, other] = [one, other].map(|digits| &digits[digits.iter().take_while(|digit| **digit == b'0').count()..]);
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_keys_compare_by_their_value() {
        let keys = [
            "",
            "orders",
            "orders_2026-8.csv",
            "orders_2026-09.csv",
            "orders_2026-9.csv",
            "orders_2026-10.csv",
            "orders_2026-10.csv.gz",
            "orders_2026-100000000000000000000.csv",
            "orders_2027-1.csv",
            "orders_x.csv",
            "orders/1.csv",
        ];
        let mut sorted = keys;
        sorted.sort_by(|one, other| natural_order(one, other));
        // A slash comes before an underscore.
        let expected = [&keys[..2], &keys[10..], &keys[2..10]].concat();
        assert_eq!(sorted.as_slice(), expected);
        for (place, one) in expected.iter().enumerate() {
            for (other_place, other) in expected.iter().enumerate() {
                assert_eq!(natural_order(one, other), place.cmp(&other_place), "{one} and {other}");
            }
        }
    }
}

//! Parsers for numbers and truth values in the forms that sources use.

/// 2^53. From here on an f64 no longer holds every whole number, so that two ids could become one.
pub(super) const EXACT: f64 = 9_007_199_254_740_992.0;

/// Parses a whole number. `3.0` is one too, because spreadsheets export whole numbers that way.
pub(super) fn whole(text: &str) -> Option<i64> {
    let text = text.split_once('.').map_or(text, |(whole, zeros)| if zeros.bytes().all(|b| b == b'0') { whole } else { text });
    text.parse().ok()
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

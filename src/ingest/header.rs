//! What the names of a file's columns tell.

use crate::privacy;

/// Whether a column name looks like a cell of a data row: a number, a date, or text that masking would change. Such a name may be about a
/// person, so that errors must not show it.
pub(super) fn looks_like_data(name: &str) -> bool {
    name.parse::<f64>().is_ok()
        || name.get(..10).is_some_and(|date| date.parse::<jiff::civil::Date>().is_ok())
        || privacy::mask(name) != name
}

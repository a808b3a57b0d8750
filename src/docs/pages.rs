//! The pages of the dictionary.

use crate::error::Result;

/// The whole dictionary as Markdown. Errors: the file of other products' names cannot be parsed.
pub fn markdown() -> Result<String> {
    Ok(super::markdown::page(&super::entries::entries()?))
}

/// The whole dictionary as one self-contained HTML page. Errors: the file of other products' names cannot be parsed.
pub fn html() -> Result<String> {
    Ok(super::html::page(&super::entries::entries()?))
}

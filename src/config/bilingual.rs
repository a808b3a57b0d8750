//! Text in Chinese and English, as settings files write it.

use serde::Deserialize;

/// A text in Chinese and in English.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BilingualText {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

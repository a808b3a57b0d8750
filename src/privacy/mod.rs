//! What must not leave: persons in text ([`mask`]), buyer ids ([`key`]), secrets in whatever is said ([`redact`]). docs/privacy.md says it to users.

mod digits;
mod key;
mod mask;
mod redact;

pub use key::{BuyerKey, Keyed, Secret, Section};
pub use mask::{MASK, column, edges, mask, unquoted};
pub use redact::{Stderr, blanked, learn_environment, learn_pipeline, learn_url, on_panic, redacted};

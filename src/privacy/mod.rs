//! Data that must not be published: personal data in text ([`mask`]), and secrets in everything that is printed ([`redact`]). docs/privacy.md
//! explains it to users.

mod digits;
mod mask;
mod redact;

pub use mask::{MASK, column, edges, mask, unquoted};
pub(crate) use redact::learn;
pub use redact::{Stderr, blanked, learn_environment, learn_pipeline, learn_url, on_panic, redacted};

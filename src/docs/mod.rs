//! The dictionary of metrics (指标字典) as pages, printed from the declarations.

mod condition;
mod derived;
mod entries;
mod html;
mod markdown;
mod pages;
mod words;

pub use pages::{html, markdown};

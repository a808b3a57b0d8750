//! Facts: the tables whose rows metrics count. The file of a table begins with its grain and its columns; tables with the same columns share one.
//! Chat facts are built from replayed conversations and hold codes; the other facts are lazy queries over input tables and hold ids.

mod attendance;
mod attribution_window;
mod chat_facts;
mod column_builder;
mod concurrency;
mod context;
mod conversations;
mod credits;
mod filters;
mod hours;
mod inquiries;
mod line_counts;
mod loyalty;
mod named_columns;
mod paid;
mod peer_days;
mod peers;
mod ratings;
mod refunds;
mod replayed;
mod replies;
mod rounds;
mod sessions;
mod tickets;
mod videos;
mod visits;

pub use attendance::{attendance, duty};
pub use attribution_window::AttributionWindows;
pub use chat_facts::{ChatFacts, chat_facts};
pub use concurrency::{ConcurrencyPeaks, OpenReception};
pub use context::FactContext;
pub use credits::{CreditLines, TRACED, credited, credits, instants, no_credited_orders, no_questions, no_replies, reply_days};
pub use filters::judges_peer_days;
pub use inquiries::inquiries;
pub use line_counts::SuspectLines;
pub use loyalty::loyalty;
pub use named_columns::CodeNames;
pub(crate) use named_columns::named_column;
pub use paid::paid;
pub use ratings::{no_filtered_peers, ratings};
pub use refunds::{counting_refunds, refund_instants, refunds};
pub use rounds::{bucket_bounds, rounds_of};
pub use tickets::tickets;
pub use videos::videos;
pub use visits::visits;

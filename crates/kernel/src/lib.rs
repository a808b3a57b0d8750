//! The kernel of kefu: the chat lines of one conversation become sessions, receptions, rounds and sides in one ordered pass.
//!
//! A conversation is every [`line::ChatLine`] of one buyer with one shop on one business day, sorted by `(sent_at, seq, order)`.
//! [`replay::replay`] gives each line to its [`session::Session`] (会话): the one whose id the log gives, or else the one that a silence
//! began. A session keeps who is in charge. A buyer line opens a [`round::Round`] (对话轮次) or joins the one that is open, and the next
//! reply closes it, so a round is one wait for an answer. Every line and every closed round is added to a [`side::Side`], which counts
//! messages, gaps and waits: the session has one side for the shop, and one in each [`session::Reception`] (接待) for an agent's part.
//!
//! Everything here is a pure function of its arguments: no file, no clock, no data frame, and no metric. `calendar` cuts time into
//! business days and periods, `hours` are spans of the wall clock, `rules` holds what a shop may choose, and `day_rules` joins the two for one day. docs/semantics.md §1 to §5
//! defines the words.
//!
//! Why this is not a Polars query: the pass is a state machine in which each line depends on the state that the lines before it left.

pub mod error;
pub mod calendar;
pub mod hours;
pub mod rules;
pub mod day_rules;
pub mod line;
pub mod round;
pub mod side;
pub mod session;
pub mod replay;

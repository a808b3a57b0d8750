//! A replayed conversation: the source of the rows of every chat fact.

use super::filters::FilteredAgents;
use kefu_kernel::session::Session;

/// The sessions of one buyer of a shop on a business day, with the keys of the rows that they become.
pub(crate) struct ReplayedConversation {
    /// The buyer's code in `ConversationNames`.
    pub(super) code: u32,
    /// The shop's code in `Names`.
    pub(super) shop: u32,
    /// What the reception filters take out.
    pub(super) filtered: FilteredAgents,
    /// In time order.
    pub(super) sessions: Vec<Session>,
}

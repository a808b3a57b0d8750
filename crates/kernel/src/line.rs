//! One line of the chat log, with its ids as integer codes.

use crate::rules::ReplyMode;

/// What a chat line is (docs/semantics.md §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineKind {
    /// A recalled buyer line, a note that the buyer does not see, or an event of an unknown kind. It is read and then ignored.
    #[default]
    Ignored,
    /// A message of the buyer.
    Buyer,
    /// A message of an agent, of a person without a name, or of a robot in an agent's name. It is a reply only if the shop's rules count
    /// its `mode`.
    Reply,
    /// An auto line (自动消息): it neither opens nor ends a round.
    Auto,
    /// An event: the line's agent takes charge, or nobody if it names none.
    Assign,
    /// An event: the line's agent takes charge from another, or nobody if it names none.
    Transfer,
    /// An event: the session is closed.
    Close,
    /// A message of the buyer that asks nothing (`needs_reply = false`), such as a thank-you. It opens no round.
    Remark,
}

impl LineKind {
    /// Whether the line is a message of the buyer.
    pub fn is_buyers(self) -> bool {
        matches!(self, LineKind::Buyer | LineKind::Remark)
    }
}

/// One line of the chat log. Ids are codes that the reader assigns; code 0 means that the log gives no id.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChatLine {
    /// Epoch milliseconds, UTC.
    pub sent_at: i64,
    /// The log's own sequence number. `i64::MIN` if the log gives none, so that such a line sorts first.
    pub seq: i64,
    /// Code of the conversation. Until the lines are sorted it is the code of the buyer.
    pub conversation: u32,
    /// Code of the session id.
    pub session: u32,
    /// Index of the message id.
    pub message: u32,
    /// Code of the agent who wrote the line or whom the event names.
    pub agent: u32,
    /// Unicode scalar values in the text of a reply.
    pub words: u32,
    /// Position of the line among all lines read for the day. It breaks ties of `sent_at` and `seq`.
    pub order: u32,
    /// Index of the file that the line comes from.
    pub file: u32,
    /// What the line is.
    pub kind: LineKind,
    /// How a reply was written.
    pub mode: ReplyMode,
    /// The buyer left contact information in the line (有效信息).
    pub has_contact: bool,
    /// A buyer line of kind `text` that is empty. It is determined only if the rule `empty` needs it, and is `false` otherwise.
    pub blank: bool,
    /// The sender recalled the message.
    pub recalled: bool,
    /// A robot wrote the line.
    pub robot: bool,
}

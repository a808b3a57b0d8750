//! The facts that metrics count. The file of each under `facts/` states its grain and columns.

use super::input_table::InputTable;

/// A fact: the rows that a state aggregates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fact {
    /// Sessions at the shop, receptions at the agent.
    Sessions,
    /// All rounds.
    Rounds,
    /// The rounds in assessed hours (考核轮次).
    AssessedRounds,
    /// The rounds that a robot settled.
    RobotRounds,
    /// Buyer-days at the shop, peer-days at the agent.
    PeerDays,
    /// The concurrency peak of each agent.
    Concurrency,
    /// Received buyers, with what they ordered and paid.
    Inquiries,
    /// Order events by attribution rule and agent.
    Credits,
    /// Paid orders, silent or not.
    Payments,
    /// Visitors of the shop.
    Visits,
    /// Refunds of the shop.
    Refunds,
    /// Refunds of orders with a credited agent.
    CreditedRefunds,
    /// Satisfaction cards.
    Ratings,
    /// Login times of each agent.
    Attendance,
    /// Agents on duty in the shop.
    Duty,
    /// After-sales tickets.
    Tickets,
    /// Buyers with a ticket.
    TicketBuyers,
    /// Received buyers, with whether they paid again.
    Loyalty,
    /// Short videos of the shop.
    Videos,
    /// The rates of accounts. They have no rows: they are joined when a report is finished.
    Rates,
    /// The targets of months, joined in the same way.
    Targets,
}

impl Fact {
    /// The input tables that the fact requires, besides `messages`.
    pub fn needs(self) -> &'static [InputTable] {
        match self {
            Fact::Inquiries | Fact::Credits | Fact::Payments => &[InputTable::Orders],
            Fact::Visits => &[InputTable::Visits],
            Fact::Refunds => &[InputTable::Refunds],
            Fact::CreditedRefunds => &[InputTable::Refunds, InputTable::Orders],
            Fact::Ratings => &[InputTable::Evaluations],
            Fact::Attendance | Fact::Duty => &[InputTable::AgentStatus],
            Fact::Tickets => &[InputTable::Tickets],
            Fact::TicketBuyers => &[InputTable::Tickets, InputTable::Orders],
            Fact::Loyalty => &[InputTable::Orders],
            Fact::Videos => &[InputTable::Videos],
            Fact::Rates => &[InputTable::Staff],
            Fact::Targets => &[InputTable::Targets],
            Fact::Sessions | Fact::Rounds | Fact::AssessedRounds | Fact::RobotRounds | Fact::PeerDays | Fact::Concurrency => &[],
        }
    }

    /// Whether the fact needs only the chat log. The states of other facts are recomputed while orders mature.
    pub fn of_chats(self) -> bool {
        self.needs().is_empty()
    }
}

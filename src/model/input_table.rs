//! The canonical input tables: one list of columns each, from which the mapping, the conversion and the documentation of a table follow.

use ColumnType::{Bool, Count, Date, Id, Int, Key, Label, Money, Month, Number, Quantity, Rate, Text, Time, Word};

/// The type of a canonical column. It decides the dtype and how a source value is converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// Opaque text of 1-256 bytes that many rows share; stored as a dictionary.
    Key,
    /// Opaque text of 1-256 bytes, mostly different in each row.
    Id,
    /// Free text of any length.
    Text,
    /// Text with few distinct values; stored as a dictionary.
    Label,
    /// One of a fixed list of words; any other value is a row fault.
    Word(&'static [&'static str]),
    /// A whole number.
    Int,
    /// A whole number that is not negative.
    Count,
    /// A truth value (DECISIONS #1).
    Bool,
    /// An instant, in UTC ms.
    Time,
    /// A business day, in days since 1970.
    Date,
    /// A calendar month, given as the month or any of its days; stored as its first day.
    Month,
    /// An amount: yuan in the source, stored in fen.
    Money,
    /// A number of items that is not negative, with up to three decimals (metres, kilograms); stored in thousandths.
    Quantity,
    /// A rate of exchange: a positive number with up to eight decimals; stored in hundred-millionths.
    Rate,
    /// Any finite number.
    Number,
}

/// A column of a canonical table.
#[derive(Clone, Copy)]
pub struct InputColumn {
    /// Its canonical name.
    pub name: &'static str,
    /// Its type.
    pub of: ColumnType,
    /// A source without it is rejected, and so is a row in which it is null. Optional columns may be null.
    pub required: bool,
    /// Whether null says something, so that a cell that cannot be read makes its row bad and is not simply emptied.
    pub null_says: bool,
}

impl InputColumn {
    /// Whether the column holds buyer ids, which privacy settings pseudonymize. The persons of buyers are keys, the persons of staff are not.
    pub fn is_buyer(&self) -> bool {
        matches!((self.name, self.of), ("buyer_id", _) | ("person_id", Key))
    }

    /// Whether the column holds ids.
    pub fn is_id(&self) -> bool {
        matches!(self.of, ColumnType::Key | ColumnType::Id)
    }

    /// Whether a cell that cannot be read is emptied, and its row stays (DECISIONS #55).
    pub fn is_emptied(&self) -> bool {
        !self.required && !self.null_says && !self.is_id()
    }

    /// Whether the column is free text that detail tables publish, so that contact information in it must be masked.
    pub fn is_published_text(&self, table: InputTable) -> bool {
        matches!(
            (table, self.name),
            (InputTable::Evaluations | InputTable::Refunds, "reason") | (InputTable::Tickets, "kind") | (InputTable::Trainings, "topic")
        )
    }
}

/// A required column.
const fn required(name: &'static str, of: ColumnType) -> InputColumn {
    InputColumn { name, of, required: true, null_says: true }
}

/// An optional column.
const fn optional(name: &'static str, of: ColumnType) -> InputColumn {
    InputColumn { name, of, required: false, null_says: false }
}

/// An optional column whose null says something, such as that an order is not paid.
const fn telling(name: &'static str, of: ColumnType) -> InputColumn {
    InputColumn { name, of, required: false, null_says: true }
}

/// A canonical input table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InputTable {
    Messages,
    Orders,
    Evaluations,
    Shops,
    Staff,
    Blocklist,
    Visits,
    Refunds,
    Tickets,
    AgentStatus,
    Videos,
    Standards,
    Targets,
    Trainings,
    Holidays,
    ExchangeRates,
    Buyers,
}

impl InputTable {
    /// Every table.
    pub const ALL: [InputTable; 17] = [
        InputTable::Messages,
        InputTable::Orders,
        InputTable::Refunds,
        InputTable::Evaluations,
        InputTable::Tickets,
        InputTable::AgentStatus,
        InputTable::Visits,
        InputTable::Videos,
        InputTable::Shops,
        InputTable::Staff,
        InputTable::Blocklist,
        InputTable::Standards,
        InputTable::Targets,
        InputTable::Trainings,
        InputTable::Holidays,
        InputTable::ExchangeRates,
        InputTable::Buyers,
    ];

    /// Its name in the pipeline file and in published tables.
    pub fn name(self) -> &'static str {
        match self {
            InputTable::Messages => "messages",
            InputTable::Orders => "orders",
            InputTable::Evaluations => "evaluations",
            InputTable::Shops => "shops",
            InputTable::Staff => "staff",
            InputTable::Blocklist => "blocklist",
            InputTable::Visits => "visits",
            InputTable::Refunds => "refunds",
            InputTable::Tickets => "tickets",
            InputTable::AgentStatus => "agent_status",
            InputTable::Videos => "videos",
            InputTable::Standards => "standards",
            InputTable::Targets => "targets",
            InputTable::Trainings => "trainings",
            InputTable::Holidays => "holidays",
            InputTable::ExchangeRates => "exchange_rates",
            InputTable::Buyers => "buyers",
        }
    }

    /// Its columns in order.
    pub fn columns(self) -> &'static [InputColumn] {
        match self {
            InputTable::Messages => MESSAGES,
            InputTable::Orders => ORDERS,
            InputTable::Evaluations => EVALUATIONS,
            InputTable::Shops => SHOPS,
            InputTable::Staff => STAFF,
            InputTable::Blocklist => BLOCKLIST,
            InputTable::Visits => VISITS,
            InputTable::Refunds => REFUNDS,
            InputTable::Tickets => TICKETS,
            InputTable::AgentStatus => AGENT_STATUS,
            InputTable::Videos => VIDEOS,
            InputTable::Standards => STANDARDS,
            InputTable::Targets => TARGETS,
            InputTable::Trainings => TRAININGS,
            InputTable::Holidays => HOLIDAYS,
            InputTable::ExchangeRates => EXCHANGE_RATES,
            InputTable::Buyers => BUYERS,
        }
    }

    /// The index of a column in every batch of this table; `usize::MAX` if the table has no such column.
    pub fn index(self, name: &str) -> usize {
        self.columns().iter().position(|c| c.name == name).unwrap_or(usize::MAX)
    }
}

const MESSAGES: &[InputColumn] = &[
    required("shop_id", Key),
    required("buyer_id", Key),
    required("sender", Word(&["buyer", "agent", "robot", "system"])),
    required("sent_at", Time),
    optional("agent_id", Key),
    optional("session_id", Key),
    optional("message_id", Id),
    optional("seq", Int),
    telling("reply_mode", Word(&["human", "assist", "auto"])),
    optional("kind", Label),
    optional("text", Text),
    telling("recalled", Bool),
    telling("needs_reply", Bool),
    optional("platform", Label),
];

const ORDERS: &[InputColumn] = &[
    required("shop_id", Key),
    required("order_id", Id),
    required("buyer_id", Key),
    required("created_at", Time),
    required("amount", Money),
    required("quantity", Quantity),
    telling("paid_at", Time),
    telling("cancelled_at", Time),
    telling("status", Word(&["open", "paid", "cancelled"])),
    optional("item_id", Id),
    optional("postage", Money),
    optional("flag", Text),
    optional("sku_id", Id),
    telling("currency", Text),
    telling("updated_at", Time),
];

const EVALUATIONS: &[InputColumn] = &[
    required("shop_id", Key),
    required("buyer_id", Key),
    optional("agent_id", Key),
    required("sent_at", Time),
    telling("rated_at", Time),
    optional("grade", Word(&["1", "2", "3", "4", "5"])),
    optional("source", Word(&["agent", "buyer", "system"])),
    optional("reason", Text),
    optional("session_id", Key),
    optional("target", Word(&["human", "robot"])),
    optional("nps", Count),
];

const SHOPS: &[InputColumn] = &[
    required("shop_id", Key),
    optional("platform", Text),
    optional("name", Text),
    optional("category", Text),
    telling("closed_on", Date),
    optional("quiet", Bool),
    telling("currency", Text),
];

const STAFF: &[InputColumn] = &[
    required("shop_id", Key),
    required("agent_id", Key),
    optional("name", Text),
    optional("team", Text),
    optional("role", Word(&["presale", "aftersale"])),
    optional("person_id", Id),
    optional("hourly_cost", Money),
    optional("commission_rate", Number),
    optional("hired_on", Date),
    telling("from", Date),
    telling("to", Date),
];

const BLOCKLIST: &[InputColumn] =
    &[required("shop_id", Key), required("buyer_id", Key), telling("from", Date), telling("to", Date), optional("reason", Text)];

const VISITS: &[InputColumn] =
    &[required("shop_id", Key), required("date", Date), required("visitors", Count), optional("page_views", Count)];

const REFUNDS: &[InputColumn] = &[
    required("shop_id", Key),
    required("refund_id", Id),
    required("order_id", Id),
    required("applied_at", Time),
    required("amount", Money),
    telling("finished_at", Time),
    optional("quantity", Quantity),
    optional("kind", Word(&["refund_only", "return"])),
    optional("reason", Text),
    optional("disputed", Bool),
    optional("sku_id", Id),
    telling("currency", Text),
];

const TICKETS: &[InputColumn] = &[
    required("shop_id", Key),
    required("ticket_id", Id),
    required("buyer_id", Key),
    required("opened_at", Time),
    optional("agent_id", Key),
    optional("kind", Text),
    telling("first_response_at", Time),
    telling("resolved_at", Time),
    telling("resolved", Bool),
    telling("sla_response_due_at", Time),
    telling("sla_resolve_due_at", Time),
    optional("transferred_to", Key),
    optional("transfer_correct", Bool),
    optional("knowledge_base_used", Bool),
    optional("complaint", Bool),
];

const AGENT_STATUS: &[InputColumn] = &[
    required("shop_id", Key),
    required("agent_id", Key),
    required("at", Time),
    required("status", Word(&["online", "offline", "suspended", "resumed"])),
];

const VIDEOS: &[InputColumn] = &[
    required("shop_id", Key),
    required("video_id", Id),
    required("date", Date),
    required("plays", Count),
    optional("likes", Count),
    optional("comments", Count),
    optional("shares", Count),
    optional("new_followers", Count),
    optional("followers", Count),
    optional("complete_plays", Count),
    optional("watch_seconds", Number),
    optional("length_seconds", Number),
];

const STANDARDS: &[InputColumn] =
    &[required("category", Text), required("metric", Text), required("standard", Number), required("better", Word(&["high", "low"]))];

const TARGETS: &[InputColumn] =
    &[required("shop_id", Key), optional("agent_id", Key), required("month", Month), required("metric", Text), required("target", Number)];

const TRAININGS: &[InputColumn] = &[required("agent_id", Key), required("on", Date), optional("topic", Text)];

const HOLIDAYS: &[InputColumn] = &[required("date", Date), telling("hours", Text), optional("shop_id", Key)];

const EXCHANGE_RATES: &[InputColumn] = &[required("date", Date), required("currency", Text), required("rate", Rate)];

const BUYERS: &[InputColumn] = &[required("buyer_id", Key), required("person_id", Key), optional("shop_id", Key)];

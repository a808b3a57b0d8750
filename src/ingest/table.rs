//! The canonical input tables: one list of columns each. Everything about a table follows from it.

use super::decode::{Decoded, Input, Part, decode, guarded, parts};
use super::mapping::{Batch, Resolved};
use crate::error::{Context, Result};
use crate::job::{Plan, Source};
use crate::pipe;
use crate::store::Object;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// What a canonical column holds and how a source value becomes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Opaque text of 1-256 bytes that many rows share: kept as a dictionary.
    Key,
    /// Opaque text of 1-256 bytes, mostly different in each row.
    Id,
    Text,
    /// Text of a few kinds, that many rows share: kept as a dictionary.
    Label,
    /// One of a fixed list of words; anything else is a bad row.
    Word(&'static [&'static str]),
    Int,
    /// A whole number that cannot be negative.
    Count,
    Bool,
    /// An instant: UTC ms.
    Time,
    /// A business day: days since 1970.
    Date,
    /// A calendar month, or any day of it: its first day.
    Month,
    /// Yuan in the source, fen inside.
    Money,
    /// Any finite number.
    Number,
}

pub struct Column {
    pub name: &'static str,
    pub of: Type,
    pub required: bool,
}

impl Column {
    pub fn is_buyer(&self) -> bool {
        self.name == "buyer_id"
    }

    /// Free text of a person that is published with the facts it belongs to.
    pub fn is_told(&self, table: Table) -> bool {
        matches!(
            (table, self.name),
            (Table::Evaluations | Table::Refunds, "reason") | (Table::Tickets, "kind") | (Table::Trainings, "topic")
        )
    }
}

const fn required(name: &'static str, of: Type) -> Column {
    Column { name, of, required: true }
}

const fn optional(name: &'static str, of: Type) -> Column {
    Column { name, of, required: false }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
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
}

use Type::{Bool, Count, Date, Id, Int, Key, Label, Money, Month, Number, Text, Time, Word};

const MESSAGES: &[Column] = &[
    required("shop_id", Key),
    required("buyer_id", Key),
    required("sender", Word(&["buyer", "agent", "robot", "system"])),
    required("sent_at", Time),
    optional("agent_id", Key),
    optional("session_id", Key),
    optional("message_id", Id),
    optional("seq", Int),
    optional("reply_mode", Word(&["human", "assist", "auto"])),
    optional("kind", Label),
    optional("text", Text),
    optional("recalled", Bool),
    optional("platform", Label),
];
const ORDERS: &[Column] = &[
    required("shop_id", Key),
    required("order_id", Id),
    required("buyer_id", Key),
    required("created_at", Time),
    required("amount", Money),
    required("quantity", Count),
    optional("paid_at", Time),
    optional("cancelled_at", Time),
    optional("postage", Money),
    optional("flag", Text),
    optional("updated_at", Time),
];
const EVALUATIONS: &[Column] = &[
    required("shop_id", Key),
    required("buyer_id", Key),
    required("agent_id", Key),
    required("sent_at", Time),
    optional("rated_at", Time),
    optional("grade", Word(&["1", "2", "3", "4", "5"])),
    optional("source", Word(&["agent", "buyer", "system"])),
    optional("reason", Text),
    optional("session_id", Key),
    optional("target", Word(&["human", "robot"])),
    optional("nps", Count),
];
const SHOPS: &[Column] = &[required("shop_id", Key), optional("platform", Text), optional("name", Text), optional("category", Text)];
const STAFF: &[Column] = &[
    required("shop_id", Key),
    required("agent_id", Key),
    optional("name", Text),
    optional("team", Text),
    optional("role", Word(&["presale", "aftersale"])),
    optional("person_id", Text),
    optional("hourly_cost", Money),
    optional("commission_rate", Number),
    optional("hired_on", Date),
];
const BLOCKLIST: &[Column] =
    &[required("shop_id", Key), required("buyer_id", Key), optional("from", Date), optional("to", Date), optional("reason", Text)];
const VISITS: &[Column] = &[required("shop_id", Key), required("date", Date), required("visitors", Count), optional("page_views", Count)];
const REFUNDS: &[Column] = &[
    required("shop_id", Key),
    required("refund_id", Id),
    required("order_id", Id),
    required("applied_at", Time),
    required("amount", Money),
    optional("finished_at", Time),
    optional("quantity", Count),
    optional("kind", Word(&["refund_only", "return"])),
    optional("reason", Text),
    optional("disputed", Bool),
];
const TICKETS: &[Column] = &[
    required("shop_id", Key),
    required("ticket_id", Id),
    required("buyer_id", Key),
    required("opened_at", Time),
    optional("agent_id", Key),
    optional("kind", Text),
    optional("first_response_at", Time),
    optional("resolved_at", Time),
    optional("resolved", Bool),
    optional("sla_response_due_at", Time),
    optional("sla_resolve_due_at", Time),
    optional("transferred_to", Key),
    optional("transfer_correct", Bool),
    optional("knowledge_base_used", Bool),
    optional("complaint", Bool),
];
const AGENT_STATUS: &[Column] = &[
    required("shop_id", Key),
    required("agent_id", Key),
    required("at", Time),
    required("status", Word(&["online", "offline", "suspended", "resumed"])),
];
const VIDEOS: &[Column] = &[
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
const STANDARDS: &[Column] =
    &[required("category", Text), required("metric", Text), required("standard", Number), required("better", Word(&["high", "low"]))];
const TARGETS: &[Column] =
    &[required("shop_id", Key), optional("agent_id", Key), required("month", Month), required("metric", Text), required("target", Number)];
const TRAININGS: &[Column] = &[required("agent_id", Key), required("on", Date), optional("topic", Text)];

impl Table {
    pub const ALL: [Table; 14] = [
        Table::Messages,
        Table::Orders,
        Table::Refunds,
        Table::Evaluations,
        Table::Tickets,
        Table::AgentStatus,
        Table::Visits,
        Table::Videos,
        Table::Shops,
        Table::Staff,
        Table::Blocklist,
        Table::Standards,
        Table::Targets,
        Table::Trainings,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Table::Messages => "messages",
            Table::Orders => "orders",
            Table::Evaluations => "evaluations",
            Table::Shops => "shops",
            Table::Staff => "staff",
            Table::Blocklist => "blocklist",
            Table::Visits => "visits",
            Table::Refunds => "refunds",
            Table::Tickets => "tickets",
            Table::AgentStatus => "agent_status",
            Table::Videos => "videos",
            Table::Standards => "standards",
            Table::Targets => "targets",
            Table::Trainings => "trainings",
        }
    }

    pub fn columns(self) -> &'static [Column] {
        match self {
            Table::Messages => MESSAGES,
            Table::Orders => ORDERS,
            Table::Evaluations => EVALUATIONS,
            Table::Shops => SHOPS,
            Table::Staff => STAFF,
            Table::Blocklist => BLOCKLIST,
            Table::Visits => VISITS,
            Table::Refunds => REFUNDS,
            Table::Tickets => TICKETS,
            Table::AgentStatus => AGENT_STATUS,
            Table::Videos => VIDEOS,
            Table::Standards => STANDARDS,
            Table::Targets => TARGETS,
            Table::Trainings => TRAININGS,
        }
    }

    /// The place of a column in every batch of this table.
    pub fn index(self, name: &str) -> usize {
        self.columns().iter().position(|c| c.name == name).unwrap_or(usize::MAX)
    }
}

/// Reads files on some threads. `prepare` works on each batch of canonical rows where it was decoded; what it makes of them is handed
/// to `each` in file and row order.
pub(super) fn read<T: Send>(
    plan: &Plan,
    table: Table,
    files: &[Object],
    workers: usize,
    prepare: impl Fn(Batch) -> T + Sync,
    each: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    let Some(source) = plan.source(table) else { return Ok(()) };
    let blamed = |file: &Object, done: Result<()>| done.with("table", table.name()).with("file", plan.input.describe(&file.key));
    let mut cut = Vec::new();
    let cut_up = |file: &&Object, emit: &mut dyn FnMut(Vec<(Object, Part)>) -> Result<()>| {
        let parts = guarded(|| parts(&input(plan, table, source, file)));
        blamed(file, parts.and_then(|parts| emit(parts.into_iter().map(|part| ((*file).clone(), part)).collect())))
    };
    pipe::in_order(&files.iter().collect::<Vec<_>>(), workers, cut_up, |parts| {
        cut.extend(parts);
        Ok(())
    })?;
    let unused = Unused::default();
    let decode = |(file, part): &(Object, Part), emit: &mut dyn FnMut(T) -> Result<()>| {
        let mut resolved: Option<Resolved> = None;
        let mut map = |decoded: Decoded| {
            let resolved = match &mut resolved {
                Some(resolved) => resolved,
                None => {
                    let new = Resolved::new(plan, table, source, &decoded.found)?;
                    if part.is_first() {
                        unused.note(&new.unused);
                    }
                    resolved.insert(new)
                }
            };
            emit(prepare(resolved.map(&file.key, decoded)?))
        };
        blamed(file, guarded(|| decode(&input(plan, table, source, file), part, &mut map)))
    };
    let done = pipe::in_order(&cut, workers, decode, each);
    unused.tell(plan, table);
    done
}

fn input<'a>(plan: &'a Plan, table: Table, source: &'a Source, file: &'a Object) -> Input<'a> {
    Input { store: &plan.input, file, source, table, caps: &plan.job.quality.caps }
}

/// Canonical columns that no metric asks for yet: that nobody reads them is no news.
const UNASKED: [&str; 2] = ["shipped_at", "sku_id"];

/// Names in one warning.
const MOST_TOLD: usize = 20;

/// Source columns that nothing uses, and in how many files each stands.
#[derive(Default)]
struct Unused(Mutex<BTreeMap<String, usize>>);

impl Unused {
    fn note(&self, columns: &[String]) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let news = columns.iter().filter(|column| !UNASKED.contains(&column.as_str()));
        news.for_each(|column| *noted.entry(column.clone()).or_default() += 1);
    }

    /// Says which there are: once a process, for the next day's files will have them too.
    fn tell(&self, plan: &Plan, table: Table) {
        static TOLD: Mutex<BTreeSet<(String, Table, String)>> = Mutex::new(BTreeSet::new());
        let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let news = noted.iter().filter(|(column, _)| told.insert((plan.input.name().to_owned(), table, (*column).clone())));
        let news = news.map(|(column, files)| format!("{column} ({files} files)")).collect::<Vec<_>>();
        if !news.is_empty() {
            let columns = news.iter().take(MOST_TOLD).map(String::as_str).collect::<Vec<_>>().join(", ");
            tracing::warn!(table = table.name(), count = news.len(), columns, "columns nobody reads");
        }
    }
}

/// Resolves a table's columns against the first rows of a file, without reading on: what `check` does.
pub fn headers(plan: &Plan, table: Table, file: &Object) -> Result<Resolved> {
    let Some(source) = plan.source(table) else { return Err(crate::error::Error::new(crate::error::Kind::Config, "no such table")) };
    let schema = guarded(|| super::decode::schema(&input(plan, table, source, file)))
        .with("table", table.name())
        .with("file", plan.input.describe(&file.key))?;
    Resolved::new(plan, table, source, &schema).with("file", plan.input.describe(&file.key))
}

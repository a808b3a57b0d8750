//! A given log as files with a pipeline file beside them, and the pipeline run on it in this process.

use super::sheet::{Packing, Sheet, Style, packed, rfc3339, yuan};
use super::tables::Tables;
use super::{date, day};
use crate::oracle::{DAY_MS, Holiday, Input, Line, Mode, Order, Sender};
use crate::support::scratch::scratch;
use kefu::config::{Overrides, Plan};
use kefu::freshness::DaySelection;
use kefu::observability::RunRecord;
use kefu::run::{RunRequest, run};
use kefu_kernel::calendar::Day;
use std::path::{Path, PathBuf};

/// How the lines lie in files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Cut {
    /// `messages/date=…/chats.csv`, by the zone's civil date.
    #[default]
    ByDay,
    /// The same by UTC dates, as a warehouse elsewhere does; the orders too, each version by the day its order was created.
    ByUtcDay,
    /// So many files of consecutive lines.
    Files(usize),
}

/// A log, the rules it is read by (keys of `[rules]`, and of the file's head), and the shape of its files.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub input: Input,
    pub zone: &'static str,
    pub head: String,
    pub rules: String,
    pub cut: Cut,
    pub style: Style,
    /// Files of further tables: the table, the file's name without its ending, and the CSV.
    pub tables: Vec<(String, String, String)>,
    /// With the tables of judgement.
    pub judged: bool,
}

impl Given {
    /// In Shanghai, with the default rules.
    pub(crate) fn new(input: Input) -> Given {
        let (head, rules) = (String::new(), String::new());
        Given { input, zone: "Asia/Shanghai", head, rules, cut: Cut::ByDay, style: Style::default(), tables: Vec::new(), judged: true }
    }

    /// The date of an instant's partition. Files of no date are all of one.
    fn partition(&self, at: i64) -> i64 {
        match self.cut {
            Cut::ByDay => (at + self.input.utc_offset_ms).div_euclid(DAY_MS),
            Cut::ByUtcDay => at.div_euclid(DAY_MS),
            Cut::Files(_) => 0,
        }
    }

    /// A run reads the partitions up to the last landed day: what was created later is written then.
    fn order_partition(&self, order: &Order) -> i64 {
        self.partition(order.created_at).min(self.input.start_of_day(self.input.landed).div_euclid(DAY_MS))
    }

    /// Puts lines and orders into the order in which the files hold them: that is their input order.
    pub(crate) fn in_file_order(mut self) -> Given {
        let mut lines = std::mem::take(&mut self.input.lines);
        lines.sort_by_key(|line| self.partition(line.sent_at));
        self.input.lines = lines;
        if self.cut == Cut::ByUtcDay {
            let mut orders = self.input.orders.take();
            orders.iter_mut().for_each(|orders| orders.sort_by_key(|order| self.order_partition(order)));
            self.input.orders = orders;
        }
        self
    }

    /// Writes the files into a folder and gives the pipeline file.
    pub(crate) fn write(&self, folder: &Path) -> PathBuf {
        self.write_messages(folder);
        let plain = Style { format: super::sheet::Format::Csv, gbk: false, packing: self.style.packing };
        self.staff().write(&folder.join(format!("{}.{}", self.staff_file("0"), plain.ending())), plain);
        for (table, name, csv) in &self.tables {
            std::fs::create_dir_all(folder.join(table)).unwrap();
            // The accounts are packed as those beside them.
            let packing = if table == "staff" { plain.packing } else { Packing::Plain };
            let file = format!("{table}/{name}.{}", Style { packing, ..Style::default() }.ending());
            std::fs::write(folder.join(file), packed(csv.as_bytes(), packing)).unwrap();
        }
        self.blocklist().write(&folder.join(format!("blocklist.{}", plain.ending())), plain);
        self.write_orders(folder);
        if let Some(visits) = &self.input.visits {
            visits_sheet(visits).write(&folder.join("visits.csv"), Style::default());
        }
        if let Some(holidays) = &self.input.holidays {
            holidays_sheet(holidays).write(&folder.join("holidays.csv"), Style::default());
        }
        let pipeline = folder.join("pipeline.toml");
        std::fs::write(&pipeline, self.pipeline()).unwrap();
        pipeline
    }

    pub(crate) fn pipeline(&self) -> String {
        let Given { zone, head, rules, .. } = self;
        let (ending, packing) = (self.style.ending(), Style { packing: self.style.packing, ..Style::default() }.ending());
        // Further files of accounts are plain, however the first is packed.
        let staff = if self.has_further_staff() { "staff/*".to_owned() } else { format!("staff.{packing}") };
        let (messages, orders) = match self.cut {
            Cut::ByDay => (format!("messages/date={{date}}/*.{ending}"), format!("orders.{ending}")),
            Cut::ByUtcDay => (format!("messages/date={{date}}/*.{ending}"), format!("orders/{{date}}.{ending}")),
            Cut::Files(_) => (format!("messages/*.{ending}"), format!("orders.{ending}")),
        };
        let zoned = if self.cut == Cut::ByUtcDay { "partition_timezone = \"UTC\"\n" } else { "" };
        let encoding = if self.style.gbk { "encoding = \"gbk\"\n" } else { "" };
        let order = if self.input.order_by_seq { "order_by = \"seq\"\n" } else { "" };
        let mut text = format!(
            "name = \"given\"\ntimezone = \"{zone}\"\n{head}\n[messages]\npath = \"{messages}\"\n{encoding}{zoned}{order}\
             [staff]\npath = \"{staff}\"\n[blocklist]\npath = \"blocklist.{packing}\"\n"
        );
        if self.input.orders.is_some() {
            text += &format!("[orders]\npath = \"{orders}\"\n{encoding}{zoned}");
        }
        if self.input.visits.is_some() {
            text += "[visits]\npath = \"visits.csv\"\n";
        }
        if self.input.holidays.is_some() {
            text += "[holidays]\npath = \"holidays.csv\"\n";
        }
        let further = self.tables.iter().map(|(table, ..)| table.as_str()).filter(|table| *table != "staff");
        for table in further.collect::<std::collections::BTreeSet<_>>() {
            text += &format!("[{table}]\npath = \"{table}/*.csv\"\n");
        }
        if !self.judged {
            text += "[judgement]\ntables = []\n";
        }
        text + &format!("[quality]\non_missing = \"empty\"\n[rules]\n{rules}\n")
    }

    pub(crate) fn write_messages(&self, folder: &Path) {
        let Input { lines, utc_offset_ms, .. } = &self.input;
        let write = |part: &[Line], name: String| {
            let path = folder.join(format!("messages/{name}.{}", self.style.ending()));
            messages_sheet(part, *utc_offset_ms).write(&path, self.style);
        };
        if let Cut::Files(count) = self.cut {
            let parts = lines.chunks(lines.len().div_ceil(count).max(1)).enumerate();
            parts.for_each(|(number, part)| write(part, format!("{number:03}")));
            return;
        }
        for part in lines.chunk_by(|a, b| self.partition(a.sent_at) == self.partition(b.sent_at)) {
            write(part, format!("date={}/chats", date(self.partition(part[0].sent_at))));
        }
    }

    pub(crate) fn write_orders(&self, folder: &Path) {
        let Some(orders) = &self.input.orders else { return };
        let write = |part: &[Order], name: String| {
            let path = folder.join(format!("{name}.{}", self.style.ending()));
            orders_sheet(part, self.input.utc_offset_ms).write(&path, self.style);
        };
        if self.cut != Cut::ByUtcDay {
            return write(orders, "orders".to_owned());
        }
        for part in orders.chunk_by(|a, b| self.order_partition(a) == self.order_partition(b)) {
            write(part, format!("orders/{}", date(self.order_partition(&part[0]))));
        }
    }

    /// Where the accounts lie: in a file, or in a folder with those of the further tables.
    fn staff_file(&self, name: &str) -> String {
        if self.has_further_staff() { format!("staff/{name}") } else { "staff".to_owned() }
    }

    fn has_further_staff(&self) -> bool {
        self.tables.iter().any(|(table, ..)| table == "staff")
    }

    fn staff(&self) -> Sheet {
        let rows = self.input.staff.iter().map(|(shop, agent)| vec![Some(shop.clone()), Some(agent.clone())]);
        Sheet { columns: &["shop_id", "agent_id"], rows: rows.collect() }
    }

    fn blocklist(&self) -> Sheet {
        let rows = self.input.blocklist.iter().map(|(shop, buyer, from, to)| {
            let [from, to] = [from, to].map(|day| day.map(date));
            vec![Some(shop.clone()), Some(buyer.clone()), from, to]
        });
        Sheet { columns: &["shop_id", "buyer_id", "from", "to"], rows: rows.collect() }
    }

    /// Runs business days first to last of the input, and gives what was published.
    pub(crate) fn run(&self) -> Tables {
        self.run_in_parts(&[(self.input.first_day, self.input.landed)])
    }

    /// One run after another, each of some business days.
    pub(crate) fn run_in_parts(&self, parts: &[(i64, i64)]) -> Tables {
        let folder = scratch();
        let plan = plan(&self.write(folder.path()), "memory:///");
        for (first, last) in parts {
            run_days(&plan, *first, *last, None);
        }
        Tables::of(&plan.output)
    }
}

pub(crate) fn plan(pipeline: &Path, output: &str) -> Plan {
    let overrides = Overrides { input: None, output: Some(output.to_owned()) };
    Plan::load(Some(pipeline), &overrides).unwrap_or_else(|e| panic!("{e}"))
}

/// Runs days first to last; what has landed is the latest day ever given, unless said.
pub(crate) fn run_days(plan: &Plan, first: i64, last: i64, as_of: Option<i64>) -> RunRecord {
    run_within(plan, (first, last), as_of, 2, kefu::memory::DEFAULT_LIMIT)
}

/// Runs those of the days that are asked for.
pub(crate) fn run_only(plan: &Plan, (first, last): (i64, i64), only: DaySelection) -> RunRecord {
    let started = "2026-11-20T00:00:00Z".parse().unwrap();
    let request = RunRequest { jobs: 2, only, ..RunRequest::new(Day(first as i32), Day(last as i32), started) };
    run(plan, &request).unwrap_or_else(|e| panic!("{e}"))
}

/// The same with so many days side by side, in so many bytes of memory.
pub(crate) fn run_within(plan: &Plan, (first, last): (i64, i64), as_of: Option<i64>, jobs: usize, memory: usize) -> RunRecord {
    let of = |day: i64| Day(day as i32);
    // Any instant does: no clock reaches the tables.
    let started = "2026-11-20T00:00:00Z".parse().unwrap();
    let request = RunRequest { as_of: as_of.map(of), jobs, memory, ..RunRequest::new(of(first), of(last), started) };
    run(plan, &request).unwrap_or_else(|e| panic!("{e}"))
}

/// An empty log in Shanghai, business days from midnight, the days given.
pub(crate) fn input(first: &str, landed: &str) -> Input {
    let (first_day, landed) = (day(first), day(landed));
    Input { utc_offset_ms: 8 * 3_600_000, first_day, landed, ..Input::default() }
}

const MESSAGES: &[&str] = &[
    "shop_id",
    "buyer_id",
    "sender",
    "sent_at",
    "agent_id",
    "session_id",
    "message_id",
    "seq",
    "reply_mode",
    "kind",
    "text",
    "recalled",
    "needs_reply",
];

pub(crate) fn messages_sheet(lines: &[Line], offset_ms: i64) -> Sheet {
    Sheet { columns: MESSAGES, rows: lines.iter().map(|line| message(line, offset_ms)).collect() }
}

fn message(line: &Line, offset_ms: i64) -> Vec<Option<String>> {
    let sender = match line.sender {
        Sender::Buyer => "buyer",
        Sender::Agent => "agent",
        Sender::Robot => "robot",
        Sender::System => "system",
    };
    let mode = line.mode.map(|mode| match mode {
        Mode::Human => "human",
        Mode::Assist => "assist",
        Mode::Auto => "auto",
    });
    vec![
        Some(line.shop.clone()),
        Some(line.buyer.clone()),
        Some(sender.to_owned()),
        Some(rfc3339(line.sent_at, offset_ms)),
        line.agent.clone(),
        line.session.clone(),
        line.message_id.clone(),
        line.seq.map(|seq| seq.to_string()),
        mode.map(str::to_owned),
        line.kind.clone(),
        line.text.clone(),
        line.recalled.then(|| "true".to_owned()),
        line.needs_reply.map(|needs| needs.to_string()),
    ]
}

const ORDERS: &[&str] =
    &["shop_id", "order_id", "buyer_id", "created_at", "paid_at", "cancelled_at", "amount", "quantity", "postage", "flag", "updated_at"];

pub(crate) fn orders_sheet(orders: &[Order], offset_ms: i64) -> Sheet {
    let row = |order: &Order| {
        let at = |instant: Option<i64>| instant.map(|ms| rfc3339(ms, offset_ms));
        vec![
            Some(order.shop.clone()),
            Some(order.order_id.clone()),
            Some(order.buyer.clone()),
            at(Some(order.created_at)),
            at(order.paid_at),
            at(order.cancelled_at),
            Some(yuan(order.amount_fen)),
            Some(order.quantity.to_string()),
            order.postage_fen.map(yuan),
            order.flag.clone(),
            at(order.updated_at),
        ]
    };
    Sheet { columns: ORDERS, rows: orders.iter().map(row).collect() }
}

fn visits_sheet(visits: &[(String, i64, i64)]) -> Sheet {
    let row = |(shop, day, visitors): &(String, i64, i64)| vec![Some(shop.clone()), Some(date(*day)), Some(visitors.to_string())];
    Sheet { columns: &["shop_id", "date", "visitors"], rows: visits.iter().map(row).collect() }
}

fn holidays_sheet(holidays: &[Holiday]) -> Sheet {
    let row = |holiday: &Holiday| {
        let spans = holiday.spans.iter().map(|span| hours(*span)).collect::<Vec<_>>().join(";");
        vec![Some(date(holiday.day)), Some(spans).filter(|spans| !spans.is_empty()), holiday.shop.clone()]
    };
    Sheet { columns: &["date", "hours", "shop_id"], rows: holidays.iter().map(row).collect() }
}

/// A span of ms after midnight as `09:00-18:00`.
pub(crate) fn hours((from, to): (i64, i64)) -> String {
    format!("{}-{}", clock(from), clock(to))
}

/// Ms after midnight as `09:30`.
pub(crate) fn clock(ms: i64) -> String {
    format!("{:02}:{:02}", ms / 3_600_000, ms % 3_600_000 / 60_000)
}

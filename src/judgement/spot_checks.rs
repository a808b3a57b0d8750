//! `spot_checks` (抽查聊天记录): for each agent and day, a few bad and a few good chats that a manager should read, and the reason.

use super::report::JudgementLayout;
use crate::error::Result;
use crate::model::OutputTable;
use arrow::array::{Array, ArrowPrimitiveType, AsArray, Int64Array, PrimitiveArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use hashbrown::HashMap;
use kefu_kernel::calendar::Day;
use kefu_kernel::rules::Rules;
use std::collections::BTreeMap;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The most chats that are drawn per verdict, agent and day.
const AT_MOST: usize = 3;

/// The reasons why a chat is bad, the weightiest first. The first reason that holds counts, and a chat with a bad reason is never good.
const BAD: [&str; 4] = ["bad_rating", "unanswered", "long_wait", "lost_inquiry"];
/// The reasons why a chat is good, the weightiest first.
const GOOD: [&str; 3] = ["five_stars", "converted", "fast"];

/// The columns that are read from `details/receptions`.
pub const RECEPTION_COLUMNS: [&str; 12] = [
    "shop_id",
    "agent_id",
    "buyer_id",
    "session_id",
    "session_no",
    "filtered",
    "buyer_msgs",
    "answered",
    "unanswered",
    "longest_wait_ms",
    "started_at",
    "last_at",
];
/// The columns that are read from `details/rounds`; the first four identify the chat.
pub const ROUND_COLUMNS: [&str; 10] = [
    "shop_id",
    "agent_id",
    "buyer_id",
    "session_no",
    "outcome",
    "asked_at",
    "replied_at",
    "agent_wait_ms",
    "asked_message_id",
    "replied_message_id",
];

/// A text column; `None` if there is no such column.
fn texts<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a StringArray> {
    rows.column_by_name(name)?.as_string_opt::<i32>()
}

/// An Int64 column; `None` if there is no such column.
fn ints<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a Int64Array> {
    rows.column_by_name(name)?.as_primitive_opt::<Int64Type>()
}

/// A column of instants in µs since 1970, UTC; `None` if there is no such column.
fn instants<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a TimestampMicrosecondArray> {
    rows.column_by_name(name)?.as_primitive_opt::<TimestampMicrosecondType>()
}

/// A text of a row; `None` if it is null.
fn text(column: Option<&StringArray>, row: usize) -> Option<&str> {
    column.filter(|column| column.is_valid(row)).map(|column| column.value(row))
}

/// A number of a row; `None` if it is null.
fn number<T: ArrowPrimitiveType>(column: Option<&PrimitiveArray<T>>, row: usize) -> Option<T::Native> {
    column.filter(|column| column.is_valid(row)).map(|column| column.value(row))
}

/// The columns of a detail table that identify the chat of a row. They are looked up once per batch, because there are millions of rows.
struct ChatColumns<'a> {
    ids: [Option<&'a StringArray>; 3],
    session_no: Option<&'a Int64Array>,
    filtered: Option<&'a StringArray>,
}

impl<'a> ChatColumns<'a> {
    fn of(rows: &'a RecordBatch) -> ChatColumns<'a> {
        let ids = ["shop_id", "agent_id", "buyer_id"].map(|name| texts(rows, name));
        ChatColumns { ids, session_no: ints(rows, "session_no"), filtered: texts(rows, "filtered") }
    }

    /// Whether a reception filter applies to the row.
    fn is_filtered(&self, row: usize) -> bool {
        text(self.filtered, row).is_some()
    }

    /// The shop, agent and buyer of a row; `None` if one of them is null.
    fn ids(&self, row: usize) -> Option<[&'a str; 3]> {
        let [shop, agent, buyer] = self.ids.map(|column| text(column, row));
        Some([shop?, agent?, buyer?])
    }

    /// A hash of the shop, agent and buyer.
    fn pair(&self, row: usize) -> Option<u64> {
        Some(hash(0, &self.ids(row)?, 0))
    }

    /// A hash of the shop, agent, buyer and session number. With the seed of the draw it is the random order of the chats.
    fn chat(&self, row: usize, seed: u64) -> Option<u64> {
        Some(hash(seed, &self.ids(row)?, number(self.session_no, row)?))
    }
}

/// The hash of some texts and a number.
fn hash(seed: u64, texts: &[&str], number: i64) -> u64 {
    texts.iter().fold(xxh3_64_with_seed(&number.to_le_bytes(), seed), |hash, text| xxh3_64_with_seed(text.as_bytes(), hash))
}

/// A chat that has been drawn, as far as receptions are known.
struct DrawnChat {
    /// The place of the reason, then the random order. Smaller ones are drawn first.
    order: (usize, u64),
    reason: &'static str,
    /// The hash of the chat without a seed.
    chat: u64,
    /// The masked buyer id.
    buyer: String,
    session_id: Option<String>,
    session_no: i64,
    started_at: Option<i64>,
    last_at: Option<i64>,
}

/// The bad and the good chats of an agent, in their order.
type Draws = [Vec<DrawnChat>; 2];

/// Draws the chats of a day: inquiries and ratings are added first, then receptions; then the table reads the rounds of the drawn chats.
pub struct SpotChecks<'a> {
    rules: &'a Rules,
    seed: u64,
    /// Whether an inquiry led to an order, by pair of agent and buyer.
    ordered: HashMap<u64, bool>,
    /// The grades of ratings that count, by pair of agent and buyer and by the session that the rating names.
    grades: HashMap<(u64, Option<String>), i64>,
    /// By shop and agent.
    drawn: BTreeMap<(String, String), Draws>,
}

impl<'a> SpotChecks<'a> {
    /// Starts a draw. The same seed draws the same chats from the same rows.
    pub fn new(rules: &'a Rules, seed: u64) -> SpotChecks<'a> {
        let (ordered, grades, drawn) = Default::default();
        SpotChecks { rules, seed, ordered, grades, drawn }
    }

    /// Adds inquiries (`shop_id`, `agent_id`, `buyer_id`, `ordered`) of which it is known whether they led to an order.
    pub fn add_inquiries(&mut self, inquiries: &RecordBatch) {
        let chats = ChatColumns::of(inquiries);
        let ordered = inquiries.column_by_name("ordered").and_then(|ordered| ordered.as_boolean_opt());
        for row in 0..inquiries.num_rows() {
            if let (Some(pair), Some(ordered)) = (chats.pair(row), ordered) {
                self.ordered.insert(pair, ordered.value(row));
            }
        }
    }

    /// Adds the rows of `details/ratings` that count.
    pub fn add_ratings(&mut self, ratings: &RecordBatch) {
        let (chats, grades, sessions) = (ChatColumns::of(ratings), ints(ratings, "grade"), texts(ratings, "session_id"));
        let counts = ratings.column_by_name("counts").and_then(|counts| counts.as_boolean_opt());
        let counted = (0..ratings.num_rows()).filter(|row| counts.is_some_and(|counts| counts.is_valid(*row) && counts.value(*row)));
        for row in counted {
            if let (Some(pair), Some(grade)) = (chats.pair(row), number(grades, row)) {
                self.grades.insert((pair, text(sessions, row).map(str::to_owned)), grade);
            }
        }
    }

    /// Adds rows of `details/receptions` ([`RECEPTION_COLUMNS`]), after all inquiries and ratings. Receptions that a filter applies to or
    /// that have no buyer line are passed over.
    pub fn add_receptions(&mut self, receptions: &RecordBatch) {
        let (chats, spoken, sessions) = (ChatColumns::of(receptions), ints(receptions, "buyer_msgs"), texts(receptions, "session_id"));
        let [started, last] = ["started_at", "last_at"].map(|name| instants(receptions, name));
        let waits = ["answered", "unanswered", "longest_wait_ms"].map(|name| ints(receptions, name));
        for row in (0..receptions.num_rows()).filter(|row| !chats.is_filtered(*row) && number(spoken, *row) > Some(0)) {
            let Some([shop, agent, buyer]) = chats.ids(row) else { continue };
            let Some((verdict, place)) = self.reason(&chats, text(sessions, row), waits.map(|column| number(column, row)), row) else {
                continue;
            };
            let order = (place, chats.chat(row, self.seed).unwrap_or_default());
            let draws = self.drawn.entry((shop.to_owned(), agent.to_owned())).or_default();
            let list = &mut draws[verdict];
            if list.len() == AT_MOST && list.last().is_some_and(|last| last.order <= order) {
                continue;
            }
            let reason = if verdict == 0 { BAD[place] } else { GOOD[place] };
            list.push(DrawnChat {
                order,
                reason,
                chat: chats.chat(row, 0).unwrap_or_default(),
                buyer: masked(buyer),
                session_id: text(sessions, row).map(str::to_owned),
                session_no: number(chats.session_no, row).unwrap_or_default(),
                started_at: number(started, row),
                last_at: number(last, row),
            });
            list.sort_by_key(|drawn| drawn.order);
            list.truncate(AT_MOST);
        }
    }

    /// The verdict (0 is bad, 1 is good) and the place of the reason; `None` if there is no reason. `waits`: the answered rounds, the
    /// unanswered rounds and the longest wait in ms.
    fn reason(&self, chats: &ChatColumns, session: Option<&str>, waits: [Option<i64>; 3], row: usize) -> Option<(usize, usize)> {
        let pair = chats.pair(row)?;
        let [answered, unanswered, longest] = waits.map(Option::unwrap_or_default);
        let grade_of = |session: Option<&str>| self.grades.get(&(pair, session.map(str::to_owned))).copied();
        // The lookup allocates the session id, so a day without ratings skips it. A rating without a session counts for all of the pair's.
        let has_grades = !self.grades.is_empty();
        let grade =
            session.filter(|_| has_grades).and_then(|id| grade_of(Some(id))).or_else(|| has_grades.then(|| grade_of(None)).flatten());
        let ordered = self.ordered.get(&pair).copied();
        let bad = [grade.is_some_and(|g| g <= 2), unanswered > 0, longest > self.rules.slow_threshold.0, ordered == Some(false)];
        if let Some(place) = bad.iter().position(|holds| *holds) {
            return Some((0, place));
        }
        let fast = answered > 0 && longest <= self.rules.quick_threshold.0;
        [grade == Some(5), ordered == Some(true), fast].iter().position(|holds| *holds).map(|place| (1, place))
    }

    /// A predicate over rows of `details/rounds`: whether the row belongs to a drawn chat.
    pub fn round_filter(&self) -> impl FnMut(&RecordBatch) -> arrow::array::BooleanArray + Clone + Send + Sync + 'static {
        let drawn = self.drawn.values().flatten().flatten().map(|drawn| drawn.chat).collect::<std::collections::HashSet<_>>();
        move |rounds| {
            let chats = ChatColumns::of(rounds);
            (0..rounds.num_rows()).map(|row| Some(chats.chat(row, 0).is_some_and(|chat| drawn.contains(&chat)))).collect()
        }
    }

    /// One row per drawn chat and round of it; a chat without a round of this agent has one row, whose columns of the round are null. Buyers
    /// are masked. `rounds`: the rows of the drawn chats ([`ROUND_COLUMNS`]).
    pub fn table(&self, day: Day, rounds: &[RecordBatch]) -> Result<OutputTable> {
        let mut by_chat: HashMap<u64, Vec<(&RecordBatch, usize)>> = HashMap::new();
        for batch in rounds {
            let chats = ChatColumns::of(batch);
            for row in 0..batch.num_rows() {
                by_chat.entry(chats.chat(row, 0).unwrap_or_default()).or_default().push((batch, row));
            }
        }
        by_chat.values_mut().for_each(|rows| rows.sort_by_key(|(batch, row)| number(instants(batch, "asked_at"), *row)));
        let mut rows = Vec::new();
        for (agent, draws) in &self.drawn {
            for (verdict, list) in draws.iter().enumerate() {
                for (place, drawn) in (1i64..).zip(list) {
                    let rounds = by_chat.get(&drawn.chat).map(Vec::as_slice).unwrap_or_default();
                    let rounds = rounds.iter().copied().map(Some).chain(rounds.is_empty().then_some(None));
                    rows.extend(rounds.map(|round| SpotCheckRow { agent, verdict, place, drawn, round }));
                }
            }
        }
        build_table(day, &rows)
    }
}

/// A row of the table.
struct SpotCheckRow<'a> {
    /// The shop and the agent.
    agent: &'a (String, String),
    /// 0 is bad, 1 is good.
    verdict: usize,
    /// The place among the agent's chats of the verdict, from 1.
    place: i64,
    drawn: &'a DrawnChat,
    /// The batch and row of the round.
    round: Option<(&'a RecordBatch, usize)>,
}

impl<'a> SpotCheckRow<'a> {
    /// A text of the round; `None` without a round.
    fn text(&self, name: &str) -> Option<&'a str> {
        self.round.and_then(|(batch, row)| text(texts(batch, name), row))
    }

    /// An instant of the round; `None` without a round.
    fn at(&self, name: &str) -> Option<i64> {
        self.round.and_then(|(batch, row)| number(instants(batch, name), row))
    }
}

fn build_table(day: Day, rows: &[SpotCheckRow]) -> Result<OutputTable> {
    let mut layout = JudgementLayout::plain();
    let at = |values: Vec<Option<i64>>| Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC"));
    let texts = |of: &dyn Fn(&SpotCheckRow) -> Option<String>| Arc::new(rows.iter().map(of).collect::<StringArray>());
    layout.dates("business_day", rows.iter().map(|_| day), "业务天 · Business day");
    layout.texts("shop_id", rows.iter().map(|row| Some(row.agent.0.as_str())), "店铺 · Shop");
    layout.texts("agent_id", rows.iter().map(|row| Some(row.agent.1.as_str())), "客服账号 · Agent account");
    layout.texts("verdict", rows.iter().map(|row| Some(["bad", "good"][row.verdict])), "bad 坏的 / good 好的 · Kind of chat");
    layout.integers(
        "place",
        rows.iter().map(|row| Some(row.place)).collect(),
        "第几个，理由重者在前 · Which of at most three, weightiest first",
    );
    let reason =
        "bad_rating 差评 / unanswered 未回复 / long_wait 久等 / lost_inquiry 询单流失 / five_stars 五星 / converted 成交 / fast 快 · Why";
    layout.texts("reason", rows.iter().map(|row| Some(row.drawn.reason)), reason);
    layout.texts("buyer", rows.iter().map(|row| Some(row.drawn.buyer.as_str())), "买家（已遮盖） · Buyer, masked");
    layout.add("session_id", texts(&|row| row.drawn.session_id.clone()), "日志中的会话号 · The log's session id");
    layout.integers(
        "session_no",
        rows.iter().map(|row| Some(row.drawn.session_no)).collect(),
        "买家当天第几个会话 · Which session of the buyer's day",
    );
    layout.add("started_at", at(rows.iter().map(|row| row.drawn.started_at).collect()), "会话开始 · Start of the session");
    layout.add("last_at", at(rows.iter().map(|row| row.drawn.last_at).collect()), "最后一条消息 · Its last line with this agent");
    layout.add("outcome", texts(&|row| row.text("outcome").map(str::to_owned)), "轮次结果 · What became of the round");
    layout.add("asked_at", at(rows.iter().map(|row| row.at("asked_at")).collect()), "提问时刻 · First question of the round");
    layout.add("replied_at", at(rows.iter().map(|row| row.at("replied_at")).collect()), "回复时刻 · Its reply");
    let wait = rows.iter().map(|row| row.round.and_then(|(batch, row)| number(ints(batch, "agent_wait_ms"), row))).collect::<Int64Array>();
    layout.add("agent_wait_ms", Arc::new(wait), "客服时钟的等待 · Wait on the agent's clock, ms");
    layout.add("asked_message_id", texts(&|row| row.text("asked_message_id").map(str::to_owned)), "提问的消息 · The line that asked");
    layout.add("replied_message_id", texts(&|row| row.text("replied_message_id").map(str::to_owned)), "回复的消息 · The line that replied");
    let grain = "one row per shop_id, agent_id, verdict, place and round of the chat".to_owned();
    layout.plain_table("details/spot_checks".into(), day, grain, vec!["shop_id", "agent_id"])
}

/// An id of which only the first and last character can be read; ids of up to three characters are masked whole.
fn masked(buyer: &str) -> String {
    let letters = buyer.chars().collect::<Vec<_>>();
    match letters.as_slice() {
        [first, _, _, .., last] => format!("{first}***{last}"),
        _ => "***".to_owned(),
    }
}

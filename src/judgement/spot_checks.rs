//! `spot_checks` (抽查聊天记录): of each agent and day a few bad and a few good chats to read, and why these.

use super::report::Layout;
use crate::calendar::Day;
use crate::error::Result;
use crate::reports::Table;
use crate::rules::Rules;
use arrow::array::{Array, ArrowPrimitiveType, AsArray, Int64Array, PrimitiveArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Chats of each verdict for an agent and day.
const AT_MOST: usize = 3;

/// Why a chat is worth reading, the weightiest first; of a chat with several, the first counts. A chat with a bad reason is no good one.
const BAD: [&str; 4] = ["bad_rating", "unanswered", "long_wait", "lost_inquiry"];
const GOOD: [&str; 3] = ["five_stars", "converted", "fast"];

/// Columns read of `details/receptions`.
pub const RECEPTIONS: [&str; 12] = [
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
/// Columns read of the rounds of the chats drawn.
pub const LINES: [&str; 10] = [
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

/// A text column.
fn texts<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a StringArray> {
    rows.column_by_name(name)?.as_string_opt::<i32>()
}

fn ints<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a Int64Array> {
    rows.column_by_name(name)?.as_primitive_opt::<Int64Type>()
}

/// UTC µs.
fn instants<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a TimestampMicrosecondArray> {
    rows.column_by_name(name)?.as_primitive_opt::<TimestampMicrosecondType>()
}

fn text(column: Option<&StringArray>, row: usize) -> Option<&str> {
    column.filter(|column| column.is_valid(row)).map(|column| column.value(row))
}

fn number<T: ArrowPrimitiveType>(column: Option<&PrimitiveArray<T>>, row: usize) -> Option<T::Native> {
    column.filter(|column| column.is_valid(row)).map(|column| column.value(row))
}

/// The columns of a detail table that say whose chat a row is of; looked up once, there are millions of rows.
struct Chats<'a> {
    ids: [Option<&'a StringArray>; 3],
    session_no: Option<&'a Int64Array>,
    filtered: Option<&'a StringArray>,
}

impl<'a> Chats<'a> {
    fn of(rows: &'a RecordBatch) -> Chats<'a> {
        let ids = ["shop_id", "agent_id", "buyer_id"].map(|name| texts(rows, name));
        Chats { ids, session_no: ints(rows, "session_no"), filtered: texts(rows, "filtered") }
    }

    fn is_filtered(&self, row: usize) -> bool {
        text(self.filtered, row).is_some()
    }

    /// Shop, agent and buyer.
    fn ids(&self, row: usize) -> Option<[&'a str; 3]> {
        let [shop, agent, buyer] = self.ids.map(|column| text(column, row));
        Some([shop?, agent?, buyer?])
    }

    /// Names an agent's buyer, and one of their sessions.
    fn pair(&self, row: usize) -> Option<u64> {
        Some(hash(0, &self.ids(row)?, 0))
    }

    fn chat(&self, row: usize, seed: u64) -> Option<u64> {
        Some(hash(seed, &self.ids(row)?, number(self.session_no, row)?))
    }
}

fn hash(seed: u64, texts: &[&str], number: i64) -> u64 {
    texts.iter().fold(xxh3_64_with_seed(&number.to_le_bytes(), seed), |hash, text| xxh3_64_with_seed(text.as_bytes(), hash))
}

/// A chat that may be drawn.
struct Drawn {
    /// Place of its reason, then the draw.
    order: (usize, u64),
    reason: &'static str,
    chat: u64,
    buyer: String,
    session_id: Option<String>,
    session_no: i64,
    started_at: Option<i64>,
    last_at: Option<i64>,
}

/// Bad ones and good ones.
type Draws = [Vec<Drawn>; 2];

/// The draw of a day under way: inquiries and ratings first, then receptions, then the lines of what was drawn.
pub struct SpotChecks<'a> {
    rules: &'a Rules,
    seed: u64,
    /// Whether an inquiry finally ordered, by agent's buyer.
    ordered: HashMap<u64, bool>,
    /// Grades that count, by agent's buyer and the session they name.
    grades: HashMap<(u64, Option<String>), i64>,
    drawn: BTreeMap<(String, String), Draws>,
}

impl<'a> SpotChecks<'a> {
    pub fn new(rules: &'a Rules, seed: u64) -> SpotChecks<'a> {
        let (ordered, grades, drawn) = Default::default();
        SpotChecks { rules, seed, ordered, grades, drawn }
    }

    /// Inquiries (`shop_id`, `agent_id`, `buyer_id`, `ordered`), once it is known whether they ordered.
    pub fn add_inquiries(&mut self, inquiries: &RecordBatch) {
        let chats = Chats::of(inquiries);
        let ordered = inquiries.column_by_name("ordered").and_then(|ordered| ordered.as_boolean_opt());
        for row in 0..inquiries.num_rows() {
            if let (Some(pair), Some(ordered)) = (chats.pair(row), ordered) {
                self.ordered.insert(pair, ordered.value(row));
            }
        }
    }

    /// Rows of `details/ratings`: those that count.
    pub fn add_ratings(&mut self, ratings: &RecordBatch) {
        let (chats, grades, sessions) = (Chats::of(ratings), ints(ratings, "grade"), texts(ratings, "session_id"));
        let counts = ratings.column_by_name("counts").and_then(|counts| counts.as_boolean_opt());
        let counted = (0..ratings.num_rows()).filter(|row| counts.is_some_and(|counts| counts.is_valid(*row) && counts.value(*row)));
        for row in counted {
            if let (Some(pair), Some(grade)) = (chats.pair(row), number(grades, row)) {
                self.grades.insert((pair, text(sessions, row).map(str::to_owned)), grade);
            }
        }
    }

    /// Rows of `details/receptions` ([`RECEPTIONS`]), after all of the above. Only those that hold a buyer line.
    pub fn add_receptions(&mut self, receptions: &RecordBatch) {
        let (chats, spoken, sessions) = (Chats::of(receptions), ints(receptions, "buyer_msgs"), texts(receptions, "session_id"));
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
            list.push(Drawn {
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

    /// 0 bad or 1 good, and the place of the reason. `waits`: rounds answered and unanswered, and the longest wait.
    fn reason(&self, chats: &Chats, session: Option<&str>, waits: [Option<i64>; 3], row: usize) -> Option<(usize, usize)> {
        let pair = chats.pair(row)?;
        let [answered, unanswered, longest] = waits.map(Option::unwrap_or_default);
        let of_session = |session: Option<&str>| self.grades.get(&(pair, session.map(str::to_owned))).copied();
        // Most buyers rate nobody.
        let rated = !self.grades.is_empty();
        let grade = session.filter(|_| rated).and_then(|id| of_session(Some(id))).or_else(|| rated.then(|| of_session(None)).flatten());
        let ordered = self.ordered.get(&pair).copied();
        let bad = [grade.is_some_and(|g| g <= 2), unanswered > 0, longest > self.rules.slow_threshold.0, ordered == Some(false)];
        if let Some(place) = bad.iter().position(|holds| *holds) {
            return Some((0, place));
        }
        let fast = answered > 0 && longest <= self.rules.quick_threshold.0;
        [grade == Some(5), ordered == Some(true), fast].iter().position(|holds| *holds).map(|place| (1, place))
    }

    /// Whether a row of `details/rounds` is of a chat that was drawn.
    pub fn wants(&self) -> impl FnMut(&RecordBatch) -> arrow::array::BooleanArray + Clone + Send + Sync + 'static {
        let drawn = self.drawn.values().flatten().flatten().map(|drawn| drawn.chat).collect::<std::collections::HashSet<_>>();
        move |rounds| {
            let chats = Chats::of(rounds);
            (0..rounds.num_rows()).map(|row| Some(chats.chat(row, 0).is_some_and(|chat| drawn.contains(&chat)))).collect()
        }
    }

    /// One row per chat drawn and round of it ([`LINES`]); a chat without a round of this agent has one row. Buyers are masked.
    pub fn table(&self, day: Day, lines: &[RecordBatch]) -> Result<Table> {
        let mut by_chat: HashMap<u64, Vec<(&RecordBatch, usize)>> = HashMap::new();
        for batch in lines {
            let chats = Chats::of(batch);
            for row in 0..batch.num_rows() {
                by_chat.entry(chats.chat(row, 0).unwrap_or_default()).or_default().push((batch, row));
            }
        }
        by_chat.values_mut().for_each(|rows| rows.sort_by_key(|(batch, row)| number(instants(batch, "asked_at"), *row)));
        let mut told = Vec::new();
        for (who, draws) in &self.drawn {
            for (verdict, list) in draws.iter().enumerate() {
                for (place, drawn) in (1i64..).zip(list) {
                    let rounds = by_chat.get(&drawn.chat).map(Vec::as_slice).unwrap_or_default();
                    let rounds = rounds.iter().copied().map(Some).chain(rounds.is_empty().then_some(None));
                    told.extend(rounds.map(|round| Told { who, verdict, place, drawn, round }));
                }
            }
        }
        laid_out(day, &told)
    }
}

/// A row of the table.
struct Told<'a> {
    who: &'a (String, String),
    verdict: usize,
    place: i64,
    drawn: &'a Drawn,
    round: Option<(&'a RecordBatch, usize)>,
}

impl<'a> Told<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        self.round.and_then(|(batch, row)| text(texts(batch, name), row))
    }

    fn at(&self, name: &str) -> Option<i64> {
        self.round.and_then(|(batch, row)| number(instants(batch, name), row))
    }
}

fn laid_out(day: Day, told: &[Told]) -> Result<Table> {
    let mut layout = Layout::plain();
    let at = |values: Vec<Option<i64>>| Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC"));
    let texts = |of: &dyn Fn(&Told) -> Option<String>| Arc::new(told.iter().map(of).collect::<StringArray>());
    layout.dates("business_day", told.iter().map(|_| day), "业务天 · Business day");
    layout.texts("shop_id", told.iter().map(|t| Some(t.who.0.as_str())), "店铺 · Shop");
    layout.texts("agent_id", told.iter().map(|t| Some(t.who.1.as_str())), "客服账号 · Agent account");
    layout.texts("verdict", told.iter().map(|t| Some(["bad", "good"][t.verdict])), "bad 坏的 / good 好的 · Kind of chat");
    layout.integers(
        "place",
        told.iter().map(|t| Some(t.place)).collect(),
        "第几个，理由重者在前 · Which of at most three, weightiest first",
    );
    let reason =
        "bad_rating 差评 / unanswered 未回复 / long_wait 久等 / lost_inquiry 询单流失 / five_stars 五星 / converted 成交 / fast 快 · Why";
    layout.texts("reason", told.iter().map(|t| Some(t.drawn.reason)), reason);
    layout.texts("buyer", told.iter().map(|t| Some(t.drawn.buyer.as_str())), "买家（已遮盖） · Buyer, masked");
    layout.add("session_id", texts(&|t| t.drawn.session_id.clone()), "日志中的会话号 · The log's session id");
    layout.integers(
        "session_no",
        told.iter().map(|t| Some(t.drawn.session_no)).collect(),
        "买家当天第几个会话 · Which session of the buyer's day",
    );
    layout.add("started_at", at(told.iter().map(|t| t.drawn.started_at).collect()), "会话开始 · Start of the session");
    layout.add("last_at", at(told.iter().map(|t| t.drawn.last_at).collect()), "最后一条消息 · Its last line with this agent");
    layout.add("outcome", texts(&|t| t.text("outcome").map(str::to_owned)), "轮次结果 · What became of the round");
    layout.add("asked_at", at(told.iter().map(|t| t.at("asked_at")).collect()), "提问时刻 · First question of the round");
    layout.add("replied_at", at(told.iter().map(|t| t.at("replied_at")).collect()), "回复时刻 · Its reply");
    let wait = told.iter().map(|t| t.round.and_then(|(batch, row)| number(ints(batch, "agent_wait_ms"), row))).collect::<Int64Array>();
    layout.add("agent_wait_ms", Arc::new(wait), "客服时钟的等待 · Wait on the agent's clock, ms");
    layout.add("asked_message_id", texts(&|t| t.text("asked_message_id").map(str::to_owned)), "提问的消息 · The line that asked");
    layout.add("replied_message_id", texts(&|t| t.text("replied_message_id").map(str::to_owned)), "回复的消息 · The line that replied");
    let grain = "one row per shop_id, agent_id, verdict, place and round of the chat".to_owned();
    layout.plain_table("details/spot_checks".into(), day, grain, vec!["shop_id", "agent_id"])
}

/// The first and last letter of a longer id.
fn masked(buyer: &str) -> String {
    let letters = buyer.chars().collect::<Vec<_>>();
    match letters.as_slice() {
        [first, _, _, .., last] => format!("{first}***{last}"),
        _ => "***".to_owned(),
    }
}

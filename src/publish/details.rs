//! Details: facts as their readers trace them. Codes become names, instants become timestamps, the grain stands in the file.

use crate::calendar::Day;
use crate::conversation::Outcome;
use crate::error::Result;
use crate::facts::{ChatFacts, FILTERS};
use crate::frames::to_arrow;
use crate::ingest::{Audit, Quarantined, Texts};
use crate::names::{Names, Talkers};
use crate::reports::Table;
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray, StringBuilder,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit, UInt32Type};
use polars::prelude::DataFrame;
use std::collections::HashMap;
use std::sync::Arc;

/// What a reader needs to know of a column beyond its name.
const COMMENTS: &[(&str, &str)] = &[
    ("filtered", "接待过滤原因；空为未过滤 · Why the peer-day (session: the buyer's day) is filtered; null: it is not"),
    ("session_id", "日志中的会话号；空为按静默切分 · The log's session id; null: found by silence"),
    ("session_no", "买家当天第几个会话 · Which session of the buyer's day"),
    ("asked_at", "提问时刻 · First question of the round"),
    ("wait_ms", "店铺时钟的等待 · Wait on the shop's clock"),
    ("agent_wait_ms", "客服时钟的等待(不含排队) · Wait on the agent's clock, without the queue"),
    ("asked_message_id", "提问的消息 · The line that opened the round"),
    ("replied_message_id", "回复的消息 · The line that closed it"),
    ("outcome", "answered 已回复 / unanswered 未回复 / handed_over 转出"),
    ("queued", "开始时无客服接入 · Opened with nobody in charge"),
    ("rule", "绩效判定规则 · Attribution rule"),
    ("role", "credited 归属 / assist 协助 / silent 静默"),
    ("message_id", "据以归属的回复 · The reply line that earned it"),
    ("left_out", "不计入的原因 · Why the card is in no metric: robot, or why its peer-day is filtered; null: it is in"),
    ("invites", "计为邀评 · The first card of its buyer and agent"),
    ("counts", "计为评价 · The last valid rating of its buyer and agent"),
    ("session_counts", "按会话计为评价 · The last valid rating of its session, buyer and agent"),
    ("at", "判定时刻 · The instant that decided"),
];

/// What codes stand for.
#[derive(Clone, Copy)]
pub struct Spelling<'a> {
    pub names: &'a Names,
    pub talkers: &'a Talkers,
    pub texts: &'a Texts,
}

/// The detail tables of chat facts; all rows of a table in any number of pieces.
pub fn details(facts: &ChatFacts, names: &Names, day: Day) -> Result<[Table; 4]> {
    let spelling = Some(Spelling { names, talkers: &facts.talkers, texts: &facts.texts });
    Ok([
        detail("rounds", "one row per round, and one per agent who handed it over", &facts.rounds, spelling, day)?,
        detail("sessions", "one row per session", &facts.sessions, spelling, day)?,
        detail("receptions", "one row per session and agent", &facts.receptions, spelling, day)?,
        detail("peer_days", "one row per agent and buyer", &facts.peer_days, spelling, day)?,
    ])
}

/// A detail table of a day. Columns that are codes or bookkeeping inside leave under their readers' names.
pub fn detail(name: &str, grain: &str, frame: &DataFrame, spelling: Option<Spelling>, day: Day) -> Result<Table> {
    let batch = to_arrow(frame)?;
    let mut fields = vec![Field::new("business_day", DataType::Date32, false)];
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(Date32Array::from(vec![day.0; batch.num_rows()]))];
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let Some((name, array)) = column(field.name(), array, spelling)? else { continue };
        let comment = COMMENTS.iter().find(|(column, _)| *column == name).map(|(_, comment)| *comment);
        let metadata = comment.map(|c| HashMap::from([("comment".to_owned(), c.to_owned())])).unwrap_or_default();
        fields.push(Field::new(name, array.data_type().clone(), true).with_metadata(metadata));
        arrays.push(array);
    }
    let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
    Ok(Table {
        folder: format!("details/{name}"),
        dt: Some(day),
        grain: grain.to_owned(),
        rows,
        sorted_by: vec!["shop_id"],
        rule_sets: String::new(),
    })
}

/// Columns that only metrics look at.
const INSIDE: [&str; 11] = [
    "is_answered",
    "is_handed_over",
    "bucket",
    "agent_bucket",
    "own",
    "first_hour",
    "asked_hour",
    "rounds_assessed",
    "rounds_missed",
    "rounds_slow",
    "rounds_slow_assessed",
];

pub(super) fn column(name: &str, array: &ArrayRef, spelling: Option<Spelling>) -> Result<Option<(String, ArrayRef)>> {
    if INSIDE.contains(&name) {
        return Ok(None);
    }
    Ok(Some(match (name, spelling) {
        ("shop", Some(of)) => ("shop_id".into(), each(array, |code| some(code, |code| of.names.shop(code)))),
        ("agent", Some(of)) => ("agent_id".into(), each(array, |code| some(code, |code| of.names.agent(code)))),
        ("buyer", Some(of)) => ("buyer_id".into(), each(array, |code| some(code, |code| of.talkers.buyer(code)))),
        ("session", Some(of)) => ("session_id".into(), each(array, |code| some(code, |code| of.talkers.session(code)))),
        ("message" | "asked_message" | "replied_message", Some(of)) => (format!("{name}_id"), messages(array, of.texts)?),
        ("outcome", _) => {
            let outcomes = [Outcome::Answered, Outcome::Unanswered, Outcome::HandedOver];
            (name.into(), each(array, |code| outcomes.into_iter().find(|o| *o as u32 == code).map(Outcome::name)))
        }
        ("filtered", _) => (name.into(), each(array, |code| FILTERS.get(code as usize).copied().filter(|reason| !reason.is_empty()))),
        ("amount" | "postage", _) => {
            let fen = array.as_primitive::<Int64Type>().iter().map(|v| v.map(i128::from)).collect::<Decimal128Array>();
            (name.into(), Arc::new(fen.with_precision_and_scale(18, 2)?))
        }
        _ if name == "at" || name.ends_with("_at") => {
            let ms = cast(array, &DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())))?;
            (name.into(), cast(&ms, &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))?)
        }
        _ => (name.into(), Arc::clone(array)),
    }))
}

/// Bytes that most names and ids do with.
const USUAL_NAME: usize = 12;

/// Code 0 is none.
fn some<'n>(code: u32, name: impl Fn(u32) -> &'n str) -> Option<&'n str> {
    (code > 0).then(|| name(code))
}

/// Rows of one code mostly follow one another.
fn each<'n>(codes: &ArrayRef, name: impl Fn(u32) -> Option<&'n str>) -> ArrayRef {
    let codes = codes.as_primitive::<UInt32Type>();
    let mut names = StringBuilder::with_capacity(codes.len(), codes.len() * USUAL_NAME);
    let mut last = None;
    for code in codes {
        let named = match last {
            Some((known, named)) if known == code => named,
            _ => last.insert((code, code.and_then(&name))).1,
        };
        names.append_option(named);
    }
    Arc::new(names.finish())
}

/// The ids of messages by where their texts lie; null where there is none.
fn messages(places: &ArrayRef, texts: &Texts) -> Result<ArrayRef> {
    let places = places.as_primitive::<UInt32Type>();
    let mut ids = BinaryBuilder::with_capacity(places.len(), places.len() * USUAL_NAME);
    for place in places {
        ids.append_option(place.map(|place| texts.text(place)).filter(|id| !id.is_empty()));
    }
    // They were text when they were put there: seen sooner of all at once.
    Ok(Arc::new(StringArray::try_from_binary(ids.finish())?))
}

/// The audit of a day: one row per table and file. `read = used + quarantined + duplicates + outside + ignored`.
pub fn audit_rows(audits: &[Audit], day: Day) -> Result<Table> {
    let rows = audits.iter().flat_map(|a| a.files.iter().map(move |(file, tally)| (a.table.name(), file, tally))).collect::<Vec<_>>();
    let texts = |of: &dyn Fn(usize) -> String| Arc::new((0..rows.len()).map(|i| Some(of(i))).collect::<StringArray>()) as ArrayRef;
    let counts = |of: fn(&crate::ingest::Tally) -> i64| Arc::new(rows.iter().map(|r| Some(of(r.2))).collect::<Int64Array>()) as ArrayRef;
    let rows = RecordBatch::try_from_iter([
        ("business_day", Arc::new(Date32Array::from(vec![day.0; rows.len()])) as ArrayRef),
        ("table", texts(&|i| rows[i].0.to_owned())),
        ("file", texts(&|i| rows[i].1.clone())),
        ("read", counts(|t| t.read)),
        ("used", counts(|t| t.used)),
        ("quarantined", counts(|t| t.quarantined)),
        ("duplicates", counts(|t| t.duplicates)),
        ("outside", counts(|t| t.outside)),
        ("ignored", counts(|t| t.ignored)),
    ])?;
    Ok(Table {
        folder: "_meta/audit".into(),
        dt: Some(day),
        grain: "one row per table and file".into(),
        rows,
        sorted_by: vec![],
        rule_sets: String::new(),
    })
}

/// The rows a table set aside: one row per bad input row.
pub fn quarantine_rows(table: &str, bad: &[Quarantined], day: Day) -> Result<Table> {
    let texts = |of: fn(&Quarantined) -> &str| Arc::new(bad.iter().map(|b| Some(of(b))).collect::<StringArray>()) as ArrayRef;
    let rows = RecordBatch::try_from_iter([
        ("file", texts(|b| &b.file)),
        ("row", Arc::new(bad.iter().map(|b| Some(b.row)).collect::<Int64Array>()) as ArrayRef),
        ("column", texts(|b| &b.bad.column)),
        ("reason", texts(|b| &b.bad.reason)),
        ("value", texts(|b| &b.bad.value)),
    ])?;
    Ok(Table {
        folder: format!("quarantine/{table}"),
        dt: Some(day),
        grain: "one row per bad input row".into(),
        rows,
        sorted_by: vec![],
        rule_sets: String::new(),
    })
}

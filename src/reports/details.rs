//! Detail tables: facts as readers trace them, with ids instead of codes and timestamps instead of numbers. Also the audit and the
//! quarantine.

use crate::error::Result;
use crate::facts::ChatFacts;
use crate::facts::{CodeNames, named_column};
use crate::frames::to_arrow;
use crate::ingest::{Audit, QuarantinedRow};
use crate::model::OutputTable;
use crate::names::Names;
use arrow::array::{Array, ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use kefu_kernel::calendar::Day;
use polars::prelude::DataFrame;
use std::collections::HashMap;
use std::sync::Arc;

/// The column comments of detail tables.
const COMMENTS: &[(&str, &str)] = &[
    ("filtered", "接待过滤原因；空为未过滤 · Why the peer-day (session: the buyer's day) is filtered; null: it is not"),
    ("session_id", "日志中的会话号；空为按静默切分 · The log's session id; null: found by silence"),
    ("session_no", "买家当天第几个会话 · Which session of the buyer's day"),
    ("asked_at", "提问时刻 · First question of the round"),
    ("wait_ms", "店铺时钟的等待 · Wait on the shop's clock"),
    ("agent_wait_ms", "客服时钟的等待(不含排队) · Wait on the agent's clock, without the queue"),
    ("asked_message_id", "提问的消息 · The line that opened the round"),
    ("replied_message_id", "回复的消息 · The line that closed it"),
    ("outcome", "answered 已回复 / unanswered 未回复 / handed_over 转出 / robot 机器人应答"),
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

/// The detail tables of the chat facts of one shard. A day's table is their concatenation.
pub fn details(facts: &ChatFacts, names: &Names, day: Day) -> Result<[OutputTable; 4]> {
    let code_names = Some(CodeNames { names, conversation_names: &facts.conversation_names, message_ids: &facts.message_ids });
    Ok([
        detail("rounds", "one row per round, and one per agent who handed it over", &facts.rounds, code_names, day)?,
        detail("sessions", "one row per session", &facts.sessions, code_names, day)?,
        detail("receptions", "one row per session and agent", &facts.receptions, code_names, day)?,
        detail("peer_days", "one row per agent and buyer", &facts.peer_days, code_names, day)?,
    ])
}

/// A detail table of a day: `business_day` (Date32), then the published columns of a fact, each nullable. `code_names`: `None` if the fact
/// holds ids already.
pub fn detail(name: &str, grain: &str, frame: &DataFrame, code_names: Option<CodeNames>, day: Day) -> Result<OutputTable> {
    let batch = to_arrow(frame)?;
    let mut fields = vec![Field::new("business_day", DataType::Date32, false)];
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(Date32Array::from(vec![day.0; batch.num_rows()]))];
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let Some((name, array)) = named_column(field.name(), array, code_names)? else { continue };
        let comment = COMMENTS.iter().find(|(column, _)| *column == name).map(|(_, comment)| *comment);
        let metadata = comment.map(|c| HashMap::from([("comment".to_owned(), c.to_owned())])).unwrap_or_default();
        fields.push(Field::new(name, array.data_type().clone(), true).with_metadata(metadata));
        arrays.push(array);
    }
    let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
    Ok(OutputTable {
        folder: format!("details/{name}"),
        dt: Some(day),
        grain: grain.to_owned(),
        rows,
        sorted_by: vec!["shop_id"],
        rule_sets: String::new(),
    })
}

/// The audit of a day: one row per table and file, with counts of rows (Int64) such that
/// `read = used + quarantined + duplicates + outside + ignored`, the counts of emptied cells, unwrapped ids and ambiguous wall times, and the
/// warnings about the table (Utf8, a line each, in its first row; null without any).
pub fn audit_rows(audits: &[Audit], day: Day) -> Result<OutputTable> {
    let rows = audits.iter().flat_map(|a| a.files.iter().map(move |(file, counts)| (a.table.name(), file, counts))).collect::<Vec<_>>();
    // A warning may concern several files; the first row of the table holds all of them.
    let of_table = |audit: &Audit| Some(audit.all_warnings().join("\n")).filter(|warnings| !warnings.is_empty());
    let warnings = audits.iter().flat_map(|a| std::iter::once(of_table(a)).chain(std::iter::repeat(None)).take(a.files.len()));
    let texts = |of: &dyn Fn(usize) -> String| Arc::new((0..rows.len()).map(|i| Some(of(i))).collect::<StringArray>()) as ArrayRef;
    let counts = |of: fn(&crate::ingest::Tally) -> i64| Arc::new(rows.iter().map(|r| Some(of(r.2))).collect::<Int64Array>()) as ArrayRef;
    let rows = RecordBatch::try_from_iter([
        ("business_day", Arc::new(Date32Array::from(vec![day.0; rows.len()])) as ArrayRef),
        ("table", texts(&|i| rows[i].0.to_owned())),
        ("file", texts(&|i| rows[i].1.clone())),
        ("read", counts(|counts| counts.read)),
        ("used", counts(|counts| counts.used)),
        ("quarantined", counts(|counts| counts.quarantined)),
        ("duplicates", counts(|counts| counts.duplicates)),
        ("outside", counts(|counts| counts.outside)),
        ("ignored", counts(|counts| counts.ignored)),
        ("emptied", counts(|counts| counts.emptied)),
        ("unwrapped", counts(|counts| counts.unwrapped)),
        ("ambiguous", counts(|counts| counts.ambiguous)),
        ("warnings", Arc::new(warnings.collect::<StringArray>()) as ArrayRef),
    ])?;
    Ok(OutputTable {
        folder: "_meta/audit".into(),
        dt: Some(day),
        grain: "one row per table and file".into(),
        rows,
        sorted_by: vec![],
        rule_sets: String::new(),
    })
}

/// The quarantine of an input table: one row per bad input row or emptied cell (`what`), with the file, the row number, and the column,
/// value and reason of the fault.
pub fn quarantine_rows(table: &str, bad: &[QuarantinedRow], day: Day) -> Result<OutputTable> {
    let texts = |of: fn(&QuarantinedRow) -> &str| Arc::new(bad.iter().map(|b| Some(of(b))).collect::<StringArray>()) as ArrayRef;
    let rows = RecordBatch::try_from_iter([
        ("file", texts(|b| &b.file)),
        ("row", Arc::new(bad.iter().map(|b| Some(b.row)).collect::<Int64Array>()) as ArrayRef),
        ("what", texts(|b| b.what.name())),
        ("column", texts(|b| &b.fault.column)),
        ("reason", texts(|b| &b.fault.reason)),
        ("value", texts(|b| &b.fault.value)),
    ])?;
    Ok(OutputTable {
        folder: format!("quarantine/{table}"),
        dt: Some(day),
        grain: "one row per bad input row or emptied cell".into(),
        rows,
        sorted_by: vec![],
        rule_sets: String::new(),
    })
}

//! Detail tables: facts as readers trace them, with ids instead of codes and timestamps instead of numbers.

use crate::error::Result;
use crate::facts::ChatFacts;
use crate::facts::{CodeNames, named_column};
use crate::frames::to_arrow;
use crate::model::OutputTable;
use crate::names::Names;
use arrow::array::{Array, ArrayRef, Date32Array, RecordBatch};
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

//! The columns of facts as detail tables publish them: codes become ids, instants and amounts get their published dtypes, and columns that
//! only metrics read are dropped.

use super::filters::FILTERS;
use crate::error::Result;
use crate::ingest::MessageIds;
use crate::names::{ConversationNames, Names};
use arrow::array::{ArrayRef, AsArray, BinaryBuilder, Decimal128Array, StringArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit, UInt32Type};
use kefu_kernel::round::RoundOutcome;
use std::sync::Arc;

/// The ids behind the codes of chat facts.
#[derive(Clone, Copy)]
pub struct CodeNames<'a> {
    /// Of shops and agents.
    pub names: &'a Names,
    /// Of buyers and sessions.
    pub conversation_names: &'a ConversationNames,
    /// Of messages.
    pub message_ids: &'a MessageIds,
}

/// The columns that only metrics read.
const INTERNAL: [&str; 16] = [
    "is_answered",
    "is_handed_over",
    "is_robot",
    "asked",
    "unattended",
    "waiting",
    "agent_opened",
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

/// The published name and array of a column, or `None` if it is not published. `code_names`: `None` if the table holds ids already.
/// UInt32 codes become Utf8 (null for code 0), Int64 fen become Decimal128(18, 2) yuan, Int64 thousandths Decimal128(18, 3), Int64 UTC ms become Timestamp(µs, UTC); any other
/// column stays as it is. Errors: an amount or instant does not fit its published type, or a message id is not UTF-8.
pub(crate) fn named_column(name: &str, array: &ArrayRef, code_names: Option<CodeNames>) -> Result<Option<(String, ArrayRef)>> {
    if INTERNAL.contains(&name) {
        return Ok(None);
    }
    Ok(Some(match (name, code_names) {
        ("shop", Some(ids)) => ("shop_id".into(), ids_column(array, |code| non_zero(code, |code| ids.names.shop(code)))),
        ("agent", Some(ids)) => ("agent_id".into(), ids_column(array, |code| non_zero(code, |code| ids.names.agent(code)))),
        ("buyer", Some(ids)) => ("buyer_id".into(), ids_column(array, |code| non_zero(code, |code| ids.conversation_names.buyer(code)))),
        ("session", Some(ids)) => {
            ("session_id".into(), ids_column(array, |code| non_zero(code, |code| ids.conversation_names.session(code))))
        }
        ("message" | "asked_message" | "replied_message", Some(ids)) => (format!("{name}_id"), message_column(array, ids.message_ids)?),
        ("outcome", _) => {
            let outcomes = [RoundOutcome::Answered, RoundOutcome::Unanswered, RoundOutcome::HandedOver, RoundOutcome::Robot];
            (name.into(), ids_column(array, |code| outcomes.into_iter().find(|o| *o as u32 == code).map(RoundOutcome::name)))
        }
        ("filtered", _) => (name.into(), ids_column(array, |code| FILTERS.get(code as usize).copied().filter(|reason| !reason.is_empty()))),
        ("amount" | "postage", _) => {
            let fen = array.as_primitive::<Int64Type>().iter().map(|v| v.map(i128::from)).collect::<Decimal128Array>();
            (name.into(), Arc::new(fen.with_precision_and_scale(18, 2)?))
        }
        ("quantity", _) => {
            let thousandths = array.as_primitive::<Int64Type>().iter().map(|v| v.map(i128::from)).collect::<Decimal128Array>();
            (name.into(), Arc::new(thousandths.with_precision_and_scale(18, 3)?))
        }
        _ if name == "at" || name.ends_with("_at") => {
            let ms = cast(array, &DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())))?;
            (name.into(), cast(&ms, &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))?)
        }
        _ => (name.into(), Arc::clone(array)),
    }))
}

/// The typical length of a name or id in bytes, by which buffers are sized.
const TYPICAL_ID_BYTES: usize = 12;

/// The name of a code; `None` for code 0.
fn non_zero<'n>(code: u32, name: impl Fn(u32) -> &'n str) -> Option<&'n str> {
    (code > 0).then(|| name(code))
}

/// The column of names for a column of codes. Adjacent rows mostly share their code, whose name is then looked up once.
fn ids_column<'n>(codes: &ArrayRef, name: impl Fn(u32) -> Option<&'n str>) -> ArrayRef {
    let codes = codes.as_primitive::<UInt32Type>();
    let mut names = StringBuilder::with_capacity(codes.len(), codes.len() * TYPICAL_ID_BYTES);
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

/// The column of message ids for a column of their handles; null where a line has no id.
fn message_column(handles: &ArrayRef, message_ids: &MessageIds) -> Result<ArrayRef> {
    let handles = handles.as_primitive::<UInt32Type>();
    let mut ids = BinaryBuilder::with_capacity(handles.len(), handles.len() * TYPICAL_ID_BYTES);
    for handle in handles {
        ids.append_option(handle.map(|handle| message_ids.text(handle)).filter(|id| !id.is_empty()));
    }
    // The ids were valid UTF-8 when they were stored; checking the whole column at once is faster than checking each id.
    Ok(Arc::new(StringArray::try_from_binary(ids.finish())?))
}

//! attendance (出勤). Grain: one row per shop × agent with a login or a reply line on the business day.
//!
//! | column | dtype | unit | null |
//! |---|---|---|---|
//! | `shop_id`, `agent_id` | String | | never |
//! | `login_ms` | Int64 | ms logged in, online or suspended | never; 0 without a login |
//! | `suspend_ms` | Int64 | ms suspended | never; 0 without a login |
//! | `logins` | Int64 | changes from offline to online | never; 0 without a login |
//! | `first_ms`, `last_ms` | Int64 | ms from the start of the day to the first and the last instant logged in | without login time |
//!
//! duty (值班). Grain: one row per shop × agent who logged in or was logged in on the day.

use crate::error::Result;
use crate::frames::stack;
use crate::ingest::LOOKBACK_DAYS;
use kefu_kernel::calendar::{Calendar, Day};
use polars::prelude::*;

/// Computes the attendance of a day. Columns: see the file header. Errors: the calendar does not hold the day.
/// `statuses`: the rows of `agent_status`, replayed in time order from the last status before the day if that is at most 31 days old
/// (DECISIONS #30). `agent_rows`: rows of the day with `shop_id`, `agent_id` and `agent_msgs`.
pub fn attendance(statuses: LazyFrame, agent_rows: LazyFrame, calendar: &Calendar, day: Day) -> Result<LazyFrame> {
    let key = [col("shop_id"), col("agent_id")];
    let attended = attended(statuses, calendar, day)?;
    let agent_rows = agent_rows.filter(col("agent_msgs").gt(lit(0i64))).select(&key);
    let agents = stack([attended.clone().select(&key), agent_rows])?.unique(None, UniqueKeepStrategy::Any);
    let times = ["login_ms", "suspend_ms", "logins"].map(|name| col(name).fill_null(lit(0i64)));
    Ok(agents.join(attended, &key, &key, JoinArgs::new(JoinType::Left)).with_columns(times))
}

/// The agents who logged in or were logged in on the day, without the zeros for other agents. A status holds from its instant until the
/// agent's next one or the end of the day. Before the first known status an agent counts as offline.
fn attended(statuses: LazyFrame, calendar: &Calendar, day: Day) -> Result<LazyFrame> {
    let bounds = calendar.bounds(day)?;
    let (start, end) = (lit(bounds.start), lit(bounds.end));
    let known_from = lit(calendar.bounds(day.plus(-LOOKBACK_DAYS))?.start);
    let key = [col("shop_id"), col("agent_id")];
    let at = col("at");
    let is_online = col("status").eq(lit("online")).or(col("status").eq(lit("resumed")));
    let is_suspended = col("status").eq(lit("suspended"));
    let was_offline = col("is_online").or(col("is_suspended")).not().shift(lit(1)).over(&key)?.fill_null(lit(true));
    let until = at.clone().shift(lit(-1)).over(&key)?.fill_null(end.clone());
    let log = statuses
        .filter(at.clone().gt_eq(known_from).and(at.clone().lt(end)))
        .sort(["shop_id", "agent_id", "at"], SortMultipleOptions::default().with_maintain_order(true))
        .with_columns([is_online.alias("is_online"), is_suspended.alias("is_suspended")])
        .with_columns([was_offline.alias("was_offline"), until.alias("until")])
        .with_columns([
            when(at.clone().lt(start.clone())).then(start.clone()).otherwise(at.clone()).alias("from"),
            col("is_online").and(col("was_offline")).and(at.gt_eq(start.clone())).alias("is_login"),
        ]);
    let is_logged_in = col("is_online").or(col("is_suspended")).and(col("from").lt(col("until")));
    let duration = |condition: Expr| (col("until") - col("from")).filter(condition).sum();
    let attended = log.group_by(&key).agg([
        duration(is_logged_in.clone()).alias("login_ms"),
        duration(is_logged_in.clone().and(col("is_suspended"))).alias("suspend_ms"),
        col("is_login").cast(DataType::Int64).sum().alias("logins"),
        (col("from").filter(is_logged_in.clone()).min() - start.clone()).alias("first_ms"),
        (col("until").filter(is_logged_in).max() - start).alias("last_ms"),
    ]);
    Ok(attended.filter(col("login_ms").gt(lit(0i64)).or(col("logins").gt(lit(0i64)))))
}

/// duty (值班): one row per shop and agent at work on the day. Columns: `shop_id`, `buyer_id` (String). `buyer_id` holds the agent's id,
/// because states count distinct persons by the column of that name.
pub fn duty(attended: LazyFrame) -> LazyFrame {
    attended.select([col("shop_id"), col("agent_id").alias("buyer_id")])
}

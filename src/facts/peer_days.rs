//! peer_days (聊天对): one row per agent × buyer of the day (shop level: per buyer), with what is said of persons.

use crate::job::Level;
use polars::prelude::*;

/// Columns: `shop`, (`agent`), `buyer`, `filtered`, `consult` (holds a buyer line), `receive` (and is not filtered),
/// `replied` (and holds a reply line), `direct`, `transfer_in`, `transfer_out`, `first_buyer_at`, `last_buyer_at`, `buyer_msgs`, `agent_msgs`.
pub fn peer_days(level: Level, sessions: &DataFrame, receptions: &DataFrame) -> LazyFrame {
    let (rows, keys) = match level {
        Level::Shop => (sessions, vec![col("shop"), col("buyer")]),
        Level::Agent => (receptions, vec![col("shop"), col("agent"), col("buyer")]),
    };
    let received = col("consult").and(col("filtered").eq(lit(0u32)));
    rows.clone()
        .lazy()
        // The rows come in the order of their names, and leave so.
        .group_by_stable(keys)
        .agg([
            col("filtered").max(),
            col("buyer_msgs").sum(),
            col("agent_msgs").sum(),
            col("first_buyer_at").min(),
            col("last_buyer_at").max(),
            col("transferred_in").max(),
            col("transferred_out").max(),
        ])
        .with_column(col("buyer_msgs").gt(lit(0)).alias("consult"))
        .with_column(received.alias("receive"))
        .with_columns([
            col("receive").and(col("agent_msgs").gt(lit(0))).alias("replied"),
            col("receive").and(col("transferred_in").not()).alias("direct"),
            col("transferred_in").and(col("filtered").eq(lit(0u32))).alias("transfer_in"),
            col("transferred_out").and(col("filtered").eq(lit(0u32))).alias("transfer_out"),
        ])
}

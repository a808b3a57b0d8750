//! ratings (满意度). Grain: one row per satisfaction card sent on the business day.
//!
//! | column | dtype | unit | null |
//! |---|---|---|---|
//! | `shop_id`, `buyer_id` | String | | never |
//! | `agent_id` | String | | the card names no agent; nobody then stands for one agent |
//! | `session_id` | String | | the source has none |
//! | `sent_at`, `rated_at` | Int64 | UTC ms | `rated_at`: not rated |
//! | `grade` | Int64 | 1 worst to 5 best | not rated |
//! | `source`, `reason`, `target` | String | | as in `evaluations` |
//! | `nps` | Int64 | | as in `evaluations` |
//! | `left_out` | String | why no metric counts the card: an entry of `FILTERS`, or `robot` | it counts |
//! | `invites` | Boolean | the first card of its buyer × agent | never |
//! | `counts` | Boolean | the last valid rating of its buyer × agent | never |
//! | `session_counts` | Boolean | the last valid rating of its session × buyer × agent; false without a session id | never |

use crate::error::Result;
use crate::frames::frame;
use crate::ingest::Reference;
use kefu_kernel::calendar::{Calendar, Day};
use kefu_kernel::hours::windows;
use kefu_kernel::rules::Rules;
use polars::prelude::*;
use std::ops::Range;

/// The key of a peer-day: who rated whom.
const PEERS: [&str; 3] = ["shop_id", "buyer_id", "agent_id"];

/// Computes the ratings of a day, sorted by shop, buyer and time. Columns: see the file header. Errors: the calendar does not hold the day.
/// `cards`: the rows of `evaluations`. `filtered`: the filtered peer-days of the day, with the columns of [`no_filtered_peers`].
pub fn ratings(
    cards: LazyFrame,
    reference: &Reference,
    filtered: DataFrame,
    calendar: &Calendar,
    rules: &Rules,
    day: Day,
) -> Result<LazyFrame> {
    let bounds = calendar.bounds(day)?;
    let sent = col("sent_at").gt_eq(lit(bounds.start)).and(col("sent_at").lt(lit(bounds.end)));
    let cards = cards.filter(sent).with_column(col("grade").cast(DataType::Int64)).with_row_index("row", None);
    let cards = cards.with_column(col("row").cast(DataType::Int64));
    let cards = left_out(cards, reference, filtered, rules, day)?;
    let included = col("left_out").is_null();
    let valid = included.clone().and(is_valid(reference, calendar, rules, day)?);
    let in_session = valid.clone().and(col("session_id").is_not_null());
    let by_session = [PEERS.as_slice(), &["session_id"]].concat();
    // Among cards with the same time, the one read first counts as sent first, and the one read last as rated last.
    let cards = cards.with_columns([
        is_greatest(included, lit(0i64) - col("sent_at"), lit(0i64) - col("row"), &PEERS)?.alias("invites"),
        is_greatest(valid, col("rated_at"), col("row"), &PEERS)?.alias("counts"),
        is_greatest(in_session, col("rated_at"), col("row"), &by_session)?.alias("session_counts"),
    ]);
    let source_columns =
        ["shop_id", "buyer_id", "agent_id", "session_id", "sent_at", "rated_at", "grade", "source", "reason", "target", "nps"];
    let added = ["left_out", "invites", "counts", "session_counts"];
    let sorted = cards.sort(["shop_id", "buyer_id", "sent_at", "row"], SortMultipleOptions::default());
    Ok(sorted.select([source_columns.as_slice(), added.as_slice()].concat().into_iter().map(col).collect::<Vec<_>>()))
}

/// The columns of filtered peer-days without rows: `filtered` (the reason), `shop_id`, `buyer_id`, `agent_id` (String).
pub fn no_filtered_peers() -> Result<DataFrame> {
    Ok(frame! {
        "filtered" => Vec::<String>::new(),
        "shop_id" => Vec::<String>::new(),
        "buyer_id" => Vec::<String>::new(),
        "agent_id" => Vec::<String>::new(),
    }?)
}

/// Adds `left_out`: why no metric counts the card. A reason of the buyer overrides a reason of the peer-day (DECISIONS #22).
fn left_out(cards: LazyFrame, reference: &Reference, filtered: DataFrame, rules: &Rules, day: Day) -> Result<LazyFrame> {
    let buyer = [col("shop_id"), col("buyer_id")];
    let marked = |buyers: DataFrame, mark: &str| buyers.lazy().with_column(lit(true).alias(mark));
    let peers = PEERS.map(col);
    let is = |mark: &str| col(mark).fill_null(lit(false));
    let own = lit(rules.own_accounts).and(is("is_staff"));
    let blocked = lit(rules.blocklist).and(is("is_blocked"));
    let robot = lit(!rules.robots_rated).and(col("target").eq(lit("robot")).fill_null(lit(false)));
    let why = when(own).then(lit("own_accounts")).when(blocked).then(lit("blocklist")).when(robot).then(lit("robot"));
    Ok(cards
        .join(marked(reference.staff_as_buyers(day)?, "is_staff"), &buyer, &buyer, JoinArgs::new(JoinType::Left))
        .join(marked(reference.blocked_buyers(day)?, "is_blocked"), &buyer, &buyer, JoinArgs::new(JoinType::Left))
        .join(filtered.lazy(), &peers, &peers, JoinArgs::new(JoinType::Left))
        .with_column(why.otherwise(col("filtered")).alias("left_out")))
}

/// Whether a rating is valid: it has a grade, its card was sent in assessed hours, and it was given within the window, both ends included.
fn is_valid(reference: &Reference, calendar: &Calendar, rules: &Rules, day: Day) -> Result<Expr> {
    let (sent, rated) = (col("sent_at"), col("rated_at"));
    let in_time = rated.clone().gt_eq(sent.clone()).and((rated - sent.clone()).lt_eq(lit(rules.rating_window.0)));
    let within = |windows: Vec<Range<i64>>| {
        let within = |window: Range<i64>| sent.clone().gt_eq(lit(window.start)).and(sent.clone().lt(lit(window.end)));
        windows.into_iter().map(within).fold(lit(false), Expr::or)
    };
    let mut assessed = within(rules.assessed(calendar, day, reference.holidays.of_all_shops(day))?);
    for (shop, hours) in reference.holidays.of_single_shops(day) {
        assessed = when(col("shop_id").eq(lit(shop))).then(within(windows(hours, calendar, day)?)).otherwise(assessed);
    }
    Ok(col("grade").is_not_null().and(in_time).and(assessed).fill_null(lit(false)))
}

/// Whether a row has the greatest value among the rows of its key for which the condition holds. Among equal values the greatest place
/// wins.
fn is_greatest(condition: Expr, value: Expr, place: Expr, key: &[&str]) -> Result<Expr> {
    let key = key.iter().map(|name| col(*name)).collect::<Vec<_>>();
    let greatest = |of: Expr, condition: &Expr| {
        Ok::<_, PolarsError>(of.clone().eq(when(condition.clone()).then(of).otherwise(lit(NULL)).max().over(&key)?))
    };
    let has_value = condition.clone().and(greatest(value, &condition)?);
    let is_last = greatest(place, &has_value)?;
    Ok(has_value.and(is_last).fill_null(lit(false)))
}

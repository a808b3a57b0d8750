//! credits (绩效判定). Grain: one row per order event of the business day × attribution rule × agent; a silent order event, which no agent
//! earned, has one row without an agent.
//!
//! | column | dtype | unit | null |
//! |---|---|---|---|
//! | `shop_id`, `order_id`, `buyer_id` | String | | never |
//! | `rule` | String | name of an [`Attribution`] rule | never |
//! | `role` | String | `credited`, `assist` or `silent` | never |
//! | `agent_id` | String | | `silent` |
//! | `at` | Int64 | UTC ms of the order event that decided | never |
//! | `line_at` | Int64 | UTC ms of the agent's last reply line before it | `silent` |
//! | `message_id` | String | of that line | `silent`, or the log has no id |
//! | `amount`, `postage` | Int64 | fen | as in `orders` |
//! | `quantity` | Int64 | thousandths | as in `orders` |
//! | `own` | Boolean | the rule is the one configured for the shop | never |

use crate::error::Result;
use crate::frames::{collect, frame, stack};
use crate::ingest::Orders;
use kefu_kernel::calendar::{Calendar, DAY_MS, Day};
use kefu_kernel::rules::{Attribution, Rules};
use polars::prelude::*;
use std::collections::BTreeSet;

/// The columns of credits that only the detail table publishes. No metric reads them.
pub const TRACED: [&str; 4] = ["order_id", "at", "line_at", "message_id"];

/// The columns of an order that each of its order events repeats.
const ORDER_COLUMNS: [&str; 8] = ["shop_id", "order_id", "buyer_id", "created_at", "paid_at", "amount", "quantity", "postage"];

/// The order events that decide the credits of a day, one row each: the creation of orders created on the day, and the creation and the
/// payment of orders paid on it. Columns: those of `ORDER_COLUMNS`, `at` (Int64, UTC ms) and `paid` (Boolean: the event is the payment).
/// Cancelled and flagged orders have no events.
pub fn instants(orders: &Orders, calendar: &Calendar, rules: &Rules, day: Day) -> Result<LazyFrame> {
    let bounds = calendar.bounds(day)?;
    let paid = col("paid_at");
    let paid_today = paid.clone().gt_eq(lit(bounds.start)).and(paid.lt(lit(bounds.end))).fill_null(lit(false));
    let unpaid = eligible(orders.created_in(day, bounds.clone())?.filter(paid_today.not()), rules);
    stack([at_creation(unpaid), instants_of_sales(orders.paid_in(day, bounds), rules)?])
}

/// The creation and the payment of each paid order that can earn a credit. Columns: those of [`instants`].
pub(super) fn instants_of_sales(orders: LazyFrame, rules: &Rules) -> Result<LazyFrame> {
    let sales = eligible(orders, rules).filter(col("paid_at").is_not_null());
    stack([at_creation(sales.clone()), with_instant(sales, col("paid_at"), true)])
}

/// The orders that can earn a credit: neither cancelled nor flagged (插旗).
fn eligible(orders: LazyFrame, rules: &Rules) -> LazyFrame {
    orders.filter(col("cancelled_at").is_null().and(is_flagged(rules).not()))
}

/// Whether an order has an excluded flag (插旗). Never null.
pub(super) fn is_flagged(rules: &Rules) -> Expr {
    let has = |flag: &String| col("flag").eq(lit(flag.as_str())).fill_null(lit(false));
    rules.excluded_flags.iter().map(has).fold(lit(false), |flagged, has| flagged.or(has))
}

fn at_creation(orders: LazyFrame) -> LazyFrame {
    with_instant(orders, col("created_at"), false)
}

fn with_instant(orders: LazyFrame, at: Expr, paid: bool) -> LazyFrame {
    orders.select([ORDER_COLUMNS.map(col).to_vec(), vec![at.alias("at"), lit(paid).alias("paid")]].concat())
}

/// The lines that decide who earned some order events.
pub struct CreditLines {
    /// Reply lines of the days within the lookback of the events. Columns: those of [`no_replies`].
    pub replies: DataFrame,
    /// Where a rule asks for them, the received peer-days of the same days: the buyer's first and last line to the agent. Columns: those of
    /// [`no_questions`].
    pub questions: DataFrame,
}

/// Decides the credits of a day under every rule. Columns: see the file header. Under `order` an order event counts only if the order was
/// paid before the end of `final_pay_days`, and only once those days have `landed` (DECISIONS #12). `instants`: the order events of the
/// day, as [`instants`] gives them. `lines`: those of the lookback of the events.
pub fn credits(instants: LazyFrame, lines: &CreditLines, calendar: &Calendar, rules: &Rules, day: Day, landed: Day) -> Result<LazyFrame> {
    let instants = numbered(instants)?;
    let candidates = candidates(&instants, lines, rules)?;
    let bounds = calendar.bounds(day)?;
    let final_day = day.plus(rules.final_pay_days as i32);
    let created = col("created_at");
    let by_order = created.clone().gt_eq(lit(bounds.start)).and(created.lt(lit(bounds.end)));
    let by_order = by_order.and(col("paid_at").lt(lit(calendar.bounds(final_day)?.end))).fill_null(lit(false));
    let mut decided = Vec::new();
    for rule in Attribution::ALL {
        let of_rule = deciding(rule, &instants, &candidates)?;
        decided.push(match rule {
            Attribution::Order => of_rule.filter(by_order.clone().and(lit(final_day <= landed))),
            Attribution::Payment | Attribution::OrderFirst => of_rule,
        });
    }
    let role = when(col("agent_id").is_null()).then(lit("silent")).when(col("is_latest")).then(lit("credited")).otherwise(lit("assist"));
    let own = col("rule").eq(lit(rules.attribution.name()));
    let shares = with_candidates(stack(decided)?, candidates, JoinType::Left);
    let by_order_then_role = SortMultipleOptions::default().with_order_descending_multi([false, false, false, true, false]);
    let columns = ["shop_id", "order_id", "buyer_id", "rule", "role", "agent_id", "at", "line_at", "message_id"].map(col);
    Ok(shares
        .with_columns([role.alias("role"), own.alias("own")])
        .select([columns.as_slice(), &["amount", "quantity", "postage", "own"].map(col)].concat())
        .sort(["shop_id", "order_id", "rule", "role", "agent_id"], by_order_then_role))
}

/// The agent that each sale is credited to under the shop's configured rule. Columns: `shop_id`, `order_id`, `agent_id` (String). Silent
/// orders have no row, and neither have sales that count after `landed` or, under `order`, were paid too late. `instants`: the creation and
/// the payment of each sale, once. `lines`: as for [`credits`].
pub fn credited(instants: LazyFrame, lines: &CreditLines, calendar: &Calendar, rules: &Rules, landed: Day) -> Result<LazyFrame> {
    let instants = numbered(instants)?;
    let candidates = candidates(&instants, lines, rules)?;
    let landed_until = lit(calendar.bounds(landed)?.end);
    let sales = deciding(rules.attribution, &instants, &candidates)?;
    let sales = match rules.attribution {
        Attribution::Order => paid_in_time(sales, calendar, rules)?.filter(col("created_at").lt(landed_until)),
        Attribution::Payment | Attribution::OrderFirst => sales.filter(col("paid_at").lt(landed_until)),
    };
    let latest = candidates.filter(col("is_latest"));
    Ok(with_candidates(sales, latest, JoinType::Inner).select(["shop_id", "order_id", "agent_id"].map(col)))
}

/// The columns of [`credited`] without rows.
pub fn no_credited_orders() -> Result<DataFrame> {
    Ok(frame! { "shop_id" => Vec::<String>::new(), "order_id" => Vec::<String>::new(), "agent_id" => Vec::<String>::new() }?)
}

/// The sales that were paid before the end of `final_pay_days` business days after the day of their creation.
fn paid_in_time(sales: LazyFrame, calendar: &Calendar, rules: &Rules) -> Result<LazyFrame> {
    let sales = collect(sales)?;
    let mut in_time = Vec::with_capacity(sales.height());
    for (created, paid) in sales.column("created_at")?.i64()?.iter().zip(sales.column("paid_at")?.i64()?.iter()) {
        let Some((created, paid)) = created.zip(paid) else { continue };
        in_time.push(paid < calendar.bounds(calendar.day_of(created)?.plus(rules.final_pay_days as i32))?.end);
    }
    Ok(sales.filter(&BooleanChunked::from_slice("in_time".into(), &in_time))?.lazy())
}

/// Adds `instant`, a row number that candidates refer to. The result is collected, because several of the queries that follow read it.
fn numbered(instants: LazyFrame) -> Result<DataFrame> {
    collect(instants.with_row_index("instant", None))
}

/// One row per order event and agent with a reply line in `[at - credit_lookback, at]`, with the last such line.
/// Columns: `instant`, `agent_id`, `line_at`, `message_id`, `is_latest` (no other agent replied to the event later).
/// An as-of join per agent finds that line, so that a buyer's replies are never repeated for each of the buyer's orders.
fn candidates(instants: &DataFrame, lines: &CreditLines, rules: &Rules) -> Result<LazyFrame> {
    let replies = lines.replies.clone().lazy();
    let buyer = [col("shop_id"), col("buyer_id")];
    let agent = ["shop_id", "buyer_id", "agent_id"];
    let agents = replies.clone().select(agent.map(col)).unique(None, UniqueKeepStrategy::Any);
    let events = instants.clone().lazy().select(["instant", "shop_id", "buyer_id", "at"].map(col));
    let events = events.join(agents, buyer.clone(), buyer, JoinArgs::new(JoinType::Inner)).sort(["at"], SortMultipleOptions::default());
    let in_order = replies.select([agent.map(col).as_slice(), &["at", "place", "message_id"].map(col)].concat());
    let in_order = in_order.sort(["at", "place"], SortMultipleOptions::default()).with_column(col("at").alias("line_at"));
    let by = agent.map(PlSmallStr::from_static).to_vec();
    let last_before = JoinType::AsOf(Box::new(AsOfOptions {
        strategy: AsofStrategy::Backward,
        tolerance: Some(Scalar::from(rules.credit_lookback.0)),
        tolerance_str: None,
        left_by: Some(by.clone()),
        right_by: Some(by),
        allow_eq: true,
        check_sortedness: false,
    }));
    let candidates = events.join(in_order, [col("at")], [col("at")], JoinArgs::new(last_before)).filter(col("line_at").is_not_null());
    let candidates = if rules.credit_needs_buyer_line { asked_by_buyer(candidates, instants, lines, rules) } else { candidates };
    let within_instant = |value: Expr| value.max().over([col("instant")]);
    let is_last = col("line_at").eq(within_instant(col("line_at"))?);
    let place = when(is_last.clone()).then(col("place")).otherwise(lit(NULL));
    let is_latest = is_last.and(col("place").eq(within_instant(place)?));
    Ok(collect(candidates.with_column(is_latest.alias("is_latest")).drop(by_name(["shop_id", "buyer_id", "at", "place"], true, false)))?
        .lazy())
}

/// The candidates to whom the buyer wrote in `[at - credit_lookback, at]`. A peer-day lies within one business day, so that its first or its last
/// buyer line tells.
fn asked_by_buyer(candidates: LazyFrame, instants: &DataFrame, lines: &CreditLines, rules: &Rules) -> LazyFrame {
    let buyer = [col("shop_id"), col("buyer_id")];
    let events = instants.clone().lazy().select(["instant", "shop_id", "buyer_id", "at"].map(col));
    let within = |line: &str| col(line).lt_eq(col("at")).and(col(line).gt_eq(col("at") - lit(rules.credit_lookback.0)));
    let asked = events
        .join(lines.questions.clone().lazy(), buyer.clone(), buyer, JoinArgs::new(JoinType::Inner))
        .filter(within("first_buyer_at").or(within("last_buyer_at")))
        .select([col("instant"), col("agent_id")]);
    let key = [col("instant"), col("agent_id")];
    candidates.join(asked, key.clone(), key, JoinArgs::new(JoinType::Semi))
}

/// The order event that decides under a rule, one for each order, with `rule`: the creation, the payment, or (`order_first`) the creation
/// if it has a candidate and otherwise the payment.
fn deciding(rule: Attribution, instants: &DataFrame, candidates: &LazyFrame) -> Result<LazyFrame> {
    let payments = instants.clone().lazy().filter(col("paid"));
    let creations = instants.clone().lazy().filter(col("paid").not());
    let decided = match rule {
        Attribution::Order => creations,
        Attribution::Payment => payments,
        Attribution::OrderFirst => {
            let (order, instant) = ([col("shop_id"), col("order_id")], [col("instant")]);
            let sales = creations.join(payments.clone(), order.clone(), order.clone(), JoinArgs::new(JoinType::Semi));
            let answered = sales.join(candidates.clone(), instant.clone(), instant, JoinArgs::new(JoinType::Semi));
            let others = payments.join(answered.clone(), order.clone(), order, JoinArgs::new(JoinType::Anti));
            stack([answered, others])?
        }
    };
    Ok(decided.with_column(lit(rule.name()).alias("rule")))
}

fn with_candidates(decided: LazyFrame, candidates: LazyFrame, join: JoinType) -> LazyFrame {
    let instant = [col("instant")];
    decided.join(candidates, instant.clone(), instant, JoinArgs::new(join))
}

/// The columns of the reply index without rows: `shop_id`, `buyer_id`, `agent_id`, `message_id` (String), `at` (Int64, UTC ms) and `place`
/// (Int64, the position in the conversation).
pub fn no_replies() -> Result<DataFrame> {
    Ok(frame! {
        "shop_id" => Vec::<String>::new(),
        "buyer_id" => Vec::<String>::new(),
        "agent_id" => Vec::<String>::new(),
        "at" => Vec::<i64>::new(),
        "place" => Vec::<i64>::new(),
        "message_id" => Vec::<String>::new(),
    }?)
}

/// The columns of `questions` without rows: `shop_id`, `buyer_id`, `agent_id` (String), `first_buyer_at` and `last_buyer_at` (Int64, UTC ms).
pub fn no_questions() -> Result<DataFrame> {
    Ok(frame! {
        "shop_id" => Vec::<String>::new(),
        "buyer_id" => Vec::<String>::new(),
        "agent_id" => Vec::<String>::new(),
        "first_buyer_at" => Vec::<i64>::new(),
        "last_buyer_at" => Vec::<i64>::new(),
    }?)
}

/// The business days whose reply lines can earn a credit for some order events. `instants`: with `at` (Int64, UTC ms).
pub fn reply_days(instants: &DataFrame, calendar: &Calendar, rules: &Rules) -> Result<BTreeSet<Day>> {
    let mut days = BTreeSet::new();
    for at in instants.column("at")?.i64()?.iter().flatten() {
        let earliest = at.saturating_sub(rules.credit_lookback.0.max(DAY_MS));
        days.extend(calendar.day_of(earliest)?.through(calendar.day_of(at)?));
    }
    Ok(days)
}

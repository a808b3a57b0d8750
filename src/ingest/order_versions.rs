//! Orders made of the rows that were read: the newest version of each order, or of each of its items.

use super::dedup::last_versions;
use super::excluded_skus::parted_by_sku;
use super::table_frame::{FILE, PARTITION};
use crate::config::{RowUnit, SourceConfig};
use crate::error::Result;
use crate::frames::collect;
use crate::model::InputTable;
use polars::prelude::*;

/// Orders made of their versions.
pub(super) struct NewestOrders {
    /// One row per order. Columns: those of the table (`postage` is 0 where the source has none), `file` and `partition`. Sorted by
    /// `created_at`, `shop_id`, `order_id`.
    pub(super) rows: DataFrame,
    /// The rows that count: those of `rows`, or with `rows = "item"` one per item. Columns: at least `file` and `created_at`, that of the
    /// order, by which they are sorted.
    pub(super) counted: DataFrame,
    /// The newest versions that are left out for their sku. Columns: at least `file`.
    pub(super) left_out: DataFrame,
    /// What a reader of the numbers should know about the versions.
    pub(super) warnings: Vec<String>,
}

/// Makes orders of their `versions` in input order, without the items of `excluded_skus`; an order of nothing else is none. Columns: those of
/// the table, `file` and `partition`. Errors: a column is missing, a bug.
pub(super) fn newest_orders(versions: DataFrame, source: &SourceConfig, excluded_skus: &[String]) -> Result<NewestOrders> {
    let ids: &[&str] = if source.rows == RowUnit::Item { &["order_id", "item_id"] } else { &["order_id"] };
    let newest = collect(last_versions(oldest_first(versions.clone()), ids))?;
    let mut warnings = Vec::new();
    if newest.height() < versions.height() {
        warnings.extend(unlike_versions(versions, ids)?);
    }
    warnings.extend(no_sku(&newest, excluded_skus)?);
    let (kept, left_out) = parted_by_sku(newest, excluded_skus)?;
    if source.rows == RowUnit::Item {
        return of_items(kept, left_out, &source.whole, warnings);
    }
    let rows = by_creation(kept.lazy())?;
    Ok(NewestOrders { counted: rows.clone(), rows, left_out, warnings })
}

/// All versions, the newest last: by `updated_at`, and of two with the same, by the order in which they were read.
fn oldest_first(versions: DataFrame) -> LazyFrame {
    versions.lazy().sort(["updated_at"], SortMultipleOptions::default().with_maintain_order(true))
}

/// Orders sorted by creation. An order that is cancelled by word counts as cancelled; when, no metric asks.
fn by_creation(orders: LazyFrame) -> Result<DataFrame> {
    let sorted = orders
        .with_columns([
            col("postage").fill_null(lit(0i64)),
            when(is_cancelled()).then(cancelled_at()).otherwise(lit(NULL)).alias("cancelled_at"),
        ])
        .sort(["created_at", "shop_id", "order_id"], SortMultipleOptions::default());
    let mut sorted = collect(sorted)?;
    sorted.rechunk_mut();
    Ok(sorted)
}

fn is_cancelled() -> Expr {
    col("cancelled_at").is_not_null().or(col("status").eq(lit("cancelled")).fill_null(lit(false)))
}

fn cancelled_at() -> Expr {
    coalesce(&[col("cancelled_at"), col("created_at")])
}

/// Makes orders of the newest version of each item (DECISIONS #54): amount, quantity and postage of the items that are not cancelled by
/// themselves are added up, unless every row repeats them (`whole`); all else comes from the newest row.
fn of_items(items: DataFrame, left_out: DataFrame, whole: &[String], mut warnings: Vec<String>) -> Result<NewestOrders> {
    const ORDER: [&str; 2] = ["shop_id", "order_id"];
    let order = || ORDER.map(col);
    let live = is_cancelled().not();
    let counts = live.clone().or(live.any(true).over(order())?.not());
    let items = collect(items.lazy().with_column(counts.alias("counts")))?;
    let added = |name: &str| ["amount", "quantity", "postage"].contains(&name) && whole.iter().all(|column| column != name);
    let columns =
        items.columns().iter().map(|column| column.name().clone()).filter(|name| !ORDER.contains(&name.as_str()) && name != "counts");
    let merged = columns.map(|name| if added(&name) { col(name.clone()).sum() } else { col(name.clone()).last() });
    let counting = items.clone().lazy().filter(col("counts"));
    let orders = counting.clone().group_by_stable(order()).agg(merged.collect::<Vec<_>>());
    let rows = by_creation(
        orders.select(items.columns().iter().filter(|c| c.name() != "counts").map(|c| col(c.name().clone())).collect::<Vec<_>>()),
    )?;
    let created = rows.clone().lazy().select([col("shop_id"), col("order_id"), col("created_at").alias("created")]);
    let counted = items.lazy().join(created, order(), order(), JoinArgs::new(JoinType::Inner));
    let counted =
        collect(counted.select([col(FILE), col("created").alias("created_at")]).sort(["created_at"], SortMultipleOptions::default()))?;
    warnings.extend(differing_whole(counting, whole)?);
    Ok(NewestOrders { rows, counted, left_out, warnings })
}

/// The warning that the item rows of an order differ in a column that each of them repeats.
fn differing_whole(items: LazyFrame, whole: &[String]) -> Result<Option<String>> {
    for column in whole {
        let differs = col(column.as_str()).n_unique().gt(lit(1)).alias("differs");
        let orders = items.clone().group_by(["shop_id", "order_id"].map(col)).agg([differs]).filter(col("differs"));
        let count = collect(orders)?.height();
        if count > 0 {
            return Ok(Some(format!(
                "{count} orders have item rows with unlike {column}, which `whole` says is one; the newest row counts"
            )));
        }
    }
    Ok(None)
}

/// The warning that the versions of an order (or of an item) which could be the newest differ, and that nothing but their place in the files
/// tells which is. The later of two partitions is the newer one.
fn unlike_versions(versions: DataFrame, ids: &[&str]) -> Result<Option<String>> {
    let key = || std::iter::once("shop_id").chain(ids.iter().copied()).map(col).collect::<Vec<_>>();
    let is_latest = |column: &str| Ok::<_, PolarsError>(col(column).eq_missing(col(column).max().over(key())?));
    let has_others = col("amount").len().over(key())?.gt(lit(1));
    // Collected, because the partitions to compare are those of the rows that are left.
    let latest = collect(versions.lazy().filter(has_others.and(is_latest("updated_at")?)))?;
    let cells = InputTable::Orders.columns().iter().map(|column| col(column.name)).collect::<Vec<_>>();
    let unlike = latest.lazy().filter(is_latest(PARTITION)?).select(cells).unique(None, UniqueKeepStrategy::Any);
    let unlike = unlike.group_by(key()).agg([len().gt(lit(1)).alias("differ"), col("amount").n_unique().gt(lit(1)).alias("in_amount")]);
    let unlike = collect(unlike.filter(col("differ")))?;
    let in_amount = unlike.column("in_amount")?.bool()?.iter().flatten().filter(|differs| *differs).count();
    let what = if ids.len() > 1 { "items" } else { "orders" };
    let text = format!("{} {what} have several versions that differ, and no updated_at tells which is newer", unlike.height());
    Ok(match (unlike.height(), in_amount) {
        (0, _) => None,
        (_, 1..) if ids.len() == 1 => Some(format!(
            "{text}: {in_amount} differ in amount. If a row is an item, set rows = \"item\" under [orders] and map item_id; if it is a \
             version, map updated_at"
        )),
        _ => Some(format!("{text}; the one read last counts: map updated_at under [orders], or have the {{date}} of each file in path")),
    })
}

/// The warning that skus are to be left out and no row has one.
fn no_sku(newest: &DataFrame, excluded_skus: &[String]) -> Result<Option<String>> {
    let is_vain = !excluded_skus.is_empty() && newest.height() > 0 && newest.column("sku_id")?.null_count() == newest.height();
    Ok(is_vain.then(|| "excluded_skus leaves nothing out, because no row has a sku_id: map sku_id under [orders]".to_owned()))
}

//! F. Basket (客单价).

use super::declaration::*;

#[rustfmt::skip]
pub(super) fn metrics() -> Vec<Metric> {
    vec![
        metric("atv", ["客单价", "Average transaction value"], BOTH, Number, ratio("sales_amount", "sales_buyers"),
            ["客服销售额 / 销售人数（元）；无销售为空", "Credited sales / buyers sold to, in yuan; null without sales"],
            agent(&logs::SALES, "A", 100.0)).better(Higher),
        metric("items_per_buyer", ["客件数", "Items per buyer"], BOTH, Number, ratio("sales_qty", "sales_buyers"),
            ["客服销售量 / 销售人数", "Items credited / buyers sold to"],
            agent(&logs::SALES, "A", 2.0)).better(Higher),
        metric("price_per_item", ["件均价", "Price per item"], BOTH, Number, ratio("sales_amount", "sales_qty"),
            ["客服销售额 / 销售量（元）", "Credited sales / items, in yuan"],
            agent(&logs::SALES, "A", 50.0)).better(Higher),
        metric("shop_atv", ["店铺客单价", "Shop's average transaction value"], SHOP, Number, ratio("shop_amount", "shop_buyers"),
            ["店铺销售额 / 店铺销售人数（元）", "Shop sales / shop buyers, in yuan"],
            shop(&logs::SALES, 200.0 / 3.0)).better(Higher),
        metric("atv_ratio", ["落实客单价比", "Transaction value against the shop's"], AGENT, Number, OfShop("atv".into(), "shop_atv".into()),
            ["客服客单价 / 店铺客单价", "The agent's atv / the shop's shop_atv"],
            agent(&logs::SALES, "A", 1.5)).better(Higher),
    ]
}

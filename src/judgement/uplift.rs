//! `uplift_<period>` (转化率提升): what Δ more of conversion would bring: n·(c+Δ)·p − n·c·p per agent and day, × 30 × 12 per year.

use super::Case;
use super::report::{Layout, Place, places};
use crate::error::Result;
use crate::job::Level;
use crate::reports::Table;
use std::collections::HashMap;

/// A year of the formula's source: 30 × 12 days.
const DAYS_OF_YEAR: f64 = 30.0 * 12.0;

/// An agent's n, c, p and what they come to per day; a shop's is the sum over its agents.
#[derive(Clone, Copy, Default)]
struct Gain {
    agents: i64,
    inquiries: Option<f64>,
    conversion: Option<f64>,
    atv: Option<f64>,
    now: Option<f64>,
    then: Option<f64>,
}

impl Gain {
    fn per_day(&self) -> Option<f64> {
        Some(self.then? - self.now?)
    }
}

/// One row per agent and per shop. n: `inquiry_buyers` by day of the period that has data; c: `pay_final_rate`; p: `atv`. Null where one
/// of the three is. A shop adds up its agents that have a gain (`agents`): their mean × agents × 30 × 12.
pub(super) fn uplift(case: &Case) -> Result<Table> {
    let more = case.settings.uplift;
    let mut gains: HashMap<Place, Gain> = HashMap::new();
    let mut of_shops: HashMap<&str, Gain> = HashMap::new();
    for (of, report) in case.now.iter().enumerate().filter(|(_, report)| report.level == Level::Agent) {
        let [inquiries, conversion, atv] = ["inquiry_buyers", "pay_final_rate", "atv"].map(|id| report.values(id));
        let (inquiries, conversion, atv) = (inquiries?, conversion?, atv?);
        for row in 0..report.rows() {
            let n = inquiries.value(row).and_then(|n| Some(n / report.days(row)?));
            let (c, p) = (conversion.value(row), atv.value(row));
            let sales = |more: f64| Some(n? * (c? + more) * p?);
            let gain = Gain { agents: 1, inquiries: n, conversion: c, atv: p, now: sales(0.0), then: sales(more) };
            if let (Some(shop), Some(now), Some(then)) = (report.text("shop_id", row), gain.now, gain.then) {
                let sum = of_shops.entry(shop).or_default();
                sum.agents += 1;
                sum.now = Some(sum.now.unwrap_or(0.0) + now);
                sum.then = Some(sum.then.unwrap_or(0.0) + then);
            }
            gains.insert((of, row), gain);
        }
    }
    for (of, report) in case.now.iter().enumerate().filter(|(_, report)| report.level == Level::Shop) {
        let of_shop = |row: usize| report.text("shop_id", row).and_then(|shop| of_shops.get(shop)).copied().unwrap_or_default();
        gains.extend((0..report.rows()).map(|row| ((of, row), of_shop(row))));
    }
    laid_out(case, &gains)
}

fn laid_out(case: &Case, gains: &HashMap<Place, Gain>) -> Result<Table> {
    let rows = places(&case.now).into_iter().filter(|place| gains.contains_key(place)).collect::<Vec<_>>();
    let gains = rows.iter().map(|place| gains[place]).collect::<Vec<_>>();
    let mut layout = Layout::new(&case.now, rows)?;
    layout.integers("agents", gains.iter().map(|g| Some(g.agents)).collect(), "客服数 · Agents added up; 1 in an agent's row");
    let n = "n 日均询单人数 · Inquiring buyers a day; null in a shop's row";
    layout.numbers("inquiry_buyers", gains.iter().map(|g| g.inquiries).collect(), n);
    layout.numbers("pay_final_rate", gains.iter().map(|g| g.conversion).collect(), "c 询单→最终付款成功率 · Inquiry to final payment");
    layout.numbers("atv", gains.iter().map(|g| g.atv).collect(), "p 客单价(元) · Average transaction value, yuan");
    let points = vec![Some(case.settings.uplift); gains.len()];
    layout.numbers("uplift", points, "Δ 提升幅度 · Conversion added, as a share");
    layout.numbers("sales_now", gains.iter().map(|g| g.now).collect(), "n·c·p 现日销售额(元) · Sales a day as it is, yuan");
    layout.numbers("sales_then", gains.iter().map(|g| g.then).collect(), "n·(c+Δ)·p 提升后(元) · Sales a day with Δ more, yuan");
    layout.numbers("gain_per_day", gains.iter().map(Gain::per_day).collect(), "每日多得(元) · sales_then − sales_now, yuan");
    let of_year = gains.iter().map(|g| g.per_day().map(|gain| gain * DAYS_OF_YEAR)).collect();
    layout.numbers("gain_per_year", of_year, "每年多得(元)，× 30 × 12 · gain_per_day × 30 × 12, yuan; a shop's: of all its agents");
    layout.table("uplift", case.span, "one row per level, shop_id, team, agent_id")
}

//! `uplift_<period>` (转化率提升): the additional sales if the conversion rate rose by Δ: n·(c+Δ)·p − n·c·p per agent and day, × 30 × 12
//! per year.

use super::case::JudgementCase;
use super::report::{JudgementLayout, ReportRow, sorted_rows};
use crate::error::Result;
use crate::model::Level;
use crate::model::OutputTable;
use std::collections::HashMap;

/// The days of a year as the formula's source counts them: 30 × 12.
const DAYS_OF_YEAR: f64 = 30.0 * 12.0;

/// The gain of an agent, or of a shop as the sum over its agents.
#[derive(Clone, Copy, Default)]
struct Gain {
    /// The number of agents added up; 1 for an agent.
    agents: i64,
    /// n: inquiring buyers per day; null for a shop, as are the next two.
    inquiries: Option<f64>,
    /// c: the rate of inquiries with a final payment.
    conversion: Option<f64>,
    /// p: the average transaction value, in yuan.
    atv: Option<f64>,
    /// Sales per day, in yuan.
    now: Option<f64>,
    /// Sales per day with Δ more conversion, in yuan.
    then: Option<f64>,
}

impl Gain {
    /// The additional sales per day, in yuan.
    fn per_day(&self) -> Option<f64> {
        Some(self.then? - self.now?)
    }
}

/// One row per agent and per shop. n is `inquiry_buyers` divided by the days of the period that have data, c is `pay_final_rate`, p is `atv`;
/// the gain is null if one of them is. A shop's gain is the sum over its agents that have one (`agents`).
pub(super) fn uplift(case: &JudgementCase) -> Result<OutputTable> {
    let more = case.settings.uplift;
    let mut gains: HashMap<ReportRow, Gain> = HashMap::new();
    let mut by_shop: HashMap<&str, Gain> = HashMap::new();
    for (index, report) in case.now.iter().enumerate().filter(|(_, report)| report.level == Level::Agent) {
        let [inquiries, conversion, atv] = ["inquiry_buyers", "pay_final_rate", "atv"].map(|id| report.values(id));
        let (inquiries, conversion, atv) = (inquiries?, conversion?, atv?);
        for row in 0..report.rows() {
            let n = inquiries.value(row).and_then(|n| Some(n / report.days(row)?));
            let (c, p) = (conversion.value(row), atv.value(row));
            let sales = |more: f64| Some(n? * (c? + more) * p?);
            let gain = Gain { agents: 1, inquiries: n, conversion: c, atv: p, now: sales(0.0), then: sales(more) };
            if let (Some(shop), Some(now), Some(then)) = (report.text("shop_id", row), gain.now, gain.then) {
                let sum = by_shop.entry(shop).or_default();
                sum.agents += 1;
                sum.now = Some(sum.now.unwrap_or(0.0) + now);
                sum.then = Some(sum.then.unwrap_or(0.0) + then);
            }
            gains.insert((index, row), gain);
        }
    }
    for (index, report) in case.now.iter().enumerate().filter(|(_, report)| report.level == Level::Shop) {
        let gain_of = |row: usize| report.text("shop_id", row).and_then(|shop| by_shop.get(shop)).copied().unwrap_or_default();
        gains.extend((0..report.rows()).map(|row| ((index, row), gain_of(row))));
    }
    build_table(case, &gains)
}

fn build_table(case: &JudgementCase, gains: &HashMap<ReportRow, Gain>) -> Result<OutputTable> {
    let rows = sorted_rows(&case.now).into_iter().filter(|report_row| gains.contains_key(report_row)).collect::<Vec<_>>();
    let gains = rows.iter().map(|report_row| gains[report_row]).collect::<Vec<_>>();
    let mut layout = JudgementLayout::new(&case.now, rows)?;
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
    let per_year = gains.iter().map(|g| g.per_day().map(|gain| gain * DAYS_OF_YEAR)).collect();
    layout.numbers("gain_per_year", per_year, "每年多得(元)，× 30 × 12 · gain_per_day × 30 × 12, yuan; a shop's: of all its agents");
    layout.table("uplift", case.span, "one row per level, shop_id, team, agent_id")
}

//! D. Inquiry and conversion (询单). A cohort belongs to the day of the inquiry.

use super::declaration::*;
use crate::model::Fact;

#[rustfmt::skip]
#[expect(clippy::too_many_lines, reason = "a list of declarations")]
pub(super) fn metrics() -> Vec<Metric> {
    // What an inquiry came to. Whoever ordered after the consult is an inquiry, so the outcome is the flag alone.
    let cohort = |outcome: &'static str| persons(Fact::Inquiries, move |_| col(outcome));
    let less = |a: &str, b: &str| Difference(a.to_owned(), b.to_owned());
    vec![
        metric("inquiry_buyers", ["询单人数", "Inquiring buyers"], BOTH, Count, cohort("inquiry"),
            ["接待的买家，除去售后：咨询前 after_sale_days 内下过单且到次日末未再下单者", "Received buyers, without after-sales: those with an order in the `after_sale_days` before the consult and none from it to the end of D+1"],
            shop(&logs::CONVERSION, 3.0)).final_after(NextDay),
        metric("order_same_day_buyers", ["询单→当日下单人数", "Inquiry to order on the day"], BOTH, Count, cohort("order_same_day"),
            ["咨询后当日下单的询单买家", "Inquiring buyers with an order created from the consult to the end of the day"],
            shop(&logs::CONVERSION, 1.0)).final_after(NextDay).better(Higher),
        metric("order_same_day_rate", ["询单→当日下单率", "Inquiry to order on the day, rate"], BOTH, Rate, ratio("order_same_day_buyers", "inquiry_buyers"),
            ["/ 询单人数", "/ inquiring buyers"],
            shop(&logs::CONVERSION, 1.0 / 3.0)).final_after(NextDay).better(Higher),
        metric("order_final_buyers", ["询单→最终下单人数", "Inquiry to final order"], BOTH, Count, cohort("order_final"),
            ["咨询后到次日末下单的询单买家", "Inquiring buyers with an order created from the consult to the end of D+1"],
            shop(&logs::CONVERSION, 2.0)).final_after(NextDay).better(Higher),
        metric("order_final_rate", ["询单→最终下单率", "Inquiry to final order, rate"], BOTH, Rate, ratio("order_final_buyers", "inquiry_buyers"),
            ["/ 询单人数", "/ inquiring buyers"],
            shop(&logs::CONVERSION, 2.0 / 3.0)).final_after(NextDay).better(Higher),
        metric("inquiry_loss_buyers", ["询单流失人数", "Inquiries lost"], BOTH, Count, less("inquiry_buyers", "order_final_buyers"),
            ["询单人数 − 最终下单人数", "Inquiring buyers − those who finally ordered"],
            shop(&logs::CONVERSION, 1.0)).final_after(NextDay).better(Lower),
        metric("inquiry_loss_rate", ["询单流失率", "Inquiry loss rate"], BOTH, Rate, ratio("inquiry_loss_buyers", "inquiry_buyers"),
            ["/ 询单人数", "/ inquiring buyers"],
            shop(&logs::CONVERSION, 1.0 / 3.0)).final_after(NextDay).better(Lower),
        metric("pay_next_day_buyers", ["询单→次日付款人数", "Inquiry to payment by the next day"], BOTH, Count, cohort("pay_next_day"),
            ["最终下单且次日末前付款的询单买家", "Inquiring buyers who paid such an order before the end of D+1"],
            shop(&logs::CONVERSION, 1.0)).final_after(NextDay).better(Higher),
        metric("pay_next_day_rate", ["询单→次日付款成功率", "Inquiry to payment by the next day, rate"], BOTH, Rate, ratio("pay_next_day_buyers", "inquiry_buyers"),
            ["/ 询单人数", "/ inquiring buyers"],
            shop(&logs::CONVERSION, 1.0 / 3.0)).final_after(NextDay).better(Higher),
        metric("pay_final_buyers", ["询单→最终付款人数", "Inquiry to final payment"], BOTH, Count, cohort("pay_final"),
            ["最终下单且 D+final_pay_days（默认 4）末前付款的询单买家", "Inquiring buyers who paid such an order before the end of D+`final_pay_days` (4)"],
            shop(&logs::CONVERSION, 1.0)).final_after(FinalPay).better(Higher),
        metric("pay_final_rate", ["询单→最终付款成功率", "Inquiry to final payment, rate"], BOTH, Rate, ratio("pay_final_buyers", "inquiry_buyers"),
            ["/ 询单人数", "/ inquiring buyers"],
            shop(&logs::CONVERSION, 1.0 / 3.0)).final_after(FinalPay).better(Higher),
        metric("order_pay_final_buyers", ["下单→最终付款人数", "Order to final payment"], BOTH, Count, persons(Fact::Inquiries, |_| col("order_final").and(col("pay_final"))),
            ["最终下单的询单买家中最终付款者", "Inquiring buyers who ordered and finally paid"],
            shop(&logs::CONVERSION, 1.0)).final_after(FinalPay).better(Higher),
        metric("order_pay_final_rate", ["下单→最终付款成功率", "Order to final payment, rate"], BOTH, Rate, ratio("order_pay_final_buyers", "order_final_buyers"),
            ["/ 最终下单人数", "/ those who finally ordered"],
            shop(&logs::CONVERSION, 0.5)).final_after(FinalPay).better(Higher),
        metric("pay_loss_buyers", ["付款流失人数", "Payments lost"], BOTH, Count, less("order_final_buyers", "pay_final_buyers"),
            ["最终下单人数 − 最终付款人数", "Those who finally ordered − those who finally paid"],
            shop(&logs::CONVERSION, 1.0)).final_after(FinalPay).better(Lower),
        metric("pay_loss_amount", ["付款流失金额", "Amount of payments lost"], BOTH, Money, sum(Fact::Inquiries, |_| col("lost")),
            ["付款流失买家在 [咨询, 次日末) 下单而到 D+final_pay_days 末未付款的金额，按日相加", "Amount of the lost payers' orders created in [consult, end of D+1) and unpaid at the end of D+`final_pay_days`, added up by day"],
            shop(&logs::CONVERSION, 50.0)).final_after(FinalPay).better(Lower),
        metric("lead_receptions", ["有效信息接待量", "Receptions with a lead"], AGENT, Count, count_if(Fact::Sessions, |_| col("lead")),
            ["买家消息中留有手机号（可带 +86）、邮箱或微信号的接待", "Receptions in which a buyer line holds a mobile number, with or without +86, an e-mail address or a WeChat id"],
            agent(&logs::LEAD, "A", 1.0)).component(),
        metric("lead_rate", ["有效信息转化率", "Lead rate"], AGENT, Rate, ratio("lead_receptions", "receptions"),
            ["留有联系方式的接待 / 有买家消息的接待", "Receptions with a lead / receptions with a buyer line"],
            agent(&logs::LEAD, "A", 0.5)).better(Higher),
        metric("paid_buyers", ["付款买家数", "Buyers who paid"], SHOP, Count, persons(Fact::Payments, |_| col("paid")),
            ["期内有付款订单的去重买家", "Distinct buyers with an order paid in the period"],
            shop(&logs::SALES, 3.0)).component(),
        metric("silent_paid_buyers", ["静默付款买家数", "Buyers who paid in silence"], SHOP, Count, persons(Fact::Payments, |_| col("paid_silently")),
            ["付款前 credit_lookback 内没有买家消息的付款买家", "Buyers with an order paid in the period and no buyer line in the `credit_lookback` before that payment"],
            shop(&logs::SALES, 1.0)).component(),
        metric("silent_rate", ["静默率", "Silent rate"], SHOP, Rate, ratio("silent_paid_buyers", "paid_buyers"),
            ["静默付款买家 / 付款买家", "Buyers who paid in silence / buyers who paid"],
            shop(&logs::SALES, 1.0 / 3.0)),
    ]
}

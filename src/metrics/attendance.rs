//! J. Attendance (出勤): the status log replayed day by day.

use super::declaration::*;
use crate::model::Fact;

#[rustfmt::skip]
pub(super) fn metrics() -> Vec<Metric> {
    let ms = |column: &'static str| sum(Fact::Attendance, move |_| col(column));
    let log = &logs::WORK_DAY;
    vec![
        metric("work_days", ["上班天数", "Work days"], AGENT, Count, count_if(Fact::Attendance, |_| col("shop_id").is_not_null()),
            ["有登录或有回复消息的业务天", "Business days with a login or a reply line"],
            agent(log, "A", 1.0)).better(Higher),
        metric("login_ms_sum", ["登录毫秒数之和", "Login time in ms"], AGENT, Milliseconds, ms("login_ms"),
            ["在线与挂起的毫秒数；按业务天切开，跨零点的两边各算各的", "Online and suspended time, cut at the ends of business days"],
            agent(log, "A", 32_400_000.0)).component(),
        metric("login_s", ["登录时长", "Login time"], AGENT, Seconds, InSeconds("login_ms_sum".into()),
            ["业务天内在线与挂起的时间", "Online and suspended time within business days"],
            agent(log, "A", 32_400.0)),
        metric("suspend_ms_sum", ["挂起毫秒数之和", "Suspended time in ms"], AGENT, Milliseconds, ms("suspend_ms"),
            ["挂起的毫秒数", "Suspended time"],
            agent(log, "A", 3_600_000.0)).component(),
        metric("suspend_s", ["挂起时长", "Suspended time"], AGENT, Seconds, InSeconds("suspend_ms_sum".into()),
            ["业务天内挂起的时间", "Suspended time within business days"],
            agent(log, "A", 3_600.0)).better(Lower),
        metric("login_times", ["登录次数", "Logins"], AGENT, Count, sum(Fact::Attendance, |_| col("logins")),
            ["由离线变为在线的次数；恢复也算上线，离线直接变为挂起不算", "Changes from offline to online; resuming is going online, from offline to suspended is no login"],
            agent(log, "A", 1.0)),
        metric("login_days", ["登录天数", "Days with a login"], AGENT, Count, count_if(Fact::Attendance, |_| col("first_ms").is_not_null()),
            ["有登录时间的业务天", "Business days with login time"],
            agent(log, "A", 1.0)).component(),
        metric("first_online_ms_sum", ["首次上线毫秒数之和", "First time online in ms"], AGENT, Milliseconds, ms("first_ms"),
            ["各天首次上线距业务天开始的毫秒数之和", "Sum over days of the first instant online, ms after the start of the business day"],
            agent(log, "A", 32_400_000.0)).component(),
        metric("first_online", ["首次上线", "First online"], AGENT, Seconds, ratio("first_online_ms_sum", "login_days"),
            ["距业务天开始的秒数，登录各天的平均；前一天未下线为 0", "Seconds after the start of the business day, mean over the days with a login; 0 where the day before did not end offline"],
            agent(log, "A", 32_400.0)),
        metric("last_offline_ms_sum", ["最后下线毫秒数之和", "Last time offline in ms"], AGENT, Milliseconds, ms("last_ms"),
            ["各天最后下线距业务天开始的毫秒数之和", "Sum over days of the last instant online, ms after the start of the business day"],
            agent(log, "A", 64_800_000.0)).component(),
        metric("last_offline", ["最后下线", "Last offline"], AGENT, Seconds, ratio("last_offline_ms_sum", "login_days"),
            ["距业务天开始的秒数，登录各天的平均；未下线为全天", "Seconds after the start of the business day, mean over the days with a login; the day's length where it does not end offline"],
            agent(log, "A", 64_800.0)),
        metric("reception_time_share", ["接待时长占比", "Share of time in receptions"], AGENT, Rate, ratio("reception_ms_sum", "login_ms_sum"),
            ["接待总时长 / 登录时长；同时接待多人时可超过 1", "Reception time / login time; above 1 where receptions run side by side"],
            agent(log, "A", 0.01)).better(Higher),
        metric("duty_agents", ["值班客服数", "Agents on duty"], SHOP, Count, persons(Fact::Duty, |_| col("duty")),
            ["期内有上班天的客服，去重", "Distinct agents with a work day in the period"],
            shop(log, 1.0)),
    ]
}

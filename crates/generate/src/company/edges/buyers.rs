//! Who counts as a buyer, and for how many agents and shops.

use crate::company::edge_case::{DEFAULT_CASE, EdgeCase, ask, reply};
use crate::company::people::{CHENMO, LINXI, SUTONG, XIAOMAI, ZHOUQI};

/// The cases of this chapter.
pub(super) static CASES: [EdgeCase; 6] = [
    EdgeCase {
        id: "two-agents",
        zh: "一天两客服",
        happens: "One buyer, one day: 林溪 at 10:00, 陈默 at 15:00, in two sessions.",
        shows: "2 peer-days; consult_buyers 1 for each agent and 1 for the shop; sessions 2; waits 15 s and 45 s.",
        lines: &[
            ask("09-18 10:00:00", "四件套有几个颜色？").to(LINXI).session("1"),
            reply("09-18 10:00:15", LINXI, "有雾蓝、豆沙和奶白。").session("1"),
            ask("09-18 15:00:00", "雾蓝和图片色差大吗？").to(CHENMO).session("2"),
            reply("09-18 15:00:45", CHENMO, "实物拍摄，色差很小的。").session("2"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "two-shops",
        zh: "一人两店",
        happens: "The same buyer asks in 云朵家居 at 10:00 and in 小麦童鞋 at 10:05.",
        shows: "2 conversations; consult_buyers 1 in each shop; waits 30 s and 20 s.",
        lines: &[
            ask("09-19 10:00:00", "枕头可以单买枕套吗？").to(LINXI),
            reply("09-19 10:00:30", LINXI, "可以的，枕套19.9一对。"),
            ask("09-19 10:05:00", "运动鞋30码脚长多少？").to(SUTONG).in_shop(XIAOMAI),
            reply("09-19 10:05:20", SUTONG, "30码适合脚长18.5厘米。").in_shop(XIAOMAI),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "blocked",
        zh: "黑名单过滤",
        happens: "An advertiser chats on 5 September and, on the blocklist since the 8th, again on the 10th.",
        shows: "10 Sep and its week: consult 1, filtered 1, receive 0. September: receive 1, filtered 0 (not filtered every day).",
        lines: &[
            ask("09-05 10:30:00", "掌柜你好，在吗").to(LINXI).session("1"),
            reply("09-05 10:30:30", LINXI, "在的亲。").session("1"),
            ask("09-10 20:00:00", "专业代运营，包上首页").to(LINXI).session("2"),
            ask("09-10 20:00:10", "首月免费，了解一下").to(LINXI).session("2"),
            reply("09-10 20:01:00", LINXI, "不需要，谢谢。").session("2"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "own-account",
        zh: "自家账号",
        happens: "周琪 tries out the shop's chat with her own account, yd-zhouqi, as the buyer.",
        shows: "consult 1, filtered 1 (own_accounts), receive 0; the round of 5 s is in no metric.",
        lines: &[
            ask("09-11 09:00:00", "测试一下欢迎语").to(LINXI).by(ZHOUQI),
            reply("09-11 09:00:05", LINXI, "收到，显示正常。").by(ZHOUQI),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "lead",
        zh: "留资",
        happens: "One buyer leaves a phone number, one a WeChat id, one an order number that contains a phone number's digits.",
        shows: "lead_rate counts 2 of 3 receptions: b-lead-1 and b-lead-2.",
        lines: &[
            ask("09-12 14:00:00", "收货电话换成 138 0013 8000").to(LINXI).by("b-lead-1").session("1"),
            reply("09-12 14:00:20", LINXI, "已经帮您改好了。").by("b-lead-1").session("1"),
            ask("09-12 14:10:00", "加我微信：yunduo_fan66 发实拍图").to(LINXI).by("b-lead-2").session("2"),
            reply("09-12 14:10:20", LINXI, "图片在这里发给您就可以哦。").by("b-lead-2").session("2"),
            ask("09-12 14:20:00", "订单号 460013800138001288").to(LINXI).by("b-lead-3").session("3"),
            reply("09-12 14:20:20", LINXI, "收到，我查一下。").by("b-lead-3").session("3"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "text",
        zh: "引号、换行与表情",
        happens: "A line with a comma, quotes, a line break and an emoji; the reply is 有的😀.",
        shows: "One row each; wait 12 s; agent_words 3.",
        lines: &[ask("09-06 12:00:00", "你好, \"云朵\"四件套有\n1.8m床的吗？😀").to(LINXI), reply("09-06 12:00:12", LINXI, "有的😀")],
        ..DEFAULT_CASE
    },
];

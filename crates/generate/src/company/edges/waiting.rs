//! How long a buyer waits, and which line ends the wait.

use crate::company::edge_case::{DEFAULT_CASE, EdgeCase, ask, event, reply, robot};
use crate::company::people::{CHENMO, LINXI, WUHAN};

/// The cases of this chapter.
pub(super) static CASES: [EdgeCase; 13] = [
    EdgeCase {
        id: "asked-twice",
        zh: "连问两句",
        happens: "The buyer asks at 10:10:15 and again at 10:15:20; the reply comes at 10:18:10.",
        shows: "One round of 2 asks, wait 475 s from the first; by message, waits of 475 s and 170 s, so 1 of 2 in 3 minutes.",
        lines: &[
            ask("09-01 10:10:15", "你好，水洗棉四件套会掉色吗？").to(LINXI),
            ask("09-01 10:15:20", "在吗？").to(LINXI),
            reply("09-01 10:18:10", LINXI, "亲，久等了，这款是活性印染，正常洗涤不掉色的。"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "midnight",
        zh: "跨零点等待",
        happens: "Asked at 23:58:30 on 2 September, answered at 00:03:10 on the 3rd, and a new question at 00:05:00.",
        shows: "2 Sep: 1 round, unanswered, closed at 24:00. 3 Sep: the first reply opens nothing; 1 round, wait 20 s.",
        lines: &[
            ask("09-02 23:58:30", "现在拍明天能发货吗？").to(LINXI),
            reply("09-03 00:03:10", LINXI, "可以的亲，明天下午四点前发出。"),
            ask("09-03 00:05:00", "好的，发什么快递？").to(LINXI),
            reply("09-03 00:05:20", LINXI, "默认发中通哦。"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "queue",
        zh: "排队",
        happens: "Two lines to nobody at 14:00:00 and 14:00:30, an assign event at 14:01:30, the reply at 14:02:00.",
        shows: "Shop wait 120 s, agent wait 30 s, queue 90 s; both buyer lines are 林溪's.",
        lines: &[
            ask("09-01 14:00:00", "乳胶枕有几个高度？"),
            ask("09-01 14:00:30", "颈椎不好能用吗？"),
            event("09-01 14:01:30", "assign", LINXI),
            reply("09-01 14:02:00", LINXI, "有8厘米和10厘米两种，颈椎不好建议选矮一点的。"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "queue-lost",
        zh: "排队流失",
        happens: "The buyer asks at 21:30:00, no robot answers, nobody ever takes the chat.",
        shows: "1 unanswered round with agent_id null; leave_messages 1; queued_sessions 1, but not in avg_queue_s.",
        lines: &[ask("09-01 21:30:00", "有人吗？想问下毯子尺寸")],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "robot",
        zh: "机器人与自动回复",
        happens: "Asked at 09:30:00 and 09:30:40; a robot greeting and an automatic reply in between; a person at 09:31:10.",
        shows: "Wait 70 s; auto_msgs 2, agent_msgs 1: lines with reply_mode auto are no replies.",
        lines: &[
            ask("09-04 09:30:00", "在吗").to(LINXI),
            robot("09-04 09:30:01", "您好，我是小云，常见问题回复数字即可。").to(LINXI),
            ask("09-04 09:30:40", "夏凉被可以机洗吗").to(LINXI),
            reply("09-04 09:30:41", LINXI, "【自动回复】亲，客服稍后就到。").reply_mode("auto"),
            reply("09-04 09:31:10", LINXI, "可以的，装洗衣袋，选轻柔模式。"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "assist",
        zh: "辅助回复",
        happens: "The answer sent at 16:20:05 was proposed by the assistant and sent by the agent (reply_mode assist).",
        shows: "It is a reply: wait 5 s; agent_msgs 1.",
        lines: &[
            ask("09-04 16:20:00", "支持七天无理由吗？").to(CHENMO),
            reply("09-04 16:20:05", CHENMO, "支持七天无理由退换，不影响二次销售即可。").reply_mode("assist"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "recalled-buyer",
        zh: "买家撤回",
        happens: "The buyer recalls the line of 13:00:00, asks again at 13:02:00 and is answered at 13:02:30.",
        shows: "Wait 30 s, not 150 s; buyer_msgs 1.",
        lines: &[
            ask("09-04 13:00:00", "发错人了").to(LINXI).recalled(),
            ask("09-04 13:02:00", "四件套的床单是床笠款吗？").to(LINXI),
            reply("09-04 13:02:30", LINXI, "床单款和床笠款都有，拍的时候选一下就好。"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "recalled-agent",
        zh: "客服撤回",
        happens: "The agent answers at 13:10:20, recalls that and answers again at 13:12:00.",
        shows: "Wait 20 s: the buyer had the recalled line; agent_msgs 2.",
        lines: &[
            ask("09-05 13:10:00", "毯子多大的？").to(CHENMO),
            reply("09-05 13:10:20", CHENMO, "1米2乘2米的。").recalled(),
            reply("09-05 13:12:00", CHENMO, "不好意思看错了，是1米5乘2米。"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "tie",
        zh: "同一毫秒",
        happens: "Question and reply bear the same millisecond; the file has the reply (seq 2) before the question (seq 1).",
        shows: "seq decides: 1 answered round, wait 0 s, left out of resp_capped_avg_s. By file order it would be unanswered.",
        lines: &[
            reply("09-05 18:00:00", WUHAN, "亲，您的退款已经处理好了。").seq(2),
            ask("09-05 18:00:00", "退款到哪一步了？").to(WUHAN).seq(1),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "three-minutes",
        zh: "恰好三分钟",
        happens: "One session: a reply after exactly 180.000 s, then one after 180.001 s.",
        shows: "In 3 minutes: rounds 1 of 2, person 0 of 1, session 0 of 1 (mean 180.0005 s), first 1 of 1, messages 1 of 2.",
        lines: &[
            ask("09-08 10:00:00.000", "夏凉被冬天能盖吗？").to(CHENMO),
            reply("09-08 10:03:00.000", CHENMO, "夏凉被偏薄，冬天建议配厚被芯。"),
            ask("09-08 10:10:00.000", "那有厚的推荐吗？").to(CHENMO),
            reply("09-08 10:13:00.001", CHENMO, "大豆纤维冬被十月上新，可以先收藏。"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "hours",
        zh: "考核时段边界",
        happens: "Four buyers ask at 07:59:59.999, 08:00, 22:59:59.999 and 23:00; each is answered 20 s later.",
        shows: "4 rounds of 20 s, 2 of them assessed: b-hours-2 and b-hours-3.",
        lines: &[
            ask("09-10 07:59:59.999", "早，今天几点发货？").to(LINXI).by("b-hours-1").session("1"),
            reply("09-10 08:00:19.999", LINXI, "早上好，下午四点。").by("b-hours-1").session("1"),
            ask("09-10 08:00:00.000", "枕头有现货吗？").to(LINXI).by("b-hours-2").session("2"),
            reply("09-10 08:00:20.000", LINXI, "有现货的亲。").by("b-hours-2").session("2"),
            ask("09-10 22:59:59.999", "还有客服吗？").to(CHENMO).by("b-hours-3").session("3"),
            reply("09-10 23:00:19.999", CHENMO, "在的亲，您说。").by("b-hours-3").session("3"),
            ask("09-10 23:00:00.000", "能开发票吗？").to(CHENMO).by("b-hours-4").session("4"),
            reply("09-10 23:00:20.000", CHENMO, "可以开电子发票。").by("b-hours-4").session("4"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "duplicate",
        zh: "重复消息",
        happens: "The question of 17:00:00 stands in the log twice under one message id; the reply comes at 17:00:40.",
        shows: "buyer_msgs 1, asks 1, wait 40 s; 1 row counted as a duplicate.",
        lines: &[
            ask("09-11 17:00:00", "四件套几天能到成都？").to(LINXI),
            ask("09-11 17:00:00", "四件套几天能到成都？").to(LINXI).repeats(1),
            reply("09-11 17:00:40", LINXI, "成都一般三天左右。"),
        ],
        ..DEFAULT_CASE
    },
    EdgeCase {
        id: "duplicate-recalled",
        zh: "重复且撤回",
        happens: "The second copy of the 17:30:00 line says recalled; asked again at 17:31:00, answered at 17:31:15.",
        shows: "The message is recalled: asks 1, wait 15 s; buyer_msgs 1; 1 duplicate.",
        lines: &[
            ask("09-11 17:30:00", "地址发错了").to(CHENMO),
            ask("09-11 17:30:00", "地址发错了").to(CHENMO).recalled().repeats(1),
            ask("09-11 17:31:00", "可以改收货地址吗？").to(CHENMO),
            reply("09-11 17:31:15", CHENMO, "没发货就可以改，您发我新地址。"),
        ],
        ..DEFAULT_CASE
    },
];

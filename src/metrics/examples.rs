//! The logs of the worked examples. Each is small enough to check by hand. All are of one shop on 2026-09-01 in Shanghai, under the default
//! rules, when ninety more days have landed.

/// A log. A line is `time session buyer sender text`, an order `id buyer created paid amount quantity postage`.
/// The sender is `buyer`, `buyer>A` (addressed to agent A), `A` (a reply), `robot`, or an event `assign>A`, `transfer>B`.
/// A time on another day is written `+1/09:00:00`. `-` is null.
pub struct Log {
    /// Its name in the documentation of examples.
    pub name: &'static str,
    /// The chat lines.
    pub lines: &'static [&'static str],
    /// The orders.
    pub orders: &'static [&'static str],
    /// The visitors of the shop on the day; `None`: no visits table.
    pub visitors: Option<i64>,
    /// A buyer on the blocklist, if any.
    pub blocked: Option<&'static str>,
    /// Other input tables by name, as CSV lines after a header line; `shop_id` is added to each. A cell in the short form of a time is an
    /// instant, and `@-1` is the date of the day before.
    pub tables: &'static [(&'static str, &'static [&'static str])],
}

/// A worked example: a log, a row of its report, and the value computed by hand.
#[derive(Clone)]
pub struct Example {
    /// The log.
    pub log: &'static Log,
    /// The agent of the row; `None`: the shop's row.
    pub agent: Option<&'static str>,
    /// The period of the report: `day`, or a longer one that begins with the day.
    pub period: &'static str,
    /// The expected value in the published unit.
    pub value: f64,
}

impl Example {
    /// The example in the report of a longer period.
    pub fn over(self, period: &'static str) -> Example {
        Example { period, ..self }
    }
}

/// An example in the shop's row of the day.
pub fn shop(log: &'static Log, value: f64) -> Example {
    Example { log, agent: None, period: "day", value }
}

/// An example in an agent's row of the day.
pub fn agent(log: &'static Log, agent: &'static str, value: f64) -> Example {
    Example { log, agent: Some(agent), period: "day", value }
}

/// A log without orders or other tables.
const fn log(name: &'static str, lines: &'static [&'static str]) -> Log {
    Log { name, lines, orders: &[], visitors: None, blocked: None, tables: &[] }
}

/// Waits of 50, 40, 30 and 20 s in two overlapping receptions of one agent.
pub static TWO_SESSIONS: Log = log(
    "two sessions",
    &[
        "10:00:00 s1 b1 buyer 在吗",
        "10:00:50 s1 b1 A 在的",
        "10:01:00 s1 b1 buyer 有货吗",
        "10:01:40 s1 b1 A 有",
        "10:01:50 s1 b1 buyer 谢谢",
        "10:02:20 s1 b1 A 不客气",
        "10:01:00 s2 b2 buyer 你好",
        "10:01:20 s2 b2 A 你好",
    ],
);

/// A buyer asks twice before the reply: one round, whose wait starts at the first question.
pub static ASKED_TWICE: Log =
    log("asked twice", &["10:10:15 s1 b1 buyer 发货了吗", "10:15:20 s1 b1 buyer 在吗", "10:18:10 s1 b1 A 今天发"]);

/// The round above, then one answered in time.
pub static TWO_ROUNDS: Log = log(
    "two rounds",
    &[
        "10:10:15 s1 b1 buyer 发货了吗",
        "10:15:20 s1 b1 buyer 在吗",
        "10:18:10 s1 b1 A 今天发",
        "10:18:30 s1 b1 buyer 好",
        "10:19:00 s1 b1 A 嗯",
    ],
);

/// Waits of 60 s and 290 s: 175 s on average.
pub static MEAN_IN_TIME: Log =
    log("mean in time", &["10:00:00 s1 b1 buyer 你好", "10:01:00 s1 b1 A 你好", "10:02:00 s1 b1 buyer 尺码", "10:06:50 s1 b1 A 建议M"]);

/// Waits of 15 s and 700 s.
pub static CAPPED: Log = log(
    "a wait over ten minutes",
    &["10:00:00 s1 b1 buyer 你好", "10:00:15 s1 b1 A 你好", "10:01:00 s1 b1 buyer 尺码", "10:12:40 s1 b1 A 建议M"],
);

/// Four minutes in the queue, then answered in 20 s.
pub static QUEUE: Log = log(
    "a queue",
    &[
        "09:59:59 s1 b1 robot 您好",
        "10:00:00 s1 b1 buyer 人呢",
        "10:02:00 s1 b1 buyer 有人吗",
        "10:04:00 s1 b1 assign>A -",
        "10:04:20 s1 b1 A 来了",
    ],
);

/// A robot settles the first question, and A answers the second after 30 s.
pub static ROBOT: Log = log(
    "a robot",
    &["10:00:00 s1 b1 buyer 几点发货", "10:00:03 s1 b1 robot 下午四点", "10:05:00 s1 b1 buyer 我要改地址", "10:05:30 s1 b1 A 改好了"],
);

/// Addressed to A, who stays silent; B takes over inside the round.
pub static TRANSFER: Log = log("a transfer", &["10:00:00 s1 b1 buyer>A 在吗", "10:01:00 s1 b1 transfer>B -", "10:01:30 s1 b1 B 您好呀"]);

/// One question to A, which nobody answers.
pub static UNANSWERED: Log = log("nobody answers", &["10:00:00 s1 b1 buyer>A 在吗"]);

/// One question at two in the morning.
pub static LEFT_MESSAGE: Log = log("a message left", &["02:00:00 s1 b1 buyer 有人吗"]);

/// One session with a silence of half an hour, in which the wait is 9.999 s.
pub static LONG: Log = log(
    "a long reception",
    &["10:00:00 s1 b1 buyer 你好", "10:00:10 s1 b1 A 你好", "10:30:10.001 s1 b1 buyer 还在吗", "10:30:20 s1 b1 A 在"],
);

/// Two receptions, one with a mobile number.
pub static LEAD: Log = log("a lead", &["10:00:00 s1 b1 buyer>A 我的手机13812345678", "10:00:00 s2 b2 buyer>A 订单号2138123456789在哪"]);

/// Two buyers, of whom one is on the blocklist.
pub static FILTERED: Log =
    Log { blocked: Some("b2"), ..log("a blocked buyer", &["10:00:00 s1 b1 buyer>A 你好", "10:00:00 s2 b2 buyer>A 加群领券"]) };

/// One buyer among ten visitors.
pub static VISITED: Log = Log { visitors: Some(10), ..log("ten visitors", &["10:00:00 s1 b1 buyer 你好"]) };

/// b1 orders on the day and pays; b2 orders the next day and never pays; b3 never orders; b4 ordered before: after-sales.
pub static CONVERSION: Log = Log {
    orders: &["o1 b1 10:05:00 +1/08:00:00 99.00 1 -", "o2 b2 +1/09:00:00 - 50.00 1 -", "o4 b4 -3/09:00:00 -3/09:01:00 20.00 1 -"],
    ..log(
        "four buyers",
        &["10:00:00 s1 b1 buyer>A 推荐", "10:00:00 s2 b2 buyer>A 推荐", "10:00:00 s3 b3 buyer>A 推荐", "10:00:00 s4 b4 buyer>A 到哪了"],
    )
};

/// A earns b1's order; b2 never chatted; b3 asked, but nobody replied.
pub static SALES: Log = Log {
    orders: &["o1 b1 10:05:00 10:06:00 100.00 2 6.00", "o2 b2 11:00:00 11:00:30 40.00 1 -", "o3 b3 12:00:00 12:01:00 60.00 1 -"],
    ..log("three orders", &["10:00:00 s1 b1 buyer 推荐", "10:00:20 s1 b1 A 这款", "11:30:00 s2 b3 buyer 在吗"])
};

/// A and B both replied before the order; A last.
pub static ASSIST: Log = Log {
    orders: &["o1 b1 10:05:00 10:06:00 80.00 1 -"],
    ..log("two candidates", &["10:00:00 s1 b1 buyer 推荐", "10:00:20 s1 b1 B 这款", "10:01:00 s1 b1 A 或这款"])
};

/// Of A's orders o1 (200 yuan, 4 items) and o2 (100 yuan, 1 item), and o3, which nobody earned: r1 is refunded after 6 h, r2 after 2 h,
/// r3 after 4 h; r4 the next day.
pub static REFUNDS: Log = Log {
    orders: &["o1 b1 10:05:00 10:06:00 200.00 4 -", "o2 b2 10:15:00 10:16:00 100.00 1 -", "o3 b3 11:00:00 11:01:00 80.00 2 -"],
    tables: &[(
        "refunds",
        &[
            "refund_id,order_id,applied_at,amount,finished_at,quantity,kind,disputed",
            "r1,o1,12:00:00,60.00,18:00:00,1,refund_only,",
            "r2,o2,12:00:00,40.00,14:00:00,1,return,true",
            "r3,o3,13:00:00,80.00,17:00:00,2,return,",
            "r4,o2,20:00:00,10.00,+1/09:00:00,,refund_only,",
        ],
    )],
    ..log("refunds", &["10:00:00 s1 b1 buyer 推荐", "10:00:20 s1 b1 A 这款", "10:10:00 s2 b2 buyer 推荐", "10:10:20 s2 b2 A 这款"])
};

/// Six buyers consult, five are invited, four rate: b1 first 2, then 5; b2 4, b3 3 for the attitude, b4 1 for being slow.
pub static RATINGS: Log = Log {
    tables: &[(
        "evaluations",
        &[
            "buyer_id,agent_id,sent_at,rated_at,grade,source,reason,session_id,nps",
            "b1,A,10:10:00,10:11:00,2,agent,,s0,",
            "b1,A,10:30:00,10:31:00,5,system,,s1,10",
            "b2,A,10:30:00,10:31:00,4,agent,,s2,8",
            "b3,A,10:30:00,10:31:00,3,system,attitude,s3,9",
            "b4,A,10:30:00,10:31:00,1,buyer,slow,s4,3",
            "b5,A,10:30:00,,,agent,,s5,",
        ],
    )],
    ..log(
        "ratings",
        &[
            "10:00:00 s1 b1 buyer>A 在吗",
            "10:00:00 s2 b2 buyer>A 在吗",
            "10:00:00 s3 b3 buyer>A 在吗",
            "10:00:00 s4 b4 buyer>A 在吗",
            "10:00:00 s5 b5 buyer>A 在吗",
            "10:00:00 s6 b6 buyer>A 在吗",
        ],
    )
};

/// A is in from nine to six with an hour's break, at 30 yuan an hour and 2 % of sales; sells 540 of 2700 yuan; 324 s in a reception.
pub static WORK_DAY: Log = Log {
    orders: &["o1 b1 10:06:00 10:07:00 540.00 1 -"],
    tables: &[
        ("agent_status", &["agent_id,at,status", "A,09:00:00,online", "A,12:00:00,suspended", "A,13:00:00,resumed", "A,18:00:00,offline"]),
        ("staff", &["agent_id,hourly_cost,commission_rate", "A,30.00,0.02"]),
        ("targets", &["agent_id,month,metric,target", "A,2026-09,sales_amount,2700"]),
    ],
    ..log("a day at work", &["10:00:00 s1 b1 buyer 推荐", "10:05:24 s1 b1 A 这款"])
};

/// t1 is answered after half an hour and solved after two, in time; its buyer is back two days later (t9). t2 is late at both, 2 h and
/// 10 h, and rightly passed on. t3 is unsolved, a complaint, and passed on wrongly. t4 is solved, nobody knows when.
pub static TICKETS: Log = Log {
    tables: &[(
        "tickets",
        &[
            "ticket_id,buyer_id,opened_at,agent_id,kind,first_response_at,resolved_at,resolved,sla_response_due_at,sla_resolve_due_at,\
             transferred_to,transfer_correct,knowledge_base_used,complaint",
            "t1,b1,09:00:00,A,return,09:30:00,11:00:00,true,10:00:00,12:00:00,,,true,",
            "t2,b2,10:00:00,A,repair,12:00:00,20:00:00,true,11:00:00,18:00:00,B,true,,",
            "t3,b3,11:00:00,A,exchange,,,false,,,C,false,,true",
            "t4,b4,12:00:00,A,return,,,true,,,,,,",
            "t9,b1,+2/09:00:00,A,return,,,,,,,,,",
        ],
    )],
    ..log("four tickets", &[])
};

/// b1 pays again on the ninetieth day after, b2 on the ninety-first, b3 on the day itself only. b1 and b2 had a ticket.
pub static LOYALTY: Log = Log {
    orders: &[
        "o1 b1 +90/23:00:00 +90/23:59:59.999 10.00 1 -",
        "o2 b2 +90/23:00:00 +91/00:00:00 10.00 1 -",
        "o3 b3 12:00:00 12:01:00 10.00 1 -",
    ],
    tables: &[("tickets", &["ticket_id,buyer_id,opened_at,agent_id", "t1,b1,12:00:00,A", "t2,b2,12:30:00,A"])],
    ..log("three served", &["10:00:00 s1 b1 buyer>A 到哪了", "10:01:00 s2 b2 buyer>A 坏了", "10:02:00 s3 b3 buyer>A 推荐"])
};

/// Of the second video only plays and likes are known.
pub static VIDEOS: Log = Log {
    tables: &[(
        "videos",
        &[
            "video_id,date,plays,likes,comments,shares,new_followers,followers,complete_plays,watch_seconds,length_seconds",
            "v1,@0,1000,50,15,10,5,2000,200,15000,60",
            "v2,@0,1000,50,,,,,,,",
        ],
    )],
    ..log("two videos", &[])
};

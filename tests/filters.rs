//! Reception filters of semantics.md §8 that are said of a peer-day: what they take out, and what of the shop's row stays.

use crate::support::example::examples;

examples! {
    /// A only passes the buyer on. The shop keeps B's lines, and the first answered round of the session is B's.
    who_only_forwards_is_filtered_and_the_next_agent_is_not {
        rules: "forward_only = 1",
        lines: &[
            "10:00:00 s1 b1 buyer>A 退货", "10:00:20 s1 b1 A 帮您转接", "10:00:30 s1 b1 transfer>B -",
            "10:01:00 s1 b1 buyer>B 退货", "10:01:40 s1 b1 B 好的",
        ],
    } gives [
        ("day A consult_buyers", 1.0), ("day A filtered_buyers", 1.0), ("day A receive_buyers", 0.0), ("day A transfer_out_buyers", 0.0),
        ("day A agent_msgs", 0.0), ("day A rounds", 0.0), ("day B receive_buyers", 1.0), ("day B transfer_in_buyers", 1.0),
        ("day shop consult_buyers", 1.0), ("day shop filtered_buyers", 0.0), ("day shop receive_buyers", 1.0), ("day shop sessions", 1.0),
        ("day shop buyer_msgs", 1.0), ("day shop agent_msgs", 1.0), ("day shop total_msgs", 2.0), ("day shop rounds", 1.0),
        ("day shop first_resp_avg_s", 40.0), ("day shop resp_avg_s", 40.0), ("day shop resp_max_s", 40.0), ("day shop reception_s", 40.0),
        ("day shop reply_30s_first_rate", 0.0), ("week shop receive_buyers", 1.0), ("week shop filtered_buyers", 0.0),
    ];

    /// Two replies are more than one. Nobody takes over from B.
    who_replied_before_forwarding_is_received {
        rules: "forward_only = 1",
        lines: &[
            "10:00:00 s1 b1 buyer>A 退货", "10:00:20 s1 b1 A 亲", "10:00:25 s1 b1 A 帮您转接", "10:00:30 s1 b1 transfer>B -",
            "10:01:00 s1 b1 buyer>B 退货", "10:01:40 s1 b1 B 好的",
        ],
    } gives [
        ("day A receive_buyers", 1.0), ("day A transfer_out_buyers", 1.0), ("day B receive_buyers", 1.0), ("day shop agent_msgs", 3.0),
        ("day shop first_resp_avg_s", 20.0),
    ];

    /// One line of b1 to three of A. b2 heard fewer, b3 said more.
    a_monologue_is_filtered {
        rules: "monologue = { buyer = 1, agent = 3 }",
        lines: &[
            "10:00:00 - b1 buyer>A 在吗", "3x 10:00:10 - b1 A 亲", "11:00:00 - b2 buyer>A 在吗", "2x 11:00:10 - b2 A 亲",
            "2x 12:00:00 - b3 buyer>A 在吗", "3x 12:00:10 - b3 A 亲",
        ],
    } gives [
        ("day A consult_buyers", 3.0), ("day A filtered_buyers", 1.0), ("day A receive_buyers", 2.0), ("day A agent_msgs", 5.0),
        ("day shop filtered_buyers", 1.0), ("day shop agent_msgs", 5.0), ("day shop buyer_msgs", 3.0), ("day shop answered_rounds", 2.0),
        ("day A max_concurrent", 1.0),
    ];

    /// A buyer who says one line is taken out of the agent's row, and of the shop's: there was no other agent.
    a_single_line_is_filtered {
        rules: "single_line = true",
        lines: &[
            "10:00:00 - b1 buyer>A 在吗", "10:00:10 - b1 A 在", "10:00:00 - b2 buyer>A 在吗", "10:00:05 - b2 buyer>A 有货吗", "10:00:30 - b2 A 有",
        ],
    } gives [
        ("day A filtered_buyers", 1.0), ("day A receive_buyers", 1.0), ("day shop filtered_buyers", 1.0), ("day shop rounds", 1.0),
        ("day shop resp_avg_s", 30.0), ("day shop agent_msgs", 1.0), ("day A max_concurrent", 1.0),
    ];

    /// b1 and b2 said nothing, b3 showed a picture, b4 spoke in the end, b5 was only written to.
    an_empty_chat_is_one_in_which_the_buyer_said_nothing {
        rules: "empty = true",
        lines: &[
            "10:00:00 - b1 buyer>A -", "10:00:10 - b1 A 在", "11:00:00 - b2 buyer>A  \u{3000}", "12:00:00 - b3 buyer:image>A -", "12:00:10 - b3 A 好看",
            "13:00:00 - b4 buyer>A -", "13:00:10 - b4 buyer>A 在吗", "13:00:20 - b4 A 在", "14:00:00 - b5 A 您的订单还没付款",
        ],
    } gives [
        ("day A consult_buyers", 4.0), ("day A filtered_buyers", 2.0), ("day A receive_buyers", 2.0), ("day A agent_msgs", 3.0),
        ("day shop filtered_buyers", 2.0), ("day shop unanswered_rounds", 0.0), ("day shop agent_msgs", 3.0), ("day shop agent_initiated", 1.0),
    ];

    /// One line to A and one to B: both peer-days are out, and the buyer's queueing line with them.
    the_shop_loses_a_buyer_whose_every_peer_day_is_filtered {
        rules: "single_line = true",
        lines: &[
            "09:00:00 s0 b1 buyer 人呢", "10:00:00 s1 b1 buyer>A 一", "10:00:20 s1 b1 A 一", "11:00:00 s2 b1 buyer>B 二", "11:00:20 s2 b1 B 二",
        ],
    } gives [
        ("day shop consult_buyers", 1.0), ("day shop filtered_buyers", 1.0), ("day shop receive_buyers", 0.0), ("day shop sessions", 0.0),
        ("day shop rounds", 0.0), ("day shop queued_sessions", 0.0), ("day shop total_msgs", 0.0), ("day A filtered_buyers", 1.0),
        ("day B filtered_buyers", 1.0), ("day shop consult_person_days", 1.0),
    ];

    /// The same with two lines to B: A's session is in no metric of the shop, the queue and B's are.
    the_queue_stays_while_a_peer_day_stays {
        rules: "single_line = true",
        lines: &[
            "09:00:00 s0 b1 buyer 人呢", "10:00:00 s1 b1 buyer>A 一", "10:00:20 s1 b1 A 一", "2x 11:00:00 s2 b1 buyer>B 二", "11:00:20 s2 b1 B 二",
        ],
    } gives [
        ("day shop receive_buyers", 1.0), ("day shop filtered_buyers", 0.0), ("day shop sessions", 2.0), ("day shop buyer_msgs", 3.0),
        ("day shop agent_msgs", 1.0), ("day shop rounds", 2.0), ("day shop unanswered_rounds", 1.0), ("day shop queued_sessions", 1.0),
    ];

    /// B, who took over and answered, is no filtered peer-day: the shop received the buyer, but no buyer line is left to be counted.
    the_shop_receives_a_buyer_whose_only_line_is_filtered {
        rules: "single_line = true",
        lines: &["10:00:00 s1 b1 buyer>A 在吗", "10:01:00 s1 b1 transfer>B -", "10:02:00 s1 b1 B 在"],
    } gives [
        ("day A filtered_buyers", 1.0), ("day A handed_over_rounds", 0.0), ("day B consult_buyers", 0.0), ("day B answered_rounds", 1.0),
        ("day shop consult_buyers", 1.0), ("day shop receive_buyers", 1.0), ("day shop replied_buyers", 1.0), ("day shop sessions", 0.0),
        ("day shop buyer_msgs", 0.0), ("day shop rounds", 1.0), ("day shop resp_avg_s", 120.0), ("day shop inquiry_buyers", 0.0),
    ];

    /// One line on Monday, two on Tuesday: filtered on Monday, received in the week.
    filtered_on_one_day_is_received_in_the_week {
        rules: "single_line = true",
        lines: &["10:00:00 - b1 buyer>A 在吗", "10:00:10 - b1 A 在", "2x +1/10:00:00 - b1 buyer>A 在吗", "+1/10:00:10 - b1 A 在"],
    } gives [
        ("day shop filtered_buyers", 1.0), ("week shop consult_buyers", 1.0), ("week shop receive_buyers", 1.0), ("week shop filtered_buyers", 0.0),
        ("week A filtered_buyers", 0.0), ("week shop consult_person_days", 2.0), ("week shop receive_person_days", 1.0), ("week shop rounds", 1.0),
    ];

    /// One line on each of two days.
    filtered_on_every_day_is_filtered_in_the_week {
        rules: "single_line = true",
        lines: &["10:00:00 - b1 buyer>A 在吗", "10:00:10 - b1 A 在", "+1/10:00:00 - b1 buyer>A 在吗", "+1/10:00:10 - b1 A 在"],
    } gives [
        ("week shop consult_buyers", 1.0), ("week shop filtered_buyers", 1.0), ("week shop receive_buyers", 0.0), ("week A filtered_buyers", 1.0),
        ("week shop consult_person_days", 2.0), ("week shop agent_msgs", 0.0),
    ];

    /// A spoke last before the order, in a filtered peer-day: B earns it.
    a_reply_in_a_filtered_peer_day_earns_nothing {
        rules: "single_line = true",
        lines: &["2x 09:00:00 s1 b1 buyer>B 推荐", "09:00:20 s1 b1 B 这款", "10:00:00 s2 b1 buyer>A 在吗", "10:00:20 s2 b1 A 在"],
        orders: &["o1 b1 10:05:00 10:06:00 100.00 1 -"],
    } gives [
        ("day A sales_amount", 0.0), ("day B sales_amount", 100.0), ("day B assist_orders", 0.0), ("day shop sales_amount", 100.0),
        ("day shop inquiry_buyers", 1.0), ("day shop silent_rate", 0.0),
    ];

    /// Nobody else spoke: the order is silent.
    an_order_after_a_filtered_peer_day_is_silent {
        rules: "single_line = true",
        lines: &["10:00:00 s2 b1 buyer>A 在吗", "10:00:20 s2 b1 A 在"],
        orders: &["o1 b1 10:05:00 10:06:00 100.00 1 -"],
    } gives [("day shop silent_amount", 100.0), ("day shop sales_amount", 0.0), ("day shop silent_rate", 1.0), ("day shop inquiry_buyers", 0.0)];
}

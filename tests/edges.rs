//! Every window and threshold of semantics.md at its last instant inside and its first outside.

use crate::support::example::examples;

examples! {
    /// §1: `[start, end)`. The assessed hours are 08:00-23:00.
    assessed_hours_begin_at_8_and_end_before_23 {
        lines: &[
            "07:59:59.999 s1 b1 buyer>A 在吗", "08:00:00 s2 b2 buyer>A 在吗",
            "22:59:59.999 s3 b3 buyer>A 在吗", "23:00:00 s4 b4 buyer>A 在吗",
        ],
    } gives [("day shop rounds", 4.0), ("day shop rounds_assessed", 2.0), ("day A manual_sessions", 2.0)];

    /// §1: what is open at the end of the business day is closed there.
    midnight_closes_a_round {
        lines: &["23:59:59.999 s1 b1 buyer>A 在吗", "+1/00:00:00 s1 b1 A 在"],
    } gives [("day A unanswered_rounds", 1.0), ("week A rounds", 1.0), ("week A agent_msgs", 1.0), ("week shop sessions", 1.0)];

    /// §2: `seq` orders lines of one instant, and none sorts first.
    a_line_without_seq_comes_first_of_its_instant {
        lines: &["10:00:00 s1 b1 A 在", "10:00:00 s1 b1 buyer 在吗"],
    } gives [("day shop unanswered_rounds", 1.0), ("day shop agent_initiated", 1.0)];

    /// §3: silence of exactly `session_gap` does not split.
    half_an_hour_of_silence_is_one_session {
        lines: &["10:00:00 - b1 buyer 在吗", "10:00:10 - b1 A 在", "10:30:10 - b1 buyer 还在吗"],
    } gives [("day shop sessions", 1.0)];

    /// §3: one millisecond more does.
    more_than_half_an_hour_of_silence_is_two_sessions {
        lines: &["10:00:00 - b1 buyer 在吗", "10:00:10 - b1 A 在", "10:30:10.001 - b1 buyer 还在吗"],
    } gives [("day shop sessions", 2.0)];

    /// §3: nor does any silence while somebody waits.
    a_waiting_buyer_is_in_one_session {
        lines: &["10:00:00 - b1 buyer 在吗", "15:00:00 - b1 buyer 还在吗", "15:00:10 - b1 A 在"],
    } gives [("day shop sessions", 1.0), ("day shop rounds", 1.0), ("day shop resp_max_s", 18_010.0)];

    /// §3: the agent announced before the first words is in charge from the start of the session.
    an_announced_agent_leaves_no_queue {
        lines: &["10:00:00 - b1 assign>A -", "10:00:05 - b1 buyer 在吗", "10:00:25 - b1 A 在"],
    } gives [("day shop queued_sessions", 0.0), ("day A resp_avg_s", 20.0)];

    /// §3: unless a `close` came between.
    an_announcement_does_not_outlive_a_close {
        lines: &["10:00:00 - b1 assign>A -", "10:00:01 - b1 close -", "10:00:05 - b1 buyer 在吗", "10:00:25 - b1 A 在"],
    } gives [("day shop queued_sessions", 1.0), ("day shop avg_queue_s", 20.0)];

    /// §3: with a session id, `close` does nothing.
    a_close_leaves_a_session_with_an_id_open {
        lines: &["10:00:00 s1 b1 buyer 在吗", "10:00:10 s1 b1 close -", "10:00:30 s1 b1 A 在"],
    } gives [("day shop sessions", 1.0), ("day shop resp_avg_s", 30.0)];

    /// §4, §5: the thresholds of 30 s and 180 s are inclusive.
    thresholds_are_inclusive {
        lines: &[
            "10:00:00 s1 b1 buyer 一", "10:00:30 s1 b1 A 一", "10:01:00 s2 b2 buyer 二", "10:01:30.001 s2 b2 A 二",
            "10:10:00 s3 b3 buyer 三", "10:13:00 s3 b3 A 三", "10:20:00 s4 b4 buyer 四", "10:23:00.001 s4 b4 A 四",
        ],
    } gives [
        ("day shop reply_30s_round_rate", 0.25), ("day A reply_30s_first_rate", 0.25), ("day shop reply_3min_round_rate", 0.75),
        ("day A reply_3min_message_rate", 0.75), ("day A reply_3min_session_rate", 0.75), ("day shop missed_3min_buyers", 1.0),
        ("day A slow_buyers", 1.0),
    ];

    /// §5: a line's own wait, from its own instant.
    each_line_waits_from_its_own_instant {
        lines: &["10:00:00 s1 b1 buyer 一", "10:00:00.001 s1 b1 buyer 二", "10:03:00.001 s1 b1 A 在"],
    } gives [("day shop reply_3min_message_rate", 0.5), ("day shop reply_3min_round_rate", 0.0)];

    /// §5: a wait of 0 ms is answered, and not in the capped mean.
    a_wait_of_nothing_is_left_out_of_the_capped_mean {
        lines: &["10:00:00 s1 b1 buyer 一", "10:00:00 s1 b1 A 一", "10:01:00 s1 b1 buyer 二", "10:01:40 s1 b1 A 二"],
    } gives [("day shop resp_capped_avg_s", 40.0), ("day shop resp_avg_s", 20.0), ("day shop resp_p50_s", 0.0)];

    /// §5: gaps of exactly `max_wait` count as reception time, longer ones do not; and `long_reception` is more than its 30 minutes.
    a_gap_of_half_an_hour_is_reception_time {
        lines: &[
            "10:00:00 s1 b1 buyer 一", "10:30:00 s1 b1 A 一", "11:00:00 s2 b2 buyer 一", "11:30:00.001 s2 b2 A 一",
        ],
    } gives [("day shop reception_s", 1800.0), ("day A avg_reception_s", 900.0), ("day A long_receptions", 1.0)];

    /// A: receptions that touch at one instant are open at once.
    receptions_that_touch_overlap {
        lines: &["10:00:00 s1 b1 buyer>A 一", "10:00:10 s1 b1 A 一", "10:00:10 s2 b2 buyer>A 二", "10:00:20 s2 b2 A 二"],
    } gives [("day A max_concurrent", 2.0)];

    /// A: a millisecond apart they are not.
    receptions_apart_do_not_overlap {
        lines: &["10:00:00 s1 b1 buyer>A 一", "10:00:10 s1 b1 A 一", "10:00:10.001 s2 b2 buyer>A 二", "10:00:20 s2 b2 A 二"],
    } gives [("day A max_concurrent", 1.0)];

    /// §6: an order in `[c - 15 days, c)` and none after is after-sales: b1's and b2's are in it, b3's is a millisecond too early.
    an_order_within_15_days_before_is_after_sales {
        lines: &["10:00:00 s1 b1 buyer>A 到哪了", "10:00:00 s2 b2 buyer>A 到哪了", "10:00:00 s3 b3 buyer>A 推荐"],
        orders: &["o1 b1 -15/10:00:00 - 9.00 1 -", "o2 b2 09:59:59.999 - 9.00 1 -", "o3 b3 -15/09:59:59.999 - 9.00 1 -"],
    } gives [("day shop inquiry_buyers", 1.0), ("day A inquiry_buyers", 1.0), ("day A order_final_buyers", 0.0)];

    /// §6: an order at the instant of the first line comes after it; on D to midnight, in all to the end of D+1.
    an_order_belongs_to_the_day_its_window_ends_after {
        lines: &[
            "10:00:00 s1 b1 buyer>A 推荐", "10:00:00 s2 b2 buyer>A 推荐", "10:00:00 s3 b3 buyer>A 推荐",
            "10:00:00 s4 b4 buyer>A 推荐", "10:00:00 s5 b5 buyer>A 推荐",
        ],
        orders: &[
            "o1 b1 10:00:00 10:00:00 9.00 1 -", "o2 b2 23:59:59.999 +1/23:59:59.999 9.00 1 -", "o3 b3 +1/00:00:00 +2/00:00:00 9.00 1 -",
            "o4 b4 +1/23:59:59.999 +1/23:59:59.999 9.00 1 -", "o5 b5 +2/00:00:00 +2/00:00:00 9.00 1 -",
        ],
    } gives [
        ("day shop inquiry_buyers", 5.0), ("day A order_same_day_buyers", 2.0), ("day A order_final_buyers", 4.0),
        ("day shop pay_next_day_buyers", 3.0), ("day A pay_final_buyers", 4.0), ("day A inquiry_loss_buyers", 1.0),
    ];

    /// D: a buyer line in `[paid - 3 days, paid)` breaks the silence: b1's is the first instant, b2's before it, b3's too late.
    silence_is_three_days_before_the_payment {
        lines: &["10:00:00 s1 b1 buyer 在吗", "10:00:00 s2 b2 buyer 在吗", "+3/10:00:00 s3 b3 buyer 在吗"],
        orders: &[
            "o1 b1 +3/09:00:00 +3/10:00:00 9.00 1 -", "o2 b2 +3/09:00:00 +3/10:00:00.001 9.00 1 -", "o3 b3 +3/09:00:00 +3/10:00:00 9.00 1 -",
        ],
    } gives [("week shop silent_rate", 2.0 / 3.0)];

    /// §7: a reply in `[t - 3 days, t]` earns: at the first instant, before it, at the last, after it.
    a_reply_earns_for_three_days {
        lines: &["10:00:00 s1 b1 A 您好", "10:00:00 s2 b2 A 您好", "+3/10:00:00 s3 b3 A 您好", "+3/10:00:00.001 s4 b4 A 您好"],
        orders: &[
            "o1 b1 +3/10:00:00 +3/10:00:00 1.00 1 -", "o2 b2 +3/10:00:00.001 +3/10:00:00.001 2.00 1 -",
            "o3 b3 +3/10:00:00 +3/10:00:00 4.00 1 -", "o4 b4 +3/10:00:00 +3/10:00:00 8.00 1 -",
        ],
    } gives [("week A sales_amount", 5.0), ("week shop silent_amount", 10.0), ("week shop shop_amount", 15.0), ("week A sales_orders", 2.0)];

    /// §7: the order rule counts in the period of creation what is paid before the end of D+4.
    the_order_rule_waits_for_four_days {
        rules: "attribution = \"order\"",
        lines: &["10:00:00 s1 b1 A 您好", "10:00:00 s2 b2 A 您好"],
        orders: &["o1 b1 11:00:00 +4/23:59:59.999 1.00 1 0.10", "o2 b2 11:00:00 +5/00:00:00 2.00 1 0.20"],
    } gives [
        ("day A order_sales_amount", 1.0), ("day A sales_amount", 1.0), ("day shop shop_amount", 1.0), ("day shop postage", 0.1),
        ("week A order_first_sales_amount", 3.0),
    ];

    /// §7: of two replies in one instant the later line earns, the other assists.
    the_later_line_of_one_instant_earns {
        lines: &["10:00:00 s1 b1 A 您好", "10:00:00 s1 b1 B 您好"],
        orders: &["o1 b1 11:00:00 11:00:00 1.00 1 -"],
    } gives [("day B sales_orders", 1.0), ("day A assist_orders", 1.0), ("day B assist_orders", 0.0), ("day A sales_orders", 0.0)];

    /// §7: a reply to a filtered buyer earns nothing.
    a_reply_to_a_filtered_buyer_earns_nothing {
        blocked: &["b1"],
        lines: &["10:00:00 s1 b1 buyer 在吗", "10:00:20 s1 b1 A 您好"],
        orders: &["o1 b1 11:00:00 11:00:00 1.00 1 -"],
    } gives [("day shop silent_amount", 1.0), ("day shop receive_buyers", 0.0), ("day shop consult_buyers", 1.0), ("day A agent_msgs", 0.0)];

    /// §8: a block holds from its first day to its last, both included: b1 and b2 are blocked on Monday, b3 and b4 are not.
    a_block_holds_on_its_first_and_last_day {
        blocked: &["b1 0 0", "b2 -3 0", "b3 1 9", "b4 -9 -1"],
        lines: &["5x 10:00:00 - b{n} buyer>A 在吗"],
    } gives [("day shop filtered_buyers", 2.0), ("day A receive_buyers", 3.0)];

    /// §8: who is filtered on some days only is received in the period.
    a_buyer_is_filtered_in_a_week_only_if_filtered_every_day {
        blocked: &["b1 0 0", "b2 0 6"],
        lines: &[
            "10:00:00 s1 b1 buyer>A 在吗", "+1/10:00:00 s2 b1 buyer>A 在吗", "10:00:00 s3 b2 buyer>A 在吗", "+1/10:00:00 s4 b2 buyer>A 在吗",
        ],
    } gives [
        ("day A filtered_buyers", 2.0), ("week A consult_buyers", 2.0), ("week A receive_buyers", 1.0), ("week shop filtered_buyers", 1.0),
        ("week shop receive_person_days", 1.0), ("week A rounds", 1.0),
    ];

    /// §5: one miss on any day fails the person for the week; the days before stand.
    one_miss_fails_the_persons_week {
        lines: &["10:00:00 s1 b1 buyer 一", "10:00:10 s1 b1 A 一", "+1/10:00:00 s2 b1 buyer 二", "+1/10:04:00 s2 b1 A 二"],
    } gives [("day A reply_3min_person_rate", 1.0), ("week A reply_3min_person_rate", 0.0), ("week shop missed_3min_buyers", 1.0)];

    /// DECISIONS #4: of two questions at one instant the one in the session that began first is the first of the agent's day.
    the_first_response_of_a_day_is_in_the_session_that_began_first {
        rules: "first_response_unit = \"peer_day\"",
        lines: &[
            "10:00:00 s1 b1 A 您好", "10:05:00 s2 b1 buyer 有货吗", "10:05:00 s1 b1 buyer 在吗", "10:05:10 s2 b1 A 有", "10:05:30 s1 b1 A 在",
        ],
    } gives [("day A first_resp_avg_s", 30.0), ("day shop first_resp_avg_s", 30.0), ("day A resp_avg_s", 20.0)];
}

//! The worked examples of the platforms' own texts, each a small log and the numbers it must give, run through the whole pipeline.

use crate::support::example::examples;

examples! {
    /// T1: waits of 50, 40, 30 s and of 20, 10, 5 s. First response is the mean of the sessions' first waits.
    average_response_is_25_83_s {
        lines: &[
            "10:00:00 s1 b1 buyer 一", "10:00:50 s1 b1 A 一", "10:01:00 s1 b1 buyer 二", "10:01:40 s1 b1 A 二",
            "10:02:00 s1 b1 buyer 三", "10:02:30 s1 b1 A 三",
            "11:00:00 s2 b2 buyer 一", "11:00:20 s2 b2 A 一", "11:01:00 s2 b2 buyer 二", "11:01:10 s2 b2 A 二",
            "11:02:00 s2 b2 buyer 三", "11:02:05 s2 b2 A 三",
        ],
    } gives [
        ("day shop resp_avg_s", 155.0 / 6.0), ("day A resp_avg_s", 155.0 / 6.0), ("day shop first_resp_avg_s", 35.0),
        ("day shop reply_30s_round_rate", 4.0 / 6.0), ("day shop reply_30s_first_rate", 0.5), ("week shop resp_avg_s", 155.0 / 6.0),
    ];

    /// T1b: pooled over rounds. The mean of the sessions' means would be 30.
    average_response_is_no_mean_of_means {
        lines: &[
            "10:00:00 s1 b1 buyer 一", "10:00:50 s1 b1 A 一", "10:01:00 s1 b1 buyer 二", "10:01:40 s1 b1 A 二",
            "10:02:00 s1 b1 buyer 三", "10:02:30 s1 b1 A 三", "11:00:00 s2 b2 buyer 一", "11:00:20 s2 b2 A 一",
        ],
    } gives [("day shop resp_avg_s", 35.0), ("day A resp_avg_s", 35.0)];

    /// T1b over days: 50, 40, 30 on Monday and 20 on Tuesday are 35 in the week.
    average_response_of_a_week_is_pooled_over_its_days {
        lines: &[
            "10:00:00 s1 b1 buyer 一", "10:00:50 s1 b1 A 一", "10:01:00 s1 b1 buyer 二", "10:01:40 s1 b1 A 二",
            "10:02:00 s1 b1 buyer 三", "10:02:30 s1 b1 A 三", "+1/11:00:00 s2 b2 buyer 一", "+1/11:00:20 s2 b2 A 一",
        ],
    } gives [("day shop resp_avg_s", 40.0), ("week shop resp_avg_s", 35.0), ("week A resp_avg_s", 35.0)];

    /// T2a: the clock starts at the first question. From the second it would be 170 s, and wrongly pass.
    a_second_question_does_not_restart_the_clock {
        lines: &["10:10:15 s1 b1 buyer 在吗", "10:15:20 s1 b1 buyer 在吗", "10:18:10 s1 b1 A 在"],
    } gives [("day shop rounds", 1.0), ("day shop reply_3min_round_rate", 0.0), ("day shop resp_avg_s", 475.0)];

    /// T2b: T2a, then a question answered in 30 s.
    one_of_two_rounds_is_in_time {
        lines: &[
            "10:10:15 s1 b1 buyer 在吗", "10:15:20 s1 b1 buyer 在吗", "10:18:10 s1 b1 A 在",
            "10:18:30 s1 b1 buyer 好", "10:19:00 s1 b1 A 嗯",
        ],
    } gives [("day shop rounds", 2.0), ("day shop reply_3min_round_rate", 0.5)];

    /// T2c: ten questions in three minutes that nobody answers by midnight.
    ten_unanswered_questions_are_one_round {
        lines: &["10x 23:40:00 s1 b1 buyer>A 有人吗"],
    } gives [
        ("day shop rounds", 1.0), ("day A unanswered_rounds", 1.0), ("day shop buyer_msgs", 10.0), ("week shop unanswered_rounds", 1.0),
    ];

    /// T2c within assessed hours: 0 of 1.
    ten_unanswered_questions_fail_once {
        lines: &["10x 10:00:00 s1 b1 buyer>A 有人吗"],
    } gives [("day shop rounds_assessed", 1.0), ("day shop reply_3min_round_rate", 0.0), ("day A missed_3min_buyers", 1.0)];

    /// T3: JD leaves out sessions that start from 23:00 to 9:00, whenever their rounds are. b2 has what is left: 1 of 1.
    a_session_started_at_8_56_is_not_assessed {
        rules: "assessed_hours = \"09:00-23:00\"\nassessed_anchor = \"session_start\"",
        lines: &[
            "08:56:00 s1 b1 buyer 在吗", "09:01:00 s1 b1 A 在", "09:02:00 s1 b1 buyer 尺码", "09:02:50 s1 b1 A 大一码",
            "09:00:00 s2 b2 buyer 在吗", "09:00:20 s2 b2 A 在",
        ],
    } gives [
        ("day shop rounds", 3.0), ("day shop rounds_assessed", 1.0), ("day shop reply_30s_first_rate", 1.0),
        ("day shop resp_avg_s_assessed", 20.0), ("day shop resp_avg_s", 370.0 / 3.0),
    ];

    /// T4: back after 9 minutes is the same session, after 11 minutes a new one (gap of 10 minutes).
    back_within_ten_minutes_is_the_same_session {
        rules: "session_gap = \"10m\"",
        lines: &["10:00:00 - b1 buyer 在吗", "10:00:10 - b1 A 在", "10:09:10 - b1 buyer 还在吗", "10:09:20 - b1 A 在"],
    } gives [("day shop sessions", 1.0), ("day A receptions", 1.0)];

    /// T4, the other half.
    back_after_eleven_minutes_is_a_new_session {
        rules: "session_gap = \"10m\"",
        lines: &["10:00:00 - b1 buyer 在吗", "10:00:10 - b1 A 在", "10:11:10 - b1 buyer 还在吗", "10:11:20 - b1 A 在"],
    } gives [("day shop sessions", 2.0), ("day A receptions", 2.0)];

    /// T5: Kuaishou. Rounds of 60 s and 290 s: by session the mean of 175 s passes, by person one miss fails.
    a_session_passes_where_its_person_fails {
        lines: &["10:00:00 s1 b1 buyer 一", "10:01:00 s1 b1 A 一", "10:02:00 s1 b1 buyer 二", "10:06:50 s1 b1 A 二"],
    } gives [
        ("day shop reply_3min_session_rate", 1.0), ("day shop reply_3min_person_rate", 0.0),
        ("day A reply_3min_session_rate", 1.0), ("week A reply_3min_person_rate", 0.0),
    ];

    /// T5b: four minutes in the queue are the shop's, the twenty seconds after it the agent's.
    the_queue_counts_for_the_shop_alone {
        lines: &["10:00:00 s1 b1 buyer 人呢", "10:04:00 s1 b1 assign>A -", "10:04:20 s1 b1 A 来了"],
    } gives [
        ("day shop reply_3min_round_rate", 0.0), ("day A reply_3min_round_rate", 1.0), ("day shop resp_avg_s", 260.0),
        ("day A resp_avg_s", 20.0), ("day shop avg_queue_s", 240.0),
    ];

    /// T6: 100 consults, 30 of them answered after more than three minutes.
    seventy_of_a_hundred_first_replies_are_in_time {
        lines: &["70x 10:00:00 - b{n} buyer 在吗", "70x 10:03:00 - b{n} A 在", "30x 11:00:00 - c{n} buyer 在吗", "30x 11:03:00.001 - c{n} A 在"],
    } gives [("day shop reply_3min_first_rate", 0.7), ("day A reply_3min_first_rate", 0.7)];

    /// T10: 547, 506 and 535 buyers consulted, 543, 499 and 521 were received. The total counts each buyer once.
    what_is_filtered_is_consulted_less_received {
        blocked: &["4x a{n}", "7x b{n}", "14x c{n}"],
        lines: &["547x 09:00:00 - a{n} buyer>A 在吗", "506x 11:00:00 - b{n} buyer>B 在吗", "535x 13:00:00 - c{n} buyer>C 在吗"],
    } gives [
        ("day A consult_buyers", 547.0), ("day A receive_buyers", 543.0), ("day A filtered_buyers", 4.0),
        ("day B filtered_buyers", 7.0), ("day C filtered_buyers", 14.0), ("day C receive_buyers", 521.0),
        ("day shop consult_buyers", 1588.0), ("day shop receive_buyers", 1563.0), ("week shop filtered_buyers", 25.0),
    ];

    /// T11: Taobao caps a wait at ten minutes.
    a_wait_is_capped_at_ten_minutes {
        lines: &["10:00:00 s1 b1 buyer 一", "10:00:15 s1 b1 A 一", "10:01:00 s1 b1 buyer 二", "10:12:40 s1 b1 A 二"],
    } gives [("day shop resp_capped_avg_s", 307.5), ("day shop resp_avg_s", 357.5), ("day A resp_capped_avg_s", 307.5)];

    /// T13: 答问比 of 60 answers to 40 questions.
    sixty_answers_to_forty_questions_are_1_5 {
        lines: &["40x 10:00:00 s1 b1 buyer 问", "60x 10:05:00 s1 b1 A 答"],
    } gives [("day shop answer_ask_ratio", 1.5), ("day A answer_ask_ratio", 1.5)];

    /// T14: never ordered before, never orders: an inquiry, and no success.
    who_never_orders_is_an_inquiry {
        lines: &["10:00:00 s1 b1 buyer>A 推荐"],
    } gives [
        ("day shop inquiry_buyers", 1.0), ("day A inquiry_buyers", 1.0), ("day shop order_final_buyers", 0.0),
        ("day shop inquiry_loss_rate", 1.0), ("day A pay_final_rate", 0.0),
    ];

    /// T15, with our window: paid in the last instant of D+4.
    paid_by_the_end_of_d4_is_a_success {
        lines: &["10:00:00 s1 b1 buyer 推荐", "10:00:20 s1 b1 A 这款"],
        orders: &["o1 b1 +1/10:30:00 +4/23:59:59.999 100.00 1 -"],
    } gives [
        ("day shop pay_final_buyers", 1.0), ("day A pay_final_rate", 1.0), ("day A pay_next_day_buyers", 0.0), ("day shop pay_loss_buyers", 0.0),
    ];

    /// T15, one millisecond later.
    paid_after_d4_is_a_loss {
        lines: &["10:00:00 s1 b1 buyer 推荐", "10:00:20 s1 b1 A 这款"],
        orders: &["o1 b1 +1/10:30:00 +5/00:00:00 100.00 1 -"],
    } gives [("day shop pay_final_buyers", 0.0), ("day A pay_loss_buyers", 1.0), ("day shop pay_loss_amount", 100.0)];

    /// T16: ordered before the chat, paid after it. Nothing was promoted (促成): the order precedes the consult.
    an_order_before_the_chat_is_no_success {
        lines: &["10:05:00 s1 b1 buyer 改地址", "10:05:20 s1 b1 A 好"],
        orders: &["o1 b1 10:00:00 11:00:00 100.00 1 -"],
    } gives [
        ("day shop inquiry_buyers", 0.0), ("day shop pay_final_buyers", 0.0), ("day shop order_sales_amount", 0.0),
        ("day A payment_sales_amount", 100.0),
    ];

    /// T17: 下单优先. A is last before the order, B last before the payment.
    the_order_goes_before_the_payment {
        lines: &["10:00:00 s1 b1 buyer 推荐", "10:00:20 s1 b1 A 这款", "11:00:00 s1 b1 buyer 在吗", "11:00:20 s1 b1 B 在"],
        orders: &["o1 b1 10:05:00 11:05:00 100.00 1 -"],
    } gives [
        ("day A order_first_sales_amount", 100.0), ("day B order_first_sales_amount", 0.0), ("day A sales_amount", 100.0),
        ("day A order_sales_amount", 100.0), ("day B payment_sales_amount", 100.0), ("day A payment_sales_amount", 0.0),
    ];

    /// T17: ordered in silence, B spoke before the payment.
    a_silent_order_goes_to_who_spoke_before_the_payment {
        lines: &["11:00:00 s1 b1 buyer 在吗", "11:00:20 s1 b1 B 在"],
        orders: &["o1 b1 10:05:00 11:05:00 100.00 1 -"],
    } gives [
        ("day B order_first_sales_amount", 100.0), ("day B order_sales_amount", 0.0), ("day shop silent_amount", 0.0), ("day shop sales_amount", 100.0),
    ];

    /// T18: one customer consults on three of seven days.
    a_person_is_counted_once_a_period {
        lines: &["10:00:00 s1 b1 buyer>A 在吗", "+2/10:00:00 s2 b1 buyer>A 在吗", "+6/10:00:00 s3 b1 buyer>A 在吗"],
    } gives [
        ("week shop consult_person_days", 3.0), ("week shop consult_buyers", 1.0), ("week A consult_buyers", 1.0), ("day shop consult_buyers", 1.0),
    ];
}

-- One business day of chat lines → the tables `shop_day`, `agent_day` and `hourly_day`, by docs/semantics.md under the default rules.
--
-- Set before: the variables files (list of paths), starts_at (midnight) and ends_at (timestamps with time zone).
-- Taken for granted, as in the logs that are measured: every line has a session id, no two lines of a session share sent_at and
-- seq, and no reception filter applies. Sessions split by silence would need a recursive query.
--
-- What made it fast: integers for sessions and agents before the one sort, all window functions over that one order, two numbers
-- packed into one where a window or a minimum has to fetch both, rounds by hash aggregation, sums by hour and assessment that serve
-- all three tables, and duplicates by GROUP BY hash … HAVING.

-- The rules (§9). Milliseconds are those of the day, or of a span.
CREATE MACRO is_assessed(ms) AS ms >= 8 * 3600000 AND ms < 23 * 3600000;
CREATE MACRO in_time(wait) AS wait <= 180000;
CREATE MACRO is_quick(wait) AS wait <= 30000;
CREATE MACRO is_slow(wait) AS wait > 180000;
CREATE MACRO capped(wait) AS if(wait > 600000, 600000, wait);
CREATE MACRO is_silence(gap) AS gap > 1800000;
CREATE MACRO is_long(span) AS span > 1800000;

CREATE MACRO hour(ms) AS ms // 3600000;
CREATE MACRO total(x) AS coalesce(sum(x), 0)::BIGINT;
CREATE MACRO per(part, whole) AS part / nullif(whole, 0);

-- Two numbers below 2^31 in one, ordered by the first.
CREATE MACRO pair(major, minor) AS (major::BIGINT << 32) | minor;
CREATE MACRO major(pair) AS (pair >> 32)::INTEGER;
CREATE MACRO minor(pair) AS (pair & 4294967295)::INTEGER;

-- Somebody takes charge: when, whether by a reply, and who.
CREATE MACRO charge(ms, reply, agent) AS pair(ms * 2 + reply::INTEGER, agent);
CREATE MACRO charged_at(charge) AS major(charge) >> 1;
CREATE MACRO is_reply(charge) AS (major(charge) & 1) = 1;
CREATE MACRO charged(charge) AS minor(charge);

-- The first buyer or reply line of somebody: its place, its moment and whose it is.
CREATE MACRO first_line(place, ms, reply) AS pair(place, ms * 2 + reply::INTEGER);
CREATE MACRO first_at(line) AS minor(line) >> 1;
CREATE MACRO by_agent(line) AS (minor(line) & 1) = 1;

-- The first round of somebody: its number and its wait. One without a reply is the last of its session.
CREATE MACRO opening(round, wait) AS pair(round, coalesce(wait, 2147483647));
CREATE MACRO first_wait(opening) AS nullif(minor(opening), 2147483647);

CREATE TEMP VIEW day AS
SELECT *, file_index, file_row_number
FROM read_parquet(getvariable('files'))
WHERE sent_at >= getvariable('starts_at') AND sent_at < getvariable('ends_at');

-- §2: of two lines of a shop with one message id the first read counts; it is recalled if either says so. Hashes are quick to count
-- and only tell where to look: copies are those whose ids are the same.
CREATE TEMP TABLE twice AS
SELECT hash(shop_id, message_id) AS likely
FROM day
WHERE message_id IS NOT NULL
GROUP BY ALL
HAVING count(*) > 1;

CREATE TEMP TABLE copies AS
SELECT
    file_index, file_row_number,
    row_number() OVER (PARTITION BY shop_id, message_id ORDER BY file_index, file_row_number) = 1 AS counts,
    bool_or(recalled) OVER (PARTITION BY shop_id, message_id) AS any_recalled
FROM day
JOIN twice ON hash(shop_id, message_id) = likely
WHERE message_id IS NOT NULL;

-- Whose row of a report it is: the shop's (no agent) or an agent's.
CREATE TEMP TABLE sides AS
WITH agents AS (SELECT DISTINCT shop_id, agent_id FROM day)
SELECT (row_number() OVER ())::INTEGER AS side, *
FROM (FROM agents UNION SELECT shop_id, NULL FROM agents);

-- §3: a session is the lines of one shop, buyer and day that carry one session id.
CREATE TEMP TABLE sessions AS
SELECT (row_number() OVER ())::INTEGER AS session, side AS shop, shop_id, buyer_id, session_id
FROM (SELECT DISTINCT shop_id, buyer_id, session_id FROM day)
JOIN sides USING (shop_id)
WHERE agent_id IS NULL;

-- §2: what each line is.
CREATE TEMP VIEW lines AS
SELECT
    session, side AS agent, (epoch_ms(sent_at) - epoch_ms(getvariable('starts_at')))::INTEGER AS ms, seq,
    CASE
        WHEN sender = 'buyer' THEN CASE WHEN NOT coalesce(any_recalled, recalled, false) THEN 0 END
        WHEN sender = 'system' THEN CASE WHEN kind IN ('assign', 'transfer') AND agent_id IS NOT NULL THEN 2 END
        WHEN agent_id IS NOT NULL AND coalesce(reply_mode, if(sender = 'agent', 'human', 'auto')) IN ('human', 'assist') THEN 1
        ELSE 3
    END::TINYINT AS what,
    what = 0 AS buyer, what = 1 AS reply, what = 2 AS event, what = 3 AS auto,
    CASE WHEN reply THEN length(text)::INTEGER END AS words,
    CASE WHEN NOT auto THEN charge(ms, reply, agent) END AS charge
FROM day
JOIN sessions USING (shop_id, buyer_id, session_id)
LEFT JOIN sides USING (shop_id, agent_id)
LEFT JOIN copies USING (file_index, file_row_number)
WHERE what IS NOT NULL AND coalesce(counts, true);

-- §3: who is in charge, and whose line each is: what is asked in the queue is for the first agent to come.
-- `round` is the number of replies before, for a reply ends the round it answers. `takes`: by this line its agent has a reception.
-- `leaver`: who was in charge of the open round until this line.
CREATE TEMP TABLE ordered AS
SELECT
    session, round, place, ms, buyer, reply, auto, words, next_reply,
    buyer AND in_charge IS NULL AS queued,
    CASE WHEN queued THEN first_charge END AS taken,
    CASE WHEN buyer THEN coalesce(in_charge, charged(first_charge)) ELSE agent END AS agent,
    buyer OR reply OR event AND waiting AS takes,
    CASE WHEN waiting AND in_charge <> charged(charge_before) THEN charged(charge_before) END AS leaver,
    CASE WHEN (buyer OR reply) AND NOT is_silence(ms - (spoken_before >> 1)) THEN ms - (spoken_before >> 1) END AS gap
FROM (
    SELECT
        *,
        (row_number() OVER so_far)::INTEGER AS place,
        (sum(reply::INTEGER) OVER so_far)::INTEGER - reply::INTEGER AS round,
        last_value(charge IGNORE NULLS) OVER before AS charge_before,
        charged(coalesce(charge, charge_before)) AS in_charge,
        first_value(charge IGNORE NULLS) OVER whole AS first_charge,
        first_value(CASE WHEN reply THEN charge END IGNORE NULLS) OVER after AS next_reply,
        last_value(CASE WHEN buyer OR reply THEN ms * 2 + buyer::INTEGER END IGNORE NULLS) OVER before AS spoken_before,
        coalesce((spoken_before & 1) = 1, false) AS waiting
    FROM lines
    WINDOW
        so_far AS (PARTITION BY session ORDER BY ms, seq NULLS FIRST ROWS UNBOUNDED PRECEDING),
        before AS (PARTITION BY session ORDER BY ms, seq NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
        after AS (PARTITION BY session ORDER BY ms, seq NULLS FIRST ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING),
        whole AS (PARTITION BY session ORDER BY ms, seq NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
);

-- §4: rounds on both clocks. The agent's starts when somebody was in charge first, before the reply itself. One without a reply is
-- whose its last line is.
CREATE TEMP TABLE rounds AS
SELECT
    session, round, shop, coalesce(charged(answer), minor(last_line)) AS owner,
    is_assessed(asked_at) AS assessed, hour(asked_at) AS hour,
    charged_at(answer) - asked_at AS wait,
    charged_at(answer) - CASE WHEN taken IS NULL OR is_reply(taken) THEN asked_at ELSE charged_at(taken) END AS agent_wait,
    queued, charged_at(taken) - asked_at AS queue,
    asks, asks_in_time, CASE WHEN in_time(agent_wait) THEN asks ELSE asks_in_time END AS agent_asks_in_time
FROM (
    SELECT
        session, round,
        min(ms) AS asked_at,
        min(next_reply) AS answer,
        max(pair(place, agent)) AS last_line,
        bool_or(queued) AS queued,
        min(taken) AS taken,
        count(*) FILTER (buyer) AS asks,
        count(*) FILTER (buyer AND in_time(charged_at(next_reply) - ms)) AS asks_in_time
    FROM ordered
    WHERE takes AND NOT reply
    GROUP BY session, round
)
JOIN sessions USING (session);

-- Once for each round and agent who was in charge of it and does not own it.
CREATE TEMP TABLE handed_over AS
SELECT leaver AS side, count(*) AS handed_over_rounds, count(*) FILTER (assessed) AS handed_over_rounds_assessed
FROM (SELECT DISTINCT session, round, leaver FROM ordered WHERE leaver IS NOT NULL)
JOIN rounds USING (session, round)
WHERE leaver <> owner
GROUP BY side;

-- What one agent (null: nobody) has of a session: of its lines, and of its rounds on both clocks.
CREATE TEMP TABLE parts AS
WITH said AS (
    SELECT
        session, agent,
        count(*) FILTER (buyer) AS buyer_msgs,
        count(*) FILTER (reply) AS agent_msgs,
        count(*) FILTER (auto) AS auto_msgs,
        total(words) AS words,
        min(ms) FILTER (auto) AS auto_at,
        min(first_line(place, ms, reply)) FILTER (buyer OR reply) AS first_line,
        max(ms) FILTER (buyer OR reply) AS last_at,
        min(place) FILTER (takes) AS seen,
        min(place) FILTER (takes AND NOT queued) AS acted,
        bool_or(buyer AND next_reply IS NOT NULL) AS served,
        total(gap) AS talk
    FROM ordered
    GROUP BY session, agent
),
owned AS (
    SELECT
        session, owner AS agent,
        count(*) FILTER (assessed) AS assessed,
        count(wait) FILTER (assessed) AS assessed_answered,
        sum(wait) FILTER (assessed) AS assessed_wait,
        sum(agent_wait) FILTER (assessed) AS agent_assessed_wait,
        max(wait) AS longest,
        max(wait) FILTER (assessed) AS longest_assessed,
        max(agent_wait) AS agent_longest,
        max(agent_wait) FILTER (assessed) AS agent_longest_assessed,
        min(opening(round, wait)) AS opening,
        min(opening(round, wait)) FILTER (assessed) AS opening_assessed,
        min(opening(round, agent_wait)) AS agent_opening,
        min(opening(round, agent_wait)) FILTER (assessed) AS agent_opening_assessed
    FROM rounds
    GROUP BY session, owner
)
SELECT said.*, owned.* EXCLUDE (session, agent)
FROM said
LEFT JOIN owned ON said.session = owned.session AND said.agent IS NOT DISTINCT FROM owned.agent;

CREATE TEMP TABLE whole AS
SELECT
    session,
    sum(buyer_msgs) AS buyer_msgs, sum(agent_msgs) AS agent_msgs, sum(auto_msgs) AS auto_msgs, sum(words) AS words,
    least(min(auto_at), first_at(min(first_line))) AS started_at,
    min(first_line) AS first_line, max(last_at) AS last_at,
    count(first_line) > 1 AS shared, bool_or(agent IS NOT NULL AND buyer_msgs > 0) AS manned, bool_or(served) AS served,
    max(seen) AS last_seen, min(acted) AS first_acted, sum(talk) AS talk,
    sum(assessed) AS assessed, sum(assessed_answered) AS assessed_answered, sum(assessed_wait) AS assessed_wait,
    max(longest) AS longest, max(longest_assessed) AS longest_assessed,
    min(opening) AS opening, min(opening_assessed) AS opening_assessed
FROM parts
GROUP BY session
HAVING started_at IS NOT NULL;

-- §5: reception times where several agents share a session. Elsewhere the session's gaps are the agent's.
CREATE TEMP TABLE apart AS
SELECT session, agent, total(gap) AS talk
FROM (
    SELECT session, agent, ms - lag(ms) OVER (PARTITION BY session, agent ORDER BY ms) AS gap
    FROM ordered
    JOIN whole USING (session)
    WHERE shared AND (buyer OR reply)
)
WHERE NOT is_silence(gap)
GROUP BY session, agent;

-- The shop's sessions and, on the agents' clock, the receptions: parts with a buyer line, a reply or a share in a round.
-- Transferred in: somebody else acted before this agent was seen (decision 6). Who acts is seen, so it never is the agent itself.
CREATE TEMP TABLE talks AS
SELECT
    shop AS side, buyer_id, whole.* EXCLUDE (session, shared, started_at, last_seen, first_acted),
    is_assessed(started_at) AS assessed_start, false AS transfer_in, false AS transfer_out
FROM whole
JOIN sessions USING (session)
UNION ALL BY NAME
SELECT
    agent AS side, buyer_id, parts.buyer_msgs, parts.agent_msgs, parts.auto_msgs, parts.words,
    parts.first_line, parts.last_at, parts.served, true AS manned,
    is_assessed(started_at) AS assessed_start, first_acted < seen AS transfer_in, acted < last_seen AS transfer_out,
    CASE WHEN shared THEN apart.talk ELSE parts.talk END AS talk,
    parts.assessed, parts.assessed_answered, agent_assessed_wait AS assessed_wait,
    agent_longest AS longest, agent_longest_assessed AS longest_assessed,
    agent_opening AS opening, agent_opening_assessed AS opening_assessed
FROM parts
JOIN whole USING (session)
JOIN sessions USING (session)
LEFT JOIN apart USING (session, agent)
WHERE agent IS NOT NULL AND seen IS NOT NULL;

-- What adds up over sessions and receptions.
CREATE TEMP TABLE talk_sums AS
SELECT
    side, hour(first_at(first_line)) AS hour,
    count(first_line) AS begun,
    count(*) FILTER (buyer_msgs > 0) AS consults,
    count(*) FILTER (buyer_msgs > 0 AND manned AND assessed_start) AS manual,
    count(*) FILTER (buyer_msgs > 0 AND manned AND assessed_start AND NOT served) AS unserved,
    count(*) FILTER (buyer_msgs > 0 AND NOT manned) AS left_alone,
    count(*) FILTER (NOT by_agent(first_line)) AS by_buyer,
    sum(buyer_msgs) AS asked, sum(agent_msgs) AS replied, sum(auto_msgs) AS automatic, sum(words) AS words,
    sum(agent_msgs) FILTER (buyer_msgs > 0) AS replied_to_buyers,
    count(*) FILTER (is_long(last_at - first_at(first_line))) AS long,
    sum(talk) AS talk,
    sum(first_wait(opening)) AS first_wait, count(first_wait(opening)) AS first,
    sum(first_wait(opening_assessed)) AS first_wait_assessed, count(first_wait(opening_assessed)) AS first_assessed,
    count(opening_assessed) AS assessed,
    count(*) FILTER (in_time(assessed_wait / assessed_answered)) AS mean_in_time,
    count(*) FILTER (in_time(first_wait(opening_assessed))) AS first_in_time,
    count(*) FILTER (is_quick(first_wait(opening_assessed))) AS first_quick
FROM talks
GROUP BY ALL;

-- What adds up over rounds, on both clocks.
CREATE TEMP TABLE round_sums AS
WITH on_both AS (
    SELECT
        shop, owner, hour, assessed,
        count(*) AS asked, count(wait) AS answered, count(*) FILTER (queued) AS queued, count(queue) AS taken, sum(queue) AS queue,
        sum(wait) AS wait, sum(agent_wait) AS agent_wait,
        max(wait) AS longest, max(agent_wait) AS agent_longest,
        sum(capped(wait)) AS capped, sum(capped(agent_wait)) AS agent_capped,
        count(*) FILTER (wait > 0) AS waited, count(*) FILTER (agent_wait > 0) AS agent_waited,
        count(*) FILTER (in_time(wait)) AS in_time, count(*) FILTER (in_time(agent_wait)) AS agent_in_time,
        count(*) FILTER (is_quick(wait)) AS quick, count(*) FILTER (is_quick(agent_wait)) AS agent_quick,
        sum(asks) AS asks, sum(asks_in_time) AS asks_in_time, sum(agent_asks_in_time) AS agent_asks_in_time
    FROM rounds
    GROUP BY ALL
)
SELECT
    shop AS side, hour, assessed, asked, answered, wait, longest, capped, waited, in_time, quick, asks, asks_in_time,
    queued, taken, queue
FROM on_both
UNION ALL BY NAME
SELECT
    owner AS side, hour, assessed, asked, answered, agent_wait AS wait, agent_longest AS longest, agent_capped AS capped,
    agent_waited AS waited, agent_in_time AS in_time, agent_quick AS quick, asks, agent_asks_in_time AS asks_in_time
FROM on_both
WHERE owner IS NOT NULL;

-- Nearest rank, exact.
CREATE TEMP TABLE percentiles AS
SELECT
    side,
    quantile_disc(wait, [0.5, 0.9, 0.95]) AS ranks,
    quantile_disc(wait, [0.5, 0.9, 0.95]) FILTER (assessed) AS ranks_assessed
FROM (
    SELECT shop AS side, wait, assessed FROM rounds WHERE wait IS NOT NULL
    UNION ALL
    SELECT owner, agent_wait, assessed FROM rounds WHERE wait IS NOT NULL
)
GROUP BY side;

CREATE TEMP TABLE hourly_day AS
SELECT
    shop_id, if(agent_id IS NULL, 'shop', 'agent') AS level, agent_id, hour::BIGINT AS hour,
    total(begun) AS receptions, total(lines) AS buyer_msgs, total(asked) AS rounds, total(wait) AS wait_ms_sum,
    total(asked - answered) AS unanswered
FROM (
    SELECT side, hour, begun FROM talk_sums WHERE begun > 0
    UNION ALL BY NAME
    SELECT unnest([shop, agent]) AS side, hour, lines
    FROM (
        SELECT shop, agent, hour(ms) AS hour, count(*) AS lines
        FROM ordered
        JOIN sessions USING (session)
        WHERE buyer
        GROUP BY ALL
    )
    UNION ALL BY NAME
    SELECT side, hour, asked, answered, wait FROM round_sums
)
JOIN sides USING (side)
GROUP BY shop_id, agent_id, hour
ORDER BY shop_id, level, agent_id, hour;

-- What is said of a buyer on a day, and how many there are. One slow round makes a buyer slow (`slow_times`).
CREATE TEMP TABLE of_persons AS
WITH buyers AS (
    SELECT
        side,
        sum(buyer_msgs) > 0 AS consults,
        consults AS is_received,
        is_received AND sum(agent_msgs) > 0 AS is_replied,
        bool_or(transfer_in) AS is_in, bool_or(transfer_out) AS is_out,
        sum(assessed) > 0 AS is_asking,
        is_asking AND (sum(assessed) > sum(assessed_answered) OR NOT in_time(max(longest_assessed))) AS is_missed,
        is_received AND is_slow(max(longest)) AS waits, is_received AND is_slow(max(longest_assessed)) AS waits_assessed
    FROM talks
    GROUP BY side, buyer_id
)
SELECT
    side,
    count(*) FILTER (consults) AS consult_buyers,
    count(*) FILTER (is_received) AS receive_buyers,
    consult_buyers - receive_buyers AS filtered_buyers,
    consult_buyers AS consult_person_days,
    receive_buyers AS receive_person_days,
    count(*) FILTER (is_received AND is_in IS NOT TRUE) AS direct_receive_buyers,
    count(*) FILTER (is_in) AS transfer_in_buyers,
    count(*) FILTER (is_out) AS transfer_out_buyers,
    count(*) FILTER (waits) AS slow_buyers,
    count(*) FILTER (waits_assessed) AS slow_buyers_assessed,
    count(*) FILTER (is_asking) AS assessed_buyers,
    count(*) FILTER (is_missed) AS missed_3min_buyers,
    assessed_buyers - missed_3min_buyers AS in_time_buyers,
    per(in_time_buyers, assessed_buyers) AS reply_3min_person_rate,
    count(*) FILTER (is_replied) AS replied_buyers,
    replied_buyers AS replied_person_days,
    receive_buyers - replied_buyers AS unreplied_buyers,
    per(replied_buyers, receive_buyers) AS reply_rate
FROM buyers
GROUP BY side;

CREATE TEMP TABLE of_talks AS
SELECT
    side,
    total(consults) AS sessions,
    total(manual) AS manual_sessions,
    total(by_buyer) AS buyer_initiated,
    total(begun - by_buyer) AS agent_initiated,
    total(asked) AS buyer_msgs,
    total(replied) AS agent_msgs,
    total(automatic) AS auto_msgs,
    buyer_msgs + agent_msgs + auto_msgs AS total_msgs,
    per(agent_msgs, buyer_msgs) AS answer_ask_ratio,
    total(words) AS agent_words,
    total(replied_to_buyers) AS session_replies,
    per(session_replies, sessions) AS msgs_per_session,
    total(long) AS long_receptions,
    total(first_wait) AS first_wait_ms_sum,
    total(first) AS first_answered,
    per(first_wait_ms_sum, first_answered * 1000) AS first_resp_avg_s,
    total(first_wait_assessed) AS first_wait_ms_sum_assessed,
    total(first_assessed) AS first_answered_assessed,
    per(first_wait_ms_sum_assessed, first_answered_assessed * 1000) AS first_resp_avg_s_assessed,
    total(assessed) AS assessed_sessions,
    total(mean_in_time) AS in_time_sessions,
    per(in_time_sessions, assessed_sessions) AS reply_3min_session_rate,
    total(talk_sums.first_in_time) AS first_in_time,
    per(total(talk_sums.first_in_time), assessed_sessions) AS reply_3min_first_rate,
    total(first_quick) AS first_in_30s,
    per(first_in_30s, assessed_sessions) AS reply_30s_first_rate,
    total(talk) AS reception_ms_sum,
    reception_ms_sum / 1000 AS reception_s,
    total(unserved) AS no_service_sessions,
    per(no_service_sessions, manual_sessions) AS no_service_rate,
    total(left_alone) AS leave_messages,
    per(leave_messages, sessions) AS leave_message_rate
FROM talk_sums
GROUP BY side;

-- What exists over all rounds and over assessed rounds alone.
CREATE MACRO of_rounds(only_assessed) AS TABLE
SELECT
    side,
    total(asked) AS rounds,
    total(answered) AS answered_rounds,
    total(asked - answered) AS unanswered_rounds,
    total(wait) AS wait_ms_sum,
    per(wait_ms_sum, answered_rounds * 1000) AS resp_avg_s,
    total(capped) AS capped_wait_ms_sum,
    total(waited) AS capped_rounds,
    per(capped_wait_ms_sum, capped_rounds * 1000) AS resp_capped_avg_s,
    max(longest)::BIGINT AS wait_ms_max,
    wait_ms_max / 1000 AS resp_max_s,
    total(queued) AS queued_sessions,
    total(queue) AS queue_ms_sum,
    total(taken) AS queue_taken,
    per(queue_ms_sum, queue_taken * 1000) AS avg_queue_s
FROM sides
LEFT JOIN (FROM round_sums WHERE assessed OR NOT only_assessed) USING (side)
GROUP BY side;

CREATE TEMP TABLE rates AS
SELECT
    side,
    total(in_time) AS rounds_in_3min,
    per(rounds_in_3min, sum(asked)) AS reply_3min_round_rate,
    reply_3min_round_rate AS official_reply_3min_rate,
    total(quick) AS rounds_in_30s,
    per(rounds_in_30s, sum(asked)) AS reply_30s_round_rate,
    total(asks) AS assessed_asks,
    total(round_sums.asks_in_time) AS asks_in_time,
    per(total(round_sums.asks_in_time), assessed_asks) AS reply_3min_message_rate
FROM sides
LEFT JOIN (FROM round_sums WHERE assessed) AS round_sums USING (side)
GROUP BY side;

-- Most receptions at once. Both ends are in: at one instant they begin before they end.
CREATE TEMP TABLE peaks AS
SELECT side, max(open)::BIGINT AS max_concurrent
FROM (
    SELECT side, sum(step) OVER (PARTITION BY side ORDER BY edge ROWS UNBOUNDED PRECEDING) AS open
    FROM (
        SELECT side, unnest([first_at(first_line) * 2, last_at * 2 + 1]) AS edge, unnest([1, -1]) AS step
        FROM talks
        JOIN sides USING (side)
        WHERE agent_id IS NOT NULL AND first_line IS NOT NULL
    )
)
GROUP BY side;

CREATE TEMP TABLE report AS
SELECT
    sides.*, of_persons.* EXCLUDE side, of_talks.* EXCLUDE side,
    all_rounds.* EXCLUDE side, assessed_rounds.* EXCLUDE side, rates.* EXCLUDE side,
    per(reception_ms_sum, replied_person_days * 1000) AS avg_reception_s,
    ranks[1] / 1000 AS resp_p50_s, ranks[2] / 1000 AS resp_p90_s, ranks[3] / 1000 AS resp_p95_s,
    ranks_assessed[1] / 1000 AS resp_p50_s_assessed,
    ranks_assessed[2] / 1000 AS resp_p90_s_assessed,
    ranks_assessed[3] / 1000 AS resp_p95_s_assessed
FROM of_persons
JOIN sides USING (side)
JOIN of_talks USING (side)
JOIN of_rounds(false) AS all_rounds USING (side)
JOIN (SELECT side, COLUMNS(* EXCLUDE side) AS '\0_assessed' FROM of_rounds(true)) AS assessed_rounds USING (side)
JOIN rates USING (side)
LEFT JOIN percentiles USING (side);

CREATE TEMP TABLE shop_day AS
SELECT * EXCLUDE (side, agent_id, direct_receive_buyers, transfer_in_buyers, transfer_out_buyers)
FROM report
WHERE agent_id IS NULL
ORDER BY shop_id;

CREATE TEMP TABLE agent_day AS
SELECT
    report.* EXCLUDE (
        side, leave_messages, leave_message_rate, queued_sessions, queue_ms_sum, queue_taken, avg_queue_s,
        queued_sessions_assessed, queue_ms_sum_assessed, queue_taken_assessed, avg_queue_s_assessed
    ) RENAME (sessions AS receptions),
    max_concurrent,
    coalesce(handed_over_rounds, 0) AS handed_over_rounds,
    coalesce(handed_over_rounds_assessed, 0) AS handed_over_rounds_assessed
FROM report
LEFT JOIN peaks USING (side)
LEFT JOIN handed_over USING (side)
WHERE agent_id IS NOT NULL
ORDER BY shop_id, agent_id;

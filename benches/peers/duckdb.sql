-- One business day of chat lines → the tables `shop_day` and `agent_day`, by docs/semantics.md.
--
-- Set before: the variables files (list of paths), starts_at and ends_at (timestamps with time zone).
-- Taken for granted, as in the logs that are measured: every line has a session id, no two lines of a session share sent_at and
-- seq, and no reception filter applies. Sessions split by silence would need a recursive query.
--
-- What made it fast: sessions as integers before the one sort (a third of the time of sorting by three strings), agents as an
-- ENUM, rounds by hash aggregation (asked_at by a second window level would sort again), and duplicates by GROUP BY … HAVING
-- (row_number() over every message id would be another sort).

CREATE TYPE agent AS ENUM (
    SELECT DISTINCT agent_id FROM read_parquet(getvariable('files')) WHERE agent_id IS NOT NULL
);

CREATE TEMP VIEW day AS
SELECT *, file_index, file_row_number
FROM read_parquet(getvariable('files'))
WHERE sent_at >= getvariable('starts_at') AND sent_at < getvariable('ends_at');

-- §2: of two lines of a shop with one message id the first read counts; it is recalled if either says so.
CREATE TEMP TABLE twice AS
SELECT shop_id, message_id
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
JOIN twice USING (shop_id, message_id);

-- §3: a session is the lines of one shop, buyer and day that carry one session id.
CREATE TEMP TABLE sessions AS
SELECT (row_number() OVER ())::INTEGER AS session, *
FROM (SELECT DISTINCT shop_id, buyer_id, session_id FROM day);

-- §2: what each line is. `charge` is the agent it puts in charge.
CREATE TEMP VIEW lines AS
SELECT
    session, agent_id::agent AS agent, epoch_ms(sent_at) AS ms, seq,
    CASE
        WHEN sender = 'buyer' THEN CASE WHEN NOT coalesce(any_recalled, recalled, false) THEN 0 END
        WHEN sender = 'system' THEN CASE WHEN kind IN ('assign', 'transfer') AND agent_id IS NOT NULL THEN 2 END
        WHEN agent_id IS NOT NULL AND coalesce(reply_mode, if(sender = 'agent', 'human', 'auto')) IN ('human', 'assist') THEN 1
        ELSE 3
    END::TINYINT AS what,
    what = 0 AS buyer, what = 1 AS reply, what = 2 AS event, what = 3 AS auto,
    CASE WHEN what <> 3 THEN agent END AS charge
FROM day
JOIN sessions USING (shop_id, buyer_id, session_id)
LEFT JOIN copies USING (file_index, file_row_number)
WHERE what IS NOT NULL AND coalesce(counts, true);

-- §3: who is in charge, and whose line each is. `round` is the number of replies before: a reply ends the round it answers.
CREATE TEMP TABLE ordered AS
SELECT
    session, buyer, reply, event, auto, ms,
    last_value(charge IGNORE NULLS) OVER so_far AS in_charge,
    CASE WHEN buyer THEN coalesce(in_charge, first_value(charge IGNORE NULLS) OVER whole) ELSE agent END AS agent,
    row_number() OVER so_far AS place,
    count(*) FILTER (reply) OVER before AS round
FROM lines
WINDOW
    so_far AS (PARTITION BY session ORDER BY ms, seq),
    before AS (PARTITION BY session ORDER BY ms, seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
    whole AS (PARTITION BY session ORDER BY ms, seq ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING);

-- §4: rounds on both clocks. The agent's starts when somebody was in charge first, before the reply itself.
CREATE TEMP TABLE rounds AS
SELECT
    session, round, owner, asked, answered,
    CASE WHEN answered THEN replied_at - asked_at END AS wait,
    CASE WHEN answered THEN replied_at - greatest(asked_at, coalesce(taken_at, asked_at)) END AS agent_wait,
    (asked_at + 8 * 3600000) % 86400000 >= 8 * 3600000 AND (asked_at + 8 * 3600000) % 86400000 < 23 * 3600000 AS assessed
FROM (
    SELECT
        session, round,
        arg_max(in_charge, place) AS owner,
        min(place) FILTER (buyer) AS asked,
        min(ms) FILTER (buyer) AS asked_at,
        min(ms) FILTER (NOT reply AND in_charge IS NOT NULL) AS taken_at,
        max(ms) FILTER (reply) AS replied_at,
        replied_at IS NOT NULL AS answered
    FROM ordered
    GROUP BY ALL
)
WHERE asked IS NOT NULL;

-- One row per session and agent (null: the queue), with the lines and the rounds that are this agent's.
-- A reception is one with a buyer line, a reply or a part in a round.
CREATE TEMP TABLE parts AS
WITH said AS (
    SELECT
        session, agent,
        count(*) FILTER (buyer) AS buyer_msgs,
        count(*) FILTER (reply) AS agent_msgs,
        count(*) FILTER (auto) AS auto_msgs
    FROM ordered
    GROUP BY ALL
),
owned AS (
    SELECT
        session, owner AS agent,
        count(*) AS own_rounds,
        count(*) FILTER (answered) AS own_answered,
        count(*) FILTER (assessed) AS own_assessed,
        count(*) FILTER (assessed AND answered) AS assessed_answered,
        min(round) FILTER (answered) AS first_round,
        arg_min(wait, round) FILTER (answered) AS first_wait,
        sum(wait)::BIGINT AS wait,
        max(wait) AS longest,
        count(*) FILTER (assessed AND wait <= 180000) AS in_time,
        coalesce(sum(wait) FILTER (assessed), 0)::BIGINT AS assessed_wait,
        arg_min(agent_wait, round) FILTER (answered) AS agent_first_wait,
        sum(agent_wait)::BIGINT AS agent_wait,
        max(agent_wait) AS agent_longest,
        count(*) FILTER (assessed AND agent_wait <= 180000) AS agent_in_time,
        coalesce(sum(agent_wait) FILTER (assessed), 0)::BIGINT AS agent_assessed_wait
    FROM rounds
    GROUP BY ALL
),
took AS (
    SELECT DISTINCT session, agent
    FROM ordered
    JOIN rounds USING (session, round)
    WHERE event AND place > asked
)
SELECT
    shop_id, buyer_id, said.*, owned.* EXCLUDE (session, agent),
    said.agent IS NOT NULL AND (buyer_msgs > 0 OR agent_msgs > 0 OR took.session IS NOT NULL) AS reception
FROM said
JOIN sessions USING (session)
LEFT JOIN owned ON said.session = owned.session AND said.agent IS NOT DISTINCT FROM owned.agent
LEFT JOIN took ON said.session = took.session AND said.agent = took.agent;

CREATE TEMP TABLE shop_day AS
WITH talks AS (
    SELECT
        shop_id, buyer_id, session,
        sum(buyer_msgs) AS buyer_msgs, sum(agent_msgs) AS agent_msgs, sum(auto_msgs) AS auto_msgs,
        sum(own_rounds) AS own_rounds, sum(own_answered) AS own_answered,
        arg_min(first_wait, first_round) AS first_wait, sum(wait) AS wait, max(longest) AS longest,
        coalesce(sum(own_assessed), 0) AS assessed, coalesce(sum(in_time), 0) AS in_time,
        coalesce(sum(own_assessed), 0) > 0 AS asked,
        sum(assessed_answered) > 0 AND sum(assessed_wait) <= 180000 * sum(assessed_answered) AS mean_in_time
    FROM parts
    GROUP BY ALL
    HAVING sum(buyer_msgs + agent_msgs + auto_msgs) > 0
),
buyers AS (
    SELECT
        shop_id,
        sum(buyer_msgs) > 0 AS consults,
        count(*) FILTER (buyer_msgs > 0) AS sessions,
        sum(buyer_msgs) AS buyer_msgs, sum(agent_msgs) AS agent_msgs, sum(auto_msgs) AS auto_msgs,
        sum(own_rounds) AS own_rounds, sum(own_answered) AS own_answered,
        count(first_wait) AS first_answered, sum(first_wait) AS first_wait, sum(wait) AS wait, max(longest) AS longest,
        sum(assessed) AS assessed, sum(in_time) AS in_time,
        count(*) FILTER (asked) AS asked_sessions, count(*) FILTER (asked AND mean_in_time) AS in_time_sessions
    FROM talks
    GROUP BY shop_id, buyer_id
)
SELECT
    shop_id,
    count(*) FILTER (consults) AS consult_buyers,
    count(*) FILTER (consults) AS receive_buyers,
    sum(sessions)::BIGINT AS sessions,
    sum(buyer_msgs)::BIGINT AS buyer_msgs,
    sum(agent_msgs)::BIGINT AS agent_msgs,
    sum(auto_msgs)::BIGINT AS auto_msgs,
    coalesce(sum(own_rounds), 0)::BIGINT AS rounds,
    coalesce(sum(own_answered), 0)::BIGINT AS answered_rounds,
    coalesce(sum(own_rounds - own_answered), 0)::BIGINT AS unanswered_rounds,
    sum(first_wait) / nullif(sum(first_answered), 0) / 1000 AS first_resp_avg_s,
    sum(wait) / nullif(sum(own_answered), 0) / 1000 AS resp_avg_s,
    max(longest) / 1000 AS resp_max_s,
    sum(in_time) / nullif(sum(assessed), 0) AS reply_3min_round_rate,
    count(*) FILTER (assessed > 0 AND in_time = assessed) / nullif(count(*) FILTER (assessed > 0), 0) AS reply_3min_person_rate,
    sum(in_time_sessions) / nullif(sum(asked_sessions), 0) AS reply_3min_session_rate
FROM buyers
GROUP BY shop_id
ORDER BY shop_id;

-- The same on the agent's clock, of receptions alone: each is one row of `parts` already.
CREATE TEMP TABLE agent_day AS
WITH buyers AS (
    SELECT
        shop_id, agent,
        sum(buyer_msgs) > 0 AS consults,
        count(*) FILTER (buyer_msgs > 0) AS receptions,
        sum(buyer_msgs) AS buyer_msgs, sum(agent_msgs) AS agent_msgs, sum(auto_msgs) AS auto_msgs,
        sum(own_rounds) AS own_rounds, sum(own_answered) AS own_answered,
        count(agent_first_wait) AS first_answered, sum(agent_first_wait) AS first_wait,
        sum(agent_wait) AS wait, max(agent_longest) AS longest,
        coalesce(sum(own_assessed), 0) AS assessed, coalesce(sum(agent_in_time), 0) AS in_time,
        count(*) FILTER (own_assessed > 0) AS asked_receptions,
        count(*) FILTER (assessed_answered > 0 AND agent_assessed_wait <= 180000 * assessed_answered) AS in_time_receptions
    FROM parts
    WHERE reception
    GROUP BY shop_id, agent, buyer_id
)
SELECT
    shop_id,
    agent::VARCHAR AS agent_id,
    count(*) FILTER (consults) AS consult_buyers,
    count(*) FILTER (consults) AS receive_buyers,
    sum(receptions)::BIGINT AS receptions,
    sum(buyer_msgs)::BIGINT AS buyer_msgs,
    sum(agent_msgs)::BIGINT AS agent_msgs,
    sum(auto_msgs)::BIGINT AS auto_msgs,
    coalesce(sum(own_rounds), 0)::BIGINT AS rounds,
    coalesce(sum(own_answered), 0)::BIGINT AS answered_rounds,
    coalesce(sum(own_rounds - own_answered), 0)::BIGINT AS unanswered_rounds,
    sum(first_wait) / nullif(sum(first_answered), 0) / 1000 AS first_resp_avg_s,
    sum(wait) / nullif(sum(own_answered), 0) / 1000 AS resp_avg_s,
    max(longest) / 1000 AS resp_max_s,
    sum(in_time) / nullif(sum(assessed), 0) AS reply_3min_round_rate,
    count(*) FILTER (assessed > 0 AND in_time = assessed) / nullif(count(*) FILTER (assessed > 0), 0) AS reply_3min_person_rate,
    sum(in_time_receptions) / nullif(sum(asked_receptions), 0) AS reply_3min_session_rate
FROM buyers
GROUP BY shop_id, agent
ORDER BY shop_id, agent_id;

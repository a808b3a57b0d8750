"""The tables of a day: what is counted of each shop, agent and hour, and the metrics made of it.

Everything is counted from two sides: the shop's, of sessions and on its own clock, and the agents', of receptions and on theirs.
Columns of the latter begin with `own_`.
"""

import polars as pl

# Stands for "nobody" among agents: no category has this code.
NOBODY = 2**32 - 1
IN_TIME = 180_000
QUICK = 30_000
SLOW = 180_000
CAP = 600_000
LONG = 30 * 60_000
SIDES = ["", "own_"]
SHOP, AGENT = ["shop"], ["shop", "agent"]
OF_HOUR = ["receptions", "buyer_msgs", "rounds", "wait_ms_sum", "unanswered"]
# What is said of persons by their rounds.
OF_ROUNDS = ["rounds_assessed", "missed", "slow", "slow_assessed"]
MAXIMA = ["wait_ms_max", "wait_ms_max_assessed", "max_concurrent"]
PERCENTILES = {50: 0.5, 90: 0.9, 95: 0.95}


def tables(runs, rounds, takeovers, handed, autos, sessions):
    """`runs` are lines said one after another, `takeovers` transfers that were taken; sessions are numbered from 0."""
    parts, said, asked = parts_of(runs, takeovers, rounds, sessions), said_by_hour(runs), asked_by_hour(rounds)
    own_autos = autos.join(parts, on=["session", "agent"], how="semi")
    shops = counted(SHOP, sessions_of(parts), said, asked, autos, [queued(rounds)])
    own_said, own_asked, receptions = own(said), own(asked), own(parts)
    agents = counted(AGENT, receptions, own_said, own_asked, own_autos, [of_handed_over(handed), peaks(receptions)])
    hours = [
        by_hour(SHOP, said, asked).with_columns(level=pl.lit("shop"), agent=pl.lit(None, pl.UInt32)),
        by_hour(AGENT, own_said, own_asked).with_columns(level=pl.lit("agent")),
    ]
    return {
        "shop_day": named(metrics(shops, percentiles(rounds, SHOP, ""), SHOP), SHOP),
        "agent_day": named(metrics(agents, percentiles(rounds, AGENT, "own_"), AGENT), AGENT),
        "hourly_day": named(pl.concat(hours, how="diagonal"), AGENT).select("shop_id", "level", "agent_id", "hour", *OF_HOUR),
    }


def own(rows):
    """The agents' side alone."""
    owned = [column for column in rows.columns if column.startswith("own_")]
    plain = [column.removeprefix("own_") for column in owned]
    return rows.filter(pl.col("agent") != NOBODY).drop(plain).rename(dict(zip(owned, plain)))


# ---- what is added up ----


def said_by_hour(runs):
    by_buyer = pl.col("by_buyer")
    return (
        runs.lazy()
        .group_by("shop", "agent", "hour")
        .agg(
            buyer_msgs=pl.col("asks").sum(),
            agent_msgs=pl.col("replies").sum(),
            agent_words=pl.col("words").sum(),
            **{f"{side}buyer_initiated": (pl.col(f"{side}first") & by_buyer).sum() for side in SIDES},
            **{f"{side}agent_initiated": (pl.col(f"{side}first") & by_buyer.not_()).sum() for side in SIDES},
            **{f"{side}reception_ms_sum": total(f"{side}talk_ms") for side in SIDES},
        )
        .collect(engine="streaming")
    )


def total(column):
    return pl.col(column).cast(pl.Int64).sum()


def asked_by_hour(rounds):
    return (
        rounds.lazy()
        .group_by("shop", "agent", "hour", "assessed")
        .agg(
            rounds=pl.len(),
            answered_rounds=pl.col("answered").sum(),
            assessed_asks=pl.col("asks").sum(),
            **on_clock(""),
            **on_clock("own_"),
        )
        .collect(engine="streaming")
    )


def on_clock(side):
    wait, first, opening = (pl.col(f"{side}{column}") for column in ("wait", "first", "opening"))
    wait = wait.cast(pl.Int64)
    in_time, quick = wait <= IN_TIME, wait <= QUICK
    sums = {
        "first_answered": first.sum(),
        "first_wait_ms_sum": pl.when(first).then(wait).sum(),
        "opening_answered": (opening & pl.col("answered")).sum(),
        "opening_wait_ms_sum": pl.when(opening).then(wait).sum(),
        "wait_ms_sum": wait.sum(),
        "capped_wait_ms_sum": wait.clip(upper_bound=CAP).sum(),
        "capped_rounds": (wait > 0).sum(),
        "wait_ms_max": wait.max(),
        "rounds_in_3min": in_time.sum(),
        "first_in_time": (opening & in_time).sum(),
        "rounds_in_30s": quick.sum(),
        "first_in_30s": (opening & quick).sum(),
        "assessed_sessions": opening.sum(),
        "asks_in_time": pl.col(f"{side}asks_in_time").sum(),
    }
    return {f"{side}{name}": sum_ for name, sum_ in sums.items()}


def parts_of(runs, takeovers, rounds, sessions):
    """One row per agent in a session (NOBODY: the queue), in the order they came."""
    acts = ["session", "agent", "place"]
    said = (
        pl.concat([runs.select(*acts, "asks", "replies", "served", "first_at", "last_at"), takeovers.select(acts)], how="diagonal")
        .lazy()
        .group_by("session", "agent")
        .agg(pl.col("place", "first_at").min(), pl.col("last_at").max(), pl.col("asks", "replies", "served").sum())
    )
    owned = (
        rounds.lazy()
        .group_by("part")
        .agg(
            pl.col("session", "agent").first(),
            rounds_assessed=pl.col("assessed").sum(),
            assessed_answered=(pl.col("assessed") & pl.col("answered")).sum(),
            **judged(""),
            **judged("own_"),
        )
    )
    parts = said.join(owned.drop("part"), on=["session", "agent"], how="left").collect(engine="streaming").sort("place")
    return parts.with_columns(
        sessions.select("shop", "person", "assessed_start")[parts["session"]],
        # Who comes later takes over from who was there before (decision 6).
        transferred_in=(pl.col("session") == pl.col("session").shift()).fill_null(False),
        transferred_out=(pl.col("session") == pl.col("session").shift(-1)).fill_null(False),
    )


def judged(side):
    wait, is_assessed = pl.col(f"{side}wait"), pl.col("assessed")
    slow = wait > SLOW
    return {
        f"{side}assessed_wait": pl.when(is_assessed).then(wait.cast(pl.Int64)).sum(),
        f"{side}missed": (is_assessed & (wait <= IN_TIME).fill_null(False).not_()).sum(),
        f"{side}slow": slow.sum(),
        f"{side}slow_assessed": (slow & is_assessed).sum(),
    }


def sessions_of(parts):
    sums = ["asks", "replies", "served", *OF_ROUNDS, "assessed_answered", "assessed_wait"]
    return (
        parts.lazy()
        .group_by("session")
        .agg(
            pl.col("shop", "person", "agent", "assessed_start").first(),
            pl.col(sums).sum(),
            pl.col("first_at").min(),
            pl.col("last_at").max(),
        )
        .collect(engine="streaming")
    )


def counted(keys, talks, said, asked, autos, others):
    """All that is added up, one row per key."""
    summed = [
        said.select(*keys, pl.exclude(*keys, "agent", "hour")),
        rounds_as(asked, keys, ""),
        rounds_as(asked.filter("assessed"), keys, "_assessed"),
        autos.select(*keys, auto_msgs=pl.lit(1, pl.UInt32)),
        talks_of(talks, keys),
        persons_of(talks, keys),
        *others,
    ]
    rows = pl.concat([added(part, keys) for part in summed], how="diagonal")
    return added(rows, keys).with_columns(pl.exclude(*keys, *MAXIMA).fill_null(0))


def added(rows, keys):
    maxima = [column for column in MAXIMA if column in rows.columns]
    return rows.group_by(keys).agg(pl.exclude(*keys, *maxima).cast(pl.Int64).sum(), pl.col(maxima).max().cast(pl.Int64))


def rounds_as(asked, keys, suffix):
    """What exists over all rounds and over assessed ones; and what is of assessed ones alone."""
    both = ["rounds", "answered_rounds", "wait_ms_sum", "capped_wait_ms_sum", "capped_rounds", "wait_ms_max"]
    rates = ["rounds_in_3min", "first_in_time", "rounds_in_30s", "first_in_30s", "assessed_sessions", "assessed_asks", "asks_in_time"]
    first = "opening" if suffix else "first"
    return asked.select(
        *keys,
        pl.col(both).name.suffix(suffix),
        pl.col(f"{first}_answered").alias(f"first_answered{suffix}"),
        pl.col(f"{first}_wait_ms_sum").alias(f"first_wait_ms_sum{suffix}"),
        *(rates if suffix else []),
    )


def talks_of(talks, keys):
    """Of sessions, or of receptions."""
    spoken, manned = pl.col("asks") > 0, pl.col("agent") != NOBODY
    manual = spoken & manned & pl.col("assessed_start")
    answered = pl.col("assessed_answered").cast(pl.Int64)
    in_time = (answered > 0) & (pl.col("assessed_wait") <= IN_TIME * answered)
    return talks.group_by(keys).agg(
        talks=spoken.sum(),
        manual_sessions=manual.sum(),
        session_replies=pl.col("replies").filter(spoken).sum(),
        long_receptions=(pl.col("last_at") - pl.col("first_at") > LONG).sum(),
        in_time_sessions=in_time.sum(),
        no_service_sessions=(manual & (pl.col("served") == 0)).sum(),
        leave_messages=(spoken & manned.not_()).sum(),
    )


def persons_of(talks, keys):
    """What is said of buyers of the day, each counted once."""
    transfers = ["transferred_in", "transferred_out"] if keys == AGENT else []
    persons = (
        talks.lazy()
        .group_by(*keys, "person")
        .agg(pl.col("asks", "replies", *OF_ROUNDS).sum(), pl.col(transfers).any())
        .with_columns(consult=pl.col("asks") > 0)
    )
    consult = pl.col("consult")
    said = {
        "consult_buyers": consult,
        # No reception filter applies.
        "receive_buyers": consult,
        "replied_buyers": consult & (pl.col("replies") > 0),
        "assessed_buyers": pl.col("rounds_assessed") > 0,
        "missed_3min_buyers": pl.col("missed") > 0,
        "slow_buyers": consult & (pl.col("slow") > 0),
        "slow_buyers_assessed": consult & (pl.col("slow_assessed") > 0),
    }
    if transfers:
        said["direct_receive_buyers"] = consult & pl.col("transferred_in").not_()
        said["transfer_in_buyers"] = pl.col("transferred_in")
        said["transfer_out_buyers"] = pl.col("transferred_out")
    return persons.group_by(keys).agg(**{name: flag.sum() for name, flag in said.items()}).collect(engine="streaming")


def queued(rounds):
    """Rounds opened with nobody in charge."""
    queues = rounds.select("shop", "queued", "queue_ms", "assessed").filter("queued")
    counts = {"queued_sessions": pl.len(), "queue_ms_sum": total("queue_ms"), "queue_taken": pl.col("queue_ms").count()}
    both = [
        rows.group_by(SHOP).agg(**{f"{name}{suffix}": count for name, count in counts.items()})
        for rows, suffix in ((queues, ""), (queues.filter("assessed"), "_assessed"))
    ]
    return pl.concat(both, how="diagonal")


def of_handed_over(handed):
    return handed.group_by(AGENT).agg(handed_over_rounds=pl.len(), handed_over_rounds_assessed=pl.col("assessed").sum())


def peaks(receptions):
    """Most receptions at once: what ends at the instant another begins is still open."""
    starts = receptions.select(*AGENT, at=pl.col("first_at") * 2, opens=pl.lit(1, pl.Int32))
    ends = receptions.select(*AGENT, at=pl.col("last_at") * 2 + 1, opens=pl.lit(-1, pl.Int32))
    edges = pl.concat([starts, ends]).drop_nulls().sort("at")
    return edges.group_by(AGENT).agg(max_concurrent=pl.col("opens").cum_sum().max())


def percentiles(rounds, keys, side):
    """By nearest rank, exactly."""
    waits = rounds.select(*keys, "assessed", wait=f"{side}wait").drop_nulls()
    return ranked(waits, keys, "").join(ranked(waits.filter("assessed"), keys, "_assessed"), on=keys, how="left")


def ranked(waits, keys, suffix):
    wait = pl.col("wait")
    ranks = {f"resp_p{percent}_s{suffix}": wait.quantile(part, "equiprobable") / 1000 for percent, part in PERCENTILES.items()}
    return waits.group_by(keys).agg(**ranks)


def by_hour(keys, said, asked):
    said = said.select(*keys, "hour", "buyer_msgs", receptions=pl.col("buyer_initiated") + pl.col("agent_initiated"))
    asked = asked.select(*keys, "hour", "rounds", "wait_ms_sum", unanswered=pl.col("rounds") - pl.col("answered_rounds"))
    rows = added(pl.concat([said, asked], how="diagonal"), [*keys, "hour"])
    # An hour of replies alone is no row.
    return rows.filter(pl.any_horizontal(pl.col("receptions", "buyer_msgs", "rounds") > 0)).with_columns(pl.col("hour").cast(pl.Int64))


# ---- metrics ----


def metrics(rows, waits, keys):
    """The report's columns in its order."""
    shop = keys == SHOP
    talk = "sessions" if shop else "receptions"
    consult = pl.col("consult_buyers")
    return rows.join(waits, on=keys, how="left").select(
        *keys,
        "consult_buyers",
        "receive_buyers",
        (consult - pl.col("receive_buyers")).alias("filtered_buyers"),
        consult.alias("consult_person_days"),
        pl.col("receive_buyers").alias("receive_person_days"),
        *([] if shop else ["direct_receive_buyers", "transfer_in_buyers", "transfer_out_buyers"]),
        pl.col("talks").alias(talk),
        "manual_sessions",
        "buyer_initiated",
        "agent_initiated",
        pl.sum_horizontal("buyer_msgs", "agent_msgs", "auto_msgs").alias("total_msgs"),
        "buyer_msgs",
        "agent_msgs",
        "auto_msgs",
        share("agent_msgs", "buyer_msgs", "answer_ask_ratio"),
        "agent_words",
        "session_replies",
        share("session_replies", "talks", "msgs_per_session"),
        *([] if shop else ["max_concurrent"]),
        "long_receptions",
        *response("", shop),
        *response("_assessed", shop),
        *rates(),
        "reception_ms_sum",
        (pl.col("reception_ms_sum") / 1000).alias("reception_s"),
        pl.col("replied_buyers").alias("replied_person_days"),
        seconds("reception_ms_sum", "replied_buyers", "avg_reception_s"),
        "replied_buyers",
        (pl.col("receive_buyers") - pl.col("replied_buyers")).alias("unreplied_buyers"),
        share("replied_buyers", "receive_buyers", "reply_rate"),
        "no_service_sessions",
        share("no_service_sessions", "manual_sessions", "no_service_rate"),
        *(["leave_messages", share("leave_messages", "talks", "leave_message_rate")] if shop else []),
    )


def response(suffix, shop):
    def of(name):
        return f"{name}{suffix}"

    waits = seconds(of("queue_ms_sum"), of("queue_taken"), of("avg_queue_s"))
    queue = [of("queued_sessions"), of("queue_ms_sum"), of("queue_taken"), waits]
    return [
        of("rounds"),
        of("answered_rounds"),
        (pl.col(of("rounds")) - pl.col(of("answered_rounds"))).alias(of("unanswered_rounds")),
        *([] if shop else [of("handed_over_rounds")]),
        of("first_wait_ms_sum"),
        of("first_answered"),
        seconds(of("first_wait_ms_sum"), of("first_answered"), of("first_resp_avg_s")),
        of("wait_ms_sum"),
        seconds(of("wait_ms_sum"), of("answered_rounds"), of("resp_avg_s")),
        of("capped_wait_ms_sum"),
        of("capped_rounds"),
        seconds(of("capped_wait_ms_sum"), of("capped_rounds"), of("resp_capped_avg_s")),
        of("wait_ms_max"),
        *(of(f"resp_p{percent}_s") for percent in PERCENTILES),
        (pl.col(of("wait_ms_max")) / 1000).alias(of("resp_max_s")),
        of("slow_buyers"),
        *(queue if shop else []),
    ]


def rates():
    in_time_buyers = pl.col("assessed_buyers") - pl.col("missed_3min_buyers")
    by_round = share("rounds_in_3min", "rounds_assessed", "reply_3min_round_rate")
    return [
        "rounds_in_3min",
        by_round,
        "assessed_buyers",
        in_time_buyers.alias("in_time_buyers"),
        share(in_time_buyers, "assessed_buyers", "reply_3min_person_rate"),
        "missed_3min_buyers",
        "assessed_sessions",
        "in_time_sessions",
        share("in_time_sessions", "assessed_sessions", "reply_3min_session_rate"),
        "first_in_time",
        share("first_in_time", "assessed_sessions", "reply_3min_first_rate"),
        "assessed_asks",
        "asks_in_time",
        share("asks_in_time", "assessed_asks", "reply_3min_message_rate"),
        by_round.alias("official_reply_3min_rate"),
        "rounds_in_30s",
        share("rounds_in_30s", "rounds_assessed", "reply_30s_round_rate"),
        "first_in_30s",
        share("first_in_30s", "assessed_sessions", "reply_30s_first_rate"),
    ]


def share(over, under, name):
    """Null if there is nothing to share."""
    over = pl.col(over) if isinstance(over, str) else over
    return pl.when(pl.col(under) > 0).then(over / pl.col(under)).alias(name)


def seconds(over, under, name):
    return (share(over, under, name) / 1000).alias(name)


def named(rows, keys):
    """Ids instead of codes."""
    ids = {f"{key}_id": pl.col(key).cat.to(pl.Categorical).cast(pl.String) for key in keys}
    return rows.select(pl.exclude(keys), **ids).select(*ids, pl.exclude(*ids)).sort(*ids)

"""The Polars side of the comparison: one day of chat lines to shop_day.parquet and agent_day.parquet, by docs/semantics.md.

Taken for granted, as in the logs that are measured: every line has a session id, no two lines of a session share sent_at and
seq, and no reception filter applies.

What made it fast: ids as categories, so that the one sort and all groups are on integers; after that sort every "since the
session began" is a fill or a shift over whole columns, where `over` would hash the keys once more for each; logs come in time
order, so a stable sort by session alone is tried first and checked.
"""

import argparse
import glob
import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import polars as pl

SHANGHAI = timezone(timedelta(hours=8))
HOUR = 3_600_000
IN_TIME = 180_000
IDS = ["shop_id", "buyer_id", "session_id", "agent_id"]
BUYER, REPLY, EVENT, AUTO = range(4)
# Stands for "nobody" while agents are filled forward: no category has this code.
NOBODY = 2**32 - 1


def main():
    args = arguments()
    files = sorted(glob.glob(args.messages))
    if not files:
        sys.exit(f"no file matches {args.messages}")
    lines = read(files, args.date)
    names = {column: spelled(lines, column) for column in ("shop_id", "agent_id")}
    parts = parts_of(described(ordered(lines)))
    args.output.mkdir(parents=True, exist_ok=True)
    shop_day(parts, names).write_parquet(args.output / "shop_day.parquet")
    agent_day(parts, names).write_parquet(args.output / "agent_day.parquet")


def read(files, day):
    """The day's lines that count, in input order (§2)."""
    start = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    whole = pl.scan_parquet(files, row_index_name="row").filter(
        pl.col("sent_at") >= start, pl.col("sent_at") < start + timedelta(days=1)
    )
    copies = copies_of(whole)
    if copies.is_empty():
        whole = whole.drop("row")
    else:
        whole = whole.join(copies.lazy(), on="row", how="left", maintain_order="left")
        whole = whole.filter(pl.col("counts").fill_null(True)).with_columns(recalled=pl.coalesce("any_recalled", "recalled"))
    return (
        whole.select(
            pl.col(IDS).cast(pl.Categorical),
            what_it_is().cast(pl.Int8).alias("what"),
            pl.col("sent_at").dt.timestamp("ms").alias("ms"),
            "seq",
        )
        .filter(pl.col("what").is_not_null())
        .collect(engine="streaming")
    )


def copies_of(whole):
    """Lines whose message_id is there twice in their shop: the first counts; it is recalled if any says so."""
    keys = ["shop_id", "message_id"]
    with_id = whole.filter(pl.col("message_id").is_not_null())
    twice = with_id.group_by(keys).len().filter(pl.col("len") > 1).collect(engine="streaming")
    if twice.is_empty():
        return twice
    copies = with_id.select("row", *keys, "recalled").join(twice.lazy(), on=keys, how="semi").collect(engine="streaming")
    return copies.select(
        "row",
        counts=pl.col("row") == pl.col("row").min().over(keys),
        any_recalled=pl.col("recalled").any().over(keys),
    )


def what_it_is():
    sender, named = pl.col("sender"), pl.col("agent_id").is_not_null()
    mode = pl.coalesce("reply_mode", pl.when(sender == "agent").then(pl.lit("human")).otherwise(pl.lit("auto")))
    return (
        pl.when(sender == "buyer")
        .then(pl.when(pl.col("recalled").fill_null(False).not_()).then(BUYER))
        .when(sender == "system")
        .then(pl.when(pl.col("kind").is_in(["assign", "transfer"]) & named).then(EVENT))
        .when(named & mode.is_in(["human", "assist"]))
        .then(REPLY)
        .otherwise(AUTO)
    )


def spelled(lines, column):
    """Names for codes."""
    names = lines.select(pl.col(column).unique().drop_nulls())
    return names.select(pl.col(column).to_physical().alias(f"{column}_code"), pl.col(column).cast(pl.String))


def ordered(lines):
    """Codes instead of categories, and the lines of a session together, in order (§2)."""
    coded = lines.with_columns(pl.col(IDS).to_physical(), pl.col("seq").fill_null(-(2**63)))
    by_session = coded.sort("session_id", maintain_order=True)
    if in_order(by_session):
        return by_session.drop("seq")
    return coded.sort("session_id", "shop_id", "buyer_id", "ms", "seq", maintain_order=True).drop("seq")


def in_order(lines):
    """Whether each session id is one buyer's and its lines stand in order."""
    same = pl.col("session_id") == pl.col("session_id").shift()
    torn = (pl.col("buyer_id") != pl.col("buyer_id").shift()) | (pl.col("shop_id") != pl.col("shop_id").shift())
    before = pl.col("ms") < pl.col("ms").shift()
    before |= (pl.col("ms") == pl.col("ms").shift()) & (pl.col("seq") < pl.col("seq").shift())
    return not lines.lazy().select((same & (torn | before)).any()).collect(engine="streaming").item()


def described(lines):
    """Who is in charge, whose line each is, and the round a line ends (§3, §4)."""
    keys = ["session_id", "shop_id", "buyer_id"]
    buyer, reply, event = (pl.col("what") == what for what in (BUYER, REPLY, EVENT))
    begins, ends = pl.col("begins"), pl.col("ends")
    return (
        lines.lazy()
        .with_columns(begins=pl.any_horizontal(pl.col(key) != pl.col(key).shift() for key in keys).fill_null(True))
        .with_columns(ends=begins.shift(-1, fill_value=True), charge=pl.when(pl.col("what") != AUTO).then("agent_id"))
        .with_columns(
            session=begins.cum_sum(),
            in_charge=pl.when(begins & pl.col("charge").is_null()).then(NOBODY).otherwise("charge").forward_fill(),
            next_charge=pl.when(ends & pl.col("charge").is_null()).then(NOBODY).otherwise("charge").backward_fill(),
            # Whether somebody waits after this line.
            waits=pl.when(buyer).then(True).when(reply | begins).then(False).forward_fill(),
        )
        .with_columns(in_charge=known("in_charge"), next_charge=known("next_charge"))
        .with_columns(waited=line_before("waits").fill_null(False), was_in_charge=line_before("in_charge"))
        .with_columns(
            agent=pl.when(buyer).then(pl.coalesce("in_charge", "next_charge")).otherwise("agent_id"),
            asked_at=pl.when(buyer & pl.col("waited").not_()).then("ms").forward_fill(),
            # When the session's first agent came; it has one from then on.
            taken_at=pl.when(pl.col("in_charge").is_not_null() & pl.col("was_in_charge").is_null()).then("ms").forward_fill(),
        )
        .select(
            "session",
            "shop_id",
            "buyer_id",
            "agent",
            "ms",
            "in_charge",
            "asked_at",
            buyer=buyer,
            reply=reply,
            auto=pl.col("what") == AUTO,
            # A transfer that is taken and not answered is a part in the round too.
            took=event & pl.col("waited"),
            answered=reply & pl.col("waited"),
            left=ends & pl.col("waits"),
            clock=pl.when(pl.col("was_in_charge").is_null()).then("asked_at").otherwise(pl.max_horizontal("asked_at", "taken_at")),
        )
        .collect()
    )


def known(column):
    return pl.when(pl.col(column) != NOBODY).then(column)


def line_before(column):
    """Of the same session."""
    return pl.when(pl.col("begins").not_()).then(pl.col(column).shift())


def parts_of(lines):
    """One row per session and agent (null: the queue), with the lines and the rounds that are this agent's."""
    keys = ["session", "agent"]
    said = lines.group_by(keys).agg(
        pl.col("shop_id", "buyer_id").first(),
        pl.col("buyer", "reply", "auto").sum().cast(pl.Int64).name.suffix("_msgs"),
        pl.col("took").any(),
    )
    parts = said.join(owned_rounds(lines), on=keys, how="left", nulls_equal=True)
    counts = ["rounds", "answered", "assessed", "assessed_answered", "in_time", "assessed_wait", "agent_in_time", "agent_assessed_wait"]
    return parts.with_columns(
        pl.col(counts).fill_null(0),
        reception=pl.col("agent").is_not_null() & ((pl.col("buyer_msgs") > 0) | (pl.col("reply_msgs") > 0) | pl.col("took")),
    )


def owned_rounds(lines):
    """Rounds by their owner, in the order they were asked: one left open is a session's last."""
    clock = (pl.col("asked_at") + 8 * HOUR) % (24 * HOUR)
    rounds = (
        lines.lazy()
        .filter(pl.col("answered") | pl.col("left"))
        .select(
            "session",
            "answered",
            agent=pl.when("answered").then("agent").otherwise("in_charge"),
            place=pl.int_range(pl.len()),
            assessed=(clock >= 8 * HOUR) & (clock < 23 * HOUR),
            wait=waited_since("asked_at"),
            agent_wait=waited_since("clock"),
        )
    )
    return (
        rounds.group_by("session", "agent", maintain_order=False)
        .agg(
            rounds=pl.len().cast(pl.Int64),
            answered=count(pl.col("answered")),
            assessed=count(pl.col("assessed")),
            assessed_answered=count(pl.col("assessed") & pl.col("answered")),
            first_round=pl.col("place").first(),
            **on_clock(""),
            **on_clock("agent_"),
        )
        .collect()
    )


def waited_since(column):
    return pl.when("answered").then(pl.col("ms") - pl.col(column))


def on_clock(whose):
    """What the shop's clock and the agent's both say of some rounds."""
    wait = pl.col(f"{whose}wait")
    return {
        f"{whose}first_wait": wait.first(),
        f"{whose}wait": wait.sum(),
        f"{whose}longest": wait.max(),
        f"{whose}in_time": count(pl.col("assessed") & (wait <= IN_TIME)),
        f"{whose}assessed_wait": (wait * pl.col("assessed")).sum(),
    }


def shop_day(parts, names):
    talks = (
        parts.lazy()
        .sort("first_round", nulls_last=True)
        .group_by("session", maintain_order=False)
        .agg(
            pl.col("shop_id", "buyer_id", "first_wait").first(),
            pl.col("buyer_msgs", "reply_msgs", "auto_msgs", "rounds", "answered", "assessed", "assessed_answered").sum(),
            pl.col("wait", "in_time", "assessed_wait").sum(),
            pl.col("longest").max(),
        )
        .filter(pl.col("buyer_msgs") + pl.col("reply_msgs") + pl.col("auto_msgs") > 0)
    )
    return report(talks, ["shop_id"], "sessions", names)


def agent_day(parts, names):
    clock = ["first_wait", "wait", "longest", "in_time", "assessed_wait"]
    receptions = parts.lazy().filter("reception").with_columns(pl.col(f"agent_{name}").alias(name) for name in clock)
    return report(receptions.with_columns(agent_id="agent"), ["shop_id", "agent_id"], "receptions", names)


def report(talks, keys, talk_count, names):
    """Talks (sessions or receptions) to persons to the rows of the day."""
    sums = ["buyer_msgs", "reply_msgs", "auto_msgs", "rounds", "answered", "assessed", "in_time", "wait"]
    spoken, asked = pl.col("buyer_msgs") > 0, pl.col("assessed") > 0
    mean_in_time = (pl.col("assessed_answered") > 0) & (pl.col("assessed_wait") <= IN_TIME * pl.col("assessed_answered"))
    persons = talks.group_by(*keys, "buyer_id").agg(
        pl.col(sums).sum(),
        talks=count(spoken),
        longest=pl.col("longest").max(),
        first_answered=pl.col("first_wait").count().cast(pl.Int64),
        first_wait=pl.col("first_wait").sum(),
        asked_talks=count(asked),
        in_time_talks=count(mean_in_time),
    )
    all_in_time = asked & (pl.col("in_time") == pl.col("assessed"))
    rows = persons.group_by(keys).agg(
        consult_buyers=count(spoken),
        receive_buyers=count(spoken),
        **{talk_count: total("talks")},
        buyer_msgs=total("buyer_msgs"),
        agent_msgs=total("reply_msgs"),
        auto_msgs=total("auto_msgs"),
        rounds=total("rounds"),
        answered_rounds=total("answered"),
        unanswered_rounds=total("rounds") - total("answered"),
        first_resp_avg_s=share(total("first_wait"), total("first_answered")) / 1000,
        resp_avg_s=share(total("wait"), total("answered")) / 1000,
        resp_max_s=pl.col("longest").max() / 1000,
        reply_3min_round_rate=share(total("in_time"), total("assessed")),
        reply_3min_person_rate=share(all_in_time.sum(), asked.sum()),
        reply_3min_session_rate=share(total("in_time_talks"), total("asked_talks")),
    )
    for key in keys:
        rows = rows.join(names[key].lazy(), left_on=key, right_on=f"{key}_code").drop(key).rename({f"{key}_right": key})
    return rows.select(*keys, pl.exclude(keys)).sort(keys).collect()


def total(column):
    return pl.col(column).sum()


def count(condition):
    return condition.sum().cast(pl.Int64)


def share(over, under):
    """Null if there is nothing to share."""
    return pl.when(under > 0).then(over / under)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", action="version", version=f"polars {pl.__version__}")
    parser.add_argument("--messages", required=True, help="glob of Parquet files")
    parser.add_argument("--date", required=True, type=date.fromisoformat, help="business day in Asia/Shanghai")
    parser.add_argument("--output", required=True, type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()

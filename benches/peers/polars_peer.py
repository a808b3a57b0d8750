"""The Polars side of the comparison: one day of chat lines to shop_day, agent_day and hourly_day, by docs/semantics.md.

From lines to sessions, runs of lines, rounds and transfers; polars_report.py makes the tables of them.

Taken for granted, as in the logs that are measured: every line has a session id, no two lines of a session share sent_at and
seq, and no reception filter applies.

What made it fast: one stable sort by a hash of the session id, for logs come in time order (both are checked); after it, every
"since" is a fill, a shift or a running sum over whole columns. Running sums are read off where runs and rounds end, so that only
those, a tenth and a third of the lines, are grouped. Only agents, and what opens a session, become categories.
"""

import argparse
import glob
import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import polars as pl

import polars_report as report
from polars_report import IN_TIME, NOBODY

SHANGHAI = timezone(timedelta(hours=8))
HOUR = 3_600_000
MAX_WAIT = 30 * 60_000
SESSION = ["session_id", "shop_id", "buyer_id"]
MESSAGE = ["shop_id", "message_id"]
BUYER, REPLY, EVENT, AUTO = range(4)
# Later than any reply.
NEVER = 2**31 - 1
# Codes can be spelled for as long as some column has categories.
CATEGORIES = pl.Series(["any"], dtype=pl.Categorical)


def main():
    args = arguments()
    files = sorted(glob.glob(args.messages))
    if not files:
        sys.exit(f"no file matches {args.messages}")
    lines = ordered(read(files, args.date))
    sessions = sessions_of(lines)
    lines = lines.select("session", "agent_id", "what", "ms", "words")
    autos = lines.filter(pl.col("what") == AUTO).select("session", agent="agent_id")
    lines = in_charge(lines)
    rounds = rounds_of(lines)
    facts = [runs_of(lines), by_part(rounds), taken_over(lines), handed_over(lines, rounds), autos]
    tables = report.tables(*(of_shops(rows, sessions) for rows in facts), sessions)
    args.output.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.write_parquet(args.output / f"{name}.parquet")


def read(files, day):
    """The day's lines in input order (§2); those that count for nothing are null in `what`."""
    start = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    whole = pl.scan_parquet(files).filter(pl.col("sent_at") >= start, pl.col("sent_at") < start + timedelta(days=1))
    what = what_it_is()
    lines = whole.select(
        *SESSION,
        code("agent_id"),
        what.cast(pl.Int8).alias("what"),
        # Since the day began: half as wide.
        (pl.col("sent_at").dt.timestamp("ms") - int(start.timestamp() * 1000)).cast(pl.Int32).alias("ms"),
        "seq",
        words=pl.when(what == REPLY).then(pl.col("text").str.len_chars()).fill_null(0),
        # Two hashes alike are two messages that may be alike.
        message=pl.when(pl.col("message_id").is_not_null()).then(pl.col("shop_id").hash() ^ pl.col("message_id").hash()),
    ).collect(engine="streaming")
    hashes = lines["message"].drop_nulls()
    return lines.drop("message") if hashes.n_unique() == len(hashes) else without_copies(lines, whole)


def code(column):
    return pl.col(column).cast(pl.Categorical).to_physical()


def without_copies(lines, whole):
    """Of lines whose message_id is there twice in their shop the first counts; it is recalled if any says so."""
    rows = lines.with_row_index("row").filter(pl.col("message").is_not_null() & pl.col("message").is_duplicated()).select("row")
    said = whole.select(*MESSAGE, "recalled").collect(engine="streaming")
    copies = rows.with_columns(said[rows["row"]]).select(
        "row",
        counts=pl.col("row") == pl.col("row").min().over(MESSAGE),
        any_recalled=pl.col("recalled").any().over(MESSAGE),
    )
    lines = lines.with_row_index("row").join(copies, on="row", how="left", maintain_order="left")
    passed_over = pl.col("counts").not_() | (pl.col("any_recalled") & (pl.col("what") == BUYER))
    return lines.filter(passed_over.fill_null(False).not_()).drop("row", "message", "counts", "any_recalled")


def what_it_is():
    sender, mode = pl.col("sender"), pl.col("reply_mode")
    named, agents = pl.col("agent_id").is_not_null(), sender == "agent"
    puts_in_charge = (pl.col("kind") == "assign") | (pl.col("kind") == "transfer")
    return (
        pl.when(sender == "buyer")
        .then(pl.when(pl.col("recalled").fill_null(False).not_()).then(BUYER))
        .when(sender == "system")
        .then(pl.when(puts_in_charge & named).then(EVENT))
        .when(named & ((mode == "human") | (mode == "assist")).fill_null(agents))
        .then(REPLY)
        .otherwise(AUTO)
    )


def ordered(lines):
    """The lines of a session together, in order (§2, §3)."""
    lines = lines.with_columns(pl.col("seq").fill_null(-(2**63)), hash=pl.col("session_id").hash())
    by_session = numbered(lines.sort("hash", maintain_order=True))
    if in_order(by_session):
        return by_session
    return numbered(lines.sort(*(code(key) for key in SESSION), "ms", "seq", maintain_order=True))


def numbered(lines):
    return lines.with_columns(begins=changes(SESSION)).with_columns(session=pl.col("begins").cum_sum() - 1)


def changes(keys):
    return pl.any_horizontal(pl.col(key) != pl.col(key).shift() for key in keys).fill_null(True)


def in_order(lines):
    """Whether each hash is one session's and its lines stand in order."""
    at, seq, begins = pl.col("ms"), pl.col("seq"), pl.col("begins")
    torn = begins & (pl.col("hash") == pl.col("hash").shift())
    before = (at < at.shift()) | ((at == at.shift()) & (seq < seq.shift()))
    return not lines.lazy().select((torn | (before & begins.not_())).any()).collect(engine="streaming").item()


def sessions_of(lines):
    """Whose each session is, and whether it starts in assessed hours: with its first line that is no event (§3)."""
    starts = lines.lazy().filter(pl.col("what") != EVENT).filter(changes(["session"])).select("session", assessed_start=assessed("ms"))
    sessions = lines.lazy().filter("begins").select("session", shop=code("shop_id"), person=code("buyer_id"))
    return sessions.join(starts, on="session", how="left", maintain_order="left").collect()


def of_shops(rows, sessions):
    return rows.with_columns(shop=sessions["shop"].gather(rows["session"]))


def hour(at):
    return (pl.col(at) // HOUR).cast(pl.Int8)


def assessed(at):
    return (pl.col(at) >= 8 * HOUR) & (pl.col(at) < 23 * HOUR)


def in_charge(lines):
    """Who is in charge, whose line each is, and who waits (§3, §4)."""
    buyer, reply = pl.col("what") == BUYER, pl.col("what") == REPLY
    begins, ends, named = pl.col("begins"), pl.col("ends"), pl.col("agent_id").is_not_null()
    return (
        lines.lazy()
        .filter(pl.col("what") != AUTO)
        .with_columns(begins=changes(["session"]))
        .with_columns(ends=begins.shift(-1, fill_value=True))
        .with_columns(place=pl.int_range(pl.len(), dtype=pl.UInt32))
        .with_columns(
            buyer=buyer,
            reply=reply,
            in_charge=pl.when(named).then("agent_id").when(begins).then(NOBODY).forward_fill(),
            # Where the next agent comes, to take who queues.
            next_named=pl.when(named | ends).then("place").backward_fill(),
            replied_at=pl.when(reply).then("ms").when(ends).then(NEVER).backward_fill(),
            # Whether somebody waits after this line.
            waits=pl.when(buyer).then(True).when(reply | begins).then(False).forward_fill(),
        )
        .with_columns(
            waited=line_before("waits").fill_null(False),
            queued=pl.col("in_charge") == NOBODY,
            taken_at=pl.col("ms").gather("next_named"),
        )
        .with_columns(
            agent=pl.when("queued").then(pl.col("agent_id").gather("next_named").fill_null(NOBODY)).otherwise("in_charge"),
            opens=buyer & pl.col("waited").not_(),
            answers=reply & pl.col("waited"),
            # When a question begins to wait on the agent's clock: when taken from the queue, unless by the reply itself.
            own_ms=pl.when(pl.col("queued") & pl.col("reply").gather("next_named").not_()).then("taken_at").otherwise("ms"),
        )
        .collect()
    )


def line_before(column):
    """Of the same session."""
    return pl.when(pl.col("begins").not_()).then(pl.col(column).shift())


def runs_of(lines):
    """Lines said one after another in a session, all of one agent and of one hour."""
    since = pl.col("ms") - pl.col("ms").shift()
    sums = {
        "asks": pl.col("buyer"),
        "replies": pl.col("reply"),
        "words": pl.col("words"),
        "served": pl.col("buyer") & (pl.col("replied_at") < NEVER),
        "gap": pl.when(pl.col("begins").not_() & (since <= MAX_WAIT)).then(since).otherwise(0).cast(pl.Int64),
    }
    spoken = (
        lines.lazy()
        .select("session", "agent", "place", "ms", "words", "buyer", "reply", "replied_at", hour=hour("ms"))
        .filter(pl.col("buyer") | pl.col("reply"))
        .with_columns(begins=changes(["session", "agent", "hour"]))
        .with_columns(ends=pl.col("begins").shift(-1, fill_value=True), **{name: row.cum_sum() for name, row in sums.items()})
        .collect()
    )
    begun = spoken.filter("begins").select("session", "agent", "place", "hour", first_at="ms", by_buyer="buyer")
    ended = spoken.filter("ends").select(since_row_before(sums), last_at="ms")
    by_session = pl.concat([begun, ended], how="horizontal").with_columns(**joined("", ["session"]))
    return by_session.sort("session", "agent", maintain_order=True).with_columns(**joined("own_", ["session", "agent"]))


def joined(side, keys):
    """Which run begins a session or a reception, and the reception time it adds, with the gap before it (§5)."""
    is_first, since = changes(keys), pl.col("first_at") - pl.col("last_at").shift()
    return {
        f"{side}first": is_first,
        f"{side}talk_ms": pl.col("gap") + pl.when(is_first.not_() & (since <= MAX_WAIT)).then(since).otherwise(0),
    }


def since_row_before(columns):
    """Of running sums."""
    return pl.col(columns) - pl.col(columns).shift(fill_value=0)


def taken_over(lines):
    """Transfers taken from who waits: who then never speaks has a part in the session too."""
    return lines.lazy().filter(pl.col("waited") & (pl.col("what") == EVENT)).select("session", "agent", "place").collect()


def rounds_of(lines):
    """One row per round, in order (§4). The n-th line that opens one belongs to the n-th that closes one."""
    opened = (
        lines.lazy()
        .filter("opens")
        .select(
            "queued",
            asked_at="ms",
            own_asked_at="own_ms",
            hour=hour("ms"),
            assessed=assessed("ms"),
            queue_ms=pl.when(pl.col("agent") != NOBODY).then(pl.col("taken_at") - pl.col("ms")),
        )
    )
    asks = {
        "asks": pl.col("buyer"),
        "asks_in_time": pl.col("buyer") & (pl.col("replied_at") - pl.col("ms") <= IN_TIME),
        "own_asks_in_time": pl.col("buyer") & (pl.col("replied_at") - pl.col("own_ms") <= IN_TIME),
    }
    closes = pl.col("answers") | (pl.col("ends") & pl.col("waits"))
    closed = (
        lines.lazy()
        .select("session", "agent", "ms", answered="answers", closes=closes, **{name: row.cum_sum() for name, row in asks.items()})
        .filter("closes")
        # No question stands between rounds.
        .with_columns(since_row_before(asks))
    )
    return (
        pl.concat([opened, closed], how="horizontal")
        .with_columns(
            wait=pl.when("answered").then(pl.col("ms") - pl.col("asked_at")),
            own_wait=pl.when("answered").then(pl.col("ms") - pl.col("own_asked_at")),
            **firsts("", ["session"]),
        )
        .drop("ms", "asked_at", "own_asked_at", "closes")
        .collect()
    )


def by_part(rounds):
    """Those of one agent in a session together."""
    own = rounds.sort("session", "agent", maintain_order=True).with_columns(**firsts("own_", ["session", "agent"]))
    return own.with_columns(part=changes(["session", "agent"]).cum_sum())


def firsts(side, keys):
    """The first answered round, and the first assessed one, answered or not. Only the last of a session can be unanswered."""
    is_assessed, is_first = pl.col("assessed"), changes(keys)
    return {
        f"{side}first": pl.col("answered") & is_first,
        f"{side}opening": is_assessed & (is_first | is_assessed.shift(fill_value=False).not_()),
    }


def handed_over(lines, rounds):
    """Who was in charge of a round that somebody else owns (§4)."""
    return (
        lines.lazy()
        .select("session", "agent", "waits", round=pl.col("opens").cum_sum() - 1)
        .filter("waits")
        .with_columns(owner=pl.lit(rounds["agent"]).gather("round"))
        .filter(pl.col("agent") != pl.col("owner"))
        .unique(["round", "agent"])
        .select("session", "agent", assessed=pl.lit(rounds["assessed"]).gather("round"))
        .collect()
    )


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", action="version", version=f"polars {pl.__version__}")
    parser.add_argument("--messages", required=True, help="glob of Parquet files")
    parser.add_argument("--date", required=True, type=date.fromisoformat, help="business day in Asia/Shanghai")
    parser.add_argument("--output", required=True, type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()

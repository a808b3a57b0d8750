"""Compares two results of a day, cell by cell. Exit 1 if they differ.

Counts are equal exactly and of one type, seconds and rates within 1e-9, and percentiles within the 1 % that kefu's histograms
may be off. A result is a folder: the output of a kefu run, or what a peer wrote.
"""

import argparse
import math
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

SHOWN = 20

# What exists over all rounds, and with the suffix `_assessed` over assessed rounds only.
OF_ROUNDS = """
    rounds answered_rounds unanswered_rounds first_wait_ms_sum first_answered first_resp_avg_s wait_ms_sum resp_avg_s
    capped_wait_ms_sum capped_rounds resp_capped_avg_s wait_ms_max resp_p50_s resp_p90_s resp_p95_s resp_max_s slow_buyers
""".split()
SHOP_OF_ROUNDS = [*OF_ROUNDS, "queued_sessions", "queue_ms_sum", "queue_taken", "avg_queue_s"]
AGENT_OF_ROUNDS = [*OF_ROUNDS, "handed_over_rounds"]
BOTH = """
    consult_buyers receive_buyers filtered_buyers consult_person_days receive_person_days
    manual_sessions buyer_initiated agent_initiated total_msgs buyer_msgs agent_msgs auto_msgs answer_ask_ratio agent_words
    session_replies msgs_per_session long_receptions
    rounds_in_3min reply_3min_round_rate assessed_buyers in_time_buyers reply_3min_person_rate missed_3min_buyers
    assessed_sessions in_time_sessions reply_3min_session_rate first_in_time reply_3min_first_rate
    assessed_asks asks_in_time reply_3min_message_rate official_reply_3min_rate
    rounds_in_30s reply_30s_round_rate first_in_30s reply_30s_first_rate
    reception_ms_sum reception_s replied_person_days avg_reception_s
    replied_buyers unreplied_buyers reply_rate no_service_sessions no_service_rate
""".split()
SHOP = ["sessions", "leave_messages", "leave_message_rate"]
AGENT = ["receptions", "direct_receive_buyers", "transfer_in_buyers", "transfer_out_buyers", "max_concurrent"]


def also_assessed(metrics):
    return [*metrics, *(f"{metric}_assessed" for metric in metrics)]


# Table → what names its rows, and what is compared of them.
TABLES = {
    "shop_day": (["shop_id"], [*BOTH, *SHOP, *also_assessed(SHOP_OF_ROUNDS)]),
    "agent_day": (["shop_id", "agent_id"], [*BOTH, *AGENT, *also_assessed(AGENT_OF_ROUNDS)]),
    "hourly_day": (["shop_id", "level", "agent_id", "hour"], ["receptions", "buyer_msgs", "rounds", "wait_ms_sum", "unanswered"]),
}
PERCENTILES = set(also_assessed(["resp_p50_s", "resp_p90_s", "resp_p95_s"]))


def main():
    args = arguments()
    differences, cells = [], 0
    for table, (keys, metrics) in TABLES.items():
        one, other = (read(folder, table, args.date, keys, metrics, args.skip_idle) for folder in (args.one, args.other))
        if not one.by_key:
            sys.exit(f"{args.one}: no rows in {table}")
        differences += [f"{table} {line}" for line in differ(one, other, metrics)]
        cells += len(one.by_key) * len(metrics)
    if differences:
        print(*differences[:SHOWN], sep="\n")
        sys.exit(f"{len(differences)} differences between {args.one} and {args.other}")
    print(f"{cells} cells equal")


@dataclass
class Rows:
    by_key: dict
    types: list


def read(folder, table, day, keys, metrics, skip_idle):
    kefu = folder / "reports" / table / f"dt={day}" / "data.parquet"
    path = kefu if kefu.exists() else folder / f"{table}.parquet"
    found = duckdb.sql(f"SELECT {', '.join(keys + metrics)} FROM read_parquet(?)", params=[str(path)])
    rows = {row[: len(keys)]: row[len(keys) :] for row in found.fetchall()}
    return Rows({key: cells for key, cells in rows.items() if not skip_idle or any(cells)}, found.types[len(keys) :])


def differ(one, other, metrics):
    for metric, left, right in zip(metrics, one.types, other.types):
        if left != right:
            yield f"{metric}: {left} and {right}"
    for key in sorted(one.by_key.keys() | other.by_key.keys()):
        name = "/".join(str(part) for part in key)
        if key not in one.by_key or key not in other.by_key:
            yield f"{name}: only in the {'second' if key not in one.by_key else 'first'}"
            continue
        for metric, left, right in zip(metrics, one.by_key[key], other.by_key[key]):
            if not equal(left, right, 1e-2 if metric in PERCENTILES else 1e-9):
                yield f"{name} {metric}: {left} and {right}"


def equal(left, right, tolerance):
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=tolerance, abs_tol=1e-9)
    return left == right and type(left) is type(right)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("one", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("--date", required=True, type=date.fromisoformat)
    parser.add_argument("--skip-idle", action="store_true", help="leave out rows without any count (shops that are only listed)")
    return parser.parse_args()


if __name__ == "__main__":
    main()

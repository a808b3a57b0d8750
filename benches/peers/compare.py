"""Compares two results of a day, cell by cell: counts exactly, seconds and rates within 1e-9. Exit 1 if they differ.

A result is a folder: the output of a kefu run, or what a peer wrote.
"""

import argparse
import math
import sys
from datetime import date
from pathlib import Path

import duckdb

SHOWN = 20
BOTH = """
    consult_buyers receive_buyers buyer_msgs agent_msgs auto_msgs rounds answered_rounds unanswered_rounds
    first_resp_avg_s resp_avg_s resp_max_s reply_3min_round_rate reply_3min_person_rate reply_3min_session_rate
""".split()
LEVELS = {"shop": (["shop_id"], ["sessions", *BOTH]), "agent": (["shop_id", "agent_id"], ["receptions", *BOTH])}


def main():
    args = arguments()
    differences, cells = [], 0
    for level, (keys, metrics) in LEVELS.items():
        one, other = (rows(folder, level, args.date, keys, metrics, args.skip_idle) for folder in (args.one, args.other))
        if not one:
            sys.exit(f"{args.one}: no {level} rows")
        differences += [f"{level} {line}" for line in differ(one, other, metrics)]
        cells += len(one) * len(metrics)
    if differences:
        print(*differences[:SHOWN], sep="\n")
        sys.exit(f"{len(differences)} differences between {args.one} and {args.other}")
    print(f"{cells} cells equal")


def rows(folder, level, day, keys, metrics, skip_idle):
    kefu = folder / "reports" / f"{level}_day" / f"dt={day}" / "data.parquet"
    path = kefu if kefu.exists() else folder / f"{level}_day.parquet"
    columns = ", ".join(keys + metrics)
    found = duckdb.execute(f"SELECT {columns} FROM read_parquet(?)", [str(path)]).fetchall()
    table = {row[: len(keys)]: row[len(keys) :] for row in found}
    return {key: cells for key, cells in table.items() if not skip_idle or any(cells)}


def differ(one, other, metrics):
    for key in sorted(one.keys() | other.keys()):
        if key not in one or key not in other:
            yield f"{'/'.join(key)}: only in the {'second' if key not in one else 'first'}"
            continue
        for metric, left, right in zip(metrics, one[key], other[key]):
            if not equal(left, right):
                yield f"{'/'.join(key)} {metric}: {left} and {right}"


def equal(left, right):
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)
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

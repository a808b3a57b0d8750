"""The DuckDB side of the comparison: runs duckdb.sql on one day and writes its tables, one Parquet file each."""

import argparse
import glob
import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb


def main():
    args = arguments()
    files = sorted(glob.glob(args.messages))
    if not files:
        sys.exit(f"no file matches {args.messages}")
    con = duckdb.connect()
    con.execute("SET preserve_insertion_order = false")
    con.execute(f"SET threads = {args.threads}" if args.threads else "RESET threads")
    con.execute(f"SET temp_directory = '{args.output}/spill'")
    con.execute("SET VARIABLE files = ?", [files])
    con.execute("SET VARIABLE starts_at = ?::TIMESTAMPTZ", [f"{args.date} 00:00:00+08"])
    con.execute("SET VARIABLE ends_at = ?::TIMESTAMPTZ", [f"{args.date + timedelta(days=1)} 00:00:00+08"])
    con.execute((Path(__file__).parent / "duckdb.sql").read_text())
    args.output.mkdir(parents=True, exist_ok=True)
    for table in ("shop_day", "agent_day", "hourly_day"):
        con.execute(f"COPY {table} TO '{args.output / table}.parquet' (COMPRESSION zstd)")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", action="version", version=f"duckdb {duckdb.__version__}")
    parser.add_argument("--messages", required=True, help="glob of Parquet files")
    parser.add_argument("--date", required=True, type=date.fromisoformat, help="business day in Asia/Shanghai")
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--threads", type=int)
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Cuts a CSV or NDJSON file at line ends into part-00, part-01 …, each with the header, and compresses them.

The levels are those of `kefu generate`. A line end inside a quoted cell would be cut at; the generated logs have none.
"""

import argparse
import gzip
from pathlib import Path

import zstandard

CHUNK = 1 << 20
OPEN = {
    "plain": ("", lambda path: path.open("wb")),
    "gzip": (".gz", lambda path: gzip.open(path, "wb", compresslevel=3)),
    "zstd": (".zst", lambda path: zstandard.open(path, "wb", cctx=zstandard.ZstdCompressor(level=1))),
}


def main():
    args = arguments()
    ending, create = OPEN[args.compression]
    args.target.mkdir(parents=True, exist_ok=True)
    with args.source.open("rb") as source:
        header = source.readline() if args.source.suffix == ".csv" else b""
        ends = cuts(source, source.tell(), args.source.stat().st_size, args.parts)
        start = len(header)
        for number, end in enumerate(ends):
            with create(args.target / f"part-{number:02}{args.source.suffix}{ending}") as target:
                target.write(header)
                copy(source, start, end, target)
            start = end


def cuts(source, start, size, parts):
    """Ends of about equal parts, each after a line."""
    for part in range(1, parts):
        source.seek(start + (size - start) * part // parts)
        source.readline()
        yield source.tell()
    yield size


def copy(source, start, end, target):
    source.seek(start)
    while start < end:
        chunk = source.read(min(CHUNK, end - start))
        target.write(chunk)
        start += len(chunk)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path, help="folder")
    parser.add_argument("parts", type=int)
    parser.add_argument("compression", choices=OPEN)
    return parser.parse_args()


if __name__ == "__main__":
    main()

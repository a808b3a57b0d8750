"""The logs that are read: made by `kefu generate`, once, and kept below benches/data."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .tools import BENCHES, PEERS

DATA = BENCHES / "data"
DAY = "2026-09-01"
# A year of days from here on lies in the past: kefu refuses a date to come.
YEAR = "2025-09-01"
SHOPS = 200
GIANT_PERCENT = 30
SCALE = {"": 1, "k": 1_000, "m": 1_000_000}
PARTS = 8


@dataclass
class Size:
    """10m: ten million lines a day, with the giant shop; 10m-even: without it."""

    name: str
    lines: int
    giant: bool = True


@dataclass
class Logs:
    """A folder of logs. `lines` is what they really hold."""

    folder: Path
    lines: int
    giant: bool
    ending: str = "parquet"

    @property
    def messages(self):
        return f"{self.folder}/messages/*/*.{self.ending}"

    def files(self):
        return sorted(self.folder.glob(f"messages/*/*.{self.ending}"))

    def mib(self):
        return sum(file.stat().st_size for file in self.files()) / 2**20


def size(text):
    match = re.fullmatch(r"([0-9]+)([km]?)(-even)?", text)
    if not match:
        raise ValueError(f"a size is like 1m, 200k or 10m-even, not {text}")
    number, unit, even = match.groups()
    return Size(text, int(number) * SCALE[unit], giant=not even)


def generate(kefu, name, lines, *, shops=SHOPS, giant=True, first=DAY, days=1, seed=1, form="parquet"):
    """Logs with these properties. What is there is used again if it was made with the same words."""
    folder = DATA / name
    words = ["--from", first, "--days", days, "--shops", shops, "--messages-per-day", lines, "--seed", seed, "--format", form]
    words = [str(word) for word in words]
    if giant and has_giant(kefu):
        words += ["--giant-percent", str(GIANT_PERCENT)]
    record = folder / "made.json"
    if not record.exists() or json.loads(record.read_text())["words"] != words:
        print(f"generating {folder}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        made = subprocess.run([kefu, "generate", "--out", folder, "--json", *words], capture_output=True, text=True)
        if made.returncode != 0:
            sys.exit(made.stderr)
        record.write_text(json.dumps({"words": words, "lines": json.loads(made.stdout)["messages"]}))
    return Logs(folder, json.loads(record.read_text())["lines"], "--giant-percent" in words, form)


def has_giant(kefu):
    """Builds from before the flag can still be measured; their logs, and the results, then say that no shop is a giant."""
    return "--giant-percent" in subprocess.run([kefu, "generate", "--help"], capture_output=True, text=True).stdout


def spoil(python, logs):
    """The same logs, made awkward."""
    folder = logs.folder.with_name(f"{logs.folder.name}-spoiled")
    shutil.rmtree(folder, ignore_errors=True)
    target = folder / "messages" / f"date={DAY}" / "part-0.parquet"
    subprocess.run([python, PEERS / "spoil.py", logs.messages, target], check=True)
    return Logs(folder, logs.lines, logs.giant)


def cut(python, logs, parts, compression):
    """Text logs as so many files, compressed or not."""
    ending = logs.ending + {"plain": "", "gzip": ".gz", "zstd": ".zst"}[compression]
    folder = logs.folder.with_name(f"{logs.folder.name}-{compression}-{parts}")
    done = folder / "made.json"
    made_of = (logs.folder / "made.json").read_text()
    if not done.exists() or done.read_text() != made_of:
        print(f"cutting {folder}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        for source in logs.files():
            target = folder / source.parent.relative_to(logs.folder)
            subprocess.run([python, PEERS / "cut.py", source, target, str(parts), compression], check=True)
        done.write_text(made_of)
    return Logs(folder, logs.lines, logs.giant, ending)

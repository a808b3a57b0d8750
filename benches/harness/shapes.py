"""Days of shapes that no benchmark has: what is bounded elsewhere is large here. Made of the standard library alone, once."""

import json
import shutil
import sys
from dataclasses import dataclass
from typing import Callable

from .logs import DATA, DAY, Logs

# The smallest limit there is, and how far above it a run may be.
MEMORY_LIMIT_MB = 512
TOLERANCE = 1.25
# Each shape is measured at this share too: a run whose time is linear takes that share of it.
PART = 10

HEAD = "shop_id,message_id,sent_at,sender,agent_id,buyer_id,reply_mode\n"
DAY_MS = 86_400_000


@dataclass
class Shape:
    name: str
    title: str
    count: int
    # Line number → its shop, sender, agent, buyer and reply mode.
    line: Callable


def buyer_line(number):
    """Questions and answers by turns; another of fifty agents after each 2,000 lines."""
    if number % 2 == 0:
        return "s1", "buyer", "", "b1", ""
    return "s1", "agent", f"a{number // 2000 % 50}", "b1", "human"


SHAPES = (
    Shape("buyer", "one buyer", 3_000_000, buyer_line),
    Shape("shops", "shops of one line each", 200_000, lambda number: (f"s{number:06}", "buyer", "", f"b{number % 50_000}", "")),
    Shape("agents", "agents of one line each, in 200 shops", 1_000_000,
          lambda number: (f"s{number % 200}", "agent", f"a{number:07}", f"b{number}", "human")),
)  # fmt: skip


def day(shape, lines):
    """The shape with so many lines. What is there is used again."""
    folder = DATA / f"shape-{shape.name}-{lines}"
    record = folder / "made.json"
    if not record.exists():
        print(f"generating {folder}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        target = folder / "messages" / f"date={DAY}"
        target.mkdir(parents=True)
        with (target / "part-0.csv").open("w") as file:
            file.write(HEAD)
            for number in range(lines):
                shop, *rest = shape.line(number)
                file.write(",".join([shop, f"m{number}", at(number * DAY_MS // lines), *rest]) + "\n")
        record.write_text(json.dumps({"lines": lines}))
    return Logs(folder, lines, False, "csv")


def at(ms):
    """A wall time of the day."""
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{DAY} {minutes // 60:02}:{minutes % 60:02}:{seconds:02}.{ms:03}"

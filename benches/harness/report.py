"""Samples → results.json and the tables in RESULTS.md."""

import json
import os
import re
import shlex
import sys
from dataclasses import asdict
from datetime import datetime
from statistics import median

from .subjects import FLOOR, FLOOR_FIVE, OTHER, PASS, READ, RUN, WALK
from .tools import BENCHES, machine, versions

TABLES = BENCHES / "RESULTS.md"
RAW = BENCHES / "results.json"
# What others are measured against, with the head of the column.
BASES = {FLOOR: "÷ floor", FLOOR_FIVE: "÷ floor (5)", PASS: "÷ pass", RUN: "÷ run", OTHER: "÷ other"}

# Options that name a path.
HERE = ("--kefu", "--floor", "--stages", "--python")


class Record:
    """Who was measured, when and where: the same for all tables of one call."""

    def __init__(self, tools, arguments):
        self.facts = {
            "date": datetime.now().astimezone().isoformat(timespec="seconds"),
            "machine": machine(),
            "load_before": round(os.getloadavg()[0], 2),
            "versions": versions(tools),
            "command": shlex.join(["benches/run", *told(arguments)]),
        }

    def line(self):
        at, of = self.facts["machine"], self.facts["versions"]
        where = f"{at['cores']} cores of {at['cpu']}, {at['memory_gib']} GiB, load {self.facts['load_before']} before"
        return f"{self.facts['date'][:16]} · {where} · {' · '.join(of.values())} · `{self.facts['command']}`"

    def keep(self, name, title, table, raw):
        """Puts a table between its markers, at the end if it is new, and the raw samples beside it. All else stays."""
        section = f"### {title}\n\n{table}\n\n{self.line()}"
        print(f"\n{section}\n")
        text = TABLES.read_text() if TABLES.exists() else ""
        TABLES.write_text(between(text, name, section))
        kept = json.loads(RAW.read_text()) if RAW.exists() else {}
        kept[name] = {"title": title, **self.facts, **raw}
        RAW.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def between(text, name, section):
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    block = f"{begin}\n{section}\n{end}"
    if begin not in text:
        return f"{text.rstrip()}\n\n{block}\n".lstrip()
    return re.sub(f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: block, text, count=1, flags=re.DOTALL)


def raw(samples):
    return {subject: [asdict(sample) for sample in of] for subject, of in samples.items()}


def middle(samples, field):
    return median(getattr(sample, field) for sample in samples)


def good(samples):
    return [sample for sample in samples if sample.outcome == "ok"]


def sizes_table(samples, lines):
    """A row for each subject. `samples`: subject → its samples."""
    cpu = {subject: middle(good(of), "cpu_s") for subject, of in samples.items() if good(of)}
    bases = {base: head for base, head in BASES.items() if cpu.get(base)}
    head = ["", "CPU s", "from – to", "CPU s per million lines", *bases.values(), "wall s", "peak MiB", "read MiB"]
    rows = []
    for subject, of in samples.items():
        if failed := failure(of):
            rows.append([subject, failed, *[""] * (len(head) - 2)])
            continue
        rows.append([
            subject,
            number(cpu[subject]),
            spread(of),
            number(cpu[subject] / lines * 1e6),
            *(ratio(cpu[subject], cpu[base]) for base in bases),
            *(number(middle(of, field)) for field in ("wall_s", "peak_mib", "read_mib")),
        ])  # fmt: skip
    return markdown(head, rows)


def formats_table(variants):
    """A row for each way of storing the day. `variants`: [(format, compression, parts, MiB, samples)]."""
    head = ["", "files", "MiB", "parser CPU s", "read CPU s", "÷ parser", "pass CPU s", "÷ parser", "from – to", "wall s", "peak MiB", "read MiB"]
    rows = []
    for form, compression, parts, mib, samples in variants:
        ours = next(of for subject, of in samples.items() if subject not in (WALK, READ))
        start = [f"{form} {compression}", str(parts), number(mib)]
        if failed := failure(ours):
            rows.append([*start, *[""] * 3, failed, *[""] * (len(head) - 7)])
            continue
        floor, read, cpu = (middle(good(of), "cpu_s") if good(of) else None for of in (samples.get(WALK, []), samples.get(READ, []), ours))
        beside = [cell for one in (read, cpu) for cell in (number(one) if one else "", ratio(one, floor) if one and floor else "")]
        rest = (number(middle(ours, field)) for field in ("wall_s", "peak_mib", "read_mib"))
        rows.append([*start, number(floor) if floor else "", *beside, spread(ours), *rest])
    return markdown(head, rows)


def backfill_table(samples, days):
    head = ["days", "wall s per day", "CPU s per day", "from – to (CPU s, all days)", "peak MiB", "read MiB"]
    if failed := failure(samples):
        return markdown(head, [[str(days), failed, *[""] * (len(head) - 2)]])
    per_day = (number(middle(samples, field) / days) for field in ("wall_s", "cpu_s"))
    rest = (number(middle(samples, field)) for field in ("peak_mib", "read_mib"))
    return markdown(head, [[str(days), *per_day, spread(samples), *rest]])


def shapes_table(shapes, limit_mb):
    """Two rows for each shape: a part of it and the whole. `shapes`: [(title, [(lines, samples)])]."""
    head = ["", "lines", "CPU s", "÷ part", "from – to", "wall s", "peak MiB", "÷ limit", "read MiB"]
    rows = []
    for title, sizes in shapes:
        part = None
        for lines, samples in sizes:
            start = [title, f"{lines:,}"]
            if failed := failure(samples):
                rows.append([*start, failed, *[""] * (len(head) - 3)])
                continue
            cpu, wall, peak, read = (middle(samples, field) for field in ("cpu_s", "wall_s", "peak_mib", "read_mib"))
            rows.append([*start, number(cpu), ratio(cpu, part), spread(samples), number(wall), number(peak), ratio(peak, limit_mb), number(read)])
            part = cpu
    return markdown(head, rows)


def failure(samples):
    """Why a subject has no numbers: one run that does not end is enough."""
    return next((sample.outcome for sample in samples if sample.outcome != "ok"), None)


def spread(samples):
    times = [sample.cpu_s for sample in samples]
    return f"{number(min(times))} – {number(max(times))}"


def number(value):
    """Three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def ratio(value, base):
    return f"{value / base:.2f}" if base else ""


def markdown(head, rows):
    aligned = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, aligned, *rows])


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def told(arguments):
    """The arguments without those that say where things lie on this machine."""
    given = iter(arguments)
    words = [word for word in given if not (word in HERE and next(given)) and word != "--no-build"]
    return ["OTHER" if before == "--against" else word for before, word in zip(["", *words], words)]

"""What is measured: a name and a command line for each."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from .logs import DATA, DAY, YEAR
from .tools import PEERS

RUN = "kefu run (reports of chats)"
RUN_ALL = "kefu run (all inputs)"
OTHER = "the other build (all inputs)"
PASS = "kefu pass"
READ = "kefu read"
FLOOR = "floor (all columns)"
FLOOR_FIVE = "floor (5 columns)"
DUCKDB = "duckdb"
POLARS = "polars"
WALK = "parser alone"

INPUTS = """
[orders]
path = "orders/date={{date}}/*.{orders}"

[shops]
path = "shops.csv"

[staff]
path = "staff.csv"

[visits]
path = "visits.csv"
"""


@dataclass
class Subject:
    name: str
    command: list
    # Emptied before each run, for a run that finds its output may do less.
    output: Path

    def start_afresh(self):
        shutil.rmtree(self.output, ignore_errors=True)
        self.output.mkdir(parents=True)


def of_sizes(tools, logs, threads):
    """Everybody who can say what a day of Parquet logs comes to, and what reading it costs."""
    subjects = [run(tools, logs, RUN), run(tools, logs, RUN_ALL, all_inputs=True)]
    if tools.stages:
        subjects.append(stages(tools, logs))
    if tools.floor:
        subjects += [floor(tools, logs, FLOOR, "all"), floor(tools, logs, FLOOR_FIVE, "five")]
    return [*subjects, duckdb(tools, logs, threads), polars(tools, logs)]


def of_builds(tools, logs):
    """This build and another, on the same day with all inputs."""
    return [run(tools, logs, RUN_ALL, all_inputs=True), run(tools, logs, OTHER, all_inputs=True, kefu=tools.against)]


def of_format(tools, logs):
    """kefu on text logs, all of the pass and its reading alone, and the parser alone on the same files."""
    ours = [stages(tools, logs, READ), stages(tools, logs)] if tools.stages else [run(tools, logs, RUN)]
    if not tools.floor:
        return ours
    return [*ours, Subject(WALK, [tools.floor, "walk", *logs.files()], output("walk"))]


def run(tools, logs, name, all_inputs=False, kefu=None):
    folder = output(name)
    job = pipeline(name, logs, folder, all_inputs)
    return Subject(name, [kefu or tools.kefu, "run", job, "--date", DAY, "--output", folder], folder)


def shape(tools, logs, limit_mb):
    """The nightly job on messages alone, within a memory limit."""
    of = run(tools, logs, f"kefu run ({logs.folder.name})")
    return Subject(of.name, [*of.command, "--memory-limit", f"{limit_mb}MB"], of.output)


def stages(tools, logs, name=PASS):
    folder = output(name)
    return Subject(name, [tools.stages, name.split()[-1], pipeline(name, logs, folder), DAY], folder)


def backfill(tools, logs, last):
    folder = output("backfill")
    job = pipeline("backfill", logs, folder, all_inputs=True)
    return Subject("kefu backfill", [tools.kefu, "backfill", job, "--from", YEAR, "--to", last, "--output", folder], folder)


def floor(tools, logs, name, columns):
    return Subject(name, [tools.floor, "decode", columns, *logs.files()], output(name))


def duckdb(tools, logs, threads):
    folder = output(DUCKDB)
    limit = ["--threads", str(threads)] if threads else []
    return Subject(DUCKDB, peer(tools, "duckdb_peer.py", logs, folder) + limit, folder)


def polars(tools, logs):
    folder = output(POLARS)
    return Subject(POLARS, peer(tools, "polars_peer.py", logs, folder), folder)


def peer(tools, script, logs, folder):
    return [tools.python, PEERS / script, "--messages", logs.messages, "--date", DAY, "--output", folder]


def output(name):
    return DATA / "out" / slug(name)


def slug(name):
    return "".join(letter if letter.isalnum() else "-" for letter in name).strip("-")


def pipeline(name, logs, folder, all_inputs=False):
    """A minimal pipeline file; every rule is at its default."""
    path = DATA / "pipelines" / f"{slug(name)}-{logs.folder.name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    messages = f'[messages]\npath = "messages/date={{date}}/*.{logs.ending}"\n'
    # The peers know no robots: a robot's answer leaves the buyer waiting.
    rules = "[rules]\npreset = \"default\"\nrobot_answers = \"count\"\n"
    head = f'name = "{slug(name)}"\ninput = "{logs.folder}"\noutput = "{folder}"\n\n'
    path.write_text(head + messages + rules + (INPUTS.format(orders=logs.ending) if all_inputs else ""))
    return path


def environment(threads):
    """Ours without what would steer kefu, and the number of threads for all who take it from there."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("KEFU_")}
    if threads:
        env |= {"POLARS_MAX_THREADS": str(threads), "RAYON_NUM_THREADS": str(threads)}
    return env

"""What the benchmark needs on the machine: kefu and its bench binaries, the peers' Python, and who they all are."""

import json
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

BENCHES = Path(__file__).resolve().parent.parent
REPOSITORY = BENCHES.parent
PEERS = BENCHES / "peers"
BINARIES = ("floor", "stages")


@dataclass
class Tools:
    """`floor` and `stages` are None where they are not there; their rows are then left out."""

    kefu: Path
    floor: Path | None
    stages: Path | None
    python: Path
    # Another build of kefu, where one is to be compared.
    against: Path | None = None


def find_tools(args):
    """The binaries given; of the others, those that cargo and pip make."""
    given = {name: getattr(args, name) for name in ("kefu", *BINARIES)}
    built = {} if args.no_build else build([name for name, path in given.items() if path is None])
    found = {name: existing(path or built.get(name)) for name, path in given.items()}
    if found["kefu"] is None:
        sys.exit("no kefu: give --kefu PATH, or leave out --no-build")
    return Tools(**found, python=existing(args.python) or peers_python(), against=existing(args.against))


def existing(path):
    if path and not path.exists():
        sys.exit(f"{path} does not exist")
    return path and path.absolute()


def build(names):
    """Builds what is declared of these names and says where it is."""
    package = cargo_json("metadata", "--no-deps", "--format-version=1")[0]["packages"][0]
    benches = [t["name"] for t in package["targets"] if "bench" in t["kind"] and t["name"] in names]
    found = {}
    if "kefu" in names:
        found |= executables("build", "--release", "--locked", "--bin", "kefu")
    if benches:
        found |= executables("bench", "--no-run", "--locked", *(word for name in benches for word in ("--bench", name)))
    return {name: path for name, path in found.items() if name in names}


def executables(*cargo):
    messages = cargo_json(*cargo, "--message-format=json-render-diagnostics")
    return {m["target"]["name"]: Path(m["executable"]) for m in messages if m.get("executable")}


def cargo_json(*words):
    print("cargo", *words, file=sys.stderr)
    done = subprocess.run(["cargo", *words], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("cargo failed")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def peers_python():
    """A Python of our own with the peers in it, made once."""
    folder = BENCHES / ".venv"
    python = folder / "bin" / "python"
    wanted = PEERS / "requirements.txt"
    installed = folder / "requirements.txt"
    if not installed.exists() or installed.read_text() != wanted.read_text():
        print(f"making {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", wanted], check=True)
        installed.write_text(wanted.read_text())
    return python


def versions(tools):
    """What was measured, for the record."""
    return {
        "kefu": ", ".join(filter(None, [said([tools.kefu, "--version"]), commit()])),
        "rustc": said(["rustc", "--version"]),
        "duckdb": said([tools.python, PEERS / "duckdb_peer.py", "--version"]),
        "polars": said([tools.python, PEERS / "polars_peer.py", "--version"]),
        "python": said([tools.python, "--version"]),
    }


def commit():
    return said(["git", "-C", REPOSITORY, "describe", "--always", "--dirty"])


def said(command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def machine():
    return {"cores": len(os.sched_getaffinity(0)), "cpu": cpu_model(), "memory_gib": round(memory_bytes() / 2**30, 1)}


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown CPU"


def memory_bytes():
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

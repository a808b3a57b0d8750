"""Runs one command and says what it cost: CPU, wall, memory and bytes read, of it and its children."""

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
WATCH_EVERY_S = 0.1


@dataclass
class Sample:
    """`outcome` is "ok" or why there is nothing to compare; the numbers are then those until the end came."""

    outcome: str
    cpu_s: float
    wall_s: float
    peak_mib: float
    read_mib: float


@dataclass
class Limits:
    seconds: float
    # Of the machine, so that a command that outgrows it is stopped before the kernel has to choose whom to stop.
    bytes: int


def measure(command, env, log, limits):
    """One run. What the command prints goes into `log`."""
    with log.open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        with Watch(process.pid, limits) as watch:
            # The process has ended and is still there: its counters can be read.
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            wall = time.monotonic() - started
            read = bytes_read(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Sample(
        outcome=watch.broken or outcome(process.returncode, log),
        cpu_s=usage.ru_utime + usage.ru_stime,
        wall_s=wall,
        peak_mib=usage.ru_maxrss / 1024,
        read_mib=read / MIB,
    )


def outcome(code, log):
    if code == 0:
        return "ok"
    said = tail(log)
    memory = ("out of memory", "memoryerror", "memory allocation of", "cannot allocate")
    if code == -signal.SIGKILL or any(word in said.lower() for word in memory):
        return "out of memory"
    return f"failed, exit {code}"


def tail(log, characters=2000):
    return log.read_text(errors="replace")[-characters:]


def bytes_read(pid):
    """What read calls gave, from the page cache too; with the children that were waited for. Mapped files are not in it."""
    for line in Path(f"/proc/{pid}/io").read_text().splitlines():
        name, _, value = line.partition(": ")
        if name == "rchar":
            return int(value)
    return 0


class Watch:
    """Ends a process group that takes too long or too much."""

    def __init__(self, pid, limits):
        self.pid = pid
        self.limits = limits
        self.broken = None
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def __enter__(self):
        prefer_for_killing(self.pid)
        self.thread.start()
        return self

    def __exit__(self, *_):
        # Before the process is reaped: afterwards the number may be another's.
        self.done.set()
        self.thread.join()

    def look(self):
        deadline = time.monotonic() + self.limits.seconds
        while not self.done.wait(WATCH_EVERY_S):
            if time.monotonic() > deadline:
                self.end(f"over {self.limits.seconds:.0f} s")
            elif resident_bytes(self.pid) > self.limits.bytes:
                self.end("out of memory")

    def end(self, why):
        self.broken = self.broken or why
        os.killpg(self.pid, signal.SIGKILL)


def prefer_for_killing(pid):
    """If the kernel runs out of memory after all, it shall end this one."""
    try:
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000")
    except OSError:
        pass


def resident_bytes(pid):
    """Of a process and its children."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(resident_bytes(int(child)) for child in children)

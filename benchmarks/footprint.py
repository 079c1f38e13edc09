"""Memory of the running portal, time until it serves, and time of an empty migrate."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx

from benchmarks.report import Row, at_most
from scripts.portal_programs import Broker
from tests.services.portal import Portal


def run(*, rows: int, folder: Path) -> list[Row]:
    broker = Broker(folder)
    broker.start()
    portal = Portal(folder, database_url=os.environ["DATABASE_URL"], broker_url=broker.url)
    try:
        started = time.perf_counter()
        portal.start(["web"])
        ready = time.perf_counter() - started
        portal.start(["worker", "beat"])
        for _ in range(40):
            httpx.get(f"{portal.url}/accounts/login/").raise_for_status()
        time.sleep(10)  # the jobs have run a few times
        memory = {name: _mebibytes(part.pid) for name, part in portal.parts.items()}
    finally:
        portal.stop()
        broker.program.stop()
    return [
        at_most("Web with 2 workers: memory", memory["web"], 210, " MiB"),
        at_most("Web, worker and beat: memory", sum(memory.values()), 500, " MiB"),
        at_most("Web: seconds until ready", ready, 3, " s"),
        at_most("Empty migrate (SQLite)", _migrate(folder), 30, " s"),
    ]


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(below for child in children for below in _tree(int(child)))]


def _mebibytes(pid: int) -> float:
    """Proportional set size of the process and all below it: shared pages are shared out."""
    total = 0
    for each in _tree(pid):
        for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def _migrate(folder: Path) -> float:
    data = folder / "empty"
    data.mkdir()
    env = os.environ | {"DATABASE_URL": f"sqlite:///{data / 'itsm.sqlite3'}", "DATA_DIR": str(data)}
    started = time.perf_counter()
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=env, check=True)
    return time.perf_counter() - started

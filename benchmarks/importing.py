"""Import of 25,000 tickets with event history: events a second, and memory at half and full size.

Each import runs in a process of its own, whose peak is the figure for memory. The export is made
here: as many events a case as a real service desk has, in six interleaved streams.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.report import Row, at_least, at_most

CASES = 25_000
STATES = ("New", "Active", "Active", "Awaiting User Info", "Active", "Resolved", "Closed")
HEADER = (
    *("number", "incident_state", "sys_mod_count", "opened_at", "sys_updated_at", "category"),
    *("impact", "urgency", "priority", "assignment_group", "assigned_to"),
)
_START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def run(*, rows: int, folder: Path) -> list[Row]:
    """`rows` is the size of other benchmarks; this one has the size of its goal."""
    half = _measure(folder, "H", CASES // 2)
    full = _measure(folder, "F", CASES)
    return [
        at_least("import of 25,000 tickets: events per second", full["rate"], 2000),
        at_most("  memory at 25,000 against 12,500", full["peak"] / half["peak"], 1.1, " ×"),
        Row("  memory at its peak", f"{full['peak'] / 2**20:,.0f} MiB"),
    ]


def _measure(folder: Path, prefix: str, cases: int) -> dict[str, float]:
    path = folder / f"{prefix}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(_events(prefix, cases))
    command = [sys.executable, "-m", "benchmarks.importing", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _events(prefix: str, cases: int) -> Iterator[tuple[str | int, ...]]:
    """A step of six cases at a time, so that the rows of a case do not lie together."""
    for first in range(0, cases, 6):
        for step, state in enumerate(STATES):
            for case in range(first, min(first + 6, cases)):
                opened = _START + dt.timedelta(minutes=case * 13)
                at = opened + dt.timedelta(minutes=step * 47)
                yield (
                    f"{prefix}{case:07d}",
                    state,
                    step,
                    f"{opened:%d/%m/%Y %H:%M}",
                    f"{at:%d/%m/%Y %H:%M}",
                    f"Category {case % 40}",
                    "2 - Medium",
                    "2 - Medium",
                    "3 - Moderate",
                    f"Group {(case + step // 2) % 70}",
                    f"Resolver {(case + step // 3) % 200}",
                )


def _import(path: Path) -> None:
    """In the measured process."""
    import django

    django.setup()
    from incidents.imports import mapping, running
    from itsm.people.system import system_user

    known = mapping.named("servicenow")
    report = running.run(running.Wish(path, known, by=system_user(), execute=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"rate": report.events_to_write / report.seconds, "peak": peak}))


if __name__ == "__main__":
    _import(Path(sys.argv[1]))

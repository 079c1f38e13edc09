"""Alert intake beside the floor, in one run: new alerts, duplicates, batches, and a race.

The floor (`benchmarks.floor`) and the portal run under the same server (gunicorn, 2 workers of 4
threads) on the same database server and take turns, because the machine's speed drifts.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benchmarks.load import Bodies, Result, at_once, drive
from benchmarks.report import Row, at_least, at_most
from scripts.processes import LOOPBACK, Program, free_port

if TYPE_CHECKING:
    from incidents.models import Integration

SECONDS, ROUNDS, BATCH = 5.0, 3, 100


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    program: Program

    def take(self, bodies: Bodies, *, seconds: float = SECONDS) -> Result:
        return drive(self.url, bodies, seconds=seconds, pid=self.program.pid)


@contextlib.contextmanager
def serving(application: str, path: str, folder: Path, **env: str) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", application, "--bind", f"{LOOPBACK}:{port}"]
    command += ["--workers", "2", "--worker-class", "gthread", "--threads", "4", "--preload"]
    command += ["--log-level", "warning", "--no-control-socket"]
    log = folder / f"{application.partition('.')[0]}.log"
    program = Program(application, command, env={**os.environ, **env}, log=log)
    program.start()
    try:
        program.wait_until(lambda: _answers(port), within=60, what=f"{application} answers")
        yield Server(f"http://{LOOPBACK}:{port}{path}", program)
    finally:
        program.stop()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/healthz", timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


class Keys:
    """Dedup keys that no earlier round used, or a few hot ones."""

    def __init__(self) -> None:
        self._round = 0

    def fresh(self) -> Callable[[int], str]:
        self._round += 1
        return lambda n, series=self._round: f"new-{series}-{n}"  # type: ignore[misc]

    @staticmethod
    def hot(count: int) -> Callable[[int], str]:
        return lambda n: f"hot-{count}-{n % count}"


def alert(key: str) -> dict[str, object]:
    """One alert of the usual size, in the generic form that the floor reads too."""
    return {
        "title": f"Disk almost full on {key}",
        "dedup_key": key,
        "status": "firing",
        "severity": "warning",
        "service": "checkout",
        "environment": "prod",
        "description": "The disk fills up within four hours at the present rate.",
        "url": "http://prometheus.example:9090/graph?g0.expr=disk",
        "starts_at": "2026-01-01T00:00:00Z",
        "labels": {"instance": f"{key}:9100", "mountpoint": "/var", "team": "storage"},
    }


def one(key_of: Callable[[int], str]) -> Bodies:
    return lambda n: json.dumps(alert(key_of(n))).encode()


def many(key_of: Callable[[int], str]) -> Bodies:
    return lambda n: json.dumps([alert(key_of(n * BATCH + i)) for i in range(BATCH)]).encode()


def run(*, rows: int = 0, folder: Path) -> list[Row]:
    """The first three rows of the performance goals. `rows` makes no difference here."""
    from benchmarks import floor
    from incidents.intake import keys
    from incidents.intake.actions import create
    from itsm.people.system import system_user

    integration, key = create(by=system_user(), kind="generic", name="Benchmark", rate_per_minute=0)
    floor.prepare()
    found = _statements(integration)
    connection.close()
    path = keys.address(integration, key).partition("://")[2].partition("/")[2]
    with (
        serving("benchmarks.floor:configured()", "/alerts", folder) as least,
        serving("itsm.wsgi:application", f"/{path}", folder, LOG_LEVEL="INFO") as portal,
    ):
        return [*found, *_rates(least, portal), *_race(portal)]


def _statements(integration: Integration) -> list[Row]:
    """SQL of a warm process for a new alert and for a repeat, in process."""
    from incidents.intake.adapters import adapters
    from incidents.intake.process import take_in
    from itsm.people.system import system_user

    def count(key: str) -> int:
        batch = adapters["generic"](alert(key), {}, timezone.now())
        with CaptureQueriesContext(connection) as captured:
            take_in(integration, batch, by=system_user())
        control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
        return sum(not query["sql"].startswith(control) for query in captured.captured_queries)

    count("warm")
    return [
        at_most("New alert: SQL", count("sql"), 8),
        at_most("Duplicate alert: SQL", count("sql"), 4),
    ]


def _rates(least: Server, portal: Server) -> list[Row]:
    """Rounds in which every kind of load takes its turn; medians of the ratios of each round."""
    fresh = Keys()
    hot = {count: one(Keys.hot(count)) for count in (50, 1000)}
    for bodies in (*hot.values(), one(fresh.fresh())):
        least.take(bodies, seconds=1)
        portal.take(bodies, seconds=1)
    rounds = [
        {
            "floor": least.take(one(fresh.fresh())),
            "new": portal.take(one(fresh.fresh())),
            "50": portal.take(hot[50]),
            "1000": portal.take(hot[1000]),
            "batch": portal.take(many(fresh.fresh())),
        }
        for _ in range(ROUNDS)
    ]
    for taken in rounds:
        print("   ", "  ".join(f"{k}: {r.rate:.0f}/s {r.cpu_ms:.2f} ms" for k, r in taken.items()))

    def median(figure: Callable[[dict[str, Result]], float]) -> float:
        return statistics.median(figure(taken) for taken in rounds)

    new, p95 = median(lambda r: r["new"].rate), median(lambda r: r["new"].percentile(0.95))
    to_floor = median(lambda r: r["new"].rate / r["floor"].rate)
    hot_50 = median(lambda r: r["50"].rate / r["new"].rate)
    hot_1000 = median(lambda r: r["1000"].rate / r["new"].rate)
    batched = median(lambda r: r["batch"].rate * BATCH / r["new"].rate)
    errors = sum(result.errors for taken in rounds for result in taken.values())
    return [
        Row("New alerts a second (p95)", f"{new:,.0f} ({p95:.0f} ms)"),
        at_least("New alert / floor", to_floor, 0.45, "×"),
        at_most("New alert: CPU", median(lambda r: r["new"].cpu_ms), 4, " ms"),
        Row("Floor: CPU", f"{median(lambda r: r['floor'].cpu_ms):.2f} ms"),
        at_least("Duplicates of 50 keys / new", hot_50, 1, "×"),
        at_least("Duplicates of 1,000 keys / new", hot_1000, 1.2, "×"),
        Row("Duplicate: CPU", f"{median(lambda r: r['1000'].cpu_ms):.2f} ms"),
        at_least(f"Alerts a second in batches of {BATCH} / single", batched, 10, "×"),
        at_most("Answers that were no success", errors, 0),
    ]


def _race(portal: Server, *, times: int = 8, trials: int = 10) -> list[Row]:
    """Eight first posts of one key at the same moment, ten times."""
    from incidents.models import Alert, Incident

    statuses: Counter[int] = Counter()
    for trial in range(trials):
        body = json.dumps(alert(f"race-{trial}")).encode()
        statuses.update(at_once(portal.url, body, times=times))
    raced = Alert.objects.filter(dedup_key__startswith="race-")
    counted = sum(raced.values_list("count", flat=True))
    incidents = Incident.objects.filter(alerts__in=raced).distinct().count()
    connection.close()
    bad = sum(number for status, number in statuses.items() if status not in {200, 201})
    return [
        at_most("Race: answers that were no success", bad, 0),
        Row("Race: incidents for 10 keys", str(incidents), "10", incidents == trials),
        Row("Race: repeats counted", str(counted), str(times * trials), counted == times * trials),
    ]


if __name__ == "__main__":
    from benchmarks.__main__ import main

    sys.exit(main(["intake"]))

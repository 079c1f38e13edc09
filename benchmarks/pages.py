"""Lists, deep pages, home and record pages at 1,000 and at 1,000,000 incidents."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks.fill import fill
from benchmarks.report import Row, at_most
from incidents.actions import declaring, facts
from incidents.models import Incident
from itsm.people.models import User

ROUNDS = 15


class Reader:
    """A signed-in ops manager with a warm client; times are of the whole request, in process."""

    def __init__(self) -> None:
        self.user, _ = User.objects.get_or_create(
            username="reader",
            defaults={"email": "reader@itsm.example", "time_zone": "Europe/Paris"},
        )
        self.user.groups.add(Group.objects.get(name="Ops Manager"))
        self.client = Client(headers={"host": settings.ALLOWED_HOSTS[0]})
        self.client.force_login(self.user, "django.contrib.auth.backends.ModelBackend")

    def read(self, path: str) -> Any:
        response = self.client.get(path)
        assert response.status_code == 200, (path, response.status_code, response.content[:400])
        return response.content

    def milliseconds(self, path: str) -> tuple[float, float]:
        """Median wall and CPU time of a warm page, in ms."""
        self.read(path)
        walls, cpus = [], []
        for _ in range(ROUNDS):
            wall, cpu = time.perf_counter(), time.process_time()
            self.read(path)
            walls.append((time.perf_counter() - wall) * 1000)
            cpus.append((time.process_time() - cpu) * 1000)
        return statistics.median(walls), statistics.median(cpus)

    def queries(self, path: str) -> int:
        self.read(path)
        with CaptureQueriesContext(connection) as captured:
            self.read(path)
        return len(captured)


def deep_link(row: int) -> str:
    """The address of the page behind the `row`-th newest incident."""
    from incidents.views.listing import IncidentList
    from itsm.portal import keyset

    view = IncidentList.orders[IncidentList.default_sort.lstrip("-")]
    incident = Incident.objects.order_by("-ticket_id")[row]
    return f"/incidents/?after={keyset._encode(incident, view)}"


def _template(reader: Reader) -> Incident:
    """The incident that the others are copies of, with a long story of its own."""
    incident = declaring.declare(by=reader.user, title="Checkout answers 502", level=2)
    for number in range(50):
        facts.note(incident, by=reader.user, text=f"Looked at shard {number}")
    return incident


def run(*, rows: int, folder: Path) -> list[Row]:
    """`rows` is the size of the large table."""
    reader = Reader()
    template = _template(reader)
    record = template.get_absolute_url()
    pages: dict[str, Callable[[], str]] = {
        "Incident list": lambda: "/incidents/",
        "Ticket list": lambda: "/tickets/",
        "Incident list, open": lambda: "/incidents/?open=1",
        "Home": lambda: "/",
        "Incident page": lambda: record,
        "Ticket page": template.ticket.get_absolute_url,
    }
    fill(template, 1_000)
    small = {name: reader.milliseconds(path())[0] for name, path in pages.items()}
    fill(template, rows)
    found: list[Row] = []
    for name, path in pages.items():
        wall, cpu = reader.milliseconds(path())
        limit = 3.0 if name == "Home" else 1.3
        found.append(
            at_most(f"{name}: time at {rows:,} / at 1,000", wall / small[name], limit, "×")
        )
        if "list" in name:
            found.append(at_most(f"{name}: CPU", cpu, 60, " ms"))
    for name in ("Incident list", "Ticket list"):
        counts = {per: reader.queries(f"{pages[name]()}?per={per}") for per in (25, 50, 100)}
        same = len(set(counts.values())) == 1
        figure = ", ".join(str(count) for count in counts.values())
        reached = same and counts[50] <= 8
        found.append(Row(f"{name}: SQL for 25, 50, 100 rows", figure, "≤ 8, the same", reached))
    first, _ = reader.milliseconds("/incidents/")
    deep, _ = reader.milliseconds(deep_link(int(rows * 0.9)))
    found.append(at_most("Page at 90 % of the rows / first page", deep / first, 2.0, "×"))
    found.append(at_most("Incident page: SQL", reader.queries(record), 15))
    return found

"""One run from file to report: read, group by case, then plan or write batch by batch."""

from __future__ import annotations

import datetime as dt
import itertools
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from incidents.imports import planning, writing
from incidents.imports.events import Event, Parser
from incidents.imports.mapping import Mapping
from incidents.imports.planning import Plan
from incidents.imports.policy import import_policy
from incidents.imports.problems import Problem
from incidents.imports.reading import Table
from incidents.imports.records import Setting
from incidents.imports.report import Report
from incidents.imports.spool import Spool
from incidents.models import SeverityPolicy
from itsm.catalog.models import Service
from itsm.core import context
from itsm.people.models import User

UTC = ZoneInfo("UTC")

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the caller asks for. `batch`: cases a transaction; `limit`: the first cases only;
    `shift`: added to every time of the export."""

    path: Path
    mapping: Mapping
    by: User
    execute: bool = False
    encoding: str = "utf-8"
    zone: ZoneInfo = UTC
    limit: int | None = None
    batch: int = 500
    shift: dt.timedelta = dt.timedelta()


def run(wish: Wish, progress: Progress = lambda done, of: None) -> Report:
    """Import, or tell what an import would do. Raises Unusable when the file cannot be read.

    `progress` is told how many cases of how many are done.
    """
    started = time.monotonic()
    table = Table(wish.path, wish.encoding)
    report = Report(
        file=wish.path.name,
        mapping=wish.mapping.name,
        problems_file=_problems_file(wish.path),
        executed=wish.execute,
    )
    try:
        with Spool() as spool:
            cases = spool.take(_events(table, wish, report))
            report.cases = min(cases, wish.limit) if wish.limit is not None else cases
            for done in _bring_in(spool.cases(), wish, report):
                progress(done, report.cases)
    finally:
        report.close()
    report.seconds = time.monotonic() - started
    return report


def _problems_file(path: Path) -> Path:
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", path.name)[:80]
    return Path(settings.DATA_DIR) / "imports" / f"{timezone.now():%Y%m%d-%H%M%S-%f}-{stem}.csv"


def _events(table: Table, wish: Wish, report: Report) -> Iterator[Event]:
    """Usable rows; what is wrong with the others goes to the report."""
    now = timezone.now()
    parser = Parser(wish.mapping, table.header, zone=wish.zone, report=report.add, now=now)
    shift = int(wish.shift.total_seconds())
    for line, row in table:
        event = parser.event(line, row)
        if event is None:
            continue
        if wish.mapping.goal(event.state) is None:
            report.count_unmapped("state", event.state)
        yield _shifted(event, shift) if shift else event
    for problem in table.problems:
        report.add(problem)


def _shifted(event: Event, seconds: int) -> Event:
    return event._replace(
        at=event.at + seconds,
        opened_at=event.opened_at + seconds,
        resolved_at=event.resolved_at and event.resolved_at + seconds,
        closed_at=event.closed_at and event.closed_at + seconds,
    )


def _bring_in(cases: Iterator[list[Event]], wish: Wish, report: Report) -> Iterator[int]:
    """Take the cases in batches; yields how many are done."""
    setting = _setting(wish) if wish.execute else None
    wanted = itertools.islice(cases, wish.limit)
    done = 0
    while batch := list(itertools.islice(wanted, wish.batch)):
        plans = writing.write(setting, batch) if setting else planning.plan(wish.mapping, batch)
        _count(batch, plans, report)
        done += len(batch)
        yield done


def _setting(wish: Wish) -> Setting:
    with context.use(user=wish.by), transaction.atomic():
        policy = import_policy(wish.mapping)
    services = Service.objects.in_operation()
    return Setting(
        mapping=wish.mapping,
        file=wish.path.name,
        by=wish.by,
        now=timezone.now(),
        priority_policy=policy,
        severity_policies=list(SeverityPolicy.objects.prefetch_related("levels")),
        services={key.casefold(): s for s in services for key in (s.name, s.slug)},
    )


def _count(batch: list[list[Event]], plans: list[Plan], report: Report) -> None:
    for events, plan in zip(batch, plans, strict=True):
        for event in events:
            report.count_event(event.state, event.at)
        report.standings[plan.standing] += 1
        if plan.story is not None:
            report.events_to_write += len(plan.events)
            for line, reason in plan.story.warnings:
                report.add(Problem("warning", line, "(case)", events[0].number, reason))

"""Six weeks of invented service desk cases, brought in by the importer as any export would be."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from django.utils import timezone

from incidents.imports import mapping
from incidents.imports.running import Wish, run
from itsm.people.models import User

FILE = Path(__file__).parent / "data" / "service-desk.csv"

#: The last event of the file.
_LAST = dt.datetime(2026, 3, 1, 19, 7, tzinfo=dt.UTC)


def load_past(by: User) -> int:
    """Import the file with its times moved by whole days, so that it ends within the last day;
    returns how many cases there are. Raises ValueError when the shipped file has an error."""
    days = (timezone.now() - _LAST) // dt.timedelta(days=1)
    report = run(
        Wish(
            path=FILE,
            mapping=mapping.named("servicenow"),
            by=by,
            execute=True,
            shift=dt.timedelta(days=days),
        )
    )
    if report.errors or report.warnings:
        raise ValueError(f"{FILE.name} has a problem: {report.shown[0]}")
    return report.cases

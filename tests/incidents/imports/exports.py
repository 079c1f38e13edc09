"""Small ServiceNow exports for tests: one row an event, with the columns that a test names."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from incidents.imports import mapping
from incidents.imports.report import Report
from incidents.imports.running import Wish, run
from itsm.people.system import system_user

COLUMNS = (
    *("number", "incident_state", "sys_mod_count", "made_sla", "opened_by", "opened_at"),
    *("sys_updated_by", "sys_updated_at", "category", "subcategory", "u_symptom", "cmdb_ci"),
    *("impact", "urgency", "priority", "assignment_group", "assigned_to", "problem_id", "rfc"),
    *("closed_code", "resolved_by", "resolved_at", "closed_at"),
)

ORDINARY = {
    "number": "INC0000001",
    "incident_state": "New",
    "sys_mod_count": "0",
    "made_sla": "true",
    "opened_at": "1/3/2026 08:00",
    "sys_updated_at": "1/3/2026 08:01",
    "impact": "2 - Medium",
    "urgency": "2 - Medium",
    "priority": "3 - Moderate",
}

Row = Mapping[str, str]


def row(state: str = "New", at: str = "1/3/2026 08:01", **values: str) -> Row:
    """One event: `at` is its time, everything not named is ordinary or missing (`?`)."""
    base = dict.fromkeys(COLUMNS, "?") | ORDINARY
    return base | {"incident_state": state, "sys_updated_at": at} | values


def life(number: str, *, day: int = 1, **values: str) -> list[Row]:
    """Opened, taken up, waiting on the customer for an hour, resolved, closed a day later."""
    steps = (
        ("New", f"{day}/3/2026 08:01"),
        ("Active", f"{day}/3/2026 08:10"),
        ("Awaiting User Info", f"{day}/3/2026 09:00"),
        ("Active", f"{day}/3/2026 10:00"),
        ("Resolved", f"{day}/3/2026 11:30"),
        ("Closed", f"{day + 1}/3/2026 11:30"),
    )
    final = {"resolved_at": f"{day}/3/2026 11:30", "closed_at": f"{day + 1}/3/2026 11:30"}
    common = {"number": number, "opened_at": f"{day}/3/2026 08:00"} | final | values
    return [
        row(state, at, sys_mod_count=str(number), **common)
        for number, (state, at) in enumerate(steps)
    ]


def export(
    folder: Path,
    rows: Iterable[Row],
    *,
    name: str = "export.csv",
    columns: Iterable[str] = COLUMNS,
    delimiter: str = ",",
    encoding: str = "utf-8",
) -> Path:
    path = folder / name
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(
            file, list(columns), delimiter=delimiter, extrasaction="ignore", lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)
    return path


def bring_in(path: Path, *, execute: bool = True, **wishes: Any) -> Report:
    wish = Wish(
        path=path,
        mapping=mapping.named("servicenow"),
        by=system_user(),
        execute=execute,
        **wishes,
    )
    return run(wish)


def utc(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 3, day, hour, minute, tzinfo=dt.UTC)

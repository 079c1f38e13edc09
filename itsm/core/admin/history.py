"""History rows as a person reads them: who, when, why, from where, and what changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models

ACTIONS = {"+": "created", "~": "changed", "-": "deleted"}
#: Fields that change with every save and say nothing by themselves.
_NOISE = {"updated_at", "version"}

ORIGINS = {
    "portal": "Portal",
    "admin": "Admin",
    "api": "API",
    "command": "Command line",
    "job": "Job",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after, in the words of the page."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One history row, with what it changed against the row before it."""

    at: dt.datetime
    by: Any
    action: str
    reason: str
    origin: str
    request_id: str
    address: str
    changes: Sequence[Change]


def entries(rows: Sequence[Any], older: Any = None) -> list[Entry]:
    """`rows` newest first, `older` the row that follows the last one, if any.

    Four queries at most per kind of related record, however many rows there are.
    """
    if not rows:
        return []
    chain = [*rows, older]
    names = _Names(list(filter(None, chain)))
    people = get_user_model()._default_manager.in_bulk(
        {row.history_user_id for row in rows} - {None}
    )
    return [
        Entry(
            at=row.history_date,
            by=people.get(row.history_user_id),
            action=ACTIONS[row.history_type],
            reason=row.history_change_reason,
            origin=ORIGINS.get(row.history_origin, row.history_origin),
            request_id=row.history_request_id,
            address=row.history_address or "",
            changes=list(_changes(row, before, names)),
        )
        for row, before in pairwise(chain)
    ]


def _changes(row: Any, before: Any, names: _Names) -> Iterator[Change]:
    if row.history_type == "-":
        return
    for field in type(row).tracked_fields:
        if field.name in _NOISE:
            continue
        new = getattr(row, field.attname)
        old = getattr(before, field.attname) if before else None
        if before is None and new in (None, "", False, [], {}):
            continue
        if new != old and not field.primary_key:
            label = str(field.verbose_name)
            yield Change(
                label[:1].upper() + label[1:], names.text(field, old), names.text(field, new)
            )


class _Names:
    """Values as text; related records are fetched once per model, not once per row."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self._related: dict[Any, dict[Any, Any]] = {}
        for field in type(rows[0]).tracked_fields if rows else ():
            if field.is_relation:
                keys = {getattr(row, field.attname) for row in rows} - {None}
                known = self._related.setdefault(field.related_model, {})
                if wanted := keys - known.keys():
                    known |= field.related_model._default_manager.in_bulk(wanted)

    def text(self, field: Any, value: Any) -> str:
        if value is None or value == "":
            return ""
        if field.is_relation:
            found = self._related[field.related_model].get(value)
            return str(found) if found is not None else f"№ {value}"
        if field.choices:
            return str(dict(field.flatchoices).get(value, value))
        if isinstance(field, models.BooleanField):
            return "yes" if value else "no"
        if isinstance(value, dt.datetime):
            return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
        return str(value)

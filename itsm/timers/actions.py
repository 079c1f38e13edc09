"""Arming and cancelling timers, inside the transaction of the command that wants them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import models

from itsm.core.inserts import insert_rows
from itsm.timers.models import Planned, Timer


def arm(timers: Iterable[Planned]) -> None:
    """Write the timers (made by `models.spec`) in one statement.

    An armed timer of the same kind, record and key stays as it is: arming is safe to repeat.
    """
    insert_rows(Timer, [_row(planned) for planned in timers], ignore_conflicts=True)


def _row(planned: Planned) -> dict[str, Any]:
    return {
        "kind": planned.kind,
        "target": planned.target,
        "target_id": planned.target_id,
        "key": planned.key,
        "data": planned.data,
        "planned_at": planned.due_at,
        "due_at": planned.due_at,
        "state": "armed",
        "attempts": 0,
        "outcome": "",
        "error": "",
    }


def cancel(record: models.Model, kinds: Sequence[str] | None = None, *, why: str = "") -> int:
    """Cancel what is armed for a record; returns how many.

    A timer that is being fired at this moment is left alone (it is locked by the worker, which
    waits for this record): its handler sees the record's new state and does nothing.
    """
    armed = Timer.objects.of(record).armed()
    if kinds is not None:
        armed = armed.filter(kind__in=kinds)
    free = armed.select_for_update(skip_locked=True).values_list("pk", flat=True)
    return Timer.objects.filter(pk__in=list(free)).update(
        state=Timer.State.CANCELLED, outcome=why[:300]
    )

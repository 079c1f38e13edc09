"""Arming and cancelling timers, inside the transaction of the command that wants them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import models

from itsm.timers.models import Timer


def arm(timers: Iterable[Timer]) -> None:
    """Write the timers (made by `models.spec`) in one statement.

    An armed timer of the same kind, record and key stays as it is: arming is safe to repeat.
    """
    Timer.objects.bulk_create(list(timers), ignore_conflicts=True)


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

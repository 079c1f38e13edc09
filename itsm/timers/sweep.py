"""The one job: take due timers and fire each once, whatever dies in between.

A timer is claimed by a row lock (`FOR UPDATE SKIP LOCKED`; SQLite has one writer), handled, and
marked in one transaction. A worker that is killed loses its lock and its half-done work together;
the timer is still armed and due, and the next sweep takes it.
"""

from __future__ import annotations

import datetime as dt

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from itsm.core import context
from itsm.core.text import storable
from itsm.people.system import system_user
from itsm.timers.models import Heartbeat, Timer
from itsm.timers.registry import Handler, handlers, missed_listeners

log = structlog.get_logger(__name__)

#: Attempts before a timer is given up, and the wait before each of them.
BACKOFF = [dt.timedelta(seconds=s) for s in (5, 15, 60, 300, 900, 1800, 3600)]


def sweep(limit: int = 2000) -> int:
    """Fire what is due, one transaction each; returns how many were taken."""
    taken = 0
    with context.use(origin=context.JOB, user=system_user()):
        while taken < limit and _take_one():
            taken += 1
    Heartbeat.beat("timers.sweep")
    return taken


def _take_one() -> bool:
    """One timer in one transaction. What fails at the commit itself counts as a failed attempt,
    else this timer would be the first to be taken again and again, and none behind it."""
    timer = None
    try:
        with transaction.atomic():
            timer = Timer.objects.due().select_for_update(skip_locked=True).first()
            if timer is not None:
                _fire(timer)
    except DatabaseError as error:
        if timer is None:
            raise
        _fail_afterwards(timer.pk, error)
    return timer is not None


def _fire(timer: Timer) -> None:
    """Run the handler in a savepoint, so that a failure undoes its work and not the bookkeeping."""
    timer.attempts += 1
    try:
        with transaction.atomic():
            timer.outcome = storable(_handler_of(timer)(timer))[:300]
    except Exception as error:  # noqa: BLE001 (whatever a handler raises is a failed attempt)
        _failed(timer, error)
    else:
        timer.state, timer.fired_at, timer.error = Timer.State.DONE, timezone.now(), ""
    timer.save()


def _handler_of(timer: Timer) -> Handler:
    if handler := handlers.get(timer.kind):
        return handler
    raise LookupError(f"No handler is registered for timers of kind {timer.kind}.")


def _fail_afterwards(key: int, error: Exception) -> None:
    """In a transaction of its own: the handler's was rolled back."""
    with transaction.atomic():
        armed = Timer.objects.armed().filter(pk=key)
        if timer := armed.select_for_update(skip_locked=True).first():
            timer.attempts += 1
            _failed(timer, error)
            timer.save()


def _failed(timer: Timer, error: Exception) -> None:
    """Wait and try again, or give up after the last attempt."""
    log.error(
        "timer_failed", timer=timer.pk, kind=timer.kind, attempt=timer.attempts, exc_info=error
    )
    timer.outcome = ""
    timer.error = storable(f"{type(error).__name__}: {error}")
    if timer.attempts > len(BACKOFF):
        timer.state, timer.fired_at = Timer.State.DEAD, timezone.now()
    else:
        timer.due_at = timezone.now() + BACKOFF[timer.attempts - 1]


def watch(limit: int = 1000) -> int:
    """Compare plan with fact: tell the listeners of timers that are past the grace period.

    Each is told once. A listener that fails undoes that, and all are told again by the next watch.
    """
    grace = dt.timedelta(seconds=settings.TIMER_GRACE_SECONDS)
    with transaction.atomic():
        late = list(Timer.objects.missed(grace).select_for_update(skip_locked=True)[:limit])
        if late:
            _tell(late)
            told = Timer.objects.filter(pk__in=[timer.pk for timer in late])
            told.update(missed_at=timezone.now())
    Heartbeat.beat("timers.watch")
    return len(late)


def _tell(late: list[Timer]) -> None:
    log.error("timers_missed", count=len(late), oldest=late[0].planned_at.isoformat())
    with context.use(origin=context.JOB, user=system_user()):
        for listener in missed_listeners:
            listener(late)

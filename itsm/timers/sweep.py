"""The one job: take due timers and fire each once, whatever dies in between.

A timer is claimed by a row lock (`FOR UPDATE SKIP LOCKED`; SQLite has one writer), handled, and
marked in one transaction. A worker that is killed loses its lock and its half-done work together;
the timer is still armed and due, and the next sweep takes it.
"""

from __future__ import annotations

import datetime as dt

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from itsm.core import context
from itsm.people.system import system_user
from itsm.timers.models import Heartbeat, Timer
from itsm.timers.registry import handlers, missed_listeners

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
    with transaction.atomic():
        timer = Timer.objects.due().select_for_update(skip_locked=True).first()
        if timer is None:
            return False
        _fire(timer)
        return True


def _fire(timer: Timer) -> None:
    """Run the handler in a savepoint, so that a failure undoes its work and not the bookkeeping."""
    timer.attempts += 1
    try:
        handler = handlers[timer.kind]
        with transaction.atomic():
            timer.outcome = handler(timer)[:300]
    except Exception as error:
        log.exception("timer_failed", timer=timer.pk, kind=timer.kind, attempt=timer.attempts)
        timer.error = f"{type(error).__name__}: {error}"
        _retry_or_give_up(timer)
    else:
        timer.state, timer.fired_at, timer.error = Timer.State.DONE, timezone.now(), ""
    timer.save()


def _retry_or_give_up(timer: Timer) -> None:
    if timer.attempts > len(BACKOFF):
        timer.state, timer.fired_at = Timer.State.DEAD, timezone.now()
    else:
        timer.due_at = timezone.now() + BACKOFF[timer.attempts - 1]


def watch() -> int:
    """Compare plan with fact: tell the listeners of armed timers that are past the grace period."""
    grace = dt.timedelta(seconds=settings.TIMER_GRACE_SECONDS)
    late = list(Timer.objects.armed().filter(planned_at__lt=timezone.now() - grace)[:100])
    if late:
        log.error("timers_missed", count=len(late), oldest=late[0].planned_at.isoformat())
        with context.use(origin=context.JOB, user=system_user()):
            for listener in missed_listeners:
                listener(late)
    Heartbeat.beat("timers.watch")
    return len(late)

"""The two SLA clocks of a ticket: when they are due, how they pause, when they warn.

The resolution target comes from the priority policy version that the ticket was raised under. P0 to
P2 run around the clock; P3 and P4 run in the business hours of the ticket's customer, and around
the clock when the customer has no calendar (or one without hours). The response target comes from
the severity policy of the ticket's incident; a ticket without an incident has none.

Whether a target is breached is derived from the instants on the ticket, never stored. Policies and
calendars are kept in the process for at most a minute, so that a warm caller makes no query.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Q
from django.db.models.signals import post_delete, post_save
from django.utils import timezone

from itsm.catalog.models import BusinessCalendar, BusinessHours, CalendarDay, Customer
from itsm.catalog.working_time import NoWorkingTime, WorkingTime
from itsm.core.errors import Invalid
from itsm.tickets.models import (
    ClockPause,
    Priority,
    PriorityPolicy,
    PriorityRule,
    PriorityTarget,
    Ticket,
)

#: A clock warns when this part of its time has passed.
WARN_AT = 0.75

_KEEP_SECONDS = 60.0

K = TypeVar("K")
V = TypeVar("V")


class _Kept(Generic[K, V]):
    """Values read from the database and kept for at most a minute, in this process."""

    def __init__(self, read: Callable[[K], V]) -> None:
        self._read = read
        self._values: dict[K, tuple[float, V]] = {}

    def get(self, key: K) -> V:
        known = self._values.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        value = self._read(key)
        self._values[key] = (time.monotonic() + _KEEP_SECONDS, value)
        return value

    def clear(self) -> None:
        self._values.clear()


# Policy versions


def _read_policy(key: int) -> PriorityPolicy:
    return PriorityPolicy.objects.prefetch_related("rules", "targets").get(pk=key)  # type: ignore[no-any-return]


def _read_versions(_: None) -> list[tuple[dt.datetime, int]]:
    """When each version that is or will be in force takes effect, the latest first."""
    now = timezone.now()
    current = PriorityPolicy.objects.in_force(now)
    wanted = Q(effective_from__gt=now)
    if current is not None:
        wanted |= Q(pk=current.pk)
    ordered = PriorityPolicy.objects.filter(wanted).order_by("-effective_from", "-pk")
    return list(ordered.values_list("effective_from", "pk"))


_policies: _Kept[int, PriorityPolicy] = _Kept(_read_policy)
_versions: _Kept[None, list[tuple[dt.datetime, int]]] = _Kept(_read_versions)


def policy(key: int) -> PriorityPolicy:
    """A policy version with its rules and targets. Versions in use never change."""
    return _policies.get(key)


def policy_in_force(at: dt.datetime | None = None) -> PriorityPolicy:
    """The version that rules at `at` (default: now), with its rules and targets."""
    moment = at or timezone.now()
    for effective_from, key in _versions.get(None):
        if effective_from <= moment:
            return policy(key)
    earlier = PriorityPolicy.objects.in_force(moment)
    if earlier is None:
        raise Invalid("No priority policy was in force then.", hint="Add one in the admin.")
    return policy(earlier.pk)


# Calendars


def _read_calendar(customer: int) -> WorkingTime | None:
    found = BusinessCalendar.objects.filter(customers=customer).prefetch_related("hours", "days")
    calendar = found.first()
    if calendar is None:
        return None
    working = calendar.working_time()
    return working if any(working.hours.values()) else None


_calendars: _Kept[int, WorkingTime | None] = _Kept(_read_calendar)


def working_time_of(customer: int | None) -> WorkingTime | None:
    """The customer's business hours, or None when its clocks run around the clock."""
    return _calendars.get(customer) if customer is not None else None


def forget(**_: Any) -> None:
    """Drop what is kept. Also a receiver: an edit in this process counts at once."""
    for kept in (_policies, _versions, _calendars):
        kept.clear()


def watch_edits() -> None:
    """Forget what is kept whenever a policy, a calendar or a customer is saved here."""
    policies = (PriorityPolicy, PriorityRule, PriorityTarget)
    calendars = (BusinessCalendar, BusinessHours, CalendarDay, Customer)
    for model in (*policies, *calendars):
        for signal in (post_save, post_delete):
            signal.connect(forget, sender=model, dispatch_uid=f"tickets.sla.{model.__name__}")


# Clocks


@dataclass(frozen=True, slots=True)
class Clock:
    """How a resolution clock runs: its target, and the hours it counts in (None: real time)."""

    target: PriorityTarget
    hours: WorkingTime | None

    def due(self, start: dt.datetime) -> dt.datetime:
        """When the target is reached that started at `start` and was never paused."""
        days = self.target.resolve_business_days
        if days is None:
            return self.add(start, dt.timedelta(minutes=self.target.resolve_minutes or 0))
        if self.hours is None:
            return start + dt.timedelta(days=days)
        try:
            return self.hours.add_days(start, days)
        except NoWorkingTime:
            return start + dt.timedelta(days=days)

    def add(self, start: dt.datetime, duration: dt.timedelta) -> dt.datetime:
        """`start` plus a duration of this clock's own time.

        A calendar that has no more working hours falls back to real time: a clock always ends.
        """
        if self.hours is None:
            return start + duration
        try:
            return self.hours.add(start, duration)
        except NoWorkingTime:
            return start + duration

    def between(self, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
        """How much of this clock's own time lies between two instants; never negative."""
        if self.hours is None:
            return max(end - start, dt.timedelta())
        return self.hours.between(start, end)

    def shifted(self, due: dt.datetime, start: dt.datetime, end: dt.datetime) -> dt.datetime:
        """`due` after a pause from `start` to `end`, which counts in the clock's own time."""
        length = self.between(start, end)
        return self.add(due, length) if length else due

    def warning(self, start: dt.datetime, due: dt.datetime) -> dt.datetime:
        """The instant at which 75 % of the target has passed, pauses left out.

        A quarter of the target is left then; counted from the start, because pauses moved `due`.
        """
        quarter = self.between(start, self.due(start)) * (1 - WARN_AT)
        return self.add(start, max(self.between(start, due) - quarter, dt.timedelta()))

    def describe(self) -> str:
        """For the page: "8 h of business time", and when that is real time all the same."""
        words = self.target.describe()
        if self.target.business_hours and self.hours is None:
            return f"{words}, counted around the clock: the customer has no business calendar"
        return words


def clock_for(policy: PriorityPolicy, priority: int, customer: int | None) -> Clock | None:
    """The resolution clock of a priority for a customer; None when the policy sets no target."""
    target = policy.target_for(priority)
    if target is None:
        return None
    return Clock(target, working_time_of(customer) if target.business_hours else None)


def clock_of(ticket: Ticket) -> Clock | None:
    """The ticket's resolution clock, under the policy version it was raised under."""
    return clock_for(policy(ticket.policy_id), ticket.priority, ticket.customer_id)


def resolution_due(
    clock: Clock | None, opened_at: dt.datetime, pauses: Iterable[ClockPause] = ()
) -> dt.datetime | None:
    """When a ticket opened at `opened_at` is due, each ended pause moved out."""
    if clock is None:
        return None
    due = clock.due(opened_at)
    for pause in pauses:
        if pause.ended_at is not None:
            due = clock.shifted(due, pause.started_at, pause.ended_at)
    return due


def computed_priority(
    policy: PriorityPolicy, impact: str, urgency: str, *, platform_wide: bool
) -> Priority:
    """The matrix's priority. Raises Invalid (422) when the matrix has no such cell."""
    found = policy.priority_for(impact, urgency, platform_wide=platform_wide)
    if found is None:
        sentence = "The priority matrix has no cell for this impact and urgency."
        raise Invalid(
            sentence,
            hint="Choose another impact or urgency, or ask an ops manager to add the cell.",
            fields={"impact": [sentence]},
        )
    return found


# Readings, derived


def warns_at(ticket: Ticket) -> dt.datetime | None:
    """When the running resolution clock warns; None when it does not run."""
    due = ticket.resolution_due_at
    if due is None or not ticket.is_open or ticket.restored_at or ticket.pauses_clock:
        return None
    clock = clock_of(ticket)
    return clock.warning(ticket.opened_at, due) if clock else None


@dataclass(frozen=True, slots=True)
class Reading:
    """One clock of a ticket as it stands: what a page shows and a timer asks."""

    started: dt.datetime
    due: dt.datetime
    warn: dt.datetime
    stopped: dt.datetime | None
    paused_since: dt.datetime | None
    remaining: dt.timedelta
    describe: str

    @property
    def runs(self) -> bool:
        return self.stopped is None and self.paused_since is None

    @property
    def breached(self) -> bool:
        """The target was missed, or the clock stands past it."""
        moment = self.stopped or self.paused_since
        return moment > self.due if moment else self.remaining < dt.timedelta()


def response(ticket: Ticket, at: dt.datetime | None = None) -> Reading | None:
    """The response clock: real time until somebody takes the ticket up."""
    due = ticket.response_due_at
    if due is None or ticket.state == Ticket.State.CANCELLED:
        return None
    started, now = ticket.opened_at, at or timezone.now()
    stopped = ticket.responded_at or ticket.restored_at
    return Reading(
        started=started,
        due=due,
        warn=started + (due - started) * WARN_AT,
        stopped=stopped,
        paused_since=None,
        remaining=due - (stopped or now),
        describe="first acknowledgement",
    )


def resolution(
    ticket: Ticket, at: dt.datetime | None = None, *, paused_since: dt.datetime | None = None
) -> Reading | None:
    """The resolution clock. `paused_since`: start of the open pause, when there is one."""
    due, clock = ticket.resolution_due_at, clock_of(ticket)
    if due is None or clock is None or ticket.state == Ticket.State.CANCELLED:
        return None
    stopped = ticket.restored_at
    moment = stopped or paused_since or at or timezone.now()
    left = clock.between(moment, due) if moment <= due else -clock.between(due, moment)
    if moment > due and not left:
        left = due - moment
    return Reading(
        started=ticket.opened_at,
        due=due,
        warn=clock.warning(ticket.opened_at, due),
        stopped=stopped,
        paused_since=None if stopped else paused_since,
        remaining=left,
        describe=clock.describe(),
    )

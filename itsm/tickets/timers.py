"""The timers of a ticket's two clocks: a warning at 75 % and one at breach, each.

They are armed when the ticket opens, cancelled while the clock stands, and armed anew when it runs
again. A handler looks at the ticket as it is now: what a timer was armed for may have passed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.utils import timezone

from itsm.portal.spans import span
from itsm.tickets import messages, sla
from itsm.tickets.models import Ticket
from itsm.timers import actions as timers
from itsm.timers.models import Planned, Timer, spec
from itsm.timers.registry import handles

RESPONSE_WARNING = "ticket.response_warning"
RESPONSE_BREACH = "ticket.response_breach"
RESOLUTION_WARNING = "ticket.resolution_warning"
RESOLUTION_BREACH = "ticket.resolution_breach"

#: Says why a clock needs no word ("" when it does) and when it is due.
Standing = Callable[[Ticket], tuple[str, dt.datetime | None]]

RESPONSE = (RESPONSE_WARNING, RESPONSE_BREACH)
RESOLUTION = (RESOLUTION_WARNING, RESOLUTION_BREACH)
BREACHES = (RESPONSE_BREACH, RESOLUTION_BREACH)


def specs(ticket: Ticket, now: dt.datetime | None = None) -> list[Planned]:
    """Unsaved timers that the ticket's running clocks call for.

    A breach that lies in the past already (a late alert, a target that was moved) is told of at
    once; a warning is then too late.
    """
    return _wanted(ticket, [*_of_response(ticket), *_of_resolution(ticket)], now)


def _wanted(
    ticket: Ticket, planned: list[tuple[str, dt.datetime]], now: dt.datetime | None
) -> list[Planned]:
    now = now or timezone.now()
    return [
        spec(kind, ticket, max(at, now)) for kind, at in planned if at > now or kind in BREACHES
    ]


def _of_response(ticket: Ticket) -> list[tuple[str, dt.datetime]]:
    due = ticket.response_due_at
    if due is None or ticket.responded_at or ticket.restored_at:
        return []
    warn = ticket.opened_at + (due - ticket.opened_at) * sla.WARN_AT
    return [(RESPONSE_WARNING, warn), (RESPONSE_BREACH, due)]


def _of_resolution(ticket: Ticket) -> list[tuple[str, dt.datetime]]:
    due, clock = ticket.resolution_due_at, sla.clock_of(ticket)
    if due is None or clock is None or ticket.restored_at or ticket.pauses_clock:
        return []
    return [(RESOLUTION_WARNING, clock.warning(ticket.opened_at, due)), (RESOLUTION_BREACH, due)]


def arm(ticket: Ticket, now: dt.datetime | None = None) -> None:
    """For a clock that begins, or runs again after it had stopped. Safe to repeat."""
    timers.arm(specs(ticket, now))


def arm_after_pause(ticket: Ticket, now: dt.datetime) -> None:
    """A pause moves the target by its own length: what is past was past, and told, before it."""
    timers.arm(spec(kind, ticket, at) for kind, at in _of_resolution(ticket) if at > now)


def rearm_response(ticket: Ticket, now: dt.datetime) -> None:
    """The response target was moved."""
    cancel_response(ticket, "The target was moved.")
    timers.arm(_wanted(ticket, _of_response(ticket), now))


def rearm_resolution(ticket: Ticket, now: dt.datetime) -> None:
    """The resolution target was moved."""
    cancel_resolution(ticket, "The target was moved.")
    timers.arm(_wanted(ticket, _of_resolution(ticket), now))


def cancel_response(ticket: Ticket, why: str) -> None:
    timers.cancel(ticket, RESPONSE, why=why)


def cancel_resolution(ticket: Ticket, why: str) -> None:
    timers.cancel(ticket, RESOLUTION, why=why)


def cancel_all(ticket: Ticket, why: str) -> None:
    timers.cancel(ticket, (*RESPONSE, *RESOLUTION), why=why)


def _ticket(timer: Timer) -> Ticket:
    found = Ticket.objects.select_related("assignee", "team", "service__owner")
    ticket: Ticket = found.get(pk=timer.target_id)
    return ticket


def _told(count: int) -> str:
    people = "1 person" if count == 1 else f"{count} people"
    return f"told {people}" if count else "there was nobody to tell"


@handles(RESPONSE_WARNING)
def warn_of_response(timer: Timer) -> str:
    return _answer(timer, _response_stands, "Response due in {left}", leads=False)


@handles(RESPONSE_BREACH)
def tell_response_breach(timer: Timer) -> str:
    return _answer(timer, _response_stands, "Response overdue", leads=True)


@handles(RESOLUTION_WARNING)
def warn_of_resolution(timer: Timer) -> str:
    return _answer(timer, _resolution_stands, "Resolution due in {left}", leads=False)


@handles(RESOLUTION_BREACH)
def tell_resolution_breach(timer: Timer) -> str:
    return _answer(timer, _resolution_stands, "Resolution overdue", leads=True)


def _response_stands(ticket: Ticket) -> tuple[str, dt.datetime | None]:
    """Why the response clock needs no word, and its due time."""
    if ticket.responded_at or ticket.restored_at or not ticket.is_open:
        return "Somebody had responded already.", None
    return "", ticket.response_due_at


def _resolution_stands(ticket: Ticket) -> tuple[str, dt.datetime | None]:
    """Why the resolution clock needs no word, and its due time."""
    if ticket.restored_at or not ticket.is_open:
        return "The clock had stopped already.", None
    if ticket.pauses_clock:
        return "The clock stood still: waiting on the customer.", None
    return "", ticket.resolution_due_at


def _answer(timer: Timer, stands: Standing, sentence: str, *, leads: bool) -> str:
    """Tell the people, or say on the receipt why there was nothing to tell."""
    ticket = _ticket(timer)
    nothing, due = stands(ticket)
    if nothing or due is None:
        return nothing or "The target was taken away."
    now = timezone.now()
    if leads and due > now:
        return "The target had been moved."
    text = sentence.format(left=span(max(due - now, dt.timedelta())))
    count = messages.clock_runs_out(ticket, timer.kind, text, leads=leads)
    return f"{text}: {_told(count)}."

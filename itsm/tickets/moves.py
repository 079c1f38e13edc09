"""What each move of a ticket does beyond its transition: its entry, its clocks, its messages.

Shared by the commands of people (`actions.ticket`) and by the incident that drives a ticket
(`actions.driven`). The caller has locked the row and answered "can it" and "may they". Times
are given, because an incident's moments are its own; a move never asks the wall clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

from itsm.core.commands import save
from itsm.tickets import messages, sla, timers
from itsm.tickets.models import ClockPause, StateChange, Ticket

if TYPE_CHECKING:
    from itsm.people.models import User


def _move(
    ticket: Ticket, transition: Callable[[], None], *, at: dt.datetime, by: User, reason: str
) -> StateChange:
    """Run the transition, save with history, and enter the change of state."""
    was = ticket.state
    transition()
    save(ticket, reason=reason)
    return StateChange.objects.create(
        ticket=ticket,
        from_state=was,
        to_state=ticket.state,
        waiting_on=ticket.waiting_on,
        at=at,
        by=by,
        reason=reason,
    )


def triage(ticket: Ticket, *, at: dt.datetime, by: User, reason: str) -> None:
    _move(ticket, ticket.mark_triaged, at=at, by=by, reason=reason)


def start(
    ticket: Ticket, *, at: dt.datetime, by: User, reason: str, responded: bool = True
) -> None:
    """`responded=False` when a machine found that it is over before anybody came."""
    response = at if responded else None
    _move(ticket, lambda: ticket.mark_started(response), at=at, by=by, reason=reason)
    if ticket.response_due_at:
        timers.cancel_response(ticket, "Somebody works on it.")


def wait(ticket: Ticket, on: str, *, at: dt.datetime, by: User, reason: str) -> None:
    _move(ticket, lambda: ticket.mark_waiting(on), at=at, by=by, reason=reason)
    if ticket.pauses_clock:
        save(ClockPause(ticket=ticket, started_at=at), reason=reason, created=True)
        timers.cancel_resolution(ticket, "Waiting on the customer: the clock stands still.")
    messages.waiting(ticket, reason, by=by)


def resume(ticket: Ticket, *, at: dt.datetime, by: User, reason: str) -> None:
    paused = _end_pause(ticket, at, reason)
    _move(ticket, ticket.mark_resumed, at=at, by=by, reason=reason)
    if paused:
        timers.arm_after_pause(ticket, at)


def _end_pause(ticket: Ticket, at: dt.datetime, reason: str) -> bool:
    """End the open pause and move the target by its length in the clock's own time.

    A pause with an end before its start (clocks of two machines differ) counts as no time.
    """
    if not ticket.pauses_clock:
        return False
    pause = ClockPause.objects.get(ticket=ticket, ended_at=None)
    pause.ended_at = max(at, pause.started_at)
    save(pause, reason=reason)
    clock, due = sla.clock_of(ticket), ticket.resolution_due_at
    if clock and due and ticket.restored_at is None:
        ticket.resolution_due_at = clock.shifted(due, pause.started_at, pause.ended_at)
    return True


def resolve(ticket: Ticket, resolution: str, *, at: dt.datetime, by: User, reason: str) -> None:
    _end_pause(ticket, at, reason)
    _move(ticket, lambda: ticket.mark_resolved(at, resolution), at=at, by=by, reason=reason)
    timers.cancel_all(ticket, "Resolved.")
    messages.resolved(ticket, by=by)


def close(ticket: Ticket, *, at: dt.datetime, by: User, reason: str) -> None:
    """The clocks stopped at the resolution: there is no timer left to cancel."""
    _move(ticket, lambda: ticket.mark_closed(at), at=at, by=by, reason=reason)


def cancel(ticket: Ticket, *, at: dt.datetime, by: User, reason: str) -> None:
    _end_pause(ticket, at, reason)
    _move(ticket, lambda: ticket.mark_cancelled(at), at=at, by=by, reason=reason)
    timers.cancel_all(ticket, "Cancelled.")


def reopen(ticket: Ticket, *, at: dt.datetime, by: User, reason: str) -> None:
    """The clock runs on from the first opening: the work had not been done."""
    _move(ticket, ticket.mark_reopened, at=at, by=by, reason=reason)
    timers.arm(ticket, at)
    messages.reopened(ticket, reason, by=by)


def stop_clock(ticket: Ticket, *, at: dt.datetime, by: User, reason: str) -> None:
    """Service restored: the clocks stop here although the ticket stays in progress."""
    if ticket.state == Ticket.State.WAITING:
        _end_pause(ticket, at, reason)
        ticket.restored_at = at
        _move(ticket, ticket.mark_resumed, at=at, by=by, reason=reason)
    else:
        ticket.restored_at = at
        save(ticket, reason=reason)
    timers.cancel_all(ticket, "Service restored.")


def run_clock(ticket: Ticket, *, at: dt.datetime, reason: str) -> None:
    """It was not restored after all: the resolution clock runs on as if it had never stopped."""
    ticket.restored_at = None
    save(ticket, reason=reason)
    timers.arm(ticket, at)

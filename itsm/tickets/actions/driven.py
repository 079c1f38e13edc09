"""What the incident of a ticket does to it, inside the incident's own command and transaction.

No function here asks a permission: the incident's command has answered "may they". Each locks the
ticket itself (callers lock the incident first, always in this order) and returns it as it is
afterwards; the given instance is left as it was. `at` is the incident's moment, `by` its actor,
which may be the portal itself (a self-healed alert). Each is safe to repeat: what holds already is
left alone.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.utils import timezone

from itsm.core.commands import lock, save
from itsm.core.errors import WrongState
from itsm.tickets import moves, sla, timers
from itsm.tickets.models import Priority, Ticket

if TYPE_CHECKING:
    from itsm.people.models import User

State = Ticket.State


def start(
    ticket: Ticket, *, at: dt.datetime, by: User, reason: str = "", responded: bool = True
) -> Ticket:
    """acknowledged … mitigated: in progress, responded at `at`. Waiting stays waiting.

    `responded=False`: it is over before anybody responded.
    """
    return _start(lock(ticket), at=at, by=by, reason=reason, responded=responded)


def _start(
    ticket: Ticket, *, at: dt.datetime, by: User, reason: str, responded: bool = True
) -> Ticket:
    if ticket.state in (State.NEW, State.TRIAGED):
        why = reason or "Its incident is being worked on"
        moves.start(ticket, at=at, by=by, reason=why, responded=responded)
    return ticket


def stop_clock(ticket: Ticket, *, at: dt.datetime, by: User, reason: str = "") -> Ticket:
    """resolved, with a review still to come: both clocks stop, the ticket stays in progress.

    From new or triaged it goes in progress first; from waiting it comes back.
    """
    ticket = _start(lock(ticket), at=at, by=by, reason=reason)
    if ticket.is_open and ticket.restored_at is None:
        moves.stop_clock(ticket, at=at, by=by, reason=reason or "Its incident is resolved")
    return ticket


def resolve(
    ticket: Ticket, *, at: dt.datetime, by: User, resolution: str, reason: str = ""
) -> Ticket:
    """resolved with no review to come, or the review is final: the ticket is resolved.

    `restored_at` keeps the earlier moment when `stop_clock` came before, and is `at` otherwise.
    """
    return _resolve(lock(ticket), at=at, by=by, resolution=resolution, reason=reason)


def _resolve(ticket: Ticket, *, at: dt.datetime, by: User, resolution: str, reason: str) -> Ticket:
    _start(ticket, at=at, by=by, reason=reason)
    if ticket.is_open:
        why = reason or "Its incident is resolved"
        moves.resolve(ticket, resolution, at=at, by=by, reason=why)
    return ticket


def close(
    ticket: Ticket, *, at: dt.datetime, by: User, resolution: str = "", reason: str = ""
) -> Ticket:
    """closed: the ticket is closed; resolved first, with `resolution`, when it is not yet."""
    ticket = lock(ticket)
    text = resolution or ticket.resolution
    _resolve(ticket, at=at, by=by, resolution=text, reason=reason)
    if ticket.state == State.RESOLVED:
        moves.close(ticket, at=at, by=by, reason=reason or "Its incident is closed")
    return ticket


def cancel(ticket: Ticket, *, at: dt.datetime, by: User, reason: str) -> Ticket:
    """cancelled or merged: the ticket is cancelled, with the incident's reason.

    Raises WrongState (409) when the ticket is resolved or closed: reopen first.
    """
    ticket = lock(ticket)
    if ticket.state in (State.RESOLVED, State.CLOSED):
        raise WrongState(f"{ticket} is resolved already and cannot be cancelled.")
    if ticket.is_open:
        moves.cancel(ticket, at=at, by=by, reason=reason)
    return ticket


def reopen(ticket: Ticket, *, at: dt.datetime, by: User, reason: str) -> Ticket:
    """reopened: in progress again and the clock runs on, whether or not a review was awaited."""
    ticket = lock(ticket)
    if ticket.state in (State.RESOLVED, State.CLOSED):
        moves.reopen(ticket, at=at, by=by, reason=reason)
    elif ticket.is_open and ticket.restored_at is not None:
        moves.run_clock(ticket, at=at, reason=reason)
    return ticket


def raise_priority(ticket: Ticket, *, to: int, by: User, reason: str) -> Ticket:
    """Level 0 implies at least P1: a less urgent ticket gets priority `to`, and its target."""
    ticket = lock(ticket)
    if ticket.priority <= to or not ticket.is_open:
        return ticket
    ticket.priority, ticket.priority_reason = Priority(to), reason[:300]
    clock = sla.clock_of(ticket)
    ticket.resolution_due_at = sla.resolution_due(clock, ticket.opened_at, ticket.pauses.all())
    save(ticket, reason=reason)
    timers.rearm_resolution(ticket, timezone.now())
    return ticket


def set_response_due(ticket: Ticket, due: dt.datetime, *, by: User, reason: str) -> Ticket:
    """The response target of the incident's level; one that is past already is told of at once."""
    ticket = lock(ticket)
    if ticket.response_due_at == due or ticket.responded_at is not None:
        return ticket
    ticket.response_due_at = due
    save(ticket, reason=reason)
    timers.rearm_response(ticket, timezone.now())
    return ticket


def correct_times(
    ticket: Ticket,
    *,
    by: User,
    reason: str,
    responded_at: dt.datetime | None = None,
    restored_at: dt.datetime | None = None,
) -> Ticket:
    """The moments at which the clocks stopped, as the incident's corrected stamps say."""
    ticket = lock(ticket)
    if responded_at is not None:
        ticket.responded_at = responded_at
    if restored_at is not None:
        ticket.restored_at = restored_at
    save(ticket, reason=reason)
    return ticket


__all__ = [
    "cancel",
    "close",
    "correct_times",
    "raise_priority",
    "reopen",
    "resolve",
    "set_response_due",
    "start",
    "stop_clock",
]

"""Commands on a ticket: raised, edited, assigned (`actions.record`), and from triage to reopened.

A ticket with an incident is moved by the incident (`actions.driven`): the direct moves are refused
with a sentence that says so. Waiting and resuming stay here for every ticket, because they only
stop and start the clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from itsm.core.commands import command, lock
from itsm.core.errors import Invalid
from itsm.core.rules import ensure
from itsm.core.transitions import ensure_can
from itsm.tickets import driving, moves, rules
from itsm.tickets.actions.record import assign, edit, raise_ticket
from itsm.tickets.models import Ticket

if TYPE_CHECKING:
    from itsm.people.models import User


def required(text: str, field: str, sentence: str) -> str:
    """The text without surrounding space. Raises Invalid (422) when nothing is left."""
    text = text.strip()
    if not text:
        raise Invalid(sentence, fields={field: [sentence]})
    return text


@command("ticket.triage")
def triage(ticket: Ticket, *, by: User, reason: str = "") -> Ticket:
    """Looked at, and classified well enough to be worked on."""
    ticket = lock(ticket)
    ensure_can(ticket.mark_triaged)
    ensure(rules.may_work, by, ticket)
    moves.triage(ticket, at=timezone.now(), by=by, reason=reason)
    return ticket


@command("ticket.start")
def start(ticket: Ticket, *, by: User, reason: str = "") -> Ticket:
    """Take it up; the first such moment is the response."""
    ticket = lock(ticket)
    ensure_can(ticket.mark_started)
    driving.ensure_free(driving.against_move(ticket, "acknowledge"))
    ensure(rules.may_work, by, ticket)
    moves.start(ticket, at=timezone.now(), by=by, reason=reason)
    return ticket


@command("ticket.wait")
def wait(ticket: Ticket, *, by: User, on: str, reason: str) -> Ticket:
    """Wait on the customer (the resolution clock stands still) or on a supplier (it runs on).

    `reason` says what is waited for; the requester reads it when it is they who must answer.
    """
    ticket = lock(ticket)
    ensure_can(ticket.mark_waiting)
    driving.ensure_free(driving.against_pause(ticket))
    ensure(rules.may_work, by, ticket)
    if on not in Ticket.WaitingOn.values:
        sentence = "Say on whom it waits: the customer or a supplier."
        raise Invalid(sentence, fields={"on": [sentence]})
    reason = required(reason, "reason", "Say what is waited for.")
    moves.wait(ticket, on, at=timezone.now(), by=by, reason=reason)
    return ticket


@command("ticket.resume")
def resume(ticket: Ticket, *, by: User, reason: str = "") -> Ticket:
    """Go on: the pause ends and the resolution target moves by its length."""
    ticket = lock(ticket)
    ensure_can(ticket.mark_resumed)
    driving.ensure_free(driving.against_pause(ticket))
    ensure(rules.may_work, by, ticket)
    moves.resume(ticket, at=timezone.now(), by=by, reason=reason)
    return ticket


@command("ticket.resolve")
def resolve(ticket: Ticket, *, by: User, resolution: str) -> Ticket:
    """Done, with what was done in words that the requester understands."""
    ticket = lock(ticket)
    ensure_can(ticket.mark_resolved)
    driving.ensure_free(driving.against_move(ticket, "resolve"))
    ensure(rules.may_work, by, ticket)
    resolution = required(resolution, "resolution", "Say what was done.")
    moves.resolve(ticket, resolution, at=timezone.now(), by=by, reason="Resolved")
    return ticket


@command("ticket.close")
def close(ticket: Ticket, *, by: User, reason: str = "") -> Ticket:
    """Agreed that it is resolved: by a worker or by the requester."""
    ticket = lock(ticket)
    ensure_can(ticket.mark_closed)
    driving.ensure_free(driving.against_move(ticket, "close"))
    ensure(rules.may_close, by, ticket)
    moves.close(ticket, at=timezone.now(), by=by, reason=reason)
    return ticket


@command("ticket.cancel")
def cancel(ticket: Ticket, *, by: User, reason: str) -> Ticket:
    """Not to be done after all; the reason is kept."""
    ticket = lock(ticket)
    ensure_can(ticket.mark_cancelled)
    driving.ensure_free(driving.against_move(ticket, "cancel"))
    ensure(rules.may_cancel, by, ticket)
    reason = required(reason, "reason", "Say why it is not to be done.")
    moves.cancel(ticket, at=timezone.now(), by=by, reason=reason)
    return ticket


@command("ticket.reopen")
def reopen(ticket: Ticket, *, by: User, reason: str) -> Ticket:
    """It is not resolved after all: in progress again, and the clock runs on."""
    ticket = lock(ticket)
    ensure_can(ticket.mark_reopened)
    driving.ensure_free(driving.against_move(ticket, "reopen"))
    ensure(rules.may_reopen, by, ticket)
    reason = required(reason, "reason", "Say what is still wrong.")
    moves.reopen(ticket, at=timezone.now(), by=by, reason=reason)
    return ticket


__all__ = [
    "assign",
    "cancel",
    "close",
    "edit",
    "raise_ticket",
    "reopen",
    "resolve",
    "resume",
    "start",
    "triage",
    "wait",
]

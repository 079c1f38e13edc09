"""What drives a ticket from a higher floor: its incident, whose state moves the ticket's.

Tickets know of an incident only what a page or a refusal needs: its reference, its address and
whether it is open. The relation is the incident's own (`ticket.incident`).
"""

from __future__ import annotations

from typing import Protocol, cast

from itsm.core.errors import WrongState
from itsm.tickets.models import Ticket


class Driver(Protocol):
    """The record that moves a ticket."""

    @property
    def reference(self) -> str: ...

    @property
    def is_open(self) -> bool: ...

    def get_absolute_url(self) -> str: ...


def driver_of(ticket: Ticket) -> Driver | None:
    """The incident of the ticket, if it has one; one query, kept on the instance."""
    return cast("Driver | None", getattr(ticket, "incident", None))


def against_move(ticket: Ticket, verb: str) -> str:
    """Why the ticket cannot be moved directly; "" when nothing drives it."""
    driver = driver_of(ticket)
    if driver is None:
        return ""
    return f"{driver.reference} drives this ticket: {verb} the incident, and the ticket follows."


def against_pause(ticket: Ticket) -> str:
    """Waiting stays a matter of the ticket, but only while its incident is open."""
    driver = driver_of(ticket)
    if driver is None or driver.is_open:
        return ""
    return f"{driver.reference} is no longer open, so the clock of this ticket has stopped."


def ensure_free(reason: str) -> None:
    """Raise WrongState (409) when something else drives the ticket."""
    if reason:
        raise WrongState(reason, hint="Open the incident to go on.", missing=[reason])

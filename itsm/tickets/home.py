"""What tickets put on the home page, into the rail and into search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F
from django.utils import timezone

from itsm.core.text import storable
from itsm.people.models import User
from itsm.portal.registry import Hit, HomePart, NavigationEntry, SearchSource, registry
from itsm.tickets.models import Ticket

_ROWS = 8
_FOUND = 20


def my_work(user: User) -> dict[str, Any] | None:
    """Open tickets assigned to the reader, the most pressing first."""
    if not user.has_perm("tickets.work_ticket"):
        return None
    mine = Ticket.objects.assigned_to(user).select_related("service")
    pressing = mine.order_by("priority", F("resolution_due_at").asc(nulls_last=True), "pk")
    return {"tickets": list(pressing[:_ROWS])}


def clocks(user: User) -> dict[str, Any] | None:
    """Open tickets whose resolution clock is nearest to its end, or past it."""
    if not user.has_perm("tickets.work_ticket"):
        return None
    running = Ticket.objects.visible_to(user).running().select_related("service", "assignee")
    tickets = list(running.order_by("resolution_due_at", "pk")[:_ROWS])
    return {"tickets": tickets, "now": timezone.now()} if tickets else None


def my_requests(user: User) -> dict[str, Any] | None:
    """What the reader asked for and is not closed."""
    asked = Ticket.objects.filter(requester=user).exclude(state__in=["closed", "cancelled"])
    tickets = list(asked.select_related("service").order_by("-pk")[:_ROWS])
    if not tickets and user.has_perm("tickets.work_ticket"):
        return None
    return {"tickets": tickets, "may_raise": user.has_perm("tickets.raise_ticket")}


def _hit(ticket: Ticket) -> Hit:
    return Hit(
        ticket.get_type_display(),
        ticket.reference,
        ticket.title,
        ticket.get_absolute_url(),
        ticket.state,
        ticket.get_state_display(),
    )


def find(user: User, words: str) -> Sequence[Hit]:
    """Tickets whose title begins with the words, the newest first."""
    found = Ticket.objects.visible_to(user).titled(storable(words)).order_by("-pk")
    return [_hit(ticket) for ticket in found[:_FOUND]]


def resolve(user: User, key: int) -> str | None:
    ticket = Ticket.objects.visible_to(user).filter(pk=key).first()
    return ticket.get_absolute_url() if ticket else None


def plug_in() -> None:
    """Called once, when the app is ready."""
    registry.navigation.append(
        NavigationEntry("Tickets", "tickets:list", "ticket", 20, "/tickets/")
    )
    registry.home += [
        HomePart("tickets/home/my_work.html", 20, my_work),
        HomePart("tickets/home/clocks.html", 30, clocks),
        HomePart("tickets/home/my_requests.html", 40, my_requests),
    ]
    registry.search.append(SearchSource(("OPS",), find, resolve))

"""From an address to a ticket that this reader may see."""

from __future__ import annotations

from django.http import Http404

from itsm.core import references
from itsm.people.models import User
from itsm.tickets.models import Ticket


def find(user: User, reference: str) -> Ticket:
    """The ticket of `OPS-180` in any case; 404 when there is none or it is not visible."""
    found = references.parse(reference)
    if found is None or found[0] != "OPS":
        raise Http404("This is no reference of a ticket.")
    ticket: Ticket | None = Ticket.objects.visible_to(user).for_page().filter(pk=found[1]).first()
    if ticket is None:
        raise Http404("There is no such ticket for you.")
    return ticket

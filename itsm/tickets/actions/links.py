"""Commands on the links of a ticket to other tickets. Allowed in every state: a later record
continues an earlier one that is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from itsm.core.commands import command, lock, save
from itsm.core.errors import Invalid
from itsm.core.rules import ensure
from itsm.tickets import rules
from itsm.tickets.models import Ticket, TicketLink

if TYPE_CHECKING:
    from itsm.people.models import User


@command("ticket.link")
def add(
    ticket: Ticket,
    *,
    by: User,
    to: Ticket,
    kind: str = TicketLink.Kind.RELATES,
    reason: str = "",
) -> TicketLink:
    """Link to another ticket that `by` may read. A link that is there already is returned."""
    ticket = lock(ticket)
    ensure(rules.may_work, by, ticket)
    _check(ticket, to, kind, by=by)
    there = TicketLink.objects.filter(from_ticket=ticket, to_ticket=to, kind=kind).first()
    if there is not None:
        return there
    link = TicketLink(from_ticket=ticket, to_ticket=to, kind=kind, created_by=by)
    return save(link, reason=reason, created=True)


def _check(ticket: Ticket, to: Ticket, kind: str, *, by: User) -> None:
    """Raise Invalid (422). A ticket that is not visible is answered like one that is not there."""
    if rules.may_read(by, to):
        raise Invalid("There is no such ticket.", fields={"to": ["There is no such ticket."]})
    if to.pk == ticket.pk:
        sentence = "A ticket is not linked to itself."
        raise Invalid(sentence, fields={"to": [sentence]})
    if kind not in TicketLink.Kind.values:
        raise Invalid("Choose a kind of link.", fields={"kind": ["Choose a kind of link."]})


@command("ticket.unlink")
def remove(link: TicketLink, *, by: User, reason: str = "") -> Ticket:
    """Take a link away; its history tells that it was there. Returns the ticket it started from."""
    ticket = lock(link.from_ticket)
    link = lock(link)
    ensure(rules.may_work, by, ticket)
    link._change_reason = reason  # type: ignore[attr-defined]
    link.delete()
    return ticket

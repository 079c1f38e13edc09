"""Commands on the scope of a ticket: the accounts and resources that it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from itsm.catalog.models import Account, Resource
from itsm.core.commands import command, lock, save
from itsm.core.errors import Invalid
from itsm.core.rules import ensure
from itsm.tickets import rules
from itsm.tickets.actions.record import ensure_open
from itsm.tickets.models import Ticket, TicketAccount, TicketResource

if TYPE_CHECKING:
    from itsm.people.models import User


@command("ticket.include")
def include(
    ticket: Ticket, *, by: User, thing: Account | Resource, reason: str = ""
) -> TicketAccount | TicketResource:
    """Take an account or a resource into the scope. One that is in it already is returned.

    Raises Invalid (422) when it belongs to another customer than the ticket.
    """
    ticket = lock(ticket)
    ensure_open(ticket)
    ensure(rules.may_work, by, ticket)
    _check_customer(ticket, thing)
    if (there := _row(ticket, thing)) is not None:
        return there
    if isinstance(thing, Account):
        return save(TicketAccount(ticket=ticket, account=thing), reason=reason, created=True)
    return save(TicketResource(ticket=ticket, resource=thing), reason=reason, created=True)


@command("ticket.exclude")
def exclude(ticket: Ticket, *, by: User, thing: Account | Resource, reason: str = "") -> Ticket:
    """Take an account or a resource out of the scope; its history tells that it was in it."""
    ticket = lock(ticket)
    ensure_open(ticket)
    ensure(rules.may_work, by, ticket)
    if (row := _row(ticket, thing)) is not None:
        row._change_reason = reason  # type: ignore[union-attr]
        row.delete()
    return ticket


def _row(ticket: Ticket, thing: Account | Resource) -> TicketAccount | TicketResource | None:
    if isinstance(thing, Account):
        return TicketAccount.objects.filter(ticket=ticket, account=thing).first()
    return TicketResource.objects.filter(ticket=ticket, resource=thing).first()


def _check_customer(ticket: Ticket, thing: Account | Resource) -> None:
    account = thing if isinstance(thing, Account) else thing.account
    if ticket.customer_id is not None and account.customer_id != ticket.customer_id:
        sentence = f"{thing} belongs to another customer."
        raise Invalid(sentence, fields={"thing": [sentence]})

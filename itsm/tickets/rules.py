"""Who may do what with a ticket: each rule gives the sentence against it, or "" when it holds.

Workers (`tickets.work_ticket`) do the work; requesters raise tickets and have the last word on
their own; everybody else reads or notes. A person of a customer never acts on another customer's
ticket, an auditor has no permission that writes, and a machine drafts and records but decides
nothing. Segregation of duties begins where something is approved: on a ticket the same person may
raise, work and close; label sets, reviews and changes have their own rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from itsm.core.rules import first_reason
from itsm.tickets.models import Ticket

if TYPE_CHECKING:
    from itsm.people.models import User

MACHINES_DRAFT = "A machine drafts and records; a person decides."


def may_raise(by: User, draft: Ticket) -> str:
    """`draft` is the unsaved ticket: for whom it is raised counts too."""
    if not by.has_perm("tickets.raise_ticket"):
        return "Only requesters and staff raise tickets."
    if by.customer_id is not None and draft.customer_id != by.customer_id:
        return "You raise tickets for your own organisation only."
    if draft.requester_id not in (None, by.pk) and not by.has_perm("tickets.work_ticket"):
        return "Only those who work tickets raise them for somebody else."
    return ""


def may_read(by: User, ticket: Ticket) -> str:
    """The same answer as `Ticket.objects.visible_to(by)`, for a ticket at hand."""
    if ticket.requester_id is not None and ticket.requester_id == by.pk:
        return ""
    if by.customer_id is not None:
        same = ticket.customer_id == by.customer_id
        return "" if same else "This ticket belongs to another organisation."
    if by.has_perm("tickets.read_ticket"):
        return ""
    return "You see the tickets that you raised yourself."


def may_see_internal(by: User, ticket: Ticket) -> str:
    """Internal comments and evidence are for colleagues: not for requester and customer."""
    if by.customer_id is None and by.has_perm("tickets.read_ticket"):
        return ""
    return "Internal notes are for those who work here."


def may_work(by: User, ticket: Ticket) -> str:
    if by.is_machine:
        return MACHINES_DRAFT
    if not by.has_perm("tickets.work_ticket"):
        return "Only responders, incident commanders and ops managers work tickets."
    return may_read(by, ticket)


def may_note(by: User, ticket: Ticket) -> str:
    """Comment and add evidence; a machine may, because noting decides nothing."""
    if not by.has_perm("tickets.note_ticket"):
        return "You may read this ticket but not add to it."
    return may_read(by, ticket)


def may_note_internally(by: User, ticket: Ticket) -> str:
    return first_reason(by, ticket, may_note, may_see_internal)


def _is_own(by: User, ticket: Ticket) -> bool:
    """A requester's own ticket. Being named as requester gives no right to write by itself."""
    return (
        ticket.requester_id == by.pk and not by.is_machine and by.has_perm("tickets.raise_ticket")
    )


def may_close(by: User, ticket: Ticket) -> str:
    """Workers, and the requester who agrees that it is resolved."""
    return "" if _is_own(by, ticket) else may_work(by, ticket)


def may_reopen(by: User, ticket: Ticket) -> str:
    """Workers always; the requester while it is resolved and not yet closed."""
    if not _is_own(by, ticket):
        return may_work(by, ticket)
    if ticket.state == Ticket.State.RESOLVED or not may_work(by, ticket):
        return ""
    return "It is closed: ask the team to reopen it, or raise a new ticket."


def may_cancel(by: User, ticket: Ticket) -> str:
    """Workers always; the requester while nobody has begun."""
    if not _is_own(by, ticket):
        return may_work(by, ticket)
    if ticket.state == Ticket.State.NEW or not may_work(by, ticket):
        return ""
    return "Somebody has taken it up: ask the team to cancel it."


def may_be_assigned(person: User, ticket: Ticket) -> str:
    """Asked of the one who would get the work, not of the one who assigns it."""
    if person.is_machine or not person.is_active:
        return f"{person} cannot be reached: choose an active person."
    if may_work(person, ticket):
        return f"{person} may not work this ticket."
    return ""


def may_download(by: User, attachment: Any) -> str:
    """Evidence is for those who see the ticket; internal evidence for colleagues."""
    rules = [may_read, may_see_internal] if attachment.internal else [may_read]
    return first_reason(by, attachment.ticket, *rules)

"""What people are told of a ticket by e-mail: rows of the outbox, written with the change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings

from itsm.outbox.actions import compose, queue
from itsm.people.models import Membership, User
from itsm.tickets.models import Comment, Ticket

if TYPE_CHECKING:
    from itsm.people.models import Team


def _tell(
    ticket: Ticket,
    event: str,
    subject: str,
    text: str,
    *,
    to: Iterable[User | None],
    but: User | None = None,
) -> int:
    """Queue one e-mail each for the active persons in `to`, without the one who did it."""
    people = {user.pk: user for user in to if user is not None}
    if but is not None:
        people.pop(but.pk, None)
    wanted = [user for user in people.values() if user.is_active and not user.is_machine]
    body = f"{text}\n\n{ticket.reference}: {ticket.title}\n{link(ticket)}\n"
    queue(
        compose(ticket, event, subject=f"[{ticket.reference}] {subject}", body=body, to=user)
        for user in wanted
    )
    return sum(1 for user in wanted if user.email)


def link(ticket: Ticket) -> str:
    return f"{settings.BASE_URL}{ticket.get_absolute_url()}"


def raised(ticket: Ticket) -> None:
    """The requester gets a receipt, also for what they raised themselves."""
    text = "Your ticket has been received. You will hear from us here."
    _tell(ticket, "ticket.raised", ticket.title, text, to=[ticket.requester])


def assigned(ticket: Ticket, *, by: User) -> None:
    text = f"{by} assigned this ticket to you. Priority: {ticket.get_priority_display()}."
    _tell(
        ticket,
        f"ticket.assigned.{ticket.version}",
        f"Assigned to you: {ticket.title}",
        text,
        to=[ticket.assignee],
        but=by,
    )


def commented(comment: Comment, *, by: User) -> None:
    """A public comment goes to the requester and the assignee, an internal one to the assignee."""
    ticket = comment.ticket
    to = [ticket.assignee] if comment.internal else [ticket.requester, ticket.assignee]
    _tell(
        ticket,
        f"ticket.commented.{comment.pk}",
        f"{by} commented: {ticket.title}",
        comment.body,
        to=to,
        but=by,
    )


def waiting(ticket: Ticket, reason: str, *, by: User) -> None:
    """Only who is waited for is told: a supplier is none of the requester's business."""
    if not ticket.pauses_clock:
        return
    text = f"We need something from you before we can go on:\n\n{reason}"
    _tell(
        ticket,
        f"ticket.waiting.{ticket.version}",
        f"Waiting for you: {ticket.title}",
        text,
        to=[ticket.requester],
        but=by,
    )


def resolved(ticket: Ticket, *, by: User) -> None:
    text = f"This ticket is resolved:\n\n{ticket.resolution}\n\nReopen it there if it is not."
    _tell(
        ticket,
        f"ticket.resolved.{ticket.version}",
        f"Resolved: {ticket.title}",
        text,
        to=[ticket.requester],
        but=by,
    )


def reopened(ticket: Ticket, reason: str, *, by: User) -> None:
    _tell(
        ticket,
        f"ticket.reopened.{ticket.version}",
        f"Reopened: {ticket.title}",
        f"{by} reopened this ticket:\n\n{reason}",
        to=[ticket.assignee, ticket.requester],
        but=by,
    )


def clock_runs_out(ticket: Ticket, kind: str, sentence: str, *, leads: bool) -> int:
    """Warn the assignee (and the team's leads); returns how many are told."""
    to: list[User | None] = [ticket.assignee]
    if leads or ticket.assignee is None:
        to += leads_of(ticket)
    event = f"{kind}.{ticket.version}"
    return _tell(ticket, event, sentence, f"{sentence}: {ticket.title}", to=to)


def leads_of(ticket: Ticket) -> list[User]:
    """Leads of the ticket's team, or of the team that owns its service."""
    team: Team | None = ticket.team or (ticket.service.owner if ticket.service else None)
    if team is None:
        return []
    leads = Membership.objects.filter(team=team, ended_at=None, role=Membership.Role.LEAD)
    return list(User.objects.reachable().filter(pk__in=leads.values("user")))

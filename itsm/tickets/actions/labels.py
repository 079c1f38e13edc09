"""Commands on the labels of a ticket: rows with a start and an end."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.utils import timezone

from itsm.catalog.models import Label
from itsm.core.commands import command, lock, save
from itsm.core.errors import Invalid, WrongState
from itsm.core.rules import ensure
from itsm.tickets import rules
from itsm.tickets.models import Ticket, TicketLabel

if TYPE_CHECKING:
    from itsm.people.models import User


def against_labelling(ticket: Ticket) -> str:
    """Labels are changed until a ticket is closed: the cause is often known last."""
    if ticket.is_open or ticket.state == Ticket.State.RESOLVED:
        return ""
    return f"{ticket} is {ticket.get_state_display().lower()}: its labels stay as they are."


def _ensure_labels_change(ticket: Ticket) -> None:
    if reason := against_labelling(ticket):
        raise WrongState(reason)


@command("ticket.label")
def add(ticket: Ticket, *, by: User, label: Label, reason: str = "") -> TicketLabel:
    """Put a label on. A value of an exclusive prefix takes the place of the one there was.

    A label that is on it already is returned as it is.
    """
    ticket = lock(ticket)
    _ensure_labels_change(ticket)
    ensure(rules.may_work, by, ticket)
    if label.retired_at is not None:
        sentence = f"{label} is retired and not offered any more."
        raise Invalid(sentence, fields={"label": [sentence]})
    current = TicketLabel.objects.filter(ticket=ticket, removed_at=None).select_related("label")
    if already := next((row for row in current if row.label_id == label.pk), None):
        return already
    now = timezone.now()
    for row in current:
        if label.prefix.exclusive and row.label.prefix_id == label.prefix_id:
            _end(row, at=now, by=by, reason=reason or f"Replaced by {label}")
    added = TicketLabel(ticket=ticket, label=label, added_at=now, added_by=by)
    return save(added, reason=reason, created=True)


@command("ticket.unlabel")
def remove(ticket: Ticket, *, by: User, label: Label, reason: str = "") -> TicketLabel:
    """Take a label off; the row that says it was there stays."""
    ticket = lock(ticket)
    _ensure_labels_change(ticket)
    ensure(rules.may_work, by, ticket)
    row = TicketLabel.objects.filter(ticket=ticket, label=label, removed_at=None).first()
    if row is None:
        raise WrongState(f"{label} is not on {ticket} any more.")
    return _end(row, at=timezone.now(), by=by, reason=reason)


def _end(row: TicketLabel, *, at: dt.datetime, by: User, reason: str) -> TicketLabel:
    row.removed_at, row.removed_by = at, by
    return save(row, reason=reason)

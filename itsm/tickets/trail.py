"""The trail of a ticket and its rows as lines that a person reads, the latest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime

from itsm.core.admin.history import ORIGINS, Change
from itsm.people.models import User
from itsm.portal.spans import span
from itsm.tickets.models import (
    ClockPause,
    Ticket,
    TicketAccount,
    TicketLabel,
    TicketLink,
    TicketResource,
)

#: Said by the line itself, or of no use to a reader.
_SILENT = {"id", "version", "updated_at"}

_RELATIONS = ("customer", "service", "requester", "assignee", "team", "policy")
_ACTIONS = {"+": "raised the ticket", "~": "changed the ticket", "-": "deleted the ticket"}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that somebody did: who, when, what, why, from where, and each field before and
    after."""

    at: dt.datetime
    by: User | None
    action: str
    reason: str
    origin: str
    request_id: str
    address: str
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Page:
    """Lines of a stretch of time, and the key from which earlier ones go on."""

    lines: Sequence[Line]
    older: int | None


#: A history row, what was done, and what it changed.
_Told = tuple[Any, str, list[Change]]


def read(ticket: Ticket, *, before: int | None, size: int) -> Page:
    """A page of the ticket's own rows, with what was done to its parts in the same time.

    Seven queries, however long the history is.
    """
    rows = ticket.history.select_related(*_RELATIONS).order_by("-history_id")
    if before is not None:
        rows = rows.filter(history_id__lt=before)
    own = list(rows[: size + 1])
    shown, more = own[:size], len(own) > size
    told = [
        (row, _ACTIONS[row.history_type], _changes(row, earlier))
        for row, earlier in zip(shown, [*own[1:], None], strict=False)
    ]
    told += _of_parts(
        ticket,
        after=shown[-1].history_date if more else None,
        until=shown[0].history_date if before is not None and shown else None,
    )
    told.sort(key=lambda one: one[0].history_date, reverse=True)
    return Page(_lines(told), shown[-1].history_id if more else None)


def _lines(told: Sequence[_Told]) -> list[Line]:
    people = User.objects.in_bulk({row.history_user_id for row, _, _ in told} - {None})
    return [
        Line(
            row.history_date,
            people.get(row.history_user_id),
            action,
            row.history_change_reason,
            ORIGINS.get(row.history_origin, row.history_origin),
            row.history_request_id,
            row.history_address or "",
            changes,
        )
        for row, action, changes in told
    ]


def _changes(row: Any, earlier: Any) -> list[Change]:
    """Fields that differ from the row before; of the first row, all that say something."""
    found = []
    for field in type(row).tracked_fields:
        old = getattr(earlier, field.attname) if earlier is not None else None
        new = getattr(row, field.attname)
        silent = field.name in _SILENT or (earlier is None and new in (None, "", False))
        if old != new and not silent:
            label = str(field.verbose_name).capitalize()
            found.append(Change(label, _words(earlier, field), _words(row, field)))
    return found


def _words(row: Any, field: Any) -> str:
    """A value in the words of the page."""
    value = getattr(row, field.attname) if row is not None else None
    if value is None or value == "":
        return ""
    if field.is_relation:
        return str(getattr(row, field.name))
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _moment(value) if isinstance(value, dt.datetime) else str(value)


def _of_parts(
    ticket: Ticket, *, after: dt.datetime | None, until: dt.datetime | None
) -> list[_Told]:
    """Labels, pauses, links and scope between two moments; one query for each."""
    found: list[_Told] = []
    for part in _PARTS:
        rows = part.model.history.filter(**{part.owner: ticket.pk}).select_related(*part.names)
        if after is not None:
            rows = rows.filter(history_date__gt=after)
        if until is not None:
            rows = rows.filter(history_date__lte=until)
        found += [(row, *part.say(row)) for row in rows.order_by("history_id")]
    return found


def _label(row: Any) -> tuple[str, list[Change]]:
    if row.history_type == "~":
        return "took off a label", [Change("Label", str(row.label), "")]
    return "put on a label", [Change("Label", "", str(row.label))]


def _pause(row: Any) -> tuple[str, list[Change]]:
    started = _moment(row.started_at)
    if row.ended_at is None:
        return "stopped the clock", [Change("Pause from", "", started)]
    length = span(row.ended_at - row.started_at)
    return f"let the clock run on after {length}", [
        Change("Pause until", "", _moment(row.ended_at))
    ]


def _moment(at: dt.datetime) -> str:
    return f"{date_format(localtime(at), 'j M Y, H:i')} {localtime(at):%Z}"


def _tie(noun: str, text: Callable[[Any], str]) -> Callable[[Any], tuple[str, list[Change]]]:
    """For rows that are there or not: a link, an account, a resource."""
    label = noun.rsplit(maxsplit=1)[-1].capitalize()

    def say(row: Any) -> tuple[str, list[Change]]:
        if row.history_type == "-":
            return f"took away {noun}", [Change(label, text(row), "")]
        return f"added {noun}", [Change(label, "", text(row))]

    return say


@dataclass(frozen=True, slots=True)
class _Part:
    """A model whose rows belong to a ticket, and how its history is told."""

    model: Any
    owner: str
    names: tuple[str, ...]
    say: Callable[[Any], tuple[str, list[Change]]]


_PARTS = (
    _Part(TicketLabel, "ticket_id", ("label__prefix",), _label),
    _Part(ClockPause, "ticket_id", (), _pause),
    _Part(
        TicketLink,
        "from_ticket_id",
        (),
        _tie("a link", lambda row: f"{row.get_kind_display()} OPS-{row.to_ticket_id}"),
    ),
    _Part(
        TicketAccount, "ticket_id", ("account",), _tie("an account", lambda row: str(row.account))
    ),
    _Part(
        TicketResource,
        "ticket_id",
        ("resource",),
        _tie("a resource", lambda row: str(row.resource)),
    ),
)

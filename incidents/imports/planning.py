"""What an import would do with each case: new, there already, or with later events than known."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from incidents.imports.events import Event
from incidents.imports.mapping import Mapping
from incidents.imports.replay import replay
from incidents.imports.story import Facts, Story
from incidents.models import TimelineEntry
from itsm.tickets.models import Ticket


class Standing(enum.StrEnum):
    """How a case of the export stands to what is in the database."""

    NEW = "new"
    SAME = "already there"
    LATER = "later events"
    EDITED = "edited here"


@dataclass(slots=True)
class Plan:
    """One case: its standing, the events that are still to be written, and what they tell."""

    standing: Standing
    events: Sequence[Event]
    ticket: Ticket | None = None
    story: Story | None = None


def plan(mapping: Mapping, cases: Sequence[Sequence[Event]], *, lock: bool = False) -> list[Plan]:
    """Compare cases with the database, in two queries for any number of them.

    A ticket that people have worked on here since its import is theirs: later events of the export
    are left out and reported. `lock` holds the known tickets for the transaction.
    """
    known = _known([case[0].number for case in cases], lock=lock)
    receipts = _receipts(known.values())
    return [_plan(mapping, case, known.get(case[0].number), receipts) for case in cases]


def _known(numbers: Sequence[str], *, lock: bool) -> dict[str, Ticket]:
    tickets = Ticket.objects.filter(source=Ticket.Source.IMPORT, source_ref__in=numbers)
    if lock:
        tickets = tickets.select_for_update(of=("self",))
    return {ticket.source_ref: ticket for ticket in tickets.select_related("incident")}


def _receipts(tickets: Iterable[Ticket]) -> dict[int, dict[str, Any]]:
    """Incident key → its last receipt. Asked by keys, which any plan of the database finds fast."""
    incidents = [t.incident.pk for t in tickets if hasattr(t, "incident")]
    if not incidents:
        return {}
    notes = TimelineEntry.objects.filter(
        incident__in=incidents,
        kind=TimelineEntry.Kind.NOTE,
        source=TimelineEntry.Source.IMPORT,
    )
    rows = notes.order_by("pk").values_list("incident_id", "data")
    return {key: data["receipt"] for key, data in rows if "receipt" in data}


def _plan(
    mapping: Mapping,
    case: Sequence[Event],
    ticket: Ticket | None,
    receipts: dict[int, dict[str, Any]],
) -> Plan:
    if ticket is None:
        return Plan(Standing.NEW, case, story=replay(mapping, case))
    known = receipts.get(ticket.incident.pk) if hasattr(ticket, "incident") else None
    if known is None:
        return Plan(Standing.EDITED, [], ticket)
    facts = Facts.from_data(known["facts"])
    later = [event for event in case if facts.is_later(event)]
    if not later:
        return Plan(Standing.SAME, [], ticket)
    if known["versions"] != [ticket.version, ticket.incident.version]:
        return Plan(Standing.EDITED, later, ticket)
    return Plan(Standing.LATER, later, ticket, replay(mapping, later, facts))

"""The rows that a case's story becomes. Builds them; `writing` puts them into the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from incidents.imports.events import Event
from incidents.imports.mapping import Mapping
from incidents.imports.story import Entry, Facts, Move, Story
from incidents.models import Incident, SeverityPolicy, TimelineEntry
from itsm.catalog.models import Service
from itsm.people.models import Team, User
from itsm.tickets.models import ClockPause, PriorityPolicy, StateChange, Ticket

#: The incident drives its ticket; seen from the ticket's state, its own is one of these.
INCIDENT_STATES = {
    Ticket.State.NEW: Incident.State.DETECTED,
    Ticket.State.IN_PROGRESS: Incident.State.INVESTIGATING,
    Ticket.State.WAITING: Incident.State.INVESTIGATING,
    Ticket.State.RESOLVED: Incident.State.RESOLVED,
    Ticket.State.CLOSED: Incident.State.CLOSED,
    Ticket.State.CANCELLED: Incident.State.CANCELLED,
}
_DONE = (Incident.State.RESOLVED, Incident.State.CLOSED)

#: What a reader may want to know and has no field of its own, in the order of the description.
_TOLD = {
    "category": "Category",
    "subcategory": "Subcategory",
    "symptom": "Symptom",
    "item": "Configuration item",
    "caller": "Caller",
    "opened_by": "Opened by",
    "contact": "Contact",
    "location": "Location",
    "group": "Group",
    "person": "Assigned to",
    "problem": "Problem",
    "change": "Change",
    "caused_by": "Caused by change",
    "vendor": "Vendor",
    "code": "Closing code",
    "resolved_by": "Resolved by",
    "made_sla": "SLA met",
}


@dataclass(slots=True)
class Setting:
    """What all records of one run have in common."""

    mapping: Mapping
    file: str
    by: User
    now: dt.datetime
    priority_policy: PriorityPolicy
    severity_policies: Sequence[SeverityPolicy]
    services: Map[str, Service]
    teams: dict[str, Team] = field(default_factory=dict)

    def severity_policy(self, at: int) -> SeverityPolicy:
        """The version that ruled when the case was opened; the oldest for what lies before it."""
        opened = moment(at)
        ruled = (p for p in self.severity_policies if opened and p.effective_from <= opened)
        return next(ruled, self.severity_policies[-1])

    def service(self, event: Event) -> Service | None:
        return self.services.get(event.item.casefold()) if event.item else None

    def reason(self, line: int) -> str:
        return f"Imported from {self.file}, line {line}"


def moment(seconds: int) -> dt.datetime | None:
    return dt.datetime.fromtimestamp(seconds, dt.UTC) if seconds else None


def _instant(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def latest(events: Sequence[Event], facts: Facts) -> Event:
    """The last event, with what only earlier ones said filled in."""
    known: dict[str, Any] = {
        name: next((v for e in reversed(events) if (v := getattr(e, name))), "")
        for name in _FILLED
        if not getattr(events[-1], name)
    }
    return events[-1]._replace(
        **known, group=facts.group, person=facts.person, made_sla=facts.made_sla
    )


_FILLED = tuple({*_TOLD, "title", "description", "who"} - {"group", "person", "made_sla"})


def title_of(setting: Setting, event: Event) -> str:
    """Its own, or made of what classifies it: "Category 55 / Subcategory 170: Symptom 72"."""
    kind = " / ".join(part for part in (event.category, event.subcategory) if part)
    made = ": ".join(part for part in (kind, event.symptom) if part)
    return (event.title or made or f"{setting.mapping.system} incident {event.number}")[:200]


def description_of(setting: Setting, event: Event) -> str:
    lines = [
        f"- {label}: {value}" for name, label in _TOLD.items() if (value := _told(event, name))
    ]
    about = f"From {setting.mapping.system}, {event.number}:"
    return "\n\n".join(part for part in (event.description, about, "\n".join(lines)) if part)


def _told(event: Event, name: str) -> str:
    value = str(getattr(event, name))
    return {"true": "yes", "false": "no"}.get(value, value) if name == "made_sla" else value


def ticket_fields(setting: Setting, event: Event, facts: Facts) -> dict[str, Any]:
    """The ticket's fields after `event`, the last one. It has no SLA targets: the export says
    whether the SLA was met, not what was promised."""
    matrix = setting.mapping.matrix[facts.impact, facts.urgency]
    differs = f"As in {setting.mapping.system}, which has P{matrix} in its matrix"
    team = setting.teams.get(facts.group)
    return {
        "title": title_of(setting, event),
        "description": description_of(setting, event),
        "impact": facts.impact,
        "urgency": facts.urgency,
        "priority": facts.priority,
        "priority_reason": differs if facts.priority != matrix else "",
        "team_id": team.pk if team else None,
        "state": facts.state,
        "waiting_on": facts.waiting_on,
        "resolution": resolution_of(setting, event) if facts.resolved_at else "",
        "responded_at": moment(facts.responded_at),
        "restored_at": moment(facts.resolved_at),
        "resolved_at": moment(facts.resolved_at),
        "closed_at": moment(facts.closed_at),
    }


def resolution_of(setting: Setting, event: Event) -> str:
    code = f": {event.code}" if event.code else ""
    return f"Resolved in {setting.mapping.system}{code}."


def new_ticket(setting: Setting, event: Event, facts: Facts) -> Ticket:
    service = setting.service(event)
    ticket: Ticket = Ticket(
        type=Ticket.Type.INCIDENT,
        source=Ticket.Source.IMPORT,
        source_ref=event.number,
        service=service,
        customer_id=service.customer_id if service else None,
        policy=setting.priority_policy,
        opened_at=_instant(facts.opened_at),
        updated_at=setting.now,
        **ticket_fields(setting, event, facts),
    )
    return ticket


def incident_fields(
    setting: Setting, event: Event, facts: Facts, policy: SeverityPolicy
) -> dict[str, Any]:
    """The incident's fields after `event`.

    A case that was left to a problem, or whose closing code says so, is resolved by a workaround:
    its cause remained. A required
    review is waived once it is resolved, because reviews of the other system are not in the export.
    """
    state = INCIDENT_STATES[Ticket.State(facts.state)]
    done = state in _DONE
    level = setting.mapping.levels[facts.priority]
    kinds = Incident.ResolutionKind
    by_workaround = event.problem or "workaround" in event.code.casefold()
    kind = kinds.WORKAROUND if by_workaround else kinds.PERMANENT
    required = policy.level(level).review_required or facts.priority <= 1
    waived = done and required
    why = f"It was resolved in {setting.mapping.system}; reviews are not part of that export."
    return {
        "state": state,
        "level": level,
        "category": setting.mapping.categories.get(event.category.casefold(), ""),
        "acknowledged_at": moment(facts.responded_at),
        "mitigated_at": moment(facts.resolved_at),
        "resolved_at": moment(facts.resolved_at),
        "closed_at": moment(facts.closed_at),
        "resolution_kind": kind if done else "",
        "resolution": resolution_of(setting, event) if done else "",
        "review_waived_reason": why if waived else "",
        "review_waived_at": setting.now if waived else None,
        "review_waived_by_id": setting.by.pk if waived else None,
    }


def new_incident(setting: Setting, event: Event, facts: Facts, ticket: Ticket) -> Incident:
    policy = setting.severity_policy(facts.opened_at)
    fields = incident_fields(setting, event, facts, policy)
    incident: Incident = Incident(
        ticket=ticket,
        policy=policy,
        detected_at=_instant(facts.opened_at),
        updated_at=setting.now,
        **fields,
    )
    return incident


def state_change(setting: Setting, ticket: Ticket, move: Move) -> StateChange:
    return StateChange(
        ticket=ticket,
        from_state=move.from_state,
        to_state=move.to_state,
        waiting_on=move.waiting_on,
        at=_instant(move.at),
        recorded_at=setting.now,
        reason=move.reason,
    )


def timeline_entry(setting: Setting, incident: Incident, entry: Entry) -> TimelineEntry:
    return TimelineEntry(
        incident=incident,
        at=_instant(entry.at),
        recorded_at=setting.now,
        kind=entry.kind,
        stamp=entry.stamp,
        source=TimelineEntry.Source.IMPORT,
        text=entry.text,
        data=entry.data,
    )


def pauses(ticket: Ticket, story: Story) -> list[ClockPause]:
    """New pauses; one that an earlier import left open is ended by `writing` instead."""
    return [
        ClockPause(ticket=ticket, started_at=_instant(p.started_at), ended_at=moment(p.ended_at))
        for p in story.pauses
        if not p.goes_on
    ]


def receipt(
    setting: Setting, incident: Incident, ticket: Ticket, events: Sequence[Event], facts: Facts
) -> TimelineEntry:
    """What was imported up to where: the next import goes on from here."""
    count = "1 event" if len(events) == 1 else f"{len(events)} events"
    until = f"{_instant(facts.at):%Y-%m-%d %H:%M} UTC"
    data = {
        "mapping": setting.mapping.name,
        "file": setting.file,
        "events": len(events),
        "versions": [ticket.version, incident.version],
        "facts": facts.as_data(),
    }
    return TimelineEntry(
        incident=incident,
        at=setting.now,
        recorded_at=setting.now,
        kind=TimelineEntry.Kind.NOTE,
        source=TimelineEntry.Source.IMPORT,
        by=setting.by,
        text=f"Imported from {setting.file}: {count} up to {until}",
        data={"receipt": data},
    )

"""Opening incidents: the lean path that alerts take, shared with the declaration by a person.

Nothing here is a command of its own: the caller is one (the intake of alerts, `incident.declare`)
and brings the transaction and the actor. With warm caches any number of incidents is opened in six
statements: tickets, their history, incidents, their history, timeline, timers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils import timezone

from incidents import severity, timeline
from incidents.models import Incident, Level, TimelineEntry
from itsm.catalog.models import Service
from itsm.core import context
from itsm.core.commands import save
from itsm.core.inserts import insert
from itsm.core.text import storable
from itsm.people.models import User
from itsm.tickets.actions import intake
from itsm.tickets.models import Priority, Ticket
from itsm.tickets.sla import working_time_of
from itsm.timers.actions import arm
from itsm.timers.models import Planned, spec

#: Tells the service's owner team, or the incident commanders, that an incident is open.
ANNOUNCE = "incident.announce"

REASON = "Opened from an alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertIncident:
    """What is known of an incident that an alert opens.

    `at` is the moment of detection. `source_ref` is the alert's unique name (one ticket per name;
    empty: no such name). `alert_text` and `alert_link` go on the timeline.
    """

    title: str
    level: int
    at: dt.datetime = field(default_factory=timezone.now)
    description: str = ""
    service: Service | None = None
    environment: str = ""
    source_ref: str = ""
    alert_text: str = ""
    alert_link: str = ""


def open_from_alert(
    *,
    title: str,
    description: str = "",
    service: Service | None,
    environment: str = "",
    level: int,
    at: dt.datetime,
    by: User,
    source_ref: str = "",
    alert_text: str = "",
    alert_link: str = "",
) -> Incident:
    """One ticket and incident for one alert; see `AlertIncident` for the arguments."""
    draft = AlertIncident(
        title=title,
        description=description,
        service=service,
        environment=environment,
        level=level,
        at=at,
        source_ref=source_ref,
        alert_text=alert_text,
        alert_link=alert_link,
    )
    return open_from_alerts([draft], by=by)[0]


def open_from_alerts(drafts: Sequence[AlertIncident], *, by: User) -> list[Incident]:
    """Ticket, incident, history, timeline and timers for each draft, in their order.

    `by` is the machine identity. `incident.ticket` and `incident.policy` are set. The caller holds
    the transaction and nudges the worker on commit.
    """
    if not drafts:
        return []
    policy = severity.in_force()
    tickets, timers = intake.open_from_alerts([_ticket(draft) for draft in drafts], by=by)
    incidents = [
        Incident(ticket=ticket, policy=policy, level=draft.level, detected_at=draft.at)
        for draft, ticket in zip(drafts, tickets, strict=True)
    ]
    with context.use(user=by):
        insert(incidents, reason=REASON)
    timeline.write_all(
        *(_detected(draft, incident, by) for draft, incident in zip(drafts, incidents, strict=True))
    )
    arm([*timers, *(announcement(incident) for incident in incidents)])
    return incidents


def _ticket(draft: AlertIncident) -> intake.AlertTicket:
    """The ticket's side: priority and response target that go with the level."""
    impact, urgency, platform_wide = severity.CELLS[draft.level]
    customer_id = draft.service.customer_id if draft.service else None
    row = severity.in_force().level(draft.level)
    return intake.AlertTicket(
        title=draft.title,
        description=draft.description,
        service=draft.service,
        environment=draft.environment,
        impact=impact,
        urgency=urgency,
        platform_wide=platform_wide,
        at_least=Priority.P1 if draft.level == Level.CRITICAL else None,
        at=draft.at,
        response_due_at=severity.response_due(row, draft.at, working_time_of(customer_id)),
        source_ref=draft.source_ref,
    )


def _detected(draft: AlertIncident, incident: Incident, by: User) -> TimelineEntry:
    return timeline.entry(
        incident,
        TimelineEntry.Kind.ALERT,
        storable(draft.alert_text or draft.title),
        by=by,
        at=draft.at,
        stamp=TimelineEntry.Stamp.DETECTED,
        source=TimelineEntry.Source.MONITOR,
        link=draft.alert_link,
    )


def respond_to(
    ticket: Ticket, *, level: int, at: dt.datetime, category: str = "", level_reason: str = ""
) -> Incident:
    """Write the detected incident of a ticket, with its history row: two statements."""
    incident: Incident = Incident(
        ticket=ticket,
        policy=severity.in_force(),
        level=level,
        level_reason=level_reason,
        category=category,
        detected_at=at,
    )
    save(incident, reason="Declared", created=True)
    return incident


def attach_note(
    incident: Incident,
    text: str,
    *,
    by: User,
    at: dt.datetime | None = None,
    link: str = "",
) -> TimelineEntry:
    """Say on the timeline that another alert joined, or that one went quiet: one statement."""
    return timeline.write(
        incident,
        TimelineEntry.Kind.ALERT,
        storable(text),
        by=by,
        at=at,
        source=TimelineEntry.Source.MONITOR,
        link=link,
    )


def announcement(incident: Incident) -> Planned:
    """An unsaved timer, due at once, that tells the people concerned that it is open."""
    return spec(ANNOUNCE, incident, timezone.now())

"""Declaring: a person says that something is broken and is being responded to."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from incidents import rules, severity, timeline
from incidents.actions import facts
from incidents.actions.merging import tie
from incidents.actions.opening import announcement, respond_to
from incidents.actions.words import clean, required
from incidents.models import Incident, Level, TimelineEntry
from itsm.catalog.models import Customer, Service
from itsm.core.commands import command, lock
from itsm.core.errors import Invalid, WrongState
from itsm.core.rules import ensure
from itsm.people.models import User
from itsm.tickets.actions import record
from itsm.tickets.models import Ticket, TicketLink
from itsm.timers.actions import arm

Kind, Stamp = TimelineEntry.Kind, TimelineEntry.Stamp


@command("incident.declare")
def declare(
    *,
    by: User,
    level: int,
    ticket: Ticket | None = None,
    title: str = "",
    description: str = "",
    service: Service | None = None,
    customer: Customer | None = None,
    environment: str = "",
    category: str = "",
    level_reason: str = "",
    started_at: dt.datetime | None = None,
    follows: Incident | None = None,
) -> Incident:
    """Declare an incident: with a new ticket, or the response side of an existing one.

    `follows` is the earlier incident that this one continues when it is too old to be reopened.
    `started_at` is when the trouble began, as far as known.
    """
    now = timezone.now()
    if ticket is not None:
        ticket = lock(ticket)
        _ensure_can_be_declared(ticket)
    ensure(rules.may_declare, by, ticket)
    _check(level, started_at, now)
    if ticket is None:
        ticket = _raise(title, description, service, customer, environment, level=level, by=by)
    incident = respond_to(
        ticket,
        level=level,
        at=now,
        category=category,
        level_reason=clean("level_reason", level_reason),
    )
    facts.agree(incident, by=by, reason=f"{incident} declared at {severity.name(level)}")
    _tell(incident, by=by, started_at=started_at)
    if follows is not None:
        _follow(incident, follows, by=by)
    arm([announcement(incident)])
    return incident


def _ensure_can_be_declared(ticket: Ticket) -> None:
    if sentence := rules.can_be_declared(ticket):
        raise WrongState(sentence, missing=[sentence])


def _check(level: int, started_at: dt.datetime | None, now: dt.datetime) -> None:
    if level not in Level.values:
        raise Invalid("Levels are 0 to 4.", fields={"level": ["Levels are 0 to 4."]})
    if started_at is not None and started_at > now:
        sentence = "It cannot have started in the future."
        raise Invalid(sentence, fields={"started_at": [sentence]})


def _raise(
    title: str,
    description: str,
    service: Service | None,
    customer: Customer | None,
    environment: str,
    *,
    level: int,
    by: User,
) -> Ticket:
    """The ticket of a declared incident, with the priority that goes with its level."""
    impact, urgency, platform_wide = severity.CELLS[level]
    return record.raise_ticket(
        by=by,
        title=required("title", title),
        description=description,
        type=Ticket.Type.INCIDENT,
        service=service,
        customer=customer,
        environment=environment,
        impact=impact,
        urgency=urgency,
        platform_wide=platform_wide,
    )


def _tell(incident: Incident, *, by: User, started_at: dt.datetime | None) -> None:
    """The first stamps. A declarer has seen it, classified it and is aware of it, all at once."""
    at = incident.detected_at
    name = severity.name(incident.level)
    reason = f": {incident.level_reason}" if incident.level_reason else ""
    entries = [
        timeline.entry(
            incident, Kind.STATE, f"{by} declared {incident}", by=by, at=at, stamp=Stamp.DETECTED
        ),
        timeline.entry(
            incident, Kind.LEVEL, f"{name}{reason}", by=by, at=at, stamp=Stamp.CLASSIFIED,
            level=incident.level,
        ),
    ]  # fmt: skip
    if started_at is not None:
        entries.append(
            timeline.entry(
                incident, Kind.NOTE, "It started", by=by, at=started_at, stamp=Stamp.STARTED
            )
        )
    timeline.write_all(*entries)


def _follow(incident: Incident, earlier: Incident, *, by: User) -> None:
    """Both timelines and both tickets say that the new one continues the old one."""
    ensure(rules.may_read, by, earlier)
    tie(incident, earlier, TicketLink.Kind.RELATES, by=by, reason=f"{incident} follows {earlier}")
    for here, there, word in (
        (incident, earlier, "Follows"),
        (earlier, incident, "Followed by"),
    ):
        text = f"{word} {there}"
        timeline.write(here, Kind.NOTE, text, by=by, link=there.get_absolute_url())

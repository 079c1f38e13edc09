"""What a new alert leads to: an incident of its own, a place in an open one, or a ticket.

A grouping rule keeps one locked row per key: of two requests with new alerts of one group, the
second waits and finds the incident that the first opened. The worst alert of a group opens; the
others join it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from incidents import severity, timeline
from incidents.actions import incident as response
from incidents.actions.opening import AlertIncident, open_from_alerts
from incidents.intake import statements
from incidents.intake.routing import Routed
from incidents.intake.statements import Group, Link
from incidents.models import Alert, AlertGroup, Incident, RoutingRule, TimelineEntry
from itsm.core.inserts import together
from itsm.people.models import User
from itsm.tickets.actions import intake as tickets
from itsm.timers.actions import arm

LINK_LENGTH = 300

GroupKey = tuple[int, str]


@dataclass(frozen=True, slots=True)
class New:
    """An alert that nothing was decided about yet, and the id of its row."""

    routed: Routed
    alert_id: int

    @property
    def group_key(self) -> GroupKey:
        return self.routed.rule.pk if self.routed.rule else 0, self.routed.group_key


@dataclass(slots=True)
class Lead:
    """What a batch of new alerts led to; `links` is one row for each of them."""

    opened: list[Incident] = field(default_factory=list)
    joined: dict[int, Incident] = field(default_factory=dict)
    attached: int = 0
    tickets: int = 0
    links: list[Link] = field(default_factory=list)

    @property
    def incidents(self) -> list[Incident]:
        return [*self.opened, *self.joined.values()]


def lead(new: Sequence[New], *, by: User, now: dt.datetime) -> Lead:
    """Open, join or raise what each new alert asks for."""
    done = Lead()
    to_ticket = [one for one in new if one.routed.action == RoutingRule.Action.TICKET]
    to_incident = [one for one in new if one.routed.action == RoutingRule.Action.INCIDENT]
    with together():
        _raise_tickets(to_ticket, done, by=by, now=now)
        _open([one for one in to_incident if not one.routed.group_key], done, by=by, now=now)
        _open_or_join([one for one in to_incident if one.routed.group_key], done, by=by, now=now)
        statements.link_alerts(done.links)
    return done


def _raise_tickets(new: Sequence[New], done: Lead, *, by: User, now: dt.datetime) -> None:
    if not new:
        return
    made, timers = tickets.open_from_alerts([_ticket(one.routed, now) for one in new], by=by)
    arm(timers)
    done.tickets = len(made)
    for one, ticket in zip(new, made, strict=True):
        done.links.append(Link(one.alert_id, Alert.Outcome.TICKET, ticket_id=ticket.pk))


def _ticket(routed: Routed, now: dt.datetime) -> tickets.AlertTicket:
    impact, urgency, platform_wide = severity.CELLS[routed.level]
    return tickets.AlertTicket(
        title=routed.reading.title,
        description=routed.reading.annotations.get("description", ""),
        service=routed.service,
        environment=routed.environment,
        impact=impact,
        urgency=urgency,
        platform_wide=platform_wide,
        at=now,
    )


def _open(new: Sequence[New], done: Lead, *, by: User, now: dt.datetime) -> list[Incident]:
    """An incident for each."""
    incidents = open_from_alerts([_incident(one.routed, now) for one in new], by=by)
    done.opened += incidents
    for one, incident in zip(new, incidents, strict=True):
        done.links.append(Link(one.alert_id, Alert.Outcome.OPENED, incident.pk))
    return incidents


def _incident(routed: Routed, now: dt.datetime) -> AlertIncident:
    reading = routed.reading
    return AlertIncident(
        title=reading.title,
        description=reading.annotations.get("description", ""),
        service=routed.service,
        environment=routed.environment,
        level=routed.level,
        at=now,
        alert_text=f"{reading.title} ({routed.integration})",
        alert_link=_link(routed),
    )


def _link(routed: Routed) -> str:
    address = routed.reading.source_url
    return address if len(address) <= LINK_LENGTH else ""


def _open_or_join(new: Sequence[New], done: Lead, *, by: User, now: dt.datetime) -> None:
    if not new:
        return
    members: dict[GroupKey, list[New]] = defaultdict(list)
    for one in sorted(new, key=lambda one: one.routed.level):
        members[one.group_key].append(one)
    groups = statements.lock_groups(list(members), now)
    homes = _open_incidents_of(groups, members, now)
    founders = [ones[0] for key, ones in members.items() if key not in homes]
    opened = _open(founders, done, by=by, now=now)
    homes |= {one.group_key: home for one, home in zip(founders, opened, strict=True)}
    founding = {one.alert_id for one in founders}
    joining = [(one, homes[one.group_key]) for one in new if one.alert_id not in founding]
    _join(joining, done, by=by, now=now)
    _remember(groups, homes, now)


def _open_incidents_of(
    groups: Mapping[GroupKey, Group], members: Mapping[GroupKey, Sequence[New]], now: dt.datetime
) -> dict[GroupKey, Incident]:
    """The incident of each group that is still open and was seen within the rule's window.

    The rows stay locked, so that nobody resolves one while alerts join it.
    """
    fresh = {
        key: group.incident_id
        for key, group in groups.items()
        if group.incident_id and now - group.last_seen_at <= _window(members[key][0])
    }
    if not fresh:
        return {}
    wanted = Incident.objects.open().filter(pk__in=set(fresh.values())).order_by("pk")
    found = {incident.pk: incident for incident in wanted.select_for_update(no_key=True)}
    return {key: found[incident] for key, incident in fresh.items() if incident in found}


def _window(one: New) -> dt.timedelta:
    return dt.timedelta(minutes=one.routed.rule.group_minutes if one.routed.rule else 0)


def _join(
    joining: Sequence[tuple[New, Incident]], done: Lead, *, by: User, now: dt.datetime
) -> None:
    entries = []
    for one, incident in joining:
        done.links.append(Link(one.alert_id, Alert.Outcome.ATTACHED, incident.pk))
        done.joined[incident.pk] = incident
        entries.append(_joined(one.routed, incident, by=by, now=now))
    done.attached = len(joining)
    timeline.write_all(*entries)


def _joined(routed: Routed, incident: Incident, *, by: User, now: dt.datetime) -> TimelineEntry:
    word = routed.reading.severity or "no severity"
    return timeline.entry(
        incident,
        TimelineEntry.Kind.ALERT,
        f"Another alert joined: {routed.reading.title} ({routed.integration}, {word})",
        by=by,
        at=now,
        source=TimelineEntry.Source.MONITOR,
        link=_link(routed),
    )


def _remember(
    groups: Mapping[GroupKey, Group], homes: Mapping[GroupKey, Incident], now: dt.datetime
) -> None:
    rows = [
        AlertGroup(pk=groups[key].id, incident=incident, last_seen_at=now)
        for key, incident in homes.items()
    ]
    AlertGroup.objects.bulk_update(rows, ["incident", "last_seen_at"])


def clear(incidents: Collection[int], *, by: User, now: dt.datetime) -> None:
    """Tell each of these incidents whose last open alert has ended that they all have.

    The incidents are locked before their open alerts are counted: of two requests that end the
    last two alerts, the second one sees the work of the first.
    """
    if not incidents:
        return
    touched = Incident.objects.filter(pk__in=incidents).order_by("pk")
    locked = list(touched.select_for_update(no_key=True).values_list("pk", flat=True))
    firing = set(
        Alert.objects.open().filter(incident__in=locked).values_list("incident_id", flat=True)
    )
    for key in locked:
        if key not in firing:
            response.heal(Incident(pk=key), by=by, at=now)

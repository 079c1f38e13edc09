"""Merging: two incidents turn out to be one disruption."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from incidents import rules, severity, timeline
from incidents.actions.words import clean
from incidents.models import Alert, AlertGroup, Incident, TimelineEntry
from itsm.core.commands import command, save
from itsm.core.errors import WrongState
from itsm.core.rules import ensure
from itsm.core.transitions import ensure_can
from itsm.people.models import User
from itsm.tickets.actions import driven
from itsm.tickets.models import Ticket, TicketLink


@command("incident.merge")
def merge(incident: Incident, *, by: User, into: Incident, reason: str = "") -> Incident:
    """Go on in `into`: alerts and alert groups move there, both timelines link to the other.

    The ticket becomes a duplicate of the other ticket and is cancelled with that reason.
    """
    incident, into = _take_both(incident, into)
    ensure_can(incident.mark_merged)
    if sentence := rules.can_merge_into(incident, into):
        raise WrongState(sentence, missing=[sentence])
    ensure(rules.may_command, by, incident)
    ensure(rules.may_command, by, into)
    now, reason = timezone.now(), clean("reason", reason)
    incident.mark_merged(into, now)
    why = f"Merged into {into}" + (f": {reason}" if reason else "")
    save(incident, reason=why)
    moved = Alert.objects.filter(incident=incident).update(incident=into)
    AlertGroup.objects.filter(incident=incident).update(incident=into)
    tie(incident, into, TicketLink.Kind.DUPLICATES, by=by, reason=why)
    incident.ticket = driven.cancel(incident.ticket, at=now, by=by, reason=why)
    _tell(incident, into, why, by=by, moved=moved)
    return incident


def _take_both(incident: Incident, into: Incident) -> tuple[Incident, Incident]:
    """Both rows locked, the lower key first, so that two merges cannot wait for each other."""
    locked = {
        row.pk: row
        for row in Incident.objects.select_for_update(of=("self",))
        .filter(pk__in={incident.pk, into.pk})
        .order_by("pk")
    }
    tickets = _tickets_of(locked.values())
    for row in locked.values():
        row.policy, row.ticket = severity.policy_of(row), tickets[row.ticket_id]
    return locked[incident.pk], locked[into.pk]


def _tickets_of(incidents: Iterable[Incident]) -> dict[int, Ticket]:
    keys = [incident.ticket_id for incident in incidents]
    rows = Ticket.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk")
    return {row.pk: row for row in rows}


def tie(incident: Incident, other: Incident, kind: str, *, by: User, reason: str) -> None:
    """Link the two tickets, unless somebody did so already."""
    ends = {"from_ticket_id": incident.ticket_id, "to_ticket_id": other.ticket_id, "kind": kind}
    if not TicketLink.objects.filter(**ends).exists():
        save(TicketLink(**ends, created_by=by), reason=reason, created=True)


def _tell(incident: Incident, into: Incident, why: str, *, by: User, moved: int) -> None:
    alerts = "1 alert" if moved == 1 else f"{moved} alerts"
    kind = TimelineEntry.Kind.MERGE
    timeline.write(incident, kind, why, by=by, link=into.get_absolute_url(), into=into.pk)
    timeline.write(
        into,
        kind,
        f"{incident} ({severity.name(incident.level)}) merged into this, with {alerts}",
        by=by,
        link=incident.get_absolute_url(),
        merged=incident.pk,
    )

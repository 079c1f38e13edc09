"""An incident's life: declared, acknowledged, worked on, resolved, closed; and the ways off it.

The incident drives its ticket: it is in progress from the acknowledgement, its resolution clock
stops when the incident is resolved, and it is resolved itself once no required review is open.
The row lock decides between people who act at once; who comes second is told the state as it is.
"""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from incidents import rules, severity, timeline
from incidents.actions.words import clean, required
from incidents.models import Incident, TimelineEntry
from itsm.core.commands import command, lock, save
from itsm.core.errors import Invalid, WrongState
from itsm.core.rules import ensure
from itsm.core.transitions import ensure_can
from itsm.people.models import User
from itsm.tickets.actions import driven
from itsm.tickets.models import Ticket

Kind, Stamp = TimelineEntry.Kind, TimelineEntry.Stamp


def take(incident: Incident) -> Incident:
    """The incident locked, and then its ticket, with the policy version it started with."""
    incident = lock(incident)
    incident.ticket = lock(Ticket(pk=incident.ticket_id))
    incident.policy = severity.policy_of(incident)
    return incident


@command("incident.acknowledge")
def acknowledge(incident: Incident, *, by: User) -> Incident:
    """Somebody has it: the response clock stops and the ticket is in progress."""
    incident = take(incident)
    ensure_can(incident.mark_acknowledged)
    ensure(rules.may_respond, by, incident)
    now = timezone.now()
    incident.mark_acknowledged(now, by)
    save(incident, reason="Acknowledged")
    incident.ticket = driven.start(
        incident.ticket, at=now, by=by, reason=f"{incident} acknowledged"
    )
    timeline.write(
        incident, Kind.STATE, f"{by} acknowledged", by=by, at=now, stamp=Stamp.ACKNOWLEDGED
    )
    return incident


@command("incident.investigate")
def investigate(incident: Incident, *, by: User, note: str = "") -> Incident:
    """Looking for the cause; also back from a cause or a mitigation that did not hold."""
    incident = take(incident)
    ensure_can(incident.mark_investigating)
    ensure(rules.may_respond, by, incident)
    note = clean("note", note)
    incident.mark_investigating()
    save(incident, reason=note or "Investigating")
    timeline.write(incident, Kind.STATE, _told("Investigating", note), by=by)
    return incident


@command("incident.identify")
def identify(incident: Incident, *, by: User, note: str = "") -> Incident:
    """The cause is known well enough to act on; `note` says what it is."""
    incident = take(incident)
    ensure_can(incident.mark_identified)
    ensure(rules.may_respond, by, incident)
    note = clean("note", note)
    incident.mark_identified()
    save(incident, reason=note or "Identified")
    timeline.write(incident, Kind.STATE, _told("Cause identified", note), by=by)
    return incident


@command("incident.mitigate")
def mitigate(incident: Incident, *, by: User, note: str = "") -> Incident:
    """Users are no longer hurt; `note` says what was done."""
    incident = take(incident)
    ensure_can(incident.mark_mitigated)
    ensure(rules.may_respond, by, incident)
    note = clean("note", note)
    now = timezone.now()
    incident.mark_mitigated(now)
    save(incident, reason=note or "Mitigated")
    timeline.write(
        incident, Kind.STATE, _told("Mitigated", note), by=by, at=now, stamp=Stamp.MITIGATED
    )
    return incident


@command("incident.resolve")
def resolve(
    incident: Incident,
    *,
    by: User,
    kind: str,
    resolution: str,
    verification: str,
    verified: bool = True,
) -> Incident:
    """Service restored and checked. A check that failed is recorded and the incident stays open.

    `kind` is workaround or permanent; `verification` says what was checked and what came out.
    """
    incident = take(incident)
    if reason := rules.resolve_needs_acknowledgement(incident):
        raise WrongState(reason, missing=[reason])
    ensure_can(incident.mark_resolved)
    ensure(rules.may_respond, by, incident)
    _check_kind(kind)
    resolution = required("resolution", resolution)
    verification = required("verification", verification)
    if not verified:
        text = f"Verification failed: {verification}\n\nTried: {resolution}"
        timeline.write(incident, Kind.VERIFICATION, text, by=by, passed=False)
        return incident
    now = timezone.now()
    incident.mark_resolved(now, by, kind=kind, resolution=resolution, verification=verification)
    save(incident, reason="Resolved")
    _restored(incident, now, by, resolution)
    said = f"Resolved ({incident.get_resolution_kind_display().lower()}): {resolution}"
    checked = f"Verified: {verification}"
    timeline.write_all(
        timeline.entry(incident, Kind.RESOLUTION, said, by=by, at=now, stamp=Stamp.RESOLVED),
        timeline.entry(incident, Kind.VERIFICATION, checked, by=by, at=now, passed=True),
    )
    return incident


def _check_kind(kind: str) -> None:
    allowed = (Incident.ResolutionKind.WORKAROUND, Incident.ResolutionKind.PERMANENT)
    if kind not in allowed:
        sentence = f"“{kind}” is not a kind of resolution: use workaround or permanent."
        raise Invalid(sentence, fields={"kind": [sentence]})


def _restored(incident: Incident, at: dt.datetime, by: User, resolution: str) -> None:
    """The resolution clock stops now; the ticket waits for a required review."""
    ticket, reason = incident.ticket, f"{incident} resolved"
    if incident.review_is_due:
        reason += ", its review is to come"
        incident.ticket = driven.stop_clock(ticket, at=at, by=by, reason=reason)
    else:
        incident.ticket = driven.resolve(ticket, at=at, by=by, resolution=resolution, reason=reason)


@command("incident.heal")
def heal(incident: Incident, *, by: User, at: dt.datetime | None = None) -> Incident:
    """All its alerts have cleared. Nobody came yet: resolved by itself; else a person is asked."""
    incident = take(incident)
    if sentence := rules.alerts_still_fire(incident):
        raise WrongState(sentence, missing=[sentence])
    ensure(rules.may_heal, by, incident)
    if not incident.is_open:
        return incident
    at = at or timezone.now()
    if incident.state != Incident.State.DETECTED:
        text = "All alerts have cleared: confirm and resolve."
        timeline.write(incident, Kind.ALERT, text, by=by, source=TimelineEntry.Source.MONITOR)
        return incident
    text = "All alerts have cleared before anybody acknowledged."
    incident.mark_healed(at, text)
    save(incident, reason=text)
    incident.ticket = driven.start(incident.ticket, at=at, by=by, reason=text, responded=False)
    _restored(incident, at, by, text)
    timeline.write(
        incident,
        Kind.RESOLUTION,
        text,
        by=by,
        at=at,
        stamp=Stamp.RESOLVED,
        source=TimelineEntry.Source.MONITOR,
    )
    return incident


@command("incident.close")
def close(incident: Incident, *, by: User) -> Incident:
    """Nothing is left to do: a required review is final or waived."""
    incident = take(incident)
    ensure_can(incident.mark_closed)
    ensure(rules.may_command, by, incident)
    now = timezone.now()
    incident.mark_closed(now)
    save(incident, reason="Closed")
    incident.ticket = driven.close(
        incident.ticket, at=now, by=by, resolution=incident.resolution, reason=f"{incident} closed"
    )
    timeline.write(incident, Kind.STATE, "Closed", by=by, at=now)
    return incident


@command("incident.cancel")
def cancel(incident: Incident, *, by: User, reason: str) -> Incident:
    """A false alarm."""
    incident = take(incident)
    ensure_can(incident.mark_cancelled)
    ensure(rules.may_command, by, incident)
    reason, now = required("reason", reason), timezone.now()
    incident.mark_cancelled(now)
    save(incident, reason=reason)
    incident.ticket = driven.cancel(incident.ticket, at=now, by=by, reason=reason)
    timeline.write(incident, Kind.STATE, f"Cancelled: {reason}", by=by, at=now)
    return incident


@command("incident.reopen")
def reopen(incident: Incident, *, by: User, reason: str) -> Incident:
    """It came back within 14 days: under investigation again, and the clock runs on."""
    incident = take(incident)
    ensure_can(incident.mark_reopened)
    ensure(rules.may_respond, by, incident)
    reason, now = required("reason", reason), timezone.now()
    incident.mark_reopened()
    save(incident, reason=reason)
    incident.ticket = driven.reopen(incident.ticket, at=now, by=by, reason=reason)
    timeline.write(incident, Kind.STATE, f"Reopened: {reason}", by=by, at=now)
    return incident


def _told(what: str, note: str) -> str:
    return f"{what}: {note}" if note else what

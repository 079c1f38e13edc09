"""What is known of an incident beside its state: level, category, notes, corrections, review."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from incidents import rules, severity, timeline
from incidents.actions.incident import take
from incidents.actions.words import clean, required
from incidents.models import Incident, Level, TimelineEntry
from itsm.core.commands import command, save
from itsm.core.errors import Invalid, WrongState
from itsm.core.rules import ensure
from itsm.people.models import User
from itsm.tickets.actions import driven
from itsm.tickets.models import Priority
from itsm.tickets.sla import working_time_of

Kind, Stamp = TimelineEntry.Kind, TimelineEntry.Stamp


@command("incident.set_level")
def set_level(incident: Incident, *, by: User, level: int, reason: str) -> Incident:
    """Another severity, with the reason. The response target follows; level 0 means at least P1."""
    incident = take(incident)
    _ensure_holds(rules.level_can_change(incident))
    ensure(rules.may_command, by, incident)
    reason, before = required("reason", reason), severity.name(incident.level)
    if level not in Level.values:
        raise Invalid("Levels are 0 to 4.", fields={"level": ["Levels are 0 to 4."]})
    if level == incident.level:
        sentence = f"It is {before} already."
        raise Invalid(sentence, fields={"level": [sentence]})
    incident.level, incident.level_reason = level, reason
    save(incident, reason=reason)
    agree(incident, by=by, reason=reason)
    text = f"{before} → {severity.name(level)}: {reason}"
    timeline.write(incident, Kind.LEVEL, text, by=by, stamp=Stamp.CLASSIFIED, level=level)
    return incident


def agree(incident: Incident, *, by: User, reason: str) -> None:
    """Make the ticket's response target and least priority follow from the incident's level."""
    ticket = incident.ticket
    if incident.level == Level.CRITICAL and ticket.priority > Priority.P1:
        ticket = driven.raise_priority(ticket, to=Priority.P1, by=by, reason=reason)
    incident.ticket = driven.set_response_due(ticket, response_due(incident), by=by, reason=reason)


def response_due(incident: Incident) -> dt.datetime:
    """When the first acknowledgement is due at the present level."""
    row = severity.policy_of(incident).level(incident.level)
    hours = working_time_of(incident.ticket.customer_id)
    return severity.response_due(row, incident.detected_at, hours)


@command("incident.set_category")
def set_category(incident: Incident, *, by: User, category: str) -> Incident:
    """What part of the house it is about; "" takes the category away."""
    incident = take(incident)
    ensure(rules.may_respond, by, incident)
    if category == incident.category:
        return incident
    before = incident.get_category_display() or "none"
    incident.category = category
    after = incident.get_category_display() or "none"
    save(incident, reason=f"Category {after}")
    timeline.write(incident, Kind.NOTE, f"Category: {before} → {after}", by=by)
    return incident


@command("incident.note")
def note(
    incident: Incident, *, by: User, text: str, at: dt.datetime | None = None
) -> TimelineEntry:
    """Write on the timeline what happened at `at` (default: now); also once it is closed."""
    incident = take(incident)
    ensure(rules.may_note, by, incident)
    return timeline.write(
        incident, Kind.NOTE, required("text", text), by=by, at=_not_ahead(at), link=""
    )


@command("incident.correct")
def correct(
    entry: TimelineEntry,
    *,
    by: User,
    text: str = "",
    at: dt.datetime | None = None,
    reason: str,
) -> TimelineEntry:
    """Strike an entry and write the right one. A stamp's new time moves the incident's moment.

    Moving a moment changes how fast the response looks, so it takes a commander.
    """
    incident = take(entry.incident)
    entry = TimelineEntry.objects.get(pk=entry.pk)
    entry.incident = incident
    if TimelineEntry.objects.filter(corrects=entry).exists():
        sentence = "This entry is corrected already: correct its correction."
        raise WrongState(sentence, missing=[sentence])
    ensure(rules.may_correct, by, entry)
    reason, at = required("reason", reason), _not_ahead(at)
    text = clean("text", text)
    if not text and at in (None, entry.at):
        raise Invalid("Say what is right: another text or another time.")
    moves = timeline.moves(incident, entry, at)
    if moves:
        ensure(rules.may_command, by, incident)
    right = timeline.strike(entry, incident=incident, by=by, text=text, at=at, reason=reason)
    if moves:
        save(incident, reason=f"{entry.get_stamp_display()} corrected: {reason}")
        _follow(incident, right, by=by, reason=reason)
    return right


def _follow(incident: Incident, right: TimelineEntry, *, by: User, reason: str) -> None:
    """The ticket's clocks stopped when the incident's moments say so."""
    if right.stamp == Stamp.ACKNOWLEDGED:
        driven.correct_times(incident.ticket, responded_at=right.at, by=by, reason=reason)
    elif right.stamp == Stamp.RESOLVED:
        driven.correct_times(incident.ticket, restored_at=right.at, by=by, reason=reason)


@command("incident.waive_review")
def waive_review(incident: Incident, *, by: User, reason: str) -> Incident:
    """Do without the required review, with a reason: the ticket resolves and may be closed."""
    incident = take(incident)
    _ensure_holds(rules.review_can_be_waived(incident))
    ensure(rules.may_waive, by, incident)
    reason, now = required("reason", reason), timezone.now()
    incident.review_waived_reason = reason
    incident.review_waived_at, incident.review_waived_by = now, by
    save(incident, reason=f"Review waived: {reason}")
    incident.ticket = driven.resolve(
        incident.ticket, at=now, by=by, resolution=incident.resolution, reason="Review waived"
    )
    timeline.write(incident, Kind.STATE, f"Review waived: {reason}", by=by, at=now)
    return incident


def _ensure_holds(sentence: str) -> None:
    if sentence:
        raise WrongState(sentence, missing=[sentence])


def _not_ahead(at: dt.datetime | None) -> dt.datetime | None:
    """The timeline tells what happened, not what will."""
    if at is not None and at > timezone.now():
        raise Invalid("This time is in the future.", fields={"at": ["This time is in the future."]})
    return at

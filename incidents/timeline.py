"""The one writer of the timeline. Entries are only ever added; a correction strikes an earlier one.

An entry with a stamp states one of the incident's moments. Commands set the moment by their
transition and write the stamp beside it with the same time; a correction moves both.
"""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

from django.utils import timezone

from incidents.models import Incident, TimelineEntry
from itsm.core.errors import Invalid
from itsm.core.inserts import append
from itsm.people.models import User

Kind, Stamp, Source = TimelineEntry.Kind, TimelineEntry.Stamp, TimelineEntry.Source

LINK_LENGTH = 300

#: Stamps that the incident keeps as a moment of its own, in the order in which they happen.
MOMENTS = {
    Stamp.DETECTED: "detected_at",
    Stamp.ACKNOWLEDGED: "acknowledged_at",
    Stamp.MITIGATED: "mitigated_at",
    Stamp.RESOLVED: "resolved_at",
}


def entry(
    incident: Incident,
    kind: TimelineEntry.Kind,
    text: str,
    *,
    by: User | None,
    at: dt.datetime | None = None,
    stamp: str = "",
    source: str = "",
    link: str = "",
    **data: Any,
) -> TimelineEntry:
    """An unsaved entry. `at` is when it happened (default: now); `data` is for machines to read."""
    now = timezone.now()
    return TimelineEntry(
        incident=incident,
        kind=kind,
        text=text,
        by=by,
        at=at or now,
        recorded_at=now,
        stamp=stamp,
        source=source or _source_of(by),
        link=_followable(link),
        data=data,
    )


def _followable(link: str) -> str:
    """The address when a page may link to it and it fits; a monitor may send anything."""
    fits = len(link) <= LINK_LENGTH
    return link if fits and link.startswith(("/", "http://", "https://")) else ""


def _source_of(by: User | None) -> str:
    return Source.PORTAL if by is None or by.is_machine else Source.PERSON


def write(
    incident: Incident,
    kind: TimelineEntry.Kind,
    text: str,
    *,
    by: User | None,
    **more: Any,
) -> TimelineEntry:
    """Add an entry; the arguments are those of `entry`. One statement."""
    written = entry(incident, kind, text, by=by, **more)
    written.save(force_insert=True)
    return written


def write_all(*entries: TimelineEntry) -> None:
    """Add entries, in one statement."""
    append(entries)


def strike(
    wrong: TimelineEntry,
    *,
    incident: Incident,
    by: User,
    text: str,
    at: dt.datetime | None,
    reason: str,
) -> TimelineEntry:
    """Add the entry that corrects `wrong`, and move the incident's moment when it was a stamp.

    The moment is set on the locked `incident`, which the command saves. A correction can itself be
    corrected, so the last one of a chain holds.
    """
    right = entry(
        incident,
        Kind.CORRECTION,
        text or wrong.text,
        by=by,
        at=at or wrong.at,
        stamp=wrong.stamp,
        link=wrong.link,
        reason=reason,
    )
    right.corrects = wrong
    if moves(incident, wrong, at):
        _move(incident, wrong.stamp, right.at)
    right.save(force_insert=True)
    return right


def moves(incident: Incident, wrong: TimelineEntry, at: dt.datetime | None) -> bool:
    """Whether a new time for this entry moves a moment of the incident.

    Not when the moment was stated anew since, as after a reopening.
    """
    stated = wrong.stamp in MOMENTS and getattr(incident, MOMENTS[Stamp(wrong.stamp)]) == wrong.at
    return stated and at is not None and at != wrong.at


def _move(incident: Incident, stamp: str, at: dt.datetime) -> None:
    """Set the moment, unless it would overtake its neighbour."""
    setattr(incident, MOMENTS[Stamp(stamp)], at)
    known = [(s.label, moment) for s, f in MOMENTS.items() if (moment := getattr(incident, f))]
    for (earlier, first), (later, second) in pairwise(known):
        if first > second:
            sentence = f"{later} would be earlier than {earlier.lower()}."
            raise Invalid(sentence, fields={"at": [sentence]})

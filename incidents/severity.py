"""Severity: names of levels, the policy in force, what a level means for time and priority.

Levels are 0 to 4 inside. Pages show them by the active scheme: SEV-0 to SEV-4, or SEV1 to SEV4 and
"Info". Input is parsed by the active scheme only, because "SEV-1" and "SEV1" are different levels.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import time
from collections.abc import Mapping
from typing import Any

from django.db.models.signals import post_delete, post_save

from incidents.models.incident import Incident
from incidents.models.severity import Level, Scheme, SeverityLevel, SeverityPolicy
from itsm.catalog.working_time import NoWorkingTime, WorkingTime
from itsm.core.errors import Invalid
from itsm.tickets.models import Impact, Priority, Urgency

# Names

_NAMES: Mapping[str, tuple[str, ...]] = {
    Scheme.FIVE: ("SEV-0", "SEV-1", "SEV-2", "SEV-3", "SEV-4"),
    Scheme.FOUR: ("SEV1", "SEV2", "SEV3", "SEV4", "Info"),
}


def name(level: int, scheme: str | None = None) -> str:
    """`SEV-1` or `SEV2`: what a page calls the level under `scheme` (default: the active one)."""
    return _NAMES[scheme or in_force().scheme][level]


def choices(scheme: str | None = None) -> list[tuple[int, str]]:
    """Levels for a form: `SEV-1 High`."""
    return [(level.value, f"{name(level, scheme)} {level.label}") for level in Level]


def _level_named(text: str, scheme: str) -> Level | None:
    names = [_plain(known) for known in _NAMES[scheme]]
    return Level(names.index(_plain(text))) if _plain(text) in names else None


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", text).casefold()


def parse(text: str, scheme: str | None = None) -> Level:
    """The level that `text` names under the active scheme. Raises Invalid (422) with a hint.

    A name of the other scheme is refused rather than guessed: it is off by one.
    """
    active = scheme or in_force().scheme
    level = _level_named(text, active)
    if level is not None:
        return level
    message, hint = f"“{text.strip()}” is not a severity.", f"Use {', '.join(_NAMES[active])}."
    for other in Scheme.values:
        foreign = _level_named(text, other)
        if foreign is not None:
            message = f"“{text.strip()}” is a name of the scheme {Scheme(other).label}."
            hint = f"The active scheme calls this level {name(foreign, active)}."
    raise Invalid(message, hint=hint, fields={"level": [f"{message} {hint}"]})


# The policy

_KEEP_SECONDS = 60.0
_kept: dict[int | None, tuple[float, SeverityPolicy]] = {}


def in_force() -> SeverityPolicy:
    """The version that rules now, with its levels; read at most once a minute and process."""
    return _policy(None)


def policy_of(incident: Incident) -> SeverityPolicy:
    """The version that the incident started with, from the same memory."""
    return _policy(incident.policy_id)


def _policy(key: int | None) -> SeverityPolicy:
    read_at, policy = _kept.get(key, (0.0, None))
    if policy is None or time.monotonic() - read_at > _KEEP_SECONDS:
        versions = SeverityPolicy.objects.prefetch_related("levels")
        policy = versions.in_force() if key is None else versions.get(pk=key)
        _kept[key] = (time.monotonic(), policy)
    return policy


def forget(**_: Any) -> None:
    """Drop what is remembered. Also a receiver: an edit in this process counts at once."""
    _kept.clear()


def watch_edits() -> None:
    """Forget whenever a policy or one of its levels is saved here."""
    for model in (SeverityPolicy, SeverityLevel):
        for signal in (post_save, post_delete):
            signal.connect(forget, sender=model, dispatch_uid=f"incidents.{model.__name__}")


# What monitors say

#: Words of monitoring systems, and what they mean here. `page`, `disaster` and `emergency` wake a
#: whole organisation where they are used; `critical` is what one team is woken for; `warning` is
#: looked at in working hours.
_WORDS: Mapping[Level, str] = {
    Level.CRITICAL: "page emergency disaster catastrophic p0",
    Level.HIGH: "critical crit fatal high major alert urgent p1",
    Level.MEDIUM: "error err average moderate medium p2",
    Level.LOW: "warning warn minor low none p3",
    Level.INFORMATIONAL: "info information informational notice ok debug p4 p5",
}
_LEVELS = {word: level for level, words in _WORDS.items() for word in words.split()}


def level_for(monitor_severity: str) -> Level:
    """The level for a monitor's own word. An unknown or missing word is medium: it may be bad, so
    somebody looks within the hour."""
    return _LEVELS.get(_plain(monitor_severity), Level.MEDIUM)


# Priority

#: Impact, urgency and platform-wide that make the ticket's priority agree with the level.
CELLS: Mapping[int, tuple[Impact, Urgency, bool]] = {
    Level.CRITICAL: (Impact.HIGH, Urgency.HIGH, True),
    Level.HIGH: (Impact.HIGH, Urgency.HIGH, False),
    Level.MEDIUM: (Impact.HIGH, Urgency.LOW, False),
    Level.LOW: (Impact.LOW, Urgency.HIGH, False),
    Level.INFORMATIONAL: (Impact.LOW, Urgency.LOW, False),
}


def mismatch(level: int, priority: int) -> str:
    """A sentence when severity and priority tell different stories, else "".

    They are set apart on purpose (severity drives the response, priority the clocks); a pair that
    is far apart is usually a mistake in one of them.
    """
    grave, urgent = level <= Level.HIGH, priority <= Priority.P0
    if (grave and priority >= Priority.P3) or (urgent and level >= Level.MEDIUM):
        pair = f"{name(level)} and P{priority}"
        return f"{pair} do not fit together: check the level or the priority."
    return ""


# Time


def response_due(row: SeverityLevel, at: dt.datetime, hours: WorkingTime | None) -> dt.datetime:
    """When the first acknowledgement is due. `hours` None: people work around the clock."""
    if row.respond_business_days:
        return _business_days_after(at, row.respond_business_days, hours)
    minutes = row.respond_minutes or 0
    if row.respond_minutes_off_hours and hours and not _is_working(hours, at):
        minutes = row.respond_minutes_off_hours
    return at + dt.timedelta(minutes=minutes)


def mitigation_due(
    row: SeverityLevel, at: dt.datetime, hours: WorkingTime | None
) -> dt.datetime | None:
    """When users should no longer be hurt; None when the level sets no target."""
    if row.mitigate_business_days:
        return _business_days_after(at, row.mitigate_business_days, hours)
    return at + dt.timedelta(minutes=row.mitigate_minutes) if row.mitigate_minutes else None


def _business_days_after(at: dt.datetime, days: int, hours: WorkingTime | None) -> dt.datetime:
    """`hours` is None where people work around the clock, and may lack any working hours ahead."""
    if hours is not None:
        with contextlib.suppress(NoWorkingTime):
            return hours.add_days(at, days)
    return at + dt.timedelta(days=days)


def _is_working(hours: WorkingTime, at: dt.datetime) -> bool:
    return any(hours.spans(at, at + dt.timedelta(seconds=1)))

"""Time in words: the two largest units of a span, and a moment as seen from now.

`static/js/portal.js` says the same with the same words, so that nothing jumps when it takes over.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.dates import MONTHS_3, WEEKDAYS_ABBR
from django.utils.translation import gettext as _

MINUTE, HOUR, DAY = 60, 3_600, 86_400


def span(length: timedelta | float) -> str:
    """`3 d 4 h`, `1 h 12 min`, `4 min`, `under 1 min`. The sign is dropped."""
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    minutes = int(abs(seconds)) // MINUTE
    if not minutes:
        return _("under 1 min")
    days, rest = divmod(minutes, 1_440)
    hours, minutes = divmod(rest, 60)
    if days:
        parts = (days, _("d"), hours, _("h"))
    elif hours:
        parts = (hours, _("h"), minutes, _("min"))
    else:
        parts = (minutes, _("min"), 0, "")
    first, unit, second, small = parts
    return f"{first} {unit} {second} {small}" if second else f"{first} {unit}"


def _rounded(seconds: float) -> str:
    """One unit, rounded down: enough for a glance."""
    for size, unit in ((DAY, _("d")), (HOUR, _("h")), (MINUTE, _("min"))):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return _("under 1 min")


def relative(at: datetime, now: datetime) -> str:
    """`3 h ago`, `in 5 min`, `now`; the date when it is a week away or more."""
    seconds = (now - at).total_seconds()
    if abs(seconds) >= 7 * DAY:
        return day(at, now)
    if abs(seconds) < MINUTE:
        return _("now")
    text = _rounded(abs(seconds))
    return _("%s ago") % text if seconds > 0 else _("in %s") % text


def day(at: datetime, now: datetime) -> str:
    """`12 Mar`, with the year when it is another one than now's. In the reader's zone."""
    local = timezone.localtime(at)
    text = f"{local.day} {str(MONTHS_3[local.month]).capitalize()}"
    return text if local.year == timezone.localtime(now).year else f"{text} {local.year}"


def stamp(at: datetime) -> str:
    """`Thu 12 Mar 2026, 14:32 CET`: exact, in the reader's zone."""
    local = timezone.localtime(at)
    month = str(MONTHS_3[local.month]).capitalize()
    weekday = WEEKDAYS_ABBR[local.weekday()]
    return f"{weekday} {local.day} {month} {local.year}, {local:%H:%M %Z}"


def exact(at: datetime) -> str:
    """The stamp, and the same moment in UTC when the reader's zone is another one."""
    text = stamp(at)
    return text if text.endswith("UTC") else f"{text} · {at.astimezone(UTC):%H:%M} UTC"


def iso(at: datetime) -> str:
    """`2026-03-12T13:32:05Z`"""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

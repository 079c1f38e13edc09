"""Arithmetic on working time: pure, right across daylight-saving changes and holidays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

Slots = Sequence[tuple[dt.time, dt.time]]

#: How far ahead a due time is searched before the calendar is called empty.
HORIZON = dt.timedelta(days=3660)


class NoWorkingTime(ValueError):
    """The calendar has no working hours within ten years."""


@lru_cache(maxsize=256)
def _public_holidays(country: str, subdivision: str, year: int) -> frozenset[dt.date]:
    days = holidays.country_holidays(country, subdiv=subdivision or None, years=year)
    return frozenset(day for day in days if day.year == year)


class WorkingTime:
    """Working hours of one calendar.

    `hours`: weekday (Monday 0) → slots of local wall-clock time; `special`: date → slots that
    replace the weekday's (empty: a day off). Instants in and out are aware datetimes; durations
    are real elapsed time, so a shift across a clock change counts 23 or 25 hours as it was.
    """

    def __init__(
        self,
        time_zone: str,
        hours: Mapping[int, Slots],
        special: Mapping[dt.date, Slots] | None = None,
        country: str = "",
        subdivision: str = "",
    ) -> None:
        self.zone = ZoneInfo(time_zone)
        self.hours = hours
        self.special = special or {}
        self.country = country
        self.subdivision = subdivision

    def slots(self, day: dt.date) -> Slots:
        """Local working slots of a day, earliest first."""
        if day in self.special:
            return sorted(self.special[day])
        if self.country and day in _public_holidays(self.country, self.subdivision, day.year):
            return ()
        return sorted(self.hours.get(day.weekday(), ()))

    def spans(
        self, start: dt.datetime, end: dt.datetime
    ) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        """Working spans between two instants, in UTC, clipped to them."""
        day = start.astimezone(self.zone).date()
        last = end.astimezone(self.zone).date()
        while day <= last:
            for opens, closes in self.slots(day):
                begin, finish = self._instant(day, opens), self._instant(day, closes)
                if (begin := max(begin, start)) < (finish := min(finish, end)):
                    yield begin, finish
            day += dt.timedelta(days=1)

    def _instant(self, day: dt.date, clock: dt.time) -> dt.datetime:
        return dt.datetime.combine(day, clock, self.zone).astimezone(dt.UTC)

    def add(self, start: dt.datetime, duration: dt.timedelta) -> dt.datetime:
        """The instant at which `duration` of working time has passed since `start`."""
        left = duration
        for begin, finish in self.spans(start, start + HORIZON):
            if finish - begin >= left:
                return begin + left
            left -= finish - begin
        raise NoWorkingTime("This calendar has no working hours.")

    def between(self, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
        """Working time between two instants; zero when the second is earlier."""
        return sum((b - a for a, b in self.spans(start, end)), dt.timedelta())

    def add_days(self, start: dt.datetime, days: int) -> dt.datetime:
        """The end of the working day that is `days` working days after `start`.

        "5 business days" from Wednesday afternoon is next Wednesday at the same clock time,
        moved to the next working moment when that time is outside the hours.
        """
        local = start.astimezone(self.zone)
        day, left = local.date(), days
        limit = day + HORIZON
        while left:
            day += dt.timedelta(days=1)
            if day > limit:
                raise NoWorkingTime("This calendar has no working hours.")
            left -= bool(self.slots(day))
        same_time = dt.datetime.combine(day, local.timetz().replace(tzinfo=None), self.zone)
        return self.add(same_time.astimezone(dt.UTC), dt.timedelta())

"""Working time: right across weekends, holidays, lunch breaks and changes of the clock."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm.catalog.working_time import NoWorkingTime, WorkingTime
from tests import factories

H, D = dt.timedelta(hours=1), dt.timedelta(days=1)
NINE_TO_FIVE = {day: [(dt.time(9), dt.time(17))] for day in range(5)}
WEEK = WorkingTime("UTC", NINE_TO_FIVE)
BERLIN = WorkingTime("Europe/Berlin", NINE_TO_FIVE)
BREAK = WorkingTime(
    "UTC", {d: [(dt.time(13), dt.time(17)), (dt.time(8), dt.time(12))] for d in range(5)}
)


def utc(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-03-02T10:00", 2, "2026-03-02T12:00"),  # Monday
        ("2026-03-02T16:00", 2, "2026-03-03T10:00"),  # over night
        ("2026-03-06T16:00", 2, "2026-03-09T10:00"),  # over the weekend
        ("2026-03-07T12:00", 1, "2026-03-09T10:00"),  # from a Saturday
        ("2026-03-02T07:00", 1, "2026-03-02T10:00"),  # before the day begins
        ("2026-03-02T17:00", 1, "2026-03-03T10:00"),  # just when it ends
        ("2026-03-02T09:00", 8, "2026-03-02T17:00"),  # a whole day ends with it
        ("2026-03-02T09:00", 40, "2026-03-06T17:00"),  # a whole week
        ("2026-03-02T09:00", 41, "2026-03-09T10:00"),
    ],
)
def test_hours_are_added(start, hours, end):
    assert WEEK.add(utc(start), hours * H) == utc(end)


def test_lunch_is_no_working_time():
    assert BREAK.add(utc("2026-03-02T11:00"), 2 * H) == utc("2026-03-02T14:00")
    assert BREAK.between(utc("2026-03-02T00:00"), utc("2026-03-03T00:00")) == 8 * H


def test_zone_of_the_calendar_counts():
    assert BERLIN.add(utc("2026-03-02T07:00"), H) == utc("2026-03-02T09:00")


def test_clock_change_in_the_night_moves_the_working_day():
    """Berlin goes to summer time on 29 March 2026: nine o'clock is an hour earlier in UTC."""
    friday = utc("2026-03-27T15:00")
    assert BERLIN.add(friday, 2 * H) == utc("2026-03-30T08:00")


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_shift_across_a_clock_change_counts_as_it_was(day, hours):
    whole = WorkingTime("Europe/Berlin", {d: [(dt.time(0), dt.time(23, 59, 59))] for d in range(7)})
    zone = ZoneInfo("Europe/Berlin")
    start = dt.datetime.fromisoformat(day).replace(tzinfo=zone)
    end = start + D
    worked = whole.between(start.astimezone(dt.UTC), end.astimezone(dt.UTC))
    assert abs(worked - hours * H) <= dt.timedelta(seconds=1)


def test_public_holiday_is_a_day_off():
    germany = WorkingTime("Europe/Berlin", NINE_TO_FIVE, country="DE", subdivision="BY")
    assert germany.between(utc("2026-12-25T00:00"), utc("2026-12-26T00:00")) == 0 * H
    assert germany.add(utc("2026-12-24T15:30"), H) == utc("2026-12-28T08:30")


def test_special_day_replaces_weekday_and_holiday():
    day = dt.date(2026, 12, 25)
    special = WorkingTime("UTC", NINE_TO_FIVE, {day: [(dt.time(10), dt.time(12))]}, "DE")
    assert special.between(utc("2026-12-25T00:00"), utc("2026-12-26T00:00")) == 2 * H
    closed = WorkingTime("UTC", NINE_TO_FIVE, {dt.date(2026, 3, 2): []})
    assert closed.add(utc("2026-03-02T09:00"), H) == utc("2026-03-03T10:00")


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-03-04T15:00", 5, "2026-03-11T15:00"),  # Wednesday to Wednesday
        ("2026-03-06T15:00", 1, "2026-03-09T15:00"),
        ("2026-03-07T15:00", 1, "2026-03-09T15:00"),
        ("2026-03-04T20:00", 1, "2026-03-06T09:00"),  # after hours: the next working moment
        ("2026-03-04T06:00", 1, "2026-03-05T09:00"),
        ("2026-03-04T15:00", 0, "2026-03-04T15:00"),
    ],
)
def test_business_days_are_added(start, days, end):
    assert WEEK.add_days(utc(start), days) == utc(end)


@pytest.mark.parametrize("ask", [lambda c: c.add(utc("2026-01-01T00:00"), H),
                                 lambda c: c.add_days(utc("2026-01-01T00:00"), 1)])  # fmt: skip
def test_calendar_without_hours_says_so(ask):
    with pytest.raises(NoWorkingTime):
        ask(WorkingTime("UTC", {}))


def test_nothing_between_a_later_and_an_earlier_moment():
    assert WEEK.between(utc("2026-03-03T10:00"), utc("2026-03-02T10:00")) == 0 * H


minutes_of_three_years = st.integers(min_value=0, max_value=3 * 365 * 24 * 60)
moments = minutes_of_three_years.map(
    lambda minutes: utc("2025-01-01T00:00") + dt.timedelta(minutes=minutes)
)


@settings(max_examples=60)
@given(moments, st.integers(min_value=1, max_value=60 * 80), st.sampled_from([WEEK, BERLIN, BREAK]))
def test_what_is_added_lies_between(start, minutes, calendar):
    length = dt.timedelta(minutes=minutes)
    end = calendar.add(start, length)
    assert end > start
    assert calendar.between(start, end) == length


@settings(max_examples=40)
@given(moments, moments, moments, st.sampled_from([WEEK, BERLIN, BREAK]))
def test_parts_add_up(a, b, c, calendar):
    first, second, third = sorted((a, b, c))
    parts = calendar.between(first, second) + calendar.between(second, third)
    assert parts == calendar.between(first, third)


@pytest.mark.django_db
def test_stored_calendar_becomes_the_same_value(django_assert_num_queries):
    made = factories.calendar("Europe/Berlin", days_off=[dt.date(2026, 3, 2)])
    with django_assert_num_queries(2):
        value = made.working_time()
    assert value.add(utc("2026-03-02T09:00"), H) == utc("2026-03-03T09:00")

"""Time in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from itsm.portal import spans

NOW = datetime(2026, 3, 12, 13, 32, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "under 1 min"),
        (59, "under 1 min"),
        (60, "1 min"),
        (3_599, "59 min"),
        (3_600, "1 h"),
        (4_320, "1 h 12 min"),
        (86_400, "1 d"),
        (86_400 + 3_599, "1 d"),
        (273_600, "3 d 4 h"),
        (-240, "4 min"),
    ],
)
def test_span_in_its_two_largest_units(seconds, words):
    assert spans.span(seconds) == words
    assert spans.span(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=6, hours=23), "6 d ago"),
        (timedelta(days=8), "4 Mar"),
        (timedelta(days=90), "12 Dec 2025"),
        (-timedelta(minutes=5), "in 5 min"),
        (-timedelta(days=30), "11 Apr"),
    ],
)
def test_relative_as_seen_from_now(ago, words):
    assert spans.relative(NOW - ago, NOW) == words


def test_exact_names_the_zone_of_the_reader_and_utc():
    with timezone.override(ZoneInfo("Pacific/Auckland")):
        assert spans.exact(NOW) == "Fri 13 Mar 2026, 02:32 NZDT · 13:32 UTC"
    assert spans.exact(NOW) == "Thu 12 Mar 2026, 13:32 UTC"


def test_iso_is_utc_with_seconds():
    assert spans.iso(NOW.astimezone(ZoneInfo("Asia/Tokyo"))) == "2026-03-12T13:32:05Z"

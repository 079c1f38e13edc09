"""Exports: no cell is a formula, times are UTC, sheets have an end, the trail knows."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from itsm.portal.exports import safe


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_a_spreadsheet_would_run_is_disarmed(start):
    assert safe(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


def test_numbers_stay_numbers_and_nothing_is_empty():
    assert [safe(-5), safe(True), safe(None), safe("plain")] == [-5, True, "", "plain"]


def test_times_are_written_in_utc():
    at = dt.datetime(2026, 3, 1, 9, 30, tzinfo=ZoneInfo("Pacific/Auckland"))
    assert safe(at) == "2026-02-28T20:30:00+00:00"

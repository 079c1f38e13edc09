"""Rows become events, or problems with line, column, value and reason."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from incidents.imports import mapping
from incidents.imports.events import Event, Parser, zone_named
from incidents.imports.problems import Problem, Unusable
from tests.incidents.imports.exports import COLUMNS, row

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def parsed(
    zone: str = "UTC", columns: Sequence[str] = COLUMNS, **values: Any
) -> tuple[Event | None, list[Problem]]:
    problems: list[Problem] = []
    parser = Parser(
        mapping.named("servicenow"),
        list(columns),
        zone=ZoneInfo(zone),
        report=problems.append,
        now=NOW,
    )
    cells = row(**{"state": values.pop("state", "New"), **values})
    return parser.event(7, [cells[name] for name in columns]), problems


def read(**values: Any) -> Event:
    """The event of a row that has no problem."""
    event, problems = parsed(**values)
    assert event is not None
    assert problems == []
    return event


def seconds(*when: int) -> int:
    return int(dt.datetime(*when, tzinfo=dt.UTC).timestamp())  # type: ignore[arg-type, misc]


def test_dates_are_day_first_and_without_leading_zeros():
    assert read(at="5/3/2026 9:07").at == seconds(2026, 3, 5, 9, 7)


def test_the_product_s_own_date_format_is_understood():
    event = read(at="2026-03-05 09:07:30")
    assert event.at == seconds(2026, 3, 5, 9, 7, 30)


def test_times_are_in_the_named_zone():
    event = read(zone="Pacific/Auckland", at="5/3/2026 09:07")
    assert event.at == seconds(2026, 3, 4, 20, 7)


def test_a_time_that_the_clock_shows_twice_is_its_first():
    event = read(zone="Europe/Paris", at="26/10/2025 02:30", opened_at="25/10/2025 08:00")
    assert event.at == seconds(2025, 10, 26, 0, 30)


@pytest.mark.parametrize(
    "bad", ["31/2/2026 08:00", "3/13/2026 08:00", "yesterday", "1/1/0000 0:00"]
)
def test_a_wrong_date_leaves_the_row_out(bad):
    event, problems = parsed(at=bad)
    assert event is None
    assert problems == [
        Problem("error", 7, "sys_updated_at", bad, "is not a date such as 30/04/2026 16:05")
    ]


def test_an_event_in_the_future_is_left_out():
    event, problems = parsed(at="5/6/2026 08:00")
    assert event is None
    assert problems[0].reason == "lies in the future"


def test_a_wrong_date_of_closing_is_set_aside_and_the_row_counts():
    event, problems = parsed(closed_at="soon")
    assert event is not None
    assert (event.closed_at, problems[0].severity, problems[0].column) == (
        0,
        "warning",
        "closed_at",
    )


@pytest.mark.parametrize("column", ["number", "incident_state", "opened_at", "impact"])
def test_a_missing_value_that_is_needed_names_its_column(column):
    event, problems = parsed(**({column: "?"} if column != "incident_state" else {"state": "?"}))
    assert event is None
    assert (problems[0].column, problems[0].reason) == (column, "is missing")


def test_an_unknown_impact_leaves_the_row_out_and_is_unmapped():
    event, problems = parsed(impact="0 - Huge")
    assert event is None
    assert problems[0].unmapped
    assert problems[0].value == "0 - Huge"


def test_an_unknown_priority_is_computed_instead():
    event, problems = parsed(priority="9 - Whatever")
    assert event is not None
    assert (event.priority, problems[0].severity) == (-1, "warning")


def test_every_problem_of_a_row_is_told():
    event, problems = parsed(at="x", impact="x", number="?")
    assert event is None
    assert {problem.column for problem in problems} == {"number", "sys_updated_at", "impact"}


def test_double_spaces_are_one_and_question_marks_are_nothing():
    event = read(opened_by="Opened by  8", assignment_group=" ? ", cmdb_ci="?")
    assert (event.opened_by, event.group, event.item) == ("Opened by 8", "", "")


def test_labels_and_numbers_of_choice_lists_are_both_known():
    event = read(impact="1", urgency="High", priority="1")
    assert (event.impact, event.urgency, event.priority) == ("high", "high", 1)


def test_a_row_of_another_length_is_told():
    problems: list[Problem] = []
    parser = Parser(
        mapping.named("servicenow"),
        list(COLUMNS),
        zone=ZoneInfo("UTC"),
        report=problems.append,
        now=NOW,
    )
    assert parser.event(3, ["INC1", "New"]) is None
    assert problems[0].reason == f"the row has 2 values, the header has {len(COLUMNS)}"


def test_missing_columns_are_named_beside_those_that_are_there():
    with pytest.raises(
        Unusable, match=r"lacks the columns sys_updated_at, urgency.*number, incident_state"
    ):
        parsed(columns=("number", "incident_state", "opened_at", "impact"))


def test_columns_are_found_by_their_labels_too():
    columns = ("Number", "State", "Updated", "Opened", "Impact", "Urgency")
    parser = Parser(
        mapping.named("servicenow"), list(columns), zone=ZoneInfo("UTC"), report=print, now=NOW
    )
    event = parser.event(2, ["INC1", "2", "1/3/2026 08:00", "1/3/2026 07:00", "1", "1"])
    assert event is not None
    assert (event.number, event.state, event.priority) == ("INC1", "2", -1)


def test_an_unknown_zone_is_refused():
    for name in ("Mars/Base", "../etc/passwd", ""):
        with pytest.raises(Unusable, match="not a time zone"):
            zone_named(name)


def test_an_unknown_mapping_is_refused_with_those_there_are():
    with pytest.raises(Unusable, match="Known: servicenow"):
        mapping.named("remedy")

"""The story of a case: legal edges, true times, pauses, reopening, and what cannot be known."""

import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from incidents.imports import mapping
from incidents.imports.events import Event, Parser
from incidents.imports.replay import replay
from incidents.imports.story import Facts, Story
from itsm.tickets.models import Ticket
from tests.incidents.imports.exports import COLUMNS, Row, row

MAPPING = mapping.named("servicenow")
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def events(rows: list[Row]) -> list[Event]:
    parser = Parser(MAPPING, list(COLUMNS), zone=ZoneInfo("UTC"), report=print, now=NOW)
    found = [parser.event(n, [r[c] for c in COLUMNS]) for n, r in enumerate(rows, start=2)]
    return [event for event in found if event is not None]


def told(*steps: tuple[str, str], **values: str) -> Story:
    rows = [row(state, f"1/3/2026 {at}", **values) for state, at in steps]
    return replay(MAPPING, events(rows))


def at(clock: str, day: int = 1) -> int:
    hour, minute = map(int, clock.split(":"))
    return int(dt.datetime(2026, 3, day, hour, minute, tzinfo=dt.UTC).timestamp())


def path(story: Story) -> list[tuple[str, str]]:
    return [(move.to_state, move.waiting_on) for move in story.moves]


def edges_of_the_machine() -> set[tuple[str, str]]:
    field = Ticket._meta.get_field("state")
    moves = field.get_all_transitions(Ticket)
    return {(str(move.source), str(move.target)) for move in moves}


def test_times_of_an_ordinary_life():
    story = told(("New", "08:01"), ("Active", "08:10"), ("Resolved", "09:00"), ("Closed", "12:00"))
    facts = story.facts
    assert (facts.opened_at, facts.responded_at) == (at("08:00"), at("08:10"))
    assert (facts.resolved_at, facts.closed_at, facts.state) == (at("09:00"), at("12:00"), "closed")
    assert [move.at for move in story.moves] == [at("08:10"), at("09:00"), at("12:00")]
    stamps = {entry.stamp: entry.at for entry in story.entries if entry.stamp}
    assert stamps == {
        "detected": at("08:00"),
        "acknowledged": at("08:10"),
        "resolved": at("09:00"),
    }


def test_waiting_on_the_customer_is_a_pause_and_on_a_supplier_is_not():
    story = told(
        ("Active", "08:10"),
        ("Awaiting User Info", "09:00"),
        ("Awaiting Vendor", "10:00"),
        ("Resolved", "11:00"),
    )
    assert path(story) == [
        ("in-progress", ""),
        ("waiting", "customer"),
        ("in-progress", ""),
        ("waiting", "supplier"),
        ("resolved", ""),
    ]
    assert [(p.started_at, p.ended_at) for p in story.pauses] == [(at("09:00"), at("10:00"))]


def test_awaiting_problem_goes_on_and_awaiting_evidence_pauses():
    story = told(("Awaiting Problem", "08:10"), ("Awaiting Evidence", "09:00"))
    assert path(story) == [("in-progress", ""), ("waiting", "customer")]
    assert [(p.started_at, p.ended_at) for p in story.pauses] == [(at("09:00"), 0)]


def test_from_new_straight_to_waiting_or_resolved_is_taken_up_at_that_moment():
    assert path(told(("New", "08:01"), ("Awaiting User Info", "09:00")))[0] == ("in-progress", "")
    story = told(("New", "08:01"), ("Resolved", "09:00"))
    assert path(story) == [("in-progress", ""), ("resolved", "")]
    assert story.facts.responded_at == story.facts.resolved_at == at("09:00")


def test_a_pause_within_one_minute_stops_no_clock():
    story = told(("Awaiting User Info", "09:00"), ("Active", "09:00"), ("Resolved", "09:30"))
    assert story.pauses == []


def test_reopening_takes_back_the_resolution():
    story = told(("Resolved", "09:00"), ("Active", "10:00"))
    assert (story.facts.state, story.facts.resolved_at) == ("in-progress", 0)
    assert any(entry.text.startswith("Reopened (Active)") for entry in story.entries)
    again = told(
        ("Resolved", "09:00"), ("Closed", "10:00"), ("Active", "11:00"), ("Closed", "12:00")
    )
    assert [move[0] for move in path(again)][-3:] == ["in-progress", "resolved", "closed"]
    assert again.facts.resolved_at == at("12:00")


def test_an_unknown_state_keeps_the_previous_one_with_a_warning():
    story = told(("Active", "08:10"), ("-100", "09:00"), ("Resolved", "10:00"))
    assert path(story) == [("in-progress", ""), ("resolved", "")]
    assert story.warnings == [(3, "state -100 is unknown: the previous state is kept")]


def test_a_later_time_of_resolution_is_a_new_stamp():
    final = {"resolved_at": "1/3/2026 11:29", "closed_at": "5/3/2026 12:00"}
    story = told(("Resolved", "08:53"), ("Resolved", "11:29"), ("Closed", "12:00"), **final)
    assert story.facts.resolved_at == at("11:29")
    stamps = [entry.at for entry in story.entries if entry.stamp == "resolved"]
    assert stamps == [at("08:53"), at("11:29")]


def test_one_row_of_a_closed_case_has_the_times_of_its_columns():
    final = {"resolved_at": "1/3/2026 09:00", "closed_at": "1/3/2026 10:00"}
    story = told(("Closed", "12:00"), **final)
    assert (story.facts.resolved_at, story.facts.closed_at) == (at("09:00"), at("10:00"))
    assert [move.at for move in story.moves] == [at("09:00"), at("09:00"), at("10:00")]


def test_closing_before_the_opening_is_a_warning_and_the_events_count():
    story = told(("Active", "08:10"), ("Closed", "12:00"), closed_at="1/2/2026 10:00")
    assert story.facts.closed_at == at("12:00")
    assert "before the opening" in story.warnings[0][1]


def test_an_event_before_the_opening_opens_the_case():
    story = told(("New", "07:30"))
    assert story.facts.opened_at == at("07:30")
    assert "before the opening" in story.warnings[0][1]


def test_cancelled_stays_cancelled():
    story = told(("Canceled", "09:00"), ("Active", "10:00"))
    assert (story.facts.state, story.facts.closed_at) == ("cancelled", at("09:00"))
    assert "not followed" in story.warnings[0][1]


def test_back_to_new_is_still_being_worked_on():
    assert told(("Active", "09:00"), ("New", "10:00")).facts.state == "in-progress"


def test_reassignments_are_told_and_missing_values_take_nothing_away():
    rows = [
        row("New", assignment_group="Desk"),
        row("Active", "1/3/2026 09:00", assignment_group="Network", assigned_to="Kim"),
        row("Active", "1/3/2026 10:00", assignment_group="?"),
    ]
    story = replay(MAPPING, events(rows))
    texts = [entry.text for entry in story.entries if entry.kind == "assignment"]
    assert texts == ["Assigned to Desk", "Assigned to Network, Kim, before: Desk"]
    assert (story.facts.group, story.facts.person) == ("Network", "Kim")


def test_a_change_of_priority_is_told_with_its_level():
    rows = [row(), row(at="1/3/2026 09:00", impact="1 - High", priority="2 - High")]
    story = replay(MAPPING, events(rows))
    entry = next(entry for entry in story.entries if entry.kind == "level")
    assert (entry.text, entry.data) == (
        "P3 → P2 (impact high, urgency medium)",
        {"level": 2},
    )


def test_the_moment_the_sla_was_missed_is_told():
    rows = [row(), row("Active", "1/3/2026 09:00", made_sla="false")]
    story = replay(MAPPING, events(rows))
    missed = [entry for entry in story.entries if "SLA was missed" in entry.text]
    assert [entry.at for entry in missed] == [at("09:00")]


def test_facts_survive_their_receipt():
    facts = told(("Awaiting User Info", "09:00")).facts
    assert Facts.from_data(facts.as_data()) == facts


STATES = [
    *("New", "Active", "Awaiting User Info", "Awaiting Problem", "Awaiting Vendor"),
    *("Awaiting Evidence", "Resolved", "Closed", "Canceled", "-100", "Mystery"),
]


@given(st.lists(st.tuples(st.sampled_from(STATES), st.integers(0, 30)), min_size=1, max_size=12))
def test_every_move_is_an_edge_of_the_machine_and_time_never_goes_back(steps):
    clock, rows = 8 * 60, []
    for state, minutes in steps:
        clock += minutes
        rows.append(row(state, f"1/3/2026 {clock // 60:02d}:{clock % 60:02d}"))
    story = replay(MAPPING, events(rows))
    state = Ticket.State.NEW.value
    for move in story.moves:
        assert move.from_state == state
        assert (move.from_state, move.to_state) in edges_of_the_machine()
        state = move.to_state
    assert state == story.facts.state
    times = [move.at for move in story.moves]
    assert times == sorted(times)
    assert all(pause.ended_at == 0 or pause.started_at < pause.ended_at for pause in story.pauses)


@given(
    st.lists(st.tuples(st.sampled_from(STATES), st.integers(1, 30)), min_size=2, max_size=12),
    st.integers(1, 11),
)
def test_in_two_parts_a_story_ends_as_in_one(steps, cut):
    clock, rows = 8 * 60, []
    for state, minutes in steps:
        clock += minutes
        rows.append(row(state, f"1/3/2026 {clock // 60:02d}:{clock % 60:02d}"))
    all_events = events(rows)
    first, rest = all_events[:cut], all_events[cut:]
    kept = Facts.from_data(replay(MAPPING, first).facts.as_data())
    whole, later = replay(MAPPING, all_events), replay(MAPPING, rest, kept)
    assert later.facts == whole.facts
    assert len(replay(MAPPING, first).moves) + len(later.moves) == len(whole.moves)

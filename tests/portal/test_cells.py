"""The small parts of a page."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.template import engines
from django.test import RequestFactory

from itsm.portal import cells
from itsm.portal.events import event

NOW = datetime(2026, 3, 12, 13, 32, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVIL = '"><script>alert(1)</script>'


@pytest.fixture(autouse=True)
def at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def render(source, **context):
    template = engines["django"].from_string("{% load ui %}" + source)
    return template.render(context, RequestFactory().get("/list/?state=new&after=9"))


@pytest.mark.parametrize(
    ("times", "css", "words"),
    [
        ({"due": NOW + HOUR}, "is-running", "1 h left"),
        ({"due": NOW + HOUR, "started": NOW - HOUR}, "is-running", "1 h left"),
        ({"due": NOW + HOUR, "started": NOW - 3 * HOUR}, "is-warn", "1 h left"),
        ({"due": NOW + HOUR, "warn": NOW}, "is-warn", "1 h left"),
        ({"due": NOW}, "is-over", "under 1 min over"),
        ({"due": NOW - 30 * HOUR}, "is-over", "1 d 6 h over"),
        ({"due": NOW - HOUR, "paused": True}, "is-paused", "paused"),
        ({"due": NOW, "stopped": NOW}, "is-met", "met"),
        ({"due": NOW - HOUR, "stopped": NOW}, "is-missed", "missed by 1 h"),
    ],
)
def test_clock_reads_time_left_then_time_over(times, css, words):
    html = cells.clock(**times)
    assert f'class="clock {css}"' in html
    assert f">{words}</time>" in html
    assert ("data-clock" in html) == (css in {"is-running", "is-warn", "is-over"})


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (cells.clock, None),
        (cells.clock, ""),
        (cells.priority_chip, None),
        (cells.priority_chip, ""),
        (cells.level_chip, ""),
        (cells.when, None),
        (cells.moment, None),
        (cells.time_of_day, ""),
        (cells.label_chips, []),
    ],
)
def test_cell_without_a_value_is_read_as_none(cell, value):
    none = '<span class="faint">\N{EN DASH}<span class="visually-hidden">none</span></span>'
    assert cell(value) == none


@pytest.mark.parametrize(
    ("cell", "arguments"),
    [
        (cells.state_chip, [EVIL]),
        (cells.state_chip, ["new", EVIL]),
        (cells.priority_chip, [EVIL]),
        (cells.level_chip, [1, EVIL]),
        (cells.label_chip, [EVIL]),
        (cells.label_chip, [f"env:{EVIL}"]),
        (cells.tone_chip, [EVIL, EVIL, EVIL]),
        (cells.ref, [EVIL, EVIL]),
        (cells.person, [EVIL]),
        (cells.when, [None, EVIL]),
        (cells.clock, [NOW, EVIL]),
        (cells.icon, [EVIL]),
        (cells.word_diff, [EVIL, ""]),
    ],
)
def test_cell_escapes_what_people_write(cell, arguments):
    assert "<script" not in cell(*arguments)


def test_state_chip_understands_hyphens_and_shows_unknown_states_neutral():
    assert "tone-active" in cells.state_chip("in-progress")
    assert cells.state_chip("in-progress").endswith("In progress</span>")
    assert "tone-neutral" in cells.state_chip("of tomorrow")


def test_priority_chip_takes_number_and_name():
    assert cells.priority_chip(1) == cells.priority_chip("P1")


def test_person_says_nobody():
    assert "Nobody" in cells.person(None)
    assert "No commander" in cells.person(None, nobody="No commander")


def test_avatar_of_a_machine_is_square():
    assert "avatar--machine" in cells.avatar(SimpleNamespace(is_machine=True))
    assert ">AT<" in cells.avatar("Aroha Tamati")


def test_sort_header_keeps_the_filters_and_turns_the_order():
    html = render('{% sort_header "title" "Title" %}')
    assert 'href="?state=new&amp;sort=title"' in html
    html = render('{% sort_header "title" "Title" %}', default_sort="title")
    assert 'aria-sort="ascending"' in html
    assert "sort=-title" in html


def test_action_with_a_reason_is_disabled_and_says_why():
    html = render(
        '{% action "Close it" "/x/" reason="The review is not final." who="Ask Jonas." %}'
    )
    assert "disabled aria-describedby" in html
    assert "The review is not final. Ask Jonas." in html
    assert "<form" not in html


def test_action_posts_with_a_token():
    html = render('{% action "Close it" "/x/" kind="primary" %}', csrf_token="token")
    assert '<form class="action" method="post" action="/x/">' in html
    assert 'name="csrfmiddlewaretoken" value="token"' in html


def test_event_reads_a_voice_a_late_entry_and_a_machine():
    entry = SimpleNamespace(
        at=NOW - HOUR,
        recorded_at=NOW,
        kind="note",
        source="person",
        by="Jonas Weber",
        text="ENG: Pods have no secret.",
        corrected_by=None,
    )
    row = event(entry)
    assert (row.voice, row.text) == ("ENG", "Pods have no secret.")
    assert (row.author, row.machine, row.icon) == ("Jonas Weber", False, "comment")
    assert row.entered_at == NOW
    entry.by, entry.source, entry.recorded_at = None, "monitor", NOW - HOUR
    row = event(entry)
    assert (row.author, row.machine, row.entered_at) == ("monitor", True, None)

"""The whole of a real ServiceNow event log: what is known of it must come out of it.

`make test-real DATA=…` says where it lies (README.md of that folder tells the facts).
"""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F, Q

from incidents.models import Incident, TimelineEntry
from itsm.tickets.models import ClockPause, StateChange, Ticket
from tests.incidents.imports.exports import bring_in

pytestmark = pytest.mark.django_db

FILE = "itsm_logs/uci498_incident_event_log.dev_half.csv.xz"

#: Impact and urgency → priority, without exception.
MATRIX = {
    ("high", "high"): 1,
    ("high", "medium"): 2,
    ("medium", "high"): 2,
    ("medium", "medium"): 3,
    ("medium", "low"): 4,
    ("low", "high"): 3,
    ("low", "medium"): 4,
    ("low", "low"): 4,
}


def test_the_whole_log_is_imported_and_the_second_time_nothing_is():
    path = Path(os.environ["ITSM_REAL_DATA"]) / FILE
    report = bring_in(path)
    assert (report.cases, report.events, report.errors) == (12_459, 77_011, 0)
    assert report.unmapped == Counter()
    assert Ticket.objects.count() == Incident.objects.count() == 12_459
    _every_case_ends_closed()
    _priorities_follow_the_matrix()
    _times_are_those_of_the_log()
    _states_are_those_of_the_log()
    before = _counts()
    again = bring_in(path)
    assert (again.standings["already there"], again.events_to_write) == (12_459, 0)
    assert _counts() == before


def _every_case_ends_closed():
    assert set(Ticket.objects.values_list("state", flat=True)) == {"closed"}
    assert set(Incident.objects.values_list("state", flat=True)) == {"closed"}


def _priorities_follow_the_matrix():
    found = Ticket.objects.order_by().values_list("impact", "urgency", "priority")
    found = found.distinct()
    assert {(impact, urgency): priority for impact, urgency, priority in found} == MATRIX
    assert len(found) == len(MATRIX)
    assert not Ticket.objects.exclude(priority_reason="").exists()


def _times_are_those_of_the_log():
    first = Ticket.objects.get(source_ref="INC0000045")
    assert f"{first.opened_at:%Y-%m-%d %H:%M}" == "2016-02-29 01:16"
    assert f"{first.resolved_at:%Y-%m-%d %H:%M}" == "2016-02-29 11:29"
    assert f"{first.closed_at:%Y-%m-%d %H:%M}" == "2016-03-05 12:00"
    wrong = Q(responded_at__lt=F("opened_at")) | Q(resolved_at__lt=F("responded_at"))
    assert not Ticket.objects.filter(wrong | Q(closed_at__lt=F("resolved_at"))).exists()
    assert not ClockPause.objects.exclude(ended_at__gt=F("started_at")).exists()


def _states_are_those_of_the_log():
    moves = Counter(StateChange.objects.order_by().values_list("from_state", "to_state"))
    reopened = moves["resolved", "in-progress"] + moves["closed", "in-progress"]
    assert moves["new", "in-progress"] == 12_459
    assert reopened == 190
    assert moves["resolved", "closed"] == 12_459 + 6
    customer = StateChange.objects.filter(waiting_on="customer").count()
    assert customer >= ClockPause.objects.count() > 3_000


def _counts():
    models: list[Any] = [Ticket, Incident, StateChange, ClockPause, TimelineEntry]
    return [model.objects.count() for model in models] + [Ticket.history.count()]

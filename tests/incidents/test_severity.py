"""Names of levels, the policy in force, and what a level means for time and priority."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from incidents import severity
from incidents.models import SeverityLevel, SeverityPolicy
from incidents.models.severity import Scheme
from itsm.core.errors import Invalid
from tests import factories

pytestmark = pytest.mark.django_db

FIVE, FOUR = Scheme.FIVE, Scheme.FOUR


@pytest.mark.parametrize(
    ("text", "scheme", "level"),
    [
        ("SEV-0", FIVE, 0),
        ("SEV-4", FIVE, 4),
        (" sev-2 ", FIVE, 2),
        ("SEV1", FOUR, 0),
        ("sev4", FOUR, 3),
        ("Info", FOUR, 4),
        ("info", FOUR, 4),
    ],
)
def test_parse_takes_the_names_of_the_active_scheme(text: str, scheme: str, level: int) -> None:
    assert severity.parse(text, scheme) == level


@pytest.mark.parametrize(
    ("text", "scheme", "hint"),
    [
        ("SEV1", FIVE, "SEV-0"),
        ("SEV4", FIVE, "SEV-3"),
        ("Info", FIVE, "SEV-4"),
        ("SEV-0", FOUR, "SEV1"),
        ("SEV-1", FOUR, "SEV2"),
        ("SEV-4", FOUR, "Info"),
    ],
)
def test_parse_refuses_a_name_of_the_other_scheme_with_a_hint(
    text: str, scheme: str, hint: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        severity.parse(text, scheme)
    assert refusal.value.status == 422
    assert refusal.value.hint == f"The active scheme calls this level {hint}."
    assert "level" in refusal.value.fields


@pytest.mark.parametrize("text", ["", "1", "SEV-5", "SEV0", "critical", "SEV--1"])
def test_parse_refuses_what_is_no_name(text: str) -> None:
    with pytest.raises(Invalid, match="is not a severity") as refusal:
        severity.parse(text, FIVE)
    assert "SEV-0, SEV-1" in refusal.value.hint


def test_every_name_is_read_back() -> None:
    for scheme in Scheme.values:
        for level in range(5):
            assert severity.parse(severity.name(level, scheme), scheme) == level


def test_names_follow_the_scheme_in_force() -> None:
    assert severity.name(1) == "SEV-1"
    _next_version(scheme=FOUR)
    assert severity.name(1) == "SEV2"
    assert severity.name(4) == "Info"
    assert severity.parse("SEV2") == 1


def _next_version(**fields: object) -> SeverityPolicy:
    """A version that takes over now, with the same levels."""
    now = severity.in_force()
    policy: SeverityPolicy = now.successor(effective_from=timezone.now())
    for name, value in fields.items():
        setattr(policy, name, value)
    policy.save()
    for row in now.levels.all():
        row.pk, row.policy = None, policy
        row.save()
    return policy


def test_incident_keeps_the_policy_it_started_with() -> None:
    incident = factories.incident()
    before = severity.in_force()
    after = _next_version()
    assert severity.in_force() == after
    assert severity.policy_of(incident) == before


def test_policy_in_force_is_read_once() -> None:
    severity.in_force()
    with CaptureQueriesContext(connection) as queries:
        assert severity.in_force().level(0).respond_minutes == 5
        assert severity.name(3) == "SEV-3"
    assert len(queries) == 0


def test_policy_to_come_is_not_in_force() -> None:
    now = severity.in_force()
    now.successor(effective_from=timezone.now() + dt.timedelta(days=1)).save()
    assert severity.in_force().pk == now.pk


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("page", 0),
        ("Disaster", 0),
        ("emergency", 0),
        ("critical", 1),
        ("CRITICAL", 1),
        ("high", 1),
        ("error", 2),
        ("Average", 2),
        ("warning", 3),
        ("none", 3),
        ("info", 4),
        ("", 2),
        ("purple", 2),
    ],
)
def test_words_of_monitors(word: str, level: int) -> None:
    assert severity.level_for(word) == level


def test_level_and_priority_of_a_new_incident_agree() -> None:
    for level in range(5):
        incident = factories.incident(level=level)
        assert incident.ticket.priority == level
        assert not severity.mismatch(level, incident.ticket.priority)


@pytest.mark.parametrize(
    ("level", "priority", "warns"),
    [
        (0, 0, False),
        (0, 2, False),
        (0, 3, True),
        (1, 4, True),
        (1, 2, False),
        (2, 0, True),
        (4, 0, True),
        (2, 1, False),
        (4, 1, False),
        (3, 3, False),
    ],
)
def test_mismatch_of_severity_and_priority(level: int, priority: int, warns: bool) -> None:
    assert bool(severity.mismatch(level, priority)) is warns


MONDAY = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
SATURDAY = dt.datetime(2026, 3, 7, 10, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("level", "at", "due"),
    [
        (0, SATURDAY, SATURDAY + dt.timedelta(minutes=5)),
        (1, SATURDAY, SATURDAY + dt.timedelta(minutes=15)),
        (2, MONDAY, MONDAY + dt.timedelta(hours=1)),
        (2, SATURDAY, SATURDAY + dt.timedelta(hours=2)),
        (3, SATURDAY, SATURDAY + dt.timedelta(hours=8)),
        (4, MONDAY, MONDAY + dt.timedelta(days=1)),
        (4, SATURDAY, MONDAY.replace(day=9)),
    ],
)
def test_response_is_due_by_level_and_hour(level: int, at: dt.datetime, due: dt.datetime) -> None:
    hours = factories.calendar().working_time()
    assert severity.response_due(severity.in_force().level(level), at, hours) == due


def test_response_without_a_calendar_counts_around_the_clock() -> None:
    policy = severity.in_force()
    assert severity.response_due(policy.level(2), SATURDAY, None) == SATURDAY + dt.timedelta(
        hours=1
    )
    assert severity.response_due(policy.level(4), SATURDAY, None) == SATURDAY + dt.timedelta(days=1)


def test_calendar_without_hours_counts_around_the_clock() -> None:
    empty = factories.calendar(hours={}).working_time()
    due = severity.response_due(severity.in_force().level(4), SATURDAY, empty)
    assert due == SATURDAY + dt.timedelta(days=1)


def test_mitigation_is_due_by_level() -> None:
    policy, hours = severity.in_force(), factories.calendar().working_time()
    dues = [severity.mitigation_due(policy.level(n), MONDAY, hours) for n in range(5)]
    hour, day = dt.timedelta(hours=1), dt.timedelta(days=1)
    assert dues == [MONDAY + hour, MONDAY + 4 * hour, MONDAY + day, None, None]


def test_customer_hours_decide_the_response_target_of_an_incident() -> None:
    calendar = factories.calendar()
    customer = factories.customer(calendar=calendar)
    service = factories.service(customer=customer)
    incident = factories.incident(level=4, service=service)
    hours = calendar.working_time()
    assert incident.ticket.response_due_at == hours.add_days(incident.detected_at, 1)


def test_policy_has_all_levels() -> None:
    assert SeverityLevel.objects.filter(policy=severity.in_force()).count() == 5

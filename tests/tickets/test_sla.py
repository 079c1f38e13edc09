"""Clocks: targets, business time across clock changes and holidays, pauses, warnings."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from itsm.core.errors import Invalid
from itsm.tickets import sla
from itsm.tickets.actions import ticket as actions
from itsm.tickets.models import ClockPause, Priority, PriorityPolicy, PriorityRule, PriorityTarget
from tests import factories

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def local(text: str, zone: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def clock(priority: int, calendar: object = None) -> sla.Clock:
    customer = factories.customer(calendar=calendar)
    found = sla.clock_for(sla.policy_in_force(), priority, customer.pk)
    assert found is not None
    return found


# Targets


@pytest.mark.parametrize(
    ("priority", "hours"), [(Priority.P0, 0.25), (Priority.P1, 1), (Priority.P2, 4)]
)
def test_clock_of_urgent_priorities_runs_around_the_clock(priority: int, hours: float) -> None:
    start = utc("2026-03-07 23:00")  # Saturday night
    assert clock(priority, factories.calendar()).due(start) == start + hours * HOUR


def test_clock_of_p3_counts_business_hours() -> None:
    due = clock(Priority.P3, factories.calendar()).due(utc("2026-03-06 15:00"))  # Friday
    assert due == utc("2026-03-09 15:00")  # 2 h on Friday, 6 h on Monday


def test_clock_of_p3_opened_at_the_weekend_starts_on_monday() -> None:
    due = clock(Priority.P3, factories.calendar()).due(utc("2026-03-07 12:00"))
    assert due == utc("2026-03-09 17:00")


def test_clock_of_p4_is_five_business_days() -> None:
    due = clock(Priority.P4, factories.calendar()).due(utc("2026-03-04 15:00"))  # Wednesday
    assert due == utc("2026-03-11 15:00")


def test_clock_without_calendar_runs_in_real_time_and_says_so() -> None:
    start = utc("2026-03-06 15:00")
    assert clock(Priority.P3).due(start) == start + 8 * HOUR
    assert clock(Priority.P4).due(start) == start + dt.timedelta(days=5)
    assert "around the clock" in clock(Priority.P3).describe()


def test_clock_with_calendar_does_not_claim_real_time() -> None:
    assert clock(Priority.P3, factories.calendar()).describe() == "8 h of business time"


def test_clock_of_calendar_without_hours_runs_in_real_time() -> None:
    start = utc("2026-03-06 15:00")
    assert clock(Priority.P3, factories.calendar(hours={})).due(start) == start + 8 * HOUR


def test_clock_of_ticket_without_customer_runs_in_real_time() -> None:
    found = sla.clock_for(sla.policy_in_force(), Priority.P3, None)
    assert found is not None
    assert found.due(utc("2026-03-06 15:00")) == utc("2026-03-06 23:00")


# Clock changes: a night shift of 22:00 to 06:00 has 7 or 9 real hours on those nights.

NIGHT = {day: [(dt.time(0), dt.time(6)), (dt.time(22), dt.time(23, 59))] for day in range(7)}


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        # spring forward: an hour of the night is missing
        ("Europe/Berlin", "2026-03-29 00:00", "2026-03-29 06:00"),
        ("America/New_York", "2026-03-08 00:00", "2026-03-08 06:00"),
        ("Pacific/Auckland", "2026-09-27 00:00", "2026-09-27 06:00"),
    ],
)
def test_clock_in_spring_counts_the_missing_hour_as_none(
    zone: str, before: str, after: str
) -> None:
    hours = clock(Priority.P3, factories.calendar(zone, hours=NIGHT))
    assert hours.between(local(before, zone), local(after, zone)) == 5 * HOUR


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        ("Europe/Berlin", "2026-10-25 00:00", "2026-10-25 06:00"),
        ("America/New_York", "2026-11-01 00:00", "2026-11-01 06:00"),
        ("Pacific/Auckland", "2026-04-05 00:00", "2026-04-05 06:00"),
    ],
)
def test_clock_in_autumn_counts_the_repeated_hour_twice(zone: str, before: str, after: str) -> None:
    hours = clock(Priority.P3, factories.calendar(zone, hours=NIGHT))
    assert hours.between(local(before, zone), local(after, zone)) == 7 * HOUR


@pytest.mark.parametrize(
    ("zone", "friday", "monday"),
    [
        ("Europe/Berlin", "2026-03-27 16:00", "2026-03-30 16:00"),
        ("Europe/Berlin", "2026-10-23 16:00", "2026-10-26 16:00"),
        ("America/New_York", "2026-03-06 16:00", "2026-03-09 16:00"),
        ("America/New_York", "2026-10-30 16:00", "2026-11-02 16:00"),
        ("Pacific/Auckland", "2026-09-25 16:00", "2026-09-28 16:00"),
        ("Pacific/Auckland", "2026-04-03 16:00", "2026-04-06 16:00"),
    ],
)
def test_clock_over_a_weekend_of_clock_change_keeps_wall_time(
    zone: str, friday: str, monday: str
) -> None:
    due = clock(Priority.P3, factories.calendar(zone)).due(local(friday, zone))
    assert due == local(monday, zone)


def test_clock_of_p4_across_a_clock_change_keeps_wall_time() -> None:
    zone = "Europe/Berlin"
    due = clock(Priority.P4, factories.calendar(zone)).due(local("2026-03-26 11:00", zone))
    assert due == local("2026-04-02 11:00", zone)


# Holidays


def test_clock_skips_public_holidays_of_the_region() -> None:
    calendar = factories.calendar("Pacific/Auckland", country="NZ", subdivision="AUK")
    due = clock(Priority.P3, calendar).due(local("2026-02-05 16:00", "Pacific/Auckland"))
    assert due == local("2026-02-09 16:00", "Pacific/Auckland")  # 6 February: Waitangi Day


def test_clock_skips_special_days_off() -> None:
    calendar = factories.calendar(days_off=[dt.date(2026, 3, 9)])
    assert clock(Priority.P3, calendar).due(utc("2026-03-06 15:00")) == utc("2026-03-10 15:00")


# Warnings


def test_warning_comes_at_three_quarters_in_real_time() -> None:
    found, start = clock(Priority.P2), utc("2026-03-07 00:00")
    assert found.warning(start, found.due(start)) == start + 3 * HOUR


def test_warning_comes_at_three_quarters_of_business_time() -> None:
    found, start = clock(Priority.P3, factories.calendar()), utc("2026-03-06 15:00")
    assert found.warning(start, found.due(start)) == utc("2026-03-09 13:00")  # after 6 h of 8


def test_warning_leaves_pauses_out() -> None:
    """4 h of target, 10 h of pause: a quarter, one hour, is left when it warns."""
    found, start = clock(Priority.P2), utc("2026-03-07 00:00")
    due = found.shifted(found.due(start), start + HOUR, start + 11 * HOUR)
    assert found.warning(start, due) == due - HOUR


# Pauses


def test_pause_moves_the_target_by_real_time_for_p2() -> None:
    with time_machine.travel(utc("2026-03-06 16:00"), tick=False) as clock_of_test:
        ticket = factories.ticket("waiting", impact="high", urgency="low")
        due = ticket.resolution_due_at
        clock_of_test.shift(3 * HOUR)
        ticket = actions.resume(ticket, by=factories.responder())
    assert due is not None
    assert ticket.resolution_due_at == due + 3 * HOUR


def test_pause_over_a_weekend_moves_p3_by_business_time() -> None:
    customer = factories.customer(calendar=factories.calendar())
    with time_machine.travel(utc("2026-03-06 16:00"), tick=False) as clock_of_test:
        ticket = factories.ticket("waiting", impact="low", urgency="high", customer=customer)
        assert ticket.resolution_due_at == utc("2026-03-09 16:00")
        clock_of_test.move_to(utc("2026-03-09 11:00"))
        ticket = actions.resume(ticket, by=factories.responder())
    assert ticket.resolution_due_at == utc("2026-03-10 11:00")  # 1 h on Friday, 2 h on Monday


def test_pause_outside_business_hours_moves_nothing() -> None:
    customer = factories.customer(calendar=factories.calendar())
    with time_machine.travel(utc("2026-03-07 10:00"), tick=False) as clock_of_test:
        ticket = factories.ticket("waiting", impact="low", urgency="high", customer=customer)
        due = ticket.resolution_due_at
        clock_of_test.shift(5 * HOUR)
        ticket = actions.resume(ticket, by=factories.responder())
    assert ticket.resolution_due_at == due


def test_pause_after_a_breach_does_not_heal_it() -> None:
    with time_machine.travel(utc("2026-03-06 00:00"), tick=False) as clock_of_test:
        worker = factories.responder()
        ticket = factories.ticket("in-progress", by=worker, impact="high", urgency="low")
        clock_of_test.shift(6 * HOUR)  # 2 h over
        ticket = actions.wait(ticket, by=worker, on="customer", reason="Which?")
        clock_of_test.shift(10 * HOUR)
        ticket = actions.resume(ticket, by=worker)
        reading = sla.resolution(ticket)
    assert reading is not None
    assert reading.breached
    assert reading.remaining == -2 * HOUR


def test_waiting_on_a_supplier_pauses_nothing() -> None:
    worker = factories.responder()
    ticket = factories.ticket("in-progress", by=worker, impact="high", urgency="low")
    due = ticket.resolution_due_at
    ticket = actions.wait(ticket, by=worker, on="supplier", reason="A part")
    assert not ClockPause.objects.filter(ticket=ticket).exists()
    assert actions.resume(ticket, by=worker).resolution_due_at == due


def test_resolving_while_waiting_ends_the_pause_first() -> None:
    with time_machine.travel(utc("2026-03-06 00:00"), tick=False) as clock_of_test:
        worker = factories.responder()
        ticket = factories.ticket("waiting", by=worker, impact="high", urgency="low")
        clock_of_test.shift(20 * HOUR)
        ticket = actions.resolve(ticket, by=worker, resolution="Answered")
    reading = sla.resolution(ticket)
    assert reading is not None
    assert not reading.breached
    assert ticket.pauses.get().ended_at == utc("2026-03-06 20:00")


# Readings


def test_reading_is_breached_only_past_the_target() -> None:
    with time_machine.travel(utc("2026-03-06 00:00"), tick=False):
        ticket = factories.ticket(impact="high", urgency="low")
    on_time, late = (
        sla.resolution(ticket, at=utc("2026-03-06 04:00")),
        sla.resolution(ticket, at=utc("2026-03-06 04:01")),
    )
    assert on_time is not None
    assert late is not None
    assert (on_time.breached, late.breached) == (False, True)
    assert late.remaining == -dt.timedelta(minutes=1)


def test_reading_of_a_paused_clock_does_not_run() -> None:
    with time_machine.travel(utc("2026-03-06 00:00"), tick=False):
        ticket = factories.ticket("waiting", impact="high", urgency="low")
    since = ticket.pauses.get().started_at
    reading = sla.resolution(ticket, at=utc("2026-03-09 00:00"), paused_since=since)
    assert reading is not None
    assert not reading.runs
    assert not reading.breached
    assert reading.remaining == 4 * HOUR


def test_cancelled_ticket_has_no_reading() -> None:
    assert sla.resolution(factories.ticket("cancelled")) is None


# Policy versions


def follow(days: float = 0, minutes: int = 30) -> PriorityPolicy:
    """A version whose P1 takes `minutes`, in force after so many days."""
    from django.utils import timezone

    at = timezone.now() + dt.timedelta(days=days)
    version: PriorityPolicy = PriorityPolicy.objects.create(effective_from=at)
    for impact in ("high", "low"):
        PriorityRule.objects.create(policy=version, impact=impact, urgency="high", priority=1)
    PriorityTarget.objects.create(policy=version, priority=1, resolve_minutes=minutes)
    return version


def test_policy_version_in_force_is_the_latest_that_has_begun() -> None:
    first = sla.policy_in_force()
    assert follow(days=1) != first
    assert sla.policy_in_force() == first
    second = follow(minutes=30)
    assert sla.policy_in_force() == second


def test_ticket_keeps_the_version_it_was_raised_under() -> None:
    worker = factories.responder()
    ticket = factories.ticket(by=worker, impact="low", urgency="low")
    follow()
    changed = actions.edit(ticket, by=worker, changes={"urgency": "high"})
    assert changed.policy_id == ticket.policy_id
    assert changed.priority == Priority.P3  # P1 under the new version


def test_cell_that_the_matrix_does_not_have_is_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        factories.ticket(impact="medium", urgency="low")
    assert "impact" in refusal.value.fields


def test_platform_wide_raises_high_and_high_to_p0() -> None:
    assert factories.ticket(impact="high", urgency="high").priority == Priority.P1
    assert factories.ticket(impact="high", urgency="high", platform_wide=True).priority == 0
    assert factories.ticket(impact="low", urgency="high", platform_wide=True).priority == 3


def test_warm_clock_makes_no_query() -> None:
    customer = factories.customer(calendar=factories.calendar())
    sla.policy_in_force(), sla.working_time_of(customer.pk)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = sla.clock_for(sla.policy_in_force(), Priority.P3, customer.pk)
    assert found is not None
    assert len(queries) == 0

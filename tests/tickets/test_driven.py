"""What an incident does to its ticket, and tickets that alerts open."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from itsm.core import context
from itsm.core.errors import WrongState
from itsm.people.system import forget, system_user
from itsm.tickets import sla, timers
from itsm.tickets.actions import driven, intake
from itsm.tickets.actions import ticket as actions
from itsm.tickets.models import Priority, Ticket
from itsm.timers.actions import arm
from itsm.timers.models import Timer
from tests import factories

pytestmark = pytest.mark.django_db

START = dt.datetime(2026, 3, 6, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def urgent(state: str = "new", **fields: object) -> Ticket:
    """A P2 ticket with a response target, opened at noon."""
    with time_machine.travel(START, tick=False):
        return factories.ticket(
            state,
            impact="high",
            urgency="low",
            response_due_at=START + HOUR,
            **fields,  # type: ignore[arg-type]
        )


def armed(ticket: Ticket) -> set[str]:
    return set(Timer.objects.of(ticket).armed().values_list("kind", flat=True))


def steps(ticket: Ticket) -> list[str]:
    return [change.to_state for change in ticket.state_changes.all()]


def test_start_responds_at_the_incidents_moment_and_stops_the_response_clock() -> None:
    ticket = driven.start(urgent(), at=START + HOUR / 2, by=factories.responder())
    assert (ticket.state, ticket.responded_at) == ("in-progress", START + HOUR / 2)
    assert armed(ticket) == set(timers.RESOLUTION)


def test_start_leaves_a_waiting_ticket_alone() -> None:
    ticket = urgent("waiting")
    assert driven.start(ticket, at=START + HOUR, by=factories.responder()).state == "waiting"


def test_start_without_a_response_says_that_nobody_came() -> None:
    ticket = driven.start(urgent(), at=START, by=system_user(), responded=False)
    assert ticket.responded_at is None


def test_stop_clock_keeps_the_ticket_in_progress() -> None:
    by = factories.responder()
    ticket = driven.stop_clock(urgent("in-progress", by=by), at=START + HOUR, by=by)
    assert (ticket.state, ticket.restored_at) == ("in-progress", START + HOUR)
    assert armed(ticket) == set()


def test_stop_clock_of_a_waiting_ticket_ends_the_pause() -> None:
    by = factories.responder()
    ticket = driven.stop_clock(urgent("waiting", by=by), at=START + HOUR, by=by)
    assert (ticket.state, ticket.waiting_on) == ("in-progress", "")
    assert ticket.pauses.get().ended_at == START + HOUR


def test_resolve_keeps_the_moment_at_which_the_clock_stopped() -> None:
    by = factories.responder()
    ticket = driven.stop_clock(urgent(by=by), at=START + HOUR, by=by)
    ticket = driven.resolve(ticket, at=START + 30 * HOUR, by=by, resolution="Restarted")
    assert (ticket.state, ticket.restored_at) == ("resolved", START + HOUR)
    assert ticket.resolved_at == START + 30 * HOUR
    reading = sla.resolution(ticket)
    assert reading is not None
    assert not reading.breached


def test_resolve_from_new_goes_through_in_progress() -> None:
    ticket = driven.resolve(urgent(), at=START, by=system_user(), resolution="Healed by itself")
    assert steps(ticket) == ["in-progress", "resolved"]


def test_close_resolves_first() -> None:
    ticket = driven.close(urgent(), at=START, by=factories.responder(), resolution="Done")
    assert steps(ticket) == ["in-progress", "resolved", "closed"]


def test_cancel_needs_an_open_ticket() -> None:
    by = factories.responder()
    assert driven.cancel(urgent(), at=START, by=by, reason="False alarm").state == "cancelled"
    with pytest.raises(WrongState):
        driven.cancel(urgent("resolved"), at=START, by=by, reason="False alarm")


@pytest.mark.parametrize("state", ["resolved", "closed"])
def test_reopen_runs_the_clock_on(state: str) -> None:
    by = factories.responder()
    with time_machine.travel(START + HOUR, tick=False):
        ticket = driven.reopen(urgent(state, by=by), at=START + HOUR, by=by, reason="Back")
    assert (ticket.state, ticket.restored_at) == ("in-progress", None)
    assert armed(ticket) == set(timers.RESOLUTION)


def test_reopen_before_the_review_only_runs_the_clock_on() -> None:
    by = factories.responder()
    ticket = driven.stop_clock(urgent(by=by), at=START, by=by)
    ticket = driven.reopen(ticket, at=START + HOUR, by=by, reason="Back")
    assert ticket.restored_at is None
    assert steps(ticket) == ["in-progress"]


def test_driven_moves_are_safe_to_repeat() -> None:
    by, ticket = factories.responder(), urgent()
    for _ in range(2):
        driven.start(ticket, at=START, by=by)
    for _ in range(2):
        driven.resolve(ticket, at=START, by=by, resolution="Done")
    for _ in range(2):
        driven.close(ticket, at=START, by=by)
    assert steps(ticket) == ["in-progress", "resolved", "closed"]


def test_raise_priority_moves_the_target_and_never_lowers() -> None:
    by = factories.responder()
    with time_machine.travel(START, tick=False):
        ticket = driven.raise_priority(urgent(), to=Priority.P1, by=by, reason="SEV-0")
    assert (ticket.priority, ticket.resolution_due_at) == (1, START + HOUR)
    assert driven.raise_priority(ticket, to=Priority.P3, by=by, reason="x").priority == 1


def test_set_response_due_moves_the_response_timers() -> None:
    by = factories.responder()
    with time_machine.travel(START, tick=False):
        ticket = driven.set_response_due(urgent(), START + 2 * HOUR, by=by, reason="SEV-2")
    due = Timer.objects.of(ticket).armed().get(kind=timers.RESPONSE_BREACH).due_at
    assert due == START + 2 * HOUR


def test_correct_times_moves_what_the_clocks_are_judged_by() -> None:
    by = factories.responder()
    ticket = driven.stop_clock(urgent(by=by), at=START + 5 * HOUR, by=by)
    fixed = driven.correct_times(
        ticket, by=by, reason="It was noon", responded_at=START, restored_at=START + HOUR
    )
    assert (fixed.responded_at, fixed.restored_at) == (START, START + HOUR)


def test_ticket_of_a_resolved_incident_does_not_wait() -> None:
    from incidents.actions.declaring import declare
    from incidents.actions.incident import acknowledge, resolve
    from itsm.people import roles

    by = factories.person(roles.COMMANDER)
    incident = declare(by=by, level=0, title="Checkout down")
    acknowledge(incident, by=by)
    resolve(incident, by=by, kind="workaround", resolution="Restarted", verification="It answers")
    ticket = Ticket.objects.get(pk=incident.ticket_id)
    assert ticket.state == "in-progress"  # a review is to come
    with pytest.raises(WrongState, match="no longer open"):
        actions.wait(ticket, by=by, on="customer", reason="Which?")


# Alerts


def test_alert_ticket_is_two_statements_when_warm() -> None:
    forget()
    service = factories.service(customer=factories.customer(calendar=factories.calendar()))
    by = system_user()
    sla.policy_in_force(), sla.working_time_of(service.customer_id)
    with CaptureQueriesContext(connection) as queries:
        ticket, specs = intake.open_from_alert(
            by=by,
            title="Disk full",
            service=service,
            impact="low",
            urgency="high",
            at=timezone.now(),
        )
    assert len(queries) <= 2
    assert (ticket.source, ticket.customer_id, ticket.priority) == (
        "alert",
        service.customer_id,
        3,
    )
    row = ticket.history.get()
    assert (row.history_user_id, row.history_change_reason) == (by.pk, intake.REASON)
    assert [spec.target_id for spec in specs] == [ticket.pk, ticket.pk]
    assert not Timer.objects.exists()


def test_alert_ticket_that_comes_late_is_told_of_at_once() -> None:
    at = timezone.now() - 48 * HOUR
    ticket, specs = intake.open_from_alert(by=system_user(), title="x", at=at)
    assert [spec.kind for spec in specs] == [timers.RESOLUTION_BREACH]
    assert specs[0].due_at > ticket.opened_at + 47 * HOUR


def test_alert_tickets_of_a_batch_are_two_statements_together() -> None:
    sla.policy_in_force()
    by = system_user()
    drafts = [intake.AlertTicket(title=f"Node {n}", at=timezone.now()) for n in range(30)]
    with CaptureQueriesContext(connection) as queries:
        tickets, specs = intake.open_from_alerts(drafts, by=by)
    assert len(queries) <= 2
    assert [t.title for t in tickets] == [d.title for d in drafts]
    arm(specs)
    assert Timer.objects.armed().count() == 60


def test_alert_ticket_keeps_text_that_no_database_could() -> None:
    ticket, _ = intake.open_from_alert(
        by=system_user(),
        title="a\x00b\nc \ud800 " + "x" * 300,
        description="\x00" + "y" * 100_000,
        at=timezone.now(),
    )
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert len(ticket.title) == 200
    assert "\x00" not in ticket.title + ticket.description
    assert "\n" not in ticket.title


def test_alert_ticket_is_opened_whatever_the_matrix_says() -> None:
    ticket, _ = intake.open_from_alert(
        by=system_user(), title="x", impact="medium", urgency="medium", at=timezone.now()
    )
    assert ticket.priority == Priority.P2
    assert "no cell" in ticket.priority_reason


def test_alert_ticket_gets_at_least_the_given_priority() -> None:
    ticket, _ = intake.open_from_alert(
        by=system_user(),
        title="x",
        impact="low",
        urgency="low",
        at_least=Priority.P1,
        at=timezone.now(),
    )
    assert ticket.priority == Priority.P1
    assert ticket.priority_reason


def test_alert_ticket_can_be_worked_like_any_other() -> None:
    with context.use(user=system_user()):
        ticket, _ = intake.open_from_alert(by=system_user(), title="x", at=timezone.now())
    assert factories.walk_ticket(ticket, "closed", by=factories.responder()).state == "closed"

"""Timers of the clocks: what they tell, whom, and when they keep still."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from itsm.outbox.models import Message
from itsm.people.models import User
from itsm.tickets.actions import ticket as actions
from itsm.tickets.models import Ticket
from itsm.timers.models import Timer
from itsm.timers.sweep import sweep
from tests import factories

pytestmark = pytest.mark.django_db

START = dt.datetime(2026, 3, 6, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def people() -> tuple[User, User, Ticket]:
    """Assignee, team lead and a P2 ticket of theirs, opened at noon."""
    worker, lead = factories.responder(), factories.responder()
    team = factories.team(worker, lead=lead)
    with time_machine.travel(START, tick=False):
        ticket = factories.ticket("in-progress", by=lead, impact="high", urgency="low", team=team)
        actions.assign(ticket, by=lead, team=team, assignee=worker)
    return worker, lead, ticket


def outcomes(ticket: Ticket) -> dict[str, str]:
    done = Timer.objects.of(ticket).filter(state=Timer.State.DONE)
    return {timer.kind: timer.outcome for timer in done}


def told(word: str) -> set[str]:
    return set(Message.objects.filter(subject__contains=word).values_list("recipient", flat=True))


def test_warning_tells_the_assignee_and_says_so_on_the_receipt() -> None:
    worker, _, ticket = people()
    with time_machine.travel(START + 3 * HOUR, tick=False):
        sweep()
    assert outcomes(ticket) == {
        "ticket.resolution_warning": "Resolution due in 1 h: told 1 person."
    }
    assert told("Resolution due") == {worker.email}


def test_breach_tells_assignee_and_team_lead() -> None:
    worker, lead, ticket = people()
    with time_machine.travel(START + 5 * HOUR, tick=False):
        sweep()
    assert outcomes(ticket)["ticket.resolution_breach"] == "Resolution overdue: told 2 people."
    assert told("Resolution overdue") == {worker.email, lead.email}


def test_warning_without_an_assignee_tells_the_leads_of_the_service() -> None:
    lead = factories.responder()
    service = factories.service(owner=factories.team(lead=lead))
    with time_machine.travel(START, tick=False):
        factories.ticket(impact="high", urgency="low", service=service)
    with time_machine.travel(START + 3 * HOUR, tick=False):
        sweep()
    assert told("Resolution due") == {lead.email}


def test_warning_with_nobody_to_tell_says_so() -> None:
    with time_machine.travel(START, tick=False):
        ticket = factories.ticket(impact="high", urgency="low")
    with time_machine.travel(START + 3 * HOUR, tick=False):
        sweep()
    assert "there was nobody to tell" in outcomes(ticket)["ticket.resolution_warning"]


def test_response_breach_is_told_until_somebody_starts() -> None:
    worker = factories.responder()
    with time_machine.travel(START, tick=False):
        late = factories.ticket(by=worker, response_due_at=START + HOUR)
        taken = factories.ticket(by=worker, response_due_at=START + HOUR)
        actions.start(taken, by=worker)
    with time_machine.travel(START + 2 * HOUR, tick=False):
        sweep()
    assert "ticket.response_breach" in outcomes(late)
    assert outcomes(taken) == {}


def test_handler_looks_again_and_keeps_still_when_the_world_moved_on() -> None:
    """As when a timer was claimed by the worker at the very moment of the resolution."""
    worker, _, ticket = people()
    with time_machine.travel(START + HOUR, tick=False):
        actions.resolve(ticket, by=worker, resolution="Done")
    Timer.objects.of(ticket).update(state=Timer.State.ARMED)
    with time_machine.travel(START + 5 * HOUR, tick=False):
        sweep()
    assert set(outcomes(ticket).values()) == {"The clock had stopped already."}
    assert told("overdue") == set()


def test_paused_clock_warns_nobody() -> None:
    worker, _, ticket = people()
    with time_machine.travel(START + HOUR, tick=False):
        actions.wait(ticket, by=worker, on="customer", reason="Which?")
    with time_machine.travel(START + 48 * HOUR, tick=False):
        sweep()
        assert outcomes(ticket) == {}
        actions.resume(ticket, by=worker)
    with time_machine.travel(START + 49 * HOUR, tick=False):
        sweep()
    assert outcomes(ticket) == {}
    with time_machine.travel(START + 50 * HOUR, tick=False):
        sweep()
    assert list(outcomes(ticket)) == ["ticket.resolution_warning"]


def test_reopened_past_its_target_is_told_of_at_once() -> None:
    worker, lead, ticket = people()
    with time_machine.travel(START + HOUR, tick=False):
        actions.resolve(ticket, by=worker, resolution="Done")
    with time_machine.travel(START + 24 * HOUR, tick=False):
        sweep()
        assert outcomes(ticket) == {}
        actions.reopen(ticket, by=lead, reason="Again")
        sweep()
    assert outcomes(ticket) == {"ticket.resolution_breach": "Resolution overdue: told 2 people."}

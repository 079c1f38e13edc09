"""Random people do random things to a ticket: it never gets where nothing leads, and its facts
always agree with its state."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from itsm.core.errors import Conflict, Invalid, NotAllowed, WrongState
from itsm.people import roles
from itsm.tickets import rules, timers
from itsm.tickets.actions import ticket as actions
from itsm.tickets.models import ClockPause, StateChange, Ticket
from itsm.timers.models import Timer
from tests import factories

#: The edges of lifecycle.md, and no other.
EDGES = {
    ("new", "triaged"),
    ("new", "in-progress"),
    ("triaged", "in-progress"),
    ("in-progress", "waiting"),
    ("waiting", "in-progress"),
    ("in-progress", "resolved"),
    ("waiting", "resolved"),
    ("resolved", "closed"),
    ("resolved", "in-progress"),
    ("closed", "in-progress"),
    *((state, "cancelled") for state in ("new", "triaged", "in-progress", "waiting")),
}
WHO = ("worker", "owner", "auditor", "stranger", "machine", "outsider")
words = st.sampled_from(["Because", "", "  ", "x" * 400])


class TicketLife(RuleBasedStateMachine):
    """One ticket, six kinds of people, time that passes between what they do."""

    @initialize(impact=st.sampled_from(["low", "high"]), urgency=st.sampled_from(["low", "high"]))
    def raise_it(self, impact: str, urgency: str) -> None:
        self.clock = time_machine.travel(dt.datetime(2026, 3, 6, tzinfo=dt.UTC), tick=False)
        self.now = self.clock.start()
        customer = factories.customer(calendar=factories.calendar("Pacific/Auckland"))
        self.people = {
            "worker": factories.responder(),
            "owner": factories.person(roles.REQUESTER, customer=customer),
            "auditor": factories.person(roles.AUDITOR),
            "stranger": factories.person(roles.REQUESTER),
            "machine": factories.machine(roles.RESPONDER),
            "outsider": factories.responder(customer=factories.customer()),
        }
        self.ticket = factories.ticket(
            by=self.people["worker"],
            requester=self.people["owner"],
            customer=customer,
            impact=impact,
            urgency=urgency,
        )
        self.state = "new"

    def teardown(self) -> None:
        if hasattr(self, "clock"):
            self.clock.stop()

    def do(self, command: Any, who: str, **facts: Any) -> None:
        """Run a command; a refusal changes nothing and is one of the known kinds."""
        before = Ticket.objects.filter(pk=self.ticket.pk).values().get()
        if self.refused(command, who, facts):
            assert Ticket.objects.filter(pk=self.ticket.pk).values().get() == before
            return
        assert who in {"worker", "owner"}, f"{who} did {command.__name__}"
        after = Ticket.objects.get(pk=self.ticket.pk)
        if after.state != self.state:
            assert (self.state, after.state) in EDGES
        self.state = after.state

    def refused(self, command: Any, who: str, facts: dict[str, Any]) -> bool:
        try:
            command(self.ticket, by=self.people[who], **facts)
        except (NotAllowed, WrongState, Invalid, Conflict):
            return True
        return False

    @rule(who=st.sampled_from(WHO))
    def triage(self, who: str) -> None:
        self.do(actions.triage, who)

    @rule(who=st.sampled_from(WHO))
    def start(self, who: str) -> None:
        self.do(actions.start, who)

    @rule(who=st.sampled_from(WHO), on=st.sampled_from(["customer", "supplier", "x"]), why=words)
    def wait(self, who: str, on: str, why: str) -> None:
        self.do(actions.wait, who, on=on, reason=why)

    @rule(who=st.sampled_from(WHO))
    def resume(self, who: str) -> None:
        self.do(actions.resume, who)

    @rule(who=st.sampled_from(WHO), text=words)
    def resolve(self, who: str, text: str) -> None:
        self.do(actions.resolve, who, resolution=text)

    @rule(who=st.sampled_from(WHO))
    def close(self, who: str) -> None:
        self.do(actions.close, who)

    @rule(who=st.sampled_from(WHO), why=words)
    def reopen(self, who: str, why: str) -> None:
        self.do(actions.reopen, who, reason=why)

    @rule(who=st.sampled_from(WHO), why=words)
    def cancel(self, who: str, why: str) -> None:
        self.do(actions.cancel, who, reason=why)

    @rule(
        who=st.sampled_from(WHO),
        impact=st.sampled_from(["low", "high", "medium"]),
        wide=st.booleans(),
    )
    def edit(self, who: str, impact: str, wide: bool) -> None:
        self.do(actions.edit, who, changes={"impact": impact, "platform_wide": wide})

    @rule(minutes=st.integers(1, 5000))
    def time_passes(self, minutes: int) -> None:
        self.now.shift(dt.timedelta(minutes=minutes))

    @invariant()
    def facts_agree_with_the_state(self) -> None:
        if not hasattr(self, "ticket"):
            return
        ticket = Ticket.objects.get(pk=self.ticket.pk)
        assert bool(ticket.waiting_on) == (ticket.state == "waiting")
        finished = ticket.state in ("resolved", "closed")
        assert bool(ticket.resolved_at) == bool(ticket.restored_at) == finished
        assert bool(ticket.closed_at) == (ticket.state in ("closed", "cancelled"))
        if finished:
            assert ticket.resolution
        if ticket.state not in ("new", "triaged", "cancelled"):
            assert ticket.responded_at

    @invariant()
    def pauses_agree_with_waiting(self) -> None:
        if not hasattr(self, "ticket"):
            return
        ticket = Ticket.objects.get(pk=self.ticket.pk)
        open_pauses = ClockPause.objects.filter(ticket=ticket, ended_at=None).count()
        assert open_pauses == (1 if ticket.waiting_on == "customer" else 0)

    @invariant()
    def timers_are_armed_only_while_the_clock_runs(self) -> None:
        if not hasattr(self, "ticket"):
            return
        ticket = Ticket.objects.get(pk=self.ticket.pk)
        armed = Timer.objects.of(ticket).armed().filter(kind__in=timers.RESOLUTION)
        runs = ticket.is_open and not ticket.pauses_clock
        if not runs:
            assert not armed.exists()
        for timer in armed.filter(kind=timers.RESOLUTION_BREACH):
            assert ticket.resolution_due_at is not None
            assert timer.due_at >= ticket.resolution_due_at

    @invariant()
    def the_course_is_unbroken(self) -> None:
        if not hasattr(self, "ticket"):
            return
        course = ["new"]
        for change in StateChange.objects.filter(ticket=self.ticket).order_by("pk"):
            assert change.from_state == course[-1]
            course.append(change.to_state)
        assert course[-1] == Ticket.objects.get(pk=self.ticket.pk).state

    @invariant()
    def strangers_stay_strangers(self) -> None:
        if hasattr(self, "ticket"):
            for who in ("stranger", "outsider"):
                assert rules.may_read(self.people[who], self.ticket)


@pytest.mark.django_db
def test_random_lives_of_tickets() -> None:
    run_state_machine_as_test(
        TicketLife,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

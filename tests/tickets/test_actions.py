"""What the commands on tickets do beyond their state: facts, clocks, timers, messages."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from itsm.core.errors import Conflict, Invalid, NotAllowed, WrongState
from itsm.outbox.models import Message
from itsm.people import roles
from itsm.tickets import timers
from itsm.tickets.actions import labels, links, scope
from itsm.tickets.actions import ticket as actions
from itsm.tickets.models import Priority, Ticket, TicketLabel, TicketLink
from itsm.timers.models import Timer
from tests import factories

pytestmark = pytest.mark.django_db


def armed(ticket: Ticket) -> list[str]:
    return sorted(Timer.objects.of(ticket).armed().values_list("kind", flat=True))


def mails(ticket: Ticket) -> list[tuple[str, str]]:
    found = Message.objects.of(ticket).order_by("pk").values_list("recipient", "subject")
    return [(str(to), str(subject)) for to, subject in found]


# Raising


def test_raising_takes_priority_customer_and_team_from_what_is_known() -> None:
    customer, team = factories.customer(), factories.team()
    service = factories.service(customer=customer, owner=team)
    ticket = factories.ticket(service=service, impact="high", urgency="high")
    assert (ticket.priority, ticket.customer, ticket.team) == (Priority.P1, customer, team)
    assert ticket.response_due_at is None
    assert ticket.history.get().history_change_reason == "Raised"


def test_raising_tells_the_requester_and_arms_the_clock() -> None:
    requester = factories.person(roles.REQUESTER)
    ticket = actions.raise_ticket(by=requester, title="No coffee")
    assert mails(ticket) == [(requester.email, f"[{ticket.reference}] No coffee")]
    assert armed(ticket) == [timers.RESOLUTION_BREACH, timers.RESOLUTION_WARNING]
    body = Message.objects.of(ticket).get().body
    assert f"/tickets/{ticket.reference}/" in body


def test_raising_with_a_response_target_arms_both_clocks() -> None:
    due = timezone.now() + dt.timedelta(minutes=15)
    ticket = factories.ticket(impact="high", urgency="high", response_due_at=due)
    assert armed(ticket) == sorted(timers.RESPONSE + timers.RESOLUTION)


def test_raising_another_priority_needs_a_reason() -> None:
    with pytest.raises(Invalid) as refusal:
        factories.ticket(priority=Priority.P0)
    assert "priority_reason" in refusal.value.fields
    ticket = factories.ticket(priority=Priority.P0, priority_reason="The board watches")
    assert (ticket.priority, ticket.priority_reason) == (0, "The board watches")


def test_raising_another_priority_is_for_workers() -> None:
    requester = factories.person(roles.REQUESTER)
    with pytest.raises(NotAllowed):
        actions.raise_ticket(by=requester, title="x", priority=0, priority_reason="Mine")


def test_raising_the_computed_priority_needs_no_reason() -> None:
    assert factories.ticket(priority=Priority.P4).priority_reason == ""


@pytest.mark.parametrize("group", [roles.CUSTOMER, roles.AUDITOR])
def test_raising_is_not_for_customers_and_auditors(group: str) -> None:
    with pytest.raises(NotAllowed):
        actions.raise_ticket(by=factories.person(group), title="x")


@pytest.mark.parametrize("group", [roles.REQUESTER, *roles.STAFF])
def test_raising_is_for_requesters_and_staff(group: str) -> None:
    assert actions.raise_ticket(by=factories.person(group), title="x").pk


def test_raising_for_another_organisation_is_refused() -> None:
    requester = factories.person(roles.REQUESTER, customer=factories.customer())
    with pytest.raises(NotAllowed):
        actions.raise_ticket(by=requester, title="x", customer=factories.customer())


def test_raising_for_somebody_else_is_for_workers() -> None:
    other = factories.person(roles.REQUESTER)
    with pytest.raises(NotAllowed):
        actions.raise_ticket(by=factories.person(roles.REQUESTER), title="x", requester=other)
    assert factories.ticket(requester=other).requester == other


def test_raising_on_a_service_of_another_customer_is_refused() -> None:
    service = factories.service(customer=factories.customer())
    with pytest.raises(Invalid) as refusal:
        factories.ticket(service=service, customer=factories.customer())
    assert "service" in refusal.value.fields


def test_raising_by_a_machine_names_no_requester() -> None:
    ticket = actions.raise_ticket(by=factories.machine(roles.RESPONDER), title="Probe")
    assert ticket.requester is None
    assert mails(ticket) == []


@pytest.mark.parametrize("title", ["", "   ", "a\x00b", "x" * 201])
def test_raising_with_a_title_that_cannot_be_kept_is_refused(title: str) -> None:
    with pytest.raises(Invalid) as refusal:
        factories.ticket(title=title)
    assert "title" in refusal.value.fields
    assert not Ticket.objects.exists()


# Editing


def test_edit_moves_priority_and_target_with_the_classification() -> None:
    worker = factories.responder()
    ticket = factories.ticket(by=worker)
    changed = actions.edit(ticket, by=worker, changes={"impact": "high", "urgency": "high"})
    assert changed.priority == Priority.P1
    assert changed.resolution_due_at == ticket.opened_at + dt.timedelta(hours=1)
    due = Timer.objects.of(ticket).armed().get(kind=timers.RESOLUTION_BREACH).due_at
    assert due == changed.resolution_due_at


def test_edit_into_the_past_tells_of_the_breach_at_once() -> None:
    worker = factories.responder()
    ticket = factories.ticket(by=worker, opened_at=factories.hours_ago(3))
    actions.edit(ticket, by=worker, changes={"impact": "high", "urgency": "high"})
    timer = Timer.objects.of(ticket).armed().get()
    assert timer.kind == timers.RESOLUTION_BREACH
    assert timer.due_at <= timezone.now()


def test_edit_keeps_the_pauses_in_the_target() -> None:
    with time_machine.travel(dt.datetime(2026, 3, 6, tzinfo=dt.UTC), tick=False) as clock:
        worker = factories.responder()
        ticket = factories.ticket("waiting", by=worker, impact="high", urgency="low")
        clock.shift(dt.timedelta(hours=2))
        ticket = actions.resume(ticket, by=worker)
        ticket = actions.edit(ticket, by=worker, changes={"urgency": "high"})
    assert ticket.resolution_due_at == dt.datetime(2026, 3, 6, 3, tzinfo=dt.UTC)


def test_edit_drops_an_override_that_is_not_given_again() -> None:
    worker = factories.responder()
    ticket = factories.ticket(by=worker, priority=0, priority_reason="The board watches")
    assert actions.edit(ticket, by=worker, changes={"title": "Other"}).priority == 0
    assert actions.edit(ticket, by=worker, changes={"urgency": "high"}).priority == 3


def test_edit_of_another_customer_moves_the_target_to_its_calendar() -> None:
    worker = factories.responder()
    ticket = factories.ticket(
        by=worker, impact="low", urgency="high", customer=factories.customer()
    )
    nights = {day: [(dt.time(0), dt.time(0, 30))] for day in range(7)}
    slow = factories.customer(calendar=factories.calendar(hours=nights))
    moved = actions.edit(ticket, by=worker, changes={"customer": slow})
    assert moved.resolution_due_at is not None
    assert moved.resolution_due_at > moved.opened_at + dt.timedelta(days=14)


def test_edit_of_a_version_that_has_moved_on_is_a_conflict() -> None:
    worker = factories.responder()
    ticket = factories.ticket(by=worker)
    actions.edit(ticket, by=worker, version=ticket.version, changes={"title": "First"})
    with pytest.raises(Conflict):
        actions.edit(ticket, by=worker, version=ticket.version, changes={"title": "Second"})
    assert Ticket.objects.get(pk=ticket.pk).title == "First"


@pytest.mark.parametrize("field", ["state", "requester", "version", "resolution_due_at", "policy"])
def test_edit_refuses_fields_that_have_their_own_command(field: str) -> None:
    worker = factories.responder()
    with pytest.raises(Invalid) as refusal:
        actions.edit(factories.ticket(by=worker), by=worker, changes={field: None})
    assert field in refusal.value.fields


def test_edit_without_a_change_leaves_no_history() -> None:
    worker = factories.responder()
    ticket = factories.ticket(by=worker)
    actions.edit(ticket, by=worker, changes={"title": ticket.title})
    assert ticket.history.count() == 1


def test_edit_of_an_incidents_type_is_refused() -> None:
    ticket = driven_ticket()
    with pytest.raises(Invalid):
        actions.edit(ticket, by=factories.responder(), changes={"type": "problem"})


# Moves


def test_wait_on_the_customer_stops_the_clock_and_asks_the_requester() -> None:
    worker, requester = factories.responder(), factories.person(roles.REQUESTER)
    ticket = factories.ticket("in-progress", by=worker, requester=requester)
    ticket = actions.wait(ticket, by=worker, on="customer", reason="Which node?")
    assert armed(ticket) == []
    assert ticket.pauses.get().ended_at is None
    assert mails(ticket)[-1][0] == requester.email
    assert "Which node?" in Message.objects.of(ticket).order_by("-pk")[0].body


def test_wait_says_on_whom_and_for_what() -> None:
    worker = factories.responder()
    ticket = factories.ticket("in-progress", by=worker)
    with pytest.raises(Invalid):
        actions.wait(ticket, by=worker, on="weather", reason="Rain")
    with pytest.raises(Invalid):
        actions.wait(ticket, by=worker, on="customer", reason="  ")


def test_resume_arms_the_clock_again() -> None:
    worker = factories.responder()
    ticket = actions.resume(factories.ticket("waiting", by=worker), by=worker)
    assert armed(ticket) == sorted(timers.RESOLUTION)
    assert ticket.pauses.get().ended_at is not None


def test_resolve_stops_the_clocks_and_tells_the_requester() -> None:
    worker, requester = factories.responder(), factories.person(roles.REQUESTER)
    ticket = factories.ticket("in-progress", by=worker, requester=requester)
    ticket = actions.resolve(ticket, by=worker, resolution="Cleaned up")
    assert ticket.restored_at == ticket.resolved_at
    assert armed(ticket) == []
    assert mails(ticket)[-1] == (
        requester.email,
        f"[{ticket.reference}] Resolved: {ticket.title}",
    )


@pytest.mark.parametrize("text", ["", "  \n "])
def test_resolve_needs_words(text: str) -> None:
    worker = factories.responder()
    with pytest.raises(Invalid):
        actions.resolve(factories.ticket("in-progress", by=worker), by=worker, resolution=text)


def test_reopen_lets_the_clock_run_on_and_tells_the_assignee() -> None:
    worker, requester = factories.responder(), factories.person(roles.REQUESTER)
    ticket = factories.ticket("in-progress", by=worker, requester=requester)
    actions.assign(ticket, by=worker, assignee=worker)
    due = ticket.resolution_due_at
    ticket = actions.resolve(ticket, by=worker, resolution="Cleaned up")
    ticket = actions.reopen(ticket, by=requester, reason="Full again")
    assert (ticket.state, ticket.restored_at, ticket.resolution_due_at) == (
        "in-progress",
        None,
        due,
    )
    assert armed(ticket) == sorted(timers.RESOLUTION)
    assert mails(ticket)[-1][0] == worker.email


def test_every_move_is_entered_with_who_and_why() -> None:
    worker = factories.responder()
    ticket = factories.ticket("closed", by=worker)
    ticket = actions.reopen(ticket, by=worker, reason="Full again")
    found = [(c.from_state, c.to_state) for c in ticket.state_changes.all()]
    assert found == [
        ("new", "in-progress"),
        ("in-progress", "resolved"),
        ("resolved", "closed"),
        ("closed", "in-progress"),
    ]
    last = ticket.state_changes.last()
    assert last is not None
    assert (last.by, last.reason) == (worker, "Full again")


# Assigning


def test_assign_tells_the_assignee() -> None:
    lead, worker = factories.responder(), factories.responder()
    ticket = actions.assign(factories.ticket(by=lead), by=lead, assignee=worker)
    assert ticket.assignee == worker
    assert mails(ticket)[-1][0] == worker.email


def test_assign_to_oneself_needs_no_mail() -> None:
    worker = factories.responder()
    ticket = factories.ticket(by=worker, requester=factories.person(roles.REQUESTER))
    actions.assign(ticket, by=worker, assignee=worker)
    assert worker.email not in [to for to, _ in mails(ticket)]


def test_assign_to_who_may_not_work_is_refused() -> None:
    worker = factories.responder()
    stranger = factories.responder(customer=factories.customer())
    ticket = factories.ticket(by=worker)
    for person in (
        factories.person(roles.REQUESTER),
        factories.responder(is_active=False),
        factories.machine(roles.RESPONDER),
        stranger,
    ):
        with pytest.raises(Invalid) as refusal:
            actions.assign(ticket, by=worker, assignee=person)
        assert "assignee" in refusal.value.fields


# Labels


def test_label_of_an_exclusive_prefix_takes_the_place_of_the_other() -> None:
    worker = factories.responder()
    ticket = factories.ticket(by=worker)
    labels.add(ticket, by=worker, label=factories.label("env:dev"))
    labels.add(ticket, by=worker, label=factories.label("env:prod"))
    rows = TicketLabel.objects.filter(ticket=ticket).order_by("pk")
    assert [(str(row.label), row.removed_by) for row in rows] == [
        ("env:dev", worker),
        ("env:prod", None),
    ]


def test_labels_of_an_open_prefix_stand_side_by_side() -> None:
    worker = factories.responder()
    ticket = factories.ticket(by=worker)
    for text in ("service:ec2", "service:network", "service:ec2"):
        labels.add(ticket, by=worker, label=factories.label(text))
    assert ticket.ticket_labels.filter(removed_at=None).count() == 2


def test_label_that_is_retired_is_refused() -> None:
    worker, label = factories.responder(), factories.label()
    label.retired_at = timezone.now()
    with pytest.raises(Invalid):
        labels.add(factories.ticket(by=worker), by=worker, label=label)


def test_label_that_is_gone_cannot_be_taken_off() -> None:
    worker = factories.responder()
    with pytest.raises(WrongState):
        labels.remove(factories.ticket(by=worker), by=worker, label=factories.label())


# Links and scope


def test_link_is_made_once_and_taken_away() -> None:
    worker = factories.responder()
    one, other = factories.ticket(by=worker), factories.ticket(by=worker)
    link = links.add(one, by=worker, to=other, kind="blocks")
    assert links.add(one, by=worker, to=other, kind="blocks") == link
    links.remove(link, by=worker)
    assert not TicketLink.objects.exists()
    assert TicketLink.history.count() == 2


def test_link_to_a_ticket_that_is_not_visible_is_answered_as_not_there() -> None:
    customer = factories.customer()
    insider = factories.responder(customer=customer)
    foreign = factories.ticket(customer=factories.customer())
    with pytest.raises(Invalid, match="no such ticket"):
        links.add(factories.ticket(by=insider, customer=customer), by=insider, to=foreign)


def test_link_to_itself_is_refused() -> None:
    worker = factories.responder()
    ticket = factories.ticket(by=worker)
    with pytest.raises(Invalid):
        links.add(ticket, by=worker, to=ticket)


def test_scope_takes_accounts_and_resources_of_the_customer_only() -> None:
    worker, customer = factories.responder(), factories.customer()
    ticket = factories.ticket(by=worker, customer=customer)
    account = factories.account(customer=customer)
    resource = factories.resource(account=account)
    for thing in (account, account, resource):
        scope.include(ticket, by=worker, thing=thing)
    assert ticket.ticket_accounts.count() == ticket.ticket_resources.count() == 1
    scope.exclude(ticket, by=worker, thing=account)
    assert ticket.ticket_accounts.count() == 0
    with pytest.raises(Invalid):
        scope.include(ticket, by=worker, thing=factories.account())


# Driven by an incident


def driven_ticket(**fields: object) -> Ticket:
    from incidents.actions.declaring import declare

    by = factories.person(roles.COMMANDER)
    incident = declare(by=by, level=2, title="Checkout down", **fields)  # type: ignore[arg-type]
    ticket: Ticket = Ticket.objects.get(pk=incident.ticket_id)
    return ticket


def test_driven_ticket_refuses_direct_moves_and_points_at_the_incident() -> None:
    ticket, worker = driven_ticket(), factories.responder()
    for move in (
        lambda: actions.start(ticket, by=worker),
        lambda: actions.cancel(ticket, by=worker, reason="No"),
    ):
        with pytest.raises(WrongState, match="INC-"):
            move()


def test_driven_ticket_is_triaged_waits_and_resumes_while_its_incident_is_open() -> None:
    from incidents.actions.incident import acknowledge

    ticket, worker = driven_ticket(), factories.responder()
    actions.triage(ticket, by=worker)
    acknowledge(ticket.incident, by=worker)
    ticket = actions.wait(ticket, by=worker, on="customer", reason="Which?")
    assert ticket.pauses.count() == 1
    assert actions.resume(ticket, by=worker).state == "in-progress"

"""Opening from alerts: what is written, and in how many statements."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from incidents.actions import opening
from incidents.actions.opening import ANNOUNCE, AlertIncident, open_from_alert, open_from_alerts
from incidents.models import Incident
from itsm.outbox.models import Message
from itsm.people import roles
from itsm.people.system import system_user
from itsm.tickets.models import Priority, Ticket
from itsm.timers.models import Timer
from itsm.timers.sweep import sweep
from tests import factories

pytestmark = pytest.mark.django_db


def _open(**fields: Any) -> Incident:
    defaults = {"title": "High error rate", "service": None, "level": 2, "at": timezone.now()}
    with transaction.atomic():
        return open_from_alert(by=system_user(), **(defaults | fields))


def test_opening_writes_ticket_incident_timeline_and_timers() -> None:
    team = factories.team()
    service = factories.service(owner=team, customer=factories.customer())
    incident = _open(
        service=service, level=1, alert_text="503 (Prometheus)", alert_link="https://p.test/"
    )
    incident = Incident.objects.get(pk=incident.pk)
    ticket, entry = incident.ticket, incident.timeline.get()
    assert (incident.state, ticket.state) == ("detected", "new")
    assert (ticket.source, ticket.service, ticket.customer) == ("alert", service, service.customer)
    assert (ticket.team, ticket.priority) == (team, Priority.P1)
    assert ticket.response_due_at == incident.detected_at + dt.timedelta(minutes=15)
    assert (entry.kind, entry.stamp, entry.at) == ("alert", "detected", incident.detected_at)
    assert (entry.source, entry.link) == ("monitor", "https://p.test/")
    assert incident.history.get().history_user == ticket.history.get().history_user == system_user()
    assert Timer.objects.of(incident).armed().get().kind == ANNOUNCE
    assert Timer.objects.of(ticket).armed().count() == 4


@pytest.mark.parametrize("many", [1, 20])
def test_opening_takes_at_most_six_statements_for_any_number(many: int) -> None:
    _open()
    service = factories.service()
    drafts = [AlertIncident(title=f"Alert {n}", level=2, service=service) for n in range(many)]
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        incidents = open_from_alerts(drafts, by=system_user())
    assert len(queries) <= 6
    assert [i.ticket.title for i in incidents] == [d.title for d in drafts]


def test_opening_nothing_asks_nothing() -> None:
    portal = system_user()
    with CaptureQueriesContext(connection) as queries:
        assert open_from_alerts([], by=portal) == []
    assert len(queries) == 0


def test_opening_takes_any_text() -> None:
    incident = _open(title="Line\x00 one\nline two", alert_text="Broken \ud800 text")
    assert incident.ticket.title == "Line\ufffd one line two"
    assert incident.timeline.get().text == "Broken \ufffd text"


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "https://p.test/" + "x" * 300]
)
def test_opening_keeps_no_link_that_a_page_must_not_follow(link: str) -> None:
    assert _open(alert_link=link).timeline.get().link == ""


def test_note_of_another_alert_is_one_statement() -> None:
    incident = _open()
    portal = system_user()
    with CaptureQueriesContext(connection) as queries:
        opening.attach_note(incident, "Another alert joined", by=portal)
    assert len(queries) == 1
    assert incident.timeline.filter(source="monitor").count() == 2


def test_owner_team_is_told_once() -> None:
    member, lead = factories.responder(), factories.responder()
    factories.commander()
    incident = _open(service=factories.service(owner=factories.team(member, lead=lead)))
    sweep()
    told = Message.objects.of(incident)
    assert {m.recipient for m in told} == {member.email, lead.email}
    assert all(m.subject == f"[{incident}] SEV-2: High error rate" for m in told)
    assert f"/incidents/{incident}/" in told[0].body
    receipt = Timer.objects.of(incident).get()
    assert (receipt.state, receipt.outcome) == ("done", "Told 2 people.")
    Timer.objects.filter(pk=receipt.pk).update(state="armed", fired_at=None)
    sweep()
    assert Message.objects.of(incident).count() == 2


@pytest.mark.parametrize("owned", [True, False])
def test_commanders_are_told_where_no_team_is(owned: bool) -> None:
    commander = factories.person(roles.COMMANDER)
    incident = _open(service=factories.service(owner=factories.team()) if owned else None)
    sweep()
    assert [m.recipient for m in Message.objects.of(incident)] == [commander.email]


def test_nobody_is_told_of_what_is_over() -> None:
    factories.commander()
    incident = factories.incident("cancelled")
    sweep()
    assert not Message.objects.of(incident).exists()
    assert "cancelled already" in Timer.objects.of(incident).get().outcome


def test_one_incident_per_ticket_in_the_database() -> None:
    incident = _open()
    assert Ticket.objects.get().incident == incident

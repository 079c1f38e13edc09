"""Decisions in the admin: the commands of the portal, behind POST, by the same rules."""

import re

import pytest
from django.contrib import admin
from django.urls import reverse

from incidents.models import DeadLetter, Incident, Integration
from itsm.audit.models import AuditEvent
from itsm.outbox.models import Message
from itsm.people import roles
from itsm.tickets.models import Ticket
from tests import factories
from tests.admin.addresses import url
from tests.rows import incident, integration


def decide(record, name):
    return url(type(record), "decide", record.pk, name)


@pytest.fixture
def looker(db):
    """Somebody who may enter and look, and may not work."""
    return factories.person(roles.AUDITOR)


def test_buttons_show_what_is_possible_and_why_the_rest_is_not(signed_in, manager):
    ticket = factories.ticket(Ticket.State.NEW, by=manager)
    page = signed_in(manager).get(url(Ticket, "change", ticket.pk)).content.decode()
    assert f'href="{decide(ticket, "triage")}"' in page
    assert f'href="{decide(ticket, "resolve")}"' not in page
    assert re.search(r'<button[^>]*disabled[^>]*aria-describedby="refused-resolve"', page)
    assert "which does not lead there" in page


def test_opening_a_decision_changes_nothing(signed_in, manager):
    ticket = factories.ticket(Ticket.State.NEW, by=manager)
    assert signed_in(manager).get(decide(ticket, "triage")).status_code == 200
    assert Ticket.objects.get(pk=ticket.pk).state == Ticket.State.NEW


def test_decision_runs_the_command_with_its_history(signed_in, manager):
    ticket = factories.ticket(Ticket.State.IN_PROGRESS, by=manager)
    response = signed_in(manager).post(decide(ticket, "resolve"), {"resolution": "Cleaned up"})
    assert response.status_code == 302
    ticket = Ticket.objects.get(pk=ticket.pk)
    row = ticket.history.first()
    assert (ticket.state, ticket.resolution) == (Ticket.State.RESOLVED, "Cleaned up")
    assert (row.history_user_id, row.history_origin) == (manager.pk, "admin")
    assert row.history_request_id
    assert row.history_address == "127.0.0.1"


def test_missing_input_is_asked_for_and_nothing_is_written(signed_in, manager):
    ticket = factories.ticket(Ticket.State.IN_PROGRESS, by=manager)
    before = ticket.history.count()
    assert signed_in(manager).post(decide(ticket, "resolve"), {}).status_code == 422
    blank = signed_in(manager).post(decide(ticket, "cancel"), {"reason": "   "})
    assert blank.status_code == 422
    assert ticket.history.count() == before


def test_forged_post_without_permission_is_403_and_writes_nothing(signed_in, manager, looker):
    ticket = factories.ticket(Ticket.State.NEW, by=manager)
    before = ticket.history.count()
    response = signed_in(looker).post(decide(ticket, "triage"), {})
    assert response.status_code == 403
    assert Ticket.objects.get(pk=ticket.pk).state == Ticket.State.NEW
    assert ticket.history.count() == before
    refusal = AuditEvent.objects.get(kind=AuditEvent.Kind.REFUSED)
    assert (refusal.actor_id, refusal.target_id) == (looker.pk, ticket.pk)
    assert refusal.data["command"] == "ticket.triage"


def test_forged_post_in_the_wrong_state_is_409_and_keeps_what_was_typed(signed_in, manager):
    ticket = factories.ticket(Ticket.State.NEW, by=manager)
    response = signed_in(manager).post(decide(ticket, "resolve"), {"resolution": "My long text"})
    assert response.status_code == 409
    assert "My long text" in response.content.decode()
    assert Ticket.objects.get(pk=ticket.pk).state == Ticket.State.NEW


@pytest.mark.parametrize("field", ["_fsm_transition_to", "_triage", "mark_triaged", "state"])
def test_posting_a_transition_to_the_change_form_does_nothing(field, signed_in, manager):
    """The hole of the FSM package's admin: the name of a transition in the form's own POST."""
    ticket = factories.ticket(Ticket.State.NEW, by=manager)
    data = {field: "mark_triaged", "_save": "Save", "title": "Taken over"}
    assert signed_in(manager).post(url(Ticket, "change", ticket.pk), data).status_code == 403
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert (ticket.state, ticket.title == "Taken over") == (Ticket.State.NEW, False)


def test_unknown_decision_is_404(signed_in, manager):
    ticket = factories.ticket(by=manager)
    assert signed_in(manager).post(decide(ticket, "mark_closed")).status_code == 404
    assert signed_in(manager).post(url(Ticket, "decide", 10**9, "triage")).status_code == 404


def test_decision_needs_the_csrf_token(manager):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(manager, backend="itsm.people.backends.PersonBackend")
    ticket = factories.ticket(by=manager)
    assert client.post(decide(ticket, "triage")).status_code == 403
    assert Ticket.objects.get(pk=ticket.pk).state == Ticket.State.NEW


def test_incident_is_moved_by_its_commands(signed_in, manager):
    made = incident(manager)
    client = signed_in(manager)
    assert client.post(decide(made, "acknowledge")).status_code == 302
    assert (
        client.post(decide(made, "set_level"), {"level": 0, "reason": "All regions"}).status_code
        == 302
    )
    made = Incident.objects.get(pk=made.pk)
    assert (made.state, made.level) == (Incident.State.ACKNOWLEDGED, 0)
    assert made.timeline.filter(kind="level").exists()


def test_incident_refuses_without_permission(signed_in, manager, looker):
    made = incident(manager)
    assert signed_in(looker).post(decide(made, "acknowledge")).status_code == 403
    assert Incident.objects.get(pk=made.pk).state == Incident.State.DETECTED


# Many at once


def act(client, model, action, *records):
    data = {"action": action, "_selected_action": [r.pk for r in records], "index": 0}
    return client.post(url(model, "changelist"), data, follow=True)


def test_bulk_goes_through_the_command_one_by_one_and_reports_refusals(signed_in, manager):
    new, begun = (
        factories.ticket(by=manager),
        factories.ticket(Ticket.State.IN_PROGRESS, by=manager),
    )
    response = act(signed_in(manager), Ticket, "triage", new, begun)
    sentences = " ".join(str(message) for message in response.context["messages"])
    assert "Triage: done for 1." in sentences
    assert "refused for 1" in sentences
    assert begun.reference in sentences
    assert "does not lead there" in sentences
    assert Ticket.objects.get(pk=new.pk).history.first().history_user_id == manager.pk


def test_bulk_without_permission_changes_nothing(signed_in, manager, looker):
    ticket = factories.ticket(by=manager)
    act(signed_in(looker), Ticket, "triage", ticket)
    assert Ticket.objects.get(pk=ticket.pk).state == Ticket.State.NEW
    assert AuditEvent.objects.filter(kind="refused", actor_id=looker.pk).exists()


def test_nothing_is_deleted_in_bulk(signed_in, manager):
    for model, model_admin in admin.site._registry.items():
        request = type("Request", (), {"user": manager, "GET": {}, "POST": {}})()
        assert "delete_selected" not in model_admin.get_actions(request), model


# Messages, dead letters, integrations


def dead_message():
    return Message.objects.create(
        channel="email", recipient="a@example.test", body="x", key="k", state="dead", attempts=8
    )


def test_dead_letter_is_sent_again(signed_in, manager):
    message = dead_message()
    assert signed_in(manager).post(decide(message, "resend")).status_code == 302
    message.refresh_from_db()
    assert (message.state, message.attempts) == (Message.State.QUEUED, 0)


def test_auditor_sends_nothing_again(signed_in, looker):
    message = dead_message()
    assert signed_in(looker).post(decide(message, "resend")).status_code == 403
    message.refresh_from_db()
    assert message.state == Message.State.DEAD


def test_intake_dead_letter_is_handled_with_a_note(signed_in, manager, looker):
    letter = DeadLetter.objects.create(integration=integration(), reason="No title", body={})
    assert signed_in(looker).post(decide(letter, "handle"), {"note": "x"}).status_code == 403
    response = signed_in(manager).post(decide(letter, "handle"), {"note": "Mapping fixed"})
    assert response.status_code == 302
    letter.refresh_from_db()
    assert (letter.handled_by_id, letter.note) == (manager.pk, "Mapping fixed")
    again = signed_in(manager).post(decide(letter, "handle"), {"note": "Again"})
    assert again.status_code == 404


def test_integration_is_made_and_its_address_is_shown_once(signed_in, manager):
    client = signed_in(manager)
    data = {"kind": "generic", "name": "Zabbix", "rate_per_minute": 100, "mapping": "{}"}
    response = client.post(url(Integration, "add"), data)
    made = Integration.objects.get(name="Zabbix")
    (secret,) = re.findall(r"/api/v1/alerts/generic/([\w-]+)", response.content.decode())
    assert "no-store" in response["Cache-Control"]
    assert secret.endswith(made.key_hint)
    assert secret not in client.get(url(Integration, "change", made.pk)).content.decode()
    assert secret not in client.get(url(Integration, "history", made.pk)).content.decode()


def test_integration_gets_a_new_address(signed_in, manager, looker):
    made = integration()
    assert signed_in(looker).post(decide(made, "rotate")).status_code == 403
    response = signed_in(manager).post(decide(made, "rotate"))
    assert "/api/v1/alerts/generic/" in response.content.decode()
    hashed = made.key_hash
    made.refresh_from_db()
    assert made.previous_key_hash == hashed != made.key_hash


def test_auditor_makes_no_integration(signed_in, looker):
    response = signed_in(looker).post(url(Integration, "add"), {"kind": "generic", "name": "x"})
    assert response.status_code == 403
    assert not Integration.objects.exists()


def test_history_is_no_way_back(signed_in, manager):
    """The history package's form posts an old row as the new one: state and all. It is not here."""
    ticket = factories.ticket(Ticket.State.IN_PROGRESS, by=manager)
    first = ticket.history.last()
    address = reverse("admin:tickets_ticket_history", args=[ticket.pk])
    signed_in(manager).post(f"{address}{first.history_id}/", {"_save": "Revert"})
    signed_in(manager).post(address, {"_save": "Revert"})
    assert Ticket.objects.get(pk=ticket.pk).state == Ticket.State.IN_PROGRESS

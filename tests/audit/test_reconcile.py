"""What was written past every command is found by comparing rows with their history."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from itsm.audit import reconcile
from itsm.catalog.models import Customer, Service
from itsm.core import history
from itsm.people.models import User
from itsm.tickets.models import Ticket
from tests import factories

pytestmark = pytest.mark.django_db


def run(*models, **options):
    out = io.StringIO()
    call_command("audit_reconcile", *models, stdout=out, **options)
    return out.getvalue()


def found(model=None):
    return [str(d) for d in reconcile.differences([model] if model else None)]


def test_shipped_data_agrees_with_its_history():
    assert found() == []


def test_what_commands_write_agrees_with_its_history():
    worker = factories.responder()
    for state in Ticket.State:
        factories.ticket(state, by=worker, service=factories.service())
    worker.set_password("changes no history")
    User.objects.filter(pk=worker.pk).update(last_login="2026-01-01T00:00Z")
    worker.save()
    assert found() == []
    assert "agree with their history" in run()


def test_update_past_the_commands_is_found():
    service = factories.service()
    Service.objects.filter(pk=service.pk).update(name="Sneaky", tier="critical")
    expected = f"catalog.service {service.pk}: name, tier changed without history"
    assert found() == [expected]
    with pytest.raises(CommandError) as error:
        run("catalog.service")
    assert error.value.returncode == 1


def test_state_set_past_the_machine_is_found():
    ticket = factories.ticket()
    Ticket.objects.filter(pk=ticket.pk).update(state="triaged")
    assert found(Ticket) == [f"tickets.ticket {ticket.pk}: state changed without history"]


def test_bulk_create_without_history_is_found():
    made = Service.objects.bulk_create([Service(name="Quiet", slug="quiet")])
    assert found(Service) == [f"catalog.service {made[0].pk}: there is no history of it"]
    history.write_many(made, reason="Told afterwards")
    assert found(Service) == []


def test_raw_delete_is_found():
    customer = factories.customer()
    Customer.objects.filter(pk=customer.pk)._raw_delete("default")
    assert found(Customer) == [f"catalog.customer {customer.pk}: it was deleted without history"]


def test_told_delete_is_fine():
    customer = factories.customer()
    customer.delete()
    assert found(Customer) == []


def test_row_that_came_back_is_found():
    customer = factories.customer()
    key, name, slug = customer.pk, customer.name, customer.slug
    customer.delete()
    Customer.objects.bulk_create([Customer(pk=key, name=name, slug=slug)])
    assert found(Customer) == [f"catalog.customer {key}: its history says that it was deleted"]


def test_json_names_each_difference():
    service = factories.service()
    Service.objects.filter(pk=service.pk).update(description="x")
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("audit_reconcile", "catalog.service", json=True, stdout=out)
    body = json.loads(out.getvalue())
    assert body["differences"] == [
        {
            "model": "catalog.service",
            "key": str(service.pk),
            "what": "description changed without history",
        }
    ]


@pytest.mark.parametrize("label", ["nowhere.model", "nonsense", "audit.auditevent"])
def test_unknown_model_is_refused(label):
    with pytest.raises(CommandError) as error:
        run(label)
    assert error.value.returncode == 2


def test_batches_join_and_cost_by_batch():
    services = [factories.service() for _ in range(7)]
    Service.objects.filter(pk=services[6].pk).update(name="Last")
    Service.objects.filter(pk=services[0].pk).update(name="First")
    with CaptureQueriesContext(connection) as queries:
        differences = list(reconcile.differences([Service], batch=3))
    assert [d.key for d in differences] == [services[0].pk, services[6].pk]
    assert len(queries) <= 3 * 4 + 2 * 3


def test_every_audited_model_is_compared():
    from simple_history.models import registered_models

    kept = {m for m in registered_models.values() if m._meta.app_label != "account"}
    assert set(reconcile.audited_models()) == kept

"""History says who, why and from where, whichever door the change came through."""

import io

import pytest
from django.core.management import call_command
from django.test import Client

from itsm.catalog.models import Service
from itsm.core import commands, context, history
from itsm.people import roles
from itsm.people.models import User
from itsm.people.system import system_user
from itsm.timers import sweep
from itsm.timers.actions import arm
from itsm.timers.models import spec
from itsm.timers.registry import handlers
from tests import factories
from tests.core import probes

pytestmark = pytest.mark.django_db


def rename_by(user, service):
    return probes.rename(service, by=user, name="Renamed")


def test_portal_is_named_with_request_and_address(monkeypatch):
    from itsm.tickets.models import Ticket

    worker = factories.responder()
    ticket = factories.ticket(by=worker)
    client = Client(REMOTE_ADDR="203.0.113.7")
    client.force_login(worker, backend="itsm.people.backends.PersonBackend")
    client.post(
        f"{ticket.get_absolute_url()}triage/",
        headers={"X-Request-ID": "abc-12345678"},
    )
    row = ticket.history.first()
    assert Ticket.objects.get(pk=ticket.pk).state == "triaged"
    assert (row.history_user_id, row.history_origin) == (worker.pk, "portal")
    assert (row.history_request_id, row.history_address) == ("abc-12345678", "203.0.113.7")


def test_job_is_named_with_the_portals_own_identity():
    service = factories.service()

    def handler(timer):
        record = Service.objects.get(pk=timer.target_id)
        record.description = "By the clock"
        record.save()
        return "Done"

    handlers["probe"] = handler
    try:
        arm([spec("probe", service, factories.hours_ago(1))])
        sweep.sweep()
    finally:
        del handlers["probe"]
    row = service.history.first()
    assert (row.history_user_id, row.history_origin) == (system_user().pk, "job")


def test_command_line_is_named():
    call_command(
        "create_integration", "generic", "Nagios", stdout=io.StringIO(), stderr=io.StringIO()
    )
    from incidents.models import Integration

    row = Integration.objects.get(name="Nagios").history.first()
    assert row.history_origin == "command"


@pytest.mark.parametrize(
    ("path", "origin"),
    [("/admin/x/", "admin"), ("/api/v1/x", "api"), ("/tickets/", "portal"), ("/", "portal")],
)
def test_door_follows_from_the_path(path, origin, rf):
    from itsm.core.middleware import RequestContext

    seen = []

    def inside(request):
        seen.append(context.current())
        from django.http import HttpResponse

        return HttpResponse()

    RequestContext(inside)(rf.get(path))
    assert seen[0].origin == origin
    assert context.current().origin == "job"


def test_no_secret_is_in_any_history():
    from simple_history.models import registered_models

    secret = {"password", "last_login", "key_hash", "previous_key_hash"}
    for model in registered_models.values():
        names = {field.name for field in model.history.model._meta.fields}
        assert not names & secret, model


def test_history_of_a_deleted_author_stays_readable():
    author = factories.person()
    service = factories.service()
    rename_by(author, service)
    row = service.history.first()
    assert row.history_user == author
    User.objects.get_queryset().filter(pk=author.pk)._raw_delete("default")
    row = service.history.first()
    assert (row.history_user_id, row.history_user) == (author.pk, None)


def test_bulk_rows_have_history_like_single_ones():
    by = factories.person(roles.OPS_MANAGER)
    made = Service.objects.bulk_create(
        [Service(name=f"Bulk {n}", slug=f"bulk-{n}") for n in range(3)]
    )
    with context.use(user=by, origin=context.API, request_id="r-1", address="198.51.100.4"):
        history.write_many(made, reason="Imported")
    row = made[0].history.get()
    assert (row.history_user_id, row.history_origin) == (by.pk, "api")
    assert (row.history_change_reason, row.history_type) == ("Imported", "+")
    assert (row.history_request_id, row.history_address) == ("r-1", "198.51.100.4")
    assert row.name == "Bulk 0"
    history.write_many([], reason="x")


def test_reason_of_any_length_is_kept():
    service = factories.service()
    commands.save(service, reason="why " * 2000)
    assert len(service.history.first().history_change_reason) == 8000


def test_reason_does_not_stick_to_the_next_save():
    """A record that is saved twice must not tell the first reason again."""
    service = factories.service()
    by = factories.person()
    service = probes.rename(service, by=by, name="One")
    service.description = "Two"
    commands.save(service)
    assert service.history.first().history_change_reason == ""

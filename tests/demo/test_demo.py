"""`manage.py demo`: loads once into an empty database; its sign-ins work and are nowhere else."""

import re
import stat

import pytest
from django.apps import apps
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, models
from django.urls import reverse

from incidents.models import Incident, Integration
from itsm.catalog.models import Account, Resource
from itsm.core import context
from itsm.demo import live, loading, sign_ins, story
from itsm.demo.estate import is_late
from itsm.demo.people import PEOPLE
from itsm.people import roles
from itsm.people.models import User
from itsm.tickets.models import Ticket
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def loaded(capsys) -> str:
    call_command("demo")
    return str(capsys.readouterr().out)


def counts() -> dict[str, int]:
    every: list[type[models.Model]] = list(apps.get_models())
    return {model._meta.label: model._default_manager.count() for model in every}


def passwords() -> dict[str, str]:
    """User name → password, as a person reads them off the file."""
    row = re.compile(r"^  .+?  +([a-z]+)  +([a-z0-9]{4}(?:-[a-z0-9]{4}){2})  ", re.MULTILINE)
    return dict(row.findall(known()))


def known() -> str:
    text = sign_ins.read()
    assert text is not None
    return text


def test_sign_ins_are_printed_and_written_for_the_owner_only(loaded):
    assert known() in loaded
    assert stat.S_IMODE(sign_ins.path().stat().st_mode) == 0o600


def test_every_role_signs_in(loaded, rf):
    given = passwords()
    assert len(given) == len(PEOPLE) == len(set(given.values()))
    for person in PEOPLE:
        request = rf.post("/accounts/login/")
        user = authenticate(request, username=person.username, password=given[person.username])
        assert user is not None
        assert user.group_names == {person.role}
    assert {person.role for person in PEOPLE} == set(roles.ALL)


def test_one_of_them_signs_in_on_the_page(loaded, client):
    answer = client.post(
        reverse("account_login"), {"login": "amara", "password": passwords()["amara"]}
    )
    assert answer.status_code == 302


def test_no_password_and_no_key_is_in_the_database(loaded, caplog):
    """In no column of any table, as plain text."""
    secrets = [*passwords().values(), known().rsplit("/", 1)[1].strip()]
    for model in apps.get_models():
        for values in model._default_manager.values_list():
            row = repr(values)
            assert not any(secret in row for secret in secrets), model
    assert not any(secret in caplog.text for secret in secrets)


def test_ops_180_is_the_story_and_the_next_ticket_counts_on(loaded):
    ticket = Ticket.objects.get(pk=180)
    assert ticket.reference == "OPS-180"
    assert (ticket.title, ticket.type) == (story.TITLE, "change")
    assert ticket.ticket_accounts.count() == 17
    labels = {str(row.label) for row in ticket.ticket_labels.all()}
    assert {
        *("cr:normal", "service:ec2", "tier:important", "itsm-type:change", "blast:multi-service")
    } <= labels
    assert ticket.attachments.count() == 2
    assert ticket.history.filter(history_type="+").count() == 1
    last = Ticket.objects.order_by("-pk")[0].pk
    assert factories.ticket().pk == last + 1


def test_the_inventories_agree_with_the_catalog(loaded):
    assert Account.objects.count() == 17
    assert all(re.fullmatch(r"\d{12}", account.number) for account in Account.objects.all())
    resources = list(Resource.objects.select_related("account"))
    assert len({resource.identifier for resource in resources}) == 117
    early = [resource for resource in resources if not is_late(resource)]
    assert (len(early), len({resource.account_id for resource in early})) == (110, 16)
    untagged = [resource for resource in resources if resource.environment == "staging"]
    assert (len(untagged), len({resource.account_id for resource in untagged})) == (23, 4)


def test_there_is_an_incident_in_every_state(loaded):
    assert set(Incident.objects.values_list("state", flat=True)) >= {
        *("detected", "investigating", "identified", "mitigated", "resolved", "closed"),
        *("cancelled", "merged"),
    }
    assert Incident.objects.filter(ticket__source="import").count() > 150
    assert set(Incident.objects.values_list("level", flat=True)) == {0, 1, 2, 3, 4}


def test_the_alertmanager_address_takes_alerts(loaded, client):
    address = re.search(r"http\S+/api/\S+", known())
    assert address is not None
    path = "/" + address[0].split("/", 3)[3]
    assert Integration.objects.get().kind == "alertmanager"
    alert = {"status": "firing", "labels": {"alertname": "Disk", "service": "message-bus"}}
    answer = client.post(path, {"version": "4", "alerts": [alert]}, content_type="application/json")
    assert answer.status_code == 201


def test_a_second_call_keeps_the_data_and_prints_the_same(loaded, capsys):
    before = counts()
    call_command("demo")
    assert capsys.readouterr().out == known() + ("" if known().endswith("\n") else "\n")
    call_command("demo", if_empty=True)
    assert capsys.readouterr().out == ""
    assert counts() == before


def test_data_of_others_is_not_touched(capsys):
    factories.ticket()
    before = counts()
    call_command("demo", if_empty=True)
    with pytest.raises(CommandError, match="not the demo's"):
        call_command("demo")
    assert counts() == before
    assert sign_ins.read() is None


def test_a_load_that_fails_leaves_nothing(monkeypatch):
    def fails(*_):
        raise RuntimeError("power cut")

    before = counts()
    monkeypatch.setattr(live, "perform", fails)
    with pytest.raises(RuntimeError, match="power cut"):
        loading.load()
    assert counts() == before
    assert loading.is_empty()
    assert sign_ins.read() is None


def test_everything_has_its_history(loaded):
    """Nobody and nothing of the demo data came in beside the trail."""
    for model in (User, Ticket, Incident, Account, Resource):
        created = model.history.filter(history_type="+").values("pk")
        assert created.count() >= model._default_manager.count()


def test_the_key_of_the_next_ticket_is_set_on_this_database():
    with context.use(origin=context.COMMAND):
        story.next_key(500)
        assert factories.ticket().pk == 500
        assert factories.ticket().pk == 501
    assert connection.vendor in {"sqlite", "postgresql"}

"""`create_integration` and `rotate_integration`, and who may."""

import io
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command

from incidents.intake import actions
from incidents.models import Integration
from itsm.core.errors import Invalid, NotAllowed
from itsm.people.system import system_user
from tests import factories
from tests.incidents.intake.conftest import firing, post

pytestmark = pytest.mark.django_db


def told(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


def test_created_address_works_and_the_key_is_stored_as_a_hash_only():
    service = factories.service(slug="checkout")
    address = told(
        "create_integration", "generic", "Nagios", "--service", "checkout", "--rate", "7"
    )
    path = urlsplit(address).path
    key = path.rpartition("/")[2]
    integration = Integration.objects.get()
    assert len(key) >= 32
    assert integration.key_hint == key[-4:]
    assert (integration.service, integration.rate_per_minute) == (service, 7)
    stored = [
        *Integration.objects.values().get().values(),
        *integration.history.values().get().values(),
    ]
    assert key not in map(str, stored)
    row = integration.history.get()
    assert (row.history_user_id, row.history_origin) == (system_user().pk, "command")
    assert post(path, firing()).status_code == 201


def test_rotated_address_works_beside_the_old_one():
    old = urlsplit(told("create_integration", "generic", "Nagios")).path
    new = urlsplit(told("rotate_integration", "Nagios")).path
    assert old != new
    assert post(new, firing()).status_code == 201
    assert post(old, firing()).status_code == 200
    assert Integration.objects.get().history.count() == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("create_integration", "generic", "Taken"),
        ("create_integration", "generic", "New", "--service", "nobody"),
        ("rotate_integration", "Nobody"),
    ],
)
def test_mistake_on_the_command_line_is_told_in_a_sentence(arguments):
    told("create_integration", "generic", "Taken")
    with pytest.raises(CommandError, match="There is"):
        told(*arguments)


def test_only_ops_managers_and_the_portal_itself_set_up_integrations():
    assert actions.create(by=factories.ops_manager(), kind="generic", name="A")
    integration, _ = actions.create(by=system_user(), kind="generic", name="B")
    for other in (factories.responder(), factories.commander(), factories.machine()):
        with pytest.raises(NotAllowed):
            actions.create(by=other, kind="generic", name="C")
        with pytest.raises(NotAllowed):
            actions.rotate(integration, by=other)


def test_unknown_kind_is_refused():
    with pytest.raises(Invalid, match="alertmanager"):
        actions.create(by=system_user(), kind="pigeon", name="A")

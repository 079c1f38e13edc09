"""Entries of the trail: grants and revocations in every way that Django knows."""

import pytest
from django.contrib.auth.models import Group, Permission

from itsm.audit.models import AuditEvent
from itsm.core import context
from itsm.people import roles
from tests import factories

pytestmark = pytest.mark.django_db


def entries(kind):
    rows = AuditEvent.objects.filter(kind=kind).order_by("pk")
    return [(row.target, row.target_id, row.data.get("names")) for row in rows]


@pytest.fixture
def person():
    return factories.person()


def group(name):
    return Group.objects.get(name=name)


def forget(person):
    return AuditEvent.objects.count()


def test_groups_added_and_removed(person):
    person.groups.add(group(roles.RESPONDER), group(roles.CAB_REVIEWER))
    person.groups.add(group(roles.RESPONDER))
    person.groups.remove(group(roles.RESPONDER))
    assert entries("granted") == [("people.user", person.pk, [roles.CAB_REVIEWER, roles.RESPONDER])]
    assert entries("revoked") == [("people.user", person.pk, [roles.RESPONDER])]


def test_groups_cleared(person):
    person.groups.add(group(roles.RESPONDER), group(roles.CAB_REVIEWER))
    person.groups.clear()
    assert entries("revoked") == [("people.user", person.pk, [roles.CAB_REVIEWER, roles.RESPONDER])]
    person.groups.clear()
    assert len(entries("revoked")) == 1


def test_groups_set_tells_both_sides(person):
    person.groups.set([group(roles.RESPONDER)])
    person.groups.set([group(roles.AUDITOR)])
    assert entries("revoked") == [("people.user", person.pk, [roles.RESPONDER])]
    assert entries("granted")[-1] == ("people.user", person.pk, [roles.AUDITOR])
    person.groups.set([group(roles.REQUESTER)], clear=True)
    assert entries("revoked")[-1] == ("people.user", person.pk, [roles.AUDITOR])


def test_grants_from_the_side_of_the_group(person):
    responders = group(roles.RESPONDER)
    responders.user_set.add(person)
    responders.user_set.clear()
    assert entries("granted") == [("auth.group", responders.pk, [str(person)])]
    assert entries("revoked") == [("auth.group", responders.pk, [str(person)])]


def test_permissions_of_people_and_groups(person):
    permission = Permission.objects.get(codename="work_ticket")
    person.user_permissions.add(permission)
    person.user_permissions.clear()
    group(roles.CUSTOMER).permissions.set([permission])
    group(roles.CUSTOMER).permissions.clear()
    assert [target for target, _, _ in entries("granted")] == ["people.user", "auth.group"]
    assert [target for target, _, _ in entries("revoked")] == ["people.user", "auth.group"]


def test_entry_says_by_whom_and_from_where(person):
    manager = factories.person(roles.OPS_MANAGER)
    with context.use(user=manager, origin=context.ADMIN, request_id="r-1", address="203.0.113.5"):
        person.groups.add(group(roles.AUDITOR))
    entry = AuditEvent.objects.filter(kind="granted").latest("pk")
    assert (entry.actor_id, entry.actor_name) == (manager.pk, str(manager))
    assert (entry.origin, entry.request_id, entry.address) == ("admin", "r-1", "203.0.113.5")


def test_refusal_of_a_long_story_fits():
    from itsm.audit.trail import record_refusal
    from itsm.core.commands import Refusal
    from itsm.core.errors import NotAllowed

    record_refusal(Refusal("x" * 300, None, None, NotAllowed("y" * 900)))
    assert len(AuditEvent.objects.get().summary) == 400

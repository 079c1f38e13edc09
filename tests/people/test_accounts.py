"""Commands on accounts and what people are reached by."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from itsm.audit.models import AuditEvent
from itsm.core.errors import NotAllowed, WrongState
from itsm.people import actions, roles
from itsm.people.models import ContactMethod, Membership, User, validate_time_zone
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return factories.person(roles.OPS_MANAGER)


def test_deactivate_and_reactivate_leave_history(manager):
    person = factories.person()
    actions.deactivate(person, by=manager, reason="Left")
    assert not User.objects.reachable().filter(pk=person.pk).exists()
    actions.reactivate(person, by=manager, reason="Back")
    reasons = list(person.history.values_list("history_change_reason", flat=True)[:2])
    assert reasons == ["Back", "Left"]


@pytest.mark.parametrize("group", [g for g in roles.ALL if g != roles.OPS_MANAGER])
def test_only_ops_managers_manage_accounts(group):
    by, person = factories.person(group), factories.person()
    for command in (
        lambda: actions.deactivate(person, by=by, reason="x"),
        lambda: actions.unlock(person, by=by),
        lambda: actions.issue_password_link(person, by=by),
    ):
        with pytest.raises(NotAllowed):
            command()
    assert User.objects.get(pk=person.pk).is_active
    assert AuditEvent.objects.filter(kind=AuditEvent.Kind.REFUSED).count() == 3


def test_machines_manage_nobody():
    by = factories.machine(roles.OPS_MANAGER)
    with pytest.raises(NotAllowed):
        actions.deactivate(factories.person(), by=by, reason="x")


def test_wrong_state_comes_before_who_may(manager):
    person = factories.person()
    with pytest.raises(WrongState):
        actions.reactivate(person, by=manager, reason="x")
    actions.deactivate(person, by=manager, reason="x")
    with pytest.raises(WrongState):
        actions.deactivate(person, by=factories.person(), reason="x")


def test_link_works_once(manager, client):
    person = factories.person()
    link = actions.issue_password_link(person, by=manager)
    path = "/" + link.split("/", 3)[3]
    page = client.get(path, follow=True)
    new = {"password1": "mountain river lamp", "password2": "mountain river lamp"}
    client.post(page.redirect_chain[-1][0], new)
    assert User.objects.get(pk=person.pk).check_password("mountain river lamp")
    from django.test import Client

    again = Client().get(path, follow=True)
    assert b"password1" not in again.content


@pytest.mark.parametrize(
    ("kind", "address", "good"),
    [
        ("sms", "+64211234567", True),
        ("phone", "+4915112345678", True),
        ("sms", "0211234567", False),
        ("sms", "+64 21 123", False),
        ("phone", "+0123456789", False),
        ("email", "a@example.test", True),
        ("email", "a@", False),
        ("email", "a@b.c\nBcc: x@y.z", False),
        ("push", "https://chat.example.test/hook", True),
    ],
)
def test_contact_method_is_checked_by_its_kind(kind, address, good):
    method = ContactMethod(user=factories.person(), kind=kind, address=address)
    if good:
        method.full_clean()
        return
    with pytest.raises(ValidationError):
        method.full_clean()


def test_contact_method_once_per_person():
    person = factories.person()
    ContactMethod.objects.create(user=person, kind="sms", address="+64211234567")
    with pytest.raises(IntegrityError), transaction.atomic():
        ContactMethod.objects.create(user=person, kind="sms", address="+64211234567")


def test_one_account_per_address_whatever_the_spelling():
    factories.person(email="Ana@Example.test")
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.person(email="ana@example.TEST")
    factories.person(email="")
    factories.person(email="")


def test_current_members_are_those_who_are_in_and_reachable():
    here, left, gone = factories.person(), factories.person(), factories.person(is_active=False)
    team = factories.team(here, left, gone)
    Membership.objects.filter(user=left).update(
        ended_at="2026-01-01T00:00Z", started_at="2025-01-01T00:00Z"
    )
    assert list(team.current_members()) == [here]


def test_membership_ends_after_it_starts():
    team = factories.team(factories.person())
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(team=team).update(ended_at="2000-01-01T00:00Z")


@pytest.mark.parametrize("name", ["Europe/Paris", "UTC", "Pacific/Auckland"])
def test_time_zone_by_name(name):
    validate_time_zone(name)


@pytest.mark.parametrize("name", ["", "Mars/Base", "../etc/passwd", "UTC+3", "europe/paris"])
def test_unknown_time_zone_is_refused(name):
    with pytest.raises(ValidationError):
        validate_time_zone(name)


def test_user_is_never_deleted_while_records_name_them():
    from django.db.models import ProtectedError

    worker = factories.responder()
    factories.ticket(by=worker)
    with pytest.raises(ProtectedError):
        worker.delete()

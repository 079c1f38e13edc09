"""Transactional tests leave the database as the migrations made it, guards included."""

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, InternalError, connection

from itsm.audit import guards
from itsm.people.models import User
from itsm.people.roles import SYSTEM_USERNAME


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_transactional_test_finds_what_the_migrations_brought(turn: str):
    assert not User.objects.filter(username="left-over").exists()
    assert User.objects.filter(username=SYSTEM_USERNAME).exists()
    assert Group.objects.filter(permissions__isnull=False).exists()
    User.objects.create_user("left-over")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ["first", "second"])
def test_append_only_tables_are_guarded_in_each_transactional_test(turn: str):
    history = User.history.model._meta.db_table
    User.objects.create_user("somebody")
    assert guards.check_guards(databases=["default"]) == []
    with (
        pytest.raises((IntegrityError, InternalError), match="append-only"),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"delete from {history}")

"""The database itself refuses to change the trail, whoever asks and however."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone
from simple_history.models import registered_models

from itsm.audit import guards
from itsm.audit.models import AuditEvent
from itsm.catalog.models import Customer
from itsm.tickets.models import Attachment, Comment, StateChange
from tests import factories
from tests.rows import make

pytestmark = pytest.mark.django_db

HISTORIES = [m.history.model for m in registered_models.values()]
TABLES = guards.tables()


def refused(statement, params=()):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params)


def count(table):
    with connection.cursor() as cursor:
        cursor.execute(f'select count(*) from "{table}"')
        return cursor.fetchone()[0]


def fill(table):
    """A row in the table: of the model itself, or the history row that saving one leaves."""
    for model in [*registered_models.values(), AuditEvent, *apps.get_models()]:
        history = getattr(model, "history", None)
        if getattr(history, "model", model)._meta.db_table == table:
            row = make(model, factories.responder())
            if history is not None:
                row.save()
            return


@pytest.mark.parametrize("table", TABLES)
def test_raw_sql_is_refused_on_every_guarded_table(table):
    fill(table)
    before = count(table)
    assert before > 0
    with connection.cursor() as cursor:
        cursor.execute(f'select * from "{table}" limit 1')
        column = cursor.description[-1][0]
        key = cursor.description[0][0]
    refused(f'update "{table}" set "{column}" = "{column}"')
    refused(f'delete from "{table}"')
    refused(f'delete from "{table}" where "{key}" is not null')
    if connection.vendor == "postgresql":
        refused(f'truncate "{table}" cascade')
        refused(f'truncate "{table}" restart identity cascade')
    else:
        refused(f'insert or replace into "{table}" select * from "{table}"')
        refused(f'replace into "{table}" select * from "{table}" limit 1')
    assert count(table) == before


@pytest.mark.parametrize("model", [AuditEvent, Comment, StateChange, Attachment])
def test_orm_is_refused_on_append_only_models(model):
    row = make(model, factories.responder())
    field = next(
        f for f in model._meta.fields if isinstance(f, models.CharField | models.TextField)
    )
    for attempt in (
        row.delete,
        row.save,
        lambda: model.objects.all().delete(),
        lambda: model.objects.update(**{field.name: ""}),
        lambda: model.objects.bulk_update([row], [field.name]),
    ):
        with pytest.raises((DatabaseError, models.ProtectedError)), transaction.atomic():
            attempt()
    assert model.objects.filter(pk=row.pk).exists()


def test_orm_is_refused_on_history():
    customer = factories.customer()
    row = customer.history.first()
    for attempt in (
        row.delete,
        row.save,
        lambda: Customer.history.all().delete(),
        lambda: Customer.history.update(name="x"),
        lambda: Customer.history.bulk_update([row], ["name"]),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    assert customer.history.get().name == customer.name


def test_every_history_table_is_guarded():
    assert {model._meta.db_table for model in HISTORIES} <= set(TABLES)
    assert guards.check_guards(databases=["default"]) == []
    assert guards.missing(connection) == []


def drop_one(table):
    name = next(name for where, name in guards.installed(connection) if where == table)
    with connection.cursor() as cursor:
        on = f' on "{table}"' if connection.vendor == "postgresql" else ""
        cursor.execute(f'drop trigger "{name}"{on}')


def test_missing_guard_is_found_and_put_back():
    drop_one("audit_auditevent")
    (found,) = guards.check_guards(databases=["default"])
    assert found.id == "audit.E001"
    assert "audit_auditevent" in found.msg
    with pytest.raises(SystemCheckError):
        call_command("check", databases=["default"])
    call_command("migrate", skip_checks=True, verbosity=0)
    assert guards.check_guards(databases=["default"]) == []


def test_guards_come_back_after_a_table_is_rebuilt():
    """SQLite makes a new table for most alterations and forgets the triggers of the old one."""
    history = Customer.history.model
    old = history._meta.get_field("history_origin")
    new = models.CharField(max_length=11, default="job")
    new.set_attributes_from_name("history_origin")
    new.model = history
    constraints = connection.disable_constraint_checking if connection.vendor == "sqlite" else None
    if constraints is None:
        with connection.schema_editor() as editor:
            editor.alter_field(history, old, new, strict=True)
    else:
        with connection.cursor() as cursor:
            table = history._meta.db_table
            cursor.execute(f'create table rebuilt as select * from "{table}"')
            cursor.execute(f'drop table "{table}"')
            cursor.execute(f'alter table rebuilt rename to "{table}"')
        assert guards.missing(connection)
    call_command("migrate", skip_checks=True, verbosity=0)
    assert guards.missing(connection) == []
    factories.customer()
    refused(f'update "{history._meta.db_table}" set name = name')


def test_installing_again_changes_nothing(django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        guards.install()
    assert guards.missing(connection) == []


def test_lifting_works_in_test_databases_only():
    if connection.vendor != "postgresql":
        assert guards.missing(connection) == []
        return
    with connection.cursor() as cursor:
        cursor.execute("select prosrc from pg_proc where proname = 'itsm_append_only'")
        assert "current_database() like 'test" in cursor.fetchone()[0]


def test_rows_are_still_added():
    AuditEvent.objects.create(kind="refused", summary="x", origin="portal", at=timezone.now())
    customer = factories.customer()
    customer.name = "Changed"
    customer.save()
    assert customer.history.count() == 2

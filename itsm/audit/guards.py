"""Database triggers that refuse UPDATE and DELETE on append-only tables, whoever asks.

They cover every history table and every model with `append_only = True`, on SQLite and
PostgreSQL, and are put back after each migrate: SQLite drops triggers when it rebuilds a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from simple_history.models import registered_models

_FUNCTION = r"""
create or replace function itsm_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' and current_database() like 'test\_%'
     and current_setting('itsm.lift_guards', true) = 'on' then
    return null;
  end if;
  raise exception 'append-only table %', tg_table_name using errcode = 'restrict_violation';
end $$
"""


def tables() -> list[str]:
    """The append-only tables, by name."""
    history = [m.history.model._meta.db_table for m in registered_models.values()]
    marked = [m._meta.db_table for m in apps.get_models() if getattr(m, "append_only", False)]
    return sorted({*history, *marked})


def installed(connection: BaseDatabaseWrapper) -> set[tuple[str, str]]:
    """Table and trigger name of the guards that are there now."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "select c.relname, t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid "
                "where t.tgname like 'append_only_%%' and pg_table_is_visible(c.oid)"
            )
        else:
            cursor.execute(
                "select tbl_name, name from sqlite_master "
                "where type = 'trigger' and name like 'append_only_%%'"
            )
        return set(cursor.fetchall())


def _wanted(connection: BaseDatabaseWrapper) -> dict[tuple[str, str], str]:
    """What should be there: (table, trigger name) → the statement that makes it."""
    present = set(connection.introspection.table_names())
    wanted: dict[tuple[str, str], str] = {}
    for table in tables():
        if table not in present:
            continue
        if connection.vendor == "postgresql":
            wanted[table, "append_only_row"] = (
                f'create trigger append_only_row before update or delete on "{table}" '
                "for each row execute function itsm_append_only()"
            )
            wanted[table, "append_only_truncate"] = (
                f'create trigger append_only_truncate before truncate on "{table}" '
                "for each statement execute function itsm_append_only()"
            )
            continue
        for operation in ("update", "delete"):
            name = f"append_only_{operation}_{table}"
            wanted[table, name] = (
                f'create trigger "{name}" before {operation} on "{table}" '
                f"begin select raise(abort, 'append-only table {table}'); end"
            )
    return wanted


def missing(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """Table and name of each guard that should be there and is not."""
    there = installed(connection)
    return [key for key in _wanted(connection) if key not in there]


def install(using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """Put every missing guard in place. Receiver of `post_migrate`; cheap when all are there."""
    connection = connections[using]
    there = installed(connection)
    lacking = {key: sql for key, sql in _wanted(connection).items() if key not in there}
    if not lacking:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_FUNCTION)
        for statement in lacking.values():
            cursor.execute(statement)


@contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """For test databases only: let the block empty guarded tables."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("set itsm.lift_guards = 'on'")
        else:
            for _, name in installed(connection):
                cursor.execute(f'drop trigger "{name}"')
    try:
        yield
    finally:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("set itsm.lift_guards = 'off'")
        else:
            install(connection.alias)


def check_guards(
    app_configs: Any = None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """System check (`check --database default`): every append-only table is guarded."""
    found: list[CheckMessage] = []
    for alias in databases or []:
        found += [
            Error(
                f"The append-only table {table} lacks its trigger {name}.",
                hint="Run `manage.py migrate --skip-checks`: it puts the guards back.",
                id="audit.E001",
            )
            for table, name in missing(connections[alias])
        ]
    return found

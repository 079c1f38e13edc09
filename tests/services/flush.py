"""Empty the tables after a transactional test, and put back what the migrations brought.

Django's own flush would be refused by the append-only guards, and would leave a portal without
roles, vocabularies and its system user: a state that no portal is ever in.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.management.commands import flush
from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from itsm.audit import guards

original_handle = flush.Command.handle


class Rows:
    """The rows of one table, as they were after the migrations."""

    def __init__(self, model: type[models.Model], connection: BaseDatabaseWrapper) -> None:
        quote = connection.ops.quote_name
        names = [field.column for field in model._meta.local_concrete_fields if not field.generated]
        columns = ", ".join(quote(name) for name in names if name)
        self.table = quote(model._meta.db_table)
        self.insert = (
            f"insert into {self.table} ({columns}) values ({', '.join(['%s'] * len(names))})"
        )
        with connection.cursor() as cursor:
            cursor.execute(f"select {columns} from {self.table}")
            self.values: Sequence[tuple[Any, ...]] = [
                tuple(_storable(value) for value in row) for row in cursor.fetchall()
            ]

    def put_back(self, connection: BaseDatabaseWrapper) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(self.insert, self.values)


def _storable(value: Any) -> Any:
    """SQLite's driver reads times of day and does not write them."""
    return value.isoformat() if isinstance(value, dt.time) else value


def rows_after_migration(connection: BaseDatabaseWrapper) -> list[Rows]:
    """Of every table that has some; raw, so no signal, history or audit event comes of them."""
    tables = [
        Rows(model, connection)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]
    return [rows for rows in tables if rows.values]


def handle_for(initial: dict[str, list[Rows]]) -> Any:
    """A `flush` for test databases: guards lifted, then the initial rows in one transaction."""

    def handle(self: flush.Command, **options: Any) -> None:
        alias = options["database"]
        # What `post_migrate` would make anew is among the rows.
        with guards.lifted(connections[alias]):
            original_handle(self, **{**options, "inhibit_post_migrate": True})
        with transaction.atomic(alias):
            for rows in initial[alias]:
                rows.put_back(connections[alias])

    return handle

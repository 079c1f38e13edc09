"""Writing many rows quickly, with their history: the one raw path beside `commands.save`.

For records that machines make at a high rate. Rows go to the database as one JSON document, which
costs a fifth of one parameter for each value, and the text of a statement does not depend on how
many rows there are. No signal is sent and nothing is validated: the caller has cut and cleaned
every text.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.db import connection, models
from django.utils import timezone

from itsm.core import context

_ABOUT = (
    "history_date",
    "history_type",
    "history_user_id",
    "history_change_reason",
    "history_origin",
    "history_request_id",
    "history_address",
)


def insert(records: Sequence[models.Model], *, reason: str | None = None) -> None:
    """Insert records of one model, in order, and set their keys.

    With a `reason` each gets the history row that tells of its making; the actor and the door are
    the context's. One statement (SQLite: two with history).
    """
    if not records:
        return
    plan = _plan(type(records[0]), connection.vendor)
    rows = [plan.row(record) for record in records]
    if reason is None:
        _set_keys(records, run(plan.plain, [as_json(rows)]))
    else:
        _insert_with_history(plan, records, rows, reason)


def append(records: Sequence[models.Model]) -> None:
    """Insert records whose keys nobody asks for, within `together` when there is one."""
    if records:
        plan = _plan(type(records[0]), connection.vendor)
        later(plan.bare, [as_json([plan.row(record) for record in records])])


def insert_rows(
    model: type[models.Model], rows: Sequence[dict[str, Any]], *, ignore_conflicts: bool = False
) -> None:
    """Insert rows of a model given as columns and values, all with the same columns.

    A column that is left out is null. With `ignore_conflicts` a row that breaks a unique constraint
    is left out. Within `together` when there is one.
    """
    if not rows:
        return
    table, columns = model._meta.db_table, list(rows[0])
    bare = f'insert into "{table}" ({names(columns)}) {recordset(table, columns)}'
    later(
        f"{bare} where true on conflict do nothing" if ignore_conflicts else bare, [as_json(rows)]
    )


def _insert_with_history(
    plan: Plan, records: Sequence[models.Model], rows: list[dict[str, Any]], reason: str
) -> None:
    about = _about(reason)
    if plan.with_history:
        _set_keys(records, run(plan.with_history, [as_json(rows), as_json([about])]))
        return
    _set_keys(records, run(plan.plain, [as_json(rows)]))
    told = [
        {plan.key: record.pk, **row, **about} for record, row in zip(records, rows, strict=True)
    ]
    run(plan.history, [as_json(told)])


def _about(reason: str) -> dict[str, Any]:
    here = context.current()
    user = here.user.pk if here.user else None
    door = (here.origin, here.request_id, here.address)
    return dict(zip(_ABOUT, (timezone.now(), "+", user, reason, *door), strict=True))


def _set_keys(records: Sequence[models.Model], keys: Iterable[tuple[Any]]) -> None:
    for record, (key,) in zip(records, keys, strict=True):
        record.pk = key
        record._state.adding, record._state.db = False, connection.alias


# Rows as JSON


def recordset(table: str, columns: Sequence[str]) -> str:
    """SQL: rows of `columns`, typed as in `table`, in the order of the JSON list for its `%s`."""
    if connection.vendor == "postgresql":
        source = f'json_populate_recordset(null::"{table}", %s)'
        return f"select {names(columns)} from {source}"  # noqa: S608 (our own names)
    parts = ", ".join(f"json_extract(value, '$.{column}') as \"{column}\"" for column in columns)
    return f"select {parts} from json_each(%s)"  # noqa: S608 (our own names)


def names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """The parameter of `recordset`."""
    default = str if connection.vendor == "postgresql" else _for_sqlite
    return json.dumps(rows, ensure_ascii=False, default=default)


def _for_sqlite(value: Any) -> str:
    """What JSON has no form for, as Django writes it to SQLite."""
    if isinstance(value, dt.datetime):
        return str(value.astimezone(dt.UTC).replace(tzinfo=None))
    return str(value)


_waiting: ContextVar[list[tuple[str, Sequence[Any]]] | None] = ContextVar("waiting", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Writes of the block whose results nobody needs go to the database at its end, as one.

    They must be independent of each other: PostgreSQL runs them side by side in one statement.
    """
    token = _waiting.set([])
    try:
        yield
        waiting = _waiting.get() or []
    finally:
        _waiting.reset(token)
    if connection.vendor != "postgresql":
        for statement, values in waiting:
            run(statement, values)
    elif waiting:
        *parts, (last, _) = waiting
        before = ", ".join(f"part{n} as ({part})" for n, (part, _) in enumerate(parts))
        whole = f"with {before} {last}" if before else last
        run(whole, [value for _, values in waiting for value in values])


def later(statement: str, values: Sequence[Any]) -> None:
    """Run a write that returns nothing: at the end of `together`, or now when there is none."""
    waiting = _waiting.get()
    if waiting is None:
        run(statement, values)
    else:
        waiting.append((statement, values))


def run(statement: str, values: Sequence[Any]) -> list[Any]:
    """Execute, and fetch what the statement returns."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


# What is known of a model beforehand


@dataclass(frozen=True, slots=True)
class Plan:
    """How a model's records are read and written. `with_history`: "" where it takes two steps."""

    key: str
    columns: tuple[str, ...]
    values: Callable[[models.Model], tuple[Any, ...]]
    stamped: tuple[models.Field[Any, Any], ...]
    bare: str
    plain: str
    history: str = ""
    with_history: str = ""

    def row(self, record: models.Model) -> dict[str, Any]:
        for field in self.stamped:
            field.pre_save(record, add=True)
        return dict(zip(self.columns, self.values(record), strict=True))


@functools.cache
def _plan(model: type[models.Model], vendor: str) -> Plan:
    options = model._meta
    fields = [field for field in options.concrete_fields if not field.primary_key]
    columns = tuple(str(field.column) for field in fields)
    key, table = str(options.pk.column), options.db_table
    bare = f'insert into "{table}" ({names(columns)}) {recordset(table, columns)}'
    history = _history(model, key, columns)
    combined = vendor == "postgresql" and history
    return Plan(
        key=key,
        columns=columns,
        values=attrgetter(*(field.attname for field in fields)),
        stamped=tuple(f for f in fields if getattr(f, "auto_now", False)),
        bare=bare,
        plain=f'{bare} returning "{key}"',
        history=history,
        with_history=_with_history(model, bare, key, columns) if combined else "",
    )


def _history(model: type[models.Model], key: str, columns: Sequence[str]) -> str:
    """The statement that writes history rows; "" for a model without history."""
    if not hasattr(model, "history"):
        return ""
    table = model.history.model._meta.db_table
    kept = [key, *_tracked(model, columns), *_ABOUT]
    return f'insert into "{table}" ({names(kept)}) {recordset(table, kept)}'


def _with_history(model: Any, bare: str, key: str, columns: Sequence[str]) -> str:
    """PostgreSQL: the rows, their history, and the keys in the order of the rows."""
    table = model.history.model._meta.db_table
    kept = [key, *_tracked(model, columns)]
    return (
        f"with made as ({bare} returning *), "  # noqa: S608 (our own names)
        f'told as (insert into "{table}" ({names([*kept, *_ABOUT])}) '
        f"select {_of('made', kept)}, {_of('about', _ABOUT)} "
        f'from made, json_populate_recordset(null::"{table}", %s) as about) '
        f'select "{key}" from made'
    )


def _of(source: str, columns: Iterable[str]) -> str:
    return ", ".join(f'{source}."{column}"' for column in columns)


def _tracked(model: Any, columns: Sequence[str]) -> list[str]:
    tracked = {field.column for field in model.history.model.tracked_fields}
    return [column for column in columns if column in tracked]

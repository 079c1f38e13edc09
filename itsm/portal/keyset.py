"""Keyset paging: page 18,000 costs what page 1 costs, and rows do not shift while one pages.

A cursor names the last row seen (its sort value and its key), not a number of rows to skip.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q, QuerySet

from itsm.core.errors import Invalid


@dataclass(frozen=True, slots=True)
class Order:
    """A way to sort: by `field` and then by `key`, both in the same direction.

    `key` is unique and never null. Rows without a value of `field` are left out of this order.
    """

    field: str
    key: str = "pk"
    descending: bool = False

    def names(self, *, backwards: bool = False) -> list[str]:
        sign = "-" if self.descending != backwards else ""
        return [sign + name for name in dict.fromkeys((self.field, self.key))]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows, and the cursors of its neighbours ("" where there is none)."""

    rows: Sequence[Any]
    before: str
    after: str


def read_page(
    queryset: QuerySet[Any], order: Order, *, size: int, after: str = "", before: str = ""
) -> Page:
    """The page behind `after` or in front of `before`; the first page without either."""
    backwards = bool(before)
    if order.field != order.key:
        queryset = queryset.exclude(**{f"{order.field}__isnull": True})
    queryset = queryset.order_by(*order.names(backwards=backwards))
    if cursor := before or after:
        queryset = queryset.filter(_beyond(queryset.model, order, cursor, backwards=backwards))
    rows = list(queryset[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    earlier, later = (more, True) if backwards else (bool(after), more)
    return Page(
        rows,
        before=_encode(rows[0], order) if rows and earlier else "",
        after=_encode(rows[-1], order) if rows and later else "",
    )


def _beyond(model: type[models.Model], order: Order, cursor: str, *, backwards: bool) -> Q:
    value, key = _decode(model, order, cursor)
    side = "lt" if order.descending != backwards else "gt"
    past_key = Q(**{f"{order.key}__{side}": key})
    if order.field == order.key:
        return past_key
    # The first term is implied by the second; it lets the database start at the right index entry.
    return Q(**{f"{order.field}__{side}e": value}) & (
        Q(**{f"{order.field}__{side}": value}) | past_key
    )


def _read(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def _encode(row: Any, order: Order) -> str:
    values = [_read(row, order.field), _read(row, order.key)]
    text = json.dumps(values, cls=DjangoJSONEncoder, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(model: type[models.Model], order: Order, cursor: str) -> tuple[Any, Any]:
    """The two values of a cursor in the types of their fields; a broken one is Invalid (422)."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        value, key = json.loads(text)
        return _typed(model, order.field, value), _typed(model, order.key, key)
    except (ValueError, TypeError, binascii.Error, ValidationError) as error:
        raise Invalid(
            "This link to a page of the list is broken.", hint="Go back to the first page."
        ) from error


def _typed(model: type[models.Model], path: str, value: Any) -> Any:
    *relations, last = path.split("__")
    for name in relations:
        model = model._meta.get_field(name).related_model  # type: ignore[assignment]
    target: Any = model._meta.pk if last == "pk" else model._meta.get_field(last)
    while target.is_relation:
        target = target.target_field
    return target.to_python(value)

"""Choices of filters that come from tables: read once a while, not on each page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import django_filters as filters
from django.db.models import QuerySet

KEEP_SECONDS = 30.0

_kept: dict[str, tuple[float, list[tuple[str, str]]]] = {}


def kept(name: str, read: Callable[[], Iterable[tuple[str, str]]]) -> list[tuple[str, str]]:
    """The choices called `name`, at most half a minute old in this process."""
    now = time.monotonic()
    known = _kept.get(name)
    if known is None or now - known[0] > KEEP_SECONDS:
        known = _kept[name] = (now, list(read()))
    return known[1]


def forget() -> None:
    """Read everything anew (tests)."""
    _kept.clear()


class RecordFilter(filters.ChoiceFilter):
    """Choose one row of a small table, e.g. a service; `none=True` offers "None" as well.

    `rows` gives the queryset; it is read at most twice a minute and filters by foreign key.
    """

    def __init__(
        self, *, name: str, rows: Callable[[], QuerySet[Any]], none: bool = False, **options: Any
    ) -> None:
        options.setdefault("empty_label", "Any")
        if none:
            options.setdefault("null_label", "None")

        def choices() -> list[tuple[str, str]]:
            return kept(name, lambda: [(str(row.pk), str(row)) for row in rows()])

        super().__init__(choices=choices, **options)

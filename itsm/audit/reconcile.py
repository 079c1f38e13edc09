"""Rows against their history: what was written past every command shows here.

`queryset.update`, bulk operations, fixtures and raw SQL leave no history row. Whoever uses them on
an audited model is found by comparing each row with its latest history row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Exists, Max, OuterRef

BATCH = 2000


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that its history does not explain."""

    model: str
    key: Any
    what: str

    def __str__(self) -> str:
        return f"{self.model} {self.key}: {self.what}"


def audited_models() -> list[Any]:
    """Every model that keeps a history, by label."""
    kept = [m for m in apps.get_models() if hasattr(m, "history") and hasattr(m.history, "model")]
    return sorted(kept, key=lambda model: model._meta.label_lower)


def differences(models: Iterable[Any] | None = None, batch: int = BATCH) -> Iterator[Difference]:
    """Memory is flat: one batch of rows with their latest history rows at a time."""
    for model in models if models is not None else audited_models():
        last = None
        while keys := _next_keys(model, last, batch):
            yield from _compare(model, keys)
            last = keys[-1]
        yield from _vanished(model, batch)


def _next_keys(model: Any, after: Any, batch: int) -> list[Any]:
    rows = model._base_manager.order_by("pk")
    rows = rows.filter(pk__gt=after) if after is not None else rows
    return list(rows.values_list("pk", flat=True)[:batch])


def _compare(model: Any, keys: list[Any]) -> Iterator[Difference]:
    """A difference counts when it is still there at a second look: people go on working."""
    if found := _found(model, keys):
        yield from _found(model, [difference.key for difference in found])


def _found(model: Any, keys: list[Any]) -> list[Difference]:
    known = _latest(model, keys)
    rows = model._base_manager.filter(pk__in=keys)
    label = model._meta.label_lower
    sentences = ((row.pk, _against(row, known.get(row.pk))) for row in rows)
    return [Difference(label, key, sentence) for key, sentence in sentences if sentence]


def _latest(model: Any, keys: list[Any]) -> dict[Any, Any]:
    history, key = model.history.model, model._meta.pk.attname
    newest = (
        history.objects.filter(**{f"{key}__in": keys})
        .order_by()
        .values(key)
        .annotate(newest=Max("history_id"))
        .values("newest")
    )
    return {getattr(row, key): row for row in history.objects.filter(history_id__in=newest)}


def _against(row: Any, latest: Any) -> str:
    if latest is None:
        return "there is no history of it"
    if latest.history_type == "-":
        return "its history says that it was deleted"
    names = [
        field.name
        for field in type(latest).tracked_fields
        if getattr(row, field.attname) != getattr(latest, field.attname)
    ]
    return f"{', '.join(names)} changed without history" if names else ""


def _vanished(model: Any, batch: int) -> Iterator[Difference]:
    """Rows that were deleted without a history row that says so."""
    history, key = model.history.model, model._meta.pk.attname
    of_same = history.objects.filter(**{key: OuterRef(key)})
    last_words = history.objects.exclude(history_type="-").filter(
        ~Exists(of_same.filter(history_id__gt=OuterRef("history_id"))),
        ~Exists(model._base_manager.filter(pk=OuterRef(key))),
    )
    for gone in last_words.order_by("history_id").values_list(key, flat=True).iterator(batch):
        yield Difference(model._meta.label_lower, gone, "it was deleted without history")

"""Policies are immutable versions: an edit makes a new one with the moment it takes effect.

A running record keeps the version it started with; "which rule applied then" is a query.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.utils import timezone


class PolicyQuerySet(models.QuerySet[Any]):
    def in_force(self, at: datetime | None = None) -> Any:
        """The version that rules at `at` (default: now), or None before the first."""
        published = self.filter(effective_from__lte=at or timezone.now())
        return published.order_by("-effective_from", "-pk").first()


class PolicyVersion(models.Model):
    """One version of a policy. Once it is in force it is never edited, only followed."""

    effective_from = models.DateTimeField(db_index=True)
    note = models.CharField(max_length=200, blank=True, help_text="What changed, and why.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-effective_from", "-pk"]
        get_latest_by = "effective_from"

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} from {self.effective_from:%Y-%m-%d %H:%M} UTC"

    @property
    def is_frozen(self) -> bool:
        """In force or past: a running record may depend on it."""
        return self.pk is not None and self.effective_from <= timezone.now()

    def successor(self, *, effective_from: datetime, note: str = "") -> Self:
        """An unsaved copy that takes over from `effective_from`; rows are copied by the command."""
        fields = {
            f.attname: getattr(self, f.attname) for f in self._meta.fields if not f.primary_key
        }
        fields |= {"effective_from": effective_from, "note": note, "created_at": timezone.now()}
        return type(self)(**fields)

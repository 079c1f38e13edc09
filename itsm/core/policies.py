"""Policies are immutable versions: an edit makes a new one with the moment it takes effect.

A running record keeps the version it started with; "which rule applied then" is a query.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.db import models
from django.utils import timezone

from itsm.core.commands import command, lock, save
from itsm.core.errors import Invalid
from itsm.core.rules import ensure

if TYPE_CHECKING:
    from itsm.people.models import User


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


Version = TypeVar("Version", bound=PolicyVersion)


def may_follow(by: User, policy: PolicyVersion) -> str:
    """Who may add versions of this policy may make one from another; a machine decides no rule."""
    opts = policy._meta
    if by.is_machine:
        return "A machine drafts and records; a person decides."
    if not by.has_perm(f"{opts.app_label}.add_{opts.model_name}"):
        return "Only an ops manager makes new versions of a policy."
    return ""


@command("policy.follow")
def follow(policy: Version, *, by: User, effective_from: datetime, note: str = "") -> Version:
    """Make a version from this one, rows and all, that takes over at `effective_from`.

    Refuses a moment in the past: what applied then is a fact.
    """
    policy = lock(policy)
    ensure(may_follow, by, policy)
    if effective_from < timezone.now().replace(microsecond=0):
        sentence = "A version takes effect now or later, not in the past."
        raise Invalid(sentence, fields={"effective_from": [sentence]})
    new = policy.successor(effective_from=effective_from, note=note)
    save(new, reason=note, created=True)
    for row in _rows(policy):
        _copy(row, new, reason=note)
    return new


def _rows(policy: PolicyVersion) -> list[Any]:
    """What belongs to the version: the rows that would go with it. Records only point at it."""
    parts = [r for r in policy._meta.related_objects if r.on_delete is models.CASCADE]
    return [
        row
        for part in parts
        for row in part.related_model._default_manager.filter(**{part.field.name: policy})
    ]


def _copy(row: Any, policy: PolicyVersion, *, reason: str) -> None:
    fields = {f.attname: getattr(row, f.attname) for f in row._meta.fields if not f.primary_key}
    save(type(row)(**fields | {"policy_id": policy.pk}), reason=reason, created=True)

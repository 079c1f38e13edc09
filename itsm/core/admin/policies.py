"""Policies in the admin: a version in force is read, and a new version is made from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from unfold.widgets import UnfoldAdminSplitDateTimeWidget

from itsm.core.admin.base import AuditedAdmin, AuditedInline, ReasonForm
from itsm.core.admin.decisions import DecidedAdmin, Decision
from itsm.core.policies import follow, may_follow


class NewVersionForm(forms.Form):
    """When the new version takes effect, and what changes with it."""

    effective_from = forms.SplitDateTimeField(
        label="Takes effect at (your time zone)",
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text="Until then it can be edited. From then on it is read only.",
    )
    note = forms.CharField(
        label="What changes, and why", max_length=200, widget=forms.Textarea(attrs={"rows": 3})
    )


class PolicyForm(ReasonForm):
    """A version that is not in force yet; it cannot be moved into the past."""

    def clean_effective_from(self) -> Any:
        moment = self.cleaned_data["effective_from"]
        if moment <= timezone.now():
            raise forms.ValidationError("Choose a moment that is still to come.")
        return moment


class PolicyRows(AuditedInline):
    """The rows of a version. They are complete, so none is taken away; values may change."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not (obj and obj.is_frozen) and bool(super().has_add_permission(request, obj))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not (obj and obj.is_frozen) and bool(super().has_change_permission(request, obj))


class PolicyAdmin(DecidedAdmin, AuditedAdmin):
    """Versions are followed, never rewritten: a running record may depend on what was in force."""

    form = PolicyForm
    group = "Policies"
    icon = "gavel"
    list_display = ["__str__", "effective_from", "note", "in_force"]
    ordering = ["-effective_from", "-pk"]
    readonly_fields = ["created_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A version without its rows would be no policy: it starts as a copy."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not (obj and obj.is_frozen) and bool(super().has_change_permission(request, obj))

    def in_force(self, policy: Any) -> str:
        if not policy.is_frozen:
            return "Not yet in force"
        ruling = type(policy).objects.in_force()
        return "In force" if ruling and ruling.pk == policy.pk else "Past"

    in_force.short_description = "State"  # type: ignore[attr-defined]

    def decisions(self, record: Any, by: Any) -> Iterable[Decision]:
        yield Decision(
            name="new-version",
            label="New version from this one",
            run=self._follow,
            refused=may_follow(by, record),
            form=NewVersionForm,
            explains="Copies this version with all its rows. What is in force stays as it is until "
            "the moment you give.",
        )

    @staticmethod
    def _follow(record: Any, **values: Any) -> str:
        return f"{follow(record, **values)} was made. Edit it until it takes effect."

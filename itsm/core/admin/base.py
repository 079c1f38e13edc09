"""Admin classes to build on: every save leaves who, when, why and from where."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import connection, models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminTextInputWidget

from itsm.core import context
from itsm.core.admin.history import entries
from itsm.core.admin.paging import CappedPaginator

HISTORY_PER_PAGE = 25


class ReasonForm(forms.ModelForm):  # type: ignore[type-arg]
    """Asks why, and refuses to overwrite what somebody else saved in the meantime."""

    change_reason = forms.CharField(
        label="Reason for this change",
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
        help_text="Kept in the history of the record.",
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "seen" in self.fields:
            self.initial["seen"] = latest_history_id(self.instance)

    def clean_seen(self) -> str:
        """The newest history row when the form was opened must still be the newest."""
        seen = str(self.cleaned_data["seen"])
        if self.instance.pk and seen and seen != latest_history_id(self.instance):
            raise forms.ValidationError(
                "Somebody else saved this record after you opened it. Your text is kept here: "
                "compare it with the record in another window, then open the form again."
            )
        return seen

    @property
    def really_changed(self) -> bool:
        return bool(set(self.changed_data) - {"change_reason", "seen"})


def latest_history_id(record: Any) -> str:
    if not record.pk or not hasattr(record, "history"):
        return ""
    row = record.history.order_by("-history_id").values_list("history_id", flat=True).first()
    return str(row or "")


class PortalAdmin(ModelAdmin):
    """Lists of constant cost, and no deletion: records end, retire or are deactivated."""

    group = "Work"
    icon = "description"
    place = 50

    list_per_page = 50
    show_full_result_count = False
    paginator = CappedPaginator
    list_fullwidth = True
    warn_unsaved_form = True
    show_facets = False
    list_filter_submit = True

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def log_addition(self, *_: Any, **__: Any) -> None:
        """The history row is the record of it; a second log would only differ."""

    def log_change(self, *_: Any, **__: Any) -> None:
        """See `log_addition`."""

    def log_deletions(self, *_: Any, **__: Any) -> None:
        """See `log_addition`."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The trail of one record. It is read, never replayed: nothing goes back to a version."""
        manager: Any = getattr(self.model, "history", None)
        record: Any = self.get_object(request, unquote(object_id))
        if manager is None or record is None:
            raise Http404
        if not self.has_view_or_change_permission(request, record):
            raise PermissionDenied
        rows = record.history.order_by("-history_id")
        page = CappedPaginator(rows, HISTORY_PER_PAGE).get_page(request.GET.get("p"))
        shown = list(page.object_list)
        older = rows.filter(history_id__lt=shown[-1].history_id).first() if shown else None
        extra = {
            "title": f"History of {record}",
            "entries": entries(shown, older),
            "page": page,
            "opts": self.opts,
            "object": record,
            "module_name": capfirst(str(self.opts.verbose_name_plural)),
        }
        return TemplateResponse(
            request,
            "admin/audited_history.html",
            self.admin_site.each_context(request) | extra | (extra_context or {}),
        )


class ReadOnlyAdmin(PortalAdmin):
    """For what only commands, jobs and machines write."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AppendOnlyAdmin(ReadOnlyAdmin):
    """For rows that the database itself refuses to change."""


class AuditedAdmin(PortalAdmin):
    """For records that ops managers edit: a form with a reason, and a history row for each save."""

    form = ReasonForm

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The reason comes last, where the person is about to save."""
        given = super().get_fieldsets(request, obj)
        own = [(title, dict(options)) for title, options in given]
        for _, options in own:
            options["fields"] = [
                name for name in options["fields"] if name not in {"change_reason", "seen"}
            ]
        if self._may_write(request, obj):
            own.append((None, {"fields": ["change_reason", "seen"]}))
        return own

    def _may_write(self, request: HttpRequest, obj: Any) -> bool:
        if obj is None:
            return bool(self.has_add_permission(request))
        return bool(self.has_change_permission(request, obj))

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """A form that is being saved works on the locked row."""
        found = super().get_object(request, object_id, from_field)
        if found is not None and request.method == "POST" and connection.in_atomic_block:
            list(self.model._default_manager.select_for_update().filter(pk=found.pk).values("pk"))
            found.refresh_from_db()
        return found

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change and not form.really_changed:
            return
        obj._change_reason = form.cleaned_data.get("change_reason", "")
        with context.use(user=request.user):
            super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Rows of the record, each with its own history row and the same reason."""
        reason = form.cleaned_data.get("change_reason", "")
        with context.use(user=request.user):
            for row in formset.save(commit=False):
                row._change_reason = reason
                row.save()
            for row in formset.deleted_objects:
                row._change_reason = reason
                row.delete()
            formset.save_m2m()


class AuditedInline(TabularInline):
    """Rows edited on the page of the record that they belong to."""

    extra = 0
    show_change_link = False
    tab = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        related = [f.name for f in self.model._meta.fields if f.is_relation]
        return rows.select_related(*related) if related else rows

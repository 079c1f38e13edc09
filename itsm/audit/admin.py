"""The trail in the admin: refusals, sign-ins, grants, exports. It is read and never written."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import connection
from django.http import HttpRequest
from unfold.contrib.filters.admin import RangeDateTimeFilter

from itsm.audit import guards
from itsm.audit.models import AuditEvent
from itsm.core.admin import AppendOnlyAdmin, Fact, Panel, job_panel


@admin.register(AuditEvent)
class AuditEventAdmin(AppendOnlyAdmin):
    group, icon, place = "Trail", "policy", 10
    list_display = ["at", "kind", "actor_name", "summary", "record", "origin", "address"]
    list_filter = ["kind", "origin", "target", ("at", RangeDateTimeFilter)]
    search_fields = ["=actor_id", "=actor_name", "=target_id", "=request_id"]
    search_help_text = "Whole name or number of the person, number of the record, or request id."
    sortable_by: list[str] = []

    @admin.display(description="Record")
    def record(self, event: AuditEvent) -> str:
        return f"{event.target} {event.target_id}" if event.target else ""

    def get_list_filter(self, request: HttpRequest) -> Any:
        return [KnownTargets if name == "target" else name for name in self.list_filter]


class KnownTargets(admin.SimpleListFilter):
    """Models by name: asking the table which ones occur would read all of it."""

    title, parameter_name = "record", "target"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        models = {model._meta.label_lower: model for model in admin.site._registry}
        return sorted((label, str(m._meta.verbose_name)) for label, m in models.items())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(target=self.value()) if self.value() else queryset


@job_panel
def append_only_guards(request: HttpRequest) -> Panel:
    """Whether the database itself still refuses to change the trail."""
    lacking = guards.missing(connection)
    number = len(guards.tables())
    value = f"{len(lacking)} missing" if lacking else f"in place on {number} tables"
    fact = Fact("Guards of append-only tables", value, "late" if lacking else "good")
    rows = [[table, name] for table, name in lacking]
    return Panel(
        "Trail",
        [fact],
        ["Table", "Guard"] if rows else [],
        rows,
        permission="audit.view_auditevent",
    )

"""Incidents in the admin: read here, moved by their commands; intake and severity set up here."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from incidents.actions import dead_letters
from incidents.actions.offers import offers
from incidents.forms import FORMS
from incidents.intake import actions as integrations
from incidents.intake import keys
from incidents.models import (
    Alert,
    AlertGroup,
    DeadLetter,
    DropCount,
    Incident,
    Integration,
    RoutingRule,
    SeverityLevel,
    SeverityPolicy,
    TimelineEntry,
)
from incidents.views.acting import CALLS
from itsm.core import references
from itsm.core.admin import (
    AppendOnlyAdmin,
    AuditedAdmin,
    AuditedInline,
    DecidedAdmin,
    Decision,
    Fact,
    Panel,
    PolicyAdmin,
    PolicyRows,
    ReadOnlyAdmin,
    Secret,
    job_panel,
)
from itsm.core.admin.site import PARTS


def incident_decisions(incident: Incident, by: Any) -> Iterable[Decision]:
    """What the portal offers on its page, with the same forms and the same commands."""
    for offer in offers(incident, by):
        verb = offer.verb
        yield Decision(
            verb.name,
            offer.label,
            partial(_call, verb.name),
            refused=offer.reason,
            form=FORMS[verb.name],
            explains=verb.consequence,
            danger=verb.kind == "danger",
        )


def _call(name: str, incident: Incident, *, by: Any, **given: Any) -> str:
    CALLS[name](incident, by, given)
    return ""


class TimelineInline(AuditedInline):
    """The latest of the timeline; it is written by commands and corrected by new entries."""

    model = TimelineEntry
    fields = ["at", "kind", "stamp", "by", "text"]
    readonly_fields = ["at", "kind", "stamp", "by", "text"]
    can_delete = False
    per_page = 25
    ordering = ["-at", "-pk"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Incident)
class IncidentAdmin(DecidedAdmin, ReadOnlyAdmin):
    icon, place = "emergency", 20
    list_display = ["reference", "title", "level", "state", "category", "service", "detected_at"]
    list_display_links = ["reference", "title"]
    list_filter = ["state", "level", "category", ("ticket__service", AutocompleteSelectFilter)]
    search_fields = ["ticket__title"]
    search_help_text = "Reference such as INC-2026-00042, or words of the title."
    sortable_by: list[str] = []
    inlines = [TimelineInline]
    bulk = {"acknowledge": "Acknowledge", "close": "Close"}

    @admin.display(description="Incident")
    def reference(self, incident: Incident) -> str:
        return incident.reference

    @admin.display(description="Title")
    def title(self, incident: Incident) -> str:
        return incident.ticket.title

    @admin.display(description="Service")
    def service(self, incident: Incident) -> str:
        return str(incident.ticket.service or "")

    def get_queryset(self, request: HttpRequest) -> Any:
        """The same incidents as in the portal."""
        rows = super().get_queryset(request).visible_to(request.user)
        return rows.select_related("ticket__service", "policy")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """A reference is found by its key, without reading titles."""
        found = references.parse(search_term)
        if found and found[0] == "INC":
            return queryset.filter(pk=found[1]), False
        return super().get_search_results(request, queryset, search_term)

    def decisions(self, record: Any, by: Any) -> Iterable[Decision]:
        return incident_decisions(record, by)


@admin.register(TimelineEntry)
class TimelineEntryAdmin(AppendOnlyAdmin):
    group, icon, place = PARTS, "timeline", 70
    list_display = ["incident", "at", "kind", "stamp", "by", "text"]
    list_filter = ["kind", "stamp", "source"]
    list_select_related = ["incident", "by"]
    search_fields = ["=incident__id"]
    ordering = ["-pk"]
    sortable_by: list[str] = []


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    icon, place = "notifications", 30
    list_display = [
        "title",
        "integration",
        "service",
        "count",
        "last_seen_at",
        "outcome",
        "incident",
    ]
    list_filter = ["integration", "outcome", ("resolved_at", admin.EmptyFieldListFilter)]
    list_select_related = ["integration", "service", "incident"]
    search_fields = ["=dedup_key", "=incident__id"]
    search_help_text = "Whole dedup key, or number of the incident."
    sortable_by: list[str] = []


@admin.register(AlertGroup)
class AlertGroupAdmin(ReadOnlyAdmin):
    group, icon, place = PARTS, "workspaces", 71
    list_display = ["rule", "key", "incident", "last_seen_at"]
    list_filter = ["rule"]
    list_select_related = ["rule", "incident"]
    ordering = ["-pk"]
    sortable_by: list[str] = []


@admin.register(DropCount)
class DropCountAdmin(ReadOnlyAdmin):
    group, icon, place = PARTS, "delete_sweep", 72
    list_display = ["rule", "day", "count"]
    list_filter = ["rule"]
    list_select_related = ["rule"]


@admin.register(DeadLetter)
class DeadLetterAdmin(DecidedAdmin, ReadOnlyAdmin):
    group, icon, place = "Jobs", "report", 60
    list_display = ["reason", "integration", "received_at", "handled_at", "handled_by", "note"]
    list_filter = ["integration", ("handled_at", admin.EmptyFieldListFilter)]
    list_select_related = ["integration", "handled_by"]
    sortable_by: list[str] = []

    def decisions(self, record: Any, by: Any) -> Iterable[Decision]:
        letter: DeadLetter = record
        if letter.handled_at is None:
            yield Decision(
                "handle",
                "Mark as handled",
                dead_letters.handle,
                refused=dead_letters.may_handle(by, letter),
                form=HandleForm,
                explains="The letter stays here as it came, with your note.",
            )


class HandleForm(forms.Form):
    note = forms.CharField(
        label="What was done", max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )


class CreateForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a new integration is; its secret address is made by the command."""

    class Meta:
        model = Integration
        fields = ["kind", "name", "service", "environment", "rate_per_minute", "mapping"]


@admin.register(Integration)
class IntegrationAdmin(DecidedAdmin, AuditedAdmin):
    """Its secret address is shown once, on the answer that makes it, and kept nowhere."""

    group, icon, place = "Policies", "sensors", 40
    list_display = ["name", "kind", "enabled", "service", "rate_per_minute", "key_hint"]
    list_filter = ["kind", "enabled"]
    list_select_related = ["service"]
    search_fields = ["name"]
    autocomplete_fields = ["service"]
    readonly_fields = ["kind", "key_hint", "previous_key_until", "created_at"]

    def add_view(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        decision = Decision(
            "create",
            "New integration",
            _create,
            form=CreateForm,
            explains="You get its secret address once, to enter it in the monitoring system.",
        )
        return self.answer(request, None, decision)

    def decisions(self, record: Any, by: Any) -> Iterable[Decision]:
        yield Decision(
            "rotate",
            "New secret address",
            _rotate,
            refused=integrations.may_configure(by, record),
            explains="The present address stays valid for 24 hours, so that the monitoring system "
            "can be changed without a gap.",
        )


def _create(_: None, *, by: Any, **given: Any) -> Secret:
    integration, key = integrations.create(by=by, **given)
    return _address(integration, key)


def _rotate(integration: Integration, *, by: Any) -> Secret:
    return _address(*integrations.rotate(integration, by=by))


def _address(integration: Integration, key: str) -> Secret:
    return Secret(
        f"Enter this address in {integration}. It is shown this once.",
        keys.address(integration, key),
        integration,
    )


@admin.register(RoutingRule)
class RoutingRuleAdmin(AuditedAdmin):
    """First match wins. A rule that is no longer wanted is switched off: its counts stay."""

    group, icon, place = "Policies", "alt_route", 30
    list_display = ["position", "name", "enabled", "integration", "service", "action", "level"]
    list_display_links = ["name"]
    list_filter = ["enabled", "action", "integration"]
    list_select_related = ["integration", "service"]
    search_fields = ["name"]
    autocomplete_fields = ["integration", "service"]


class LevelInline(PolicyRows):
    model = SeverityLevel

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(SeverityPolicy)
class SeverityPolicyAdmin(PolicyAdmin):
    icon, place = "crisis_alert", 20
    inlines = [LevelInline]


@admin.register(SeverityLevel)
class SeverityLevelAdmin(ReadOnlyAdmin):
    """Shown to be searched and for their history; edited on the page of the version."""

    group, icon, place = PARTS, "stairs", 21
    list_display = ["policy", "level", "meaning", "respond_minutes", "mitigate_minutes"]
    list_filter = ["policy"]
    list_select_related = ["policy"]


@job_panel
def intake_dead_letters(request: HttpRequest) -> Panel:
    """What monitors sent that could not be read, and nobody has looked at."""
    url = reverse("admin:incidents_deadletter_changelist")
    open_ones = DeadLetter.objects.filter(handled_at=None).select_related("integration")
    number = open_ones.order_by().values("pk")[:1001].count()
    fact = Fact(
        "Dead letters of the intake",
        str(number),
        "late" if number else "good",
        url=f"{url}?handled_at__isempty=1",
    )
    rows = [
        [
            (letter.reason, reverse("admin:incidents_deadletter_change", args=[letter.pk])),
            str(letter.integration),
            f"{letter.received_at:%Y-%m-%d %H:%M} UTC",
        ]
        for letter in open_ones[:10]
    ]
    return Panel(
        "Intake",
        [fact],
        ["Reason", "Integration", "Received"],
        rows,
        empty="Everything that was sent could be read.",
        permission="incidents.view_deadletter",
    )

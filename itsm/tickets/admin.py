"""Tickets in the admin: read here, moved by their commands; the priority policy by versions."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from itsm.core import references
from itsm.core.admin import (
    AppendOnlyAdmin,
    AuditedInline,
    DecidedAdmin,
    Decision,
    PolicyAdmin,
    PolicyRows,
    ReadOnlyAdmin,
)
from itsm.core.admin.site import PARTS
from itsm.tickets.actions.offers import MOVES, offers
from itsm.tickets.models import (
    Attachment,
    ClockPause,
    Comment,
    PriorityPolicy,
    PriorityRule,
    PriorityTarget,
    StateChange,
    Ticket,
    TicketAccount,
    TicketLabel,
    TicketLink,
    TicketResource,
)
from itsm.tickets.views.acting import FORMS, Act

#: What is decided about a ticket here; its texts, evidence and scope are edited in the portal.
DECIDED = (*MOVES, "assign", "label")


def ticket_decisions(ticket: Ticket, by: Any) -> Iterable[Decision]:
    """What the portal offers on its page, with the same forms and the same commands."""
    for offer in offers(ticket, by):
        if offer.name in DECIDED:
            act = FORMS[offer.name]
            yield Decision(
                offer.name,
                offer.label,
                partial(_call, act),
                refused=offer.reason,
                form=partial(act.form, initial=act.initial(ticket)),
                explains=offer.consequence,
                danger=offer.name == "cancel",
            )


def _call(act: Act, ticket: Ticket, *, by: Any, **given: Any) -> str:
    act.call(ticket, by, given)
    return f"{ticket.reference} {act.done}."


class LookInline(AuditedInline):
    """Rows that the ticket's own commands write; here they are looked at."""

    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return list(self.fields or ())

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class StateInline(LookInline):
    model = StateChange
    fields = ["at", "from_state", "to_state", "waiting_on", "by", "reason"]


class LabelInline(LookInline):
    model = TicketLabel
    fields = ["label", "added_at", "added_by", "removed_at", "removed_by"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("label__prefix")


@admin.register(Ticket)
class TicketAdmin(DecidedAdmin, ReadOnlyAdmin):
    icon, place = "confirmation_number", 10
    list_display = ["reference", "title", "type", "priority", "state", "service", "assignee"]
    list_display_links = ["reference", "title"]
    list_filter = [
        "state",
        "priority",
        "type",
        "source",
        ("service", AutocompleteSelectFilter),
        ("customer", AutocompleteSelectFilter),
    ]
    list_select_related = ["service", "assignee"]
    search_fields = ["title", "=source_ref"]
    search_help_text = "Reference such as OPS-180, words of the title, or the source's own name."
    sortable_by: list[str] = []
    inlines = [StateInline, LabelInline]
    bulk = {"triage": "Triage", "start": "Start", "resume": "Resume", "close": "Close"}

    @admin.display(description="Ticket")
    def reference(self, ticket: Ticket) -> str:
        return ticket.reference

    def get_queryset(self, request: HttpRequest) -> Any:
        """The same tickets as in the portal."""
        return super().get_queryset(request).visible_to(request.user)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """A reference is found by its key, without reading titles."""
        found = references.parse(search_term)
        if found and found[0] == "OPS":
            return queryset.filter(pk=found[1]), False
        return super().get_search_results(request, queryset, search_term)

    def decisions(self, record: Any, by: Any) -> Iterable[Decision]:
        return ticket_decisions(record, by)


@admin.register(StateChange)
class StateChangeAdmin(AppendOnlyAdmin):
    group, icon, place = PARTS, "conversion_path", 60
    list_display = ["ticket", "from_state", "to_state", "at", "by", "reason"]
    list_filter = ["to_state"]
    list_select_related = ["ticket", "by"]
    search_fields = ["=ticket__id"]
    ordering = ["-pk"]
    sortable_by: list[str] = []


@admin.register(ClockPause)
class ClockPauseAdmin(ReadOnlyAdmin):
    group, icon, place = PARTS, "pause_circle", 61
    list_display = ["ticket", "started_at", "ended_at"]
    list_select_related = ["ticket"]
    search_fields = ["=ticket__id"]
    ordering = ["-pk"]
    sortable_by: list[str] = []


@admin.register(TicketLabel)
class TicketLabelAdmin(ReadOnlyAdmin):
    group, icon, place = PARTS, "label", 62
    list_display = ["ticket", "label", "added_at", "added_by", "removed_at", "removed_by"]
    list_filter = [("removed_at", admin.EmptyFieldListFilter)]
    list_select_related = ["ticket", "label__prefix", "added_by", "removed_by"]
    search_fields = ["=ticket__id", "=label__value"]
    ordering = ["-pk"]
    sortable_by: list[str] = []


@admin.register(TicketLink)
class TicketLinkAdmin(ReadOnlyAdmin):
    group, icon, place = PARTS, "link", 63
    list_display = ["from_ticket", "kind", "to_ticket", "created_at", "created_by"]
    list_filter = ["kind"]
    list_select_related = ["from_ticket", "to_ticket", "created_by"]
    search_fields = ["=from_ticket__id", "=to_ticket__id"]
    ordering = ["-pk"]
    sortable_by: list[str] = []


@admin.register(TicketAccount)
class TicketAccountAdmin(ReadOnlyAdmin):
    group, icon, place = PARTS, "cloud", 64
    list_display = ["ticket", "account"]
    list_select_related = ["ticket", "account"]
    search_fields = ["=ticket__id", "=account__number"]
    ordering = ["-pk"]
    sortable_by: list[str] = []


@admin.register(TicketResource)
class TicketResourceAdmin(ReadOnlyAdmin):
    group, icon, place = PARTS, "memory", 65
    list_display = ["ticket", "resource"]
    list_select_related = ["ticket", "resource"]
    search_fields = ["=ticket__id", "=resource__identifier"]
    ordering = ["-pk"]
    sortable_by: list[str] = []


@admin.register(Comment)
class CommentAdmin(AppendOnlyAdmin):
    group, icon, place = PARTS, "comment", 66
    list_display = ["ticket", "author", "internal", "created_at"]
    list_filter = ["internal"]
    list_select_related = ["ticket", "author"]
    search_fields = ["=ticket__id"]
    ordering = ["-pk"]
    sortable_by: list[str] = []


@admin.register(Attachment)
class AttachmentAdmin(AppendOnlyAdmin):
    group, icon, place = PARTS, "attach_file", 67
    list_display = ["name", "ticket", "size", "content_type", "uploaded_by", "uploaded_at"]
    list_filter = ["internal"]
    list_select_related = ["ticket", "uploaded_by"]
    search_fields = ["=ticket__id", "=name", "=sha256"]
    ordering = ["-pk"]
    sortable_by: list[str] = []


class RuleInline(PolicyRows):
    model = PriorityRule
    fields = ["impact", "urgency", "platform_wide", "priority"]


class TargetInline(PolicyRows):
    model = PriorityTarget
    fields = ["priority", "resolve_minutes", "resolve_business_days", "business_hours"]


@admin.register(PriorityPolicy)
class PriorityPolicyAdmin(PolicyAdmin):
    icon, place = "low_priority", 10
    inlines = [RuleInline, TargetInline]


class PolicyRowAdmin(ReadOnlyAdmin):
    """Shown to be searched and for their history; edited on the page of the version."""

    group = PARTS
    list_filter = ["policy"]
    list_select_related = ["policy"]


@admin.register(PriorityRule)
class PriorityRuleAdmin(PolicyRowAdmin):
    icon, place = "grid_on", 11
    list_display = ["policy", "impact", "urgency", "platform_wide", "priority"]


@admin.register(PriorityTarget)
class PriorityTargetAdmin(PolicyRowAdmin):
    icon, place = "timer", 12
    list_display = ["policy", "priority", "resolve_minutes", "resolve_business_days"]

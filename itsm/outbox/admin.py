"""The delivery log in the admin: every message, every attempt, and dead letters sent again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from itsm.core.admin import (
    AppendOnlyAdmin,
    AuditedInline,
    DecidedAdmin,
    Decision,
    Fact,
    Panel,
    ReadOnlyAdmin,
    job_panel,
)
from itsm.core.admin.site import PARTS
from itsm.outbox import actions, rules
from itsm.outbox.models import Attempt, Message


class AttemptInline(AuditedInline):
    """How each try went. The database refuses to change these rows."""

    model = Attempt
    fields = ["at", "delivered", "detail"]
    readonly_fields = ["at", "delivered", "detail"]
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Message)
class MessageAdmin(DecidedAdmin, ReadOnlyAdmin):
    group, icon, place = "Jobs", "outbox", 40
    list_display = ["subject", "channel", "recipient", "state", "attempts", "due_at", "sent_at"]
    list_filter = ["state", "channel"]
    list_select_related = ["recipient_user"]
    search_fields = ["=recipient", "=key", "=target_id"]
    search_help_text = "Whole address, whole key, or number of the record."
    sortable_by = ["due_at"]
    inlines = [AttemptInline]
    bulk = {"resend": "Send again"}

    def decisions(self, record: Any, by: Any) -> Iterable[Decision]:
        message: Message = record
        if message.state == Message.State.DEAD:
            yield Decision(
                "resend",
                "Send again",
                _resend,
                refused=rules.may_resend(by, message),
                explains="It is queued as if it were new and tried at once.",
            )


def _resend(message: Message, *, by: Any) -> str:
    actions.resend(message, by=by)
    return f"Queued again: {message}"


@admin.register(Attempt)
class AttemptAdmin(AppendOnlyAdmin):
    group, icon, place = PARTS, "forward_to_inbox", 50
    list_display = ["message", "at", "delivered", "detail"]
    list_filter = ["delivered"]
    list_select_related = ["message"]
    ordering = ["-pk"]
    sortable_by: list[str] = []


@job_panel
def deliveries(request: HttpRequest) -> Panel:
    """Queued and dead letters, by the partial index of what is still open."""
    changelist = reverse("admin:outbox_message_changelist")
    waiting = Message.objects.deliverable().order_by().values("pk")[:1001].count()
    dead = Message.objects.filter(state=Message.State.DEAD).order_by("-pk")
    number = dead.order_by().values("pk")[:1001].count()
    facts = [
        Fact("To be delivered now", str(waiting)),
        Fact(
            "Dead letters",
            str(number),
            "late" if number else "good",
            url=f"{changelist}?state__exact=dead",
        ),
    ]
    rows = [_row(message) for message in dead.prefetch_related("tries")[:10]]
    return Panel(
        "Messages",
        facts,
        ["Message", "To", "Last error"],
        rows,
        empty="Every message was delivered.",
        permission="outbox.view_message",
    )


def _row(message: Message) -> list[Any]:
    url = reverse("admin:outbox_message_change", args=[message.pk])
    tries = list(message.tries.all())
    return [(message.subject or str(message), url), message.recipient, _last(tries)]


def _last(tries: list[Attempt]) -> str:
    return tries[-1].detail[:200] if tries else ""

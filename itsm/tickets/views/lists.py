"""The list of tickets."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from itsm.portal.lists import Column, Order, RecordList
from itsm.tickets import sla
from itsm.tickets.filters import TicketFilter
from itsm.tickets.models import Ticket
from itsm.tickets.querysets import TicketQuerySet


class TicketList(RecordList):
    """All tickets that the reader may see. Ordered by due time it shows open ones, unless a state
    is asked for: only they still have something due."""

    page = "tickets"
    title = "Tickets"
    one, many = "ticket", "tickets"
    filterset_class = TicketFilter
    row_template = "tickets/_row.html"
    icon = "ticket"
    empty_title = "No tickets yet"
    empty_text = "Tell us what is wrong or what you need."
    refresh_seconds = 30
    columns = (
        Column("Reference", lambda t: t.reference, sort="reference"),
        Column("Priority", lambda t: t.get_priority_display(), sort="priority"),
        Column("Title", lambda t: t.title, css="col-title"),
        Column("State", lambda t: t.get_state_display()),
        Column("Service", lambda t: t.service, css="col-wide"),
        Column("Customer", lambda t: t.customer, css="col-wide"),
        Column("Assignee", lambda t: t.assignee, css="col-wide"),
        Column("Labels", lambda t: " ".join(str(x.label) for x in t.current_labels), shown=False),
        Column("Due", lambda t: t.resolution_due_at, sort="due"),
        Column("Opened", lambda t: t.opened_at, sort="opened", css="col-number"),
    )
    orders = {
        "reference": Order("pk"),
        "priority": Order("priority"),
        "due": Order("resolution_due_at"),
        "opened": Order("opened_at"),
    }
    default_sort = "-reference"
    presets = (
        ("Open", "state=open"),
        ("Assigned to me", "assignee=me&state=open&sort=due"),
        ("Unassigned", "assignee=none&state=open"),
        ("Overdue", "overdue=1&sort=due"),
        ("Waiting", "state=waiting"),
    )

    def records(self) -> TicketQuerySet:
        found: TicketQuerySet = Ticket.objects.visible_to(self.request.user).for_list()
        if self.request.GET.get("export"):
            found = found.with_labels()
        if self.sort().lstrip("-") == "due" and not self.request.GET.get("state"):
            found = found.open()
        return found

    def results(self, found: QuerySet[Any]) -> dict[str, Any]:
        """With the moment at which each running clock warns."""
        results = super().results(found)
        for ticket in results["records"]:
            ticket.warns_at = sla.warns_at(ticket)
        return results

    def extra_context(self) -> dict[str, Any]:
        if not self.request.user.has_perm("tickets.raise_ticket"):
            return {}
        return {"create_url": reverse("tickets:create"), "create_label": "Raise ticket"}

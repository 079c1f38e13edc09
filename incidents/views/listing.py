"""The live list of incidents."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from incidents import severity
from incidents.filters import IncidentFilter
from incidents.models import Incident
from incidents.querysets import IncidentQuerySet
from incidents.views.common import named
from itsm.portal.lists import Column, Order, RecordList


class IncidentList(RecordList):
    """The newest first; renews itself, and leaves the page alone when nothing has changed."""

    page = "incidents"
    title = "Incidents"
    one, many = "incident", "incidents"
    filterset_class = IncidentFilter
    row_template = "incidents/_row.html"
    icon = "incident"
    template_name = "incidents/list.html"
    empty_title = "No incidents yet"
    empty_text = "Alerts open them by themselves; declare one when people notice first."
    refresh_seconds = 5
    columns = (
        Column("Severity", lambda i: severity.name(i.level), sort="level"),
        Column("Reference", lambda i: i.reference, sort="reference"),
        Column("Title", lambda i: i.ticket.title, css="col-title"),
        Column("State", lambda i: i.get_state_display(), sort="state"),
        Column("Service", lambda i: str(i.ticket.service or ""), css="col-wide"),
        Column("Detected", lambda i: i.detected_at, sort="detected", css="col-wide"),
        Column("Clock", lambda i: i.ticket.resolution_due_at),
        Column("Assignee", lambda i: str(i.ticket.assignee or "")),
    )
    orders = {
        "reference": Order("ticket_id", "ticket_id"),
        "level": Order("level", "ticket_id"),
        "state": Order("state", "ticket_id"),
        "detected": Order("detected_at", "ticket_id"),
    }
    default_sort = "-reference"
    presets = (
        ("Open, worst first", "open=1&sort=level"),
        ("Nobody has acknowledged", "state=detected&sort=level"),
        ("To close", "state=resolved"),
    )

    def records(self) -> IncidentQuerySet:
        found: IncidentQuerySet = Incident.objects.visible_to(self.request.user).for_list()
        return found

    def results(self, found: QuerySet[Any]) -> dict[str, Any]:
        results = super().results(found)
        for incident in results["records"]:
            named(incident)
        return results

    def extra_context(self) -> dict[str, Any]:
        if not self.request.user.has_perm("incidents.declare_incident"):
            return {}
        return {"create_url": reverse("incidents:declare"), "create_label": "Declare incident"}

"""Questions about incidents and alerts, in business words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from incidents.models import Alert, Incident  # noqa: F401 (named in the bases below)
    from itsm.people.models import User

OPEN = ("detected", "acknowledged", "investigating", "identified", "mitigated")


class IncidentQuerySet(models.QuerySet["Incident"]):
    def visible_to(self, user: User) -> IncidentQuerySet:
        """Whoever sees the ticket sees its incident; staff and auditors see all."""
        if user.customer_id is not None:
            return self.filter(Q(ticket__customer_id=user.customer_id) | Q(ticket__requester=user))
        if user.has_perm("incidents.read_incident"):
            return self
        return self.filter(ticket__requester=user)

    def open(self) -> IncidentQuerySet:
        return self.filter(state__in=OPEN)

    def titled(self, words: str) -> IncidentQuerySet:
        """Whose ticket's title begins with the words, in any case."""
        return self.filter(ticket__title__istartswith=words)

    def for_page(self) -> IncidentQuerySet:
        """With all that the page of one incident names, in one query."""
        return self.select_related(
            "ticket__service__owner",
            "ticket__customer",
            "ticket__team",
            "ticket__assignee",
            "ticket__requester",
            "acknowledged_by",
            "verified_by",
            "review_waived_by",
            "merged_into",
        )

    def for_list(self) -> IncidentQuerySet:
        """With all that a row of the list shows, in one query."""
        return self.select_related("ticket__service", "ticket__assignee", "ticket__customer")


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> AlertQuerySet:
        return self.filter(resolved_at=None)

    def of(self, record: Any) -> AlertQuerySet:
        return self.filter(incident=record)

"""Questions about tickets, in business words."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

if TYPE_CHECKING:
    from itsm.people.models import User
    from itsm.tickets.models import Ticket  # noqa: F401 (named in the base below)

OPEN = ("new", "triaged", "in-progress", "waiting")


class TicketQuerySet(models.QuerySet["Ticket"]):
    def visible_to(self, user: User) -> TicketQuerySet:
        """All for those who may read every ticket; a customer's people see their customer's;
        everybody sees what they asked for themselves."""
        if user.customer_id is not None:
            return self.filter(Q(customer_id=user.customer_id) | Q(requester=user))
        if user.has_perm("tickets.read_ticket"):
            return self
        return self.filter(requester=user)

    def open(self) -> TicketQuerySet:
        return self.filter(state__in=OPEN)

    def assigned_to(self, user: User) -> TicketQuerySet:
        return self.open().filter(assignee=user)

    def overdue(self, at: dt.datetime | None = None) -> TicketQuerySet:
        """Open, past the resolution target, and the clock neither stopped nor paused."""
        return self.running().filter(resolution_due_at__lt=at or timezone.now())

    def running(self) -> TicketQuerySet:
        """Open, with a resolution clock that has not stopped and is not paused."""
        unpaused = self.open().filter(restored_at=None, resolution_due_at__isnull=False)
        return unpaused.exclude(waiting_on="customer")

    def titled(self, words: str) -> TicketQuerySet:
        """Whose title begins with the words, in any case."""
        return self.filter(title__istartswith=words)

    def for_page(self) -> TicketQuerySet:
        """With all single records that its page names, its incident too; one query."""
        return self.select_related(
            "service__owner", "customer", "requester", "assignee", "team", "incident"
        )

    def for_list(self) -> TicketQuerySet:
        """With all that a row of the list shows, in one query."""
        return self.select_related("service", "customer", "assignee", "team")

    def with_labels(self) -> TicketQuerySet:
        """With the labels that each ticket carries now, as `current_labels`: one query more."""
        from itsm.tickets.models import TicketLabel

        rows = TicketLabel.objects.filter(removed_at=None).select_related("label__prefix")
        current: Any = models.Prefetch("ticket_labels", queryset=rows, to_attr="current_labels")
        return self.prefetch_related(current)

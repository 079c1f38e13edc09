"""What a ticket is tied to: labels over time, other tickets, accounts, resources."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from itsm.catalog.models import Account, Label, Resource
from itsm.core.history import audited
from itsm.tickets.models.ticket import Ticket


class TicketLabel(models.Model):
    """A label on a ticket for a time: a row with a start and an end."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="ticket_labels")
    label = models.ForeignKey(Label, on_delete=models.PROTECT, related_name="ticket_labels")
    added_at = models.DateTimeField(default=timezone.now)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    history = audited()

    class Meta:
        ordering = ["label"]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "label"],
                condition=Q(removed_at=None),
                name="tickets_label_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None, removed_by=None)
                | Q(removed_at__isnull=False, removed_by__isnull=False),
                name="tickets_label_removed_at_and_by",
            ),
        ]
        indexes = [
            models.Index(
                fields=["label", "-ticket"],
                condition=Q(removed_at=None),
                name="tickets_by_current_label",
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} on OPS-{self.ticket_id}"


class TicketLink(models.Model):
    """`from_ticket` relates to `to_ticket` in one of a few ways."""

    class Kind(models.TextChoices):
        RELATES = "relates", "Relates to"
        DUPLICATES = "duplicates", "Duplicates"
        CAUSED_BY = "caused-by", "Is caused by"
        BLOCKS = "blocks", "Blocks"

    from_ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="links_from")
    to_ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="links_to")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.RELATES)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )

    history = audited()

    class Meta:
        ordering = ["kind", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["from_ticket", "to_ticket", "kind"], name="tickets_link_once"
            ),
            models.CheckConstraint(
                condition=~Q(from_ticket=F("to_ticket")), name="tickets_no_link_to_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_ticket} {self.get_kind_display().lower()} {self.to_ticket}"


class TicketAccount(models.Model):
    """An account in the ticket's scope."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="ticket_accounts")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="ticket_accounts")

    history = audited()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "account"], name="tickets_account_once"),
        ]

    def __str__(self) -> str:
        return f"{self.account} in {self.ticket}"


class TicketResource(models.Model):
    """A resource in the ticket's scope."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="ticket_resources")
    resource = models.ForeignKey(
        Resource, on_delete=models.PROTECT, related_name="ticket_resources"
    )

    history = audited()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "resource"], name="tickets_resource_once"),
        ]

    def __str__(self) -> str:
        return f"{self.resource} in {self.ticket}"

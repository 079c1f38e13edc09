"""What monitoring tells us: integrations with their secret address, alerts, dead letters."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from incidents.models.incident import Incident
from incidents.models.routing import RoutingRule
from incidents.querysets import AlertQuerySet
from itsm.catalog.models import Environment, Service
from itsm.core.history import audited
from itsm.tickets.models import Ticket


class Integration(models.Model):
    """A monitoring system that posts to us under a secret address.

    Only the SHA-256 of the key is stored. Rotating keeps the previous key valid until
    `previous_key_until`, so that the sender can be changed without a gap.
    """

    class Kind(models.TextChoices):
        ALERTMANAGER = "alertmanager", "Prometheus Alertmanager"
        GENERIC = "generic", "Generic JSON"

    kind = models.CharField(max_length=20, choices=Kind)
    name = models.CharField(max_length=80, unique=True)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    key_hint = models.CharField(max_length=8, editable=False, help_text="Its last characters.")
    previous_key_hash = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    previous_key_until = models.DateTimeField(null=True, blank=True, editable=False)
    enabled = models.BooleanField(default=True)
    service = models.ForeignKey(
        Service,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        help_text="For alerts that name no service.",
    )
    environment = models.CharField(max_length=8, choices=Environment, blank=True)
    rate_per_minute = models.PositiveIntegerField(
        default=30_000, help_text="Requests a minute before 429. 0: no limit."
    )
    mapping = models.JSONField(
        default=dict,
        blank=True,
        help_text="Generic JSON only: our field → path in the body, e.g. title: event.name.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    history = audited(excluded_fields=["key_hash", "previous_key_hash"])

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(previous_key_hash="", previous_key_until=None)
                | ~Q(previous_key_hash="") & Q(previous_key_until__isnull=False),
                name="incidents_previous_key_has_end",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """One condition that a monitor reports, from first firing to resolved.

    A repeat of an open alert counts up this row and brings its latest words and start; the same key
    after a resolve makes a new row. Raw alerts have no history of their own: what they do to
    incidents has. The row is written by `incidents.intake` alone, with few indexes, because it is
    the hottest table of the portal.
    """

    class Outcome(models.TextChoices):
        OPENED = "opened", "Opened an incident"
        ATTACHED = "attached", "Joined an incident"
        TICKET = "ticket", "Raised a ticket"

    integration = models.ForeignKey(
        Integration, on_delete=models.PROTECT, related_name="alerts", db_index=False
    )
    dedup_key = models.CharField(max_length=200)
    title = models.CharField(max_length=200)
    severity = models.CharField(max_length=40, blank=True, help_text="In the monitor's words.")
    labels = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)
    source_url = models.CharField(max_length=1000, blank=True)
    starts_at = models.DateTimeField()
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)
    count = models.PositiveIntegerField(default=1)
    service = models.ForeignKey(
        Service,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="alerts",
        db_index=False,
    )
    environment = models.CharField(max_length=8, choices=Environment, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True)
    rule = models.ForeignKey(
        RoutingRule,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="alerts",
        db_index=False,
    )
    incident = models.ForeignKey(
        Incident,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="alerts",
        db_index=False,
    )
    ticket = models.ForeignKey(
        Ticket,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="alerts",
        db_index=False,
    )

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["integration", "dedup_key"],
                condition=Q(resolved_at=None),
                name="incidents_one_open_alert_per_key",
            ),
        ]
        indexes = [
            models.Index(
                fields=["incident", "-id"],
                condition=Q(incident__isnull=False),
                name="incidents_alerts_of_incident",
            ),
            models.Index(
                fields=["service", "-id"],
                condition=Q(service__isnull=False),
                name="incidents_alerts_of_service",
            ),
            models.Index(
                fields=["ticket"],
                condition=Q(ticket__isnull=False),
                name="incidents_alerts_of_ticket",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    @property
    def description(self) -> str:
        """What the monitor explains beyond the title."""
        return str(self.annotations.get("description") or self.annotations.get("message") or "")


class AlertGroup(models.Model):
    """The open incident that alerts of one grouping key join, within their rule's window."""

    rule = models.ForeignKey(RoutingRule, on_delete=models.CASCADE, related_name="groups")
    key = models.CharField(max_length=64, help_text="SHA-256 of the values grouped by.")
    incident = models.ForeignKey(Incident, null=True, on_delete=models.PROTECT, related_name="+")
    last_seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "key"], name="incidents_group_once"),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.key[:12]}"


class DropCount(models.Model):
    """How many alerts a rule dropped on a day."""

    rule = models.ForeignKey(RoutingRule, on_delete=models.CASCADE, related_name="drops")
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "day"], name="incidents_drop_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.count} on {self.day:%Y-%m-%d}"


class DeadLetter(models.Model):
    """Something a monitor sent that could not be read, kept for an ops manager to look at."""

    integration = models.ForeignKey(
        Integration, on_delete=models.PROTECT, related_name="dead_letters"
    )
    received_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=400)
    body = models.JSONField(help_text="The alert as it came.")
    handled_at = models.DateTimeField(null=True, blank=True)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(handled_at=None, handled_by=None)
                | Q(handled_at__isnull=False, handled_by__isnull=False),
                name="incidents_dead_letter_handled_at_and_by",
            ),
        ]

    def __str__(self) -> str:
        return self.reason

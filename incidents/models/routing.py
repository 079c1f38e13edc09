"""Routing: what an alert leads to, decided by the first rule that matches."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from incidents.models.severity import Level
from itsm.catalog.models import Environment, Service
from itsm.core.history import audited


class RoutingRule(models.Model):
    """One rule, in order of `position`. Empty criteria match everything.

    `labels` maps a label to a value, or to a pattern between slashes: `{"team": "/^pay/"}`.
    """

    class Action(models.TextChoices):
        INCIDENT = "incident", "Open an incident"
        TICKET = "ticket", "Raise a ticket only"
        DROP = "drop", "Drop and count"

    name = models.CharField(max_length=80, unique=True)
    position = models.PositiveIntegerField(default=100, db_index=True)
    enabled = models.BooleanField(default=True)

    integration = models.ForeignKey(
        "incidents.Integration",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="rules",
    )
    service = models.ForeignKey(
        Service, null=True, blank=True, on_delete=models.PROTECT, related_name="routing_rules"
    )
    environment = models.CharField(max_length=8, choices=Environment, blank=True)
    labels = models.JSONField(default=dict, blank=True)

    action = models.CharField(max_length=8, choices=Action, default=Action.INCIDENT)
    level = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        choices=Level,
        help_text="Empty: from the alert's own severity.",
    )
    group_by = models.JSONField(
        default=list,
        blank=True,
        help_text='Labels whose equal values join one incident, e.g. ["alertname", "service"].',
    )
    group_minutes = models.PositiveIntegerField(
        default=60, help_text="An alert joins the open incident seen within this time."
    )

    history = audited()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(action="incident") | Q(level=None),
                name="incidents_level_only_for_incidents",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if not isinstance(self.labels, dict):
            raise ValidationError({"labels": 'Write an object such as {"team": "payments"}.'})
        for label, wanted in self.labels.items():
            self._check_criterion(label, wanted)
        if not isinstance(self.group_by, list) or not all(
            isinstance(n, str) for n in self.group_by
        ):
            raise ValidationError({"group_by": 'Write a list such as ["alertname"].'})

    @staticmethod
    def _check_criterion(label: str, wanted: object) -> None:
        if not isinstance(wanted, str):
            raise ValidationError({"labels": f"The value for “{label}” is not text."})
        if (pattern := pattern_in(wanted)) is not None:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValidationError(
                    {"labels": f"The pattern for “{label}” cannot be read: {error}."}
                ) from error


def pattern_in(wanted: str) -> str | None:
    """The pattern when a criterion is one (between slashes), else None."""
    is_pattern = len(wanted) > 2 and wanted[0] == wanted[-1] == "/"
    return wanted[1:-1] if is_pattern else None

"""The priority policy: impact and urgency → priority, and the SLA times of each priority."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q

from itsm.core.history import audited
from itsm.core.policies import PolicyVersion


class Impact(models.TextChoices):
    HIGH = "high", "High"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"


class Urgency(models.TextChoices):
    HIGH = "high", "High"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"


class Priority(models.IntegerChoices):
    """P0 to P4: drives the SLA clocks and the order of work. Severity drives the response."""

    P0 = 0, "P0"
    P1 = 1, "P1"
    P2 = 2, "P2"
    P3 = 3, "P3"
    P4 = 4, "P4"


class PriorityPolicy(PolicyVersion):
    """One version of the matrix and its times. A ticket keeps the version it was raised under."""

    history = audited()

    class Meta(PolicyVersion.Meta):
        verbose_name = "priority policy"
        verbose_name_plural = "priority policies"

    def priority_for(self, impact: str, urgency: str, *, platform_wide: bool) -> Priority | None:
        """The computed priority, or None when the matrix has no such cell.

        A rule for platform-wide tickets wins over the general rule of the same cell.
        """
        cells = [r for r in self.rules.all() if r.impact == impact and r.urgency == urgency]
        wide = [r for r in cells if r.platform_wide]
        plain = [r for r in cells if not r.platform_wide]
        chosen = (wide or plain) if platform_wide else plain
        return Priority(chosen[0].priority) if chosen else None

    def target_for(self, priority: int) -> PriorityTarget | None:
        return next((t for t in self.targets.all() if t.priority == priority), None)


class PriorityRule(models.Model):
    """One cell of the matrix."""

    policy = models.ForeignKey(PriorityPolicy, on_delete=models.CASCADE, related_name="rules")
    impact = models.CharField(max_length=6, choices=Impact)
    urgency = models.CharField(max_length=6, choices=Urgency)
    platform_wide = models.BooleanField(default=False)
    priority = models.PositiveSmallIntegerField(choices=Priority)

    history = audited()

    class Meta:
        ordering = ["policy", "priority"]
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "impact", "urgency", "platform_wide"],
                name="tickets_one_priority_per_cell",
            ),
        ]

    def __str__(self) -> str:
        wide = ", platform-wide" if self.platform_wide else ""
        return f"{self.impact} impact, {self.urgency} urgency{wide} → P{self.priority}"


class PriorityTarget(models.Model):
    """The resolution time of a priority: real minutes, or business minutes, or business days."""

    policy = models.ForeignKey(PriorityPolicy, on_delete=models.CASCADE, related_name="targets")
    priority = models.PositiveSmallIntegerField(choices=Priority)
    resolve_minutes = models.PositiveIntegerField(null=True, blank=True)
    resolve_business_days = models.PositiveSmallIntegerField(null=True, blank=True)
    business_hours = models.BooleanField(
        default=False, help_text="The clock runs in the customer's business hours only."
    )

    history = audited()

    class Meta:
        ordering = ["policy", "priority"]
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "priority"], name="tickets_one_target_per_priority"
            ),
            models.CheckConstraint(
                condition=Q(resolve_minutes__gt=0, resolve_business_days=None)
                | Q(resolve_minutes=None, resolve_business_days__gt=0, business_hours=True),
                name="tickets_target_is_minutes_or_business_days",
            ),
        ]

    def __str__(self) -> str:
        return f"P{self.priority}: {self.describe()}"

    def describe(self) -> str:
        """ "15 min", "8 business hours", "5 business days"."""
        if self.resolve_business_days:
            return f"{self.resolve_business_days} business days"
        duration = dt.timedelta(minutes=self.resolve_minutes or 0)
        hours, minutes = divmod(int(duration.total_seconds()) // 60, 60)
        words = f"{hours} h" if hours and not minutes else f"{hours * 60 + minutes} min"
        return f"{words} of business time" if self.business_hours else words

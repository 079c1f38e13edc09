"""Severity: levels 0 to 4 inside, names by the active scheme, response times by policy version."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from itsm.core.history import audited
from itsm.core.policies import PolicyVersion


class Level(models.IntegerChoices):
    """How bad it is; drives the response. 0 is the worst."""

    CRITICAL = 0, "Critical"
    HIGH = 1, "High"
    MEDIUM = 2, "Medium"
    LOW = 3, "Low"
    INFORMATIONAL = 4, "Informational"


class Scheme(models.TextChoices):
    """How levels are named on pages: SEV-0…SEV-4, or SEV1…SEV4 with level 4 as "Info"."""

    FIVE = "five", "SEV-0 to SEV-4"
    FOUR = "four", "SEV1 to SEV4"


class SeverityPolicy(PolicyVersion):
    """One version of what each level means and asks for. An incident keeps its version."""

    scheme = models.CharField(max_length=4, choices=Scheme, default=Scheme.FIVE)

    history = audited()

    class Meta(PolicyVersion.Meta):
        verbose_name = "severity policy"
        verbose_name_plural = "severity policies"

    def level(self, number: int) -> SeverityLevel:
        return next(row for row in self.levels.all() if row.level == number)


class SeverityLevel(models.Model):
    """What one level means, and how fast and how formally it is answered.

    A target is either in minutes, around the clock, or in business days of the customer.
    """

    policy = models.ForeignKey(SeverityPolicy, on_delete=models.CASCADE, related_name="levels")
    level = models.PositiveSmallIntegerField(choices=Level)
    meaning = models.CharField(max_length=200)
    respond_minutes = models.PositiveIntegerField(
        null=True, blank=True, help_text="Until the first acknowledgement."
    )
    respond_minutes_off_hours = models.PositiveIntegerField(
        null=True, blank=True, help_text="Outside business hours, when different."
    )
    respond_business_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Instead of minutes."
    )
    update_minutes = models.PositiveIntegerField(
        null=True, blank=True, help_text="Between updates. Empty: as needed."
    )
    mitigate_minutes = models.PositiveIntegerField(
        null=True, blank=True, help_text="Until mitigated. Empty: no target."
    )
    mitigate_business_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Instead of minutes."
    )
    review_required = models.BooleanField(default=False)
    review_within_hours = models.PositiveIntegerField(null=True, blank=True)
    war_room = models.CharField(
        max_length=10,
        choices=[("automatic", "Automatic"), ("on-demand", "On demand"), ("none", "None")],
        default="none",
    )

    history = audited()

    class Meta:
        ordering = ["policy", "level"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "level"], name="incidents_one_row_per_level"),
            models.CheckConstraint(
                condition=Q(review_required=False) | Q(review_within_hours__gt=0),
                name="incidents_required_review_has_time",
            ),
            models.CheckConstraint(
                condition=Q(respond_minutes__gt=0, respond_business_days=None)
                | Q(respond_minutes=None, respond_minutes_off_hours=None)
                & Q(respond_business_days__gt=0),
                name="incidents_respond_in_minutes_or_days",
            ),
            models.CheckConstraint(
                condition=Q(mitigate_minutes=None) | Q(mitigate_business_days=None),
                name="incidents_mitigate_in_minutes_or_days",
            ),
        ]

    def __str__(self) -> str:
        return f"Level {self.level}: {self.meaning}"

"""The timeline of an incident: what happened when, as known at the time of writing."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from incidents.models.incident import Incident
from itsm.core.text import validate_storable


class TimelineEntry(models.Model):
    """One event of an incident. Append-only: a wrong entry is struck by one that corrects it.

    `at` is when it happened, `recorded_at` when it was written. An entry with a `stamp` sets one of
    the incident's moments; the latest stamp of a name holds.
    """

    append_only = True

    class Kind(models.TextChoices):
        STATE = "state", "State"
        ALERT = "alert", "Alert"
        NOTE = "note", "Note"
        LEVEL = "level", "Severity"
        ASSIGNMENT = "assignment", "Assignment"
        RESOLUTION = "resolution", "Resolution"
        VERIFICATION = "verification", "Verification"
        MERGE = "merge", "Merge"
        CORRECTION = "correction", "Correction"
        PAGE = "page", "Page"
        UPDATE = "update", "Update"
        CHANGE = "change", "Change"

    class Stamp(models.TextChoices):
        STARTED = "started", "Started"
        DETECTED = "detected", "Detected"
        AWARE = "aware", "Aware"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        CLASSIFIED = "classified", "Classified"
        MATERIAL = "material", "Determined material"
        TOLERANCE = "tolerance", "Tolerance breached"
        MITIGATED = "mitigated", "Mitigated"
        RESOLVED = "resolved", "Resolved"

    class Source(models.TextChoices):
        PERSON = "person", "Person"
        MONITOR = "monitor", "Monitor"
        PORTAL = "portal", "Portal"
        IMPORT = "import", "Import"

    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="timeline", db_index=False
    )
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=12, choices=Kind)
    stamp = models.CharField(max_length=12, choices=Stamp, blank=True)
    source = models.CharField(max_length=8, choices=Source, default=Source.PERSON)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    text = models.TextField(validators=[validate_storable])
    link = models.CharField(max_length=300, blank=True)
    data = models.JSONField(default=dict, blank=True)
    corrects = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrected_by"
    )

    class Meta:
        verbose_name_plural = "timeline entries"
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["incident", "at", "id"], name="incidents_timeline_order")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.text[:60]}"

"""What a person keeps of the portal itself: saved views of lists."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from itsm.core.history import audited


class SavedView(models.Model):
    """A list with its filters and order, under a name. Shared ones are there for everybody."""

    page = models.CharField(max_length=40, help_text="The list it belongs to, e.g. tickets.")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True, help_text="Query string of the list.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views"
    )
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    history = audited()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["page", "name", "owner"], name="portal_view_name_once_per_owner"
            ),
        ]

    def __str__(self) -> str:
        return self.name

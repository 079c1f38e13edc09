"""Comments and evidence: append-only, because others decided on what they read there."""

from __future__ import annotations

from pathlib import PurePosixPath

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from itsm.core.text import validate_storable
from itsm.tickets.models.ticket import Ticket


class Comment(models.Model):
    """Something said on a ticket, in Markdown. Never edited: a second one corrects the first."""

    append_only = True

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="comments")
    body = models.TextField(validators=[validate_storable])
    internal = models.BooleanField(
        default=False, help_text="For colleagues only: requester and customer do not see it."
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"Comment on {self.ticket}"


class Attachment(models.Model):
    """A file kept as evidence under the SHA-256 of its content, so that equal files are one."""

    append_only = True

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="attachments")
    sha256 = models.CharField(max_length=64, validators=[RegexValidator(r"^[0-9a-f]{64}$")])
    name = models.CharField(max_length=200, validators=[validate_storable])
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    content_type = models.CharField(max_length=100)
    internal = models.BooleanField(default=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["uploaded_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "sha256", "name"], name="tickets_evidence_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        """Where the content lies below the media folder."""
        return str(PurePosixPath("evidence", self.sha256[:2], self.sha256[2:4], self.sha256))

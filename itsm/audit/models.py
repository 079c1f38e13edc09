"""What happened that is not a change of a record: refusals, sign-ins, exports, grants."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class AuditEvent(models.Model):
    """One entry of the trail. Append-only; ids instead of relations, so that it outlives them."""

    append_only = True

    class Kind(models.TextChoices):
        REFUSED = "refused", "Refused"
        SIGNED_IN = "signed_in", "Signed in"
        SIGN_IN_FAILED = "sign_in_failed", "Sign-in failed"
        LOCKED_OUT = "locked_out", "Locked out"
        SIGNED_OUT = "signed_out", "Signed out"
        GRANTED = "granted", "Granted"
        REVOKED = "revoked", "Revoked"
        EXPORTED = "exported", "Exported"
        DOWNLOADED = "downloaded", "Downloaded"
        IMPORTED = "imported", "Imported"
        UNLOCKED = "unlocked", "Unlocked"
        PASSWORD_LINK = "password_link", "Set-password link issued"
        PASSWORD_SET = "password_set", "Password set"

    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=14, choices=Kind)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=200, blank=True)
    target = models.CharField(max_length=60, blank=True)
    target_id = models.BigIntegerField(null=True)
    summary = models.CharField(max_length=400)
    data = models.JSONField(default=dict)
    origin = models.CharField(max_length=10)
    request_id = models.CharField(max_length=64, blank=True)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["target", "target_id", "-id"], name="audit_event_of_record"),
            models.Index(fields=["actor_id", "-id"], name="audit_event_of_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.summary}"

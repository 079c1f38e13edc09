"""Messages to the outside: rows first, delivery later, every attempt kept."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class MessageQuerySet(models.QuerySet["Message"]):
    def deliverable(self, at: dt.datetime | None = None) -> MessageQuerySet:
        """Queued and due, or claimed by a worker whose lease ran out."""
        now = at or timezone.now()
        return self.filter(
            Q(state=Message.State.QUEUED, due_at__lte=now)
            | Q(state=Message.State.SENDING, lease_until__lt=now)
        ).order_by("due_at", "pk")

    def of(self, record: models.Model) -> MessageQuerySet:
        return self.filter(target=record._meta.label_lower, target_id=record.pk)


class Message(models.Model):
    """One message to one recipient over one channel.

    Delivered at least once: `key` goes along, so that a receiver can drop a repeat. After the last
    attempt it is a dead letter, which an ops manager can send again.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        DEAD = "dead", "Dead letter"

    channel = models.CharField(max_length=20)
    recipient = models.CharField(max_length=300)
    subject = models.CharField(max_length=300, blank=True)
    body = models.TextField()
    target = models.CharField(max_length=60, blank=True, help_text="Model of the record behind it.")
    target_id = models.BigIntegerField(null=True, blank=True)
    key = models.CharField(max_length=120, unique=True, help_text="Idempotency key.")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    provider_id = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)
    recipient_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="messages",
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(lease_until__isnull=False),
                name="outbox_sending_has_lease",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="outbox_sent_has_time"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=["queued", "sending"]),
                name="outbox_open_by_due",
            ),
            models.Index(fields=["target", "target_id"], name="outbox_of_record"),
        ]
        permissions = [("resend_message", "Can send dead letters again")]

    def __str__(self) -> str:
        return f"{self.channel} to {self.recipient}: {self.subject}"


class Attempt(models.Model):
    """One try to deliver a message, and how it went."""

    append_only = True

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="tries")
    at = models.DateTimeField(default=timezone.now)
    delivered = models.BooleanField()
    detail = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{'Delivered' if self.delivered else 'Failed'} at {self.at:%Y-%m-%d %H:%M:%S} UTC"

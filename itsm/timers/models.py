"""Everything that must happen later is a row here, visible before it fires."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone


class TimerQuerySet(models.QuerySet["Timer"]):
    def armed(self) -> TimerQuerySet:
        return self.filter(state=Timer.State.ARMED)

    def due(self, at: dt.datetime | None = None) -> TimerQuerySet:
        """Armed timers whose time has come, the longest due first."""
        return self.armed().filter(due_at__lte=at or timezone.now()).order_by("due_at", "pk")

    def missed(self, grace: dt.timedelta, at: dt.datetime | None = None) -> TimerQuerySet:
        """Armed, later than planned by more than the grace period, and not reported yet.

        A failing timer waits with a new `due_at` and is late all the same. Both arms have a partial
        index: the cost is what is late, not what is armed.
        """
        latest = (at or timezone.now()) - grace
        late = Q(due_at__lt=latest) | Q(attempts__gt=0, planned_at__lt=latest)
        return self.armed().filter(late, missed_at=None).order_by("planned_at", "pk")

    def of(self, record: models.Model) -> TimerQuerySet:
        return self.filter(target=record._meta.label_lower, target_id=record.pk)


class Timer(models.Model):
    """One thing that will be done to one record at one moment, and the receipt once it was.

    `planned_at` never moves; a retry moves `due_at`. The row is never deleted: fired, it is the
    receipt (planned, actual, lateness, outcome). Exactly one armed timer per kind, record and key.
    """

    class State(models.TextChoices):
        ARMED = "armed", "Armed"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"
        DEAD = "dead", "Gave up"

    kind = models.CharField(max_length=60, help_text="Names the handler, e.g. ticket.sla_warning.")
    target = models.CharField(max_length=60, help_text="Model of the record, e.g. tickets.ticket.")
    target_id = models.BigIntegerField()
    key = models.CharField(max_length=80, blank=True, default="")
    data = models.JSONField(default=dict, blank=True)
    planned_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State, default=State.ARMED)
    attempts = models.PositiveSmallIntegerField(default=0)
    fired_at = models.DateTimeField(null=True, blank=True)
    missed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the watchdog told of its being late."
    )
    outcome = models.CharField(max_length=300, blank=True, default="")
    error = models.TextField(blank=True, default="")

    objects = TimerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["target_id", "target", "kind", "key"],
                condition=Q(state="armed"),
                name="timers_one_armed_per_kind_and_key",
            ),
            models.CheckConstraint(
                condition=Q(state="armed", fired_at=None)
                | Q(state__in=["done", "dead"], fired_at__isnull=False)
                | Q(state="cancelled"),
                name="timers_receipt_when_fired",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="armed"), name="timers_armed_by_due"),
            models.Index(
                fields=["planned_at"],
                condition=Q(state="armed", attempts__gt=0),
                name="timers_failing_by_plan",
            ),
            models.Index(fields=["target_id", "target"], name="timers_of_record"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.target} {self.target_id}"

    @property
    def lateness(self) -> dt.timedelta | None:
        """How much later than planned it fired; None while it has not."""
        return self.fired_at - self.planned_at if self.fired_at else None


class Heartbeat(models.Model):
    """The last sign of life of a periodic job: liveness is a row, not a question to the broker."""

    name = models.CharField(max_length=60, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S} UTC"

    @classmethod
    def beat(cls, name: str) -> None:
        cls.objects.update_or_create(name=name, defaults={"at": timezone.now()})


@dataclass(frozen=True, slots=True)
class Planned:
    """A timer that is still to be written, which `itsm.timers.actions.arm` does."""

    kind: str
    target: str
    target_id: int
    due_at: dt.datetime
    key: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def spec(
    kind: str,
    record: models.Model,
    due_at: dt.datetime,
    *,
    key: str = "",
    data: dict[str, Any] | None = None,
) -> Planned:
    """A timer of `kind` for a record, to be armed."""
    return Planned(kind, record._meta.label_lower, record.pk, due_at, key, data or {})

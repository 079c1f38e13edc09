"""The ticket: what somebody asked for or what went wrong, from first word to closed."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django_fsm import FSMField, transition

from itsm.catalog.models import Customer, Environment, Service
from itsm.core import references
from itsm.core.history import audited
from itsm.core.text import validate_storable
from itsm.core.transitions import StateMachine
from itsm.people.models import Team
from itsm.tickets.models.policy import Impact, Priority, PriorityPolicy, Urgency
from itsm.tickets.querysets import TicketQuerySet


class Ticket(StateMachine, models.Model):
    """A piece of operations work: an incident, a problem, a change or a service request.

    A ticket has at most one incident, which then drives its state, and any number of changes.
    Its two SLA targets are instants (`response_due_at`, `resolution_due_at`) computed from the
    policy version it was raised under; waiting on the customer moves the second by the length of
    the pause. Whether a target is breached is derived, never stored. Everything here is written by
    `itsm.tickets.actions`.
    """

    class Type(models.TextChoices):
        INCIDENT = "incident", "Incident"
        PROBLEM = "problem", "Problem"
        CHANGE = "change", "Change"
        SERVICE_REQUEST = "service-request", "Service request"

    class Source(models.TextChoices):
        PORTAL = "portal", "Portal"
        EMAIL = "email", "E-mail"
        ALERT = "alert", "Alert"
        API = "api", "API"
        IMPORT = "import", "Import"

    class State(models.TextChoices):
        NEW = "new", "New"
        TRIAGED = "triaged", "Triaged"
        IN_PROGRESS = "in-progress", "In progress"
        WAITING = "waiting", "Waiting"
        RESOLVED = "resolved", "Resolved"
        CLOSED = "closed", "Closed"
        CANCELLED = "cancelled", "Cancelled"

    class WaitingOn(models.TextChoices):
        CUSTOMER = "customer", "On customer"
        SUPPLIER = "supplier", "On supplier"

    #: Somebody still has to do something.
    OPEN = (State.NEW, State.TRIAGED, State.IN_PROGRESS, State.WAITING)

    title = models.CharField(max_length=200, validators=[validate_storable])
    description = models.TextField(blank=True, validators=[validate_storable])
    type = models.CharField(max_length=16, choices=Type, default=Type.INCIDENT)
    source = models.CharField(max_length=8, choices=Source, default=Source.PORTAL)
    source_ref = models.CharField(
        max_length=120, blank=True, help_text="The record's name in the system it came from."
    )
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="requested_tickets",
        db_index=False,
    )
    customer = models.ForeignKey(
        Customer,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tickets",
        db_index=False,
    )
    service = models.ForeignKey(
        Service,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tickets",
        db_index=False,
    )
    environment = models.CharField(max_length=8, choices=Environment, blank=True)

    impact = models.CharField(max_length=6, choices=Impact, default=Impact.LOW)
    urgency = models.CharField(max_length=6, choices=Urgency, default=Urgency.LOW)
    platform_wide = models.BooleanField(default=False)
    policy = models.ForeignKey(PriorityPolicy, on_delete=models.PROTECT, related_name="tickets")
    priority = models.PositiveSmallIntegerField(choices=Priority)
    priority_reason = models.CharField(
        max_length=300, blank=True, help_text="Why the priority is not the computed one."
    )

    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tickets",
        db_index=False,
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="assigned_tickets",
        db_index=False,
    )

    state = FSMField(max_length=12, choices=State, default=State.NEW, protected=True)
    waiting_on = models.CharField(max_length=8, choices=WaitingOn, blank=True)
    resolution = models.TextField(blank=True, validators=[validate_storable])

    opened_at = models.DateTimeField(default=timezone.now)
    response_due_at = models.DateTimeField(null=True, blank=True)
    responded_at = models.DateTimeField(null=True, blank=True)
    resolution_due_at = models.DateTimeField(null=True, blank=True)
    restored_at = models.DateTimeField(
        null=True, blank=True, help_text="Service restored: the resolution clock stopped here."
    )
    resolved_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = TicketQuerySet.as_manager()
    history = audited()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="waiting") & ~Q(waiting_on="")
                | ~Q(state="waiting") & Q(waiting_on=""),
                name="tickets_waiting_says_on_whom",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["resolved", "closed"]) | Q(resolved_at__isnull=False),
                name="tickets_resolved_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | Q(closed_at__isnull=False),
                name="tickets_closed_has_time",
            ),
            models.UniqueConstraint(
                fields=["source", "source_ref"],
                condition=~Q(source_ref=""),
                name="tickets_one_per_source_ref",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-id"], name="tickets_by_state"),
            models.Index(fields=["priority", "id"], name="tickets_by_priority"),
            models.Index(fields=["type", "-id"], name="tickets_by_type"),
            models.Index(fields=["service", "-id"], name="tickets_by_service"),
            models.Index(fields=["customer", "-id"], name="tickets_by_customer"),
            models.Index(fields=["requester", "-id"], name="tickets_by_requester"),
            models.Index(fields=["assignee", "-id"], name="tickets_by_assignee"),
            models.Index(fields=["team", "-id"], name="tickets_by_team"),
            models.Index(fields=["-opened_at", "-id"], name="tickets_by_opened"),
            models.Index(
                fields=["resolution_due_at", "id"],
                condition=Q(state__in=["new", "triaged", "in-progress", "waiting"]),
                name="tickets_open_by_due",
            ),
        ]
        permissions = [
            ("raise_ticket", "Can raise tickets"),
            ("read_ticket", "Can read every ticket"),
            ("work_ticket", "Can work tickets: triage, assign, edit, resolve"),
            ("note_ticket", "Can comment and add evidence"),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse("tickets:detail", args=[self.reference])

    @property
    def reference(self) -> str:
        return references.plain("OPS", self.pk)

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def pauses_clock(self) -> bool:
        """Only waiting on the customer stops the resolution clock."""
        return self.waiting_on == self.WaitingOn.CUSTOMER

    # The machine. `at` is when it happened, which for an import is not now.

    @transition(field=state, source=State.NEW, target=State.TRIAGED)
    def mark_triaged(self) -> None:
        """Looked at, classified well enough to be worked on."""

    @transition(field=state, source=[State.NEW, State.TRIAGED], target=State.IN_PROGRESS)
    def mark_started(self, at: dt.datetime | None) -> None:
        """Somebody works on it; the first such moment is the response (None: nobody came)."""
        self.responded_at = self.responded_at or at

    @transition(field=state, source=State.IN_PROGRESS, target=State.WAITING)
    def mark_waiting(self, on: str) -> None:
        self.waiting_on = on

    @transition(field=state, source=State.WAITING, target=State.IN_PROGRESS)
    def mark_resumed(self) -> None:
        self.waiting_on = ""

    @transition(field=state, source=[State.IN_PROGRESS, State.WAITING], target=State.RESOLVED)
    def mark_resolved(self, at: dt.datetime, resolution: str) -> None:
        self.waiting_on, self.resolution, self.resolved_at = "", resolution, at
        self.restored_at = self.restored_at or at

    @transition(field=state, source=State.RESOLVED, target=State.CLOSED)
    def mark_closed(self, at: dt.datetime) -> None:
        self.closed_at = at

    @transition(field=state, source=[State.RESOLVED, State.CLOSED], target=State.IN_PROGRESS)
    def mark_reopened(self) -> None:
        """`reopened` is this transition; the record is in progress again and its clock runs on."""
        self.resolved_at = self.closed_at = self.restored_at = None

    @transition(field=state, source=list(OPEN), target=State.CANCELLED)
    def mark_cancelled(self, at: dt.datetime) -> None:
        self.waiting_on, self.closed_at = "", at


class StateChange(models.Model):
    """A ticket went from one state to another at `at`; for an import that is the true time."""

    append_only = True

    ticket = models.ForeignKey(
        Ticket, on_delete=models.PROTECT, related_name="state_changes", db_index=False
    )
    from_state = models.CharField(max_length=12, choices=Ticket.State)
    to_state = models.CharField(max_length=12, choices=Ticket.State)
    waiting_on = models.CharField(max_length=8, choices=Ticket.WaitingOn, blank=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["ticket", "at"], name="tickets_changes_in_order")]

    def __str__(self) -> str:
        return f"{self.get_from_state_display()} → {self.get_to_state_display()}"


class ClockPause(models.Model):
    """A stretch in which the resolution clock stood still, because we waited on the customer."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="pauses")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    history = audited()

    class Meta:
        ordering = ["started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"], condition=Q(ended_at=None), name="tickets_one_open_pause"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=models.F("started_at")),
                name="tickets_pause_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"Pause of {self.ticket} from {self.started_at:%Y-%m-%d %H:%M} UTC"

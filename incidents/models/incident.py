"""The incident: the response side of a ticket, from detected to closed."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django_fsm import FSMField, transition

from incidents.models.severity import Level, SeverityPolicy
from incidents.querysets import IncidentQuerySet
from itsm.core import references
from itsm.core.history import audited
from itsm.core.text import validate_storable
from itsm.core.transitions import StateMachine, condition
from itsm.people.models import User
from itsm.tickets.models import Priority, Ticket

REOPEN_WITHIN = dt.timedelta(days=14)


@condition("It was resolved more than 14 days ago: open a new incident and link it.")
def within_reopen_time(incident: Incident) -> bool:
    return incident.resolved_at is None or timezone.now() - incident.resolved_at <= REOPEN_WITHIN


@condition("Its post-incident review is not final yet: finish it, or have it waived with a reason.")
def review_settled(incident: Incident) -> bool:
    return not incident.review_is_due


class Incident(StateMachine, models.Model):
    """A disruption being responded to. Title, service and clocks are its ticket's.

    The four moments kept here (detected, acknowledged, mitigated, resolved) are the latest word of
    the timeline's stamps; a wrong one is corrected by a new stamp with a reason. Everything here is
    written by `incidents.actions`.
    """

    class State(models.TextChoices):
        DETECTED = "detected", "Detected"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        INVESTIGATING = "investigating", "Investigating"
        IDENTIFIED = "identified", "Identified"
        MITIGATED = "mitigated", "Mitigated"
        RESOLVED = "resolved", "Resolved"
        CLOSED = "closed", "Closed"
        CANCELLED = "cancelled", "Cancelled"
        MERGED = "merged", "Merged"

    class Category(models.TextChoices):
        INFRASTRUCTURE = "infrastructure", "Infrastructure"
        DATABASE = "database", "Database"
        APPLICATION = "application", "Application"
        SECURITY = "security", "Security"
        DEPLOYMENT = "deployment", "Deployment"
        THIRD_PARTY = "third-party", "Third party"
        DATA = "data", "Data"

    class ResolutionKind(models.TextChoices):
        WORKAROUND = "workaround", "Workaround"
        PERMANENT = "permanent", "Permanent fix"
        HEALED = "healed", "Healed by itself"

    #: Somebody still has to respond.
    OPEN = (
        State.DETECTED,
        State.ACKNOWLEDGED,
        State.INVESTIGATING,
        State.IDENTIFIED,
        State.MITIGATED,
    )
    #: Under a person's care, past detection.
    ENGAGED = OPEN[1:]

    ticket = models.OneToOneField(Ticket, on_delete=models.PROTECT, related_name="incident")
    state = FSMField(max_length=13, choices=State, default=State.DETECTED, protected=True)
    policy = models.ForeignKey(SeverityPolicy, on_delete=models.PROTECT, related_name="incidents")
    level = models.PositiveSmallIntegerField(choices=Level)
    level_reason = models.CharField(
        max_length=300, blank=True, help_text="Why the level is not the suggested one."
    )
    category = models.CharField(max_length=14, choices=Category, blank=True)

    detected_at = models.DateTimeField(default=timezone.now)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    mitigated_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    resolution_kind = models.CharField(max_length=10, choices=ResolutionKind, blank=True)
    resolution = models.TextField(blank=True, validators=[validate_storable])
    verification = models.TextField(
        blank=True,
        validators=[validate_storable],
        help_text="What was checked, and with what result.",
    )
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    review_waived_reason = models.CharField(max_length=300, blank=True)
    review_waived_at = models.DateTimeField(null=True, blank=True)
    review_waived_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged_from"
    )
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = IncidentQuerySet.as_manager()
    history = audited()

    class Meta:
        ordering = ["-ticket_id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=["resolved", "closed"])
                | Q(resolved_at__isnull=False) & ~Q(resolution_kind=""),
                name="incidents_resolved_says_how_and_when",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_by=None) | Q(acknowledged_at__isnull=False),
                name="incidents_acknowledged_at_and_by",
            ),
            models.CheckConstraint(
                condition=Q(state="merged", merged_into__isnull=False)
                | ~Q(state="merged") & Q(merged_into=None),
                name="incidents_merged_says_into_which",
            ),
            models.CheckConstraint(
                condition=Q(review_waived_at=None, review_waived_by=None, review_waived_reason="")
                | Q(review_waived_at__isnull=False, review_waived_by__isnull=False)
                & ~Q(review_waived_reason=""),
                name="incidents_waived_at_by_and_why",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "ticket"], name="incidents_by_state"),
            models.Index(fields=["level", "ticket"], name="incidents_by_level"),
            models.Index(fields=["detected_at", "ticket"], name="incidents_by_detection"),
            models.Index(fields=["category", "ticket"], name="incidents_by_category"),
            models.Index(
                fields=["level", "ticket"],
                condition=Q(
                    state__in=[
                        "detected",
                        "acknowledged",
                        "investigating",
                        "identified",
                        "mitigated",
                    ]
                ),
                name="incidents_open_by_level",
            ),
        ]
        permissions = [
            ("read_incident", "Can read every incident"),
            ("declare_incident", "Can declare incidents"),
            ("respond_incident", "Can respond: acknowledge, investigate, mitigate, resolve"),
            ("command_incident", "Can command: set the level, resolve, merge, cancel, close"),
            ("waive_incident", "Can waive the required review of an incident"),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse("incidents:detail", args=[self.reference])

    @property
    def reference(self) -> str:
        return references.dated("INC", self.detected_at, self.pk)

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def ended_at(self) -> dt.datetime | None:
        """When it was over: resolved, or cancelled or merged."""
        return self.resolved_at or self.closed_at

    @property
    def requires_review(self) -> bool:
        """The policy version asks for one at this level, or the priority is P0 or P1."""
        return self.policy.level(self.level).review_required or self.ticket.priority <= Priority.P1

    @property
    def review_is_due(self) -> bool:
        """A required review is neither final nor waived."""
        return self.requires_review and self.review_waived_at is None

    # The machine, in the order of a life. `at` is when it happened.

    @transition(field=state, source=State.DETECTED, target=State.ACKNOWLEDGED)
    def mark_acknowledged(self, at: dt.datetime, by: User) -> None:
        """Somebody has it: from here a person decides."""
        self.acknowledged_at, self.acknowledged_by = at, by

    @transition(
        field=state,
        source=[State.ACKNOWLEDGED, State.IDENTIFIED, State.MITIGATED],
        target=State.INVESTIGATING,
    )
    def mark_investigating(self) -> None:
        """Looking for the cause, again when the last idea or the mitigation did not hold."""
        self.mitigated_at = None

    @transition(
        field=state, source=[State.ACKNOWLEDGED, State.INVESTIGATING], target=State.IDENTIFIED
    )
    def mark_identified(self) -> None:
        """The cause is known well enough to act on."""

    @transition(
        field=state,
        source=[State.ACKNOWLEDGED, State.INVESTIGATING, State.IDENTIFIED],
        target=State.MITIGATED,
    )
    def mark_mitigated(self, at: dt.datetime) -> None:
        """Users are no longer hurt; the cause may remain."""
        self.mitigated_at = at

    @transition(field=state, source=list(ENGAGED), target=State.RESOLVED)
    def mark_resolved(
        self, at: dt.datetime, by: User, *, kind: str, resolution: str, verification: str
    ) -> None:
        """Service is restored, and somebody has checked that it is."""
        self.resolved_at, self.mitigated_at = at, self.mitigated_at or at
        self.resolution_kind, self.resolution = kind, resolution
        self.verification, self.verified_by = verification, by

    @transition(field=state, source=State.DETECTED, target=State.RESOLVED)
    def mark_healed(self, at: dt.datetime, resolution: str) -> None:
        """The monitors that reported it all say that it is over, before anybody came."""
        self.resolved_at = self.mitigated_at = at
        self.resolution_kind, self.resolution = self.ResolutionKind.HEALED, resolution

    @transition(
        field=state, source=State.RESOLVED, target=State.CLOSED, conditions=[review_settled]
    )
    def mark_closed(self, at: dt.datetime) -> None:
        """Nothing is left to do."""
        self.closed_at = at

    @transition(
        field=state,
        source=[State.RESOLVED, State.CLOSED],
        target=State.INVESTIGATING,
        conditions=[within_reopen_time],
    )
    def mark_reopened(self) -> None:
        """It came back, or was not gone. The earlier resolution stays in history and timeline; a
        waived review is asked for again."""
        self.resolved_at = self.mitigated_at = self.closed_at = self.verified_by = None
        self.resolution_kind = self.resolution = self.verification = ""
        self.review_waived_at = self.review_waived_by = None
        self.review_waived_reason = ""

    @transition(field=state, source=list(OPEN), target=State.CANCELLED)
    def mark_cancelled(self, at: dt.datetime) -> None:
        """A false alarm, with a reason."""
        self.closed_at = at

    @transition(field=state, source=list(OPEN), target=State.MERGED)
    def mark_merged(self, into: Incident, at: dt.datetime) -> None:
        """The same disruption as another incident, where it is worked on."""
        self.merged_into, self.closed_at = into, at

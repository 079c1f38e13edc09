"""People and teams: who acts, who is reached and how, who owns what."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property

from itsm.core.history import audited

if TYPE_CHECKING:
    from itsm.catalog.models import Customer


def validate_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"“{name}” is not a time zone name such as Europe/Paris.")


class UserQuerySet(models.QuerySet["User"]):
    def persons(self) -> UserQuerySet:
        return self.filter(kind=User.Kind.PERSON)

    def reachable(self) -> UserQuerySet:
        """Active persons: those who can be assigned, asked and told."""
        return self.persons().filter(is_active=True)

    def in_group(self, name: str) -> UserQuerySet:
        return self.reachable().filter(groups__name=name)


class PortalUserManager(UserManager["User"]):
    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def reachable(self) -> UserQuerySet:
        return self.get_queryset().reachable()

    def in_group(self, name: str) -> UserQuerySet:
        return self.get_queryset().in_group(name)


class User(AbstractUser):
    """A person who signs in, or a machine identity that drafts and records but never decides.

    A person of a customer sees only that customer's records. Users are deactivated, never
    deleted: the trail names them by id.
    """

    class Kind(models.TextChoices):
        PERSON = "person", "Person"
        MACHINE = "machine", "Machine"

    email = models.EmailField("e-mail address", blank=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.PERSON)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    customer: models.ForeignKey[Customer | None, Customer | None] = models.ForeignKey(
        "catalog.Customer",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="people",
        help_text="Set for a person of a customer: they see this customer's records only.",
    )

    objects: ClassVar[PortalUserManager] = PortalUserManager()
    history = audited(excluded_fields=["password", "last_login"])

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(
                Lower("email"), condition=~Q(email=""), name="people_one_user_per_email"
            ),
        ]
        permissions = [("administer_user", "Can enter the admin")]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def is_machine(self) -> bool:
        return self.kind == self.Kind.MACHINE

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in str(self).split()[:2]).upper()

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @cached_property
    def group_names(self) -> frozenset[str]:
        """Names of the groups, read once a request."""
        return frozenset(self.groups.values_list("name", flat=True))

    def is_in(self, *names: str) -> bool:
        return not self.group_names.isdisjoint(names)


class Team(models.Model):
    """A group of people who own services and answer for them."""

    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    description = models.TextField(blank=True)
    email = models.EmailField("shared mailbox", blank=True)

    history = audited()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def current_members(self) -> UserQuerySet:
        memberships = Membership.objects.filter(team=self, ended_at=None)
        return User.objects.reachable().filter(pk__in=memberships.values("user"))


class Membership(models.Model):
    """A person in a team for a time: a row with a start and an end, never overwritten."""

    class Role(models.TextChoices):
        MEMBER = "member", "Member"
        LEAD = "lead", "Team lead"
        MANAGER = "manager", "Engineering manager"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role, default=Role.MEMBER)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    history = audited()

    class Meta:
        ordering = ["team", "-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "user", "role"],
                condition=Q(ended_at=None),
                name="people_one_open_membership_per_role",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=models.F("started_at")),
                name="people_membership_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display().lower()} of {self.team}"


_validate_phone = RegexValidator(r"^\+[1-9]\d{6,14}$", "Write it as +6421234567, with the country.")
_validate_email = EmailValidator()


class ContactMethod(models.Model):
    """A way to reach a person. Only a verified one is used to wake somebody."""

    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        SMS = "sms", "SMS"
        PHONE = "phone", "Phone call"
        PUSH = "push", "Push or chat"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="contact_methods")
    kind = models.CharField(max_length=8, choices=Kind)
    address = models.CharField(max_length=300)
    label = models.CharField(max_length=60, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)

    history = audited()

    class Meta:
        ordering = ["user", "kind", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind", "address"], name="people_contact_method_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.address}"

    def clean(self) -> None:
        checks: dict[str, Any] = {
            self.Kind.EMAIL: _validate_email,
            self.Kind.SMS: _validate_phone,
            self.Kind.PHONE: _validate_phone,
        }
        if check := checks.get(self.kind):
            try:
                check(self.address)
            except ValidationError as error:
                raise ValidationError({"address": error.messages}) from error

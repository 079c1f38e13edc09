"""What is operated, for whom and where: customers, cloud accounts, services, resources."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from itsm.catalog.models.calendar import BusinessCalendar
from itsm.core.history import audited
from itsm.people.models import Team


class Environment(models.TextChoices):
    PROD = "prod", "Production"
    STAGING = "staging", "Staging"
    DEV = "dev", "Development"
    DR = "dr", "Disaster recovery"


class Tier(models.TextChoices):
    """How much the business depends on a service; never "tier 1/2/3"."""

    CRITICAL = "critical", "Critical"
    IMPORTANT = "important", "Important"
    BEST_EFFORT = "best-effort", "Best effort"


class Customer(models.Model):
    """An organisation whose production we run, or our own when we run it for ourselves."""

    name = models.CharField(max_length=120, unique=True)
    slug = models.SlugField(max_length=60, unique=True)
    calendar = models.ForeignKey(
        BusinessCalendar,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="customers",
        help_text="P3 and P4 clocks run in these hours. Empty: around the clock.",
    )
    email = models.EmailField("contact", blank=True)

    history = audited()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Account(models.Model):
    """A cloud account or subscription of a customer. Not a user account."""

    number = models.CharField(max_length=64, unique=True, help_text="The provider's id.")
    name = models.CharField(max_length=120)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="accounts")
    provider = models.CharField(max_length=20, default="aws")
    environment = models.CharField(max_length=8, choices=Environment, blank=True)
    regulated = models.BooleanField(
        default=False, help_text="Holds resources in scope of a regulator's audit trail."
    )

    history = audited()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


class ServiceQuerySet(models.QuerySet["Service"]):
    def in_operation(self) -> ServiceQuerySet:
        return self.filter(retired_at=None)


class Service(models.Model):
    """Something that people use and that can break: it has an owner team and a tier."""

    name = models.CharField(max_length=120, unique=True)
    slug = models.SlugField(
        max_length=80, unique=True, help_text="Monitoring names the service by this."
    )
    description = models.TextField(blank=True)
    tier = models.CharField(max_length=12, choices=Tier, default=Tier.IMPORTANT)
    owner = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="services"
    )
    customer = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="services"
    )
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = ServiceQuerySet.as_manager()
    history = audited()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("catalog:service", args=[self.slug])


class ServiceDependency(models.Model):
    """`service` needs `needs` to work."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="dependencies")
    needs = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="dependants")

    history = audited()

    class Meta:
        verbose_name_plural = "service dependencies"
        ordering = ["service", "needs"]
        constraints = [
            models.UniqueConstraint(fields=["service", "needs"], name="catalog_dependency_once"),
            models.CheckConstraint(
                condition=~Q(service=F("needs")), name="catalog_service_does_not_need_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} needs {self.needs}"


class Resource(models.Model):
    """A single thing in an account, e.g. an instance: what a change touches and alerts name."""

    identifier = models.CharField(max_length=300, help_text="Instance id, ARN or name.")
    name = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=20, blank=True, help_text="compute, storage, network, …")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="resources")
    service = models.ForeignKey(
        Service, null=True, blank=True, on_delete=models.PROTECT, related_name="resources"
    )
    environment = models.CharField(max_length=8, choices=Environment, blank=True)

    history = audited()

    class Meta:
        ordering = ["identifier"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "identifier"], name="catalog_resource_once_per_account"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.identifier

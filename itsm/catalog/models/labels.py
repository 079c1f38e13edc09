"""The label vocabulary: prefix and value, e.g. `blast:multi-service`."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from itsm.core.history import audited

_slug = RegexValidator(r"^[a-z0-9][a-z0-9._-]*$", "Use small letters, digits, hyphen and dot.")


class LabelPrefix(models.Model):
    """One dimension of classification. `required` ones must be set on a classified ticket."""

    name = models.CharField(max_length=20, unique=True, validators=[_slug])
    description = models.CharField(max_length=200, blank=True)
    required = models.BooleanField(default=False)
    exclusive = models.BooleanField(
        default=True, help_text="A ticket carries at most one value of this prefix."
    )
    position = models.PositiveSmallIntegerField(default=0)

    history = audited()

    class Meta:
        verbose_name_plural = "label prefixes"
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return f"{self.name}:"


class LabelQuerySet(models.QuerySet["Label"]):
    def in_use(self) -> LabelQuerySet:
        return self.filter(retired_at=None).select_related("prefix")

    def named(self, text: str) -> LabelQuerySet:
        """The label written as `prefix:value`."""
        prefix, _, value = text.partition(":")
        return self.filter(prefix__name=prefix, value=value)


class Label(models.Model):
    """One value of the vocabulary. Retired values stay on old tickets and are not offered."""

    prefix = models.ForeignKey(LabelPrefix, on_delete=models.PROTECT, related_name="labels")
    value = models.CharField(max_length=60, validators=[_slug])
    description = models.CharField(max_length=200, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = LabelQuerySet.as_manager()
    history = audited()

    class Meta:
        ordering = ["prefix", "value"]
        constraints = [
            models.UniqueConstraint(fields=["prefix", "value"], name="catalog_label_once"),
            models.CheckConstraint(condition=~Q(value=""), name="catalog_label_has_value"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix.name}:{self.value}"

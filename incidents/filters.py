"""Filters of the incident list.

Text search works as in the ticket list: a reference, or the title's beginning; beside a filter that
narrows the list much, words are looked for anywhere.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar

import django_filters as filters
from django import forms
from django.db.models import Q
from django.utils import timezone

from incidents import severity
from incidents.models import Incident
from itsm.catalog.models import Customer, Service
from itsm.core import references
from itsm.core.text import validate_storable
from itsm.portal.choices import RecordFilter
from itsm.tickets.forms import kept_workers

if TYPE_CHECKING:
    from incidents.querysets import IncidentQuerySet
    from itsm.people.models import User

#: With one of these in the address, words are looked for anywhere.
NARROWING = frozenset({"open", "service", "customer", "assignee", "detected_from", "detected_to"})
_FOR_STAFF = ("service", "customer", "assignee")
_DAY = {"widget": forms.DateInput(attrs={"type": "date"})}


class IncidentFilter(filters.FilterSet):
    """See the module's docstring for `q`."""

    q = filters.CharFilter(method="search", label="Search", validators=[validate_storable])
    open = filters.ChoiceFilter(
        label="Open",
        choices=[("1", "Still open"), ("0", "Over")],
        method="is_open",
        empty_label="Any",
    )
    state = filters.MultipleChoiceFilter(
        choices=Incident.State.choices, widget=forms.CheckboxSelectMultiple
    )
    level = filters.MultipleChoiceFilter(
        label="Severity", choices=severity.choices, widget=forms.CheckboxSelectMultiple
    )
    category = filters.ChoiceFilter(
        choices=[*Incident.Category.choices, ("none", "Not set")],
        method="of_category",
        empty_label="Any",
    )
    service = RecordFilter(
        name="incidents.services", rows=Service.objects.in_operation, field_name="ticket__service"
    )
    customer = RecordFilter(
        name="incidents.customers", rows=Customer.objects.all, field_name="ticket__customer"
    )
    assignee = filters.ChoiceFilter(
        choices=lambda: [("me", "Me"), ("none", "Nobody"), *kept_workers()],
        method="of_assignee",
        empty_label="Anybody",
    )
    detected_from = filters.DateFilter(method="from_day", label="Detected from", **_DAY)
    detected_to = filters.DateFilter(method="to_day", label="Detected to", **_DAY)

    class Meta:
        model = Incident
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        user: User = self.request.user
        if user.customer_id is not None or not user.has_perm("incidents.read_incident"):
            for name in _FOR_STAFF:
                del self.filters[name]

    def search(self, found: IncidentQuerySet, name: str, words: str) -> IncidentQuerySet:
        words = words.strip()
        reference = references.parse(words)
        if reference is not None:
            prefix, key = reference
            by_prefix = {"INC": Q(pk=key), "OPS": Q(ticket=key)}
            return found.filter(by_prefix[prefix]) if prefix in by_prefix else found.none()
        if NARROWING & {key for key, value in self.data.items() if value}:
            anywhere = Q(ticket__title__icontains=words) | Q(ticket__description__icontains=words)
            return found.filter(anywhere)
        return found.titled(words)

    def is_open(self, found: IncidentQuerySet, name: str, value: str) -> IncidentQuerySet:
        return found.open() if value == "1" else found.exclude(state__in=Incident.OPEN)

    def of_category(self, found: IncidentQuerySet, name: str, value: str) -> IncidentQuerySet:
        return found.filter(category="" if value == "none" else value)

    def of_assignee(self, found: IncidentQuerySet, name: str, who: str) -> IncidentQuerySet:
        if who == "none":
            return found.filter(ticket__assignee=None)
        return found.filter(ticket__assignee=self.request.user.pk if who == "me" else int(who))

    def from_day(self, found: IncidentQuerySet, name: str, day: dt.date) -> IncidentQuerySet:
        return found.filter(detected_at__gte=_midnight(day))

    def to_day(self, found: IncidentQuerySet, name: str, day: dt.date) -> IncidentQuerySet:
        return found.filter(detected_at__lt=_midnight(day + dt.timedelta(days=1)))


def _midnight(day: dt.date) -> dt.datetime:
    """The start of the day in the reader's zone."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))

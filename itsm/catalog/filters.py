"""Filters of the list of services."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters as filters
from django.db.models import Q, QuerySet

from itsm.catalog.models import Customer, Service, Tier
from itsm.core.text import validate_storable
from itsm.people.models import Team


class ServiceFilter(filters.FilterSet):
    """The catalog is small: words are looked for anywhere in name and slug."""

    q = filters.CharFilter(method="search", label="Search", validators=[validate_storable])
    tier = filters.ChoiceFilter(choices=Tier.choices, empty_label="Any")
    owner = filters.ModelChoiceFilter(queryset=Team.objects.all(), empty_label="Any")
    customer = filters.ModelChoiceFilter(queryset=Customer.objects.all(), empty_label="Any")

    class Meta:
        model = Service
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.request.user.customer_id is not None:
            del self.filters["customer"], self.filters["owner"]

    def search(self, found: QuerySet[Service], name: str, words: str) -> QuerySet[Service]:
        return found.filter(Q(name__icontains=words) | Q(slug__icontains=words))

"""Filters of the ticket list.

Text search stays on an index at a million rows: a reference finds its ticket, other words find
titles that begin with them. Beside a filter that narrows the list to a small part of the table, the
words are looked for anywhere in title and description.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar

import django_filters as filters
from django import forms
from django.db.models import Q
from django.utils import timezone

from itsm.catalog.models import Customer, Label, Service
from itsm.core import references
from itsm.core.text import validate_storable
from itsm.people.models import Team
from itsm.portal.choices import RecordFilter
from itsm.tickets.forms import kept_workers
from itsm.tickets.models import Priority, Ticket

if TYPE_CHECKING:
    from itsm.people.models import User
    from itsm.tickets.querysets import TicketQuerySet

#: With one of these in the address, words are looked for anywhere.
NARROWING = frozenset(
    {"service", "customer", "team", "assignee", "label", "overdue", "opened_from", "opened_to"}
)
#: For those who see the tickets of many.
_FOR_STAFF = ("service", "customer", "team", "assignee")


class TicketFilter(filters.FilterSet):
    """See the module's docstring for `q`."""

    q = filters.CharFilter(method="search", label="Search", validators=[validate_storable])
    type = filters.ChoiceFilter(choices=Ticket.Type.choices, empty_label="Any")
    state = filters.MultipleChoiceFilter(
        choices=[("open", "Any open state"), *Ticket.State.choices],
        method="in_states",
        widget=forms.CheckboxSelectMultiple,
    )
    priority = filters.MultipleChoiceFilter(
        choices=Priority.choices, widget=forms.CheckboxSelectMultiple
    )
    assignee = filters.ChoiceFilter(
        choices=lambda: [("me", "Me"), ("none", "Nobody"), *kept_workers()],
        method="of_assignee",
        empty_label="Anybody",
    )
    team = RecordFilter(name="tickets.team-rows", rows=Team.objects.all, none=True)
    service = RecordFilter(name="tickets.services", rows=Service.objects.in_operation)
    customer = RecordFilter(name="tickets.customers", rows=Customer.objects.all)
    label = RecordFilter(name="tickets.label-rows", rows=Label.objects.in_use, method="with_label")
    overdue = filters.ChoiceFilter(
        choices=[("1", "Past its resolution target")], method="late", empty_label="Any"
    )
    opened_from = filters.DateFilter(
        method="from_day", widget=forms.DateInput(attrs={"type": "date"})
    )
    opened_to = filters.DateFilter(method="to_day", widget=forms.DateInput(attrs={"type": "date"}))

    class Meta:
        model = Ticket
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        user: User = self.request.user
        if user.customer_id is not None or not user.has_perm("tickets.read_ticket"):
            for name in _FOR_STAFF:
                del self.filters[name]

    def search(self, found: TicketQuerySet, name: str, words: str) -> TicketQuerySet:
        words = words.strip()
        reference = references.parse(words) or references.parse(f"OPS-{words}")
        if reference is not None:
            return found.filter(pk=reference[1]) if reference[0] == "OPS" else found.none()
        if NARROWING & {key for key, value in self.data.items() if value}:
            return found.filter(Q(title__icontains=words) | Q(description__icontains=words))
        return found.titled(words)

    def in_states(self, found: TicketQuerySet, name: str, states: list[str]) -> TicketQuerySet:
        wanted = set(states) - {"open"} | (set(Ticket.OPEN) if "open" in states else set())
        return found.filter(state__in=sorted(wanted)) if wanted else found

    def of_assignee(self, found: TicketQuerySet, name: str, who: str) -> TicketQuerySet:
        if who == "none":
            return found.filter(assignee=None)
        return found.filter(assignee=self.request.user.pk if who == "me" else int(who))

    def with_label(self, found: TicketQuerySet, name: str, label: str) -> TicketQuerySet:
        return found.filter(ticket_labels__label=int(label), ticket_labels__removed_at=None)

    def late(self, found: TicketQuerySet, name: str, value: str) -> TicketQuerySet:
        return found.overdue()

    def from_day(self, found: TicketQuerySet, name: str, day: dt.date) -> TicketQuerySet:
        return found.filter(opened_at__gte=_midnight(day))

    def to_day(self, found: TicketQuerySet, name: str, day: dt.date) -> TicketQuerySet:
        return found.filter(opened_at__lt=_midnight(day + dt.timedelta(days=1)))


def _midnight(day: dt.date) -> dt.datetime:
    """The start of the day in the reader's zone."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))

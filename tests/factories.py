"""Objects for tests, each with a name of its own; states are reached by the real commands."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from incidents.actions import declaring, merging
from incidents.actions import facts as incident_facts
from incidents.actions import incident as incident_actions
from incidents.models import Alert, Incident, Integration
from itsm.catalog.models import (
    Account,
    BusinessCalendar,
    BusinessHours,
    CalendarDay,
    Customer,
    Label,
    Resource,
    Service,
)
from itsm.people import roles
from itsm.people.models import Membership, Team, User
from itsm.tickets.actions import ticket as ticket_actions
from itsm.tickets.models import Ticket

_numbers = itertools.count(1)


def _number() -> int:
    return next(_numbers)


# People


def person(*groups: str, customer: Customer | None = None, **fields: Any) -> User:
    """A person in these groups (`itsm.people.roles`), who can be reached by e-mail."""
    number = _number()
    defaults: dict[str, Any] = {
        "username": f"person-{number}",
        "first_name": "Person",
        "last_name": f"No{number}",
        "email": f"person-{number}@example.test",
    }
    user = User(customer=customer, **(defaults | fields))
    user.set_password("correct horse battery staple")
    user.save()
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


def machine(*groups: str, **fields: Any) -> User:
    """A machine identity: a token, a rule, the portal itself."""
    return person(*groups, kind=User.Kind.MACHINE, email="", **fields)


def responder(**fields: Any) -> User:
    return person(roles.RESPONDER, **fields)


def team(*members: User, lead: User | None = None, **fields: Any) -> Team:
    number = _number()
    defaults = {"name": f"Team {number}", "slug": f"team-{number}"}
    made = Team.objects.create(**(defaults | fields))
    for user in members:
        Membership.objects.create(team=made, user=user)
    if lead is not None:
        Membership.objects.create(team=made, user=lead, role=Membership.Role.LEAD)
    return made


# Catalog

Hours = Iterable[tuple[dt.time, dt.time]]
NINE_TO_FIVE: Hours = ((dt.time(9), dt.time(17)),)


def calendar(
    time_zone: str = "UTC",
    hours: Mapping[int, Hours] | None = None,
    days_off: Iterable[dt.date] = (),
    **fields: Any,
) -> BusinessCalendar:
    """Monday to Friday, 9 to 17 in the zone, unless other hours are given."""
    name = f"Calendar {_number()}"
    made = BusinessCalendar.objects.create(**({"name": name, "time_zone": time_zone} | fields))
    week = hours if hours is not None else dict.fromkeys(range(5), NINE_TO_FIVE)
    for weekday, slots in week.items():
        for opens, closes in slots:
            BusinessHours.objects.create(calendar=made, weekday=weekday, opens=opens, closes=closes)
    for day in days_off:
        CalendarDay.objects.create(calendar=made, date=day, name="Off")
    return made


def customer(**fields: Any) -> Customer:
    number = _number()
    defaults = {"name": f"Customer {number}", "slug": f"customer-{number}"}
    return Customer.objects.create(**(defaults | fields))


def service(**fields: Any) -> Service:
    number = _number()
    defaults = {"name": f"Service {number}", "slug": f"service-{number}"}
    return Service.objects.create(**(defaults | fields))


def account(**fields: Any) -> Account:
    number = _number()
    defaults: dict[str, Any] = {"number": f"{number:012d}", "name": f"Account {number}"}
    if "customer" not in fields:
        defaults["customer"] = customer()
    return Account.objects.create(**(defaults | fields))


def resource(**fields: Any) -> Resource:
    defaults: dict[str, Any] = {"identifier": f"i-{_number():08x}"}
    if "account" not in fields:
        defaults["account"] = account()
    return Resource.objects.create(**(defaults | fields))


def label(text: str = "env:prod") -> Label:
    """A label of the vocabulary that ships with the product, written `prefix:value`."""
    return Label.objects.select_related("prefix").named(text).get()


# Tickets


def ticket(state: str = Ticket.State.NEW, *, by: User | None = None, **fields: Any) -> Ticket:
    """A ticket in a state, raised by `requester` (default: `by`) and worked by `by`."""
    worker = by or responder()
    requester = fields.pop("requester", None)
    defaults: dict[str, Any] = {"title": f"Disk full on node {_number()}"}
    made = ticket_actions.raise_ticket(by=worker, requester=requester, **(defaults | fields))
    return walk_ticket(made, state, by=worker)


def walk_ticket(made: Ticket, state: str, *, by: User) -> Ticket:
    """Bring a new ticket to a state through the commands that lead there."""
    if state == Ticket.State.NEW:
        return made
    if state == Ticket.State.TRIAGED:
        return ticket_actions.triage(made, by=by)
    if state == Ticket.State.CANCELLED:
        return ticket_actions.cancel(made, by=by, reason="Not needed")
    made = ticket_actions.start(made, by=by)
    if state == Ticket.State.WAITING:
        return ticket_actions.wait(made, by=by, on="customer", reason="Which node?")
    if state in (Ticket.State.RESOLVED, Ticket.State.CLOSED):
        made = ticket_actions.resolve(made, by=by, resolution="Cleaned up")
    if state == Ticket.State.CLOSED:
        made = ticket_actions.close(made, by=by)
    return made


def hours_ago(hours: float) -> dt.datetime:
    return timezone.now() - dt.timedelta(hours=hours)


# Incidents


def commander(**fields: Any) -> User:
    return person(roles.COMMANDER, **fields)


def ops_manager(**fields: Any) -> User:
    return person(roles.OPS_MANAGER, **fields)


def incident(
    state: str = Incident.State.DETECTED, *, by: User | None = None, level: int = 2, **fields: Any
) -> Incident:
    """An incident in a state, declared and worked by `by` (default: a new commander)."""
    worker = by or commander()
    if "ticket" not in fields:
        fields.setdefault("title", f"Checkout answers 502 on node {_number()}")
    made = declaring.declare(by=worker, level=level, **fields)
    return walk_incident(made, state, by=worker)


def walk_incident(made: Incident, state: str, *, by: User) -> Incident:
    """Bring a detected incident to a state through the commands that lead there."""
    states = Incident.State
    if state == states.CANCELLED:
        return incident_actions.cancel(made, by=by, reason="A false alarm")
    if state == states.MERGED:
        return merging.merge(made, by=by, into=incident(by=by), reason="The same")
    steps = (
        (states.ACKNOWLEDGED, incident_actions.acknowledge),
        (states.INVESTIGATING, incident_actions.investigate),
        (states.IDENTIFIED, incident_actions.identify),
        (states.MITIGATED, incident_actions.mitigate),
        (states.RESOLVED, resolve_incident),
        (states.CLOSED, close_incident),
    )
    wanted = [step.value for step, _ in steps]
    for _, step in steps[: wanted.index(state) + 1 if state in wanted else 0]:
        made = step(made, by=by)
    return made


def resolve_incident(made: Incident, *, by: User, **fields: Any) -> Incident:
    defaults = {
        "kind": "permanent",
        "resolution": "Rolled back the deployment",
        "verification": "Error rate below 0.1 % for ten minutes",
    }
    return incident_actions.resolve(made, by=by, **(defaults | fields))


def close_incident(made: Incident, *, by: User) -> Incident:
    """Closed; a required review is waived first."""
    if made.review_is_due:
        made = incident_facts.waive_review(made, by=ops_manager(), reason="A drill")
    return incident_actions.close(made, by=by)


def integration(**fields: Any) -> Integration:
    number = _number()
    defaults: dict[str, Any] = {
        "kind": Integration.Kind.GENERIC,
        "name": f"Monitor {number}",
        "key_hash": f"{number:064d}",
        "key_hint": "abcd",
    }
    return Integration.objects.create(**(defaults | fields))


def alert(of: Incident, **fields: Any) -> Alert:
    """An alert that fires and belongs to the incident."""
    number, now = _number(), timezone.now()
    defaults: dict[str, Any] = {
        "dedup_key": f"alert-{number}",
        "title": f"HighErrorRate on node {number}",
        "starts_at": now,
        "outcome": Alert.Outcome.ATTACHED,
    }
    if "integration" not in fields:
        defaults["integration"] = integration()
    return Alert.objects.create(incident=of, **(defaults | fields))

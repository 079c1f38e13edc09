"""Commands on what a ticket says and who works it: raise, edit, assign."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from itsm.catalog.models import Customer, Service
from itsm.core.commands import command, ensure_current, lock, save
from itsm.core.errors import Invalid, WrongState
from itsm.core.rules import ensure
from itsm.people.models import Team
from itsm.tickets import messages, rules, sla, timers
from itsm.tickets.models import Impact, Ticket, Urgency

if TYPE_CHECKING:
    from itsm.people.models import User

#: What `edit` may change. Everything else has a command of its own.
EDITABLE = (
    "title",
    "description",
    "type",
    "customer",
    "service",
    "environment",
    "impact",
    "urgency",
    "platform_wide",
)
#: A change of one of these computes priority and target anew.
_CLASSIFIES = {"impact", "urgency", "platform_wide", "customer"}


@command("ticket.raise")
def raise_ticket(
    *,
    by: User,
    title: str,
    description: str = "",
    type: str = Ticket.Type.INCIDENT,  # noqa: A002 (the word of the product)
    source: str = Ticket.Source.PORTAL,
    source_ref: str = "",
    requester: User | None = None,
    customer: Customer | None = None,
    service: Service | None = None,
    environment: str = "",
    impact: str = Impact.LOW,
    urgency: str = Urgency.LOW,
    platform_wide: bool = False,
    priority: int | None = None,
    priority_reason: str = "",
    team: Team | None = None,
    opened_at: dt.datetime | None = None,
    response_due_at: dt.datetime | None = None,
    reason: str = "",
) -> Ticket:
    """Raise a ticket. The requester is `by` unless another is named; a machine names none.

    Customer and team default to the requester's or service's customer and the service's owner. A
    `priority` other than the matrix's is for workers and needs a reason. `response_due_at` comes
    from the severity policy when the ticket is raised with an incident.
    """
    requester = requester or (None if by.is_machine else by)
    ticket: Ticket = Ticket(
        title=" ".join(title.split()),
        description=description,
        type=type,
        source=source,
        source_ref=source_ref,
        requester=requester,
        customer=customer or _customer_of(requester, service),
        service=service,
        environment=environment,
        impact=impact,
        urgency=urgency,
        platform_wide=platform_wide,
        policy=sla.policy_in_force(opened_at),
        team=team or (service.owner if service else None),
        opened_at=opened_at or timezone.now(),
        response_due_at=response_due_at,
    )
    ensure(rules.may_raise, by, ticket)
    _one_customer(ticket)
    prioritise(ticket, priority, priority_reason)
    if ticket.priority_reason:
        ensure(rules.may_work, by, ticket)
    save(ticket, reason=reason or "Raised", created=True)
    timers.arm(ticket)
    messages.raised(ticket)
    return ticket


def _customer_of(requester: User | None, service: Service | None) -> Customer | None:
    if requester is not None and requester.customer is not None:
        return requester.customer
    return service.customer if service else None


def _one_customer(ticket: Ticket) -> None:
    """Raise Invalid (422) when the service is operated for another customer than the ticket's."""
    service = ticket.service
    if service is None or service.customer_id in (None, ticket.customer_id):
        return
    sentence = f"{service} is operated for another customer."
    raise Invalid(sentence, fields={"service": [sentence]})


def prioritise(ticket: Ticket, priority: int | None, reason: str) -> None:
    """Set priority and resolution target under the ticket's policy version; not yet saved.

    Raises Invalid (422) when the matrix has no such cell, or an override has no reason.
    """
    policy = sla.policy(ticket.policy_id)
    computed = sla.computed_priority(
        policy, ticket.impact, ticket.urgency, platform_wide=ticket.platform_wide
    )
    ticket.priority, ticket.priority_reason = computed, ""
    if priority is not None and priority != computed:
        reason = reason.strip()
        if not reason:
            sentence = f"The matrix says P{computed:d}: say why this ticket is different."
            raise Invalid(sentence, fields={"priority_reason": [sentence]})
        ticket.priority, ticket.priority_reason = priority, reason
    clock = sla.clock_for(policy, ticket.priority, ticket.customer_id)
    pauses = ticket.pauses.all() if ticket.pk else ()
    ticket.resolution_due_at = sla.resolution_due(clock, ticket.opened_at, pauses)


def against_change(ticket: Ticket) -> str:
    """A finished record stays as it was: others decided on what they read there."""
    if ticket.is_open:
        return ""
    state = ticket.get_state_display().lower()
    reopen = "" if ticket.state == Ticket.State.CANCELLED else " Reopen it first."
    return f"{ticket} is {state} and is not changed any more.{reopen}"


def ensure_open(ticket: Ticket) -> None:
    """Raise WrongState (409) when the record is finished."""
    if reason := against_change(ticket):
        raise WrongState(reason, missing=[reason])


@command("ticket.edit")
def edit(
    ticket: Ticket,
    *,
    by: User,
    version: int | None = None,
    changes: Mapping[str, Any],
    reason: str = "",
) -> Ticket:
    """Change what the ticket says. `changes`: fields of EDITABLE, `priority`, `priority_reason`.

    `version` is the one the editor saw: Conflict (409) when the record has moved on. A new
    classification sets priority and target anew, under the policy version of the ticket; an
    override of the priority does not outlive it unless it is given again.
    """
    ticket = lock(ticket)
    ensure_open(ticket)
    ensure(rules.may_work, by, ticket)
    ensure_current(ticket, version)
    changed = _apply(ticket, changes)
    ensure(rules.may_read, by, ticket)
    _one_customer(ticket)
    moved = _reprioritise(ticket, changes, changed)
    if not changed and not moved:
        return ticket
    save(ticket, reason=reason)
    if moved:
        timers.rearm_resolution(ticket, timezone.now())
    return ticket


def _apply(ticket: Ticket, changes: Mapping[str, Any]) -> set[str]:
    """Set the fields that differ; returns their names. Raises Invalid for a field not allowed."""
    unknown = set(changes) - {*EDITABLE, "priority", "priority_reason"}
    if unknown:
        named = {name: ["This is not changed by editing."] for name in sorted(unknown)}
        raise Invalid("Some of these fields are not changed by editing.", fields=named)
    changed = {name for name in EDITABLE if name in changes and _differs(ticket, name, changes)}
    if "type" in changed and getattr(ticket, "incident", None) is not None:
        sentence = "It has an incident, so it stays of type incident."
        raise Invalid(sentence, fields={"type": [sentence]})
    for name in changed:
        setattr(ticket, name, changes[name])
    return changed


def _differs(ticket: Ticket, name: str, changes: Mapping[str, Any]) -> bool:
    field = Ticket._meta.get_field(name)
    if field.is_relation:
        value = changes[name]
        return bool(getattr(ticket, f"{name}_id") != (value.pk if value else None))
    return bool(getattr(ticket, name) != changes[name])


def _reprioritise(ticket: Ticket, changes: Mapping[str, Any], changed: set[str]) -> bool:
    """Whether priority, its reason or the target became another."""
    if "priority" not in changes and not changed & _CLASSIFIES:
        return False
    before = (ticket.priority, ticket.priority_reason, ticket.resolution_due_at)
    prioritise(ticket, changes.get("priority"), changes.get("priority_reason", ""))
    return before != (ticket.priority, ticket.priority_reason, ticket.resolution_due_at)


@command("ticket.assign")
def assign(
    ticket: Ticket,
    *,
    by: User,
    team: Team | None = None,
    assignee: User | None = None,
    reason: str = "",
) -> Ticket:
    """Give the work to a team, a person, both, or (with neither) back to nobody."""
    ticket = lock(ticket)
    ensure_open(ticket)
    ensure(rules.may_work, by, ticket)
    if assignee is not None and (sentence := rules.may_be_assigned(assignee, ticket)):
        raise Invalid(sentence, fields={"assignee": [sentence]})
    before = (ticket.team_id, ticket.assignee_id)
    new = ticket.assignee_id != (assignee.pk if assignee else None)
    ticket.team, ticket.assignee = team, assignee
    if before == (ticket.team_id, ticket.assignee_id):
        return ticket
    save(ticket, reason=reason)
    if new:
        messages.assigned(ticket, by=by)
    return ticket

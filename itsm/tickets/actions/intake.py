"""Tickets opened by machines at high rate: at most two statements for any number of them.

Not commands: they are called inside the command that opens incidents from alerts, which holds the
transaction and names the actor. With policy and calendars known to the process (`itsm.tickets.sla`)
there is no further query. The timers are returned unsaved, so that the caller writes all the timers
of all its records in one statement (`itsm.timers.actions.arm`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from itsm.catalog.models import Service
from itsm.core import context
from itsm.core.inserts import insert
from itsm.core.text import storable
from itsm.people.models import User
from itsm.tickets import sla, timers
from itsm.tickets.models import Impact, Priority, PriorityPolicy, Ticket, Urgency
from itsm.timers.models import Planned

REASON = "Opened from an alert"
_NO_CELL = "The priority matrix has no cell for this impact and urgency"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTicket:
    """What is known of a ticket that an alert opens.

    Customer and team are the service's. `at_least`: the lowest priority it may get, because
    severity level 0 implies P1. `response_due_at` comes from the severity policy.
    """

    title: str
    description: str = ""
    service: Service | None = None
    environment: str = ""
    impact: str = Impact.HIGH
    urgency: str = Urgency.HIGH
    platform_wide: bool = False
    at_least: int | None = None
    at: dt.datetime
    response_due_at: dt.datetime | None = None
    source_ref: str = ""


def open_from_alert(*, by: User, **facts: Any) -> tuple[Ticket, list[Planned]]:
    """One new ticket from the fields of `AlertTicket`, and its timers, still to be written."""
    tickets, specs = open_from_alerts([AlertTicket(**facts)], by=by)
    return tickets[0], specs


def open_from_alerts(
    drafts: Sequence[AlertTicket], *, by: User
) -> tuple[list[Ticket], list[Planned]]:
    """The new tickets in the order of the drafts, written with their history rows, and the timers
    of all of them, still to be written.

    Text is cut and cleaned, never refused: an accepted alert is not lost for its words.
    """
    if not drafts:
        return [], []
    policy = sla.policy_in_force()
    tickets = [_ticket(draft, policy) for draft in drafts]
    with context.use(user=by):
        insert(tickets, reason=REASON)
    return tickets, [spec for ticket in tickets for spec in timers.specs(ticket)]


def _ticket(draft: AlertTicket, policy: PriorityPolicy) -> Ticket:
    priority, reason = _priority(draft, policy)
    service = draft.service
    customer = service.customer_id if service else None
    clock = sla.clock_for(policy, priority, customer)
    ticket: Ticket = Ticket(
        title=" ".join(storable(draft.title).split())[:200] or "Alert without a title",
        description=storable(draft.description),
        type=Ticket.Type.INCIDENT,
        source=Ticket.Source.ALERT,
        source_ref=storable(draft.source_ref)[:120],
        service=service,
        customer_id=customer,
        team_id=service.owner_id if service else None,
        environment=draft.environment,
        impact=draft.impact,
        urgency=draft.urgency,
        platform_wide=draft.platform_wide,
        policy=policy,
        priority=priority,
        priority_reason=reason,
        opened_at=draft.at,
        response_due_at=draft.response_due_at,
        resolution_due_at=sla.resolution_due(clock, draft.at),
    )
    return ticket


def _priority(draft: AlertTicket, policy: PriorityPolicy) -> tuple[Priority, str]:
    """The matrix's priority, raised to `at_least`; P2 when the matrix is silent."""
    found = policy.priority_for(draft.impact, draft.urgency, platform_wide=draft.platform_wide)
    priority, reason = (found, "") if found is not None else (Priority.P2, _NO_CELL)
    if draft.at_least is not None and draft.at_least < priority:
        return Priority(draft.at_least), "Its severity implies at least this priority"
    return priority, reason

"""One row of any model, by the commands where there are such: for tests that go over all models."""

import datetime as dt
from functools import partial
from typing import Any

from django.utils import timezone

from incidents.models import (
    Alert,
    AlertGroup,
    DeadLetter,
    DropCount,
    Incident,
    Integration,
    RoutingRule,
    TimelineEntry,
)
from itsm.audit.models import AuditEvent
from itsm.catalog.models import CalendarDay, ServiceDependency
from itsm.outbox.models import Attempt, Message
from itsm.people.models import ContactMethod, Membership
from itsm.portal.models import SavedView
from itsm.tickets.models import (
    Attachment,
    ClockPause,
    Comment,
    StateChange,
    Ticket,
    TicketAccount,
    TicketLabel,
    TicketLink,
    TicketResource,
)
from itsm.timers.models import Heartbeat, Timer
from tests import factories


def integration() -> Integration:
    number = Integration.objects.count() + 1
    key = f"{number:064d}"
    return Integration.objects.create(kind="generic", name=f"Monitor {number}", key_hash=key)


def incident(by: Any) -> Incident:
    from incidents.actions.declaring import declare

    return declare(
        by=by, title=f"Outage {Incident.objects.count()}", level=2, service=factories.service()
    )


def make(model: Any, by: Any) -> Any:
    """One row of the model, by the commands where there are such."""
    now = timezone.now()
    if model in {StateChange, ClockPause}:
        worked = factories.ticket(Ticket.State.WAITING, by=by)
        return model._default_manager.filter(ticket=worked).first()
    plain: dict[Any, Any] = {
        Ticket: lambda: factories.ticket(by=by, service=factories.service()),
        Incident: partial(incident, by),
        TimelineEntry: lambda: TimelineEntry.objects.filter(incident=incident(by)).first(),
    }
    if model in plain:
        return plain[model]()
    made: dict[str, Any] = {
        "User": factories.person,
        "Team": partial(factories.team, by),
        "Customer": factories.customer,
        "Service": factories.service,
        "Account": factories.account,
        "Resource": factories.resource,
        "BusinessCalendar": factories.calendar,
    }
    if model.__name__ in made:
        return made[model.__name__]()
    fields: dict[Any, Any] = {
        Membership: lambda: {"team": factories.team(), "user": factories.person()},
        ContactMethod: lambda: {"user": by, "kind": "sms", "address": f"+6421{now:%f}"},
        ServiceDependency: lambda: {"service": factories.service(), "needs": factories.service()},
        CalendarDay: lambda: {
            "calendar": factories.calendar(),
            "date": now.date(),
            "name": "Off",
        },
        Timer: lambda: {
            "kind": "x",
            "target": "t",
            "target_id": Timer.objects.count(),
            "planned_at": now,
            "due_at": now,
        },
        Heartbeat: lambda: {"name": f"job-{Heartbeat.objects.count()}", "at": now},
        Message: lambda: {"channel": "email", "recipient": "a@b.c", "body": "x", "key": f"{now}"},
        Attempt: lambda: {"message": make(Message, by), "delivered": False},
        AuditEvent: lambda: {"kind": "refused", "summary": "x", "origin": "portal"},
        SavedView: lambda: {"page": "tickets", "name": f"{now}", "owner": by},
        Comment: lambda: {"ticket": factories.ticket(by=by), "body": "x", "author": by},
        Attachment: lambda: {
            "ticket": factories.ticket(by=by),
            "sha256": "0" * 64,
            "name": "log.txt",
            "size": 1,
            "content_type": "text/plain",
            "uploaded_by": by,
        },
        TicketLabel: lambda: {
            "ticket": factories.ticket(by=by),
            "label": factories.label(),
            "added_by": by,
        },
        TicketLink: lambda: {
            "from_ticket": factories.ticket(by=by),
            "to_ticket": factories.ticket(by=by),
            "created_by": by,
        },
        TicketAccount: lambda: {
            "ticket": factories.ticket(by=by),
            "account": factories.account(),
        },
        TicketResource: lambda: {
            "ticket": factories.ticket(by=by),
            "resource": factories.resource(),
        },
        Alert: lambda: {
            "integration": integration(),
            "dedup_key": "k",
            "title": "Down",
            "starts_at": now,
            "service": factories.service(),
            "incident": incident(by),
        },
        AlertGroup: lambda: {
            "rule": RoutingRule.objects.last(),
            "key": f"{AlertGroup.objects.count():064d}",
            "incident": incident(by),
            "last_seen_at": now,
        },
        DropCount: lambda: {
            "rule": RoutingRule.objects.last(),
            "day": now.date() + dt.timedelta(days=DropCount.objects.count()),
        },
        DeadLetter: lambda: {"integration": integration(), "reason": "No title", "body": {}},
        Integration: dict,
    }
    if model is Integration:
        return integration()
    if model in fields:
        return model._default_manager.create(**fields[model]())
    shipped = model._default_manager.first()
    assert shipped is not None, f"make() knows no {model.__name__}"
    return shipped

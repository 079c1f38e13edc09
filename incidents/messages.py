"""What people are told of an incident: rows of the outbox."""

from __future__ import annotations

from django.conf import settings

from incidents import severity
from incidents.models import Incident
from itsm.outbox.actions import compose, queue
from itsm.people import roles
from itsm.people.models import User


def concerned(incident: Incident) -> list[User]:
    """The people of the team that owns the service; incident commanders where there are none."""
    service = incident.ticket.service
    members = list(service.owner.current_members()) if service and service.owner else []
    return members or list(User.objects.in_group(roles.COMMANDER))


def opened(incident: Incident) -> int:
    """One e-mail to each person concerned, once for an incident; returns how many were queued."""
    ticket, name = incident.ticket, severity.name(incident.level)
    body = (
        f"{ticket.title}\n\n"
        f"Service: {ticket.service or 'not known'}\n"
        f"Detected: {incident.detected_at:%Y-%m-%d %H:%M} UTC\n"
        f"{settings.BASE_URL}{incident.get_absolute_url()}\n"
    )
    subject = f"[{incident.reference}] {name}: {ticket.title}"
    messages = [
        compose(incident, "incident.opened", subject=subject, body=body, to=person)
        for person in concerned(incident)
    ]
    queue(messages)
    return sum(message is not None for message in messages)

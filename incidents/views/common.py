"""What the pages of one incident share."""

from __future__ import annotations

from django.http import Http404

from incidents import severity
from incidents.models import Incident
from itsm.core import references
from itsm.people.requests import SignedInRequest


def incident_of(request: SignedInRequest, reference: str) -> Incident:
    """The incident that the address names, if this reader may see it; 404 otherwise."""
    found = references.parse(reference)
    if found is None or found[0] != "INC":
        raise Http404
    seen = Incident.objects.visible_to(request.user).for_page()
    incident = seen.filter(pk=found[1]).first()
    if incident is None:
        raise Http404
    return named(incident)


def named(incident: Incident) -> Incident:
    """With the policy version it started with, and its level's name."""
    incident.policy = severity.policy_of(incident)
    incident.level_name = severity.name(incident.level)  # type: ignore[attr-defined]
    return incident

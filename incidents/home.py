"""What incidents put on the home page, into the rail and into search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count
from django.urls import reverse

from incidents import severity
from incidents.models import Incident, Level
from itsm.core.text import storable
from itsm.people.models import User
from itsm.portal.registry import Hit, HomePart, NavigationEntry, SearchSource, registry

_ROWS = 8
_FOUND = 20


def burning(user: User) -> dict[str, Any] | None:
    """Open incidents: how many per level, each number a link, and the worst of them."""
    seen = Incident.objects.visible_to(user).open()
    counts = dict(seen.order_by().values_list("level").annotate(Count("pk")))
    if not counts and not user.has_perm("incidents.read_incident"):
        return None
    listing = reverse("incidents:list")
    levels = [
        {
            "name": severity.name(level),
            "count": counts.get(level.value, 0),
            "url": f"{listing}?open=1&level={level.value}",
            "tone": "late" if counts.get(level.value) and level <= Level.HIGH else "",
        }
        for level in Level
    ]
    worst = seen.for_list().order_by("level", "-ticket_id")[:_ROWS]
    return {"levels": levels, "incidents": [_named(i) for i in worst]}


def _named(incident: Incident) -> Incident:
    incident.level_name = severity.name(incident.level)  # type: ignore[attr-defined]
    return incident


def find(user: User, words: str) -> Sequence[Hit]:
    """Incidents whose title begins with the words, the newest first."""
    seen = Incident.objects.visible_to(user).titled(storable(words)).select_related("ticket")
    return [
        Hit(
            f"Incident {severity.name(incident.level)}",
            incident.reference,
            incident.ticket.title,
            incident.get_absolute_url(),
            incident.state,
            incident.get_state_display(),
        )
        for incident in seen.order_by("-ticket_id")[:_FOUND]
    ]


def resolve(user: User, key: int) -> str | None:
    incident = Incident.objects.visible_to(user).filter(pk=key).first()
    return incident.get_absolute_url() if incident else None


def plug_in() -> None:
    """Called once, when the app is ready."""
    registry.navigation.append(
        NavigationEntry("Incidents", "incidents:list", "incident", 10, "/incidents/")
    )
    registry.home.append(HomePart("incidents/home/burning.html", 10, burning))
    registry.search.append(SearchSource(("INC",), find, resolve))

"""What happens later to an incident: telling people that it is open."""

from __future__ import annotations

from incidents import messages
from incidents.actions.opening import ANNOUNCE
from incidents.models import Incident
from itsm.timers.models import Timer
from itsm.timers.registry import handles


@handles(ANNOUNCE)
def announce(timer: Timer) -> str:
    """Due at once, so that opening an incident never waits for the list of people to tell."""
    incident = Incident.objects.select_related("ticket__service__owner").get(pk=timer.target_id)
    if not incident.is_open:
        return f"Nobody was told: it was {incident.get_state_display().lower()} already."
    count = messages.opened(incident)
    return f"Told {'1 person' if count == 1 else f'{count} people'}."

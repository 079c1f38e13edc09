"""Who may do what to an incident in which state: the whole table, written out and then tried.

Reading a cell: the state is asked first (409), then the person (403), else it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from incidents.actions import declaring, facts, incident, merging
from incidents.models import Incident, TimelineEntry
from itsm.audit.models import AuditEvent
from itsm.core.commands import registry
from itsm.core.errors import DomainError
from itsm.people import roles
from itsm.people.models import User
from itsm.people.system import system_user
from itsm.tickets.models import StateChange, Ticket, TicketLink
from itsm.timers.models import Timer
from tests import factories

pytestmark = pytest.mark.django_db

DETECTED, ACKNOWLEDGED, INVESTIGATING = "detected", "acknowledged", "investigating"
IDENTIFIED, MITIGATED, RESOLVED, CLOSED = "identified", "mitigated", "resolved", "closed"
CANCELLED, MERGED = "cancelled", "merged"
ENGAGED = {ACKNOWLEDGED, INVESTIGATING, IDENTIFIED, MITIGATED}
OPEN = {DETECTED} | ENGAGED
EVERY = OPEN | {RESOLVED, CLOSED, CANCELLED, MERGED}

# Actors beside the groups of the product
INSIDER = "a responder who belongs to the ticket's customer"
OUTSIDER = "a responder of another customer"
OWNER = "the requester"
NOBODY = "somebody without a group"
MACHINE = "a machine in the groups Responder, Incident Commander and Ops Manager"
PORTAL = "the portal itself"
GONE = "a commander who was deactivated"

RESPOND = {roles.RESPONDER, roles.COMMANDER, roles.OPS_MANAGER, INSIDER}
COMMAND = {roles.COMMANDER, roles.OPS_MANAGER}
MANAGE = {roles.OPS_MANAGER}
STAFF = set(roles.STAFF)
MACHINES = {MACHINE, PORTAL}

#: command: states that allow it, who may. The incident is of level 1, so it requires a review.
TABLE: dict[str, tuple[set[str], set[str]]] = {
    "acknowledge": ({DETECTED}, RESPOND),
    "investigate": ({ACKNOWLEDGED, IDENTIFIED, MITIGATED}, RESPOND),
    "identify": ({ACKNOWLEDGED, INVESTIGATING}, RESPOND),
    "mitigate": ({ACKNOWLEDGED, INVESTIGATING, IDENTIFIED}, RESPOND),
    "resolve": (ENGAGED, RESPOND),
    "resolve unverified": (ENGAGED, RESPOND),
    "heal": (EVERY - {MERGED}, MACHINES),
    "close": (set(), COMMAND),
    "waive_review": ({RESOLVED}, MANAGE),
    "reopen": ({RESOLVED, CLOSED}, RESPOND),
    "cancel": (OPEN, COMMAND),
    "merge": (OPEN, COMMAND),
    "set_level": (OPEN, COMMAND),
    "set_category": (EVERY, RESPOND),
    "note": (EVERY, STAFF | {MACHINE}),
    "correct": (EVERY, STAFF),
    "correct a moment": (EVERY, COMMAND),
}


def expected(state: str, command: str, who: str) -> str:
    states, people = TABLE[command]
    if state not in states:
        return "409"
    return "done" if who in people else "403"


class World:
    """An incident in a state, and everybody who could touch it."""

    def __init__(self, state: str) -> None:
        own, other = factories.customer(), factories.customer()
        self.people: dict[str, User] = {group: factories.person(group) for group in roles.ALL}
        every = (roles.RESPONDER, roles.COMMANDER, roles.OPS_MANAGER)
        self.people |= {
            INSIDER: factories.responder(customer=own),
            OUTSIDER: factories.responder(customer=other),
            OWNER: factories.person(roles.REQUESTER, customer=own),
            NOBODY: factories.person(),
            MACHINE: factories.machine(*every),
            PORTAL: system_user(),
            GONE: factories.commander(is_active=False),
        }
        self.worker = self.people[roles.COMMANDER]
        ticket = factories.ticket(by=self.worker, requester=self.people[OWNER], customer=own)
        made = factories.incident(by=self.worker, level=1, ticket=ticket)
        self.noted = facts.note(made, by=self.worker, text="Rolled back")
        factories.alert(made, resolved_at=made.detected_at)
        self.target = factories.incident(by=self.worker)
        self.incident = factories.walk_incident(made, state, by=self.worker)
        self.detected = made.timeline.get(stamp="detected")

    def run(self, command: str, by: User) -> Any:
        i, before = self.incident, self.incident.detected_at.replace(year=2025)
        calls: dict[str, Callable[[], Any]] = {
            "acknowledge": lambda: incident.acknowledge(i, by=by),
            "investigate": lambda: incident.investigate(i, by=by),
            "identify": lambda: incident.identify(i, by=by, note="A full disk"),
            "mitigate": lambda: incident.mitigate(i, by=by),
            "resolve": lambda: factories.resolve_incident(i, by=by),
            "resolve unverified": lambda: factories.resolve_incident(i, by=by, verified=False),
            "heal": lambda: incident.heal(i, by=by),
            "close": lambda: incident.close(i, by=by),
            "waive_review": lambda: facts.waive_review(i, by=by, reason="A drill"),
            "reopen": lambda: incident.reopen(i, by=by, reason="It is back"),
            "cancel": lambda: incident.cancel(i, by=by, reason="A test alert"),
            "merge": lambda: merging.merge(i, by=by, into=self.target),
            "set_level": lambda: facts.set_level(i, by=by, level=3, reason="One user"),
            "set_category": lambda: facts.set_category(i, by=by, category="database"),
            "note": lambda: facts.note(i, by=by, text="Seen"),
            "correct": lambda: facts.correct(self.noted, by=by, text="Not yet", reason="Slip"),
            "correct a moment": lambda: facts.correct(
                self.detected, by=by, at=before, reason="The log says so"
            ),
        }
        return calls[command]()

    def footprint(self) -> dict[str, Any]:
        """What a refused command must leave as it was."""
        return {
            "incident": Incident.objects.filter(pk=self.incident.pk).values().get(),
            "ticket": Ticket.objects.filter(pk=self.incident.ticket_id).values().get(),
            "history": self.incident.history.count(),
            "timeline": TimelineEntry.objects.count(),
            "changes": StateChange.objects.count(),
            "links": TicketLink.objects.count(),
            "timers": list(Timer.objects.order_by("pk").values_list()),
        }


def attempt(world: World, command: str, who: str) -> str:
    """Try it, check the trail and the record, and undo it."""
    by, before, seen = world.people[who], world.footprint(), AuditEvent.objects.count()
    with transaction.atomic():
        refusal = tried(lambda: world.run(command, by))
        if refusal:
            assert world.footprint() == before, f"{who} changed the record by a refused {command}"
            event = AuditEvent.objects.order_by("-pk").first()
            assert AuditEvent.objects.count() == seen + 1
            assert event is not None
            assert (event.kind, event.actor_id) == (AuditEvent.Kind.REFUSED, by.pk)
        transaction.set_rollback(True)
    return str(refusal.status) if refusal else "done"


def tried(run: Callable[[], Any]) -> DomainError | None:
    """The refusal with its sentence, or None when it was done."""
    try:
        run()
    except DomainError as refusal:
        return refusal if refusal.message else None
    return None


@pytest.mark.parametrize("state", sorted(EVERY))
def test_incident_commands_by_state_and_role(state: str) -> None:
    world = World(state)
    wrong = [
        f"{command} by {who}: {outcome}, wanted {wanted}"
        for command in TABLE
        for who in world.people
        if (outcome := attempt(world, command, who)) != (wanted := expected(state, command, who))
    ]
    assert not wrong


def test_closing_by_role_once_no_review_is_due() -> None:
    """The one cell that the table cannot show: at level 2 a resolved incident can be closed."""
    world = World(DETECTED)
    world.incident = factories.incident(RESOLVED, by=world.worker, level=2)
    allowed = {who for who in world.people if attempt(world, "close", who) == "done"}
    assert allowed == COMMAND


def test_declaring_by_role() -> None:
    def declare(by: User) -> DomainError | None:
        return tried(lambda: declaring.declare(by=by, level=2, title="Checkout is down"))

    refusals = {who: declare(by) for who, by in World(DETECTED).people.items()}
    assert {who for who, refusal in refusals.items() if not refusal} == RESPOND | {OUTSIDER}
    assert {refusal.status for refusal in refusals.values() if refusal} == {403}


def test_matrix_is_about_every_command() -> None:
    named = {name for name in registry if name.startswith("incident.")}
    tried = {f"incident.{name}" for name in TABLE if " " not in name}
    assert named - tried == {"incident.declare"}

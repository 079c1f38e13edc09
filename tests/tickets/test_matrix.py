"""Who may do what to a ticket in which state: the whole table, written out and then tried.

Reading a cell: the state is asked first (409), then the person (403), else it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from itsm.audit.models import AuditEvent
from itsm.core.errors import DomainError
from itsm.people import roles
from itsm.people.models import User
from itsm.tickets.actions import comments, evidence, labels, links, scope
from itsm.tickets.actions import ticket as actions
from itsm.tickets.models import StateChange, Ticket
from itsm.timers.models import Timer
from tests import factories

pytestmark = pytest.mark.django_db

NEW, TRIAGED, PROGRESS, WAITING = "new", "triaged", "in-progress", "waiting"
RESOLVED, CLOSED, CANCELLED = "resolved", "closed", "cancelled"
OPEN = {NEW, TRIAGED, PROGRESS, WAITING}
EVERY = OPEN | {RESOLVED, CLOSED, CANCELLED}

# Actors beside the groups of the product
OWNER = "the requester"
COLLEAGUE = "another requester of the same customer"
INSIDER = "a responder who belongs to the ticket's customer"
OUTSIDER = "a responder of another customer"
NOBODY = "somebody without a group"
MACHINE = "a machine in the group Responder"
GONE = "a responder who was deactivated"

WORKERS = {roles.RESPONDER, roles.COMMANDER, roles.OPS_MANAGER, INSIDER}
#: All groups that read every ticket and may note.
STAFF = set(roles.STAFF)
NOTERS = STAFF | {OWNER, COLLEAGUE, INSIDER, MACHINE}
INTERNAL = STAFF | {MACHINE}

#: command: states that allow it, who may
TABLE: dict[str, tuple[set[str], set[str]]] = {
    "triage": ({NEW}, WORKERS),
    "start": ({NEW, TRIAGED}, WORKERS),
    "wait": ({PROGRESS}, WORKERS),
    "resume": ({WAITING}, WORKERS),
    "resolve": ({PROGRESS, WAITING}, WORKERS),
    "close": ({RESOLVED}, WORKERS | {OWNER}),
    "cancel": (OPEN, WORKERS),
    "reopen": ({RESOLVED, CLOSED}, WORKERS),
    "edit": (OPEN, WORKERS),
    "assign": (OPEN, WORKERS),
    "include": (OPEN, WORKERS),
    "label": (OPEN | {RESOLVED}, WORKERS),
    "unlabel": (OPEN | {RESOLVED}, WORKERS),
    "comment": (EVERY, NOTERS),
    "comment internally": (EVERY, INTERNAL),
    "attach": (EVERY, NOTERS),
    "link": (EVERY, WORKERS),
}
#: The requester may do these in these states only.
OWNER_ONLY_IN = {"cancel": {NEW}, "reopen": {RESOLVED}}


def expected(state: str, command: str, who: str) -> str:
    states, people = TABLE[command]
    if state not in states:
        return "409"
    if who == OWNER and state in OWNER_ONLY_IN.get(command, ()):
        return "done"
    return "done" if who in people else "403"


class World:
    """A ticket in a state, everybody who could touch it, and what they could touch it with."""

    def __init__(self, state: str) -> None:
        own, other = factories.customer(), factories.customer()
        self.people: dict[str, User] = {group: factories.person(group) for group in roles.ALL}
        self.people |= {
            OWNER: factories.person(roles.REQUESTER, customer=own),
            COLLEAGUE: factories.person(roles.REQUESTER, customer=own),
            INSIDER: factories.responder(customer=own),
            OUTSIDER: factories.responder(customer=other),
            NOBODY: factories.person(),
            MACHINE: factories.machine(roles.RESPONDER),
            GONE: factories.responder(is_active=False),
        }
        self.worker = self.people[roles.RESPONDER]
        self.ticket = factories.ticket(
            NEW, by=self.worker, requester=self.people[OWNER], customer=own
        )
        self.present, self.label = factories.label("env:prod"), factories.label("tier:critical")
        labels.add(self.ticket, by=self.worker, label=self.present)
        self.other = factories.ticket(by=self.people[INSIDER], customer=own)
        self.account = factories.account(customer=own)
        self.ticket = factories.walk_ticket(self.ticket, state, by=self.worker)

    def run(self, command: str, by: User) -> Any:
        t = self.ticket
        calls: dict[str, Callable[[], Any]] = {
            "triage": lambda: actions.triage(t, by=by),
            "start": lambda: actions.start(t, by=by),
            "wait": lambda: actions.wait(t, by=by, on="supplier", reason="A part"),
            "resume": lambda: actions.resume(t, by=by),
            "resolve": lambda: actions.resolve(t, by=by, resolution="Done"),
            "close": lambda: actions.close(t, by=by),
            "cancel": lambda: actions.cancel(t, by=by, reason="No need"),
            "reopen": lambda: actions.reopen(t, by=by, reason="Still there"),
            "edit": lambda: actions.edit(t, by=by, changes={"title": "Another title"}),
            "assign": lambda: actions.assign(t, by=by, assignee=self.worker),
            "include": lambda: scope.include(t, by=by, thing=self.account),
            "label": lambda: labels.add(t, by=by, label=self.label),
            "unlabel": lambda: labels.remove(t, by=by, label=self.present),
            "comment": lambda: comments.add(t, by=by, body="Seen"),
            "comment internally": lambda: comments.add(t, by=by, body="Seen", internal=True),
            "attach": lambda: evidence.attach(t, by=by, name="a.txt", content=[b"text"]),
            "link": lambda: links.add(t, by=by, to=self.other),
        }
        return calls[command]()

    def footprint(self) -> dict[str, Any]:
        """What a refused command must leave as it was."""
        ticket: dict[str, Any] = Ticket.objects.filter(pk=self.ticket.pk).values().get()
        counts = {
            "history": self.ticket.history.count(),
            "changes": StateChange.objects.count(),
            "timers": list(Timer.objects.of(self.ticket).order_by("pk").values_list()),
            "labels": self.ticket.ticket_labels.filter(removed_at=None).count(),
            "comments": self.ticket.comments.count(),
            "evidence": self.ticket.attachments.count(),
        }
        return ticket | counts


def attempt(world: World, command: str, who: str) -> str:
    """Try it, check the trail and the record, and undo it."""
    by, before, seen = world.people[who], world.footprint(), AuditEvent.objects.count()
    with transaction.atomic():
        refusal = refusal_of(world, command, by)
        if refusal is not None:
            assert str(refusal)
            assert world.footprint() == before, f"{who} changed the record by a refused {command}"
            event = AuditEvent.objects.order_by("-pk")[0]
            assert AuditEvent.objects.count() == seen + 1
            assert (event.kind, event.actor_id) == (AuditEvent.Kind.REFUSED, by.pk)
        transaction.set_rollback(True)
    return "done" if refusal is None else str(refusal.status)


def refusal_of(world: World, command: str, by: User) -> DomainError | None:
    try:
        world.run(command, by)
    except DomainError as refusal:
        return refusal
    return None


@pytest.mark.parametrize("state", sorted(EVERY))
def test_ticket_commands_by_state_and_role(state: str) -> None:
    world = World(state)
    wrong = [
        f"{command} by {who}: {outcome}, wanted {wanted}"
        for command in TABLE
        for who in world.people
        if (outcome := attempt(world, command, who)) != (wanted := expected(state, command, who))
    ]
    assert not wrong


def test_matrix_is_about_every_command() -> None:
    from itsm.core.commands import registry

    named = {name for name in registry if name.startswith("ticket.")}
    elsewhere = {"ticket.raise", "ticket.unlink", "ticket.exclude", "ticket.download"}
    tried = {f"ticket.{name}" for name in TABLE if " " not in name}
    assert named == tried | elsewhere

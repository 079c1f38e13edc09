"""Two at one incident at the same time: the row lock decides, and nothing is un-resolved."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from incidents.actions import incident, merging
from incidents.models import Incident
from itsm.core.errors import DomainError
from itsm.people.system import system_user
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

#: Who comes first is up to the machine: tried often enough to see both.
ROUNDS = 6


def at_once(*calls: Callable[[], Any]) -> list[str]:
    """Run each call in a thread with its own connection; "done", or the status of the refusal."""
    outcomes = [""] * len(calls)
    ready = threading.Barrier(len(calls))

    def run(number: int) -> None:
        ready.wait()
        try:
            outcomes[number] = _outcome(calls[number])
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[n]) for n in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def _outcome(call: Callable[[], Any]) -> str:
    """SQLite in memory says at once that another one writes, where a file lets us wait."""
    while True:
        try:
            call()
        except DomainError as refusal:
            return str(refusal.status)
        except OperationalError as error:
            if "locked" not in str(error):
                raise
        else:
            return "done"


def _now(record: Incident) -> Incident:
    found: Incident = Incident.objects.select_related("ticket").get(pk=record.pk)
    return found


@pytest.mark.parametrize("_", range(ROUNDS))
def test_acknowledging_races_resolving(_: int) -> None:
    """The alert clears by itself in the moment in which somebody acknowledges."""
    by, portal = factories.commander(), system_user()
    made = factories.incident(by=by)
    factories.alert(made, resolved_at=timezone.now())
    taken, healed = at_once(
        lambda: incident.acknowledge(made, by=by), lambda: incident.heal(made, by=portal)
    )
    after = _now(made)
    assert healed == "done"
    assert (taken, after.state) in {("done", "acknowledged"), ("409", "resolved")}
    assert (after.acknowledged_at is None) is (after.state == "resolved")
    assert after.ticket.state == {"acknowledged": "in-progress"}.get(after.state, "resolved")


@pytest.mark.parametrize("_", range(ROUNDS))
def test_mitigating_never_un_resolves(_: int) -> None:
    by = factories.commander()
    made = factories.incident("identified", by=by)
    mitigated, resolved = at_once(
        lambda: incident.mitigate(made, by=by),
        lambda: factories.resolve_incident(made, by=by),
    )
    assert resolved == "done"
    assert mitigated in {"done", "409"}
    assert (_now(made).state, _now(made).ticket.state) == ("resolved", "resolved")


def test_only_one_of_many_acknowledges() -> None:
    people = [factories.responder() for _ in range(4)]
    made = factories.incident()
    outcomes = at_once(*(lambda by=by: incident.acknowledge(made, by=by) for by in people))
    assert sorted(outcomes) == ["409", "409", "409", "done"]
    assert _now(made).acknowledged_by == people[outcomes.index("done")]
    assert made.timeline.filter(stamp="acknowledged").count() == 1


@pytest.mark.parametrize("_", range(ROUNDS))
def test_two_incidents_cannot_swallow_each_other(_: int) -> None:
    by = factories.commander()
    first, second = factories.incident(by=by), factories.incident(by=by)
    outcomes = at_once(
        lambda: merging.merge(first, by=by, into=second),
        lambda: merging.merge(second, by=by, into=first),
    )
    assert sorted(outcomes) == ["409", "done"]
    assert {_now(first).state, _now(second).state} == {"merged", "detected"}

"""kill -9 of the worker between accepting alerts and telling people: none lost, none twice."""

from __future__ import annotations

from collections import Counter
from functools import partial

import httpx
import pytest

from incidents.actions.opening import ANNOUNCE
from incidents.intake import actions
from incidents.models import Incident
from itsm.outbox.models import Message
from itsm.people import roles
from itsm.people.system import forget, system_user
from itsm.timers.models import Timer
from scripts.processes import wait_until
from tests import factories
from tests.services.portal import Portal

pytestmark = pytest.mark.django_db(transaction=True)

ALERTS = 40
KILLS = 4


def announced() -> int:
    return Timer.objects.filter(kind=ANNOUNCE, state=Timer.State.DONE).count()


def more_announced_than(before: int) -> bool:
    return announced() > before


def test_every_incident_is_announced_once_to_everybody(portal: Portal):
    forget()
    owners = [factories.person(roles.RESPONDER) for _ in range(3)]
    service = factories.service(slug="checkout", owner=factories.team(*owners))
    integration, key = actions.create(
        by=system_user(), kind="generic", name="Monitor", service=service
    )
    address = f"{portal.url}/api/v1/alerts/{integration.kind}/{key}"
    accepted = 0
    with httpx.Client() as monitor:
        for kill in range(1, KILLS + 1):
            for number in range(ALERTS // KILLS):
                title = f"Alert {kill}-{number}"
                accepted += monitor.post(address, json={"title": title}).status_code == 201
            wait_until(partial(more_announced_than, announced()), within=60, what="telling began")
            portal.kill("worker")
            portal.start(["worker"])

    assert accepted == Incident.objects.count() == ALERTS
    wait_until(lambda: announced() == ALERTS, within=90, what="every incident is announced")
    told = Counter(Message.objects.values_list("target_id", "recipient"))
    assert set(told) == {
        (pk, owner.email)
        for pk in Incident.objects.values_list("pk", flat=True)
        for owner in owners
    }, portal.logs()
    assert set(told.values()) == {1}

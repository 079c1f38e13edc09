"""Many senders at one key at the same moment: one incident, an exact count, no server error."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from incidents.intake import actions, memory
from incidents.models import Alert, Incident, RoutingRule
from itsm.people.system import forget, system_user
from tests.services.portal import Portal

pytestmark = pytest.mark.django_db(transaction=True)

SENDERS = 8
TRIALS = 10

Post = Callable[[Sequence[Mapping[str, object]]], int]


@pytest.fixture
def post(portal: Portal) -> Post:
    """Post alerts to the real portal; the status."""
    forget()
    memory.forget()
    _, key = actions.create(by=system_user(), kind="generic", name="Monitor")
    address = f"{portal.url}/api/v1/alerts/generic/{key}"
    return lambda alerts: httpx.post(address, json=alerts, timeout=30).status_code


def at_once(post: Post, bodies: Sequence[Sequence[Mapping[str, object]]]) -> Counter[int]:
    """Every body from a sender of its own, all let go at the same moment."""
    gate = threading.Barrier(len(bodies))

    def send(body: Sequence[Mapping[str, object]]) -> int:
        gate.wait()
        return post(body)

    with ThreadPoolExecutor(len(bodies)) as senders:
        return Counter(senders.map(send, bodies))


def test_first_posts_of_a_key_at_once_open_one_incident(post: Post):
    for trial in range(TRIALS):
        body = [{"title": "Disk full", "dedup_key": f"race-{trial}"}]
        assert at_once(post, [body] * SENDERS) == {201: 1, 200: SENDERS - 1}
    assert Incident.objects.count() == TRIALS
    assert set(Alert.objects.values_list("count", flat=True)) == {SENDERS}


def test_overlapping_batches_in_any_order_are_all_taken(post: Post):
    keys = [f"key-{number}" for number in range(30)]
    body = [{"title": key, "dedup_key": key} for key in keys]
    ended = [one | {"status": "resolved"} for one in body]
    bodies = [body, body[::-1], body[::2], body[1::2], ended, ended[::-1], body, body[::-1]]
    for _ in range(3):
        statuses = at_once(post, bodies)
        assert set(statuses) <= {200, 201}, statuses
    assert post(ended) == 200
    assert not Alert.objects.open().exists()
    assert not Incident.objects.open().exists()


def test_first_alerts_of_a_group_at_once_open_one_incident(post: Post):
    RoutingRule.objects.create(name="By team", position=50, group_by=["team"])
    bodies = [
        [{"title": f"Alert {n}", "dedup_key": f"{n}", "labels": {"team": "db"}}]
        for n in range(SENDERS)
    ]
    assert at_once(post, bodies) == {201: 1, 200: SENDERS - 1}
    incident = Incident.objects.get()
    assert incident.alerts.count() == SENDERS


def test_last_alerts_of_an_incident_ending_at_once_heal_it(post: Post):
    RoutingRule.objects.create(name="By team", position=50, group_by=["team"])
    alerts: list[dict[str, object]] = [
        {"title": f"Alert {n}", "dedup_key": f"{n}", "labels": {"team": "db"}}
        for n in range(SENDERS)
    ]
    assert post(alerts) == 201
    ended = [[one | {"status": "resolved"}] for one in alerts]
    assert set(at_once(post, ended)) == {200}
    assert Incident.objects.get().state == Incident.State.RESOLVED

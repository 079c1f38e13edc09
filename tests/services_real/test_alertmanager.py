"""A real Alertmanager, a real portal: an incident from first firing to healed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.utils import timezone

from incidents.intake import actions, keys
from incidents.models import Alert, Incident
from itsm.people.system import forget, system_user
from scripts.processes import wait_until
from tests.services.alertmanager import Alertmanager, running_alertmanager, webhook_config
from tests.services.portal import Portal

pytestmark = pytest.mark.django_db(transaction=True)

LABELS = {"alertname": "DiskFull", "instance": "db-1:9100", "severity": "warning"}


@pytest.fixture
def alertmanager(portal: Portal) -> Iterator[Alertmanager]:
    """It sends everything to the portal, and tells of each change and repeat within seconds."""
    forget()
    integration, key = actions.create(by=system_user(), kind="alertmanager", name="Cluster")
    url = (
        portal.url + keys.address(integration, key)[keys.address(integration, key).index("/api/") :]
    )
    config = webhook_config(url).replace("repeat_interval: 1h", "repeat_interval: 1s")
    with running_alertmanager(config) as running:
        yield running
    forget()


def alert(ends_at: dt.datetime | None = None, **annotations: str) -> dict[str, object]:
    body: dict[str, object] = {"labels": LABELS, "annotations": annotations}
    return body | ({"endsAt": ends_at.isoformat()} if ends_at else {})


def test_incident_opens_counts_repeats_and_heals(portal: Portal, alertmanager: Alertmanager):
    alertmanager.post_alerts([alert(summary="Disk full on db-1 – 支払い")])
    wait_until(Incident.objects.exists, within=20, what="the incident opens")
    incident = Incident.objects.get()
    assert incident.ticket.title == "Disk full on db-1 – 支払い"
    assert incident.level == 3
    row = incident.history.get()
    assert (row.history_origin, row.history_user_id) == ("api", system_user().pk)

    wait_until(lambda: Alert.objects.get().count >= 3, within=30, what="repeats are counted")
    assert Incident.objects.count() == Alert.objects.count() == 1

    alertmanager.post_alerts([alert(ends_at=timezone.now())])
    wait_until(
        lambda: Incident.objects.get().state == Incident.State.RESOLVED,
        within=20,
        what="the incident heals",
    )
    assert Alert.objects.get().resolved_at
    assert incident.timeline.filter(stamp="resolved").exists(), portal.logs()

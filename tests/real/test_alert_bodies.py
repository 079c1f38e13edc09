"""Alert bodies of real monitoring systems: read right, or refused with a reason."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from incidents.intake.adapters import adapters
from incidents.intake.bodies import parsed
from incidents.intake.readings import Batch, NotReadable

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
ALERTS = Path(os.environ.get("ITSM_REAL_DATA", ""), "alerts")
NOTIFICATIONS = sorted(
    path
    for folder in ("alertmanager", "alertmanager-live-capture")
    for path in (ALERTS / folder).glob("*.json")
    if not path.name.endswith(".headers.json")
)
OTHERS = sorted(
    path for path in ALERTS.glob("*/*.json") if not path.parent.name.startswith("alertmanager")
)


def read(kind: str, path: Path) -> Batch:
    return adapters[kind](parsed(path.read_bytes()), {}, NOW)


def test_there_are_bodies_to_read():
    assert NOTIFICATIONS, "Set ITSM_REAL_DATA to the folder with `alerts`."
    assert OTHERS


@pytest.mark.parametrize("path", NOTIFICATIONS, ids=lambda path: path.name)
def test_notification_is_read_whole(path: Path):
    body = json.loads(path.read_bytes())
    if "alerts" not in body:
        with pytest.raises(NotReadable):
            read("alertmanager", path)
        return
    batch = read("alertmanager", path)
    assert not batch.rejected
    assert len(batch.readings) == len(body["alerts"])
    for reading, item in zip(batch.readings, body["alerts"], strict=True):
        assert reading.key
        assert reading.title
        assert reading.starts_at < NOW
        assert reading.labels == item["labels"]
        if "status" in item:
            assert reading.firing == (item["status"] == "firing")


def test_half_of_the_thousand_alerts_are_resolved_while_the_body_says_firing():
    (largest,) = [path for path in NOTIFICATIONS if "_bulk_" in path.name]
    body = json.loads(largest.read_bytes())
    states = Counter(reading.firing for reading in read("alertmanager", largest).readings)
    told = Counter(item["status"] == "firing" for item in body["alerts"])
    assert body["status"] == "firing"
    assert states == told
    assert sum(states.values()) == 1000


def test_capped_notification_says_how_many_are_missing():
    capped = [path for path in NOTIFICATIONS if "_capped_" in path.name]
    assert capped
    for path in capped:
        assert (
            read("alertmanager", path).truncated == json.loads(path.read_bytes())["truncatedAlerts"]
        )


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_body_of_another_system_is_read_or_refused_with_a_reason(path: Path):
    for kind in ("generic", "alertmanager"):
        batch = read_or_refused(kind, path)
        assert all(reading.title and reading.key for reading in batch.readings)
        assert all(one.reason for one in batch.rejected)


def read_or_refused(kind: str, path: Path) -> Batch:
    """An empty batch when the body was refused with a hint."""
    try:
        return read(kind, path)
    except NotReadable as refusal:
        return Batch() if refusal.hint else pytest.fail(f"{path} was refused without a hint")

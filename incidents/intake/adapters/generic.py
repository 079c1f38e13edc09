"""Generic JSON: one alert, a list of them, or an object with the list under `alerts`.

Our fields are title, dedup_key, status, severity, service, environment, description, url,
starts_at, ended_at and labels. The integration's `mapping` says where each lies in a body that is
shaped otherwise, as a dotted path (`event.checks.0.name`); `alerts` maps the list itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from incidents.intake.adapters import adapter, each
from incidents.intake.readings import (
    SEVERITY_LENGTH,
    TITLE_LENGTH,
    BadItem,
    Batch,
    NotReadable,
    Reading,
    digest,
    environment_named,
    instant,
    key_from,
    service_names,
    shortened,
    text_of,
    texts,
    web_address,
)

FIELDS = (
    "title",
    "dedup_key",
    "status",
    "severity",
    "service",
    "environment",
    "description",
    "url",
    "starts_at",
    "ended_at",
    "labels",
)

_FIRING = {"", "firing", "open", "opened", "triggered", "alerting", "active", "problem", "down"}
_RESOLVED = {"resolved", "ok", "closed", "recovered", "cleared", "normal", "inactive", "up"}


@adapter("generic")
def read(body: Any, mapping: Mapping[str, str], now: dt.datetime) -> Batch:
    return each(_items(body, mapping), lambda item: _reading(item, mapping, now))


def _items(body: Any, mapping: Mapping[str, str]) -> list[Any]:
    found = at_path(body, mapping.get("alerts", "alerts"))
    items = found if isinstance(found, list) else body
    if isinstance(items, dict):
        return [items]
    if isinstance(items, list):
        return items
    raise NotReadable(
        "Send an object, a list of objects, or an object with the list under “alerts”.",
        hint='The least alert is {"title": "Disk full on db-1"}.',
    )


def at_path(value: Any, path: str) -> Any:
    """What lies at a dotted path of keys and list positions; None when nothing does."""
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step[:9]) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _reading(item: Any, mapping: Mapping[str, str], now: dt.datetime) -> Reading:
    if not isinstance(item, dict):
        raise BadItem("An alert must be an object.")
    given = {name: at_path(item, mapping.get(name, name)) for name in FIELDS}
    title = " ".join(text_of(given["title"]).split())
    labels = _labels(given)
    description = text_of(given["description"])
    return Reading(
        key=_key(given, title, labels),
        title=shortened(title or text_of(given["dedup_key"]), TITLE_LENGTH),
        firing=_is_firing(text_of(given["status"])),
        starts_at=_time(given, "starts_at", now),
        ended_at=_time(given, "ended_at", now),
        severity=labels.get("severity", "")[:SEVERITY_LENGTH],
        labels=labels,
        annotations={"description": description} if description else {},
        source_url=web_address(given["url"]),
        services=service_names(labels, text_of(given["service"])),
        environment=environment_named(labels, text_of(given["environment"])),
    )


def _labels(given: Mapping[str, Any]) -> dict[str, str]:
    """The labels, with what routing asks about most among them."""
    if given["labels"] is not None and not isinstance(given["labels"], dict):
        raise BadItem("“labels” must be an object of names and values.")
    known = {name: text_of(given[name]) for name in ("severity", "service", "environment")}
    return texts(given["labels"]) | {name: text for name, text in known.items() if text}


def _key(given: Mapping[str, Any], title: str, labels: Mapping[str, str]) -> str:
    if key := text_of(given["dedup_key"]):
        return key_from(key)
    if not title:
        raise BadItem("It needs a title, or at least a dedup_key.")
    return digest([title, dict(labels)])


def _is_firing(status: str) -> bool:
    word = status.strip().lower()
    if word in _FIRING:
        return True
    if word in _RESOLVED:
        return False
    raise BadItem(f"“{shortened(status, 40)}” is not a status: firing or resolved.")


def _time(given: Mapping[str, Any], name: str, now: dt.datetime) -> dt.datetime:
    if given[name] is None or given[name] == "":
        return now
    moment = instant(given[name], now)
    if moment is None:
        raise BadItem(f"“{name}” is not a time: write it as 2030-01-31T09:30:00Z.")
    return moment

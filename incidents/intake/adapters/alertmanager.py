"""Prometheus Alertmanager, webhook format 4 (and 3, and what speaks it).

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. What its senders do:

- The body's `status` is "firing" while half of its alerts are resolved: each alert's own counts.
- A firing alert has `endsAt` 0001-01-01. Format 3 and some relays leave `status` out; then an end
  in the past means resolved.
- With `max_alerts` alerts are left out and counted in `truncatedAlerts`: one that is missing is
  not resolved.
- A repeat is the same body again, without an id of the delivery. The fingerprint is the dedup key;
  a later `startsAt` for an alert that is still open here is the same condition flapping.
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


@adapter("alertmanager")
def read(body: Any, mapping: Mapping[str, str], now: dt.datetime) -> Batch:
    if not isinstance(body, dict) or not isinstance(body.get("alerts"), list):
        raise NotReadable(
            "This is not an Alertmanager notification: it has no list of alerts.",
            hint="Point a webhook_config of Alertmanager at this address.",
        )
    batch = each(body["alerts"], lambda item: _reading(item, now))
    truncated = body.get("truncatedAlerts")
    batch.truncated = truncated if isinstance(truncated, int) and truncated > 0 else 0
    return batch


def _reading(item: Any, now: dt.datetime) -> Reading:
    if not isinstance(item, dict):
        raise BadItem("An alert must be an object.")
    labels, annotations = texts(item.get("labels")), texts(item.get("annotations"))
    starts_at = instant(item.get("startsAt"), now) or now
    ended_at = instant(item.get("endsAt"), now)
    return Reading(
        key=_key(item, labels),
        title=shortened(_title(labels, annotations), TITLE_LENGTH),
        firing=_is_firing(item, ended_at, now),
        starts_at=starts_at,
        ended_at=ended_at or now,
        severity=labels.get("severity", "")[:SEVERITY_LENGTH],
        labels=labels,
        annotations=annotations,
        source_url=web_address(item.get("generatorURL")),
        services=service_names(labels),
        environment=environment_named(labels),
    )


def _key(item: dict[str, Any], labels: dict[str, str]) -> str:
    if fingerprint := text_of(item.get("fingerprint")):
        return key_from(fingerprint)
    if not labels:
        raise BadItem("It has neither labels nor a fingerprint: it cannot be told from others.")
    return digest(labels)


def _title(labels: Mapping[str, str], annotations: Mapping[str, str]) -> str:
    if summary := annotations.get("summary", "").strip():
        return " ".join(summary.split())
    name, instance = labels.get("alertname") or "Alert without a name", labels.get("instance")
    return f"{name} on {instance}" if instance else name


def _is_firing(item: dict[str, Any], ended_at: dt.datetime | None, now: dt.datetime) -> bool:
    status = text_of(item.get("status"))
    if not status:
        return ended_at is None or ended_at >= now
    if status not in {"firing", "resolved"}:
        raise BadItem(f"“{shortened(status, 40)}” is not a status: firing or resolved.")
    return status == "firing"

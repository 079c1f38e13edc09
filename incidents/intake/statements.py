# ruff: noqa: S608 (the statements are put together from our own names only)
"""The SQL of intake, which runs alike on PostgreSQL and SQLite.

Alerts have no history, so they may be written without the model layer. Everything is an upsert:
nothing is read first and then inserted, because two requests with one key would both find nothing.
Rows are touched in the order of their keys, so that two requests with the same keys queue up
instead of waiting for each other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from incidents.intake.routing import Routed
from incidents.models import Integration, RoutingRule
from itsm.core.inserts import as_json, later, names, recordset, run

_ALERT = "incidents_alert"
_ALERT_COLUMNS = (
    "integration_id",
    "dedup_key",
    "title",
    "severity",
    "labels",
    "annotations",
    "source_url",
    "starts_at",
    "first_seen_at",
    "last_seen_at",
    "count",
    "service_id",
    "environment",
    "outcome",
    "rule_id",
)


def _upsert_alerts() -> str:
    return f"""
insert into incidents_alert ({names(_ALERT_COLUMNS)}) {recordset(_ALERT, _ALERT_COLUMNS)} where true
on conflict (integration_id, dedup_key) where resolved_at is null do update set
    count = incidents_alert.count + excluded.count, last_seen_at = excluded.last_seen_at,
    starts_at = excluded.starts_at, title = excluded.title, severity = excluded.severity,
    annotations = excluded.annotations, source_url = excluded.source_url
returning id, dedup_key, outcome, incident_id
"""


def _link_alerts() -> str:
    led = recordset(_ALERT, ("id", "outcome", "incident_id", "ticket_id"))
    return f"""
update incidents_alert
set outcome = led.outcome, incident_id = led.incident_id, ticket_id = led.ticket_id
from ({led}) as led where incidents_alert.id = led.id
"""


def _resolve_alerts() -> str:
    """An alert that started after the end that is told is a later firing: it is left alone."""
    said = recordset(_ALERT, ("dedup_key", "resolved_at"))
    lock = "for update of alert" if connection.features.has_select_for_update else ""
    return f"""
update incidents_alert set resolved_at = %s, last_seen_at = %s
where resolved_at is null and id in (
    select alert.id from ({said}) as said
    join incidents_alert as alert on alert.dedup_key = said.dedup_key
    where alert.integration_id = %s and alert.resolved_at is null
        and alert.starts_at <= said.resolved_at
    order by alert.dedup_key {lock})
returning id, incident_id
"""


def _lock_groups() -> str:
    columns = ("rule_id", "key", "last_seen_at")
    return f"""
insert into incidents_alertgroup ({names(columns)})
{recordset("incidents_alertgroup", columns)} where true
on conflict (rule_id, key) do update set last_seen_at = incidents_alertgroup.last_seen_at
returning id, rule_id, key, incident_id, last_seen_at
"""


def _count_drops() -> str:
    columns = ("rule_id", "day", "count")
    return f"""
insert into incidents_dropcount ({names(columns)})
{recordset("incidents_dropcount", columns)} where true
on conflict (rule_id, day) do update set count = incidents_dropcount.count + excluded.count
"""


@dataclass(frozen=True, slots=True)
class Written:
    """An alert row as the upsert left it. It is new when nothing was decided about it yet."""

    id: int
    key: str
    outcome: str
    incident_id: int | None

    @property
    def is_new(self) -> bool:
        return not self.outcome


def upsert_alerts(routed: Sequence[Routed], now: dt.datetime) -> dict[str, Written]:
    """Write or count up the open alert of each reading, in one statement."""
    ordered = sorted(routed, key=lambda one: one.reading.key)
    rows = [_alert_row(one, now) for one in ordered]
    return {row[1]: Written(*row) for row in run(_upsert_alerts(), [as_json(rows)])}


def _alert_row(one: Routed, now: dt.datetime) -> dict[str, Any]:
    reading = one.reading
    return {
        "integration_id": one.integration.pk,
        "dedup_key": reading.key,
        "title": reading.title,
        "severity": reading.severity,
        "labels": reading.labels,
        "annotations": reading.annotations,
        "source_url": reading.source_url,
        "starts_at": reading.starts_at,
        "first_seen_at": now,
        "last_seen_at": now,
        "count": one.count,
        "service_id": one.service.pk if one.service else None,
        "environment": one.environment,
        "outcome": "",
        "rule_id": one.rule.pk if one.rule else None,
    }


@dataclass(frozen=True, slots=True)
class Link:
    """What an alert led to."""

    alert_id: int
    outcome: str
    incident_id: int | None = None
    ticket_id: int | None = None


def link_alerts(links: Sequence[Link]) -> None:
    """Say on each alert what it led to, together with what else is written then."""
    rows = [
        {
            "id": link.alert_id,
            "outcome": link.outcome,
            "incident_id": link.incident_id,
            "ticket_id": link.ticket_id,
        }
        for link in links
    ]
    later(_link_alerts(), [as_json(rows)])


def resolve_alerts(
    integration: Integration, ended: Mapping[str, dt.datetime], now: dt.datetime
) -> list[tuple[int, int | None]]:
    """Resolve the open alerts of these keys; returns id and incident of each that was open."""
    rows = [{"dedup_key": key, "resolved_at": end} for key, end in sorted(ended.items())]
    moment = connection.ops.adapt_datetimefield_value(now)
    return run(_resolve_alerts(), [moment, moment, as_json(rows), integration.pk])


@dataclass(frozen=True, slots=True)
class Group:
    """The locked row of a grouping key, as it was before this request."""

    id: int
    incident_id: int | None
    last_seen_at: dt.datetime


def lock_groups(keys: Sequence[tuple[int, str]], now: dt.datetime) -> dict[tuple[int, str], Group]:
    """Make and lock the rows of these (rule, key) pairs, in order."""
    rows = [{"rule_id": rule, "key": key, "last_seen_at": now} for rule, key in sorted(keys)]
    return {
        (row[1], row[2]): Group(row[0], row[3], _as_instant(row[4]))
        for row in run(_lock_groups(), [as_json(rows)])
    }


def count_drops(drops: Mapping[RoutingRule, int], day: dt.date) -> None:
    """Add to the day's counters of the rules; last in the transaction, because rules are shared."""
    rows = [
        {"rule_id": rule.pk, "day": day, "count": number}
        for rule, number in sorted(drops.items(), key=lambda item: item[0].pk)
    ]
    run(_count_drops(), [as_json(rows)])


def _as_instant(value: Any) -> dt.datetime:
    """SQLite answers raw statements with text, or with UTC without a zone."""
    moment: dt.datetime = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)

"""Taking a batch in: one transaction for all of it, answered only after the commit.

What becomes of a firing alert:

- The key is open already: its row counts up, whatever state its incident is in. A person who
  resolved an incident while the monitor still fires has decided; once the source resolves the alert
  and fires again, it opens anew.
- It is new: its rule opens an incident, lets it join the open incident of its group, raises a
  ticket, or drops it with a counter (a dropped alert leaves no row).

A resolve ends the open alert of its key; without one it is accepted and ignored. When the last open
alert of an incident has ended, the incident is told so.

When the database refuses the batch as a whole, each alert is taken in by itself, so that a bad one
becomes a dead letter and loses no other.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import JSONField, Value
from django.utils import timezone

from incidents.intake import leading, memory, statements
from incidents.intake.readings import Batch, Reading, Rejected
from incidents.intake.routing import Routed, route
from incidents.models import DeadLetter, Incident, Integration, RoutingRule
from itsm.core.commands import command
from itsm.people.models import User
from itsm.timers.tasks import nudge

log = structlog.get_logger(__name__)

#: Characters of a rejected item that the dead-letter list keeps.
KEPT = 20_000

_DEADLOCK = {"40P01", "40001"}


@dataclass(slots=True)
class Receipt:
    """What became of a batch: numbers of alerts, and what was refused."""

    opened: int = 0
    attached: int = 0
    tickets: int = 0
    updated: int = 0
    resolved: int = 0
    ignored: int = 0
    dropped: int = 0
    truncated: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        parts = (self.opened, self.attached, self.tickets, self.updated)
        return sum(parts) + self.resolved + self.ignored + self.dropped

    def add(self, other: Receipt) -> None:
        for name in ("opened", "attached", "tickets", "updated", "resolved", "ignored", "dropped"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.rejected += other.rejected
        self.incidents += other.incidents

    def body(self) -> dict[str, Any]:
        """The answer to the sender."""
        return {
            "accepted": self.accepted,
            "opened": self.opened,
            "attached": self.attached,
            "tickets": self.tickets,
            "updated": self.updated,
            "resolved": self.resolved,
            "ignored": self.ignored,
            "dropped": self.dropped,
            "truncated": self.truncated,
            "rejected": [{"index": one.index, "reason": one.reason} for one in self.rejected],
            "incidents": sorted({incident.reference for incident in self.incidents}),
        }


def take_in(integration: Integration, batch: Batch, *, by: User) -> Receipt:
    """Commit the batch and say what became of it.

    Raises OperationalError or InterfaceError when the database is in trouble: then nothing of the
    batch is committed that a repeat by the sender would not merely count up.
    """
    receipt = _all_or_each(integration, batch.readings, by=by)
    receipt.rejected = sorted([*batch.rejected, *receipt.rejected], key=lambda one: one.index)
    receipt.truncated = batch.truncated
    if receipt.rejected:
        bury(integration, receipt.rejected)
    if batch.truncated:
        log.warning("alerts_truncated", integration=integration.pk, missing=batch.truncated)
    return receipt


def _all_or_each(integration: Integration, readings: Sequence[Reading], *, by: User) -> Receipt:
    try:
        return _in_turn(integration, readings, by=by)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("alerts_not_taken_in_together", integration=integration.pk)
        memory.forget()
    receipt = Receipt()
    for reading in readings:
        receipt.add(_alone(integration, reading, by=by))
    return receipt


def _alone(integration: Integration, reading: Reading, *, by: User) -> Receipt:
    try:
        return _in_turn(integration, [reading], by=by)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("alert_not_taken_in", integration=integration.pk, index=reading.index)
        reason = f"It could not be stored: {type(error).__name__}."
        return Receipt(rejected=[Rejected(reading.index, reason, reading.item)])


def _in_turn(integration: Integration, readings: Sequence[Reading], *, by: User) -> Receipt:
    """Once more when another transaction and this one waited for each other; nothing was kept."""
    for _ in range(3):
        try:
            return receive(integration, readings, by=by)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) not in _DEADLOCK:
                raise
    return receive(integration, readings, by=by)


@command("alert.receive")
def receive(integration: Integration, readings: Sequence[Reading], *, by: User) -> Receipt:
    """Write what the readings say, all in this transaction. `by` is the machine identity."""
    now, receipt = timezone.now(), Receipt()
    firing, ended = _latest(readings)
    kept, drops = _without_drops(route(firing, integration))
    receipt.dropped = sum(drops.values())
    if kept:
        _count_up_or_lead(kept, receipt, by=by, now=now)
    if ended:
        _resolve(integration, ended, receipt, by=by, now=now)
    if drops:
        statements.count_drops(drops, now.date())
    if receipt.opened or receipt.resolved or receipt.attached or receipt.tickets:
        transaction.on_commit(nudge)
    return receipt


def _latest(
    readings: Iterable[Reading],
) -> tuple[dict[str, tuple[Reading, int]], dict[str, dt.datetime]]:
    """The last word on each key: what fires, with how often it was said, and what has ended."""
    firing: dict[str, tuple[Reading, int]] = {}
    ended: dict[str, dt.datetime] = {}
    for reading in readings:
        if reading.firing:
            count = firing[reading.key][1] if reading.key in firing else 0
            firing[reading.key] = (reading, count + 1)
            ended.pop(reading.key, None)
        else:
            firing.pop(reading.key, None)
            ended[reading.key] = reading.ended_at
    return firing, ended


def _without_drops(routed: Iterable[Routed]) -> tuple[list[Routed], Counter[RoutingRule]]:
    kept: list[Routed] = []
    drops: Counter[RoutingRule] = Counter()
    for one in routed:
        if one.rule and one.action == RoutingRule.Action.DROP:
            drops[one.rule] += one.count
        else:
            kept.append(one)
    return kept, drops


def _count_up_or_lead(
    kept: Sequence[Routed], receipt: Receipt, *, by: User, now: dt.datetime
) -> None:
    written = statements.upsert_alerts(kept, now)
    rows = [(one, written[one.reading.key]) for one in kept]
    new = [leading.New(one, row.id) for one, row in rows if row.is_new]
    receipt.updated = len(kept) - len(new)
    if new:
        done = leading.lead(new, by=by, now=now)
        receipt.opened, receipt.attached = len(done.opened), done.attached
        receipt.tickets, receipt.incidents = done.tickets, done.incidents


def _resolve(
    integration: Integration,
    ended: Mapping[str, dt.datetime],
    receipt: Receipt,
    *,
    by: User,
    now: dt.datetime,
) -> None:
    resolved = statements.resolve_alerts(integration, ended, now)
    receipt.resolved, receipt.ignored = len(resolved), len(ended) - len(resolved)
    leading.clear({incident for _, incident in resolved if incident}, by=by, now=now)


def bury(integration: Integration, rejected: Iterable[Rejected]) -> None:
    """Keep what could not be taken in, for an ops manager to look at."""
    DeadLetter.objects.bulk_create(
        [
            DeadLetter(integration=integration, reason=one.reason[:400], body=_keepable(one.item))
            for one in rejected
        ]
    )


def _keepable(item: Any) -> Any:
    """What the list keeps: JSON's null as such, and not more of the rest than a page shows."""
    if item is None:
        return Value(None, JSONField())
    text = json.dumps(item)
    return item if len(text) <= KEPT else {"cut_to": text[:KEPT]}

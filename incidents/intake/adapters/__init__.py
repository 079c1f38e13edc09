"""One adapter for each kind of monitoring system: a pure function from a body to a batch.

To add one, write a module here with a function that is registered under the integration's kind::

    @adapter("example")
    def read(body: Any, mapping: Mapping[str, str], now: datetime) -> Batch:
        items = items_in(body, "alerts")
        return each(items, lambda item: _reading(item, now))

import the module at the end of this file, and add the kind to `Integration.Kind`. An adapter asks
nothing of the database, the clock or the network. It raises `NotReadable` when the whole body is
not of its kind, and `BadItem` for one alert that it cannot read: the others are taken in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from incidents.intake.readings import BadItem, Batch, Reading, Rejected

log = structlog.get_logger(__name__)

Adapter = Callable[[Any, Mapping[str, str], dt.datetime], Batch]

adapters: dict[str, Adapter] = {}


def adapter(kind: str) -> Callable[[Adapter], Adapter]:
    def register(read: Adapter) -> Adapter:
        adapters[kind] = read
        return read

    return register


def each(items: Sequence[Any], read: Callable[[Any], Reading]) -> Batch:
    """Read every item by itself, so that a bad one loses no other."""
    batch = Batch()
    for index, item in enumerate(items):
        try:
            batch.readings.append(replace(read(item), item=item, index=index))
        except BadItem as bad:
            batch.rejected.append(Rejected(index, str(bad), item))
        except Exception:
            # What a stranger sends must never become a server error; the log tells us to mend it.
            log.exception("alert_not_read", index=index)
            batch.rejected.append(Rejected(index, "This alert could not be read.", item))
    return batch


from incidents.intake.adapters import alertmanager, generic  # noqa: E402,F401 (they register)

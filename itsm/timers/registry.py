"""Which function answers which kind of timer. Domains register in their `timers` module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itsm.timers.models import Timer

#: A handler does the thing through a command and returns what it did, for the receipt. It runs in
#: the transaction that marks the timer done: both happen or neither. It must look at the record
#: again, because the world may have moved on since the timer was armed.
Handler = Callable[["Timer"], str]

#: Told of timers that are later than the grace period: the watchdog's alarm.
MissedListener = Callable[[Sequence["Timer"]], None]

handlers: dict[str, Handler] = {}
missed_listeners: list[MissedListener] = []


def handles(kind: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        handlers[kind] = handler
        return handler

    return register

"""Handlers of a test's own, and where they write down what they did."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from itsm.timers import registry
from itsm.timers.models import Timer


class Probe:
    """Handlers named `probe.*`; `fired` is what they were called with, in order."""

    def __init__(self) -> None:
        self.fired: list[int] = []

    def handles(self, kind: str, does: Callable[[Timer], str] | None = None) -> None:
        def handler(timer: Timer) -> str:
            self.fired.append(timer.pk)
            return does(timer) if does else "Done"

        registry.handlers[kind] = handler


@pytest.fixture
def probe() -> Iterator[Probe]:
    before = dict(registry.handlers)
    yield Probe()
    registry.handlers.clear()
    registry.handlers.update(before)


@pytest.fixture
def told() -> Iterator[list[list[int]]]:
    """What the watchdog told its only listener, call by call."""
    before, calls = list(registry.missed_listeners), []
    registry.missed_listeners[:] = [lambda late: calls.append([timer.pk for timer in late])]
    yield calls
    registry.missed_listeners[:] = before


def in_threads(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls at once, each with its own connection; their results in order.

    SQLite has one writer, and its database in memory does not even let a second one wait: there
    the calls follow each other.
    """
    if connection.vendor != "postgresql":
        return [call() for call in calls]
    results: list[Any] = [None] * len(calls)
    ready = threading.Barrier(len(calls))

    def run(number: int, call: Callable[[], Any]) -> None:
        try:
            ready.wait(10)
            results[number] = call()
        except Exception as error:  # noqa: BLE001 (the test looks at it)
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results

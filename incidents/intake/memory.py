"""What each process remembers for some seconds, so that a storm of alerts asks only once.

Nothing here outlives `SECONDS`: a revoked key or an edited rule takes effect within that time in
every process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

SECONDS = 5.0
#: Entries of one memory; when there are more, it starts over.
MOST = 10_000

_emptiers: list[Callable[[], None]] = []


class Memory(Generic[K, V]):
    """Values by key, each for `SECONDS` after it was kept."""

    def __init__(self) -> None:
        self._kept: dict[K, tuple[float, V]] = {}
        _emptiers.append(self._kept.clear)

    def get(self, key: K) -> V | None:
        kept = self._kept.get(key)
        if kept is None or time.monotonic() - kept[0] > SECONDS:
            return None
        return kept[1]

    def keep(self, key: K, value: V) -> V:
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[key] = (time.monotonic(), value)
        return value


def forget() -> None:
    """Empty every memory: something in it turned out to be stale, or a test made a new world."""
    for empty in _emptiers:
        empty()

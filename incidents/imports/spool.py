"""Grouping events by case outside of memory: a temporary SQLite file that is gone afterwards.

Rows of one case may lie anywhere in the export and in any order. Cases come back in the order in
which they were opened, so that references rise with time; the events of a case by time, then by
modification number (several updates may share a minute), then by line.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable, Iterator
from operator import attrgetter
from types import TracebackType
from typing import Self

from incidents.imports.events import Event

_COLUMNS = ", ".join(f'"{name}"' for name in Event._fields)
_ORDERED = (
    f"select {_COLUMNS} from event join opening using (number) "  # noqa: S608 (our own names)
    "order by opening.first, number, at, modification, line"
)


class Spool:
    """Events in, cases out. A context manager.

    A database without a name lies in the system's temporary folder, without a name there either:
    even a killed run leaves nothing behind.
    """

    def __enter__(self) -> Self:
        self._db = sqlite3.connect("")
        self._db.executescript(
            "pragma journal_mode=off; pragma synchronous=off; pragma temp_store=file; "
            f"pragma cache_size=-16000; create table event ({_COLUMNS});"
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def take(self, events: Iterable[Event]) -> int:
        """Store all events; returns how many cases they belong to."""
        marks = ", ".join("?" * len(Event._fields))
        self._db.executemany(f"insert into event values ({marks})", events)  # noqa: S608
        self._db.execute(
            "create table opening as select number, min(min(opened_at, at)) first "
            "from event group by number"
        )
        self._db.execute("create unique index opening_of on opening (number)")
        return int(self._db.execute("select count(*) from opening").fetchone()[0])

    def cases(self) -> Iterator[list[Event]]:
        rows = (Event._make(row) for row in self._db.execute(_ORDERED))
        for _, events in itertools.groupby(rows, key=attrgetter("number")):
            yield list(events)

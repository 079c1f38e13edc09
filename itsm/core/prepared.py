"""A cursor of PostgreSQL that prepares what it executes. Imported only where psycopg is in use."""

from __future__ import annotations

from typing import Any

import psycopg


class PreparedCursor(psycopg.Cursor[Any]):
    """Binds on the server, and keeps the plan of each statement with its connection."""

    def _convert_query(self, query: Any, params: Any = None) -> Any:
        # Django's list of captured queries reads the statement from here.
        self._query = super()._convert_query(query, params)
        return self._query


def prepared_cursor(raw: psycopg.Connection[Any]) -> PreparedCursor:
    """A cursor on Django's connection, whose own cursors bind on the client and prepare nothing."""
    raw.prepare_threshold = 1
    return PreparedCursor(raw)

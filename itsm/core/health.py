"""`/healthz`: this process answers. `/readyz`: it can serve, with what is amiss in the body."""

from __future__ import annotations

import threading
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

#: Set once every migration is applied: they do not un-apply while we run.
_migrated = threading.Event()


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and is migrated; 503 otherwise.

    The broker and the workers are reported by the jobs page, not here: the portal serves, and
    loses nothing, while they are down.
    """
    checks: dict[str, Any] = {"database": _database(), "migrations": _migrations()}
    ready = all(value == "ok" for value in checks.values())
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", **checks}, status=200 if ready else 503
    )


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except DatabaseError:
        return "does not answer"
    return "ok"


def _migrations() -> str:
    """Asked of the database until it is "ok" once."""
    if _migrated.is_set():
        return "ok"
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "cannot be read"
    if pending:
        return f"{len(pending)} to apply: run `manage.py migrate`"
    _migrated.set()
    return "ok"

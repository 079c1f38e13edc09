"""Who is acting, through which door, in which request: what the audit trail calls "from where".

Set once by each door (middleware, `manage.py`, Celery task) and read by the history rows and the
refusal records that are written beneath it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from itsm.people.models import User

PORTAL, ADMIN, API, COMMAND, JOB = "portal", "admin", "api", "command", "job"
ORIGINS = (PORTAL, ADMIN, API, COMMAND, JOB)


@dataclass(frozen=True, slots=True)
class Context:
    """The door of the present piece of work. `user` is who it is done by, when known."""

    origin: str = JOB
    request_id: str = ""
    address: str | None = None
    user: User | None = None


_current: ContextVar[Context] = ContextVar("itsm_context", default=Context())  # noqa: B039 (frozen)


def current() -> Context:
    return _current.get()


@contextmanager
def use(**changes: Any) -> Iterator[Context]:
    """Run the block with some facts of the context replaced."""
    context = replace(_current.get(), **changes)
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)

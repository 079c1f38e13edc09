"""Small commands over real records, to look at the frame itself."""

from typing import Any

from django_fsm import ConcurrentTransition

from itsm.catalog.models import Service
from itsm.core.commands import command, lock, save
from itsm.core.errors import NotAllowed, WrongState
from itsm.people.models import User


@command("probe.rename")
def rename(
    service: Service, *, by: User, name: str, fail: type[Exception] | None = None
) -> Service:
    """Writes first and refuses afterwards, so that a refusal must undo something."""
    service = lock(service)
    service.name = name
    save(service, reason="Renamed")
    if fail is not None:
        raise fail("No.")
    return service


@command("probe.outer")
def outer(service: Service, *, by: User, inner: Any, tolerate: bool = False) -> None:
    """A command that calls another; it may live with the inner refusal."""
    rename(service, by=by, name="Outer")
    try:
        inner()
    except (NotAllowed, WrongState):
        if not tolerate:
            raise


@command("probe.lost")
def lost(service: Service, *, by: User) -> None:
    raise ConcurrentTransition("somebody was faster")

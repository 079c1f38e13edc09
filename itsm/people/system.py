"""The portal's own machine identity: the actor of jobs, intake and the clock."""

from __future__ import annotations

from itsm.people.models import User
from itsm.people.roles import SYSTEM_USERNAME

_cached: dict[str, User] = {}


def system_user() -> User:
    """The machine identity, read once a process."""
    known = _cached.get(SYSTEM_USERNAME)
    if known is None:
        known = _cached[SYSTEM_USERNAME] = User.objects.get(username=SYSTEM_USERNAME)
    return known


def forget() -> None:
    """Drop the cached row (tests that rebuild the database)."""
    _cached.clear()

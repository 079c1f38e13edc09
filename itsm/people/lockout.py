"""What somebody sees who failed to sign in too often."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from itsm.core.errors import TooMany
from itsm.core.problems import error_response


def answer(request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
    """429 with the wait; the lock is on this user name from this address only."""
    return error_response(
        request,
        TooMany(
            "Sign-in is locked for this name from your address after too many failures.",
            retry_after=900,
            hint="Wait 15 minutes, or ask an ops manager to unlock you.",
        ),
    )

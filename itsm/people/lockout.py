"""Failed sign-ins: under which name they are counted, and what a locked-out person sees."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from itsm.core.errors import TooMany
from itsm.core.problems import error_response
from itsm.people.models import User


def name_of(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The user name that is tried, in one form: the e-mail address and other spellings of a name
    must not each have tries of their own."""
    given = credentials or {}
    name = given.get("username") or given.get("email") or request.POST.get("login", "")
    name = str(name).strip().lower()[:150]
    if "@" in name:
        found = User.objects.get_queryset().filter(email__iexact=name)
        name = found.values_list("username", flat=True).first() or name
    return name.lower()


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

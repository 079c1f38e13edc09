"""Types for views behind sign-in."""

from __future__ import annotations

from django.http import HttpRequest

from itsm.people.models import User


class SignedInRequest(HttpRequest):
    """A request whose user is a signed-in person: what `login_required` views receive."""

    user: User

"""What the sign-in library asks us: nobody registers by themselves; ops managers add people."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from itsm.core.middleware import client_address


class AccountAdapter(DefaultAccountAdapter):
    """Closed registration, persons only, and our own reading of the caller's address."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request) or "unknown"

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        """Whichever way somebody was recognised: a machine gets no session."""
        if user.is_machine:
            raise PermissionDenied
        return super().pre_login(request, user, **kwargs)

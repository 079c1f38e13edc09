"""What the sign-in library asks us: nobody registers by themselves; ops managers add people."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from itsm.core.middleware import client_address


class AccountAdapter(DefaultAccountAdapter):
    """Closed registration, and our own reading of the caller's address."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request) or "unknown"

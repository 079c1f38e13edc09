"""Checking a password: the one place where it is decided who can sign in at all."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend


class PersonBackend(AuthenticationBackend):
    """Only active persons. A machine identity has tokens and never a session.

    Asked again on each request for the user of the session: deactivating somebody ends all their
    sessions at once.
    """

    def user_can_authenticate(self, user: Any) -> bool:
        return bool(super().user_can_authenticate(user)) and not user.is_machine

    def _check_password(self, user: Any, password: str) -> Any:
        """The library lets a refused user with a right password reach the next stage, to say that
        the account is inactive; that would confirm the password, and would let a machine in."""
        found = super()._check_password(user, password)
        self.unstash_authenticated_user()
        return found

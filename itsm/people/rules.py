"""Who may do what with people's accounts: a sentence against it, or "" when it holds."""

from __future__ import annotations

from itsm.core.rules import first_reason
from itsm.people.models import User
from itsm.people.roles import SYSTEM_USERNAME


def may_manage(by: User, user: User) -> str:
    if by.is_machine:
        return "A machine drafts and records; a person decides."
    return "" if by.has_perm("people.change_user") else "Only an ops manager manages people."


def is_not_self(by: User, user: User) -> str:
    """Nobody gives rights to themselves or takes their own account away: another person does."""
    return "Another ops manager does this for your own account." if by.pk == user.pk else ""


def is_not_the_portal(by: User, user: User) -> str:
    portal = user.username == SYSTEM_USERNAME
    return "The portal's own identity stays as it is." if portal else ""


def may_grant(by: User, user: User) -> str:
    return first_reason(by, user, may_manage, is_not_self, is_not_the_portal)


def may_deactivate(by: User, user: User) -> str:
    return first_reason(by, user, may_manage, is_not_self, is_not_the_portal)


def may_send_link(by: User, user: User) -> str:
    return first_reason(by, user, may_manage, can_have_link)


def can_have_link(by: User, user: User) -> str:
    if user.is_machine:
        return "A machine identity has no password: it uses tokens."
    if not user.is_active:
        return "This account is deactivated."
    return "" if user.email else "There is no e-mail address to send a link to."

"""Commands on people's accounts: deactivate, reactivate, unlock, let set a password."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from axes.utils import reset
from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from itsm.core.commands import command, lock, save
from itsm.core.errors import WrongState
from itsm.core.rules import ensure
from itsm.people import rules, signals
from itsm.people.models import User


@command("user.deactivate")
def deactivate(user: User, *, by: User, reason: str) -> User:
    """End a person's access at once, sessions included. The account stays: the trail names it."""
    user = lock(user)
    if not user.is_active:
        raise WrongState(f"{user} is deactivated already.")
    ensure(rules.may_deactivate, by, user)
    user.is_active = False
    return save(user, reason=reason)


@command("user.reactivate")
def reactivate(user: User, *, by: User, reason: str) -> User:
    """Give access back, with the groups that the account still has."""
    user = lock(user)
    if user.is_active:
        raise WrongState(f"{user} is active.")
    ensure(rules.may_deactivate, by, user)
    user.is_active = True
    return save(user, reason=reason)


@command("user.unlock")
def unlock(user: User, *, by: User) -> int:
    """Forget failed sign-ins of this person, from every address; returns how many there were."""
    ensure(rules.may_manage, by, user)
    names = {user.username, user.email} - {""}
    forgotten: int = sum(reset(username=name.lower()) for name in names)
    signals.unlocked.send(sender=User, user=user, by=by)
    return forgotten


@command("user.password_link")
def issue_password_link(user: User, *, by: User) -> str:
    """The address at which the person sets a password; it works once and for a limited time."""
    user = lock(user)
    ensure(rules.may_send_link, by, user)
    path = reverse(
        "account_reset_password_from_key",
        kwargs={
            "uidb36": user_pk_to_url_str(user),
            "key": default_token_generator.make_token(user),
        },
    )
    signals.password_link_issued.send(sender=User, user=user, by=by)
    return f"{settings.BASE_URL}{path}"


def mail_password_link(user: User, link: str) -> None:
    """Mail the link straight to its person. It is a secret, so it never rests in the outbox.

    Raises what the mail server answers; the link can then be issued again.
    """
    EmailMessage(
        subject="Set your password for the ITSM portal",
        body=(
            f"Hello {user},\n\nset your password here:\n\n{link}\n\n"
            "The link works once. If you did not expect this message, tell your ops manager.\n"
        ),
        to=[user.email],
        headers={"Auto-Submitted": "auto-generated"},
    ).send()
